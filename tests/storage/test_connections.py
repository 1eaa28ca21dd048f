"""Connected exchange accounts: one for each user, and moved by compare-and-set."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from agents.domain.errors import NotFound
from agents.domain.ports import Memory
from agents.domain.user import User
from agents.domain.venue import Connection, ConnectionState
from storage.database import Database, open_database
from tests.support.stored import HOUR, NOON, a_user, connection_of

S = ConnectionState


async def test_a_connection_is_stored_whole(memory: Memory, ann: User, bob: User) -> None:
    asked = connection_of(
        ann.id,
        state=S.PAUSED,
        why="0.1 BTC more than the book",
        restricted=None,
        seen_until=NOON + timedelta(microseconds=1),
    )
    stored = await memory.connections.connect(asked)
    assert stored == replace(asked, id=stored.id) and stored.id
    assert await memory.connections.of(ann.id) == stored
    assert await memory.connections.of(bob.id) is None
    theirs = await memory.connections.connect(
        Connection(bob.id, "okx", "other", connected_at=NOON, restricted=False)
    )
    assert await memory.connections.all() == [stored, theirs]


async def test_another_takes_the_place_of_the_first(memory: Memory, ann: User, bob: User) -> None:
    first = await memory.connections.connect(connection_of(ann.id, seen_until=NOON))
    theirs = await memory.connections.connect(connection_of(bob.id))
    second = connection_of(ann.id, exchange="okx", sealed="new", ends="1234", connected_at=None)
    stored = await memory.connections.connect(second)
    assert stored == replace(second, id=first.id)
    assert await memory.connections.of(ann.id) == stored
    assert await memory.connections.of(bob.id) == theirs


async def test_nobody_has_no_account(memory: Memory) -> None:
    with pytest.raises(NotFound):
        await memory.connections.connect(connection_of(99))
    assert await memory.connections.all() == []


async def test_disconnecting_ends_it(memory: Memory, ann: User, bob: User) -> None:
    await memory.connections.connect(connection_of(ann.id))
    theirs = await memory.connections.connect(connection_of(bob.id))
    assert await memory.connections.disconnect(ann.id)
    assert not await memory.connections.disconnect(ann.id)
    assert await memory.connections.all() == [theirs]


async def test_a_state_is_changed_from_the_one_it_is_in(memory: Memory, ann: User) -> None:
    stored = await memory.connections.connect(connection_of(ann.id))
    set_state = memory.connections.set_state
    assert await set_state(ann.id, S.READY, S.PAUSED, "they differ")
    assert not await set_state(ann.id, S.READY, S.REFUSED, "too late")
    assert await memory.connections.of(ann.id) == replace(stored, state=S.PAUSED, why="they differ")
    assert await set_state(ann.id, S.PAUSED, S.PAUSED, "still")
    assert await set_state(ann.id, S.PAUSED, S.READY, "")
    assert await memory.connections.of(ann.id) == stored


async def test_what_is_the_owners_alone_is_kept_to_the_digit(memory: Memory, ann: User) -> None:
    stored = await memory.connections.connect(connection_of(ann.id))
    baseline = {"BTC": Decimal("0.123456789012345678901234567"), "ETH": Decimal("1E+3")}
    stored = await memory.connections.connect(replace(stored, baseline=baseline))
    found = await memory.connections.of(ann.id)
    assert found == stored
    assert {coin: str(amount) for coin, amount in found.baseline.items()} == {
        "BTC": "0.123456789012345678901234567",
        "ETH": "1E+3",
    }


async def test_what_is_the_owners_alone_is_changed_coin_by_coin(
    memory: Memory, ann: User, bob: User
) -> None:
    tiny = Decimal("0.000000000000000000000000001")
    own = {"BTC": Decimal("0.5"), "ETH": Decimal(2)}
    stored = await memory.connections.connect(connection_of(ann.id, baseline=own))
    theirs = await memory.connections.connect(connection_of(bob.id))
    change = memory.connections.change_baseline
    assert await change(ann.id, "BTC", tiny) == Decimal("0.5") + tiny
    assert await change(ann.id, "XRP", Decimal(7)) == 7
    assert await change(ann.id, "XRP", Decimal(-8)) == 0
    assert await change(ann.id, "ETH", Decimal(-1), was=Decimal("2.00")) == 1
    assert await change(ann.id, "ETH", Decimal(-1), was=Decimal(2)) is None
    assert await change(ann.id, "SOL", Decimal(1), was=Decimal(0)) == 1
    assert await change(99, "ETH", Decimal(1)) is None
    assert await memory.connections.of(ann.id) == replace(
        stored,
        baseline={
            "BTC": Decimal("0.5") + tiny,
            "ETH": Decimal(1),
            "XRP": Decimal(0),
            "SOL": Decimal(1),
        },
    )
    assert await memory.connections.of(bob.id) == theirs


async def test_what_was_read_is_never_unread(memory: Memory, ann: User) -> None:
    await memory.connections.connect(connection_of(ann.id))
    for until in (NOON, NOON + HOUR, NOON):
        await memory.connections.seen(ann.id, until)
    found = await memory.connections.of(ann.id)
    assert found is not None and found.seen_until == NOON + HOUR


async def test_nothing_of_a_key_is_in_what_is_logged(memory: Memory, ann: User) -> None:
    stored = await memory.connections.connect(connection_of(ann.id))
    assert stored.sealed not in repr(stored)


async def test_one_of_two_processes_pauses_it(database: Database, url: str) -> None:
    ann = await a_user(database)
    await database.connections.connect(connection_of(ann.id))
    other = await open_database(url)
    try:
        won = await asyncio.gather(
            *(
                where.connections.set_state(ann.id, S.READY, S.PAUSED, f"by {number}")
                for number, where in enumerate([database, other] * 8)
            )
        )
    finally:
        await other.close()
    found = await database.connections.of(ann.id)
    assert sum(won) == 1
    assert found is not None and found.why == f"by {won.index(True)}"


async def test_two_processes_change_what_is_the_owners_alone(database: Database, url: str) -> None:
    ann = await a_user(database)
    await database.connections.connect(connection_of(ann.id, baseline={}))
    other = await open_database(url)
    try:
        await asyncio.gather(
            *(
                where.connections.change_baseline(ann.id, coin, Decimal(1))
                for where in (database, other)
                for coin in ("BTC", "ETH") * 5
            )
        )
    finally:
        await other.close()
    found = await database.connections.of(ann.id)
    assert found is not None and found.baseline == {"BTC": Decimal(10), "ETH": Decimal(10)}


async def test_two_processes_connect_one_account(database: Database, url: str) -> None:
    ann = await a_user(database)
    other = await open_database(url)
    try:
        made = await asyncio.gather(
            *(
                where.connections.connect(connection_of(ann.id, sealed=f"key {number}"))
                for number, where in enumerate([database, other] * 5)
            )
        )
    finally:
        await other.close()
    assert len({one.id for one in made}) == 1
    assert await database.connections.of(ann.id) in made
    assert len(await database.connections.all()) == 1
