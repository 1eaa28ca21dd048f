"""/receipt, its buttons, and the notices about real money."""

from decimal import Decimal

import pytest

from agents.domain.errors import BrokerAway
from agents.domain.market import InstrumentKind
from agents.domain.order import OrderKind, OrderSide
from agents.domain.position import PositionState
from agents.domain.user import Notice, NoticeKind
from agents.domain.venue import FindingState
from tests.support.conversation import Conversation, buttons, conversation, plain
from tests.support.live import BTC, ETH, LiveWorld, instruments

BUY, SELL = OrderSide.BUY, OrderSide.SELL
D = Decimal


async def _talk(kind: InstrumentKind = InstrumentKind.LINEAR) -> tuple[Conversation, LiveWorld]:
    world = LiveWorld(instruments=instruments(kind))
    talk = await conversation(world=world)
    await talk.user()
    for symbol, price in ((BTC, "60000"), (ETH, "3000"), ("SOL/USDT", "150")):
        world.market.tick(price, symbol)
    return talk, world


async def _connected(kind: InstrumentKind = InstrumentKind.LINEAR):
    talk, world = await _talk(kind)
    ada = (await talk.user()).id
    await world.connect(ada)
    await talk.told()
    return talk, world, ada


async def _by_hand(
    talk: Conversation, world: LiveWorld, ada: int, symbol: str = ETH, size: str = "2"
) -> None:
    world.exchange.trade(ada, symbol, BUY, D(size))
    world.pass_time()
    await world.look(ada)
    await talk.told()


# --- what is said ---------------------------------------------------------------------------------


async def test_a_desk_without_an_exchange_says_so(talk: Conversation):
    assert "no real money" in plain(await talk.say("/receipt"))


async def test_without_a_connection_it_names_the_next_step():
    talk, _ = await _talk()
    assert "/connect" in plain(await talk.say("/receipt"))


async def test_an_exchange_that_is_away_is_said_plainly():
    talk, world, ada = await _connected()
    world.exchange.away[ada] = BrokerAway()
    assert "can't be reached" in plain(await talk.say("/receipt"))


async def test_all_match():
    talk, world, ada = await _connected()
    await world.held(ada)
    said = plain(await talk.say("/receipt"))
    assert "1 position, 1 stop, 1 other order" in said
    assert "all match" in said
    assert "10,000" not in said  # its fee is paid
    assert "free" in said


async def test_the_balance_has_a_line_for_the_exchange():
    talk, world, _ = await _connected()
    assert "🏦 Binance: 10,000.00 USDT, 10,000.00 free" in plain(await talk.say("/balance"))
    world.clock.advance(200)
    assert "🏦" not in plain(await talk.say("/balance"))


async def test_after_a_restart_the_short_receipt():
    talk, world, ada = await _connected()
    await world.held(ada)
    await talk.told()
    await world.kill()
    await talk.start()
    said = plain(await talk.told())
    assert "1 position, 1 stop, 1 other order, 0 fills while I was away: all match" in said


async def test_a_receipt_has_buttons_for_each_finding():
    talk, world, ada = await _connected()
    world.exchange.order_by_hand(ada, ETH, SELL, "1", "3500")
    await _by_hand(talk, world, ada)
    [shown] = await talk.say("/receipt")
    said = shown.words.plain()
    assert "LONG 2 ETH is held, opened at 3,000.00" in said
    assert "An order that is not mine: sell 1 ETH at 3,500.00" in said
    labels = [[button.label for button in row] for row in shown.rows]
    assert sorted(labels) == sorted(
        [
            ["📥 Adopt 1", "✖️ Close 1", "🙈 Ignore 1"],
            ["✖️ Cancel it 2", "🙈 Ignore 2"],
        ]
    ) or sorted(labels) == sorted(
        [
            ["✖️ Cancel it 1", "🙈 Ignore 1"],
            ["📥 Adopt 2", "✖️ Close 2", "🙈 Ignore 2"],
        ]
    )


async def test_of_many_findings_five_are_shown():
    talk, world, ada = await _connected()
    for price in range(1000, 1007):
        world.exchange.order_by_hand(ada, ETH, BUY, "1", str(price))
    [shown] = await talk.say("/receipt")
    assert len(shown.rows) == 5
    assert "… and 2 more" in shown.words.plain()


