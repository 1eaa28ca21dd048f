"""The door that speaks Binance USD-M futures: orders, conditional orders, and their news."""

import json
from dataclasses import replace
from typing import Any

from tests.support.venue import binance_usdm_shapes as shapes
from tests.support.venue.binance import (
    amount,
    client_name,
    error,
    mandatory,
    needed,
    op_of,
    selector,
    side_of,
    truth,
    whole,
    within,
)
from tests.support.venue.binance_usdm_account import V1, BinanceUsdmAccount
from tests.support.venue.door import Call, Route, Told
from tests.support.venue.faults import Op
from tests.support.venue.records import (
    ZERO,
    Ask,
    Event,
    Kind,
    Order,
    OrderType,
    Refused,
    What,
    Why,
)

ROOM = "usdm"
REFUSALS = {
    Why.PRICE_TICK: (-4014, "Price not increased by tick size."),
    Why.PRICE_RANGE: (-4001, "Price less than 0."),
    Why.LOT_STEP: (-1111, "Precision is over the maximum defined for this asset."),
    Why.LOT_RANGE: (-4003, "Quantity less than zero."),
    Why.MIN_NOTIONAL: (
        -4164, "Order's notional must be no smaller than 5 (unless you choose reduce only).",
    ),
    Why.TOO_MANY: (-2025, "Reach max open order limit."),
    Why.NO_MARGIN: (-2019, "Margin is insufficient."),
    Why.DUPLICATE: (-4116, "ClientOrderId is duplicated."),
    Why.WOULD_TRIGGER: (-2021, "Order would immediately trigger."),
    Why.WOULD_TAKE: (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    ),
    Why.REDUCE_ONLY: (-2022, "ReduceOnly Order is rejected."),
    Why.POSITION_MODE: (-4061, "Order's position side does not match user's setting."),
    Why.BY_FAULT: (-2020, "Unable to fill."),
    Why.SAME: (-5027, "No need to modify the order."),
    Why.NOT_LIMIT: (-4140, "Only limit order is supported."),
    Why.UNKNOWN_MARKET: (-1121, "Invalid symbol."),
}  # fmt: skip


