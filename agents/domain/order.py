"""Orders: an intent is stored before it is sent, and its client order id derives from it.

    state        what it means                          goes to, and when
    -----------  -------------------------------------  -------------------------------------------
    NEW          stored, not sent                       SENDING: one process took it
                                                        CANCELLED: it may not go out any more
    SENDING      handed to the broker, or about to be   OPEN, PART_FILLED, FILLED: the answer
                                                        REJECTED, CANCELLED, EXPIRED: the answer
                                                        NEW: the broker was busy, it did not arrive
                                                        UNKNOWN: no answer came
    UNKNOWN      looked up by its client order id       as SENDING by the answer to that
                                                        SENDING: a market order that the broker did
                                                        not know twice, ten seconds apart
                                                        CANCELLED: a resting order it did not know
    OPEN         the broker has it                      PART_FILLED, FILLED: fills
                                                        CANCELLED, EXPIRED, REJECTED: it ended, or
                                                        the broker did not know it twice, ten
                                                        seconds apart
    PART_FILLED  a part of it is filled                 PART_FILLED, FILLED: fills
                                                        CANCELLED, EXPIRED: the rest ended; what
                                                        was filled is kept
    FILLED, CANCELLED, REJECTED, EXPIRED                nowhere; a fill that is heard of late is
                                                        booked all the same

Each move is a compare-and-set on the stored state, so of two processes one makes it.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from agents.domain.strategy import Mode, Side


class OrderState(StrEnum):
    """NEW is stored and not yet sent; SENDING was or is about to be handed to the broker; UNKNOWN
    had no answer and is looked up by its client order id."""

    NEW = "new"
    SENDING = "sending"
    UNKNOWN = "unknown"
    OPEN = "open"
    PART_FILLED = "part_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


O = OrderState  # noqa: E741
_DONE = frozenset({O.FILLED, O.CANCELLED, O.REJECTED, O.EXPIRED})
ORDER_MOVES: dict[OrderState, frozenset[OrderState]] = {
    O.NEW: frozenset({O.SENDING, O.CANCELLED}),
    # SENDING to NEW: the broker was too busy to look at it, and surely did not take it.
    O.SENDING: frozenset({O.NEW, O.UNKNOWN, O.OPEN, O.PART_FILLED}) | _DONE,
    O.UNKNOWN: frozenset({O.SENDING, O.OPEN, O.PART_FILLED}) | _DONE,
    O.OPEN: frozenset({O.PART_FILLED}) | _DONE,
    O.PART_FILLED: frozenset({O.PART_FILLED, O.FILLED, O.CANCELLED, O.EXPIRED}),
    O.FILLED: frozenset(),
    O.CANCELLED: frozenset(),
    O.REJECTED: frozenset(),
    O.EXPIRED: frozenset(),
}
FAILED = frozenset({O.CANCELLED, O.REJECTED, O.EXPIRED})  # ended without its whole fill
UNSETTLED = frozenset({O.NEW, O.SENDING, O.UNKNOWN, O.OPEN, O.PART_FILLED})


class OrderPurpose(StrEnum):
    """Why an order exists; all but ENTRY reduce a position."""

    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"
    RULE_EXIT = "rule_exit"
    CLOSE = "close"
    PANIC = "panic"
    LIQUIDATION = "liquidation"  # what an exchange did, or would do where there is none


class OrderKind(StrEnum):
    """MARKET goes out at once. STOP and LIMIT rest at the exchange: a stop becomes a market order
    at its price, a limit order is filled at its price or better."""

    MARKET = "market"
    STOP = "stop"
    LIMIT = "limit"


class OrderSide(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @classmethod
    def to_open(cls, side: Side) -> "OrderSide":
        return cls.BUY if side is Side.LONG else cls.SELL

    @classmethod
    def to_close(cls, side: Side) -> "OrderSide":
        return cls.SELL if side is Side.LONG else cls.BUY


def client_order_id(intent_key: str) -> str:
    """`pl` and 22 hex digits of SHA-256: within every exchange's length and alphabet."""
    return "pl" + hashlib.sha256(intent_key.encode()).hexdigest()[:22]


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """An order that shall be sent exactly once. `id` is 0 until stored.

    `key` is unique and derived from what caused the order (`entry:proposal:7:v2`,
    `stop:position:3`, `target:position:3:0`), so the same cause never makes a second order.
    Quantity in base currency. `trigger` is the price that caused an exit, quote currency.
    A resting order has a `price` (quote currency), and a pretended exit the worst one it may get:
    where its position's margin is gone. Two of the same `pair` are one bracket, of
    which the exchange cancels one when the other is filled. `target` is the index of the target
    that it takes. `venue_id` is the exchange's own name of it; `sent_at` is human time.
    """

    key: str
    owner_id: int
    strategy_id: int
    account_id: int
    symbol: str
    mode: Mode
    purpose: OrderPurpose
    side: OrderSide
    quantity: Decimal
    created_at: datetime
    proposal_id: int | None = None
    position_id: int | None = None
    trigger: Decimal | None = None
    reason: str = ""
    state: OrderState = OrderState.NEW
    filled: Decimal = Decimal(0)
    error: str = ""
    kind: OrderKind = OrderKind.MARKET
    price: Decimal | None = None
    pair: str = ""
    target: int | None = None
    venue_id: str = ""
    sent_at: datetime | None = None
    id: int = 0

    @property
    def client_id(self) -> str:
        return client_order_id(self.key)

    @property
    def reduces(self) -> bool:
        return self.purpose is not OrderPurpose.ENTRY

    @property
    def rests(self) -> bool:
        """Whether it waits at the exchange for its price, and guards a position meanwhile."""
        return self.kind is not OrderKind.MARKET

    @property
    def left(self) -> Decimal:
        """What is not filled of it, base currency."""
        return self.quantity - self.filled


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution as the broker reports it. Unique by (client_id, trade_id).

    Price in quote currency, quantity in base currency, `fee` in `fee_currency`; `at` in market
    time. `mark` is the market price the fill slipped from, for the slippage record. `fee_value`
    is the fee in quote currency where it was taken in a third coin, valued when it was filled;
    `heard_at` is the human time at which it became known.
    """

    client_id: str
    trade_id: str
    symbol: str
    side: OrderSide
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    at: datetime
    mark: Decimal | None = None
    fee_value: Decimal | None = None
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """What a broker says of an order when asked by client order id. `filled` is what the exchange
    counts, base currency; `fills` those of it that the answer names."""

    client_id: str
    state: OrderState
    filled: Decimal
    fills: tuple[Fill, ...] = ()
    reason: str = ""
    venue_id: str = ""
