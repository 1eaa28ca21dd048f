"""Stops, targets and trailing as people say them."""

from dataclasses import replace
from decimal import Decimal

from agents.decision.words.context import Context
from agents.decision.words.indicators import FAMILIES
from agents.decision.words.items import (
    Item,
    Level,
    fixed,
    multiple,
    percent,
    ranges,
)  # fmt: skip
from agents.decision.words.operands import operand
from agents.decision.words.terms import CLOSE, Offset, Term, plain
from agents.decision.words.tokens import Kind

Found = tuple[Level, int]
_FILLERS = (
    "at", "is", ":", "=", "to", "on", "then", "in", "only", "it", "@", "with", "placed", "set",
    "by", "of", "use", "will", "goes", "go", "move", "when", "i",
)  # fmt: skip
_SIGNS = ("-", "+")
_UNITS = frozenset(
    {"percent", "r", "atr", "times", "candle", "period", "minute", "hour", "day", "week", "ema",
     "sma", "ma", "wma", "hma", "high", "low", "*"}
)  # fmt: skip
_SURELY_A_PRICE = 100
_SURELY_PERCENT = 15
_ENOUGH_PRICES = 20


def level(c: Context, i: int) -> Found | None:
    """The level at word `i`: `2%`, `1.5 atr`, `3R`, `59.5k`, `below the 10 candle low`."""
    s = c.s
    found = _computed(c, i) or distance(c, s.skip(i, *_SIGNS))
    if found is None:
        return None
    return found[0], past_entry(c, found[1])


def distance(c: Context, i: int) -> Found | None:
    """A number with its unit."""
    s = c.s
    if s.has(i, "price") and s.number(i + 1) is not None:
        return fixed(s.at(i + 1).value), s.skip(i + 2, "dollars")
    if s.has(i, "dollars") and s.number(i + 1) is not None:
        return _money(c, s.at(i + 1).value, i + 2)
    if s.has(i, "atr"):
        return _atr_first(c, i)
    value = s.number(i)
    if value is None:
        return ratio(c, i)
    return _with_unit(c, i, value) or _without_unit(c, i, value)


def _with_unit(c: Context, i: int, value: Decimal) -> Found | None:
    """`2%`, `3R`, `3x risk`, `1.5 x atr`, `1 : 2.5`."""
    s = c.s
    if s.has(i + 1, "percent"):
        return percent(value), i + 2
    times = s.has(i + 1, "times")
    if s.has(i + 1, "r") or (times and s.has(i + 2, "r", "risk", "stop")):
        return multiple(value), i + 2 + times
    j = s.skip(i + 1, "times", "*")
    if s.has(j, "atr"):
        return _atr(c, value, j)
    if s.has(i + 1, ":") and s.number(i + 2) is not None:
        return _divided(value, s.at(i + 2).value, i + 3)
    return None


def _without_unit(c: Context, i: int, value: Decimal) -> Found | None:
    """A price, or a small number that is taken as per cent."""
    s = c.s
    if s.has(i + 1, "minute", "hour", "day", "week", "times", "candle", "period"):
        return None
    if _is_price(c, i, value):
        return fixed(value), s.skip(i + 1, "dollars")
    return _as_percent(c, i, value)


def _as_percent(c: Context, i: int, value: Decimal) -> Found | None:
    """`sl 2 tp 4`: a small number after stop or target, taken as per cent and said so."""
    s = c.s
    ends = s.at(i + 1).kind in {Kind.END, Kind.BREAK} or s.has(
        i + 1, ",", ";", ".", "stop", "target", "and", "risk", "trail", "when"
    )
    if not s.has(i - 1, "stop", "target") or not ends or not 0 < value <= _SURELY_PERCENT:
        return None
    note = f"“{s.verbatim(i - 1, i + 1)}” is read as {plain(value)} %."
    return Level(f"{plain(value)}%", notes=(note,)), i + 1


def _money(c: Context, value: Decimal, end: int) -> Found | None:
    """A price; or an amount away from the entry: `$500 below entry`."""
    s = c.s
    if not s.has(end, "below", "above", "from") and s.at(end).raw not in {"away", "under"}:
        return fixed(value), end
    if s.has(end, "below", "above") and s.has(end + 1, "entry", "price"):
        sign = "-" if s.has(end, "below") else "+"
        return Level(f"close {sign} {plain(value)}"), s.skip(end + 2, "price")
    return None


