"""/balance, /profit, /daily, /performance and /costs."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from agents.domain.decision import ModelCall
from agents.domain.position import PositionState
from agents.domain.strategy import Mode
from handlers.money import all_positions
from handlers.tables import WIDTH
from tests.support.conversation import Conversation, plain


async def _closed(talk: Conversation) -> None:
    await talk.position()
    await talk.world.tick("61300")
    await talk.world.tick("61300")


async def test_nothing_yet_is_said(talk: Conversation) -> None:
    assert "10,000.00 USDT" in plain(await talk.say("/balance"))
    for command in ("/profit", "/performance", "/trades"):
        assert "no trades yet" in plain(await talk.say(command))
    assert "No trade has been closed" in plain(await talk.say("/daily"))


async def test_balance_with_an_open_position(talk: Conversation) -> None:
    await talk.position()
    talk.world.market.tick("60500")
    said = plain(await talk.say("/balance"))
    account = talk.world.accounts[0]
    equity = account.balance + talk.world.positions[0].unrealised(Decimal(60500))
    assert "📄 Paper" in said and f"{equity:,.2f}" in said
    assert "Since the start: +" in said
    assert "No trade has been closed yet" in plain(await talk.say("/performance"))


async def test_the_accounts_add_up(talk: Conversation) -> None:
    await _closed(talk)
    talk.world.market.tick("60000")
    await talk.world.opened(await talk.strategy())
    said = plain(await talk.say("/balance"))
    balances = sum(account.balance for account in talk.world.accounts)
    assert "In all" in said and f"{balances:,.2f}" in said


async def test_profit_is_realised_open_and_fees(talk: Conversation) -> None:
    await _closed(talk)
    [reply] = await talk.say("/profit")
    [position] = talk.world.positions
    said = reply.words.plain()
    assert f"{position.realised:+,.2f}" in said and f"{-position.fees:,.2f}" in said
    assert f"{position.net():+,.2f}" in said
    assert reply.picture and reply.picture.kind == "equity"


async def test_modes_are_kept_apart(talk: Conversation) -> None:
    await _closed(talk)
    [position] = talk.world.positions
    live = replace(position, mode=Mode.LIVE, id=0, proposal_id=99, realised=Decimal(-7))
    await talk.desk.memory.positions.add(live)
    for command in ("/profit", "/performance"):
        said = plain(await talk.say(command))
        assert "📄 Paper" in said and "🔴 LIVE" in said
        assert said.index("Paper") < said.index("LIVE")


async def test_performance(talk: Conversation) -> None:
    await _closed(talk)
    [reply] = await talk.say("/performance")
    said = reply.words.plain()
    for part in (
        "Closed trades",
        "1 / 0",
        "100%",
        "Expectancy",
        "Average R",
        "Max drawdown",
        "Dips",
    ):
        assert part in said
    assert all(len(line) <= WIDTH for line in said.split("\n"))


async def test_days_are_the_readers(talk: Conversation) -> None:
    await _closed(talk)
    assert "02 Mar 26  1 trade" in plain(await talk.say("/daily"))
    [position] = talk.world.positions
    late = position.closed_at.replace(hour=23) if position.closed_at else None
    other = replace(position, closed_at=late, id=0, proposal_id=98)
    await talk.desk.memory.positions.add(other)
    assert "02 Mar 26  2 trades" in plain(await talk.say("/daily"))
    await talk.say("/settings zone Tokyo")
    said = plain(await talk.say("/daily"))
    assert "03 Mar 26  1 trade" in said and "02 Mar 26  1 trade" in said and "Asia/Tokyo" in said


async def test_many_days_are_paged(talk: Conversation) -> None:
    await _closed(talk)
    [position] = talk.world.positions
    for number in range(30):
        at = position.opened_at - timedelta(days=number)
        await talk.desk.memory.positions.add(
            replace(position, closed_at=at, id=0, proposal_id=200 + number)
        )
    assert "Page 1 of 3" in plain(await talk.say("/daily"))
    assert "Page 2 of 3" in plain(await talk.press("More"))


async def test_every_position_is_counted(talk: Conversation) -> None:
    await _closed(talk)
    [position] = talk.world.positions
    for number in range(1100):
        await talk.desk.memory.positions.add(replace(position, id=0, proposal_id=1000 + number))
    found = await all_positions(talk.desk, position.owner_id)
    assert len(found) == 1101
    assert all(one.state is PositionState.CLOSED for one in found)


# --- /costs -------------------------------------------------------------------------------------


async def test_costs_of_models(talk: Conversation) -> None:
    bob = await talk.stranger_in()
    ada, other = await talk.user(), await talk.user(bob)
    assert "nothing was paid" in plain(await talk.say("/costs", bob))
    at = talk.world.clock.wall()
    for user, model, cost in ((ada, "claude-big-5", "0.0123"), (other, "claude-small-5", "1.5")):
        call = ModelCall("advise", model, user.id, None, at, "ok", 12_000, 300, cost=Decimal(cost))
        await talk.desk.memory.model_calls.add(call)
    mine = plain(await talk.say("/costs", bob))
    assert "small-5" in mine and "big-5" not in mine and "1.50" in mine and "12k" in mine
    assert "Everyone" not in mine and "0.06%" in mine
    every = plain(await talk.say("/costs"))
    assert "Everyone here" in every and "1.51" in every
    talk.world.clock.wait(31 * 86_400)
    assert "nothing was paid" in plain(await talk.say("/costs"))


# --- a period -------------------------------------------------------------------------------------


async def test_performance_of_the_last_days_counts_those_alone(talk: Conversation) -> None:
    await _closed(talk)
    talk.world.clock.advance(10 * 86_400)
    every = plain(await talk.say("/performance"))
    assert "Closed trades" in every and "last" not in every
    assert "Closed trades" in plain(await talk.say("/performance 30d"))
    assert "last 30 days" in plain(await talk.say("/performance 30"))
    assert "No trade was closed in the last 7 days" in plain(await talk.say("/performance 7d"))
    assert plain(await talk.say("/performance all")) == every


@pytest.mark.parametrize("said", ["abc", "-7", "0", "🙂", "7d 30d", "9" * 30])
async def test_a_period_that_can_not_be_read_is_said(talk: Conversation, said: str) -> None:
    await _closed(talk)
    assert "/performance 30 " in plain(await talk.say(f"/performance {said}"))
