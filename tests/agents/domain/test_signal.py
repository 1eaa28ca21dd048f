"""Levels that make no sense are refused by name."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.signal import (
    ProblemName,
    SignalKind,
    SignalReading,
    SignalTarget,
    SignalUpdate,
    UpdateKind,
    problems,
    reading_from_json,
)
from agents.domain.strategy import Side

D = Decimal


def targets(*prices: str) -> tuple[SignalTarget, ...]:
    return tuple(SignalTarget(D(price)) for price in prices)


LONG = SignalReading(
    SignalKind.SIGNAL,
    "BTC/USDT",
    "#BTC",
    Side.LONG,
    entries=(D(59_000), D(60_000)),
    targets=targets("61000", "63000"),
    stop=D(58_000),
)
SHORT = replace(LONG, side=Side.SHORT, targets=targets("58000", "57000"), stop=D(61_000))


def names(reading: SignalReading, price: str | None = "60000", **more: Any) -> list[str]:
    return [found.name.value for found in problems(reading, D(price) if price else None, **more)]


@pytest.mark.parametrize("reading", [LONG, SHORT])
@pytest.mark.parametrize("price", ["59000", "59990", None])
def test_sound_levels_have_no_problem(reading: SignalReading, price: str | None) -> None:
    assert names(reading, price) == []


@pytest.mark.parametrize(
    ("reading", "price", "problem"),
    [
        (replace(LONG, stop=None), "60000", ProblemName.NO_STOP),
        (replace(LONG, stop=D(60_500)), "60600", ProblemName.STOP_WRONG_SIDE),
        (replace(LONG, stop=D(59_500)), "60000", ProblemName.STOP_WRONG_SIDE),
        (replace(LONG, stop=D(59_000)), "60000", ProblemName.STOP_WRONG_SIDE),
        (replace(SHORT, stop=D(60_000)), "59000", ProblemName.STOP_WRONG_SIDE),
        (LONG, "57999", ProblemName.STOP_WRONG_SIDE),
        (SHORT, "61000", ProblemName.STOP_WRONG_SIDE),
        (replace(LONG, targets=targets("59500")), "59000", ProblemName.TARGET_BEHIND),
        (replace(SHORT, targets=targets("58000", "59500")), "60000", ProblemName.TARGET_BEHIND),
        (LONG, "61000", ProblemName.TARGET_BEHIND),
        (replace(LONG, entries=(), market=True), "61500", ProblemName.TARGET_BEHIND),
        (
            replace(LONG, entries=(), market=True, targets=targets("57000")),
            None,
            ProblemName.TARGET_BEHIND,
        ),
        (replace(LONG, targets=()), "70000", ProblemName.FAR_FROM_MARKET),
        (replace(LONG, stop=None, stop_percent=D(100)), "60000", ProblemName.IMPOSSIBLE),
        (replace(LONG, stop=None, stop_percent=D(0)), "60000", ProblemName.IMPOSSIBLE),
        (replace(LONG, stop=D(0)), "60000", ProblemName.IMPOSSIBLE),
    ],
)
def test_senseless_levels_are_named(
    reading: SignalReading, price: str | None, problem: ProblemName
) -> None:
    assert names(reading, price) == [problem.value]


def test_an_old_signal_has_expired() -> None:
    assert names(LONG, age=timedelta(minutes=31)) == ["expired"]
    assert names(LONG, age=timedelta(minutes=30)) == []


def test_without_a_side_the_levels_must_fit_one() -> None:
    unsaid = replace(LONG, side=None)
    assert unsaid.fitting_side is Side.LONG
    assert names(unsaid) == []
    assert replace(SHORT, side=None).fitting_side is Side.SHORT
    torn = replace(LONG, side=None, targets=targets("61000", "50000"))
    assert torn.fitting_side is None
    assert names(torn) == ["stop on the wrong side"]
    assert replace(LONG, side=None, targets=(), entries=()).fitting_side is None


def test_a_stop_in_percent_needs_the_side() -> None:
    percent = replace(LONG, stop=None, stop_percent=D(5))
    assert percent.stop_from(D(100)) == D(95)
    assert replace(percent, side=Side.SHORT).stop_from(D(100)) == D(105)
    assert replace(percent, side=None).stop_from(D(100)) is None
    assert LONG.stop_from(D(100)) == D(58_000)


def test_a_reading_is_stored_exactly() -> None:
    full = replace(
        LONG,
        targets=(SignalTarget(D("0.00001234"), D("12.5")), SignalTarget(D("1E-7"))),
        leverage=D(5),
        leverage_high=D(10),
        updates=(SignalUpdate(UpdateKind.TARGET_HIT, 1, D("61000"), None),),
        faults=("No stop.",),
        unread=("moon",),
    )
    assert reading_from_json(full.as_json()) == full
    assert reading_from_json(SignalReading(SignalKind.NOTHING).as_json()).kind == "nothing"
