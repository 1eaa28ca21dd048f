"""Ticks into exits, on both sides: stops, gaps, targets with shares, break-even, trailing."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from decimal import Decimal

import pytest

from agents.domain.errors import OperatorNeeded
from agents.domain.order import OrderIntent, OrderPurpose, OrderState
from agents.domain.position import Position, PositionState
from agents.domain.proposal import Trailing
from agents.domain.strategy import Side, Strategy
from agents.domain.user import NoticeKind
from agents.execution.booking.reconciling import cash, differences
from agents.execution.proposals.levels import PriceLevels
from tests.support.desk import FREE, World, levels
from tests.support.memory_trading import MemoryOrders

D = Decimal


def at(side: Side, change: int) -> str:
    """A price in the trade's favour (or against it) by so much."""
    return str(60_000 + change * side.sign)


def both(side: Side, *targets: tuple[int, str], **trailing: str) -> PriceLevels:
    """Entry 60,000, stop 600 away."""
    planned = tuple((at(side, change), share) for change, share in targets)
    follow = Trailing(**{name: D(value) for name, value in trailing.items()})
    return levels(side, stop=at(side, -600), targets=planned, trailing=follow)


async def opened(world: World, wanted: PriceLevels) -> Strategy:
    await world.start()
    strategy = await world.strategy(await world.user())
    await world.opened(strategy, wanted)
    return strategy


def position(world: World) -> Position:
    return world.positions[-1]


async def reconciles(world: World) -> None:
    """Fills alone make every balance and position."""
    instruments = {item.symbol: item for item in world.instruments}
    for account in world.accounts:
        assert await differences(world.memory, account, instruments) == []
        if all(item.state is PositionState.CLOSED for item in world.positions):
            fills = await world.memory.orders.fills(account.id)
            assert cash(account.start, fills) == account.balance


@pytest.mark.parametrize("side", Side)
async def test_a_stop_closes_at_the_next_tick(side: Side) -> None:
    world = World(costs=FREE)
    await opened(world, both(side, (1_200, "1")))
    await world.tick(at(side, -600))
    assert position(world).state is PositionState.CLOSING
    await world.tick(at(side, -650))
    closed = position(world)
    assert (closed.state, closed.exit_price) == (PositionState.CLOSED, D(at(side, -650)))
    assert closed.exit_reason == f"stop at {D(at(side, -600)):,}"
    assert round(closed.r_multiple(), 4) == D("-1.0833")
    await reconciles(world)


@pytest.mark.parametrize("side", Side)
async def test_a_gap_through_the_stop_closes_at_what_the_market_gives(side: Side) -> None:
    world = World(costs=FREE)
    await opened(world, both(side, (1_200, "1")))
    await world.tick(at(side, -5_000))
    await world.tick(at(side, -5_000))
    assert position(world).exit_price == D(at(side, -5_000))
    assert round(position(world).r_multiple(), 2) == D("-8.33")
    await reconciles(world)


@pytest.mark.parametrize("side", Side)
async def test_targets_close_their_shares_and_the_last_one_all(side: Side) -> None:
    world = World()
    await opened(world, both(side, (600, "0.3"), (1_200, "0.3"), (1_800, "0.4")))
    quantities = [target.quantity for target in position(world).targets]
    assert quantities == [D("0.04999"), D("0.05000"), D("0.06667")]
    for change in (600, 1_200, 1_800):
        await world.tick(at(side, change))
        await world.tick(at(side, change))
    assert position(world).state is PositionState.CLOSED
    assert [item.quantity for item in world.orders[1:]] == quantities
    names = [item.reason.partition(" at ")[0] for item in world.orders[1:]]
    assert names == ["target 1", "target 2", "target 3"]
    assert [len(world.told(kind)) for kind in (NoticeKind.PARTLY_CLOSED, NoticeKind.CLOSED)] == [
        2,
        1,
    ]
    await reconciles(world)


async def test_a_gap_through_all_targets_closes_all_in_one_batch() -> None:
    world = World()
    await opened(world, both(Side.LONG, (600, "0.3"), (1_200, "0.3"), (1_800, "0.4")))
    await world.tick("63000")
    assert position(world).state is PositionState.CLOSING
    assert len(world.orders) == 4
    await world.tick("63000")
    assert position(world).state is PositionState.CLOSED
    await reconciles(world)


