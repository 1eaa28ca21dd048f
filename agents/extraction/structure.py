"""Levels that price has made, candle shapes, and the state of the market. Nothing looks ahead."""

import numpy as np

from agents.extraction.datapoint import (
    Category,
    Column,
    DataPoint,
    Parameter,
    Params,
    nothing,
)
from agents.extraction.frame import Frame
from agents.extraction.library import talib
from agents.extraction.windows import earlier, quotient, window_mean, window_sum

_STRUCTURE = Category.STRUCTURE
_MEMORY = 500  # candles for which a swing, or a break of one, is remembered
_RANKED = 5  # volatility is ranked among this many times its own length
_CALM, _WILD = 20.0, 80.0


def _highest(values: Column, length: int) -> Column:
    return talib.MAX(values, length) if length > 1 else values.copy()


def _lowest(values: Column, length: int) -> Column:
    return -_highest(-values, length)


def _remembered(values: Column) -> Column:
    """Each value carried on until the next known one, for `_MEMORY` candles at most."""
    index = np.arange(len(values))
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, index))
    recent = (last >= 0) & (index - last < _MEMORY)
    return np.where(recent, values[last], np.nan)


def _swings(high: Column, length: int) -> Column:
    """The last swing high: above the `length` highs before it, not below as many after it.

    It is known when the last of these has closed and not earlier.
    """
    middle = earlier(high, length)
    before = earlier(_highest(high, length), length + 1)
    after = _highest(high, length)
    return _remembered(np.where((middle > before) & (middle >= after), middle, np.nan))


def _swing(frame: Frame, params: Params) -> tuple[Column, ...]:
    length = int(params[0])
    high, low = _swings(frame.high, length), -_swings(-frame.low, length)
    broken = np.where(frame.close > high, 1.0, np.where(frame.close < low, -1.0, np.nan))
    return high, low, _remembered(broken)


def _rank(values: Column, length: int) -> Column:
    """Percent of the `length` values before that were smaller."""
    smaller = np.zeros(len(values))
    for offset in range(1, length + 1):
        smaller += earlier(values, offset) < values
    known = ~np.isnan(earlier(values, length))
    return np.where(known, 100 * smaller / length, np.nan)


def _state(value: Column, low: float, high: float) -> Column:
    """-1 below `low`, +1 above `high`, 0 between."""
    return np.where(np.isnan(value), np.nan, (value > high) * 1.0 - (value < low) * 1.0)


def _regime(frame: Frame, params: Params) -> tuple[Column, ...]:
    length = int(params[0])
    steps = np.abs(np.diff(frame.close, prepend=np.nan))
    net = frame.close - earlier(frame.close, length)
    efficiency = quotient(np.abs(net), window_sum(steps, length))
    directed = efficiency > 2 / np.sqrt(length)
    trend = np.where(np.isnan(efficiency), np.nan, np.sign(net) * directed)
    ranges = talib.TRANGE(frame.high, frame.low, frame.close) / frame.close
    rank = _rank(window_mean(ranges, length), _RANKED * length)
    return trend, efficiency, _state(rank, _CALM, _WILD), rank


def _regime_lookback(params: Params) -> int:
    return int(params[0]) * (_RANKED + 1)


ROWS = (
    DataPoint(
        "highest",
        _STRUCTURE,
        "highest high of the last n candles with the present one",
        (Parameter("length", 20, 1, 2000),),
        (),
        lambda p: int(p[0]) - 1,
        nothing,
        lambda f, p: (_highest(f.high, int(p[0])),),
    ),
    DataPoint(
        "lowest",
        _STRUCTURE,
        "lowest low of the last n candles with the present one",
        (Parameter("length", 20, 1, 2000),),
        (),
        lambda p: int(p[0]) - 1,
        nothing,
        lambda f, p: (_lowest(f.low, int(p[0])),),
    ),
    DataPoint(
        "swing",
        _STRUCTURE,
        "last swing high and low, n candles to each side; .trend is the side last broken",
        (Parameter("length", 5, 1, 100),),
        ("high", "low", "trend"),
        lambda p: 2 * int(p[0]),
        lambda p: 2 * _MEMORY + 2 * int(p[0]),
        _swing,
    ),
    DataPoint(
        "regime",
        _STRUCTURE,
        ".trend +1 up, -1 down, 0 chop; .volatility +1 wild, -1 calm, 0 usual; and their grounds",
        (Parameter("length", 50, 5, 200),),
        ("trend", "efficiency", "volatility", "rank"),
        _regime_lookback,
        nothing,
        _regime,
    ),
)
