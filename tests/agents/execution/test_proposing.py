"""From a signal to one stored card, or to the reason why there is none."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from agents.domain.decision import Action, Advice
from agents.domain.proposal import PlannedTarget, ProposalState
from agents.domain.risk import Limits
from agents.domain.strategy import RunKind, Side, StrategyState
from agents.domain.user import NoticeKind
from agents.execution.proposals.proposing import Declined, Draft
from tests.support.desk import BTC, FREE, World, levels
from tests.support.market import instrument

D = Decimal


def advice(**changes: object) -> Advice:
    return Advice.model_validate({"action": "enter_long", "confidence": 0.7, **changes})


async def test_a_proposal_and_its_card_are_stored_together() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    proposal = await world.propose(strategy, reasons=("rsi(14) 31.2 < 35",), advised_by="rules")
    assert proposal.state is ProposalState.PENDING
    assert proposal.plan.risk <= 100
    assert round(proposal.risk_percent, 2) == 1
    assert proposal.expires_at == world.clock.wall() + timedelta(seconds=900)
    assert proposal.reasons == ("rsi(14) 31.2 < 35",)
    [notice] = world.memory.told
    assert (notice.kind, notice.card) == (NoticeKind.PROPOSAL, "proposal:1")
    assert notice.facts == {"proposal_id": 1, "version": 1}


async def test_one_decision_makes_one_proposal() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    world.market.tick("60000")
    decision = await world.decision(strategy)
    proposer = world.desk.proposer
    draft = await proposer.consider(strategy, levels(), BTC)
    assert isinstance(draft, Draft)
    assert await proposer.store(strategy, decision, draft) is not None
    assert await proposer.store(strategy, decision, draft) is None
    assert len(world.proposals) == len(world.memory.told) == 1


async def test_considering_stores_nothing() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    await world.desk.proposer.consider(strategy, levels(), BTC)
    assert world.proposals == []
    assert world.memory.told == []


async def declined(world: World, *args: object, **more: object) -> Declined:
    answer = await world.try_to_propose(*args, **more)  # type: ignore[arg-type]
    assert isinstance(answer, Declined), answer
    return answer


async def test_while_one_waits_a_newer_signal_is_a_hold() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user(), max_positions=3)
    await world.propose(strategy)
    answer = await declined(world, strategy)
    assert (answer.action, answer.reason) == (Action.HOLD, "a proposal is waiting")


async def test_after_a_veto_the_next_signal_is_proposed() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    first = await world.propose(strategy)
    await world.desk.approvals.veto(first.owner_id, first.id, 1)
    assert (await world.propose(strategy)).id != first.id


async def test_a_symbol_that_is_held_is_not_bought_again() -> None:
    world = World()
    await world.start()
    owner = await world.user()
    strategy = await world.strategy(owner, symbols=("BTC/USDT", "ETH/USDT"), max_positions=2)
    await world.opened(strategy)
    answer = await declined(world, strategy)
    assert (answer.action, answer.reason) == (Action.HOLD, "a position in BTC/USDT is open")
    eth = await world.propose(strategy, levels(price="3000", stop="2970"), symbol="ETH/USDT")
    assert eth.symbol == "ETH/USDT"


async def test_one_symbol_and_several_positions_may_be_bought_again() -> None:
    world = World(costs=FREE)
    await world.start()
    strategy = await world.strategy(await world.user(), max_positions=2)
    await world.opened(strategy)
    await world.opened(strategy)
    answer = await declined(world, strategy)
    assert answer.reason == "2 of 2 positions are open or waiting"


async def test_a_strategy_that_trades_once_waits_and_is_paused_when_its_trade_is_closed() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(
        await world.user(), run=RunKind.ONCE, symbols=("BTC/USDT", "ETH/USDT"), max_positions=5
    )
    await world.opened(strategy)
    answer = await declined(world, strategy, symbol="ETH/USDT")
    assert answer.reason == "it trades once, and that trade is under way"
    await world.tick("59300")
    await world.tick("59300")
    paused = await world.memory.strategies.get(strategy.owner_id, strategy.id)
    assert paused.state is StrategyState.PAUSED
    assert [facts["reason"] for facts in world.told(NoticeKind.STRATEGY_PAUSED)] == [
        "It trades once, and that trade is closed."
    ]
    assert (await declined(world, paused)).reason == "the strategy is paused"


async def test_levels_that_make_no_sense_are_blocked() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    answer = await declined(world, strategy, levels(stop="60500"))
    assert answer.action is Action.BLOCKED
    assert "wrong side" in answer.reason


async def test_a_size_below_the_minimum_is_blocked_by_name() -> None:
    world = World(instruments=(instrument(min_amount=D(1)),))
    await world.start()
    strategy = await world.strategy(await world.user())
    answer = await declined(world, strategy)
    assert (answer.action, answer.rule) == (Action.BLOCKED, "minimum size")


async def test_a_limit_cuts_the_size_and_the_card_says_so() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user(), leverage=1, risk_percent=2)
    proposal = await world.propose(strategy)
    assert proposal.plan.quantity == D("0.16666")
    assert proposal.plan.notes == (
        "size cut from 0.33333 to 0.16666 BTC by the leverage limit of 1x",
    )


async def test_the_drawdown_limit_pauses_the_strategy_and_tells() -> None:
    world = World(limits=replace(Limits(), daily_loss_percent=D(100)))
    await world.start()
    strategy = await world.strategy(await world.user())
    await world.opened(strategy)
    await world.memory.accounts.book(1, D(-2_500))
    await world.tick("59300")
    await world.tick("59300")
    answer = await declined(world, strategy, levels(price="59300", stop="58700", targets=()))
    assert (answer.action, answer.rule) == (Action.BLOCKED, "drawdown")
    paused = await world.memory.strategies.get(strategy.owner_id, strategy.id)
    assert paused.state is StrategyState.PAUSED
    assert "20 %" in paused.pause_reason
    assert len(world.told(NoticeKind.STRATEGY_PAUSED)) == 1


async def test_the_advisor_may_say_hold() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    answer = await declined(world, strategy, advice=advice(action="hold", reasons=["news"]))
    assert (answer.action, answer.reason) == (Action.HOLD, "the advisor says hold: news")


async def test_the_advisor_shrinks_and_moves_levels_within_bounds() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    wanted = advice(size_factor="0.5", stop="59700", targets=["60900", "62000"])
    proposal = await world.propose(strategy, advice=wanted, advised_by="a model")
    assert proposal.plan.stop == D(59_700)
    assert proposal.plan.targets == (
        PlannedTarget(D(60_900), D("0.5")),
        PlannedTarget(D(62_000), D("0.5")),
    )
    assert proposal.plan.quantity == D("0.08333")  # a nearer stop makes nothing larger
    assert (proposal.confidence, proposal.advised_by) == (0.7, "a model")


async def test_a_wider_stop_makes_it_smaller() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    proposal = await world.propose(strategy, advice=advice(stop="58800"))
    assert proposal.plan.quantity == D("0.08333")


async def test_nonsense_of_the_advisor_is_refused_on_the_card() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    proposal = await world.propose(strategy, advice=advice(stop="99999", targets=["1"]))
    assert proposal.plan.stop == D(59_400)
    assert proposal.plan.notes == (
        "the advisor's stop 99,999 is on the wrong side of the price: not used",
        "the advisor's target 1 is on the wrong side of the price: not used",
    )


async def test_a_short_is_proposed_alike() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    short = levels(Side.SHORT, stop="60600", targets=(("58800", "1"),))
    proposal = await world.propose(strategy, short)
    assert proposal.plan.side is Side.SHORT
    assert proposal.plan.quantity == D("0.16666")


async def test_of_two_signals_considered_together_one_is_stored() -> None:
    world = World()
    await world.start()
    owner = await world.user()
    strategy = await world.strategy(owner, symbols=("BTC/USDT", "ETH/USDT"), max_positions=1)
    proposer = world.desk.proposer
    eth = world.instruments[1]
    drafts = [
        await proposer.consider(strategy, levels(), BTC),
        await proposer.consider(strategy, levels(price="3000", stop="2970", targets=()), eth),
    ]
    stored = []
    for draft in drafts:
        assert isinstance(draft, Draft)
        decision = await world.decision(strategy, draft.symbol)
        stored.append(await proposer.store(strategy, decision, draft))
    assert [proposal is not None for proposal in stored] == [True, False]
