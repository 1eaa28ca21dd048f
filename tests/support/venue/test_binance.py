"""The stand-in exchange speaks Binance as the real ccxt calls it: what is taken, told, refused."""

from typing import Any

import pytest

from tests.support.venue.account import Account
from tests.support.venue.conftest import KEY
from tests.support.venue.engine import Engine
from tests.support.venue.records import Status
from tests.support.venue.server import VenueServer

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"


# --- spot --------------------------------------------------------------------------------------


async def test_spot_market_orders_and_their_trades(spot: Any) -> None:
    order = await spot.create_order(SPOT, "market", "buy", 1, None, {"newClientOrderId": "pl1"})
    assert (order["status"], order["filled"], order["clientOrderId"]) == ("closed", 1.0, "pl1")
    assert order["fees"] == [{"currency": "BTC", "cost": 0.001}]
    found = await spot.fetch_order(None, SPOT, {"origClientOrderId": "pl1"})
    assert (found["id"], found["average"]) == (order["id"], 100.01)
    [trade] = await spot.fetch_my_trades(SPOT)
    assert (trade["order"], trade["price"], trade["amount"]) == (order["id"], 100.01, 1.0)
    balance = await spot.fetch_balance()
    assert balance["BTC"]["free"] == 0.999


async def test_spot_limit_and_stop_orders_rest_and_are_cancelled(spot: Any, engine: Engine) -> None:
    engine.deposit(KEY, "BTC", 2)
    params = {"stopLossPrice": 90, "newClientOrderId": "pl2"}
    await spot.create_order(SPOT, "market", "sell", 1, None, params)
    await spot.create_order(SPOT, "limit", "sell", 1, 120, {"newClientOrderId": "pl3"})
    resting = await spot.fetch_open_orders(SPOT)
    assert [(one["clientOrderId"], one["triggerPrice"], one["price"]) for one in resting] == [
        ("pl2", 90.0, None),
        ("pl3", None, 120.0),
    ]
    assert (await spot.fetch_balance())["BTC"]["used"] == 2
    gone = await spot.cancel_order(None, SPOT, {"origClientOrderId": "pl2"})
    assert gone["status"] == "canceled"
    assert [one["clientOrderId"] for one in await spot.fetch_open_orders()] == ["pl3"]


async def test_a_spot_order_is_replaced_in_one_request(spot: Any, engine: Engine) -> None:
    engine.deposit(KEY, "BTC", 1)
    first = await spot.create_order(SPOT, "market", "sell", 1, None, {"stopLossPrice": 90})
    second = await spot.edit_order(
        first["id"], SPOT, "STOP_LOSS", "sell", 1, None,
        {"stopPrice": 95, "newClientOrderId": "pl9"},
    )  # fmt: skip
    assert (second["clientOrderId"], second["triggerPrice"]) == ("pl9", 95.0)
    assert [one["clientOrderId"] for one in await spot.fetch_open_orders(SPOT)] == ["pl9"]


@pytest.mark.parametrize("old", [True, False])
async def test_a_pair_of_spot(spot: Any, engine: Engine, old: bool) -> None:
    engine.deposit(KEY, "BTC", 1)
    base = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "1", "listClientOrderId": "pl0"}
    if old:
        names = {"limitClientOrderId": "plT", "stopClientOrderId": "plS"}
        prices = {"price": "120", "stopPrice": "90"}
        told = await spot.privatePostOrderOco(base | names | prices)
    else:
        names = {"aboveClientOrderId": "plT", "belowClientOrderId": "plS"}
        above = {"aboveType": "LIMIT_MAKER", "abovePrice": "120"}
        below = {"belowType": "STOP_LOSS", "belowStopPrice": "90"}
        told = await spot.privatePostOrderListOco(base | names | above | below)
    assert told["listClientOrderId"] == "pl0"
    assert (await spot.fetch_balance())["BTC"]["used"] == 1
    engine.move("BTCUSDT", 125)
    target = await spot.fetch_order(None, SPOT, {"origClientOrderId": "plT"})
    stop = await spot.fetch_order(None, SPOT, {"origClientOrderId": "plS"})
    assert (target["status"], stop["status"]) == ("closed", "expired")


async def test_cancelling_one_of_a_pair_cancels_both(spot: Any, engine: Engine) -> None:
    engine.deposit(KEY, "BTC", 1)
    told = await spot.privatePostOrderListOco(
        {"symbol": "BTCUSDT", "side": "SELL", "quantity": "1", "aboveType": "LIMIT_MAKER",
         "abovePrice": "120", "belowType": "STOP_LOSS_LIMIT", "belowStopPrice": "90",
         "belowPrice": "89", "belowTimeInForce": "GTC"}
    )  # fmt: skip
    await spot.cancel_order(told["orders"][0]["orderId"], SPOT)
    assert await spot.fetch_open_orders(SPOT) == []
    assert (await spot.fetch_balance())["BTC"]["free"] == 1


