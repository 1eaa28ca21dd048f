"""The real ccxt with a key, pointed at the stand-in exchange."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot.connectors.ccxt_exchange import Addresses, exchange_class, pointed
from tests.support.venue.account import Account
from tests.support.venue.server import VenueServer

KINDS = {"binance": ["spot"], "binanceusdm": ["linear"], "bybit": ["spot", "linear"]}


@asynccontextmanager
async def ccxt_client(name: str, server: VenueServer, account: Account) -> AsyncIterator[Any]:
    """An exchange of ccxt as the desk opens it, markets not loaded yet and in no hurry to wait:
    ccxt's own limiter of requests is off."""
    kind = pointed(await exchange_class(name), Addresses(server.rest_url, server.ws_url))
    options = {
        "fetchMarkets": {"types": KINDS[name]},
        "fetchOpenOrders": {"warnWithoutSymbol": False},
    }
    keys = {"apiKey": account.key, "secret": account.secret}
    quick = {"enableRateLimit": False, "timeout_on_exit": 0}
    client = kind({**keys, **quick, "options": options})
    try:
        yield client
    finally:
        await client.close()
