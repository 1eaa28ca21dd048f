"""One job per timeframe, each boundary in order, whatever the clock does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.market import TIMEFRAMES, Timeframe
from bot.connectors.clocks import MovingClock, RealClock
from bot.scheduler import BoundaryTrigger, CandleWork, Chore, Scheduler
from tests.support.clock import START, ManualClock

FIVE = Timeframe.parse("5m")
SETTLE = timedelta(milliseconds=700)
SOON = 10.0
"""Seconds within which what must come has come; a test fails then instead of hanging."""


class Watch:
    """A machine's two clocks: what it shows, which can jump, and what has really elapsed."""

    def __init__(self, shown: datetime = START) -> None:
        self.shown = shown
        self.elapsed = 0.0

    def advance(self, seconds: float) -> None:
        self.shown += timedelta(seconds=seconds)
        self.elapsed += seconds

    def jump(self, seconds: float) -> None:
        self.shown += timedelta(seconds=seconds)

    def moving(self, speed: float) -> MovingClock:
        clock = MovingClock(START, speed, elapsed=lambda: self.elapsed, human=lambda: self.shown)
        clock.begin(START)
        return clock


class Book:
    """A cycle that only notes which candles it was asked to decide."""

    def __init__(self) -> None:
        self.closed: list[datetime] = []
        self.faults: list[Exception] = []

    async def decide(self, timeframe: Timeframe, closed: datetime) -> None:
        self.closed.append(closed)
        if self.faults:
            raise self.faults.pop()

    @property
    def minutes(self) -> list[float]:
        """Since START."""
        return [(one - START) / timedelta(minutes=1) for one in self.closed]


# --- when a boundary is due -----------------------------------------------------------------------


async def follow(watch: Watch, clock, work: CandleWork, fires: int) -> None:
    """As APScheduler does: wait in human time for what the trigger said, then run."""
    trigger = BoundaryTrigger(work.timeframe, clock, SETTLE)
    before: datetime | None = None
    for _ in range(fires):
        due = trigger.get_next_fire_time(before, watch.shown)
        watch.advance((due - watch.shown).total_seconds())
        before = due
        await work.run()


async def test_a_real_clock_fires_a_moment_after_each_boundary() -> None:
    watch, book = Watch(START + timedelta(seconds=10)), Book()
    clock = RealClock(lambda: watch.shown)
    await follow(watch, clock, CandleWork(FIVE, clock, book.decide, every=False), 4)
    assert book.minutes == [5, 10, 15, 20]
    assert watch.shown == START + timedelta(minutes=20) + SETTLE


@pytest.mark.parametrize("speed", [1, 60, 900, 7.3])
async def test_a_moving_clock_fires_at_each_of_its_boundaries(speed: float) -> None:
    watch, book = Watch(), Book()
    clock = watch.moving(speed)
    work = CandleWork(FIVE, clock, book.decide, every=True)
    await follow(watch, clock, work, 5)
    first = book.minutes[0]
    assert book.minutes == [first + 5 * number for number in range(len(book.minutes))]
    assert len(book.minutes) >= 5


@given(
    name=st.sampled_from(TIMEFRAMES),
    after=st.integers(0, 10**9),
    speed=st.sampled_from([1.0, 60.0, 900.0]),
)
def test_the_next_fire_is_always_ahead_and_after_a_boundary(
    name: str, after: int, speed: float
) -> None:
    timeframe = Timeframe.parse(name)
    clock = ManualClock(START + timedelta(milliseconds=after), START, speed=speed)
    due = BoundaryTrigger(timeframe, clock, SETTLE).get_next_fire_time(None, clock.wall())
    assert due > clock.wall() + SETTLE - timedelta(microseconds=10)
    clock.advance((due - clock.wall()).total_seconds() * speed)
    assert timeframe.floor(clock.now()) > timeframe.floor(START + timedelta(milliseconds=after))


async def test_a_boundary_that_was_fired_is_not_fired_again() -> None:
    clock = ManualClock(START + timedelta(seconds=1))
    trigger = BoundaryTrigger(FIVE, clock, SETTLE)
    first = trigger.get_next_fire_time(None, clock.wall())
    assert trigger.get_next_fire_time(first, clock.wall()) == first + FIVE.length


# --- what is decided ------------------------------------------------------------------------------


async def test_a_played_market_makes_up_every_boundary_in_order() -> None:
    clock, book = ManualClock(), Book()
    work = CandleWork(FIVE, clock, book.decide, every=True)
    await work.run()
    clock.advance(60 * 23)
    await work.run()
    await work.run()
    assert book.minutes == [0, 5, 10, 15, 20]


async def test_boundaries_that_pass_during_the_work_are_made_up_too() -> None:
    clock, book = ManualClock(), Book()

    async def slow(timeframe: Timeframe, closed: datetime) -> None:
        await book.decide(timeframe, closed)
        if len(book.closed) < 4:
            clock.advance(60 * 5)

    await CandleWork(FIVE, clock, slow, every=True).run()
    assert book.minutes == [0, 5, 10, 15]


async def test_a_real_market_decides_only_the_newest() -> None:
    clock, book = ManualClock(), Book()
    work = CandleWork(FIVE, clock, book.decide, every=False)
    await work.run()
    clock.advance(60 * 23)
    await work.run()
    assert book.minutes == [0, 20]


async def test_a_fault_is_one_candles_and_the_next_one_is_tried() -> None:
    clock, book = ManualClock(), Book()
    book.faults.append(ZeroDivisionError())
    work = CandleWork(FIVE, clock, book.decide, every=False)
    await work.run()
    await work.run()
    clock.advance(300)
    await work.run()
    assert book.minutes == [0, 5]


