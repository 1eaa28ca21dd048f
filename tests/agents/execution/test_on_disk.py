"""The desk on real databases: the whole line, two processes, and exact balances."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from agents.domain.ports import Memory
from agents.domain.position import PositionState
from agents.domain.proposal import ProposalState, Trailing
from agents.domain.risk import Costs
from agents.domain.strategy import Mode
from agents.execution.booking.reconciling import cash, differences
from agents.execution.brokers.paper import PaperBroker
from agents.execution.desk import Desk, open_desk
from agents.execution.leaving.panic import NOTE
from storage.database import open_database
from tests.support.desk import World, levels


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_with_tables"))
    return str(request.getfixturevalue("sqlite_with_tables"))


@pytest.fixture
async def memories(url: str) -> AsyncIterator[list[Memory]]:
    """Two connections to one database, as two processes have them."""
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(2):
            database = await open_database(url)
            stack.push_async_callback(database.close)
            opened.append(database)
        yield list(opened)


def another_desk(world: World, memory: Memory) -> Desk:
    broker = PaperBroker(Mode.PAPER, world.market, Costs())
    return open_desk(memory, world.market, world.clock, {Mode.PAPER: broker})


async def reconciles(world: World, memory: Memory, owner: int) -> None:
    instruments = {item.symbol: item for item in world.instruments}
    for account in await memory.accounts.of(owner):
        assert await differences(memory, account, instruments) == []
        assert cash(account.start, await memory.orders.fills(account.id)) == account.balance


async def test_the_whole_line(memories: list[Memory]) -> None:
    world, memory = World(), memories[0]
    await world.start(memory)
    owner = await world.user()
    strategy = await world.strategy(owner)
    trailing = Trailing(distance=levels().distance, breakeven_r=levels().price / 60_000)
    proposal = await world.propose(strategy, levels(targets=(("60600", "0.5"),), trailing=trailing))
    halved = await world.desk.approvals.halve(owner, proposal.id, 1)
    assert halved.proposal
    assert (await world.approve(halved.proposal)).done
    for price in ("60000", "60700", "60700", "61000"):
        await world.tick(price)
        await world.desk.every_second()
    [position] = await memory.positions.still_open()
    assert position.stop == 60_400
    world.market.forget_listeners()  # the first process is gone; the trailing stop is not
    await world.start(memories[1])
    await world.tick("60399")
    await world.tick("60399")
    closed = await memory.positions.by_id(position.id)
    assert closed.state is PositionState.CLOSED
    assert closed.exit_reason.startswith("trailing stop")
    await reconciles(world, memory, owner)


async def test_taps_in_two_processes_have_one_outcome_each(memories: list[Memory]) -> None:
    world = World()
    await world.start(memories[0])
    other = another_desk(world, memories[1])
    owner = await world.user()
    proposals = [await world.propose(await world.strategy(owner)) for _ in range(5)]
    at = world.clock.wall()
    taps = []
    for number in range(200):
        desk, proposal = (world.desk, other)[number % 2], proposals[number % 5]
        if number % 7 == 3:
            taps.append(desk.approvals.veto(owner, proposal.id, 1))
        else:
            taps.append(desk.approvals.approve(owner, proposal.id, 1, at))
    outcomes = await asyncio.gather(*taps)
    done = Counter(outcome.proposal.id for outcome in outcomes if outcome.done and outcome.proposal)
    assert done == {proposal.id: 1 for proposal in proposals}
    world.market.tick("60000")
    await world.settle()
    await other.orders.idle()
    ended = await memories[1].proposals.of(owner)
    positions = await memories[1].positions.of(owner)
    filled = [item.id for item in ended if item.state is ProposalState.FILLED]
    assert {item.state for item in ended} <= {ProposalState.FILLED, ProposalState.VETOED}
    assert sorted(item.proposal_id for item in positions) == sorted(filled)


async def test_an_order_held_by_two_processes_is_filled_once(memories: list[Memory]) -> None:
    world = World()
    await world.start(memories[0])
    owner = await world.user()
    assert (await world.approve(await world.propose(await world.strategy(owner)))).done
    other = another_desk(world, memories[1])
    await other.wake()  # adopts what it can't know to be alive elsewhere
    world.market.tick("60000")
    await asyncio.gather(world.settle(), other.orders.idle())
    [account] = await memories[0].accounts.of(owner)
    assert len(await memories[0].orders.fills(account.id)) == 1
    world.market.tick("59000")
    await asyncio.gather(world.settle(), other.exits.idle())
    await asyncio.gather(world.settle(), other.orders.idle())
    world.market.tick("59000")
    await asyncio.gather(world.settle(), other.orders.idle())
    [position] = await memories[0].positions.of(owner)
    assert position.state is PositionState.CLOSED
    await reconciles(world, memories[0], owner)


async def test_panics_of_two_people_at_once_both_stand(memories: list[Memory]) -> None:
    world = World()
    await world.start(memories[0])
    people = [await world.user(name) for name in ("Ada", "Grace")]
    for person in people:
        await world.opened(await world.strategy(person))
    desks = [another_desk(world, memory) for memory in memories]
    await asyncio.gather(
        *(desk.panic.panic(person) for desk, person in zip(desks, people, strict=True))
    )
    assert set(await memories[0].notes.read(NOTE)) == {str(person) for person in people}
