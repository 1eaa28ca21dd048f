"""The brokers of all modes behind one face: a market that fills, and a process that may die."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from agents.domain.broker import Broker
from agents.domain.order import Fill, OrderIntent, OrderPurpose, OrderSide
from agents.domain.risk import Costs, Simulation
from agents.domain.strategy import Mode
from agents.execution.brokers.paper import PaperBroker
from agents.execution.brokers.simulation import SimulatedBroker, luck
from agents.execution.brokers.validation import ValidationBroker
from agents.execution.ordering.orders import Adopts
from tests.support.broker import ScriptedBroker
from tests.support.clock import ManualClock
from tests.support.market import ScriptedMarket

TROUBLE = Simulation(partial=Decimal("0.5"), reject=Decimal("0.05"), latency=Decimal(0))


class Bench(Protocol):
    """`mode` is what orders are said to be of; `parts` whether an order can be filled piecemeal,
    and `checks` whether the broker itself looks at amounts."""

    broker: Broker
    fills: list[Fill]
    mode: Mode
    parts: bool
    checks: bool

    async def fill(self, *orders: OrderIntent) -> None:
        """Let the market fill what is open."""

    async def part(self, order: OrderIntent) -> None:
        """Let it fill a part, and not all."""

    def wanted(self, *, parted: bool = False, **changes: Any) -> OrderIntent:
        """An order that this broker takes; `parted` one that it may fill piecemeal."""

    async def restarted(self, *orders: OrderIntent) -> "Bench":
        """A new process at the same venue, which goes on with these orders."""


def order(number: int, mode: Mode, clock: ManualClock, **changes: Any) -> OrderIntent:
    told: dict[str, Any] = {
        "key": f"entry:proposal:{number}",
        "owner_id": 1,
        "strategy_id": 1,
        "account_id": 1,
        "symbol": "BTC/USDT",
        "mode": mode,
        "purpose": OrderPurpose.ENTRY,
        "side": OrderSide.BUY,
        "quantity": Decimal("0.1"),
        "created_at": clock.now(),
    }
    return OrderIntent(**{**told, **changes})


@dataclass
class ByTicks:
    """Paper, simulation, validation: what is open is filled by ticks."""

    build: Callable[[ScriptedMarket], Broker]
    mode: Mode
    parts: bool = False
    checks: bool = True
    clock: ManualClock = field(default_factory=ManualClock)
    market: Any = None
    fills: list[Fill] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        self.market = self.market or ScriptedMarket(self.clock)
        self.market.forget_listeners()
        self.broker = self.build(self.market)
        self.broker.listen(self.fills.append)

    async def fill(self, *orders: OrderIntent) -> None:
        for _ in range(4):
            self.market.tick("60000")

    async def part(self, order: OrderIntent) -> None:
        self.market.tick("60000", after=0)

    def wanted(self, *, parted: bool = False, **changes: Any) -> OrderIntent:
        while True:
            self.number += 1
            found = order(self.number, self.mode, self.clock, **changes)
            refused = luck(found.client_id, "reject") < TROUBLE.reject
            lucky = luck(found.client_id, "partial") < TROUBLE.partial
            if self.mode is not Mode.SIMULATION or (not refused and lucky is parted):
                return found

    async def restarted(self, *orders: OrderIntent) -> "ByTicks":
        again = ByTicks(self.build, self.mode, self.parts, clock=self.clock, market=self.market)
        again.number = self.number
        assert isinstance(again.broker, Adopts)
        await again.broker.adopt(orders)
        return again


@dataclass
class ByScript:
    clock: ManualClock = field(default_factory=ManualClock)
    broker: Any = None
    mode: Mode = Mode.PAPER
    parts: bool = True
    checks: bool = False
    fills: list[Fill] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        self.broker = self.broker or ScriptedBroker(self.clock.now)
        self.broker.listen(self.fills.append)

    async def fill(self, *orders: OrderIntent) -> None:
        for one in orders:
            known = await self.broker.lookup(one)
            if known and known.state in {"open", "part_filled"}:
                self.broker.fill(one.client_id, "60000")

    async def part(self, order: OrderIntent) -> None:
        self.broker.fill(order.client_id, "60000", "0.04")

    def wanted(self, *, parted: bool = False, **changes: Any) -> OrderIntent:
        self.number += 1
        return order(self.number, self.mode, self.clock, **changes)

    async def restarted(self, *orders: OrderIntent) -> "ByScript":
        self.broker.forget_listeners()
        return ByScript(self.clock, self.broker, number=self.number)


BROKERS: dict[str, Callable[[], Bench]] = {
    "scripted": ByScript,
    "paper": lambda: ByTicks(lambda market: PaperBroker(Mode.PAPER, market, Costs()), Mode.PAPER),
    "simulated": lambda: ByTicks(
        lambda market: SimulatedBroker(market, Costs(), TROUBLE), Mode.SIMULATION, parts=True
    ),
    "validation": lambda: ByTicks(ValidationBroker, Mode.VALIDATION),
}
"""A broker more is one row here."""
