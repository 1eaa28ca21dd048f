"""Candle shapes as TA-Lib knows them: 100 bullish, -100 bearish, 0 none."""

from collections.abc import Callable
from typing import Any

import numpy as np

from agents.extraction.datapoint import (
    Category,
    Column,
    DataPoint,
    Params,
    fixed,
    nothing,
)
from agents.extraction.frame import Frame
from agents.extraction.library import talib


def _shape(function: Callable[..., Any], lookback: int) -> Callable[..., tuple[Column, ...]]:
    def compute(frame: Frame, params: Params) -> tuple[Column, ...]:
        found = function(frame.open, frame.high, frame.low, frame.close).astype(np.float64)
        found[:lookback] = np.nan
        return (found,)

    return compute


_SHAPES: tuple[tuple[str, Callable[..., Any], int, str], ...] = (
    ("doji", talib.CDLDOJI, 10, "open and close nearly equal"),
    ("hammer", talib.CDLHAMMER, 11, "small body above a long lower shadow, after falling"),
    ("hanging_man", talib.CDLHANGINGMAN, 11, "small body above a long lower shadow, after rising"),
    ("inverted_hammer", talib.CDLINVERTEDHAMMER, 11, "small body below a long upper shadow, low"),
    ("shooting_star", talib.CDLSHOOTINGSTAR, 11, "small body below a long upper shadow, high"),
    ("marubozu", talib.CDLMARUBOZU, 10, "long body nearly without shadows"),
    ("engulfing", talib.CDLENGULFING, 2, "a body that covers the opposite one before it"),
    ("harami", talib.CDLHARAMI, 11, "a small body inside the long one before it"),
    ("piercing", talib.CDLPIERCING, 11, "a rise from below into more than half of a long fall"),
    ("dark_cloud", talib.CDLDARKCLOUDCOVER, 11, "a fall from above into half of a long rise"),
    ("morning_star", talib.CDLMORNINGSTAR, 12, "long fall, small body below, rise"),
    ("evening_star", talib.CDLEVENINGSTAR, 12, "long rise, small body above, fall"),
    ("three_soldiers", talib.CDL3WHITESOLDIERS, 12, "three advancing bodies near their highs"),
    ("three_crows", talib.CDL3BLACKCROWS, 13, "three declining bodies near their lows"),
)

ROWS = tuple(
    DataPoint(
        name,
        Category.STRUCTURE,
        f"{description}: 100 bullish, -100 bearish, 0 none",
        (),
        (),
        fixed(lookback),
        nothing,
        _shape(function, lookback),
    )
    for name, function, lookback, description in _SHAPES
)
