"""The page without a browser: its own words over its own WebSocket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.support.running import Running

PATIENCE = 40.0
"""Seconds until an answer is missed; nothing is timed by it."""


@dataclass
class PageClient:
    """`messages` are those that were told, by their id, as they stand now."""

    socket: aiohttp.ClientWebSocketResponse
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    sent: int = 0

    @property
    def newest(self) -> int:
        return max(self.messages, default=0)

    async def say(self, words: str) -> None:
        await self._send(kind="say", text=words)

    async def ask(self, words: str, *answer: str) -> str:
        """Say something; the text of the first new message with all of `answer`."""
        before = self.newest
        await self.say(words)
        return await self.see(*answer, after=before)

    async def see(self, *words: str, after: int = 0) -> str:
        found = await self.wait(
            lambda message: (
                message["id"] > after
                and not message["mine"]
                and all(word in text_of(message) for word in words)
            )
        )
        return text_of(found)

    async def press(self, label: str) -> None:
        """Press the newest button with that label, once there is one."""
        found = await self.wait(lambda message: bool(_data(message, label)))
        await self._send(kind="tap", message=found["id"], data=_data(found, label))

    def texts(self) -> dict[int, str]:
        """What the desk has said, by message."""
        return {one["id"]: text_of(one) for one in self.messages.values() if not one["mine"]}

    async def press_on(self, number: int, label: str) -> bool:
        """Press that message's button, and wait until the tap can't be lost; False without it."""
        if data := _data(self.messages[number], label):
            await self._send(kind="tap", message=number, data=data)
            while (await self.hear())["kind"] != "stored":
                continue
        return bool(data)

    async def wait(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The newest message like that."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not (found := [one for one in self.messages.values() if wanted(one)]):
                    await self.hear()
        except TimeoutError:
            said = "\n---\n".join(self.texts().values())
            raise AssertionError(f"waited in vain; there is:\n{said}") from None
        return found[-1]

    async def hear(self) -> dict[str, Any]:
        """The next event; there is one at least every second."""
        event: dict[str, Any] = await self.socket.receive_json(timeout=PATIENCE)
        told = event.get("messages", []) if event["kind"] in ("hello", "earlier") else []
        for message in [*told, *([event["message"]] if "message" in event else [])]:
            self.messages[message["id"]] = message
        return event

    async def _send(self, **event: Any) -> None:
        self.sent += 1
        await self.socket.send_json({"key": f"{id(self)}-{self.sent}", **event})


def text_of(message: dict[str, Any]) -> str:
    return "".join(words for words, _ in message["words"])


def _data(message: dict[str, Any], label: str) -> str:
    return next((data for row in message["rows"] for name, data in row if label in name), "")


@asynccontextmanager
async def page_of(desk: Running) -> AsyncIterator[PageClient]:
    """The owner's page of a running desk, greeted."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        await session.get(desk.address, allow_redirects=False)
        address = f"{desk.root}/socket"
        async with session.ws_connect(address, headers={"Origin": desk.root}) as socket:
            client = PageClient(socket)
            await client.hear()
            yield client
