"""Prices that touch, sweep, break or bounce off a level."""

from agents.decision.words.conditions import Compare, Condition, Sided, both, with_note
from agents.decision.words.context import Context
from agents.decision.words.operands import operand
from agents.decision.words.relations import relation
from agents.decision.words.terms import CLOSE, Operand, Term
from agents.decision.words.tokens import Kind

Found = tuple[Condition, int]
_HIGH, _LOW = Term("high"), Term("low")


def meets(c: Context, i: int) -> Found | None:
    """`touches the lower band`, `bounces off the 50 ema`, `rejects at vwap`, `sweeps the low`."""
    s = c.s
    start = i
    lead = operand(c, i) if not s.has(i, "it") else None
    if lead is not None and lead[0].scale == "price" and not lead[0].is_number:
        i = s.skip(lead[1], "is")
    elif s.has(i, "it"):
        i += 1
    if s.has(i, "at") and lead is not None and lead[0].render(None) == "close":
        return _at_level(c, i + 1)
    verb = s.label(i)
    if verb in {"cross", "crossover"} and lead is not None and _ends(c, i + 1):
        return _noun(c, lead[0], verb, i)
    if (
        verb in {"reclaim", "lose", "break"}
        and lead is not None
        and s.at(i - 1).kind is not Kind.END
    ):
        return _noun(c, lead[0], verb, i)
    if verb not in {"touch", "bounce", "reject", "sweep"}:
        return None
    j = s.skip(i + 1, "on", "in", "at", "back", "through", "off", "with", "from")
    found = operand(c, j)
    if found is None or found[0].scale != "price":
        return _noun(c, lead[0], verb, i) if lead is not None else None
    level, end = found
    c.subject, c.thing = CLOSE, level
    said = s.verbatim(start, end)
    end = _and_back(c, end) if verb in {"sweep", "touch", "bounce"} else end
    return _meeting(verb, level, said), end


def _at_level(c: Context, i: int) -> Found | None:
    """`price at the lower band`: it touches it."""
    found = operand(c, i)
    if found is None or found[0].is_number or found[0].scale != "price":
        return None
    c.subject, c.thing = CLOSE, found[0]
    return _meeting("touch", found[0], ""), found[1]


def _ends(c: Context, i: int) -> bool:
    """Whether no operand can follow at word `i`."""
    s = c.s
    return s.at(i).kind in {Kind.END, Kind.BREAK} or s.has(
        i, ",", ";", ".", "stop", "target", "long", "short", "with", "when", "on"
    )


def _noun(c: Context, level: Operand, verb: str, i: int) -> Found | None:
    """`20 ema pullback`, `vwap reclaim`, `lower band bounce`: the level stands before."""
    if level.scale != "price" or level.is_number or level.render(None) in _PRICES:
        return None
    c.subject, c.thing = CLOSE, level
    if verb in {"reclaim", "lose"}:
        op = "crosses above" if verb == "reclaim" else "crosses below"
        return Compare(CLOSE, op, level), i + 1
    if verb in {"break", "cross", "crossover"}:
        return Compare(CLOSE, "crosses", level), i + 1
    return _meeting(verb, level, c.s.verbatim(i - 1, i + 1)), i + 1


def _and_back(c: Context, i: int) -> int:
    """Past `and closes back above it`, which a sweep says by itself."""
    s = c.s
    j = s.skip(i, "and", "but", "then", ",")
    back = relation(s, j)
    if j == i or back is None or not s.has(j, "closes", "reclaim"):
        return i
    if back.end == j + 1 and s.has(j, "closes"):
        return i
    after = s.skip(back.end, "it")
    ends = s.at(after).kind in {Kind.END, Kind.BREAK} or s.has(after, ",", ";", ".", "and")
    return after if ends or after > back.end else i


_PRICES = frozenset({"close", "open", "high", "low"})


def _meeting(verb: str, level: Operand, said: str) -> Condition:
    under, over = Compare(_LOW, "<=", level), Compare(_HIGH, ">=", level)
    back_up, back_down = Compare(CLOSE, ">", level), Compare(CLOSE, "<", level)
    if verb == "touch":
        text = level.render(None)
        if text.endswith((".lower",)) or text.startswith(("lowest", "prev_day.low")):
            return under
        if text.endswith((".upper",)) or text.startswith(("highest", "prev_day.high")):
            return over
        return Sided(under, over)
    if verb == "sweep":
        low, high = Compare(_LOW, "<", level), Compare(_HIGH, ">", level)
        return Sided(both(low, back_up), both(high, back_down))
    if verb == "bounce":
        found: Condition = Sided(both(under, back_up), both(over, back_down))
        note = f"“{said}”: the candle reaches the level and closes on the near side of it."
        return with_note(found, note)
    return with_note(
        Sided(both(under, back_up), both(over, back_down)),
        f"“{said}”: the candle reaches the level and closes away from it.",
    )


def sweep_and_back(c: Context, i: int) -> Found | None:
    """`dips under yesterday's low and closes back above it`: in one candle."""

    s = c.s
    lead = operand(c, i) if not s.has(i, "it") else None
    j = lead[1] if lead and lead[0].render(None) in {"close", "high", "low"} else i
    j = j + 1 if s.has(i, "it") else j
    if not s.has(j, "fall", "rise", "move", "break", "sweep", "cross"):
        return None
    away = relation(s, j)
    level = operand(c, away.end) if away else None
    if away is None or level is None or level[0].scale != "price" or level[0].is_number:
        return None
    k = s.skip(level[1], "and", "but", "then", ",")
    back = relation(s, k)
    if back is None or not s.has(k, "closes") or not s.has(back.end, "it", "inside"):
        return None
    below = away.op in {"<", "<=", "crosses below"} or "low" in level[0].render(None)
    c.subject, c.thing = CLOSE, level[0]
    first = Compare(_LOW if below else _HIGH, "<" if below else ">", level[0])
    return both(first, Compare(CLOSE, ">" if below else "<", level[0])), back.end + 1


def broken(c: Context, i: int) -> Found | None:
    """`yesterday's high is broken`."""
    found = operand(c, i)
    if (
        found is None
        or found[0].scale != "price"
        or found[0].is_number
        or not isinstance(found[0], Term)
    ):
        return None
    j = c.s.skip(found[1], "is", "move")
    if j == found[1] or c.s.at(j).raw not in {"broken", "breached", "taken"}:
        return None
    up = Compare(CLOSE, "crosses above", found[0])
    down = Compare(CLOSE, "crosses below", found[0])
    side = "high" in found[0].text, "low" in found[0].text
    c.subject = CLOSE
    return (up if side[0] and not side[1] else down if side[1] else Sided(up, down)), j + 1
