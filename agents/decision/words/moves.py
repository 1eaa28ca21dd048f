"""Moves in per cent, over candles or hours, and distances from a level."""

from agents.decision.words.conditions import Between, Compare, Condition
from agents.decision.words.context import Context
from agents.decision.words.operands import operand
from agents.decision.words.relations import relation
from agents.decision.words.spans import duration, leads_on, whole_number
from agents.decision.words.terms import CLOSE, Offset, Term, number

Found = tuple[Condition, int]


def percent_move(c: Context, i: int) -> Found | None:
    """`it drops 5% in 24h`, `up 3% over 4 candles`, `falls 2% below yesterday's close`."""
    s = c.s
    start = i
    named = s.has(i, "it", "price", "close")
    i = i + 1 if named else i
    if not named and not leads_on(s, i):
        return None
    if s.at(start).raw == "price" and s.at(start).label == "change":
        return None
    i = s.skip(i, "is", "has")
    direction = _direction(s.label(i))
    if direction == 0:
        return None
    j = i + 1
    least = s.has(j, "at least", "above", "in", "through")
    j = s.skip(j, "at least", "above", "back", "in", "only")
    value = s.number(j)
    if value is None or not s.has(j + 1, "percent"):
        return None
    beyond = s.has(j + 2, "above", "below") and not s.has(j + 3, "last") and not _period(c, j + 2)
    if beyond or s.at(j + 2).raw in {"from", "off"}:
        return _away(c, j, direction)
    period = _period(c, j + 2)
    change, end, note = period or (
        Term("change(1)", "zero"),
        j + 2,
        _one_candle(s.verbatim(start, j + 2)),
    )
    end = s.skip(end, "or more", "or less")
    op = "<=" if direction < 0 else ">="
    if least and s.has(i + 1, "above"):
        op = op[0]
    return Compare(change, op, number(value * direction), (note,) if note else ()), end


def _one_candle(said: str) -> str:
    return f"“{said}” is taken over one candle; say over how long if you mean more."


def _direction(label: str) -> int:
    if label in {"fall", "down", "lose", "falling", "breakdown"}:
        return -1
    return 1 if label in {"rise", "up", "rising"} else 0


def _period(c: Context, i: int) -> tuple[Term, int, str] | None:
    """`in 24h`, `within 3 candles`, `over the last 4 hours`, `today`, `in one candle`."""
    s = c.s
    if s.has(i, "today"):
        note = "“today” is against the close of the day before (UTC)."
        return (
            Term("(close - prev_day.close) / prev_day.close * 100", "zero", notes=()),
            i + 1,
            note,
        )
    j = s.skip(i, "in", "inside", "above", "for", "last", "on", "during", "over", "after")
    if j == i and not s.has(i, "last"):
        return None
    j = s.skip(j, "last", "less", "below")
    if (count := whole_number(s, j)) and s.has(j + 1, "candle", "period"):
        return Term(f"change({count})", "zero"), j + 2, ""
    if s.has(j, "candle"):
        return Term("change(1)", "zero"), j + 1, ""
    found = duration(s, j)
    if found is None:
        return None
    return Term("change({n})", "zero", seconds=found[0]), found[1], ""


def _away(c: Context, i: int, direction: int) -> Found | None:
    """`falls 2% below the 20 ema`: the price beyond a level away from another."""
    found = operand(c, i)
    if found is None or not isinstance(found[0], Offset):
        return None
    c.subject = CLOSE
    return Compare(CLOSE, "<" if found[0].sign == "-" else ">", found[0]), found[1]


def percent_noun(c: Context, i: int) -> Found | None:
    """`5% drop in 24h`, `a 3% dip`, `2% pump in 15 minutes`, `24h change below -5%`."""
    s = c.s
    if found := duration(s, i):
        k = s.skip(found[1], "percent")
        if s.has(k, "change"):
            change = Term("change({n})", "zero", seconds=found[0])
            return _compare_change(c, change, k + 1)
    value = s.number(i)
    if value is None or not s.has(i + 1, "percent") or not _direction(s.label(i + 2)):
        return None
    direction = _direction(s.label(i + 2))
    period = _period(c, i + 3)
    change, end, note = period or (
        Term("change(1)", "zero"),
        i + 3,
        _one_candle(s.verbatim(i, i + 3)),
    )
    op = "<=" if direction < 0 else ">="
    return Compare(change, op, number(value * direction), (note,) if note else ()), end


def _compare_change(c: Context, change: Term, i: int) -> Found | None:

    told = relation(c.s, i)
    if told is None:
        return None
    right = operand(c, told.end)
    if right is None or not right[0].is_number:
        return None
    return Compare(change, told.op, right[0]), right[1]


def away_noun(c: Context, i: int) -> Found | None:
    """`price is 2% below the 20 ema`, `more than 3% above vwap`."""
    s = c.s
    j = i + 1 if s.has(i, "price", "it", "close") else i
    j = s.skip(j, "is", "trading", "move")
    stretched = s.has(j, "above", "at least")
    j = j + 1 if stretched else j
    if s.number(j) is None or not s.has(j + 1, "percent", "atr", "times"):
        return None
    found = operand(c, j)
    if found is None or not isinstance(found[0], Offset):
        return None
    c.subject = CLOSE
    return Compare(CLOSE, "<" if found[0].sign == "-" else ">", found[0]), found[1]


def near(c: Context, i: int) -> Found | None:
    """`price within 1% of the 200 ema`."""
    s = c.s
    i = i + 1 if s.has(i, "price", "it", "close") else i
    i = s.skip(i, "is", "closes", "move")
    share = s.number(i + 1)
    if not s.has(i, "inside") or share is None or not s.has(i + 2, "percent") or share > 50:
        return None
    found = operand(c, s.skip(i + 3, "from", "to"))
    if (
        found is None
        or not isinstance(found[0], Term)
        or found[0].scale != "price"
        or found[0].text == "close"
    ):
        return None
    c.subject = CLOSE
    ends = Offset(found[0], "-", share), Offset(found[0], "+", share)
    return Between(CLOSE, *ends), found[1]
