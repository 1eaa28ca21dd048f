"""Orders that rest, on real databases and with two processes on one of them."""

import asyncio

import pytest

from agents.domain.order import UNSETTLED, OrderKind
from agents.domain.ports import Memory
from agents.domain.position import PositionState
from agents.domain.strategy import Mode, Side
from agents.domain.venue import GuardStyle
from agents.execution.desk import open_desk
from tests.agents.execution.test_exits import both
from tests.agents.execution.test_guarding import PAIRED, SEPARATE, TWO
from tests.agents.execution.test_on_disk import memories, reconciles, url
from tests.support.desk import World
from tests.support.venue_broker import VenueBroker

__all__ = ["memories", "url"]


async def opened(memory: Memory, style: GuardStyle) -> tuple[World, VenueBroker, int]:
    world = World()
    broker = world.broker = VenueBroker(world.clock.now, style)
    await world.start(memory)
    owner = await world.user()
    proposal = await world.propose(await world.strategy(owner), both(Side.LONG, *TWO))
    assert (await world.approve(proposal)).done
    await world.settle()
    return world, broker, owner


async def agrees(memory: Memory, broker: VenueBroker) -> None:
    resting = [item for item in await memory.orders.in_states(UNSETTLED) if item.rests]
    assert {item.client_id for item in resting} == {
        kept.intent.client_id for kept in broker.resting()
    }
    held = [position.quantity for position in await memory.positions.still_open()]
    assert broker.stopped() == sum(held)


@pytest.mark.parametrize("style", [PAIRED, SEPARATE])
async def test_a_trade_with_orders_at_rest(memories: list[Memory], style: GuardStyle) -> None:
    world, broker, owner = await opened(memories[0], style)
    await agrees(memories[0], broker)
    for price in ("60600", "60650"):
        broker.trade(price)
        await world.tick(price)
    await agrees(memories[0], broker)
    resting = await memories[0].orders.resting(1)
    assert {item.price for item in resting if item.kind is OrderKind.STOP} == {60_000}
    assert all(item.venue_id and item.sent_at for item in resting)
    await world.desk.hands.close(owner, 1)
    await world.settle()
    [position] = await memories[0].positions.of(owner)
    assert position.state is PositionState.CLOSED
    assert broker.resting() == []
    await agrees(memories[0], broker)
    await reconciles(world, memories[0], owner)


@pytest.mark.parametrize("style", [PAIRED, SEPARATE])
async def test_two_processes_place_one_set_of_orders(
    memories: list[Memory], style: GuardStyle
) -> None:
    world, broker, _ = await opened(memories[0], style)
    other = open_desk(memories[1], world.market, world.clock, {Mode.PAPER: broker})
    await other.wake()
    await other.orders.idle()
    await agrees(memories[0], broker)
    for kept in broker.resting():
        broker.drop(kept.intent.client_id)  # both hear of it
    for _ in range(12):
        await asyncio.gather(world.settle(), other.orders.idle())
        world.clock.wait(3)
        await asyncio.gather(world.desk.every_second(), other.every_second())
    await asyncio.gather(world.desk.every_minute(), other.every_minute())
    await asyncio.gather(world.settle(), other.orders.idle())
    await agrees(memories[0], broker)
    assert len(set(broker.arrived)) == len(broker.arrived)
