"""A loopback Telegram and the adapter connected to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from agents.domain.user import Identity, Place
from bot.platforms.telegram import TelegramPlatform
from handlers.chat import Glance, Incoming
from tests.support.telegram_server import TelegramServer

ANN = 42


@dataclass
class Desk:
    """The adapter with what came through it, and how long it wanted to wait."""

    server: TelegramServer
    platform: TelegramPlatform = field(init=False)
    received: list[Incoming] = field(default_factory=list)
    moved: list[tuple[Place, Place]] = field(default_factory=list)
    gone: list[tuple[Identity, Place]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    glance: Glance = field(default_factory=Glance)
    broken: bool = False  # as a database that can't store
    broken_for: set[str] = field(default_factory=set)  # chats

    async def receive(self, incoming: Incoming) -> Glance:
        if self.broken or incoming.place.chat in self.broken_for:
            raise OSError("disk full")
        self.received.append(incoming)
        self.server.touch()
        return self.glance

    async def on_moved(self, old: Place, new: Place) -> None:
        self.moved.append((old, new))
        self.server.touch()

    async def on_gone(self, by: Identity, place: Place) -> None:
        self.gone.append((by, place))
        self.server.touch()

    async def pause(self, seconds: float) -> None:
        """Hours pass in a moment."""
        self.pauses.append(seconds)
        self.server.touch()
        await asyncio.sleep(0.01)

    async def heard(self, count: int = 1) -> list[Incoming]:
        await self.server.wait_for(lambda: len(self.received) >= count)
        return self.received

    async def well(self) -> None:
        await self.server.wait_for(lambda: self.platform.health().connected)

    async def ailing(self) -> str:
        """What is wrong, once something is."""

        def detail() -> str:
            health = self.platform.health()
            is_trouble = not health.connected and not health.detail.startswith("Connecting")
            return health.detail if is_trouble else ""

        return str(await self.server.wait_for(detail))


MakeDesk = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as running:
        running.private(ANN)
        yield running


@pytest.fixture
def make_desk(server: TelegramServer) -> MakeDesk:
    @asynccontextmanager
    async def make(token: str = server.token, **options: Any) -> AsyncIterator[Desk]:
        desk = Desk(server)
        desk.platform = TelegramPlatform(
            token,
            server.url,
            on_moved=desk.on_moved,
            on_gone=desk.on_gone,
            pause=desk.pause,
            **options,
        )
        await desk.platform.start(desk.receive)
        try:
            yield desk
        finally:
            await desk.platform.stop()

    return make


@pytest.fixture
async def desk(make_desk: MakeDesk) -> AsyncIterator[Desk]:
    async with make_desk() as running:
        await running.well()
        yield running
