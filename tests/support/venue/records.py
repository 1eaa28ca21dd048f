"""What the stand-in exchange keeps: markets, orders, fills, positions and what happened."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)
OURS = "pl"
"""What client order ids of the desk begin with."""


class Kind(StrEnum):
    SPOT = "spot"
    PERPETUAL = "perpetual"


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1

    @property
    def other(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """A stop fires when the price goes against a position, a take-profit when it goes with it."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_LIMIT = "take_profit_limit"

    @property
    def is_stop(self) -> bool:
        return self in (OrderType.STOP, OrderType.STOP_LIMIT)

    @property
    def limited(self) -> bool:
        return self in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)


class Status(StrEnum):
    """TRIGGERED is the end of a conditional order that became an order of its own."""

    NEW = "new"
    PART_FILLED = "part_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    TRIGGERED = "triggered"


LIVE = frozenset({Status.NEW, Status.PART_FILLED})


class Why(StrEnum):
    """Why a request is refused; each door has its own codes for them."""

    PRICE_TICK = "price is not a multiple of the tick"
    PRICE_RANGE = "price out of range"
    LOT_STEP = "quantity is not a multiple of the step"
    LOT_RANGE = "quantity out of range"
    MIN_NOTIONAL = "cost below the minimum"
    NO_FUNDS = "insufficient balance"
    NO_MARGIN = "margin is insufficient"
    DUPLICATE = "client order id is in use"
    UNKNOWN_ORDER = "no such order"
    UNKNOWN_MARKET = "no such market"
    WOULD_TRIGGER = "order would trigger immediately"
    WOULD_TAKE = "post-only order would take"
    REDUCE_ONLY = "reduce-only order would not reduce"
    POSITION_MODE = "position side does not match the mode"
    BAD_LEVERAGE = "leverage out of range"
    SAME = "nothing to change"
    IN_USE = "there are open orders or positions"
    BAD_PAIR = "prices of the pair do not surround the market"
    NOT_LIMIT = "only limit orders can be changed"
    TOO_MANY = "too many open orders"
    BY_FAULT = "rejected on request of the test"


class Refused(Exception):
    def __init__(self, why: Why, text: str = "") -> None:
        super().__init__(text or str(why))
        self.why = why


@dataclass
class Market:
    """`name` is the exchange's own (BTCUSDT); fees are rates of the cost."""

    kind: Kind
    base: str
    quote: str = "USDT"
    tick: Decimal = Decimal("0.01")
    step: Decimal = Decimal("0.00001")
    min_quantity: Decimal = Decimal("0.00001")
    max_quantity: Decimal = Decimal("9000")
    min_notional: Decimal = Decimal("5")
    max_price: Decimal = Decimal("1000000")
    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")
    max_leverage: int = 125
    maintenance: Decimal = Decimal("0.004")
    max_orders: int = 200

    @property
    def name(self) -> str:
        return f"{self.base}{self.quote}"


@dataclass
class Quote:
    """The price and the book around it: `levels` of `size` (base currency) on each side, `gap`
    apart, the best ones `spread` apart."""

    last: Decimal
    spread: Decimal
    size: Decimal = Decimal(1000)
    levels: int = 5
    gap: Decimal = Decimal("0.01")

    @property
    def bid(self) -> Decimal:
        return self.last - self.spread / 2

    @property
    def ask(self) -> Decimal:
        return self.last + self.spread / 2

    def side(self, side: Side) -> list[tuple[Decimal, Decimal]]:
        """What an order of `side` can take: (price, quantity), the best first."""
        best = self.ask if side is Side.BUY else self.bid
        step = self.gap * side.sign
        return [(best + n * step, self.size) for n in range(self.levels)]


