"""Trades closed by hand, panic, and the list of trades."""

from decimal import Decimal

import pytest

from agents.domain.position import PositionState
from agents.domain.strategy import StrategyState
from handlers import texts
from tests.support.conversation import Conversation, buttons, plain
from tests.support.desk import levels


async def test_close_asks_and_closes(talk: Conversation) -> None:
    await talk.position()
    [asked] = await talk.say("/close btc")
    assert "Close LONG BTC/USDT at the market?" in asked.words.plain()
    assert "R" in asked.words.plain() and talk.world.positions[0].state is PositionState.OPEN
    [sent] = await talk.press("Yes")
    assert sent.edits and not sent.rows
    assert "Exiting #1 LONG BTC/USDT" in sent.words.plain()
    assert "Closed" not in sent.words.plain()
    await talk.world.tick("60000")
    closed, redrawn = await talk.told()
    assert redrawn.edits and not redrawn.rows
    words = closed.words.plain()
    assert words.startswith("📄 Paper · Closed LONG BTC/USDT")
    for part in ("Sold 0.16666 BTC at", "Fee ", "P&L -", "R", "closed by hand"):
        assert part in words
    assert closed.picture and closed.picture.kind == "position"
    assert closed.replies_to == "proposal:1" and not closed.rows


@pytest.mark.parametrize(
    "said", ["/close 1", "/close #1", "/close BTCUSDT", "/close", "close bitcoin"]
)
async def test_one_position_by_any_name(talk: Conversation, said: str) -> None:
    await talk.position()
    assert "Close LONG BTC/USDT" in plain(await talk.say(said))


@pytest.mark.parametrize(
    ("said", "part"),
    [("half", "0.5"), ("30%", "0.3"), ("12.5 %", "0.125"), ("100%", "1"), ("all", "1")],
)
async def test_a_part(talk: Conversation, said: str, part: str) -> None:
    position = await talk.position()
    await talk.say(f"/close btc {said}")
    await talk.say("yes")
    await talk.world.tick("60000")
    closed = talk.world.positions[0].entered - talk.world.positions[0].quantity
    assert abs(closed - position.quantity * Decimal(part)) < Decimal("0.00002")
    word = "Closed" if part == "1" else "Partly closed"
    assert word in plain(await talk.told())


@pytest.mark.parametrize("said", ["0%", "130%", "999%"])
async def test_an_impossible_part_is_asked_again(talk: Conversation, said: str) -> None:
    await talk.position()
    assert "at most 100%" in plain(await talk.say(f"/close btc {said}"))


async def test_half_twice_closes_half_once(talk: Conversation) -> None:
    await talk.position()
    await talk.press("Close half")
    yes = talk.button("Yes")
    await talk.tap(yes)
    assert plain(await talk.tap(yes)) == texts.OVER
    await talk.world.tick("60000")
    assert talk.world.positions[0].quantity == Decimal("0.08333")


async def test_a_part_of_what_changed_is_asked_again(talk: Conversation) -> None:
    await talk.position()
    await talk.press("Close half")
    await talk.desk.hands.close(1, 1, Decimal("0.25"))
    await talk.world.tick("60000")
    assert "has changed since I asked" in plain(await talk.press("Yes"))


async def test_a_close_button_of_a_closed_trade_tells_its_result(talk: Conversation) -> None:
    await talk.position()
    button = talk.button("🚪 Close")
    await talk.world.tick("61300")
    await talk.world.tick("61300")
    assert "is closed already: +" in plain(await talk.tap(button))
    assert "no open positions" in plain(await talk.say("/close btc"))


async def test_exiting_is_said_while_the_order_is_on_its_way(talk: Conversation) -> None:
    await talk.position()
    await talk.say("/close btc")
    await talk.press("Yes")
    assert "is exiting already" in plain(await talk.say("/close btc"))


