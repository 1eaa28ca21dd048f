"""Whether a moment lies in one of the hours in which a strategy may enter."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
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
