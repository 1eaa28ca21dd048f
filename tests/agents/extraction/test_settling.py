"""The last candles alone give what the whole history gives, to 1e-9."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.extraction.catalogue import CATALOGUE
from agents.extraction.datapoint import DataPoint
from agents.extraction.frame import Frame
from tests.support.frames import load, walk

ROWS = [row for row in CATALOGUE.values() if not row.cumulative and not row.calendar]
RECURSIVE = [row for row in ROWS if row.settle(row.fill(()))]
OTHER_PARAMETERS = {
    "ema": (200,),
    "rsi": (2,),
    "macd": (3, 200, 50),
    "supertrend": (7, 8),
    "psar": (0.01, 0.1),
    "kama": (100,),
    "atr": (100,),
    "keltner": (100, 1.5),
    "stochrsi": (5, 30, 5, 2),
}
FILES = (
    "candles/binance_BTCUSDT_1h_2017_2020.parquet",
    "candles/binance_BTCUSDT_1m_2024crash.parquet",
    "candles/binanceus_BTCUSDC_1m_2023depeg.parquet",
    "candles/kraken_BTCUSDC_1m_2023depeg.parquet",
    "replay_5m_2022/binance_SHIBUSDT_5m.parquet",
    "replay_5m_2022/binance_LUNAUSDT_5m.parquet",
)


def assert_settled(
    row: DataPoint, params: tuple[float, ...], frame: Frame, stops: list[int]
) -> None:
    """The tail that `row` asks for ends with the value of the whole history.

    Values that pass through zero are compared on the scale of the column.
    """
    whole = row.columns(frame, params)
    need = row.need(params, frame.timeframe)
    scale = {output: np.nanmedian(np.abs(column)) for output, column in whole.items()}
    for stop in stops:
        tail = row.columns(frame.part(max(0, stop - need), stop), params)
        for output, column in whole.items():
            expected, found = column[stop - 1], tail[output][-1]
            if np.isnan(expected):
                assert np.isnan(found), (output, stop)
            else:
                allowed = 1e-9 * max(abs(expected), scale[output])
                assert abs(found - expected) <= allowed, (output, stop, found, expected)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_the_tail_is_enough_on_walks(row: DataPoint) -> None:
    need = row.lookback(row.fill(())) + row.settle(row.fill(()))
    dice = np.random.default_rng(need)
    for frame in (walk(21, need + 2000), walk(22, need + 2000, step=0.05)):
        stops = [int(stop) for stop in dice.integers(need, len(frame), 40)]
        assert_settled(row, row.fill(()), frame, stops)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 100_000))
@pytest.mark.parametrize("row", RECURSIVE, ids=[row.name for row in RECURSIVE])
def test_the_tail_is_enough_on_any_walk(row: DataPoint, seed: int) -> None:
    need = row.lookback(row.fill(())) + row.settle(row.fill(()))
    assert_settled(row, row.fill(()), walk(seed, need + 800), [need + 799, need + 800])


@pytest.mark.parametrize("name", OTHER_PARAMETERS)
def test_the_tail_is_enough_for_other_parameters(name: str) -> None:
    row = CATALOGUE[name]
    params = row.fill(OTHER_PARAMETERS[name])
    need = row.lookback(params) + row.settle(params)
    frame = walk(23, need + 1500)
    assert_settled(row, params, frame, list(range(need + 700, need + 1500, 37)))


@pytest.mark.parametrize("file", FILES)
def test_the_tail_is_enough_on_real_candles(shared_data, file: str) -> None:
    frame = load(shared_data / file)
    dice = np.random.default_rng(1)
    for row in ROWS:
        need = row.lookback(row.fill(())) + row.settle(row.fill(()))
        stops = [int(stop) for stop in dice.integers(need, len(frame), 12)]
        assert_settled(row, row.fill(()), frame, stops)


def test_calendar_points_need_their_day_or_week_alone(shared_data) -> None:
    frame = load(shared_data / "candles/binanceus_BTCUSDC_1m_2023depeg.parquet")
    for row in (row for row in CATALOGUE.values() if row.calendar):
        need = row.need(row.fill(()), frame.timeframe)
        stops = list(range(need, len(frame), 1237))
        assert stops or row.name == "prev_week"
        assert_settled(row, row.fill(()), frame, stops)


def test_cumulative_points_differ_by_a_constant_alone() -> None:
    frame = walk(24, 3000)
    for name in ("obv", "ad"):
        whole, tail = frame.point(name)[1000:], frame.part(1000, 3000).point(name)
        distance = whole - tail
        assert distance == pytest.approx(np.full(2000, distance[0]), rel=1e-9)


def test_less_than_the_tail_would_not_be_enough() -> None:
    frame = walk(25, 2000)
    for name in ("ema", "rsi", "atr", "adx", "macd", "stochrsi", "trix"):
        row = CATALOGUE[name]
        short = dataclasses.replace(row, settle=lambda params: 60)
        with pytest.raises(AssertionError):
            assert_settled(short, row.fill(()), frame, list(range(1000, 2000, 13)))
