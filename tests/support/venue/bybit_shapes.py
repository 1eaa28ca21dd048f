"""Orders, executions, positions and markets as Bybit v5 shows them, by stream and by REST."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.support.venue.account import Setting
from tests.support.venue.bybit import CATEGORIES, text
from tests.support.venue.records import (
    ZERO,
    Fill,
    Income,
    Kind,
    Market,
    Order,
    Position,
    Quote,
    Side,
    Status,
)

SPOT_TRADES = 2_200_000_000_000_000_000


def order_name(number: int, kind: Kind) -> str:
    """Spot counts its orders, perpetuals have random-looking ids."""
    return str(number) if kind is Kind.SPOT else str(UUID(int=number << 64 | number))


def order_number(written: str) -> int | None:
    """None for what is no such id."""
    if written.isdecimal():
        return int(written)
    try:
        return UUID(written).int & (1 << 64) - 1
    except ValueError:
        return None


def trade_name(number: int, kind: Kind) -> str:
    return str(SPOT_TRADES + number) if kind is Kind.SPOT else str(UUID(int=number << 64 | 0xE))


def side_name(side: Side) -> str:
    return side.value.capitalize()


# --- orders --------------------------------------------------------------------------------------


def status_name(order: Order) -> str:
    if order.status is Status.NEW:
        return "Untriggered" if order.waits else "New"
    if order.status in (Status.CANCELED, Status.EXPIRED):
        if order.trigger is not None and not order.fired:
            return "Deactivated" if order.kind is Kind.PERPETUAL else "Cancelled"
        part = order.filled and order.kind is Kind.SPOT
        return "PartiallyFilledCanceled" if part else "Cancelled"
    return {
        Status.PART_FILLED: "PartiallyFilled", Status.FILLED: "Filled", Status.REJECTED: "Rejected"
    }[order.status]  # fmt: skip


def order_row(order: Order, fills: list[Fill]) -> dict[str, Any]:
    perpetual = order.kind is Kind.PERPETUAL
    waiting = order.trigger is not None
    fees: dict[str, Decimal] = {}
    for fill in fills:
        fees[fill.fee_coin] = fees.get(fill.fee_coin, ZERO) + fill.fee
    left = order.left if order.live else ZERO
    rising = order.type.is_stop is (order.side is Side.BUY)
    row = {
        "category": CATEGORIES[order.kind], "symbol": order.symbol,
        "orderId": order_name(order.id, order.kind), "orderLinkId": _client(order),
        "side": side_name(order.side), "orderType": "Limit" if order.type.limited else "Market",
        "price": text(order.price), "qty": text(order.quantity),
        "orderStatus": status_name(order), "cumExecQty": text(order.filled),
        "cumExecValue": text(order.cost), "leavesQty": text(left),
        "leavesValue": text(left * (order.price or ZERO)),
        "avgPrice": text(order.average) if order.filled else "",
        "cumFeeDetail": {coin: text(fee) for coin, fee in fees.items()},
        "cumExecFee": text(sum(fees.values(), ZERO)),
        "timeInForce": _force(order), "positionIdx": 0, "isLeverage": "" if perpetual else "0",
        "reduceOnly": order.ask.reduce_only, "closeOnTrigger": False, "orderIv": "",
        "triggerPrice": text(order.trigger) if waiting else ("" if perpetual else "0"),
        "triggerDirection": (1 if rising else 2) if waiting else 0,
        "triggerBy": "LastPrice" if waiting else "",
        "stopOrderType": ("Stop" if perpetual else "StopOrder") if waiting else "",
        "takeProfit": "", "stopLoss": "", "tpTriggerBy": "", "slTriggerBy": "",
        "cancelType": "CancelByUser" if order.status is Status.CANCELED else "UNKNOWN",
        "rejectReason": order.why or "EC_NoError", "createType": "CreateByUser",
        "smpType": "None", "smpGroup": 0, "smpOrderId": "", "blockTradeId": "",
        "createdTime": str(order.at), "updatedTime": str(order.updated),
    }  # fmt: skip
    return row | ({"tpslMode": ""} if perpetual else {"marketUnit": "baseCoin"})


def _client(order: Order) -> str:
    """Who names nothing gets no name."""
    return order.ask.client_id


def _force(order: Order) -> str:
    if order.ask.post_only:
        return "PostOnly"
    return "IOC" if order.at_market or order.ask.immediate else "GTC"


# --- executions ----------------------------------------------------------------------------------


def fill_row(fill: Fill, order: Order, *, news: bool = False) -> dict[str, Any]:
    """Lists call the coin of a fee `feeCurrency`, and streams `feeCoin`."""
    perpetual = fill.kind is Kind.PERPETUAL
    coin = {"feeCoin" if news else "feeCurrency": fill.fee_coin}
    row = {
        "symbol": fill.symbol, "orderId": order_name(fill.order_id, fill.kind),
        "orderLinkId": _client(order), "side": side_name(fill.side),
        "orderPrice": text(order.price), "orderQty": text(order.quantity),
        "leavesQty": text(order.left), "createType": "CreateByUser",
        "orderType": "Limit" if order.type.limited else "Market",
        "stopOrderType": "Stop" if order.trigger is not None else "UNKNOWN",
        "execFee": text(fill.fee), "execId": trade_name(fill.id, fill.kind),
        "execPrice": text(fill.price), "execQty": text(fill.quantity), "execType": "Trade",
        "execValue": text(fill.price * fill.quantity), "execTime": str(fill.at),
        "isMaker": fill.maker, "feeRate": "0.001", "tradeIv": "", "markIv": "",
        "markPrice": text(fill.price) if perpetual else "", "indexPrice": "",
        "underlyingPrice": "", "blockTradeId": "", "closedSize": "0", "seq": fill.seq,
        "marketUnit": "", **coin,
    }  # fmt: skip
    return row | ({"category": CATEGORIES[fill.kind], "isLeverage": "0"} if news else {})


def funding_row(income: Income, price: Decimal) -> dict[str, Any]:
    """What was paid is positive here, and what was received negative."""
    rate = income.rate or ZERO
    quantity = abs(income.amount / rate / price) if rate else ZERO
    pays_long = (income.amount < 0) is (rate > 0)
    return {
        "symbol": income.symbol, "orderId": trade_name(income.id, Kind.PERPETUAL),
        "orderLinkId": "", "side": "Buy" if pays_long else "Sell", "orderPrice": "0",
        "orderQty": "0", "leavesQty": "0", "createType": "", "orderType": "UNKNOWN",
        "stopOrderType": "UNKNOWN", "execFee": text(-income.amount),
        "execId": trade_name(income.id, Kind.PERPETUAL), "execPrice": text(price),
        "execQty": text(quantity), "execType": "Funding", "execValue": text(quantity * price),
        "execTime": str(income.at), "feeRate": text(rate), "feeCurrency": income.coin,
        "isMaker": False, "markPrice": text(price), "closedSize": "0", "seq": income.id,
    }  # fmt: skip


# --- positions -----------------------------------------------------------------------------------


def position_row(
    position: Position, setting: Setting, mark: Decimal, level: Decimal | None, *, index: int = 0
) -> dict[str, Any]:
    """`level` is where it is liquidated."""
    size, worth = abs(position.quantity), abs(position.quantity) * mark
    held = "Buy" if position.quantity > 0 else "Sell" if position.quantity < 0 else ""
    margin = position.margin if setting.isolated else worth / setting.leverage
    return {
        "positionIdx": index, "riskId": 1, "riskLimitValue": "2000000",
        "symbol": position.symbol, "side": held, "size": text(size),
        "avgPrice": text(position.entry), "positionValue": text(size * position.entry),
        "tradeMode": 0, "positionStatus": "Normal", "autoAddMargin": 0, "adlRankIndicator": 2,
        "leverage": str(setting.leverage), "positionBalance": text(margin if size else ZERO),
        "markPrice": text(mark), "liqPrice": f"{level:.2f}" if level is not None else "",
        "bustPrice": "", "positionMM": text(worth / 200), "positionIM": text(margin),
        "tpslMode": "Full", "takeProfit": "", "stopLoss": "", "trailingStop": "",
        "unrealisedPnl": text(position.profit(mark)), "sessionAvgPrice": "",
        "curRealisedPnl": text(position.realised), "cumRealisedPnl": text(position.realised),
        "isReduceOnly": False, "seq": position.updated, "createdTime": str(position.updated),
        "updatedTime": str(position.updated),
    }  # fmt: skip


# --- markets -------------------------------------------------------------------------------------


def market_row(market: Market) -> dict[str, Any]:
    if market.kind is Kind.SPOT:
        return {
            "symbol": market.name, "baseCoin": market.base, "quoteCoin": market.quote,
            "innovation": "0", "status": "Trading", "marginTrading": "utaOnly", "stTag": "0",
            "lotSizeFilter": {
                "basePrecision": text(market.step), "quotePrecision": "0.00000001",
                "minOrderQty": text(market.min_quantity), "maxOrderQty": text(market.max_quantity),
                "minOrderAmt": text(market.min_notional), "maxOrderAmt": "4000000",
            },
            "priceFilter": {"tickSize": text(market.tick)},
        }  # fmt: skip
    return {
        "symbol": market.name, "contractType": "LinearPerpetual", "status": "Trading",
        "baseCoin": market.base, "quoteCoin": market.quote, "settleCoin": market.quote,
        "launchTime": "1584230400000", "deliveryTime": "0", "deliveryFeeRate": "",
        "priceScale": "2", "unifiedMarginTrade": True, "fundingInterval": 480,
        "copyTrading": "both", "isPreListing": False,
        "leverageFilter": {
            "minLeverage": "1", "maxLeverage": f"{market.max_leverage}.00", "leverageStep": "0.01"
        },
        "priceFilter": {
            "minPrice": text(market.tick), "maxPrice": text(market.max_price),
            "tickSize": text(market.tick),
        },
        "lotSizeFilter": {
            "maxOrderQty": text(market.max_quantity), "minOrderQty": text(market.min_quantity),
            "qtyStep": text(market.step), "maxMktOrderQty": text(market.max_quantity),
            "minNotionalValue": text(market.min_notional),
        },
    }  # fmt: skip


def ticker_row(
    market: Market, quote: Quote, rate: Decimal, *, news: bool = False
) -> dict[str, Any]:
    """The stream of spot tells no best prices."""
    last = text(quote.last)
    row = {
        "symbol": market.name, "lastPrice": last, "prevPrice24h": last, "price24hPcnt": "0",
        "highPrice24h": last, "lowPrice24h": last, "volume24h": "1000",
        "turnover24h": text(quote.last * 1000),
    }  # fmt: skip
    best = {
        "bid1Price": text(quote.bid), "bid1Size": text(quote.size), "ask1Price": text(quote.ask),
        "ask1Size": text(quote.size),
    }  # fmt: skip
    if market.kind is Kind.SPOT:
        return row | {"usdIndexPrice": last} | ({} if news else best)
    return row | best | {
        "markPrice": last, "indexPrice": last, "prevPrice1h": last, "openInterest": "100",
        "openInterestValue": text(quote.last * 100), "fundingRate": text(rate),
        "nextFundingTime": "1900000000000", "deliveryTime": "0", "basis": "",
    }  # fmt: skip
