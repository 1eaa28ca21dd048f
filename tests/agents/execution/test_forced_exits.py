"""What an exchange closes of its own accord is booked where it is certain whose it was."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from agents.domain.order import OrderKind, OrderPurpose, OrderSide, OrderState
from agents.domain.position import Position, PositionState
from agents.domain.user import NoticeKind
from agents.domain.venue import FindingKind, Forced, VenueState
from agents.execution.booking.reconciling import differences
from tests.support.live import BTC, LiveWorld, live_world
from tests.support.memory import Killed

BUY, SELL = OrderSide.BUY, OrderSide.SELL
D = Decimal
LIQUIDATED, DELEVERAGED = Forced.LIQUIDATED, Forced.DELEVERAGED


@pytest.fixture
async def world() -> LiveWorld:
    return await live_world()


async def holding(world: LiveWorld, count: int = 1) -> tuple[int, list[Position]]:
    ada = await world.user()
    await world.connect(ada)
    return ada, [await world.held(ada) for _ in range(count)]


def forced(world: LiveWorld, owner: int, quantity: Decimal, how: Forced = LIQUIDATED) -> None:
    """The exchange closes so much of a long at 50,000."""
    world.exchange.trade(owner, BTC, SELL, quantity, price=D(50_000), forced=how)
    world.pass_time()


async def exact(world: LiveWorld, owner: int) -> list[str]:
    steps = {item.symbol: item for item in world.instruments}
    accounts = await world.memory.accounts.of(owner)
    return [one for each in accounts for one in await differences(world.memory, each, steps)]


async def test_a_liquidation_is_booked_and_told_loudly_once(world: LiveWorld):
    ada, [position] = await holding(world)
    forced(world, ada, position.quantity)
    for _ in range(3):
        assert (await world.look(ada)).matches
    after = await world.position(position.id)
    assert (after.state, after.exit_price) == (PositionState.CLOSED, D(50_000))
    assert after.exit_reason == "liquidated by the exchange"
    assert after.fees == position.fees + D(50_000) * position.quantity * D("0.0005")
    [order] = [one for one in world.orders if one.purpose is OrderPurpose.LIQUIDATION]
    assert (order.state, order.quantity) == (OrderState.FILLED, position.quantity)
    assert world.count(NoticeKind.CLOSED) == 1
    [alarm] = world.told(NoticeKind.ALARM)
    assert "binance liquidated" in alarm["summary"] and "at 50,000" in alarm["summary"]
    assert world.count(NoticeKind.ACCOUNT) == 0
    assert await world.state(ada) == "ready"
    assert await exact(world, ada) == []
    assert [one for one in world.guards(position) if one.state is OrderState.OPEN] == []


async def test_a_liquidation_takes_every_trade_of_the_symbol(world: LiveWorld):
    ada, both = await holding(world, 2)
    whole = sum((one.quantity for one in both), D(0))
    forced(world, ada, whole / 4)
    forced(world, ada, whole / 4 * 3)
    assert (await world.look(ada)).matches
    after = [await world.position(one.id) for one in both]
    assert [one.state for one in after] == [PositionState.CLOSED] * 2
    assert await exact(world, ada) == []
    assert sum((one.fees for one in after), D(0)) == sum(
        (one.fill.fee for one in world.exchange.account(ada).fills), D(0)
    )


async def test_a_part_of_one_trade_is_booked_and_the_rest_keeps_its_stop(world: LiveWorld):
    ada, [position] = await holding(world)
    forced(world, ada, D("0.01"), DELEVERAGED)
    assert (await world.look(ada)).matches
    after = await world.position(position.id)
    assert (after.state, after.quantity) == (PositionState.OPEN, position.quantity - D("0.01"))
    assert after.exit_reason == "closed by the exchange in an auto-deleveraging"
    [stop] = [
        one
        for one in world.guards(position)
        if one.kind is OrderKind.STOP and one.state is OrderState.OPEN
    ]
    assert stop.quantity == after.quantity
    assert world.count(NoticeKind.ALARM) == 1
    forced(world, ada, after.quantity)
    assert (await world.look(ada)).matches
    assert (await world.position(position.id)).state is PositionState.CLOSED
    assert await exact(world, ada) == []


def _part_of_two(world: LiveWorld, ada: int, mine: list[Position]) -> None:
    forced(world, ada, D("0.01"), DELEVERAGED)


def _beside_a_hand(world: LiveWorld, ada: int, mine: list[Position]) -> None:
    world.exchange.trade(ada, BTC, BUY, D(1))
    world.pass_time()
    forced(world, ada, mine[0].quantity)


def _after_a_hand(world: LiveWorld, ada: int, mine: list[Position]) -> None:
    world.exchange.trade(ada, BTC, SELL, D("0.01"))
    forced(world, ada, mine[0].quantity - D("0.01"))


def _named_only(world: LiveWorld, ada: int, mine: list[Position]) -> None:
    world.exchange.trade(ada, BTC, SELL, mine[0].quantity, client_id="autoclose-1")
    world.pass_time()


@pytest.mark.parametrize(
    ("count", "happens"),
    [(2, _part_of_two), (1, _beside_a_hand), (1, _after_a_hand), (1, _named_only)],
)
async def test_where_it_is_not_certain_whose_it_was_it_is_a_difference(
    world: LiveWorld, count: int, happens: Callable[[LiveWorld, int, list[Position]], None]
):
    ada, mine = await holding(world, count)
    happens(world, ada, mine)
    await world.look(ada)
    assert [(await world.position(one.id)).quantity for one in mine] == [
        one.quantity for one in mine
    ]
    kinds = {one.kind for one in await world.findings(ada)}
    assert kinds and kinds <= {FindingKind.MISSING, FindingKind.POSITION}
    assert await world.state(ada) == "paused"
    assert world.count(NoticeKind.ALARM) == 0


async def test_what_was_booked_by_a_tap_is_not_booked_again(world: LiveWorld):
    ada, both = await holding(world, 2)
    forced(world, ada, D("0.01"), DELEVERAGED)
    await world.look(ada)
    [finding] = await world.findings(ada)
    await world.truth.writing_off.book(ada, finding.id, finding.version)
    await world.settle()
    for _ in range(2):
        assert (await world.look(ada)).matches
    held = [(await world.position(one.id)).quantity for one in both]
    assert sum(held, D(0)) == sum((one.quantity for one in both), D(0)) - D("0.01")
    assert world.count(NoticeKind.ALARM) == 0
    assert await exact(world, ada) == []


async def test_one_that_comes_between_the_questions_waits_for_the_next_look(world: LiveWorld):
    ada, [position] = await holding(world)
    asked = world.exchange.state

    async def state(owner_id: int) -> VenueState:
        world.exchange.state = asked  # type: ignore[method-assign]
        found = await asked(owner_id)
        forced(world, ada, position.quantity)
        return found

    world.exchange.state = state  # type: ignore[method-assign]
    await world.look(ada)
    assert (await world.look(ada)).matches
    assert (await world.position(position.id)).state is PositionState.CLOSED
    assert world.count(NoticeKind.ALARM) == 1
    assert world.count(NoticeKind.ACCOUNT) == 0


@pytest.mark.parametrize("point", ["fill.booking", "fill.telling", "fill.booked", "look.seen"])
async def test_killed_in_the_middle_it_is_booked_and_told_once(world: LiveWorld, point: str):
    ada, both = await holding(world, 2)
    forced(world, ada, sum((one.quantity for one in both), D(0)))
    world.dies_at_next = point
    with pytest.raises(Killed):
        await world.look(ada)
    await world.kill()
    world.pass_time()
    await world.start()
    assert (await world.look(ada)).matches
    assert [(await world.position(one.id)).state for one in both] == [PositionState.CLOSED] * 2
    assert (world.count(NoticeKind.CLOSED), world.count(NoticeKind.ALARM)) == (2, 2)
    assert await exact(world, ada) == []
