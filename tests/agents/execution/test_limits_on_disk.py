"""Limits over the real memory: kept through restarts, shared by the real accounts of an owner."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path

import pytest

from agents.domain.strategy import Mode
from agents.domain.user import NoticeKind
from agents.domain.venue import Connection
from agents.execution.bounds.limit_book import Change
from agents.execution.proposals.proposing import Declined
from storage.database import Database, open_database
from tests.support.desk import World, levels
from tests.support.real_money import connected, hold_to, limited, real_world

D = Decimal
ETH = levels(price="3000", stop="2970", targets=())


@pytest.fixture
async def memory(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(f"sqlite://{tmp_path}/parley.db")
    try:
        yield opened
    finally:
        await opened.close()


async def started(memory: Database, world: World) -> int:
    await world.start(memory)
    return await connected(world)


async def test_real_accounts_share_limits_that_are_stored(memory: Database) -> None:
    world = real_world(limited(open_positions=2))
    owner = await started(memory, world)
    await hold_to(world, owner, "positions", {"open_positions": 1})
    first = await world.strategy(owner, mode=Mode.LIVE)
    second = await world.strategy(owner, mode=Mode.LIVE, symbols=("ETH/USDT",))
    waiting = await world.propose(second, ETH, symbol="ETH/USDT")
    assert (await world.approve(await world.propose(first))).done
    await world.tick("60000")
    await world.start(memory)  # as after a restart
    world.market.tick("3000", "ETH/USDT")
    answer = await world.try_to_propose(await world.strategy(owner, mode=Mode.LIVE))
    assert isinstance(answer, Declined) and answer.rule == "open positions"
    outcome = await world.approve(waiting)
    assert (outcome.verdict, outcome.rule) == ("refused", "open positions")
    [account, _, _] = await memory.accounts.of(owner)
    view = await world.desk.accounts.scope(account)
    assert (view.equity, view.own_equity, view.open_positions) == (
        Decimal(30_000),
        Decimal(10_000),
        1,
    )


async def test_a_raise_waits_and_is_told_once(memory: Database) -> None:
    world = real_world()
    owner = await started(memory, world)
    book = world.desk.bounding.book
    await hold_to(world, owner, "risk", {"risk_percent": D("0.5")})
    before = {"risk_percent": D("0.5")}
    asked = await book.loosen(owner, "user", "risk", {"risk_percent": D(1)}, before)
    assert asked.change is Change.WAITS
    await book.tell_due()
    assert (await book.of(owner)).risk_percent == D("0.5")
    world.clock.wait(book.delay.total_seconds())
    assert (await book.of(owner)).risk_percent == 1
    told: list[str] = []

    async def listen(notice: object) -> None:
        if getattr(notice, "kind", None) is NoticeKind.LIMIT:
            told.append(str(notice))

    memory.when_told(listen)
    await book.tell_due()
    await book.tell_due()
    assert len(told) == 1
    audited = [one["what"] for one in await memory.audit.recent(owner, 5)]
    assert audited == ["limit raised", "limit to be raised", "limit"]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_with_tables"))
    return str(request.getfixturevalue("sqlite_with_tables"))


async def test_of_two_taps_in_two_processes_one_goes_through(url: str) -> None:
    """On two real accounts of one owner, again and again."""
    async with AsyncExitStack() as stack:
        worlds = []
        for _ in range(2):
            memory = await open_database(url)
            stack.push_async_callback(memory.close)
            world = real_world(limited(open_positions=1))
            await world.start(memory)
            worlds.append(world)
        for index in range(5):
            await _race(worlds[0], worlds[1], f"owner {index}")


async def _race(one: World, other: World, name: str) -> None:
    for world in (one, other):
        world.market.tick("60000")
        world.market.tick("3000", "ETH/USDT")
    owner = await one.user(name)
    await one.memory.connections.connect(Connection(owner, "binance", "sealed"))
    first = await one.propose(await one.strategy(owner, mode=Mode.LIVE))
    eth = await one.strategy(owner, mode=Mode.LIVE, symbols=("ETH/USDT",))
    second = await one.propose(eth, ETH, symbol="ETH/USDT")
    outcomes = await asyncio.gather(one.approve(first), other.approve(second))
    assert sum(outcome.done for outcome in outcomes) == 1, outcomes
    sent = await one.memory.orders.unsettled_of(owner, Mode.LIVE)
    assert len(sent) == 1