@dataclass
class Ask:
    """A request for an order. `cost` (quote currency) instead of a quantity buys or sells so much.

    `algo`: a conditional order lives apart from orders, with ids of its own, and becomes a new
    order when it fires (Binance USD-M); else it stays the same order (Binance spot, Bybit).
    `child_id` is the client id of that new order. `immediate` is IOC. `close_all` closes whatever
    position there is. `forced`: the exchange itself asks.
    """

    kind: Kind
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal = ZERO
    price: Decimal | None = None
    trigger: Decimal | None = None
    client_id: str = ""
    reduce_only: bool = False
    close_all: bool = False
    post_only: bool = False
    immediate: bool = False
    algo: bool = False
    child_id: str = ""
    cost: Decimal | None = None
    one_way: bool = True
    forced: bool = False


@dataclass(eq=False)
class Order:
    """`seq` and `at` (ms, exchange time) of its acceptance. `cost` is what its fills cost in quote
    currency. `pair` is the number of its list. `portions` are what it is still to get of the
    fills that have begun; one that has `rested` is a maker."""

    id: int
    account: str
    ask: Ask
    quantity: Decimal
    client_id: str
    seq: int
    at: int
    status: Status = Status.NEW
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    updated: int = 0
    pair: int | None = None
    parent: int | None = None
    child: int | None = None
    pair_name: str = ""
    fired: bool = False
    rested: bool = False
    portions: list[Decimal] = field(default_factory=list)
    why: str = ""

    @property
    def kind(self) -> Kind:
        return self.ask.kind

    @property
    def symbol(self) -> str:
        return self.ask.symbol

    @property
    def side(self) -> Side:
        return self.ask.side

    @property
    def type(self) -> OrderType:
        return self.ask.type

    @property
    def price(self) -> Decimal | None:
        return self.ask.price

    @property
    def trigger(self) -> Decimal | None:
        return self.ask.trigger

    @property
    def at_market(self) -> bool:
        """Taken at any price, once it is fired."""
        return not self.type.limited

    @property
    def left(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def waits(self) -> bool:
        """For its trigger price."""
        return self.live and self.trigger is not None and not self.fired

    @property
    def average(self) -> Decimal:
        return self.cost / self.filled if self.filled else ZERO


@dataclass(frozen=True)
class Pair:
    """A bracket of spot; `name` is its client's."""

    id: int
    name: str
    orders: tuple[Order, Order]


@dataclass(frozen=True)
class Fill:
    """`realised` is the profit of a perpetual that it closed, quote currency, before fees."""

    id: int
    seq: int
    at: int
    account: str
    kind: Kind
    symbol: str
    order_id: int
    client_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_coin: str
    maker: bool
    realised: Decimal = ZERO
    pair: int | None = None


@dataclass
class Position:
    """`quantity` is signed; `margin` is what an isolated position stands on, quote currency."""

    symbol: str
    quantity: Decimal = ZERO
    entry: Decimal = ZERO
    realised: Decimal = ZERO
    margin: Decimal = ZERO
    updated: int = 0

    def profit(self, mark: Decimal) -> Decimal:
        return (mark - self.entry) * self.quantity


@dataclass(frozen=True)
class Balance:
    free: Decimal
    locked: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return self.free + self.locked


@dataclass(frozen=True)
class Income:
    """`amount` is positive when received."""

    id: int
    at: int
    account: str
    symbol: str
    type: str  # funding, realised, fee, transfer
    amount: Decimal
    coin: str
    fill_id: int | None = None
    rate: Decimal | None = None


class What(StrEnum):
    """Kinds of events. ANSWERED counts requests that the account had a good answer to."""

    ACCEPTED = "accepted"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    FIRED = "fired"
    CHANGED = "changed"
    BALANCE = "balance"
    FUNDING = "funding"
    LIQUIDATED = "liquidated"
    MOVED = "moved"
    ANSWERED = "answered"


@dataclass(frozen=True)
class Event:
    """`order` is a copy as it was then. `account` is empty for a price that moved."""

    seq: int
    at: int
    what: What
    account: str = ""
    kind: Kind | None = None
    symbol: str = ""
    order: Order | None = None
    fill: Fill | None = None
    income: Income | None = None
    note: str = ""
