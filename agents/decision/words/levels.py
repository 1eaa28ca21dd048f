"""Stops, targets and trailing as people say them."""

from decimal import Decimal

from agents.decision.words.context import Context
from agents.decision.words.items import (
    Breakeven,
    Item,
    Level,
    TargetLevel,
    fixed,
    multiple,
    percent,
    ranges,
)  # fmt: skip
from agents.decision.words.operands import operand
from agents.decision.words.terms import Offset, Term
from agents.decision.words.tokens import Kind

Found = tuple[Level, int]
_FILLERS = (
    "at", "is", ":", "=", "to", "on", "then", "in", "only", "it", "@", "with", "placed", "set",
    "by", "of", "use", "will", "goes", "go", "move", "when", "i",
)  # fmt: skip
_SHARES = {
    "half": Decimal("0.5"),
    "third": Decimal("0.3333"),
    "quarter": Decimal("0.25"),
    "all": Decimal(1),
}
_SIGNS = ("-", "+")
_SURELY_A_PRICE = 100


def level(c: Context, i: int) -> Found | None:
    """The level at word `i`: `2%`, `1.5 atr`, `3R`, `59.5k`, `below the 10 candle low`."""
    s = c.s
    found = _computed(c, i) or _distance(c, s.skip(i, *_SIGNS))
    if found is None:
        return None
    return found[0], _past_entry(c, found[1])


def _distance(c: Context, i: int) -> Found | None:
    """A number with its unit."""
    s = c.s
    if s.has(i, "price") and s.number(i + 1) is not None:
        return fixed(s.at(i + 1).value), s.skip(i + 2, "dollars")
    if s.has(i, "dollars") and s.number(i + 1) is not None:
        return fixed(s.at(i + 1).value), i + 2
    if s.has(i, "atr"):
        return _atr_first(c, i)
    value = s.number(i)
    if value is None:
        return _ratio(c, i)
    if s.has(i + 1, "percent"):
        return percent(value), i + 2
    if s.has(i + 1, "r") or (s.has(i + 1, "times") and s.has(i + 2, "r", "risk", "stop")):
        return multiple(value), i + 2 + s.has(i + 1, "times")
    j = s.skip(i + 1, "times", "*")
    if s.has(j, "atr"):
        return _atr(c, value, j)
    if s.has(i + 1, ":") and s.number(i + 2) is not None:
        return _divided(value, s.at(i + 2).value, i + 3)
    if s.label(i + 1) in {"minute", "hour", "day", "week", "times", "candle", "period"}:
        return None
    if _is_price(c, i, value):
        return fixed(value), s.skip(i + 1, "dollars")
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
    )


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
    s = c.s
    if s.has(i + 1, "(") and s.number(i + 2) is not None and s.has(i + 3, ")"):
        length = s.at(i + 2).value
        found = ranges(value) if length == 14 else Level(f"{ranges(value).text}({length})")
        return found, i + 4
    if (length := s.number(i + 1)) is not None and s.at(i + 1).glued:
        return (ranges(value) if length == 14 else Level(f"{ranges(value).text}({length})")), i + 2
    return ranges(value), i + 1


def _ratio(c: Context, i: int) -> Found | None:
    """`1:3`, which the tokens took for a time."""
    word = c.s.at(i)
    if word.kind is not Kind.TIME:
        return None
    left, _, right = c.s.verbatim(i, i + 1).partition(":")
    return _divided(Decimal(left), Decimal(right), i + 1)


def _divided(left: Decimal, right: Decimal, end: int) -> Found | None:
    small, large = sorted((left, right))
    return (multiple(round(large / small, 2)), end) if small > 0 else None


def _past_entry(c: Context, i: int) -> int:
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
    s = c.s
    if s.has(i, "stop"):
        if found := level(c, _start(c, i + 1)):
            return _sided_stop(c, i, *found)
        return None
    found = level(c, i) if s.at(i).kind is Kind.NUMBER or s.has(i, "dollars", "-") else None
    if found is None or not s.has(found[1], "stop") or "R" in found[0].text:
        return None
    following = level(c, _start(c, found[1] + 1))
    if following and not s.has(found[1] + 1, ",", ";") and s.has(i - 1, "target", "r", ":"):
        return None
    return Item("stop", i, found[1] + 1, found[0])


def _start(c: Context, i: int) -> int:
    """Past `at`, `:`, `is placed` and the like."""
    s = c.s
    while s.has(i, *_FILLERS) or s.at(i).raw in _FILLERS:
        i += 1
    return i


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
    return Item(
        "stop", i, end, Level(pair[0].text, pair[0].operand, pair[0].word, pair[0].notes, pair[1])
    )


# --- targets ----------------------------------------------------------------------------------


def targets(c: Context, i: int) -> Item | None:
    """`tp 3%`, `targets 1% (50%) and 2% (rest)`, `half at 1.5R, rest at 3R`, `2R target`, `rr 1:3`."""
    return _risk_reward(c, i) or _labelled(c, i) or _shared(c, i) or _suffixed(c, i)