async def test_shares_below_one_leave_the_rest_to_the_stop() -> None:
    world = World()
    await opened(world, both(Side.LONG, (600, "0.5")))
    await world.tick("60700")
    await world.tick("60700")
    assert position(world).quantity == D("0.08333")
    await world.tick("59000")
    await world.tick("59000")
    assert position(world).state is PositionState.CLOSED
    assert world.orders[-1].quantity == D("0.08333")
    await reconciles(world)


async def test_a_stop_while_a_target_is_under_way_closes_only_the_rest() -> None:
    world = World()
    await opened(world, both(Side.LONG, (600, "0.5")))
    world.market.tick("60700")
    await world.desk.exits.idle()
    [target] = world.orders[1:]
    world.market.tick("59000")
    await world.settle()
    await world.tick("59000")
    assert sum(item.quantity for item in world.orders[1:]) == D("0.16666")
    assert [item.purpose for item in world.orders[1:]] == [OrderPurpose.TARGET, OrderPurpose.STOP]
    assert position(world).state is PositionState.CLOSED
    assert target.quantity == D("0.08333")
    await reconciles(world)


@pytest.mark.parametrize("side", Side)
async def test_break_even_after_some_r(side: Side) -> None:
    world = World(costs=FREE)
    await opened(world, both(side, (1_800, "1"), breakeven_r="1"))
    await world.tick(at(side, 599))
    assert position(world).stop == D(at(side, -600))
    await world.tick(at(side, 600))
    assert position(world).stop == D(60_000)
    [told] = world.told(NoticeKind.STOP_MOVED)
    assert told["stop"] == "60000"
    await world.tick("60000")
    await world.tick("60000")
    closed = position(world)
    assert (closed.state, closed.net()) == (PositionState.CLOSED, D(0))
    assert closed.exit_reason == "break-even stop at 60,000"


async def test_the_first_target_moves_the_stop_to_break_even_though_the_entry_slipped() -> None:
    world = World()
    await opened(world, both(Side.LONG, (600, "0.5"), (1_800, "0.5"), breakeven_r="1"))
    entry = position(world).entry_price
    assert entry > 60_000
    await world.tick("60600")
    assert position(world).stop == D(59_400), "by its own fill it is not yet 1 R in profit"
    await world.tick("60590")
    assert position(world).stop == entry
    await world.tick(entry)
    await world.tick(entry)
    assert position(world).exit_reason.startswith("break-even stop")
    await reconciles(world)


@pytest.mark.parametrize("side", Side)
async def test_a_trailing_stop_is_written_and_outlives_a_kill(side: Side) -> None:
    world = World(costs=FREE)
    await opened(world, both(side, distance="500"))
    await world.tick(at(side, 1_000))
    assert position(world).stop == D(at(side, -600))
    assert await world.desk.exits.flush() == 1
    assert await world.desk.exits.flush() == 0
    assert (position(world).stop, position(world).best) == (D(at(side, 500)), D(at(side, 1_000)))
    await world.kill()
    await world.start()
    await world.tick(at(side, 501))
    assert position(world).state is PositionState.OPEN
    await world.tick(at(side, 499))
    await world.tick(at(side, 499))
    closed = position(world)
    assert closed.state is PositionState.CLOSED
    assert closed.exit_reason == f"trailing stop at {D(at(side, 500)):,}"


async def test_a_percentage_trails_too() -> None:
    world = World(costs=FREE)
    await opened(world, both(Side.LONG, percent="2"))
    await world.tick("65000")
    await world.tick("63701")
    assert position(world).state is PositionState.OPEN
    await world.tick("63700")
    assert position(world).state is PositionState.CLOSING


async def test_a_fill_between_trailing_and_writing_loses_no_ground() -> None:
    world = World(costs=FREE)
    await opened(world, both(Side.LONG, (900, "0.5"), distance="500"))
    await world.tick("61000")
    await world.tick("61000")
    assert position(world).stop == D(60_500)
    await world.kill()
    await world.start()
    await world.tick("60499")
    assert position(world).state is PositionState.CLOSING


