"""The loopback Telegram as a process of its own: its control interface and the client for it."""

import asyncio
import base64
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from tests.support.sources import ROOT
from tests.support.telegram_server import TOKEN, TelegramServer
from tests.support.telegram_world import Chat, Message


class ControlledServer(TelegramServer):
    """A server whose people are moved by POSTs to /control/<name> with the arguments as JSON."""

    def __init__(self, port: int = 0, token: str = TOKEN) -> None:
        super().__init__(port, token)
        self.tapped: dict[str, float] = {}
        self._tapping: asyncio.Task[None] | None = None

    def add_control(self, app: web.Application) -> None:
        app.router.add_post("/control/{name}", self._control)

    async def _control(self, request: web.Request) -> web.Response:
        arguments = await request.json()
        names: dict[str, Callable[..., Any]] = {
            "say": self._say,
            "tap": self.tap,
            "tap_data": self.tap_data,
            "tap_on": self._tap_on,
            "latencies": self._latencies,
            "private": self._private,
            "group": self._group,
            "outage": self.set_outage,
            "flood": self.flood,
            "repeat": self.repeat,
            "look": self._look,
        }
        try:
            answer = names[request.match_info["name"]](**arguments)
            if asyncio.iscoroutine(answer):
                answer = await answer
        except (AssertionError, KeyError) as fault:
            return web.json_response({"fault": f"{type(fault).__name__}: {fault}"}, status=400)
        return web.json_response(answer)

    def _say(self, **arguments: Any) -> int:
        return self.say(**arguments).id

    def _private(self, **arguments: Any) -> int:
        return self.private(**arguments).id

    def _group(self, **arguments: Any) -> int:
        return self.group(**arguments).id

    def tap_data(self, chat: int, user: int, message_id: int, data: str) -> str:
        self.tapped[f"q{len(self.world.queries) + 1}"] = time.monotonic()
        return super().tap_data(chat, user, message_id, data)

    def _tap_on(self, taps: list[dict[str, Any]], seconds: float) -> int:
        """Press many buttons, one every `seconds`, whatever the bot is doing meanwhile."""

        async def press() -> None:
            for tap in taps:
                self.tap_data(**tap)
                await asyncio.sleep(seconds)

        self._tapping = asyncio.create_task(press())
        return len(taps)

    def _latencies(self) -> dict[str, float]:
        """For each query, the seconds from the tap to the arrival of its acknowledgement."""
        answers = [call for call in self.calls if call.method == "answercallbackquery"]
        arrivals = {call.params["callback_query_id"]: call.at for call in answers}
        return {number: at - self.tapped[number] for number, at in arrivals.items()}

    async def _look(self, chat: int, seen: int) -> dict[str, Any]:
        """The chat as it stands, once something has changed since version `seen`."""
        await self.wait_for(lambda: self.version > seen, seconds=600)
        return {
            "version": self.version,
            "unconfirmed": self.unconfirmed,
            "counts": dict(self.counts),
            "queries": self.world.queries,
            "messages": [_as_row(message) for message in self.messages(chat)],
        }


def _as_row(message: Message) -> dict[str, Any]:
    photo = base64.b64encode(message.photo).decode() if message.photo is not None else None
    names = ("id", "text", "date", "thread", "keyboard", "reply_to", "silent", "edits", "spans")
    return {"photo": photo, **{name: getattr(message, name) for name in names}}


def _from_row(row: dict[str, Any], chat: Chat) -> Message:
    photo = base64.b64decode(row.pop("photo")) if row["photo"] else row.pop("photo")
    return Message(chat=chat, sender=None, photo=photo, **row)


class TelegramRemote:
    """`say`, `tap`, `messages` and `wait_for` over HTTP; `messages` is of the last look."""

    def __init__(self, url: str, session: aiohttp.ClientSession, token: str = TOKEN) -> None:
        self.url = url
        self.token = token
        self.counts: dict[str, int] = {}
        self.queries: dict[str, str] = {}
        self.unconfirmed = 0
        self._session = session
        self._seen = -1
        self._messages: dict[int, list[Message]] = {}

    async def control(self, name: str, /, **arguments: Any) -> Any:
        async with self._session.post(f"{self.url}/control/{name}", json=arguments) as answer:
            body = await answer.json()
            assert answer.ok, body
            return body

    async def say(self, chat: int, user: int, text: str) -> int:
        return await self.control("say", chat=chat, user=user, text=text)

    async def tap(self, chat: int, user: int, message_id: int, label: str) -> str:
        return await self.control("tap", chat=chat, user=user, message_id=message_id, label=label)

    async def look(self, chat: int, *, again: bool = True) -> list[Message]:
        """The bot's messages in `chat` now, or (`again` False) after the next change."""
        seen = await self.control("look", chat=chat, seen=-1 if again else self._seen)
        self._seen, self.counts = seen["version"], seen["counts"]
        self.queries, self.unconfirmed = seen["queries"], seen["unconfirmed"]
        room = Chat(chat, "private", "")
        self._messages[chat] = [_from_row(row, room) for row in seen["messages"]]
        return self._messages[chat]

    def messages(self, chat: int) -> list[Message]:
        return self._messages.get(chat, [])

    async def wait_for(
        self, chat: int, predicate: Callable[[list[Message]], Any], seconds: float = 60
    ) -> Any:
        """The first true value of `predicate(messages of chat)`."""
        async with asyncio.timeout(seconds):
            found = await self.look(chat)
            while not (value := predicate(found)):
                found = await self.look(chat, again=False)
        return value


async def serve(port: int, token: str) -> None:
    """Say the address on standard output and answer until killed."""
    async with ControlledServer(port, token) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


@asynccontextmanager
async def telegram_process() -> AsyncIterator[TelegramRemote]:
    """A server in a process of its own, and its people."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.telegram_server", cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with aiohttp.ClientSession() as session:
            yield TelegramRemote(url, session)
    finally:
        process.terminate()
        await process.wait()
