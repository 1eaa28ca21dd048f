"""Market time runs forward at its speed, whatever the machine's clock does."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.connectors.clocks import MovingClock, RealClock
from tests.support.clock import ManualClock

START = datetime(2022, 1, 20, tzinfo=UTC)
TODAY = datetime(2026, 3, 4, 12, tzinfo=UTC)


class Watch:
    """Elapsed seconds and human time, each set by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.human = TODAY


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def clock(watch: Watch) -> MovingClock:
    return MovingClock(START, 60, elapsed=lambda: watch.seconds, human=lambda: watch.human)


def test_it_stands_still_until_it_begins(clock: MovingClock, watch: Watch) -> None:
    watch.seconds += 50
    assert clock.now() == START


def test_it_runs_at_its_speed(clock: MovingClock, watch: Watch) -> None:
    clock.begin(START)
    watch.seconds += 2.5
    assert clock.now() == START + timedelta(seconds=150)


def test_it_continues_where_it_is_told(clock: MovingClock, watch: Watch) -> None:
    watch.seconds += 5_000
    clock.begin(START + timedelta(days=3))
    assert clock.now() == START + timedelta(days=3)


def test_a_jump_of_the_machines_clock_does_not_move_the_market(
    clock: MovingClock, watch: Watch
) -> None:
    clock.begin(START)
    watch.human += timedelta(days=2)
    assert clock.now() == START
    watch.human -= timedelta(days=4)
    assert clock.now() == START
    assert clock.wall() == watch.human


def test_it_knows_the_human_time_of_a_market_moment(clock: MovingClock, watch: Watch) -> None:
    clock.begin(START)
    watch.seconds += 1
    assert clock.wall_at(START + timedelta(minutes=5)) == TODAY + timedelta(seconds=4)


def test_a_clock_can_not_stand_still_or_run_backwards() -> None:
    with pytest.raises(ValueError, match="above 0"):
        MovingClock(START, 0)


def test_the_real_clock_waits_out_a_small_step_back(watch: Watch) -> None:
    clock = RealClock(lambda: watch.human)
    watch.human += timedelta(seconds=10)
    assert clock.now() == TODAY + timedelta(seconds=10)
    watch.human -= timedelta(seconds=3)
    assert clock.now() == TODAY + timedelta(seconds=10)
    watch.human += timedelta(seconds=5)
    assert clock.now() == TODAY + timedelta(seconds=12)


def test_the_real_clock_follows_a_mended_time(watch: Watch) -> None:
    watch.human += timedelta(days=1)
    clock = RealClock(lambda: watch.human)
    watch.human -= timedelta(days=1)
    assert clock.now() == TODAY


def test_real_market_time_is_human_time() -> None:
    clock = RealClock()
    assert clock.wall_at(START) == START
    assert clock.now().tzinfo is UTC


def test_the_manual_clock_moves_people_slower() -> None:
    clock = ManualClock(START, wall=TODAY, speed=60)
    assert clock.wall_at(START + timedelta(hours=1)) == TODAY + timedelta(minutes=1)
    clock.advance(120)
    assert clock.now() == START + timedelta(minutes=2)
    assert clock.wall() == TODAY + timedelta(seconds=2)
