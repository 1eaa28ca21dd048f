"""Closing by hand and by rule, and /panic until everything is flat."""

from decimal import Decimal

import pytest

from agents.domain.errors import OperatorNeeded
from agents.domain.order import OrderPurpose, OrderState
from agents.domain.position import Position, PositionState
from agents.domain.proposal import ProposalState
from agents.domain.strategy import StrategyState
from agents.domain.user import NoticeKind
from agents.execution.leaving.hands import HandVerdict
from tests.agents.execution.test_exits import reconciles
from tests.support.desk import FREE, World, levels
from tests.support.memory import Killed
from tests.support.memory_trading import MemoryPositions

D = Decimal


async def holding(world: World, count: int = 1) -> int:
    """A user with so many open positions, one for each strategy."""
    await world.start()
    owner = await world.user()
    for _ in range(count):
        await world.opened(await world.strategy(owner))
    return owner


async def test_close_sends_an_order_for_all_of_it() -> None:
    world = World()
    owner = await holding(world)
    outcome = await world.desk.hands.close(owner, 1)
    assert (outcome.verdict, outcome.quantity) == (HandVerdict.SENT, D("0.16666"))
    assert outcome.position and outcome.position.state is PositionState.CLOSING
    again = await world.desk.hands.close(owner, 1)
    assert again.verdict is HandVerdict.ALREADY
    await world.tick("60100")
    assert world.positions[0].exit_reason == "closed by hand"
    assert (await world.desk.hands.close(owner, 1)).verdict is HandVerdict.ALREADY
    assert world.memory.rows("audit")[0]["what"] == "close"
    await reconciles(world)


async def test_close_a_part_and_then_the_rest() -> None:
    world = World()
    owner = await holding(world)
    outcome = await world.desk.hands.close(owner, 1, D("0.5"))
    assert outcome.quantity == D("0.08333")
    await world.tick("60100")
    assert world.positions[0].quantity == D("0.08333")
    await world.desk.hands.close(owner, 1)
    await world.tick("60100")
    assert world.positions[0].state is PositionState.CLOSED
    await reconciles(world)


async def test_a_part_too_small_is_refused_and_a_rest_too_small_goes_with_it() -> None:
    world = World()
    owner = await holding(world)
    small = await world.desk.hands.close(owner, 1, D("0.0001"))
    assert small.verdict is HandVerdict.REFUSED
    assert "below the exchange's minimum" in small.reason
    most = await world.desk.hands.close(owner, 1, D("0.9999"))
    assert most.quantity == D("0.16666")


async def test_a_close_that_is_rolled_back_leaves_the_stop_armed() -> None:
    world = World()
    owner = await holding(world)
    with pytest.raises(ZeroDivisionError):
        async with world.memory.transactions.transaction():
            assert (await world.desk.hands.store_close(owner, 1)).intents
            raise ZeroDivisionError
    assert world.positions[0].state is PositionState.OPEN
    await world.tick("59300")
    assert world.orders[-1].purpose is OrderPurpose.STOP


async def test_a_position_of_another_is_not_found() -> None:
    world = World()
    await holding(world)
    stranger = await world.user("Eve")
    for number in (1, 99):
        outcome = await world.desk.hands.close(stranger, number)
        assert (outcome.verdict, outcome.position) == (HandVerdict.NOT_FOUND, None)
    assert await world.desk.hands.close_all(stranger) == []
    assert len(world.orders) == 1


async def test_close_all_closes_all() -> None:
    world = World()
    owner = await holding(world, 3)
    outcomes = await world.desk.hands.close_all(owner)
    assert [outcome.verdict for outcome in outcomes] == [HandVerdict.SENT] * 3
    await world.tick("60100")
    assert {item.state for item in world.positions} == {PositionState.CLOSED}


class Faulty(MemoryPositions):
    """One of its rows can't be read."""

    async def get(self, owner_id: int, position_id: int) -> Position:
        if position_id == 2:
            raise OperatorNeeded("the disk is full")
        return await super().get(owner_id, position_id)


async def test_a_fault_with_one_keeps_the_others_from_nothing() -> None:
    world = World()
    owner = await holding(world, 3)
    world.memory.positions = Faulty(world.memory.session)
    outcomes = await world.desk.hands.close_all(owner)
    verdicts = [outcome.verdict for outcome in outcomes]
    assert verdicts == [HandVerdict.SENT, HandVerdict.REFUSED, HandVerdict.SENT]
    assert outcomes[1].reason == "the disk is full"


