"""Shapes of candles: green and red ones, higher highs, engulfing, inside bars."""

from dataclasses import replace
from decimal import Decimal

from agents.decision.words.comparisons import held
from agents.decision.words.conditions import (
    Compare,
    Condition,
    Every,
    Sided,
    Slope,
    both,
    with_note,
)
from agents.decision.words.context import Context
from agents.decision.words.operands import operand
from agents.decision.words.relations import relation
from agents.decision.words.spans import ends_clause, whole_number
from agents.decision.words.terms import CLOSE, Offset, Term

Found = tuple[Condition, int]
_OPEN, _HIGH, _LOW = Term("open"), Term("high"), Term("low")
_SWINGS = {
    "higher high": (_HIGH, True), "higher low": (_LOW, True), "lower high": (_HIGH, False),
    "lower low": (_LOW, False),
}  # fmt: skip
_MOST = 10


def candle_phrase(c: Context, i: int) -> Found | None:
    """The condition that a shape at word `i` stands for."""
    for read in (
        _out_of_range,
        _closes_in_a_row,
        _sequence,
        _swings,
        _engulfing,
        _bars,
        _bare_after_and,
        _colour_of,
        _past_high,
    ):
        if found := read(c, i):
            return found
    return None


def _row(colour: str, count: int, first: int = 0) -> Condition:
    """`count` candles of one colour, the newest of them `first` candles ago."""
    op = ">" if colour == "green" else "<"
    parts = [
        Compare(replace(CLOSE, shift=back), op, replace(_OPEN, shift=back))
        for back in range(first, first + count)
    ]
    return both(*parts)


def _coloured(c: Context, i: int) -> tuple[str, int, int] | None:
    """Colour, count and the word after `3 consecutive green candles in a row`."""
    s = c.s
    count = whole_number(s, i)
    j = i + 1 if count else i
    j = s.skip(j, "row", "last")
    if s.has(j, "bullish", "bearish") and s.has(j + 1, "candle"):
        colour = "green" if s.has(j, "bullish") else "red"
    elif s.has(j, "green", "red"):
        colour = s.label(j)
    else:
        return None
    if not s.has(j + 1, "candle") and not count and not s.at(j).raw.endswith(("candle", "one")):
        return None
    end = s.skip(j + 1, "candle", "row", "one")
    return (colour, count or 1, end) if (count or 1) <= _MOST else None


def _sequence(c: Context, i: int) -> Found | None:
    """`3 green candles in a row`, `three red candles followed by a green one`."""
    s = c.s
    i = s.skip(i, "after", "new", "closes") if s.has(i, "after", "new") else i
    first = _coloured(c, i)
    if first is None:
        return None
    colour, count, end = first
    j = s.skip(end, "then", "after", "and", ",", "by", "followed", "next")
    second = (_coloured(c, j) or _bare_colour(c, j)) if _followed(c, end) else None
    if second is None:
        return _row(colour, count), end
    if s.at(end).raw == "after":  # `a green candle after 3 red ones`
        return both(_row(colour, count), _row(second[0], second[1], count)), second[2]
    return both(_row(second[0], second[1]), _row(colour, count, second[1])), second[2]


def _followed(c: Context, i: int) -> bool:
    raw = {c.s.at(i).raw, c.s.at(i + 1).raw}
    return bool(raw & {"then", "followed", "after", "following"}) or c.s.has(i, "then")


def _bare_colour(c: Context, i: int) -> tuple[str, int, int] | None:
    if c.s.has(i, "green", "red"):
        return c.s.label(i), 1, c.s.skip(i + 1, "candle", "one")
    return None


def _closes_in_a_row(c: Context, i: int) -> Found | None:
    """`3 consecutive closes above the 20 ema`, `two closes in a row below vwap`."""
    s = c.s
    count = whole_number(s, i)
    j = s.skip(i + 1, "row", "candle") if count else i
    if not count or count > _MOST or not s.has(j, "closes"):
        return None
    told = relation(s, s.skip(j + 1, "row"))
    level = operand(c, told.end) if told and told.op in {">", "<"} else None
    if told is None or level is None or level[0].scale not in {"price", "number"}:
        return None
    c.subject, c.thing = CLOSE, level[0]
    return held(Compare(CLOSE, told.op, level[0]), count), level[1]


def _bare_after_and(c: Context, i: int) -> Found | None:
    """`a body over 2% and green`: the candle is meant."""
    s = c.s
    if s.has(i, "green", "red") and s.has(i - 1, "and") and ends_clause(s, i + 1):
        return _row(s.label(i), 1), i + 1
    return None


def _swings(c: Context, i: int) -> Found | None:
    """`higher highs and higher lows`, `3 higher lows in a row`."""
    s = c.s
    start = i
    i = s.skip(i, "move")
    count = whole_number(s, i)
    j = s.skip(i + 1, "row") if count else i
    if s.label(j) not in _SWINGS:
        return None
    term, rising = _SWINGS[s.label(j)]
    end = s.skip(j + 1, "candle", "row")
    note = f"“{s.verbatim(start, j + 1)}” compares each candle's {term.text} with the one before."
    return Slope(term, rising, count or 1, (note,)), end


