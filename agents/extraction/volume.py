"""How much is traded, and by whom it is moved."""

import numpy as np

from agents.extraction.datapoint import (
    Category,
    Column,
    DataPoint,
    Parameter,
    Params,
    fixed,
    nothing,
)
from agents.extraction.frame import Frame
from agents.extraction.library import talib
from agents.extraction.windows import earlier, quotient, window_mean, window_sum

_VOLUME = Category.VOLUME


def _mfi(frame: Frame, params: Params) -> tuple[Column, ...]:
    """TA-Lib's definition; its running sums keep rests of flows that have left the window."""
    typical = frame.typical
    change = np.diff(typical, prepend=np.nan)
    flow = np.where(np.isnan(change), np.nan, typical * frame.volume)
    up = window_sum(np.where(change > 0, flow, change * 0), int(params[0]))
    down = window_sum(np.where(change < 0, flow, change * 0), int(params[0]))
    return (100 * quotient(up, up + down),)


def _cmf(frame: Frame, params: Params) -> tuple[Column, ...]:
    """Chaikin's money flow; a candle without range counts as neutral."""
    span = frame.high - frame.low
    place = quotient(2 * frame.close - frame.low - frame.high, span)
    flow = window_sum(np.where(span > 0, place, 0) * frame.volume, int(params[0]))
    return (quotient(flow, window_sum(frame.volume, int(params[0]))),)


def _rvol(frame: Frame, params: Params) -> tuple[Column, ...]:
    before = earlier(window_mean(frame.volume, int(params[0])), 1)
    return (quotient(frame.volume, before),)


def _length(default: int, low: int = 1) -> tuple[Parameter, ...]:
    return (Parameter("length", default, low, 1000),)


ROWS = (
    DataPoint(
        "obv",
        _VOLUME,
        "on-balance volume; its level counts from the first candle held",
        (),
        (),
        fixed(0),
        nothing,
        lambda f, p: (talib.OBV(f.close, f.volume),),
        cumulative=True,
    ),
    DataPoint(
        "ad",
        _VOLUME,
        "accumulation / distribution; its level counts from the first candle held",
        (),
        (),
        fixed(0),
        nothing,
        lambda f, p: (talib.AD(f.high, f.low, f.close, f.volume),),
        cumulative=True,
    ),
    DataPoint(
        "mfi",
        _VOLUME,
        "money flow index: RSI weighted by traded money, 0 to 100",
        _length(14, 2),
        (),
        lambda p: int(p[0]),
        nothing,
        _mfi,
    ),
    DataPoint(
        "cmf",
        _VOLUME,
        "Chaikin money flow, -1 to 1",
        _length(20),
        (),
        lambda p: int(p[0]) - 1,
        nothing,
        _cmf,
    ),
    DataPoint(
        "rvol",
        _VOLUME,
        "volume over the mean volume of the n candles before",
        _length(20),
        (),
        lambda p: int(p[0]),
        nothing,
        _rvol,
    ),
    DataPoint(
        "volume_sma",
        _VOLUME,
        "mean volume of the last n candles, in base currency",
        _length(20),
        (),
        lambda p: int(p[0]) - 1,
        nothing,
        lambda f, p: (window_mean(f.volume, int(p[0])),),
    ),
    DataPoint(
        "turnover",
        _VOLUME,
        "traded money of the candle: volume x typical price, in quote currency",
        (),
        (),
        fixed(0),
        nothing,
        lambda f, p: (f.typical * f.volume,),
    ),
)
