"""What would run by itself hears of a veto that is stored and not handled yet."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agents.domain.user import Identity, Place
from bot.unread import Unread
from handlers.chat import Incoming, Tap
from tests.support.desk import World
from tests.support.memory_mail import MemoryInbox

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = Identity("chatter", "ann")


async def stored(inbox: MemoryInbox, key: str, tap: Tap | None) -> None:
    text = None if tap else "hello"
    update = Incoming(key, Place("chatter", "ann"), ANN, "Ann", NOON, tap=tap, text=text)
    await inbox.store("chatter", key, update.as_json(), NOON)


@pytest.mark.parametrize("verb", ["veto", "late_veto", "halve", "tighten", "next_candle"])
async def test_a_stored_tap_that_stops_is_seen_until_it_is_handled(verb: str) -> None:
    world = World()
    await world.start()
    proposal = await world.propose(await world.strategy(await world.user()))
    inbox = MemoryInbox(world.memory.session)
    unread = Unread(inbox)
    await stored(inbox, "1", None)
    assert not await unread(proposal)
    await stored(inbox, "2", Tap(verb, proposal.id, proposal.version))
    assert await unread(proposal)
    assert not await unread(replace(proposal, version=2))
    assert not await unread(replace(proposal, id=99))
    [_, item] = await inbox.pending(9)
    await inbox.begin(item)
    assert await unread(proposal)  # begun, and not done
    await inbox.done(item)
    assert not await unread(proposal)


async def test_other_taps_and_odd_rows_stop_nothing() -> None:
    world = World()
    await world.start()
    proposal = await world.propose(await world.strategy(await world.user()))
    inbox = MemoryInbox(world.memory.session)
    await stored(inbox, "1", Tap("approve", proposal.id, 1))
    await stored(inbox, "2", Tap("details", proposal.id, 1))
    for key, payload in enumerate(({"tap": "veto"}, {"tap": ["veto"]}, "veto", None)):
        await inbox.store("chatter", f"odd{key}", payload, NOON)
    assert not await Unread(inbox)(proposal)
