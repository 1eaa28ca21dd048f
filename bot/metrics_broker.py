"""A broker whose answers are counted and timed for an operator's monitoring."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from agents.domain.broker import Broker, FillListener, OrderListener
from agents.domain.errors import BrokerAway, BrokerBusy, OrderRejected, OrderUnknown
from agents.domain.market import Instrument
from agents.domain.order import BrokerOrder, OrderIntent
from agents.domain.venue import GuardStyle
from bot.metrics_money import MoneyMetrics

T = TypeVar("T")
_OUTCOMES: tuple[tuple[type[Exception], str], ...] = (
    (OrderUnknown, "unknown"),
    (OrderRejected, "rejected"),
    (BrokerBusy, "busy"),
    (BrokerAway, "away"),
)


class MeasuredBroker:
    """Satisfies Broker, and asks `broker` for everything. `elapsed` counts seconds."""

    def __init__(
        self,
        broker: Broker,
        exchange: str,
        metrics: MoneyMetrics,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self.mode = broker.mode
        self._broker = broker
        self._exchange = exchange
        self._metrics = metrics
        self._elapsed = elapsed

    async def submit(self, intent: OrderIntent, instrument: Instrument) -> BrokerOrder:
        return await self._counted(self._broker.submit(intent, instrument))

    async def rest(
        self,
        orders: Sequence[OrderIntent],
        instrument: Instrument,
        instead_of: Sequence[OrderIntent] = (),
    ) -> Sequence[BrokerOrder]:
        return await self._counted(self._broker.rest(orders, instrument, instead_of))

    async def lookup(self, intent: OrderIntent) -> BrokerOrder | None:
        return await self._broker.lookup(intent)

    async def cancel(self, intent: OrderIntent) -> BrokerOrder | None:
        return await self._broker.cancel(intent)

    def style(self, instrument: Instrument) -> GuardStyle:
        return self._broker.style(instrument)

    def listen(self, listener: FillListener) -> None:
        self._broker.listen(listener)

    def listen_orders(self, listener: OrderListener) -> None:
        self._broker.listen_orders(listener)

    async def _counted(self, sending: Awaitable[T]) -> T:
        """How it went, and how long until the answer."""
        began, outcome = self._elapsed(), "sent"
        try:
            return await sending
        except Exception as fault:
            outcome = next((name for kind, name in _OUTCOMES if isinstance(fault, kind)), "broken")
            raise
        finally:
            self._metrics.order_sent(self._exchange, outcome, self._elapsed() - began)
