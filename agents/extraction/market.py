"""The candle itself, in percent of its close."""

import numpy as np

from agents.extraction.datapoint import Category, DataPoint, Parameter, fixed, nothing
from agents.extraction.library import talib
from agents.extraction.windows import earlier

_MARKET = Category.MARKET

ROWS = (
    DataPoint(
        "change",
        _MARKET,
        "change of the close over n candles, in percent",
        (Parameter("length", 1, 1, 2000),),
        (),
        lambda p: int(p[0]),
        nothing,
        lambda f, p: (talib.ROC(f.close, int(p[0])),),
    ),
    DataPoint(
        "body",
        _MARKET,
        "distance of open and close, unsigned, in percent of the close",
        (),
        (),
        fixed(0),
        nothing,
        lambda f, p: (100 * np.abs(f.close - f.open) / f.close,),
    ),
    DataPoint(
        "range",
        _MARKET,
        "high - low, in percent of the close",
        (),
        (),
        fixed(0),
        nothing,
        lambda f, p: (100 * (f.high - f.low) / f.close,),
    ),
    DataPoint(
        "upper_wick",
        _MARKET,
        "high - the higher of open and close, in percent of the close",
        (),
        (),
        fixed(0),
        nothing,
        lambda f, p: (100 * (f.high - np.maximum(f.open, f.close)) / f.close,),
    ),
    DataPoint(
        "lower_wick",
        _MARKET,
        "the lower of open and close - low, in percent of the close",
        (),
        (),
        fixed(0),
        nothing,
        lambda f, p: (100 * (np.minimum(f.open, f.close) - f.low) / f.close,),
    ),
    DataPoint(
        "gap",
        _MARKET,
        "open against the close before, in percent of that close",
        (),
        (),
        fixed(1),
        nothing,
        lambda f, p: (100 * (f.open / earlier(f.close, 1) - 1),),
    ),
)
