"""What Bybit tells everybody: time, markets, tickers, candles and funding, and their streams."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from agents.domain.market import Timeframe
from tests.support.exchange_book import Shown
from tests.support.venue import bybit_shapes as shapes
from tests.support.venue.bybit import (
    HOST,
    KINDS,
    TWINS,
    envelope,
    kind_of,
    text,
    whole,
    wrong,
)
from tests.support.venue.door import Told, spoken
from tests.support.venue.engine import Engine
from tests.support.venue.prices import VenueBook
from tests.support.venue.records import ZERO, Kind
from tests.support.venue.streams import cut_socket, send

STREAM = "/stream.bybit.com/v5/public"
INTERVALS = {
    "1": "1m", "3": "3m", "5": "5m", "15": "15m", "30": "30m", "60": "1h", "120": "2h",
    "240": "4h", "360": "6h", "720": "12h", "D": "1d", "W": "1w",
}  # fmt: skip


@dataclass(eq=False)
class Listener:
    """One connection and its topics."""

    socket: web.WebSocketResponse
    kind: Kind
    topics: dict[str, int] = field(default_factory=dict)
    """With the candle that was told last, for topics of candles."""


class BybitPublic:
    def __init__(self, engine: Engine, book: VenueBook) -> None:
        self.engine = engine
        self.book = book
        self.muted = False
        self.listeners: list[Listener] = []
        self._subscribed = asyncio.Event()

    def mount(self, app: web.Application) -> None:
        handlers = {
            "time": self.time, "instruments-info": self.instruments, "tickers": self.tickers,
            "kline": self.candles, "funding/history": self.rates, "orderbook": self.depth,
        }  # fmt: skip
        for name, handler in handlers.items():
            for path in _spelled(f"{HOST}/market/{name}"):
                app.router.add_get(path, handler)
        for category in KINDS:
            for path in _spelled(f"{STREAM}/{category}"):
                app.router.add_get(path, self.talk)

    # --- REST -----------------------------------------------------------------------------------

    async def time(self, _: web.Request) -> web.Response:
        now = self.engine.now()
        return self._said({"timeSecond": str(now // 1000), "timeNano": str(now * 1_000_000)})

    async def instruments(self, request: web.Request) -> web.Response:
        def found(kind: Kind) -> list[Any]:
            if request.query.get("status", "Trading") != "Trading":
                return []
            return [
                shapes.market_row(one)
                for one in self.engine.markets.values()
                if one.kind is kind and request.query.get("symbol", one.name) == one.name
            ]

        return self._listed(request, found)

    async def tickers(self, request: web.Request) -> web.Response:
        wanted = request.query.get("symbol")

        def found(kind: Kind) -> list[Any]:
            names = [name for each, name in self.engine.markets if each is kind]
            if wanted is not None and wanted not in names:
                raise wrong("symbol")
            return [self._ticker(kind, name) for name in ([wanted] if wanted else names)]

        return self._listed(request, found)

    async def candles(self, request: web.Request) -> web.Response:
        """The newest first."""
        query = dict(request.query)

        def found(kind: Kind) -> list[Any]:
            name, interval = query.get("symbol", ""), INTERVALS.get(query.get("interval", ""))
            if (kind, name) not in self.engine.markets or interval is None:
                raise wrong("symbol or interval")
            rows = self.book.candles(name, Timeframe.parse(interval))
            start, limit = whole(query, "start", 0), whole(query, "limit", 200)
            rows = [one for one in rows if one.opened >= start]
            if "end" in query:
                rows = [one for one in rows if one.opened <= whole(query, "end", 0)]
            rows = rows[:limit] if start else rows[-limit:]
            return [_candle(one) for one in rows[::-1]]

        return self._listed(request, found)

    async def rates(self, request: web.Request) -> web.Response:
        name = request.query.get("symbol", "")

        def found(_: Kind) -> list[Any]:
            seen = {
                one.at: one.rate
                for one in self.engine.incomes
                if one.type == "funding" and one.symbol == name and one.rate is not None
            }
            return [
                {"symbol": name, "fundingRate": text(rate), "fundingRateTimestamp": str(at)}
                for at, rate in sorted(seen.items(), reverse=True)
            ]

        return self._listed(request, found)

    async def depth(self, request: web.Request) -> web.Response:
        quote = self.engine.quotes.get(request.query.get("symbol", ""))
        if quote is None:
            return spoken(wrong("symbol"))
        best = [[text(quote.bid), text(quote.size)]], [[text(quote.ask), text(quote.size)]]
        now = self.engine.now()
        name = request.query["symbol"]
        return self._said({"s": name, "b": best[0], "a": best[1], "ts": now, "u": 1, "seq": 1})

    def _listed(self, request: web.Request, found: Any) -> web.Response:
        try:
            kind = kind_of(dict(request.query))
            rows = found(kind)
        except Told as told:
            return spoken(told)
        return self._said({"category": request.query["category"], "list": rows})

    def _said(self, result: Any) -> web.Response:
        return web.json_response(envelope(result, at=self.engine.now()))

    def _ticker(self, kind: Kind, name: str, *, news: bool = False) -> dict[str, Any]:
        rate = self.engine.funding.get(name, ZERO)
        market = self.engine.markets[kind, name]
        return shapes.ticker_row(market, self.engine.quotes[name], rate, news=news)

    # --- streams --------------------------------------------------------------------------------

    async def talk(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        one = Listener(socket, KINDS[request.path.rpartition("/")[2]])
        self.listeners.append(one)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._hear(one, json.loads(message.data))
        if one in self.listeners:
            self.listeners.remove(one)
        return socket

    async def _hear(self, one: Listener, asked: dict[str, Any]) -> None:
        op, topics = asked.get("op"), [str(topic) for topic in asked.get("args") or []]
        answer = {"success": True, "ret_msg": op, "op": op, "req_id": str(asked.get("req_id", ""))}
        if op == "ping":
            await send(one.socket, answer | {"ret_msg": "pong"})
            return
        unknown = [topic for topic in topics if (one.kind, _market(topic)) not in self._markets]
        if unknown or op not in ("subscribe", "unsubscribe"):
            told = f"error:handler not found,topic:{','.join(unknown)}"
            await send(one.socket, answer | {"success": False, "ret_msg": told})
            return
        await send(one.socket, answer)
        for topic in topics:
            if op == "unsubscribe":
                one.topics.pop(topic, None)
            else:
                one.topics[topic] = 0
                await self._publish(one, topic)

    @property
    def _markets(self) -> Any:
        return self.engine.markets

    async def told(self, symbol: str) -> None:
        for one in list(self.listeners):
            for topic in list(one.topics):
                if _market(topic) == symbol:
                    await self._publish(one, topic)

    async def publish(self) -> None:
        for one in list(self.listeners):
            for topic in list(one.topics):
                await self._publish(one, topic)

    async def drop(self) -> None:
        gone, self.listeners = self.listeners, []
        for one in gone:
            cut_socket(one.socket)

    async def _publish(self, one: Listener, topic: str) -> None:
        if self.muted:
            return
        now = self.engine.now()
        about = {"topic": topic, "ts": now, "type": "snapshot"}
        if topic.startswith("tickers."):
            row = self._ticker(one.kind, _market(topic), news=True)
            await send(one.socket, about | {"cs": now, "data": row})
        elif topic.startswith("kline."):
            rows = self._news(one, topic, now)
            if rows:
                await send(one.socket, about | {"data": rows})

    def _news(self, one: Listener, topic: str, now: int) -> list[dict[str, Any]]:
        """Candles that have closed since the last time, and the open one."""
        interval = topic.split(".")[1]
        timeframe = Timeframe.parse(INTERVALS[interval])
        shown = self.book.candles(_market(topic), timeframe)
        known = one.topics[topic]
        rows = [each for each in shown if each.opened >= known] if known else shown[-1:]
        if rows:
            one.topics[topic] = rows[-1].opened
        return [_candle_news(each, interval, timeframe.ms, now) for each in rows]


def _spelled(path: str) -> list[str]:
    host = path.split("/")[1]
    return [path, *(path.replace(host, twin, 1) for twin in TWINS[host])]


def _market(topic: str) -> str:
    return topic.rpartition(".")[2]


def _candle(one: Shown) -> list[str]:
    first, high, low, last = one.prices
    turnover = str(one.volume * last)
    return [str(one.opened), str(first), str(high), str(low), str(last), str(one.volume), turnover]


def _candle_news(one: Shown, interval: str, ms: int, now: int) -> dict[str, Any]:
    first, high, low, last = one.prices
    return {
        "start": one.opened, "end": one.opened + ms - 1, "interval": interval, "open": str(first),
        "close": str(last), "high": str(high), "low": str(low), "volume": str(one.volume),
        "turnover": str(one.volume * last), "confirm": one.closed, "timestamp": now,
    }  # fmt: skip
