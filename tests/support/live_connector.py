"""A desk's live connector on the stand-in exchange: the real ccxt, real signatures, loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from agents.domain.errors import OperatorNeeded
from agents.domain.market import Instrument
from agents.domain.order import (
    BrokerOrder,
    Fill,
    OrderIntent,
    OrderKind,
    OrderPurpose,
    OrderSide,
    OrderState,
)
from agents.domain.strategy import Mode
from agents.domain.venue import Connection, Credentials
from bot.connectors.backoff import Backoff
from bot.connectors.ccxt_live import LiveBroker
from bot.connectors.ccxt_live_desk import LiveDesk, open_live
from bot.connectors.ccxt_live_stream import LivePatience
from bot.connectors.clocks import RealClock
from bot.connectors.market_ccxt import CcxtMarket
from tests.support.markets import QUICK
from tests.support.memory import InMemory
from tests.support.stored import PLAN, a_proposal, a_strategy, a_user, connection_of
from tests.support.venue.binance_doors import binance_doors
from tests.support.venue.bybit_doors import bybit_doors
from tests.support.venue.door import Asked
from tests.support.venue.engine import Engine
from tests.support.venue.records import Fill as Executed
from tests.support.venue.records import Kind, Market, Order
from tests.support.venue.server import VenueServer, venue_server

KEY, SECRET = "AKeyThatNobodyMaySee0123456789abcd", "ASecretThatNobodyMaySee0123456789a"
"""What keys and secrets here begin with."""
PRICES = {"BTC": 60_000, "ETH": 3_000, "BNB": 600}
BTC, ETH = "BTC/USDT", "ETH/USDT"
PATIENCE = LivePatience(poll=0.1, calm=0.2, late=0.5, round=0.05, idle=60.0, look=0.02, cost=0.01)
LOCKED = "sealed with another secret"
STILL = LivePatience(poll=3600, calm=3600, late=3600, round=0.05, look=0.02, cost=0.01)
"""Looks once and then only listens."""


class Plain:
    """A seal that is none."""

    def open(self, sealed: str) -> str:
        if sealed == LOCKED:
            raise OperatorNeeded("A stored secret can't be opened.")
        return sealed


def an_engine() -> Engine:
    engine = Engine()
    for base, price in PRICES.items():
        engine.add_market(Market(Kind.SPOT, base), price)
        perpetual = Market(
            Kind.PERPETUAL,
            base,
            step=Decimal("0.001"),
            min_quantity=Decimal("0.001"),
            maker=Decimal("0.0002"),
            taker=Decimal("0.0005"),
        )
        engine.add_market(perpetual, price)
    return engine


@dataclass
class Live:
    """`heard` are fills that came by themselves, `ended` orders that did."""

    server: VenueServer
    market: CcxtMarket
    memory: InMemory
    desk: LiveDesk
    owner: int
    key: str
    heard: list[Fill] = field(default_factory=list)
    ended: list[BrokerOrder] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    async def leave(self) -> None:
        """Follow the account no longer."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
            await self.desk.following.stop()
            self.task = None

    @property
    def engine(self) -> Engine:
        return self.server.engine

    @property
    def fills(self) -> list[Executed]:
        """Of this account, the exchange's own."""
        return [one for one in self.engine.fills if one.account == self.key]

    @property
    def asked(self) -> list[Asked]:
        """With this account's key."""
        return [one for one in self.server.asked if one.key == self.key]

    @property
    def open(self) -> list[Order]:
        return self.engine.open_orders(self.key)

    @property
    def broker(self) -> LiveBroker:
        return self.desk.broker

    @property
    def taken(self) -> dict[str, int]:
        """How often the exchange took each client order id of this account's."""
        ours = {one.client_id for one in self.engine.orders if one.account == self.key}
        return {name: count for name, count in self.engine.taken.items() if name in ours}

    async def connection(self) -> Connection:
        found = await self.memory.connections.of(self.owner)
        assert found is not None
        return found

    async def instrument(self, symbol: str = BTC) -> Instrument:
        return (await self.market.universe()).by_symbol[symbol]

    async def intent(self, key: str, **changes: Any) -> OrderIntent:
        """A stored one: to buy a little at the market, if nothing else is said."""
        wanted = OrderIntent(
            key=f"{self.key}:{key}",  # another one for each test's account
            owner_id=self.owner,
            strategy_id=1,
            account_id=1,
            symbol=BTC,
            mode=Mode.LIVE,
            purpose=OrderPurpose.ENTRY,
            side=OrderSide.BUY,
            quantity=Decimal("0.01"),
            created_at=RealClock().now(),
        )
        stored = await self.memory.orders.add(replace(wanted, **changes))
        assert stored is not None
        return stored

    async def entry(self, key: str, leverage: int = 1, **changes: Any) -> OrderIntent:
        """An entry whose plan has a leverage."""
        strategy = await a_strategy(self.memory, self.owner)
        plan = replace(PLAN, leverage=leverage)
        proposal = await a_proposal(self.memory, strategy, plan=plan)
        return await self.intent(key, proposal_id=proposal.id, **changes)

    async def exit(self, key: str, **changes: Any) -> OrderIntent:
        wanted = {"purpose": OrderPurpose.CLOSE, "side": OrderSide.SELL, **changes}
        return await self.intent(key, **wanted)

    async def stop(self, key: str, price: str, quantity: str = "0.01", **more: Any) -> OrderIntent:
        return await self._guard(key, OrderKind.STOP, price, quantity, more)

    async def target(
        self, key: str, price: str, quantity: str = "0.01", **more: Any
    ) -> OrderIntent:
        return await self._guard(key, OrderKind.LIMIT, price, quantity, more)

    async def _guard(
        self, key: str, kind: OrderKind, price: str, quantity: str, more: Any
    ) -> OrderIntent:
        wanted = {
            "purpose": OrderPurpose.STOP if kind is OrderKind.STOP else OrderPurpose.TARGET,
            "side": OrderSide.SELL,
            "kind": kind,
            "price": Decimal(price),
            "quantity": Decimal(quantity),
            **more,
        }
        return await self.intent(key, **wanted)

    async def submit(self, intent: OrderIntent) -> BrokerOrder:
        return await self.broker.submit(intent, await self.instrument(intent.symbol))

    async def rest(self, *intents: OrderIntent, instead_of: Any = ()) -> list[BrokerOrder]:
        """Placed and written down, as the desk does it."""
        instrument = await self.instrument(intents[0].symbol)
        answers = list(await self.broker.rest(intents, instrument, instead_of))
        for intent, answer in zip(intents, answers, strict=True):
            await self.record(intent, answer)
        return answers

    async def record(self, intent: OrderIntent, answer: BrokerOrder) -> OrderIntent:
        await self.memory.orders.move(intent, OrderState.SENDING)
        sending = await self.memory.orders.get(intent.id)
        await self.memory.orders.move(sending, answer.state, venue_id=answer.venue_id)
        return await self.memory.orders.get(intent.id)


