"""What a panic and orders that wait or end half done are told as."""

from dataclasses import replace

import pytest

from agents.domain.order import OrderState
from agents.domain.user import NoticeKind as K
from agents.execution.leaving.panic import PanicReport
from handlers.panic import begun
from tests.handlers.test_notices import render
from tests.support.conversation import Conversation, plain


async def test_a_panic_under_way_says_what_is_done_and_what_is_not(talk: Conversation) -> None:
    await talk.say("/start")
    facts = {"positions": 3, "proposals": 1, "strategies": 2, "left": 3, "open": 2, "orders": 1}
    reply = await render(talk, K.PANIC, wait=4, **facts)
    assert reply and reply.edits
    words = plain([reply])
    assert "Flat: 1 position." in words
    assert "2 positions and 1 order not yet flat; I go on until everything is." in words
    assert "The exchange asks to wait 4 seconds" in words
    over = {**facts, "left": 0, "open": 0, "orders": 0}
    flat = await render(talk, K.PANIC, wait=0, **over)
    assert flat and not flat.edits
    assert "everything is flat" in plain([flat])


@pytest.mark.parametrize(
    ("still_open", "orders", "words"),
    [
        (0, 0, "Closing: 1 position, all flat."),
        (1, 2, "Closing: 1 position.\n1 position and 2 orders not yet flat; I go on"),
        (0, 1, "Closing: 1 position.\n1 order not yet flat; I go on"),
    ],
)
def test_what_is_left_is_not_counted_as_positions(still_open: int, orders: int, words: str) -> None:
    left = {"left": still_open + orders, "open": still_open, "orders": orders}
    report = PanicReport(positions=1, proposals=0, strategies=0, **left)
    assert words in begun(report).plain()


async def test_an_exit_that_waits_is_not_told_as_sent(talk: Conversation) -> None:
    await talk.position()
    await talk.desk.hands.close(1, 1)
    [order] = [one for one in talk.world.orders if one.reduces]
    rows = talk.world.database.table("orders")
    rows.put(order.id, replace(order, state=OrderState.NEW))
    reply = await render(talk, K.ORDER_SENT, intent_id=order.id)
    assert reply and "Not sent yet: selling" in reply.words.plain()
    assert "asks to wait" in reply.words.plain()


async def test_an_order_filled_in_part_is_told_as_that(talk: Conversation) -> None:
    await talk.position()
    [entry] = talk.world.orders
    rows = talk.world.database.table("orders")
    rows.put(entry.id, replace(entry, filled=entry.quantity / 2, state=OrderState.EXPIRED))
    reply = await render(talk, K.ORDER_FAILED, intent_id=entry.id, reason="it expired")
    assert reply
    words = reply.words.plain()
    assert "Order filled in part" in words and "Bought 0.08333 of 0.16666 BTC" in words
    assert "the rest is over: it expired." in words
    assert "The position is what was filled" in words
