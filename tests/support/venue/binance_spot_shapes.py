"""Binance spot's words for orders, fills, balances and their news."""

from collections.abc import Mapping
from typing import Any

from tests.support.venue.account import Account
from tests.support.venue.binance import STATUSES, text
from tests.support.venue.records import (
    ZERO,
    Balance,
    Event,
    Fill,
    Market,
    Order,
    OrderType,
    Pair,
    What,
)

TYPES = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "STOP_LOSS",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrderType.TAKE_PROFIT: "TAKE_PROFIT",
    OrderType.TAKE_PROFIT_LIMIT: "TAKE_PROFIT_LIMIT",
}
READ_TYPES = {name: type_ for type_, name in TYPES.items()} | {"LIMIT_MAKER": OrderType.LIMIT}
DOINGS = {
    What.ACCEPTED: "NEW",
    What.FIRED: "NEW",
    What.FILLED: "TRADE",
    What.CANCELED: "CANCELED",
    What.EXPIRED: "EXPIRED",
    What.REJECTED: "REJECTED",
    What.CHANGED: "REPLACED",
}


def type_name(order: Order) -> str:
    return "LIMIT_MAKER" if order.ask.post_only else TYPES[order.type]


def time_in_force(order: Order) -> str:
    return "IOC" if order.ask.immediate else "GTC"


def list_id(order: Order) -> int:
    return -1 if order.pair is None else order.pair


def order_row(order: Order) -> dict[str, Any]:
    return {
        "symbol": order.symbol, "orderId": order.id, "orderListId": list_id(order),
        "clientOrderId": order.client_id, "price": text(order.price),
        "origQty": text(order.quantity), "executedQty": text(order.filled),
        "origQuoteOrderQty": text(order.ask.cost), "cummulativeQuoteQty": text(order.cost),
        "status": STATUSES[order.status], "timeInForce": time_in_force(order),
        "type": type_name(order), "side": order.side.upper(), "stopPrice": text(order.trigger),
        "icebergQty": text(ZERO), "time": order.at, "updateTime": order.updated,
        "isWorking": not order.waits, "workingTime": -1 if order.waits else order.at,
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }  # fmt: skip


def taken_row(order: Order, fills: list[Fill], asked: str) -> dict[str, Any]:
    """The answer to a new order: ACK, RESULT or FULL."""
    row = order_row(order)
    named = {name: row[name] for name in ("symbol", "orderId", "orderListId", "clientOrderId")}
    named["transactTime"] = order.updated
    if asked == "ACK":
        return named
    for name in ("time", "updateTime", "isWorking", "icebergQty"):
        del row[name]
    result = row | named
    if asked == "FULL":
        result["fills"] = [
            {
                "price": text(one.price), "qty": text(one.quantity), "commission": text(one.fee),
                "commissionAsset": one.fee_coin, "tradeId": one.id,
            }
            for one in fills
        ]  # fmt: skip
    return result


def canceled_row(order: Order, name: str) -> dict[str, Any]:
    """`name` is the client's name of the cancellation."""
    row = order_row(order)
    for extra in ("time", "updateTime", "isWorking", "icebergQty", "workingTime"):
        del row[extra]
    return row | {
        "origClientOrderId": order.client_id, "clientOrderId": name, "transactTime": order.updated,
    }  # fmt: skip


