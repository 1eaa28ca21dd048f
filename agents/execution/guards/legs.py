"""Which orders should rest for a position, and what has to be done to get there. Pure.

A group is what is placed together: one order, or a stop and a target of which the exchange
cancels one when the other is filled.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agents.domain.market import Instrument
from agents.domain.money import ZERO
from agents.domain.order import OrderIntent, OrderKind, OrderPurpose, OrderState
from agents.domain.position import Position, PositionState
from agents.domain.venue import GuardStyle
from agents.execution.leaving.exitbook import AtExchange

RESTING = frozenset({OrderState.OPEN, OrderState.PART_FILLED})


@dataclass(frozen=True, slots=True)
class Leg:
    """A resting order as it should be; `quantity` in base, `price` in quote currency."""

    kind: OrderKind
    price: Decimal
    quantity: Decimal
    target: int | None = None

    @property
    def stops(self) -> bool:
        return self.kind is OrderKind.STOP

    @property
    def purpose(self) -> OrderPurpose:
        return OrderPurpose.STOP if self.stops else OrderPurpose.TARGET


Group = tuple[Leg, ...]
Placed = tuple[OrderIntent, ...]


def wanted(
    position: Position,
    style: GuardStyle,
    instrument: Instrument,
    quantity: Decimal | None = None,
    *,
    without: Collection[int] = (),
) -> tuple[Group, ...]:
    """The groups that should rest for `quantity` of a position, all of it unless said otherwise;
    targets `without` are not to rest.

    The stops cover what can be sold of it, no more and no less; the targets never more. A target
    below the instrument's minimum goes with the next, a rest below it with the last target.
    Nothing rests where all of it is below the minimum.
    """
    whole = instrument.amount(position.quantity if quantity is None else quantity)
    stop = instrument.price(position.stop)
    nothing = style is GuardStyle.LOCAL or position.state is PositionState.CLOSED
    if nothing or stop <= 0 or not placeable(whole, stop, instrument):
        return ()
    if style is GuardStyle.STOP:
        return ((Leg(OrderKind.STOP, stop, whole),),)
    targets = _targets(position, whole, stop, instrument, without)
    if style is GuardStyle.SEPARATE:
        return ((Leg(OrderKind.STOP, stop, whole),), *((target,) for target in targets))
    pairs = [(Leg(OrderKind.STOP, stop, leg.quantity), leg) for leg in targets]
    rest = whole - sum((leg.quantity for leg in targets), ZERO)
    alone = ((Leg(OrderKind.STOP, stop, rest),),) if rest else ()
    return (*pairs, *alone)


def _targets(
    position: Position,
    whole: Decimal,
    stop: Decimal,
    instrument: Instrument,
    without: Collection[int],
) -> list[Leg]:
    legs: list[Leg] = []
    left, carried = whole, ZERO
    for index, target in enumerate(position.targets):
        price = instrument.price(target.price)
        if target.done or index in without or price <= 0:
            continue
        quantity = min(instrument.amount(target.quantity + carried), left)
        if placeable(quantity, min(price, stop), instrument):
            legs.append(Leg(OrderKind.LIMIT, price, quantity, index))
            left, carried = left - quantity, ZERO
        else:
            carried = quantity
    if legs and left and not placeable(left, min(legs[-1].price, stop), instrument):
        last = legs[-1]
        legs[-1] = Leg(last.kind, last.price, last.quantity + left, last.target)
    return legs


def placeable(quantity: Decimal, price: Decimal, instrument: Instrument) -> bool:
    if quantity <= 0 or quantity < instrument.min_amount:
        return False
    return quantity * price >= instrument.min_cost


def groups_of(intents: Iterable[OrderIntent]) -> list[Placed]:
    """Unsettled resting orders as they were placed together, oldest first."""
    found: dict[str, list[OrderIntent]] = {}
    for intent in intents:
        found.setdefault(intent.pair or intent.key, []).append(intent)
    return [tuple(group) for group in found.values()]


@dataclass(frozen=True, slots=True)
class Difference:
    """What is missing, and what rests that should not."""

    missing: tuple[Group, ...]
    stale: tuple[Placed, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.stale)

    @property
    def missing_stops(self) -> list[Group]:
        return [group for group in self.missing if covers(group)]


def covers(group: Group) -> bool:
    """Whether a stop is part of it."""
    return any(leg.stops for leg in group)


def fitting(missing: Sequence[Group], free: Decimal) -> list[Group]:
    """The groups for which `free` coins are enough, all of them together."""
    found: list[Group] = []
    for group in missing:
        if group[0].quantity <= free:
            found.append(group)
            free -= group[0].quantity
    return found


def difference(should: Sequence[Group], resting: Iterable[OrderIntent]) -> Difference:
    missing, stale = list(should), []
    for placed in groups_of(resting):
        is_so = tuple(_leg(intent) for intent in placed)
        if is_so in missing:
            missing.remove(is_so)
        else:
            stale.append(placed)
    return Difference(tuple(missing), tuple(stale))


def _leg(intent: OrderIntent) -> Leg:
    return Leg(intent.kind, intent.price or ZERO, intent.left, intent.target)


def replaced(missing: Sequence[Group], stale: Sequence[Placed]) -> list[OrderIntent]:
    """Which stale orders the first missing group takes the quantity of: as many as it needs, and
    all of them where it is the last."""
    if len(missing) == 1:
        return [intent for placed in stale for intent in placed]
    needed, taken = missing[0][0].quantity, list[OrderIntent]()
    for placed in stale:
        if needed <= 0:
            break
        taken.extend(placed)
        needed -= max(intent.left for intent in placed)
    return taken


def without_stop(stale: Iterable[Placed]) -> list[OrderIntent]:
    """Stale orders that lock coins and cover nothing."""
    idle = (placed for placed in stale if not covered(placed))
    return [intent for placed in idle for intent in placed]


def covered(resting: Iterable[OrderIntent]) -> Decimal:
    """How much stops at rest would close, base currency."""
    stops = (item for item in resting if item.kind is OrderKind.STOP and item.state in RESTING)
    return sum((item.left for item in stops), ZERO)


def at_exchange(position: Position, resting: Iterable[OrderIntent]) -> AtExchange:
    """What rests for a position, of several stops the last to be reached."""
    orders = list(resting)
    sign = position.side.sign
    stops = [item.price for item in orders if item.kind is OrderKind.STOP and item.price]
    return AtExchange(
        min(stops, key=lambda price: price * sign, default=None),
        frozenset(item.target for item in orders if item.target is not None),
    )
