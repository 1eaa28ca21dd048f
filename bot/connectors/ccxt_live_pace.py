"""How fast one exchange is asked, whoever of its users asks: urgent requests do not queue, and
after "too many requests" nobody asks until the exchange allows it.

Exchanges count requests by the minute and allow more than ccxt's even pace, so that what does not
queue has room; it is counted, and those that queue wait the longer for it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from agents.domain.errors import BrokerBusy

_BURST = 5.0
"""Seconds' worth of requests that may go out at once after a quiet time."""


class Pace:
    def __init__(
        self,
        elapsed: Callable[[], float] = time.monotonic,
        cost: float = 1.0,
        others: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`cost` is what a request costs, as a part of what ccxt says; `others` are the seconds
        for which the exchange told others here to wait."""
        self._elapsed = elapsed
        self._cost = cost
        self._others = others
        self._free_at = elapsed() - _BURST
        self._held_until = 0.0
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def held(self) -> float:
        """Seconds for which nothing may be asked."""
        return max(0.0, self._held_until - self._elapsed(), self._others())

    def hold(self, seconds: float) -> None:
        """The exchange asked to wait; who waits for a turn is told so."""
        self._held_until = max(self._held_until, self._elapsed() + seconds)
        waiting, self._waiting = self._waiting, deque()
        for _, turn in waiting:
            if not turn.done():
                turn.set_exception(self._busy())

    async def turn(self, seconds: float, *, urgent: bool) -> None:
        """Return when a request that costs `seconds` of the exchange's patience may go out.
        Raises BrokerBusy while the exchange asks to wait."""
        if self.held:
            raise self._busy()
        if urgent:
            self._spend(seconds)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((seconds, turn))
        self._go_on()
        await turn

    def _busy(self) -> BrokerBusy:
        return BrokerBusy(f"The exchange asks to wait {self.held:.0f} s.", max(0.1, self.held))

    def _go_on(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            now = self._elapsed()
            if self._free_at > now:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._free_at - now, self._go_on)
                return
            seconds, turn = self._waiting.popleft()
            if not turn.done():
                self._spend(seconds)
                turn.set_result(None)

    def _spend(self, seconds: float) -> None:
        self._free_at = max(self._elapsed() - _BURST, self._free_at) + seconds * self._cost
