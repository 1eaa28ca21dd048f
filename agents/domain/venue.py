"""Exchange accounts: what is true there, and the keys with which a user connected one.

A venue is the account of one user at one exchange. It is asked what is true; orders go to it
through a Broker.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from agents.domain.market import Instrument
from agents.domain.order import Fill, OrderKind, OrderSide, OrderState
from agents.domain.strategy import Side

OURS = "pl"
"""What every client order id of ours begins with."""
_OUR_NAME = re.compile(rf"{OURS}[0-9a-f]{{22}}")
"""See `client_order_id`. What only begins so is another program's: `planner-7`."""


class GuardStyle(StrEnum):
    """How stops and targets rest at a venue.

    PAIRED: a stop and a target share one quantity, and one cancels the other (spot: the coins are
    locked once). SEPARATE: each rests alone and may only reduce a position (perpetuals). STOP: a
    stop rests, targets are watched here. LOCAL: nothing rests, ticks are watched here.
    """

    PAIRED = "paired"
    SEPARATE = "separate"
    STOP = "stop"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An open order as the exchange lists it. Quantities in base, price in quote currency."""

    client_id: str
    venue_id: str
    symbol: str
    side: OrderSide
    kind: OrderKind
    quantity: Decimal
    filled: Decimal
    price: Decimal | None
    state: OrderState = OrderState.OPEN

    @property
    def ours(self) -> bool:
        return _OUR_NAME.fullmatch(self.client_id) is not None


@dataclass(frozen=True, slots=True)
class VenuePosition:
    """An open perpetual position as the exchange lists it; `quantity` is positive."""

    symbol: str
    side: Side
    quantity: Decimal
    entry_price: Decimal
    liquidation: Decimal | None = None
    leverage: int = 1


@dataclass(frozen=True, slots=True)
class Holding:
    """A coin in the account."""

    free: Decimal
    used: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return self.free + self.used


@dataclass(frozen=True, slots=True)
class VenueState:
    """An account as it was read until `at` (market time). What was filled from `asked` on, by the
    exchange's clock, may be in it, or not. `positions` are empty on spot, where what is held are
    coins; `equity` is what the account is worth in `quote`, open profit included."""

    asked: datetime
    at: datetime
    orders: tuple[VenueOrder, ...]
    positions: tuple[VenuePosition, ...]
    holdings: Mapping[str, Holding]
    quote: str
    equity: Decimal
    free: Decimal


class Forced(StrEnum):
    """How an exchange closes a position of its own accord: because its margin is gone, or against
    a counterparty whose margin is gone."""

    LIQUIDATED = "liquidated"
    DELEVERAGED = "deleveraged"


@dataclass(frozen=True, slots=True)
class VenueFill:
    """An execution in the account's history; `fill.client_id` is empty where the exchange does not
    say it, `venue_id` is its order's own name there. `forced` where the exchange surely made that
    order itself."""

    fill: Fill
    venue_id: str
    forced: Forced | None = None


@dataclass(frozen=True, slots=True)
class FundingPaid:
    """Funding that was received (positive) or paid for a perpetual, quote currency. Unique by
    (account, `venue_id`)."""

    venue_id: str
    symbol: str
    amount: Decimal
    at: datetime
    rate: Decimal | None = None


class Venue(Protocol):
    """The exchange accounts of all users, asked what is true. Every method raises BrokerAway or
    BrokerBusy for a passing fault, and KeyRefused for a key that is not taken."""

    async def state(self, owner_id: int) -> VenueState: ...
    async def fills(self, owner_id: int, symbol: str, since: datetime) -> Sequence[VenueFill]:
        """Executions of a symbol from `since` on, oldest first, also of orders that are not
        ours."""

    async def traded(self, owner_id: int, symbol: str, since: datetime) -> Sequence[Fill]:
        """The same without whose they were, which may take a question for each order: client ids
        are empty."""

    async def funding(
        self, owner_id: int, symbol: str, since: datetime
    ) -> Sequence[FundingPaid]: ...
    async def cancel_foreign(self, owner_id: int, order: VenueOrder) -> None:
        """Cancel an open order whoever made it, as it was listed."""

    def when_back(self, listener: Callable[[int], None]) -> None:
        """Have `listener` called with the owner whose connection came back after a break."""


# --- keys -------------------------------------------------------------------------------------


class ConnectionState(StrEnum):
    """PAUSED opens no new trades, because book and exchange differ; REFUSED: the exchange does
    not take the key any more."""

    READY = "ready"
    PAUSED = "paused"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key as a user handed it over; shown nowhere."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    password: str = field(default="", repr=False)

    def written(self) -> str:
        """As it is sealed into `Connection.sealed`."""
        return json.dumps([self.key, self.secret, self.password])

    @classmethod
    def read(cls, opened: str) -> "Credentials":
        """Of what `written` made, after it was opened."""
        key, secret, password = json.loads(opened)
        return cls(key, secret, password)


@dataclass(frozen=True, slots=True)
class KeyReport:
    """What an exchange says of a key. `withdraws` and `restricted` (it is bound to addresses)
    are None where it doesn't tell; `hedged` means that it holds long and short at once."""

    reads: bool
    trades: bool
    withdraws: bool | None
    restricted: bool | None
    hedged: bool
    quote: str
    equity: Decimal
    free: Decimal
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    positions: tuple[VenuePosition, ...] = ()
    orders: tuple[VenueOrder, ...] = ()


