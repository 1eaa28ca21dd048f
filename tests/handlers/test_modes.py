"""/mode and /schedule: the ladder to real money, and when a strategy is set off."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.errors import AskUser
from agents.domain.ladder import Ladder
from agents.domain.proposal import ProposalState
from agents.domain.strategy import Mode, RunKind, Strategy, StrategyState
from agents.domain.venue import Connection, ConnectionState
from agents.execution.bounds.modes import Wanted
from agents.execution.proposals.proposing import Declined
from tests.support.conversation import Conversation, conversation, plain

FREE = Ladder(0, 0)


async def ready(**more: Any) -> tuple[Conversation, Strategy]:
    """Nothing but the confirmations stands between the strategy and real money."""
    talk = await conversation(ladder=FREE, exchange_money=Decimal("5000"), **more)
    strategy = await talk.strategy()
    await connect(talk)
    return talk, strategy


async def connect(talk: Conversation) -> None:
    user = await talk.user()
    account = Connection(user.id, "binance", "sealed", "wxyz", connected_at=talk.world.clock.now())
    await talk.desk.memory.connections.connect(account)


async def now(talk: Conversation, number: int = 1) -> Strategy:
    mine = await talk.desk.memory.strategies.of((await talk.user()).id)
    return next(one for one in mine if one.number == number)


async def test_a_strategy_begins_on_paper_and_the_way_up_is_shown() -> None:
    talk = await conversation()
    await talk.strategy()
    said = plain(await talk.say("/mode"))
    assert "#1 Dips: 📄 Paper" in said
    assert "For 🔴 LIVE: 0 of 25 closed paper trades; a paper profit net of fees" in said


async def test_real_money_is_refused_with_every_condition() -> None:
    talk = await conversation()
    await talk.strategy()
    said = plain(await talk.say("/mode 1 live"))
    assert "not yet" in said
    assert "⬜ 0 of 25 closed paper trades" in said
    assert "⬜ an exchange account of yours, by /connect" in said
    assert (await now(talk)).mode is Mode.PAPER


async def test_live_asks_for_the_word_and_nothing_else_will_do() -> None:
    talk, _ = await ready()
    said = plain(await talk.say("/mode 1 live 1000"))
    assert "Type LIVE" in said and "1,000.00" in said
    assert "nothing was changed" in plain(await talk.say("yes please"))
    assert (await now(talk)).mode is Mode.PAPER
    said = plain(await talk.say("LIVE"))
    assert "#1 Dips is now 🔴 LIVE" in said
    assert (await now(talk)).mode is Mode.LIVE


async def test_the_account_begins_with_what_was_agreed_to() -> None:
    talk, strategy = await ready()
    await talk.say("/mode 1 live 1000")
    await talk.say("LIVE")
    accounts = await talk.desk.memory.accounts.of(strategy.owner_id)
    [live] = [one for one in accounts if one.mode is Mode.LIVE]
    assert live.start == live.balance == Decimal(1000)


async def test_whoever_goes_live_again_says_anew_with_how_much() -> None:
    talk, strategy = await ready()
    for amount in ("1000", "400"):
        await talk.say(f"/mode 1 live {amount}")
        await talk.say("LIVE")
        await talk.say("/mode 1 paper")
    accounts = await talk.desk.memory.accounts.of(strategy.owner_id)
    [live] = [one for one in accounts if one.mode is Mode.LIVE]
    assert live.start == live.balance == live.peak == Decimal(400)


async def test_a_second_strategy_gets_what_the_first_one_left() -> None:
    talk, _ = await ready()
    await talk.strategy()
    await talk.say("/mode 1 live 4000")
    await talk.say("LIVE")
    assert "1,000.00 of your exchange account" in plain(await talk.say("/mode 2 live"))
    await talk.say("/cancel")
    assert "Only 1,000.00 is free" in plain(await talk.say("/mode 2 live 1001"))
    assert (await now(talk, 2)).mode is Mode.PAPER


async def test_of_two_that_go_live_at_once_the_second_gets_what_is_left() -> None:
    """Both saw the same money free."""
    talk, first = await ready()
    second = await talk.strategy()
    modes, wanted = talk.desk.modes, Wanted(Mode.LIVE, Decimal(4000))
    done = await asyncio.gather(
        *(modes.change(one, wanted, "user:1") for one in (first, second)), return_exceptions=True
    )
    [refused] = [one for one in done if isinstance(one, AskUser)]
    assert str(refused) == "Only 1,000.00 is free on your account for it. Nothing was changed."
    live = [one for one in (await now(talk), await now(talk, 2)) if one.mode is Mode.LIVE]
    assert len(live) == 1


async def test_it_starts_with_no_more_than_was_shown_when_the_word_was_asked_for() -> None:
    talk, strategy = await ready()
    assert "5,000.00 of your exchange account" in plain(await talk.say("/mode 1 live"))
    talk.exchange_money = Decimal(7000)
    await talk.say("LIVE")
    accounts = await talk.desk.memory.accounts.of(strategy.owner_id)
    assert [one.start for one in accounts if one.mode is Mode.LIVE] == [5000]


async def test_what_was_taken_over_is_no_way_around_the_ladder() -> None:
    """It is live without having shown anything, and a copy of it could be edited to trade."""
    talk = await conversation(exchange_money=Decimal("5000"))
    strategy = await talk.strategy()
    await connect(talk)
    strategies, owner = talk.desk.memory.strategies, strategy.owner_id
    assert await strategies.set_mode(owner, strategy.id, strategy.mode, Mode.LIVE)
    await strategies.set_run(owner, strategy.id, RunKind.ON_SIGNAL.value)
    said = plain(await talk.say("/mode 1 clone"))
    assert "⬜ 0 of 25 closed paper trades" in said
    assert len(await strategies.of(owner)) == 1


async def test_a_copy_of_what_is_live_shares_what_is_free_with_it() -> None:
    talk, _ = await ready()
    await talk.say("/mode 1 live 4000")
    await talk.say("LIVE")
    said = plain(await talk.say("/mode 1 live clone"))
    assert "1,000.00 of your exchange account" in said


async def test_the_word_counts_for_the_question_alone() -> None:
    talk, _ = await ready()
    await talk.say("LIVE")
    assert (await now(talk)).mode is Mode.PAPER
    await talk.say("/mode 1 live")
    await talk.say("/cancel")
    await talk.say("LIVE")
    assert (await now(talk)).mode is Mode.PAPER


async def test_the_question_outlives_a_restart() -> None:
    talk, _ = await ready()
    await talk.say("/mode 1 live")
    await talk.start()
    await talk.say("LIVE")
    assert (await now(talk)).mode is Mode.LIVE


async def test_what_changed_between_question_and_word_is_looked_at_again() -> None:
    talk, strategy = await ready()
    await talk.say("/mode 1 live")
    paused = ConnectionState.PAUSED
    connections = talk.desk.memory.connections
    await connections.set_state(strategy.owner_id, ConnectionState.READY, paused, "0.1 BTC missing")
    said = plain(await talk.say("LIVE"))
    assert "Not yet" in said and "0.1 BTC missing" in said
    assert (await now(talk)).mode is Mode.PAPER


async def test_an_exchange_that_says_nothing_gets_no_money() -> None:
    talk, _ = await ready()
    talk.exchange_money = None
    await talk.say("/mode 1 live")
    assert "does not say" in plain(await talk.say("LIVE"))
    assert (await now(talk)).mode is Mode.PAPER


async def test_every_change_is_in_the_audit_trail() -> None:
    talk, strategy = await ready()
    await talk.say("/mode 1 live")
    await talk.say("LIVE")
    await talk.say("/mode 1 simulation")
    trail = await talk.desk.memory.audit.recent(strategy.owner_id, 10)
    found = [one["facts"] for one in trail if one["what"] == "mode"]
    assert [(one["from"], one["to"]) for one in found] == [
        ("live", "simulation"),
        ("paper", "live"),
    ]
    assert found[1]["confirmed"] and found[1]["amount"] == "5000"


async def test_what_waits_for_a_tap_is_cancelled_and_open_trades_finish_in_their_mode() -> None:
    talk = await conversation()
    strategy = await talk.strategy()
    proposal = await talk.world.propose(strategy)
    await talk.say("/mode 1 simulation")
    after = await talk.desk.memory.proposals.by_id(proposal.id)
    assert after.state is ProposalState.CANCELLED
    assert "went to simulation" in after.outcome


async def test_open_positions_are_named() -> None:
    talk = await conversation()
    await talk.position()
    said = plain(await talk.say("/mode 1 validation"))
    assert "1 open position is finished as 📄 Paper" in said


async def test_back_to_paper_needs_trades() -> None:
    talk = await conversation()
    await talk.strategy()
    await talk.say("/mode 1 simulation")
    assert "⬜ 0 of 10 closed trades" in plain(await talk.say("/mode 1 paper"))
    assert (await now(talk)).mode is Mode.SIMULATION


async def test_a_clone_trades_real_money_with_less_risk_and_leaves_its_origin_alone() -> None:
    talk, strategy = await ready()
    assert "A copy of it" in plain(await talk.say("/mode 1 clone 800"))
    said = plain(await talk.say("LIVE"))
    clone = await now(talk, 2)
    assert (clone.mode, clone.state) == (Mode.LIVE, StrategyState.DRAFT)
    assert clone.spec.risk_percent == Decimal("0.25") < strategy.spec.risk_percent
    assert clone.spec.entry_long == strategy.spec.entry_long
    assert "0.25%" in said and "Activate" in [b.label[2:].strip() for b in _labels(talk)]
    assert (await now(talk, 1)).mode is Mode.PAPER


def _labels(talk: Conversation) -> list[Any]:
    return [button for reply in talk.shown for row in reply.rows for button in row]


async def test_the_card_of_a_live_strategy_counts_its_own_money() -> None:
    talk, _ = await ready()
    await talk.say("/mode 1 live 2000")
    await talk.say("LIVE")
    assert "= 20.00 of 2,000.00 USDT" in plain(await talk.say("/strategies 1"))


async def test_buttons_change_the_mode() -> None:
    talk = await conversation()
    await talk.strategy()
    await talk.say("/mode 1")
    said = plain(await talk.press("Simulation"))
    assert "is now 🎲 Simulation" in said


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("/mode 1 live abc", "I can't read 'abc'"),
        ("/mode 1 paper 500", "I can't read '500'"),
        ("/mode 9 paper", "no strategy '9'"),
        ("/mode 1 paper", "in this mode already"),
    ],
)
async def test_what_can_not_be_done_is_said(said: str, why: str) -> None:
    talk = await conversation()
    await talk.strategy()
    assert why in plain(await talk.say(said))


# --- schedules ----------------------------------------------------------------------------------


async def test_a_schedule_is_set_and_shown() -> None:
    talk = await conversation()
    await talk.strategy()
    said = plain(await talk.say("/schedule 1 every 4h until flat"))
    assert "every 4h; next in" in said and "opens nothing while a trade" in said
    strategy = await now(talk)
    assert (strategy.run, strategy.schedule) == (RunKind.SCHEDULED, "every 4h")
    assert strategy.waits_flat
    assert "Runs: every 4h" in plain(await talk.say("/strategies 1"))


async def test_a_schedule_is_taken_back() -> None:
    talk = await conversation()
    await talk.strategy()
    await talk.say("/schedule 1 at 09:00 until flat")
    await talk.say("/schedule 1 continuous, flat off")
    strategy = await now(talk)
    assert (strategy.run, strategy.schedule) == (RunKind.CONTINUOUS, "")
    assert not strategy.waits_flat


async def test_a_schedule_that_can_not_be_read_changes_nothing() -> None:
    talk = await conversation()
    await talk.strategy()
    assert "divides a day" in plain(await talk.say("/schedule 1 every 7h"))
    assert (await now(talk)).run is RunKind.CONTINUOUS


async def test_one_that_waits_until_it_is_flat_opens_no_second_trade() -> None:
    talk = await conversation()
    held = await talk.position()
    strategy = await now(talk)
    await talk.say("/schedule 1 until flat")
    refused = await talk.world.try_to_propose(await now(talk), symbol="ETH/USDT")
    assert held.strategy_id == strategy.id
    assert isinstance(refused, Declined)
    assert "waits until its open trade is closed" in refused.reason


@pytest.mark.parametrize("said", ["yolo", "🙂", "LIFE", "1000", "-5"])
async def test_a_mode_that_does_not_exist_is_named_with_those_that_do(said: str) -> None:
    talk, _ = await ready()
    words = plain(await talk.say(f"/mode 1 {said}"))
    assert f"no mode '{said}'" in words
    for known in ("validation", "simulation", "paper", "live"):
        assert known in words
    assert (await now(talk)).mode is Mode.PAPER


async def test_a_strategy_whose_name_has_several_words_is_still_found() -> None:
    talk, strategy = await ready()
    await talk.desk.memory.strategies.rename(1, strategy.id, "Dips and more")
    assert "#1 Dips and more: 📄 Paper" in plain(await talk.say("/mode dips and more"))
    assert "no strategy 'nothing here'" in plain(await talk.say("/mode nothing here"))


async def test_the_question_for_the_word_says_how_to_give_it_less() -> None:
    talk, _ = await ready()
    assert "/mode 1 live 500 gives it 500.00" in plain(await talk.say("/mode 1 live"))
    assert "gives it" not in plain(await talk.say("/mode 1 live 1000"))


@pytest.mark.parametrize("amount", ["5000.01", "999999999999", "9.99", "0.001"])
async def test_an_amount_that_can_not_be_given_is_refused_before_the_word(amount: str) -> None:
    talk, _ = await ready()
    said = plain(await talk.say(f"/mode 1 live {amount}"))
    assert "Nothing was changed" in said and "Type LIVE" not in said
    assert "5,000.00 is free" in said or "at least 10" in said


@pytest.mark.parametrize("amount", ["1,5", "1e5", "9" * 23, "٣"])
async def test_an_amount_that_could_be_another_is_not_read(amount: str) -> None:
    talk, _ = await ready()
    assert "after live" in plain(await talk.say(f"/mode 1 live {amount}"))
