"""Whose money moves is in the first line of every message about a trade, and on its pictures."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from agents.domain.strategy import Mode
from agents.domain.user import NoticeKind
from agents.domain.venue import Connection, FundingPaid
from handlers import markers
from handlers.chat import Reply
from tests.support.conversation import Conversation
from tests.support.desk import World, levels
from tests.support.real_money import KnownFree

SIGNS = {Mode.VALIDATION: "🧪", Mode.SIMULATION: "🎲", Mode.PAPER: "📄", Mode.LIVE: "🔴 LIVE"}


async def a_trade(mode: Mode) -> tuple[Conversation, list[Reply]]:
    """Everything that is said from a proposal to its close, a failed order included."""
    talk = await Conversation(World(modes=tuple(Mode), more={"funds": KnownFree()})).start()
    talk.world.market.tick("60000")
    await talk.say("/start")
    await talk.told()
    world, owner = talk.world, (await talk.user()).id
    await world.memory.connections.connect(Connection(owner, "binance", "sealed"))
    strategy = await world.strategy(owner, mode=mode)
    proposal = await world.propose(strategy, levels(targets=(("60600", "0.5"), ("61200", "0.5"))))
    assert (await world.approve(proposal)).done
    said = list(await talk.told())
    for price in ("60000", "60600", "60600"):
        await world.tick(price)
        said += await talk.told()
    [position] = world.positions
    paid = FundingPaid("f1", "BTC/USDT", Decimal("-1.25"), world.clock.now())
    await world.desk.funding.book(position.id, paid)
    [intent] = [one for one in world.orders if one.reduces]
    facts = {"intent_id": intent.id, "position_id": position.id, "reason": "Too small."}
    for kind in (NoticeKind.ORDER_SENT, NoticeKind.ORDER_FAILED):
        reply = await talk.notices.render(kind, facts, owner)
        assert reply is not None
        said.append(reply)
    for price in ("61200", "61200"):
        await world.tick(price)
        said += await talk.told()
    return talk, said


def first_lines(said: Sequence[Reply]) -> list[str]:
    return [reply.words.plain().split("\n")[0] for reply in said]


@pytest.mark.parametrize("mode", Mode)
async def test_each_message_about_a_trade_begins_with_its_mode(mode: Mode) -> None:
    talk, said = await a_trade(mode)
    lines = first_lines(said)
    assert len(lines) >= 6
    for what in ("Filled", "Partly closed", "Closed", "Exiting", "Order filled in part"):
        assert any(what in line for line in lines), what
    for line in lines:
        assert line.startswith(markers.mode(mode)), line
        assert line.startswith(SIGNS[mode])
    assert talk.world.positions[0].mode is mode


async def test_validation_says_every_time_that_no_order_was_sent() -> None:
    _, said = await a_trade(Mode.VALIDATION)
    assert all("no order was sent" in reply.words.plain() for reply in said)
    assert not any("Sent:" in reply.words.plain() for reply in said)


@pytest.mark.parametrize("mode", Mode)
async def test_what_is_open_and_what_came_of_it_keep_the_modes_apart(mode: Mode) -> None:
    talk, _ = await a_trade(mode)
    for command in ("/profit", "/performance", "/balance", "/daily"):
        said = "\n".join(reply.words.plain() for reply in await talk.say(command))
        named = [other for other in Mode if markers.mode(other) in said]
        assert named == [mode], command


async def test_the_close_says_fees_and_funding_and_profit_is_net_of_both() -> None:
    talk, said = await a_trade(Mode.PAPER)
    [position] = talk.world.positions
    closed = next(reply.words.plain() for reply in said if "Closed LONG" in reply.words.plain())
    assert "fees in all" in closed and "funding -1.25" in closed
    assert f"{position.net():+.2f}" in closed
    profit = "\n".join(reply.words.plain() for reply in await talk.say("/profit"))
    assert "Funding" in profit and "-1.25" in profit
    assert f"{position.net():+.2f}" in profit
    rates = "\n".join(reply.words.plain() for reply in await talk.say("/performance"))
    assert f"{position.net():+.2f}" in rates


async def test_a_leveraged_card_says_margin_and_liquidation(talk: Conversation) -> None:
    await talk.say("/start")
    await talk.proposal()
    card = talk.shown[-1].words.plain()
    assert "Margin  1,999.92 USDT at 5x" in card
    assert "gone at 48,241.21" in card


async def test_days_of_two_modes_are_not_added_up(talk: Conversation) -> None:
    await talk.say("/start")
    opened = await talk.position()
    await talk.world.tick("61200")
    await talk.world.tick("61200")
    [mine] = talk.world.positions
    other = replace(
        mine, mode=Mode.LIVE, id=0, proposal_id=98, realised=Decimal(7), fees=Decimal(0)
    )
    await talk.desk.memory.positions.add(other)
    [first] = await talk.say("/daily")
    said = first.words.plain()
    assert opened.mode is Mode.PAPER
    assert "🔴 LIVE" in said and "1 trade " in said and "+7.00" in said and "Paper" not in said
    [reply] = await talk.say("/performance")
    assert reply.picture and reply.picture.facts["mode"] == "live"
    assert (await talk.pictures(reply.picture, 1)).startswith(b"\x89PNG")
