"""Taps: what each is answered, and that only one of them ever trades."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.market import MarketState
from agents.domain.order import OrderState
from agents.domain.proposal import Proposal, ProposalState, VetoReason
from agents.domain.risk import Limits
from agents.domain.strategy import Mode, Side, Strategy, StrategyState
from agents.domain.user import NoticeKind
from agents.execution.brokers.paper import PaperBroker
from agents.execution.desk import open_desk
from agents.execution.proposals.outcomes import Verdict
from tests.support.desk import FREE, World, levels
from tests.support.market import instrument
from tests.support.memory import InMemory

D = Decimal
S = ProposalState


async def offered(world: World, **changes: Any) -> tuple[Strategy, Proposal]:
    await world.start()
    strategy = await world.strategy(await world.user(), **changes)
    return strategy, await world.propose(strategy)


def state(world: World) -> ProposalState:
    return world.proposals[-1].state


async def test_approve_orders_once_and_tells_every_card() -> None:
    world = World()
    _, proposal = await offered(world)
    outcome = await world.approve(proposal)
    assert outcome.verdict is Verdict.DONE
    assert state(world) is S.ORDERED
    [order] = world.orders
    assert order.key == "entry:proposal:1"
    assert order.quantity == proposal.plan.quantity
    assert world.proposals[0].resolved_by == proposal.owner_id
    assert world.told(NoticeKind.PROPOSAL_CHANGED) == [{"proposal_id": 1, "version": 1}]


async def test_a_second_tap_is_told_who_was_first() -> None:
    world = World()
    _, proposal = await offered(world)
    await world.approve(proposal)
    again = await world.approve(proposal)
    assert again.verdict is Verdict.ALREADY
    assert again.proposal and again.proposal.resolved_by == proposal.owner_id
    assert len(world.orders) == 1


async def test_a_thousand_taps_from_two_processes_make_one_order() -> None:
    world = World()
    _, proposal = await offered(world)
    paper = PaperBroker(Mode.PAPER, world.market, world.costs)
    memory = InMemory(world.database)
    other = open_desk(memory, world.market, world.clock, {Mode.PAPER: paper})
    taps = []
    for number in range(1_000):
        desk = other if number % 2 else world.desk
        tap = desk.approvals.veto if number % 5 == 4 else desk.approvals.approve
        extra = () if number % 5 == 4 else (world.clock.wall(),)
        taps.append(tap(proposal.owner_id, proposal.id, 1, *extra))
    outcomes = await asyncio.gather(*taps)
    done = [outcome for outcome in outcomes if outcome.done]
    assert len(done) == 1
    assert len(world.orders) <= 1
    assert len(world.orders) == (state(world) is not S.VETOED)


async def test_approve_and_veto_at_once_have_one_outcome() -> None:
    for first in (True, False):
        world = World()
        _, proposal = await offered(world)
        approve = world.approve(proposal)
        veto = world.desk.approvals.veto(proposal.owner_id, proposal.id, 1)
        pair = (approve, veto) if first else (veto, approve)
        outcomes = await asyncio.gather(*pair)
        assert sum(outcome.done for outcome in outcomes) == 1
        assert len(world.orders) == (state(world) is S.ORDERED)


async def test_expired_taps_expire_it_and_never_trade() -> None:
    world = World()
    _, proposal = await offered(world)
    world.clock.wait(900)
    outcome = await world.approve(proposal)
    assert outcome.verdict is Verdict.EXPIRED
    assert state(world) is S.EXPIRED
    assert world.orders == []
    assert (await world.approve(proposal)).verdict is Verdict.EXPIRED


async def test_due_cards_expire_by_themselves_once() -> None:
    world = World()
    await offered(world)
    assert await world.desk.approvals.expire_due() == 0
    world.clock.wait(900)
    assert await world.desk.approvals.expire_due() == 1
    assert await world.desk.approvals.expire_due() == 0
    assert len(world.told(NoticeKind.PROPOSAL_CHANGED)) == 1


async def test_a_stranger_and_a_forged_id_find_nothing() -> None:
    world = World()
    _, proposal = await offered(world)
    stranger = await world.user("Eve")
    at = world.clock.wall()
    for user, number in ((stranger, proposal.id), (proposal.owner_id, 99), (99, 1)):
        for outcome in (
            await world.desk.approvals.approve(user, number, 1, at),
            await world.desk.approvals.veto(user, number, 1),
            await world.desk.approvals.halve(user, number, 1),
            await world.desk.approvals.tighten(user, number, 1),
            await world.desk.approvals.next_candle(user, number, 1),
            await world.desk.approvals.veto_reason(user, number, VetoReason.OTHER),
        ):
            assert (outcome.verdict, outcome.proposal) == (Verdict.NOT_FOUND, None)
    assert state(world) is S.PENDING
    assert world.orders == []


@pytest.mark.parametrize("version", [0, 1, 3, -1])
async def test_a_button_of_another_version_is_told_the_present_one(version: int) -> None:
    world = World()
    _, proposal = await offered(world)
    await world.desk.approvals.halve(proposal.owner_id, proposal.id, 1)
    outcome = await world.desk.approvals.approve(
        proposal.owner_id, proposal.id, version, world.clock.wall()
    )
    assert outcome.verdict is Verdict.STALE_VERSION
    assert outcome.proposal and outcome.proposal.version == 2
    assert world.orders == []


async def test_a_tap_that_waited_too_long_is_asked_for_again() -> None:
    world = World()
    _, proposal = await offered(world)
    tapped = world.clock.wall()
    world.clock.advance(121)
    world.market.tick("60000")
    outcome = await world.desk.approvals.approve(proposal.owner_id, proposal.id, 1, tapped)
    assert outcome.verdict is Verdict.TOO_OLD
    assert state(world) is S.PENDING


# --- edits ------------------------------------------------------------------------------------


async def test_half_size_is_a_new_version_and_trades_half() -> None:
    world = World()
    _, proposal = await offered(world)
    halved = await world.desk.approvals.halve(proposal.owner_id, proposal.id, 1)
    assert halved.done and halved.proposal
    assert halved.proposal.version == 2
    assert halved.proposal.plan.quantity == D("0.08333")
    assert halved.proposal.changes == ("half size",)
    assert (await world.approve(halved.proposal)).done
    assert world.orders[0].quantity == D("0.08333")


async def test_half_of_the_minimum_is_refused_and_changes_nothing() -> None:
    world = World(instruments=(instrument(min_amount=D("0.1")),))
    _, proposal = await offered(world)
    outcome = await world.desk.approvals.halve(proposal.owner_id, proposal.id, 1)
    assert (outcome.verdict, outcome.rule) == (Verdict.REFUSED, "minimum size")
    assert world.proposals[0] == proposal


async def test_a_tighter_stop_halves_the_risk_and_not_the_size() -> None:
    world = World()
    _, proposal = await offered(world)
    outcome = await world.desk.approvals.tighten(proposal.owner_id, proposal.id, 1)
    assert outcome.done and outcome.proposal
    plan = outcome.proposal.plan
    assert (plan.stop, plan.quantity) == (D(59_700), proposal.plan.quantity)


async def test_two_edits_of_one_version_make_one() -> None:
    world = World()
    _, proposal = await offered(world)
    outcomes = await asyncio.gather(
        *(world.desk.approvals.halve(proposal.owner_id, proposal.id, 1) for _ in range(5))
    )
    assert sum(outcome.done for outcome in outcomes) == 1
    assert world.proposals[0].version == 2


async def test_a_veto_and_then_its_reason() -> None:
    world = World()
    _, proposal = await offered(world)
    asked = world.desk.approvals
    early = await asked.veto_reason(proposal.owner_id, proposal.id, VetoReason.BAD_TIMING)
    assert early.verdict is Verdict.ALREADY
    assert (await asked.veto(proposal.owner_id, proposal.id, 1)).done
    given = await asked.veto_reason(proposal.owner_id, proposal.id, VetoReason.BAD_TIMING)
    assert given.done
    assert world.proposals[0].veto_reason is VetoReason.BAD_TIMING
    assert (await world.approve(proposal)).verdict is Verdict.ALREADY
    assert world.orders == []


async def test_next_candle_ends_it_and_the_next_signal_is_proposed() -> None:
    world = World()
    strategy, proposal = await offered(world)
    waited = await world.desk.approvals.next_candle(proposal.owner_id, proposal.id, 1)
    assert waited.done
    assert (state(world), world.proposals[0].outcome) == (
        S.CANCELLED,
        "waits for the next candle",
    )
    assert (await world.approve(proposal)).verdict is Verdict.ALREADY
    assert (await world.propose(strategy)).id == 2


# --- price and risk at the tap ----------------------------------------------------------------


@pytest.mark.parametrize("price", ["60181", "59819"])
async def test_a_price_that_moved_asks_again_with_new_numbers(price: str) -> None:
    world = World()
    _, proposal = await offered(world)
    await world.tick(price)
    outcome = await world.approve(proposal)
    assert outcome.verdict is Verdict.ASKS_AGAIN
    assert outcome.proposal and "of the stop distance" in outcome.reason
    new = outcome.proposal
    assert (new.version, new.state, new.plan.entry) == (2, S.PENDING, D(price))
    assert new.plan.stop == D(59_400)
    assert new.plan.risk <= proposal.plan.risk
    assert (new.resolved_by, new.resolved_at) == (None, None)
    assert world.orders == []
    assert world.told(NoticeKind.PROPOSAL_CHANGED) == [{"proposal_id": 1, "version": 2}]
    assert world.memory.told[-1].card == "proposal:1"

    assert (await world.approve(proposal)).verdict is Verdict.STALE_VERSION
    assert (await world.approve(new)).done
    assert world.orders[0].quantity == new.plan.quantity


async def test_within_the_tolerance_it_trades_the_approved_numbers() -> None:
    world = World()
    _, proposal = await offered(world)
    await world.tick("60179")
    assert (await world.approve(proposal)).done
    assert world.orders[0].quantity == proposal.plan.quantity


@pytest.mark.parametrize("side", Side)
async def test_a_price_through_the_stop_asks_again(side: Side) -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    sign = side.sign
    wanted = levels(side, stop=str(60_000 - 600 * sign), targets=())
    proposal = await world.propose(strategy, wanted)
    await world.tick(str(60_000 - 700 * sign))
    outcome = await world.approve(proposal)
    assert outcome.verdict is Verdict.ASKS_AGAIN
    assert "through the stop" in outcome.reason
    assert outcome.proposal and outcome.proposal.plan.stop == D(60_000 - 1_300 * sign)
    assert world.orders == []


async def test_without_a_live_market_nothing_is_traded_and_the_card_waits() -> None:
    world = World()
    _, proposal = await offered(world)
    for fault in (
        lambda: setattr(world.market, "state", MarketState.RECONNECTING),
        lambda: setattr(world.market, "reachable", False),
    ):
        fault()
        outcome = await world.approve(proposal)
        assert outcome.verdict is Verdict.NO_PRICE
        assert outcome.reason
        assert state(world) is S.PENDING
        world.market.state, world.market.reachable = MarketState.LIVE, True
    assert world.orders == []
    assert (await world.approve(proposal)).done


async def test_an_old_price_is_no_price() -> None:
    world = World()
    _, proposal = await offered(world)
    world.clock.advance(300)
    outcome = await world.approve(proposal)
    assert (outcome.verdict, outcome.reason) == (
        Verdict.NO_PRICE,
        "The last price of BTC/USDT is 5 minutes old.",
    )


async def test_a_limit_reached_meanwhile_refuses_by_name() -> None:
    world = World()
    strategy, proposal = await offered(world)
    await world.memory.accounts.book(1, D(-2_500))
    outcome = await world.approve(proposal)
    assert (outcome.verdict, outcome.rule) == (Verdict.REFUSED, "drawdown")
    assert state(world) is S.REFUSED
    assert world.proposals[0].outcome.startswith("drawdown: the account is 25 % below")
    assert world.orders == []
    paused = await world.memory.strategies.get(strategy.owner_id, strategy.id)
    assert paused.state is StrategyState.PAUSED


async def test_a_size_that_is_too_large_meanwhile_asks_again_with_a_smaller_one() -> None:
    world = World(costs=FREE)
    _, proposal = await offered(world, risk_percent=2)
    await world.memory.accounts.book(1, D(-1_000))
    outcome = await world.approve(proposal)
    assert outcome.verdict is Verdict.ASKS_AGAIN
    assert "2 % per trade" in outcome.reason
    assert outcome.proposal and outcome.proposal.plan.quantity == D("0.3")
    assert (await world.approve(outcome.proposal)).done


async def test_of_two_trades_that_breach_a_limit_together_the_earlier_goes_through() -> None:
    world = World(limits=replace(Limits(), open_positions=1))
    await world.start()
    owner = await world.user()
    strategy = await world.strategy(owner, symbols=("BTC/USDT", "ETH/USDT"), max_positions=2)
    first = await world.propose(strategy)
    eth = levels(price="3000", stop="2970", targets=())
    second = await world.propose(strategy, eth, symbol="ETH/USDT")
    outcomes = await asyncio.gather(world.approve(first), world.approve(second))
    assert sorted(outcome.verdict for outcome in outcomes) == ["done", "refused"]
    await world.tick("60000")
    await world.tick("3000", symbol="ETH/USDT")
    assert len(world.positions) == 1


# --- after a kill -----------------------------------------------------------------------------


async def marked(world: World) -> Proposal:
    """APPROVED, and the process gone before it went on."""
    _, proposal = await offered(world)
    at = world.clock.wall()
    await world.memory.proposals.move(
        proposal, S.APPROVED, resolved_by=proposal.owner_id, resolved_at=at
    )
    await world.kill()
    return proposal


async def test_an_approval_left_by_a_kill_goes_on() -> None:
    world = World()
    await marked(world)
    await world.start()
    assert state(world) is S.ORDERED
    assert [order.state for order in world.orders] == [OrderState.OPEN]


async def test_an_old_approval_asks_again_with_the_price_of_now() -> None:
    world = World()
    await marked(world)
    world.clock.advance(3_600)
    world.market.tick("60500")
    await world.start()
    [proposal] = world.proposals
    assert (proposal.state, proposal.version, proposal.plan.entry) == (S.PENDING, 2, D(60_500))
    assert proposal.changes[0].startswith("it was approved and then not sent in time")
    assert proposal.expires_at == world.clock.wall() + timedelta(seconds=900)
    assert world.orders == []


async def test_a_young_approval_waits_for_the_first_price() -> None:
    world = World()
    await marked(world)
    world.market.state = MarketState.STARTING
    await world.start()
    assert state(world) is S.APPROVED
    world.market.state = MarketState.LIVE
    await world.desk.every_minute()
    assert state(world) is S.ORDERED


async def test_pausing_cancels_what_waits_of_that_strategy_only() -> None:
    world = World()
    strategy, _ = await offered(world)
    other = await world.strategy(strategy.owner_id)
    await world.propose(other)
    assert await world.desk.hands.pause(strategy.owner_id, strategy.id)
    assert [item.state for item in world.proposals] == [S.CANCELLED, S.PENDING]
    assert world.proposals[0].outcome == "the strategy was paused"
    assert not await world.desk.hands.pause(strategy.owner_id, strategy.id)
    assert await world.desk.hands.resume(strategy.owner_id, strategy.id)
