"""Rules at the last candle: compiled once into functions that look at a handful of numbers.

They answer what `history.evaluate` answers for its last candle, in microseconds.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from math import isfinite, nan
from typing import Any, TypeAlias

from agents.decision.rules.context import Context
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

TRUE, FALSE, UNKNOWN = 1, 0, -1
_KEPT = 100_000  # compiled conditions and operands, which thousands of rules share

Truth: TypeAlias = Callable[[Context], int]
Getter: TypeAlias = Callable[[Context, int, int], float]
"""Takes the context, base candles back, and own candles back besides; NaN is unknown."""

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def truth_of(condition: Condition) -> Truth:
    """A function that tells whether `condition` holds at a context's last candle."""
    match condition:
        case And(parts):
            return _and([truth_of(part) for part in parts])
        case Or(parts):
            return _or([truth_of(part) for part in parts])
        case Not(inner):
            return _not(truth_of(inner))
        case _:
            return leaf_truth(condition)


@lru_cache(maxsize=_KEPT)
def leaf_truth(leaf: Leaf) -> Truth:
    """A function that tells whether a single condition holds."""
    match leaf:
        case Comparison(sign, left, right):
            return _comparison(_COMPARE[sign], getter(left), getter(right))
        case Between(value, low, high):
            return _between(getter(value), getter(low), getter(high))
        case Crosses(value, level, above):
            return _crosses(getter(value), getter(level), above)
        case Moves(value, rising, count):
            return _moves(getter(value), rising, count)


def _and(parts: list[Truth]) -> Truth:
    def truth(context: Context) -> int:
        found = TRUE
        for part in parts:
            one = part(context)
            if one == FALSE:
                return FALSE
            if one == UNKNOWN:
                found = UNKNOWN
        return found

    return truth


def _or(parts: list[Truth]) -> Truth:
    def truth(context: Context) -> int:
        found = FALSE
        for part in parts:
            one = part(context)
            if one == TRUE:
                return TRUE
            if one == UNKNOWN:
                found = UNKNOWN
        return found

    return truth


def _not(part: Truth) -> Truth:
    def truth(context: Context) -> int:
        one = part(context)
        return one if one == UNKNOWN else TRUE - one

    return truth


def _comparison(compare: Callable[[float, float], bool], left: Getter, right: Getter) -> Truth:
    def truth(context: Context) -> int:
        a, b = left(context, 0, 0), right(context, 0, 0)
        if a != a or b != b:  # noqa: PLR0124  # NaN alone differs from itself
            return UNKNOWN
        return TRUE if compare(a, b) else FALSE

    return truth


def _between(value: Getter, low: Getter, high: Getter) -> Truth:
    def truth(context: Context) -> int:
        found, least, most = value(context, 0, 0), low(context, 0, 0), high(context, 0, 0)
        if found != found or least != least or most != most:  # noqa: PLR0124
            return UNKNOWN
        return TRUE if least <= found <= most else FALSE

    return truth


def _crosses(value: Getter, level: Getter, above: bool) -> Truth:
    beyond, not_beyond = (operator.gt, operator.le) if above else (operator.lt, operator.ge)

    def truth(context: Context) -> int:
        if len(context.base) < 2:  # there was no candle earlier, not even for constants
            return UNKNOWN
        now, line = value(context, 0, 0), level(context, 0, 0)
        was, was_line = value(context, 1, 0), level(context, 1, 0)
        if now != now or line != line or was != was or was_line != was_line:  # noqa: PLR0124
            return UNKNOWN
        return TRUE if beyond(now, line) and not_beyond(was, was_line) else FALSE

    return truth


def _moves(value: Getter, rising: bool, count: int) -> Truth:
    moved = operator.gt if rising else operator.lt

    def truth(context: Context) -> int:
        steps = [value(context, 0, shift) for shift in range(count + 1)]
        if any(step != step for step in steps):  # noqa: PLR0124
            return UNKNOWN
        return TRUE if all(moved(now, before) for now, before in pairwise(steps)) else FALSE

    return truth


def getter(value: Value) -> Getter:
    """A function that fetches or computes `value`."""
    match value:
        case Number(number):
            return lambda context, back, shift: number
        case Operand():
            return _operand(value)
        case Negative(inner):
            inside = getter(inner)
            return lambda context, back, shift: -inside(context, back, shift)
        case Arithmetic(sign, left, right):
            return _arithmetic(sign, getter(left), getter(right))


@lru_cache(maxsize=_KEPT)
def _operand(operand: Operand) -> Getter:
    text, ago, timeframe = str(operand), operand.ago, operand.timeframe
    key = (operand.name, operand.params, operand.output)
    is_column = operand.is_column

    def fetch(context: Context, back: int, shift: int) -> float:
        frame, index = context.place(timeframe, back)
        index -= ago + shift
        if index < 0:
            return nan
        column = getattr(frame, key[0]) if is_column else frame.point(*key)
        return float(column.item(index))

    def get(context: Context, back: int, shift: int) -> float:
        if back or shift:
            return fetch(context, back, shift)
        seen = context.seen
        if text not in seen:
            seen[text] = fetch(context, 0, 0)
        return seen[text]

    return get


_COMBINE: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def _arithmetic(sign: str, left: Getter, right: Getter) -> Getter:
    combine = _COMBINE[sign]

    def combined(context: Context, back: int, shift: int) -> float:
        a, b = left(context, back, shift), right(context, back, shift)
        if sign == "/" and b == 0:
            return nan
        result = combine(a, b)
        return result if isfinite(result) else nan

    return combined
