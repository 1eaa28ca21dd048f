"""Receiving from Telegram: by polling or by webhook, so that nothing is lost and nobody is hurt.

An update counts as received only after `receive` has stored it: the polling offset moves on, or
the webhook answers 200, afterwards. What was stored but not confirmed comes again and is known.
"""

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any
from urllib.parse import urlsplit

from telegram import Bot, BotCommand, Chat, Update, error

from agents.domain.user import Identity, Place
from bot.platforms.telegram_faults import REFUSED, STANDBY, UNREACHABLE, seconds
from bot.platforms.telegram_updates import KINDS, Gone, Migrated, Read, read_update
from handlers.chat import Glance, Incoming, Receiver

log = logging.getLogger(__name__)

WEBHOOK_PATH = "/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # the header's name
CONNECTING = "Connecting to Telegram."
STORE_FAULT = "Updates can't be stored; Telegram keeps them until they can."

_PAGE = 100  # updates in one answer; fewer mean that there are no more
_STANDBY_SECONDS = 10.0
_REFUSED_SECONDS = 30.0
_GLANCE_SECONDS = 0.8  # how long an acknowledgement waits for what can be said with it
_LONGEST_ANSWER = 200  # characters that Telegram shows
_LONGEST_PAUSE = 30.0
_WEBHOOK_LOOK = 60.0  # seconds between looks at what Telegram says of the webhook
_SETTLED = timedelta(minutes=2)  # after so long, what a webhook brings is new