def pair_row(pair: Pair, now: int, reports: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    live = any(one.live for one in pair.orders)
    row: dict[str, Any] = {
        "orderListId": pair.id, "contingencyType": "OCO",
        "listStatusType": "EXEC_STARTED" if live else "ALL_DONE",
        "listOrderStatus": "EXECUTING" if live else "ALL_DONE",
        "listClientOrderId": pair.name, "transactionTime": now, "symbol": pair.orders[0].symbol,
        "orders": [
            {"symbol": one.symbol, "orderId": one.id, "clientOrderId": one.client_id}
            for one in pair.orders
        ],
    }  # fmt: skip
    return row if reports is None else row | {"orderReports": reports}


def trade_row(fill: Fill) -> dict[str, Any]:
    return {
        "symbol": fill.symbol, "id": fill.id, "orderId": fill.order_id,
        "orderListId": -1 if fill.pair is None else fill.pair, "price": text(fill.price),
        "qty": text(fill.quantity), "quoteQty": text(fill.price * fill.quantity),
        "commission": text(fill.fee), "commissionAsset": fill.fee_coin, "time": fill.at,
        "isBuyer": fill.side == "buy", "isMaker": fill.maker, "isBestMatch": True,
    }  # fmt: skip


def account_row(account: Account, balances: Mapping[str, Balance], now: int) -> dict[str, Any]:
    return {
        "makerCommission": 10, "takerCommission": 10, "buyerCommission": 0,
        "sellerCommission": 0, "canTrade": account.trades_spot,
        "canWithdraw": account.withdraws, "canDeposit": True, "brokered": False,
        "requireSelfTradePrevention": False, "updateTime": now, "accountType": "SPOT",
        "balances": [
            {"asset": coin, "free": text(one.free), "locked": text(one.locked)}
            for coin, one in sorted(balances.items())
        ],
        "permissions": ["SPOT"], "uid": 1,
    }  # fmt: skip


# --- news ------------------------------------------------------------------------------------


def execution(event: Event, order: Order) -> dict[str, Any]:
    fill = event.fill
    name, original = order.client_id, ""
    if event.what is What.CANCELED:
        name, original = f"cancel_{order.id}", order.client_id
    return {
        "e": "executionReport", "E": event.at, "s": order.symbol, "c": name,
        "S": order.side.upper(), "o": type_name(order), "f": time_in_force(order),
        "q": text(order.quantity), "p": text(order.price), "P": text(order.trigger),
        "F": text(ZERO), "g": list_id(order), "C": original, "x": DOINGS[event.what],
        "X": STATUSES[order.status], "r": "NONE", "i": order.id,
        "l": text(fill.quantity if fill else ZERO), "z": text(order.filled),
        "L": text(fill.price if fill else ZERO), "n": text(fill.fee if fill else ZERO),
        "N": fill.fee_coin if fill else None, "T": event.at, "t": fill.id if fill else -1,
        "I": event.seq, "w": order.live and not order.waits,
        "m": fill.maker if fill else False, "M": bool(fill), "O": order.at,
        "Z": text(order.cost), "Y": text(fill.price * fill.quantity if fill else ZERO),
        "Q": text(order.ask.cost), "W": order.at, "V": "EXPIRE_MAKER",
    }  # fmt: skip


def standing(balances: Mapping[str, Balance], coins: set[str], at: int) -> dict[str, Any]:
    """What an account has of some coins after something changed."""
    rows = []
    for coin in sorted(coins & set(balances)):
        one = balances[coin]
        rows.append({"a": coin, "f": text(one.free), "l": text(one.locked)})
    return {"e": "outboundAccountPosition", "E": at, "u": at, "B": rows}


def symbol_row(market: Market) -> dict[str, Any]:
    return {
        "symbol": market.name, "status": "TRADING", "baseAsset": market.base,
        "baseAssetPrecision": 8, "quoteAsset": market.quote, "quotePrecision": 8,
        "quoteAssetPrecision": 8, "baseCommissionPrecision": 8, "quoteCommissionPrecision": 8,
        "orderTypes": [*TYPES.values(), "LIMIT_MAKER"], "icebergAllowed": True,
        "ocoAllowed": True, "quoteOrderQtyMarketAllowed": True, "allowTrailingStop": True,
        "cancelReplaceAllowed": True, "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False, "permissions": ["SPOT"], "permissionSets": [["SPOT"]],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": text(market.tick),
             "maxPrice": text(market.max_price), "tickSize": text(market.tick)},
            {"filterType": "LOT_SIZE", "minQty": text(market.min_quantity),
             "maxQty": text(market.max_quantity), "stepSize": text(market.step)},
            {"filterType": "NOTIONAL", "minNotional": text(market.min_notional),
             "applyMinToMarket": True, "maxNotional": "9000000.00000000",
             "applyMaxToMarket": False, "avgPriceMins": 5},
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": market.max_orders},
        ],
    }  # fmt: skip
