"""Staying connected to Discord, whatever happens: log in, listen, resume, and begin anew.

The protocol is discord.py's. Its own loop waits up to a quarter of an hour between attempts and
ends when the very first one fails; this one asks again at least every half minute.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.http import Route

from agents.domain.errors import DeliveryDelayed, ParleyError
from bot.platforms.discord_faults import REFUSED, UNREACHABLE, delivery
from bot.platforms.discord_listener import RECONNECTING, Line, Listener, Pause

log = logging.getLogger(__name__)

_CONNECTING = 30.0  # seconds for a connection to be made
_REFUSED_SECONDS = 30.0
_LONGEST_PAUSE = 30.0
_STABLE = 5.0  # a connection that lasted so long is no failure
_TIRED = 3  # failures after which the address is asked for again
# Discord will not have this bot: 4004 a wrong token, the rest a wrong way of asking.
_FATAL = {4004, 4010, 4011, 4012, 4013, 4014}


class Gateway:
    """One bot's connection. `make` gives a client that has not logged in yet; `run` goes on until
    it is cancelled."""

    def __init__(
        self, token: str, root: str, make: Callable[[], Listener], line: Line, pause: Pause
    ) -> None:
        self.client: Listener | None = None
        self._token = token
        self._root = root
        self._make = make
        self._line = line
        self._pause = pause
        self._failures = 0

    async def run(self) -> None:
        while True:
            await self._pause(await self._survive())

    async def _survive(self) -> float:
        """Stay connected as long as it goes; the seconds to wait before a new beginning."""
        try:
            with delivery():
                await self._session()
        except DeliveryDelayed as fault:
            self._line.trouble(str(fault))
            if str(fault) == REFUSED:
                return _REFUSED_SECONDS
            if fault.retry_after:
                return fault.retry_after
        except ParleyError as fault:
            self._line.trouble(f"Discord refuses: {fault}")
        except Exception:
            log.exception("The connection to Discord broke.")
            self._line.trouble(UNREACHABLE)
        return self._next_pause()

    def _next_pause(self) -> float:
        self._failures += 1
        return min(_LONGEST_PAUSE, 0.25 * 2.0 ** min(self._failures, 10))

    async def _session(self) -> None:
        discord.http.Route.BASE = self._root
        client = self._make()
        try:
            await client.login(self._token)
            self.client = client
            await self._listen(client)
        finally:
            self.client = None
            await client.rest()
            await client.close()

    # --- listening ----------------------------------------------------------------------------

    async def _listen(self, client: Listener) -> None:
        """Returns never; raises when only a new login can help."""
        again: dict[str, Any] = {"initial": True}
        while True:
            begun, before = time.monotonic(), self._line.times
            resume = await self._connected(client, again)
            again = self._resumed(client, resume=resume)
            lasted = time.monotonic() - begun > _STABLE
            # New sessions are counted by Discord, old ones may be taken up at any time.
            if lasted or (resume and self._line.times > before):
                self._failures = 0
            if not lasted:
                await self._pause(self._next_pause())

    async def _connected(self, client: Listener, again: dict[str, Any]) -> bool:
        """Listen until the connection ends; whether it can be resumed."""
        try:
            if not again.get("gateway"):
                await self._ask_address(client)
            joining = DiscordWebSocket.from_client(client, **again)
            client.ws = await asyncio.wait_for(joining, timeout=_CONNECTING)
            while True:
                await client.ws.poll_event()
        except ReconnectWebSocket as asked:
            self._line.quiet(RECONNECTING)
            return asked.resume
        except discord.ConnectionClosed as closed:
            if closed.code == 4004:
                raise discord.LoginFailure(REFUSED) from closed
            if closed.code in _FATAL:
                raise
            self._line.quiet(RECONNECTING)
        except (OSError, aiohttp.ClientError, TimeoutError, DeliveryDelayed) as fault:
            self._line.trouble(UNREACHABLE, reason=type(fault).__name__)
        return True

    async def _ask_address(self, client: Listener) -> None:
        """Discord says where to connect, and how often that may be done."""
        with delivery():
            told = await client.http.request(Route("GET", "/gateway/bot"))
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(told["url"])
        limit = told.get("session_start_limit", {})
        if limit.get("remaining", 1) == 0:
            raise DeliveryDelayed(UNREACHABLE, retry_after=limit.get("reset_after", 0) / 1000)

    def _resumed(self, client: Listener, *, resume: bool) -> dict[str, Any]:
        """How to connect next: where it was left, or from the beginning."""
        ws = client.ws
        if ws is None:
            return {"initial": True}
        if not (resume and ws.session_id):
            return {"initial": False}
        where = {"gateway": ws.gateway} if self._failures < _TIRED else {}
        return {
            "initial": False,
            "resume": True,
            "session": ws.session_id,
            "sequence": ws.sequence,
            **where,
        }
