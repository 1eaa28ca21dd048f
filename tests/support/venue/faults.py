"""What goes wrong between an exchange and who asks it, on request: once, so many times, by chance.

faults.lose(taken=True)              the next order is taken, its answer never comes
faults.unknown(on=Op.CANCEL)         503 "execution status unknown" to a cancellation
faults.too_many(retry_after=2)       429 to everything until lifted
faults.add(Trouble.BUSY, times=None, chance=0.2)
"""

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.support.venue.account import Account
from tests.support.venue.engine import Engine
from tests.support.venue.records import Ask, Order, OrderType, Refused, Why


class Op(StrEnum):
    """What a request is about. STOP is an order that waits for its trigger, and a pair with one;
    CHANGE is cancel-and-replace or an amendment; LOOKUP asks for orders; READ for anything else of
    the account; PUBLIC needs no key; STREAM opens a stream of the account."""

    ORDER = "order"
    STOP = "stop"
    CHANGE = "change"
    CANCEL = "cancel"
    LOOKUP = "lookup"
    READ = "read"
    PUBLIC = "public"
    STREAM = "stream"


PRIVATE = frozenset(Op) - {Op.PUBLIC}
ORDERS = frozenset({Op.ORDER, Op.STOP, Op.CHANGE})


class Trouble(StrEnum):
    """CUT closes the connection without an answer. UNKNOWN is the 503 after which nobody knows;
    with BUSY it was surely not done. HELD waits for an event, then goes on."""

    CUT_BEFORE = "cut before"
    CUT_AFTER = "cut after"
    UNKNOWN_BEFORE = "unknown, not taken"
    UNKNOWN_AFTER = "unknown, taken"
    BUSY = "busy"
    TOO_MANY = "too many"
    BANNED = "banned"
    HELD_BEFORE = "held before"
    HELD_AFTER = "held after"

    @property
    def after(self) -> bool:
        """It is taken first."""
        return self in (Trouble.CUT_AFTER, Trouble.UNKNOWN_AFTER, Trouble.HELD_AFTER)


@dataclass(eq=False)
class Fault:
    """`times` is None until it is lifted, `until` a monotonic time. `met` counts how often."""

    trouble: Trouble
    on: frozenset[Op]
    times: int | None = 1
    chance: float = 1.0
    retry_after: int = 1
    until: float | None = None
    event: asyncio.Event | None = None
    key: str = ""
    met: int = 0


class Faults:
    def __init__(self, engine: Engine, seed: int = 1) -> None:
        self._engine = engine
        self.luck = Random(seed)
        self.active: list[Fault] = []
        self._stops_refused = 0
        engine.gates.append(self._refuse_stop)

    def add(self, trouble: Trouble, *, on: Op | frozenset[Op] = ORDERS, times: int | None = 1,
            chance: float = 1.0, retry_after: int = 1, seconds: float | None = None,
            event: asyncio.Event | None = None, key: str = "") -> Fault:  # fmt: skip
        """`key` limits it to one account."""
        until = None if seconds is None else time.monotonic() + seconds
        ops = frozenset({on}) if isinstance(on, Op) else on
        fault = Fault(trouble, ops, times, chance, retry_after, until, event, key)
        self.active.append(fault)
        return fault

    def lift(self, fault: Fault | None = None) -> None:
        """One, or all."""
        self.active = [one for one in self.active if fault is not None and one is not fault]

    def lose(self, *, taken: bool, on: Op | frozenset[Op] = ORDERS, times: int | None = 1) -> Fault:
        """The connection is cut instead of an answer."""
        return self.add(Trouble.CUT_AFTER if taken else Trouble.CUT_BEFORE, on=on, times=times)

    def unknown(
        self, *, taken: bool, on: Op | frozenset[Op] = ORDERS, times: int | None = 1
    ) -> Fault:
        trouble = Trouble.UNKNOWN_AFTER if taken else Trouble.UNKNOWN_BEFORE
        return self.add(trouble, on=on, times=times)

    def busy(self, *, on: Op | frozenset[Op] = ORDERS, times: int | None = 1) -> Fault:
        return self.add(Trouble.BUSY, on=on, times=times)

    def too_many(
        self, *, retry_after: int = 1, seconds: float | None = None, times: int | None = None,
        on: Op | frozenset[Op] = frozenset(Op), banned: bool = False,
    ) -> Fault:  # fmt: skip
        """429 (418 when `banned`) to everything until it is lifted or the seconds are over."""
        trouble = Trouble.BANNED if banned else Trouble.TOO_MANY
        return self.add(trouble, on=on, times=times, retry_after=retry_after, seconds=seconds)

    def hold(
        self, event: asyncio.Event, *, taken: bool, on: Op | frozenset[Op] = ORDERS,
        times: int | None = 1,
    ) -> Fault:  # fmt: skip
        """Answers wait for `event`."""
        trouble = Trouble.HELD_AFTER if taken else Trouble.HELD_BEFORE
        return self.add(trouble, on=on, times=times, event=event)

    def skew(self, ms: int) -> None:
        """The exchange's clock is so far ahead of ours (behind, when negative). The times that it
        writes of orders and fills stay true."""
        self._engine.ledger.skew = ms

    def refuse_stops(self, times: int = 1) -> None:
        """The exchange does not take the next stops."""
        self._stops_refused = times

    def expel_stop(self, key: str, symbol: str = "") -> Order:
        """The exchange cancels a resting stop of its own accord."""
        found = [one for one in self._engine.open_orders(key, symbol=symbol) if one.type.is_stop]
        self._engine.expel(found[0])
        return found[0]

    def take(self, op: Op, key: str = "") -> Fault | None:
        """What befalls this request."""
        for fault in list(self.active):
            if fault.until is not None and time.monotonic() >= fault.until:
                self.lift(fault)
            elif op in fault.on and fault.key in ("", key) and self._happens(fault):
                return fault
        return None

    def _happens(self, fault: Fault) -> bool:
        if fault.chance < 1 and self.luck.random() >= fault.chance:
            return False
        fault.met += 1
        if fault.times is not None and fault.met >= fault.times:
            self.lift(fault)
        return True

    def _refuse_stop(self, account: Account, ask: Ask) -> None:
        if self._stops_refused and ask.type in (OrderType.STOP, OrderType.STOP_LIMIT):
            self._stops_refused -= 1
            raise Refused(Why.BY_FAULT)
