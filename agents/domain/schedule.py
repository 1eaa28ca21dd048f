"""When a scheduled strategy is set off: an interval, times of day, or a cron line, in a zone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from agents.domain.errors import AskUser, said_back
from agents.domain.strategy import WEEKDAYS
from agents.domain.windows import zone

EXAMPLES = (
    "every 4h",
    "every 1h 09:00-17:00 mon-fri Europe/London",
    "at 09:00, 15:30 mon-fri America/New_York",
    "cron 0 */6 * * *",
)
_HOW = f"Write it like {', or '.join(EXAMPLES)}."
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_EVERY = re.compile(r"every\s+(\d+)\s*(m|min|minutes?|h|hours?|d|days?)\b", re.IGNORECASE)
_TIME = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)\b")
_HOURS = re.compile(r"\b(\d{1,2}:\d\d)\s*(?:-|–|to)\s*(\d{1,2}:\d\d)\b")
_DAYS = re.compile(
    rf"\b(?:(?:{'|'.join(WEEKDAYS)})(?:-(?:{'|'.join(WEEKDAYS)}))?,?\s*)+\b", re.IGNORECASE
)
_ZONE = re.compile(r"\b([A-Z][A-Za-z_]+(?:/[A-Za-z_+\-0-9]+)+|UTC)\b")
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_A_DAY = 1440  # minutes
_AN_HOUR = 60
_FOUR_YEARS = 1462  # days, so that a 29th of February is found


@dataclass(frozen=True, slots=True)
class Schedule:
    """Minutes of a wall clock in the zone `tz` on which it is time.

    `minutes` are those of a day (0 to 1439); `days`, `months` of the calendar, `weekdays` from
    Monday = 0. With `either` one of days and weekdays is enough, as in cron where neither of the
    two begins with a star. Minutes in `late` are those of a night that began on the day before,
    whose weekday counts. Of the hour that comes twice when clocks are set back the first counts,
    unless it is an `interval` of an hour at most.
    """

    minutes: frozenset[int]
    weekdays: frozenset[int] = frozenset(range(7))
    days: frozenset[int] = frozenset(range(1, 32))
    months: frozenset[int] = frozenset(range(1, 13))
    tz: str = "UTC"
    either: bool = False
    late: frozenset[int] = frozenset()
    interval: bool = False

    def is_time(self, at: datetime) -> bool:
        """Whether the aware minute `at` is one of them."""
        local = at.astimezone(zone(self.tz))
        minute = local.hour * 60 + local.minute
        if minute not in self.minutes or (local.fold and not self.interval):
            return False
        return self._is_day(local.date() - _DAY if minute in self.late else local.date())

    def _is_day(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        in_week, in_month = day.weekday() in self.weekdays, day.day in self.days
        return in_week or in_month if self.either else in_week and in_month

    def within(self, since: datetime, until: datetime) -> bool:
        """Whether it was time after `since` and not after `until`: a candle's open and close."""
        minute = until.replace(second=0, microsecond=0)
        while minute > since:
            if self.is_time(minute):
                return True
            minute -= _MINUTE
        return False

    def next_after(self, at: datetime) -> datetime | None:
        """The next time, aware UTC; None when there is none within four years."""
        first = at.astimezone(zone(self.tz)).date()
        for days in range(_FOUR_YEARS):
            day = first + timedelta(days=days)
            if self._is_day(day) or (self.late and self._is_day(day - _DAY)):
                found = [one for one in self._moments(day) if one > at and self.is_time(one)]
                if found:
                    return min(found)
        return None

    def _moments(self, day: date) -> Iterator[datetime]:
        """Both, of a minute that comes twice."""
        here = zone(self.tz)
        for minute in self.minutes:
            hour, past = divmod(minute, 60)
            for fold in (0, 1):
                yield datetime.combine(day, time(hour, past, fold=fold), here).astimezone(UTC)


@lru_cache(maxsize=4096)
def was_time(said: str, since: datetime, until: datetime) -> bool:
    """`parsed(said).within`, kept: all that share a schedule share its candles."""
    return parsed(said).within(since, until)


