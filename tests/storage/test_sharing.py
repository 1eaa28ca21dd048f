"""Shared strategies and what users were granted: one suite on the fake and on the real ones."""

import asyncio
from dataclasses import replace

import pytest

from agents.domain.grants import Feature, Grant
from agents.domain.ports import Memory
from agents.domain.sharing import Share
from agents.domain.user import User
from storage.database import Database, open_database
from tests.support.stored import NOON, SPEC, a_strategy, a_user

SPOKEN = SPEC.model_copy(update={"guidance": "only calm markets – ruhig 🧘"})


async def a_share(memory: Memory, owner: User, code: str = "plum-1") -> Share:
    strategy = await a_strategy(memory, owner.id, SPOKEN)
    share = Share(code, owner.id, strategy.id, 1, "Dips", SPOKEN, NOON, by="Ann")
    assert await memory.shares.add(share)
    return share


async def test_a_code_opens_what_was_shared(memory: Memory, ann: User) -> None:
    share = await a_share(memory, ann)
    assert await memory.shares.peek("plum-1") == share
    assert await memory.shares.peek("PLUM-1") is None
    assert await memory.shares.peek("") is None
    assert await memory.shares.of_strategy(ann.id, share.strategy_id) == [share]


async def test_a_code_is_given_once(memory: Memory, ann: User, bob: User) -> None:
    share = await a_share(memory, ann)
    assert not await memory.shares.add(replace(share, owner_id=bob.id, name="Mine"))
    assert await memory.shares.peek("plum-1") == share


async def test_openings_are_counted(memory: Memory, ann: User) -> None:
    share = await a_share(memory, ann)
    counted = await asyncio.gather(*(memory.shares.count("plum-1") for _ in range(12)))
    assert all(counted)
    assert await memory.shares.peek("plum-1") == replace(share, opened=12)
    assert not await memory.shares.count("pear-2")


async def test_an_ended_code_opens_nothing(memory: Memory, ann: User) -> None:
    share = await a_share(memory, ann)
    newer = replace(share, code="plum-2", version=2)
    assert await memory.shares.add(newer)
    assert await memory.shares.end(ann.id, share.strategy_id, NOON) == 2
    assert await memory.shares.end(ann.id, share.strategy_id, NOON) == 0
    assert await memory.shares.peek("plum-1") is None
    assert not await memory.shares.count("plum-1")
    assert await memory.shares.of(ann.id) == []
    assert not await memory.shares.add(share)  # an ended code is not given again


async def test_nobody_ends_what_is_another_s(memory: Memory, ann: User, bob: User) -> None:
    share = await a_share(memory, ann)
    assert await memory.shares.end(bob.id, share.strategy_id, NOON) == 0
    assert await memory.shares.of_strategy(bob.id, share.strategy_id) == []
    assert await memory.shares.of(bob.id) == []
    assert await memory.shares.peek("plum-1") == share


async def test_two_processes_count_together(database: Database, url: str) -> None:
    share = await a_share(database, await a_user(database))
    other = await open_database(url)
    try:
        await asyncio.gather(*(where.shares.count(share.code) for where in [database, other] * 10))
    finally:
        await other.close()
    found = await database.shares.peek(share.code)
    assert found is not None and found.opened == 20


@pytest.mark.parametrize("feature", Feature)
async def test_a_grant_is_given_and_taken_back_once(
    memory: Memory, ann: User, bob: User, feature: Feature
) -> None:
    assert not await memory.grants.has(bob.id, feature)
    assert await memory.grants.grant(bob.id, feature, ann.id, NOON)
    assert not await memory.grants.grant(bob.id, feature, ann.id, NOON)
    assert await memory.grants.has(bob.id, feature)
    assert not await memory.grants.has(ann.id, feature)
    assert await memory.grants.all() == [Grant(bob.id, feature, ann.id, NOON)]
    others = [one for one in Feature if one is not feature]
    assert not any([await memory.grants.has(bob.id, one) for one in others])
    assert await memory.grants.revoke(bob.id, feature)
    assert not await memory.grants.revoke(bob.id, feature)
    assert not await memory.grants.has(bob.id, feature)
    assert await memory.grants.all() == []
