"""Both doors of Binance as one exchange has them, with their streams."""

import json
from typing import Any

from aiohttp import WSMsgType, web

from tests.support.venue import binance_spot_shapes as spot_shapes
from tests.support.venue import binance_usdm_shapes as usdm_shapes
from tests.support.venue.binance_public import PublicDoor
from tests.support.venue.binance_spot import API, ROOM, BinanceSpot
from tests.support.venue.binance_usdm import ROOM as USDM_ROOM
from tests.support.venue.binance_usdm import BinanceUsdm
from tests.support.venue.binance_usdm_account import V1, listen_key
from tests.support.venue.door import Call, Door, House, Told
from tests.support.venue.prices import VenueBook
from tests.support.venue.records import Kind
from tests.support.venue.streams import Socket, send

SPOT_STREAMS, USDM_STREAMS = "/stream.binance.com", "/fstream.binance.com"
WS_API = "/ws-api.binance.com/ws-api/v3"


class SpotDoor(BinanceSpot):
    """News of spot come over the WebSocket API, to who subscribed with a signature."""

    def __init__(self, house: House, public: PublicDoor) -> None:
        super().__init__(house)
        self.public = self._everybody = public

    def mount(self, app: web.Application) -> None:
        super().mount(app)
        for api, streams in zip(self.spellings(API), self.spellings(SPOT_STREAMS), strict=True):
            self._everybody.mount(app, api, streams)
        for path in self.spellings(WS_API):
            app.router.add_get(path, self.talk)
        for path in self.spellings("/dapi.binance.com/dapi/v1/exchangeInfo"):
            app.router.add_get(path, _no_markets)

    def farewell(self, room: str, key: str) -> dict[str, Any] | None:
        ended = {"e": "eventStreamTerminated", "E": self.engine.now()}
        return ended if room == ROOM else None

    async def talk(self, request: web.Request) -> web.StreamResponse:
        if self.house.streams.refusing:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        mine: list[Socket] = []
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._hear(socket, mine, json.loads(message.data))
        for one in mine:
            self.house.streams.leave(one)
        return socket

    async def _hear(
        self, socket: web.WebSocketResponse, mine: list[Socket], asked: dict[str, Any]
    ) -> None:
        before = len(mine)
        try:
            result = self._do(socket, mine, asked)
            await send(socket, {"id": asked.get("id"), "status": 200, "result": result})
        except Told as told:
            answer = {"id": asked.get("id"), "status": told.status, "error": told.body}
            await send(socket, answer)
        for one in mine[before:]:
            self.house.streams.join(one)

    def _do(
        self, socket: web.WebSocketResponse, mine: list[Socket], asked: dict[str, Any]
    ) -> dict[str, Any]:
        method = asked.get("method")
        if method == "ping":
            return {}
        if method == "time":
            return {"serverTime": self.engine.now()}
        if method != "userDataStream.subscribe.signature":
            raise Told(400, {"code": -1000, "msg": "Unknown method."})
        params = {name: str(value) for name, value in asked.get("params", {}).items()}
        account = self._account(params.get("apiKey", ""))
        self.check_stamp(params)
        signature = params.pop("signature", "")
        signed = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
        self.compare(account, signed, signature)
        self.check_rights(account, Call("WS", WS_API, params, "", "", {}))
        number = len(mine)
        mine.append(
            Socket(socket, ROOM, account.key, lambda one: {"subscriptionId": number, "event": one})
        )
        return {"subscriptionId": number}


class UsdmDoor(BinanceUsdm):
    """News of futures come to the address that a listen key names."""

    def __init__(self, house: House, public: PublicDoor) -> None:
        super().__init__(house)
        self.public = self._everybody = public

    def mount(self, app: web.Application) -> None:
        super().mount(app)
        for path in self.spellings(USDM_STREAMS):
            app.router.add_get(f"{path}/private/ws", self.tell)
            app.router.add_get(f"{path}/ws/{{key:listen.*}}", self.tell)
        for api in self.spellings(V1):
            self._everybody.mount(app, api, f"/streams{api}")
        for path in self.spellings(USDM_STREAMS):
            app.router.add_get(
                f"{path}/{{part:market|public}}/ws{{rest:.*}}", self._everybody._socket
            )
            app.router.add_get(f"{path}/ws{{rest:.*}}", self._everybody._socket)

    def farewell(self, room: str, key: str) -> dict[str, Any] | None:
        now = self.engine.now()
        ended = {"e": "listenKeyExpired", "E": now, "listenKey": listen_key(key)}
        return ended if room == USDM_ROOM else None

    async def tell(self, request: web.Request) -> web.StreamResponse:
        wanted = request.query.get("listenKey") or request.match_info.get("key", "")
        keys = {listen_key(key): key for key in self.engine.accounts}
        if self.house.streams.refusing or wanted not in keys:
            return web.Response(status=503 if self.house.streams.refusing else 400)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        one = Socket(socket, USDM_ROOM, keys[wanted], lambda message: message)
        self.house.streams.join(one)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await send(socket, {"result": None, "id": json.loads(message.data).get("id")})
        self.house.streams.leave(one)
        return socket


async def _no_markets(_: web.Request) -> web.Response:
    return web.json_response({"timezone": "UTC", "symbols": []})


def binance_doors(house: House, book: VenueBook) -> list[Door]:
    engine = house.engine
    spot = PublicDoor(book, engine=engine, kind=Kind.SPOT, shape=spot_shapes.symbol_row)
    usdm = PublicDoor(book, engine=engine, kind=Kind.PERPETUAL, shape=usdm_shapes.symbol_row)
    return [SpotDoor(house, spot), UsdmDoor(house, usdm)]
