"""Sums over a moving window that depend on the window alone.

A running sum (add the newest, take off the oldest) carries rounding of everything it ever saw: a
window without volume then sums to 1e-13 instead of zero, and a quiet window after a wild one loses
digits. Here each window is added from its oldest to its newest value, so the same candles give
the same bits wherever the data began. All columns are as long as their input; the first
`length - 1` values are unknown.
"""

import numpy as np
from numpy.typing import NDArray

from agents.extraction.datapoint import Column, unknown


def window_sum(values: Column, length: int) -> Column:
    """The sum of the last `length` values."""
    result = unknown(len(values))
    count = len(values) - length + 1
    if count > 0:
        total = values[:count].copy()
        for offset in range(1, length):
            total += values[offset : offset + count]
        result[length - 1 :] = total
    return result


def window_mean(values: Column, length: int) -> Column:
    """The mean of the last `length` values."""
    return window_sum(values, length) / length


def window_moments(values: Column, length: int) -> tuple[Column, Column]:
    """Mean and standard deviation (of the population: divided by n) of the last `length` values.

    Measured from the newest value, so that equal values give zero and nothing cancels.
    """
    mean, deviation = unknown(len(values)), unknown(len(values))
    count = len(values) - length + 1
    if count > 0:
        newest = values[length - 1 :]
        shift, square = np.zeros(count), np.zeros(count)
        for offset in range(length - 1):
            distance = values[offset : offset + count] - newest
            shift += distance
            square += distance * distance
        shift /= length
        mean[length - 1 :] = newest + shift
        deviation[length - 1 :] = np.sqrt(np.maximum(square / length - shift * shift, 0))
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
