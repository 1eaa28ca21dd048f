"""Rules over a whole history at once: numpy columns, one value for each candle of the base."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from agents.decision.rules.context import Context
from agents.decision.rules.rule import Rule
from agents.decision.rules.tree import (
    And,
    Arithmetic,
    Between,
    Comparison,
    Condition,
    Crosses,
    Leaf,
    Moves,
    Negative,
    Not,
    Number,
    Operand,
    Or,
    Value,
)

Column: TypeAlias = NDArray[np.float64]
Truths: TypeAlias = NDArray[np.int8]

# Inside, truth is ordered: and is the minimum, or the maximum, not the distance from the top.
_FALSE, _UNKNOWN, _TRUE = 0, 1, 2
_OUTSIDE = np.array([0, -1, 1], dtype=np.int8)

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMBINE: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def evaluate(rule: Rule, context: Context) -> Truths:
    """For each candle of the base 1 (true), 0 (false) or -1 (unknown)."""
    return _OUTSIDE[_truth(rule.condition, context)]


def column(value: Value, context: Context) -> Column:
    """`value` at each candle of the base; NaN is unknown."""
    return _column(value, context, 0)


def _truth(condition: Condition, context: Context) -> Truths:
    match condition:
        case And(parts):
            return reduce(np.minimum, (_truth(part, context) for part in parts))
        case Or(parts):
            return reduce(np.maximum, (_truth(part, context) for part in parts))
        case Not(inner):
            return _TRUE - _truth(inner, context)
        case _:
            return _leaf_truth(condition, context)


def _leaf_truth(leaf: Leaf, context: Context) -> Truths:
    match leaf:
        case Comparison(sign, left, right):
            sides = column(left, context), column(right, context)
            return _known(_COMPARE[sign](*sides), *sides)
        case Between(value, low, high):
            three = column(value, context), column(low, context), column(high, context)
            return _known((three[1] <= three[0]) & (three[0] <= three[2]), *three)
        case Crosses():
            return _crosses(leaf, context)
        case Moves():
            return _moves(leaf, context)


def _known(met: NDArray[np.bool_], *columns: Column) -> Truths:
    """`met` as truth, unknown wherever one of the columns is."""
    unknown = reduce(np.logical_or, (np.isnan(one) for one in columns))
    truth = np.where(met, np.int8(_TRUE), np.int8(_FALSE))
    truth[unknown] = _UNKNOWN
    return truth


def _crosses(condition: Crosses, context: Context) -> Truths:
    value, level = column(condition.value, context), column(condition.level, context)
    was_value, was_level = _earlier(value, 1), _earlier(level, 1)
    if condition.above:
        met = (was_value <= was_level) & (value > level)
    else:
        met = (was_value >= was_level) & (value < level)
    return _known(met, value, level, was_value, was_level)


def _moves(condition: Moves, context: Context) -> Truths:
    steps = [_column(condition.value, context, shift) for shift in range(condition.count + 1)]
    compare = np.greater if condition.rising else np.less
    met = reduce(np.logical_and, (compare(now, before) for now, before in pairwise(steps)))
    return _known(met, *steps)


def _column(value: Value, context: Context, shift: int) -> Column:
    """`value` with each operand taken `shift` of its own candles earlier."""
    match value:
        case Number(number):
            return np.full(len(context.base), number)
        case Operand():
            return _operand(value, context, value.ago + shift)
        case Negative(inner):
            return -_column(inner, context, shift)
        case Arithmetic(sign, left, right):
            sides = _column(left, context, shift), _column(right, context, shift)
            with np.errstate(all="ignore"):
                result: Column = _COMBINE[sign](*sides)
            return np.where(np.isfinite(result), result, np.nan)


def _operand(operand: Operand, context: Context, ago: int) -> Column:
    frame = context.frame(operand.timeframe)
    values = raw(operand, frame)
    if frame is context.base:
        return _earlier(values, ago)
    places = context.aligned(operand.timeframe) - ago
    found = np.full(len(places), np.nan)
    known = places >= 0
    found[known] = values[places[known]]
    return found


def raw(operand: Operand, frame: Any) -> Column:
    """The operand's column over `frame`, its offset left aside."""
    values: Column = (
        getattr(frame, operand.name)
        if operand.is_column
        else frame.point(operand.name, operand.params, operand.output)
    )
    return values


def _earlier(values: Column, count: int) -> Column:
    if not count:
        return values
    result = np.full(len(values), np.nan)
    if count < len(values):
        result[count:] = values[:-count]
    return result
