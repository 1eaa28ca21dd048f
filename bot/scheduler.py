"""The clockwork: one job per timeframe, never one per strategy, and a few chores."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from agents.domain.market import Timeframe
from agents.domain.ports import Clock

log = logging.getLogger(__name__)

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
        if previous_fire_time is not None and at <= previous_fire_time:
            at = self._clock.wall_at(boundary + self._timeframe.length) + self._settle
        return at


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
        """Decide every boundary that is due; a fault is logged and the next one is tried."""
        newest = self.timeframe.floor(self._clock.now())
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

    def __init__(self, clock: Clock, settle: timedelta) -> None:
        self._clock = clock
        self._settle = settle
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
                work.run,
                trigger,
                id=f"candles {work.timeframe}",
                next_run_time=self._clock.wall(),
            )

    def add_chores(self, chores: Iterable[Chore]) -> None:
        for chore in chores:
            self._scheduler.add_job(
                _guarded(chore), IntervalTrigger(seconds=chore.seconds), id=chore.name
            )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """No new runs; those under way finish by themselves."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


def _guarded(chore: Chore) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        try:
            await chore.work()
        except Exception:
            log.exception("A chore failed; it will be tried again.", extra={"chore": chore.name})

    return run
