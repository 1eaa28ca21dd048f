"""Frames: views of candles, data points computed once, longer timeframes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.domain.market import Timeframe
from agents.extraction.frame import Frame, align, resample
from tests.support.frames import MONDAY, candles, equal, load, made, walk

FIVE = 300_000
WEEK = 604_800_000


def with_gaps(frame: Frame, kept: list[int]) -> Frame:
    chosen = np.array(sorted(set(kept)))
    prices = [column[chosen] for column in frame.prices]
    return Frame(frame.symbol, frame.timeframe, frame.opened[chosen], prices)


def test_a_frame_is_a_view_of_candles_without_a_copy() -> None:
    source = candles(walk(1, 50))
    frame = Frame.of(source)
    assert len(frame) == 50
    assert np.shares_memory(frame.close, np.frombuffer(source.close))
    assert frame.closed[0] == source[0].closed.timestamp() * 1000
    assert frame.close[7] == source[7].close


def test_nobody_can_write_to_what_is_shared() -> None:
    frame = walk(1, 50)
    for column in (frame.close, frame.opened, frame.closed, frame.typical, frame.point("rsi")):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1


def test_each_point_is_computed_once() -> None:
    frame = walk(1, 300)
    assert frame.point("rsi") is frame.point("rsi", (14.0,))
    assert frame.point("rsi") is not frame.point("rsi", (7,))
    line, signal = frame.point("macd", (), "line"), frame.point("macd", (), "signal")
    assert frame.point("macd", (12, 26, 9), "line") is line
    assert frame.point("macd", (12, 26), "signal") is signal


def test_what_does_not_exist_is_named() -> None:
    frame = walk(1, 30)
    with pytest.raises(KeyError, match="nonsense"):
        frame.point("nonsense")
    with pytest.raises(ValueError, match="rsi: length goes from 2 to 1000"):
        frame.point("rsi", (1,))
    with pytest.raises(ValueError, match="rsi: length is a whole number"):
        frame.point("rsi", (14.5,))
    with pytest.raises(ValueError, match="rsi takes 1 parameter at most"):
        frame.point("rsi", (14, 3))


def test_a_part_begins_its_own_memory() -> None:
    frame = walk(1, 100)
    part = frame.part(40, 100)
    assert len(part) == 60
    assert np.isnan(part.point("sma", (20,))[:19]).all()
    assert part.point("sma", (20,))[19:] == pytest.approx(frame.point("sma", (20,))[59:])


@settings(max_examples=50, deadline=None)
@given(
    st.integers(0, 600),
    st.sampled_from(["15m", "1h", "4h", "1d"]),
    st.lists(st.integers(0, 499), min_size=1, max_size=500),
)
def test_longer_candles_hold_what_the_shorter_ones_hold(
    late: int, longer: str, kept: list[int]
) -> None:
    base = walk(3, 500)
    moved = Frame(base.symbol, base.timeframe, base.opened + late * FIVE, base.prices)
    frame = with_gaps(moved, kept)
    timeframe = Timeframe.parse(longer)
    result = resample(frame, timeframe)
    assert (result.opened % timeframe.ms == 0).all()
    assert (result.opened >= frame.opened[0]).all()
    assert (result.closed <= frame.closed[-1]).all()
    for index, opened in enumerate(result.opened):
        inside = (frame.opened >= opened) & (frame.opened < opened + timeframe.ms)
        assert result.open[index] == frame.open[inside][0]
        assert result.high[index] == frame.high[inside].max()
        assert result.low[index] == frame.low[inside].min()
        assert result.close[index] == frame.close[inside][-1]
        assert result.volume[index] == pytest.approx(frame.volume[inside].sum())
    starts = set((frame.opened // timeframe.ms * timeframe.ms).tolist())
    left_out = starts - set(result.opened.tolist())
    assert all(
        start < frame.opened[0] or start + timeframe.ms > frame.closed[-1] for start in left_out
    )


def test_weeks_begin_on_monday() -> None:
    ones = np.ones(24 * 21)
    frame = made("1h", ones, ones, ones, ones, ones, begin=MONDAY + 3_600_000)
    weeks = resample(frame, Timeframe.parse("1w"))
    assert weeks.opened.tolist() == [MONDAY + WEEK, MONDAY + 2 * WEEK]
    assert weeks.volume.tolist() == [168.0, 168.0]


def test_a_timeframe_must_be_a_multiple() -> None:
    with pytest.raises(ValueError, match="can't be put together"):
        resample(walk(1, 30, "15m"), Timeframe.parse("5m"))
    frame = walk(1, 30, "15m")
    assert resample(frame, Timeframe.parse("15m")) is frame
    assert len(resample(frame.part(0, 0), Timeframe.parse("1h"))) == 0


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 70), st.sampled_from(["15m", "1h", "4h"]))
def test_only_closed_higher_candles_are_seen(late: int, longer: str) -> None:
    base = walk(5, 300)
    frame = Frame(base.symbol, base.timeframe, base.opened + late * FIVE, base.prices)
    higher = resample(frame, Timeframe.parse(longer))
    index = align(higher, frame)
    for candle, seen in enumerate(index):
        closed = [at for at in higher.closed if at <= frame.closed[candle]]
        assert seen == len(closed) - 1


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 499))
def test_higher_candles_do_not_change_when_later_ones_come(stop: int) -> None:
    frame = walk(6, 500)
    hour = Timeframe.parse("1h")
    whole, early = resample(frame, hour), resample(frame.part(0, stop), hour)
    assert equal(early, whole.part(0, len(early)))
    assert (align(early, frame.part(0, stop)) == align(whole, frame)[:stop]).all()


def test_resampled_files_are_other_files(shared_data) -> None:
    """5 minutes of one repository are the quarters of an hour of another (data/README.md)."""
    minutes = load(shared_data / "candles/binance_BTCUSDT_5m_2024.parquet")
    quarters = load(shared_data / "candles/binance_BTCUSDT_15m_2023.parquet")
    made_here = resample(minutes, quarters.timeframe)
    first = int(np.searchsorted(quarters.opened, made_here.opened[0]))
    same = quarters.part(first, len(quarters))
    assert len(same) > 9000
    ours = made_here.part(0, len(same))
    assert (ours.opened == same.opened).all()
    for one, other in zip(ours.prices[:4], same.prices[:4], strict=True):
        assert (one == other).all()
    assert ours.volume == pytest.approx(same.volume, rel=1e-12)
