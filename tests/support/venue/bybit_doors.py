"""The door that speaks Bybit v5: orders of spot and of perpetuals, executions, and their news."""

import json
from datetime import UTC, datetime
from typing import Any

from aiohttp import WSMsgType, web

from agents.domain.market import to_ms
from tests.support.venue import bybit_shapes as shapes
from tests.support.venue.account import Account
from tests.support.venue.bybit import (
    HOST,
    amount,
    client_name,
    kind_of,
    op_of,
    page,
    refusal_of,
    same,
    side_of,
    truth,
    turned,
    wrong,
)
from tests.support.venue.bybit_account import BybitAccount
from tests.support.venue.bybit_public import BybitPublic
from tests.support.venue.door import Call, Door, House, Route, Told
from tests.support.venue.faults import Op
from tests.support.venue.prices import VenueBook
from tests.support.venue.records import (
    ZERO,
    Ask,
    Event,
    Fill,
    Kind,
    Order,
    OrderType,
    Refused,
    Side,
    Why,
)
from tests.support.venue.streams import Socket, send

PRIVATE = "/stream.bybit.com/v5/private"
TOPICS = ("order", "execution", "position", "wallet")


class BybitOrders(BybitAccount):
    """A client order id is never taken again, not even when its order is done. `recalls` is how
    many orders that have ended are still found among the open ones by their names."""

    recalls = 500

    def routes(self) -> list[Route]:
        order = f"{HOST}/order"
        return [
            Route("POST", f"{order}/create", self.create, op_of),
            Route("POST", f"{order}/amend", self.amend, Op.CHANGE),
            Route("POST", f"{order}/cancel", self.cancel, Op.CANCEL),
            Route("POST", f"{order}/cancel-all", self.cancel_all, Op.CANCEL),
            Route("GET", f"{order}/realtime", self.realtime, Op.LOOKUP),
            Route("GET", f"{order}/history", self.history, Op.LOOKUP),
            Route("GET", f"{HOST}/execution/list", self.executions, Op.LOOKUP),
            *self.account_routes(),
        ]

    def refusal(self, refused: Refused, route: Route) -> Told:
        return refusal_of(refused, Kind.PERPETUAL)  # of settings; orders word theirs themselves

    def create(self, call: Call) -> dict[str, Any]:
        kind = kind_of(call.params)
        self.may_trade(call.account, kind)
        try:
            order = self._create(call, kind)
        except Refused as refused:
            raise self._worded(refused, call, kind) from None
        return self._named(order)

    def _create(self, call: Call, kind: Kind) -> Order:
        ask = self._ask(call.params, kind)
        used = [one for one in self.engine.orders if one.client_id == ask.client_id]
        if ask.client_id and any(one.account == call.account.key for one in used):
            raise Refused(Why.DUPLICATE)
        return self.engine.place(call.account.key, ask)

    def _worded(self, refused: Refused, call: Call, kind: Kind) -> Told:
        if refused.why is Why.WOULD_TRIGGER and kind is Kind.PERPETUAL:
            rising = str(call.params.get("triggerDirection")) == "1"
            what = "Rising, but trigger_price[] <= current" if rising else (
                "Falling, but trigger_price[] >= current"
            )  # fmt: skip
            told = refusal_of(refused, kind)
            told.body |= {"retCode": 110092 if rising else 110093, "retMsg": f"expect {what}[]"}
            return told
        return refusal_of(refused, kind)

    def _ask(self, params: dict[str, Any], kind: Kind) -> Ask:
        market = self.engine.market(kind, str(params.get("symbol", "")))
        limited, side = params.get("orderType") == "Limit", side_of(params)
        if params.get("orderType") not in ("Market", "Limit"):
            raise wrong("orderType")
        trigger = amount(params, "triggerPrice")
        in_quote = kind is Kind.SPOT and not limited and _in_quote(params, side)
        quantity = amount(params, "qty", needed=True) or ZERO
        force = params.get("timeInForce")
        return Ask(
            kind, market.name, side, _type(params, side, limited, trigger is not None),
            ZERO if in_quote else quantity,
            amount(params, "price", needed=True) if limited else None,
            trigger, client_name(params),
            reduce_only=kind is Kind.PERPETUAL and truth(params, "reduceOnly"),
            post_only=force == "PostOnly", immediate=force in ("IOC", "FOK"),
            cost=quantity if in_quote else None,
            one_way=str(params.get("positionIdx", 0)) == "0",
        )  # fmt: skip

    def amend(self, call: Call) -> dict[str, Any]:
        kind, params = kind_of(call.params), call.params
        self.may_trade(call.account, kind)
        try:
            order = self._find(call, kind)
            self.engine.amend(
                call.account.key, order, amount(params, "qty"), price=amount(params, "price"),
                trigger=amount(params, "triggerPrice"),
            )  # fmt: skip
        except Refused as refused:
            raise self._worded(refused, call, kind) from None
        return self._named(order)

    def cancel(self, call: Call) -> dict[str, Any]:
        kind = kind_of(call.params)
        self.may_trade(call.account, kind)
        try:
            order = self._find(call, kind)
            self.engine.cancel(call.account.key, kind, order.symbol, order.id)
        except Refused as refused:
            raise self._worded(refused, call, kind) from None
        return self._named(order)

    def cancel_all(self, call: Call) -> dict[str, Any]:
        kind = kind_of(call.params)
        self.may_trade(call.account, kind)
        gone = self.engine.cancel_all(call.account.key, kind, str(call.params.get("symbol", "")))
        return self.said({"list": [self._named(one)["result"] for one in gone], "success": "1"})

    # --- looking --------------------------------------------------------------------------------

    def realtime(self, call: Call) -> dict[str, Any]:
        """Open orders; one that is named is shown as well after its end."""
        params, kind = call.params, kind_of(call.params)
        named = params.get("orderId") or params.get("orderLinkId")
        somewhere = any(params.get(name) for name in ("symbol", "settleCoin", "baseCoin"))
        if kind is Kind.PERPETUAL and not named and not somewhere:
            raise wrong("symbol or settleCoin")
        mine = self._mine(call, kind)
        ended = [one for one in mine if not one.live][-self.recalls :] if self.recalls else []
        found = [one for one in mine if one.live or (named and one in ended)]
        rows, cursor = turned(found[::-1], {"limit": 20, **params}, 50)
        return self._orders(rows, params, cursor)

    def history(self, call: Call) -> dict[str, Any]:
        """Orders that have ended."""
        found = [one for one in self._mine(call, kind_of(call.params)) if not one.live]
        rows, cursor = page(found, {"limit": 20, **call.params}, 50, self.engine.now())
        return self._orders(rows, call.params, cursor)

    def executions(self, call: Call) -> dict[str, Any]:
        params, kind = call.params, kind_of(call.params)
        if params.get("execType") == "Funding":
            return self._fundings(call)
        number = shapes.order_number(params["orderId"]) if params.get("orderId") else None
        found = [
            one
            for one in self.engine.fills
            if (one.account, one.kind) == (call.account.key, kind)
            and params.get("symbol", one.symbol) == one.symbol
            and number in (None, one.order_id)
            and params.get("orderLinkId") in (None, one.client_id)
        ]
        rows, cursor = page(found, params, 100, self.engine.now())
        told = [shapes.fill_row(one, self._order(one.order_id)) for one in rows]
        about = {"category": params["category"], "nextPageCursor": cursor}
        return self.said({**about, "list": told})

    def _fundings(self, call: Call) -> dict[str, Any]:
        symbol = call.params.get("symbol")
        found = [
            one
            for one in self.engine.incomes
            if one.account == call.account.key and one.type == "funding"
            and symbol in (None, one.symbol)
        ]  # fmt: skip
        rows, cursor = page(found, call.params, 100, self.engine.now())
        told = [shapes.funding_row(one, self.engine.price(one.symbol)) for one in rows]
        return self.said({"category": "linear", "nextPageCursor": cursor, "list": told})

    # --- within ---------------------------------------------------------------------------------

    def _mine(self, call: Call, kind: Kind) -> list[Order]:
        params = call.params
        number = shapes.order_number(params["orderId"]) if params.get("orderId") else None
        if params.get("orderId") and number is None:
            return []
        waiting = {"StopOrder": True, "Order": False}.get(params.get("orderFilter", ""))
        return [
            one
            for one in self.engine.orders
            if (one.account, one.kind) == (call.account.key, kind)
            and params.get("symbol", one.symbol) == one.symbol
            and params.get("settleCoin") in (None, self.engine.market(kind, one.symbol).quote)
            and number in (None, one.id)
            and params.get("orderLinkId") in (None, one.client_id)
            and waiting in (None, one.trigger is not None)
            and params.get("orderStatus") in (None, shapes.status_name(one))
        ]

    def _find(self, call: Call, kind: Kind) -> Order:
        params = call.params
        if not (params.get("orderId") or params.get("orderLinkId")):
            raise wrong("orderId or orderLinkId")
        found = [one for one in self._mine(call, kind) if one.live]
        if not found:
            raise Refused(Why.UNKNOWN_ORDER)
        return found[-1]

    def _order(self, number: int) -> Order:
        return next(one for one in self.engine.orders if one.id == number)

    def _orders(self, rows: list[Order], params: dict[str, Any], cursor: str) -> dict[str, Any]:
        told = [shapes.order_row(one, self._fills(one)) for one in rows]
        about = {"category": params["category"], "nextPageCursor": cursor}
        return self.said({**about, "list": told})

    def _fills(self, order: Order) -> list[Fill]:
        return [one for one in self.engine.fills if one.order_id == order.id]

    def _named(self, order: Order) -> dict[str, Any]:
        """All that an answer to an order says: it is executed afterwards."""
        name = shapes.order_name(order.id, order.kind)
        return self.said({"orderId": name, "orderLinkId": order.ask.client_id})


