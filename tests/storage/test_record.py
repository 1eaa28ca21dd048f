"""The record of channels: appended by many at once, never out of order, never twice."""

import asyncio
import inspect
from datetime import timedelta
from decimal import Decimal

import pytest

from agents.domain.ports import Memory
from agents.domain.record import GENESIS, Record
from storage.database import Database, open_database
from tests.support.stored import NOON

FACTS = {"signal": 1, "entry": Decimal("61000.10"), "targets": [[Decimal("62200"), "1"]]}


async def test_entries_follow_each_other(memory: Memory) -> None:
    assert await memory.record.head(3) == GENESIS
    first = await memory.record.append(3, "signal:1", "signal", FACTS, NOON)
    second = await memory.record.append(3, "filled:1", "filled", {"signal": 1}, NOON)
    assert first is not None and second is not None
    assert (first.number, first.previous) == (1, GENESIS)
    assert (second.number, second.previous) == (2, first.hash)
    assert await memory.record.head(3) == second.hash
    assert await memory.record.entries(3) == [first, second]
    assert first.hash == first.computed()


async def test_what_is_read_is_what_was_hashed(memory: Memory) -> None:
    awkward = {"text": 'q"\\\n\x00\x7f\u2028é𝄞\ud800', "at": NOON, "none": None, "yes": True}
    stored = await memory.record.append(3, "k", "correction", awkward, NOON)
    assert stored is not None
    (read,) = await memory.record.entries(3)
    assert read == stored
    assert read.computed() == stored.hash
    assert read.body["text"].endswith("𝄞?")
    assert read.at == NOON


async def test_a_known_key_adds_nothing(memory: Memory) -> None:
    stored = await memory.record.append(3, "signal:1", "signal", FACTS, NOON)
    assert await memory.record.append(3, "signal:1", "signal", {}, NOON) is None
    assert await memory.record.entries(3) == [stored]


async def test_channels_have_chains_of_their_own(memory: Memory) -> None:
    one = await memory.record.append(3, "signal:1", "signal", FACTS, NOON)
    other = await memory.record.append(4, "signal:1", "signal", FACTS, NOON)
    assert one is not None and other is not None
    assert other.number == 1
    assert one.hash != other.hash
    assert await memory.record.entries(4) == [other]


async def test_what_is_younger_is_left_out(memory: Memory) -> None:
    for minute in (0, 1, 5, 2):
        at = NOON + timedelta(minutes=minute)
        await memory.record.append(3, f"k{minute}", "filled", {}, at)
    shown = await memory.record.entries(3, until=NOON + timedelta(minutes=2))
    assert [entry.number for entry in shown] == [1, 2]
    assert await memory.record.entries(3, until=NOON - timedelta(seconds=1)) == []


async def test_nothing_stays_of_a_transaction_that_fails(memory: Memory) -> None:
    await memory.record.append(3, "a", "filled", {}, NOON)
    head = await memory.record.head(3)
    with pytest.raises(RuntimeError):
        async with memory.transactions.transaction():
            await memory.record.append(3, "b", "filled", {}, NOON)
            raise RuntimeError("the post could not be stored")
    assert await memory.record.head(3) == head
    again = await memory.record.append(3, "b", "filled", {}, NOON)
    assert again is not None and again.number == 2


async def test_many_tasks_append_to_one_chain(memory: Memory) -> None:
    async def append(number: int) -> None:
        async with memory.transactions.transaction():
            await memory.record.append(3, f"k{number % 40}", "filled", {"n": number}, NOON)

    await asyncio.gather(*(append(number) for number in range(80)))
    await _is_whole(memory, 40)


async def test_two_processes_append_to_one_chain(database: Database, url: str) -> None:
    other = await open_database(url)

    async def append(where: Database, number: int) -> bool:
        async with where.transactions.transaction():
            added = await where.record.append(3, f"k{number}", "filled", {"n": number}, NOON)
            await where.notes.write(f"posted:{number}", added is not None)
            return added is not None

    try:
        both = [(where, number) for number in range(40) for where in (database, other)]
        added = await asyncio.gather(*(append(*one) for one in both))
    finally:
        await other.close()
    assert sum(added) == 40
    await _is_whole(database, 40)


async def _is_whole(memory: Memory, count: int) -> None:
    entries = await memory.record.entries(3)
    assert [entry.number for entry in entries] == list(range(1, count + 1))
    previous = [GENESIS, *(entry.hash for entry in entries)]
    assert [entry.previous for entry in entries] == previous[:-1]
    assert all(entry.computed() == entry.hash for entry in entries)


async def test_a_long_chain_is_read_in_order(database: Database) -> None:
    async with database.transactions.transaction():
        for number in range(4_100):
            await database.record.append(3, f"k{number}", "filled", {}, NOON)
    await _is_whole(database, 4_100)


def test_the_port_can_only_add_and_read() -> None:
    methods = {name for name, _ in inspect.getmembers(Record, inspect.isfunction)}
    assert {name for name in methods if not name.startswith("_")} == {"append", "head", "entries"}
