"""Labels: round, readable, and never on top of another."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agents.reporting.labels import price_text, spread_out, ticks, times

prices = st.floats(min_value=-1000, max_value=1000, allow_nan=False)


@given(st.lists(prices, min_size=1, max_size=8))
def test_labels_are_apart_in_order_and_inside(places: list[float]) -> None:
    low, high = -1000.0, 1000.0
    gap = 150.0
    spread = spread_out(places, low, high, gap)
    ordered = [spread[i] for i in sorted(range(len(places)), key=lambda i: places[i])]
    assert all(b - a >= gap - 1e-6 for a, b in pairwise(ordered))
    assert min(spread) >= low - 1e-6
    assert max(spread) <= high + 1e-6


def test_labels_that_do_not_touch_stay_where_they_are() -> None:
    assert spread_out([10, 500], 0, 1000, 100) == [10, 500]


@given(st.floats(1e-9, 1e6), st.floats(1e-6, 10))
def test_ticks_are_few_and_inside(low: float, part: float) -> None:
    high = low * (1 + part)
    places = ticks(low, high)
    assert 1 <= len(places) <= 8
    assert all(low * (1 - 1e-9) <= place <= high * (1 + 1e-9) for place in places)


def test_prices_have_as_many_places_as_they_need() -> None:
    assert price_text(61250.4, 1200) == "61,250"
    assert price_text(0.0000274, 0.0000004) == "0.000027400"


def test_times_show_the_date_where_the_day_turns() -> None:
    start = datetime(2022, 1, 19, 21, 20, tzinfo=UTC)
    _, labels = times([start + timedelta(minutes=5 * i) for i in range(80)])
    assert [label for label in labels if "Jan" in label] == ["21:55\nJan 19", "00:15\nJan 20"]


def test_one_moment_and_none() -> None:
    assert times([]) == ([], [])
    assert len(times([datetime(2022, 1, 1, tzinfo=UTC)])[0]) == 1