Pause = Callable[[float], Awaitable[None]]
WhenMoved = Callable[[Place, Place], Awaitable[None]]
WhenGone = Callable[[Identity, Place], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Doors:
    """Where updates go, and how time passes."""

    receive: Receiver
    on_moved: WhenMoved | None
    on_gone: WhenGone | None
    pause: Pause
    now: Callable[[], datetime]


class Reception:
    """One bot's incoming side. `run` goes on until it is cancelled."""

    def __init__(
        self,
        bot: Bot,
        doors: Doors,
        *,
        commands: Sequence[tuple[str, str]],
        poll_seconds: int,
        webhook_url: str,
        webhook_secret: str,
    ) -> None:
        self.connected = False
        self.detail = CONNECTING
        self._bot = bot
        self._doors = doors
        self._commands = commands
        self._poll_seconds = poll_seconds
        self._webhook = webhook_address(webhook_url)
        self._secret = webhook_secret
        self._ready = False
        self._failures = 0
        self._offset: int | None = None
        self._empty_at: datetime | None = None  # when Telegram had nothing more for us
        self._begun = doors.now()
        self._acknowledging: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        while True:
            wait = await self._survive(self._receive())
            await self._doors.pause(wait)

    async def close(self) -> None:
        """Let acknowledgements that are on their way arrive."""
        await asyncio.gather(*self._acknowledging)

    async def _survive(self, work: Coroutine[Any, Any, None]) -> float:
        """Run `work` until it fails; the seconds to wait before it is tried again."""
        try:
            await work
        except error.InvalidToken:  # its text quotes the token
            self._trouble(REFUSED)
            return _REFUSED_SECONDS
        except error.Conflict:
            self._trouble(STANDBY)
            return _STANDBY_SECONDS
        except error.RetryAfter as fault:
            return seconds(fault)
        except error.TelegramError as fault:
            self._trouble(UNREACHABLE, reason=fault.message)
        except Exception:
            log.exception("An update from Telegram could not be stored; it will come again.")
            self._trouble(STORE_FAULT)
        self._failures += 1
        return min(_LONGEST_PAUSE, 0.25 * 2.0 ** min(self._failures, 10))

    async def _receive(self) -> None:
        await self._connect()
        if self._webhook:
            await self._serve_webhook()
        else:
            await self._poll()

    async def _connect(self) -> None:
        if self._ready:
            return
        await self._bot.initialize()
        if self._commands:
            await self._bot.set_my_commands([BotCommand(*row) for row in self._commands])
        self._ready = True

    def _trouble(self, sentence: str, **fields: object) -> None:
        """Say it once, not at every attempt."""
        if sentence != self.detail:
            log.warning(sentence, extra=fields)
        self.connected, self.detail = False, sentence

    def _well(self) -> None:
        if not self.connected:
            log.info("Connected to Telegram.", extra={"bot": self._bot.username})
        self.connected, self.detail, self._failures = True, "", 0

    # --- polling ------------------------------------------------------------------------------

    async def _poll(self) -> None:
        await self._bot.delete_webhook()
        while True:
            updates = await self._bot.get_updates(
                offset=self._offset,
                limit=_PAGE,
                timeout=self._poll_seconds if self.connected else 0,  # the first look is quick
                allowed_updates=KINDS,
            )
            looked_at = self._doors.now()
            await self._store_page(updates)
            self._well()
            if len(updates) < _PAGE:
                self._empty_at = looked_at

    async def _store_page(self, updates: Sequence[Update]) -> None:
        """Chats side by side, each in its own order, so that a busy database is waited for once.

        Raises a fault after all others are stored; the offset then stays before the first update
        that is not, and what comes again is known.
        """
        chats: dict[int, list[Update]] = {}
        for update in updates:
            chat = update.effective_chat
            chats.setdefault(chat.id if chat else 0, []).append(update)
        stored: set[int] = set()

        async def in_order(some: Sequence[Update]) -> None:
            for update in some:
                await self._store(update, self._empty_at)
                stored.add(update.update_id)

        faults = await asyncio.gather(*map(in_order, chats.values()), return_exceptions=True)
        for update in takewhile(lambda one: one.update_id in stored, updates):
            self._offset = update.update_id + 1
        for fault in filter(None, faults):
            raise fault

    # --- webhook ------------------------------------------------------------------------------

    async def _serve_webhook(self) -> None:
        """Tell Telegram the address, and look now and then whether it gets through."""
        await self._set_webhook()
        while True:
            await self._doors.pause(_WEBHOOK_LOOK)
            info = await self._bot.get_webhook_info()
            if info.url != self._webhook:
                await self._set_webhook()
            lately = self._doors.now() - timedelta(seconds=2 * _WEBHOOK_LOOK)
            if info.last_error_date and info.last_error_date > lately:
                self._trouble(f"Telegram can't deliver to the webhook: {info.last_error_message}")
            else:
                self._well()

    async def _set_webhook(self) -> None:
        await self._bot.set_webhook(self._webhook, secret_token=self._secret, allowed_updates=KINDS)
        self._well()

    async def handle_webhook(self, headers: Mapping[str, str], body: bytes) -> int:
        """The status to answer: 403 without the secret, 400 for what is no update, 503 when it
        can't be stored now (Telegram sends it again), 200 once it is stored."""
        if not (self._webhook and self._secret and self._knows_secret(headers)):
            return 403
        if not self._ready:
            return 503
        try:
            update = Update.de_json(json.loads(body), self._bot)
        except (ValueError, TypeError, KeyError, AttributeError):
            log.warning("The webhook got something that is no update.", exc_info=True)
            return 400
        try:
            await self._store(update, self._webhook_bound())
        except Exception:
            log.exception("An update from Telegram could not be stored; it will come again.")
            return 503
        return 200

    def _knows_secret(self, headers: Mapping[str, str]) -> bool:
        given = {name.lower(): value for name, value in headers.items()}
        secret = given.get(SECRET_HEADER.lower(), "")
        return hmac.compare_digest(secret.encode(), self._secret.encode())

    def _webhook_bound(self) -> datetime | None:
        now = self._doors.now()
        return now if now - self._begun > _SETTLED else None

    # --- both ---------------------------------------------------------------------------------

    async def _store(self, update: Update, tapped_after: datetime | None) -> None:
        """A tap is acknowledged within a moment, with what can be said of it by then: where
        storing fails, it comes again all the same."""
        glance: asyncio.Future[Glance] = asyncio.get_running_loop().create_future()
        if update.callback_query:
            if update.effective_chat and update.effective_chat.type == Chat.PRIVATE:
                glance.set_result(Glance())  # nobody else is there; nothing need be said alone
            task = asyncio.create_task(self._acknowledge(update.callback_query.id, glance))
            self._acknowledging.add(task)
            task.add_done_callback(self._acknowledging.discard)
        try:
            await self._pass_on(self._read(update, tapped_after), glance)
        finally:
            if not glance.done():
                glance.set_result(Glance())

    async def _pass_on(self, read: Read, glance: "asyncio.Future[Glance]") -> None:
        if isinstance(read, Incoming):
            said = await self._doors.receive(read)
            if not glance.done():
                glance.set_result(said)
        elif isinstance(read, Migrated) and self._doors.on_moved:
            await self._doors.on_moved(read.old, read.new)
        elif isinstance(read, Gone) and self._doors.on_gone:
            await self._doors.on_gone(read.by, read.place)

    def _read(self, update: Update, tapped_after: datetime | None) -> Read:
        """An update that can't be understood is logged and passed over: it never will be."""
        try:
            return read_update(update, self._bot.bot, tapped_after)
        except (ValueError, TypeError, KeyError, AttributeError):
            log.exception(
                "An update from Telegram was not understood.", extra={"update": update.update_id}
            )
            return None

    async def _acknowledge(self, query_id: str, glance: "asyncio.Future[Glance]") -> None:
        """Stop the button's clock. Too late (after downtime) is no fault: the tap counts."""
        await asyncio.wait({glance}, timeout=_GLANCE_SECONDS)
        words = glance.result().words[:_LONGEST_ANSWER] if glance.done() else ""
        try:
            await self._bot.answer_callback_query(
                query_id, text=words or None, show_alert=bool(words) or None
            )
        except error.TelegramError as fault:
            log.info("A tap could not be acknowledged.", extra={"reason": fault.message})


def webhook_address(url: str) -> str:
    """`url`, with our own path where it names only a host."""
    if not url or urlsplit(url).path.strip("/"):
        return url
    return url.rstrip("/") + WEBHOOK_PATH
