"""Thousands of hostile requests and texts: the right status, no trade, and no memory kept.

The suite sends some; PARLEY_HOSTILE=10000 sends that many.
"""

import gc
import logging
import os
import tracemalloc
from collections import Counter
from datetime import timedelta

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from yarl import URL

from agents.domain.hooks import hashed
from agents.domain.symbols import DEFAULT_UNIVERSE
from agents.signals.reading import read_signal
from bot.hooks import HookDoor
from bot.web import WebServer
from tests.support.conversation import Conversation, conversation
from tests.support.hostile import Attack, Attacker

COUNT = int(os.environ.get("PARLEY_HOSTILE", "2000"))
SEED = 20260101
SECRET = "s" * 43
WARM = 400  # requests before memory is measured: caches fill
TRADES = ("proposals", "orders", "positions", "fills")


class Besieged:
    """A desk with a webhook; attacks come in at the fastest pace that is let through."""

    def __init__(self, talk: Conversation) -> None:
        self.talk = talk
        self.attacker = Attacker(SEED, talk.world.clock.wall)
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.wrong: list[tuple[Attack, int]] = []
        self.sent = 0
        self.client: ClientSession
        self.server: TestServer

    async def open(self) -> None:
        desk, world = self.talk.desk, self.talk.world
        assert desk.signals is not None
        owner, wall = (await self.talk.user()).id, world.clock.wall()
        await desk.memory.hooks.add(owner, "TV", hashed(SECRET), wall)

        async def allowed(_: int) -> bool:
            return True

        door = HookDoor(desk.memory, world.market, world.clock, desk.signals, allowed)
        server = WebServer(
            "127.0.0.1", 0, routes=door.routes(), health=lambda: (True, {}), metrics=lambda: b""
        )
        self.server = TestServer(server._app)
        await self.server.start_server()
        self.client = ClientSession()  # a TestClient keeps every answer

    async def close(self) -> None:
        await self.client.close()
        await self.server.close()

    async def send(self, attack: Attack) -> int:
        self.talk.world.clock.advance(timedelta(seconds=2.1).total_seconds())
        self.sent += len(attack.body)
        path = f"/hook/{attack.secret or SECRET}"
        address = URL(f"{self.server.make_url('/').origin()}{path}", encoded=True)
        async with self.client.post(address, data=attack.body, headers=attack.headers) as answer:
            said = await answer.json()
        assert set(said) == {"status", "detail"}
        assert 0 < len(said["detail"]) < 600
        return answer.status

    async def suffer(self, count: int) -> None:
        for attack in self.attacker.attacks(count):
            status = await self.send(attack)
            self.statuses[attack.kind, status] += 1
            if status not in attack.statuses:
                self.wrong.append((attack, status))
            if attack.repeats and status == 202 and await self.send(attack) != 200:
                self.wrong.append((attack, -1))
        assert self.talk.desk.signals is not None
        await self.talk.desk.signals.idle()

    def trades(self) -> dict[str, int]:
        return {table: len(self.talk.world.memory.rows(table)) for table in TRADES}


async def test_hostile_requests_get_their_status_and_make_no_trade_and_no_memory_grow(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)  # what is told of floods is kept by pytest
    talk = await conversation()
    talk.world.market.tick("60000")
    besieged = Besieged(talk)
    await besieged.open()
    await besieged.suffer(WARM)
    gc.collect()
    tracemalloc.start()
    try:
        before, sent = tracemalloc.get_traced_memory()[0], besieged.sent
        await besieged.suffer(COUNT - WARM)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
        await besieged.close()
    assert [(one.kind, status, one.body[:300]) for one, status in besieged.wrong[:5]] == []
    assert besieged.trades() == dict.fromkeys(TRADES, 0)
    stored = sum(count for (_, status), count in besieged.statuses.items() if status == 202)
    assert len(talk.world.memory.rows("heard")) == stored
    # what is stored stays; of all else nothing: kept bodies would be many times this
    received = besieged.sent - sent
    assert received > 3_000 * (COUNT - WARM)
    assert grown < 8_000 * stored + received / 20, f"{grown} bytes of {received} received"
    assert {kind for kind, _ in besieged.statuses} >= {
        "number",
        "nested",
        "binary",
        "orders",
        "old",
    }


def test_hostile_texts_are_read_without_a_fault() -> None:
    attacker = Attacker(SEED, lambda: None)  # type: ignore[arg-type, return-value]
    for _ in range(COUNT // 2):
        reading = read_signal(attacker.text(), DEFAULT_UNIVERSE)
        assert all(target.price > 0 for target in reading.targets)
        assert all(len(fault) < 400 for fault in reading.faults)
