"""Orders against a broker that rejects, loses answers and fills in parts."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from agents.domain.order import OrderIntent, OrderState
from agents.domain.position import PositionState
from agents.domain.proposal import Proposal, ProposalState
from agents.domain.strategy import Strategy
from agents.domain.user import NoticeKind
from agents.execution.desk import open_desk
from agents.execution.proposals.outcomes import Outcome, Verdict
from tests.support.broker import ScriptedBroker
from tests.support.desk import World, levels

D = Decimal


class Floor:
    """A desk with a scripted broker, and one proposal on it."""

    def __init__(self, *script: str) -> None:
        self.world = World()
        self.broker = self.world.broker = ScriptedBroker(self.world.clock.now)
        self.broker.script.extend(script)
        self.strategy: Strategy
        self.proposal: Proposal

    async def approve(self, targets: tuple[tuple[str, str], ...] = ()) -> Outcome:
        await self.world.start()
        self.strategy = await self.world.strategy(await self.world.user())
        self.proposal = await self.world.propose(self.strategy, levels(targets=targets))
        return await self.world.approve(self.proposal)

    @property
    def order(self) -> OrderIntent:
        return self.world.orders[-1]

    def state(self) -> OrderState:
        return self.order.state

    async def recover(self, seconds: int = 11) -> None:
        """Some time later the orders are looked up."""
        self.world.clock.advance(seconds)
        self.world.market.tick("60000", after=0)
        await self.world.desk.orders.recover()
        await self.world.settle()

    async def fill(self, price: str, part: str | None = None) -> None:
        self.world.clock.advance(1)
        self.broker.fill(self.order.client_id, price, part)
        await self.world.settle()


async def test_an_accepted_order_is_open_until_it_is_filled() -> None:
    floor = Floor()
    assert (await floor.approve()).done
    assert floor.state() is OrderState.OPEN
    await floor.fill("60001")
    assert floor.state() is OrderState.FILLED
    assert floor.world.positions[0].entry_price == 60_001


async def test_a_rejected_entry_refuses_its_proposal_and_tells() -> None:
    floor = Floor("reject")
    outcome = await floor.approve()
    assert (outcome.verdict, outcome.reason) == (Verdict.REFUSED, "Margin is insufficient.")
    assert floor.state() is OrderState.REJECTED
    assert floor.world.proposals[0].state is ProposalState.REFUSED
    assert floor.world.told(NoticeKind.ORDER_FAILED)[0]["reason"] == "Margin is insufficient."
    await floor.recover()
    assert floor.broker.arrived == []


async def test_a_lost_answer_is_looked_up_and_not_sent_again() -> None:
    floor = Floor("unanswered")
    assert (await floor.approve()).done
    assert floor.state() is OrderState.OPEN
    assert len(floor.broker.arrived) == len(floor.broker.lookups) == 1
    await floor.recover()
    assert len(floor.broker.arrived) == 1


async def test_an_order_that_never_arrived_is_sent_again_after_two_looks() -> None:
    floor = Floor("lost")
    assert (await floor.approve()).done
    assert floor.state() is OrderState.UNKNOWN
    await floor.recover(seconds=3)
    assert floor.broker.arrived == []
    await floor.recover(seconds=8)
    assert floor.broker.arrived == [floor.order.client_id]
    assert floor.state() is OrderState.OPEN


async def test_a_fault_of_the_broker_is_no_answer_either() -> None:
    floor = Floor("crash")
    assert (await floor.approve()).done
    assert floor.state() is OrderState.UNKNOWN
    await floor.recover()
    assert len(floor.broker.arrived) == 1


async def test_an_entry_that_never_arrived_is_not_sent_at_another_price() -> None:
    floor = Floor("lost")
    await floor.approve()
    floor.world.clock.advance(11)
    floor.world.market.tick("60500", after=0)
    await floor.world.desk.orders.recover()
    assert floor.state() is OrderState.CANCELLED
    assert floor.world.proposals[0].state is ProposalState.REFUSED
    assert "of the stop distance" in floor.world.proposals[0].outcome
    assert floor.broker.arrived == []


async def test_an_entry_that_never_arrived_is_not_sent_on_an_old_approval() -> None:
    floor = Floor("lost")
    await floor.approve()
    await floor.recover(seconds=200)
    assert floor.state() is OrderState.CANCELLED
    assert "too old" in floor.order.error


async def test_fills_that_nobody_told_of_are_found() -> None:
    floor = Floor()
    await floor.approve()
    floor.broker.fill(floor.order.client_id, "60001", tell=False)
    assert floor.world.positions == []
    await floor.recover()
    assert len(floor.world.positions) == 1
    await floor.recover()
    assert len(floor.world.fills) == 1


async def test_a_broker_that_forgot_an_open_order_is_not_sent_it_again() -> None:
    floor = Floor()
    await floor.approve()
    floor.broker.book.clear()
    await floor.recover(seconds=3)
    assert floor.state() is OrderState.OPEN
    await floor.recover()
    assert len(floor.broker.arrived) == 1
    assert floor.state() is OrderState.CANCELLED
    assert floor.world.proposals[0].outcome == "the exchange does not know it any more"


async def test_an_order_that_is_known_again_at_the_next_look_goes_on() -> None:
    floor = Floor()
    await floor.approve()
    known = floor.broker.book.pop(floor.order.client_id)
    await floor.recover(seconds=3)
    floor.broker.book[floor.order.client_id] = known
    await floor.recover(seconds=3)
    floor.broker.book.clear()
    await floor.recover(seconds=8)
    assert floor.state() is OrderState.OPEN


async def test_partial_fills_are_booked_one_by_one() -> None:
    floor = Floor()
    await floor.approve(targets=(("61200", "1"),))
    await floor.fill("60000", "0.1")
    assert floor.state() is OrderState.PART_FILLED
    assert floor.world.positions[0].quantity == D("0.1")
    await floor.fill("60010", "0.05")
    await floor.fill("60020")
    [position] = floor.world.positions
    assert position.quantity == position.entered == D("0.16666")
    assert position.targets[0].quantity == D("0.16666")
    assert [facts["whole"] for facts in floor.world.told(NoticeKind.FILLED)] == [
        False,
        False,
        True,
    ]
    assert floor.world.proposals[0].state is ProposalState.FILLED


async def test_an_entry_cancelled_after_a_part_keeps_the_part() -> None:
    floor = Floor()
    await floor.approve()
    await floor.fill("60000", "0.1")
    known = floor.broker.book[floor.order.client_id]
    floor.broker.book[floor.order.client_id] = type(known)(
        known.client_id, OrderState.CANCELLED, known.filled, known.fills
    )
    await floor.recover()
    assert floor.state() is OrderState.CANCELLED
    assert floor.world.proposals[0].state is ProposalState.FILLED
    assert floor.world.positions[0].quantity == D("0.1")


async def stopped(floor: Floor, *script: str) -> None:
    """A position whose stop was reached; the broker answers the exit as scripted."""
    await floor.approve(targets=(("61200", "0.5"),))
    await floor.fill("60000")
    floor.broker.script.extend(script)
    await floor.world.tick("59300")


async def test_a_rejected_exit_is_told_and_tried_again_at_the_next_look() -> None:
    floor = Floor()
    await stopped(floor, "reject")
    [position] = floor.world.positions
    assert position.state is PositionState.OPEN
    assert len(floor.world.told(NoticeKind.ORDER_FAILED)) == 1
    await floor.world.tick("59200")
    assert len(floor.world.orders) == 2, "not at every tick"
    await floor.world.desk.every_minute()
    await floor.world.tick("59100")
    assert floor.order.key == "stop:position:1:v3"
    await floor.fill("59050")
    assert floor.world.positions[0].state is PositionState.CLOSED


async def test_a_rejected_target_leaves_the_stop_armed() -> None:
    floor = Floor()
    await floor.approve(targets=(("61200", "0.5"),))
    await floor.fill("60000")
    floor.broker.script.append("reject")
    await floor.world.tick("61300")
    [position] = floor.world.positions
    assert (position.state, position.targets[0].done) == (PositionState.OPEN, False)
    await floor.world.tick("59000")
    assert floor.order.quantity == D("0.16666")
    assert floor.world.positions[0].state is PositionState.CLOSING


async def test_a_rejected_target_undoes_no_other_at_the_same_price() -> None:
    floor = Floor()
    await floor.approve(targets=(("61200", "0.25"), ("61200", "0.25")))
    await floor.fill("60000")
    floor.broker.script.extend(["accept", "reject"])
    await floor.world.tick("61200")
    filled = next(one for one in floor.world.orders if one.state is OrderState.OPEN)
    floor.broker.fill(filled.client_id, "61200")
    await floor.world.settle()
    [position] = floor.world.positions
    assert [target.done for target in position.targets] == [True, False]


@pytest.mark.parametrize("loss", ["lost", "unanswered"])
async def test_an_exit_without_an_answer_is_still_made_once(loss: str) -> None:
    floor = Floor()
    await stopped(floor, loss)
    await floor.recover()
    await floor.recover()
    assert floor.broker.arrived.count(floor.order.client_id) == 1
    await floor.fill("59000")
    assert floor.world.positions[0].state is PositionState.CLOSED


async def test_sending_twice_at_once_sends_once() -> None:
    floor = Floor()
    await floor.approve()
    as_stored = replace(floor.order, state=OrderState.NEW)
    send = floor.world.desk.orders.send
    answers = await asyncio.gather(*(send(item) for item in (floor.order, as_stored, as_stored)))
    assert {answer.state for answer in answers} == {OrderState.OPEN}
    assert len(floor.broker.arrived) == 1


async def test_a_mode_without_a_broker_is_refused_and_not_tried_for_ever() -> None:
    floor = Floor()
    await floor.world.start()
    strategy = await floor.world.strategy(await floor.world.user())
    proposal = await floor.world.propose(strategy)
    bare = open_desk(floor.world.memory, floor.world.market, floor.world.clock, {})
    outcome = await bare.approvals.approve(1, proposal.id, 1, floor.world.clock.wall())
    assert outcome.reason == "There is no broker for paper trading here."
    assert floor.state() is OrderState.REJECTED
