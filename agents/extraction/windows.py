"""Sums over a moving window that depend on the window alone.

A running sum (add the newest, take off the oldest) carries rounding of everything it ever saw: a
window without volume then sums to 1e-13 instead of zero, and a quiet window after a wild one loses
digits. Here the sums of 1, 2, 4, 8 ... values are built from each other and put together to the
length that is wanted, in the same order everywhere: the same candles give the same bits wherever
the data began, and equal values have no deviation. All columns are as long as their input; the
first `length - 1` values are unknown.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from agents.extraction.datapoint import Column, unknown

Part = TypeVar("Part")


def _folded(first: Part, length: int, join: Callable[[Part, Part, int, int], Part]) -> Part:
    """`first` describes windows of one value; the answer describes windows of `length` values.

    `join(left, right, m, n)` makes windows of m + n values out of windows of m values and windows
    of n values, of which the right ones begin where the left ones end.
    """
    doubled, size = first, 1
    whole, covered = first, 0
    while True:
        if length & size:
            whole = join(doubled, whole, size, covered) if covered else doubled
            covered += size
        if covered == length:
            return whole
        doubled = join(doubled, doubled, size, size)
        size *= 2


def _sum(left: Column, right: Column, m: int, n: int) -> Column:
    count = len(left) - n
    return left[:count] + right[m:]


def window_sum(values: Column, length: int) -> Column:
    """The sum of the last `length` values."""
    result = unknown(len(values))
    if len(values) >= length:
        result[length - 1 :] = _folded(values, length, _sum)
    return result


def window_mean(values: Column, length: int) -> Column:
    """The mean of the last `length` values."""
    return window_sum(values, length) / length


def _moments(
    left: tuple[Column, Column], right: tuple[Column, Column], m: int, n: int
) -> tuple[Column, Column]:
    """Mean and sum of squared distances from it (Chan, Golub and LeVeque's way to join them)."""
    count = len(left[0]) - n
    mean, square = left[0][:count], left[1][:count]
    distance = right[0][m:] - mean
    joined = square + right[1][m:] + distance * distance * (m * n / (m + n))
    return mean + distance * (n / (m + n)), joined


def window_moments(values: Column, length: int) -> tuple[Column, Column]:
    """Mean and standard deviation (of the population: divided by n) of the last `length` values."""
    mean, deviation = unknown(len(values)), unknown(len(values))
    if len(values) >= length:
        ones = values, np.zeros(len(values))
        mean[length - 1 :], square = _folded(ones, length, _moments)
        deviation[length - 1 :] = np.sqrt(square / length)
    return mean, deviation


def quotient(top: Column, bottom: Column) -> Column:
    """`top / bottom`, unknown where `bottom` is zero."""
    result = unknown(len(top))
    np.divide(top, bottom, out=result, where=bottom != 0)
    return result


def blank(column: Column, undefined: NDArray[np.bool_], length: int = 1) -> Column:
    """`column`, unknown wherever one of the last `length` candles is `undefined`."""
    if not undefined.any():
        return column
    spread = undefined.copy()
    for offset in range(1, length):
        spread[offset:] |= undefined[:-offset]
    return np.where(spread, np.nan, column)


def earlier(column: Column, count: int) -> Column:
    """`column` as it was `count` candles before."""
    result = unknown(len(column))
    if count < len(column):
        result[count:] = column[: len(column) - count]
    return result
