"""Longer candles hold exactly what their shorter ones held."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.market import Candle, Candles, Timeframe
from agents.extraction.resample import candles_of, columns_of, resample

M5, M15, H1, W1 = (Timeframe.parse(text) for text in ("5m", "15m", "1h", "1w"))
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def candles(start: datetime, offsets: list[int]) -> Candles:
    """5m candles at `start` + 5 minutes × each offset; prices tell their offset."""
    made = Candles("BTC/USDT", M5)
    for n in offsets:
        price = 100.0 + n
        opened = start + n * M5.length
        made.append(
            Candle("BTC/USDT", M5, opened, price, price + 5, price - 3, price + 1, float(n + 1))
        )
    return made


def test_three_fives_make_a_fifteen() -> None:
    [made] = resample(candles(NOON, [0, 1, 2]), M15)
    assert made == Candle("BTC/USDT", M15, NOON, 100.0, 107.0, 97.0, 103.0, 6.0)


def test_what_the_data_begins_or_ends_inside_is_left_out() -> None:
    made = resample(candles(NOON, [1, 2, 3, 4, 5, 6, 7]), M15)
    assert [candle.opened for candle in made] == [NOON + timedelta(minutes=15)]


def test_a_candle_is_not_there_before_it_closed() -> None:
    data = candles(NOON, [0, 1, 2, 3, 4, 5])
    assert len(resample(data, M15, NOON + timedelta(minutes=29, seconds=59))) == 1
    assert len(resample(data, M15, NOON + timedelta(minutes=30))) == 2


def test_gaps_stay() -> None:
    made = resample(candles(NOON, [0, 2, 9, 11]), M15)
    assert [candle.opened.minute for candle in made] == [0, 45]
    assert [candle.volume for candle in made] == [4.0, 22.0]


def test_a_missing_last_candle_does_not_hide_one_that_has_closed() -> None:
    made = resample(candles(NOON, [0, 1]), M15, NOON + timedelta(minutes=15))
    assert [candle.close for candle in made] == [102.0]


def test_weeks_begin_on_monday() -> None:
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    made = resample(candles(monday, list(range(7 * 288))), W1)
    assert [candle.opened for candle in made] == [monday]


def test_the_same_timeframe_is_the_same() -> None:
    data = candles(NOON, [0, 1, 4])
    assert list(resample(data, M5)) == list(data)


def test_nothing_makes_nothing() -> None:
    assert len(resample(Candles("BTC/USDT", M5), H1)) == 0


def test_shorter_candles_can_not_be_made() -> None:
    with pytest.raises(ValueError, match="15m candles can"):
        resample(resample(candles(NOON, list(range(12))), H1), M15)


@given(st.lists(st.integers(0, 60), unique=True).map(sorted))
def test_nothing_is_lost_or_invented(offsets: list[int]) -> None:
    data = candles(NOON, offsets)
    made = resample(data, M15, NOON + timedelta(days=1))
    kept = [one for one in data if made and one.opened >= made[0].opened]
    assert sum(one.volume for one in made) == sum(one.volume for one in kept)
    for one in made:
        parts = [part for part in kept if one.opened <= part.opened < one.closed]
        assert (one.open, one.close) == (parts[0].open, parts[-1].close)
        assert one.high == max(part.high for part in parts)
        assert one.low == min(part.low for part in parts)


def test_columns_and_back() -> None:
    data = candles(NOON, [0, 1, 5])
    assert candles_of(data.symbol, M5, *columns_of(data)) == data
