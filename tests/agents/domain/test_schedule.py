"""Schedules: intervals, times of day and cron lines, in a zone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.domain.errors import AskUser
from agents.domain.schedule import EXAMPLES, parsed, was_time

LONG = timedelta(days=2) - timedelta(minutes=1)
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


def test_hours_over_midnight_belong_to_the_day_on_which_they_began() -> None:
    """As windows do: the night from Friday on is one, the one before Monday is not."""
    night = parsed("every 1h 22:00-02:00 mon-fri")
    week = [datetime(2026, 11, 16, tzinfo=UTC) + timedelta(hours=one) for one in range(7 * 24)]
    due = [f"{one:%a %H}" for one in week if night.is_time(one)]
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
    evenings = [f"{day} {hour}" for day in days[:5] for hour in (22, 23)]
    after = [f"{day} 0{hour}" for day in days[1:] for hour in (0, 1, 2)]
    assert sorted(due) == sorted(evenings + after)
    saturday = datetime(2026, 11, 21, 0, 30, tzinfo=UTC)
    assert night.next_after(saturday) == datetime(2026, 11, 21, 1, tzinfo=UTC)
    assert night.next_after(saturday + timedelta(hours=2)) == datetime(2026, 11, 23, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "times"),
    [
        ("at 01:30 Europe/London", ["00:30"]),
        ("30 1 * * * Europe/London", ["00:30"]),
        ("every 30m 01:00-01:30 Europe/London", ["00:00", "00:30", "01:00", "01:30"]),
        ("15 * * * * Europe/London", ["00:15", "01:15", "02:15"]),
        ("every 2h 02:00-04:00 Europe/London", ["02:00", "04:00"]),
    ],
)
def test_when_clocks_are_set_back_a_time_of_day_comes_once(said: str, times: list[str]) -> None:
    """An interval of an hour at most goes on through both hours of that name."""
    schedule, begins = parsed(said), datetime(2026, 10, 24, 23, 59, tzinfo=UTC)
    minutes = [begins + timedelta(minutes=one) for one in range(1, 5 * 60)]
    due = [one for one in minutes if schedule.is_time(one)]
    assert [f"{one:%H:%M}" for one in due][: len(times)] == times
    told, at = [], begins
    for _ in times:
        found = schedule.next_after(at)
        assert found is not None
        told.append(found)
        at = found
    assert told == due[: len(times)]


@given(
    some.sampled_from(
        (
            "every 15m 23:00-03:00 fri-mon America/New_York",
            "every 4h Europe/Berlin",
            "at 02:30, 23:45 sat-sun Australia/Lord_Howe",
            "*/20 1,2 */3 * 6 America/Santiago",
            "5 2 * 3,10,11 * Europe/London",
        )
    ),
    some.integers(0, 365 * 96),
)
def test_the_next_time_is_the_first_that_comes(said: str, quarters: int) -> None:
    schedule = parsed(said)
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15) * quarters
    wanted = (at + timedelta(minutes=one) for one in range(1, 2 * 1440))
    first = next((one for one in wanted if schedule.is_time(one)), None)
    found = schedule.next_after(at)
    assert found == first or (first is None and found is not None and found - at > LONG)


def test_days_and_weekdays_are_alternatives_only_where_both_are_named() -> None:
    """crontab(5): a field that begins with a star restricts nothing by itself."""
    both = parsed("0 9 */2 * 1")  # Mondays that are odd days of the month
    assert both.is_time(datetime(2026, 11, 23, 9, tzinfo=UTC))
    assert not both.is_time(datetime(2026, 11, 16, 9, tzinfo=UTC))
    assert not both.is_time(datetime(2026, 11, 25, 9, tzinfo=UTC))


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
