"""Funding as an exchange says it was paid: to whom it belongs, and that none is lost."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from agents.domain.errors import BrokerAway
from agents.domain.order import OrderSide
from agents.domain.position import Position
from agents.domain.venue import FindingKind, FundingPaid, VenueState
from tests.support.desk import levels
from tests.support.live import BTC, LiveWorld, live_world

D = Decimal
BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.fixture
async def world() -> LiveWorld:
    return await live_world()


def pay(world: LiveWorld, owner: int, amount: str, name: str = "f1") -> None:
    """The exchange settles funding at this moment."""
    paid = FundingPaid(name, BTC, D(amount), world.clock.now())
    world.exchange.account(owner).funding.append(paid)


async def funded(world: LiveWorld, *positions: Position) -> list[Decimal]:
    found = [await world.position(one.id) for one in positions]
    return [one.funding for one in found]


async def test_a_trade_that_came_later_has_no_part_in_it(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    first = await world.held(ada)
    pay(world, ada, "-1.25")
    world.pass_time(5)
    second = await world.held(ada)
    world.pass_time(700)
    await world.look(ada)
    assert await funded(world, first, second) == [D("-1.25"), 0]


async def test_two_that_were_open_share_it(world: LiveWorld):
    ada = await world.user()
    await world.connect(ada)
    first = await world.held(ada)
    second = await world.opened(await world.live(ada), levels(stop="58800"))
    world.pass_time()
    pay(world, ada, "-3")
    world.pass_time(700)
    await world.look(ada)
    whole = first.quantity + second.quantity
    shares = [D(-3) * one.quantity / whole for one in (first, second)]
    assert [round(one, 12) for one in await funded(world, first, second)] == [
        round(one, 12) for one in shares
    ]


@pytest.mark.parametrize("after", [SELL, BUY], ids=["closed since", "doubled since"])
async def test_what_was_opened_by_hand_bears_its_own_part(world: LiveWorld, after: OrderSide):
    """As it was when it was paid, whatever became of it."""
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    by_hand = position.quantity * 3
    world.exchange.trade(ada, BTC, BUY, by_hand)
    world.pass_time(1)
    pay(world, ada, "-4")
    world.pass_time(1)
    world.exchange.trade(ada, BTC, after, by_hand)
    world.pass_time(700)
    await world.look(ada)
    assert await funded(world, position) == [-1]


async def test_none_is_lost_while_payments_can_not_be_asked_for(world: LiveWorld):
    """The rest of the account answers all the while."""
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    world.pass_time(700)
    pay(world, ada, "-1.25")
    asked, world.exchange.funding = world.exchange.funding, away  # type: ignore[method-assign]
    for _ in range(4):
        world.pass_time(1800)
        await world.look(ada)
    assert await funded(world, position) == [0]
    await world.restart()
    world.exchange.funding = asked  # type: ignore[method-assign]
    world.pass_time(700)
    await world.look(ada)
    assert await funded(world, position) == [D("-1.25")]


async def away(owner_id: int, symbol: str, since: datetime) -> list[FundingPaid]:
    raise BrokerAway


async def test_after_a_restart_all_payments_of_an_hour_take_one_question(world: LiveWorld):
    """Nothing is entered before the account was looked at, so that a look may not take long."""
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    for number in range(20):
        world.pass_time(60)
        pay(world, ada, "-0.5", f"f{number}")
    world.pass_time(700)
    await world.look(ada)
    assert await funded(world, position) == [D(-10)]
    asked: list[str] = []
    world.exchange.before_fills = lambda: asked.append("fills")
    await world.restart()
    assert await funded(world, position) == [D(-10)]
    assert len(asked) <= 2  # of the trade itself, and of the payments


def closes_while_read(world: LiveWorld, position: Position, seconds: float) -> None:
    """The exchange told what it holds, then the stop was filled, and then or after a while came
    the rest of the account."""
    asked = world.exchange.state

    async def state(owner_id: int) -> VenueState:
        found = await asked(owner_id)
        [stop] = [one for one in world.guards(position) if one.price == position.stop]
        world.exchange.state = asked  # type: ignore[method-assign]
        world.pass_time(0.5)
        world.exchange.broker.fill(stop)
        world.pass_time(seconds)
        return replace(found, at=world.clock.now()) if seconds else found

    world.exchange.state = state  # type: ignore[method-assign]


@pytest.mark.parametrize("seconds", [0, 0.5, 30])
@pytest.mark.parametrize("hands", [0, 1], ids=["all ours", "half of it by hand"])
async def test_a_fill_while_the_account_was_read_changes_no_share(
    world: LiveWorld, seconds: float, hands: int
):
    """Whether it was in what the account holds is known at a look soon afterwards; it makes no
    difference of the account."""
    ada = await world.user()
    await world.connect(ada)
    position = await world.held(ada)
    if hands:
        world.exchange.trade(ada, BTC, BUY, position.quantity)
    world.pass_time(1)
    pay(world, ada, "-2")
    world.pass_time(700)
    closes_while_read(world, position, seconds)
    await world.look(ada)
    world.pass_time(5)
    await world.truth.reconciliation.every_second()
    await world.truth.reconciliation.idle()
    assert await funded(world, position) == [-1 if hands else -2]
    await world.look(ada)
    by_hand = [(one.kind, one.quantity) for one in await world.findings(ada)]
    assert by_hand == [(FindingKind.POSITION, position.quantity)] * hands
