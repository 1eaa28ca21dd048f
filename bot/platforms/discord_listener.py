"""discord.py's client, with as little in memory as it can do with, handing on what it hears."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from weakref import WeakValueDictionary

import discord
from discord.http import Route

from agents.domain.errors import DeliveryDelayed, ParleyError
from agents.domain.user import Identity, Place
from bot.platforms.discord_commands import tell_commands
from bot.platforms.discord_events import NAME, identity, origin, place_of, read_message
from bot.platforms.discord_faults import delivery
from bot.platforms.discord_interactions import Interactions
from bot.platforms.discord_rest import Rest
from handlers.chat import Glance, Incoming, MenuCommand, Receiver

log = logging.getLogger(__name__)

STORE_FAULT = "What comes from Discord can't be stored; it waits until it can."
RECONNECTING = "Reconnecting to Discord."

_LONGEST_PAUSE = 30.0
_CLOSING = 2.0  # seconds for what is being stored when the end comes
_KNOWN_THREADS = 1_000
_MOST_PLACES = 500
_LOOKED_BACK = timedelta(hours=24)  # as long as other platforms keep what was not fetched
_LOOKED_AT = 100  # newest messages of a channel

Pause = Callable[[float], Awaitable[None]]
WhenGone = Callable[[Identity, Place], Awaitable[None]]
Known = Callable[[], Awaitable[Sequence[Place]]]
"""The places where something may have been said while nobody listened."""

# There is no voice here, and no need to be told that its libraries are missing.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False


@dataclass(slots=True)
class Line:
    """How the connection is; said once, not at every attempt."""

    connected: bool = False
    detail: str = ""
    times: int = 0  # that it was well

    def trouble(self, sentence: str, **fields: object) -> None:
        if sentence != self.detail:
            log.warning(sentence, extra=fields)
        self.connected, self.detail = False, sentence

    def quiet(self, sentence: str) -> None:
        """Nothing is wrong yet."""
        self.connected, self.detail = False, sentence

    def stored(self) -> None:
        if self.detail == STORE_FAULT:
            self.detail = ""

    def well(self) -> None:
        if not self.connected:
            log.info("Connected to Discord.")
        self.connected, self.detail = True, ""
        self.times += 1


@dataclass(frozen=True, slots=True)
class Doors:
    """Where it all goes, and how time passes."""

    receive: Receiver
    interactions: Interactions
    commands: Sequence[MenuCommand]
    known: Known | None
    on_gone: WhenGone | None
    pause: Pause
    line: Line


def _intents() -> discord.Intents:
    """None that needs Discord's permission."""
    return discord.Intents(guilds=True, guild_messages=True, dm_messages=True)


class Listener(discord.Client):
    """One connection's worth of a bot."""

    def __init__(self, doors: Doors) -> None:
        super().__init__(
            intents=_intents(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        self._doors = doors
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._threads: dict[int, Place] = {}
        self._busy: set[asyncio.Task[Any]] = set()

    def _get_state(self, **options: Any) -> Any:
        self.http = Rest(self.loop)
        return super()._get_state(**options)

    async def setup_hook(self) -> None:
        await tell_commands(self, self._doors.commands)

    async def rest(self) -> None:
        """Let what is being stored be stored."""
        if self._busy:
            _, late = await asyncio.wait(self._busy, timeout=_CLOSING)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # --- how the connection goes --------------------------------------------------------------

    async def on_resumed(self) -> None:
        self._doors.line.well()

    async def on_connect(self) -> None:
        """A session that could not be resumed, or a new process: look for what was said meanwhile.
        What was heard already has its key and is known."""
        self._doors.line.well()
        with self._noted():
            for place in await self._known():
                await self._catch_up(place)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        log.exception("Something from Discord was not understood.", extra={"event": event_method})

    # --- what is heard ------------------------------------------------------------------------

    async def on_message(self, message: discord.Message) -> None:
        with self._noted():
            if message.author.bot or self.user is None:
                return
            place = await self._place(message)
            reference = message.reference
            source = self.get_channel(reference.channel_id) if reference else None
            forwarded = origin(message, source)
            if incoming := read_message(message, place, self.user.id, forwarded):
                await self.store(incoming)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        with self._noted():
            await self._doors.interactions.take(interaction, self.store)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from a server: its owner's places there are over."""
        if self._doors.on_gone is None or guild.owner_id is None:
            return
        places = [Place(NAME, str(channel.id)) for channel in guild.text_channels]
        places += [place_of(thread, thread.id) for thread in guild.threads]
        for place in places:
            await self._doors.on_gone(identity(guild.owner_id), place)

    async def store(self, incoming: Incoming) -> Glance:
        """Discord tells it only once: it is tried until it is stored, in order per channel."""
        queue = self._queues.setdefault(incoming.place.chat, asyncio.Lock())
        failures = 0
        async with queue:
            while True:
                try:
                    glance = await self._doors.receive(incoming)
                except Exception:
                    if not failures:
                        log.exception("Something from Discord could not be stored; it is retried.")
                    self._doors.line.detail = STORE_FAULT
                    failures += 1
                else:
                    self._doors.line.stored()
                    return glance
                await self._doors.pause(min(_LONGEST_PAUSE, 0.25 * 2.0 ** min(failures, 10)))

    async def _known(self) -> Sequence[Place]:
        try:
            return (await self._doors.known())[:_MOST_PLACES] if self._doors.known else ()
        except Exception:
            log.exception("What was said meanwhile can't be looked for.")
            return ()

    async def _catch_up(self, place: Place) -> None:
        since = discord.utils.utcnow() - _LOOKED_BACK
        try:
            with delivery():
                channel = await self.fetch_channel(int(place.thread or place.chat))
                if isinstance(channel, discord.abc.Messageable):
                    said = [
                        one
                        async for one in channel.history(
                            limit=_LOOKED_AT, after=since, oldest_first=False
                        )
                    ]
                    for message in sorted(said, key=lambda one: one.id):
                        await self.on_message(message)
        except DeliveryDelayed as delay:
            log.info("A channel was not looked into.", extra={"reason": str(delay)})
            await self._doors.pause(delay.retry_after or 0.0)
        except ParleyError as fault:
            log.debug("A channel can't be looked into.", extra={"reason": str(fault)})

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """While this task runs, the end waits for it a little."""
        task = asyncio.current_task()
        if task is None:
            yield
            return
        self._busy.add(task)
        try:
            yield
        finally:
            self._busy.discard(task)

    # --- where --------------------------------------------------------------------------------

    async def _place(self, message: discord.Message) -> Place:
        """A thread that this connection has not seen yet is asked for its channel."""
        channel = message.channel
        if not isinstance(channel, discord.PartialMessageable):
            return place_of(channel, channel.id)
        if channel.id not in self._threads:
            if len(self._threads) >= _KNOWN_THREADS:
                self._threads.clear()
            self._threads[channel.id] = await self._asked(channel.id)
        return self._threads[channel.id]

    async def _asked(self, channel_id: int) -> Place:
        try:
            with delivery():
                found: Mapping[str, Any] = await self.http.request(
                    Route("GET", "/channels/{channel_id}", channel_id=channel_id)
                )
        except ParleyError as fault:
            log.warning("A channel could not be looked up.", extra={"reason": str(fault)})
            return Place(NAME, str(channel_id))
        if "thread_metadata" in found:
            return Place(NAME, str(found["parent_id"]), str(channel_id))
        return Place(NAME, str(channel_id))
