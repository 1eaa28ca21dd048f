"""When a strategy may trade: sessions, hours, weekdays."""

from dataclasses import dataclass

from agents.decision.words.context import Context
from agents.decision.words.indicators import FAMILIES
from agents.decision.words.items import Item
from agents.decision.words.sentence import Sentence
from agents.decision.words.tokens import Kind
from agents.domain.strategy import WEEKDAYS

WORKDAYS = WEEKDAYS[:5]

# Hours of the trading centres in their own time, as foreign exchange desks keep them.
SESSIONS: dict[str, tuple[str, str, str, str]] = {
    "london": ("London", "08:00", "17:00", "Europe/London"),
    "new york": ("New York", "08:00", "17:00", "America/New_York"),
    "asia": ("Asian", "09:00", "18:00", "Asia/Tokyo"),
    "sydney": ("Sydney", "07:00", "16:00", "Australia/Sydney"),
    "overlap": ("London and New York overlap", "08:00", "12:00", "America/New_York"),
    "stocks": ("US stock market", "09:30", "16:00", "America/New_York"),
}
_SESSION_WORDS = {
    "london": "london", "ldn": "london", "uk": "london", "european": "london", "europe": "london",
    "eu": "london", "ny": "new york", "nyc": "new york", "us": "new york", "usa": "new york",
    "american": "new york", "america": "new york", "asia": "asia", "asian": "asia",
    "tokyo": "asia", "sydney": "sydney", "japan": "asia", "frankfurt": "london",
}  # fmt: skip

