"""Whether a moment lies in one of the hours in which a strategy, or its owner, may enter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from agents.domain.errors import AskUser
from agents.domain.strategy import WEEKDAYS, Window


def in_windows(windows: Iterable[Window], at: datetime) -> bool:
    """Whether the aware moment `at` is inside one of `windows`; True when there are none.

    Hours are those on a wall clock in the window's zone, so they move with daylight saving time.
    Raises AskUser for an unknown zone.
    """
    asked = False
    for window in windows:
        asked = True
        if _contains(window, at):
            return True
    return not asked


@dataclass(frozen=True, slots=True)
class Hours:
    """When an owner's accounts trade. Entries end `grace` minutes before the hours do; with
    `flatten` what is still open at their end is closed."""

    windows: tuple[Window, ...]
    flatten: bool = False
    grace: int = 0

    def cover(self, at: datetime) -> bool:
        """Whether the aware moment `at` lies in them."""
        return in_windows(self.windows, at)

    def end_before(self, at: datetime) -> bool:
        """Whether they are over, or end within the grace time."""
        minutes = range(self.grace + 1)
        return not all(self.cover(at + timedelta(minutes=minute)) for minute in minutes)

    def within(self, others: "Hours") -> bool:
        """Whether the others cover every moment of these, all the year round."""
        zones = {one.tz for one in (*self.windows, *others.windows)}
        weeks = _WEEKS if len(zones) < 2 else (*_WEEKS, *_BETWEEN)
        moments = (*_edges(self.windows, weeks), *_edges(others.windows, weeks))
        return all(others.cover(moment) for moment in moments if self.cover(moment))

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values, as stored."""
        windows = [one.model_dump(mode="json", by_alias=True) for one in self.windows]
        return {"windows": windows, "flatten": self.flatten, "grace": self.grace}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Hours":
        windows = tuple(Window.model_validate(one) for one in stored["windows"])
        return cls(windows, stored["flatten"], stored["grace"])


_WEEKS = (datetime(2024, 1, 7, tzinfo=UTC), datetime(2024, 7, 7, tzinfo=UTC))
_BETWEEN = tuple(
    datetime(2024, month, day, tzinfo=UTC)
    for month, day in (
        *((3, 12), (3, 25), (4, 1), (4, 10), (4, 28)),
        *((9, 10), (10, 1), (10, 8), (10, 28), (11, 10)),
    )
)
"""Weeks in which some zones have changed their clocks and others not yet."""
_DAYS = 9  # a week, and a day at each end for those who live on another one


def _edges(windows: Iterable[Window], weeks: Iterable[datetime]) -> Iterable[datetime]:
    """Every moment of these weeks at which one of them begins or ends."""
    for window in windows:
        for week in weeks:
            for day in range(_DAYS):
                midnight = (week + timedelta(days=day)).replace(tzinfo=zone(window.tz))
                for clock in (window.from_, window.to):
                    yield midnight + _minutes(clock)


def _contains(window: Window, at: datetime) -> bool:
    local = at.astimezone(zone(window.tz))
    begin, end = _minutes(window.from_), _minutes(window.to)
    now = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
    if begin < end:
        return begin <= now < end and _on(window, local)
    if now >= begin:
        return _on(window, local)
    # After midnight: the window belongs to the day on which it began.
    return now < end and _on(window, local - timedelta(days=1))


def _on(window: Window, day: datetime) -> bool:
    return not window.days or WEEKDAYS[day.weekday()] in window.days


@cache
def _minutes(clock: str) -> timedelta:
    """`HH:MM` as the time since midnight; 24:00 is the end of the day."""
    hours, minutes = clock.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name; AskUser when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        message = f"I know no time zone called {name!r}; write it like Europe/London."
        raise AskUser(message) from None
