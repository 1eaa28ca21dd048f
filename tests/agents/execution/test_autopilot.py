"""Proposals that run by themselves: once, in time, and never against a veto."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.autonomy import MANUAL, Act, Autonomy, AutonomyKind, Course
from agents.domain.market import MarketState
from agents.domain.order import OrderPurpose
from agents.domain.proposal import Proposal, ProposalState
from agents.domain.quiet import PREFERENCE, QuietHours, QuietRule
from agents.domain.strategy import Strategy, StrategyState, Window
from agents.domain.user import NoticeKind
from agents.execution.proposals.autopilot import GRACE
from agents.execution.proposals.outcomes import Verdict
from agents.execution.proposals.proposing import Declined
from tests.support.desk import FREE, World, levels
from tests.support.memory import Killed

D = Decimal
VETO = Autonomy(AutonomyKind.VETO, window=300)
AUTOPILOT = Autonomy(AutonomyKind.AUTOPILOT)
ASSISTED = Autonomy(AutonomyKind.ASSISTED, confidence=D("0.7"), risk=D(1))
ALL_DAY = Window(**{"from": "00:00", "to": "24:00"})
S = ProposalState
SECOND = timedelta(seconds=1)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Awake for so long that nothing is held back for the start."""
    made = World(costs=FREE)
    await made.start()
    await made.desk.autopilot.look()
    made.clock.wait(GRACE.total_seconds())
    yield made


async def strategy_with(world: World, autonomy: Autonomy, **changes: Any) -> Strategy:
    strategy = await world.strategy(await world.user(), **changes)
    await world.memory.strategies.set_autonomy(strategy.owner_id, strategy.id, autonomy)
    return await world.memory.strategies.get(strategy.owner_id, strategy.id)


async def proposed(world: World, autonomy: Autonomy = VETO) -> Proposal:
    return await world.propose(await strategy_with(world, autonomy))


async def wait(world: World, seconds: float, price: str = "60000") -> None:
    """So many seconds with a price at their end, and a second's work."""
    world.clock.wait(seconds)
    world.market.tick(price, after=0)
    await world.desk.every_second()
    await world.settle()


def now(world: World, number: int = -1) -> Proposal:
    return world.proposals[number]


# --- it runs ------------------------------------------------------------------------------------


async def test_it_runs_when_its_window_is_over(world: World) -> None:
    made = await proposed(world)
    assert (made.runs_at, made.course) == (
        made.created_at + 300 * SECOND,
        Course(Act.RUNS, 300, "veto window"),
    )
    await wait(world, 299)
    assert now(world).state is S.PENDING and not world.orders
    await wait(world, 1)
    await world.tick("60000")
    ran = now(world)
    assert (ran.state, ran.resolved_by, ran.by_itself) == (S.FILLED, None, True)
    assert ran.resolved_at == ran.runs_at
    [order] = world.orders
    assert (order.purpose, order.proposal_id) == (OrderPurpose.ENTRY, ran.id)
    [audited] = await world.memory.audit.recent(ran.owner_id, 9)
    assert (audited["actor"], audited["what"]) == ("autopilot", "ran by itself: veto window")


async def test_autopilot_runs_within_a_second_and_tells(world: World) -> None:
    await proposed(world, AUTOPILOT)
    await wait(world, 1)
    assert now(world).by_itself
    kinds = [notice.kind for notice in world.memory.told]
    assert kinds[0] is NoticeKind.PROPOSAL and NoticeKind.PROPOSAL_CHANGED in kinds


@pytest.mark.parametrize(("sure", "runs"), [(None, False), (0.69, False), (0.7, True)])
async def test_assisted_asks_in_doubt(world: World, sure: float | None, runs: bool) -> None:
    strategy = await strategy_with(world, ASSISTED)
    decision = await world.decision(strategy)
    world.market.tick("60000")
    draft = await world.desk.proposer.consider(strategy, levels(), world.instruments[0])
    assert not isinstance(draft, Declined)
    await world.desk.proposer.store(strategy, decision, replace(draft, confidence=sure))
    await wait(world, 2)
    assert now(world).by_itself is runs
    assert (now(world).state is S.PENDING) is not runs
    assert bool(now(world).course.why) is True


async def test_manual_asks(world: World) -> None:
    await proposed(world, MANUAL)
    await wait(world, 800)
    assert (now(world).state, now(world).runs_at) == (S.PENDING, None)


