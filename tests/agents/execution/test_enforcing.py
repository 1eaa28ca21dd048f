"""What limits do by themselves: pausing, and closing what is open, once and told."""

from decimal import Decimal

import pytest

from agents.domain.order import OrderPurpose
from agents.domain.position import PositionState
from agents.domain.proposal import ProposalState
from agents.domain.strategy import Mode, Strategy, StrategyState, Window
from agents.domain.user import NoticeKind
from agents.domain.windows import Hours
from tests.support.desk import World, levels
from tests.support.market import instrument
from tests.support.real_money import connected, hold_to, limited, real_world

D = Decimal
WIDE = levels(stop="50000", targets=())  # 1 % of equity is lost 10,000 below
ETH = levels(price="3000", stop="2500", targets=())
FLAT = {"drawdown_percent": D("0.45"), "drawdown_flatten": True}


async def held(world: World, strategy: Strategy, symbol: str = "BTC/USDT") -> None:
    wanted = WIDE if symbol == "BTC/USDT" else ETH
    proposal = await world.propose(strategy, wanted, symbol=symbol)
    assert (await world.approve(proposal)).done
    await world.tick(wanted.price, symbol=symbol)


async def seen(world: World, price: str, symbol: str = "BTC/USDT") -> None:
    """The price moves, and the regular look comes."""
    await world.tick(price, symbol=symbol)
    world.clock.wait(5)
    await world.desk.every_second()
    await world.settle()
    await world.tick(price, symbol=symbol)


def states(world: World) -> list[PositionState]:
    return [one.state for one in world.positions]


async def test_a_drawdown_pauses_and_leaves_positions_to_their_stops() -> None:
    world = real_world(limited(drawdown_percent=D("0.5")))
    await world.start()
    owner = await world.user()
    strategy = await world.strategy(owner, symbols=("BTC/USDT", "ETH/USDT"), max_positions=5)
    await held(world, strategy)
    waiting = await world.propose(strategy, ETH, symbol="ETH/USDT")
    await seen(world, "55001")  # 49.99 lost
    assert (await world.memory.strategies.get(owner, strategy.id)).state is StrategyState.ACTIVE
    await seen(world, "54900")
    after = await world.memory.strategies.get(owner, strategy.id)
    assert after.state is StrategyState.PAUSED
    assert "the drawdown limit is 0.5 %" in after.pause_reason
    assert states(world) == [PositionState.OPEN]
    cancelled = await world.memory.proposals.by_id(waiting.id)
    assert cancelled.state is ProposalState.CANCELLED
    assert len(world.told(NoticeKind.STRATEGY_PAUSED)) == 1
    assert not world.told(NoticeKind.LIMIT)


async def test_money_of_another_currency_is_looked_at_by_itself() -> None:
    """The euros have fallen, and the dollars, which were opened first, have not."""
    world = real_world(besides=(instrument("ETH/EUR"),))
    await world.start()
    owner = await connected(world)
    await hold_to(world, owner, "drawdown", FLAT)
    await held(world, await world.strategy(owner, mode=Mode.LIVE))
    other = await world.strategy(owner, mode=Mode.LIVE, symbols=("ETH/EUR",))
    await held(world, other, "ETH/EUR")
    await seen(world, "2501", "ETH/EUR")
    await world.tick("2501", symbol="ETH/EUR")
    assert states(world) == [PositionState.OPEN, PositionState.CLOSED]
    assert len(world.told(NoticeKind.LIMIT)) == 1


