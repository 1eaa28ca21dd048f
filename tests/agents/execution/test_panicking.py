"""/panic and what happens in the same moment: orders being sent, fills, other panics."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from agents.domain.errors import OperatorNeeded
from agents.domain.market import Instrument
from agents.domain.order import BrokerOrder, OrderIntent, OrderPurpose, OrderState
from agents.domain.position import PositionState
from agents.domain.proposal import ProposalState
from agents.domain.user import NoticeKind
from agents.domain.venue import GuardStyle
from tests.agents.execution.test_guarding import Floor
from tests.support.desk import World
from tests.support.memory import InMemory
from tests.support.memory_trading import MemoryOrders
from tests.support.venue_broker import VenueBroker

D = Decimal


class SlowBroker(VenueBroker):
    """Its answers wait until they are `let` out."""

    def __init__(self, floor: Floor) -> None:
        super().__init__(floor.world.clock.now, floor.style)
        self.asked, self.let = asyncio.Event(), asyncio.Event()

    async def submit(self, intent: OrderIntent, instrument: Instrument) -> BrokerOrder:
        self.asked.set()
        await self.let.wait()
        return await super().submit(intent, instrument)


def slow() -> tuple[Floor, SlowBroker]:
    floor = Floor(GuardStyle.SEPARATE)
    broker = SlowBroker(floor)
    floor.broker = floor.world.broker = broker
    return floor, broker


async def part_entered() -> tuple[Floor, str]:
    """A trade whose entry has filled 0.1 of its 0.16666 and is still open; the entry's name."""
    floor = Floor(GuardStyle.SEPARATE)
    floor.fail("submit", "later")
    await floor.open()
    entry = floor.world.orders[0].client_id
    floor.broker.fill(entry, "0.1")
    await floor.world.settle()
    return floor, entry


async def test_an_order_that_went_out_meanwhile_is_not_written_off_as_unsent() -> None:
    """Who takes it back saw it unsent, and by now it is at the exchange."""
    floor, broker = slow()
    floor.fail("submit", "later")
    entering = asyncio.create_task(floor.open())
    await broker.asked.wait()
    [entry] = floor.world.orders
    unsent = replace(entry, state=OrderState.NEW)
    after = await floor.world.desk.orders.cancel(unsent, ProposalState.CANCELLED)
    assert after.state is OrderState.SENDING
    broker.let.set()
    await entering
    assert floor.state() is OrderState.OPEN
    await floor.world.desk.panic.panic(floor.owner)
    await floor.world.settle()
    assert not broker.kept[entry.client_id].live
    assert floor.state() is OrderState.CANCELLED


class Interrupted(MemoryOrders):
    """Something happens while the orders are read for the second time."""

    meanwhile: list[Callable[[], Awaitable[None]] | None]

    async def in_states(self, states: Collection[OrderState]) -> Sequence[OrderIntent]:
        happens = self.meanwhile.pop(0) if self.meanwhile else None
        if happens is not None:
            await happens()
        return await super().in_states(states)


async def test_a_position_that_opens_while_panic_counts_keeps_it_going() -> None:
    """The entry could not be taken back, and is filled between one count and the other."""
    floor = Floor(GuardStyle.SEPARATE)

    def interrupt(memory: InMemory) -> None:
        memory.orders = Interrupted(memory.session)
        memory.orders.meanwhile = []

    floor.world.opened_memory = interrupt
    floor.fail("submit", "later")
    await floor.open()
    orders = floor.world.memory.orders
    assert isinstance(orders, Interrupted)

    async def filled() -> None:
        floor.broker.fill(floor.world.orders[0].client_id)
        for _ in range(50):
            await asyncio.sleep(0)
        assert floor.world.positions

    orders.meanwhile = [None, filled]
    floor.fail("cancel", "away")
    report = await floor.world.desk.panic.panic(floor.owner)
    assert not report.flat
    for _ in range(2):
        await floor.second()
    assert floor.position.state is PositionState.CLOSED
    assert floor.world.told(NoticeKind.PANIC)[-1]["left"] == 0
    floor.agrees()


class SilentBroker(VenueBroker):
    """Does not answer who wants to cancel for one of its accounts until `let` is set."""

    silent: int = 0
    let: asyncio.Event

    async def cancel(self, intent: OrderIntent) -> BrokerOrder | None:
        if intent.owner_id == self.silent:
            await self.let.wait()
        return await super().cancel(intent)


async def test_an_exchange_that_is_silent_for_one_holds_up_no_other_panic() -> None:
    world = World()
    broker = world.broker = SilentBroker(world.clock.now, GuardStyle.SEPARATE)
    broker.let = asyncio.Event()
    broker.faults["submit"] = deque(["later", "later"])
    await world.start()
    ada, grace = await world.user("Ada"), await world.user("Grace")
    for owner in (ada, grace):
        await world.approve(await world.propose(await world.strategy(owner)))
        broker.faults["cancel"] = deque(["away"])
        await world.desk.panic.panic(owner)
    broker.silent = ada
    looking = asyncio.create_task(world.desk.panic.go_on())
    for _ in range(200):
        await asyncio.sleep(0)
    assert [one.state for one in world.orders] == [OrderState.OPEN, OrderState.CANCELLED]
    broker.let.set()
    await looking
    assert await world.desk.panic.go_on() == []


