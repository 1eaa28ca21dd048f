"""What is kept by name: notes of the machine, what users set, and the audit of what they did."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol


class Notes(Protocol):
    """Small JSON values by name: the market's clock, what was said last, dialogue steps."""

    async def read(self, name: str) -> Any: ...
    async def write(self, name: str, value: Any) -> None: ...
    async def erase(self, name: str) -> None: ...


class Preferences(Protocol):
    """What a user set by name, as JSON values: quiet hours, digests."""

    async def read(self, user_id: int, name: str) -> Any:
        """None when it was never set."""

    async def write(self, user_id: int, name: str, value: Any, at: datetime) -> None: ...
    async def everyone(self, name: str) -> Sequence[tuple[int, Any]]:
        """(user id, value) of everybody who has set it to something, by user id."""


class Audit(Protocol):
    async def record(
        self, owner_id: int, actor: str, what: str, facts: Mapping[str, Any]
    ) -> None: ...
    async def recent(self, owner_id: int, limit: int) -> Sequence[Mapping[str, Any]]: ...