class BinanceUsdm(BinanceUsdmAccount):
    """What a conditional order becomes is named as it was; with `names_children` off it has a
    name of the exchange's own."""

    name = "binanceusdm"
    names_children = True

    def routes(self) -> list[Route]:
        order, algo = f"{V1}/order", f"{V1}/algoOrder"
        return [
            Route("POST", order, self.new_order, op_of),
            Route("GET", order, self.one_order, Op.LOOKUP),
            Route("PUT", order, self.change_order, Op.CHANGE),
            Route("DELETE", order, self.cancel_order, Op.CANCEL),
            Route("DELETE", f"{V1}/allOpenOrders", self.cancel_all, Op.CANCEL),
            Route("DELETE", f"{V1}/batchOrders", self.cancel_some, Op.CANCEL),
            Route("GET", f"{V1}/openOrder", self.open_order, Op.LOOKUP),
            Route("GET", f"{V1}/openOrders", self.open_orders, Op.LOOKUP),
            Route("GET", f"{V1}/allOrders", self.all_orders, Op.LOOKUP),
            Route("POST", algo, self.new_algo, Op.STOP),
            Route("GET", algo, self.one_algo, Op.LOOKUP),
            Route("DELETE", algo, self.cancel_algo, Op.CANCEL),
            Route("DELETE", f"{V1}/algoOpenOrders", self.cancel_algos, Op.CANCEL),
            Route("GET", f"{V1}/openAlgoOrders", self.open_algos, Op.LOOKUP),
            Route("GET", f"{V1}/allAlgoOrders", self.all_algos, Op.LOOKUP),
            *self.account_routes(),
        ]

    def refusal(self, refused: Refused, route: Route) -> Told:
        if refused.why is Why.UNKNOWN_ORDER:
            if route.op is Op.CANCEL:
                return error(-2011, "Unknown order sent.")
            return error(-2013, "Order does not exist.")
        code, message = REFUSALS.get(refused.why, (-2010, "Order was rejected."))
        return error(code, message)

    def nobody_knows(self) -> dict[str, Any]:
        told = "Unknown error, please check your request or try again later."
        return {"code": -1000, "msg": told}

    # --- orders ---------------------------------------------------------------------------------

    def new_order(self, call: Call) -> dict[str, Any]:
        self.may_trade(call.account)
        type_ = shapes.READ_PLAIN.get(needed(call.params, "type"))
        if type_ is None:
            told = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."  # noqa: E501
            raise error(-4120, told)
        ask = replace(
            self._ask(call.params, type_),
            client_id=client_name(call.params, "newClientOrderId"),
        )
        order = self.engine.place(call.account.key, ask)
        return self._row(order)

    def one_order(self, call: Call) -> dict[str, Any]:
        return self._row(self._find(call))

    def open_order(self, call: Call) -> dict[str, Any]:
        return self._row(self._find(call, live=True))

    def cancel_order(self, call: Call) -> dict[str, Any]:
        number, name = selector(call.params, "orderId", "origClientOrderId")
        key, symbol = call.account.key, self.market_of(call).name
        return self._row(self.engine.cancel(key, Kind.PERPETUAL, symbol, number, name))

    def cancel_some(self, call: Call) -> list[dict[str, Any]]:
        key, symbol = call.account.key, self.market_of(call).name
        chosen: list[tuple[int | None, str]] = [
            (int(one), "") for one in json.loads(call.params.get("orderidlist", "[]"))
        ]
        names = json.loads(call.params.get("origclientorderidlist", "[]"))
        chosen += [(None, name) for name in names]
        rows = []
        for number, name in chosen:
            try:
                order = self.engine.cancel(key, Kind.PERPETUAL, symbol, number, name)
                rows.append(self._row(order))
            except Refused:
                rows.append({"code": -2011, "msg": "Unknown order sent."})
        return rows

    def cancel_all(self, call: Call) -> dict[str, Any]:
        self.engine.cancel_all(call.account.key, Kind.PERPETUAL, self.market_of(call).name)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def change_order(self, call: Call) -> dict[str, Any]:
        self.may_trade(call.account)
        order = self._find(call)
        if order.type is not OrderType.LIMIT:
            raise Refused(Why.NOT_LIMIT)
        changed = self.engine.amend(
            call.account.key, order, amount(call.params, "quantity", needed=True),
            price=amount(call.params, "price", needed=True),
        )  # fmt: skip
        return self._row(changed)

    def open_orders(self, call: Call) -> list[dict[str, Any]]:
        return [self._row(one) for one in self._open(call, algo=False)]

    def all_orders(self, call: Call) -> list[dict[str, Any]]:
        return [self._row(one) for one in within(self._all(call, algo=False), call.params)]

    # --- conditional orders ---------------------------------------------------------------------

    def new_algo(self, call: Call) -> dict[str, Any]:
        self.may_trade(call.account)
        if needed(call.params, "algoType") != "CONDITIONAL":
            raise error(-4500, "Invalid algoType.")
        type_ = shapes.READ_CONDITIONAL.get(needed(call.params, "type"))
        if type_ is None:
            raise error(-1116, "Invalid orderType.")
        name = client_name(call.params, "clientAlgoId")
        ask = replace(
            self._ask(call.params, type_), algo=True, client_id=name,
            child_id=name if self.names_children else "",
            trigger=amount(call.params, "triggerPrice", needed=True),
            close_all=truth(call.params, "closePosition"),
        )  # fmt: skip
        return self._algo_row(self.engine.place(call.account.key, ask))

    def one_algo(self, call: Call) -> dict[str, Any]:
        number, name = selector(call.params, "algoId", "clientAlgoId")
        key = call.account.key
        return self._algo_row(self.engine.find(key, Kind.PERPETUAL, "", number, name, algo=True))

    def cancel_algo(self, call: Call) -> dict[str, Any]:
        number, name = selector(call.params, "algoId", "clientAlgoId")
        key = call.account.key
        order = self.engine.cancel(key, Kind.PERPETUAL, "", number, name, algo=True)
        return {"algoId": order.id, "clientAlgoId": order.client_id, "code": "200",
                "msg": "success"}  # fmt: skip

    def cancel_algos(self, call: Call) -> dict[str, Any]:
        symbol = self.market_of(call).name
        self.engine.cancel_all(call.account.key, Kind.PERPETUAL, symbol, algo=True)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def open_algos(self, call: Call) -> list[dict[str, Any]]:
        return [self._algo_row(one) for one in self._open(call, algo=True)]

    def all_algos(self, call: Call) -> list[dict[str, Any]]:
        return [self._algo_row(one) for one in within(self._all(call, algo=True), call.params)]

    # --- news -----------------------------------------------------------------------------------

    def news(self, event: Event) -> list[tuple[str, str, dict[str, Any]]]:
        if event.kind is not Kind.PERPETUAL:
            return []
        return [(ROOM, event.account, one) for one in self._told(event)]

    def _told(self, event: Event) -> list[dict[str, Any]]:
        order = event.order
        if order is None:
            reason = "FUNDING_FEE" if event.what is What.FUNDING else "DEPOSIT"
            return [self._account_news(event, reason)]
        if order.ask.algo:
            return [shapes.algo_news(order, self._child(order), event.at, event.note)]
        told = [shapes.order_news(event, order, self._origin(order))]
        if event.fill is not None:
            told.insert(0, self._account_news(event, "ORDER"))
        origin = self._origin(order)
        if origin is not None and not order.live:
            told.append(shapes.algo_news(origin, order, event.at))
        return told

    def _account_news(self, event: Event, reason: str) -> dict[str, Any]:
        account = self.engine.account(event.account)
        positions = []
        if event.symbol:
            isolated = account.setting(event.symbol).isolated
            mark = self.engine.price(event.symbol)
            positions = [shapes.position_news(account.position(event.symbol), mark, isolated)]
        return shapes.account_news(reason, account.wallets[Kind.PERPETUAL], positions, event.at)

    # --- within ---------------------------------------------------------------------------------

    def _row(self, order: Order) -> dict[str, Any]:
        return shapes.order_row(order, self._origin(order))

    def _algo_row(self, order: Order) -> dict[str, Any]:
        return shapes.algo_row(order, self._child(order))

    def _origin(self, order: Order) -> Order | None:
        return next((one for one in self.engine.orders if one.id == order.parent), None)

    def _child(self, order: Order) -> Order | None:
        return next((one for one in self.engine.orders if one.id == order.child), None)

    def _find(self, call: Call, *, live: bool = False) -> Order:
        number, name = selector(call.params, "orderId", "origClientOrderId")
        symbol = self.market_of(call).name
        key = call.account.key
        return self.engine.find(key, Kind.PERPETUAL, symbol, number, name, live=live)

    def _open(self, call: Call, *, algo: bool) -> list[Order]:
        symbol = self.market_of(call).name if "symbol" in call.params else ""
        found = call.account.orders(Kind.PERPETUAL, symbol)
        return [one for one in found if one.ask.algo is algo]

    def _all(self, call: Call, *, algo: bool) -> list[Order]:
        symbol, first = self.market_of(call).name, whole(call.params, "orderId", 0) or 0
        wanted = (call.account.key, Kind.PERPETUAL, symbol, algo)
        return [
            one
            for one in self.engine.orders
            if (one.account, one.kind, one.symbol, one.ask.algo) == wanted and one.id >= first
        ]

    def _ask(self, params: dict[str, str], type_: OrderType) -> Ask:
        market = self.engine.market(Kind.PERPETUAL, needed(params, "symbol"))
        side = params.get("positionSide", "BOTH")
        limited = type_.limited
        if type_ is OrderType.LIMIT and "timeInForce" not in params:
            raise mandatory("timeInForce")
        force = params.get("timeInForce")
        whole_position = truth(params, "closePosition")
        if whole_position and ("quantity" in params or truth(params, "reduceOnly")):
            raise error(-4136, "Target strategy invalid for orderType, closePosition.")
        if "reduceOnly" in params and side != "BOTH":
            raise error(-1106, "Parameter 'reduceonly' sent when not required.")
        return Ask(
            Kind.PERPETUAL, market.name, side_of(params), type_,
            ZERO if whole_position else amount(params, "quantity", needed=True) or ZERO,
            amount(params, "price", needed=True) if limited else None,
            reduce_only=truth(params, "reduceOnly"), post_only=force == "GTX",
            immediate=force in ("IOC", "FOK"), one_way=side == "BOTH",
        )  # fmt: skip
