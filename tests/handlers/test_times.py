"""Times in the reader's zone, durations, and the names that people have for zones."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.errors import AskUser
from handlers import times

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "zone", "said"),
    [
        (NOON, "UTC", "12:00"),
        (NOON, "Asia/Kolkata", "17:30"),
        (NOON - timedelta(days=1), "UTC", "1 Mar 12:00"),
        (NOON - timedelta(days=365), "UTC", "2 Mar 2025 12:00"),
        (NOON.replace(hour=23, minute=30), "Europe/Berlin", "3 Mar 00:30"),
        (NOON, "Nowhere/Atall", "12:00"),
    ],
)
def test_moments(at, zone, said) -> None:
    assert times.moment(at, zone, NOON) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(42, "0:42"), (872, "14:32"), (3723, "1:02:03"), (0, "0:00"), (-5, "0:00")],
)
def test_countdowns(seconds, said) -> None:
    assert times.countdown(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "1 second"), (840, "14 minutes"), (3600, "1 hour"), (200_000, "2 days"), (0, "1 second")],
)
def test_ages(seconds, said) -> None:
    assert times.age(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(7500, "2 h 5 min"), (0, "0 s"), (59, "59 s"), (90_061, "1 d 1 h"), (3600, "1 h")],
)
def test_short_durations(seconds, said) -> None:
    assert times.short(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("said", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("New_York", "America/New_York"),
        ("CET", "Europe/Berlin"),
        ("utc", "UTC"),
        ("  Tokyo ", "Asia/Tokyo"),
        ("ho chi minh", "Asia/Ho_Chi_Minh"),
    ],
)
def test_zones_by_the_names_people_use(said, zone) -> None:
    assert times.find_zone(said) == zone


def test_an_unknown_zone_gets_suggestions() -> None:
    with pytest.raises(AskUser, match="Europe/Berlin"):
        times.find_zone("berlni")


@given(st.text(max_size=80))
def test_no_text_breaks_the_search_for_a_zone(said: str) -> None:
    try:
        assert times.zoned(times.find_zone(said)).key
    except AskUser as asked:
        assert "no time zone" in str(asked)
