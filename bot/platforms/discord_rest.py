"""Requests to Discord that answer at once: what has to wait is told so, and nothing sleeps here.

discord.py's own client sleeps on limits and faults inside a request, for minutes, and a request
that is cancelled while it sleeps on the global limit blocks all others for ever. Here each limit
is a RateLimited with its seconds, and whoever asked tries again when the time has come.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Any

import aiohttp
import discord
from discord import utils
from discord.http import HTTPClient, Route, json_or_text

from bot.platforms.discord_faults import TOO_MANY_OLD_EDITS

_PATIENCE = aiohttp.ClientTimeout(total=20, sock_connect=10)
_SHORT = 2.5  # seconds until a limit is over that are waited for here
_REMEMBERED = 1_000  # limits
_EVERYTHING = "everything"
_NO_WAIT = {TOO_MANY_OLD_EDITS}  # a message that is hours old: waiting does not help

Json = dict[str, Any]


class Limits:
    """Until when which requests would be refused, as Discord said with its answers."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    async def pass_by(self, route: Route) -> None:
        """Raises RateLimited when there are more than a few seconds to wait."""
        while (left := self._left(route)) > 0:
            if left > _SHORT:
                raise discord.RateLimited(left)
            await asyncio.sleep(left)

    def _left(self, route: Route) -> float:
        names = [_bucket(route)] if route.webhook_token else [_bucket(route), _EVERYTHING]
        return max(self._until.get(name, 0.0) for name in names) - time.monotonic()

    def heed(self, route: Route, answer: aiohttp.ClientResponse) -> None:
        """One more request now would be one too many."""
        if answer.headers.get("X-RateLimit-Remaining") == "0":
            self._hold(_bucket(route), _number(answer.headers.get("X-RateLimit-Reset-After")))

    def exceeded(self, route: Route, answer: aiohttp.ClientResponse, data: Json) -> float:
        """The seconds that a 429 asks for."""
        asked = data.get("retry_after", answer.headers.get("Retry-After"))
        wait = max(_number(asked), 0.1) if asked is not None else 1.0
        is_global = data.get("global") or "X-RateLimit-Global" in answer.headers
        self._hold(_EVERYTHING if is_global else _bucket(route), wait)
        return wait

    def _hold(self, name: str, seconds: float) -> None:
        now = time.monotonic()
        if len(self._until) >= _REMEMBERED:
            self._until = {key: until for key, until in self._until.items() if until > now}
        self._until[name] = max(self._until.get(name, 0.0), now + seconds)


def _bucket(route: Route) -> str:
    return f"{route.key} {route.major_parameters}"


def _number(said: Any) -> float:
    try:
        return float(said)
    except (TypeError, ValueError):
        return 0.0


class Rest(HTTPClient):
    """Raises discord.HTTPException for each refusal, RateLimited for each limit, and what aiohttp
    raises for a broken connection, after one try."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.limits = Limits()

    async def request(
        self,
        route: Route,
        *,
        files: Sequence[discord.File] | None = None,
        form: Iterable[Json] | None = None,
        **options: Any,
    ) -> Any:
        await self.limits.pass_by(route)
        async with self._session().request(
            route.method, route.url, timeout=_PATIENCE, **self._sent(route, form, options)
        ) as answer:
            data = await json_or_text(answer)
            self.limits.heed(route, answer)
            if 200 <= answer.status < 300:
                return data
            raise self._refusal(route, answer, data)

    def _session(self) -> aiohttp.ClientSession:
        session: aiohttp.ClientSession | None = getattr(self, "_HTTPClient__session", None)
        if not session or session.closed:
            raise aiohttp.ClientError("not connected")
        return session

    def _sent(self, route: Route, form: Iterable[Json] | None, options: Json) -> Json:
        headers = {"User-Agent": self.user_agent}
        if self.token is not None and not route.webhook_token:
            headers["Authorization"] = f"Bot {self.token}"
        sent: Json = {"headers": headers, "params": options.get("params")}
        if "json" in options:
            headers["Content-Type"] = "application/json"
            sent["data"] = utils._to_json(options["json"])
        if form:
            sent["data"] = _form(form)
        return sent

    def _refusal(
        self, route: Route, answer: aiohttp.ClientResponse, data: Json | str
    ) -> discord.DiscordException:
        if answer.status == 429 and isinstance(data, dict) and data.get("code") not in _NO_WAIT:
            return discord.RateLimited(self.limits.exceeded(route, answer, data))
        kinds = {403: discord.Forbidden, 404: discord.NotFound}
        kind = kinds.get(answer.status, discord.HTTPException)
        if answer.status >= 500:
            kind = discord.DiscordServerError
        return kind(answer, data)


def _form(parts: Iterable[Json]) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)  # Discord wants files[0] as it is
    for part in parts:
        form.add_field(**part)
    return form
