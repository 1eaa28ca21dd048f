"""When a digest is due: at an hour of the reader's own clock, each day or once a week."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agents.domain.strategy import WEEKDAYS

PREFERENCE = "digest"  # under which name a user's wish is kept
TOLD = "digest_told"  # and the moment up to which it was told
_LOOK_BACK = 16  # days in which two weekly moments lie, whatever the clocks do


@dataclass(frozen=True, slots=True)
class Digest:
    """`at` is HH:MM in the reader's zone; with a `weekday` it is weekly, without one daily. None
    is told for what lies before `since` (human time). Raises ValueError."""

    at: str
    weekday: str | None
    since: datetime

    def __post_init__(self) -> None:
        hour, minute = self._hour
        if not (0 <= hour < 24 and 0 <= minute < 60):
            raise ValueError(f"{self.at!r} is no time of a day")
        if self.weekday is not None and self.weekday not in WEEKDAYS:
            raise ValueError(f"{self.weekday!r} is no weekday")
        if self.since.tzinfo is None:
            raise ValueError("a moment has its zone")

    @property
    def _hour(self) -> tuple[int, int]:
        hour, _, minute = self.at.partition(":")
        return int(hour), int(minute)

    @property
    def period(self) -> str:
        return "week" if self.weekday else "day"

    def due(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The newest moment of a digest that is not after `now`, aware UTC."""
        return next(self._moments(now, zone))

    def before(self, due: datetime, zone: ZoneInfo) -> datetime:
        """The moment of the digest before that of `due`."""
        return next(self._moments(due - timedelta(microseconds=1), zone))

    def _moments(self, now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Backwards from `now`. An hour that a clock leaves out is the one after it, and of one
        that comes twice the first counts."""
        today = now.astimezone(zone).date()
        for ago in range(-1, _LOOK_BACK):
            day = today - timedelta(days=ago)
            if self.weekday and WEEKDAYS[day.weekday()] != self.weekday:
                continue
            local = datetime(day.year, day.month, day.day, *self._hour, tzinfo=zone)
            moment = local.astimezone(UTC)
            if moment <= now:
                yield moment

    def as_json(self) -> dict[str, Any]:
        return {"at": self.at, "weekday": self.weekday, "since": self.since.isoformat()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> "Digest | None":
        if stored is None:
            return None
        return cls(stored["at"], stored["weekday"], datetime.fromisoformat(stored["since"]))
