"""From a candle's close to the last stored decision, for 10,000 strategies."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from agents.cycle import Cycle
from agents.decision.sight import Sights
from agents.domain.market import Timeframe
from agents.domain.position import Position
from agents.domain.risk import Costs
from agents.domain.strategy import Mode, StrategyState
from agents.domain.user import Identity, Place
from agents.execution.desk import open_desk
from agents.execution.paper import PaperBroker
from agents.extraction.history import Frames
from bench.clock import CloseClock
from bench.market import CLOSE, TIMEFRAMES, MadeUpMarket
from bench.strategies import specs
from storage.database import Database, open_database

STRATEGIES = 10_000


class NoExits:
    """No strategy here has an exit rule."""

    async def exit_by_rule(self, position: Position, reason: str) -> None:
        """Never asked."""


@dataclass
class Desk:
    """What the close is run on."""

    memory: Database
    cycle: Cycle


@asynccontextmanager
async def desk(folder: Path, count: int = STRATEGIES) -> AsyncIterator[Desk]:
    """A database with `count` active strategies, and a cycle that has looked once already."""
    memory = await open_database(f"sqlite://{folder}/bench.db")
    market, clock = MadeUpMarket(), CloseClock()
    await fill(memory, count)
    parts = open_desk(memory, market, clock, {Mode.PAPER: PaperBroker(Mode.PAPER, market, Costs())})
    sights = Sights(Frames(market))
    cycle = Cycle(memory, market, clock, sights, parts.proposer, NoExits())
    for name in TIMEFRAMES:
        timeframe = Timeframe.parse(name)
        await cycle.run(timeframe, CLOSE - timeframe.length)
    try:
        yield Desk(memory, cycle)
    finally:
        await memory.close()


async def fill(memory: Database, count: int) -> None:
    """`count` strategies of `count` / 20 users, activated before the candle before the close."""
    activated = CLOSE - timedelta(hours=4, seconds=1)
    owner = 0
    async with memory.transactions.transaction():
        for number, spec in enumerate(specs(count)):
            if number % 20 == 0:
                owner = await join(memory, str(number), activated)
            strategy = await memory.strategies.draft(
                owner, f"s{number}", spec, "", Mode.PAPER, activated
            )
            await memory.strategies.move(owner, strategy.id, StrategyState.ACTIVE, activated)


async def join(memory: Database, account: str, at: datetime) -> int:
    place = Place("bench", account)
    user = await memory.users.join(
        Identity("bench", account), account, place, operator=False, at=at
    )
    return user.id


class LoopWatch:
    """The longest time by which the event loop was late for a timer of a millisecond, seconds."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def run(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, time.perf_counter() - began - 0.001)


async def measure(prepared: Desk) -> tuple[float, float]:
    """(seconds from close to last stored decision, longest hold of the loop in seconds)."""
    watch = LoopWatch()
    watching = asyncio.create_task(watch.run())
    began = time.perf_counter()
    for name in TIMEFRAMES:
        await prepared.cycle.run(Timeframe.parse(name), CLOSE)
    took = time.perf_counter() - began
    watching.cancel()
    return took, watch.longest
