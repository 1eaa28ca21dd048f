"""All that happened, in order: every event has a number and the exchange's time."""

from collections import Counter
from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime
from decimal import Decimal

from agents.domain.market import to_ms
from agents.domain.ports import Clock
from tests.support.venue.account import Account
from tests.support.venue.records import (
    Ask,
    Event,
    Fill,
    Income,
    Kind,
    Order,
    What,
)

FIRST_ID = 7_000_001


class RealClock:
    """The time of the machine, for people and for markets."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def wall_at(self, moment: datetime) -> datetime:
        return moment


class Ledger:
    """`taken` counts how often each client order id was accepted. `skew` is how far the
    exchange's clock is ahead, ms."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or RealClock()
        self.skew = 0
        self.orders: list[Order] = []
        self.fills: list[Fill] = []
        self.incomes: list[Income] = []
        self.events: list[Event] = []
        self.taken: Counter[str] = Counter()
        self.listeners: list[Callable[[Event], None]] = []
        self.held = False  # whether time stands still
        self._last_at = 0
        self._ids = FIRST_ID

    def now(self) -> int:
        """The exchange's time, ms."""
        return to_ms(self.clock.now()) + self.skew

    def stamp(self) -> int:
        """The time of an event, never before that of the last one."""
        if not self.held:
            self._last_at = max(self._last_at, to_ms(self.clock.now()))
        return self._last_at

    @property
    def seq(self) -> int:
        """Of the last event."""
        return len(self.events)

    def new_id(self) -> int:
        self._ids += 1
        return self._ids

    def tell(self, what: What, account: str = "", *, order: Order | None = None,
             fill: Fill | None = None, income: Income | None = None, kind: Kind | None = None,
             symbol: str = "", note: str = "") -> Event:  # fmt: skip
        if order is not None:
            kind, symbol = order.kind, order.symbol
            order.updated = self.stamp()
            order = copy(order)
        event = Event(
            self.seq + 1, self.stamp(), what, account, kind, symbol, order, fill, income, note
        )
        self.events.append(event)
        for listener in tuple(self.listeners):
            listener(event)
        return event

    def open(self, account: Account, ask: Ask, client_id: str = "") -> Order:
        """A new order, taken."""
        number = self.new_id()
        name = client_id or ask.client_id or f"web_{number}"
        order = Order(number, account.key, ask, ask.quantity, name, self.seq + 1, self.stamp())
        order.updated = order.at
        self.orders.append(order)
        account.open[order.id] = order
        return order

    def earn(self, account: Account, symbol: str, type_: str, amount: Decimal, coin: str,
             fill_id: int | None = None, rate: Decimal | None = None) -> Income:  # fmt: skip
        income = Income(
            self.new_id(), self.stamp(), account.key, symbol, type_, amount, coin, fill_id, rate
        )
        self.incomes.append(income)
        return income
