"""Signals at a group's desk: who lets them in, whose account they go to, who answers them."""

from decimal import Decimal

import pytest

from agents.domain.position import PositionState
from agents.domain.strategy import RunKind
from tests.handlers.test_desks import BOB, CID, DAN, EVE, GROUP, IN_GROUP, Room
from tests.support.conversation import ADA, Conversation, plain
from tests.support.signals import rising

TEXT = "#BTCUSDT LONG\nEntry: 59900 - 60100\nTargets: 60600 - 61200\nStop loss: 59400"


@pytest.fixture
async def room(talk: Conversation) -> Room:
    """Ada owns the desk, Bob trades, Cid approves; the market is at 60,000."""
    await talk.say("/start")
    rising(talk.world)
    talk.world.market.tick("60000")
    made = Room(talk)
    await made.say("/desk")
    for who, role in ((BOB, "Trader"), (CID, "Approver"), (DAN, "Viewer")):
        await made.let_in(who, role)
    return made


async def overheard(room: Room, words: str, **more: str) -> None:
    told = {**IN_GROUP, "addressed": False, "message_id": "41", **more}
    assert await room.talk.say(words, EVE, **told) == []
    await room.talk.desk.signals.idle()


@pytest.mark.parametrize("who", [CID, DAN])
async def test_who_may_not_trade_lets_no_signals_in(room: Room, who) -> None:
    assert "its owner and traders do that" in plain(await room.say("/listen", who))
    assert "its owner and traders do that" in plain(await room.say("/listen risk 2%", who))
    assert await room.talk.desk.memory.heard.listeners(GROUP) == []


async def test_they_go_to_the_desks_account(room: Room) -> None:
    assert "from now on" in plain(await room.say("/listen", BOB))
    account = (await room.group()).account_id
    await overheard(room, TEXT)
    [proposal] = room.talk.world.proposals
    assert proposal.owner_id == account
    [strategy] = await room.talk.desk.memory.strategies.of(account)
    assert strategy.run is RunKind.ON_SIGNAL
    ada = (await room.talk.user(ADA)).id
    assert not await room.talk.desk.memory.strategies.of(ada)
    assert "Risk 0.5% a trade" in plain(await room.say("/listen", BOB))


async def test_an_update_is_answered_by_who_may_trade(room: Room) -> None:
    await room.say("/listen", BOB)
    await overheard(room, TEXT)
    await room.talk.told()
    await room.press("Approve", CID)
    await room.talk.world.tick("60000")
    await room.talk.world.tick("60300")
    await overheard(room, "move sl to entry", message_id="42", answers="41")
    await room.talk.told()
    await room.press("Move stop", DAN)
    await room.press("Move stop", CID)
    [position] = room.talk.world.positions
    assert (position.state, position.stop) == (PositionState.OPEN, Decimal(59_400))
    await room.press("Move stop", BOB)
    [position] = room.talk.world.positions
    assert position.stop == position.entry_price
    bob = (await room.talk.user(BOB)).id
    audit = await room.talk.desk.memory.audit.recent(position.owner_id, 20)
    assert f"user:{bob}" in {row["actor"] for row in audit if row["what"] == "signal update"}
