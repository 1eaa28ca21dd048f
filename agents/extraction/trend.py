"""Where price is going: averages and what is built of them."""

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
from agents.extraction.library import EXPONENTIAL, talib
from agents.extraction.windows import blank, earlier, quotient, window_sum

_TREND = Category.TREND
_ANY = Parameter("length", 20, 1, 1000)
_LENGTH = Parameter("length", 20, 2, 1000)


def _hma_lookback(params: Params) -> int:
    return int(params[0]) - 1 + int(params[0] ** 0.5) - 1


def _kama_settle(params: Params) -> int:
    """KAMA's slowest pace is (2 / 31)^2 of the distance a candle, whatever its length."""
    return 5000


def _supertrend_settle(params: Params) -> int:
    """Two runs are one from the first flip on that they share. No bound can be proved; in 3,000
    starts on real and random candles it took two fifths of this at most.
    """
    return wilder_settle(params[0], 30.0) + int(300 * params[1])


def _psar_settle(params: Params) -> int:
    """As for supertrend; in 3,000 starts it took 4 / step candles at most."""
    return int(20 / params[0])


def _macd(frame: Frame, params: Params) -> tuple[Column, ...]:
    line, signal, histogram = talib.MACD(frame.close, *map(int, params))
    return line, signal, histogram


def _slowest(params: Params) -> float:
    return max(params[0], params[1])


def _adx(frame: Frame, params: Params) -> tuple[Column, ...]:
    """Without any movement since the first candle all three are 0 / 0: unknown."""
    candles, length = (frame.high, frame.low, frame.close), int(params[0])
    strength = talib.ADX(*candles, length)
    plus, minus = talib.PLUS_DI(*candles, length), talib.MINUS_DI(*candles, length)
    still = (plus == 0) & (minus == 0)
    return blank(strength, still), blank(plus, still), blank(minus, still)


def _aroon(frame: Frame, params: Params) -> tuple[Column, ...]:
    down, up = talib.AROON(frame.high, frame.low, int(params[0]))
    return up, down, up - down


def _vortex(frame: Frame, params: Params) -> tuple[Column, ...]:
    """Sums of |high - earlier low| and |low - earlier high| over the sum of true ranges."""
    length = int(params[0])
    ranges = window_sum(talib.TRANGE(frame.high, frame.low, frame.close), length)
    up = window_sum(np.abs(frame.high - earlier(frame.low, 1)), length)
    down = window_sum(np.abs(frame.low - earlier(frame.high, 1)), length)
    return quotient(up, ranges), quotient(down, ranges)


def _supertrend(frame: Frame, params: Params) -> tuple[Column, ...]:
    line, direction = talib.SUPERTREND(
        frame.high, frame.low, frame.close, int(params[0]), float(params[1])
    )
    return line, np.where(np.isnan(line), np.nan, direction)


def _middle(frame: Frame, length: float) -> Column:
    highest = talib.MAX(frame.high, int(length))
    lowest = talib.MIN(frame.low, int(length))
    return (highest + lowest) / 2


def _ichimoku(frame: Frame, params: Params) -> tuple[Column, ...]:
    """The spans are those under the present candle, computed `kijun` candles earlier."""
    tenkan, kijun, far = (_middle(frame, length) for length in params)
    shift = int(params[1])
    return tenkan, kijun, earlier((tenkan + kijun) / 2, shift), earlier(far, shift)


def _ichimoku_lookback(params: Params) -> int:
    return int(max(params)) - 1 + int(params[1])


def _vwma(frame: Frame, params: Params) -> tuple[Column, ...]:
    length = int(params[0])
    money = window_sum(frame.close * frame.volume, length)
    return (quotient(money, window_sum(frame.volume, length)),)


def _last(params: Params) -> int:
    return int(params[0]) - 1


