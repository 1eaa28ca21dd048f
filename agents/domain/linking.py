"""One person on several platforms: codes that join an account of another platform to a user."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from agents.domain.user import Identity

CODE_LASTS = timedelta(minutes=15)


class Links(Protocol):
    """Who is the same person. Codes are used once."""

    async def offer(self, code: str, user_id: int, at: datetime) -> None: ...
    async def holder(self, code: str, since: datetime) -> int | None:
        """The user who asked for this code, not before `since`, when nobody has used it."""

    async def use(self, code: str, identity: Identity, at: datetime) -> bool:
        """False when somebody was faster."""

    async def identities(self, user_id: int) -> Sequence[Identity]:
        """In the order in which they joined."""

    async def add(self, user_id: int, identity: Identity) -> bool:
        """False when the identity is somebody already."""

    async def remove(self, user_id: int, identity: Identity) -> None: ...
    async def hold(self, joining: int, keeping: int) -> None:
        """Until the running transaction is over, neither gets a new strategy, position or order,
        and neither connects an exchange account."""

    async def merge(self, joining: int, keeping: int) -> None:
        """Everything of user `joining` becomes `keeping`'s, and `joining` is no more. Strategies
        of `joining` are numbered on from those of `keeping`; where only one can be (settings of
        one name, a role in one desk), what `keeping` has stays.
        Run it in a transaction. Raises ValueError, with nothing changed, when both have a
        connected exchange account: no key is ever dropped."""
