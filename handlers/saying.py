"""Settings as people write them, and as they are said back: spans, hours, days, autonomy."""

import re
from collections.abc import Sequence
from decimal import Decimal

from agents.domain.autonomy import LONGEST, SHORTEST, Autonomy, AutonomyKind
from agents.domain.errors import AskUser
from agents.domain.quiet import QuietHours, QuietRule
from agents.domain.strategy import WEEKDAYS, Window
from handlers import numbers

_SPAN = re.compile(
    r"(?P<count>\d{1,5}) ?(?P<unit>s|secs?|seconds?|m|mins?|minutes?|h|hours?)?", re.IGNORECASE
)
_PERCENT = re.compile(r"(-?(?:[0-9]{1,6}(?:\.[0-9]{1,4})?|\.[0-9]{1,4})) ?%?")
_MONEY = re.compile(
    r"\$?((?:[0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,12})(?:\.[0-9]{1,12})?|\.[0-9]{1,12})"
)
_UNITS = {"s": 1, "m": 60, "h": 3600}
_CLOCK = re.compile(r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))? ?(?P<half>am|pm)?", re.IGNORECASE)
_NAMED_DAYS = {
    "weekdays": WEEKDAYS[:5],
    "workdays": WEEKDAYS[:5],
    "weekend": WEEKDAYS[5:],
    "weekends": WEEKDAYS[5:],
    "daily": (),
    "everyday": (),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NOON = 12


def span(said: str) -> int | None:
    """Seconds of `5m`, `90 s`, `1h`, `5:00`; a bare number is minutes. None for anything else."""
    if clock := re.fullmatch(r"(\d{1,2}):(\d{2})", said.strip()):
        return int(clock[1]) * 60 + int(clock[2])
    found = _SPAN.fullmatch(said.strip())
    if found is None:
        return None
    return int(found["count"]) * _UNITS[(found["unit"] or "m")[0].lower()]


def window(said: str, usual: int) -> int:
    """Seconds of a veto window; `usual` where none is said. Raises AskUser."""
    if not said.strip():
        return usual
    seconds = span(said)
    if seconds is None:
        raise AskUser(f"How long is {said.strip()[:20]!r}? Write a time like 5m or 90s.")
    if not SHORTEST <= seconds <= LONGEST:
        raise AskUser("A veto window can be 30 seconds to 60 minutes long, like 5m.")
    return seconds


def percent(said: str) -> Decimal | None:
    """The number before an optional percent sign, with four decimals at most; None for what is
    none, or could be another."""
    found = _PERCENT.fullmatch(said.strip())
    return Decimal(found[1]) if found else None


def money(said: str) -> Decimal | None:
    """An amount of money or a price, as 500, 1,000.50 or $500; None for what is none, and for
    1,5, which is ten times as much for one who reads the comma as nothing."""
    found = _MONEY.fullmatch(said.strip())
    return Decimal(found[1].replace(",", "")) if found else None


def clock(said: str) -> str:
    """`HH:MM` of `8`, `08:00`, `8.30`, `10 pm`. Raises AskUser."""
    found = _CLOCK.fullmatch(said.strip())
    hour, minute = (int(found["hour"]), int(found["minute"] or 0)) if found else (99, 0)
    if found and found["half"] and 1 <= hour <= _NOON:
        hour = hour % _NOON + (_NOON if found["half"].lower() == "pm" else 0)
    if hour > 23 or minute > 59:
        raise AskUser(f"I can't read the time {said.strip()[:20]!r}; write it like 08:00.")
    return f"{hour:02}:{minute:02}"


def day(said: str) -> str | None:
    """`mon` of `Mon`, `monday`."""
    short = said.lower()[:3]
    fits = any(name.startswith(said.lower()) for name in _DAYS)
    return short if short in WEEKDAYS and fits else None


def days(said: str) -> tuple[str, ...] | None:
    """Weekdays of `mon-fri`, `sat,sun`, `weekends`; None when it names none."""
    if (named := _NAMED_DAYS.get(said.lower())) is not None:
        return named
    first, dash, last = said.partition("-")
    begin, end = day(first), day(last)
    if dash and begin and end:
        here, there = WEEKDAYS.index(begin), WEEKDAYS.index(end)
        count = (there - here) % len(WEEKDAYS) + 1
        return tuple(WEEKDAYS[(here + step) % len(WEEKDAYS)] for step in range(count))
    found = [day(part) for part in said.split(",") if part]
    known = [one for one in found if one]
    return tuple(known) if known and len(known) == len(found) else None


# --- said back ----------------------------------------------------------------------------------


def length(seconds: int) -> str:
    """`5 min`, `90 s`."""
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


def autonomy(said: Autonomy) -> str:
    """What a strategy does with a proposal, as the end of a sentence about it."""
    match said.kind:
        case AutonomyKind.ASSISTED:
            sure = numbers.fraction(said.confidence or Decimal(1))
            risk = numbers.percent(said.risk or Decimal(0))
            return f"runs by itself from {sure} confidence and up to {risk} risk, else asks"
        case AutonomyKind.VETO:
            return f"runs {length(said.window or 0)} after its proposal unless vetoed"
        case AutonomyKind.AUTOPILOT:
            return "runs by itself at once, and tells"
        case _:
            return "asks before each trade"


def hours(said: Window) -> str:
    return f"{said.from_}–{said.to} {said.tz}{on_days(said.days)}"


def weekday(said: str) -> str:
    """`Monday` of `mon`."""
    return next(name for name in _DAYS if name.startswith(said)).capitalize()


def on_days(said: Sequence[str]) -> str:
    """` on Mon–Fri`, ` on Mon, Wed`; empty for every day."""
    if not said:
        return ""
    places = [WEEKDAYS.index(one) for one in said]
    first, last = said[0].capitalize(), said[-1].capitalize()
    if len(said) > 2 and places == list(range(places[0], places[0] + len(said))):
        return f" on {first}–{last}"
    return f" on {', '.join(one.capitalize() for one in said)}"


def quiet(said: QuietHours) -> str:
    """`22:00–07:00 Europe/Berlin, nothing is proposed`."""
    rules = {
        QuietRule.HOLD: "nothing is proposed",
        QuietRule.SILENT: "nothing makes a sound",
        QuietRule.VETO: f"proposals run after {length(said.window or 0)} unless vetoed",
        QuietRule.AUTOPILOT: "proposals run by themselves",
    }
    return f"{hours(said.hours)}, {rules[said.rule]}"
