"""Liquidation: its price, plans that come too near it, and paper that is liquidated."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.domain.decision import Action
from agents.domain.errors import LimitBreach
from agents.domain.market import InstrumentKind
from agents.domain.order import OrderPurpose
from agents.domain.position import PositionState
from agents.domain.proposal import Plan, Trailing
from agents.domain.strategy import Mode, Side
from agents.execution.bounds.liquidation import levered, liquidation_price
from agents.execution.proposals.proposing import Declined
from tests.support.desk import BTC, World, levels

D = Decimal
SPOT = replace(BTC, kind=InstrumentKind.SPOT)


@pytest.mark.parametrize(
    ("side", "leverage", "price"),
    [
        (Side.LONG, 10, "54271.36"),  # 60,000 x 0.9 / 0.995
        (Side.SHORT, 10, "65671.64"),  # 60,000 x 1.1 / 1.005
        (Side.LONG, 5, "48241.21"),
        (Side.LONG, 20, "57286.44"),
        (Side.SHORT, 1, "119402.98"),
        (Side.LONG, 1, None),
    ],
)
def test_the_price(side: Side, leverage: int, price: str | None) -> None:
    found = liquidation_price(side, D(60_000), leverage, BTC)
    assert found == (None if price is None else D(price))
    assert liquidation_price(side, D(60_000), leverage, SPOT) is None


@given(
    side=some.sampled_from(Side),
    entry=some.decimals("1", "100000", places=2),
    leverage=some.integers(2, 50),
)
def test_there_the_margin_and_the_loss_leave_the_maintenance(
    side: Side, entry: Decimal, leverage: int
) -> None:
    price = liquidation_price(side, entry, leverage, BTC)
    assert price is not None
    margin = entry / leverage + (price - entry) * side.sign
    assert abs(margin - BTC.maintenance * price) <= BTC.price_step * 2


def plan(side: Side, stop: str) -> Plan:
    return Plan(side, D(60_000), D(stop), (), Trailing(), D("0.1"))


def test_a_plan_gets_its_leverage() -> None:
    found = levered(plan(Side.LONG, "59400"), D("5.9"), BTC)
    assert (found.leverage, found.liquidation) == (5, D("48241.21"))
    bare = levered(plan(Side.LONG, "59400"), D(5), SPOT)
    assert (bare.leverage, bare.liquidation) == (1, None)


def test_a_stop_beyond_the_liquidation_is_refused_with_both_numbers() -> None:
    with pytest.raises(LimitBreach, match=r"57,?286\.44.*57,?000") as refused:
        levered(plan(Side.LONG, "57000"), D(20), BTC)
    assert refused.value.rule == "liquidation"
    with pytest.raises(LimitBreach):
        levered(plan(Side.SHORT, "63000"), D(20), BTC)
    levered(plan(Side.LONG, "57300"), D(20), BTC)


async def test_a_short_on_spot_is_refused() -> None:
    world = World(instruments=(SPOT,))
    await world.start()
    strategy = await world.strategy(await world.user())
    short = levels(side=Side.SHORT, stop="60600", targets=(("58800", "1"),))
    answer = await world.try_to_propose(strategy, short)
    assert isinstance(answer, Declined)
    assert (answer.action, answer.rule) == (Action.BLOCKED, "spot")
    assert "can't be sold short" in answer.reason
    assert (await world.propose(strategy, levels())).plan.leverage == 1


async def test_what_could_not_be_sold_at_its_stop_is_not_bought() -> None:
    world = World(instruments=(SPOT,))
    await world.start()
    strategy = await world.strategy(await world.user(), size=D(12))  # the minimum is 5
    answer = await world.try_to_propose(strategy, levels(stop="24900"))
    assert isinstance(answer, Declined)
    assert answer.rule == "minimum size"
    assert "0.00019 BTC could be sold, worth 4.73 USDT" in answer.reason
    assert not isinstance(await world.try_to_propose(strategy, levels(stop="27000")), Declined)


async def test_on_spot_no_more_is_bought_than_there_is_money() -> None:
    world = World(instruments=(SPOT,))
    await world.start()
    strategy = await world.strategy(await world.user(), leverage=5, risk_percent=D(2))
    proposal = await world.propose(strategy, levels(stop="59900"))
    assert proposal.plan.notional <= proposal.equity


async def test_a_proposal_carries_both_and_its_position_too() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    position = await world.opened(strategy)
    [proposal] = world.proposals
    assert (proposal.plan.leverage, proposal.plan.liquidation) == (5, D("48241.21"))
    assert position.leverage == 5
    assert position.liquidation == liquidation_price(
        Side.LONG, position.entry_price, 5, world.instruments[0]
    )


async def test_a_stop_far_away_is_declined() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    answer = await world.try_to_propose(strategy, levels(stop="47000"))
    assert isinstance(answer, Declined)
    assert answer.rule == "liquidation"


@pytest.mark.parametrize("side", Side)
async def test_a_gap_beyond_it_costs_the_margin_and_no_more(side: Side) -> None:
    """The stop was jumped over; the next price is a better one, and the money is gone."""
    world = World()
    await world.start()
    sign = side.sign
    strategy = await world.strategy(await world.user())
    wanted = levels(side=side, stop=str(60_000 - 600 * sign), targets=())
    opened = await world.opened(strategy, wanted)
    await world.tick(60_000 - 15_000 * sign)
    await world.tick(60_000 - 5_000 * sign)
    [position] = world.positions
    assert position.state is PositionState.CLOSED
    assert position.exit_reason.startswith("liquidated at")
    assert [item.purpose for item in world.orders if item.reduces] == [OrderPurpose.LIQUIDATION]
    margin = opened.entry_price * opened.entered / opened.leverage
    assert margin * D("0.9999999") <= -position.realised <= margin
    assert position.fees == opened.fees  # leaving cost nothing more


async def test_an_exit_under_way_loses_no_more_than_the_margin() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    opened = await world.opened(strategy, levels(targets=()))
    await world.tick("59300")  # the stop
    await world.tick("30000")  # and what it gets
    [position] = world.positions
    assert position.state is PositionState.CLOSED
    assert -position.realised <= opened.entry_price * opened.entered / opened.leverage


async def test_the_exchange_liquidates_real_positions_itself() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    opened = await world.opened(strategy, levels(targets=()))
    live = replace(opened, mode=Mode.LIVE, id=77, stop=D(40_000))
    world.desk.book.follow(live)
    world.market.tick("45000")
    held = world.desk.book.held(77)
    assert held is not None and held.entries
