"""A door of the exchange: requests of one dialect come in, the engine is asked, answers go out.

A dialect is a subclass: it says its routes, who is asking (`identify`), how it words a refusal
(`refusal`) and a trouble (`trouble`), and which news an event is (`news`).
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol
from urllib.parse import parse_qsl

from aiohttp import web

from tests.support.venue.account import Account
from tests.support.venue.engine import Engine
from tests.support.venue.faults import Fault, Faults, Op, Trouble
from tests.support.venue.records import Event, Refused
from tests.support.venue.streams import Streams


class Access(Enum):
    """KEY: the header names the account; SIGNED: the request is signed with its secret."""

    PUBLIC = 0
    KEY = 1
    SIGNED = 2


class Told(Exception):
    """An error as the dialect words it."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status, self.body, self.headers = status, body, headers or {}


@dataclass
class Call:
    """A request as it came; `account` is there unless it is public."""

    method: str
    path: str
    params: dict[str, str]
    query: str
    body: str
    headers: Mapping[str, str]
    who: Account | None = None

    @property
    def account(self) -> Account:
        assert self.who is not None
        return self.who


Handler = Callable[[Call], Any]


@dataclass(frozen=True)
class Route:
    """`op` may depend on the request."""

    method: str
    path: str
    handler: Handler
    op: Op | Callable[[Call], Op] = Op.READ
    access: Access = Access.SIGNED


@dataclass
class Asked:
    """A request in the log. `status` is 0 while it is not answered, and where it never was."""

    seq: int
    at: int
    door: str
    method: str
    path: str
    params: dict[str, str]
    key: str
    op: Op
    status: int = 0
    trouble: Trouble | None = None


@dataclass
class House:
    """What all doors of one exchange share."""

    engine: Engine
    faults: Faults
    streams: Streams = field(default_factory=Streams)
    asked: list[Asked] = field(default_factory=list)


class Public(Protocol):
    """What an exchange tells everybody. Its own methods answer requests without a key."""

    muted: bool

    async def told(self, symbol: str) -> None:
        """Tell subscribers that the price of a symbol moved."""

    async def publish(self) -> None:
        """Tell subscribers how everything is."""

    async def drop(self) -> None:
        """Cut its streams."""


class Door(ABC):
    """`public` is the part of it that needs no key; mount() adds that, too."""

    name: str
    public: Public | None = None

    def __init__(self, house: House) -> None:
        self.house = house
        self.engine = house.engine

    @abstractmethod
    def routes(self) -> list[Route]: ...

    @abstractmethod
    def identify(self, call: Call, access: Access) -> Account:
        """Whose request it is. Raises Told."""

    @abstractmethod
    def refusal(self, refused: Refused, route: Route) -> Told: ...

    @abstractmethod
    def trouble(self, fault: Fault) -> Told: ...

    @abstractmethod
    def news(self, event: Event) -> list[tuple[str, str, dict[str, Any]]]:
        """(room, key, message) of what is told on streams because of an event; at once, while
        everything is as it was when it happened."""

    def farewell(self, room: str, key: str) -> dict[str, Any] | None:
        """What a stream says before it falls silent because its key ran out; None: nothing."""
        return None

    def spellings(self, path: str) -> list[str]:
        """A path, and those by which the exchange's play-money twins are reached."""
        return [path]

    def mount(self, app: web.Application) -> None:
        for route in self.routes():
            for path in self.spellings(route.path):
                app.router.add_route(route.method, path, self._handler(route))

    def _handler(self, route: Route) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.Response:
            return await self._serve(route, request)

        return handle

    async def _serve(self, route: Route, request: web.Request) -> web.Response:
        call = await read(request)
        op = route.op(call) if callable(route.op) else route.op
        asked = self._log(call, op)
        fault = self.house.faults.take(op, asked.key)
        asked.trouble = fault.trouble if fault else None
        if fault and not fault.trouble.after and (early := await self._before(fault, request)):
            asked.status = early.status % CUT
            return early
        response = self._answer(route, call)
        if fault and fault.trouble.after and (late := await self._after(fault, request)):
            asked.status = late.status % CUT
            return late
        asked.status = response.status
        if call.who is not None:
            self.engine.answered(call.who.key, f"{call.method} {call.path}")
        return response

    def _answer(self, route: Route, call: Call) -> web.Response:
        try:
            if route.access is not Access.PUBLIC:
                call.who = self.identify(call, route.access)
            return web.json_response(route.handler(call))
        except Refused as refused:
            told = self.refusal(refused, route)
        except Told as error:
            told = error
        return spoken(told)

    async def _before(self, fault: Fault, request: web.Request) -> web.Response | None:
        if fault.trouble is Trouble.HELD_BEFORE and fault.event is not None:
            await fault.event.wait()
            return None
        if fault.trouble is Trouble.CUT_BEFORE:
            return cut(request)
        return spoken(self.trouble(fault))

    async def _after(self, fault: Fault, request: web.Request) -> web.Response | None:
        if fault.trouble is Trouble.HELD_AFTER and fault.event is not None:
            await fault.event.wait()
            return None
        return cut(request) if fault.trouble is Trouble.CUT_AFTER else spoken(self.trouble(fault))

    def _log(self, call: Call, op: Op) -> Asked:
        key = self.key_of(call)
        asked = Asked(
            self.engine.ledger.seq, self.engine.now(), self.name, call.method, call.path,
            call.params, key, op,
        )  # fmt: skip
        self.house.asked.append(asked)
        return asked

    @abstractmethod
    def key_of(self, call: Call) -> str:
        """Which key a request names, true or not."""


CUT = 599


def cut(request: web.Request) -> web.Response:
    """Close the connection; whatever is answered then reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=CUT)


def spoken(told: Told) -> web.Response:
    if isinstance(told.body, str):
        return web.Response(status=told.status, text=told.body, headers=dict(told.headers))
    return web.json_response(told.body, status=told.status, headers=dict(told.headers))


async def read(request: web.Request) -> Call:
    path, _, query = request.raw_path.partition("?")
    body = await request.text()
    params = dict(request.query)
    params |= dict(json.loads(body)) if body.startswith("{") else dict(parse_qsl(body))
    return Call(request.method, path, params, query, body, request.headers)
