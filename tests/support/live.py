"""A desk with real money at an exchange in memory, as a process that can be killed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from agents.domain.market import InstrumentKind
from agents.domain.order import OrderIntent
from agents.domain.position import Position
from agents.domain.strategy import Mode, Strategy
from agents.domain.user import NoticeKind
from agents.domain.venue import Connection, Finding, FindingState
from agents.execution.venues.receipts import Receipt
from agents.execution.venues.truth import Truth
from tests.support.desk import FREE, World, levels
from tests.support.market import instrument
from tests.support.venue_fake import FakeExchange

BTC, ETH = "BTC/USDT", "ETH/USDT"


def instruments(kind: InstrumentKind):
    return tuple(instrument(symbol, kind=kind) for symbol in (BTC, ETH, "SOL/USDT"))


@dataclass
class LiveWorld(World):
    exchange: FakeExchange = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.costs = FREE
        self.exchange = FakeExchange(self.market)
        self.brokers = {Mode.LIVE: self.exchange.broker}
        self.more = {"venue": self.exchange}

    async def kill(self) -> None:
        await super().kill()
        self.exchange.forget_listeners()

    async def restart(self) -> None:
        await self.kill()
        await self.start()

    @property
    def truth(self) -> Truth:
        assert self.desk.truth is not None
        return self.desk.truth

    async def connect(self, owner: int, baseline: Mapping[str, str] | None = None) -> None:
        own = {coin: Decimal(amount) for coin, amount in (baseline or {}).items()}
        self.exchange.account(owner).coins.update(
            {coin: amount for coin, amount in own.items() if "/" not in coin}
        )
        now = self.clock.now()
        await self.memory.connections.connect(
            Connection(owner, "binance", "sealed", "abcd", baseline=own, connected_at=now)
        )
        await self.look(owner)

    async def connection(self, owner: int) -> Connection:
        found = await self.memory.connections.of(owner)
        assert found is not None
        return found

    async def look(self, owner: int) -> Receipt:
        receipt = await self.truth.reconciliation.look(owner)
        assert receipt is not None
        await self.settle()
        return receipt

    async def live(self, owner: int, **changes: Any) -> Strategy:
        return await self.strategy(owner, mode=Mode.LIVE, **changes)

    async def held(self, owner: int, price: str = "60000", stop: str = "59400") -> Position:
        """A position with real money, filled at the exchange."""
        self.market.tick(price)
        position = await self.opened(await self.live(owner), levels(price=price, stop=stop))
        self.pass_time()
        return await self.memory.positions.by_id(position.id)

    def pass_time(self, seconds: float = 60) -> None:
        """Nothing moves at the exchange for a while; prices stay as they are."""
        for symbol in (BTC, ETH, "SOL/USDT"):
            if last := self.market.last(symbol):
                self.market.tick(last.price, symbol, after=seconds)
                seconds = 0.001

    async def position(self, number: int) -> Position:
        return await self.memory.positions.by_id(number)

    async def findings(self, owner: int, *states: FindingState) -> list[Finding]:
        return list(await self.memory.findings.of(owner, states or (FindingState.OPEN,)))

    async def state(self, owner: int) -> str:
        connection = await self.memory.connections.of(owner)
        assert connection is not None
        return connection.state.value

    def count(self, kind: NoticeKind) -> int:
        return len(self.told(kind))

    def guards(self, position: Position) -> list[OrderIntent]:
        mine = [order for order in self.orders if order.position_id == position.id]
        return [order for order in mine if order.rests]


async def live_world(kind: InstrumentKind = InstrumentKind.LINEAR, **more: Any) -> LiveWorld:
    world = LiveWorld(instruments=instruments(kind), **more)
    await world.start()
    for symbol, price in ((BTC, "60000"), (ETH, "3000"), ("SOL/USDT", "150")):
        world.market.tick(price, symbol)
    return world
