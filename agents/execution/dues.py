"""What is to be looked at again at a moment of human time."""

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Dues(Generic[K]):
    """Keys with the moments at which they are due; the earlier moment of two counts."""

    def __init__(self) -> None:
        self._at: dict[K, datetime] = {}

    def __contains__(self, key: K) -> bool:
        return key in self._at

    def put(self, key: K, at: datetime) -> None:
        known = self._at.get(key)
        self._at[key] = at if known is None else min(known, at)

    def at(self, key: K) -> datetime | None:
        return self._at.get(key)

    def drop(self, key: K) -> None:
        self._at.pop(key, None)

    def every(self) -> list[K]:
        """All of them; they are forgotten."""
        found = list(self._at)
        self._at.clear()
        return found

    def due(self, now: datetime) -> list[K]:
        """The keys whose moment has come, the longest waiting first; they are forgotten."""
        found = sorted((at, place, key) for place, (key, at) in self._ripe(now))
        for _, _, key in found:
            del self._at[key]
        return [key for _, _, key in found]

    def _ripe(self, now: datetime) -> list[tuple[int, tuple[K, datetime]]]:
        return [(place, pair) for place, pair in enumerate(self._at.items()) if pair[1] <= now]


class Backoff(Generic[K]):
    """How long to wait before another attempt, the longer the more there were."""

    def __init__(self, *seconds: float) -> None:
        self._steps = seconds
        self._tries: dict[K, int] = {}

    def next(self, key: K) -> timedelta:
        """The last step stays."""
        tries = self._tries.get(key, 0)
        self._tries[key] = tries + 1
        return timedelta(seconds=self._steps[min(tries, len(self._steps) - 1)])

    def spent(self, key: K) -> bool:
        """Whether every step was taken."""
        return self._tries.get(key, 0) >= len(self._steps)

    def forget(self, key: K) -> None:
        self._tries.pop(key, None)
