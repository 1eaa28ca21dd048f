"""Highs and lows: of the last candles, of yesterday, of the candle before."""

from agents.decision.words.context import Context
from agents.decision.words.spans import UNIT_SECONDS, candles, duration, whole_number
from agents.decision.words.terms import Term

FoundTerm = tuple[Term, int]
_ENDS = {"high": "highest", "low": "lowest", "highest": "highest", "lowest": "lowest"}
_COLUMNS = ("high", "low", "close", "open")
_THIS_CANDLE = ("signal", "entry", "breakout")
RECENT = 10
_NEW = 20


def extreme(c: Context, i: int) -> FoundTerm | None:
    """The high or low that begins at word `i`, and the word after it."""
    readers = (_yesterday, _named_level, _swing, _last_candle, _counted, _of_last, _last_counted)
    for read in readers:
        if found := read(c, i):
            return found
    return None


def _yesterday(c: Context, i: int) -> FoundTerm | None:
    """`yesterday's high`, `high of the previous day`, `prev_day.high`, `daily low`."""
    s = c.s
    j = i + 1 if s.has(i + 1, ".") else i
    if s.has(i, "yesterday") and s.has(j + 1, "high", "low", "close"):
        return Term(f"prev_day.{s.label(j + 1)}"), j + 2
    if s.has(i, "high", "low", "close") and s.has(s.skip(i + 1, "in"), "yesterday"):
        return Term(f"prev_day.{s.label(i)}"), s.skip(i + 1, "in") + 1
    if s.at(i).raw == "daily" and s.has(i + 1, "high", "low"):
        note = f"“daily {s.label(i + 1)}” is that of the day before (UTC)."
        return Term(f"prev_day.{s.label(i + 1)}", notes=(note,)), i + 2
    if s.has(i, "last week") and s.has(i + 1, *_COLUMNS):
        return Term(s.label(i + 1), timeframe="1w"), i + 2
    if s.at(i).raw == "weekly" and s.has(i + 1, "high", "low"):
        note = f"“weekly {s.label(i + 1)}” is that of the week before."
        return Term(s.label(i + 1), timeframe="1w", notes=(note,)), i + 2
    return None


def _named_level(c: Context, i: int) -> FoundTerm | None:
    names = {"pdh": "prev_day.high", "pdl": "prev_day.low"}
    return (Term(names[c.s.label(i)]), i + 1) if c.s.label(i) in names else None


def _swing(c: Context, i: int) -> FoundTerm | None:
    """`the recent low`, `swing high`; of as many candles as follow, else of ten."""
    s = c.s
    if not s.has(i, "swing high", "swing low"):
        return None
    name = "highest" if s.has(i, "swing high") else "lowest"
    j = s.skip(i + 1, "in", "last")
    count = whole_number(s, j)
    if count and s.has(j + 1, "candle"):
        return Term(f"{name}({count})", past=True), j + 2
    end = "high" if name == "highest" else "low"
    note = f"“{s.verbatim(i, i + 1)}” is the {name} {end} of the last {RECENT} candles."
    return Term(f"{name}({RECENT})", past=True, notes=(note,)), i + 1


def _last_candle(c: Context, i: int) -> FoundTerm | None:
    """`the previous candle's high`, `low of the last candle`, `the signal candle's low`."""
    return _column_after(c, i) or _column_before(c, i)


def _column_after(c: Context, i: int) -> FoundTerm | None:
    """The candle first: `previous candle's high`, `inside bar low`, `entry candle low`."""
    s = c.s
    if s.has(i, "inside bar", "outside bar") and s.has(i + 1, "high", "low"):
        return Term(s.label(i + 1), shift=1), i + 2
    if s.has(i, "last") and s.has(i + 1, "candle") and s.has(i + 2, "volume"):
        return Term("volume", "volume", shift=1), i + 3
    if not (s.has(i + 1, "candle") and s.has(i + 2, *_COLUMNS)):
        return None
    if s.has(i, "last"):
        return Term(s.label(i + 2), shift=1), i + 3
    return (Term(s.label(i + 2)), i + 3) if s.has(i, *_THIS_CANDLE) else None


