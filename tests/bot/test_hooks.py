"""Webhooks over HTTP: the right status for each, and 2xx only for what is stored."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from agents.domain.errors import OperatorNeeded, TryAgain
from agents.domain.heard import Heard
from agents.domain.hooks import hashed
from agents.domain.user import Identity, Place
from bot.app import build
from bot.hooks import BODY_LIMIT, PER_MINUTE, HookDoor
from bot.settings import Settings
from bot.web import WebServer
from tests.support.conversation import Conversation, conversation

SECRET = "s" * 43
GZIPPED = gzip.compress(b"BTC LONG" * 9, mtime=0)
BUY = {"ticker": "BTCUSDT", "action": "buy", "price": 60000, "sl": 59000, "tp": 62000}


class Door:
    """A desk with a webhook, behind a real web server."""

    def __init__(self, talk: Conversation) -> None:
        self.talk = talk
        self.world = talk.world
        self.granted = True
        assert talk.desk.signals is not None
        self.door = HookDoor(
            talk.desk.memory, talk.world.market, talk.world.clock, talk.desk.signals, self._allowed
        )
        self.client: TestClient[Request, Application]

    async def _allowed(self, owner_id: int) -> bool:
        return self.granted

    async def post(
        self,
        body: Any = None,
        secret: str = SECRET,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str, str]:
        """Status, outcome and detail."""
        answer = await self.answer(body, secret, headers)
        said = json.loads(await answer.read())
        assert set(said) == {"status", "detail"}
        assert SECRET not in said["detail"]
        return answer.status, said["status"], said["detail"]

    async def answer(
        self, body: Any, secret: str = SECRET, headers: Mapping[str, str] | None = None
    ) -> ClientResponse:
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        kind = "application/json" if not isinstance(body, bytes | str) else "text/plain"
        sent = {"Content-Type": kind, **(headers or {})}
        return await self.client.post(f"/hook/{secret}", data=data, headers=sent)

    async def heard(self) -> list[Heard]:
        owner = (await self.talk.user()).id
        return list(await self.talk.desk.memory.heard.recent(owner, 200))

    def later(self, **length: float) -> None:
        self.world.clock.advance(timedelta(**length).total_seconds())


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    talk = await conversation()
    talk.candles()
    talk.world.market.tick("60000")
    made = Door(talk)
    owner = (await talk.user()).id
    await talk.desk.memory.hooks.add(owner, "TV", hashed(SECRET), talk.world.clock.wall())
    server = WebServer(
        "127.0.0.1", 0, routes=made.door.routes(), health=lambda: (True, {}), metrics=lambda: b""
    )
    async with TestClient(TestServer(server._app)) as client:
        made.client = client
        yield made
    assert talk.desk.signals is not None
    await talk.desk.signals.idle()


async def test_a_signal_is_stored_before_it_is_answered(door: Door) -> None:
    status, outcome, _ = await door.post(BUY)
    assert (status, outcome) == (202, "stored")
    (heard,) = await door.heard()
    assert heard.source == "hook:1"
    assert heard.reading.symbol == "BTC/USDT"
    (hook,) = await door.talk.desk.memory.hooks.of(heard.owner_id)
    assert hook.used_at == door.world.clock.wall()


async def test_a_wrong_secret_is_an_address_that_is_not_there(door: Door) -> None:
    answers = set()
    for secret in ("wrong", SECRET[:-1], SECRET + "s", hashed(SECRET), "%00", "%ff%fe", "Ω" * 40):
        answers.add(await door.post(BUY, secret))
        answers.add(await door.post(b"\xff", secret))
    assert {status for status, _, _ in answers} == {404}
    assert len(answers) == 1
    assert await door.heard() == []


async def test_what_has_ended_or_was_changed_long_ago_is_not_there(door: Door) -> None:
    hooks, owner = door.talk.desk.memory.hooks, (await door.talk.user()).id
    wall = door.world.clock.wall()
    await hooks.rotate(owner, 1, hashed("other"), wall + timedelta(hours=24))
    assert (await door.post(BUY))[0] == 202
    door.later(hours=24)
    assert (await door.post(BUY))[0] == 404
    assert (await door.post(BUY, "other"))[0] == 202
    await hooks.end(owner, 1, wall)
    assert (await door.post(BUY, "other"))[0] == 404


@pytest.mark.parametrize(
    ("body", "headers", "status", "part"),
    [
        (b"x" * (BODY_LIMIT + 1), {}, 413, "16 KiB"),
        (b"\xff\xfe", {}, 400, "UTF-8"),
        ('{"a": ', {"Content-Type": "application/json"}, 400, "not valid JSON"),
        ("[" * 9000, {"Content-Type": "application/json"}, 400, "nested"),
        ("<x/>", {"Content-Type": "application/xml"}, 415, "text/plain"),
        (GZIPPED, {"Content-Encoding": "gzip"}, 415, "Content-Encoding"),
        ('{"price": {{close}}}', {}, 422, "{{close}}"),
        ({**BUY, "price": "NaN"}, {}, 422, "NaN is no price"),
        ({**BUY, "sl": -1}, {}, 422, "-1 is no price"),
        ("gm everyone", {}, 422, "No signal"),
        ({"key": "x", "message": "I'm a webhook!"}, {}, 422, "No signal"),
    ],
)
async def test_what_can_not_be_used_is_refused_with_a_sentence(
    door: Door, body: Any, headers: dict[str, str], status: int, part: str
) -> None:
    got, outcome, detail = await door.post(body, headers=headers)
    assert (got, outcome) == (status, "refused")
    assert part in detail
    assert await door.heard() == []


async def test_a_body_in_pieces_is_limited_too(door: Door) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 1024

    answer = await door.client.post(f"/hook/{SECRET}", data=pieces())
    assert answer.status == 413


async def test_the_same_signal_twice_is_one(door: Door) -> None:
    assert (await door.post(BUY))[:2] == (202, "stored")
    assert (await door.post(BUY))[:2] == (200, "known")
    door.later(minutes=5)
    assert (await door.post(BUY))[:2] == (200, "known")  # in the next window, and still known
    assert len(await door.heard()) == 1
    door.later(minutes=6)
    assert (await door.post(BUY))[:2] == (202, "stored")  # a new signal that says the same


async def test_a_signal_sent_many_times_at_once_is_one(door: Door) -> None:
    statuses = [answer[0] for answer in await asyncio.gather(*(door.post(BUY) for _ in range(8)))]
    assert sorted(statuses) == [200] * 7 + [202]
    assert len(await door.heard()) == 1


async def test_an_id_is_known_for_ever(door: Door) -> None:
    key = {"Idempotency-Key": "abc"}
    assert (await door.post(BUY, headers=key))[0] == 202
    door.later(days=3)
    assert (await door.post(BUY, headers=key))[:2] == (200, "known")
    assert (await door.post({**BUY, "sl": 58000}, headers=key))[0] == 409
    assert (await door.post({**BUY, "id": "abc"}))[0] == 200
    assert (await door.post({**BUY, "id": "abd"}))[0] == 202
    assert len(await door.heard()) == 2


async def test_a_body_with_a_time_of_its_own_is_known_as_long_as_it_is_good(door: Door) -> None:
    """The sender's clock may be ahead, so that it is good for longer than the same one is known."""
    time = (door.world.clock.wall() + timedelta(minutes=4)).isoformat()
    assert (await door.post({**BUY, "time": time}))[:2] == (202, "stored")
    for _ in range(4):
        door.later(minutes=2)
        assert (await door.post({**BUY, "time": time}))[:2] == (200, "known")
    door.later(minutes=2)
    assert (await door.post({**BUY, "time": time}))[0] == 409
    assert len(await door.heard()) == 1