def _is_price(c: Context, i: int, value: Decimal) -> bool:
    """Whether a number without a unit can only be a price."""
    s = c.s
    written = s.verbatim(i, i + 1).lower()
    decimals = written.partition(".")[2]
    return (
        value >= _SURELY_A_PRICE
        or "k" in written
        or len(decimals) > 2
        or s.has(i + 1, "dollars")
        or (0 < value < Decimal("0.2"))
        or _like_other_prices(c, i, value)
    )


def _like_other_prices(c: Context, i: int, value: Decimal) -> bool:
    """Whether the sentence names a price of that size: `closes above 100 ... stop 92`."""
    if value < 1:
        return False
    if c.prices is None:
        c.prices = tuple(j for j in range(len(c.s)) if _said_as_price(c, j))[:_ENOUGH_PRICES]
    return any(j != i and value / 2 <= c.s.at(j).value <= value * 2 for j in c.prices)


def _said_as_price(c: Context, i: int) -> bool:
    s = c.s
    if s.number(i) is None:
        return False
    led = s.has(i - 1, "above", "below", "at", "closes", "entry", "-", "between", "dollars")
    united = s.has(i + 1, "percent", "r", "atr", "times", "candle", "period", "minute", "hour")
    indicator = s.label(i - 2) in FAMILIES or s.label(i - 3) in FAMILIES
    return led and not united and not indicator


def _atr_first(c: Context, i: int) -> Found | None:
    """`atr x 2`, `atr(14) * 1.5`."""
    s = c.s
    j = s.skip(i + 1, "(", ")") if s.number(i + 1) is None else i + 1
    if s.has(i + 1, "(") and s.number(i + 2) is not None and s.has(i + 3, ")"):
        j = i + 4
    if s.has(j, "times", "*") and (value := s.number(j + 1)) is not None:
        return ranges(value), j + 2
    return (ranges(Decimal(1)), i + 1) if j == i + 1 and s.number(j) is None else None


def _atr(c: Context, value: Decimal, i: int) -> Found:
    """`1.5 atr`, `2 atr(20)`: the length only where it is not the usual one."""
    s = c.s
    length, end = None, i + 1
    if s.has(i + 1, "(") and s.has(i + 3, ")"):
        length, end = s.number(i + 2), i + 4
    elif s.number(i + 1) is not None and s.at(i + 1).glued:
        length, end = s.number(i + 1), i + 2
    if length in {None, 14}:
        return ranges(value), end
    away = Offset(CLOSE, "-", value, Term(f"atr({length})", "free"))
    return Level(operand=away), end


def ratio(c: Context, i: int) -> Found | None:
    """`1:3`, which the tokens took for a time."""
    word = c.s.at(i)
    if word.kind is not Kind.TIME:
        return None
    left, _, right = c.s.verbatim(i, i + 1).partition(":")
    return _divided(Decimal(left), Decimal(right), i + 1)


def _divided(left: Decimal, right: Decimal, end: int) -> Found | None:
    small, large = sorted((left, right))
    return (multiple(round(large / small, 2)), end) if small > 0 else None


def past_entry(c: Context, i: int) -> int:
    """After `below entry`, `from the entry price`, `away`, `profit`."""
    s = c.s
    j = s.skip(i, "below", "above", "from", "away", "under", "in", "on", "after", "off")
    j = s.skip(j, "from")
    if s.has(j, "entry", "price", "fill"):
        return s.skip(j + 1, "price")
    return i + 1 if s.at(i).raw in {"away", "profit", "gain", "gains", "loss", "move"} else i


# --- computed prices --------------------------------------------------------------------------


def _computed(c: Context, i: int) -> Found | None:
    """`below the lowest low of 10 candles`, `at the middle band`, `ema 50 minus 1 atr`."""
    s = c.s
    j = s.skip(i, "only")
    word = s.label(j) if s.has(j, "above", "below") else ""
    j = s.skip(j + 1 if word else j, "at")
    if opposite := _opposite_band(c, j):
        return opposite
    if (s.has(j, "entry", "signal", "breakout") and s.has(j + 1, "candle")) or (
        word and s.has(j, "candle")
    ):
        return _candle_end(c, j, word)
    if word and (price := s.number(j)) is not None and s.label(j + 1) not in _UNITS:
        return fixed(price), s.skip(j + 1, "dollars")
    state = c.saved()
    found = operand(c, j)
    if found is None or found[0].is_number or found[0].scale != "price":
        c.restore(state)
        return None
    value, end = found
    if isinstance(value, Term) and value.text == "close" and not value.shift:
        return None
    return Level(operand=value, word=word, notes=value.notes), end