def _column_before(c: Context, i: int) -> FoundTerm | None:
    """The column first: `high of the previous candle`, `low of the signal candle`."""
    s = c.s
    if not s.has(i, *_COLUMNS):
        return None
    j = s.skip(i + 1, "in")
    if s.has(j, "last") and s.has(j + 1, "candle"):
        return Term(s.label(i), shift=1), j + 2
    if s.has(j, "it", *_THIS_CANDLE) and s.has(j + 1, "candle"):
        return Term(s.label(i)), j + 2
    return (Term(s.label(i)), j + 1) if s.has(j, "candle") and s.has(i, "high", "low") else None


def _stretch(c: Context, i: int) -> tuple[str, str | None, int, int] | None:
    """`20 candles`, `5 days`, `24h`: text of the count, timeframe, seconds, the word after."""
    s = c.s
    count = whole_number(s, i)
    if count and s.label(i + 1) in {"day", "week"}:
        return str(count), "1d" if s.has(i + 1, "day") else "1w", 0, i + 2
    if count and s.label(i + 1) in UNIT_SECONDS:
        found = duration(s, i)
        return ("{n}", None, found[0], found[1]) if found else None
    counted = candles(s, i)
    return (str(counted[0]), None, 0, counted[1]) if counted else None


def _made(
    name: str, stretch: tuple[str, str | None, int, int], notes: tuple[str, ...] = ()
) -> Term:
    count, frame, seconds, _ = stretch
    return Term(f"{name}({count})", timeframe=frame, seconds=seconds, past=True, notes=notes)


def _counted(c: Context, i: int) -> FoundTerm | None:
    """`20 candle high`, `new 20-day low`, `20 period highest high`, `new high`."""
    s = c.s
    start = s.skip(i, "new", "last")
    stretch = _stretch(c, start)
    if stretch and s.label(stretch[3]) in _ENDS and not s.has(stretch[3] + 1, "("):
        if start == i and stretch[3] == i + 1 and not s.has(i, "new"):
            return None  # a bare number before a high: `at 5 high`
        end = s.skip(stretch[3] + 1, "breakout") if s.has(i, "new") else stretch[3] + 1
        return _made(_ENDS[s.label(stretch[3])], stretch), end
    if s.has(i, "new") and s.has(i + 1, "high", "low"):
        after = s.skip(i + 2, "in", "last", "above", "on")
        if s.number(after) is not None and (found := _stretch(c, after)) and found[3] > after + 1:
            return _made(_ENDS[s.label(i + 1)], found), found[3]
        name = _ENDS[s.label(i + 1)]
        note = f"A new {s.label(i + 1)} is one of {_NEW} candles."
        return Term(f"{name}({_NEW})", past=True, notes=(note,)), i + 2
    return None


def _of_last(c: Context, i: int) -> FoundTerm | None:
    """`highest high of the last 20 candles`, `low of the past 3 candles`."""
    s = c.s
    if s.label(i) not in _ENDS or s.has(i + 1, "("):
        return None
    j = s.skip(i + 1, "high", "low", "in", "price", "close", "closes")
    named = s.has(j, "last")
    j = s.skip(j, "last")
    stretch = _stretch(c, j)
    if stretch is None or (stretch[3] == j + 1 and not s.has(i, "highest", "lowest")):
        return None
    if not named and s.has(i, "high", "low") and stretch[1] is None and not s.has(j + 1, "candle"):
        return None
    closes = "clos" in s.verbatim(i, i + 2).lower()
    notes = (
        ("The highest and lowest are those of highs and lows, not of closes.",) if closes else ()
    )
    return _made(_ENDS[s.label(i)], stretch, notes), stretch[3]


def _last_counted(c: Context, i: int) -> FoundTerm | None:
    """`the last 20 candles' high`."""
    s = c.s
    if not s.has(i, "last"):
        return None
    stretch = _stretch(c, i + 1)
    if stretch is None or s.label(stretch[3]) not in _ENDS:
        return None
    end = s.skip(stretch[3] + 1, "high", "low")
    return _made(_ENDS[s.label(stretch[3])], stretch), end
