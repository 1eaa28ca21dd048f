"""Longer candles out of shorter ones, along the UTC clock (weeks from Monday)."""

from array import array
from datetime import datetime
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from agents.domain.market import Candles, Timeframe, to_ms

Times: TypeAlias = NDArray[np.int64]
"""Open times in milliseconds."""
Prices: TypeAlias = NDArray[np.float64]
"""Five rows: open, high, low, close, volume; a column for each candle."""


def resample(candles: Candles, timeframe: Timeframe, until: datetime | None = None) -> Candles:
    """`candles` put together to `timeframe`, those that closed by `until`.

    A first candle that the data begins inside is left out. Without `until` so is a last one that
    the data ends inside. Gaps stay gaps. Raises ValueError when `timeframe` is no multiple.
    """
    opened, prices = columns_of(candles)
    base = candles.timeframe
    closed = to_ms(until) if until else int(opened[-1]) + base.ms if len(opened) else 0
    return candles_of(candles.symbol, timeframe, *grouped(opened, prices, base, timeframe, closed))


def grouped(
    opened: Times, prices: Prices, base: Timeframe, timeframe: Timeframe, until: int
) -> tuple[Times, Prices]:
    """As resample, on columns; `until` in milliseconds."""
    if timeframe.seconds % base.seconds:
        raise ValueError(f"{timeframe} candles can't be put together from {base} candles")
    origin = timeframe.floor_ms(0)
    groups = (opened - origin) // timeframe.ms * timeframe.ms + origin
    starts = np.flatnonzero(np.diff(groups, prepend=groups[:1] - 1)) if len(groups) else groups
    if len(starts) and opened[0] != groups[0]:
        starts = starts[1:]
    starts = starts[groups[starts] + timeframe.ms <= until]
    return groups[starts], _joined(prices, starts, groups)


def _joined(prices: Prices, starts: Times, groups: Times) -> Prices:
    joined = np.empty((5, len(starts)))
    if not len(starts):
        return joined
    stop = int(np.searchsorted(groups, groups[starts[-1]], side="right"))
    joined[0] = prices[0, starts]
    joined[1] = np.maximum.reduceat(prices[1, :stop], starts)
    joined[2] = np.minimum.reduceat(prices[2, :stop], starts)
    joined[3] = prices[3, np.append(starts[1:], stop) - 1]
    joined[4] = np.add.reduceat(prices[4, :stop], starts)
    return joined


def columns_of(candles: Candles) -> tuple[Times, Prices]:
    """The columns of `candles` as numpy arrays (prices are copied)."""
    names = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    prices = np.array([np.frombuffer(name, dtype=np.float64) for name in names])
    return np.frombuffer(candles.opened, dtype=np.int64), prices


def candles_of(symbol: str, timeframe: Timeframe, opened: Times, prices: Prices) -> Candles:
    """Candles out of numpy columns."""
    times: array[int] = array("q", np.ascontiguousarray(opened, dtype=np.int64).tobytes())
    rows = (array("d", np.ascontiguousarray(row).tobytes()) for row in prices)
    return Candles(symbol, timeframe, times, *rows)
