"""A stop moved by hand: only nearer, only on the right side, whatever happens at the same time."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from agents.domain.position import PositionState
from agents.domain.proposal import Trailing
from agents.domain.strategy import Side
from agents.domain.user import NoticeKind
from agents.execution.leaving.stops import StopVerdict
from tests.support.desk import FREE, World, levels
from tests.support.memory import Killed

D = Decimal


async def holding(side: Side = Side.LONG, trailing: Trailing | None = None) -> World:
    """An open trade from 60,000 with its stop 600 away, and the price at the entry."""
    world = World(costs=FREE)
    await world.start()
    stop, target = ("59400", "63000") if side is Side.LONG else ("60600", "57000")
    wanted = levels(side, stop=stop, targets=((target, "1"),), trailing=trailing)
    await world.opened(await world.strategy(await world.user()), wanted)
    return world


async def move(world: World, stop: str, user: int = 1) -> StopVerdict:
    return (await world.desk.hands.move_stop(user, 1, D(stop))).verdict


@pytest.mark.parametrize(
    ("side", "nearer", "looser", "hit"),
    [(Side.LONG, "59700", "59000", "60200"), (Side.SHORT, "60300", "61000", "59800")],
)
async def test_nearer_and_nowhere_else(side: Side, nearer: str, looser: str, hit: str) -> None:
    world = await holding(side)
    assert await move(world, looser) is StopVerdict.ALREADY
    assert await move(world, hit) is StopVerdict.REFUSED
    assert not world.told(NoticeKind.STOP_MOVED)
    assert await move(world, nearer) is StopVerdict.MOVED
    assert world.positions[0].stop == D(nearer)
    [told] = world.told(NoticeKind.STOP_MOVED)
    assert told["stop"] == nearer and told["why"] == "moved by you"
    assert await move(world, nearer) is StopVerdict.ALREADY
    await world.tick(nearer)
    await world.tick(nearer)
    assert world.positions[0].state is PositionState.CLOSED
    assert await move(world, hit) is StopVerdict.OVER


async def test_only_the_owners() -> None:
    world = await holding()
    stranger = await world.user("Bob")
    assert await move(world, "59700", stranger) is StopVerdict.NOT_FOUND
    assert world.positions[0].stop == D(59400)


async def test_without_a_price_nothing_is_moved() -> None:
    world = await holding()
    world.clock.advance(10_000)
    outcome = await world.desk.hands.move_stop(1, 1, D("59700"))
    assert outcome.verdict is StopVerdict.REFUSED and "minutes old" in outcome.reason
    assert world.positions[0].stop == D(59400)


async def test_a_stop_that_has_trailed_further_stays() -> None:
    world = await holding(trailing=Trailing(distance=D(300)))
    await world.tick("60900")
    assert await move(world, "60000") is StopVerdict.ALREADY
    assert await move(world, "60700") is StopVerdict.MOVED
    await world.tick("60690")
    await world.tick("60690")
    assert world.positions[0].exit_reason.startswith("stop at 60,700")


async def test_two_at_once_move_it_once() -> None:
    world = await holding()
    made = await asyncio.gather(*(move(world, "59800") for _ in range(2)))
    assert sorted(made) == [StopVerdict.ALREADY, StopVerdict.MOVED]
    assert len(world.told(NoticeKind.STOP_MOVED)) == 1


async def test_another_change_in_between_is_not_written_over() -> None:
    world = await holding()
    before = world.positions[0]
    [after, _] = await asyncio.gather(
        world.desk.hands.move_stop(1, 1, D("59800")),
        world.memory.positions.save(replace(before, exit_reason="seen")),
    )
    assert after.verdict is StopVerdict.MOVED
    stored = world.positions[0]
    assert (stored.stop, stored.exit_reason) == (D("59800"), "seen")


@pytest.mark.parametrize("point", ["stop.moving", "stop.moved"])
async def test_killed_in_between(point: str) -> None:
    world = await holding()
    world.dies_at_next = point
    with pytest.raises(Killed):
        await move(world, "59800")
    await world.kill()
    await world.start()
    await world.tick("60000")
    moved = world.positions[0].stop == D("59800")
    assert moved is (point == "stop.moved")
    assert len(world.told(NoticeKind.STOP_MOVED)) == moved
    await move(world, "59800")
    assert len(world.told(NoticeKind.STOP_MOVED)) == 1
    await world.tick("59790")
    await world.tick("59790")
    assert world.positions[0].state is PositionState.CLOSED
