"""Simulated trouble: as much as was asked for, and the same for the same order."""

import contextlib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from agents.domain.errors import OrderRejected
from agents.domain.order import Fill, OrderIntent, OrderPurpose, OrderSide, OrderState
from agents.domain.risk import Costs, Simulation
from agents.domain.strategy import Mode
from agents.domain.user import NoticeKind
from agents.execution.brokers.simulation import SimulatedBroker, luck
from agents.execution.brokers.validation import ValidationBroker
from tests.support.brokers import order
from tests.support.clock import ManualClock
from tests.support.desk import BTC, World
from tests.support.market import ScriptedMarket
from tests.support.memory import Killed

D = Decimal
CALM = Simulation(D(0), D(0), D(0), D(0))


class Exchange:
    def __init__(self, trouble: Simulation) -> None:
        self.clock = ManualClock()
        self.market = ScriptedMarket(self.clock)
        self.broker = SimulatedBroker(self.market, Costs(), trouble)
        self.fills: list[Fill] = []
        self.broker.listen(self.fills.append)

    def order(self, number: int, **changes: object) -> OrderIntent:
        return order(number, Mode.SIMULATION, self.clock, **changes)

    async def taken(self, count: int) -> list[OrderIntent]:
        """Those of `count` orders that are not rejected."""
        found = []
        for number in range(count):
            try:
                await self.broker.submit(wanted := self.order(number), BTC)
                found.append(wanted)
            except OrderRejected:
                continue
        return found


async def test_about_one_in_twenty_is_rejected_and_one_in_five_comes_in_parts() -> None:
    here = Exchange(Simulation())
    taken = await here.taken(2_000)
    assert 60 <= 2_000 - len(taken) <= 140
    here.market.tick("60000")
    first = {fill.client_id for fill in here.fills if fill.quantity < D("0.1")}
    assert len(taken) * 0.15 <= len(first) <= len(taken) * 0.25
    shares = sorted(fill.quantity / D("0.1") for fill in here.fills if fill.client_id in first)
    assert D("0.29") < shares[0] < D("0.35") and D("0.65") < shares[-1] < D("0.71")
    here.market.tick("60000")
    assert {one.client_id for one in taken} == {fill.client_id for fill in here.fills}
    assert sum(fill.quantity for fill in here.fills) == len(taken) * D("0.1")


async def test_the_same_orders_have_the_same_luck() -> None:
    told = []
    for _ in range(2):
        here = Exchange(Simulation())
        await here.taken(300)
        here.market.tick("60000")
        here.market.tick("60100")
        told.append([(fill.trade_id, fill.price, fill.quantity) for fill in here.fills])
    assert told[0] == told[1]


async def test_slippage_is_against_the_trader_and_on_average_the_usual() -> None:
    here = Exchange(replace(CALM, slippage=D("0.001")))
    for number in range(1_000):
        side = OrderSide.BUY if number % 2 else OrderSide.SELL
        await here.broker.submit(here.order(number, side=side), BTC)
    here.market.tick("60000", bid="60000", ask="60000")
    signs = {OrderSide.BUY: 1, OrderSide.SELL: -1}
    slipped = [(fill.price - 60_000) * signs[fill.side] for fill in here.fills]
    assert min(slipped) >= 0
    assert max(slipped) <= 120
    assert 55 <= sum(slipped) / len(slipped) <= 65


async def test_nothing_is_filled_before_the_delay_is_over() -> None:
    here = Exchange(replace(CALM, latency=D(3)))
    await here.broker.submit(here.order(1), BTC)
    here.market.tick("60000", after=2)
    assert here.fills == []
    tick = here.market.tick("60000", after=1)
    assert [fill.at for fill in here.fills] == [tick.at]
    assert tick.at - ManualClock().now() == timedelta(seconds=3)


async def test_a_delay_goes_on_through_a_restart() -> None:
    here = Exchange(replace(CALM, latency=D(3)))
    wanted = here.order(1)
    await here.broker.submit(wanted, BTC)
    here.market.tick("60000", after=2)
    here.market.forget_listeners()
    again = SimulatedBroker(here.market, Costs(), replace(CALM, latency=D(3)))
    again.listen(here.fills.append)
    await again.adopt([wanted])
    here.market.tick("60000", after=1)
    assert [fill.quantity for fill in here.fills] == [D("0.1")]


async def test_what_is_partly_filled_is_not_rejected_by_the_next_process() -> None:
    here = Exchange(replace(CALM, reject=D(1)))
    with pytest.raises(OrderRejected):
        await here.broker.submit(here.order(1), BTC)
    half = replace(here.order(2), filled=D("0.05"), state=OrderState.PART_FILLED)
    await here.broker.adopt([half])
    here.market.tick("60000")
    assert [fill.quantity for fill in here.fills] == [D("0.05")]


async def test_a_liquidation_is_never_refused_and_costs_the_margin() -> None:
    here = Exchange(Simulation(D("0.1"), D(0), D(1), D(0)))
    gone = here.order(
        3, purpose=OrderPurpose.LIQUIDATION, side=OrderSide.SELL, price=D(48_000), position_id=1
    )
    await here.broker.submit(gone, BTC)
    here.market.tick("55000")  # it recovered; the exchange had closed it all the same
    assert [(fill.price, fill.fee) for fill in here.fills] == [(D(48_000), D(0))]


def test_luck_is_even() -> None:
    drawn = [luck(f"pl{number}", "any") for number in range(4_000)]
    assert all(0 <= one < 1 for one in drawn)
    assert 900 <= sum(one < D("0.25") for one in drawn) <= 1_100


async def test_validation_costs_nothing() -> None:
    clock = ManualClock()
    market = ScriptedMarket(clock)
    broker = ValidationBroker(market)
    fills: list[Fill] = []
    broker.listen(fills.append)
    await broker.submit(order(1, Mode.VALIDATION, clock), BTC)
    market.tick("60000.01", bid="59990", ask="60010")
    assert [(fill.price, fill.fee) for fill in fills] == [(D("60000.01"), D(0))]


async def test_an_order_that_a_kill_kept_from_its_rejection_is_rejected_afterwards() -> None:
    world = World()
    refusing = replace(CALM, reject=D(1))
    world.brokers = {Mode.SIMULATION: SimulatedBroker(world.market, Costs(), refusing)}
    await world.start()
    strategy = await world.strategy(await world.user(), mode=Mode.SIMULATION)
    proposal = await world.propose(strategy)
    world.dies_at_next = "order.sending"
    with contextlib.suppress(Killed):
        await world.approve(proposal)
        await world.settle()
    await world.kill()
    assert [item.state for item in world.orders] == [OrderState.SENDING]
    await world.start()
    [intent] = world.orders
    assert (intent.state, world.positions) == (OrderState.REJECTED, [])
    assert "by chance" in intent.error
    assert [told["reason"] for told in world.told(NoticeKind.ORDER_FAILED)] == [intent.error]