def _risk_reward(c: Context, i: int) -> Item | None:
    s = c.s
    if s.has(i, "rr"):
        j = s.skip(_start(c, i + 1), "at least")
        found = level(c, j)
        if found is None and (value := s.number(j)) is not None:
            found = multiple(value), s.skip(j + 1, "times")
        if found and "R" in found[0].text:
            return Item("target", i, found[1], (TargetLevel(found[0]),))
        return None
    ratio = _ratio(c, i) or (_distance(c, i) if s.has(i + 1, ":") else None)
    if ratio and s.has(ratio[1], "rr", "risk") and "R" in ratio[0].text:
        return Item("target", i, ratio[1] + 1, (TargetLevel(ratio[0]),))
    return None


def _labelled(c: Context, i: int) -> Item | None:
    """Everything after a word for target: one level or several."""
    s = c.s
    if not s.has(i, "target"):
        return None
    found: list[TargetLevel] = []
    end, j = i + 1, _start(c, _past_number(c, i + 1))
    while len(found) < 12:
        one = _one_target(c, j, found)
        if one is None:
            break
        found.append(one[0])
        end = one[1]
        j = _next_target(c, end)
    return Item("target", i, end, tuple(found)) if found else None


def _past_number(c: Context, i: int) -> int:
    """Past the 1 of `tp1`, `target 1:`, `TP 2 -`; not past the value of `tp 2%`."""
    s = c.s
    value = s.number(i)
    if value is None or value > 9 or value != int(value):
        return i
    followed = s.number(i + 1) is not None and not s.at(i + 1).glued
    marked = s.has(i + 1, ":", ")", "-", ".", "=", "at") or s.has(i + 1, "dollars")
    if (s.at(i).glued and not s.has(i + 1, "percent", "r", "atr", "times")) or marked or followed:
        return s.skip(i + 1, ":", ")", "-", ".", "=", "at")
    return i


def _next_target(c: Context, i: int) -> int:
    s = c.s
    j = s.skip(i, ",", "/", "and", ";", "|", "then", "-", "&")
    if s.has(j, "\n") and s.has(j + 1, "target"):
        j += 1
    if s.has(j, "target"):
        return _start(c, _past_number(c, j + 1))
    return j


def _one_target(c: Context, i: int, before: list[TargetLevel]) -> tuple[TargetLevel, int] | None:
    s = c.s
    if shared := _share_first(c, i):
        return shared
    found = level(c, i)
    if found is None or s.has(found[1], "stop", "risk", "trail", "leverage", "per trade"):
        return None
    if s.has(found[1], "target") and before and not s.has(found[1] - 1, "percent"):
        return None
    share, rest, end = _share_after(c, found[1], found[0])
    return TargetLevel(found[0], share, rest), end


def _share_after(c: Context, i: int, at: Level) -> tuple[Decimal | None, bool, int]:
    """`(50%)`, `30%`, `for half`, `(rest)` after a level."""
    s = c.s
    bracket = s.has(i, "(", "[")
    j = i + 1 if bracket else s.skip(i, "for", "on", "close", "exit", "sell", "x", "@")
    close = (lambda k: k + 1 if s.has(k, ")", "]") else k) if bracket else (lambda k: k)
    if s.has(j, "rest"):
        return None, True, close(j + 1)
    if s.label(j) in _SHARES and not s.has(j + 1, "at"):
        return _SHARES[s.label(j)], False, close(_past_position(c, j + 1))
    value = s.number(j)
    if value is None or not s.has(j + 1, "percent") or not 0 < value <= 100:
        return None, False, i
    sure = bracket or j > i or not at.text.endswith("%") or value >= 20
    if not sure or s.has(j + 2, "stop", "risk", "trail", "target", "at"):
        return None, False, i
    return value / 100, False, close(_past_position(c, j + 2))


def _past_position(c: Context, i: int) -> int:
    s = c.s
    j = s.skip(i, "off", "out", "in")
    return j + 1 if s.has(j, "positions", "size") else j if s.at(i).raw in {"off", "out"} else i


def _share_first(c: Context, i: int) -> tuple[TargetLevel, int] | None:
    """`half at 1.5R`, `30% at 1R`, `the rest at 3R`, `1/3 off at 1R`."""
    s = c.s
    share, rest, j = None, False, i
    if s.has(i, "rest"):
        rest, j = True, i + 1
    elif s.label(i) in _SHARES:
        share, j = _SHARES[s.label(i)], i + 1
    elif s.number(i) == 1 and s.has(i + 1, "/") and s.number(i + 2) in {2, 3, 4, 5}:
        share, j = round(1 / s.at(i + 2).value, 4), i + 3
    elif (value := s.number(i)) is not None and s.has(i + 1, "percent") and 0 < value <= 100:
        share, j = value / 100, i + 2
    if j == i:
        return None
    skipped = s.skip(
        j, "positions", "size", "profit", "out", "off", "it", "in", "target", "on", "of"
    )
    while s.at(skipped).raw in {"out", "off", "profit", "profits", "closed", "gets"}:
        skipped += 1
    if not s.has(skipped, "at", "@", "to", "when", "after", "above", ":") and not rest:
        return None
    found = level(c, _start(c, skipped))
    if found is None or s.has(found[1], "stop"):
        return None
    return TargetLevel(found[0], share, rest), found[1]


