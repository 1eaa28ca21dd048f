"""What is asked of an exchange for one position is asked at once, so that nothing of it is bare
for longer than one round trip."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from agents.domain.autonomy import Autonomy, AutonomyKind
from agents.domain.market import Instrument
from agents.domain.order import BrokerOrder, OrderIntent, OrderPurpose, OrderState
from agents.domain.proposal import ProposalState
from agents.domain.strategy import Side
from agents.domain.venue import GuardStyle
from agents.execution.proposals.autopilot import GRACE
from tests.agents.execution.test_exits import both
from tests.agents.execution.test_guarding import TWO, Floor
from tests.support.memory_trading import MemoryOrders
from tests.support.venue_broker import VenueBroker

D = Decimal


@dataclass
class Trips:
    """Questions under way; those that were asked before any of them was answered are one trip.
    `covered` is what stops at rest close after each, `targets` those at rest then."""

    made: list[list[str]] = field(default_factory=list)
    covered: list[Decimal] = field(default_factory=list)
    targets: list[list[int]] = field(default_factory=list)
    under_way: int = 0

    async def one(self, name: str) -> None:
        if not self.under_way:
            self.made.append([])
        self.made[-1].append(name)
        self.under_way += 1
        for _ in range(50):  # far from here
            await asyncio.sleep(0)

    def over(self, broker: VenueBroker) -> None:
        self.under_way -= 1
        if not self.under_way:
            self.covered.append(broker.stopped())
            targets = [one.intent.target for one in broker.resting()]
            self.targets.append([target for target in targets if target is not None])


class FarBroker(VenueBroker):
    trips: Trips

    async def submit(self, intent: OrderIntent, instrument: Instrument) -> BrokerOrder:
        await self.trips.one("submit")
        try:
            return await super().submit(intent, instrument)
        finally:
            self.trips.over(self)

    async def rest(
        self,
        orders: Sequence[OrderIntent],
        instrument: Instrument,
        instead_of: Sequence[OrderIntent] = (),
    ) -> Sequence[BrokerOrder]:
        await self.trips.one("rest")
        try:
            return await super().rest(orders, instrument, instead_of)
        finally:
            self.trips.over(self)

    async def cancel(self, intent: OrderIntent) -> BrokerOrder | None:
        if not self.kept[intent.client_id].live:  # known from the answer to its other one
            return await super().cancel(intent)
        await self.trips.one("cancel")
        try:
            return await super().cancel(intent)
        finally:
            self.trips.over(self)


def far(style: GuardStyle = GuardStyle.PAIRED) -> tuple[Floor, Trips]:
    floor, trips = Floor(style), Trips()
    broker = FarBroker(floor.world.clock.now, style)
    broker.trips = trips
    floor.broker = floor.world.broker = broker
    return floor, trips


async def trade(fraction: str) -> tuple[Floor, Trips]:
    floor, trips = far()
    await floor.open(both(Side.LONG, *TWO))
    assert trips.made == [["submit"], ["rest", "rest"]]
    trips.made.clear()
    await floor.world.desk.hands.close(floor.owner, floor.position.id, D(fraction))
    await floor.world.settle()
    floor.agrees()
    return floor, trips


async def test_a_close_is_one_round_trip_after_what_made_way() -> None:
    _, trips = await trade("1")
    assert trips.made == [["cancel", "cancel"], ["submit"]]


async def test_what_a_partial_close_leaves_is_guarded_beside_it() -> None:
    floor, trips = await trade("0.3")
    assert trips.made[0] == ["cancel"]
    assert {"rest", "submit"} <= set(trips.made[1])
    assert floor.broker.stopped() == floor.position.quantity


@pytest.mark.parametrize("more", ["0.02", "0.08", "0.1"])
async def test_what_an_entry_fills_later_is_covered_before_anything_is_moved(more: str) -> None:
    floor, trips = far()
    floor.fail("submit", "later")
    await floor.open(both(Side.LONG, *TWO))
    entry = floor.world.orders[0].client_id
    floor.broker.fill(entry, "0.06")
    await floor.world.settle()
    trips.made.clear()
    trips.covered.clear()
    floor.broker.fill(entry, more)
    await floor.world.settle()
    assert set(trips.made[0]) == {"rest"}
    covered = trips.covered[0]
    assert covered == floor.broker.stopped() == floor.position.quantity == D("0.06") + D(more)
    assert "cancel" not in [name for trip in trips.made for name in trip]
    floor.agrees()


async def grown(floor: Floor) -> str:
    """An entry that came in two parts, each covered at once, and has more to come; its name."""
    floor.fail("submit", "later")
    await floor.open(both(Side.LONG, *TWO))
    entry = floor.world.orders[0].client_id
    for part in ("0.06", "0.04"):
        floor.broker.fill(entry, part)
        await floor.world.settle()
        assert floor.broker.stopped() == floor.position.quantity
    return entry


async def test_old_guards_of_a_growing_entry_make_no_delay_for_new_ones() -> None:
    """Where nothing is locked, each part gets a stop of its own until the entry is over; what it
    filled meanwhile, and nobody heard of yet, would lie bare while others are cancelled."""
    floor, trips = far(GuardStyle.SEPARATE)
    entry = await grown(floor)
    await floor.second()
    assert "cancel" not in [name for trip in trips.made for name in trip]
    floor.broker.fill(entry)
    await floor.world.settle()
    await floor.second()
    assert floor.rests() == [
        ("limit", "60600", "0.08333"),
        ("limit", "61200", "0.08333"),
        ("stop", "59400", "0.16666"),
    ]
    floor.agrees()


@pytest.mark.parametrize("first", [True, False], ids=["of the first", "of the second"])
@pytest.mark.parametrize("alone", [True, False], ids=["its target rests", "and its target"])
async def test_what_lies_bare_is_covered_before_what_is_covered_is_moved(
    first: bool, alone: bool
) -> None:
    """A stop is dropped at the moment at which all of them are to be moved."""
    floor, trips = far()
    await floor.open(both(Side.LONG, *TWO))
    floor.broker.tells = False
    floor.broker.drop(floor.stops()[0 if first else 1].client_id, alone=alone)
    trips.made.clear()
    trips.covered.clear()
    await floor.world.desk.hands.move_stop(floor.owner, 1, D("59401"))
    floor.world.desk.guards.wake(1, look=True)
    await floor.world.settle()
    both_moved, one, whole = [["cancel"], ["rest"]] * 2, D("0.08333"), D("0.16666")
    assert trips.made == both_moved[0 if alone else 1 :]
    assert trips.covered == [one, whole, one, whole][0 if alone else 1 :]
    assert all(len(targets) == len(set(targets)) for targets in trips.targets)
    assert floor.rests() == [
        ("limit", "60600", "0.08333"),
        ("limit", "61200", "0.08333"),
        ("stop", "59401", "0.08333"),
        ("stop", "59401", "0.08333"),
    ]
    floor.agrees()


async def test_targets_are_made_larger_when_the_whole_entry_is_there() -> None:
    floor, _ = far()
    floor.fail("submit", "later")
    await floor.open(both(Side.LONG, *TWO))
    entry = floor.world.orders[0].client_id
    for part in ("0.06", "0.04", None):
        floor.broker.fill(entry, part)
        await floor.world.settle()
    assert floor.rests() == [
        ("limit", "60600", "0.08333"),
        ("limit", "61200", "0.08333"),
        ("stop", "59400", "0.08333"),
        ("stop", "59400", "0.08333"),
    ]


async def test_targets_are_made_larger_when_an_entry_ends_after_a_part() -> None:
    floor, _ = far()
    floor.broker.drop(await grown(floor))
    for _ in range(3):
        await floor.second()
    sizes = [size for _, _, size in floor.rests()]
    assert sizes == ["0.05"] * 4


class SilentBroker(VenueBroker):
    """Gives no answer to what is asked for one position until `let` is set."""

    silent: int | None = None
    let: asyncio.Event

    async def submit(self, intent: OrderIntent, instrument: Instrument) -> BrokerOrder:
        await self._answers(intent)
        return await super().submit(intent, instrument)

    async def rest(
        self,
        orders: Sequence[OrderIntent],
        instrument: Instrument,
        instead_of: Sequence[OrderIntent] = (),
    ) -> Sequence[BrokerOrder]:
        await self._answers(orders[0])
        return await super().rest(orders, instrument, instead_of)

    async def _answers(self, intent: OrderIntent) -> None:
        if intent.proposal_id == self.silent:
            await self.let.wait()


def silent(style: GuardStyle) -> tuple[Floor, SilentBroker]:
    floor = Floor(style)
    broker = SilentBroker(floor.world.clock.now, style)
    broker.let = asyncio.Event()
    floor.broker = floor.world.broker = broker
    return floor, broker


async def a_while() -> None:
    for _ in range(300):
        await asyncio.sleep(0)


async def test_a_dropped_stop_does_not_wait_for_the_exchange_of_another() -> None:
    floor, broker = silent(GuardStyle.SEPARATE)
    await floor.open(both(Side.LONG, *TWO))
    await floor.world.approve(await floor.world.propose(await floor.world.strategy(floor.owner)))
    await floor.world.settle()
    first, second = floor.world.positions
    broker.silent = first.proposal_id
    guards = {(one.position_id, one.target): one.client_id for one in floor.guards()}
    broker.drop(guards[first.id, None])
    await a_while()
    broker.drop(guards[first.id, 0])
    broker.drop(guards[second.id, None])
    await a_while()
    covered = [one for one in floor.stops() if one.position_id == second.id]
    assert [broker.kept[one.client_id].live for one in covered] == [True]
    broker.let.set()
    await floor.world.settle()
    floor.agrees()


async def test_what_runs_by_itself_holds_up_nothing_else() -> None:
    """Its exchange is silent; a second's other work is done."""
    floor, broker = silent(GuardStyle.SEPARATE)
    await floor.world.start()
    await floor.world.desk.autopilot.look()
    floor.world.clock.wait(GRACE.total_seconds())
    owner = await floor.world.user()
    strategy = await floor.world.strategy(owner)
    by_itself = Autonomy(AutonomyKind.AUTOPILOT)
    await floor.world.memory.strategies.set_autonomy(owner, strategy.id, by_itself)
    made = await floor.world.propose(await floor.world.memory.strategies.get(owner, strategy.id))
    broker.silent = made.id
    floor.world.clock.wait(1)
    floor.world.market.tick("60000", after=0)
    second = asyncio.create_task(floor.world.desk.every_second())
    await a_while()
    assert floor.world.proposals[0].state is ProposalState.ORDERED
    assert second.done()
    broker.let.set()
    await floor.world.settle()
    assert floor.state() is OrderState.FILLED


class Interrupted(MemoryOrders):
    """Something happens right before the orders of a position are read."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def of_position(self, position_id: int) -> Sequence[OrderIntent]:
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            await happens()
        return await super().of_position(position_id)


@pytest.mark.parametrize("style", [GuardStyle.PAIRED, GuardStyle.STOP])
async def test_a_fill_while_its_position_is_looked_at_places_nothing_for_what_is_gone(
    style: GuardStyle,
) -> None:
    """What was read of the position and what was read of its orders belong together."""
    floor = Floor(style)
    await floor.open()
    orders = Interrupted(floor.world.memory.session)
    floor.world.memory.orders = orders
    floor.fail("submit", "later")
    await floor.world.desk.hands.close(floor.owner, 1, D("0.5"))
    await floor.world.settle()
    leaving = next(one for one in floor.world.orders if one.purpose is OrderPurpose.CLOSE)

    async def filled() -> None:
        floor.broker.fill(leaving.client_id)
        await a_while()

    orders.meanwhile = filled
    floor.world.desk.guards.wake(1)
    await floor.world.settle()
    assert [one for one in floor.world.orders if one.state is OrderState.REJECTED] == []
    assert floor.rests() == [("stop", "59400", "0.08333")]
    floor.agrees()
