"""From a tick to the stored exit intent, with 100,000 open positions on 100 symbols."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from agents.domain.market import Tick
from agents.domain.position import Position
from agents.domain.proposal import Trailing
from agents.domain.risk import Costs
from agents.domain.strategy import Mode, Side, StrategyState
from agents.execution.desk import Desk, open_desk
from agents.execution.paper import PaperBroker
from bench.clock import CloseClock
from bench.close import join
from bench.market import CLOSE, SYMBOLS, MadeUpMarket
from bench.strategies import specs
from storage.database import Database, open_database

POSITIONS = 100_000
ROUNDS = 1_000
PRICE = Decimal(100)
STEP = Decimal("0.01")
BEFORE = CLOSE - timedelta(hours=1)


@asynccontextmanager
async def floor(folder: Path, count: int = POSITIONS) -> AsyncIterator[tuple[Desk, MadeUpMarket]]:
    """A desk that follows `count` positions; the stops of each symbol are a step apart."""
    memory = await open_database(f"sqlite://{folder}/ticks.db")
    market = MadeUpMarket(candles=False)
    broker = PaperBroker(Mode.PAPER, market, Costs())
    desk = open_desk(memory, market, CloseClock(), {Mode.PAPER: broker})
    await fill(memory, count)
    await desk.exits.load()
    try:
        yield desk, market
    finally:
        await desk.rest()
        await memory.close()


async def fill(memory: Database, count: int) -> None:
    async with memory.transactions.transaction():
        owner = await join(memory, "ticks", BEFORE)
        spec = next(specs(1))
        strategy = await memory.strategies.draft(owner, "s", spec, "", Mode.PAPER, BEFORE)
        await memory.strategies.move(owner, strategy.id, StrategyState.ACTIVE, BEFORE)
        account = await memory.accounts.open(owner, strategy.id, Mode.PAPER, PRICE * count, BEFORE)
        for number in range(count):
            await memory.positions.add(position(owner, strategy.id, account.id, number))


def position(owner: int, strategy: int, account: int, number: int) -> Position:
    stop = PRICE - STEP * (1 + number // len(SYMBOLS))
    return Position(
        owner_id=owner,
        strategy_id=strategy,
        strategy_name="s",
        account_id=account,
        proposal_id=number + 1,
        symbol=SYMBOLS[number % len(SYMBOLS)],
        timeframe="5m",
        mode=Mode.PAPER,
        side=Side.LONG,
        quantity=Decimal(1),
        entered=Decimal(1),
        entry_price=PRICE,
        initial_stop=stop,
        stop=stop,
        targets=(),
        trailing=Trailing(),
        best=PRICE,
        realised=Decimal(0),
        fees=Decimal(0),
        opened_at=BEFORE,
    )


async def measure(
    desk: Desk, market: MadeUpMarket, rounds: int = ROUNDS
) -> tuple[list[float], list[float]]:
    """(seconds of quiet ticks, seconds from a tick to the stored intent of one exit)."""
    quiet, loud = [], []
    for number in range(rounds):
        symbol = SYMBOLS[number % len(SYMBOLS)]
        above = PRICE - STEP * (number // len(SYMBOLS)) - STEP / 2
        began = time.perf_counter()
        market.say(Tick(symbol, CLOSE + timedelta(milliseconds=number), above))
        quiet.append(time.perf_counter() - began)
        began = time.perf_counter()
        market.say(Tick(symbol, CLOSE + timedelta(milliseconds=number), above - STEP))
        await desk.exits.idle()
        loud.append(time.perf_counter() - began)
        await desk.orders.idle()
    return quiet, loud
