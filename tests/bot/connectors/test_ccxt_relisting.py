"""What an exchange lists changes while a desk runs."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.errors import OrderRejected
from agents.domain.order import OrderState
from bot.connectors.ccxt_instruments import listing, newer
from tests.support.live_connector import BTC, Ground, ground, live
from tests.support.markets import eventually
from tests.support.venue.records import Kind

D = Decimal


def described(symbol: str, **changes: Any) -> dict[str, Any]:
    base, quote = symbol.split(":", maxsplit=1)[0].split("/")
    swap = ":" in symbol
    kind = {"swap": True, "linear": True, "contractSize": 1} if swap else {"spot": True}
    precision = {"amount": 0.01, "price": 0.1}
    return {"symbol": symbol, "base": base, "quote": quote, "precision": precision} | kind | changes


def test_a_market_that_pauses_is_still_known() -> None:
    before = listing([described("BTC/USDT"), described("ETH/USDT")], 4)
    steps = {"amount": 0.01, "price": 1.0}
    now = [described("BTC/USDT", active=False), described("ETH/USDT", precision=steps)]
    found = newer(before, listing([*now, described("SOL/USDT")], 4))
    assert found.universe.by_symbol["BTC/USDT"] == before.universe.by_symbol["BTC/USDT"]
    assert found.universe.by_symbol["ETH/USDT"].price_step == 1
    assert set(found.spelled) == {"BTC/USDT", "ETH/USDT", "SOL/USDT"}


def test_a_symbol_goes_on_to_mean_the_same_market() -> None:
    before = listing([described("BTC/USDT:USDT")], 4)
    found = newer(before, listing([described("BTC/USDT:USDT"), described("BTC/USDT")], 4))
    assert found.spelling("BTC/USDT") == "BTC/USDT:USDT"
    assert found.universe.by_symbol == before.universe.by_symbol


@pytest.mark.parametrize("name", ["binance", "binanceusdm"])
async def test_orders_go_by_the_steps_of_now(name: str) -> None:
    async with ground(name) as on, live(on) as one:
        before = await one.instrument()
        intent = await one.entry("entry")
        assert (await one.submit(intent)).state is OrderState.FILLED
        market = one.engine.markets[_kind(on), "BTCUSDT"]
        one.engine.markets[_kind(on), "BTCUSDT"] = replace(market, tick=D("0.5"))
        stop = await one.stop("stop", "59000.1")
        with pytest.raises(OrderRejected):
            await one.rest(stop)
        assert on.market._exchange is not None
        await on.market._relist(on.market._exchange)
        assert before.price_step != D("0.5")
        assert (await one.instrument()).price_step == D("0.5")
        with pytest.raises(OrderRejected, match=r"no multiple of 0\.5"):
            await one.rest(stop)
        (answer,) = await one.rest(await one.stop("another", "59000.5"))
        assert answer.state is OrderState.OPEN
        session = await one.desk.sessions.of(one.owner)
        assert float(session.market(BTC)["precision"]["price"]) == 0.5


async def test_what_is_listed_is_read_again_and_again() -> None:
    async with ground("binance", relist=0.02) as on:
        market = on.server.engine.markets[Kind.SPOT, "BTCUSDT"]
        on.server.engine.markets[Kind.SPOT, "BTCUSDT"] = replace(market, tick=D("0.5"))
        await eventually(
            lambda: on.market.loaded()[1].universe.by_symbol[BTC].price_step == D("0.5")
        )


def _kind(on: Ground) -> Kind:
    return Kind.PERPETUAL if on.exchange == "binanceusdm" else Kind.SPOT