@dataclass(frozen=True, slots=True)
class Connection:
    """A user's connected exchange account. `sealed` holds the encrypted key; `ends` are the last
    characters of the key, all that is ever shown. `baseline` is what the account held when it was
    connected and belongs to its owner alone: coin → amount. `why` says why it is paused or
    refused. `seen_until` is the market time up to which its history was read."""

    owner_id: int
    exchange: str
    sealed: str = field(repr=False)
    ends: str = ""
    state: ConnectionState = ConnectionState.READY
    why: str = ""
    baseline: Mapping[str, Decimal] = field(default_factory=dict)
    restricted: bool | None = None
    connected_at: datetime | None = None
    seen_until: datetime | None = None
    id: int = 0


class Connections(Protocol):
    """One connected account for each user at most."""

    async def connect(self, connection: Connection) -> Connection:
        """Stored in place of an earlier one."""

    async def of(self, owner_id: int) -> Connection | None: ...
    async def all(self) -> Sequence[Connection]: ...
    async def disconnect(self, owner_id: int) -> bool: ...
    async def set_state(
        self, owner_id: int, was: ConnectionState, to: ConnectionState, why: str
    ) -> bool:
        """Compare-and-set; False when it was not in `was`."""

    async def change_baseline(
        self, owner_id: int, name: str, change: Decimal, was: Decimal | None = None
    ) -> Decimal | None:
        """Add `change` to what is the owner's own of one coin, which never falls below zero; the
        amount afterwards. None, with nothing changed, when the amount is not `was` any more, or
        nothing is connected."""

    async def seen(self, owner_id: int, until: datetime) -> None: ...


class KeyCheck(Protocol):
    """Asks an exchange what a key may do, before it is stored."""

    def known(self, exchange: str) -> str:
        """The exchange's name as it is spelled; raises AskUser for one that can't be traded at
        this desk, with what can."""

    def needs_password(self, exchange: str) -> bool:
        """Whether a key of that exchange has a password (a passphrase) beside its secret."""

    async def check(self, exchange: str, credentials: Credentials) -> KeyReport:
        """Raises KeyRefused, BrokerAway, BrokerBusy."""


# --- receipts ---------------------------------------------------------------------------------


class FindingKind(StrEnum):
    """POSITION and HOLDING: held at the exchange, and nobody here knows it. ORDER: an open order
    that is not ours. MISSING: the book has it, the exchange does not."""

    POSITION = "position"
    HOLDING = "holding"
    ORDER = "order"
    MISSING = "missing"


class FindingState(StrEnum):
    OPEN = "open"
    ADOPTED = "adopted"
    CLOSED = "closed"
    IGNORED = "ignored"
    GONE = "gone"  # by itself


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not match. `quantity` in base currency, positive; unique for its owner by
    `key` while it is open. `position_id` names what is missing."""

    owner_id: int
    key: str
    kind: FindingKind
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal | None
    found_at: datetime
    state: FindingState = FindingState.OPEN
    position_id: int | None = None
    venue_id: str = ""
    version: int = 1
    id: int = 0


class Findings(Protocol):
    async def note(self, finding: Finding) -> Finding | None:
        """Stored; None when an OPEN or IGNORED one with this key and quantity is known. One with
        another quantity is replaced by a new version, OPEN again."""

    async def get(self, owner_id: int, finding_id: int) -> Finding:
        """Raises NotFound."""

    async def open(self, owner_id: int) -> Sequence[Finding]: ...
    async def of(self, owner_id: int, states: Sequence[FindingState]) -> Sequence[Finding]: ...
    async def move(self, finding: Finding, to: FindingState) -> bool:
        """Compare-and-set on (id, version, state)."""


@dataclass(frozen=True, slots=True)
class Matched:
    """What a look at an account found in order, for the receipt."""

    positions: int
    orders: int
    fills: int


def spot_holding(instrument: Instrument, state: VenueState) -> Decimal:
    """How much of the instrument's base coin the account holds, locked amounts included."""
    held = state.holdings.get(instrument.base)
    return held.total if held else Decimal(0)
