"""The running desk: the order in which its parts wake up, what they do regularly, how they stop."""

import asyncio
import gc
import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from agents.domain.errors import OperatorNeeded, ParleyError
from agents.domain.market import MarketState
from agents.domain.ports import Clock, Market, Memory
from agents.domain.strategy import StrategyState
from agents.domain.user import Notice, NoticeKind
from agents.execution.desk import Desk as Execution
from agents.execution.watching import needed_symbols
from handlers import markers
from handlers.chat import Platform, Receiver

log = logging.getLogger(__name__)

CLOCK_NOTE = "market_clock"
MARKET_NOTE = "market_name"
ALIVE_NOTE = "last_alive"
OTHER_NOTE = "other_market_until"  # the newest market time of any market before this one
RETRY_SECONDS = 2.0
KEPT = timedelta(days=30)  # delivered messages and handled updates
STOP_SECONDS = 4.5  # for all parts together
PART_SECONDS = 3.0  # for one of them
LEAST_SECONDS = 0.2  # for those whose turn comes when the time is over


class Part(Protocol):
    """Something that is started and stopped."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


class Served(Part, Protocol):
    @property
    def address(self) -> str: ...


class Received(Part, Protocol):
    @property
    def receive(self) -> Receiver: ...


class Timed(Protocol):
    def start(self) -> None: ...
    async def stop(self) -> None: ...


class Mail(Protocol):
    """The part of the stored mail that is tidied up here."""

    async def prune(self, before: datetime) -> int: ...


@dataclass
class Parts:
    """What talks and what keeps time."""

    web: Served
    clerk: Received
    postman: Part
    platforms: Mapping[str, Platform]
    timing: Timed
    mail: Sequence[Mail]
    closing: Sequence[Callable[[], Awaitable[None]]]
    token: str


@dataclass
class Parley:
    """One desk. `market_name` tells markets apart whose times have nothing to do with another.

    `played` is true for a market whose clock is ours and goes on where it stopped.
    """

    memory: Memory
    clock: Clock
    market: Market
    execution: Execution
    market_name: str
    played: bool
    model: str = ""
    live: bool = False  # whether real money may be traded here
    background: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    parts: Parts | None = None
    awake: bool = False
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    stop_seconds: float = STOP_SECONDS
    _database_fault: str = ""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _told: MarketState = MarketState.STARTING

    @property
    def address(self) -> str:
        """Of the web server, with the port that it really has; empty before the start."""
        return self.parts.web.address if self.parts else ""

    # --- life -------------------------------------------------------------------------------

    async def start(self, parts: Parts) -> str:
        """Start every part; the address of the page. Raises OperatorNeeded."""
        self.parts = parts
        resume_at = await self._resume_at()
        await parts.web.start()
        await self.market.start(resume_at)
        await self.memory.notes.write(MARKET_NOTE, self.market_name)
        for platform in parts.platforms.values():
            await platform.start(parts.clerk.receive)
        await parts.clerk.start()
        await parts.postman.start()
        for work in (self._wake, *self.background):
            self._tasks.append(asyncio.create_task(work(), name=work.__name__))
        return f"{parts.web.address}/?token={parts.token}"

    async def stop(self) -> None:
        """Finish what was begun, within a few seconds; what is stored goes on at the next start."""
        parts, hurry = self.parts, Hurry(self.stop_seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if parts is None:
            await hurry.within("market", self.market.stop())
            return
        await hurry.within("timing", parts.timing.stop())
        talking = parts.platforms.items()
        await asyncio.gather(*(hurry.within(name, one.stop()) for name, one in talking))
        await hurry.within("inbox", parts.clerk.stop())
        await hurry.within("market", self.market.stop())
        await hurry.within("execution", self.execution.rest())
        if self.played and self.awake:
            await hurry.within("clock", self._save_clock())
        await hurry.within("outbox", parts.postman.stop())
        for close in (parts.web.stop, *parts.closing):
            await hurry.within("connections", close())

    async def _resume_at(self) -> datetime | None:
        """Where the market's clock goes on; None on a market whose clock is everybody's."""
        before = await self.memory.notes.read(MARKET_NOTE)
        if before is None or before == self.market_name:
            return await self._went_on_at() if self.played else None
        open_ones = await self.memory.positions.still_open()
        if open_ones:
            raise OperatorNeeded(
                f"{_counted(len(open_ones))} open on the market {before!r}, and prices of"
                f" {self.market_name!r} mean nothing to that. Start with PARLEY_MARKET={before} and"
                " close everything (/close all), or name another DATABASE_URL."
            )
        await self._pause_all(f"the market was changed from {before} to {self.market_name}")
        newest = await self.memory.last_market_time()
        if newest is not None:
            await self.memory.notes.write(OTHER_NOTE, newest.isoformat())
        await self.memory.notes.erase(CLOCK_NOTE)
        return None

    async def _went_on_at(self) -> datetime | None:
        """The newest stamp of this market. Where those of another one are later and hide it, the
        clock's own note, which is written every second."""
        newest = await self.memory.last_market_time()
        other = await self.memory.notes.read(OTHER_NOTE)
        if newest is None or other is None or newest > datetime.fromisoformat(other):
            return newest
        noted = await self.memory.notes.read(CLOCK_NOTE)
        return datetime.fromisoformat(noted) if noted else None

    async def _pause_all(self, reason: str) -> None:
        for strategy in await self.memory.strategies.active():
            await self.memory.strategies.move(
                strategy.owner_id,
                strategy.id,
                StrategyState.PAUSED,
                self.clock.now(),
                reason=reason,
            )
            await self.execution.approvals.cancel_for(strategy.owner_id, strategy.id, reason)

    async def _wake(self) -> None:
        """Once the market answers, finish what a killed process left; then let time run."""
        while not self.awake:
            try:
                await self.watch_symbols()
                await self.execution.wake()
                self.awake = True
            except ParleyError as error:
                log.warning("The desk can't wake up yet.", extra={"why": str(error)})
                await self.pause(RETRY_SECONDS)
            except Exception:
                log.exception("The desk can't wake up yet.")
                await self.pause(RETRY_SECONDS)
        assert self.parts is not None  # noqa: S101  # start() set them
        self.parts.timing.start()
        favour_the_loop()
        log.info("Awake.", extra={"market": self.market_name})

    # --- what is done regularly ---------------------------------------------------------------

    async def every_second(self) -> None:
        await self._look_at_database()
        await self.execution.every_second()
        await self._tell_market()

    async def watch_symbols(self) -> None:
        """Ticks are wanted of what is traded, and of what strategies look at."""
        wanted = await needed_symbols(self.memory)
        for strategy in await self.memory.strategies.active():
            wanted.update(strategy.spec.named)
        self.market.watch(wanted)

    async def tidy(self) -> None:
        """Forget old mail; what was traded is kept."""
        assert self.parts is not None  # noqa: S101
        for mail in self.parts.mail:
            await mail.prune(self.clock.wall() - KEPT)

    async def _look_at_database(self) -> None:
        """Raises what the database raises, once /health knows."""
        try:
            if self.played:
                await self._save_clock()
            else:  # a full disk shows in writing alone
                await self.memory.notes.write(ALIVE_NOTE, self.clock.wall().isoformat())
        except ParleyError as error:
            self._database_fault = str(error)
            raise
        self._database_fault = ""

    async def _save_clock(self) -> None:
        await self.memory.notes.write(CLOCK_NOTE, self.clock.now().isoformat())

    async def _tell_market(self) -> None:
        """Whoever has an active strategy learns that the market has ended."""
        health = self.market.health()
        if health.state is self._told:
            return
        self._told = health.state
        if health.state is not MarketState.ENDED:
            return
        facts = {"state": health.state.value, "detail": health.detail}
        owners = {strategy.owner_id for strategy in await self.memory.strategies.active()}
        for owner in owners:
            key = f"market:{self.market_name}:{health.state}"
            await self.memory.notices.tell(Notice(owner, NoticeKind.MARKET, key, facts))

    # --- how it goes --------------------------------------------------------------------------

    def health(self) -> tuple[bool, Mapping[str, Any]]:
        """(able to work, a sentence for each part), for /health."""
        found = self.lines()
        able = all(works for part, works, _ in found if part in {"market", "database"})
        return able, {part: sentence for part, _, sentence in found}

    def lines(self) -> Sequence[tuple[str, bool, str]]:
        """(part, whether it works, a sentence)."""
        market = self.market.health()
        live = market.state in {MarketState.LIVE, MarketState.ENDED}
        said = f"{market.name} is {market.state}" + (f": {market.detail}" if market.detail else "")
        found = [("market", live and self.awake, said if self.awake else f"{said}, waking up")]
        found.append(("database", not self._database_fault, self._database_fault or "ok"))
        for name, platform in (self.parts.platforms if self.parts else {}).items():
            health = platform.health()
            found.append((name, health.connected, health.detail or "connected"))
        if self.execution.truth is not None:
            found.append(self.execution.truth.reconciliation.health())
        found.append(("model", True, self.model or "none: the rules alone decide"))
        return found

    def headline(self) -> Mapping[str, str]:
        """The line at the top of the page; a phone shows the first half of it."""
        market = self.market.health()
        kind, _, exchange = self.market_name.partition(":")
        name = markers.market(exchange) if kind == "ccxt" else kind.capitalize()
        shown = {"market": f"{name} market"}
        if market.state is not MarketState.LIVE:
            shown["state"] = market.state.value
        if self.played:
            shown["time"] = f"{self.clock.now():%d %b %Y %H:%M} UTC"
        return {**shown, "mode": "real and paper money" if self.live else "paper money"}


def favour_the_loop() -> None:
    """Once everything is awake: keep the collector and other threads from holding the loop."""
    # What lives from here on lives long: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    # A thread that draws or computes lets go of the interpreter after so long, seconds.
    sys.setswitchinterval(0.0005)


def _counted(positions: int) -> str:
    return "1 position is" if positions == 1 else f"{positions} positions are"


class Hurry:
    """Time for stopping: a part that hangs or breaks must not keep the others from it."""

    def __init__(self, seconds: float) -> None:
        self._share = seconds / STOP_SECONDS
        self._ends = asyncio.get_running_loop().time() + seconds

    async def within(self, name: str, work: Awaitable[object]) -> None:
        left = self._ends - asyncio.get_running_loop().time()
        seconds = max(LEAST_SECONDS * self._share, min(PART_SECONDS * self._share, left))
        task = asyncio.ensure_future(work)
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            task.cancel()
            log.warning("A part did not stop in time.", extra={"part": name})
        elif not task.cancelled() and (error := task.exception()):
            log.error("A part did not stop cleanly.", extra={"part": name}, exc_info=error)
