"""A broker of paper: fills at the market's next tick, with spread, slippage and fee."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agents.domain.broker import FillListener, OrderListener
from agents.domain.errors import OrderRejected
from agents.domain.market import Instrument, Tick
from agents.domain.money import ONE, ZERO, ceil_to, floor_to
from agents.domain.order import BrokerOrder, Fill, OrderIntent, OrderSide, OrderState
from agents.domain.ports import Market
from agents.domain.risk import Costs
from agents.domain.strategy import Mode
from agents.domain.venue import GuardStyle
from agents.execution.judging import instrument_of

CandleRange = Callable[[str], Decimal | None]
_TWO = Decimal(2)
_REMEMBERED = 10_000


def no_range(_: str) -> Decimal | None:
    """No candle is known: slippage is its floor."""
    return None


@dataclass(slots=True)
class _Order:
    intent: OrderIntent
    instrument: Instrument
    state: OrderState = OrderState.OPEN
    fills: tuple[Fill, ...] = ()

    @property
    def filled(self) -> Decimal:
        return self.intent.filled + sum((fill.quantity for fill in self.fills), ZERO)

    def answer(self) -> BrokerOrder:
        return BrokerOrder(self.intent.client_id, self.state, self.filled, self.fills)


class PaperBroker:
    """`candle_range` gives the last candle's high minus low of a symbol, quote currency.

    The book is memory only: after a restart `adopt` puts unfinished orders back. Trade ids
    derive from the client order id and what was filled before, so that an order put back, or
    held by two processes, can't be filled twice.
    """

    def __init__(
        self,
        mode: Mode,
        market: Market,
        costs: Costs,
        candle_range: CandleRange = no_range,
    ) -> None:
        self.mode = mode
        self._market = market
        self._costs = costs
        self._candle_range = candle_range
        self._orders: dict[str, _Order] = {}
        self._open: dict[str, list[_Order]] = {}
        self._done: deque[str] = deque()
        self._listeners: list[FillListener] = []
        market.listen(self.on_tick)

    def listen(self, listener: FillListener) -> None:
        self._listeners.append(listener)

    def listen_orders(self, listener: OrderListener) -> None:
        """No order on paper ends by itself."""

    async def submit(self, intent: OrderIntent, instrument: Instrument) -> BrokerOrder:
        """A used client order id gets the order that it has, and no second one."""
        known = self._orders.get(intent.client_id)
        if known is not None:
            return known.answer()
        if intent.quantity <= 0 or intent.quantity % instrument.amount_step:
            raise OrderRejected(
                f"The amount {intent.quantity} is no multiple of {instrument.amount_step}."
            )
        order = _Order(intent, instrument)
        self._orders[intent.client_id] = order
        self._open.setdefault(intent.symbol, []).append(order)
        return order.answer()

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
        """Raises OrderRejected: nothing rests on paper, where every tick is watched here."""
        raise OrderRejected("Nothing rests on paper.")

    def style(self, instrument: Instrument) -> GuardStyle:
        return GuardStyle.LOCAL

    async def lookup(self, intent: OrderIntent) -> BrokerOrder | None:
        known = self._orders.get(intent.client_id)
        return known.answer() if known else None

    async def cancel(self, intent: OrderIntent) -> BrokerOrder | None:
        order = self._orders.get(intent.client_id)
        if order is None:
            return None
        if order.state is OrderState.OPEN:
            self._open[intent.symbol].remove(order)
            self._finish(order, OrderState.CANCELLED)
        return order.answer()

    def on_tick(self, tick: Tick) -> None:
        """Fill what waits on this symbol; listeners hear of each fill in the same loop turn."""
        for order in self._open.pop(tick.symbol, ()):
            fill = self._fill(order, tick)
            order.fills = (*order.fills, fill)
            self._finish(order, OrderState.FILLED)
            for listener in self._listeners:
                listener(fill)

    def _fill(self, order: _Order, tick: Tick) -> Fill:
        intent = order.intent
        price = fill_price(
            intent.side, tick, order.instrument, self._costs, self._candle_range(tick.symbol)
        )
        quantity = intent.quantity - intent.filled
        return Fill(
            client_id=intent.client_id,
            trade_id=f"{intent.client_id}-{intent.filled.normalize():f}",
            symbol=intent.symbol,
            side=intent.side,
            price=price,
            quantity=quantity,
            fee=price * quantity * self._costs.fee,
            fee_currency=order.instrument.quote,
            at=tick.at,
            mark=tick.price,
        )

    def _finish(self, order: _Order, state: OrderState) -> None:
        order.state = state
        self._done.append(order.intent.client_id)
        while len(self._done) > _REMEMBERED:
            del self._orders[self._done.popleft()]


def fill_price(
    side: OrderSide,
    tick: Tick,
    instrument: Instrument,
    costs: Costs,
    candle_range: Decimal | None,
) -> Decimal:
    """What a market order gets at `tick`: ask or bid (half the spread where there are none),
    slippage on top, rounded against the trader; never below one price step."""
    half = costs.spread / _TWO
    slippage = max(tick.price * costs.slippage_floor, costs.slippage_of_range * (candle_range or 0))
    if side is OrderSide.BUY:
        ask = tick.ask if tick.ask is not None else tick.price * (ONE + half)
        return ceil_to(ask + slippage, instrument.price_step)
    bid = tick.bid if tick.bid is not None else tick.price * (ONE - half)
    return max(floor_to(bid - slippage, instrument.price_step), instrument.price_step)
