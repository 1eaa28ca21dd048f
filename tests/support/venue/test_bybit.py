"""The stand-in exchange speaks Bybit as the real ccxt calls it: what is taken, told, refused."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.support.markets import eventually
from tests.support.venue.account import Account
from tests.support.venue.bybit_doors import bybit_doors
from tests.support.venue.bybit_shapes import order_name, order_number
from tests.support.venue.clients import ccxt_client
from tests.support.venue.conftest import KEY
from tests.support.venue.engine import Engine
from tests.support.venue.records import Kind
from tests.support.venue.server import VenueServer, venue_server
from tests.support.venue.test_streams import heard, listening

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
WITHOUT_WARNING = {"acknowledged": True}


@pytest.fixture
async def server(engine: Engine) -> AsyncIterator[VenueServer]:
    engine.account(KEY).unified = True
    engine.account(KEY).wallets[Kind.PERPETUAL] = engine.account(KEY).wallets[Kind.SPOT]
    doors = (bybit_doors,)
    async with venue_server(engine, history=timedelta(minutes=30), doors=doors) as server:
        yield server


@pytest.fixture
async def bybit(server: VenueServer, account: Account) -> AsyncIterator[Any]:
    async with ccxt_client("bybit", server, account) as client:
        await client.load_markets()
        yield client


async def test_an_answer_names_an_order_and_says_no_more(bybit: Any) -> None:
    answer = await bybit.create_order(SPOT, "market", "buy", 1, None, {"clientOrderId": "pl1"})
    assert (answer["clientOrderId"], answer["status"], answer["filled"]) == ("pl1", None, None)
    found = await bybit.fetch_order(answer["id"], SPOT, WITHOUT_WARNING)
    assert (found["status"], found["filled"], found["average"]) == ("closed", 1, 100.01)
    [trade] = await bybit.fetch_my_trades(SPOT)
    assert (trade["order"], trade["price"], trade["amount"]) == (answer["id"], 100.01, 1)
    assert trade["fee"] == {"cost": 0.001, "currency": "BTC", "rate": 0.001}
    balance = await bybit.fetch_balance()
    assert (balance["BTC"]["free"], balance["USDT"]["free"]) == (0.999, 899.99)


async def test_market_orders_of_spot_may_be_for_so_much_money(bybit: Any, engine: Engine) -> None:
    await bybit.create_order(SPOT, "market", "buy", 1, None, {"cost": 50})
    assert engine.orders[0].filled * engine.orders[0].average <= 50


async def test_a_perpetual_from_leverage_to_profit(bybit: Any, engine: Engine) -> None:
    await bybit.set_leverage(10, PERP)
    with pytest.raises(Exception, match="110043"):
        await bybit.set_leverage(10, PERP)
    await bybit.set_margin_mode("isolated", PERP)
    await bybit.create_order(PERP, "market", "buy", 2, None, {"clientOrderId": "pl1"})
    [position] = await bybit.fetch_positions([PERP])
    assert (position["contracts"], position["side"], position["entryPrice"]) == (2, "long", 100.01)
    assert (position["leverage"], position["hedged"]) == (10, False)
    assert 89 < position["liquidationPrice"] < 92
    with pytest.raises(Exception, match="3400045"):
        await bybit.set_margin_mode("cross", PERP)
    engine.move("BTCUSDT", 110)
    await bybit.create_order(PERP, "market", "sell", 2, None, {"reduceOnly": True})
    assert await bybit.fetch_positions() == []
    trades = await bybit.fetch_my_trades(PERP)
    paid = sum(one["fee"]["cost"] for one in trades)
    balance = await bybit.fetch_balance()
    assert balance["USDT"]["total"] == pytest.approx(1000 + 19.96 - paid)


async def test_conditional_orders_are_listed_with_others_and_stay_themselves(
    bybit: Any, engine: Engine
) -> None:
    await bybit.create_order(PERP, "market", "buy", 1)
    params = {"stopLossPrice": 90, "reduceOnly": True, "clientOrderId": "pl7"}
    stop = await bybit.create_order(PERP, "market", "sell", 1, None, params)
    await bybit.create_order(PERP, "limit", "sell", 1, 120, {"reduceOnly": True})
    resting = await bybit.fetch_open_orders(PERP)
    told = {(one["clientOrderId"], one["triggerPrice"], one["price"]) for one in resting}
    assert told == {("pl7", 90, None), (None, None, 120)}
    await bybit.edit_order(stop["id"], PERP, "market", "sell", 1, None, {"triggerPrice": 95})
    engine.move("BTCUSDT", 94)
    done = await bybit.fetch_order(stop["id"], PERP, WITHOUT_WARNING)
    assert (done["status"], done["filled"], done["triggerPrice"]) == ("closed", 1, 95)
    assert await bybit.fetch_open_orders(PERP) == []
    ended = await bybit.fetch_canceled_and_closed_orders(PERP)
    assert {one["status"] for one in ended} == {"closed", "canceled"}


async def test_what_is_cancelled_in_part_is_called_closed(bybit: Any, engine: Engine) -> None:
    """By ccxt, of spot: the amounts tell."""
    engine.slicing.parts = 2
    order = await bybit.create_order(SPOT, "market", "buy", 1)
    await bybit.cancel_order(order["id"], SPOT)
    found = await bybit.fetch_order(order["id"], SPOT, WITHOUT_WARNING)
    assert (found["status"], found["filled"], found["amount"]) == ("closed", 0.5, 1)
    assert found["info"]["orderStatus"] == "PartiallyFilledCanceled"


async def test_lists_come_in_pages(bybit: Any, engine: Engine) -> None:
    for number in range(23):
        await bybit.create_order(PERP, "limit", "buy", 0.1, 90, {"clientOrderId": f"pl{number}"})
    assert len(await bybit.fetch_open_orders(PERP)) == 20
    assert len(await bybit.fetch_open_orders(PERP, 1, None, {"paginate": True})) == 23
    assert len(await bybit.cancel_all_orders(PERP)) == 23
    assert engine.open_orders(KEY) == []


async def test_funding_is_told_the_other_way_round(bybit: Any, engine: Engine) -> None:
    """What was paid is positive in the list of executions."""
    await bybit.create_order(PERP, "market", "sell", 1)
    engine.fund(PERP, "0.0001")
    [received] = await bybit.fetch_funding_history(PERP)
    assert received["amount"] == -0.01
    log = await bybit.privateGetV5AccountTransactionLog({"type": "SETTLEMENT"})
    assert [one["funding"] for one in log["result"]["list"]] == ["0.01"]
    [rate] = await bybit.fetch_funding_rate_history(PERP)
    assert rate["fundingRate"] == 0.0001


async def test_what_a_key_may_do(bybit: Any, account: Account) -> None:
    account.withdraws, account.restricted = True, False
    said = (await bybit.privateGetV5UserQueryApi())["result"]
    assert "Withdraw" in said["permissions"]["Wallet"]
    assert (said["ips"], said["uta"]) == (["*"], 1)
    assert (await bybit.fetch_trading_fee(PERP))["taker"] == 0.0005


REFUSALS: list[tuple[str, str, str, float, float | None, dict[str, Any], str]] = [
    (SPOT, "market", "buy", 20, None, {}, "170131"),
    (SPOT, "limit", "buy", 0.01, 90, {}, "170140"),
    (SPOT, "limit", "buy", 1, 90, {"clientOrderId": "twice"}, "170141"),
    (PERP, "market", "buy", 500, None, {}, "110007"),
    (PERP, "market", "sell", 1, None, {"reduceOnly": True}, "110017"),
    (PERP, "market", "sell", 1, None, {"stopLossPrice": 101}, "110093"),
    (PERP, "market", "buy", 1, None, {"stopLossPrice": 99}, "110092"),
    (PERP, "limit", "buy", 0.001, 90, {}, "110094"),
    (PERP, "market", "buy", 1, None, {"positionIdx": 1}, "position idx not match"),
    (PERP, "market", "buy", 1, None, {"clientOrderId": "a b"}, "OrderLinkId"),
]


async def test_what_is_refused(bybit: Any, engine: Engine) -> None:
    taken = await bybit.create_order(SPOT, "limit", "buy", 1, 90, {"clientOrderId": "twice"})
    await bybit.cancel_order(taken["id"], SPOT)
    for symbol, type_, side, quantity, price, params, told in REFUSALS:
        with pytest.raises(Exception, match=rf"bybit .*{told}"):
            await bybit.create_order(symbol, type_, side, quantity, price, params)
    for symbol, code in ((SPOT, "170213"), (PERP, "110001")):
        with pytest.raises(Exception, match=code):
            await bybit.cancel_order("123", symbol)
    assert [one.client_id for one in engine.orders] == ["twice"]


async def test_keys_signatures_and_clocks_are_checked(
    bybit: Any, server: VenueServer, account: Account
) -> None:
    harms = {
        "10003": ("apiKey", "another"), "10004": ("secret", "wrong"),
        "10002": ("options", {**bybit.options, "timeDifference": 60_000}),
    }  # fmt: skip
    for code, (name, value) in harms.items():
        before = getattr(bybit, name)
        setattr(bybit, name, value)
        with pytest.raises(Exception, match=code):
            await bybit.fetch_balance()
        setattr(bybit, name, before)
    account.trades_perpetuals = False
    with pytest.raises(Exception, match="10005"):
        await bybit.create_order(PERP, "market", "buy", 1)
    server.faults.too_many(times=1)
    with pytest.raises(Exception, match="10006"):
        await bybit.fetch_balance()
    await bybit.create_order(SPOT, "market", "buy", 1)


async def test_news_of_an_account(bybit: Any, server: VenueServer, engine: Engine) -> None:
    bybit.options["watchPositions"] = {"fetchPositionsSnapshot": False}
    balances: list[Any] = []

    async def watched() -> list[Any]:
        balances.append(await bybit.watch_balance())
        return []

    async with (
        heard(bybit.watch_orders) as orders,
        heard(bybit.watch_my_trades) as trades,
        heard(bybit.watch_positions) as positions,
        heard(watched),
    ):
        await listening(server)
        for topic in ("order", "execution", "position", "wallet"):
            await server.streams.joined(KEY, topic)
        await bybit.create_order(PERP, "market", "buy", 2, None, {"clientOrderId": "pl1"})
        await eventually(lambda: any(one["status"] == "closed" for one in orders))
        await eventually(lambda: bool(trades) and bool(positions) and bool(balances))
    [trade] = trades
    assert (trade["symbol"], trade["amount"], trade["fee"]["currency"]) == (PERP, 2, "USDT")
    assert orders[-1]["clientOrderId"] == "pl1"
    assert positions[-1]["contracts"] == 2
    assert balances[-1]["USDT"]["total"] == pytest.approx(999.88, abs=0.05)


async def test_prices_are_told_and_agree_with_the_engine(bybit: Any, engine: Engine) -> None:
    for symbol in (SPOT, PERP):
        engine.move("BTCUSDT", 100)
        assert (await bybit.watch_ticker(symbol))["last"] == 100
        soon = asyncio.create_task(bybit.watch_ticker(symbol))
        await asyncio.sleep(0)
        engine.move("BTCUSDT", 105)
        assert (await soon)["last"] == 105
        ticker = await bybit.fetch_ticker(symbol)
        assert (ticker["bid"], ticker["ask"]) == (104.99, 105.01)
        candles = await bybit.fetch_ohlcv(symbol, "1m", None, 5)
        assert (len(candles), candles[-1][4]) == (5, 105)
        streamed = await bybit.watch_ohlcv(symbol, "1m")
        assert streamed[-1][4] == 105


def test_ids_of_orders_are_read_back() -> None:
    for kind in Kind:
        assert order_number(order_name(7_000_012, kind)) == 7_000_012
    assert order_number("no id") is None


async def test_play_money_is_found_where_ccxt_looks_for_it(
    server: VenueServer, account: Account
) -> None:
    async with ccxt_client("bybit", server, account) as client:
        client.set_sandbox_mode(True)
        assert (await client.fetch_balance())["USDT"]["free"] == 1000
        assert (await client.watch_ticker(PERP))["last"] == 100
    assert {one.path.split("/")[1] for one in server.asked} == {"api-testnet.bybit.com"}
