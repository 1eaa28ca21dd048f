"""Binance USD-M's words for orders, conditional orders, positions and their news."""

from collections.abc import Mapping
from typing import Any

from tests.support.venue.binance import STATUSES, text
from tests.support.venue.records import (
    ZERO,
    Event,
    Fill,
    Income,
    Market,
    Order,
    OrderType,
    Position,
    Status,
    What,
)

PLAIN = {OrderType.MARKET: "MARKET", OrderType.LIMIT: "LIMIT"}
CONDITIONAL = {
    OrderType.STOP: "STOP_MARKET",
    OrderType.STOP_LIMIT: "STOP",
    OrderType.TAKE_PROFIT: "TAKE_PROFIT_MARKET",
    OrderType.TAKE_PROFIT_LIMIT: "TAKE_PROFIT",
}
READ_PLAIN = {name: type_ for type_, name in PLAIN.items()}
READ_CONDITIONAL = {name: type_ for type_, name in CONDITIONAL.items()}
DOINGS = {
    What.ACCEPTED: "NEW",
    What.FILLED: "TRADE",
    What.LIQUIDATED: "TRADE",
    What.CANCELED: "CANCELED",
    What.EXPIRED: "EXPIRED",
    What.REJECTED: "EXPIRED",
    What.CHANGED: "AMENDMENT",
}
FORCED = {"LIQUIDATION": "autoclose-", "ADL": "adl_autoclose"}
"""How the names of orders begin that the exchange itself made."""
INCOMES = {
    "funding": "FUNDING_FEE",
    "realised": "REALIZED_PNL",
    "fee": "COMMISSION",
    "transfer": "TRANSFER",
}


def time_in_force(order: Order) -> str:
    if order.ask.post_only:
        return "GTX"
    return "IOC" if order.ask.immediate else "GTC"


def order_row(order: Order, original: Order | None = None) -> dict[str, Any]:
    """`original` is the conditional order that it was."""
    type_ = PLAIN[order.type]
    return {
        "orderId": order.id, "symbol": order.symbol, "status": STATUSES[order.status],
        "clientOrderId": order.client_id, "price": text(order.price, 2),
        "avgPrice": text(order.average, 5), "origQty": text(order.quantity, 3),
        "executedQty": text(order.filled, 3), "cumQty": text(order.filled, 3),
        "cumQuote": text(order.cost, 5), "timeInForce": time_in_force(order), "type": type_,
        "reduceOnly": order.ask.reduce_only, "closePosition": order.ask.close_all,
        "side": order.side.upper(), "positionSide": "BOTH",
        "stopPrice": text(original.trigger if original else None, 2),
        "workingType": "CONTRACT_PRICE", "priceProtect": False,
        "origType": CONDITIONAL[original.type] if original else type_, "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER", "goodTillDate": 0, "time": order.at,
        "updateTime": order.updated,
    }  # fmt: skip


def algo_status(order: Order, child: Order | None) -> str:
    if order.status is Status.TRIGGERED:
        return "TRIGGERED" if child is not None and child.live else "FINISHED"
    return STATUSES[order.status]


def algo_row(order: Order, child: Order | None) -> dict[str, Any]:
    row = {
        "algoId": order.id, "clientAlgoId": order.client_id, "algoType": "CONDITIONAL",
        "orderType": CONDITIONAL[order.type], "symbol": order.symbol,
        "side": order.side.upper(), "positionSide": "BOTH", "timeInForce": time_in_force(order),
        "quantity": text(order.ask.quantity, 3), "algoStatus": algo_status(order, child),
        "actualOrderId": str(child.id) if child else "",
        "actualPrice": text(child.average if child else ZERO, 5),
        "triggerPrice": text(order.trigger, 2), "price": text(order.price, 2),
        "icebergQuantity": None, "tpTriggerPrice": "0.000", "tpPrice": "0.000",
        "slTriggerPrice": "0.000", "slPrice": "0.000", "tpOrderType": "",
        "selfTradePreventionMode": "EXPIRE_MAKER", "workingType": "CONTRACT_PRICE",
        "priceMatch": "NONE", "closePosition": order.ask.close_all, "priceProtect": False,
        "reduceOnly": order.ask.reduce_only, "createTime": order.at,
        "updateTime": order.updated, "triggerTime": order.updated if child else 0,
        "goodTillDate": 0,
    }  # fmt: skip
    if child is not None:
        row |= {"actualQty": text(child.filled, 3), "actualType": PLAIN[child.type]}
    return row


def trade_row(fill: Fill) -> dict[str, Any]:
    return {
        "symbol": fill.symbol, "id": fill.id, "orderId": fill.order_id,
        "side": fill.side.upper(), "price": text(fill.price, 2), "qty": text(fill.quantity, 3),
        "realizedPnl": text(fill.realised), "quoteQty": text(fill.price * fill.quantity, 5),
        "commission": text(fill.fee), "commissionAsset": fill.fee_coin, "time": fill.at,
        "positionSide": "BOTH", "buyer": fill.side == "buy", "maker": fill.maker,
    }  # fmt: skip