async def test_a_tap_on_approve_now_is_a_tap(world: World) -> None:
    made = await proposed(world)
    assert (await world.approve(made)).done
    await wait(world, 300)
    assert not now(world).by_itself and now(world).resolved_by == made.owner_id
    assert len(world.orders) == 1


# --- it does not --------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [1, 150, 299])
async def test_a_veto_stops_it(world: World, last: float) -> None:
    made = await proposed(world)
    await wait(world, last)
    assert (await world.desk.approvals.veto(made.owner_id, made.id, 1)).done
    await wait(world, 400)
    assert now(world).state is S.VETOED and not world.orders


async def test_a_veto_beside_the_end_of_the_window_has_one_outcome(world: World) -> None:
    strategy = await strategy_with(world, VETO, max_positions=20)
    for _ in range(30):
        made = await world.propose(strategy)
        world.clock.wait(300)
        world.market.tick("60000", after=0)
        vetoed, _ = await asyncio.gather(
            world.desk.approvals.veto(made.owner_id, made.id, 1), world.desk.autopilot.look()
        )
        await world.settle()
        ended = now(world)
        entries = [order for order in world.orders if order.proposal_id == made.id]
        assert (ended.state is S.VETOED) is vetoed.done is not bool(entries)
        await world.tick("60000")
        await world.desk.hands.close_all(made.owner_id)
        await world.tick("60000")


async def test_what_was_moved_is_asked(world: World) -> None:
    await proposed(world)
    await wait(world, 300, "60250")
    asked = now(world)
    assert (asked.state, asked.version, asked.runs_at, asked.course) == (
        S.PENDING,
        2,
        None,
        Course(Act.ASKS),
    )
    assert asked.plan.entry == D(60250) and not world.orders
    cards = world.told(NoticeKind.PROPOSAL)
    assert [facts["version"] for facts in cards] == [1, 2]  # somebody has to hear of it
    await wait(world, 600, "60250")
    assert not world.orders
    assert (await world.approve(asked)).done


async def test_an_edit_begins_the_window_anew(world: World) -> None:
    made = await proposed(world)
    await wait(world, 290)
    assert (await world.desk.approvals.halve(made.owner_id, made.id, 1)).done
    await wait(world, 299)
    assert (now(world).state, now(world).version) == (S.PENDING, 2)
    await wait(world, 1)
    assert now(world).by_itself
    assert world.orders[0].quantity == now(world).plan.quantity < made.plan.quantity


async def test_a_limit_that_was_reached_meanwhile_refuses_it(world: World) -> None:
    """What runs by itself passes the limits that a tap passes."""
    made = await proposed(world)
    [account] = await world.memory.accounts.of(made.owner_id)
    await world.memory.accounts.book(account.id, -account.balance * D("0.25"))
    await wait(world, 300)
    assert (now(world).state, now(world).outcome.split(":")[0]) == (S.REFUSED, "drawdown")
    strategy = await world.memory.strategies.get(made.owner_id, made.strategy_id)
    assert strategy.state is StrategyState.PAUSED and not world.orders


async def test_a_pause_ends_it(world: World) -> None:
    made = await proposed(world)
    await world.desk.hands.pause(made.owner_id, made.strategy_id, "enough")
    await wait(world, 300)
    assert now(world).state is S.CANCELLED and not world.orders


async def test_one_stored_beside_a_pause_does_not_run(world: World) -> None:
    made = await proposed(world)
    await world.memory.strategies.move(
        made.owner_id, made.strategy_id, StrategyState.PAUSED, world.clock.now()
    )
    await wait(world, 300)
    assert now(world).state is S.CANCELLED and not world.orders


async def test_what_its_owner_took_back_meanwhile_does_not_run(world: World) -> None:
    """A model may think for long: what counts is what is set when the proposal is stored."""
    strategy = await strategy_with(world, AUTOPILOT)
    await world.memory.strategies.set_autonomy(strategy.owner_id, strategy.id, MANUAL)
    made = await world.propose(strategy)
    assert made.runs_at is None
    await world.desk.hands.pause(strategy.owner_id, strategy.id, "enough")
    answer = await world.try_to_propose(strategy)
    assert isinstance(answer, Declined)


