"""An exchange in memory, with the accounts of several owners: a Venue to ask and a Broker to send
to, on one book, and the hands of owners who do things there by themselves."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from agents.domain.broker import FillListener, OrderListener
from agents.domain.errors import BrokerAway, OrderRejected, OrderUnknown, UnknownSymbol
from agents.domain.market import Instrument, InstrumentKind
from agents.domain.order import BrokerOrder, Fill, OrderIntent, OrderKind, OrderSide, OrderState
from agents.domain.strategy import Mode, Side
from agents.domain.venue import (
    Forced,
    FundingPaid,
    GuardStyle,
    Holding,
    VenueFill,
    VenueOrder,
    VenuePosition,
    VenueState,
)
from tests.support.market import ScriptedMarket

ZERO = Decimal(0)
FEE = Decimal("0.0005")


@dataclass
class Account:
    """What one owner has there. Positions are signed quantity and average entry by symbol."""

    money: Decimal = Decimal(10_000)
    coins: dict[str, Decimal] = field(default_factory=dict)
    positions: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    leverage: dict[str, int] = field(default_factory=dict)
    orders: dict[str, VenueOrder] = field(default_factory=dict)  # open, by venue id
    known: dict[str, BrokerOrder] = field(default_factory=dict)  # ours, by client id
    fills: list[VenueFill] = field(default_factory=list)
    funding: list[FundingPaid] = field(default_factory=list)


class FakeExchange:
    """`away` holds what an owner's questions raise; an owner in `hung` is never answered."""

    def __init__(self, market: ScriptedMarket) -> None:
        self.market = market
        self.accounts: dict[int, Account] = {}
        self.away: dict[int, Exception] = {}
        self.hung: dict[int, asyncio.Event] = {}
        self.asked: list[int] = []
        self.cancelled: list[VenueOrder] = []
        self.sent: list[OrderIntent] = []
        self.before_fills: Callable[[], None] = lambda: None
        self.broker = FakeBroker(self)
        self._back: list[Callable[[int], None]] = []
        self._count = 0

    def account(self, owner_id: int) -> Account:
        return self.accounts.setdefault(owner_id, Account())

    def forget_listeners(self) -> None:
        """The process that listened is gone."""
        self._back.clear()
        self.broker.listeners.clear()

    @property
    def spot(self) -> bool:
        return self.market.instruments[0].kind is InstrumentKind.SPOT

    @property
    def now(self) -> datetime:
        return self.market.clock.now()

    def price(self, symbol: str) -> Decimal:
        tick = self.market.last(symbol)
        assert tick is not None, f"no price of {symbol}"
        return tick.price

    def number(self) -> str:
        self._count += 1
        return str(self._count)

    # --- the port Venue -----------------------------------------------------------------------

    async def _ask(self, owner_id: int) -> Account:
        self.asked.append(owner_id)
        await asyncio.sleep(0)
        if owner_id in self.hung:
            await self.hung[owner_id].wait()
        if owner_id in self.away:
            raise self.away[owner_id]
        return self.account(owner_id)

    async def state(self, owner_id: int) -> VenueState:
        asked = self.now
        account = await self._ask(owner_id)
        coins = {coin: Holding(amount) for coin, amount in account.coins.items()}
        return VenueState(
            asked,
            self.now,
            tuple(account.orders.values()),
            tuple(
                VenuePosition(
                    symbol,
                    Side.LONG if held > 0 else Side.SHORT,
                    abs(held),
                    entry,
                    leverage=account.leverage.get(symbol, 1),
                )
                for symbol, (held, entry) in account.positions.items()
                if held
            ),
            {**coins, "USDT": Holding(account.money)},
            "USDT",
            account.money,
            account.money,
        )

    async def fills(self, owner_id: int, symbol: str, since: datetime) -> Sequence[VenueFill]:
        self.before_fills()
        account = await self._ask(owner_id)
        if symbol not in {one.symbol for one in self.market.instruments}:
            raise UnknownSymbol(symbol)
        return [
            told for told in account.fills if told.fill.symbol == symbol and told.fill.at >= since
        ]

    async def traded(self, owner_id: int, symbol: str, since: datetime) -> Sequence[Fill]:
        told = await self.fills(owner_id, symbol, since)
        return [replace(one.fill, client_id="") for one in told]

    async def funding(self, owner_id: int, symbol: str, since: datetime) -> Sequence[FundingPaid]:
        account = await self._ask(owner_id)
        return [one for one in account.funding if one.symbol == symbol and one.at >= since]

    async def cancel_foreign(self, owner_id: int, order: VenueOrder) -> None:
        account = await self._ask(owner_id)
        for place, one in list(account.orders.items()):
            if (one.symbol, one.venue_id) == (order.symbol, order.venue_id):
                del account.orders[place]
                self.cancelled.append(order)

    def when_back(self, listener: Callable[[int], None]) -> None:
        self._back.append(listener)

    def come_back(self, owner_id: int) -> None:
        self.away.pop(owner_id, None)
        for listener in self._back:
            listener(owner_id)

    # --- trading ------------------------------------------------------------------------------

    def trade(
        self,
        owner_id: int,
        symbol: str,
        side: OrderSide,
        quantity: Decimal,
        *,
        client_id: str = "",
        venue_id: str = "",
        price: Decimal | None = None,
        forced: Forced | None = None,
    ) -> VenueFill:
        """Somebody's order is filled at once; the owner's own hand where no client id is given,
        or the exchange itself where it is `forced`."""
        account, at = self.account(owner_id), price or self.price(symbol)
        sign = 1 if side is OrderSide.BUY else -1
        if self.spot:
            self._swap(account, symbol, sign * quantity, at)
        else:
            self._hold(account, symbol, sign * quantity, at)
        fee = at * quantity * FEE
        account.money -= fee
        number = self.number()
        fill = Fill(
            client_id, f"t{number}", symbol, side, at, quantity, fee, "USDT", self.now, mark=at
        )
        told = VenueFill(fill, venue_id or f"v{number}", forced)
        account.fills.append(told)
        return told

    def _swap(self, account: Account, symbol: str, signed: Decimal, price: Decimal) -> None:
        coin = symbol.partition("/")[0]
        left = account.coins.get(coin, ZERO) + signed
        if left < 0:
            raise OrderRejected("Account has insufficient balance for requested action.")
        account.coins[coin] = left
        account.money -= signed * price

    def _hold(self, account: Account, symbol: str, signed: Decimal, price: Decimal) -> None:
        held, entry = account.positions.get(symbol, (ZERO, price))
        after = held + signed
        if held * signed >= 0 and after:
            entry = (entry * abs(held) + price * abs(signed)) / abs(after)
        elif held * after < 0:
            entry = price
        account.positions[symbol] = (after, entry)

    def order_by_hand(
        self, owner_id: int, symbol: str, side: OrderSide, quantity: str, price: str
    ) -> VenueOrder:
        """An order that the owner made there."""
        return self.list_order(owner_id, symbol, side, Decimal(quantity), Decimal(price), "web_1")

    def list_order(
        self,
        owner_id: int,
        symbol: str,
        side: OrderSide,
        quantity: Decimal,
        price: Decimal | None,
        client_id: str,
        kind: OrderKind = OrderKind.LIMIT,
    ) -> VenueOrder:
        venue_id = f"v{self.number()}"
        order = VenueOrder(client_id, venue_id, symbol, side, kind, quantity, ZERO, price)
        self.account(owner_id).orders[venue_id] = order
        return order


