"""The door that speaks Binance spot: orders, pairs, the account, and news on the WebSocket API."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.support.venue import binance_spot_shapes as shapes
from tests.support.venue.account import Account
from tests.support.venue.binance import (
    BinanceDoor,
    amount,
    client_name,
    error,
    mandatory,
    needed,
    no_rights,
    op_of,
    selector,
    side_of,
    truth,
    whole,
    within,
)
from tests.support.venue.door import Access, Call, Route, Told
from tests.support.venue.faults import Op
from tests.support.venue.records import (
    ZERO,
    Ask,
    Event,
    Kind,
    Market,
    Order,
    OrderType,
    Pair,
    Refused,
    What,
    Why,
)

HOST = "api.binance.com"
API = f"/{HOST}/api/v3"
SAPI = f"/{HOST}/sapi/v1"
ROOM = "spot"
REFUSALS = {
    Why.PRICE_TICK: (-1013, "Filter failure: PRICE_FILTER"),
    Why.PRICE_RANGE: (-1013, "Filter failure: PRICE_FILTER"),
    Why.LOT_STEP: (-1013, "Filter failure: LOT_SIZE"),
    Why.LOT_RANGE: (-1013, "Filter failure: LOT_SIZE"),
    Why.MIN_NOTIONAL: (-1013, "Filter failure: NOTIONAL"),
    Why.TOO_MANY: (-1013, "Filter failure: MAX_NUM_ORDERS"),
    Why.NO_FUNDS: (-2010, "Account has insufficient balance for requested action."),
    Why.DUPLICATE: (-2010, "Duplicate order sent."),
    Why.WOULD_TRIGGER: (-2010, "Stop price would trigger immediately."),
    Why.WOULD_TAKE: (-2010, "Order would immediately match and take."),
    Why.BAD_PAIR: (-2010, "The relationship of the prices for the orders is not correct."),
    Why.BY_FAULT: (-2010, "This action is disabled on this account."),
    Why.UNKNOWN_MARKET: (-1121, "Invalid symbol."),
}


class BinanceSpot(BinanceDoor):
    name = "binance"

    def routes(self) -> list[Route]:
        order, lists = f"{API}/order", f"{API}/orderList"
        return [
            Route("POST", order, self.new_order, op_of),
            Route("GET", order, self.one_order, Op.LOOKUP),
            Route("DELETE", order, self.cancel_order, Op.CANCEL),
            Route("POST", f"{order}/test", self.test_order, Op.READ),
            Route("POST", f"{order}/oco", self.old_pair, Op.STOP),
            Route("POST", f"{order}/cancelReplace", self.replace_order, Op.CHANGE),
            Route("POST", f"{lists}/oco", self.new_pair, Op.STOP),
            Route("GET", lists, self.one_pair, Op.LOOKUP),
            Route("DELETE", lists, self.cancel_pair, Op.CANCEL),
            Route("GET", f"{API}/openOrderList", self.open_pairs, Op.LOOKUP),
            Route("GET", f"{API}/openOrders", self.open_orders, Op.LOOKUP),
            Route("DELETE", f"{API}/openOrders", self.cancel_all, Op.CANCEL),
            Route("GET", f"{API}/allOrders", self.all_orders, Op.LOOKUP),
            Route("GET", f"{API}/myTrades", self.trades, Op.LOOKUP),
            Route("GET", f"{API}/account", self.account_info),
            Route("GET", f"{SAPI}/account/apiRestrictions", self.restrictions),
            Route("GET", f"{SAPI}/asset/tradeFee", self.fees),
            Route("GET", f"{SAPI}/capital/config/getall", self.coins),
            Route("GET", f"{SAPI}/margin/allPairs", lambda _: [], Op.READ, Access.KEY),
            Route("GET", f"{SAPI}/margin/isolated/allPairs", lambda _: []),
        ]

    def refusal(self, refused: Refused, route: Route) -> Told:
        if refused.why is Why.UNKNOWN_ORDER:
            return unknown_order(cancels=route.op is Op.CANCEL)
        code, message = REFUSALS.get(refused.why, (-2010, "Order was rejected."))
        return error(code, message)

    def nobody_knows(self) -> dict[str, Any]:
        told = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."  # noqa: E501
        return {"code": -1007, "msg": told}

    # --- orders ---------------------------------------------------------------------------------

    def new_order(self, call: Call) -> dict[str, Any]:
        self._may_trade(call.account)
        order = self.engine.place(call.account.key, self._ask(call.params))
        return self._taken(call, order)

    def test_order(self, call: Call) -> dict[str, Any]:
        self._ask(call.params)
        return {}

    def one_order(self, call: Call) -> dict[str, Any]:
        number, name = selector(call.params, "orderId", "origClientOrderId")
        return shapes.order_row(
            self.engine.find(call.account.key, Kind.SPOT, self._market(call).name, number, name)
        )

    def cancel_order(self, call: Call) -> dict[str, Any]:
        number, name = selector(call.params, "orderId", "origClientOrderId")
        order = self.engine.cancel(
            call.account.key, Kind.SPOT, self._market(call).name, number, name
        )
        if order.pair is not None:
            return self._pair_canceled(self._pair(call.account.key, order.pair))
        return shapes.canceled_row(order, _cancel_name(call, order))

    def cancel_all(self, call: Call) -> list[dict[str, Any]]:
        gone = self.engine.cancel_all(call.account.key, Kind.SPOT, self._market(call).name)
        if not gone:
            raise unknown_order(cancels=True)
        alone = [
            shapes.canceled_row(one, _cancel_name(call, one)) for one in gone if one.pair is None
        ]
        pairs = {one.pair for one in gone if one.pair is not None}
        return alone + [
            self._pair_canceled(self._pair(call.account.key, one)) for one in sorted(pairs)
        ]

    def replace_order(self, call: Call) -> dict[str, Any]:
        self._may_trade(call.account)
        mode = needed(call.params, "cancelReplaceMode")
        ask = self._ask(call.params)
        number, name = selector(call.params, "cancelOrderId", "cancelOrigClientOrderId")
        try:
            gone, made = self.engine.replace(call.account.key, ask, number, name)
        except Refused as refused:
            if refused.why is not Why.UNKNOWN_ORDER or mode != "STOP_ON_FAILURE":
                raise
            raise _half_done(-2022, unknown_order(cancels=True).body, None, 400) from None
        canceled = shapes.canceled_row(gone, f"cancel_{gone.id}")
        if isinstance(made, Refused):
            code, message = REFUSALS.get(made.why, (-2010, "Order was rejected."))
            raise _half_done(-2021, canceled, {"code": code, "msg": message}, 409)
        return {
            "cancelResult": "SUCCESS", "newOrderResult": "SUCCESS", "cancelResponse": canceled,
            "newOrderResponse": self._taken(call, made),
        }  # fmt: skip

    def open_orders(self, call: Call) -> list[dict[str, Any]]:
        symbol = self._market(call).name if "symbol" in call.params else ""
        return [shapes.order_row(one) for one in call.account.orders(Kind.SPOT, symbol)]

    def all_orders(self, call: Call) -> list[dict[str, Any]]:
        market, first = self._market(call), whole(call.params, "orderId", 0) or 0
        found = [
            one
            for one in self.engine.orders
            if (one.account, one.kind, one.symbol) == (call.account.key, Kind.SPOT, market.name)
            and one.id >= first
        ]
        return [shapes.order_row(one) for one in within(found, call.params)]

    # --- pairs ----------------------------------------------------------------------------------

    def new_pair(self, call: Call) -> dict[str, Any]:
        self._may_trade(call.account)
        return self._place_pair(call, self._leg(call, "above"), self._leg(call, "below"))

    def old_pair(self, call: Call) -> dict[str, Any]:
        self._may_trade(call.account)
        params = call.params
        base = Ask(
            Kind.SPOT, self._market(call).name, side_of(params), OrderType.LIMIT,
            amount(params, "quantity", needed=True) or ZERO,
        )  # fmt: skip
        target = replace(
            base, price=amount(params, "price", needed=True), post_only=True,
            client_id=client_name(params, "limitClientOrderId"),
        )  # fmt: skip
        limit = amount(params, "stopLimitPrice")
        stop = replace(
            base, type=OrderType.STOP if limit is None else OrderType.STOP_LIMIT, price=limit,
            trigger=amount(params, "stopPrice", needed=True),
            client_id=client_name(params, "stopClientOrderId"),
        )  # fmt: skip
        return self._place_pair(call, stop, target)

    def one_pair(self, call: Call) -> dict[str, Any]:
        number = whole(call.params, "orderListId")
        name = call.params.get("origClientOrderId", call.params.get("listClientOrderId", ""))
        return shapes.pair_row(self._pair(call.account.key, number, name), self.engine.now())

    def cancel_pair(self, call: Call) -> dict[str, Any]:
        number, name = selector(call.params, "orderListId", "listClientOrderId")
        pair = self._pair(call.account.key, number, name)
        live = [one for one in pair.orders if one.live]
        if not live:
            raise unknown_order(cancels=True)
        self.engine.cancel(call.account.key, Kind.SPOT, live[0].symbol, live[0].id)
        return self._pair_canceled(pair)

    def open_pairs(self, call: Call) -> list[dict[str, Any]]:
        found = {one.pair for one in call.account.orders(Kind.SPOT) if one.pair is not None}
        return [
            shapes.pair_row(self._pair(call.account.key, one), self.engine.now())
            for one in sorted(found)
        ]

    def _place_pair(self, call: Call, first: Ask, second: Ask) -> dict[str, Any]:
        name = client_name(call.params, "listClientOrderId")
        pair = self.engine.place_pair(call.account.key, first, second, name)
        reports = [shapes.taken_row(one, [], "RESULT") for one in pair.orders]
        return shapes.pair_row(pair, self.engine.now(), reports)

    def _pair_canceled(self, pair: Pair) -> dict[str, Any]:
        reports = [shapes.canceled_row(one, f"cancel_{one.id}") for one in pair.orders]
        return shapes.pair_row(pair, self.engine.now(), reports)

    def _leg(self, call: Call, leg: str) -> Ask:
        """One half of a pair, as `above...` and `below...` say it."""
        names = {
            "type": f"{leg}Type", "newClientOrderId": f"{leg}ClientOrderId",
            "price": f"{leg}Price", "stopPrice": f"{leg}StopPrice",
            "timeInForce": f"{leg}TimeInForce",
        }  # fmt: skip
        params = {name: call.params[name] for name in ("symbol", "side", "quantity")}
        params |= {to: call.params[name] for to, name in names.items() if name in call.params}
        return self._ask(params)

    def _pair(self, key: str, number: int | None, name: str = "") -> Pair:
        legs = [
            one
            for one in self.engine.orders
            if one.account == key and one.pair is not None
            and (one.pair == number if number is not None else one.pair_name == name)
        ]  # fmt: skip
        if len(legs) < 2:
            raise error(-2018, "Order list does not exist.")
        return Pair(legs[-1].pair or 0, legs[-1].pair_name, (legs[-2], legs[-1]))

    # --- the account ----------------------------------------------------------------------------

    def account_info(self, call: Call) -> dict[str, Any]:
        balances = self.engine.balances(call.account.key)
        return shapes.account_row(call.account, balances, self.engine.now())

    def trades(self, call: Call) -> list[dict[str, Any]]:
        market, params = self._market(call), call.params
        start, end = whole(params, "startTime"), whole(params, "endTime")
        if start is not None and end is not None and end - start > 86_400_000:
            raise error(-1127, "More than 24 hours between startTime and endTime.")
        order, first = whole(params, "orderId"), whole(params, "fromId", 0) or 0
        found = [
            one
            for one in self.engine.fills
            if (one.account, one.kind, one.symbol) == (call.account.key, Kind.SPOT, market.name)
            and one.id >= first and (order is None or one.order_id == order)
        ]  # fmt: skip
        if "fromId" in params:
            return [shapes.trade_row(one) for one in found[: whole(params, "limit", 500)]]
        return [shapes.trade_row(one) for one in within(found, params)]

    def restrictions(self, call: Call) -> dict[str, Any]:
        account = call.account
        return {
            "ipRestrict": account.restricted, "createTime": account.created,
            "enableReading": account.reads, "enableWithdrawals": account.withdraws,
            "enableInternalTransfer": account.withdraws, "enableMargin": False,
            "enableFutures": account.trades_perpetuals,
            "permitsUniversalTransfer": account.withdraws, "enableVanillaOptions": False,
            "enableFixApiTrade": False, "enableFixReadOnly": False,
            "enableSpotAndMarginTrading": account.trades_spot,
            "enablePortfolioMarginTrading": False,
        }  # fmt: skip

    def fees(self, call: Call) -> list[dict[str, Any]]:
        wanted = call.params.get("symbol")
        return [
            {"symbol": one.name, "makerCommission": str(one.maker),
             "takerCommission": str(one.taker)}
            for one in self.engine.markets.values()
            if one.kind is Kind.SPOT and wanted in (None, one.name)
        ]  # fmt: skip

    def coins(self, call: Call) -> list[dict[str, Any]]:
        markets = self.engine.markets.values()
        names = {one.base for one in markets} | {one.quote for one in markets}
        return [
            {"coin": name, "name": name, "trading": True, "isLegalMoney": False,
             "depositAllEnable": True, "withdrawAllEnable": True, "free": "0", "locked": "0",
             "networkList": []}
            for name in sorted(names)
        ]  # fmt: skip

    # --- news -----------------------------------------------------------------------------------

    def news(self, event: Event) -> list[tuple[str, str, dict[str, Any]]]:
        if event.kind is not Kind.SPOT:
            return []
        told = []
        coins: set[str] = set()
        if event.order is not None and event.what in shapes.DOINGS:
            told.append(shapes.execution(event, event.order))
            market = self.engine.market(Kind.SPOT, event.symbol)
            coins = {market.base, market.quote} | ({event.fill.fee_coin} if event.fill else set())
        elif event.what is What.BALANCE and event.income is not None:
            income = event.income
            coins = {income.coin}
            told.append(
                {"e": "balanceUpdate", "E": event.at, "a": income.coin, "d": str(income.amount),
                 "T": event.at}
            )  # fmt: skip
        told.append(shapes.standing(self.engine.balances(event.account), coins, event.at))
        return [(ROOM, event.account, one) for one in told]

    # --- within ---------------------------------------------------------------------------------

    def _may_trade(self, account: Account) -> None:
        if not account.trades_spot:
            raise no_rights()

    def _market(self, call: Call) -> Market:
        return self.engine.market(Kind.SPOT, needed(call.params, "symbol"))

    def _taken(self, call: Call, order: Order) -> dict[str, Any]:
        fills = [one for one in self.engine.fills if one.order_id == order.id]
        default = "FULL" if order.type in (OrderType.MARKET, OrderType.LIMIT) else "ACK"
        return shapes.taken_row(order, fills, call.params.get("newOrderRespType", default))

    def _ask(self, params: dict[str, str]) -> Ask:
        market = self.engine.market(Kind.SPOT, needed(params, "symbol"))
        named = needed(params, "type")
        type_ = shapes.READ_TYPES.get(named)
        if type_ is None:
            raise error(-1116, "Invalid orderType.")
        cost = amount(params, "quoteOrderQty") if type_ is OrderType.MARKET else None
        ask = Ask(
            Kind.SPOT, market.name, side_of(params), type_,
            ZERO if cost is not None else amount(params, "quantity", needed=True) or ZERO,
            amount(params, "price", needed=True) if type_.limited else None,
            trigger=None if type_ in (OrderType.MARKET, OrderType.LIMIT)
            else amount(params, "stopPrice", needed=True),
            client_id=client_name(params, "newClientOrderId"),
            post_only=named == "LIMIT_MAKER",
            immediate=params.get("timeInForce") in ("IOC", "FOK"), cost=cost,
        )  # fmt: skip
        if type_.limited and named != "LIMIT_MAKER" and "timeInForce" not in params:
            raise mandatory("timeInForce")
        for name in ("quantity", "price", "stopPrice"):
            _check_digits(amount(params, name), name)
        if truth(params, "reduceOnly") or "reduceOnly" in params:
            raise error(-1104, "Not all sent parameters were read.")
        return ask


def _check_digits(number: Decimal | None, name: str) -> None:
    exponent = (
        ZERO.as_tuple().exponent if number is None else number.normalize().as_tuple().exponent
    )
    if isinstance(exponent, int) and exponent < -8:
        raise error(-1111, f"Parameter '{name}' has too much precision.")


def _cancel_name(call: Call, order: Order) -> str:
    return client_name(call.params, "newClientOrderId") or f"cancel_{order.id}"


def unknown_order(*, cancels: bool) -> Told:
    if cancels:
        return error(-2011, "Unknown order sent.")
    return error(-2013, "Order does not exist.")


def _half_done(code: int, canceled: Any, made: Any, status: int) -> Told:
    """Cancel-and-replace that failed, whole (-2022) or in its second half (-2021)."""
    whole_way = code == -2022
    text = "Order cancel-replace failed." if whole_way else "Order cancel-replace partially failed."
    return Told(
        status,
        {
            "code": code, "msg": text,
            "data": {
                "cancelResult": "FAILURE" if whole_way else "SUCCESS",
                "newOrderResult": "NOT_ATTEMPTED" if whole_way else "FAILURE",
                "cancelResponse": canceled, "newOrderResponse": made,
            },
        },
    )  # fmt: skip
