"""A place that can't be written to: one clear notice, to who can do something about it."""

import pytest

from agents.domain.desks import Role, Rule
from agents.domain.user import Identity, NoticeKind, Place, User
from agents.places import Places
from tests.support.clock import START, ManualClock
from tests.support.memory import InMemory

HOME, OTHER = Place("telegram", "1"), Place("discord", "9")
GROUP, CHANNEL = Place("telegram", "-5", "7"), Place("telegram", "-100")
REMOVED = "I was removed from it."


@pytest.fixture
def memory() -> InMemory:
    return InMemory()


@pytest.fixture
async def ann(memory: InMemory) -> User:
    return await memory.users.join(Identity("telegram", "1"), "Ann", HOME, operator=False, at=START)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def places(memory: InMemory, clock: ManualClock) -> Places:
    return Places(memory, clock)


def lost(memory: InMemory) -> list[tuple[int, str]]:
    told = [one for one in memory.told if one.kind is NoticeKind.PLACE_LOST]
    return [(one.owner_id, one.facts["title"]) for one in told]


async def test_a_blocked_chat_is_forgotten_and_told_elsewhere(
    memory: InMemory, ann: User, places: Places
) -> None:
    await memory.users.add_place(ann.id, OTHER)
    for _ in range(3):
        await places.lost(ann.id, HOME, "I was blocked there.")
    assert await memory.users.places(ann.id) == [OTHER]
    assert lost(memory) == [(ann.id, "Telegram")]


async def test_a_place_that_is_nobodys_is_nobodys_loss(
    memory: InMemory, ann: User, places: Places
) -> None:
    await places.lost(ann.id, Place("telegram", "77"), REMOVED)
    await places.lost(99, HOME, REMOVED)
    assert lost(memory) == []


async def test_the_owner_of_a_channel_learns_of_it_once(
    memory: InMemory, ann: User, places: Places
) -> None:
    await memory.channels.open(CHANNEL, "Signals", ann.id, 0, START)
    account = ann.id + 50  # whoever the refused post belonged to
    for _ in range(3):
        await places.lost(account, CHANNEL, REMOVED)
    assert lost(memory) == [(ann.id, "Signals")]
    channel = await memory.channels.at(CHANNEL)
    assert channel is not None and channel.lost_reason == REMOVED


async def test_the_owners_of_a_desk_learn_of_it_once_a_day(
    memory: InMemory, ann: User, places: Places, clock: ManualClock
) -> None:
    bob = await memory.users.join(
        Identity("telegram", "2"), "Bob", Place("telegram", "2"), operator=False, at=START
    )
    desk = await memory.desks.open(GROUP, "Crew", ann.id, Rule(), START)
    assert desk is not None
    await memory.desks.seat(desk.id, bob.id, Role.APPROVER, START)
    for _ in range(3):
        await places.lost(desk.account_id, GROUP, "The topic was closed.")
    assert lost(memory) == [(ann.id, "Crew")]
    assert await memory.desks.at(GROUP) == desk
    clock.wait(24 * 3600)
    await places.lost(desk.account_id, GROUP, "The topic was closed.")
    assert lost(memory) == [(ann.id, "Crew")] * 2
