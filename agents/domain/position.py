"""Positions and the isolated accounts that hold them."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_UP, Decimal
from enum import StrEnum
from typing import NamedTuple

from agents.domain.money import ZERO, exactly, floor_to
from agents.domain.proposal import Trailing
from agents.domain.strategy import Mode, Side

_PART_OF_PEAK = Decimal("0.00000001")  # quote currency


class PositionState(StrEnum):
    """CLOSING means that an order for all that is left was stored and not yet filled."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class OpenTarget:
    """A target of an open position: price, quantity to close (base currency), done or not."""

    price: Decimal
    quantity: Decimal
    done: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """A stored position. `id` is 0 until stored; `version` counts changes (compare-and-set).

    `quantity` is what is still open, `entered` what was bought or sold in all (base currency);
    `entry_price` the average entry; `initial_stop` fixes one R per unit = |entry - initial stop|;
    `stop` the present one; `best` the best price seen since entry (for trailing);
    `realised` gross profit and `fees` costs so far, `funding` what was received (paid: negative)
    for holding a perpetual, quote currency. `leverage` is what it was opened with, and
    `liquidation` the price at which the exchange would close it, where there is one.
    `entry_value` and `exit_value` are what all entries and all exits came to, price times
    quantity, quote currency, exact, where the averages are rounded. Orders close it in multiples
    of `step` (base currency, 0 where that is not known).
    """

    owner_id: int
    strategy_id: int
    strategy_name: str
    account_id: int
    proposal_id: int
    symbol: str
    timeframe: str
    mode: Mode
    side: Side
    quantity: Decimal
    entered: Decimal
    entry_price: Decimal
    initial_stop: Decimal
    stop: Decimal
    targets: tuple[OpenTarget, ...]
    trailing: Trailing
    best: Decimal
    realised: Decimal
    fees: Decimal
    opened_at: datetime
    state: PositionState = PositionState.OPEN
    closed_at: datetime | None = None
    exit_price: Decimal | None = None  # average
    exit_reason: str = ""
    funding: Decimal = Decimal(0)
    leverage: int = 1
    liquidation: Decimal | None = None
    entry_value: Decimal = Decimal(0)
    exit_value: Decimal = Decimal(0)
    step: Decimal = Decimal(0)
    version: int = 1
    id: int = 0

    @property
    def risk_per_unit(self) -> Decimal:
        return abs(self.entry_price - self.initial_stop)

    def on_step(self, quantity: Decimal) -> Decimal:
        """As much of `quantity` as orders can close."""
        with exactly():
            return floor_to(quantity, self.step) if self.step else quantity

    @property
    def sellable(self) -> Decimal:
        """What is open without its dust: coins that a fee left over, too few for an order."""
        return self.on_step(self.quantity)

    def unrealised(self, price: Decimal) -> Decimal:
        """Gross profit of what is open at `price`, quote currency."""
        return (price - self.entry_price) * self.quantity * self.side.sign

    def net(self, price: Decimal | None = None) -> Decimal:
        """Realised (and, at `price`, open) profit after fees and funding, quote currency."""
        with exactly():
            still_open = self.unrealised(price) if price is not None else Decimal(0)
            return self.realised + still_open - self.fees + self.funding

    def r_multiple(self, price: Decimal | None = None) -> Decimal:
        """Net profit in multiples of the initial risk; zero when the risk is zero."""
        risk = self.risk_per_unit * self.entered
        return self.net(price) / risk if risk else Decimal(0)


class Trailed(NamedTuple):
    """Where the stop and the best price of a position are by now, which was stored as `version`."""

    stop: Decimal
    best: Decimal
    version: int


@dataclass(frozen=True, slots=True)
class Account:
    """An isolated account of one strategy in one mode, quote currency.

    `balance` = `start` + realised gross profit - fees + funding; `peak` is its highest equity at
    a close, from which drawdown is measured. `id` is 0 until stored.
    """

    owner_id: int
    strategy_id: int
    mode: Mode
    currency: str
    start: Decimal
    balance: Decimal
    peak: Decimal
    opened_at: datetime
    id: int = 0

    def allotted(self, amount: Decimal) -> "Account":
        """As if so much had been paid in or out that the balance is `amount`. What it is below
        its peak stays, and shrinks in proportion where there is less to lose it from."""
        with exactly():
            paid, lost = amount - self.balance, self.peak - self.balance
            if ZERO < amount < self.balance:
                lost = (lost * amount / self.balance).quantize(_PART_OF_PEAK, ROUND_UP)
            return replace(self, start=self.start + paid, balance=amount, peak=amount + lost)
