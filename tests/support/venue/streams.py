"""Streams of an account's news: who listens, what is on its way, and how streams fail."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Wrap = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(eq=False)
class Socket:
    """`room` is the door's name of what is told here; `wrap` puts a message in its envelope."""

    socket: web.WebSocketResponse
    room: str
    key: str
    wrap: Wrap
    silent: bool = False
    sent: list[dict[str, Any]] = field(default_factory=list)


class Streams:
    """While `refusing`, nobody gets in; while `silent`, whoever is in hears nothing. Everything is
    said so many `times`, and not before the event `late` is set."""

    def __init__(self) -> None:
        self.sockets: list[Socket] = []
        self.refusing = False
        self.silent = False
        self.times = 1
        self.late: asyncio.Event | None = None
        self._came = asyncio.Event()

    def join(self, socket: Socket) -> None:
        self.sockets.append(socket)
        self._came.set()

    def leave(self, socket: Socket) -> None:
        if socket in self.sockets:
            self.sockets.remove(socket)

    async def joined(self, key: str, room: str = "") -> None:
        """Wait until somebody listens to an account."""
        while not any(one.key == key and room in ("", one.room) for one in self.sockets):
            self._came.clear()
            await self._came.wait()

    async def tell(self, room: str, key: str, message: dict[str, Any]) -> None:
        if self.late is not None:
            await self.late.wait()
        for one in list(self.sockets):
            silent = one.silent or self.silent or one.socket.closed
            if (one.room, one.key) == (room, key) and not silent:
                one.sent.append(message)
                for _ in range(self.times):
                    await send(one.socket, one.wrap(message))

    def silence(self) -> None:
        """Those who listen now hear nothing any more; who comes anew does."""
        for one in self.sockets:
            one.silent = True

    def drop(self) -> None:
        """Cut every one as a lost connection does."""
        gone, self.sockets = self.sockets, []
        for one in gone:
            cut_socket(one.socket)


async def send(socket: web.WebSocketResponse, message: Any) -> None:
    """Nothing is said on a connection that is gone."""
    if not socket.closed:
        try:
            await socket.send_str(json.dumps(message))
        except ConnectionError:
            await socket.close()


def cut_socket(socket: web.WebSocketResponse) -> None:
    transport = socket._req.transport if socket._req else None
    if transport is not None:
        transport.abort()