@dataclass
class Ground:
    """An exchange and a desk's market on it, for many tests: to open and close them takes a while.
    `spent` are desks that are closed in the end."""

    exchange: str
    server: VenueServer
    market: CcxtMarket
    spent: list[LiveDesk] = field(default_factory=list)
    count: int = 0

    def fresh(self) -> Credentials:
        """The world as it was in the beginning, and an account that nobody has used."""
        engine, faults = self.server.engine, self.server.faults
        self.count += 1
        for account in engine.accounts.values():  # nobody's orders are hit by what follows
            account.open.clear()
        for base, price in PRICES.items():
            engine.move(f"{base}USDT", price)
        faults.lift()
        if self.market._rest is not None:
            self.market._rest._free_at = 0.0
        faults.skew(0)
        engine.slicing.parts = 1
        self.server.streams.silent = self.server.streams.refusing = False
        made = Credentials(f"{KEY}{self.count}", f"{SECRET}{self.count}")
        engine.add_account(
            made.key,
            made.secret,
            {"USDT": 10_000, "BTC": "0.5", "BNB": 1},
            {} if self.exchange.startswith("bybit") else {"USDT": 10_000, "BNB": 1},
            unified=self.exchange.startswith("bybit"),
        )
        return made


@asynccontextmanager
async def ground(exchange: str, *, relist: float = 3600.0) -> AsyncIterator[Ground]:
    """`relist`: seconds between two readings of what is listed."""
    doors = (bybit_doors if exchange.startswith("bybit") else binance_doors,)
    history, engine = timedelta(minutes=5), an_engine()
    if exchange == "bybitlinear":  # another coin of settlement
        engine.add_market(Market(Kind.PERPETUAL, "ETH", "USDC"), 3_000)
    async with venue_server(engine, history=history, doors=doors) as server:
        patience = replace(QUICK, relist=relist)
        market = CcxtMarket(
            exchange, RealClock(), server.rest_url, server.ws_url, patience=patience
        )
        await market.start()
        one = Ground(exchange, server, market)
        try:
            yield one
        finally:
            await asyncio.gather(market.stop(), *(desk.close() for desk in one.spent))


@asynccontextmanager
async def live(
    on: Ground, *, patience: LivePatience = PATIENCE, following: bool = False
) -> AsyncIterator[Live]:
    """With `following` it follows accounts as the running desk does."""
    memory, credentials = InMemory(), on.fresh()
    desk = a_desk(on.market, memory, patience)
    on.spent.append(desk)
    owner = (await a_user(memory)).id
    await memory.connections.connect(
        connection_of(owner, exchange=on.exchange, sealed=credentials.written())
    )
    one = Live(on.server, on.market, memory, desk, owner, credentials.key)
    async with running(one, following=following):
        yield one


@asynccontextmanager
async def reopened(one: Live) -> AsyncIterator[Live]:
    """Another process at the same account, which is followed; `one` is gone."""
    await one.leave()
    await one.desk.close()
    desk = a_desk(one.market, one.memory, PATIENCE)
    again = Live(one.server, one.market, one.memory, desk, one.owner, one.key)
    async with running(again, following=True):
        yield again
    await desk.close()


@asynccontextmanager
async def running(one: Live, *, following: bool) -> AsyncIterator[None]:
    one.desk.broker.listen(one.heard.append)
    one.desk.broker.listen_orders(one.ended.append)
    one.task = asyncio.create_task(one.desk.follow()) if following else None
    try:
        yield
    finally:
        await one.leave()


def a_desk(market: CcxtMarket, memory: InMemory, patience: LivePatience) -> LiveDesk:
    quick = lambda: Backoff(0.01, 0.05)  # noqa: E731
    return open_live(market, memory, Plain(), RealClock(), patience=patience, backoff=quick)