async def test_a_rule_exit_closes_once() -> None:
    world = World()
    await holding(world)
    [position] = world.positions
    [stored] = await world.desk.hands.store_rule_exit(position, "macd(12,26,9).hist < 0")
    sent = await world.desk.hands.send(stored)
    assert sent.purpose is OrderPurpose.RULE_EXIT
    assert await world.desk.hands.store_rule_exit(position, "again") == []
    await world.tick("60100")
    assert world.positions[0].exit_reason == "macd(12,26,9).hist < 0"


async def test_a_stop_reached_while_closing_by_hand_makes_no_second_order() -> None:
    world = World()
    owner = await holding(world)
    await world.desk.hands.close(owner, 1)
    world.market.tick("59000")
    await world.settle()
    await world.tick("59000")
    assert len(world.orders) == 2
    await reconciles(world)


async def test_archiving_cancels_what_waits() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    await world.propose(strategy)
    assert await world.desk.hands.archive(strategy.owner_id, strategy.id)
    assert world.proposals[0].state is ProposalState.CANCELLED


# --- panic ------------------------------------------------------------------------------------


async def test_panic_cancels_pauses_and_flattens_and_says_when_all_is_flat() -> None:
    world = World()
    owner = await holding(world, 3)
    waiting = await world.propose(await world.strategy(owner))
    report = await world.desk.panic.panic(owner)
    assert (report.proposals, report.strategies, report.positions, report.left) == (1, 4, 3, 3)
    assert world.proposals[-1].state is ProposalState.CANCELLED
    assert (await world.approve(waiting)).proposal.outcome == "cancelled by panic"
    strategies = await world.memory.strategies.of(owner)
    assert {item.state for item in strategies} == {StrategyState.PAUSED}
    assert {item.purpose for item in world.orders[3:]} == {OrderPurpose.PANIC}

    await world.tick("60000")
    assert await world.desk.panic.go_on() == []
    assert {item.state for item in world.positions} == {PositionState.CLOSED}
    told = [(facts["left"], facts["positions"]) for facts in world.told(NoticeKind.PANIC)]
    assert told == [(3, 3), (0, 3)]
    assert world.memory.rows("audit")[0]["what"] == "panic"
    await reconciles(world)


async def test_panic_is_harmless_when_repeated() -> None:
    world = World()
    owner = await holding(world, 2)
    for _ in range(4):
        await world.desk.panic.panic(owner)
    assert len(world.orders) == 4
    await world.tick("60000")
    assert await world.desk.panic.go_on() == []
    assert len(world.told(NoticeKind.PANIC)) == 2
    again = await world.desk.panic.panic(owner)
    assert (again.flat, again.positions, again.strategies) == (True, 0, 0)
    assert len(world.orders) == 4


async def test_panic_takes_back_an_entry_on_its_way() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    await world.approve(await world.propose(strategy))
    report = await world.desk.panic.panic(strategy.owner_id)
    assert report.flat
    assert world.orders[0].state is OrderState.CANCELLED
    assert world.proposals[0].state is ProposalState.CANCELLED
    await world.tick("60000")
    assert world.positions == []


async def test_panic_touches_nobody_else() -> None:
    world = World()
    await holding(world)
    other = await world.user("Grace")
    await world.desk.panic.panic(other)
    assert len(world.orders) == 1
    assert world.positions[0].state is PositionState.OPEN


async def test_panic_goes_on_after_a_kill() -> None:
    world = World(costs=FREE)
    owner = await holding(world, 3)
    world.dies_at_next = "panic.marked"
    with pytest.raises(Killed):
        await world.desk.panic.panic(owner)
    await world.kill()
    await world.start()
    await world.tick("60000")
    assert await world.desk.panic.go_on() == []
    assert {item.state for item in world.positions} == {PositionState.CLOSED}
    assert len(world.orders) == 6
    await reconciles(world)


async def test_the_position_of_an_entry_that_could_not_be_taken_back_is_closed_too() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    await world.approve(await world.propose(strategy, levels(targets=())))
    world.market.tick("60000")  # filled, and not yet booked
    report = await world.desk.panic.panic(strategy.owner_id)
    await world.settle()
    await world.desk.panic.go_on()
    await world.tick("60000")
    assert await world.desk.panic.go_on() == []
    assert world.positions[0].state is PositionState.CLOSED
    assert report.strategies == 1