ROWS = (
    DataPoint(
        "sma",
        _TREND,
        "simple moving average of the close",
        (_ANY,),
        (),
        _last,
        nothing,
        lambda f, p: (talib.SMA(f.close, int(p[0])),),
    ),
    DataPoint(
        "ema",
        _TREND,
        "exponential moving average of the close, begun with an SMA",
        (_ANY,),
        (),
        _last,
        lambda p: ema_settle(p[0]),
        lambda f, p: (talib.EMA(f.close, int(p[0])),),
    ),
    DataPoint(
        "wma",
        _TREND,
        "linearly weighted moving average of the close",
        (_ANY,),
        (),
        _last,
        nothing,
        lambda f, p: (talib.WMA(f.close, int(p[0])),),
    ),
    DataPoint(
        "hma",
        _TREND,
        "Hull moving average of the close",
        (_LENGTH,),
        (),
        _hma_lookback,
        nothing,
        lambda f, p: (talib.HMA(f.close, int(p[0])),),
    ),
    DataPoint(
        "dema",
        _TREND,
        "double exponential moving average of the close",
        (_ANY,),
        (),
        lambda p: 2 * _last(p),
        lambda p: ema_settle(p[0], 14.5),
        lambda f, p: (talib.DEMA(f.close, int(p[0])),),
    ),
    DataPoint(
        "tema",
        _TREND,
        "triple exponential moving average of the close",
        (_ANY,),
        (),
        lambda p: 3 * _last(p),
        lambda p: ema_settle(p[0], 17.0),
        lambda f, p: (talib.TEMA(f.close, int(p[0])),),
    ),
    DataPoint(
        "trima",
        _TREND,
        "triangular moving average of the close",
        (_ANY,),
        (),
        _last,
        nothing,
        lambda f, p: (talib.TRIMA(f.close, int(p[0])),),
    ),
    DataPoint(
        "rma",
        _TREND,
        "Wilder's moving average of the close (smoothed, SMMA)",
        (_ANY,),
        (),
        _last,
        lambda p: wilder_settle(p[0], 24.0),
        lambda f, p: (talib.RMA(f.close, int(p[0])),),
    ),
    DataPoint(
        "vwma",
        _TREND,
        "moving average of the close, weighted by volume",
        (_ANY,),
        (),
        _last,
        nothing,
        _vwma,
    ),
    DataPoint(
        "kama",
        _TREND,
        "Kaufman's adaptive moving average of the close",
        (Parameter("length", 10, 2, 500),),
        (),
        lambda p: int(p[0]),
        _kama_settle,
        lambda f, p: (talib.KAMA(f.close, int(p[0])),),
    ),
    DataPoint(
        "linreg",
        _TREND,
        "end point of the regression line through the last closes",
        (Parameter("length", 14, 2, 1000),),
        (),
        _last,
        nothing,
        lambda f, p: (talib.LINEARREG(f.close, int(p[0])),),
    ),
    DataPoint(
        "macd",
        _TREND,
        "distance of a fast and a slow EMA, its signal line and their difference",
        (
            Parameter("fast", 12, 2, 500),
            Parameter("slow", 26, 2, 500),
            Parameter("signal", 9, 1, 500),
        ),
        ("line", "signal", "hist"),
        lambda p: int(_slowest(p)) - 1 + int(p[2]) - 1,
        lambda p: ema_settle(_slowest(p), 16.0) + ema_settle(p[2], 16.0),
        _macd,
    ),
    DataPoint(
        "ppo",
        _TREND,
        "distance of a fast and a slow EMA in percent of the slow one",
        (Parameter("fast", 12, 2, 500), Parameter("slow", 26, 2, 500)),
        (),
        lambda p: int(_slowest(p)) - 1,
        lambda p: ema_settle(_slowest(p), 16.0),
        lambda f, p: (talib.PPO(f.close, int(p[0]), int(p[1]), EXPONENTIAL),),
    ),
    DataPoint(
        "trix",
        _TREND,
        "one-candle change of a triple-smoothed EMA, in percent",
        (Parameter("length", 30, 1, 500),),
        (),
        lambda p: 3 * _last(p) + 1,
        lambda p: ema_settle(p[0], 21.0),
        lambda f, p: (talib.TRIX(f.close, int(p[0])),),
    ),
    DataPoint(
        "adx",
        _TREND,
        "strength of the trend (0 to 100); .plus and .minus are Wilder's +DI and -DI",
        (Parameter("length", 14, 2, 500),),
        ("", "plus", "minus"),
        lambda p: 2 * int(p[0]) - 1,
        lambda p: wilder_settle(p[0], 34.0),
        _adx,
    ),
    DataPoint(
        "aroon",
        _TREND,
        "how lately the highest high and lowest low came (100: now); .osc is up - down",
        (Parameter("length", 14, 2, 1000),),
        ("up", "down", "osc"),
        lambda p: int(p[0]),
        nothing,
        _aroon,
    ),
    DataPoint(
        "vortex",
        _TREND,
        "upward and downward movement in parts of the true range",
        (Parameter("length", 14, 2, 1000),),
        ("plus", "minus"),
        lambda p: int(p[0]),
        nothing,
        _vortex,
    ),
    DataPoint(
        "supertrend",
        _TREND,
        "trailing band of ATRs; .direction is +1 above the line, -1 below",
        (Parameter("length", 10, 2, 200), Parameter("factor", 3, 0.1, 20, whole=False)),
        ("line", "direction"),
        lambda p: int(p[0]),
        _supertrend_settle,
        _supertrend,
    ),
    DataPoint(
        "ichimoku",
        _TREND,
        "Ichimoku lines; the spans are those under the present candle",
        (
            Parameter("tenkan", 9, 2, 300),
            Parameter("kijun", 26, 2, 300),
            Parameter("senkou", 52, 2, 600),
        ),
        ("tenkan", "kijun", "span_a", "span_b"),
        _ichimoku_lookback,
        nothing,
        _ichimoku,
    ),
    DataPoint(
        "psar",
        _TREND,
        "parabolic stop and reverse",
        (
            Parameter("step", 0.02, 0.002, 1, whole=False),
            Parameter("maximum", 0.2, 0.002, 1, whole=False),
        ),
        (),
        fixed(1),
        _psar_settle,
        lambda f, p: (talib.SAR(f.high, f.low, float(p[0]), float(p[1])),),
    ),
)