class BybitNews(BybitOrders):
    """News come to who has signed in and subscribed to a topic."""

    def __init__(self, house: House, public: BybitPublic) -> None:
        super().__init__(house)
        self.public = self._everybody = public

    def mount(self, app: web.Application) -> None:
        super().mount(app)
        self._everybody.mount(app)
        for path in self.spellings(PRIVATE):
            app.router.add_get(path, self.talk)

    def news(self, event: Event) -> list[tuple[str, str, dict[str, Any]]]:
        told: list[tuple[str, Any]] = []
        order, account = event.order, self.engine.accounts.get(event.account)
        if account is None or event.kind is None:
            return []
        if order is not None:
            told.append(("order", shapes.order_row(order, self._fills(order))))
        if event.fill is not None and order is not None:
            told.insert(0, ("execution", shapes.fill_row(event.fill, order, news=True)))
            if event.kind is Kind.PERPETUAL:
                row = self.position_row(account, event.symbol) | {"category": "linear"}
                told.append(("position", row))
        told.append(("wallet", self.wallet_row(account)))
        return [(name, event.account, _topic(name, row, event.at)) for name, row in told]

    async def talk(self, request: web.Request) -> web.StreamResponse:
        if self.house.streams.refusing:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        mine: list[Socket] = []
        who: list[Account] = []
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._hear(socket, mine, who, json.loads(message.data))
        for one in mine:
            self.house.streams.leave(one)
        return socket

    async def _hear(
        self, socket: web.WebSocketResponse, mine: list[Socket], who: list[Account],
        asked: dict[str, Any],
    ) -> None:  # fmt: skip
        op, args = asked.get("op"), list(asked.get("args") or [])
        answer = {"success": True, "ret_msg": "", "op": op, "conn_id": "standin"}
        if "req_id" in asked:
            answer["req_id"] = str(asked["req_id"])
        if op == "ping":
            await send(socket, answer | {"op": "pong", "args": [str(self.engine.now())]})
        elif op == "auth":
            who[:] = self._signed_in(args)
            await send(socket, answer if who else answer | {"success": False, "ret_msg": "10004"})
        elif op == "subscribe" and who and set(args) <= set(TOPICS):
            await send(socket, answer)
            for topic in args:
                one = Socket(socket, topic, who[0].key, lambda message: message)
                mine.append(one)
                self.house.streams.join(one)
        else:
            await send(socket, answer | {"success": False, "ret_msg": "Request not authorized"})

    def _signed_in(self, args: list[Any]) -> list[Account]:
        key, expires, signature = (str(one) for one in args)
        account = self.engine.accounts.get(key)
        if account is None or not account.reads or not expires.isdecimal():
            return []
        now = to_ms(datetime.now(UTC)) + self.engine.ledger.skew
        true = same(account.secret, f"GET/realtime{expires}", signature)
        return [account] if true and int(expires) > min(now, self.engine.now()) else []


def _in_quote(params: dict[str, Any], side: Side) -> bool:
    """Whether a market order of spot is for so much money: buys are, if nothing else is said."""
    unit = params.get("marketUnit") or ("quoteCoin" if side is Side.BUY else "baseCoin")
    return bool(unit == "quoteCoin")


def _type(params: dict[str, Any], side: Side, limited: bool, waits: bool) -> OrderType:
    if not waits:
        return OrderType.LIMIT if limited else OrderType.MARKET
    rising = str(params.get("triggerDirection")) == "1"
    if rising is (side is Side.BUY):
        return OrderType.STOP_LIMIT if limited else OrderType.STOP
    return OrderType.TAKE_PROFIT_LIMIT if limited else OrderType.TAKE_PROFIT


def _topic(name: str, row: dict[str, Any], at: int) -> dict[str, Any]:
    return {"id": f"{name}-{at}", "topic": name, "creationTime": at, "data": [row]}


def bybit_doors(house: House, book: VenueBook) -> list[Door]:
    return [BybitNews(house, BybitPublic(house.engine, book))]
