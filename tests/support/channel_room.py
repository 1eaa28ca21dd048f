"""Strategies published in chats of the loopback Telegram; real but for market and database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from agents.domain.mail import OutboxItem, OutboxState
from agents.domain.publishing import Channel
from agents.domain.user import Identity, NoticeKind
from agents.places import Places
from bot.app.talking import Everywhere
from bot.outbox import Postman
from bot.platforms.discord import DiscordPlatform
from bot.platforms.telegram import TelegramPlatform
from handlers.chat import Glance, Incoming, Platform, Reply
from tests.support.clock import START
from tests.support.conversation import Conversation, plain
from tests.support.desk import FREE, World
from tests.support.discord_server import DiscordServer
from tests.support.memory_mail import MemoryOutbox
from tests.support.publishing import publishing
from tests.support.telegram_server import TOKEN, TelegramServer
from tests.support.telegram_world import Message

ADA_THERE = 42
_ROUNDS = 400  # seconds of the test's clock in which everything must have been delivered


@dataclass
class ChannelRoom:
    """`talk` is Ada's conversation; she is person 42 on each platform."""

    server: TelegramServer
    talk: Conversation
    platforms: dict[str, Platform]
    postman: Postman

    @property
    def world(self) -> World:
        return self.talk.world

    async def delivered(self) -> None:
        """Everything that waits has been sent or given up."""
        for _ in range(_ROUNDS):
            while await self.postman.round():
                continue
            if not self.waiting():
                return
            self.world.clock.wait(1)
        raise AssertionError(f"these wait for ever: {self.waiting()}")

    def waiting(self) -> list[OutboxItem]:
        rows: list[OutboxItem] = self.world.memory.rows("outbox")
        return [row for row in rows if row.state in (OutboxState.WAITING, OutboxState.SENDING)]

    async def published(self, name: str, **strategy: object) -> Channel:
        """A new strategy of Ada's, published under that name; its channel."""
        made = await self.talk.strategy(**strategy)
        said = plain(await self.talk.say(f"/publish {made.number} {name}"))
        assert "is published in" in said, said
        publication = self.world.memory.rows("publications")[-1]
        return await self.world.memory.channels.get(publication.channel_id)

    async def opened(self) -> None:
        """A trade of the newest strategy."""
        await self.world.opened(self.world.memory.rows("strategies")[-1])

    async def prices(self, *prices: str) -> None:
        for price in prices:
            await self.world.tick(price)
            await self.world.desk.every_second()

    def texts(self, chat: int) -> list[str]:
        return [message.text for message in self.server.messages(chat)]

    def post(self, chat: int) -> Message:
        """The newest message with the layout of a signal."""
        return next(one for one in reversed(self.server.messages(chat)) if "Entry:" in one.text)

    def lost(self) -> list[dict[str, object]]:
        """What was told of places that are lost."""
        return self.world.told(NoticeKind.PLACE_LOST)


@asynccontextmanager
async def channel_room(discord: DiscordServer | None = None) -> AsyncIterator[ChannelRoom]:
    """With `discord`, that one is connected, too."""
    async with TelegramServer() as server:
        server.private(ADA_THERE, "Ada")
        talk = Conversation(world=publishing(World(costs=FREE)))
        spoken: list[Platform] = [TelegramPlatform(TOKEN, server.url, poll_seconds=1)]
        if discord is not None:
            spoken.append(DiscordPlatform(discord.token, discord.url))
        platforms = {platform.name: platform for platform in spoken}
        talk.people = Everywhere(platforms)  # type: ignore[assignment]
        await _ada(talk, platforms)
        room = ChannelRoom(server, talk, platforms, _postman(talk, platforms))
        for platform in spoken:
            await platform.start(_nothing)
        try:
            await server.wait_for(lambda: spoken[0].health().connected)
            if discord is not None:
                await discord.wait_for(lambda: spoken[1].health().connected)
            yield room
        finally:
            for platform in spoken:
                await platform.stop()


async def _ada(talk: Conversation, platforms: dict[str, Platform]) -> None:
    await talk.start()
    user = await talk.user()
    for name in platforms:
        await talk.world.memory.links.add(user.id, Identity(name, str(ADA_THERE)))
    talk.candles()


async def _nothing(_: Incoming) -> Glance:
    return Glance()


def _postman(talk: Conversation, platforms: dict[str, Platform]) -> Postman:
    clock, memory = talk.world.clock, talk.world.memory

    async def render(item: OutboxItem) -> Reply | None:
        return await talk.notices.render(item.kind, dict(item.facts), item.owner_id)

    async def refused(item: OutboxItem, reason: str) -> None:
        await Places(memory, clock).lost(item.owner_id, item.place, reason)

    async def pause(seconds: float) -> None:
        clock.wait(seconds)

    return Postman(
        MemoryOutbox(memory.session),
        platforms,
        render,
        talk.pictures,
        clock,
        on_refused=refused,
        on_moved=Places(memory, clock).moved,
        on_repost=Places(memory, clock).reposted,
        lease=0,
        elapsed=lambda: (clock.wall() - START) / timedelta(seconds=1),
        pause=pause,
    )
