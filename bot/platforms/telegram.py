"""Telegram over python-telegram-bot, as a platform of the conversation."""

import asyncio
import json
import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from agents.domain.errors import ParleyError
from agents.domain.user import Identity, Place, Standing
from bot.platforms import telegram_places
from bot.platforms.telegram_faults import delivery
from bot.platforms.telegram_messages import Messages, Shown
from bot.platforms.telegram_reception import (
    CONNECTING,
    Doors,
    Pause,
    Reception,
    WhenGone,
    WhenMoved,
)
from bot.platforms.telegram_updates import NAME
from handlers.chat import Outgoing, Pace, PlatformHealth, Receiver

log = logging.getLogger(__name__)

PUBLIC_API = "https://api.telegram.org"
_CONNECTIONS = 32

# Asks the library for the values of its next version; without it each 429 warns.
os.environ.setdefault("PTB_TIMEDELTA", "true")


class _Request(HTTPXRequest):
    """The library's client, without a traceback in the log for each page of a failing proxy."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        try:
            return dict(json.loads(payload))
        except ValueError as fault:
            raise TelegramError("the answer was not JSON") from fault


def _request(connections: int) -> HTTPXRequest:
    return _Request(
        connection_pool_size=connections,
        connect_timeout=10,
        read_timeout=20,
        write_timeout=20,
        pool_timeout=20,
    )


class TelegramPlatform:
    """Satisfies `handlers.chat.Platform`.

    `api_url` is the root of a Bot API server. With `webhook_url` Telegram calls that address
    (mount `handle_webhook` there) and must show `webhook_secret`; otherwise updates are polled.
    `commands` (name, description) fill Telegram's menu. `on_moved` learns of a group's new id,
    `on_gone` of a user who blocked the bot or a group that removed it.
    """

    name = NAME
    idempotent = False

    def __init__(
        self,
        token: str,
        api_url: str | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        *,
        commands: Sequence[tuple[str, str]] = (),
        on_moved: WhenMoved | None = None,
        on_gone: WhenGone | None = None,
        poll_seconds: int = 25,
        pause: Pause = asyncio.sleep,
    ) -> None:
        root = (api_url or PUBLIC_API).rstrip("/")
        self._requests = (_request(_CONNECTIONS), _request(1))
        # Without the library's own limiter: limits and retries are the outbox's.
        self._bot = Bot(
            token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=self._requests[0],
            get_updates_request=self._requests[1],
        )
        self._messages = Messages(self._bot, pause)
        self._commands = commands
        self._webhook = (webhook_url or "", webhook_secret or "")
        self._callbacks = (on_moved, on_gone)
        self._poll_seconds = poll_seconds
        self._pause = pause
        self._reception: Reception | None = None
        self._running: asyncio.Task[None] | None = None

    async def start(self, receive: Receiver) -> None:
        on_moved, on_gone = self._callbacks
        url, secret = self._webhook
        self._reception = Reception(
            self._bot,
            Doors(receive, on_moved, on_gone, self._pause, _now),
            commands=self._commands,
            poll_seconds=self._poll_seconds,
            webhook_url=url,
            webhook_secret=secret,
        )
        self._running = asyncio.create_task(self._reception.run(), name="telegram")

    async def stop(self) -> None:
        """Receive no more. What was stored but not confirmed comes again and is known."""
        if self._running and self._reception:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            await self._reception.close()
        for request in self._requests:
            await request.shutdown()

    async def handle_webhook(self, headers: Mapping[str, str], body: bytes) -> int:
        """What to answer to a POST at the webhook; see Reception.handle_webhook."""
        return await self._reception.handle_webhook(headers, body) if self._reception else 503

    async def send(self, place: Place, message: Outgoing, reply_to: str = "") -> str:
        return str(await self._messages.send(place, message, reply_to))

    async def edit(self, place: Place, message_id: str, message: Outgoing) -> None:
        await self._messages.edit(place, Shown.parse(message_id), message)

    async def remove(self, place: Place, message_id: str) -> None:
        await self._messages.remove(place, Shown.parse(message_id).main)

    async def typing(self, place: Place) -> None:
        thread = int(place.thread) if place.thread else None
        try:
            with delivery():
                await self._bot.send_chat_action(
                    int(place.chat), ChatAction.TYPING, message_thread_id=thread
                )
        except ParleyError as fault:
            log.debug("No sign of life could be shown.", extra={"reason": str(fault)})

    async def standing(self, place: Place, person: Identity) -> Standing:
        return await telegram_places.standing(self._bot, place, person)

    async def find_place(self, said: str) -> Place | None:
        return await telegram_places.find_place(self._bot, said)

    def start_link(self, words: str) -> str:
        """Empty before the first contact, which tells the bot's name."""
        connected = self._reception is not None and self._reception.connected
        return f"https://t.me/{self._bot.username}?start={words}" if connected else ""

    def health(self) -> PlatformHealth:
        if self._reception is None:
            return PlatformHealth(NAME, connected=False, detail=CONNECTING)
        return PlatformHealth(NAME, self._reception.connected, self._reception.detail)

    async def check(self) -> PlatformHealth:
        """Ask Telegram now, without receiving anything."""
        try:
            with delivery():
                await self._bot.get_me()
        except ParleyError as fault:
            return PlatformHealth(NAME, connected=False, detail=str(fault))
        return PlatformHealth(NAME, connected=True)

    def paces(self, place: Place, *, edit: bool = False) -> Sequence[Pace]:
        """https://core.telegram.org/bots/faq: 30 a second in all, one a second in a chat (short
        bursts pass), 20 a minute in a group. Groups and channels have negative ids. A redraw
        after a tap must not wait behind new messages, so that edits have a burst of their own.
        The windows are a little longer than Telegram's: some calls travel faster than others.
        """
        chat = place.chat
        own = Pace(f"edits in {chat}", 5, 5.5) if edit else Pace(f"in {chat}", 3, 3.3)
        paces = (Pace("all", 30, 1.1), own)
        is_group = chat.startswith("-")
        return (*paces, Pace(f"in {chat} by minute", 20, 63.0)) if is_group else paces


def _now() -> datetime:
    return datetime.now(UTC)
