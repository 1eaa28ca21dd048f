"""The stand-in exchange on a port: every door at once, for EXCHANGE_REST_URL and EXCHANGE_WS_URL.

engine = Engine()                                     # markets and accounts first
async with venue_server(engine) as server:
    CcxtMarket("binance", clock, server.rest_url, server.ws_url)
    server.faults.lose(taken=True)
    engine.move("BTCUSDT", 59_000)
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from aiohttp import web

from agents.domain.market import Candles
from tests.support.venue.binance_doors import binance_doors
from tests.support.venue.door import Asked, Door, House, cut, spoken
from tests.support.venue.engine import Engine, Number
from tests.support.venue.faults import Faults, Op, Trouble
from tests.support.venue.prices import HISTORY, VenueBook
from tests.support.venue.records import Event, What
from tests.support.venue.streams import Streams, send

DoorsOf = Callable[[House, VenueBook], list[Door]]
"""The doors of one exchange, such as binance_doors."""


class VenueServer:
    """`down()` makes it unreachable, `up()` brings it back at the same port."""

    def __init__(
        self, engine: Engine, book: VenueBook, doors_of: Iterable[DoorsOf],
        extras: Iterable["Extra"] = (),
    ) -> None:  # fmt: skip
        self.engine = engine
        self.book = book
        self.house = House(engine, Faults(engine))
        self.doors = [door for made in doors_of for door in made(self.house, book)]
        self.publics = [one.public for one in self.doors if one.public is not None]
        self.extras = tuple(extras)
        self.port = 0
        self._news: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def faults(self) -> Faults:
        return self.house.faults

    @property
    def streams(self) -> Streams:
        """Of accounts; those of prices are dropped by drop() as well."""
        return self.house.streams

    @property
    def asked(self) -> list[Asked]:
        """Every request that needed a key, in order."""
        return self.house.asked

    async def open(self, beat: float | None = None) -> None:
        self.engine.listeners.append(self._hear)
        self._tasks = [asyncio.create_task(self._tell())]
        if beat is not None:
            self._tasks.append(asyncio.create_task(self._beat(beat)))
        await self.up()

    async def close(self) -> None:
        self.engine.listeners.remove(self._hear)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.down()

    async def up(self) -> None:
        app = web.Application(middlewares=[self._weather])
        for door in self.doors:
            door.mount(app)
        for extra in self.extras:
            extra(app, self)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    async def down(self) -> None:
        """Connections are refused and streams are cut."""
        await self.drop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def drop(self) -> None:
        """Cut every stream, of accounts and of prices."""
        self.streams.drop()
        for public in self.publics:
            await public.drop()

    def mute(self, muted: bool = True) -> None:
        """All streams stay open and say nothing, or speak again."""
        self.streams.silent = muted
        for public in self.publics:
            public.muted = muted

    async def run_out(self) -> None:
        """The keys of all streams of accounts run out: each says so and falls silent."""
        for one in list(self.streams.sockets):
            for door in self.doors:
                if last := door.farewell(one.room, one.key):
                    await send(one.socket, one.wrap(last))
        self.streams.silence()

    async def publish(self) -> None:
        """Tell everybody who listens to prices how things are, as exchanges do each second."""
        for public in self.publics:
            await public.publish()

    async def told(self) -> None:
        """Wait until all news so far were sent."""
        await self._news.join()

    async def walk(self, symbol: str, prices: Iterable[Number], every: float) -> None:
        """Let the price follow a path, one step in so many seconds."""
        for price in prices:
            self.engine.move(symbol, price)
            await asyncio.sleep(every)

    def _hear(self, event: Event) -> None:
        if event.what is What.MOVED:
            for public in self.publics:
                self._news.put_nowait(partial(public.told, event.symbol))
            return
        for door in self.doors:
            for room, key, message in door.news(event):
                self._news.put_nowait(partial(self.streams.tell, room, key, message))

    async def _tell(self) -> None:
        while True:
            news = await self._news.get()
            try:
                await news()
            finally:
                self._news.task_done()

    async def _beat(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            await self.publish()

    @web.middleware
    async def _weather(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Troubles of requests that need no key."""
        public = getattr(request.match_info.handler, "__self__", None)
        doors = [one for one in self.doors if one.public is not None and one.public is public]
        asks = doors and "Upgrade" not in request.headers
        fault = self.faults.take(Op.PUBLIC) if asks else None
        if fault is not None and fault.event is not None:
            await fault.event.wait()
        elif fault is not None and fault.trouble in (Trouble.CUT_AFTER, Trouble.CUT_BEFORE):
            return cut(request)
        elif fault is not None:
            return spoken(doors[0].trouble(fault))
        response: web.StreamResponse = await handler(request)
        return response


Extra = Callable[[web.Application, VenueServer], None]
"""Adds something to the application that is no door of the exchange."""


@asynccontextmanager
async def venue_server(
    engine: Engine,
    *,
    minutes: Mapping[str, Candles] | None = None,
    history: timedelta = HISTORY,
    doors: Iterable[DoorsOf] = (binance_doors,),
    extras: Iterable[Extra] = (),
    beat: float | None = None,
    port: int = 0,
) -> AsyncIterator[VenueServer]:
    """`minutes` (by symbol) are what candles before now are made of, else they are made up for
    as long as `history`. Prices are told when they move, and every `beat` seconds. Add all
    markets to the engine first."""
    server = VenueServer(engine, VenueBook(engine, minutes, history), doors, extras)
    server.port = port
    await server.open(beat)
    try:
        yield server
    finally:
        await server.close()
