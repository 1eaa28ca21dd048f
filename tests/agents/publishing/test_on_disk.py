"""Publishing on real databases: one transaction with the trade, also with two processes at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from agents.domain.chain import verify_chain
from agents.domain.publishing import Channel, Moment, SignalState
from agents.domain.strategy import Mode, Strategy
from agents.domain.user import Identity, Notice, NoticeKind, Place
from agents.execution.brokers.paper import PaperBroker
from agents.execution.desk import open_desk
from agents.publishing.publisher import Publisher
from storage.database import Database, open_database
from tests.support.desk import FREE, World, levels

PLACES = (Place("telegram", "-1"), Place("telegram", "-2"))
DUE = 10_000


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_with_tables"))
    return str(request.getfixturevalue("sqlite_with_tables"))


@pytest.fixture
async def databases(url: str) -> AsyncIterator[list[Database]]:
    """Two connections to one database, each with its publisher, as two processes have them."""
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(2):
            database = await open_database(url)
            stack.push_async_callback(database.close)
            opened.append(database)
        yield opened


async def desk(databases: list[Database]) -> tuple[World, list[Strategy], list[Channel]]:
    """Six strategies, each published in two channels."""
    world = World(costs=FREE)
    for database in databases:
        database.when_told(Publisher(database, database.outbox, world.clock).follow)
    await world.start(databases[0])
    owner, at = await world.user(), world.clock.wall()
    strategies = [await world.strategy(owner) for _ in range(6)]
    channels = [await databases[0].channels.open(place, "S", 1, 0, at) for place in PLACES]
    who = Identity("telegram", "Ada")
    for strategy in strategies:
        for channel in channels:
            await databases[0].channels.publish(
                owner, channel.id, strategy.id, owner, who, Moment.PROPOSAL, at
            )
    return world, strategies, channels


async def agrees(database: Database, channel: Channel, signals: int) -> list[str]:
    """The kinds of the record's entries, when the chain is whole and the mail tells the same."""
    entries = await database.record.entries(channel.id)
    assert verify_chain(list(entries)) == []
    numbers = [entry.body["signal"] for entry in entries if entry.kind == "signal"]
    assert sorted(numbers) == list(range(1, signals + 1))
    mail = await database._outbox.fetch(
        "SELECT kind FROM outbox WHERE chat = ? AND kind LIKE 'signal%'", [channel.place.chat]
    )
    assert len(mail) == signals + 2 * (len(entries) - signals)
    return [entry.kind for entry in entries]


async def test_a_trade_is_published_in_its_own_transactions(databases: list[Database]) -> None:
    world, [strategy, *_], channels = await desk(databases)
    await world.opened(strategy, levels(targets=(("60600", "0.5"), ("61200", "0.5"))))
    for price in ("60600", "60600", "61200", "61200"):
        await world.tick(price)
    for channel in channels:
        kinds = await agrees(databases[1], channel, 1)
        assert kinds == ["signal", "filled", "target", "stop_moved", "closed"]
    [proposal] = await databases[1].proposals.of(strategy.owner_id)
    for signal in await databases[1].channels.signals_of(proposal.id):
        assert signal.state is SignalState.CLOSED and signal.position_id is not None
        assert signal.facts["stop"] == "60000" and len(signal.facts["story"]) == 4


async def test_a_transaction_that_fails_leaves_nothing_behind(databases: list[Database]) -> None:
    world, [strategy, *_], channels = await desk(databases)

    async def fails(notice: Notice) -> None:
        if notice.kind is NoticeKind.PROPOSAL:
            raise RuntimeError("after the publisher")

    databases[0].when_told(fails)
    with pytest.raises(RuntimeError):
        await world.propose(strategy)
    for channel in channels:
        assert await agrees(databases[1], channel, 0) == []
    assert not await databases[1].outbox.due("telegram", world.clock.wall(), DUE)


async def test_two_processes_publish_at_once(databases: list[Database]) -> None:
    world, strategies, channels = await desk(databases)
    broker = PaperBroker(Mode.PAPER, world.market, FREE)
    other = open_desk(databases[1], world.market, world.clock, {Mode.PAPER: broker})
    proposals = [await world.propose(strategy) for strategy in strategies]
    taps = []
    for number, proposal in enumerate(proposals * 4):
        approvals = (world.desk, other)[number % 2].approvals
        taps.append(approvals.veto(proposal.owner_id, proposal.id, proposal.version))
    done = [outcome.done for outcome in await asyncio.gather(*taps)]
    assert done.count(True) == len(proposals)
    for channel in channels:
        kinds = await agrees(databases[0], channel, len(proposals))
        assert kinds.count("not_taken") == len(proposals)
        assert len(kinds) == 2 * len(proposals)
