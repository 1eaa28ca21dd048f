"""Windows of trading from the hours and days that were said."""

from agents.decision.words.items import Item
from agents.decision.words.windows import Days, Hours
from agents.domain.strategy import WEEKDAYS, Window

_WHOLE_DAY = ("00:00", "24:00")


def windows(items: list[Item]) -> tuple[tuple[Window, ...], list[str]]:
    """The windows that `items` allow, and what was assumed for them."""
    wanted = [item.value for item in items if item.kind == "hours"]
    kept_out = [item.value for item in items if item.kind == "no hours"]
    days, said_days = _days([item.value for item in items if item.kind == "days"])
    if not (wanted or kept_out or said_days):
        return (), []
    notes = [_stated(hours) for hours in wanted]
    notes += [f"No entries {_span(hours)}." for hours in kept_out if not wanted]
    spans = [(hours.start, hours.end, hours.tz or "UTC") for hours in wanted]
    spans = spans or [part for hours in kept_out for part in _outside(hours)]
    if not spans:
        spans = [(*_WHOLE_DAY, "UTC")]
        notes.append("Days begin and end at midnight UTC.")
    found = tuple(Window(from_=start, to=end, tz=tz, days=days) for start, end, tz in spans)
    return tuple(dict.fromkeys(found)), list(dict.fromkeys(notes))


def _days(said: list[Days]) -> tuple[tuple[str, ...], bool]:
    """The days that are left, in order of the week; empty means every day."""
    if not said:
        return (), False
    allowed = {day for one in said if not one.but for day in one.days} or set(WEEKDAYS)
    allowed -= {day for one in said if one.but for day in one.days}
    if len(allowed) == 7 or not allowed:
        return (), True
    return tuple(day for day in WEEKDAYS if day in allowed), True


def _span(hours: Hours) -> str:
    name = f"in the {hours.session} session, " if hours.session else ""
    return f"{name}{hours.start}–{hours.end} {hours.tz or 'UTC'}"


def _stated(hours: Hours) -> str:
    span = f"{hours.start}–{hours.end}"
    if hours.session:
        return f"The {hours.session} session is taken as {span} {hours.tz} time."
    if hours.tz is None:
        return f"The hours {span} are read as UTC; name a time zone if you mean another."
    return f"Entries are taken {span} {hours.tz} only."


def _outside(hours: Hours) -> list[tuple[str, str, str]]:
    tz = hours.tz or "UTC"
    start = "00:00" if hours.end == "24:00" else hours.end
    end = "24:00" if hours.start == "00:00" else hours.start
    if start < end or start == "00:00":
        return [(start, end, tz)]
    return [(start, end if end != "24:00" else "24:00", tz)]
