"""A position with its orders as they are stored, and what its guards have to cover."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from agents.domain.broker import Broker
from agents.domain.errors import NotFound
from agents.domain.money import ZERO
from agents.domain.order import UNSETTLED, OrderIntent, OrderKind
from agents.domain.ports import Market, Memory
from agents.domain.position import Position, Trailed
from agents.domain.strategy import Mode
from agents.domain.venue import GuardStyle
from agents.execution.booking.settlement import left_to_close
from agents.execution.guards.legs import (
    RESTING,
    Difference,
    Group,
    Leg,
    covered,
    fitting,
    groups_of,
    placeable,
    replaced,
    wanted,
    without_stop,
)
from agents.execution.guards.resting import Ground, trails
from agents.execution.leaving.exitbook import ExitBook, trailing_unit
from agents.execution.proposals.judging import instrument_of

TRAIL_STEP = Decimal("0.1")  # of R, or of the trailing distance where that is less


@dataclass(frozen=True, slots=True)
class Scene:
    """A position with its orders, as stored. `flying` is what exits that were handed over, or are
    about to be, will close. `grows`: more of its entry may come at any moment."""

    position: Position
    ground: Ground
    style: GuardStyle
    orders: Sequence[OrderIntent]
    flying: Decimal
    grows: bool = False

    @property
    def resting(self) -> list[OrderIntent]:
        return [item for item in self.orders if item.rests and item.state in UNSETTLED]

    @property
    def left_over(self) -> list[OrderIntent]:
        """What a closed position leaves at the exchange: all that would still reduce it."""
        exits = [item for item in self.orders if item.reduces and not item.rests]
        return [*self.resting, *(item for item in exits if item.state in RESTING)]

    @property
    def number(self) -> int:
        """How many resting orders it ever had."""
        return sum(item.rests for item in self.orders)

    @property
    def closing(self) -> bool:
        return self.flying >= self.position.sellable

    @property
    def quantity(self) -> Decimal:
        """What its stops have to cover: where coins are locked once, what no exit needs."""
        if self.style is GuardStyle.SEPARATE:
            return self.position.quantity
        return max(self.position.quantity - self.flying, ZERO)

    @property
    def whole(self) -> Decimal:
        """`quantity` as far as orders can close it."""
        return self.ground.instrument.amount(self.quantity)

    @property
    def covered(self) -> bool:
        """Whether stops at rest close all of it; never where there is nothing to close."""
        return covered(self.resting) >= self.whole > 0

    @property
    def in_the_way(self) -> bool:
        """Whether more coins are locked than the exits on their way leave."""
        return self._locked > max(self.position.quantity - self.flying, ZERO)

    @property
    def _locked(self) -> Decimal:
        return sum((max(item.left for item in group) for group in groups_of(self.resting)), ZERO)

    @property
    def free(self) -> Decimal:
        """What neither rests nor is on its way out, where coins are locked once."""
        return max(self.position.quantity - self.flying - self._locked, ZERO)

    def wanted(self, *, exact: bool, without: Collection[int]) -> tuple[Group, ...]:
        """The groups that should rest, but for targets `without`. A trailing stop stays where it
        rests until it gained TRAIL_STEP, unless it is to be `exact`; it never goes back."""
        position, here = self.position, self.stop
        if here is not None and trails(position.trailing):
            gained = (position.stop - here) * position.side.sign
            if gained < (0 if exact else TRAIL_STEP * trailing_unit(position)):
                position = replace(position, stop=here)
        instrument = self.ground.instrument
        return wanted(position, self.style, instrument, self.quantity, without=without)

    def swap(self, todo: Difference) -> tuple[list[Group], list[OrderIntent]]:
        """Groups with stops to place, at once, `instead` of an order that rests where there is
        one; or, without groups, what to cancel for the next.

        Where coins are locked once, what fits beside what rests goes first, and a stop for what
        would lie bare; while anything does, targets without a stop make way before any stop. Then
        one stop takes the place of another in one request, else what is in its way is cancelled.
        Neither is made way for while more of the entry is to come and all that came is covered.
        """
        if self.style is GuardStyle.SEPARATE:
            return self._apart(todo), []
        beside = fitting(self._new_first(todo.missing), self.free)
        if beside := [*beside, *self._stopgap(todo.missing, beside)]:
            return beside, []
        if self.grows and self.covered:
            return [], []
        if not self.covered and (idle := without_stop(todo.stale)):
            return [], idle
        instead = replaced(todo.missing, todo.stale)
        if len(instead) > 1 or (instead and len(todo.missing[0]) > 1):
            return [], instead
        return list(todo.missing[:1]), instead

    def _apart(self, todo: Difference) -> list[Group]:
        """Where nothing is locked: one more stop for what is not covered while more of the entry
        is to come, then those that it should have."""
        if not (self.grows and covered(self.resting)):
            return todo.missing_stops
        return self._stopgap(todo.missing, ()) or ([] if self.covered else todo.missing_stops)

    def _new_first(self, missing: Sequence[Group]) -> list[Group]:
        """Those whose targets rest already come last, so that no target rests twice meanwhile."""
        resting = {item.target for item in self.resting if item.target is not None}
        return sorted(missing, key=lambda group: any(leg.target in resting for leg in group))

    def _stopgap(self, missing: Sequence[Group], beside: Sequence[Group]) -> list[Group]:
        """A stop alone for what is not covered and can be, until the others make room."""
        bare = self.whole - covered(self.resting)
        if self.style is not GuardStyle.SEPARATE:
            bare = min(self.free, bare)
        bare -= sum((group[0].quantity for group in beside), ZERO)
        price = next((leg.price for group in missing for leg in group if leg.stops), ZERO)
        quantity = self.ground.instrument.amount(max(bare, ZERO))
        enough = placeable(quantity, price, self.ground.instrument)
        return [(Leg(OrderKind.STOP, price, quantity),)] if enough else []

    @property
    def stop(self) -> Decimal | None:
        """The price of the stops at rest, of several the last to be reached."""
        prices = [item.price for item in self.resting if item.kind is OrderKind.STOP and item.price]
        sign = self.position.side.sign
        return min(prices, key=lambda price: price * sign, default=None)


@dataclass(slots=True)
class Ask:
    """What a turn is for. `look`: the exchange is asked of every resting order first; `exact`:
    a trailing stop is moved however little it gained; `ended`: orders that ended by themselves."""

    look: bool = False
    exact: bool = False
    ended: list[OrderIntent] = field(default_factory=list)
    unclear: int = 0

    def add(self, other: "Ask") -> None:
        """Be for what the other is, too."""
        self.look, self.exact = self.look or other.look, self.exact or other.exact
        self.ended.extend(other.ended)


class Scenes:
    """Reads them. `held_back` says of an exit that waits to be sent, or never arrived."""

    def __init__(
        self, memory: Memory, brokers: Mapping[Mode, Broker], market: Market, book: ExitBook
    ) -> None:
        self._memory = memory
        self._brokers = brokers
        self._market = market
        self._book = book
        self._local: set[tuple[Mode, str]] = set()
        self.held_back: Callable[[int], bool] = lambda _: False

    def broker(self, mode: Mode) -> Broker | None:
        return self._brokers.get(mode)

    def nothing_rests(self, position: Position) -> bool:
        """Whether that is known already, without asking anybody."""
        return (position.mode, position.symbol) in self._local

    async def of(self, position_id: int, sending: OrderIntent | None = None) -> Scene | None:
        """None where nothing rests; `sending` is an exit about to be handed over. Raises
        MarketUnavailable."""
        held = self._book.held(position_id)
        if held is not None and await self._is_local(held.position):
            return None  # known without reading it, which at a start would be all of them
        try:
            stored = await self._memory.positions.by_id(position_id)
        except NotFound:
            return None
        broker = self._brokers.get(stored.mode)
        if broker is None or await self._is_local(stored):
            return None
        instrument = await instrument_of(self._market, stored.symbol)
        style = broker.style(instrument)
        stored, orders = await self._of_one_moment(stored)
        position = self._book.freshest(stored)
        if position is not stored:  # before it rests there: who restarts must not put it back
            at = Trailed(position.stop, position.best, position.version)
            await self._memory.positions.save_stops({position.id: at})
        mine = 0 if sending is None else sending.id
        flying = [item for item in orders if item.id == mine or not self.held_back(item.id)]
        ground = Ground(position, instrument, broker)
        grows = await self._grows(position)
        return Scene(position, ground, style, orders, left_to_close(flying), grows)

    async def _is_local(self, position: Position) -> bool:
        """Whether nothing rests for what is held there. Raises MarketUnavailable."""
        if self.nothing_rests(position):
            return True
        broker = self._brokers.get(position.mode)
        if broker is None:
            return False
        instrument = await instrument_of(self._market, position.symbol)
        if broker.style(instrument) is GuardStyle.LOCAL:
            self._local.add((position.mode, position.symbol))
        return self.nothing_rests(position)

    async def _of_one_moment(self, stored: Position) -> tuple[Position, Sequence[OrderIntent]]:
        """A position with its orders. A fill between one reading and the other would make a stop
        for what is gone, or none for what is left."""
        while True:
            orders = await self._memory.orders.of_position(stored.id)
            again = await self._memory.positions.by_id(stored.id)
            if again.version == stored.version:
                return again, orders
            stored = again

    async def _grows(self, position: Position) -> bool:
        unsettled = await self._memory.orders.unsettled_of(position.owner_id, position.mode)
        entries = [item for item in unsettled if not item.reduces]
        return any(item.proposal_id == position.proposal_id for item in entries)
