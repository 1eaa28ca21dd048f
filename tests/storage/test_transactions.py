"""Transactions: all or nothing, for the task that opened them and for no other."""

import asyncio
import sys
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agents.domain.ports import Memory
from agents.domain.user import Identity, User
from storage.database import Database, open_database
from tests.support.sources import ROOT
from tests.support.stored import NOON, a_strategy, a_user, an_account


class Broken(Exception):
    """Something in the middle of a transaction failed."""


async def _write(memory: Memory, *names: str) -> None:
    for name in names:
        await memory.notes.write(name, name)


async def _written(memory: Memory, *names: str) -> list[bool]:
    return [await memory.notes.read(name) is not None for name in names]


async def test_what_is_inside_is_one_commit(memory: Memory) -> None:
    async with memory.transactions.transaction():
        await _write(memory, "one", "two")
        assert await _written(memory, "one", "two") == [True, True]
    assert await _written(memory, "one", "two") == [True, True]


async def test_an_exception_undoes_everything(memory: Memory, ann: User) -> None:
    await _write(memory, "before")
    with pytest.raises(Broken):
        async with memory.transactions.transaction():
            await _write(memory, "before", "one")
            await memory.notes.erase("before")
            await memory.users.set_zone(ann.id, "Asia/Tokyo")
            raise Broken
    assert await _written(memory, "before", "one") == [True, False]
    assert (await memory.users.get(ann.id)).zone == "UTC"


async def test_a_nested_transaction_joins(memory: Memory) -> None:
    with pytest.raises(Broken):
        async with memory.transactions.transaction():
            async with memory.transactions.transaction():
                await _write(memory, "inner")
            await _write(memory, "outer")
            raise Broken
    assert await _written(memory, "inner", "outer") == [False, False]


async def test_another_task_writes_beside_it(memory: Memory) -> None:
    """Its write is neither undone nor seen to be inside."""
    inside, outside = asyncio.Event(), asyncio.Event()

    async def breaks() -> None:
        async with memory.transactions.transaction():
            await _write(memory, "inside")
            inside.set()
            for _ in range(20):
                await asyncio.sleep(0)
            raise Broken

    async def beside() -> None:
        await inside.wait()
        await _write(memory, "beside")
        outside.set()

    results = await asyncio.gather(breaks(), beside(), return_exceptions=True)
    assert isinstance(results[0], Broken)
    assert outside.is_set()
    assert await _written(memory, "inside", "beside") == [False, True]


async def test_a_task_started_inside_does_not_join(memory: Memory) -> None:
    started: list[asyncio.Task[None]] = []
    with pytest.raises(Broken):
        async with memory.transactions.transaction():
            started.append(asyncio.create_task(_write(memory, "background")))
            await _write(memory, "inside")
            await asyncio.sleep(0)
            raise Broken
    await started[0]
    assert await _written(memory, "inside", "background") == [False, True]


async def test_many_tasks_take_turns(database: Database) -> None:
    """Each transaction reads and writes the same rows; none is lost."""
    user = await a_user(database)
    account = await an_account(database, await a_strategy(database, user.id))

    async def booked(number: int) -> None:
        async with database.transactions.transaction():
            await database.accounts.book(account.id, Decimal(number) / 100)
            await asyncio.sleep(0)
            await database.notes.write(f"booked:{number}", number)

    await asyncio.gather(*(booked(number) for number in range(1, 61)))
    assert (await database.accounts.get(account.id)).balance == Decimal(10_000) + Decimal("18.30")
    for number in range(1, 61):
        assert await database.notes.read(f"booked:{number}") == number


async def _cancelled_after(steps: int, work: Coroutine[Any, Any, Any]) -> None:
    task = asyncio.create_task(work)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_cancelled_at_any_moment_it_is_all_or_nothing(memory: Memory) -> None:
    async def both(number: int) -> None:
        async with memory.transactions.transaction():
            await _write(memory, f"one:{number}", f"two:{number}")

    for steps in range(1, 40):
        await _cancelled_after(steps, both(steps))
        written = await _written(memory, f"one:{steps}", f"two:{steps}")
        assert written in ([True, True], [False, False])
        async with memory.transactions.transaction():
            await _write(memory, "afterwards")


async def test_a_cancelled_statement_is_not_counted_for_the_next(memory: Memory, ann: User) -> None:
    """A compare-and-set that changed nothing must not answer that it did."""
    identity = Identity("telegram", "9")
    for steps in range(1, 20):
        code = f"plum-{steps}"
        await memory.users.invite(code, ann.id, NOON)
        await _cancelled_after(steps, memory.users.redeem(code, identity, NOON))
        later = await asyncio.gather(*(memory.users.redeem(code, identity, NOON) for _ in range(3)))
        assert sum(later) <= 1


async def test_closing_waits_for_what_was_begun(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path / 'parley.db'}"
    database = await open_database(url)
    inside = asyncio.Event()

    async def slow() -> None:
        async with database.transactions.transaction():
            await _write(database, "one")
            inside.set()
            for _ in range(20):
                await asyncio.sleep(0)
            await _write(database, "two")

    writing = asyncio.create_task(slow())
    await inside.wait()
    await database.close()
    await writing
    again = await open_database(url)
    assert await _written(again, "one", "two") == [True, True]
    await again.close()


# --- death ------------------------------------------------------------------------------------

WRITER = """
import asyncio, sys
from storage.database import open_database
async def main():
    database = await open_database(sys.argv[1])
    for number in range(100_000):
        async with database.transactions.transaction():
            await database.notes.write("one", number)
            await database.notes.write("two", number)
        print(number, flush=True)
asyncio.run(main())
"""


async def test_a_killed_writer_leaves_whole_transactions(url: str) -> None:
    """What it reported as written is there, and nothing is there by half."""
    for lines in (1, 7, 40):
        writer = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WRITER, url), cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert writer.stdout is not None
        for _ in range(lines):
            await writer.stdout.readline()
        writer.kill()
        out, _ = await writer.communicate()
        reported = lines - 1 + out.count(b"\n")
        database = await open_database(url)
        one, two = [await database.notes.read(name) for name in ("one", "two")]
        await database.close()
        assert one == two
        assert one in (reported, reported + 1)
