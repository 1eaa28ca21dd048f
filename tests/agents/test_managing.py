"""What rules do with an open position: a part closed, the stop at the entry, each once."""

from collections import deque
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.decision import Action
from agents.domain.order import OrderPurpose
from agents.domain.position import Position, PositionState
from agents.domain.strategy import Side, Step, Strategy
from agents.domain.user import NoticeKind
from agents.domain.venue import GuardStyle
from tests.agents.execution.test_exits import reconciles
from tests.support.desk import levels
from tests.support.line import Line, line
from tests.support.venue_broker import VenueBroker

D = Decimal
HALF = Step(when="close > 60200", close=D("0.5"))
TO_ENTRY = Step(when="close > 60100", close=None)


async def held(
    desk: Line, *steps: Step, side: Side = Side.LONG, **changes: Any
) -> tuple[Strategy, Position]:
    """A strategy with rules of management and an open position from 60,000."""
    told = {"entry_long": "close < 50000", "side": "both", "manage": steps, **changes}
    strategy = await desk.strategy(**told)
    stop = "55000" if side is Side.LONG else "65000"
    return strategy, await desk.world.opened(strategy, levels(side, stop=stop, targets=()))


async def at_a_venue() -> tuple[Line, VenueBroker]:
    """Where stops rest."""
    desk = await line()
    broker = VenueBroker(desk.world.clock.now, GuardStyle.PAIRED)
    desk.world.broker = broker
    await desk.restart()
    return desk, broker


async def now(desk: Line, position: Position) -> Position:
    return await desk.memory.positions.by_id(position.id)


async def passes(desk: Line, price: float) -> None:
    """A candle closes there, and what was ordered is filled at that price."""
    await desk.next(price)
    await desk.world.tick(str(price))


async def test_a_part_is_closed_once_for_good() -> None:
    desk = await line()
    strategy, position = await held(desk, HALF)
    await passes(desk, 60_150)
    assert (await now(desk, position)).quantity == position.quantity
    await passes(desk, 60_300)
    decision = await desk.last(strategy)
    assert (decision.action, decision.reason) == (Action.MANAGE, "50% by rule close > 60200")
    left = (await now(desk, position)).quantity
    assert abs(left - position.quantity / 2) <= position.step
    for price in (60_400, 60_150, 60_500):
        await passes(desk, price)
    assert (await now(desk, position)).quantity == left
    assert (await desk.last(strategy)).action is Action.HOLD
    [order] = [one for one in desk.world.orders if one.reduces]
    assert (order.purpose, order.reason) == (OrderPurpose.RULE_EXIT, "50% by rule close > 60200")
    await reconciles(desk.world)


async def test_the_stop_moves_to_the_entry_once_the_price_is_beyond_it() -> None:
    desk = await line()
    strategy, position = await held(desk, Step(when="close > 59000", close=None))
    await passes(desk, 59_900)
    assert (await desk.last(strategy)).action is Action.HOLD
    await passes(desk, 60_100)
    assert (await now(desk, position)).stop == position.entry_price
    assert (await desk.last(strategy)).reason == "to the entry by rule close > 59000"
    [told] = desk.world.told(NoticeKind.STOP_MOVED)
    assert told["why"] == "to the entry by rule close > 59000"
    await passes(desk, 60_200)
    assert (await desk.last(strategy)).action is Action.HOLD
    await desk.world.tick("59990")
    await desk.world.tick("59990")
    assert (await now(desk, position)).state is PositionState.CLOSED


async def test_an_entry_between_two_prices_is_moved_to_once() -> None:
    """The average of several fills is no price of the market."""
    desk, broker = await at_a_venue()
    broker.price = D("60000.0047")
    strategy, position = await held(desk, TO_ENTRY)
    assert position.entry_price == broker.price
    broker.price = D(60_300)
    await passes(desk, 60_300)
    assert (await now(desk, position)).stop == D("60000.00")
    await passes(desk, 60_400)
    assert (await desk.actions(strategy)).count(Action.MANAGE) == 1


