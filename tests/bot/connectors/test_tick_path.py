"""The path inside a candle: true to it, and fair to both sides."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.market import Timeframe
from agents.extraction.resample import columns_of, grouped
from bot.connectors.candle_files import read_candles
from bot.connectors.tick_path import low_first, path, ticks_in

Steps = tuple[int, int, int, int]


@st.composite
def candles(draw: st.DrawFn) -> Steps:
    low = draw(st.integers(1, 10**7))
    high = low + draw(st.integers(0, 10**5))
    inside = st.integers(low, high)
    return draw(inside), high, low, draw(inside)


@given(candles(), st.integers(4, 60), st.booleans())
def test_it_opens_closes_and_touches_both_ends(prices: Steps, ticks: int, low: bool) -> None:
    first, high, top_low, last = prices
    walked = path(prices, ticks, low_comes_first=low)
    assert len(walked) == ticks
    assert (walked[0], walked[-1]) == (first, last)
    assert (max(walked), min(walked)) == (high, top_low)


@given(candles(), st.integers(12, 60))
def test_the_drawn_extreme_comes_first(prices: Steps, ticks: int) -> None:
    first, high, low, last = prices
    if low < first < high and low < last < high:
        walked = path(prices, ticks, low_comes_first=True)
        assert walked.index(low) < walked.index(high)
        walked = path(prices, ticks, low_comes_first=False)
        assert walked.index(high) < walked.index(low)


@pytest.mark.parametrize(
    ("timeframe", "ticks"), [("1m", 12), ("3m", 18), ("5m", 30), ("15m", 60), ("1d", 60)]
)
def test_ticks_are_whole_seconds_apart(timeframe: str, ticks: int) -> None:
    seconds = Timeframe.parse(timeframe).seconds
    assert ticks_in(seconds) == ticks
    assert seconds % ticks == 0


def test_the_draw_is_always_the_same() -> None:
    drawn = [low_first("BTC/USDT", n * 300_000, (100, 110, 90, 101)) for n in range(200)]
    assert drawn == [low_first("BTC/USDT", n * 300_000, (100, 110, 90, 101)) for n in range(200)]
    assert drawn != [low_first("ETH/USDT", n * 300_000, (100, 110, 90, 101)) for n in range(200)]


def share_low_first(prices: Steps) -> float:
    return sum(low_first("BTC/USDT", n * 60_000, prices) for n in range(4000)) / 4000


def test_neither_side_is_favoured() -> None:
    """In mirrored candles the stop of a long comes first as often as the stop of a short."""
    assert share_low_first((100, 110, 90, 100)) == pytest.approx(0.5, abs=0.03)
    up, down = share_low_first((99, 110, 90, 103)), share_low_first((101, 110, 90, 97))
    assert up + down == pytest.approx(1.0, abs=0.03)
    assert up == pytest.approx(1 / (1 + np.exp(-6 * 4 / 20)), abs=0.03)


def test_the_odds_are_those_of_real_candles(shared_data: Path) -> None:
    """Within a body of given size, low first happens as often as the drawn paths say."""
    read = read_candles(shared_data / "replay_1m_2025" / "binanceusdm_BTCUSDT_1m.parquet")
    _, prices = columns_of(read)
    parts = prices[:, : prices.shape[1] // 15 * 15].reshape(5, -1, 15)
    high_at, low_at = parts[1].argmax(1), parts[2].argmin(1)
    first, last = parts[0, :, 0], parts[3, :, -1]
    high, low = parts[1].max(1), parts[2].min(1)
    told = (high_at != low_at) & (low < first) & (first < high)
    body = (last - first)[told] / (high - low)[told]
    real = (low_at < high_at)[told]
    for start in np.arange(-0.8, 0.8, 0.2):
        near = (body >= start) & (body < start + 0.2)
        expected = (1 / (1 + np.exp(-6 * body[near]))).mean()
        assert real[near].mean() == pytest.approx(expected, abs=0.07)


def test_grouping_and_reading_agree(shared_data: Path) -> None:
    read = read_candles(shared_data / "replay_1m_2025" / "binanceusdm_BTCUSDT_1m.parquet")
    opened, prices = columns_of(read)
    closes = int(opened[-1]) + 60_000
    hours, joined = grouped(opened, prices, read.timeframe, Timeframe(3600), closes)
    assert len(hours) == len(opened) // 60
    assert joined[4].sum() == pytest.approx(prices[4].sum())