_ZONES = {
    "utc": "UTC", "gmt": "UTC", "z": "UTC", "est": "America/New_York", "edt": "America/New_York",
    "et": "America/New_York", "cst": "America/Chicago", "cdt": "America/Chicago",
    "ct": "America/Chicago", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles",
    "pt": "America/Los_Angeles", "cet": "Europe/Berlin", "cest": "Europe/Berlin",
    "mez": "Europe/Berlin", "bst": "Europe/London", "jst": "Asia/Tokyo", "sgt": "Asia/Singapore",
    "hkt": "Asia/Hong_Kong", "msk": "Europe/Moscow", "ist": "Asia/Kolkata",
    "aest": "Australia/Sydney", "berlin": "Europe/Berlin", "paris": "Europe/Paris",
    "madrid": "Europe/Madrid", "zurich": "Europe/Zurich", "singapore": "Asia/Singapore",
    "chicago": "America/Chicago", "dubai": "Asia/Dubai", "london": "Europe/London",
    "tokyo": "Asia/Tokyo", "ny": "America/New_York", "sydney": "Australia/Sydney",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hours:
    """A stretch of the day; `tz` None while nobody has said it. `session` names its source."""

    start: str
    end: str
    tz: str | None = None
    session: str = ""


@dataclass(frozen=True, slots=True)
class Days:
    """Days on which to trade, or (with `but`) not to."""

    days: tuple[str, ...]
    but: bool = False


def window(c: Context, i: int) -> Item | None:
    """`only during London session`, `weekdays only`, `not on Fridays`, `08:00-16:00 UTC`."""
    s = c.s
    refused, j = _excluded(s, i)
    j = s.skip(j, "only", "in", "on", "at", "with", "then", "for", "trading")
    if found := _session(s, j):
        return Item("no hours" if refused else "hours", i, found[1], found[0])
    if found := _hours(s, j):
        return Item("no hours" if refused else "hours", i, found[1], found[0])
    if days := _days(s, j):
        end = s.skip(days[1], "only")
        return Item("days", i, end, Days(days[0].days, days[0].but != refused))
    return None


_TRADING = ("move", "enter", "positions", "on", "in", "at", "entry", "buy")
_TRADES = frozenset({"trades", "trade", "new", "trading", "entries", "signals", "anything"})


def _excluded(s: Sentence, i: int) -> tuple[bool, int]:
    """Whether the words at `i` exclude what follows: `not on`, `no trades on`, `except`."""
    if not s.has(i, "no", "not", "dont", "except"):
        return False, i
    j = i + 1
    while s.has(j, *_TRADING) or s.at(j).raw in _TRADES:
        j += 1
    return True, j


def _session(s: Sentence, i: int) -> tuple[Hours, int] | None:
    first = _center(s, i)
    if first is None:
        return _stock_hours(s, i)
    name, j = first
    second = _center(s, s.skip(j, "/", "and", "-", "&"))
    if second and second[0] != name and s.at(second[1]).raw == "overlap":
        return _named("overlap"), s.skip(second[1] + 1, "session")
    if s.at(j).raw == "overlap":
        return _named("overlap"), s.skip(j + 1, "session")
    end = s.skip(j, "session", "open", "close")
    followed = second is not None and s.has(second[1], "session")
    told = (
        followed
        or end > j
        or s.at(j).raw in {"hours", "time", "market"}
        or s.has(i - 1, "in", "only")
    )
    if not told or s.at(j).raw == "time":
        return None
    while s.at(end).raw in {"hours", "market"}:
        end += 1
    return _named(name), end


def _center(s: Sentence, i: int) -> tuple[str, int] | None:
    if s.at(i).raw == "new" and s.at(i + 1).raw == "york":
        return "new york", i + 2
    if s.at(i).kind is Kind.WORD and s.at(i).raw in _SESSION_WORDS:
        return _SESSION_WORDS[s.at(i).raw], i + 1
    return None


def _stock_hours(s: Sentence, i: int) -> tuple[Hours, int] | None:
    raw = [s.at(i + k).raw for k in range(3)]
    if raw[0] in {"market", "stock", "nyse", "wall"} and {"hours", "market"} & set(raw[1:]):
        end = i + 1
        while s.at(end).raw in {"hours", "market", "street"}:
            end += 1
        return _named("stocks"), end
    return None


def _named(name: str) -> Hours:
    title, start, end, tz = SESSIONS[name]
    return Hours(start, end, tz, title)


# --- hours ------------------------------------------------------------------------------------


def _hours(s: Sentence, i: int) -> tuple[Hours, int] | None:
    """`between 08:00 and 16:00 UTC`, `9am to 5pm`, `9-17 utc`, `after 14:00`, `before 6pm`."""
    if s.has(i, "after", "before", "until") or s.at(i).raw == "since":
        edge = _clock(s, i + 1)
        if edge is None:
            return None
        tz, end = _zone(s, edge[1])
        late = s.has(i, "after")
        return Hours(edge[0] if late else "00:00", "24:00" if late else edge[0], tz), end
    j = s.skip(i, "between", "from", "hours", ":")
    first = _clock(s, j, bare=True)
    if first is None or not s.has(first[1], "-", "to", "and", "until"):
        return None
    second = _clock(s, first[1] + 1, bare=True)
    if second is None:
        return None
    tz, end = _zone(s, second[1])
    sure = _marked(s, j) or _marked(s, first[1] + 1)
    told = s.has(i, "from") and s.label(i - 1) not in FAMILIES
    if not (sure or tz or told) and s.at(end).raw not in {"h", "hrs", "hours", "uhr"}:
        return None
    end = end + 1 if s.at(end).raw in {"h", "hrs", "hours", "uhr"} else end
    if tz is None:
        tz, end = _zone(s, end)
    return (Hours(first[0], second[0], tz), end) if first[0] != second[0] else None


def _marked(s: Sentence, i: int) -> bool:
    """Whether the word at `i` can only be a time of day."""
    return s.at(i).kind is Kind.TIME or s.has(i + 1, "am", "pm")


def _clock(s: Sentence, i: int, *, bare: bool = False) -> tuple[str, int] | None:
    """`HH:MM` of a time at word `i` and the word after it."""
    word = s.at(i)
    if word.kind is Kind.TIME:
        hour, minute = map(int, s.verbatim(i, i + 1).split(":"))
        return _twelve(s, hour, minute, i + 1)
    value = s.number(i)
    if value is None or value != int(value) or not 0 <= value <= 24:
        return None
    if not (bare or s.has(i + 1, "am", "pm") or s.at(i + 1).raw in {"h", "uhr", "utc"}):
        return None
    return _twelve(s, int(value), 0, i + 1)


def _twelve(s: Sentence, hour: int, minute: int, end: int) -> tuple[str, int] | None:
    if s.has(end, "am", "pm"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if s.has(end, "pm") else 0)
        end += 1
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        return None
    return f"{hour:02d}:{minute:02d}", end


def _zone(s: Sentence, i: int) -> tuple[str | None, int]:
    """The time zone named at word `i`, None when none is."""
    if s.at(i).raw == "new" and s.at(i + 1).raw == "york":
        return "America/New_York", i + 3 if s.at(i + 2).raw == "time" else i + 2
    zone = _ZONES.get(s.at(i).raw) if s.at(i).kind is Kind.WORD else None
    if zone is None:
        return None, i
    if (
        zone == "UTC"
        and s.has(i + 1, "+", "-")
        and s.at(i + 1).glued
        and s.number(i + 2) is not None
    ):
        hours = int(s.at(i + 2).value) * (1 if s.has(i + 1, "+") else -1)
        if 0 < abs(hours) <= 12:  # the sign of these names is the other way round
            return f"Etc/GMT{-hours:+d}", i + 3
    return zone, i + 2 if s.at(i + 1).raw == "time" else i + 1


# --- days -------------------------------------------------------------------------------------


def _days(s: Sentence, i: int) -> tuple[Days, int] | None:
    if s.has(i, "weekdays"):
        return Days(WORKDAYS), i + 1
    if s.has(i, "weekend"):
        return Days(("sat", "sun")), i + 1
    if s.label(i) not in WEEKDAYS or _the_sun(s, i):
        return None
    if s.has(i + 1, "to", "-", "through") and s.label(i + 2) in WEEKDAYS:
        first, last = WEEKDAYS.index(s.label(i)), WEEKDAYS.index(s.label(i + 2))
        days = [WEEKDAYS[(first + k) % 7] for k in range((last - first) % 7 + 1)]
        return Days(tuple(days)), i + 3
    found = [s.label(i)]
    end = i + 1
    while True:
        j = s.skip(end, ",", "and", "or", "/", "&")
        if j == end or s.label(j) not in WEEKDAYS:
            return Days(tuple(dict.fromkeys(found))), end
        found.append(s.label(j))
        end = j + 1


def _the_sun(s: Sentence, i: int) -> bool:
    """Whether a short word like `sun` or `sat` is no day here: it stands alone in a sentence."""
    listed = {s.label(i - 1), s.label(i + 1)} & {*WEEKDAYS, ",", "-", "to"}
    led = s.has(i - 1, "on", "only", "no", "not", "except", ",", "and", "/")
    ends = s.at(i + 1).kind in {Kind.END, Kind.BREAK}
    return len(s.at(i).raw) == 3 and not (listed or led or ends)
