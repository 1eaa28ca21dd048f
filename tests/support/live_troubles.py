"""What goes wrong in a kill test of real money: a fault of the exchange, and a SIGKILL."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests.support.live_crew import KEY, LiveCrew
from tests.support.venue.faults import PRIVATE, Op, Trouble

_ORDERS = (Op.ORDER, Op.STOP, Op.CHANGE, Op.CANCEL)
_OPS = (*_ORDERS, Op.LOOKUP, Op.READ)

POINTS: Mapping[str, tuple[str, ...]] = {
    "entry": (
        *("proposal.stored", "autopilot.marking", "approval.marked", "approval.ordering"),
        *("approval.ordered", "order.sending", "order.submitted", "order.unknown"),
        *("order.failing", "order.recorded", "fill.booking", "fill.accounting", "fill.telling"),
        *("fill.booked", "guard.storing", "guard.stored", "guard.placed", "guard.recorded"),
    ),
    "stop": ("fill.booking", "fill.accounting", "fill.telling", "fill.booked"),
    "target": (
        *("fill.booking", "fill.accounting", "fill.telling", "fill.booked", "guard.storing"),
        *("guard.stored", "guard.placed", "guard.recorded", "guard.cancelling"),
        "guard.cancelled",
    ),
    "close": (
        *("exit.storing", "exit.stored", "exit.released", "guard.cancelling", "guard.cancelled"),
        *("order.sending", "order.submitted", "order.unknown", "order.recorded", "fill.booking"),
        *("fill.accounting", "fill.telling", "fill.booked"),
    ),
    "expel": ("guard.storing", "guard.stored", "guard.placed", "guard.recorded"),
    "panic": (
        *("panic.marking", "panic.marked", "panic.flat", "exit.storing", "exit.stored"),
        *("exit.released", "guard.cancelling", "guard.cancelled", "order.sending"),
        *("order.submitted", "order.recorded", "fill.booked"),
    ),
}
_MOVING = (*POINTS["expel"], "guard.cancelling", "guard.cancelled")
POINTS = {
    **POINTS,
    "half": POINTS["close"] + POINTS["expel"],
    "trail": _MOVING,
    "sl": ("stop.moving", "stop.moved", *_MOVING),
}


@dataclass
class Fault:
    """`begin` lets it happen, `end` lets the exchange answer again; it may be over before."""

    name: str
    begin: Callable[[], Awaitable[None]]
    end: Callable[[], Awaitable[None]]


@dataclass
class Weather:
    """Chooses faults."""

    crew: LiveCrew
    chance: random.Random

    def fault(self) -> Fault:
        kinds = (self._calm, *[self._answer] * 5, self._busy, self._skewed, self._streams)
        more = (self._streams, self._stops, self._slow, self._slow, self._parts, self._away)
        return self.chance.choice((*kinds, *more))()

    def clear(self) -> None:
        """Nothing is wrong any more, and what was being filled in parts is filled."""
        self.crew.venue.faults.lift()
        self.crew.venue.faults.refuse_stops(0)
        self.crew.engine.slicing.parts = 1
        self.crew.engine.settle(10)

    # --- the faults ---------------------------------------------------------------------------

    def _calm(self) -> Fault:
        return Fault("none", _nothing, _nothing)

    def _answer(self) -> Fault:
        """An answer is lost, or is "nobody knows", or "not now"."""
        troubles = (Trouble.CUT_AFTER, Trouble.CUT_BEFORE, Trouble.UNKNOWN_AFTER)
        trouble = self.chance.choice((*troubles, Trouble.UNKNOWN_BEFORE, Trouble.BUSY))
        op, times = self.chance.choice(_OPS), self.chance.choice((1, 1, 2, 3))
        on: Op | frozenset[Op] = op if self.chance.random() < 0.7 else PRIVATE

        async def begin() -> None:
            self.crew.venue.faults.add(trouble, on=on, times=times)

        where = op if on is op else "anything"
        return Fault(f"{trouble.value} on {where} x{times}", begin, _nothing)

    def _busy(self) -> Fault:
        seconds, banned = self.chance.uniform(0.1, 0.6), self.chance.random() < 0.4

        async def begin() -> None:
            self.crew.venue.faults.too_many(retry_after=1, seconds=seconds, banned=banned)

        return Fault(f"{418 if banned else 429} for {seconds:.1f} s", begin, _nothing)

    def _skewed(self) -> Fault:
        ms = self.chance.choice((-90_000, -8_000, 2_500, 8_000, 90_000))

        async def begin() -> None:
            self.crew.venue.faults.skew(ms)

        async def end() -> None:
            self.crew.venue.faults.skew(0)

        return Fault(f"clock ahead by {ms} ms", begin, end)

    def _streams(self) -> Fault:
        if self.chance.random() < 0.5:
            return Fault("sockets dropped", self.crew.venue.drop, _nothing)

        async def begin() -> None:
            self.crew.venue.mute()

        async def end() -> None:
            self.crew.venue.mute(False)

        return Fault("sockets silent", begin, end)

    def _stops(self) -> Fault:
        times = self.chance.choice((1, 1, 2))

        async def begin() -> None:
            self.crew.venue.faults.refuse_stops(times)

        return Fault(f"stop refused x{times}", begin, _nothing)

    def _slow(self) -> Fault:
        on, taken = self.chance.choice(_OPS), self.chance.random() < 0.5
        seconds, released = self.chance.uniform(0.1, 1.0), asyncio.Event()

        async def begin() -> None:
            self.crew.venue.faults.hold(released, taken=taken, on=on, times=2)
            asyncio.get_running_loop().call_later(seconds, released.set)

        async def end() -> None:
            released.set()

        when = "after" if taken else "before"
        return Fault(f"slow {when} {on} for {seconds:.1f} s", begin, end)

    def _parts(self) -> Fault:
        parts = self.chance.choice((2, 3, 5))

        async def begin() -> None:
            self.crew.engine.slicing.parts = parts
            loop, every = asyncio.get_running_loop(), self.chance.uniform(0.05, 0.3)
            for more in range(1, 2 * parts):
                loop.call_later(every * more, self.crew.engine.settle)

        return Fault(f"filled in {parts} parts", begin, _nothing)

    def _away(self) -> Fault:
        seconds = self.chance.uniform(0.1, 0.8)
        back = asyncio.Event()

        async def begin() -> None:
            await self.crew.venue.down()
            asyncio.get_running_loop().call_later(seconds, back.set)

        async def end() -> None:
            await back.wait()
            await self.crew.venue.up()

        return Fault("exchange out of reach", begin, end)


def expel(crew: LiveCrew, coin: str) -> bool:
    """The exchange cancels a stop by itself; False when there is none."""
    stops = [one for one in crew.engine.open_orders(KEY, symbol=f"{coin}USDT") if one.type.is_stop]
    if stops:
        crew.engine.expel(crew.chance.choice(stops))
    return bool(stops)


async def _nothing() -> None:
    pass
