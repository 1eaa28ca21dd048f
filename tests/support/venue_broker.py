"""An exchange in memory on which orders rest, in every guard style, and which fails as told."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from agents.domain.broker import FillListener, OrderListener
from agents.domain.errors import (
    BrokerAway,
    BrokerBusy,
    OrderRejected,
    OrderUnknown,
    StopTooNear,
)
from agents.domain.market import Instrument
from agents.domain.order import (
    BrokerOrder,
    Fill,
    OrderIntent,
    OrderKind,
    OrderSide,
    OrderState,
)
from agents.domain.strategy import Mode
from agents.domain.venue import GuardStyle

_LIVE = frozenset({OrderState.OPEN, OrderState.PART_FILLED})


@dataclass
class Kept:
    """An order in the exchange's book."""

    intent: OrderIntent
    venue_id: str
    state: OrderState = OrderState.OPEN
    filled: Decimal = Decimal(0)
    fills: tuple[Fill, ...] = ()

    @property
    def left(self) -> Decimal:
        return self.intent.quantity - self.filled

    @property
    def live(self) -> bool:
        return self.state in _LIVE

    def answer(self) -> BrokerOrder:
        return BrokerOrder(
            self.intent.client_id, self.state, self.filled, self.fills, venue_id=self.venue_id
        )