def _engulfing(c: Context, i: int) -> Found | None:
    """The body of a candle covers the body of the opposite one before."""
    s = c.s
    lead = s.label(i) if s.has(i, "bullish", "bearish", "green", "red") else ""
    j = i + 1 if lead else i
    if not s.has(j, "engulfing"):
        return None
    up = both(_row("green", 1), _row("red", 1, 1), *_covers(">", "<="))
    down = both(_row("red", 1), _row("green", 1, 1), *_covers("<", ">="))
    end = s.skip(j + 1, "candle", "pattern")
    if lead:
        return (up if lead in {"bullish", "green"} else down), end
    return Sided(up, down), end


def _covers(closes: str, opens: str) -> tuple[Condition, Condition]:
    before_open, before_close = replace(_OPEN, shift=1), replace(CLOSE, shift=1)
    return Compare(CLOSE, closes, before_open), Compare(_OPEN, opens, before_close)


def _bars(c: Context, i: int) -> Found | None:
    """Inside bar, outside bar, doji."""
    s = c.s
    end = s.skip(i + 1, "candle", "pattern")
    earlier = replace(_HIGH, shift=1), replace(_LOW, shift=1)
    if s.has(i, "inside bar") and s.has(i + 1, "breakout", "break"):
        return _out_of_inside_bar(), i + 2
    if s.has(i, "inside bar"):
        return Every("and", (Compare(_HIGH, "<", earlier[0]), Compare(_LOW, ">", earlier[1]))), end
    if s.has(i, "outside bar"):
        return Every("and", (Compare(_HIGH, ">", earlier[0]), Compare(_LOW, "<", earlier[1]))), end
    if s.has(i, "doji"):
        tenth = Offset(Term("range", "free"), "-", Decimal(90))
        doji = Compare(Term("body", "free"), "<", tenth)
        return with_note(doji, "A doji is a body under a tenth of the candle's range."), end
    return None


def _out_of_range(c: Context, i: int) -> Found | None:
    """`breaks out of the 50 bar range`, `20 candle range breakout`."""
    s = c.s
    i = i + 1 if s.has(i, "price", "it") else i
    leads = s.has(i, "breakout", "break", "breakdown")
    j = s.skip(i + 1, "in", "last", "on", "through") if leads else i
    count = whole_number(s, j)
    k = s.skip(j + 1, "candle", "period") if count else j
    if not count or not s.has(k, "range") or not (leads or s.has(k + 1, "breakout", "break")):
        return None
    high, low = Term(f"highest({count})", past=True), Term(f"lowest({count})", past=True)
    up, down = Compare(CLOSE, "crosses above", high), Compare(CLOSE, "crosses below", low)
    end = k + 1 if leads else k + 2
    c.subject = CLOSE
    return (down if s.has(i, "breakdown") else Sided(up, down)), end


def _out_of_inside_bar() -> Condition:
    """The close leaves the range of a candle that lay inside the one before."""
    high, low = replace(_HIGH, shift=1), replace(_LOW, shift=1)
    inside = (
        Compare(high, "<", replace(_HIGH, shift=2)),
        Compare(low, ">", replace(_LOW, shift=2)),
    )
    return Sided(
        Every("and", (*inside, Compare(CLOSE, ">", high))),
        Every("and", (*inside, Compare(CLOSE, "<", low))),
    )


def _colour_of(c: Context, i: int) -> Found | None:
    """`candle closes green`, `the candle is red`, `previous candle is green`."""
    s = c.s
    back = 1 if s.has(i, "last") and s.has(i + 1, "candle") else 0
    j = i + back
    if not s.has(j, "candle", "it"):
        return None
    j = s.skip(j + 1, "one", "candle", "closes", "is", "in", "close")
    if j == i + back + 1 or not s.has(j, "green", "red", "bullish", "bearish"):
        return None
    colour = "green" if s.has(j, "green", "bullish") else "red"
    return _row(colour, 1, back), j + 1


def _past_high(c: Context, i: int) -> Found | None:
    """`makes a new 20-candle high`, `20-day high breakout`, `new low`."""
    from agents.decision.words.extremes import extreme

    s = c.s
    start = i
    lead = s.has(i, "price", "it", "close", "high", "low")
    i = i + 1 if lead and not s.has(i + 1, "last") else i
    i = s.skip(i, "is", "at")
    verb = s.has(i, "move", "closes", "breakout", "break", "hit", "at")
    i = s.skip(i, "move", "closes", "at", "above", "hit") if verb else i
    fresh = s.has(i, "new")
    found = extreme(c, i)
    if found is None or not found[0].past:
        return None
    term, end = found
    breakout = s.has(end, "breakout", "break", "breakdown")
    if not (fresh or breakout) or (start == i and not (fresh or breakout)):
        return None
    up = term.text.startswith("highest")
    end = end + 1 if breakout else end
    return Compare(CLOSE, ">" if up else "<", term), end