def _shared(c: Context, i: int) -> Item | None:
    """Shares without the word target."""
    found = _share_first(c, i)
    return Item("target", i, found[1], (found[0],)) if found else None


def _suffixed(c: Context, i: int) -> Item | None:
    """`2R target`, `5% tp`, and a bare `3R`."""
    s = c.s
    if s.at(i).kind not in {Kind.NUMBER, Kind.TIME}:
        return None
    found = level(c, i)
    if found is None:
        return None
    if s.has(found[1], "target"):
        return Item("target", i, found[1] + 1, (TargetLevel(found[0]),))
    if found[0].text.endswith("R") and s.has(i + 1, "r"):
        return Item("target", i, found[1], (TargetLevel(found[0]),))
    return None


def way_out(c: Context, i: int) -> Item | None:
    """`sell at +4%`, `cover at 1.5%`, `exit at the upper band`, `close at 2R`."""
    s = c.s
    if not s.has(i, "exit", "exit long", "exit short", "sell", "close", "target"):
        return None
    j = s.skip(i + 1, "it", "all", "positions")
    if shared := _share_first(c, j):
        return Item("target", i, shared[1], (shared[0],))
    at = s.skip(j, "at", "@", "for", "in")
    if at == j and not s.has(j, "+"):
        return None
    found = level(c, at)
    if found is None or (s.has(i, "close") and found[0].operand is not None):
        return None
    return Item("target", i, found[1], (TargetLevel(found[0]),))


# --- trailing ---------------------------------------------------------------------------------


def trailing(c: Context, i: int) -> Item | None:
    """`trail 2%`, `3 atr trailing stop`, `trailing stop of 1.5 atr once in profit`."""
    s = c.s
    if s.has(i, "trail"):
        j = s.skip(_start(c, i + 1), "stop", "below", "above")
        found = _distance(c, _start(c, j))
        if found is None or not _can_trail(found[0]):
            return None
        return Item("trail", i, found[1], found[0])
    found = _distance(c, i) if s.at(i).kind is Kind.NUMBER else None
    if found is None or not s.has(found[1], "trail") or not _can_trail(found[0]):
        return None
    return Item("trail", i, found[1] + 1, found[0])


def _can_trail(found: Level) -> bool:
    return found.text.endswith(("%", " atr"))


def breakeven(c: Context, i: int) -> Item | None:
    """`move stop to BE after 1R`, `breakeven at 1R`, `sl to entry at tp1`."""
    s = c.s
    j = s.skip(i, "move", "trail", "and")
    j = s.skip(j, "stop", "it", "rest")
    j = s.skip(j, "to", "at", "move", "on")
    moved = s.has(j - 1, "to", "at", "move") or (j > i and s.has(j - 1, "stop"))
    short_form = s.at(j).raw == "be" and (moved or s.verbatim(j, j + 1).isupper())
    if not (s.has(j, "breakeven") or short_form or (s.has(j, "entry") and s.has(j - 1, "to"))):
        return None
    k = s.skip(j + 1, "stop", "price", ",")
    return _breakeven_at(
        c, i, s.skip(k, "after", "at", "when", "on", "then", "in", "from", "hit", "price", "it")
    )


def _breakeven_at(c: Context, i: int, j: int) -> Item:
    s = c.s
    j = s.skip(j, "rise", "is", "hit", "up", "above", "+", "move", "positions", "trade")
    value = s.number(j)
    if value is not None and s.has(j + 1, "r"):
        return Item("breakeven", i, j + 2, Breakeven(multiple=value))
    if value is not None and s.has(j + 1, "percent"):
        return Item("breakeven", i, _past_entry(c, j + 2), Breakeven(percent=value))
    first = s.at(j).raw in {"first", "1st"}
    if first or s.has(j, "target"):
        at = j + 1 if first and s.has(j + 1, "target") else j
        number = s.number(at + 1)
        numbered = number is not None and s.at(at + 1).glued
        end = at + 2 if numbered else at + 1
        end = s.skip(end, "hit", "is")
        return Item(
            "breakeven", i, end, Breakeven(target=int(number) if numbered and number else 1)
        )
    return Item("breakeven", i, j if s.has(j - 1, "breakeven", "entry") else j, Breakeven())


__all__ = ["Offset", "breakeven", "level", "stop", "targets", "trailing", "way_out"]