class VenueBroker:
    """Its book outlives the processes that talk to it.

    `faults` are what happens to the next calls of a name (submit, rest, cancel, lookup): "busy",
    "away", "reject", "near", "lost" (it never arrived), "unanswered" (it arrived, the answer was
    lost), "later" (a market order waits for `fill`), "" (nothing). `busy` and `down` hold until
    they are taken back. With `tells` off only look-ups find out. `part` is the share of an order
    that the next executions fill.
    """

    mode = Mode.PAPER

    def __init__(self, now: Callable[[], datetime], style: GuardStyle) -> None:
        self.guard_style = style
        self.faults: dict[str, deque[str]] = {}
        self.busy: float | None = None
        self.down = False
        self.tells = True
        self.part = Decimal(1)
        self.fee_in_coin = False  # of what is bought, as spot markets take it
        self.price = Decimal(60_000)
        self.arrived: list[str] = []
        self.calls: list[str] = []
        self.kept: dict[str, Kept] = {}
        self.held: dict[str, Decimal] = {}  # symbol → base currency, shorts negative
        self._now = now
        self._listeners: list[FillListener] = []
        self._order_listeners: list[OrderListener] = []

    # --- the port -----------------------------------------------------------------------------

    def listen(self, listener: FillListener) -> None:
        self._listeners.append(listener)

    def listen_orders(self, listener: OrderListener) -> None:
        self._order_listeners.append(listener)

    def forget_listeners(self) -> None:
        """The process that listened is gone."""
        self._listeners.clear()
        self._order_listeners.clear()

    def style(self, instrument: Instrument) -> GuardStyle:
        return self.guard_style

    async def submit(self, intent: OrderIntent, instrument: Instrument) -> BrokerOrder:
        what = self._called("submit")
        if intent.reduces:
            self._check_room(intent, instrument)
        kept = self._keep(intent)
        if what == "unanswered":
            self._execute(kept)
            raise OrderUnknown
        if what != "later":
            self._execute(kept, answered=True)
            if intent.reduces and kept.left and not self.held[intent.symbol]:
                kept.state = OrderState.EXPIRED
        return kept.answer()

    async def rest(
        self,
        orders: Sequence[OrderIntent],
        instrument: Instrument,
        instead_of: Sequence[OrderIntent] = (),
    ) -> Sequence[BrokerOrder]:
        what = self._called("rest")
        for old in instead_of:
            self._end(self.kept[old.client_id], OrderState.CANCELLED, tell=False)
        for order in orders:
            assert order.price is not None
            if order.kind is OrderKind.STOP and self._reached(order):
                raise StopTooNear
        self._check_room(orders[0], instrument)
        kept = [self._keep(order) for order in orders]
        if what == "unanswered":
            raise OrderUnknown
        return [one.answer() for one in kept]

    async def lookup(self, intent: OrderIntent) -> BrokerOrder | None:
        self._called("lookup")
        known = self.kept.get(intent.client_id)
        return known.answer() if known else None

    async def cancel(self, intent: OrderIntent) -> BrokerOrder | None:
        what = self._called("cancel")
        known = self.kept.get(intent.client_id)
        if known is None:
            return None
        for other in self._pair(known):
            self._end(other, OrderState.CANCELLED, tell=False)
        self._end(known, OrderState.CANCELLED, tell=False)
        if what == "unanswered":
            raise OrderUnknown
        return known.answer()

    # --- what the market and the exchange do --------------------------------------------------

    def trade(self, price: Decimal | str | int, symbol: str = "BTC/USDT") -> None:
        """The market trades there: resting orders that it reaches are executed."""
        self.price = Decimal(price)
        for kept in list(self.kept.values()):
            waits = kept.live and kept.intent.symbol == symbol and kept.intent.rests
            if waits and self._reached(kept.intent):
                self._execute(kept)

    def fill(self, client_id: str, quantity: str | Decimal | None = None) -> None:
        """Execute a waiting order, or a part of it."""
        kept = self.kept[client_id]
        self._fill(kept, kept.left if quantity is None else Decimal(quantity))

    def drop(
        self, client_id: str, state: OrderState = OrderState.CANCELLED, *, alone: bool = False
    ) -> None:
        """The exchange ends an order by itself; `alone`: the other of its pair goes on."""
        kept = self.kept[client_id]
        for other in () if alone else self._pair(kept):
            self._end(other, state)
        self._end(kept, state)

    def resting(self, symbol: str = "BTC/USDT") -> list[Kept]:
        mine = [kept for kept in self.kept.values() if kept.intent.symbol == symbol]
        return [kept for kept in mine if kept.live and kept.intent.rests]

    def stopped(self, symbol: str = "BTC/USDT") -> Decimal:
        """How much the resting stops would close."""
        stops = [one for one in self.resting(symbol) if one.intent.kind is OrderKind.STOP]
        return sum((one.left for one in stops), Decimal(0))

    # --- inside -------------------------------------------------------------------------------

    def _called(self, name: str) -> str:
        self.calls.append(name)
        script = self.faults.get(name)
        what = script.popleft() if script else ""
        if self.down or what == "away":
            raise BrokerAway
        if self.busy is not None or what == "busy":
            raise BrokerBusy(retry_after=self.busy or 2)
        if what == "lost":
            raise OrderUnknown
        if what == "reject":
            raise OrderRejected("Filter failure.")
        if what == "near":
            raise StopTooNear
        return what

    def _keep(self, intent: OrderIntent) -> Kept:
        known = self.kept.get(intent.client_id)
        if known is not None and known.live:
            raise OrderRejected("Duplicate order sent.")
        self.arrived.append(intent.client_id)
        kept = Kept(intent, f"v{len(self.arrived)}")
        self.kept[intent.client_id] = kept
        return kept

    def _check_room(self, intent: OrderIntent, instrument: Instrument) -> None:
        """Coins that are locked can't be sold; reduce-only needs something to reduce."""
        if intent.quantity <= 0 or intent.quantity % instrument.amount_step:
            raise OrderRejected("Lot size.")
        held = abs(self.held.get(intent.symbol, Decimal(0)))
        if self.guard_style is GuardStyle.SEPARATE:
            if not held:
                raise OrderRejected("ReduceOnly Order is rejected.")
            return
        pairs = {one.intent.pair or one.intent.key: one.left for one in self.resting(intent.symbol)}
        if intent.quantity > held - sum(pairs.values(), Decimal(0)):
            raise OrderRejected("Account has insufficient balance.")

    def _reached(self, intent: OrderIntent) -> bool:
        assert intent.price is not None
        falls = (intent.side is OrderSide.SELL) == (intent.kind is OrderKind.STOP)
        return self.price <= intent.price if falls else self.price >= intent.price

    def _execute(self, kept: Kept, *, answered: bool = False) -> None:
        quantity = kept.left * self.part
        quantity = quantity.quantize(Decimal("0.00001")) or kept.left
        if kept.intent.reduces:
            quantity = min(quantity, abs(self.held.get(kept.intent.symbol, Decimal(0))))
        if quantity:
            self._fill(kept, quantity, tell=not answered)

    def _fill(self, kept: Kept, quantity: Decimal, *, tell: bool = True) -> None:
        intent = kept.intent
        limit = intent.kind is OrderKind.LIMIT
        price = intent.price if limit and intent.price else self.price
        takes_coin = self.fee_in_coin and intent.side is OrderSide.BUY
        coin_fee = quantity * Decimal("0.001") if takes_coin else Decimal(0)
        fill = Fill(
            client_id=intent.client_id,
            trade_id=f"t{len(kept.fills) + 1}",
            symbol=intent.symbol,
            side=intent.side,
            price=price,
            quantity=quantity,
            fee=coin_fee or price * quantity * Decimal("0.0006"),
            fee_currency=intent.symbol.split("/")[0] if coin_fee else "USDT",
            at=self._now(),
            mark=self.price,
        )
        kept.filled += quantity
        kept.fills = (*kept.fills, fill)
        kept.state = OrderState.PART_FILLED if kept.left > 0 else OrderState.FILLED
        sign = 1 if intent.side is OrderSide.BUY else -1
        self.held[intent.symbol] = self.held.get(intent.symbol, Decimal(0)) + quantity * sign
        self.held[intent.symbol] -= coin_fee
        for listener in self._listeners if tell and self.tells else ():
            listener(fill)
        for other in self._pair(kept):
            self._end(other, OrderState.CANCELLED)
        self._nothing_left(intent.symbol)

    def _nothing_left(self, symbol: str) -> None:
        """Orders that may only reduce a position end with it."""
        if self.guard_style is GuardStyle.SEPARATE and not self.held[symbol]:
            for kept in self.resting(symbol):
                self._end(kept, OrderState.EXPIRED)

    def _pair(self, kept: Kept) -> list[Kept]:
        pair = kept.intent.pair
        others = self.kept.values() if pair else ()
        return [one for one in others if one is not kept and one.intent.pair == pair]

    def _end(self, kept: Kept, state: OrderState, *, tell: bool = True) -> None:
        if not kept.live:
            return
        kept.state = state
        for listener in self._order_listeners if tell and self.tells else ():
            listener(kept.answer())