@pytest.mark.parametrize("mode", [Mode.PAPER, Mode.LIVE])
async def test_a_drawdown_flattens_where_its_owner_wants_that(mode: Mode) -> None:
    """With real money everything; elsewhere the account that has fallen."""
    world = real_world()
    await world.start()
    owner = await connected(world)
    await hold_to(world, owner, "drawdown", FLAT)
    first = await world.strategy(owner, mode=mode)
    second = await world.strategy(owner, mode=mode, symbols=("ETH/USDT",))
    await held(world, first)
    await held(world, second, "ETH/USDT")
    await seen(world, "50001")
    await world.tick("3000", symbol="ETH/USDT")
    closed = [PositionState.CLOSED]
    assert states(world) == closed + (closed if mode is Mode.LIVE else [PositionState.OPEN])
    paused = [await world.memory.strategies.get(owner, one.id) for one in (first, second)]
    others = StrategyState.PAUSED if mode is Mode.LIVE else StrategyState.ACTIVE
    assert [one.state for one in paused] == [StrategyState.PAUSED, others]


async def test_each_occasion_is_told_and_ordered_once() -> None:
    world = real_world()
    await world.start()
    owner = await world.user()
    await hold_to(world, owner, "drawdown", FLAT)
    await held(world, await world.strategy(owner))
    world.market.tick("54900")
    for _ in range(3):
        world.clock.wait(5)
        await world.desk.enforcer.look()
    await world.start()
    await seen(world, "54900")
    exits = [one for one in world.orders if one.purpose is OrderPurpose.CLOSE]
    assert [one.reason for one in exits] == ["drawdown limit"]
    [told] = world.told(NoticeKind.LIMIT)
    assert (told["rule"], told["count"], told["mode"]) == ("drawdown", 1, "paper")
    [paused] = world.told(NoticeKind.STRATEGY_PAUSED)
    assert paused["closing"] is True


@pytest.mark.parametrize(
    ("name", "field"), [("daily loss", "daily_loss"), ("weekly loss", "weekly_loss")]
)
@pytest.mark.parametrize("flatten", [True, False])
async def test_a_loss_flattens_where_its_owner_wants_that(
    name: str, field: str, flatten: bool
) -> None:
    world = real_world()
    await world.start()
    owner = await world.user()
    value = {f"{field}_percent": D("0.5"), f"{field}_flatten": flatten}
    await hold_to(world, owner, name, value)
    strategy = await world.strategy(owner)
    await held(world, strategy)
    await seen(world, "54900")
    assert states(world) == [PositionState.CLOSED if flatten else PositionState.OPEN]
    assert [told["rule"] for told in world.told(NoticeKind.LIMIT)] == [name] * flatten
    after = await world.memory.strategies.get(owner, strategy.id)
    assert after.state is StrategyState.ACTIVE  # the day, or the week, ends by itself


@pytest.mark.parametrize("flatten", [True, False])
async def test_the_end_of_the_hours_flattens_by_the_markets_clock(flatten: bool) -> None:
    world = real_world()
    await world.start()
    owner = await world.user()
    ends = Hours((Window(**{"from": "08:00", "to": "13:00"}),), flatten=flatten)
    await hold_to(world, owner, "hours", {"hours": ends})
    await held(world, await world.strategy(owner))
    world.clock.wait(7200)  # people's clock says 14:00
    await seen(world, "60000")
    assert states(world) == [PositionState.OPEN]
    world.clock.move_to(world.clock.now().replace(hour=13, minute=0, second=0))
    await seen(world, "60000")
    assert states(world) == [PositionState.CLOSED if flatten else PositionState.OPEN]
    assert [told["rule"] for told in world.told(NoticeKind.LIMIT)] == ["hours"] * flatten


async def test_a_look_between_two_costs_nothing() -> None:
    world = real_world()
    await world.start()
    owner = await world.user()
    await held(world, await world.strategy(owner))
    world.clock.wait(5)
    await world.desk.enforcer.look()
    await hold_to(world, owner, "drawdown", FLAT)
    world.market.tick("54900", after=0)
    world.clock.wait(4)
    await world.desk.enforcer.look()
    assert not world.told(NoticeKind.LIMIT)
    world.clock.wait(1)
    await world.desk.enforcer.look()
    assert world.told(NoticeKind.LIMIT)