async def test_a_plain_question_takes_its_place(world: World) -> None:
    made = await proposed(world)
    await world.desk.approvals.ask_instead(made, "it is manual now")
    await wait(world, 300)
    assert (now(world).state, now(world).changes) == (S.PENDING, ("it is manual now",))


# --- without a price, and after a time in which nothing ran -------------------------------------


async def test_it_waits_for_a_price_and_then_asks(world: World) -> None:
    await proposed(world)
    world.market.state = MarketState.RECONNECTING
    await wait(world, 300)
    await wait(world, 60)
    assert now(world).state is S.PENDING and now(world).version == 1
    world.market.state = MarketState.LIVE
    await wait(world, 1)
    assert now(world).by_itself


async def test_without_a_price_for_long_it_asks(world: World) -> None:
    await proposed(world)
    world.market.state = MarketState.RECONNECTING
    await wait(world, 300)
    await wait(world, 121)
    assert (now(world).version, now(world).runs_at) == (2, None)
    world.market.state = MarketState.LIVE
    await wait(world, 1)
    assert not world.orders


async def test_a_price_that_is_lost_in_the_moment_of_running(world: World) -> None:
    """A veto of that moment was told that it came too late: nothing may run without a tap."""
    made = await proposed(world)
    ran = await world.memory.proposals.move(
        made, S.APPROVED, resolved_by=None, resolved_at=world.clock.wall()
    )
    assert ran
    world.market.state = MarketState.RECONNECTING
    outcome = await world.desk.approvals.go_on(now(world))
    assert outcome.verdict is Verdict.ASKS_AGAIN
    assert (now(world).state, now(world).runs_at) == (S.PENDING, None)


@pytest.mark.parametrize(("away", "asks"), [(310, False), (419, False), (421, True)])
async def test_after_a_time_away(world: World, away: float, asks: bool) -> None:
    """What is long over asks; what has just passed waits for taps that were made meanwhile."""
    await proposed(world)
    await world.kill()
    world.clock.wait(away - 11 if not asks else away)
    world.market.tick("60000", after=0)
    await world.start()
    assert not world.orders
    if asks:
        assert (now(world).version, now(world).runs_at, now(world).state) == (2, None, S.PENDING)
        await wait(world, 700)
        assert not world.orders
    else:
        await wait(world, 11)
        assert now(world).by_itself and len(world.orders) == 1


async def test_a_tap_from_the_time_away_comes_first(world: World) -> None:
    made = await proposed(world)
    await world.kill()
    world.clock.wait(301)
    world.market.tick("60000", after=0)
    await world.start()
    await wait(world, 3)
    assert (await world.desk.approvals.veto(made.owner_id, made.id, 1)).done
    await wait(world, 60)
    assert now(world).state is S.VETOED and not world.orders


async def test_away_for_longer_than_the_card_is_good(world: World) -> None:
    await proposed(world)
    await world.kill()
    world.clock.wait(300 + 901)
    world.market.tick("60000", after=0)
    await world.start()
    assert now(world).state is S.EXPIRED and not world.orders


@pytest.mark.parametrize("point", ["autopilot.marking", "approval.marked", "approval.ordered"])
async def test_killed_while_it_begins_to_run(world: World, point: str) -> None:
    await proposed(world)
    world.dies_at_next = point
    with pytest.raises(Killed):
        await wait(world, 300)
    await world.kill()
    await world.start()
    await wait(world, 12)
    await world.tick("60000")
    assert now(world).by_itself and len(world.orders) == len(world.positions) == 1


@pytest.mark.parametrize("point", ["approval.asking", "approval.asked"])
async def test_killed_while_it_asks_instead(world: World, point: str) -> None:
    await proposed(world)
    world.dies_at_next = point
    with pytest.raises(Killed):
        await wait(world, 300, "60250")
    await world.kill()
    await world.start()
    await wait(world, 12, "60250")
    assert (now(world).state, now(world).version, now(world).runs_at) == (S.PENDING, 2, None)
    assert len(world.told(NoticeKind.PROPOSAL)) == 2 and not world.orders


# --- what is seen of it -------------------------------------------------------------------------


def countdowns(world: World) -> list[str]:
    keys = [notice.key for notice in world.memory.told if "seconds left" in notice.key]
    return [key.split(":")[-1].split()[0] for key in keys]


async def test_the_card_counts_down_in_steps(world: World) -> None:
    await proposed(world)
    for _ in range(299):
        await wait(world, 1)
    assert countdowns(world) == ["240", "180", "120", "60", "30", "10"]
    assert all(
        notice.facts["only_edits"]
        for notice in world.memory.told
        if notice.key.endswith("seconds left")
    )


