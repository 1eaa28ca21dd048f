"""The broker of real money behind the face of all brokers: over the real ccxt, at the stand-in
exchange, whose market fills an order only when it is told to."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from agents.domain.broker import Broker
from agents.domain.order import Fill, OrderIntent, OrderPurpose, OrderSide
from agents.domain.strategy import Mode
from bot.connectors.clocks import RealClock
from tests.support.live_connector import BTC, Ground, Live, ground, live, reopened
from tests.support.markets import eventually
from tests.support.venue.records import Kind

EXCHANGES = ("binance", "binanceusdm", "bybit", "bybitlinear")
CASH = 100_000


@dataclass
class Grounds:
    stack: AsyncExitStack
    opened: dict[str, Ground] = field(default_factory=dict)

    async def at(self, exchange: str) -> Ground:
        if exchange not in self.opened:
            self.opened[exchange] = await self.stack.enter_async_context(ground(exchange))
        return self.opened[exchange]


@dataclass
class AtExchange:
    """Satisfies Bench. `before` are trades that earlier processes heard of."""

    one: Live
    stack: AsyncExitStack
    mode: Mode = Mode.LIVE
    parts: bool = True
    checks: bool = True
    number: int = 0
    before: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.broker: Broker = self.one.broker
        self.fills: list[Fill] = self.one.heard

    async def fill(self, *orders: OrderIntent) -> None:
        self.one.engine.settle(2)
        await self._heard()

    async def part(self, order: OrderIntent) -> None:
        self.one.engine.settle(1)
        await self._heard()

    async def _heard(self) -> None:
        await eventually(lambda: len(self._names()) == len(self.one.fills))

    def _names(self) -> set[str]:
        return self.before | {fill.trade_id for fill in self.fills}

    def wanted(self, *, parted: bool = False, **changes: Any) -> OrderIntent:
        self.number += 1
        self.one.engine.slicing.parts = 2 if parted else 1
        intent = OrderIntent(
            key=f"{self.one.key}:{self.number}",
            owner_id=self.one.owner,
            strategy_id=1,
            account_id=1,
            symbol=BTC,
            mode=Mode.LIVE,
            purpose=OrderPurpose.ENTRY,
            side=OrderSide.BUY,
            quantity=Decimal("0.1"),
            created_at=RealClock().now(),
        )
        return replace(intent, **changes)

    async def restarted(self, *orders: OrderIntent) -> "AtExchange":
        again = await self.stack.enter_async_context(reopened(self.one))
        return AtExchange(again, self.stack, number=self.number, before=self._names())


async def at_exchange(on: Ground, stack: AsyncExitStack) -> AtExchange:
    """`stack` closes it."""
    one = await stack.enter_async_context(live(on, following=True))
    one.engine.slicing.at_once = 0
    stack.callback(setattr, one.engine.slicing, "at_once", 1)
    for kind in (Kind.SPOT, Kind.PERPETUAL):
        one.engine.deposit(one.key, "USDT", CASH, kind)
    await one.intent("of something else")  # an account with something open is followed
    await eventually(lambda: one.desk.following.live(one.owner))
    return AtExchange(one, stack)
