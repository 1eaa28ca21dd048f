"""News of accounts and prices as the real ccxt.pro hears them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.markets import eventually
from tests.support.venue import by_hand
from tests.support.venue.account import Account
from tests.support.venue.clients import ccxt_client
from tests.support.venue.conftest import KEY
from tests.support.venue.engine import Engine
from tests.support.venue.records import Kind, Side
from tests.support.venue.server import VenueServer

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
SOON = 10.0


@asynccontextmanager
async def heard(watch: Callable[[], Awaitable[Any]]) -> AsyncIterator[list[Any]]:
    """Every answer of a watch method, until it is enough."""
    found: list[Any] = []

    async def listen() -> None:
        while True:
            found.extend(await watch())

    task = asyncio.create_task(listen())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def listening(server: VenueServer) -> None:
    async with asyncio.timeout(SOON):
        await server.streams.joined(KEY)


async def test_orders_of_spot_are_told(spot: Any, server: VenueServer) -> None:
    async with heard(lambda: spot.watch_orders(SPOT)) as orders:
        await listening(server)
        await spot.create_order(SPOT, "limit", "buy", 1, 90, {"newClientOrderId": "pl1"})
        await eventually(lambda: any(one["status"] == "open" for one in orders))
        await spot.cancel_order(None, SPOT, {"origClientOrderId": "pl1"})
        await eventually(lambda: any(one["status"] == "canceled" for one in orders))
    assert {one["clientOrderId"] for one in orders} == {"pl1"}


async def test_trades_and_balances_of_spot_are_told(spot: Any, server: VenueServer) -> None:
    balances: list[Any] = []

    async def watched() -> list[Any]:
        balances.append(await spot.watch_balance())
        return []

    async with heard(lambda: spot.watch_my_trades(SPOT)) as trades, heard(watched):
        await listening(server)
        await spot.create_order(SPOT, "market", "buy", 1)
        await eventually(lambda: bool(trades) and bool(balances))
        await eventually(lambda: balances[-1].get("BTC", {}).get("free") == 0.999)
    [trade] = trades
    assert (trade["price"], trade["amount"], trade["fee"]) == (
        100.01,
        1.0,
        {"currency": "BTC", "cost": 0.001},
    )


async def test_partial_fills_are_told_one_by_one(
    spot: Any, server: VenueServer, engine: Engine
) -> None:
    engine.slicing.parts = 3
    async with heard(lambda: spot.watch_my_trades(SPOT)) as trades:
        await listening(server)
        await spot.create_order(SPOT, "market", "buy", 0.9)
        await eventually(lambda: len(trades) == 1)
        engine.settle(2)
        await eventually(lambda: len({one["id"] for one in trades}) == 3)


async def test_orders_and_positions_of_perpetuals_are_told(
    usdm: Any, server: VenueServer, engine: Engine
) -> None:
    usdm.options["watchPositions"] = {"fetchPositionsSnapshot": False}
    async with (
        heard(lambda: usdm.watch_orders(PERP)) as orders,
        heard(lambda: usdm.watch_positions([PERP])) as positions,
    ):
        await listening(server)
        await usdm.create_order(PERP, "market", "buy", 2, None, {"clientOrderId": "pl1"})
        await eventually(lambda: any(one["status"] == "closed" for one in orders))
        await eventually(lambda: any(one["contracts"] == 2 for one in positions))
        guard = {"stopLossPrice": 90, "reduceOnly": True, "clientOrderId": "pl2"}
        await usdm.create_order(PERP, "market", "sell", 2, None, guard)
        await eventually(lambda: any(one["clientOrderId"] == "pl2" for one in orders))
        engine.move("BTCUSDT", 89)
        await eventually(lambda: positions[-1]["contracts"] == 0)
        await eventually(lambda: orders[-1]["info"].get("X") == "FINISHED")
    algo = orders[-1]
    assert (algo["clientOrderId"], algo["status"]) == ("pl2", "closed")
    child = next(one for one in orders if one["id"] == algo["info"]["ai"])
    assert (child["clientOrderId"], child["filled"]) == ("pl2", 2)


async def test_trades_and_balances_of_perpetuals_are_told(usdm: Any, server: VenueServer) -> None:
    balances: list[Any] = []

    async def watched() -> list[Any]:
        balances.append(await usdm.watch_balance())
        return []

    async with heard(lambda: usdm.watch_my_trades(PERP)) as trades, heard(watched):
        await listening(server)
        await usdm.create_order(PERP, "market", "sell", 1)
        await eventually(lambda: bool(trades) and bool(balances))
    assert trades[0]["fee"] == {"currency": "USDT", "cost": 0.049995}
    assert balances[-1]["USDT"]["total"] == pytest.approx(1000 - 0.049995)


async def test_prices_are_told_and_agree_with_the_engine(
    spot: Any, usdm: Any, server: VenueServer, engine: Engine
) -> None:
    for client, symbol in ((spot, SPOT), (usdm, PERP)):
        client.options["watchTickers"] = {"name": "ticker"}
        engine.move("BTCUSDT", 100)
        assert (await client.watch_ticker(symbol))["last"] == 100
        soon = asyncio.create_task(client.watch_bids_asks([symbol]))
        best = await soon
        assert (best[symbol]["bid"], best[symbol]["ask"]) == (99.99, 100.01)
        candles = await client.fetch_ohlcv(symbol, "1m", None, 5)
        assert candles[-1][4] == 100
        engine.move("BTCUSDT", 105)
        candles = await client.fetch_ohlcv(symbol, "1m", None, 5)
        assert candles[-1][4] == 105
        assert max(one[2] for one in candles[-2:]) >= 105
        assert (await client.fetch_ticker(symbol))["last"] == 105
    assert (await usdm.watch_mark_price(PERP))["markPrice"] == 105


async def test_a_dropped_stream_is_noticed_and_opened_again(usdm: Any, server: VenueServer) -> None:
    watching = asyncio.create_task(usdm.watch_orders(PERP))
    await listening(server)
    await server.drop()
    with pytest.raises(Exception, match=r"binanceusdm|[Cc]onnection|1006"):
        await asyncio.wait_for(watching, SOON)
    async with heard(lambda: usdm.watch_orders(PERP)) as orders:
        await listening(server)
        await usdm.create_order(PERP, "market", "buy", 1)
        await eventually(lambda: bool(orders))


async def test_a_silent_stream_stays_open_and_tells_nothing(
    spot: Any, server: VenueServer, engine: Engine
) -> None:
    async with heard(lambda: spot.watch_orders(SPOT)) as orders:
        await listening(server)
        server.streams.silence()
        await spot.create_order(SPOT, "market", "buy", 1)
        await server.told()
        assert orders == []
        assert len(server.streams.sockets) == 1


async def test_news_may_come_twice_and_late(usdm: Any, server: VenueServer, engine: Engine) -> None:
    server.streams.times, server.streams.late = 2, asyncio.Event()
    async with heard(lambda: usdm.watch_my_trades(PERP)) as trades:
        await listening(server)
        order = await usdm.create_order(PERP, "market", "buy", 1)
        assert (order["status"], trades) == ("closed", [])
        server.streams.late.set()
        await server.told()
        await eventually(lambda: bool(trades))
    assert {one["id"] for one in trades} == {str(engine.fills[0].id)}


async def test_a_stream_whose_key_ran_out_is_silent_until_asked_anew(
    spot: Any, server: VenueServer
) -> None:
    """ccxt forgets the subscription then, and leaves who waits waiting."""
    waiting = asyncio.create_task(spot.watch_orders(SPOT))
    await listening(server)
    await server.run_out()
    [client] = spot.clients.values()
    await eventually(lambda: "spot" not in client.subscriptions)
    assert not waiting.done()
    async with heard(lambda: spot.watch_orders(SPOT)) as orders:
        await eventually(lambda: len(server.streams.sockets) == 2)
        await spot.create_order(SPOT, "market", "buy", 1)
        await eventually(lambda: bool(orders))
    await waiting


async def test_play_money_is_found_where_ccxt_looks_for_it(
    server: VenueServer, account: Account
) -> None:
    async with ccxt_client("binance", server, account) as client:
        client.set_sandbox_mode(True)
        assert (await client.fetch_balance())["USDT"]["free"] == 1000
    async with ccxt_client("binanceusdm", server, account) as client:
        client.enable_demo_trading(True)
        assert (await client.fetch_balance())["USDT"]["free"] == 1000
        async with heard(lambda: client.watch_orders(PERP)) as orders:
            await listening(server)
            await client.create_order(PERP, "market", "buy", 1)
            await eventually(lambda: bool(orders))


async def test_what_a_person_does_is_told_too(
    usdm: Any, server: VenueServer, engine: Engine
) -> None:
    async with heard(lambda: usdm.watch_orders(PERP)) as orders:
        await listening(server)
        by_hand.buy(engine, KEY, PERP, 2, Kind.PERPETUAL)
        by_hand.rest(engine, KEY, PERP, Side.SELL, 1, 120, Kind.PERPETUAL)
        by_hand.close(engine, KEY, PERP)
        await eventually(lambda: len({one["id"] for one in orders}) == 3)
    assert engine.positions(KEY) == {}
    assert all(one["clientOrderId"].startswith("web_") for one in orders)
