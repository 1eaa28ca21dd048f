"""What rested when a process died counts as resting until its exchange was asked of it."""

from decimal import Decimal

import pytest

from agents.domain.market import Universe
from agents.domain.position import PositionState
from agents.domain.strategy import Side
from agents.domain.venue import GuardStyle
from tests.agents.execution.test_exits import both
from tests.agents.execution.test_guarding import TWO, Floor
from tests.agents.execution.test_guarding_at_once import far
from tests.support.clock import ManualClock
from tests.support.market import ScriptedMarket


class HurriedMarket(ScriptedMarket):
    """Ticks come before anything is known of an instrument."""

    trades_at: Decimal | None = None

    async def universe(self) -> Universe:
        if self.trades_at is not None:
            self.tick(self.trades_at)
        return await super().universe()


def hurried(clock: ManualClock, before: ScriptedMarket) -> HurriedMarket:
    return HurriedMarket(clock, *before.instruments)


@pytest.mark.parametrize("style", [GuardStyle.PAIRED, GuardStyle.SEPARATE])
@pytest.mark.parametrize("price", ["60650", "59390"], ids=["target", "stop"])
async def test_ticks_before_the_first_look_close_nothing_twice(
    style: GuardStyle, price: str
) -> None:
    floor = Floor(style)
    market = floor.world.market = hurried(floor.world.clock, floor.world.market)
    await floor.open(both(Side.LONG, *TWO))
    await floor.world.kill()
    floor.broker.trade(price)
    market.trades_at = Decimal(price)
    await floor.world.start()
    sent = [item for item in floor.world.orders if not item.rests]
    assert [item.purpose.value for item in sent] == ["entry"]
    closed = price < "59400"
    assert floor.position.state is (PositionState.CLOSED if closed else PositionState.OPEN)
    floor.agrees()


async def test_an_exit_of_before_is_looked_up_as_soon_as_its_exchange_can_be_reached() -> None:
    """Its fill is booked within seconds: nothing waits for the look of the minute."""
    floor = Floor(GuardStyle.SEPARATE)
    await floor.open(both(Side.LONG, *TWO))
    floor.broker.tells = False
    floor.fail("submit", "unanswered")
    floor.fail("lookup", *["away"] * 20)
    await floor.world.desk.hands.close(floor.owner, floor.position.id)
    await floor.world.settle()
    floor.broker.down = True
    await floor.restart()
    assert floor.position.state is PositionState.CLOSING
    floor.broker.down = False
    floor.fail("lookup")
    for _ in range(3):
        await floor.second()
    await floor.closed("closed by hand")


async def test_an_exit_goes_out_as_soon_as_its_market_is_back() -> None:
    floor = Floor(GuardStyle.SEPARATE)
    await floor.open(both(Side.LONG, *TWO))
    floor.world.market.reachable = False
    await floor.world.desk.hands.close(floor.owner, floor.position.id)
    await floor.second()
    assert floor.position.state is PositionState.CLOSING
    floor.world.market.reachable = True
    for _ in range(3):
        await floor.second()
    await floor.closed("closed by hand")


@pytest.mark.parametrize("back", [False, True], ids=["restarted", "reached again"])
async def test_a_stop_that_was_dropped_unseen_is_placed_before_others_are_moved(back: bool) -> None:
    """The price trails them at once, and nobody knows of it yet."""
    floor, trips = far()
    market = floor.world.market = hurried(floor.world.clock, floor.world.market)
    await floor.open(both(Side.LONG, *TWO, distance="500"))
    floor.broker.tells = False
    if not back:
        await floor.world.kill()
    floor.broker.drop(floor.stops()[1].client_id)
    trips.made.clear()
    trips.covered.clear()
    floor.broker.price = Decimal("60300")
    if back:
        floor.world.desk.guards.hurry()
        await floor.trade("60300")
        await floor.second()
    else:
        market.trades_at = Decimal("60300")
        await floor.world.start()
    assert trips.covered[:1] == [Decimal("0.16666")]
    assert {item.price for item in floor.stops()} == {Decimal("59800")}
    floor.agrees()
