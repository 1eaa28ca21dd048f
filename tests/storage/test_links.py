"""Codes that link accounts, and two users who turn out to be one person."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from agents.domain.desks import Ballot, Role, Rule, Vote
from agents.domain.errors import NotFound
from agents.domain.ports import Memory
from agents.domain.user import Identity, Place, User
from agents.linking import Linked, Linking, LinkState
from storage import links
from storage.database import Database, open_database
from tests.storage.conftest import opened
from tests.support.clock import ManualClock
from tests.support.schemas import row_models
from tests.support.stored import (
    NOON,
    a_position,
    a_proposal,
    a_strategy,
    a_user,
    an_account,
    connection_of,
    finding_of,
    heard_of,
    intent_of,
)

HERE, THERE = Identity("telegram", "1"), Identity("discord", "9")
NAMES_A_USER = ("owner_id", "user_id", "created_by", "invited_by", "granted_by", "added_by")


async def test_a_code_is_somebodys_until_it_is_used(memory: Memory, ann: User) -> None:
    await memory.links.offer("CODE", ann.id, NOON)
    assert await memory.links.holder("CODE", NOON) == ann.id
    assert await memory.links.holder("CODE", NOON + timedelta(seconds=1)) is None
    assert await memory.links.holder("OTHER", NOON) is None
    assert await memory.links.use("CODE", THERE, NOON)
    assert not await memory.links.use("CODE", THERE, NOON)
    assert await memory.links.holder("CODE", NOON) is None


async def test_an_identity_belongs_to_one_user(memory: Memory, ann: User, bob: User) -> None:
    assert await memory.links.add(ann.id, THERE)
    assert not await memory.links.add(bob.id, THERE)
    assert await memory.links.identities(ann.id) == [HERE, THERE]
    assert await memory.users.find(THERE) == ann
    await memory.links.remove(bob.id, THERE)
    assert await memory.users.find(THERE) == ann
    await memory.links.remove(ann.id, THERE)
    assert await memory.users.find(THERE) is None


async def test_everything_changes_hands(memory: Memory, ann: User, bob: User) -> None:
    await a_strategy(memory, ann.id)
    theirs = await a_strategy(memory, bob.id)
    position = await a_position(memory, theirs)
    account = await an_account(memory, theirs)
    proposal = await memory.proposals.get(bob.id, position.proposal_id)
    intent = await memory.orders.add(intent_of(proposal, account))
    await memory.audit.record(bob.id, "user:2", "panic", {"closed": 1})
    async with memory.transactions.transaction():
        await memory.links.merge(bob.id, ann.id)
    numbers = {one.id: one.number for one in await memory.strategies.of(ann.id)}
    assert numbers[theirs.id] == 2
    assert (await memory.positions.get(ann.id, position.id)).owner_id == ann.id
    assert await memory.proposals.get(ann.id, proposal.id)
    assert intent is not None and (await memory.orders.get(intent.id)).owner_id == ann.id
    assert [one["what"] for one in await memory.audit.recent(ann.id, 5)] == ["panic"]
    assert (await memory.accounts.of(ann.id))[-1].id == account.id
    assert set(await memory.users.places(ann.id)) == {
        Place("telegram", "1"),
        Place("telegram", "2"),
    }
    with pytest.raises(NotFound):
        await memory.users.get(bob.id)


async def test_what_both_have_is_there_once(memory: Memory, ann: User, bob: User) -> None:
    shared = Place("telegram", "-5")
    for user in (ann, bob):
        await memory.users.add_place(user.id, shared)
    await memory.links.merge(bob.id, ann.id)
    places = await memory.users.places(ann.id)
    assert places.count(shared) == 1 and len(places) == 3


@pytest.mark.parametrize("back", [Role.VIEWER, None])
async def test_a_desk_keeps_its_owner_when_two_accounts_become_one(
    memory: Memory, ann: User, bob: User, back: Role | None
) -> None:
    """The one who stays had a lesser role there, or had left."""
    group = await memory.desks.open(Place("telegram", "-9"), "Swing", bob.id, Rule(), NOON)
    assert group is not None
    await memory.desks.seat(group.id, ann.id, Role.VIEWER, NOON)
    if back is None:
        await memory.desks.leave(group.id, ann.id, NOON)
    async with memory.transactions.transaction():
        await memory.links.merge(bob.id, ann.id)
    [member] = await memory.desks.members(group.id)
    assert (member.user_id, member.role) == (ann.id, Role.OWNER)


async def test_a_better_role_of_who_stays_is_kept(memory: Memory, ann: User, bob: User) -> None:
    group = await memory.desks.open(Place("telegram", "-9"), "Swing", ann.id, Rule(), NOON)
    assert group is not None
    await memory.desks.seat(group.id, bob.id, Role.APPROVER, NOON)
    async with memory.transactions.transaction():
        await memory.links.merge(bob.id, ann.id)
    [member] = await memory.desks.members(group.id)
    assert (member.user_id, member.role) == (ann.id, Role.OWNER)


async def test_one_person_has_one_vote_after_linking(memory: Memory, ann: User, bob: User) -> None:
    """Whoever stays said the last word."""
    proposal = (await a_proposal(memory, await a_strategy(memory, ann.id))).id
    for user, ballot in ((bob, Ballot.APPROVE), (ann, Ballot.VETO)):
        await memory.desks.cast(Vote(proposal, 1, user.id, ballot, NOON))
    async with memory.transactions.transaction():
        await memory.links.merge(bob.id, ann.id)
    [vote] = await memory.desks.votes(proposal, 1)
    assert (vote.user_id, vote.ballot) == (ann.id, Ballot.VETO)


@pytest.mark.parametrize("whose", ["ann", "bob"])
async def test_the_connected_exchange_comes_along(
    memory: Memory, ann: User, bob: User, whose: str
) -> None:
    owner = ann if whose == "ann" else bob
    stored = await memory.connections.connect(connection_of(owner.id))
    async with memory.transactions.transaction():
        await memory.links.merge(bob.id, ann.id)
    assert await memory.connections.of(ann.id) == replace(stored, owner_id=ann.id)
    assert await memory.connections.all() == [replace(stored, owner_id=ann.id)]


async def test_no_key_is_dropped(memory: Memory, ann: User, bob: User) -> None:
    stored = [await memory.connections.connect(connection_of(one.id)) for one in (ann, bob)]
    theirs = await a_strategy(memory, bob.id)
    with pytest.raises(ValueError):
        await memory.links.merge(bob.id, ann.id)
    assert await memory.connections.all() == stored
    assert await memory.users.get(bob.id)
    assert await memory.strategies.of(bob.id) == [theirs]


async def test_what_was_found_at_the_exchange_comes_along(
    memory: Memory, ann: User, bob: User
) -> None:
    for owner, key in ((ann, "a"), (ann, "b"), (bob, "b"), (bob, "c")):
        found = finding_of(owner.id, key=key, symbol=f"{owner.id}{key}/USDT")
        assert await memory.findings.note(found)
    async with memory.transactions.transaction():
        await memory.links.merge(bob.id, ann.id)
    kept = {one.symbol for one in await memory.findings.open(ann.id)}
    assert kept == {f"{ann.id}a/USDT", f"{ann.id}b/USDT", f"{bob.id}c/USDT"}
    assert await memory.findings.open(bob.id) == []


async def test_linking_and_connecting_at_once_lose_no_key(database: Database, url: str) -> None:
    """Whichever comes first: both keys are there, or the account that would have one is no more."""
    other = await open_database(url)
    outcomes = set()
    try:
        for number in range(8):
            ann, bob = await a_user(database, f"1{number}"), await a_user(database, f"2{number}")
            await database.connections.connect(connection_of(ann.id))
            linking = Linking(database, ManualClock())
            code = await linking.offer(ann.id)
            taking = linking.take(code, Identity("telegram", f"2{number}"), None)
            connecting = other.connections.connect(connection_of(bob.id))
            both = (taking, connecting) if number % 2 else (connecting, taking)
            answers = await asyncio.gather(*both, return_exceptions=True)
            taken, connected = answers if number % 2 else answers[::-1]
            assert isinstance(taken, Linked), taken
            outcomes.add(taken.state)
            kept = [await database.connections.of(one.id) for one in (ann, bob)]
            if taken.state is LinkState.LINKED:
                assert isinstance(connected, NotFound) and kept[0] and not kept[1]
            else:
                assert taken.state is LinkState.TWO_KEYS and kept[0] and kept[1] == connected
    finally:
        await other.close()
    assert outcomes <= {LinkState.LINKED, LinkState.TWO_KEYS}


async def test_who_connects_waits_until_two_are_one(stored_postgres: str) -> None:
    """On PostgreSQL, where several processes write at once."""
    async with opened(stored_postgres) as database:
        other = await open_database(stored_postgres)
        ann, bob = await a_user(database, "1"), await a_user(database, "2")
        async with database.transactions.transaction():
            await database.links.hold(bob.id, ann.id)
            connecting = asyncio.create_task(other.connections.connect(connection_of(bob.id)))
            waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
            while not connecting.done() and not await database._notes.fetch(waiting):
                pass
            assert not connecting.done()
            await database.links.merge(bob.id, ann.id)
        with pytest.raises(NotFound):
            await connecting
        assert await database.connections.all() == []
        await other.close()


async def test_what_came_by_a_hook_is_still_known_by_it(
    memory: Memory, ann: User, bob: User
) -> None:
    for owner, secret in ((ann, "a"), (ann, "b"), (bob, "c")):
        await memory.hooks.add(owner.id, "hook", secret * 64, NOON)
    heard = await memory.heard.add(heard_of(bob.id, source="hook:1"))
    other = await memory.heard.add(heard_of(bob.id, source="telegram:-5", key="k2"))
    assert heard is not None and other is not None
    async with memory.transactions.transaction():
        await memory.links.merge(bob.id, ann.id)
    assert (await memory.heard.by_id(heard.id)).source == "hook:3"
    assert (await memory.heard.by_id(other.id)).source == "telegram:-5"


def test_no_column_that_names_a_user_is_forgotten() -> None:
    """A new table with an owner must say what becomes of it when two users become one."""
    known = {(table, column) for table, column in (*links.MOVED, *links.NEVER)}
    known |= {(table, column) for table, column, _ in links.UNIQUE}
    known |= {(table, "owner_id") for table in links.NUMBERED}
    named = {
        (row._meta.db_table, column)
        for row in row_models()
        for column in row._meta.db_fields
        if column in {*NAMES_A_USER, "publisher_id", "resolved_by", "account_id"}
        and (row._meta.db_table, column)
        not in {(table, "account_id") for table in ("orders", "fills", "positions", "funding")}
    }
    assert named == known
