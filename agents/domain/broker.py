"""The broker port: where orders go, whose money ever it is."""

from collections.abc import Callable, Sequence
from typing import Protocol

from agents.domain.market import Instrument
from agents.domain.order import BrokerOrder, Fill, OrderIntent
from agents.domain.strategy import Mode
from agents.domain.venue import GuardStyle

FillListener = Callable[[Fill], None]
OrderListener = Callable[[BrokerOrder], None]


class Broker(Protocol):
    """Where orders go. One implementation per mode; nothing above it knows the mode.

    Every method may raise BrokerBusy (it took nothing, and asks to wait) and BrokerAway (it
    could not be asked).
    """

    mode: Mode

    async def submit(self, intent: OrderIntent, instrument: Instrument) -> BrokerOrder:
        """Send a market order once. Raises OrderUnknown when no answer came, OrderRejected when
        it was refused; BrokerBusy and BrokerAway only when it surely did not arrive."""

    async def rest(
        self,
        orders: Sequence[OrderIntent],
        instrument: Instrument,
        instead_of: Sequence[OrderIntent] = (),
    ) -> Sequence[BrokerOrder]:
        """Place one resting order, or the two of one pair, once; the answers in their order.

        `instead_of` are resting orders whose quantity they need: a venue that locks it replaces
        them atomically where it can, and cancels them just before where it can't. Raises as
        `submit` does, and StopTooNear.
        """

    async def lookup(self, intent: OrderIntent) -> BrokerOrder | None:
        """What the broker knows of an order; None when it never saw it."""

    async def cancel(self, intent: OrderIntent) -> BrokerOrder | None:
        """Cancel what is still open; the state afterwards, with what was filled before. The other
        one of a pair is cancelled with it."""

    def style(self, instrument: Instrument) -> GuardStyle:
        """How stops and targets rest here."""

    def listen(self, listener: FillListener) -> None:
        """Call `listener` for every fill that was not part of an answer; at times twice."""

    def listen_orders(self, listener: OrderListener) -> None:
        """Call `listener` when an order ends without our asking: cancelled, expired, rejected."""
