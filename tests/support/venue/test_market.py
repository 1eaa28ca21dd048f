"""The market part of the desk against the stand-in exchange, as EXCHANGE_REST_URL makes it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from agents.domain.market import Candles, InstrumentKind, Timeframe
from bot.connectors.market_ccxt import CcxtMarket
from tests.support.clock import START, ManualClock
from tests.support.exchange_book import walked
from tests.support.markets import QUICK, eventually, quick_backoff
from tests.support.venue.binance_doors import binance_doors
from tests.support.venue.bybit_doors import bybit_doors
from tests.support.venue.conftest import opened
from tests.support.venue.engine import Engine
from tests.support.venue.server import VenueServer, venue_server

M1 = Timeframe.parse("1m")
BTC = "BTC/USDT"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START + timedelta(seconds=20))


@pytest.fixture
async def server(clock: ManualClock) -> AsyncIterator[VenueServer]:
    engine, doors = opened(Engine(clock)), (binance_doors, bybit_doors)
    async with venue_server(engine, history=timedelta(minutes=90), doors=doors) as server:
        yield server


@pytest.fixture(params=["binance", "binanceusdm", "bybit", "bybitlinear"])
async def market(
    request: pytest.FixtureRequest, server: VenueServer, clock: ManualClock
) -> AsyncIterator[CcxtMarket]:
    market = CcxtMarket(
        request.param, clock, server.rest_url, server.ws_url,
        patience=QUICK, backoff=quick_backoff,
    )  # fmt: skip
    await market.start()
    yield market
    await market.stop()


async def test_prices_candles_and_kinds(
    market: CcxtMarket, server: VenueServer, clock: ManualClock
) -> None:
    spot = market.name in ("binance", "bybit")
    [instrument] = [one for one in (await market.universe()).instruments if one.symbol == BTC]
    assert instrument.kind is (InstrumentKind.SPOT if spot else InstrumentKind.LINEAR)
    market.watch([BTC])
    await eventually(lambda: market.last(BTC) is not None)
    server.engine.move(BTC, 101)
    await eventually(lambda: _price(market) == 101)
    clock.advance(60)
    server.engine.move(BTC, 102)
    candles: Candles = await market.history(BTC, M1, clock.now(), 3)
    assert (candles.close[-1], candles.high[-1], candles.open[-1]) == (101, 101, 100)


async def test_made_up_minutes_of_a_test_are_told_until_now(clock: ManualClock) -> None:
    minutes = walked("BTCUSDT", START - timedelta(minutes=60), 120, 100.0)
    async with venue_server(opened(Engine(clock)), minutes={"BTCUSDT": minutes}) as server:
        seen = server.book.candles("BTCUSDT", M1)
    assert seen[-2].prices[3] == minutes.close[59]
    assert seen[-1].prices[3] == 100


async def test_a_muted_exchange_says_nothing(market: CcxtMarket, server: VenueServer) -> None:
    market.watch([BTC])
    await eventually(lambda: market.last(BTC) is not None)
    server.mute()
    server.engine.move(BTC, 103)
    await server.told()
    assert _price(market) == 100
    server.mute(False)
    await server.publish()
    await eventually(lambda: _price(market) == 103)


def _price(market: CcxtMarket) -> float:
    last = market.last(BTC)
    return float(last.price) if last else 0.0
