"""A chat platform in memory: what stands there, and the faults that a test asks for."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents.domain.errors import DeliveryRefused
from agents.domain.user import Identity, Membership, Place
from agents.domain.user import Standing as Rights
from handlers.chat import Outgoing, Pace, PlatformHealth, Receiver


@dataclass
class Standing:
    """A message as it stands now."""

    id: str
    place: Place
    message: Outgoing
    reply_to: str = ""
    edits: int = 0
    has_had_buttons: bool = False

    @property
    def text(self) -> str:
        return self.message.words.plain()

    @property
    def buttons(self) -> list[str]:
        return [button.label for row in self.message.rows for button in row]


@dataclass(frozen=True)
class Call:
    """`at` is in seconds of the test's clock."""

    what: str
    place: Place
    text: str
    at: float


class MemoryPlatform:
    """`before` and `after` are called around each send and edit with its name and place; what
    they raise is raised (before: nothing happened; after: it happened, nobody knows)."""

    idempotent = False

    def __init__(
        self,
        name: str = "telegram",
        *,
        paces: Sequence[Pace] = (),
        elapsed: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.name = name
        self.messages: dict[str, Standing] = {}
        self.calls: list[Call] = []
        self.typed: list[Place] = []
        self.removed: list[tuple[Place, str]] = []
        self.changed = asyncio.Event()
        self.before: Callable[[str, Place], None] = lambda what, place: None
        self.after: Callable[[str, Place], None] = lambda what, place: None
        self.rights: dict[tuple[Place, Identity], Rights] = {}
        self.known_places: dict[str, Place] = {}
        self._paces = paces
        self._elapsed = elapsed

    async def start(self, receive: Receiver) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, place: Place, message: Outgoing, reply_to: str = "") -> str:
        self.before("send", place)
        number = str(len(self.messages) + 1)
        self._note("send", place, message)
        had = bool(message.rows)
        self.messages[number] = Standing(number, place, message, reply_to, has_had_buttons=had)
        self.after("send", place)
        return number

    async def edit(self, place: Place, message_id: str, message: Outgoing) -> None:
        self.before("edit", place)
        standing = self.messages.get(message_id)
        if standing is None or standing.place != place:
            raise DeliveryRefused("message to edit not found")
        self._note("edit", place, message)
        kept = message.picture or standing.message.picture
        standing.message = replace(message, picture=kept)
        standing.has_had_buttons |= bool(message.rows)
        standing.edits += 1
        self.after("edit", place)

    async def remove(self, place: Place, message_id: str) -> None:
        self.before("remove", place)
        self.removed.append((place, message_id))

    async def typing(self, place: Place) -> None:
        self.typed.append(place)

    async def standing(self, place: Place, person: Identity) -> Rights:
        known = self.rights.get((place, person))
        return known or Rights(place.chat, "group", True, Membership.MEMBER, True)

    async def find_place(self, said: str) -> Place | None:
        return self.known_places.get(said)

    def start_link(self, words: str) -> str:
        return f"https://chat.example/{self.name}?start={words}"

    def health(self) -> PlatformHealth:
        return PlatformHealth(self.name, connected=True)

    def paces(self, place: Place, *, edit: bool = False) -> Sequence[Pace]:
        """`*` in a name stands for the chat."""
        return [replace(pace, name=pace.name.replace("*", place.chat)) for pace in self._paces]

    async def until(self, predicate: Callable[[], Any]) -> None:
        """Wait for what a send or an edit brings about."""
        async with asyncio.timeout(20):
            while not predicate():
                self.changed.clear()
                await self.changed.wait()

    def texts(self, place: Place | None = None) -> list[str]:
        every = self.messages.values()
        return [one.text for one in every if place is None or one.place == place]

    def _note(self, what: str, place: Place, message: Outgoing) -> None:
        self.changed.set()
        self.calls.append(Call(what, place, message.words.plain(), self._elapsed()))
