"""The sign of life: every minute in which the desk can work, and in no other."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bot.heartbeat import Heartbeat


class Watchdog:
    """An address that counts the beats; `status` is its answer."""

    def __init__(self) -> None:
        self.beats = 0
        self.status = 200
        self.address = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.beats += 1
        return web.Response(status=self.status)


@asynccontextmanager
async def watchdog() -> AsyncIterator[Watchdog]:
    dog, app = Watchdog(), web.Application()
    app.router.add_get("/ping/secret", dog.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    dog.address = f"http://127.0.0.1:{port}/ping/secret"
    try:
        yield dog
    finally:
        await runner.cleanup()


async def test_an_able_desk_beats_and_one_that_is_not_is_silent() -> None:
    able = True
    async with watchdog() as dog:
        heart = Heartbeat(dog.address, lambda: (able, {}))
        assert await heart.beat()
        able = False
        assert not await heart.beat()
        assert dog.beats == 1


async def test_a_deaf_watchdog_is_logged_once_and_without_its_path(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with watchdog() as dog:
        heart = Heartbeat(dog.address, lambda: (True, {}))
        dog.status = 500
        assert [await heart.beat() for _ in range(3)] == [False] * 3
        dog.status = 200
        assert await heart.beat()
    ours = [record for record in caplog.records if record.name == "bot.heartbeat"]
    said = [record.getMessage() for record in ours]
    assert said == ["The heartbeat was not heard.", "The heartbeat is heard again."]
    assert "secret" not in str([vars(record) for record in ours])


async def test_an_address_where_nobody_listens_is_no_fault_of_the_desk() -> None:
    async with watchdog() as dog:
        gone = dog.address
    assert not await Heartbeat(gone, lambda: (True, {})).beat()