async def test_what_grew_is_closed_at_once_however_long_panic_has_waited() -> None:
    """An exchange that asked to wait for long: only orders that failed are tried less often."""
    floor, entry = await part_entered()
    floor.broker.busy = 20
    await floor.world.desk.panic.panic(floor.owner)
    for _ in range(19):
        await floor.second()
    floor.broker.busy = None
    floor.broker.fill(entry)
    for _ in range(3):
        await floor.second()
    assert floor.position.state is PositionState.CLOSED
    assert await floor.world.desk.panic.go_on() == []
    floor.agrees()


@pytest.mark.parametrize("style", [GuardStyle.PAIRED, GuardStyle.SEPARATE])
@pytest.mark.parametrize("fraction", ["1", "0.5"], ids=["whole", "half"])
async def test_a_close_by_hand_takes_the_rest_of_the_entry_back(
    style: GuardStyle, fraction: str
) -> None:
    floor = Floor(style)
    floor.fail("submit", "later")
    await floor.open()
    entry = floor.world.orders[0].client_id
    floor.broker.fill(entry, "0.1")
    await floor.world.settle()
    floor.broker.calls.clear()
    outcome = await floor.world.desk.hands.close(floor.owner, 1, D(fraction))
    await floor.world.settle()
    assert outcome.quantity == D("0.1") * D(fraction)
    assert not floor.broker.kept[entry].live
    assert floor.broker.calls[0] == "cancel"
    assert floor.state() is OrderState.CANCELLED
    assert floor.position.quantity == D("0.1") * (1 - D(fraction))
    floor.agrees()


async def test_what_the_entry_filled_in_the_moment_of_the_close_is_closed_too() -> None:
    floor, entry = await part_entered()
    floor.broker.tells = False
    floor.broker.fill(entry, "0.02")
    floor.broker.tells = True
    outcome = await floor.world.desk.hands.close(floor.owner, 1)
    await floor.world.settle()
    assert outcome.quantity == D("0.12")
    assert floor.position.state is PositionState.CLOSED
    floor.agrees()


@pytest.mark.parametrize("fault", ["away", "busy"])
async def test_a_close_does_not_wait_for_the_rest_of_the_entry(fault: str) -> None:
    floor, entry = await part_entered()
    floor.fail("cancel", fault)
    await floor.world.desk.hands.close(floor.owner, 1)
    await floor.world.settle()
    assert floor.position.state is PositionState.CLOSED
    for _ in range(3):
        await floor.second()
    assert not floor.broker.kept[entry].live
    floor.agrees()


async def test_after_a_restart_the_rest_of_a_closed_trade_is_still_taken_back() -> None:
    floor, entry = await part_entered()
    floor.fail("cancel", *["away"] * 5)
    await floor.world.desk.hands.close(floor.owner, 1)
    assert floor.broker.kept[entry].live
    floor.broker.faults.clear()
    await floor.restart()
    assert not floor.broker.kept[entry].live
    assert floor.state() is OrderState.CANCELLED


@pytest.mark.parametrize("style", [GuardStyle.PAIRED, GuardStyle.SEPARATE])
async def test_a_stop_that_is_filled_takes_the_rest_of_the_entry_back(style: GuardStyle) -> None:
    floor = Floor(style)
    floor.fail("submit", "later")
    await floor.open()
    entry = floor.world.orders[0].client_id
    floor.broker.fill(entry, "0.1")
    await floor.world.settle()
    await floor.trade("59400")
    await floor.world.settle()
    assert floor.position.state is PositionState.CLOSED
    assert not floor.broker.kept[entry].live
    assert [one.purpose for one in floor.world.orders if not one.rests] == [OrderPurpose.ENTRY]
    floor.agrees()


@pytest.mark.parametrize("style", [GuardStyle.PAIRED, GuardStyle.SEPARATE])
async def test_an_exit_that_the_exchange_forgot_leaves_the_position_neither_bare_nor_stuck(
    style: GuardStyle,
) -> None:
    floor = Floor(style)
    await floor.open()
    floor.fail("submit", "later")
    await floor.world.desk.hands.close(floor.owner, 1)
    await floor.world.settle()
    del floor.broker.kept[floor.world.orders[-1].client_id]
    for _ in range(15):
        await floor.second()
    assert str(floor.position.state) == "open"
    assert floor.broker.stopped() == floor.position.quantity
    await floor.world.desk.panic.panic(floor.owner)
    await floor.second()
    assert floor.position.state is PositionState.CLOSED
    assert await floor.world.desk.panic.go_on() == []


async def test_a_database_that_fails_leaves_what_waits_for_its_exchange_due() -> None:
    floor = Floor(GuardStyle.SEPARATE)
    await floor.open()
    floor.fail("submit", "busy")
    await floor.world.desk.panic.panic(floor.owner)
    await floor.world.settle()
    floor.world.clock.wait(3)
    floor.world.database.fails = OperatorNeeded("the disk is full")
    with pytest.raises(OperatorNeeded):
        await floor.world.desk.orders.every_second()
    floor.world.database.fails = None
    await floor.second()
    assert floor.position.state is PositionState.CLOSED
