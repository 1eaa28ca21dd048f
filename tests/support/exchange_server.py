"""A loopback exchange that speaks Binance spot: REST and WebSocket, with faults on demand.

Addresses carry the original host as the first part of their path, as EXCHANGE_REST_URL and
EXCHANGE_WS_URL say. Requests that Binance would refuse are refused with its codes.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from agents.domain.market import Timeframe
from tests.support.exchange_book import ExchangeBook, Shown

REST_HOST, WS_HOST = "api.binance.com", "stream.binance.com"
INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d", "1w")
MOST = 1000


@dataclass(eq=False)
class Subscriber:
    """One connection and the streams that it asked for; `sent` is what it knows of candles."""

    socket: web.WebSocketResponse
    combined: bool
    streams: set[str] = field(default_factory=set)
    sent: dict[str, int] = field(default_factory=dict)

    async def tell(self, stream: str, data: dict[str, Any]) -> None:
        message = {"stream": stream, "data": data} if self.combined else data
        if not self.socket.closed:
            await self.socket.send_str(json.dumps(message))


@dataclass
class ExchangeServer:
    """`faults` are (status, code, message) that the next requests for candles and prices are
    answered with."""

    book: ExchangeBook
    port: int = 0
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    faults: deque[tuple[int, int, str]] = field(default_factory=deque)
    subscribers: list[Subscriber] = field(default_factory=list)
    connections: int = 0
    delay: asyncio.Event | None = None
    _subscribed: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    # --- what tests do to it ----------------------------------------------------------------

    async def up(self) -> None:
        """Listen, at the same port as before."""
        app = web.Application()
        self.mount(app, f"/{REST_HOST}/api/v3", f"/{WS_HOST}")
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    def mount(self, app: web.Application, api: str, streams: str) -> None:
        """Answer below these paths."""
        for name in ("ping", "time", "exchangeInfo", "klines", "depth", "trades"):
            app.router.add_get(f"{api}/{name}", getattr(self, f"_{name.lower()}"))
        for name in ("24hr", "price", "bookTicker"):
            app.router.add_get(f"{api}/ticker/{name}", self._ticker)
        for kind in ("ws", "stream"):
            app.router.add_get(f"{streams}/{kind}{{rest:.*}}", self._socket)

    async def down(self) -> None:
        """Stop answering: connections are refused and streams are cut."""
        await self.drop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def drop(self) -> None:
        """Cut every stream as a lost connection does."""
        gone, self.subscribers = self.subscribers, []
        for one in gone:
            transport = one.socket._req.transport if one.socket._req else None
            if transport is not None:
                transport.abort()

    def fail(
        self, status: int, code: int = -1003, message: str = "as asked", times: int = 1
    ) -> None:
        self.faults.extend([(status, code, message)] * times)

    def asked(self, path: str) -> list[dict[str, str]]:
        """The queries of every request whose path ends so."""
        return [query for name, query in self.requests if name.endswith(path)]

    def listens(self, stream: str) -> bool:
        return any(stream in one.streams for one in self.subscribers)

    async def subscribed(self, *streams: str) -> None:
        """Wait until someone listens to each of the streams, as `btcusdt@kline_1m`."""
        while not all(self.listens(stream) for stream in streams):
            self._subscribed.clear()
            await self._subscribed.wait()

    async def publish(self) -> None:
        """Send what has happened since to all subscribers, by the book's clock."""
        for one in list(self.subscribers):
            for stream in sorted(one.streams):
                market, _, kind = stream.partition("@")
                await self._publish(one, stream, market.upper(), kind)

    async def _publish(self, one: Subscriber, stream: str, market: str, kind: str) -> None:
        if kind.startswith("kline_"):
            interval = kind.removeprefix("kline_")
            for candle in self._news(one, stream, market, interval):
                await one.tell(stream, _kline(market, interval, candle, self.book.now()))
        elif kind in ("ticker", "miniTicker"):
            await one.tell(
                stream, {**_day(market, self.book), "e": f"24hr{kind[0].upper()}{kind[1:]}"}
            )
        elif kind == "bookTicker":
            await one.tell(stream, _best(market, self.book))
        elif kind == "trade":
            await one.tell(stream, _trade(market, self.book))

    def _news(self, one: Subscriber, stream: str, market: str, interval: str) -> list[Shown]:
        """Candles that have closed since the last time, and the open one."""
        known = one.sent.get(stream)
        shown = self.book.candles(market, Timeframe.parse(interval))
        news = [candle for candle in shown if known is None or candle.opened >= known]
        if known is None:
            news = news[-1:]
        if news:
            one.sent[stream] = news[-1].opened
        return news

    # --- REST -------------------------------------------------------------------------------

    async def _ping(self, request: web.Request) -> web.Response:
        return self._answer(request, {})

    async def _time(self, request: web.Request) -> web.Response:
        return self._answer(request, {"serverTime": self.book.now()})

    async def _exchangeinfo(self, request: web.Request) -> web.Response:
        symbols = [_symbol(market) for market in self.book.minutes]
        return self._answer(
            request, {"timezone": "UTC", "serverTime": self.book.now(), "symbols": symbols}
        )

    async def _klines(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.requests.append((request.path, query))
        if refusal := await self._trouble() or self._refusal(query):
            return refusal
        return web.json_response(self._page(query))

    async def _trouble(self) -> web.Response | None:
        if self.delay is not None:
            await self.delay.wait()
        if not self.faults:
            return None
        status, code, message = self.faults.popleft()
        return web.json_response({"code": code, "msg": message}, status=status)

    def _page(self, query: dict[str, str]) -> list[list[Any]]:
        timeframe = Timeframe.parse(query["interval"])
        limit = min(int(query.get("limit", 500)), MOST)
        found = self.book.candles(query["symbol"], timeframe)
        if "endTime" in query:
            found = [one for one in found if one.opened <= int(query["endTime"])]
        if "startTime" not in query:
            found = found[-limit:]
        else:
            found = [one for one in found if one.opened >= int(query["startTime"])][:limit]
        return [_row(one, timeframe) for one in found]

    async def _depth(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(dict(request.query)):
            return refusal
        price = self.book.price(request.query["symbol"])
        sides = {
            "bids": [[f"{price - n * 0.01:.2f}", "1.000"] for n in range(1, 6)],
            "asks": [[f"{price + n * 0.01:.2f}", "1.000"] for n in range(1, 6)],
        }
        return self._answer(request, {"lastUpdateId": self.book.now(), **sides})

    async def _trades(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(dict(request.query)):
            return refusal
        return self._answer(request, [])

    async def _ticker(self, request: web.Request) -> web.Response:
        wanted = request.query.get("symbols")
        markets = json.loads(wanted) if wanted else [request.query.get("symbol", "BTCUSDT")]
        if any(market not in self.book.minutes for market in markets):
            return _error(-1121, "Invalid symbol.")
        days = [_rest_day(market, self.book) for market in markets]
        answer = self._answer(request, days if wanted else days[0])
        return await self._trouble() or answer

    def _refusal(self, query: dict[str, str]) -> web.Response | None:
        if "symbol" not in query:
            return _error(-1102, "Mandatory parameter 'symbol' was not sent.")
        if query["symbol"] not in self.book.minutes:
            return _error(-1121, "Invalid symbol.")
        if query.get("interval", "1m") not in INTERVALS:
            return _error(-1120, "Invalid interval.")
        return None

    def _answer(self, request: web.Request, body: Any) -> web.Response:
        self.requests.append((request.path, dict(request.query)))
        return web.json_response(body)

    # --- streams ----------------------------------------------------------------------------

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        one = Subscriber(socket, "/stream" in request.path.removeprefix(f"/{WS_HOST}"))
        one.streams.update(filter(None, request.query.get("streams", "").split("/")))
        self.subscribers.append(one)
        self.connections += 1
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._command(one, json.loads(message.data))
        if one in self.subscribers:
            self.subscribers.remove(one)
        return socket

    async def _command(self, one: Subscriber, command: dict[str, Any]) -> None:
        names = set(command.get("params", []))
        unknown = [
            name for name in names if name.partition("@")[0].upper() not in self.book.minutes
        ]
        if command.get("method") == "SUBSCRIBE" and not unknown:
            one.streams |= names
        elif command.get("method") == "UNSUBSCRIBE":
            one.streams -= names
        else:
            await one.socket.send_json({"error": {"code": 2, "msg": "Invalid request"}})
            return
        await one.socket.send_json({"result": None, "id": command["id"]})
        self._subscribed.set()


@asynccontextmanager
async def exchange_server(book: ExchangeBook, *, up: bool = True) -> AsyncIterator[ExchangeServer]:
    """A server of `book`; not `up` reserves its port and leaves it unreachable."""
    server = ExchangeServer(book)
    await server.up()
    if not up:
        await server.down()
    try:
        yield server
    finally:
        await server.down()


# --- Binance's shapes -----------------------------------------------------------------------


def _error(code: int, message: str) -> web.Response:
    return web.json_response({"code": code, "msg": message}, status=400)


def _symbol(market: str) -> dict[str, Any]:
    return {
        "symbol": market,
        "status": "TRADING",
        "baseAsset": market.removesuffix("USDT"),
        "baseAssetPrecision": 8,
        "quoteAsset": "USDT",
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET", "STOP_LOSS_LIMIT"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "permissions": ["SPOT"],
        "permissionSets": [["SPOT"]],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00",
             "tickSize": "0.01000000"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000",
             "stepSize": "0.00001000"},
            {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
        ],
    }  # fmt: skip


def _row(candle: Shown, timeframe: Timeframe) -> list[Any]:
    prices = [f"{price:.8f}" for price in candle.prices]
    volume, closes = f"{candle.volume:.8f}", candle.opened + timeframe.ms - 1
    return [candle.opened, *prices, volume, closes, "0", 100, "0", "0", "0"]


def _kline(market: str, interval: str, candle: Shown, now: int) -> dict[str, Any]:
    first, high, low, last = (f"{price:.8f}" for price in candle.prices)
    closes = candle.opened + Timeframe.parse(interval).ms - 1
    kline = {
        "t": candle.opened, "T": closes, "s": market, "i": interval, "f": 1, "L": 100,
        "o": first, "c": last, "h": high, "l": low, "v": f"{candle.volume:.8f}", "n": 100,
        "x": candle.closed, "q": "0", "V": "0", "Q": "0", "B": "0",
    }  # fmt: skip
    return {"e": "kline", "E": now, "s": market, "k": kline}


def _day(market: str, book: ExchangeBook) -> dict[str, Any]:
    price, now = book.price(market), book.now()
    return {
        "e": "24hrTicker", "E": now, "s": market, "p": "0.00", "P": "0.0", "w": f"{price:.8f}",
        "x": f"{price:.8f}", "c": f"{price:.8f}", "Q": "1.0", "b": f"{price - 0.01:.8f}",
        "B": "1.0", "a": f"{price + 0.01:.8f}", "A": "1.0", "o": f"{price:.8f}",
        "h": f"{price:.8f}", "l": f"{price:.8f}", "v": "1000.0", "q": "1000.0",
        "O": now - 86_400_000, "C": now, "F": 0, "L": 1, "n": 2,
    }  # fmt: skip


def _rest_day(market: str, book: ExchangeBook) -> dict[str, Any]:
    last, now = book.price(market), book.now()
    price, bid, ask = (f"{one:.8f}" for one in (last, last - 0.01, last + 0.01))
    return {
        "symbol": market, "lastPrice": price, "price": price, "bidPrice": bid, "askPrice": ask,
        "openPrice": price, "highPrice": price, "lowPrice": price, "volume": "1000.0",
        "quoteVolume": "1000.0", "openTime": now - 86_400_000, "closeTime": now, "count": 2,
    }  # fmt: skip


def _best(market: str, book: ExchangeBook) -> dict[str, Any]:
    price = book.price(market)
    return {
        "u": book.now(), "s": market, "b": f"{price - 0.01:.8f}", "B": "1.0",
        "a": f"{price + 0.01:.8f}", "A": "1.0",
    }  # fmt: skip


def _trade(market: str, book: ExchangeBook) -> dict[str, Any]:
    now = book.now()
    return {
        "e": "trade", "E": now, "s": market, "t": now, "p": f"{book.price(market):.8f}",
        "q": "0.10000000", "T": now, "m": False, "M": True,
    }  # fmt: skip
