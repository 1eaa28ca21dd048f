"""What the web server says when something of ours breaks: little, and no secret."""

import logging

import aiohttp
import pytest
from aiohttp import web

from bot.web import WebServer


async def test_a_fault_is_plain_outside_and_names_no_secret_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(request: web.Request) -> web.Response:
        raise RuntimeError("the disk is full")

    server = WebServer(
        "127.0.0.1",
        0,
        routes=[web.post("/hook/{secret}", broken)],
        health=lambda: (True, {}),
        metrics=lambda: b"",
    )
    await server.start()
    try:
        address = f"{server.address}/hook/very-secret"
        async with aiohttp.ClientSession() as session, session.post(address) as answer:
            assert answer.status == 500
            assert "very-secret" not in await answer.text()
    finally:
        await server.stop()
    [record] = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert record.__dict__["path"] == "/hook/{secret}"
    assert "very-secret" not in str(record.__dict__)
