"""States of one indicator: oversold, positive, turning up, rising."""

from dataclasses import replace
from decimal import Decimal

from agents.decision.words.conditions import Compare, Condition, Sided, Slope, both
from agents.decision.words.context import Context
from agents.decision.words.operands import operand
from agents.decision.words.spans import whole_number
from agents.decision.words.terms import CLOSE, Operand, Term, number

Found = tuple[Condition, int]
ZERO = number(Decimal(0))
# Oversold and overbought by indicator: operand, scale, the two levels.
_EXTREMES = {
    "rsi": (30, 70), "stoch": (20, 80), "stochrsi": (20, 80), "mfi": (20, 80), "cci": (-100, 100),
    "willr": (-80, -20),
}  # fmt: skip


def state(c: Context, i: int) -> Found | None:
    """`rsi is oversold`, `macd turns positive`, `supertrend flips green`, `ema50 is rising`."""
    s = c.s
    if s.has(i, "it"):
        subject, j = c.subject, i + 1
    elif c.subject is not None and (
        s.has(i, "turn", "rising", "falling")
        or (s.has(i, "buy", "sell", "long", "short") and s.has(i + 1, "signal"))
    ):
        subject, j = c.subject, i
    else:
        found = operand(c, i)
        if found is None or found[0].is_number:
            return None
        subject, j = found
    if subject is None:
        subject = CLOSE
    j = s.skip(j, "is", "direction")
    turn = s.has(j, "turn", "move", "flip", "rise", "fall", "cross")
    k = s.skip(j, "turn", "flip", "back", "is", "move", "cross", "rise", "fall") if turn else j
    back = s.has(k - 1, "back")
    k = s.skip(k, "in", "through", "to") if s.has(s.skip(k, "in", "through", "to"), *_EDGES) else k
    if s.has(j, "buy", "sell", "long", "short") and s.has(j + 1, "signal"):
        c.subject = subject
        return _signalled(subject, s.has(j, "buy", "long"), j + 2)
    if s.has(j, "leaves"):
        return _left_extreme(c, subject, j)
    bend = s.has(j, "turn", "flip")
    either = _flipped(c, subject, j + 1) if bend and isinstance(subject, Term) else None
    if either is not None:
        return either
    found_state = _described(c, subject, k, turn or back, bend) or _slope(c, subject, j)
    if found_state:
        c.subject = subject
    return found_state


_UP = frozenset({"positive", "bullish", "green", "up", "uptrend"})
_DOWN = frozenset({"negative", "bearish", "red", "down", "downtrend"})
_EDGES = ("oversold", "overbought", "positive", "negative", "uptrend", "downtrend")


def _described(c: Context, subject: Operand, i: int, turn: bool, bend: bool) -> Found | None:
    """`oversold`, `positive`, `green`, `up` of an indicator; crossed into it after a turn."""
    label = c.s.label(i)
    if label in {"oversold", "overbought"}:
        return _extreme(c, subject, label, i + 1)
    if label not in _UP | _DOWN or not isinstance(subject, Term):
        return None
    up = label in _UP
    op = ("crosses above" if up else "crosses below") if turn else (">" if up else "<")
    lines = _own_lines(subject, macd=label not in {"positive", "negative", "up", "down"})
    if lines is not None:
        return Compare(lines[0], op, lines[1]), i + 1
    if subject.scale == "zero" and label not in {"up", "down"}:
        return Compare(subject, op, ZERO), i + 1
    if bend and label in {"up", "down", "bullish", "bearish"} and subject.scale != "number":
        return _turned(subject, up), i + 1
    return None


def _own_lines(subject: Term, *, macd: bool = True) -> tuple[Operand, Operand] | None:
    """What crosses what when an indicator changes side; None where it has no such pair."""
    text = subject.text
    if text.startswith("supertrend"):
        return replace(subject, text=text.split(".")[0] + ".direction", scale="zero"), ZERO
    if text.startswith("psar"):
        return CLOSE, subject
    if macd and text.startswith("macd") and text.endswith(".line"):
        return subject, replace(subject, text=text.replace(".line", ".signal"))
    return None


def _signalled(subject: Operand, up: bool, end: int) -> Found | None:
    """`supertrend buy signal`: the indicator changes to that side."""
    lines = _own_lines(subject) if isinstance(subject, Term) else None
    op = "crosses above" if up else "crosses below"
    return (Compare(lines[0], op, lines[1]), end) if lines else None


