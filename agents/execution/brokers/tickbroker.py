"""What the brokers of pretended orders have in common: an order waits for ticks and is filled.

The book is memory only: after a restart `adopt` puts unfinished orders back. Trade ids derive
from the client order id and what was filled before, so that an order put back, or held by two
processes, can't be filled twice.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from agents.domain.broker import FillListener, OrderListener
from agents.domain.errors import OrderRejected
from agents.domain.market import Instrument, Tick
from agents.domain.money import ZERO, exactly
from agents.domain.order import BrokerOrder, Fill, OrderIntent, OrderPurpose, OrderSide, OrderState
from agents.domain.ports import Market
from agents.domain.strategy import Mode
from agents.domain.venue import GuardStyle
from agents.execution.proposals.judging import instrument_of

_REMEMBERED = 10_000


@dataclass(slots=True)
class Waiting:
    """An order that was taken."""

    intent: OrderIntent
    instrument: Instrument
    state: OrderState = OrderState.OPEN
    fills: tuple[Fill, ...] = ()

    @property
    def filled(self) -> Decimal:
        """Base currency; what an earlier process filled is known from the intent."""
        return self.intent.filled + sum((fill.quantity for fill in self.fills), ZERO)

    @property
    def left(self) -> Decimal:
        return self.intent.quantity - self.filled

    @property
    def is_open(self) -> bool:
        return self.state in {OrderState.OPEN, OrderState.PART_FILLED}

    def answer(self) -> BrokerOrder:
        return BrokerOrder(self.intent.client_id, self.state, self.filled, self.fills)


class TickBroker:
    """A broker that fills by the market's ticks. What a mode does differently it overrides:
    `consider`, `due`, `price` and `fee`."""

    def __init__(self, mode: Mode, market: Market) -> None:
        self.mode = mode
        self._market = market
        self._orders: dict[str, Waiting] = {}
        self._open: dict[str, list[Waiting]] = {}
        self._done: deque[str] = deque()
        self._listeners: list[FillListener] = []
        market.listen(self.on_tick)

    # --- what modes differ in -----------------------------------------------------------------

    def consider(self, intent: OrderIntent) -> None:
        """Raises OrderRejected for an order that is not taken."""

    def due(self, order: Waiting, tick: Tick) -> Decimal:
        """How much of an order this tick fills, base currency; zero while it has to wait."""
        return order.left

    def price(self, order: Waiting, quantity: Decimal, tick: Tick) -> Decimal:
        """Quote currency."""
        return tick.price

    def fee(self, value: Decimal) -> Decimal:
        """Of a fill of that value, quote currency."""
        return ZERO

    # --- the port -----------------------------------------------------------------------------

    def listen(self, listener: FillListener) -> None:
        self._listeners.append(listener)

    def listen_orders(self, listener: OrderListener) -> None:
        """No order ends by itself here."""

    async def submit(self, intent: OrderIntent, instrument: Instrument) -> BrokerOrder:
        """A used client order id gets the order that it has, and no second one."""
        known = self._orders.get(intent.client_id)
        if known is not None:
            return known.answer()
        if intent.quantity <= 0 or intent.quantity % instrument.amount_step:
            raise OrderRejected(
                f"The amount {intent.quantity} is no multiple of {instrument.amount_step}."
            )
        self.consider(intent)
        return self._take(intent, instrument).answer()

    async def adopt(self, intents: Sequence[OrderIntent]) -> None:
        """Put orders of an earlier process back. Raises MarketUnavailable, OrderRejected."""
        for intent in intents:
            await self.submit(intent, await instrument_of(self._market, intent.symbol))

    async def rest(
        self,
        orders: Sequence[OrderIntent],
        instrument: Instrument,
        instead_of: Sequence[OrderIntent] = (),
    ) -> Sequence[BrokerOrder]:
        """Raises OrderRejected: nothing rests here, where every tick is watched."""
        raise OrderRejected(f"Nothing rests in {self.mode} trading.")

    def style(self, instrument: Instrument) -> GuardStyle:
        return GuardStyle.LOCAL

    async def lookup(self, intent: OrderIntent) -> BrokerOrder | None:
        known = self._orders.get(intent.client_id)
        return known.answer() if known else None

    async def cancel(self, intent: OrderIntent) -> BrokerOrder | None:
        order = self._orders.get(intent.client_id)
        if order is None:
            return None
        if order.is_open:
            self._open[intent.symbol].remove(order)
            self._finish(order, OrderState.CANCELLED)
        return order.answer()

    # --- ticks --------------------------------------------------------------------------------

    def on_tick(self, tick: Tick) -> None:
        """Fill what is due on this symbol; listeners hear of each fill in the same loop turn."""
        waiting = self._open.get(tick.symbol)
        if not waiting:
            return
        for order in tuple(waiting):
            quantity = self.due(order, tick)
            if quantity <= 0:
                continue
            fill = self._fill(order, quantity, tick)
            order.fills = (*order.fills, fill)
            order.state = OrderState.PART_FILLED
            if order.left <= 0:
                waiting.remove(order)
                self._finish(order, OrderState.FILLED)
            for listener in self._listeners:
                listener(fill)

    def _take(self, intent: OrderIntent, instrument: Instrument) -> Waiting:
        order = Waiting(intent, instrument)
        if intent.filled:
            order.state = OrderState.PART_FILLED
        self._orders[intent.client_id] = order
        self._open.setdefault(intent.symbol, []).append(order)
        return order

    def _fill(self, order: Waiting, quantity: Decimal, tick: Tick) -> Fill:
        intent = order.intent
        price, ruined = self._bounded(intent, self.price(order, quantity, tick))
        with exactly():
            fee = ZERO if ruined else self.fee(price * quantity)
        return Fill(
            client_id=intent.client_id,
            trade_id=f"{intent.client_id}-{order.filled.normalize():f}",
            symbol=intent.symbol,
            side=intent.side,
            price=price,
            quantity=quantity,
            fee=fee,
            fee_currency=order.instrument.quote,
            at=tick.at,
            mark=tick.price,
        )

    def _bounded(self, intent: OrderIntent, price: Decimal) -> tuple[Decimal, bool]:
        """No worse than where the margin is gone, and exactly there for a liquidation, whatever
        the market did since; and whether it came to that. Then the margin is lost and no more,
        not even a fee."""
        worst = intent.price
        if worst is None:
            return price, False
        sells = intent.side is OrderSide.SELL
        beyond = price <= worst if sells else price >= worst
        ruined = beyond or intent.purpose is OrderPurpose.LIQUIDATION
        return (worst, True) if ruined else (price, False)

    def _finish(self, order: Waiting, state: OrderState) -> None:
        order.state = state
        self._done.append(order.intent.client_id)
        while len(self._done) > _REMEMBERED:
            del self._orders[self._done.popleft()]
