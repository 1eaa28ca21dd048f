"""What happened, rendered at delivery for its reader."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.user import NoticeKind
from handlers import account
from handlers.chat import Reply, text
from tests.support.conversation import Conversation, check, plain

K = NoticeKind


async def render(talk: Conversation, kind: NoticeKind, owner: int = 1, **facts) -> Reply | None:
    reply = await talk.notices.render(kind, facts, owner)
    return check(reply) if reply else None


def test_every_kind_is_told() -> None:
    told = set(account.LEVELS)
    assert told == {"on", "silent", "off"}
    grouped = [kind for group in account.GROUPS for kind in group.kinds]
    assert len(grouped) == len(set(grouped))


@pytest.mark.parametrize("kind", [kind for kind in NoticeKind if kind is not K.REPLY])
async def test_what_is_no_more_is_not_told(talk: Conversation, kind: NoticeKind) -> None:
    await talk.say("/start")
    ids = ("proposal_id", "position_id", "intent_id", "strategy_id", "heard_id", "signal_id")
    facts: dict[str, Any] = {
        **dict.fromkeys(ids, 99),
        "client_id": "x",
        "trade_id": "y",
        "version": 1,
        "period": "day",
        "since": "2026-03-01T08:00:00+00:00",
        "until": "2026-03-02T08:00:00+00:00",
        "summary": "The disk is full.",
        "at": "2026-03-02T08:00:00+00:00",
        "headline": "📭 I can't write in Calls any more.",
        "reason": "I was removed from it.",
        "next": "add me again",
        "what": "closing",
        "rule": "daily loss",
        "said": "lost",
        "count": 1,
        "mode": "paper",
        "on": True,
        "findings": [99],
        "exchange": "binance",
        "start": True,
        "fills": 0,
        "positions": 1,
        "stops": 1,
        "orders": 1,
    }
    always = {K.MARKET, K.PANIC, K.DIGEST, K.OPERATOR, K.PLACE_LOST, K.LIMIT, K.HALT}
    always |= {K.ALARM, K.ACCOUNT, K.ANOMALY}
    reply = await talk.notices.render(kind, facts, 1)
    assert (reply is None) is (kind not in always)
    assert await talk.notices.render(kind, facts, 77) is None


async def test_a_reply_is_itself(talk: Conversation) -> None:
    reply = Reply(text("hello"), card="strategy:1", edits=True)
    assert await talk.notices.render(K.REPLY, reply.as_json(), 0) == reply


async def test_a_fill_names_symbol_price_quantity_and_fee(talk: Conversation) -> None:
    await talk.position()
    filled = next(one for one in talk.shown if "Filled" in one.words.plain())
    words = filled.words.plain()
    assert words.split("\n")[0] == "📄 Paper · Filled LONG BTC/USDT"
    assert "Bought 0.16666 BTC at 60,024" in words and "Fee 6.00 USDT" in words
    assert "slippage 4 bp" in words and "Stop 59,400.00 · target 61,200.00" in words
    assert filled.replies_to == "proposal:1"
    assert [button.verb for row in filled.rows for button in row] == ["close", "close_half"]


async def test_a_fill_told_late_has_no_button_that_lies(talk: Conversation) -> None:
    await talk.world.opened(await talk.strategy())
    await talk.world.tick("61300")
    await talk.world.tick("61300")
    replies = await talk.told()
    assert all(not one.rows for one in replies if "illed" in one.words.plain())


async def test_a_part_is_told_as_the_fill_left_it(talk: Conversation) -> None:
    await talk.position()
    await talk.desk.hands.close(1, 1, Decimal("0.5"))
    await talk.world.tick("60000")
    part = next(notice for notice in talk.world.memory.told if notice.kind is K.PARTLY_CLOSED)
    await talk.world.tick("61300")
    await talk.world.tick("61300")
    reply = await render(talk, part.kind, **part.facts)
    assert reply and not reply.rows
    assert "Partly closed LONG" in reply.words.plain()
    assert "Still open: 0.08333 BTC, stop 59,400.00" in reply.words.plain()
    assert "P&L of this part -" in reply.words.plain()


async def test_closed(talk: Conversation) -> None:
    await talk.position()
    await talk.world.tick("59300")
    await talk.world.tick("59300")
    words = plain(await talk.told())
    assert "📄 Paper · Closed LONG BTC/USDT" in words and "stop at 59,400" in words
    assert "🔴 P&L -" in words and "· -1." in words and "R\n" in words
    assert "fees in all" in words


async def test_what_stays_of_a_closed_trade_is_told(talk: Conversation) -> None:
    await talk.position()
    await talk.world.tick("59300")
    await talk.world.tick("59300")
    [closed] = [one for one in talk.world.memory.told if one.kind is K.CLOSED]
    reply = await render(talk, K.CLOSED, **{**closed.facts, "stays": "0.000020003"})
    assert reply and reply.picture
    assert "0.00002 BTC stay on your account, too small to be sold." in reply.words.plain()
    facts = {**closed.facts, "stays": "0.00002", "again": True}
    reply = await render(talk, K.CLOSED, **facts)
    assert reply and not reply.rows
    words = reply.words.plain()
    assert words.split("\n")[0] == "📄 Paper · Written off LONG BTC/USDT"
    assert "0.00002 BTC stay on your account, too small to be sold." in words
    assert "Sold" not in words and "P&L -" in words


async def test_an_order_filled_in_part_does_not_say_that_more_is_open(talk: Conversation) -> None:
    await talk.position()
    [entry] = talk.world.orders
    part = await render(talk, K.ORDER_FAILED, intent_id=entry.id, reason="taken back")
    assert part and "its stop covers that" in part.words.plain()
    await talk.world.tick("59300")
    await talk.world.tick("59300")
    part = await render(talk, K.ORDER_FAILED, intent_id=entry.id, reason="taken back")
    assert part and "Nothing of this trade is open any more." in part.words.plain()


async def test_sent_is_not_filled(talk: Conversation) -> None:
    await talk.position()
    await talk.desk.hands.close(1, 1)
    [order] = [one for one in talk.world.orders if one.reduces]
    reply = await render(talk, K.ORDER_SENT, intent_id=order.id)
    assert reply and "Exiting BTC/USDT" in reply.words.plain()
    assert "Not yet filled" in reply.words.plain() and "Closed" not in reply.words.plain()
    entry = await render(talk, K.ORDER_SENT, intent_id=1)
    assert entry and "Entering BTC/USDT" in entry.words.plain()
    assert await render(talk, K.ORDER_SENT, owner=2, intent_id=order.id) is None


async def test_a_failed_order(talk: Conversation) -> None:
    await talk.position()
    await talk.desk.hands.close(1, 1)
    [order] = [one for one in talk.world.orders if one.reduces]
    reply = await render(talk, K.ORDER_FAILED, intent_id=order.id, reason="insufficient margin")
    assert reply and "insufficient margin" in reply.words.plain()
    assert "stop keeps watching" in reply.words.plain()


async def test_a_moved_stop(talk: Conversation) -> None:
    await talk.position()
    reply = await render(talk, K.STOP_MOVED, position_id=1, stop="60024.00", why="break-even")
    assert reply and "🛡 Stop is now 60,024.00: break-even." in reply.words.plain()


async def test_a_paused_strategy_can_be_resumed(talk: Conversation) -> None:
    await talk.strategy()
    await talk.desk.hands.pause(1, 1)
    reply = await render(talk, K.STRATEGY_PAUSED, strategy_id=1, reason="It trades once.")
    assert reply and "It trades once." in reply.words.plain()
    talk.shown.append(reply)
    assert "active again" in plain(await talk.press("Resume"))


async def test_the_market(talk: Conversation) -> None:
    await talk.say("/start")
    lost = await render(talk, K.MARKET, state="reconnecting", detail="no answer")
    assert lost and lost.words.plain() == "🟠 The market is reconnecting: no answer"
    back = await render(talk, K.MARKET, state="live")
    assert back and "live again" in back.words.plain() and back.silent


async def test_a_proposal_told_late_has_its_outcome(talk: Conversation) -> None:
    proposal = await talk.world.propose(await talk.strategy())
    await talk.desk.approvals.veto(1, proposal.id, 1)
    new, changed = await talk.told()
    assert new.rows == () and "❌ Vetoed" in new.words.plain() and not new.edits
    assert changed.edits and changed.words == new.words


async def test_who_decided_is_named_where_it_was_not_the_owner(talk: Conversation) -> None:
    bob = await talk.user(await talk.stranger_in())
    proposal = await talk.world.propose(await talk.strategy())
    await talk.desk.approvals.veto(1, proposal.id, 1)
    rows = talk.world.database.table("proposals")
    rows.put(proposal.id, replace(talk.world.proposals[0], resolved_by=bob.id))
    reply = await render(talk, K.PROPOSAL_CHANGED, proposal_id=proposal.id, version=1)
    assert reply and "Vetoed by Bob at" in reply.words.plain()


# --- on, silent, off ----------------------------------------------------------------------------


async def test_levels(talk: Conversation) -> None:
    await talk.position()
    fill = next(notice for notice in talk.world.memory.told if notice.kind is K.FILLED)
    await talk.say("/settings fills silent")
    reply = await render(talk, fill.kind, **fill.facts)
    assert reply and reply.silent
    await talk.say("/settings fills off")
    assert await render(talk, fill.kind, **fill.facts) is None
    assert "never off" in plain(await talk.say("/settings proposals off"))
    assert "I know no notices" in plain(await talk.say("/settings foo off"))
    assert "on" in plain(await talk.say("/settings Fills on"))
    assert await render(talk, fill.kind, **fill.facts)


async def test_a_stored_level_that_is_not_allowed_counts_as_on(talk: Conversation) -> None:
    await talk.say("/start")
    await talk.desk.memory.users.set_notice(1, "proposals", "off")
    assert account.level_of(await talk.user(), K.PROPOSAL) == "on"
    assert account.level_of(await talk.user(), K.PANIC) == "on"


async def test_an_operator_reads_what_is_wrong(talk: Conversation) -> None:
    facts = {"summary": "A platform can't be reached (discord).", "count": 3}
    at = talk.world.clock.wall().isoformat()
    said = await render(talk, K.OPERATOR, (await talk.user()).id, at=at, **facts)
    assert said is not None
    words = plain([said])
    assert "Something is wrong on the machine" in words and "3 times" in words
    assert "A platform can't be reached (discord)." in words


async def test_a_lost_place_is_named_with_what_to_do(talk: Conversation) -> None:
    facts = {
        "headline": "📭 I can't write in Dip Signals any more.",
        "reason": "I was removed from it.",
        "next": "add me again",
    }
    said = await render(talk, K.PLACE_LOST, (await talk.user()).id, **facts)
    assert said is not None
    assert plain([said]).split("\n") == [
        "📭 I can't write in Dip Signals any more.",
        "I was removed from it.",
        "Add me again.",
    ]