def _flipped(c: Context, subject: Term, i: int) -> Found | None:
    """`supertrend flips`, `psar flip long`: its own way for each side."""
    lines = _own_lines(subject, macd=False)
    if lines is None or c.s.label(i) in _UP | _DOWN:
        return None
    up, down = (Compare(lines[0], f"crosses {way}", lines[1]) for way in ("above", "below"))
    return Sided(up, down), i


def _turned(subject: Term, up: bool) -> Condition:
    """The indicator changes direction: it fell before and rises now, or the reverse."""
    before, then = replace(subject, shift=1, past=False), replace(subject, shift=2, past=False)
    now = replace(subject, past=False)
    ops = (">", "<=") if up else ("<", ">=")
    return both(Compare(now, ops[0], before), Compare(before, ops[1], then))


def _extreme(c: Context, subject: Operand, label: str, end: int) -> Found | None:
    low = label == "oversold"
    op = "<" if low else ">"
    if isinstance(subject, Term):
        for name, levels in _EXTREMES.items():
            if subject.text.startswith(f"{name}("):
                level = number(Decimal(levels[0] if low else levels[1]))
                note = f"“{label}” is {subject.text} {'below' if low else 'above'} {level.text}."
                return Compare(subject, op, level, (note,)), end
    if subject.scale != "price":
        return None
    return plain_extreme(low), end


def _left_extreme(c: Context, subject: Operand, i: int) -> Found | None:
    """`rsi exits oversold`: back through the level."""
    found = _extreme(
        c, subject, "oversold" if "sold" in c.s.verbatim(i, i + 1).lower() else "overbought", i + 1
    )
    if found is None or not isinstance(found[0], Compare):
        return None
    return replace(found[0], op="crosses above" if found[0].op == "<" else "crosses below"), i + 1


def plain_extreme(low: bool) -> Compare:
    """Oversold or overbought without an indicator: the usual reading."""
    level, word = (30, "oversold") if low else (70, "overbought")
    note = f"“{word}” is rsi(14) {'below' if low else 'above'} {level}."
    rsi = Term("rsi(14)", "percent100")
    return Compare(rsi, "<" if low else ">", number(Decimal(level)), (note,))


def bare_extreme(c: Context, i: int) -> Found | None:
    """`oversold`, `oversold rsi`, `overbought conditions`."""
    s = c.s
    if not s.has(i, "oversold", "overbought"):
        return None
    low, word = s.has(i, "oversold"), s.label(i)
    if s.label(i + 1) in _EXTREMES and (found := operand(c, i + 1)):
        return _extreme(c, found[0], word, found[1])
    return plain_extreme(low), i + 1


def vague_level(c: Context, i: int) -> Found | None:
    """`rsi is low`, `rsi high`: the usual threshold, stated."""
    s = c.s
    if s.label(i) not in _EXTREMES or (found := operand(c, i)) is None:
        return None
    j = s.skip(found[1], "is")
    low = s.has(j, "low", "weak") or (s.has(j, "lower") and s.at(j).raw == "lower")
    if not low and not s.has(j, "high", "strong"):
        return None
    levels = _EXTREMES[s.label(i)]
    level = number(Decimal(levels[0] if low else levels[1]))
    if not isinstance(found[0], Term):
        return None
    said, way = s.verbatim(i, j + 1), "below" if low else "above"
    note = f"“{said}” is {found[0].text} {way} {level.text}; say the level if you mean another."
    return Compare(found[0], "<" if low else ">", level, (note,)), j + 1


def _slope(c: Context, subject: Operand, i: int) -> Found | None:
    """`rising 3`, `falling for 3 candles`, `sloping up`."""
    s = c.s
    if not s.has(i, "rising", "falling") or s.has(i + 1, "above", "below", "through", "back"):
        return None
    j = s.skip(i + 1, "for", "last", "in", "over")
    if s.has(j, "above", "in") and s.has(j + 1, "last"):
        j += 2
    count = whole_number(s, j)
    end = s.skip(j + 1, "candle", "period", "row", "times", "last") if count else i + 1
    if count and s.has(j + 1, "percent", "r"):
        return None
    if isinstance(subject, Term):
        subject = replace(subject, past=False)
    return Slope(subject, s.has(i, "rising"), count or 1), end


def slope_first(c: Context, i: int) -> Found | None:
    """`rising ema 50`, `falling rsi`, `increasing volume for 3 candles`."""
    s = c.s
    if not s.has(i, "rising", "falling"):
        return None
    found = operand(c, i + 1)
    if found is None or found[0].is_number:
        return None
    j = s.skip(found[1], "for", "last")
    count = whole_number(s, j) if s.has(j + 1, "candle", "period") else None
    c.subject = found[0]
    return Slope(found[0], s.has(i, "rising"), count or 1), (j + 2 if count else found[1])
