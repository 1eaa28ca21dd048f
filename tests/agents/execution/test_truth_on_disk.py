"""Reconciliation, adopting and booking on real databases."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from agents.domain.errors import Moved
from agents.domain.market import InstrumentKind
from agents.domain.order import OrderSide
from agents.domain.position import PositionState
from agents.domain.venue import FindingState
from agents.execution.booking.reconciling import differences
from agents.signals.settings import standing
from storage.database import open_database
from tests.support.live import BTC, ETH, LiveWorld, instruments


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_with_tables"))
    return str(request.getfixturevalue("sqlite_with_tables"))


@pytest.fixture
async def world(url: str) -> AsyncIterator[LiveWorld]:
    database = await open_database(url)
    made = LiveWorld(instruments=instruments(InstrumentKind.LINEAR))
    await made.start(database)
    for symbol, price in ((BTC, "60000"), (ETH, "3000")):
        made.market.tick(price, symbol)
    yield made
    await made.desk.rest()
    await database.close()


async def test_found_taken_over_and_booked(world: LiveWorld) -> None:
    ada = await world.user()
    await world.connect(ada)
    world.exchange.trade(ada, ETH, OrderSide.BUY, Decimal(2))
    world.pass_time()
    [finding] = (await world.look(ada)).findings
    taps = [
        world.truth.adopting.adopt(ada, finding.id, finding.version, Decimal(2_900))
        for _ in range(2)
    ]
    done = await asyncio.gather(*taps, return_exceptions=True)
    assert sorted(isinstance(one, Moved) for one in done) == [False, True]
    await world.settle()
    world.pass_time()
    receipt = await world.look(ada)
    assert receipt.matches
    assert (receipt.positions, receipt.stops) == (1, 1)
    assert await standing(world.memory, ada) is None

    world.exchange.trade(ada, ETH, OrderSide.SELL, Decimal(2), price=Decimal(3_100))
    world.pass_time()
    [missing] = (await world.look(ada)).findings
    assert await world.state(ada) == "paused"
    await world.truth.writing_off.book(ada, missing.id, missing.version)
    await world.settle()
    [position] = await world.memory.positions.of(ada)
    assert (position.state, position.exit_price) == (PositionState.CLOSED, Decimal(3_100))
    assert (await world.look(ada)).matches
    assert await world.state(ada) == "ready"
    states = [one.state for one in await world.memory.findings.of(ada, list(FindingState))]
    assert sorted(states) == [FindingState.ADOPTED, FindingState.CLOSED]
    steps = {item.symbol: item for item in world.instruments}
    for account in await world.memory.accounts.of(ada):
        assert await differences(world.memory, account, steps) == []