async def test_a_clock_that_was_wrong_for_a_while_stops_nothing() -> None:
    """A day ahead by mistake, then right again: candles go on at once."""
    clock, book = ManualClock(), Book()
    work = CandleWork(FIVE, clock, book.decide, every=False)
    await work.run()
    clock.advance(86_400)
    await work.run()
    clock.advance(-86_100)
    await work.run()
    clock.advance(300)
    await work.run()
    assert book.minutes == [0, 1440, 5, 10]


# --- jumps of people's clock ----------------------------------------------------------------------


async def test_the_real_clock_jumps_forward() -> None:
    watch, book = Watch(), Book()
    clock = RealClock(lambda: watch.shown)
    work = CandleWork(FIVE, clock, book.decide, every=False)
    await follow(watch, clock, work, 2)
    watch.jump(3600)
    await follow(watch, clock, work, 1)
    assert book.minutes == [5, 10, 75]


async def test_a_jump_of_peoples_clock_does_not_move_a_played_market() -> None:
    for jump in (3600, -3600):
        watch, book = Watch(), Book()
        clock = watch.moving(60)
        work = CandleWork(FIVE, clock, book.decide, every=True)
        await follow(watch, clock, work, 2)
        watch.jump(jump)
        await follow(watch, clock, work, 2)
        assert book.minutes == [5, 10, 15, 20]


@pytest.fixture
async def machine() -> AsyncIterator[Watch]:
    """Shows the real time, since APScheduler reads the machine's own clock."""
    yield Watch(datetime.now(UTC))


async def test_jobs_do_not_wait_for_a_time_that_was_set_back(machine: Watch) -> None:
    """Ten years back; without a look at it nothing would run for as long."""
    clock = RealClock(lambda: machine.shown)
    scheduler = Scheduler(clock, SETTLE, pause=forever)
    scheduler.add_candles([CandleWork(FIVE, clock, Book().decide, every=False)])
    scheduler.add_chores([Chore("every second", 1, nothing)])
    scheduler.start()
    machine.jump(-315_360_000)
    scheduler.look_at_clock()
    assert set(scheduler.due().values()) == {machine.shown}
    await scheduler.stop()


async def test_a_step_that_a_time_server_makes_changes_nothing(machine: Watch) -> None:
    clock = RealClock(lambda: machine.shown)
    scheduler = Scheduler(clock, SETTLE, pause=forever)
    scheduler.add_chores([Chore("every second", 1, nothing)])
    scheduler.start()
    before = scheduler.due()
    machine.jump(-0.4)
    scheduler.look_at_clock()
    assert scheduler.due() == before
    await scheduler.stop()


# --- APScheduler itself ---------------------------------------------------------------------------


async def forever(seconds: float) -> None:
    await asyncio.Event().wait()


async def nothing() -> None:
    """A chore with nothing to do."""


async def test_there_is_one_job_for_each_timeframe_and_each_runs_at_start() -> None:
    clock = RealClock()
    decided: set[str] = set()
    everyone = asyncio.Event()

    async def decide(timeframe: Timeframe, closed: datetime) -> None:
        decided.add(str(timeframe))
        if len(decided) == len(TIMEFRAMES):
            everyone.set()

    scheduler = Scheduler(clock, SETTLE)
    works = [CandleWork(Timeframe.parse(name), clock, decide, every=False) for name in TIMEFRAMES]
    scheduler.add_candles(works)
    scheduler.start()
    assert sorted(scheduler.due()) == sorted(f"candles {name}" for name in TIMEFRAMES)
    async with asyncio.timeout(SOON):
        await everyone.wait()
    await scheduler.stop()
    assert decided == set(TIMEFRAMES)


async def test_a_chore_that_fails_is_done_again() -> None:
    done: list[int] = []
    twice = asyncio.Event()

    async def chore() -> None:
        done.append(1)
        if len(done) > 1:
            twice.set()
        raise OSError("the disk is full")

    scheduler = Scheduler(RealClock(), SETTLE)
    scheduler.add_chores([Chore("tidy", 0.01, chore)])
    scheduler.start()
    async with asyncio.timeout(SOON):
        await twice.wait()
    await scheduler.stop()


async def test_a_stop_waits_for_what_was_begun_and_starts_nothing_new() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    ended: list[str] = []

    async def decide(timeframe: Timeframe, closed: datetime) -> None:
        begun.set()
        await may_end.wait()
        ended.append(str(timeframe))

    clock = RealClock()
    scheduler = Scheduler(clock, SETTLE)
    scheduler.add_candles([CandleWork(FIVE, clock, decide, every=False)])
    scheduler.start()
    async with asyncio.timeout(SOON):
        await begun.wait()
        stopping = asyncio.create_task(scheduler.stop())
        may_end.set()
        await stopping
    assert ended == ["5m"]


async def test_work_that_hangs_is_cancelled_with_the_stop() -> None:
    begun = asyncio.Event()
    cut: list[bool] = []

    async def hangs(timeframe: Timeframe, closed: datetime) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cut.append(True)
            raise

    clock = RealClock()
    scheduler = Scheduler(clock, SETTLE)
    scheduler.add_candles([CandleWork(FIVE, clock, hangs, every=False)])
    scheduler.start()
    async with asyncio.timeout(SOON):
        await begun.wait()
        stopping = asyncio.create_task(scheduler.stop())
        await asyncio.wait({stopping}, timeout=0.01)
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)
        while not cut:
            await asyncio.wait({asyncio.create_task(nothing())})
    assert cut == [True]


async def test_a_scheduler_that_never_started_stops() -> None:
    await Scheduler(RealClock(), SETTLE).stop()
