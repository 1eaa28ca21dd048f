"""How much price moves."""

import numpy as np

from agents.extraction.datapoint import (
    Category,
    Column,
    DataPoint,
    Parameter,
    Params,
    ema_settle,
    fixed,
    nothing,
    wilder_settle,
)
from agents.extraction.frame import Frame
from agents.extraction.library import talib
from agents.extraction.windows import quotient, window_moments, window_sum

_VOLATILITY = Category.VOLATILITY
_KELTNER_ATR = 10
_WILDER = (Parameter("length", 14, 1, 1000),)
_BAND = (Parameter("length", 20, 2, 1000), Parameter("factor", 2, 0.1, 20, whole=False))
_BANDS = ("upper", "middle", "lower", "width")


def _with_width(upper: Column, middle: Column, lower: Column) -> tuple[Column, ...]:
    return upper, middle, lower, 100 * quotient(upper - lower, middle)


def _bb(frame: Frame, params: Params) -> tuple[Column, ...]:
    middle, deviation = window_moments(frame.close, int(params[0]))
    reach = params[1] * deviation
    return _with_width(middle + reach, middle, middle - reach)


def _percent_b(frame: Frame, params: Params) -> tuple[Column, ...]:
    upper, _, lower, _ = _bb(frame, params)
    return (quotient(frame.close - lower, upper - lower),)


def _keltner(frame: Frame, params: Params) -> tuple[Column, ...]:
    upper, middle, lower = talib.KC(
        frame.high, frame.low, frame.close, int(params[0]), _KELTNER_ATR, float(params[1])
    )
    return _with_width(upper, middle, lower)


def _keltner_lookback(params: Params) -> int:
    return max(int(params[0]) - 1, _KELTNER_ATR)


def _keltner_settle(params: Params) -> int:
    return max(ema_settle(params[0]), wilder_settle(_KELTNER_ATR))


def _donchian(frame: Frame, params: Params) -> tuple[Column, ...]:
    upper = talib.MAX(frame.high, int(params[0]))
    lower = talib.MIN(frame.low, int(params[0]))
    return _with_width(upper, (upper + lower) / 2, lower)


def _zscore(frame: Frame, params: Params) -> tuple[Column, ...]:
    middle, deviation = window_moments(frame.close, int(params[0]))
    return (quotient(frame.close - middle, deviation),)


def _chop(frame: Frame, params: Params) -> tuple[Column, ...]:
    """Choppiness of Dreiss: how much of its movement price has wasted, 0 to 100."""
    length = int(params[0])
    ranges = talib.TRANGE(frame.high, frame.low, frame.close)
    path = window_sum(ranges, length)
    span = talib.MAX(frame.high, length) - talib.MIN(frame.low, length)
    return (100 * np.log10(quotient(path, span)) / np.log10(length),)


def _before(params: Params) -> int:
    return int(params[0]) - 1


ROWS = (
    DataPoint(
        "atr",
        _VOLATILITY,
        "average true range of Wilder, in quote currency",
        _WILDER,
        (),
        lambda p: int(p[0]),
        lambda p: wilder_settle(p[0]),
        lambda f, p: (talib.ATR(f.high, f.low, f.close, int(p[0])),),
    ),
    DataPoint(
        "natr",
        _VOLATILITY,
        "average true range in percent of the close",
        _WILDER,
        (),
        lambda p: int(p[0]),
        lambda p: wilder_settle(p[0]),
        lambda f, p: (talib.NATR(f.high, f.low, f.close, int(p[0])),),
    ),
    DataPoint(
        "tr",
        _VOLATILITY,
        "true range of the candle, with the gap to the close before it",
        (),
        (),
        fixed(1),
        nothing,
        lambda f, p: (talib.TRANGE(f.high, f.low, f.close),),
    ),
    DataPoint(
        "bb",
        _VOLATILITY,
        "Bollinger bands (deviation of the population); .width in percent",
        _BAND,
        _BANDS,
        _before,
        nothing,
        _bb,
    ),
    DataPoint(
        "percent_b",
        _VOLATILITY,
        "place of the close between the Bollinger bands (0 lower, 1 upper)",
        _BAND,
        (),
        _before,
        nothing,
        _percent_b,
    ),
    DataPoint(
        "keltner",
        _VOLATILITY,
        "EMA of the typical price and bands of ATR(10); .width in percent",
        _BAND,
        _BANDS,
        _keltner_lookback,
        _keltner_settle,
        _keltner,
    ),
    DataPoint(
        "donchian",
        _VOLATILITY,
        "highest high and lowest low with the present candle",
        (Parameter("length", 20, 2, 1000),),
        _BANDS,
        _before,
        nothing,
        _donchian,
    ),
    DataPoint(
        "stddev",
        _VOLATILITY,
        "standard deviation of the close (population), in quote currency",
        (Parameter("length", 20, 2, 1000),),
        (),
        _before,
        nothing,
        lambda f, p: (window_moments(f.close, int(p[0]))[1],),
    ),
    DataPoint(
        "zscore",
        _VOLATILITY,
        "distance of the close from its SMA in standard deviations",
        (Parameter("length", 20, 2, 1000),),
        (),
        _before,
        nothing,
        _zscore,
    ),
    DataPoint(
        "chop",
        _VOLATILITY,
        "choppiness: near 100 without direction, low in a trend",
        (Parameter("length", 14, 2, 1000),),
        (),
        lambda p: int(p[0]),
        nothing,
        _chop,
    ),
)
