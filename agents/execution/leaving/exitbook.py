"""Every open position's stops and targets, sorted by price: a tick looks only at what it hits.

What rests at an exchange is not watched here (`rests`), except for a stop that should have been
filled by then. Per symbol there are two sorted lists, one of triggers that a falling price
reaches (stops of longs, targets of shorts) and one for a rising price, and the trailing stops of
both sides (see `trails`). The nearest triggers bound a quiet zone: a tick inside it costs one
comparison chain.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from agents.domain.market import Tick
from agents.domain.money import ZERO
from agents.domain.position import Position, PositionState, Trailed
from agents.domain.strategy import Mode, Side
from agents.execution.leaving.lanes import BREAK_EVEN, LIQUIDATION, OVERDUE, STOP, Entry, Lane
from agents.execution.leaving.trails import signed_stop

OVERDUE_R = Decimal("0.25")  # so far beyond a resting stop it should have been filled


class TriggerKind(StrEnum):
    STOP = "stop"
    TRAILING_STOP = "trailing stop"
    TARGET = "target"
    BREAK_EVEN = "break even"
    LIQUIDATION = "liquidation"
    OVERDUE = "overdue"  # a stop that rests at the exchange should have been filled by now


@dataclass(frozen=True, slots=True)
class Trigger:
    """`price` is the level that was reached; `index` that of the target."""

    position_id: int
    kind: TriggerKind
    price: Decimal
    index: int = -1


_NONE: list[Trigger] = []


@dataclass(frozen=True, slots=True)
class AtExchange:
    """What rests at the exchange for a position and is not watched here: the stop at its price
    (None: it is watched here), and targets by index."""

    stop: Decimal | None = None
    targets: frozenset[int] = frozenset()


Follower = Callable[[Position], None]


@dataclass(slots=True)
class Held:
    """A position as it was stored last. `in_flight` is what unsettled exit orders will close;
    `stop` and `best` are where they are by now, trailing aside (see `ExitBook.freshest`)."""

    position: Position
    in_flight: Decimal
    stop: Decimal
    best: Decimal
    entries: list[Entry] = field(default_factory=list)
    trails: bool = False

    @classmethod
    def of(cls, position: Position, in_flight: Decimal) -> "Held":
        return cls(position, in_flight, position.stop, position.best)

    @property
    def free(self) -> Decimal:
        """What no exit order is under way for."""
        return self.position.sellable - self.in_flight


class ExitBook:
    """`unarmed` are positions whose exit order failed: they are read and armed again later."""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}
        self._lanes: dict[str, Lane] = {}
        self.unarmed: set[int] = set()
        self._at_exchange: dict[int, AtExchange] = {}
        self._followers: list[Follower] = []
        self._stirred: set[int] = set()  # positions whose stop is to be written anew

    def __len__(self) -> int:
        return len(self._held)

    def held(self, position_id: int) -> Held | None:
        return self._held.get(position_id)

    def positions(self) -> list[Position]:
        """Every position that is followed, as it was stored last."""
        return [held.position for held in self._held.values()]

    def symbols(self) -> set[str]:
        return {held.position.symbol for held in self._held.values()}

    # --- following ----------------------------------------------------------------------------

    def listen(self, follower: Follower) -> None:
        """Have `follower` called for each position that was stored anew."""
        self._followers.append(follower)

    def follow(self, position: Position, in_flight: Decimal = ZERO) -> None:
        """Watch `position` as it is stored now, in place of what was known of it; a stop that
        has trailed further than the stored one is kept. A closed one is forgotten, one that is
        being closed is kept without triggers. An older version than the known one is ignored:
        another change was committed in between."""
        known = self._held.get(position.id)
        if known is not None and known.position.version > position.version:
            return
        self._hold(position, in_flight)
        for follower in self._followers:
            follower(position)

    def unarm(self, position: Position) -> None:
        """An exit of it failed, and it was stored anew: read and armed again a little later."""
        self.unarmed.add(position.id)
        for follower in self._followers:
            follower(position)

    def rests(self, position_id: int, what: AtExchange | None) -> None:
        """What rests at the exchange from now on, and is not watched here."""
        before = self._at_exchange.pop(position_id, None)
        if what is not None and what != AtExchange():
            self._at_exchange[position_id] = what
        held = self._held.get(position_id)
        if held is not None and before != self._at_exchange.get(position_id):
            self._hold(held.position, held.in_flight)

    def at_exchange(self, position_id: int) -> AtExchange | None:
        return self._at_exchange.get(position_id)

    def lagging(self, position_ids: Iterable[int], step: Decimal) -> list[int]:
        """Those whose stop trailed at least `step` R, or that part of the trailing distance where
        it is less, beyond the one at rest."""
        if not self._at_exchange:
            return []
        return [number for number in position_ids if self._lags(number, step)]

    def _lags(self, position_id: int, step: Decimal) -> bool:
        resting, held = self._at_exchange.get(position_id), self._held.get(position_id)
        if resting is None or resting.stop is None or held is None:
            return False
        position = held.position
        gained = (self._levels(held)[0] - resting.stop) * position.side.sign
        return gained > 0 and gained >= step * trailing_unit(position)

    def _hold(self, position: Position, in_flight: Decimal) -> None:
        if position.id in self._held and _trails(position):
            self._stirred.add(position.id)  # it may have trailed while it was stored
        position = self.freshest(position)
        self.forget(position.id)
        if position.state is PositionState.CLOSED:
            self._at_exchange.pop(position.id, None)
            return
        held = self._held[position.id] = Held.of(position, in_flight)
        if position.state is PositionState.OPEN and held.free > 0:
            self._arm(held)

    def forget(self, position_id: int) -> None:
        held = self._held.pop(position_id, None)
        if held is not None:
            self._disarm(held)

    def freshest(self, position: Position) -> Position:
        """`position` with the better of its own stop and best price and of those in the book."""
        held = self._held.get(position.id)
        if held is None:
            return position
        stop, best = self._levels(held)
        better = max if position.side is Side.LONG else min
        stop, best = better(position.stop, stop), better(position.best, best)
        if (stop, best) == (position.stop, position.best):
            return position
        return replace(position, stop=stop, best=best)

    def stir(self, position_ids: Iterable[int]) -> None:
        """Have the trailing stops of these positions written again."""
        self._stirred.update(position_ids)

    def risen(self) -> list[int]:
        """The positions whose trailing stop moved since this was last called, or may have."""
        lanes = self._lanes.values()
        risen = [number for lane in lanes for side in lane.sides for number in side.risen()]
        stirred, self._stirred = self._stirred.difference(risen), set()
        return [*risen, *sorted(stirred)]

    def levels(self, position_ids: Iterable[int]) -> dict[int, Trailed]:
        """Stop and best by now of those of these positions that are still watched."""
        held = (self._held.get(number) for number in position_ids)
        return {
            item.position.id: Trailed(*self._levels(item), item.position.version)
            for item in held
            if item is not None
        }

    # --- ticks --------------------------------------------------------------------------------

    def on_tick(self, tick: Tick) -> list[Trigger]:
        """What this tick sets off, in the order of positions' ids; a target or a break-even once,
        and a stop takes everything else of its position with it.

        Ticks that are not newer than a position leave it alone. Where a stop and a target are
        both reached, the stop wins.
        """
        lane = self._lanes.get(tick.symbol)
        if lane is None or lane.low < tick.price < lane.high:
            return _NONE
        triggers = self._fire(lane, tick)
        lane.long.rise(tick.price)
        lane.short.rise(-tick.price)
        lane.bind()
        return triggers

    def _fire(self, lane: Lane, tick: Tick) -> list[Trigger]:
        hits: dict[int, list[Trigger]] = {}
        for price, position_id, code in lane.reached(tick.price):
            hits.setdefault(position_id, []).append(_trigger(price, position_id, code))
        for side, signed in ((lane.long, tick.price), (lane.short, -tick.price)):
            for position_id in side.hit(signed):
                if self._stop_rests(position_id):
                    continue
                hits.setdefault(position_id, []).append(self._trail_trigger(position_id))
        triggers: list[Trigger] = []
        for position_id in sorted(hits):
            held = self._held[position_id]
            if tick.at > held.position.opened_at:
                triggers.extend(self._spend(held, hits[position_id]))
        return triggers

    def _stop_rests(self, position_id: int) -> bool:
        resting = self._at_exchange.get(position_id)
        return resting is not None and resting.stop is not None

    def _trail_trigger(self, position_id: int) -> Trigger:
        position = self._held[position_id].position
        signed = self._lanes[position.symbol].trails(position.side).best_of(position_id)
        price = signed_stop(signed, position.trailing) * position.side.sign
        return Trigger(position_id, TriggerKind.TRAILING_STOP, price)

    def _spend(self, held: Held, hits: list[Trigger]) -> list[Trigger]:
        """What counts of a position's hits; they don't hit again."""
        sign = held.position.side.sign
        stops = [hit for hit in hits if hit.kind in _STOPS]
        if stops:
            self._disarm(held)
            if gone := [hit for hit in stops if hit.kind is TriggerKind.LIQUIDATION]:
                return gone
            trails = TriggerKind.TRAILING_STOP
            return [max(stops, key=lambda hit: (hit.price * sign, hit.kind is trails))]
        spent = {_CODES.get(hit.kind, hit.index) for hit in hits}
        lane = self._lanes[held.position.symbol]
        for entry in [entry for entry in held.entries if entry[2] in spent]:
            lane.column(held.position.side, entry[2]).remove(entry)
            held.entries.remove(entry)
        return sorted(hits, key=lambda hit: hit.index)

    # --- arming -------------------------------------------------------------------------------

    def _arm(self, held: Held) -> None:
        position = held.position
        lane = self._lanes.get(position.symbol)
        if lane is None:
            lane = self._lanes[position.symbol] = Lane()
        held.entries = _entries(position, self._at_exchange.get(position.id))
        for entry in held.entries:
            lane.column(position.side, entry[2]).add(entry)
        held.trails = _trails(position)
        if held.trails:
            best = position.best * position.side.sign
            lane.trails(position.side).add(position.id, best, position.trailing)
        lane.unbound()

    def _disarm(self, held: Held) -> None:
        position = held.position
        if not held.entries and not held.trails:
            return
        lane = self._lanes[position.symbol]
        if held.trails:
            held.stop, held.best = self._levels(held)
            lane.trails(position.side).remove(position.id, position.trailing)
            held.trails = False
        for entry in held.entries:
            lane.column(position.side, entry[2]).remove(entry)
        held.entries = []
        lane.unbound()

    def _levels(self, held: Held) -> tuple[Decimal, Decimal]:
        """The present stop and best price of a position, trailing included."""
        position = held.position
        if not held.trails:
            return held.stop, held.best
        sign = position.side.sign
        best = self._lanes[position.symbol].trails(position.side).best_of(position.id)
        trailed = signed_stop(best, position.trailing) * sign
        better = max if position.side is Side.LONG else min
        return better(held.stop, trailed), best * sign


_CODES = {TriggerKind.BREAK_EVEN: BREAK_EVEN, TriggerKind.OVERDUE: OVERDUE}
_STOPS = (TriggerKind.STOP, TriggerKind.TRAILING_STOP, TriggerKind.LIQUIDATION)


def _trails(position: Position) -> bool:
    return position.trailing.distance is not None or position.trailing.percent is not None


def _trigger(price: Decimal, position_id: int, code: int) -> Trigger:
    if code == STOP:
        return Trigger(position_id, TriggerKind.STOP, price)
    if code == BREAK_EVEN:
        return Trigger(position_id, TriggerKind.BREAK_EVEN, price)
    if code == LIQUIDATION:
        return Trigger(position_id, TriggerKind.LIQUIDATION, price)
    if code == OVERDUE:
        return Trigger(position_id, TriggerKind.OVERDUE, price)
    return Trigger(position_id, TriggerKind.TARGET, price, code)


def trailing_unit(position: Position) -> Decimal:
    """One R, or the distance at which the stop trails where that is less, quote currency."""
    trailing = position.trailing
    if trailing.distance is not None:
        return min(position.risk_per_unit, trailing.distance)
    if trailing.percent is not None:
        return min(position.risk_per_unit, position.best * trailing.percent / 100)
    return position.risk_per_unit


def _entries(position: Position, resting: AtExchange | None = None) -> list[Entry]:
    entries: list[Entry] = [(position.stop, position.id, STOP)]
    if resting is not None and resting.stop is not None:
        slack = OVERDUE_R * position.risk_per_unit * position.side.sign
        entries = [(resting.stop - slack, position.id, OVERDUE)]
    elsewhere = resting.targets if resting is not None else ()
    if position.liquidation is not None and position.mode is not Mode.LIVE:
        entries.append((position.liquidation, position.id, LIQUIDATION))
    for index, target in enumerate(position.targets):
        if not target.done and target.quantity > 0 and index not in elsewhere:
            entries.append((target.price, position.id, index))
    after_r, sign = position.trailing.breakeven_r, position.side.sign
    if after_r is not None and (position.entry_price - position.stop) * sign > 0:
        level = position.entry_price + after_r * position.risk_per_unit * sign
        entries.append((level, position.id, BREAK_EVEN))
    return entries
