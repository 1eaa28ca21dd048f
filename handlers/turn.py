"""One turn of the conversation: who speaks, and what for."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from agents.domain.desks import GroupDesk, Role
from agents.domain.user import Place, User
from handlers.chat import Incoming, Reply, Tap
from handlers.desk import Desk

_NO_TAP = Tap("", 0, 0)


@dataclass(frozen=True, slots=True)
class Turn:
    """`words` are the free words: those after a command, or the whole text where there is none.

    `user` is the account that is spoken about: the person's own, or in a group desk the desk's.
    `speaker` is the person, where that is somebody else than the account. In a desk's place
    `group` is the desk, and `role` what the person is there.
    """

    user: User
    incoming: Incoming
    words: str = ""
    speaker: User | None = None
    group: GroupDesk | None = None
    role: Role | None = None

    @property
    def person(self) -> User:
        """Who speaks."""
        return self.speaker or self.user

    @property
    def tap(self) -> Tap:
        return self.incoming.tap or _NO_TAP

    @property
    def place(self) -> Place:
        return self.incoming.place


Answer = Sequence[Reply]
Handler = Callable[[Desk, Turn], Awaitable[Answer]]
