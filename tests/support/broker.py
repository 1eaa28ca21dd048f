"""A broker that does what a test tells it: accepts, rejects, or loses its answer."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from agents.domain.broker import FillListener, OrderListener
from agents.domain.errors import OrderRejected, OrderUnknown
from agents.domain.market import Instrument
from agents.domain.order import BrokerOrder, Fill, OrderIntent, OrderState
from agents.domain.strategy import Mode
from agents.domain.venue import GuardStyle

_OPEN = frozenset({OrderState.OPEN, OrderState.PART_FILLED})


class ScriptedBroker:
    """Its book outlives the processes that talk to it, as an exchange's does.

    `script` holds what happens to the next submissions: "accept", "reject", "lost" (it never
    arrived), "unanswered" (it arrived, the answer was lost), or "crash". An empty script accepts.
    Like Binance it refuses a used client order id only while that order is open.
    """

    mode = Mode.PAPER

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.script: deque[str] = deque()
        self.arrived: list[str] = []
        self.lookups: list[str] = []
        self.book: dict[str, BrokerOrder] = {}
        self.intents: dict[str, OrderIntent] = {}
        self._now = now
        self._listeners: list[FillListener] = []

    def listen(self, listener: FillListener) -> None:
        self._listeners.append(listener)

    def forget_listeners(self) -> None:
        """The process that listened is gone."""
        self._listeners.clear()

    async def submit(self, intent: OrderIntent, instrument: Instrument) -> BrokerOrder:
        what = self.script.popleft() if self.script else "accept"
        if what == "lost":
            raise OrderUnknown
        if what == "reject":
            raise OrderRejected("Margin is insufficient.")
        if what == "crash":
            raise ZeroDivisionError("a fault nobody thought of")
        known = self.book.get(intent.client_id)
        if known and known.state in _OPEN:
            raise OrderRejected("Duplicate order sent.")
        self.arrived.append(intent.client_id)
        self.intents[intent.client_id] = intent
        self.book[intent.client_id] = BrokerOrder(intent.client_id, OrderState.OPEN, Decimal(0))
        if what == "unanswered":
            raise OrderUnknown
        return self.book[intent.client_id]

    async def rest(
        self,
        orders: Sequence[OrderIntent],
        instrument: Instrument,
        instead_of: Sequence[OrderIntent] = (),
    ) -> Sequence[BrokerOrder]:
        raise OrderRejected("Nothing rests here.")

    def style(self, instrument: Instrument) -> GuardStyle:
        return GuardStyle.LOCAL

    def listen_orders(self, listener: OrderListener) -> None:
        """No order ends by itself here."""

    async def lookup(self, intent: OrderIntent) -> BrokerOrder | None:
        self.lookups.append(intent.client_id)
        return self.book.get(intent.client_id)

    async def cancel(self, intent: OrderIntent) -> BrokerOrder | None:
        known = self.book.get(intent.client_id)
        if known and known.state in _OPEN:
            self.book[intent.client_id] = replace(known, state=OrderState.CANCELLED)
        return self.book.get(intent.client_id)

    def fill(
        self,
        client_id: str,
        price: str,
        part: str | None = None,
        *,
        tell: bool = True,
        fee: tuple[Decimal, str, Decimal | None] | None = None,
    ) -> Fill:
        """Fill an open order, or `part` of it; without `tell` only a look-up finds out. `fee`: how
        much of which coin, and what that is worth in quote where it is a third."""
        known, intent = self.book[client_id], self.intents[client_id]
        quantity = Decimal(part) if part else intent.quantity - known.filled
        filled = known.filled + quantity
        usual = (Decimal(price) * quantity * Decimal("0.0006"), "USDT", None)
        taken, coin, worth = fee or usual
        fill = Fill(
            client_id=client_id,
            trade_id=f"t{len(known.fills) + 1}",
            symbol=intent.symbol,
            side=intent.side,
            price=Decimal(price),
            quantity=quantity,
            fee=taken,
            fee_currency=coin,
            at=self._now(),
            mark=Decimal(price),
            fee_value=worth,
        )
        state = OrderState.FILLED if filled >= intent.quantity else OrderState.PART_FILLED
        self.book[client_id] = BrokerOrder(client_id, state, filled, (*known.fills, fill))
        for listener in self._listeners if tell else ():
            listener(fill)
        return fill
