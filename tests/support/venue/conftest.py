"""A stand-in exchange with one account, and the real ccxt with its key."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.venue.account import Account
from tests.support.venue.clients import ccxt_client
from tests.support.venue.engine import Engine
from tests.support.venue.records import Kind, Market
from tests.support.venue.server import VenueServer, venue_server

KEY = "key"


def opened(engine: Engine) -> Engine:
    """With BTC at 100 as spot and as a perpetual, and 1,000 USDT for each."""
    engine.add_market(Market(Kind.SPOT, "BTC"), 100)
    engine.add_market(Market(Kind.SPOT, "BNB"), 10)
    taker, maker = Decimal("0.0005"), Decimal("0.0002")
    step = Decimal("0.001")
    engine.add_market(Market(Kind.PERPETUAL, "BTC", step=step, taker=taker, maker=maker), 100)
    engine.add_account(KEY, "secret", {"USDT": 1000}, {"USDT": 1000})
    return engine


@pytest.fixture
def engine() -> Engine:
    return opened(Engine())


@pytest.fixture
def account(engine: Engine) -> Account:
    return engine.account(KEY)


@pytest.fixture
async def server(engine: Engine) -> AsyncIterator[VenueServer]:
    async with venue_server(engine, history=timedelta(minutes=30)) as server:
        yield server


@pytest.fixture
async def spot(server: VenueServer, account: Account) -> AsyncIterator[Any]:
    async with ccxt_client("binance", server, account) as client:
        await client.load_markets()
        yield client


@pytest.fixture
async def usdm(server: VenueServer, account: Account) -> AsyncIterator[Any]:
    async with ccxt_client("binanceusdm", server, account) as client:
        await client.load_markets()
        yield client
