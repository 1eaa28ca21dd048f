"""Webhooks are found by their secrets, the present one and for a while the one before."""

import asyncio
from datetime import timedelta

import pytest

from agents.domain.errors import NotFound
from agents.domain.hooks import hashed
from agents.domain.ports import Memory
from agents.domain.user import User
from storage.database import Database
from tests.support.stored import NOON, a_user

DAY = timedelta(days=1)
FIRST, SECOND, THIRD = hashed("one"), hashed("two"), hashed("three")


async def test_a_hook_is_found_by_its_secret_alone(memory: Memory, ann: User) -> None:
    hook = await memory.hooks.add(ann.id, "TradingView", FIRST, NOON)
    assert (hook.number, hook.name, hook.owner_id) == (1, "TradingView", ann.id)
    assert await memory.hooks.by_secret(FIRST, NOON) == hook
    assert await memory.hooks.by_secret(SECOND, NOON) is None
    assert await memory.hooks.by_secret("one", NOON) is None
    assert list(await memory.hooks.of(ann.id)) == [hook]


async def test_after_a_change_the_earlier_secret_is_good_for_a_while(
    memory: Memory, ann: User
) -> None:
    hook = await memory.hooks.add(ann.id, "a", FIRST, NOON)
    assert await memory.hooks.rotate(ann.id, 1, SECOND, NOON + DAY)
    found = await memory.hooks.by_secret(FIRST, NOON + DAY - timedelta(seconds=1))
    assert found is not None and found.id == hook.id
    assert await memory.hooks.by_secret(FIRST, NOON + DAY) is None
    found = await memory.hooks.by_secret(SECOND, NOON + 10 * DAY)
    assert found is not None and found.id == hook.id
    assert await memory.hooks.rotate(ann.id, 1, THIRD, NOON + DAY)
    assert await memory.hooks.by_secret(FIRST, NOON) is None


async def test_an_ended_hook_is_found_by_nothing(memory: Memory, ann: User) -> None:
    await memory.hooks.add(ann.id, "a", FIRST, NOON)
    await memory.hooks.rotate(ann.id, 1, SECOND, NOON + DAY)
    assert await memory.hooks.end(ann.id, 1, NOON)
    assert not await memory.hooks.end(ann.id, 1, NOON)
    assert not await memory.hooks.rotate(ann.id, 1, THIRD, NOON + DAY)
    assert await memory.hooks.by_secret(FIRST, NOON) is None
    assert await memory.hooks.by_secret(SECOND, NOON) is None
    assert list(await memory.hooks.of(ann.id)) == []
    with pytest.raises(NotFound):
        await memory.hooks.get(ann.id, 1)
    assert (await memory.hooks.add(ann.id, "b", THIRD, NOON)).number == 2


async def test_its_last_use_is_kept(memory: Memory, ann: User) -> None:
    hook = await memory.hooks.add(ann.id, "a", FIRST, NOON)
    await memory.hooks.used(hook.id, NOON + DAY)
    assert (await memory.hooks.get(ann.id, 1)).used_at == NOON + DAY


async def test_hooks_that_are_made_at_once_have_numbers_of_their_own(database: Database) -> None:
    ann = await a_user(database, "1")
    made = await asyncio.gather(
        *(database.hooks.add(ann.id, "a", hashed(str(n)), NOON) for n in range(4))
    )
    assert sorted(hook.number for hook in made) == [1, 2, 3, 4]