@lru_cache(maxsize=1024)
def parsed(said: str) -> Schedule:
    """A schedule as somebody wrote it. Raises AskUser with examples."""
    said = " ".join(said.split())
    if said.lower().startswith("cron ") or _is_cron(said):
        return _cron(re.sub(r"^cron\s+", "", said, flags=re.IGNORECASE))
    named = _ZONE.search(said)
    tz = named[1] if named else "UTC"
    zone(tz)
    rest = said.replace(tz, "") if named else said
    weekdays, rest = _weekdays(rest)
    late, interval = frozenset[int](), False
    if found := _EVERY.search(rest):
        minutes = _interval(found)
        interval = _length(found) <= _AN_HOUR
        hours = _HOURS.search(rest)
        if hours:
            late = _after_midnight(hours[1], hours[2])
            minutes &= _between(hours[1], hours[2])
        left = _EVERY.sub("", _HOURS.sub("", rest))
    else:
        minutes = frozenset(int(hour) * 60 + int(minute) for hour, minute in _TIME.findall(rest))
        left = _TIME.sub("", rest)
    left = re.sub(r"\b(?:at|and|on|from|utc)\b|[,;]", " ", left, flags=re.IGNORECASE).strip()
    if left or not minutes:
        what = f"I can't read {said_back(left)!r} in that schedule. " if left else ""
        raise AskUser(f"{what}{_HOW}")
    return Schedule(minutes, weekdays, tz=tz, late=late, interval=interval)


def _is_cron(said: str) -> bool:
    parts = said.split()
    return len(parts) >= len(_FIELDS) and all(re.fullmatch(r"[\d*/,\-]+", one) for one in parts[:4])


def _interval(found: re.Match[str]) -> frozenset[int]:
    """Minutes of a UTC-like day, from midnight on."""
    length = _length(found)
    if not length or _A_DAY % length:
        raise AskUser("An interval divides a day evenly: like 5m, 15m, 1h, 4h, 8h or 1d.")
    return frozenset(range(0, _A_DAY, length))


def _length(found: re.Match[str]) -> int:
    """Minutes."""
    return int(found[1]) * {"m": 1, "h": _AN_HOUR, "d": _A_DAY}[found[2][0].lower()]


def _after_midnight(begin: str, end: str) -> frozenset[int]:
    """What of hours that go over midnight lies on the next day."""
    last = _minute(end)
    return frozenset(range(last + 1)) if last < _minute(begin) else frozenset()


def _between(begin: str, end: str) -> frozenset[int]:
    """Both ends included, over midnight where the end is earlier."""
    first, last = _minute(begin), _minute(end)
    if first <= last:
        return frozenset(range(first, last + 1))
    return frozenset((*range(first, _A_DAY), *range(last + 1)))


def _minute(clock: str) -> int:
    hour, minute = (int(part) for part in clock.split(":"))
    if hour > 23 or minute > 59:
        raise AskUser(f"{clock} is no time of day. {_HOW}")
    return hour * 60 + minute


def _weekdays(said: str) -> tuple[frozenset[int], str]:
    """The days that are named (all where none is), and the text without them."""
    found = _DAYS.search(said)
    if found is None:
        return frozenset(range(7)), said
    days: set[int] = set()
    for part in re.split(r"[,\s]+", found[0].strip(" ,").lower()):
        first, _, last = part.partition("-")
        begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        days |= {day % 7 for day in range(begin, end + 1 + 7 * (end < begin))}
    return frozenset(days), said.replace(found[0], " ")


def _cron(said: str) -> Schedule:
    """Five fields (crontab(5)), and a zone after them."""
    parts = said.split()
    if not len(_FIELDS) <= len(parts) <= len(_FIELDS) + 1:
        raise AskUser(f"A cron line has five parts: minute hour day month weekday. {_HOW}")
    tz = parts[len(_FIELDS)] if len(parts) > len(_FIELDS) else "UTC"
    zone(tz)
    minutes, hours, days, months, weekdays = (
        _field(part, *limits) for part, limits in zip(parts, _FIELDS, strict=False)
    )
    return Schedule(
        frozenset(hour * 60 + minute for hour in hours for minute in minutes),
        frozenset((day - 1) % 7 for day in weekdays),  # cron's week begins on Sunday
        days,
        months,
        tz,
        either=not (parts[2].startswith("*") or parts[4].startswith("*")),
        interval=parts[1].startswith("*"),
    )


def _field(written: str, name: str, low: int, high: int) -> frozenset[int]:
    values: set[int] = set()
    for part in written.split(","):
        found = re.fullmatch(r"(\*|\d+(?:-\d+)?)(?:/(\d+))?", part)
        if found is None:
            raise AskUser(f"I can't read the {name} {written[:20]!r} of that cron line. {_HOW}")
        span, step = found[1], int(found[2] or 1)
        first, _, last = span.partition("-")
        begin = low if span == "*" else int(first)
        end = high if span == "*" or (found[2] and not last) else int(last or first)
        if not (low <= begin <= end <= high) or not step:
            raise AskUser(f"The {name} of a cron line lies between {low} and {high}. {_HOW}")
        values.update(range(begin, end + 1, step))
    return frozenset(values)