async def test_the_tick_that_filled_the_entry_sets_nothing_off() -> None:
    world = World(costs=FREE)
    await world.start()
    strategy = await world.strategy(await world.user())
    await world.approve(await world.propose(strategy))
    await world.tick("59000")
    assert position(world).state is PositionState.OPEN
    await world.tick("59000")
    assert position(world).state is PositionState.CLOSING


async def test_many_positions_at_one_tick_are_stored_in_batches() -> None:
    world = World()
    await world.start()
    owner = await world.user()
    for _ in range(60):
        await world.opened(await world.strategy(owner))
    await world.tick("59300")
    assert {item.state for item in world.positions} == {PositionState.CLOSING}
    await world.tick("59300")
    assert {item.state for item in world.positions} == {PositionState.CLOSED}
    assert len(world.fills) == 120
    await reconciles(world)


async def test_a_database_that_fails_leaves_the_stop_to_be_tried_again() -> None:
    world = World()
    await opened(world, both(Side.LONG))
    world.database.fails = OperatorNeeded("the disk is full")
    await world.tick("59000")
    world.database.fails = None
    assert position(world).state is PositionState.OPEN
    await world.desk.every_minute()
    await world.tick("59000")
    await world.tick("59000")
    assert position(world).state is PositionState.CLOSED
    assert len(world.orders) == 2


async def test_a_database_that_fails_again_loses_none_of_what_is_to_be_armed() -> None:
    world = World()
    await opened(world, both(Side.LONG))
    world.database.fails = OperatorNeeded("the disk is full")
    await world.tick("59000")
    await world.desk.every_minute()
    world.database.fails = None
    await world.desk.every_minute()
    for _ in range(2):
        await world.tick("59000")
    assert position(world).state is PositionState.CLOSED


async def test_a_database_that_fails_loses_nothing_that_trailed() -> None:
    world = World()
    await opened(world, both(Side.LONG, distance="600"))
    await world.tick("61000")
    world.database.fails = OperatorNeeded("the disk is full")
    with pytest.raises(OperatorNeeded):
        await world.desk.exits.flush()
    world.database.fails = None
    assert await world.desk.exits.flush() == 1
    assert position(world).stop == D("60400")


class Closed(MemoryOrders):
    """Somebody closes a trade by hand right after the orders were read."""

    closes: Callable[[], Awaitable[object]] | None = None

    async def in_states(self, states: Collection[OrderState]) -> Sequence[OrderIntent]:
        found = await super().in_states(states)
        closes, self.closes = self.closes, None
        if closes is not None:
            await closes()
        return found


async def test_a_close_while_the_book_is_read_is_the_only_one() -> None:
    world = World()
    strategy = await opened(world, both(Side.LONG))
    orders = world.memory.orders = Closed(world.memory.session)
    orders.closes = lambda: world.desk.hands.close(strategy.owner_id, 1)
    await world.desk.exits.load()
    assert position(world).state is PositionState.CLOSING
    await world.tick("59000")
    assert len(world.orders) == 2
    assert position(world).state is PositionState.CLOSED


async def test_a_position_marked_as_closing_that_nothing_closes_is_healed_at_start() -> None:
    world = World()
    await opened(world, both(Side.LONG))
    await world.tick("59000")
    await world.kill()
    table = world.database.table("orders")
    table.drop(2)
    await world.start()
    assert position(world).state is PositionState.OPEN
    await world.tick("59000")
    await world.tick("59000")
    assert position(world).state is PositionState.CLOSED


async def test_limits_see_what_is_open_and_on_its_way() -> None:
    world = World(costs=FREE)
    strategy = await opened(world, both(Side.LONG))
    [account] = world.accounts
    view = await world.desk.accounts.view(account)
    assert view.open_positions == view.trades_today == 1
    assert view.exposure == {"BTC/USDT": D("0.16666") * 60_000}
    await world.tick("60600")
    view = await world.desk.accounts.view(account)
    assert view.equity == view.peak == 10_000 + D("0.16666") * 600
    assert view.day_profit == D("0.16666") * 600
    await world.desk.hands.close(strategy.owner_id, position(world).id)
    await world.tick("60600")
    world.clock.advance(86_400)
    view = await world.desk.accounts.view(account)
    assert [view.day_profit, view.trades_today, view.open_positions] == [0, 0, 0]