async def test_what_spot_keys_may_do(spot: Any, account: Account) -> None:
    account.withdraws = True
    told = await spot.sapiGetAccountApiRestrictions()
    assert (told["enableWithdrawals"], told["ipRestrict"]) == (True, True)
    fee = await spot.fetch_trading_fee(SPOT)
    assert (fee["maker"], fee["taker"]) == (0.001, 0.001)


# --- perpetuals --------------------------------------------------------------------------------


async def test_a_perpetual_from_leverage_to_profit(usdm: Any, engine: Engine) -> None:
    await usdm.set_leverage(10, PERP)
    await usdm.set_margin_mode("isolated", PERP)
    with pytest.raises(Exception, match="-4046"):
        await usdm.set_margin_mode("isolated", PERP)
    assert (await usdm.fetch_position_mode(PERP))["hedged"] is False
    order = await usdm.create_order(PERP, "market", "buy", 2, None, {"newClientOrderId": "pl1"})
    assert (order["status"], order["average"]) == ("closed", 100.01)
    [position] = await usdm.fetch_positions([PERP])
    assert (position["contracts"], position["side"], position["entryPrice"]) == (2, "long", 100.01)
    assert position["marginMode"] == "isolated"
    assert 89 < position["liquidationPrice"] < 92
    engine.move("BTCUSDT", 110)
    exit_ = {"reduceOnly": True, "newClientOrderId": "pl2"}
    await usdm.create_order(PERP, "market", "sell", 2, None, exit_)
    assert await usdm.fetch_positions([PERP]) == []
    trades = await usdm.fetch_my_trades(PERP)
    assert [one["info"]["realizedPnl"] for one in trades] == ["0.00000000", "19.96000000"]
    paid = sum(one["fee"]["cost"] for one in trades)
    balance = await usdm.fetch_balance()
    assert balance["USDT"]["total"] == pytest.approx(1000 + 19.96 - paid)


async def test_conditional_orders_live_apart(usdm: Any, engine: Engine) -> None:
    await usdm.create_order(PERP, "market", "buy", 1)
    params = {"stopLossPrice": 90, "reduceOnly": True, "clientOrderId": "pl7"}
    stop = await usdm.create_order(PERP, "market", "sell", 1, None, params)
    assert (stop["clientOrderId"], stop["triggerPrice"], stop["status"]) == ("pl7", 90.0, "open")
    assert await usdm.fetch_open_orders(PERP) == []
    [resting] = await usdm.fetch_open_orders(PERP, params={"trigger": True})
    assert resting["id"] == stop["id"]
    engine.move("BTCUSDT", 89)
    query = {"trigger": True, "clientOrderId": "pl7"}
    done = await usdm.fetch_order(None, PERP, query)
    assert done["status"] == "closed"
    child = await usdm.fetch_order(done["info"]["actualOrderId"], PERP)
    assert (child["filled"], child["clientOrderId"]) == (1, "pl7")


async def test_a_conditional_order_is_cancelled_and_outlives_its_position(
    usdm: Any, engine: Engine
) -> None:
    await usdm.create_order(PERP, "market", "buy", 1)
    params = {"takeProfitPrice": 120, "reduceOnly": True, "clientOrderId": "pl8"}
    await usdm.create_order(PERP, "market", "sell", 1, None, params)
    await usdm.create_order(PERP, "market", "sell", 1, None, {"reduceOnly": True})
    assert len(await usdm.fetch_open_orders(None, params={"trigger": True})) == 1
    await usdm.cancel_order(None, PERP, {"trigger": True, "clientAlgoId": "pl8"})
    assert await usdm.fetch_open_orders(PERP, params={"trigger": True}) == []
    found = await usdm.fetch_order(None, PERP, {"trigger": True, "clientAlgoId": "pl8"})
    assert found["status"] == "canceled"


async def test_a_resting_perpetual_order_is_changed(usdm: Any) -> None:
    order = await usdm.create_order(PERP, "limit", "buy", 1, 90, {"clientOrderId": "pl4"})
    changed = await usdm.edit_order(order["id"], PERP, "limit", "buy", 2, 91)
    assert (changed["amount"], changed["price"], changed["id"]) == (2, 91, order["id"])
    [resting] = await usdm.fetch_open_orders()
    assert resting["clientOrderId"] == "pl4"
    assert await usdm.cancel_all_orders(PERP)
    assert await usdm.fetch_open_orders(PERP) == []


async def test_funding_is_told(usdm: Any, engine: Engine) -> None:
    await usdm.create_order(PERP, "market", "sell", 1)
    engine.fund(PERP, "0.0001")
    [paid] = await usdm.fetch_funding_history(PERP)
    assert paid["amount"] == 0.01
    assert (await usdm.fetch_funding_rate(PERP))["fundingRate"] == 0.0001
    assert (await usdm.fetch_trading_fee(PERP))["taker"] == 0.0005


# --- what is refused ---------------------------------------------------------------------------

