"""Schedules: intervals, times of day and cron lines, in a zone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.domain.errors import AskUser
from agents.domain.schedule import EXAMPLES, parsed, was_time

SATURDAY = datetime(2026, 11, 21, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("every 4h", "2026-11-22 00:00"),
        ("every 15m fri-mon", "2026-11-21 20:15"),
        ("every 1h 09:00-17:00 mon-fri Europe/London", "2026-11-23 09:00"),
        ("every 1h 22:00-02:00", "2026-11-21 22:00"),
        ("at 09:00, 15:30 mon-fri America/New_York", "2026-11-23 14:00"),
        ("09:00 and 15:30 on mon, wed", "2026-11-23 09:00"),
        ("cron 0 */6 * * *", "2026-11-22 00:00"),
        ("0 9 * * 1-5", "2026-11-23 09:00"),
        ("0 9 * * 0", "2026-11-22 09:00"),
        ("0 9 * * 7 Europe/Berlin", "2026-11-22 08:00"),
        ("30 8 1 * *", "2026-12-01 08:30"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("0 0 1 * 1", "2026-11-23 00:00"),  # a first of the month or a Monday
    ],
)
def test_the_next_time(said: str, wanted: str) -> None:
    assert parsed(said).next_after(SATURDAY) == datetime.fromisoformat(f"{wanted}+00:00")


def test_a_day_that_never_comes() -> None:
    assert parsed("0 0 30 2 *").next_after(SATURDAY) is None


def test_the_examples_can_be_read() -> None:
    assert all(parsed(example).minutes for example in EXAMPLES)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("every 7h", "divides a day"),
        ("every 0m", "divides a day"),
        ("at noon", "'noon'"),
        ("at 25:00", "25:00"),
        ("every 1h 09:00-29:00", "29:00"),
        ("cron 99 * * * *", "minute of a cron line lies between 0 and 59"),
        ("cron 0 0 * *", "five parts"),
        ("cron a b c d e", "minute 'a'"),
        ("at 09:00 Mars/Olympus", "Mars/Olympus"),
        ("", "every 4h"),
    ],
)
def test_what_can_not_be_read_is_said(said: str, why: str) -> None:
    with pytest.raises(AskUser, match=why):
        parsed(said)


def test_hours_follow_the_zone_through_daylight_saving() -> None:
    morning = parsed("at 09:00 Europe/Berlin")
    assert morning.is_time(datetime(2026, 1, 5, 8, tzinfo=UTC))
    assert morning.is_time(datetime(2026, 7, 6, 7, tzinfo=UTC))
    assert not morning.is_time(datetime(2026, 7, 6, 8, tzinfo=UTC))


def test_a_candle_is_its_time_when_one_lies_after_its_open_and_not_after_its_close() -> None:
    hour = timedelta(hours=1)
    nine = datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert was_time("at 09:00", nine - hour, nine)
    assert not was_time("at 09:00", nine, nine + hour)
    assert was_time("at 08:30", nine - hour, nine)
    assert not was_time("at 08:00", nine - hour, nine)


@given(
    some.sampled_from((5, 15, 60, 240)),
    some.sampled_from(("every 4h", "every 30m", "at 09:10, 23:59 mon-fri", "17 */5 * * *")),
    some.integers(0, 10_000),
)
def test_each_time_falls_into_one_candle(length: int, said: str, start: int) -> None:
    """Over any two days the candles that are due are as many as those that hold a time."""
    step = timedelta(minutes=length)
    begins = datetime(2026, 3, 1, tzinfo=UTC) + step * start
    schedule = parsed(said)
    minutes = [begins + timedelta(minutes=one) for one in range(1, 2 * 1440 + 1)]
    times = [minute for minute in minutes if schedule.is_time(minute)]
    candles = {(minute - begins - timedelta(minutes=1)) // step for minute in times}
    due = {
        number
        for number in range(2 * 1440 // length)
        if was_time(said, begins + step * number, begins + step * (number + 1))
    }
    assert due == candles