def income_row(income: Income) -> dict[str, Any]:
    return {
        "symbol": income.symbol, "incomeType": INCOMES[income.type],
        "income": text(income.amount), "asset": income.coin, "info": INCOMES[income.type],
        "time": income.at, "tranId": income.id,
        "tradeId": "" if income.fill_id is None else str(income.fill_id),
    }  # fmt: skip


def symbol_row(market: Market) -> dict[str, Any]:
    return {
        "symbol": market.name, "pair": market.name, "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000, "onboardDate": 1569398400000, "status": "TRADING",
        "maintMarginPercent": "2.5000", "requiredMarginPercent": "5.0000",
        "baseAsset": market.base, "quoteAsset": market.quote, "marginAsset": market.quote,
        "pricePrecision": _digits(market.tick), "quantityPrecision": _digits(market.step),
        "baseAssetPrecision": 8, "quotePrecision": 8, "underlyingType": "COIN",
        "triggerProtect": "0.0500", "liquidationFee": "0.012500", "marketTakeBound": "0.05",
        "orderTypes": [*PLAIN.values(), *CONDITIONAL.values(), "TRAILING_STOP_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": str(market.tick),
             "maxPrice": str(market.max_price), "tickSize": str(market.tick)},
            {"filterType": "LOT_SIZE", "minQty": str(market.min_quantity),
             "maxQty": str(market.max_quantity), "stepSize": str(market.step)},
            {"filterType": "MARKET_LOT_SIZE", "minQty": str(market.min_quantity),
             "maxQty": str(market.max_quantity), "stepSize": str(market.step)},
            {"filterType": "MAX_NUM_ORDERS", "limit": market.max_orders},
            {"filterType": "MIN_NOTIONAL", "notional": str(market.min_notional)},
        ],
    }  # fmt: skip


def _digits(step: Any) -> int:
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent)


# --- news ------------------------------------------------------------------------------------


def order_news(event: Event, order: Order, original: Order | None) -> dict[str, Any]:
    fill = event.fill
    row = {
        "s": order.symbol, "c": order.client_id, "S": order.side.upper(), "o": PLAIN[order.type],
        "f": time_in_force(order), "q": text(order.quantity, 3), "p": text(order.price, 2),
        "ap": text(order.average, 5), "sp": text(original.trigger if original else None, 2),
        "x": DOINGS[event.what], "X": STATUSES[order.status], "i": order.id,
        "l": text(fill.quantity if fill else ZERO, 3), "z": text(order.filled, 3),
        "L": text(fill.price if fill else ZERO, 2), "T": event.at,
        "t": fill.id if fill else 0, "b": "0", "a": "0", "m": fill.maker if fill else False,
        "R": order.ask.reduce_only, "wt": "CONTRACT_PRICE",
        "ot": CONDITIONAL[original.type] if original else PLAIN[order.type], "ps": "BOTH",
        "cp": order.ask.close_all, "rp": text(fill.realised if fill else ZERO), "pP": False,
        "si": 0, "ss": 0, "V": "EXPIRE_MAKER", "pm": "NONE", "gtd": 0, "er": "0",
    }  # fmt: skip
    if fill is not None:
        row |= {"N": fill.fee_coin, "n": text(fill.fee)}
    return {"e": "ORDER_TRADE_UPDATE", "E": event.at, "T": event.at, "o": row}


def algo_news(order: Order, child: Order | None, at: int, why: str = "") -> dict[str, Any]:
    row = {
        "caid": order.client_id, "aid": order.id, "at": "CONDITIONAL",
        "o": CONDITIONAL[order.type], "s": order.symbol, "S": order.side.upper(), "ps": "BOTH",
        "f": time_in_force(order), "q": text(order.ask.quantity, 3),
        "X": algo_status(order, child), "ai": str(child.id) if child else "",
        "ap": text(child.average if child else ZERO, 5),
        "aq": text(child.filled if child else ZERO, 5),
        "act": PLAIN[child.type] if child else "0", "tp": text(order.trigger, 2),
        "p": text(order.price, 2), "V": "EXPIRE_MAKER", "wt": "CONTRACT_PRICE", "pm": "NONE",
        "cp": order.ask.close_all, "pP": False, "R": order.ask.reduce_only,
        "tt": at if child else 0, "gtd": 0, "rm": why,
    }  # fmt: skip
    return {"e": "ALGO_UPDATE", "T": at, "E": at, "o": row}


def account_news(
    reason: str, wallet: Mapping[str, Any], positions: list[dict[str, Any]], at: int
) -> dict[str, Any]:
    rows = [
        {"a": coin, "wb": text(total), "cw": text(total), "bc": "0"}
        for coin, total in sorted(wallet.items())
    ]
    update = {"m": reason, "B": rows, "P": positions}
    return {"e": "ACCOUNT_UPDATE", "E": at, "T": at, "a": update}


def position_news(position: Position, mark: Any, isolated: bool) -> dict[str, Any]:
    return {
        "s": position.symbol, "pa": text(position.quantity, 3), "ep": text(position.entry, 5),
        "bep": text(position.entry, 5), "cr": text(position.realised),
        "up": text(position.profit(mark)), "mt": "isolated" if isolated else "cross",
        "iw": text(position.margin if isolated else ZERO), "ps": "BOTH",
    }  # fmt: skip
