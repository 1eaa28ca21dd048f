"""Discord over discord.py, as a platform of the conversation."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import discord
from discord.http import Route

from agents.domain.errors import DeliveryDelayed, ParleyError
from agents.domain.user import Identity, Place, Standing
from bot.platforms import discord_places
from bot.platforms.discord_events import NAME
from bot.platforms.discord_faults import UNREACHABLE, delivery
from bot.platforms.discord_gateway import Gateway
from bot.platforms.discord_interactions import Interactions
from bot.platforms.discord_listener import Doors, Known, Line, Listener, Pause, WhenGone
from bot.platforms.discord_messages import Messages, channel_of
from bot.platforms.discord_rest import Rest
from bot.platforms.discord_tokens import Tokens
from handlers.chat import MenuCommand, Outgoing, Pace, PlatformHealth, Receiver, Suggest

log = logging.getLogger(__name__)

PUBLIC_API = "https://discord.com/api/v10"
CONNECTING = "Connecting to Discord."


class DiscordPlatform:
    """Satisfies `handlers.chat.Platform`.

    `api_url` is the root of the REST API, whose `/gateway/bot` says where the gateway is.
    `commands` become slash commands, `suggest` proposes words for them. `forms` maps the verbs of
    buttons that ask for a text to their questions. `known` names the places to look into after a
    time in which nobody listened. `on_gone` learns of a server that removed the
    bot, by the person who owns it.

    It is not `idempotent`: Discord recognises a message that comes twice for some minutes only,
    and not after a restart.
    """

    name = NAME
    idempotent = False

    def __init__(
        self,
        token: str,
        api_url: str | None = None,
        *,
        commands: Sequence[MenuCommand] = (),
        forms: Mapping[str, str] | None = None,
        suggest: Suggest | None = None,
        known: Known | None = None,
        on_gone: WhenGone | None = None,
        pause: Pause = asyncio.sleep,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._token = token.strip()
        self._root = (api_url or PUBLIC_API).rstrip("/")
        self._commands = commands
        self._known = known
        self._on_gone = on_gone
        self._pause = pause
        self._line = Line(detail=CONNECTING)
        self._tokens = Tokens(elapsed)
        self._messages = Messages(self._present, self._tokens, pause)
        self._interactions = Interactions(
            self._messages, self._tokens, forms=forms or {}, suggest=suggest, pause=pause
        )
        self._gateway: Gateway | None = None
        self._bot: Listener | None = None
        self._running: list[asyncio.Task[None]] = []

    async def start(self, receive: Receiver) -> None:
        self._gateway = Gateway(
            self._token, self._root, lambda: self.bot(receive), self._line, self._pause
        )
        self._running = [
            asyncio.create_task(self._gateway.run(), name="discord"),
            asyncio.create_task(self._interactions.sweep(), name="discord responses"),
        ]

    async def stop(self) -> None:
        await self._interactions.release()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._line.quiet(CONNECTING)

    def bot(self, receive: Receiver) -> Listener:
        """A client that hears for `receive`; `start` connects one by itself."""
        doors = Doors(
            receive,
            self._interactions,
            self._commands,
            self._known,
            self._on_gone,
            self._pause,
            self._line,
        )
        self._bot = Listener(doors)
        return self._bot

    def _present(self) -> discord.Client | None:
        return self._gateway.client if self._gateway else self._bot

    async def send(self, place: Place, message: Outgoing, reply_to: str = "") -> str:
        return await self._messages.send(place, message, reply_to)

    async def edit(self, place: Place, message_id: str, message: Outgoing) -> None:
        await self._messages.edit(place, message_id, message)

    async def remove(self, place: Place, message_id: str) -> None:
        await self._messages.remove(place, message_id)

    async def typing(self, place: Place) -> None:
        try:
            await self._ask("POST", "/channels/{channel_id}/typing", channel_id=channel_of(place))
        except ParleyError as fault:
            log.debug("No sign of life could be shown.", extra={"reason": str(fault)})

    async def standing(self, place: Place, person: Identity) -> Standing:
        client = self._present()
        if client is None or client.user is None:
            raise DeliveryDelayed(UNREACHABLE)
        return await discord_places.standing(self._ask, client.user.id, place, person)

    async def find_place(self, said: str) -> Place | None:
        return await discord_places.find_place(self._ask, said)

    def start_link(self, words: str) -> str:
        return ""  # Discord's addresses open a chat, and carry no words into it

    async def _ask(self, method: str, path: str, **named: Any) -> Any:
        return await self._messages.call(method, path, **named)

    def health(self) -> PlatformHealth:
        return PlatformHealth(NAME, self._line.connected, self._line.detail)

    async def check(self) -> PlatformHealth:
        """Ask Discord now, without receiving anything."""
        discord.http.Route.BASE = self._root
        rest = Rest(asyncio.get_running_loop())
        try:
            with delivery():
                await rest.static_login(self._token)
                await rest.request(Route("GET", "/gateway/bot"))
        except ParleyError as fault:
            return PlatformHealth(NAME, connected=False, detail=str(fault))
        finally:
            await rest.close()
        return PlatformHealth(NAME, connected=True)

    def paces(self, place: Place, *, edit: bool = False) -> Sequence[Pace]:
        """https://discord.com/developers/docs/topics/rate-limits: 50 requests a second in all, and
        in practice five messages in five seconds in a channel, with edits counted apart. The
        windows are a little longer than Discord's: some calls travel faster than others."""
        channel = channel_of(place)
        own = f"edits in {channel}" if edit else f"in {channel}"
        return (Pace("all", 45, 1.1), Pace(own, 5, 5.3))
