"""Work that somebody began: whose it is when nothing is heard of it any more."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar


class Begun(Protocol):
    @property
    def id(self) -> int: ...

    @property
    def attempts(self) -> int: ...


B = TypeVar("B", bound=Begun)


class Lease:
    """An item belongs to whoever began it until it was seen in the same attempt for `seconds`.

    Whose process is alone on its database gives 0 seconds: what somebody else began was its own,
    in an earlier life.
    """

    def __init__(self, seconds: float) -> None:
        self._length = timedelta(seconds=seconds)
        self._seen: dict[int, tuple[int, datetime]] = {}

    def expired(self, begun: Iterable[B], now: datetime) -> list[B]:
        """Of all items that are begun at present, those that were left."""
        items = list(begun)
        known = self._seen
        self._seen = {item.id: (item.attempts, now) for item in items}
        for item in items:
            if item.id in known and known[item.id][0] == item.attempts:
                self._seen[item.id] = known[item.id]
        return [item for item in items if now - self._seen[item.id][1] >= self._length]