class FakeBroker:
    """`script` says what happens to the next market orders: "fill" (also when it is empty), "open"
    (taken, not yet filled), "unheard" (filled, and the answer is lost), "reject"."""

    mode = Mode.LIVE

    def __init__(self, exchange: FakeExchange) -> None:
        self.exchange = exchange
        self.script: deque[str] = deque()
        self.listeners: list[FillListener] = []

    def style(self, instrument: Instrument) -> GuardStyle:
        return GuardStyle.PAIRED if self.exchange.spot else GuardStyle.SEPARATE

    def listen(self, listener: FillListener) -> None:
        self.listeners.append(listener)

    def listen_orders(self, listener: OrderListener) -> None:
        """No order ends by itself here without a look."""

    async def submit(self, intent: OrderIntent, instrument: Instrument) -> BrokerOrder:
        if intent.owner_id in self.exchange.away:
            raise BrokerAway
        what = self.script.popleft() if self.script else "fill"
        if what == "reject":
            raise OrderRejected("Margin is insufficient.")
        self.exchange.sent.append(intent)
        if what == "open":
            return self._open(intent)
        answer = self.fill(intent)
        if what == "unheard":
            raise OrderUnknown
        return answer

    def _open(self, intent: OrderIntent) -> BrokerOrder:
        order = self.exchange.list_order(
            intent.owner_id,
            intent.symbol,
            intent.side,
            intent.quantity,
            intent.price,
            intent.client_id,
            intent.kind,
        )
        return self._know(intent, OrderState.OPEN, ZERO, (), order.venue_id)

    def fill(self, intent: OrderIntent, part: Decimal | None = None) -> BrokerOrder:
        """An order is filled, or a part of it, and nobody is told."""
        account = self.exchange.account(intent.owner_id)
        before = account.known.get(intent.client_id)
        filled, fills = (before.filled, before.fills) if before else (ZERO, ())
        quantity = part or intent.quantity - filled
        name = before.venue_id if before else f"v{self.exchange.number()}"
        told = self.exchange.trade(
            intent.owner_id,
            intent.symbol,
            intent.side,
            quantity,
            client_id=intent.client_id,
            venue_id=name,
            price=intent.price,
        )
        whole = filled + quantity >= intent.quantity
        if whole:
            account.orders.pop(name, None)
        elif name in account.orders:
            account.orders[name] = replace(account.orders[name], filled=filled + quantity)
        state = OrderState.FILLED if whole else OrderState.PART_FILLED
        return self._know(intent, state, filled + quantity, (*fills, told.fill), name)

    def _know(
        self,
        intent: OrderIntent,
        state: OrderState,
        filled: Decimal,
        fills: tuple[Fill, ...],
        name: str,
    ) -> BrokerOrder:
        answer = BrokerOrder(intent.client_id, state, filled, fills, venue_id=name)
        self.exchange.account(intent.owner_id).known[intent.client_id] = answer
        return answer

    async def rest(
        self,
        orders: Sequence[OrderIntent],
        instrument: Instrument,
        instead_of: Sequence[OrderIntent] = (),
    ) -> Sequence[BrokerOrder]:
        for old in instead_of:
            await self.cancel(old)
        self.exchange.sent.extend(orders)
        return [self._open(order) for order in orders]

    async def lookup(self, intent: OrderIntent) -> BrokerOrder | None:
        if intent.owner_id in self.exchange.away:
            raise BrokerAway
        known = self.exchange.account(intent.owner_id).known.get(intent.client_id)
        return replace(known, fills=()) if known else None  # fills are told apart

    async def cancel(self, intent: OrderIntent) -> BrokerOrder | None:
        account = self.exchange.account(intent.owner_id)
        known = account.known.get(intent.client_id)
        if known is None:
            return None
        if account.orders.pop(known.venue_id, None) is not None:
            account.known[intent.client_id] = replace(known, state=OrderState.CANCELLED)
        return account.known[intent.client_id]

    def drop(self, intent: OrderIntent) -> None:
        """The exchange cancels an order of ours, and says nothing."""
        account = self.exchange.account(intent.owner_id)
        known = account.known[intent.client_id]
        del account.orders[known.venue_id]
        account.known[intent.client_id] = replace(known, state=OrderState.CANCELLED)
