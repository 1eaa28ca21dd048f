"""How fast price moves, and how far it has stretched."""

import numpy as np
from numpy.typing import NDArray

from agents.extraction.datapoint import (
    Category,
    Column,
    DataPoint,
    Parameter,
    Params,
    nothing,
    wilder_settle,
)
from agents.extraction.frame import Frame
from agents.extraction.library import SIMPLE, talib
from agents.extraction.windows import blank, quotient, window_mean, window_sum

_MOMENTUM = Category.MOMENTUM


def _length(default: int, low: int = 2) -> Parameter:
    return Parameter("length", default, low, 1000)


def _flat(frame: Frame, length: int) -> NDArray[np.bool_]:
    """Where the last `length` candles have no range at all."""
    still: NDArray[np.bool_] = talib.MAX(frame.high, length) == talib.MIN(frame.low, length)
    return still


def _strength(values: Column, length: int) -> Column:
    """RSI; TA-Lib answers 0 when nothing has moved since the first candle, which is unknown."""
    column = talib.RSI(values, length)
    if not (column == 0).any():
        return column
    moved = np.maximum.accumulate(np.diff(values, prepend=values[:1]) != 0)
    return blank(column, ~moved)


def _change_strength(values: Column, length: int) -> Column:
    """Chande's momentum of Wilder's averages is the RSI on a scale from -100 to 100."""
    return 2 * _strength(values, length) - 100


def _stoch(frame: Frame, params: Params) -> tuple[Column, ...]:
    length, smooth, signal = map(int, params)
    fast, slow = talib.STOCH(
        frame.high, frame.low, frame.close, length, smooth, SIMPLE, signal, SIMPLE
    )
    flat = _flat(frame, length)
    return blank(fast, flat, smooth), blank(slow, flat, smooth + signal - 1)


def _rank(values: Column, length: int) -> Column:
    """Where the last of `length` values lies between the lowest (0) and highest (100)."""
    low, high = talib.MIN(values, length), talib.MAX(values, length)
    return 100 * quotient(values - low, high - low)


def _stochrsi(frame: Frame, params: Params) -> tuple[Column, ...]:
    strength, length, smooth, signal = map(int, params)
    fast = window_mean(_rank(_strength(frame.close, strength), length), smooth)
    return fast, window_mean(fast, signal)


def _cci(frame: Frame, params: Params) -> tuple[Column, ...]:
    length = int(params[0])
    typical = frame.typical
    still = talib.MAX(typical, length) == talib.MIN(typical, length)
    return (blank(talib.CCI(frame.high, frame.low, frame.close, length), still),)


def _willr(frame: Frame, params: Params) -> tuple[Column, ...]:
    length = int(params[0])
    column = talib.WILLR(frame.high, frame.low, frame.close, length)
    return (blank(column, _flat(frame, length)),)


def _pressure(frame: Frame, true_low: Column, true_range: Column, length: float) -> Column:
    return quotient(
        window_sum(frame.close - true_low, int(length)), window_sum(true_range, int(length))
    )


def _ultosc(frame: Frame, params: Params) -> tuple[Column, ...]:
    """Williams' buying pressure over three windows, weighted 4, 2 and 1."""
    before = np.concatenate(([np.nan], frame.close[:-1]))
    low = np.minimum(frame.low, before)
    span = np.maximum(frame.high, before) - low
    short, middle, long = (_pressure(frame, low, span, length) for length in sorted(params))
    return (100 * (4 * short + 2 * middle + long) / 7,)


def _imi(frame: Frame, params: Params) -> tuple[Column, ...]:
    body = frame.close - frame.open
    length = int(params[0])
    up = window_sum(np.maximum(body, 0), length)
    return (100 * quotient(up, window_sum(np.abs(body), length)),)


ROWS = (
    DataPoint(
        "rsi",
        _MOMENTUM,
        "relative strength index of Wilder, 0 to 100",
        (_length(14),),
        (),
        lambda p: int(p[0]),
        lambda p: wilder_settle(p[0]),
        lambda f, p: (_strength(f.close, int(p[0])),),
    ),
    DataPoint(
        "stoch",
        _MOMENTUM,
        "place of the close in the range of the last candles, smoothed, 0 to 100",
        (_length(14), Parameter("smooth", 3, 1, 200), Parameter("signal", 3, 1, 200)),
        ("k", "d"),
        lambda p: int(sum(p)) - 3,
        nothing,
        _stoch,
    ),
    DataPoint(
        "stochrsi",
        _MOMENTUM,
        "place of the RSI in its own range, smoothed, 0 to 100",
        (
            Parameter("rsi", 14, 2, 1000),
            Parameter("length", 14, 2, 1000),
            Parameter("smooth", 3, 1, 200),
            Parameter("signal", 3, 1, 200),
        ),
        ("k", "d"),
        lambda p: int(sum(p)) - 3,
        lambda p: wilder_settle(p[0], 36.0),
        _stochrsi,
    ),
    DataPoint(
        "cci",
        _MOMENTUM,
        "commodity channel index: distance of the typical price from its average",
        (_length(20),),
        (),
        lambda p: int(p[0]) - 1,
        nothing,
        _cci,
    ),
    DataPoint(
        "willr",
        _MOMENTUM,
        "Williams %R: place of the close in the range, -100 to 0",
        (_length(14),),
        (),
        lambda p: int(p[0]) - 1,
        nothing,
        _willr,
    ),
    DataPoint(
        "roc",
        _MOMENTUM,
        "change of the close over n candles, in percent",
        (_length(10, 1),),
        (),
        lambda p: int(p[0]),
        nothing,
        lambda f, p: (talib.ROC(f.close, int(p[0])),),
    ),
    DataPoint(
        "mom",
        _MOMENTUM,
        "change of the close over n candles, in quote currency",
        (_length(10, 1),),
        (),
        lambda p: int(p[0]),
        nothing,
        lambda f, p: (talib.MOM(f.close, int(p[0])),),
    ),
    DataPoint(
        "cmo",
        _MOMENTUM,
        "Chande's momentum oscillator, -100 to 100",
        (_length(14),),
        (),
        lambda p: int(p[0]),
        lambda p: wilder_settle(p[0], 32.0),
        lambda f, p: (_change_strength(f.close, int(p[0])),),
    ),
    DataPoint(
        "ultosc",
        _MOMENTUM,
        "ultimate oscillator of Williams over three lengths, 0 to 100",
        (
            Parameter("short", 7, 1, 500),
            Parameter("middle", 14, 1, 500),
            Parameter("long", 28, 1, 500),
        ),
        (),
        lambda p: int(max(p)),
        nothing,
        _ultosc,
    ),
    DataPoint(
        "ao",
        _MOMENTUM,
        "awesome oscillator: SMA(fast) - SMA(slow) of the middle of each candle",
        (Parameter("fast", 5, 1, 500), Parameter("slow", 34, 2, 500)),
        (),
        lambda p: int(max(p)) - 1,
        nothing,
        lambda f, p: (
            window_mean((f.high + f.low) / 2, int(p[0]))
            - window_mean((f.high + f.low) / 2, int(p[1])),
        ),
    ),
    DataPoint(
        "imi",
        _MOMENTUM,
        "intraday momentum: share of rising bodies in all bodies, 0 to 100",
        (_length(14),),
        (),
        lambda p: int(p[0]) - 1,
        nothing,
        _imi,
    ),
)