async def test_a_restart_goes_on_counting(world: World) -> None:
    await proposed(world)
    await wait(world, 100)
    await world.kill()
    world.market.tick("60000", after=0)
    await world.start()
    for _ in range(100):
        await wait(world, 1)
    assert countdowns(world) == ["240", "180", "120"]


async def test_an_hour_is_not_drawn_each_second(world: World) -> None:
    await proposed(world, Autonomy(AutonomyKind.VETO, window=3600))
    for _ in range(355):
        await wait(world, 10)
    assert len(countdowns(world)) < 20
    assert now(world).state is S.PENDING  # the card is good for as long as its window
    await wait(world, 60)
    assert now(world).by_itself


# --- quiet hours --------------------------------------------------------------------------------


async def quiet(world: World, owner: int, rule: QuietRule, window: int | None = None) -> None:
    stored = QuietHours(ALL_DAY, rule, window).as_json()
    await world.memory.preferences.write(owner, PREFERENCE, stored, world.clock.wall())


@pytest.mark.parametrize("autonomy", [MANUAL, AUTOPILOT])
async def test_quiet_hours_hold(world: World, autonomy: Autonomy) -> None:
    strategy = await strategy_with(world, autonomy)
    await quiet(world, strategy.owner_id, QuietRule.HOLD)
    answer = await world.try_to_propose(strategy)
    assert isinstance(answer, Declined)
    assert (answer.action, answer.rule) == ("blocked", "quiet hours")
    assert answer.reason == "quiet hours (00:00–24:00 UTC) hold back proposals"
    hindrance = await world.desk.proposer.hindrance(strategy, world.instruments[0])
    assert hindrance == answer  # so that no model is asked for nothing
    assert not world.proposals and not world.told(NoticeKind.PROPOSAL)


async def test_quiet_hours_that_began_while_a_model_thought(world: World) -> None:
    strategy = await strategy_with(world, AUTOPILOT)
    world.market.tick("60000")
    draft = await world.desk.proposer.consider(strategy, levels(), world.instruments[0])
    assert not isinstance(draft, Declined)
    await quiet(world, strategy.owner_id, QuietRule.HOLD)
    decision = await world.decision(strategy)
    assert await world.desk.proposer.store(strategy, decision, draft) is None
    assert not world.proposals


async def test_quiet_hours_with_a_veto_window(world: World) -> None:
    strategy = await strategy_with(world, MANUAL)
    await quiet(world, strategy.owner_id, QuietRule.VETO, 60)
    await world.propose(strategy)
    await wait(world, 60)
    assert now(world).by_itself and now(world).course.why == "quiet hours, veto window"


async def test_quiet_hours_of_another_do_nothing_here(world: World) -> None:
    strategy = await strategy_with(world, MANUAL)
    await quiet(world, await world.user("Grace"), QuietRule.AUTOPILOT)
    assert (await world.propose(strategy)).runs_at is None


async def test_a_veto_that_waits_to_be_handled_is_waited_for() -> None:
    """Tapped in time, and behind a long answer in its chat."""
    waiting: set[int] = set()

    async def stopping(proposal: Proposal) -> bool:
        return proposal.id in waiting

    world = World(costs=FREE, stopping=stopping)
    await world.start()
    await world.desk.autopilot.look()
    world.clock.wait(GRACE.total_seconds())
    made = await proposed(world)
    waiting.add(made.id)
    await wait(world, 305)
    assert now(world).state is S.PENDING and not world.orders
    waiting.clear()
    veto = await world.desk.approvals.veto(made.owner_id, made.id, 1)
    assert veto.done and now(world).state is S.VETOED


async def test_a_tap_that_is_never_handled_ends_in_a_question() -> None:
    async def stopping(proposal: Proposal) -> bool:
        return True

    world = World(costs=FREE, stopping=stopping)
    await world.start()
    await world.desk.autopilot.look()
    world.clock.wait(GRACE.total_seconds())
    await proposed(world)
    await wait(world, 300)
    assert now(world).version == 1
    await wait(world, world.rules.stale_seconds + 1)
    asked = now(world)
    assert (asked.state, asked.version, asked.runs_at) == (S.PENDING, 2, None)
    assert not world.orders
