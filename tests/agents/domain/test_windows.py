"""Hours in which a strategy may enter: ends, midnight, weekdays, daylight saving time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.errors import AskUser
from agents.domain.strategy import WEEKDAYS, Window
from agents.domain.windows import in_windows

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def window(begin: str, end: str, tz: str = "UTC", *days: str) -> Window:
    return Window(**{"from": begin, "to": end, "tz": tz, "days": days})


def at(clock: str, day: int = 0) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("hours", "moment", "inside"),
    [
        (window("08:00", "16:00"), at("07:59"), False),
        (window("08:00", "16:00"), at("08:00"), True),
        (window("08:00", "16:00"), at("15:59"), True),
        (window("08:00", "16:00"), at("16:00"), False),
        (window("08:00", "24:00"), at("23:59"), True),
        (window("00:00", "24:00"), at("00:00"), True),
        (window("22:00", "02:00"), at("23:00"), True),
        (window("22:00", "02:00"), at("01:59"), True),
        (window("22:00", "02:00"), at("02:00"), False),
        (window("22:00", "02:00"), at("12:00"), False),
        (window("08:00", "16:00", "UTC", "mon"), at("10:00"), True),
        (window("08:00", "16:00", "UTC", "tue", "sun"), at("10:00"), False),
        # over midnight: the window belongs to the day on which it began
        (window("22:00", "02:00", "UTC", "mon"), at("01:00"), False),
        (window("22:00", "02:00", "UTC", "mon"), at("01:00", day=1), True),
        (window("22:00", "02:00", "UTC", "sun"), at("01:00"), True),
        # the same time twice is a day and night from then
        (window("09:00", "09:00", "UTC", "mon"), at("08:59", day=1), True),
        (window("09:00", "09:00", "UTC", "mon"), at("08:59"), False),
        # weekdays are those of the zone
        (window("00:00", "06:00", "Asia/Tokyo", "tue"), at("16:00"), True),
        (window("00:00", "06:00", "Asia/Tokyo", "mon"), at("16:00"), False),
    ],
)
def test_one_window(hours: Window, moment: datetime, inside: bool) -> None:
    assert in_windows((hours,), moment) is inside


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        (datetime(2024, 3, 28, 7, 0, tzinfo=UTC), False),  # 07:00 in London, winter time
        (datetime(2024, 3, 28, 8, 0, tzinfo=UTC), True),
        (datetime(2024, 4, 2, 7, 0, tzinfo=UTC), True),  # 08:00 in London, summer time
        (datetime(2024, 4, 2, 16, 0, tzinfo=UTC), False),
    ],
)
def test_hours_move_with_daylight_saving_time(moment: datetime, inside: bool) -> None:
    assert in_windows((window("08:00", "17:00", "Europe/London"),), moment) is inside


def test_any_window_will_do_and_none_means_always() -> None:
    both = (window("08:00", "10:00"), window("14:00", "16:00"))
    assert in_windows(both, at("15:00"))
    assert not in_windows(both, at("12:00"))
    assert in_windows((), at("12:00"))


def test_an_unknown_zone_asks_the_user() -> None:
    with pytest.raises(AskUser, match="no time zone called 'Mars/Base'"):
        in_windows((window("08:00", "10:00", "Mars/Base"),), at("09:00"))


CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
DAYS = st.sets(st.sampled_from(WEEKDAYS)).map(lambda days: tuple(sorted(days)))


@given(CLOCKS, CLOCKS, DAYS, st.integers(0, 14 * 24 * 60), st.booleans())
def test_a_window_and_its_complement_split_the_clock(
    begin: str, end: str, days: tuple[str, ...], minutes: int, east: bool
) -> None:
    if begin == end:
        return
    zone = "Asia/Kolkata" if east else "America/New_York"
    moment = MONDAY + timedelta(minutes=minutes)
    inside = in_windows((window(begin, end, zone),), moment)
    assert inside != in_windows((window(end, begin, zone),), moment)
    if in_windows((window(begin, end, zone, *days),), moment):
        assert inside
