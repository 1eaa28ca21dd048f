"""The clockwork: one job per timeframe, never one per strategy, and a few chores."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from agents.domain.errors import ParleyError
from agents.domain.market import Timeframe
from agents.domain.ports import Clock

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
SET_BACK = timedelta(seconds=2)  # a step back of people's clock that is worth a look at every job

CandleJob = Callable[[Timeframe, datetime], Awaitable[None]]


class BoundaryTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires in human time when the market's clock passes a boundary of `timeframe`.

    `settle` is how long after the boundary (human time) the candle is looked for: exchanges
    publish a closed candle a moment late.
    """

    def __init__(self, timeframe: Timeframe, clock: Clock, settle: timedelta) -> None:
        self._timeframe = timeframe
        self._clock = clock
        self._settle = settle

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        boundary = self._timeframe.next_close(self._clock.now())
        at = self._clock.wall_at(boundary) + self._settle
        after = self._clock.wall_at(boundary + self._timeframe.length) + self._settle
        same = previous_fire_time is not None and at <= previous_fire_time < after
        return after if same else at


@dataclass(frozen=True, slots=True)
class Chore:
    """Something done every `seconds` of human time."""

    name: str
    seconds: float
    work: Callable[[], Awaitable[Any]]


class CandleWork:
    """Runs the cycle of one timeframe for each boundary, in order, never two at a time.

    A market whose clock we move waits for nobody, so boundaries passed while a run was busy are
    made up one by one (`every`); on a real market the newest one alone is still worth deciding,
    and the cycle records the older ones as missed.
    """

    def __init__(self, timeframe: Timeframe, clock: Clock, job: CandleJob, *, every: bool) -> None:
        self.timeframe = timeframe
        self._clock = clock
        self._job = job
        self._every = every
        self._done: datetime | None = None

    async def run(self) -> None:
        """Decide every boundary that is due; a fault is logged and the next one is tried.

        A clock that was set back begins anew: the cycle knows what was decided already.
        """
        newest = self.timeframe.floor(self._clock.now())
        if self._done is not None and self._done > newest:
            self._done = None
        while self._done is None or self._done < newest:
            boundary = newest
            if self._every and self._done is not None:
                boundary = self._done + self.timeframe.length
            await self._decide(boundary)
            self._done = boundary
            newest = self.timeframe.floor(self._clock.now())

    async def _decide(self, boundary: datetime) -> None:
        try:
            await self._job(self.timeframe, boundary)
        except Exception:
            log.exception(
                "A candle could not be decided; the next one will be tried.",
                extra={"timeframe": str(self.timeframe), "closed": boundary.isoformat()},
            )


class Scheduler:
    """Owns APScheduler; nothing else knows it."""

    def __init__(
        self,
        clock: Clock,
        settle: timedelta,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._settle = settle
        self._pause = pause
        self._latest = clock.wall()
        self._watch: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[Any]] = set()
        self._scheduler = AsyncIOScheduler(
            executors={"default": AsyncIOExecutor()},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )

    def add_candles(self, works: Iterable[CandleWork]) -> None:
        """One job per timeframe; each also runs once at start, to catch up."""
        for work in works:
            trigger = BoundaryTrigger(work.timeframe, self._clock, self._settle)
            self._scheduler.add_job(
                self._tracked(work.run),
                trigger,
                id=f"candles {work.timeframe}",
                next_run_time=self._clock.wall(),
            )

    def add_chores(self, chores: Iterable[Chore]) -> None:
        for chore in chores:
            self._scheduler.add_job(
                self._tracked(_guarded(chore)),
                IntervalTrigger(seconds=chore.seconds),
                id=chore.name,
            )

    def start(self) -> None:
        self._scheduler.start()
        self._watch = asyncio.create_task(self._watch_clock(), name="clock watch")

    async def stop(self) -> None:
        """No new runs, and those under way come to their end; whoever waits no longer than that
        cancels this, and them with it."""
        if not self._scheduler.running:
            return
        if self._watch is not None:
            self._watch.cancel()
        self._scheduler.pause()
        try:
            if self._under_way:
                await asyncio.wait(self._under_way)
        finally:
            self._scheduler.shutdown(wait=False)

    def due(self) -> dict[str, datetime]:
        """When each job runs next, human time."""
        return {job.id: job.next_run_time for job in self._scheduler.get_jobs()}

    def look_at_clock(self) -> None:
        """After people's clock was set back, jobs would wait for a time that has been once
        already: each is run now instead."""
        now = self._clock.wall()
        if now < self._latest - SET_BACK:
            log.warning("The clock was set back; everything is looked at again.")
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=now)
        self._latest = now

    async def _watch_clock(self) -> None:
        while True:
            await self._pause(LOOK_SECONDS)
            self.look_at_clock()

    def _tracked(self, work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101  # a coroutine runs in a task
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            await work()

        return run


def _guarded(chore: Chore) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        try:
            await chore.work()
        except ParleyError as error:  # its own sentence says it all, perhaps every second
            log.warning(
                "A chore failed; it will be tried again.",
                extra={"chore": chore.name, "why": str(error)},
            )
        except Exception:
            log.exception("A chore failed; it will be tried again.", extra={"chore": chore.name})

    return run
