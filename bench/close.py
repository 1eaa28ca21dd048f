"""From a candle's close to the last stored decision, for 10,000 strategies."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from agents.cycle import Cycle
from agents.decision.rules import Context
from agents.decision.sight import Sights
from agents.decision.signals import entry_rules
from agents.domain.market import Timeframe
from agents.domain.risk import Costs
from agents.domain.strategy import Mode, Strategy
from agents.execution.brokers.paper import PaperBroker
from agents.execution.desk import Desk as Execution
from agents.execution.desk import open_desk
from agents.extraction.history import Frames
from bench.clock import CloseClock
from bench.filling import Filler
from bench.market import CLOSE, TIMEFRAMES, MadeUpMarket
from bench.strategies import specs
from bench.watching import LoopWatch, watched
from bot.running import favour_the_loop
from storage.columns import to_micros
from storage.database import Database, open_database

STRATEGIES = 10_000
OF_ONE_USER = 20
ACTIVATED = CLOSE - timedelta(hours=4, seconds=1)  # before the candle before the close


@dataclass
class Desk:
    """What the close is run on, again and again."""

    memory: Database
    market: MadeUpMarket
    clock: CloseClock
    execution: Execution
    frames: Frames
    cycle: Cycle

    async def again(self) -> None:
        """As it was before the close: nothing of that candle is decided or computed."""
        filler = Filler(self.memory)
        for table in ("proposals", "decisions"):
            await filler.change(
                f"DELETE FROM {table} WHERE closed = ?",  # noqa: S608
                [to_micros(CLOSE)],
            )
        await filler.change("DELETE FROM snapshots WHERE closed = ?", [to_micros(CLOSE)])
        self.frames, self.cycle = _cycle(self.memory, self.market, self.clock, self.execution)
        await self.warm()
        favour_the_loop()

    async def warm(self) -> None:
        """The candle before the close, so that only the close itself is new."""
        for name in TIMEFRAMES:
            timeframe = Timeframe.parse(name)
            await self.cycle.run(timeframe, CLOSE - timeframe.length)

    async def close(self) -> float:
        """All timeframes' candles close, and each has its job; seconds to the last decision."""
        began = time.perf_counter()
        await asyncio.gather(*(self.cycle.run(Timeframe.parse(name), CLOSE) for name in TIMEFRAMES))
        return time.perf_counter() - began


@asynccontextmanager
async def desk(folder: Path, count: int = STRATEGIES) -> AsyncIterator[Desk]:
    """A database with `count` active strategies, and a cycle that has looked once already."""
    memory = await open_database(f"sqlite://{folder}/close.db")
    try:
        await fill(memory, count)
        market, clock = MadeUpMarket(), CloseClock()
        broker = PaperBroker(Mode.PAPER, market, Costs())
        execution = open_desk(memory, market, clock, {Mode.PAPER: broker})
        frames, cycle = _cycle(memory, market, clock, execution)
        prepared = Desk(memory, market, clock, execution, frames, cycle)
        await prepared.warm()
        yield prepared
    finally:
        await memory.close()


async def fill(memory: Database, count: int) -> None:
    """`count` strategies, and users who have OF_ONE_USER of them each."""
    filler = Filler(memory)
    await filler.users(-(-count // OF_ONE_USER), ACTIVATED)
    await filler.strategies(list(specs(count)), OF_ONE_USER, ACTIVATED)


def _cycle(
    memory: Database, market: MadeUpMarket, clock: CloseClock, execution: Execution
) -> tuple[Frames, Cycle]:
    frames = Frames(market)
    sights = Sights(frames)
    return frames, Cycle(memory, market, clock, sights, execution.proposer, execution.hands)


async def measure(prepared: Desk) -> tuple[float, LoopWatch]:
    """(seconds from close to last stored decision, how long the loop was held)."""
    favour_the_loop()
    async with watched() as watch:
        took = await prepared.close()
    return took, watch


async def indicators_and_rules(prepared: Desk) -> float:
    """Seconds for the data points and rules alone: nothing read, weighed or stored."""
    strategies = [
        item for name in TIMEFRAMES for item in await prepared.memory.strategies.due(name)
    ]
    places: dict[tuple[str, str], list[Strategy]] = {}
    for item in strategies:
        places.setdefault((item.spec.symbols[0], item.spec.timeframe), []).append(item)
    sights = Sights(Frames(prepared.market))
    for (symbol, name), some in places.items():
        timeframe = Timeframe.parse(name)
        await sights.see(symbol, timeframe, CLOSE - timeframe.length, some)
    took = 0.0
    for (symbol, name), some in places.items():
        began = time.perf_counter()
        sight = await sights.see(symbol, Timeframe.parse(name), CLOSE, some)
        for item in some:
            context = sight.of(item)
            assert isinstance(context, Context)
            for rule in entry_rules(item.spec).values():
                rule.truth(context)
        took += time.perf_counter() - began
    return took