SPOT_REFUSALS: list[tuple[dict[str, str], str]] = [
    ({"quantity": "1.0000001", "type": "MARKET"}, "LOT_SIZE"),
    ({"quantity": "1.0000000001", "type": "MARKET"}, "-1111"),
    ({"quantity": "0.01", "type": "MARKET"}, "-1013"),
    ({"quantity": "20", "type": "MARKET"}, "insufficient balance"),
    ({"quantity": "1", "type": "STOP_LOSS", "stopPrice": "99"}, "immediately"),
    ({"quantity": "1", "type": "MARKET", "newClientOrderId": "a b"}, "-1100"),
    ({"quantity": "1", "type": "MARKET", "symbol": "XUSDT"}, "-1121"),
    ({"quantity": "1", "type": "FAST"}, "-1116"),
    ({"type": "MARKET"}, "-1102"),
]


async def test_what_spot_refuses(spot: Any, engine: Engine) -> None:
    for fields, told in SPOT_REFUSALS:
        with pytest.raises(Exception, match=rf"binance .*{told}"):
            await spot.privatePostOrder({"symbol": "BTCUSDT", "side": "BUY"} | fields)
    assert engine.orders == []


USDM_REFUSALS: list[tuple[str, str, float, float | None, dict[str, Any], str]] = [
    ("market", "buy", 500, None, {}, "InsufficientFunds"),
    ("market", "buy", 1, None, {"reduceOnly": True}, "InvalidOrder"),
    ("market", "sell", 1, None, {"stopLossPrice": 101}, "OrderImmediatelyFillable"),
    ("limit", "buy", 0.001, 100, {}, "InvalidOrder"),
    ("limit", "buy", 1, 101, {"postOnly": True}, "OrderNotFillable"),
]


async def test_what_usdm_refuses(usdm: Any, engine: Engine) -> None:
    for type_, side, amount, price, params, error in USDM_REFUSALS:
        with pytest.raises(Exception, match=r"binanceusdm ") as refusal:
            await usdm.create_order(PERP, type_, side, amount, price, params)
        assert refusal.type.__name__ == error
    assert engine.orders == []


async def test_a_name_in_use_is_refused_and_free_again_afterwards(
    usdm: Any, engine: Engine
) -> None:
    await usdm.create_order(PERP, "limit", "buy", 1, 90, {"clientOrderId": "pl1"})
    with pytest.raises(Exception, match="-4116"):
        await usdm.create_order(PERP, "market", "buy", 1, None, {"clientOrderId": "pl1"})
    await usdm.cancel_order(None, PERP, {"clientOrderId": "pl1"})
    await usdm.create_order(PERP, "market", "buy", 1, None, {"clientOrderId": "pl1"})
    assert engine.taken["pl1"] == 2


async def test_unknown_orders_are_said_so(spot: Any, usdm: Any) -> None:
    for client, symbol in ((spot, SPOT), (usdm, PERP)):
        with pytest.raises(Exception, match="-2013"):
            await client.fetch_order(None, symbol, {"clientOrderId": "nope"})
        with pytest.raises(Exception, match="-2011"):
            await client.cancel_order(None, symbol, {"clientOrderId": "nope"})


async def test_hedge_mode_is_told_and_one_way_orders_are_refused(
    usdm: Any, account: Account
) -> None:
    account.hedged = True
    assert (await usdm.fetch_position_mode(PERP))["hedged"] is True
    with pytest.raises(Exception, match="-4061"):
        await usdm.create_order(PERP, "market", "buy", 1)


async def test_keys_are_checked(spot: Any, usdm: Any, account: Account) -> None:
    spot.secret = "another"
    with pytest.raises(Exception, match="-1022"):
        await spot.fetch_balance()
    spot.secret, spot.apiKey = account.secret, "unknown"
    with pytest.raises(Exception, match="-2015"):
        await spot.fetch_balance()
    spot.apiKey = "not a key"
    with pytest.raises(Exception, match="-2014"):
        await spot.fetch_balance()
    account.trades_perpetuals = False
    with pytest.raises(Exception, match="-2015"):
        await usdm.create_order(PERP, "market", "buy", 1)


@pytest.mark.parametrize("skew", [-20_000, 20_000])
async def test_clocks_that_differ_are_refused(spot: Any, server: VenueServer, skew: int) -> None:
    server.faults.skew(skew)
    with pytest.raises(Exception, match="-1021"):
        await spot.fetch_balance()
    await spot.load_time_difference()
    spot.options["adjustForTimeDifference"] = True
    assert await spot.fetch_balance()


async def test_partial_fills_are_seen(spot: Any, engine: Engine) -> None:
    engine.slicing.parts = 3
    params = {"newClientOrderId": "pl1"}
    order = await spot.create_order(SPOT, "market", "buy", 0.9, None, params)
    assert (order["status"], order["filled"]) == ("open", 0.3)
    engine.settle(2)
    assert (await spot.fetch_order(order["id"], SPOT))["filled"] == 0.9
    assert engine.orders[-1].status is Status.FILLED
    assert len(await spot.fetch_my_trades(SPOT, params={"orderId": order["id"]})) == 3
