"""Users: who they are, where they are reached, what they asked for."""

import pytest

from agents.domain.errors import NotFound
from agents.domain.ports import Memory
from agents.domain.user import Identity, Place, User
from tests.support.stored import NOON, a_user

ANN = Identity("telegram", "1")


async def test_a_user_joins_once(memory: Memory) -> None:
    first = await a_user(memory, "1")
    again = await memory.users.join(ANN, "User 1", Place("telegram", "1"), operator=False, at=NOON)
    assert again == first == User(first.id, "User 1", "UTC", False, NOON, {})
    assert await memory.users.everyone() == [first]
    assert await memory.users.places(first.id) == [Place("telegram", "1")]


async def test_another_home_joins_the_places(memory: Memory, ann: User) -> None:
    topic = Place("telegram", "-100", "7")
    await memory.users.join(ANN, "User 1", topic, operator=False, at=NOON)
    assert await memory.users.places(ann.id) == [Place("telegram", "1"), topic]


async def test_name_and_role_are_as_given_last(memory: Memory, ann: User) -> None:
    await memory.users.set_zone(ann.id, "Europe/Rome")
    later = await memory.users.join(
        ANN, "Ann <b>O'Hara</b> 🙂", Place("telegram", "1"), operator=True, at=NOON
    )
    assert later == User(ann.id, "Ann <b>O'Hara</b> 🙂", "Europe/Rome", True, NOON, {})


async def test_the_same_account_on_another_platform_is_another_user(
    memory: Memory, ann: User
) -> None:
    other = await a_user(memory, "1", "discord")
    assert other.id != ann.id
    assert await memory.users.find(Identity("discord", "1")) == other
    assert await memory.users.find(Identity("browser", "1")) is None


async def test_places_come_and_go(memory: Memory, ann: User, bob: User) -> None:
    group = Place("telegram", "-5")
    await memory.users.add_place(ann.id, group)
    await memory.users.add_place(ann.id, group)
    await memory.users.add_place(bob.id, group)
    await memory.users.drop_place(ann.id, Place("telegram", "1"))
    await memory.users.drop_place(ann.id, Place("telegram", "nowhere"))
    assert await memory.users.places(ann.id) == [group]
    assert await memory.users.places(bob.id) == [Place("telegram", "2"), group]


async def test_zone_and_notices_are_kept(memory: Memory, ann: User, bob: User) -> None:
    await memory.users.set_zone(ann.id, "Asia/Tokyo")
    await memory.users.set_notice(ann.id, "stop_moved", "silent")
    await memory.users.set_notice(ann.id, "market", "off")
    await memory.users.set_notice(ann.id, "stop_moved", "on")
    stored = await memory.users.get(ann.id)
    assert stored.zone == "Asia/Tokyo"
    assert stored.notices == {"stop_moved": "on", "market": "off"}
    assert await memory.users.get(bob.id) == bob


async def test_nobody_is_not_found(memory: Memory) -> None:
    with pytest.raises(NotFound):
        await memory.users.get(99)
    with pytest.raises(NotFound):
        await memory.users.set_zone(99, "UTC")
    with pytest.raises(NotFound):
        await memory.users.set_notice(99, "market", "off")


async def test_an_invitation_is_used_once(memory: Memory, ann: User) -> None:
    await memory.users.invite("plum-42", ann.id, NOON)
    assert not await memory.users.redeem("plum-43", Identity("telegram", "2"), NOON)
    assert await memory.users.redeem("plum-42", Identity("telegram", "2"), NOON)
    assert not await memory.users.redeem("plum-42", Identity("telegram", "3"), NOON)
    assert not await memory.users.redeem("plum-42", Identity("telegram", "2"), NOON)


async def test_a_code_that_was_used_is_not_made_new(memory: Memory, ann: User) -> None:
    await memory.users.invite("plum-42", ann.id, NOON)
    await memory.users.redeem("plum-42", Identity("telegram", "2"), NOON)
    await memory.users.invite("plum-42", ann.id, NOON)
    assert not await memory.users.redeem("plum-42", Identity("telegram", "3"), NOON)
