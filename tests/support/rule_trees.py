"""Rules by chance, candles by chance, and a slow evaluator that anybody can check by reading."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from agents.decision.rules.tree import (
    And,
    Arithmetic,
    Between,
    Comparison,
    Condition,
    Crosses,
    Moves,
    Negative,
    Not,
    Number,
    Operand,
    Or,
    Value,
    all_of,
    any_of,
    negative,
)
from agents.domain.market import Timeframe
from agents.extraction.frame import Frame, resample

FIVE_MINUTES = Timeframe.parse("5m")
START = 1_704_067_200_000  # 2024-01-01, a Monday

# --- rules by chance --------------------------------------------------------------------------

NUMBERS = st.decimals(-200, 200, places=2).map(lambda value: Number(float(value) + 0.0))
POINTS = st.sampled_from(
    [
        ("open", (), ""),
        ("high", (), ""),
        ("low", (), ""),
        ("close", (), ""),
        ("volume", (), ""),
        ("sma", (3.0,), ""),
        ("ema", (4.0,), ""),
        ("rsi", (5.0,), ""),
        ("bb", (5.0, 1.5), "upper"),
        ("macd", (3.0, 6.0, 2.0), "hist"),
        ("highest", (4.0,), ""),
        ("lowest", (4.0,), ""),
        ("rvol", (3.0,), ""),
        ("change", (2.0,), ""),
        ("vwap", (), ""),
        ("prev_day", (), "low"),
    ]
)


@st.composite
def operands(draw: st.DrawFn) -> Operand:
    name, params, output = draw(POINTS)
    timeframe = draw(st.sampled_from([None, None, None, "15m", "1h"]))
    ago = draw(st.sampled_from([0, 0, 0, 1, 2, 7]))
    return Operand(name, params, output, timeframe, ago)


def _more_values(values: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    signs = st.sampled_from("+-*/")
    return values.map(negative) | st.builds(Arithmetic, signs, values, values)


VALUES: st.SearchStrategy[Value] = st.recursive(NUMBERS | operands(), _more_values, max_leaves=4)
LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Comparison, st.sampled_from(["<", "<=", ">", ">="]), VALUES, VALUES),
    st.builds(Between, VALUES, VALUES, VALUES),
    st.builds(Crosses, VALUES, VALUES, st.booleans()),
    st.builds(Moves, VALUES, st.booleans(), st.integers(1, 4)),
)


def _more_conditions(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, min_size=2, max_size=4).map(tuple)
    return parts.map(Not) | several.map(all_of) | several.map(any_of)


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(LEAVES, _more_conditions, max_leaves=8)

# --- candles by chance ------------------------------------------------------------------------


def candles(seed: int, count: int, start: int = START, gaps: bool = False) -> Frame:
    """`count` believable 5m candles; coarse prices, so that equal ones happen. Some are silent."""
    chance = np.random.default_rng(seed)
    steps = np.ones(count, dtype=np.int64)
    if gaps:
        steps = np.where(chance.random(count) < 0.05, chance.integers(2, 40, count), 1)
    opened = start + FIVE_MINUTES.ms * np.cumsum(steps)
    close = np.round(100 + np.cumsum(chance.normal(0, 0.4, count)), 1)
    open_ = np.round(close + chance.normal(0, 0.3, count), 1)
    high = np.round(np.maximum(open_, close) + abs(chance.normal(0, 0.2, count)), 1)
    low = np.round(np.minimum(open_, close) - abs(chance.normal(0, 0.2, count)), 1)
    volume = np.where(chance.random(count) < 0.1, 0.0, chance.integers(1, 50, count))
    return Frame("BTC/USDT", FIVE_MINUTES, opened, (open_, high, low, close, volume))


FRAMES = st.builds(candles, st.integers(0, 10_000), st.integers(1, 420), gaps=st.booleans())

# --- the slow evaluator -----------------------------------------------------------------------

TRUE, FALSE, UNKNOWN = "true", "false", "unknown"
COMPARES: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
CROSSES: dict[bool, Callable[[float, float, float, float], bool]] = {
    True: lambda was, was_line, now, line: not was > was_line and now > line,
    False: lambda was, was_line, now, line: not was < was_line and now < line,
}


class SlowRules:
    """Evaluates one candle after the other with plain Python; None is an unknown value."""

    def __init__(self, base: Frame) -> None:
        self.base = base
        self.frames = {None: base} | {
            text: resample(base, Timeframe.parse(text)) for text in ("15m", "1h")
        }

    def truth(self, condition: Condition, at: int) -> str:
        if isinstance(condition, Not):
            return {TRUE: FALSE, FALSE: TRUE, UNKNOWN: UNKNOWN}[self.truth(condition.condition, at)]
        if isinstance(condition, And):
            parts = [self.truth(part, at) for part in condition.parts]
            return FALSE if FALSE in parts else UNKNOWN if UNKNOWN in parts else TRUE
        if isinstance(condition, Or):
            parts = [self.truth(part, at) for part in condition.parts]
            return TRUE if TRUE in parts else UNKNOWN if UNKNOWN in parts else FALSE
        seen, holds = self.look(condition, at)
        if any(value is None for value in seen):
            return UNKNOWN
        return TRUE if holds(*seen) else FALSE

    def look(self, condition: Condition, at: int) -> tuple[list[float | None], Callable[..., bool]]:
        """The values that a single condition looks at, and what has to hold of them."""
        value = self.value
        match condition:
            case Comparison(sign, left, right):
                return [value(left, at), value(right, at)], COMPARES[sign]
            case Between(middle, low, high):
                seen = [value(middle, at), value(low, at), value(high, at)]
                return seen, lambda found, least, most: least <= found <= most
            case Crosses(over, line, above):
                seen = [value(one, when) for when in (at - 1, at) for one in (over, line)]
                return seen, CROSSES[above]
            case Moves(moving, rising, count):
                seen = [value(moving, at, back) for back in range(count, -1, -1)]
                moved = COMPARES[">" if rising else "<"]
                return seen, lambda *steps: all(moved(b, a) for a, b in pairwise(steps))
        raise TypeError(condition)

    def value(self, value: Value, at: int, back: int = 0) -> float | None:
        """The value at base candle `at`, each operand `back` of its own candles earlier."""
        if at < 0:
            return None
        if isinstance(value, Number):
            return value.value
        if isinstance(value, Negative):
            inner = self.value(value.value, at, back)
            return None if inner is None else -inner
        if isinstance(value, Operand):
            return self.operand(value, at, back)
        left, right = self.value(value.left, at, back), self.value(value.right, at, back)
        if left is None or right is None or (value.op == "/" and right == 0):
            return None
        calculated = {"+": left.__add__, "-": left.__sub__, "*": left.__mul__}.get(
            value.op, left.__truediv__
        )(right)
        return calculated if math.isfinite(calculated) else None

    def operand(self, operand: Operand, at: int, back: int) -> float | None:
        frame = self.frames[operand.timeframe]
        now = self.base.opened[at] + self.base.timeframe.ms
        over = [
            index for index in range(len(frame)) if frame.opened[index] + frame.timeframe.ms <= now
        ]
        place = (over[-1] if over else -1) - operand.ago - back
        if place < 0:
            return None
        if operand.name in ("open", "high", "low", "close", "volume"):
            column = getattr(frame, operand.name)
        else:
            column = frame.point(operand.name, operand.params, operand.output)
        found = float(column[place])
        return None if math.isnan(found) else found
