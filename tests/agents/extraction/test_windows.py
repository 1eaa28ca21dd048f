"""Sums over moving windows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.extraction.windows import blank, earlier, quotient, window_moments, window_sum

# Squares of what is nearer to zero, which no price is, are not to be had as floats.
VALUE = st.floats(-1e6, 1e6).map(lambda value: value if abs(value) > 1e-100 else 0.0)
VALUES = st.lists(VALUE, min_size=1, max_size=80).map(np.array)


@settings(max_examples=200, deadline=None)
@given(VALUES, st.integers(1, 90))
def test_each_window_is_summed(values: np.ndarray, length: int) -> None:
    found = window_sum(values, length)
    mean, deviation = window_moments(values, length)
    assert len(found) == len(values)
    assert np.isnan(found[: length - 1]).all()
    for stop in range(length, len(values) + 1):
        window = values[stop - length : stop]
        size = np.abs(window).max() + 1e-300
        assert found[stop - 1] == pytest.approx(window.sum(), abs=1e-12 * length * size)
        assert mean[stop - 1] == pytest.approx(window.mean(), abs=1e-12 * size)
        assert deviation[stop - 1] == pytest.approx(window.std(), rel=1e-9, abs=1e-12 * size)


@given(VALUES, st.integers(1, 30), st.integers(0, 60))
def test_a_window_does_not_know_what_was_before(
    values: np.ndarray, length: int, start: int
) -> None:
    whole, tail = window_sum(values, length), window_sum(values[start:], length)
    assert np.array_equal(whole[start + length - 1 :], tail[length - 1 :])
    whole, tail = window_moments(values, length)[1], window_moments(values[start:], length)[1]
    assert np.array_equal(whole[start + length - 1 :], tail[length - 1 :])


@given(st.floats(1e-9, 1e9), st.integers(1, 40))
def test_equal_values_do_not_deviate_and_nothing_sums_to_nothing(price: float, length: int) -> None:
    after_a_storm = np.concatenate((np.full(50, 1e15), np.full(60, price)))
    mean, deviation = window_moments(after_a_storm, length)
    assert mean[-1] == price
    assert deviation[-1] == 0
    silence = np.concatenate((np.full(50, 1e15 / 3), np.zeros(60)))
    assert window_sum(silence, length)[-1] == 0


def test_a_quiet_window_keeps_its_digits() -> None:
    prices = 110_000 + np.array([0.01, -0.01, 0.02, 0.0] * 50)
    deviation = window_moments(prices, 20)[1][-1]
    assert deviation == pytest.approx(np.std([0.01, -0.01, 0.02, 0.0]), rel=1e-9)


def test_division_by_zero_is_unknown() -> None:
    top, bottom = np.array([1.0, 0.0, 3.0, np.nan]), np.array([2.0, 0.0, 0.0, 1.0])
    assert quotient(top, bottom) == pytest.approx([0.5, np.nan, np.nan, np.nan], nan_ok=True)


def test_blanks_spread_over_the_windows_that_hold_them() -> None:
    column, undefined = np.arange(6.0), np.array([False, True, False, False, False, False])
    assert blank(column, undefined, 3) == pytest.approx(
        [0, np.nan, np.nan, np.nan, 4, 5], nan_ok=True
    )
    assert blank(column, np.zeros(6, bool), 3) is column


def test_earlier_is_unknown_before_the_first() -> None:
    assert earlier(np.arange(3.0), 1) == pytest.approx([np.nan, 0, 1], nan_ok=True)
    assert np.isnan(earlier(np.arange(3.0), 3)).all()