async def test_an_old_signal_is_not_replayed(door: Door) -> None:
    wall = door.world.clock.wall()
    for age, status in ((0, 202), (299, 202), (301, 409), (-299, 202), (-301, 422)):
        time = (wall - timedelta(seconds=age)).isoformat()
        assert (await door.post({**BUY, "time": time}))[0] == status, age
    (heard, *_) = await door.heard()
    assert heard.said_at <= wall


async def test_each_hook_has_a_pace(door: Door) -> None:
    statuses = [(await door.post({**BUY, "id": n}))[0] for n in range(PER_MINUTE + 2)]
    assert statuses == [202] * PER_MINUTE + [429] * 2
    answer = await door.answer({**BUY, "id": "x"})
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    door.later(seconds=60)
    assert (await door.post({**BUY, "id": "y"}))[0] == 202
    owner = (await door.talk.user()).id
    wall = door.world.clock.wall()
    await door.talk.desk.memory.hooks.add(owner, "other", hashed("other"), wall)
    assert (await door.post({**BUY, "id": "z"}, "other"))[0] == 202


@pytest.mark.parametrize("fault", [TryAgain(), OperatorNeeded("The disk is full.")])
async def test_while_the_database_is_away_nothing_is_said_to_be_stored(
    door: Door, fault: Exception
) -> None:
    await door.talk.user()
    door.world.database.fails = fault
    answer = await door.answer(BUY)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    door.world.database.fails = None
    assert await door.heard() == []
    assert (await door.post(BUY))[0] == 202


async def test_a_fault_of_ours_is_a_plain_answer_and_the_secret_is_not_logged(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    door.world.database.fails = RuntimeError("broken")
    with caplog.at_level(logging.DEBUG):
        status, outcome, detail = await door.post(BUY)
    assert (status, outcome) == (500, "failed")
    assert "broken" not in detail
    assert "A webhook failed." in caplog.text
    ours = [record for record in caplog.records if not record.name.startswith("aiohttp")]
    assert not any(SECRET in str(vars(record)) for record in ours)


async def test_without_the_operators_grant_nothing_is_taken(door: Door) -> None:
    door.granted = False
    assert (await door.post(BUY))[:2] == (403, "refused")
    assert await door.heard() == []


async def test_over_the_whole_desk_a_webhooks_signal_is_stored_on_disk(tmp_path: Path) -> None:
    database = f"sqlite://{tmp_path}/parley.db"
    app = await build(Settings(database_url=database, port=0, secret="x" * 44))
    address = (await app.start()).partition("/?token=")[0]
    try:
        memory, wall = app.memory, datetime.now(UTC)
        person = Identity("browser", "owner")
        owner = await memory.users.join(person, "A", Place("browser", "1"), operator=True, at=wall)
        await memory.hooks.add(owner.id, "TV", hashed(SECRET), wall)
        async with ClientSession() as client:
            posted = client.post(f"{address}/hook/{SECRET}", json=BUY)
            async with asyncio.timeout(20), posted as answer:
                assert answer.status == 202
        (heard,) = await memory.heard.recent(owner.id, 5)
        assert (heard.source, heard.reading.symbol) == ("hook:1", "BTC/USDT")
    finally:
        await app.stop()


async def test_only_posts_are_answered(door: Door) -> None:
    assert (await door.client.get(f"/hook/{SECRET}")).status == 405
    assert (await door.client.post("/hook/")).status == 404
