"""The three real markets, and the scripted one, on a bench whose clock the test moves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from agents.domain.market import Candles, Tick
from agents.domain.ports import Market
from bot.connectors.backoff import Backoff
from bot.connectors.ccxt_rest import Patience
from bot.connectors.market_ccxt import CcxtMarket
from bot.connectors.market_replay import ReplayMarket
from bot.connectors.market_simulated import SimulatedMarket
from tests.support.clock import START, ManualClock
from tests.support.exchange_book import ExchangeBook, walked
from tests.support.exchange_server import ExchangeServer, exchange_server
from tests.support.market import ScriptedMarket

SYMBOLS = ("BTC/USDT", "ETH/USDT")
LEVELS = {"BTCUSDT": 60_000.0, "ETHUSDT": 3_000.0}
BEFORE = timedelta(minutes=3_000)
QUICK = Patience(
    settle=0.02, news=0.05, ban=0.05, retry=0.01, silence=30.0, contact=20.0, poll=0.01
)
SOON = 10.0
"""Seconds within which what must come has come; a test fails then instead of hanging."""


def quick_backoff() -> Backoff:
    return Backoff(0.01, 0.05)


@dataclass
class Bench:
    """A started market. `play` moves its clock and waits until the ticks of that are there."""

    market: Market
    clock: ManualClock
    play: Callable[[float], Awaitable[None]]
    watch: Callable[[Collection[str]], Awaitable[None]]


def minutes(count: int = 3_600) -> dict[str, Candles]:
    """One-minute candles from BEFORE the START on, by the exchange's symbol."""
    return {
        name: walked(name, START - BEFORE, count, price, seed)
        for seed, (name, price) in enumerate(LEVELS.items())
    }


def write_file(path: Path, candles: Candles) -> Path:
    """As a candle file of the real layout."""
    columns: dict[str, Any] = {"timestamp": pa.array(candles.opened, pa.int64())}
    for name in ("open", "high", "low", "close", "volume"):
        columns[name] = pa.array(getattr(candles, name), pa.float64())
    pq.write_table(pa.table(columns), path, compression="zstd")
    return path


def write_folder(folder: Path, minutes: dict[str, Candles]) -> Path:
    for name, candles in minutes.items():
        write_file(folder / f"binance_{name}_1m.parquet", candles)
    return folder


@asynccontextmanager
async def simulated(folder: Path) -> AsyncIterator[Bench]:
    market = SimulatedMarket(clock := ManualClock(START + timedelta(seconds=20)))
    async with _played(market, clock) as bench:
        yield bench


@asynccontextmanager
async def replayed(folder: Path) -> AsyncIterator[Bench]:
    start = START + timedelta(seconds=20)
    market = ReplayMarket(write_folder(folder, minutes()), clock := ManualClock(), start)
    async with _played(market, clock) as bench:
        yield bench


@asynccontextmanager
async def _played(
    market: SimulatedMarket | ReplayMarket, clock: ManualClock
) -> AsyncIterator[Bench]:
    async def play(seconds: float) -> None:
        clock.advance(seconds)
        market.pump()

    async def watch(symbols: Collection[str]) -> None:
        market.watch(symbols)

    await market.start()
    try:
        yield Bench(market, clock, play, watch)
    finally:
        await market.stop()


@asynccontextmanager
async def from_exchange(folder: Path) -> AsyncIterator[Bench]:
    clock = ManualClock(START + timedelta(seconds=20))
    async with exchange_server(ExchangeBook(clock, minutes())) as server:
        market = ccxt_market(server, clock)
        await market.start()
        try:
            yield Bench(market, clock, *_by_stream(market, server, clock))
        finally:
            await market.stop()


@asynccontextmanager
async def scripted(folder: Path) -> AsyncIterator[Bench]:
    """For what the scripted market shares with the real ones: its prices."""
    market = ScriptedMarket(clock := ManualClock(START + timedelta(seconds=20)))
    market.asked = {"BTC/USDT": Decimal("60000.01"), "ETH/USDT": Decimal("3000.01")}

    async def play(seconds: float) -> None:
        clock.advance(seconds)
        for symbol in market.watched:
            market.tick("60000.5", symbol, after=0)

    async def watch(symbols: Collection[str]) -> None:
        market.watch(symbols)

    yield Bench(market, clock, play, watch)


def ccxt_market(server: ExchangeServer, clock: ManualClock, **changes: Any) -> CcxtMarket:
    handed = {"patience": QUICK, "backoff": quick_backoff, **changes}
    return CcxtMarket("binance", clock, server.rest_url, server.ws_url, **handed)


def _by_stream(market: CcxtMarket, server: ExchangeServer, clock: ManualClock) -> tuple[Any, Any]:
    watched: list[str] = []

    async def play(seconds: float) -> None:
        clock.advance(seconds)
        arrival = Arrival(market, watched, clock)
        await server.publish()
        await arrival.complete()

    async def watch(symbols: Collection[str]) -> None:
        watched[:] = symbols
        market.watch(symbols)
        names = [f"{symbol.replace('/', '').lower()}@ticker" for symbol in symbols]
        async with asyncio.timeout(SOON):
            await server.subscribed(*names)

    return play, watch


async def eventually(fact: Callable[[], bool]) -> None:
    """Wait until `fact` is true; a test fails when it does not come true soon."""
    async with asyncio.timeout(SOON):
        while not fact():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


class Arrival:
    """Waits until a tick of this very moment has come for each symbol."""

    def __init__(self, market: Market, symbols: Collection[str], clock: ManualClock) -> None:
        self._awaited = set(symbols)
        self._moment = clock.now()
        self._done = asyncio.Event()
        market.listen(self._see)

    def _see(self, tick: Tick) -> None:
        if tick.at == self._moment:
            self._awaited.discard(tick.symbol)
        if not self._awaited:
            self._done.set()

    async def complete(self) -> None:
        if self._awaited:
            async with asyncio.timeout(SOON):
                await self._done.wait()


BENCHES = {"simulated": simulated, "replay": replayed, "ccxt": from_exchange}
PRICED = {**BENCHES, "scripted": scripted}
