"""Frames for tests: random walks, and real candles from the shared folder."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from agents.domain.market import Candles, Timeframe
from agents.extraction.datapoint import Column
from agents.extraction.frame import Frame
from agents.extraction.resample import candles_of

COLUMNS = ("open", "high", "low", "close", "volume")
MONDAY = 1_704_067_200_000  # 2024-01-01 00:00 UTC, in milliseconds


def walk(seed: int, count: int, timeframe: str = "5m", step: float = 0.0) -> Frame:
    """A random walk with fat tails and changing volatility; prices in multiples of `step`."""
    dice = np.random.default_rng(seed)
    pace = 0.002 * np.exp(0.5 * np.cumsum(dice.normal(0, 0.02, count)))
    moves = np.clip(dice.standard_t(3, count) * pace, -0.2, 0.2)
    close = 100 * np.exp(np.cumsum(moves))
    first = np.concatenate(([100.0], close[:-1]))
    high = np.maximum(first, close) * (1 + np.abs(dice.normal(0, 1, count)) * pace)
    low = np.minimum(first, close) * (1 - np.abs(dice.normal(0, 1, count)) * pace)
    prices = [first, high, low, close]
    if step:
        prices = [np.maximum(np.round(column / step), 1) * step for column in prices]
    return made(timeframe, *prices, dice.lognormal(3, 1.5, count))


def made(timeframe: str, *prices: Column, begin: int = MONDAY) -> Frame:
    """A frame of these columns (open, high, low, close, volume) without gaps."""
    length = Timeframe.parse(timeframe)
    opened = begin + np.arange(len(prices[0]), dtype=np.int64) * length.ms
    return Frame("TEST/USDT", length, opened, prices)


def flat(count: int, price: float = 5.0, volume: float = 0.0) -> Frame:
    """Candles in which nothing happens."""
    still = np.full(count, price)
    return made("5m", still, still, still, still, np.full(count, volume))


def load(path: Path, timeframe: str | None = None) -> Frame:
    """A candle file of the shared folder; its timeframe is read from the name."""
    table = pq.read_table(path)
    known = [part for part in path.stem.split("_") if part in ("1m", "5m", "15m", "1h", "4h")]
    return Frame(
        "REAL/USDT",
        Timeframe.parse(timeframe or known[0]),
        table["timestamp"].to_numpy(),
        [table[name].to_numpy() for name in COLUMNS],
    )


def candles(frame: Frame) -> Candles:
    """The frame's candles as the domain has them."""
    return candles_of(frame.symbol, frame.timeframe, frame.opened, np.array(frame.prices))


def equal(left: Frame, right: Frame) -> bool:
    """Whether two frames hold the same candles, to the bit."""
    return np.array_equal(left.opened, right.opened) and all(
        np.array_equal(one, other) for one, other in zip(left.prices, right.prices, strict=True)
    )
