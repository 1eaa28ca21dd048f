"""Times and durations as people read them, in the reader's zone."""

from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from agents.domain.errors import AskUser

_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_SHORT_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))

# Names that people write instead of a city of the zone database.
_NAMED = {
    "utc": "UTC", "gmt": "UTC", "z": "UTC", "london": "Europe/London", "uk": "Europe/London",
    "new york": "America/New_York", "nyc": "America/New_York", "est": "America/New_York",
    "edt": "America/New_York", "et": "America/New_York", "cet": "Europe/Berlin",
    "cest": "Europe/Berlin", "germany": "Europe/Berlin", "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles", "san francisco": "America/Los_Angeles",
    "ist": "Asia/Kolkata", "india": "Asia/Kolkata", "mumbai": "Asia/Kolkata",
    "delhi": "Asia/Kolkata", "china": "Asia/Shanghai", "beijing": "Asia/Shanghai",
    "japan": "Asia/Tokyo", "jst": "Asia/Tokyo", "msk": "Europe/Moscow",
}  # fmt: skip

COMMON_ZONES = (
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Singapore",
    "Asia/Tokyo",
)


def zoned(name: str) -> ZoneInfo:
    """The zone of a stored name; UTC when this machine no longer knows it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def moment(at: datetime, zone: str, now: datetime) -> str:
    """`14:03`, with the date where it is not today's, and the year where not this one's."""
    local, today = at.astimezone(zoned(zone)), now.astimezone(zoned(zone))
    if local.date() == today.date():
        return f"{local:%H:%M}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {local:%b}{year} {local:%H:%M}"


def countdown(left: timedelta) -> str:
    """`0:42`, `14:32`, `1:02:03`; zero when it is over."""
    seconds = max(0, int(left.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def age(length: timedelta) -> str:
    """`14 minutes`, `1 hour`, rounded down to its largest unit."""
    seconds = max(1, int(length.total_seconds()))
    size, name = next((size, name) for size, name in _UNITS if seconds >= size)
    count = seconds // size
    return f"{count} {name}" + ("" if count == 1 else "s")


def short(length: timedelta) -> str:
    """Two units at most: `2 h 5 min`."""
    left = max(0, int(length.total_seconds()))
    parts: list[str] = []
    for size, name in _SHORT_UNITS:
        count, left = divmod(left, size)
        if count or (name == "s" and not parts):
            parts.append(f"{count} {name}")
    return " ".join(parts[:2])


def find_zone(said: str) -> str:
    """The IANA name that `Europe/London`, `london` or `CET` means; AskUser with suggestions."""
    wanted = " ".join(said.strip().lower().replace("_", " ").split())
    if found := _NAMED.get(wanted) or _zones().get(wanted):
        return found
    cities = {name.rpartition("/")[2]: zone for name, zone in _zones().items()}
    if found := cities.get(wanted):
        return found
    near = get_close_matches(wanted, [*cities, *_NAMED], n=3, cutoff=0.6)
    named = list(dict.fromkeys(cities.get(name) or _NAMED[name] for name in near))
    hint = f" Did you mean {' or '.join(named)}?" if named else ""
    raise AskUser(f"I know no time zone called {said.strip()[:40]!r}.{hint}")


@cache
def _zones() -> dict[str, str]:
    return {name.lower().replace("_", " "): name for name in sorted(available_timezones())}
