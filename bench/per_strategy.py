"""The same close as a bot does it that computes indicators for each strategy with pandas-ta.

It is spared everything else: its candles are there as a DataFrame, of just the depth that the
strategy needs; it computes only the indicators of that strategy's rule, looks at their last
values, and stores nothing.
"""

import time
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from agents.decision.rules import needs
from agents.domain.market import Candles
from bench.market import MadeUpMarket
from bench.strategies import RULES, Idea, ideas

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandas_ta_classic as ta

SAMPLE = 200
REPEATED = 3
Rule = Callable[[pd.DataFrame, int, int], bool]
"""Takes the candles and the rule's two numbers."""


def measure(market: MadeUpMarket, count: int) -> float:
    """Seconds for `count` strategies, from a sample; the best of some tries."""
    chosen = list(ideas(count))[:: max(1, count // SAMPLE - 1)]
    frames = [_frame(market, idea) for idea in chosen]
    for rule, idea, frame in _first_of_each(chosen, frames):
        RULES_IN_PANDAS[rule](frame, idea.n, idea.low)  # what is made once is made now
    return min(_timed(chosen, frames) for _ in range(REPEATED)) / len(chosen) * count


def _first_of_each(
    chosen: Sequence[Idea], frames: Sequence[pd.DataFrame]
) -> list[tuple[int, Idea, pd.DataFrame]]:
    found = {idea.rule: (idea, frame) for idea, frame in zip(chosen, frames, strict=True)}
    assert len(found) == len(RULES), "the sample must have every rule"
    return [(rule, idea, frame) for rule, (idea, frame) in found.items()]


def _timed(chosen: Sequence[Idea], frames: Sequence[pd.DataFrame]) -> float:
    began = time.perf_counter()
    for idea, frame in zip(chosen, frames, strict=True):
        RULES_IN_PANDAS[idea.rule](frame, idea.n, idea.low)
    return time.perf_counter() - began


def _frame(market: MadeUpMarket, idea: Idea) -> pd.DataFrame:
    depth = needs(idea.spec())[idea.timeframe]
    return as_frame(market.candles(idea.symbol, idea.timeframe)).tail(depth).copy()


def as_frame(candles: Candles) -> pd.DataFrame:
    columns = {name: getattr(candles, name) for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame(columns, index=pd.to_datetime(np.array(candles.opened), unit="ms"))


# --- the rules of bench/strategies.py, in their order --------------------------------------------


def _dip(c: pd.DataFrame, n: int, low: int) -> bool:
    rsi, ema = ta.rsi(c.close, n), ta.ema(c.close, 200)
    return bool(rsi.iloc[-1] < low and c.close.iloc[-1] > ema.iloc[-1])


def _crossing(c: pd.DataFrame, n: int, low: int) -> bool:
    fast, slow = ta.ema(c.close, n), ta.ema(c.close, 50)
    adx = ta.adx(c.high, c.low, c.close, 14)
    above = fast.iloc[-1] > slow.iloc[-1] and fast.iloc[-2] <= slow.iloc[-2]
    return bool(above and adx["ADX_14"].iloc[-1] > 25)


def _breakout(c: pd.DataFrame, n: int, low: int) -> bool:
    highest, mean = c.high.rolling(20).max(), ta.sma(c.volume, 20)
    busy = c.volume.iloc[-1] / mean.iloc[-2] > 2
    return bool(c.close.iloc[-1] > highest.iloc[-2] and busy)


def _band(c: pd.DataFrame, n: int, low: int) -> bool:
    bands, rsi = ta.bbands(c.close, 20, 2), ta.rsi(c.close, n)
    return bool(c.close.iloc[-1] < bands.iloc[-1, 0] and rsi.iloc[-1] < low)


def _momentum(c: pd.DataFrame, n: int, low: int) -> bool:
    macd, sma = ta.macd(c.close, 12, 26, 9), ta.sma(c.close, 100)
    histogram = macd["MACDh_12_26_9"]
    turned = histogram.iloc[-1] > 0 and histogram.iloc[-2] <= 0
    return bool(turned and c.close.iloc[-1] > sma.iloc[-1])


def _oversold(c: pd.DataFrame, n: int, low: int) -> bool:
    stoch = ta.stoch(c.high, c.low, c.close, 14, 3, 3)
    vwap = ta.vwap(c.high, c.low, c.close, c.volume)
    return bool(stoch.iloc[-1, 0] < low and c.close.iloc[-1] > vwap.iloc[-1])


def _trend(c: pd.DataFrame, n: int, low: int) -> bool:
    direction = ta.supertrend(c.high, c.low, c.close, 10, 3).iloc[-1, 1]
    rsi = ta.rsi(c.close, n).iloc[-4:].diff().iloc[1:]
    mfi = ta.mfi(c.high, c.low, c.close, c.volume, 14)
    return bool(direction > 0 and (rsi > 0).all() and mfi.iloc[-1] < low)


def _stretched(c: pd.DataFrame, n: int, low: int) -> bool:
    cci = ta.cci(c.high, c.low, c.close, 20)
    natr = ta.natr(c.high, c.low, c.close, 14)
    ema = ta.ema(c.close, n)
    calm = cci.iloc[-1] < -100 and natr.iloc[-1] > 0.4
    return bool(calm and c.close.iloc[-1] > ema.iloc[-1])


RULES_IN_PANDAS: tuple[Rule, ...] = (
    _dip,
    _crossing,
    _breakout,
    _band,
    _momentum,
    _oversold,
    _trend,
    _stretched,
)