async def test_the_notice_tells_what_is_still_open():
    talk, world, ada = await _connected()
    world.exchange.trade(ada, ETH, BUY, D(2))
    await world.look(ada)
    [notice] = [one for one in world.memory.told if one.kind is NoticeKind.RECEIPT]
    reply = await talk.notices.render(notice.kind, dict(notice.facts), ada)
    assert reply is not None
    assert "something does not match" in reply.words.plain()
    assert len(buttons(reply)) == 3
    world.exchange.trade(ada, ETH, SELL, D(2))
    await world.look(ada)
    assert await talk.notices.render(notice.kind, dict(notice.facts), ada) is None


async def test_a_pause_is_told_with_its_numbers_and_its_end():
    talk, world, ada = await _connected()
    position = await world.held(ada)
    await talk.told()
    world.exchange.trade(ada, BTC, SELL, D("0.01"))
    world.pass_time()
    await world.look(ada)
    said = plain(await talk.told())
    assert f"0.01 BTC of trade #{position.id} is not there any more" in said
    assert "⏸ No new trades there until this is cleared up." in plain(await talk.say("/receipt"))
    world.exchange.trade(ada, BTC, BUY, D("0.01"))
    world.pass_time()
    await world.look(ada)
    assert "ready again" in plain(await talk.told())


# --- adopting -------------------------------------------------------------------------------------


async def test_adopt_by_button():
    talk, world, ada = await _connected()
    await _by_hand(talk, world, ada)
    said = plain(await talk.press("Adopt"))
    assert "opened at 3,000.00; the price is 3,000.00 now" in said
    assert "🔴 LIVE" in said
    done = plain(await talk.press("2%: 2,940.00"))
    assert "Taken over" in done
    [position] = world.positions
    assert position.stop == 2_940
    await world.settle()
    assert [one.price for one in world.guards(position)] == [2_940]
    assert "question is over" in plain(await talk.press("2%"))
    assert len(world.positions) == 1


async def test_adopt_with_a_written_stop():
    talk, world, ada = await _connected()
    await _by_hand(talk, world, ada)
    await talk.press("Adopt")
    assert "below the price" in plain(await talk.say("3100"))
    assert "need a price" in plain(await talk.say("far away"))
    assert "Taken over" in plain(await talk.say("2,800"))
    [position] = world.positions
    assert position.stop == 2_800
    assert "Taken over" not in plain(await talk.say("2700"))
    assert len(world.positions) == 1


async def test_adopt_of_coins_says_where_the_entry_comes_from():
    talk, world, ada = await _connected(InstrumentKind.SPOT)
    await _by_hand(talk, world, ada)
    assert "keeps no entry price of coins" in plain(await talk.press("Adopt"))


async def test_no_leaves_it():
    talk, world, ada = await _connected()
    await _by_hand(talk, world, ada)
    await talk.press("Adopt")
    assert "nothing was done" in plain(await talk.press("🚫 No"))
    assert world.positions == []


async def test_a_button_of_an_older_size_does_nothing():
    talk, world, ada = await _connected()
    await _by_hand(talk, world, ada)
    old = talk.button("Adopt")
    await _by_hand(talk, world, ada, size="1")
    assert "changed in the meantime" in plain(await talk.tap(old))
    assert world.positions == []


async def test_anothers_button_finds_nothing():
    talk, world, ada = await _connected()
    await _by_hand(talk, world, ada)
    bob = await talk.stranger_in()
    await world.connect((await talk.user(bob)).id)
    said = plain(await talk.tap(talk.button("Adopt"), bob))
    assert "no such" in said or "not yours" in said
    assert world.positions == []


# --- closing --------------------------------------------------------------------------------------


async def test_close_asks_first_and_closes_at_the_market():
    talk, world, ada = await _connected()
    await _by_hand(talk, world, ada)
    said = plain(await talk.press("✖️ Close"))
    assert "Sell it at the market, with real money?" in said
    assert world.exchange.sent == []
    await talk.press("Yes, close it")
    await world.settle()
    [position] = world.positions
    assert position.state is PositionState.CLOSED
    assert world.exchange.account(ada).positions[ETH][0] == 0