async def test_which_one_and_all(talk: Conversation) -> None:
    strategy = await talk.strategy()
    await talk.world.opened(strategy)
    other = await talk.strategy()
    await talk.world.opened(other)
    [asked] = await talk.say("/close")
    assert len(buttons(asked)) == 2 and "/close all" in asked.words.plain()
    assert "/close 2 or /close 1" in plain(await talk.say("/close btc"))
    assert "no open position 'eth'" in plain(await talk.say("/close eth"))
    [asked] = await talk.say("/close all")
    assert "Close all 2 positions" in asked.words.plain()
    assert plain(await talk.press("Yes")).count("Exiting") == 2
    await talk.world.tick("60000")
    assert {one.state for one in talk.world.positions} == {PositionState.CLOSED}


async def test_close_all_twice_is_no_harm(talk: Conversation) -> None:
    await talk.position()
    await talk.say("/close all")
    yes = talk.button("Yes")
    await talk.tap(yes)
    await talk.tap(yes)
    assert len(talk.world.orders) == 2


async def test_no_position_of_somebody_else(talk: Conversation) -> None:
    await talk.position()
    bob = await talk.stranger_in()
    assert "no open positions" in plain(await talk.say("/close 1", bob))
    assert "not yours" in plain(await talk.tap_data("close:1:1", bob))
    assert "no trades yet" in plain(await talk.say("/trades", bob))


# --- panic --------------------------------------------------------------------------------------


async def test_panic_asks_once_and_stops_everything(talk: Conversation) -> None:
    await talk.position()
    await talk.proposal()
    [asked] = await talk.say("/panic")
    words = asked.words.plain()
    assert "close 1 position at" in words and "cancel 1 waiting proposal\n" in words
    assert "pause 2 active strategies" in words
    [begun] = await talk.press("Yes, stop everything")
    assert begun.edits and not begun.rows and "everything is being stopped" in begun.words.plain()
    await talk.world.tick("60000")
    await talk.desk.panic.go_on()
    told = plain(await talk.told())
    assert "Panic over: everything is flat" in told and "Cancelled" in told
    assert {one.state for one in talk.world.positions} == {PositionState.CLOSED}
    states = {one.state for one in await talk.desk.memory.strategies.of(1)}
    assert states == {StrategyState.PAUSED}


async def test_no_panic(talk: Conversation) -> None:
    await talk.position()
    await talk.say("/panic")
    assert texts.NOTHING_DONE in plain(await talk.press("No"))
    assert talk.world.positions[0].state is PositionState.OPEN


# --- /trades ------------------------------------------------------------------------------------


async def test_trades(talk: Conversation) -> None:
    await talk.position()
    assert "🔵 open from 60,024" in plain(await talk.say("/trades"))
    await talk.world.tick("61300")
    await talk.world.tick("61300")
    said = plain(await talk.say("/trades"))
    assert "🟢 +" in said and "R · 12:00" in said and "target at 61,200" in said


async def test_trades_are_paged(talk: Conversation) -> None:
    for _ in range(10):
        strategy = await talk.strategy()
        await talk.world.opened(strategy, levels())
    [page] = await talk.say("/trades")
    assert "Trades (10)" in page.words.plain() and "Page 1 of 2" in page.words.plain()
    [second] = await talk.press("More")
    assert second.edits and "Page 2 of 2" in second.words.plain()


# --- what can't be read ---------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["abc", "-20%", "0", "🙂", "25", "1/2", "half of it", "9" * 30])
async def test_a_part_that_can_not_be_read_is_named_and_nothing_is_asked(
    talk: Conversation, said: str
) -> None:
    await talk.position()
    for which in ("btc", "1", "#1"):
        [reply] = await talk.say(f"/close {which} {said}")
        words = reply.words.plain()
        assert "as a part of #1 BTC/USDT" in words and "half" in words and "30%" in words
        assert not reply.rows


async def test_a_position_that_is_not_there_is_named_whatever_follows(talk: Conversation) -> None:
    await talk.position()
    assert "no open position '7 abc'" in plain(await talk.say("/close 7 abc"))
    assert "no open position 'doge'" in plain(await talk.say("/close doge 30%"))