def _opposite_band(c: Context, i: int) -> Found | None:
    s = c.s
    if not (s.has(i, "mirror") and s.has(i + 1, "band", "bb")):
        return None
    family = {"keltner": "keltner(20,2)", "donchian": "donchian(20)"}.get(
        c.family or "", "bb(20,2)"
    )
    upper = Term(f"{family}.upper")
    return Level(operand=upper), s.skip(i + 1, "band", "bb")


def _candle_end(c: Context, i: int, word: str) -> Found | None:
    """`below the entry candle`: its low."""
    s = c.s
    end = s.skip(i, "entry", "signal", "breakout", "candle")
    named = s.has(end, "low", "high")
    column = s.label(end) if named else ("high" if word == "above" else "low")
    return Level(operand=Term(column), word=word), end + 1 if named else end


# --- stop -------------------------------------------------------------------------------------


def stop(c: Context, i: int) -> Item | None:
    """`stop 2%`, `sl at 59.5k`, `2 atr stop`, `stop below the swing low for longs ...`."""
    if not c.s.has(i, "stop"):
        return _stop_last(c, i)
    if pair := _two_stops(c, i):
        return pair
    found = level(c, past_fillers(c, i + 1))
    return _sided_stop(c, i, *found) if found else None


def _stop_last(c: Context, i: int) -> Item | None:
    """`2% stop`, `2 atr sl`, `2% loss`."""
    s = c.s
    found = level(c, i) if s.at(i).kind is Kind.NUMBER or s.has(i, "dollars", "-") else None
    if found is None or "R" in found[0].text:
        return None
    if s.at(found[1] - 1).raw == "loss":
        return Item("stop", i, found[1], found[0])
    if not s.has(found[1], "stop"):
        return None
    own = None if s.has(found[1] + 1, ",", ";") else level(c, past_fillers(c, found[1] + 1))
    claims_next = own is not None and not s.has(own[1], "target")
    return None if claims_next else Item("stop", i, found[1] + 1, found[0])


def past_fillers(c: Context, i: int) -> int:
    """Past `at`, `:`, `is placed` and the like."""
    s = c.s
    while s.has(i, *_FILLERS) or s.at(i).raw in _FILLERS:
        i += 1
    return i


def _two_stops(c: Context, i: int) -> Item | None:
    """`stop: long below lowest(10), short above highest(10)`."""
    s = c.s
    j = past_fillers(c, i + 1)
    if not s.has(j, "long", "short"):
        return None
    first = level(c, past_fillers(c, s.skip(j + 1, "for")))
    k = s.skip(first[1], ",", "and", ";", "/") if first else 0
    if first is None or not s.has(k, "long", "short") or s.label(k) == s.label(j):
        return None
    second = level(c, past_fillers(c, s.skip(k + 1, "for")))
    if second is None:
        return None
    long, short = (first[0], second[0]) if s.has(j, "long") else (second[0], first[0])
    return Item("stop", i, second[1], replace(long, other=short))


def _sided_stop(c: Context, i: int, first: Level, end: int) -> Item:
    """`below the low for longs and above the high for shorts`."""
    s = c.s
    j = s.skip(end, "for", "on", "in")
    if j == end or not s.has(j, "long", "short"):
        return Item("stop", i, end, first)
    long_first = s.has(j, "long")
    k = s.skip(j + 1, "and", ",", ";", "or", "stop", "at")
    second = level(c, k)
    if second is None:
        return Item("stop", i, j + 1, first)
    after = s.skip(second[1], "for", "on", "in")
    end = after + 1 if after > second[1] and s.has(after, "long", "short") else second[1]
    pair = (first, second[0]) if long_first else (second[0], first)
    return Item("stop", i, end, replace(pair[0], other=pair[1]))