async def test_several_steps_of_one_candle_are_one_decision() -> None:
    desk = await line()
    strategy, position = await held(desk, HALF, TO_ENTRY)
    await passes(desk, 60_300)
    assert (await desk.last(strategy)).reason == (
        "50% by rule close > 60200; to the entry by rule close > 60100"
    )
    after = await now(desk, position)
    assert after.stop == position.entry_price and after.quantity < position.quantity


async def test_an_exit_rule_goes_first() -> None:
    desk = await line()
    strategy, position = await held(desk, HALF, exit_long="close > 60250")
    await passes(desk, 60_300)
    assert (await desk.last(strategy)).action is Action.EXIT
    assert (await now(desk, position)).state is PositionState.CLOSED


@pytest.mark.parametrize("step", [Side.LONG, Side.SHORT, None])
@pytest.mark.parametrize("side", Side)
async def test_a_step_holds_for_its_side(side: Side, step: Side | None) -> None:
    desk = await line()
    rule = Step(when="close > 100", close=D("0.5"), side=step)
    _, position = await held(desk, rule, side=side)
    await passes(desk, 60_000)
    closed = (await now(desk, position)).quantity < position.quantity
    assert closed == (step in (None, side))


async def test_a_paused_strategy_still_manages_what_is_open() -> None:
    desk = await line()
    strategy, position = await held(desk, HALF)
    await desk.world.desk.hands.pause(strategy.owner_id, strategy.id)
    await passes(desk, 60_300)
    assert (await now(desk, position)).quantity < position.quantity


async def test_a_step_that_was_done_stays_done_in_another_version() -> None:
    desk = await line()
    strategy, position = await held(desk, TO_ENTRY, HALF)
    await passes(desk, 60_300)
    left = (await now(desk, position)).quantity
    of_longs = HALF.model_copy(update={"side": Side.LONG})
    changed = strategy.spec.model_copy(update={"manage": (of_longs,), "risk_percent": D("0.4")})
    now_ = desk.world.clock.now()
    names = (strategy.owner_id, strategy.id, strategy.version)
    assert await desk.memory.strategies.revise(*names, changed, "less risk", now_)
    await passes(desk, 60_400)
    assert (await now(desk, position)).quantity == left


async def test_a_part_that_is_too_small_is_said_and_nothing_is_closed() -> None:
    desk = await line()
    strategy, position = await held(desk, HALF.model_copy(update={"close": D("0.000001")}))
    await passes(desk, 60_300)
    decision = await desk.last(strategy)
    assert decision.action is Action.BLOCKED and "minimum" in decision.reason
    assert (await now(desk, position)).quantity == position.quantity


async def test_a_part_whose_order_was_refused_is_closed_at_a_later_candle() -> None:
    """And what rests at the exchange covers what is left."""
    desk, broker = await at_a_venue()
    _, position = await held(desk, HALF)
    broker.faults["submit"] = deque(["reject"])
    await passes(desk, 60_300)
    assert broker.stopped() == (await now(desk, position)).quantity == position.quantity
    await passes(desk, 60_400)
    after = await now(desk, position)
    assert broker.stopped() == after.quantity < position.quantity


@pytest.mark.parametrize(
    "point", ["exit.storing", "exit.stored", "order.sending", "stop.moving", "stop.moved"]
)
async def test_a_kill_neither_loses_nor_doubles_a_step(point: str) -> None:
    desk = await line()
    strategy, position = await held(desk, TO_ENTRY, HALF)
    desk.close(60_300)
    await desk.dies(point)
    for price in (60_300, 60_400):
        await desk.decide()
        await desk.world.tick(str(price))
        desk.close(price)
    assert len([one for one in desk.world.orders if one.purpose is OrderPurpose.RULE_EXIT]) == 1
    after = await now(desk, position)
    assert after.stop == position.entry_price
    assert abs(after.quantity - position.quantity / 2) <= position.step
    assert (await desk.actions(strategy)).count(Action.MANAGE) == 1
    await reconciles(desk.world)