async def test_a_foreign_order_is_cancelled_after_a_yes():
    talk, world, ada = await _connected()
    order = world.exchange.order_by_hand(ada, ETH, BUY, "1", "2000")
    await talk.say("/receipt")
    await talk.press("Cancel it")
    assert world.exchange.cancelled == []
    assert "cancelled" in plain(await talk.press("Yes, cancel it"))
    assert world.exchange.cancelled == [order]


@pytest.mark.parametrize("traded", [True, False], ids=["in the history", "nowhere"])
async def test_what_was_closed_there_is_booked_after_a_yes(traded: bool):
    talk, world, ada = await _connected()
    position = await world.held(ada)
    world.market.tick("61000")
    world.exchange.trade(ada, BTC, SELL, position.quantity)
    if not traded:
        account = world.exchange.account(ada)
        account.fills = [one for one in account.fills if one.fill.client_id]
    world.pass_time()
    await talk.told()
    await talk.say("/receipt")
    said = plain(await talk.press("Book as closed"))
    found = "shows the trade that closed it" if traded else "shows no trade that closed it"
    assert found in said
    assert "61,000.00" in said
    assert (await world.position(position.id)).state is PositionState.OPEN
    assert f"#{position.id} is booked" in plain(await talk.press("Yes, book it"))
    await world.settle()
    assert (await world.position(position.id)).state is PositionState.CLOSED
    assert "closed at the exchange by another hand" in plain(await talk.told())


# --- ignoring -------------------------------------------------------------------------------------


async def test_ignore_is_done_at_once():
    talk, world, ada = await _connected()
    await _by_hand(talk, world, ada)
    assert "only if its size changes" in plain(await talk.press("Ignore"))
    assert "all match" in plain(await talk.say("/receipt"))


async def test_what_is_missing_and_ignored_can_still_be_booked():
    talk, world, ada = await _connected()
    position = await world.held(ada)
    world.exchange.trade(ada, BTC, SELL, position.quantity)
    world.pass_time()
    await talk.say("/receipt")
    await talk.press("Ignore")
    [shown] = await talk.say("/receipt")
    assert "You chose to leave that so." in shown.words.plain()
    assert [button.label for button in buttons(shown)] == ["✖️ Book as closed"]
    await talk.press("Book as closed")
    await talk.press("Yes, book it")
    assert (await world.position(position.id)).state is PositionState.CLOSED
    [finding] = await world.findings(ada, *FindingState)
    assert finding.state is FindingState.CLOSED


# --- alarms ---------------------------------------------------------------------------------------


async def _told(talk: Conversation, kind: NoticeKind, **facts: object) -> str:
    user = await talk.user()
    await talk.desk.memory.notices.tell(Notice(user.id, kind, f"{kind}:{facts}", facts))
    return plain(await talk.told())


async def test_an_alarm_shows_the_position_and_its_way_out():
    talk, world, ada = await _connected()
    position = await world.held(ada)
    await talk.told()
    said = await _told(
        talk,
        NoticeKind.ALARM,
        summary="the stop was refused twice, and closing it failed",
        position_id=position.id,
    )
    assert "Your money is in danger" in said
    assert f"#{position.id} LONG BTC/USDT" in said
    assert talk.button("🚪 Close").id == position.id


async def test_an_alarm_sounds_in_quiet_hours(talk: Conversation):
    await talk.say("/quiet 00:00-23:59")
    user = await talk.user()
    reply = await talk.notices.render(NoticeKind.ALARM, {"summary": "danger"}, user.id)
    assert reply is not None
    assert not reply.silent


async def test_a_stop_that_is_watched_here_is_told_apart_from_an_account(talk: Conversation):
    said = await _told(talk, NoticeKind.ACCOUNT, summary="it rests again", position_id=7)
    assert "A stop at the exchange" in said
    said = await _told(talk, NoticeKind.ACCOUNT, summary="no key", state="refused")
    assert "refuses the key" in said
    assert "Out of line" in await _told(talk, NoticeKind.ANOMALY, summary="Slippage of 40 bp.")


async def test_guards_of_the_live_world_rest():
    """The stops counted above are orders at the exchange."""
    _, world, ada = await _connected()
    position = await world.held(ada)
    kinds = {one.kind for one in world.guards(position)}
    assert kinds == {OrderKind.STOP, OrderKind.LIMIT}
