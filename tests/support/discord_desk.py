"""The Discord adapter, connected to the loopback Discord, with what came through it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from agents.domain.user import Identity, Place
from bot.platforms.discord import DiscordPlatform
from handlers.chat import Glance, Incoming, MenuCommand
from tests.support.discord_server import DiscordServer

COMMANDS = (
    MenuCommand("start", "greeting and examples"),
    MenuCommand("new", "draft a strategy", "SENTENCE"),
    MenuCommand("status", "what is watched and open"),
    MenuCommand("why", "why it traded or did not", "[SYMBOL or N]", "symbols"),
)
FORMS = {"edit": "What should be different?"}


@dataclass
class DiscordDesk:
    """The adapter with what it handed on, and how long it wanted to wait."""

    server: DiscordServer
    platform: DiscordPlatform = field(init=False)
    received: list[Incoming] = field(default_factory=list)
    gone: list[tuple[Identity, Place]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    glance: Glance = field(default_factory=Glance)
    broken: bool = False  # as a database that can't store
    held: Callable[[], Awaitable[Any]] | None = None  # as a database that takes its time

    async def receive(self, incoming: Incoming) -> Glance:
        if self.broken:
            raise OSError("disk full")
        if self.held:
            await self.held()
        self.received.append(incoming)
        self.server.world.changed()
        return self.glance

    async def on_gone(self, by: Identity, place: Place) -> None:
        self.gone.append((by, place))
        self.server.world.changed()

    async def pause(self, seconds: float) -> None:
        """Hours pass in a moment."""
        self.pauses.append(seconds)
        self.server.world.changed()
        await asyncio.sleep(0.01)

    async def heard(self, count: int = 1) -> list[Incoming]:
        await self.server.wait_for(lambda: len(self.received) >= count)
        return self.received

    async def well(self) -> None:
        # Its health tells nobody of a change.
        while not self.platform.health().connected:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def ailing(self) -> str:
        """What is wrong, once something is."""
        while True:
            health = self.platform.health()
            if not (health.connected or health.detail.endswith("ing to Discord.")):
                return health.detail
            await asyncio.sleep(0.01)


@asynccontextmanager
async def discord_desk(server: DiscordServer, **options: Any) -> AsyncIterator[DiscordDesk]:
    desk = DiscordDesk(server)
    said: dict[str, Any] = {
        "commands": COMMANDS,
        "forms": FORMS,
        "on_gone": desk.on_gone,
        "pause": desk.pause,
    }
    token = options.pop("token", server.token)
    desk.platform = DiscordPlatform(token, server.url, **said | options)
    await desk.platform.start(desk.receive)
    try:
        yield desk
    finally:
        await desk.platform.stop()
