"""From a tick to the stored exit intent, with 100,000 open positions on 100 symbols."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from agents.domain.market import Tick
from agents.domain.proposal import ProposalState
from agents.domain.risk import Costs
from agents.domain.strategy import Mode
from agents.execution.brokers.paper import PaperBroker
from agents.execution.desk import Desk, open_desk
from bench.clock import CloseClock
from bench.filling import Filler, owner_of
from bench.market import CLOSE, SYMBOLS, MadeUpMarket
from bench.strategies import specs
from bench.trades import PRICE, Trade
from bench.watching import processor_wait
from bot.running import favour_the_loop
from storage.database import Database, open_database
from storage.models import DecisionRow, PositionRow, ProposalRow

POSITIONS = 100_000
OF_ONE_STRATEGY = 10  # positions
OF_ONE_USER = 20  # strategies
QUIET, EXITS = 20_000, 1_000  # ticks
STEP = Decimal("0.01")
CANDLE = timedelta(minutes=5)


@dataclass(frozen=True)
class Floor:
    """A desk that follows many positions; the stops of each symbol are a step apart."""

    desk: Desk
    market: MadeUpMarket
    loading: float  # seconds to read all positions, as at a start


@asynccontextmanager
async def floor(folder: Path, count: int = POSITIONS) -> AsyncIterator[Floor]:
    memory = await open_database(f"sqlite://{folder}/ticks.db")
    try:
        await fill(memory, count)
        market = MadeUpMarket(candles=False)
        broker = PaperBroker(Mode.PAPER, market, Costs())
        desk = open_desk(memory, market, CloseClock(), {Mode.PAPER: broker})
        began = time.perf_counter()
        await desk.exits.load()
        loading = time.perf_counter() - began
        favour_the_loop()
        yield Floor(desk, market, loading)
        await desk.rest()
    finally:
        await memory.close()


async def fill(memory: Database, count: int) -> None:
    """Users, strategies, and a decision, a proposal and a position for each trade."""
    filler, strategies = Filler(memory), count // OF_ONE_STRATEGY
    await filler.users(-(-strategies // OF_ONE_USER), CLOSE - CANDLE)
    await filler.strategies(list(specs(strategies)), OF_ONE_USER, CLOSE - CANDLE)
    await filler.rows(DecisionRow, (trade.decision() for trade in trades(count)))
    filled = ProposalState.FILLED
    await filler.rows(ProposalRow, (trade.proposal(filled) for trade in trades(count)))
    await filler.rows(PositionRow, (trade.position() for trade in trades(count)))


def trades(count: int) -> Iterator[Trade]:
    """Each strategy has OF_ONE_STRATEGY of them, on the symbol that it is about."""
    strategies = count // OF_ONE_STRATEGY
    for place in range(count):
        turn, strategy = divmod(place, strategies)
        yield Trade(
            number=place + 1,
            owner=owner_of(strategy + 1, OF_ONE_USER),
            strategy=strategy + 1,
            symbol=SYMBOLS[strategy % len(SYMBOLS)],
            timeframe="5m",
            closed=CLOSE - CANDLE * (turn + 1),
            stop=PRICE - STEP * (1 + place // len(SYMBOLS)),
        )


async def quiet(floor: Floor, rounds: int = QUIET) -> list[float]:
    """Seconds of each tick that sets off nothing, as of hundreds that come at once."""
    found = []
    for number in range(rounds):
        tick = Tick(SYMBOLS[number % len(SYMBOLS)], CLOSE, PRICE - STEP / 2)
        began = time.perf_counter()
        floor.market.say(tick)
        found.append(time.perf_counter() - began)
        if number % 1_000 == 0:
            await asyncio.sleep(0)
    return found


async def exits(floor: Floor, rounds: int = EXITS) -> tuple[list[float], list[float]]:
    """Seconds from each tick that reaches a stop to the stored intent, and how many of them were
    spent waiting for a processor. The order is sent, filled at the next tick and booked before
    the next one, and not counted."""
    found, waits = [], []
    for number in range(rounds):
        symbol, level = SYMBOLS[number % len(SYMBOLS)], 1 + number // len(SYMBOLS)
        at = CLOSE + timedelta(milliseconds=2 * number)
        tick = Tick(symbol, at, PRICE - STEP * level)
        waited, began = processor_wait(), time.perf_counter()
        floor.market.say(tick)
        await floor.desk.exits.idle()
        found.append(time.perf_counter() - began)
        waits.append(processor_wait() - waited)
        await floor.desk.orders.idle()
        floor.market.say(Tick(symbol, at + timedelta(milliseconds=1), tick.price))
        await floor.desk.orders.idle()
    return found, waits
