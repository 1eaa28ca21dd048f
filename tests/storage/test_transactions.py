"""Transactions: all or nothing, for the task that opened them and for no other."""

import asyncio
from decimal import Decimal

import pytest

from agents.domain.ports import Memory
from agents.domain.user import Identity, User
from storage.database import Database
from tests.support.stored import a_strategy, a_user, an_account


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


@pytest.mark.parametrize("steps", range(40))
async def test_cancelled_at_any_moment_it_is_all_or_nothing(memory: Memory, steps: int) -> None:
    async def both() -> None:
        async with memory.transactions.transaction():
            await _write(memory, "one", "two")

    task = asyncio.create_task(both())
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await _written(memory, "one", "two") in ([True, True], [False, False])
    async with memory.transactions.transaction():
        await _write(memory, "afterwards")
    assert await _written(memory, "afterwards") == [True]


@pytest.mark.parametrize("steps", range(12))
async def test_a_cancelled_statement_is_not_counted_for_the_next(
    memory: Memory, ann: User, steps: int
) -> None:
    """A compare-and-set that changed nothing must not answer that it did."""
    await memory.users.invite("plum", ann.id, ann.created_at)

    async def redeem() -> bool:
        return await memory.users.redeem("plum", Identity("telegram", "9"), ann.created_at)

    first = asyncio.create_task(redeem())
    for _ in range(steps):
        await asyncio.sleep(0)
    first.cancel()
    later = await asyncio.gather(redeem(), redeem(), redeem())
    assert sum(later) <= 1
