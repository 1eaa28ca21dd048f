"""The page as a platform: over a real WebSocket client, and in Chromium as a person uses it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from agents.domain.errors import DeliveryRefused, OperatorNeeded, TryAgain
from bot.platforms.browser import HOME, BrowserPlatform
from bot.web import WebServer
from handlers.chat import Button, Glance, Incoming, Outgoing, Tap, bold, text
from tests.support.chromium import Desk, chromium
from tests.support.transcript import ListTranscript

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
TOKEN = "a-long-token"
PNG = b"\x89PNG not really"


@dataclass
class House:
    """A running page whose conversation is answered by `reply`."""

    transcript: ListTranscript = field(default_factory=ListTranscript)
    heard: list[Incoming] = field(default_factory=list)
    port: int = 0
    address: str = ""
    platform: BrowserPlatform = field(init=False)
    web: WebServer = field(init=False)

    async def receive(self, incoming: Incoming) -> Glance:
        if any(known.key == incoming.key for known in self.heard):
            return Glance()
        self.heard.append(incoming)
        if incoming.tap:
            await self.platform.edit(HOME, incoming.message_id, Outgoing(text("Approved by you")))
        elif incoming.text == "/start":
            await self.platform.send(HOME, Outgoing(text("Welcome")))
        else:
            card = Outgoing(bold("A card for ") + text(incoming.text or ""), ROWS, PNG)
            await self.platform.send(HOME, card)
        return Glance()

    async def shown(self, said: str) -> str:
        return said.replace("sk-key", "(hidden)")

    async def start(self) -> None:
        self.platform = BrowserPlatform(
            TOKEN,
            self.transcript,
            lambda: NOW,
            [("status", "What is going on"), ("strategies", "Your strategies")],
            lambda: {"market": "Simulated market"},
            self.shown,
        )
        self.web = WebServer(
            "127.0.0.1",
            self.port,
            routes=self.platform.routes(),
            health=lambda: (True, {"market": "ok"}),
            metrics=lambda: b"parley 1\n",
        )
        await self.platform.start(self.receive)
        await self.web.start()
        self.address = self.web.address
        self.port = int(self.address.rsplit(":", 1)[1])

    async def stop(self) -> None:
        await self.platform.stop()
        await self.web.stop()


ROWS = ((Button("✅ Approve", "approve", 7, 1), Button("❌ Veto", "veto", 7, 1)),)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    running = House()
    await running.start()
    yield running
    await running.stop()


@asynccontextmanager
async def visitor(house: House, token: str = TOKEN) -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(house.address, cookie_jar=jar) as session:
        await session.get(f"/?token={token}", allow_redirects=False)
        yield session


@asynccontextmanager
async def speaking(house: House) -> AsyncIterator[Any]:
    """A socket of the owner's."""
    async with visitor(house) as session:
        socket = await session.ws_connect("/socket", headers=origin(house))
        yield socket
        await socket.close()


async def heard(socket: Any, kind: str) -> dict[str, Any]:
    """The next event of a kind; others are passed over."""
    while True:
        event = await socket.receive_json(timeout=20)
        if event["kind"] == kind:
            return event


def origin(house: House) -> dict[str, str]:
    return {"Origin": house.address}


async def test_a_key_is_shown_and_kept_nowhere_and_its_message_removed(house: House) -> None:
    async with speaking(house) as socket:
        await heard(socket, "hello")
        await socket.send_json({"kind": "say", "key": "k1", "text": "/settings key sk-key"})
        mine = await heard(socket, "message")
        while not mine["message"]["mine"]:
            mine = await heard(socket, "message")
        assert mine["message"]["words"] == [["/settings key (hidden)", "plain"]]
        assert [said.text for said in house.heard][-1] == "/settings key sk-key"
        number = house.heard[-1].message_id
        await house.platform.remove(HOME, number)
        edited = await heard(socket, "edit")
        assert (str(edited["message"]["id"]), edited["message"]["words"]) == (
            number,
            [["(removed)", "italic"]],
        )
    assert "sk-key" not in str(house.transcript.messages[:-1])


async def test_only_the_token_opens_the_page(house: House) -> None:
    async with aiohttp.ClientSession(house.address) as stranger:
        for address in ("/", "/?token=wrong", "/?token="):
            answer = await stranger.get(address)
            assert answer.status == 403
            assert "?token=" in await answer.text()
        assert (await stranger.get("/picture/1")).status == 403
        assert (await stranger.get("/socket", headers=origin(house))).status == 403
    async with visitor(house) as session:
        answer = await session.get("/")
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert TOKEN not in await answer.text()


async def test_another_site_cannot_speak(house: House) -> None:
    async with visitor(house) as session:
        for headers in ({"Origin": "https://evil.example"}, {}):
            assert (await session.get("/socket", headers=headers)).status == 403


async def test_the_empty_page_is_greeted_once(house: House) -> None:
    async with visitor(house) as session:
        for _ in range(2):
            async with session.ws_connect("/socket", headers=origin(house)) as socket:
                hello = await heard(socket, "hello")
        assert [incoming.text for incoming in house.heard] == ["/start"]
        assert [message["words"] for message in hello["messages"]] == [[["Welcome", "plain"]]]


async def test_what_is_said_twice_with_one_key_is_said_once(house: House) -> None:
    async with speaking(house) as socket:
        for _ in range(2):
            await socket.send_json({"kind": "say", "key": "k1", "text": "hello"})
            assert (await heard(socket, "stored"))["key"] == "k1"
    assert [incoming.text for incoming in house.heard].count("hello") == 1
    assert sum(message.mine for message in house.transcript.messages) == 1


async def test_a_tap_is_read_back_and_forged_ones_are_kept_as_they_came(house: House) -> None:
    async with speaking(house) as socket:
        await heard(socket, "message")
        tap = {"kind": "tap", "key": "t1", "message": 1, "data": "approve:7:1"}
        await socket.send_json(tap)
        assert (await heard(socket, "edit"))["message"]["words"][0][0] == "Approved by you"
        await socket.send_json({**tap, "key": "t2", "data": "rm -rf"})
        await heard(socket, "stored")
    assert house.heard[-2].tap == Tap("approve", 7, 1)
    assert (house.heard[-1].tap, house.heard[-1].tap_data) == (None, "rm -rf")


@pytest.mark.parametrize(
    "raw",
    ["", "nonsense", "[]", "null", '{"kind": "sudo"}', '{"kind": "say", "key": "", "text": 1}'],
)
async def test_nonsense_is_refused_with_a_sentence(house: House, raw: str) -> None:
    async with speaking(house) as socket:
        await socket.send_str(raw)
        assert (await heard(socket, "refused"))["why"]


async def test_a_database_that_fails_sends_the_page_away_for_a_while(house: House) -> None:
    """Nothing is told as stored; the page comes back and says it again."""
    said = {"kind": "say", "key": "k1", "text": "hello"}
    async with visitor(house) as session:
        async with session.ws_connect("/socket", headers=origin(house)) as socket:
            await heard(socket, "hello")
            house.transcript.fails = TryAgain("The database is busy.")
            await socket.send_json(said)
            while (event := await socket.receive(timeout=20)).type is aiohttp.WSMsgType.TEXT:
                assert json.loads(event.data)["kind"] != "stored"
            assert socket.close_code == aiohttp.WSCloseCode.TRY_AGAIN_LATER
            house.transcript.fails = None
        async with session.ws_connect("/socket", headers=origin(house)) as socket:
            await socket.send_json(said)
            assert (await heard(socket, "stored"))["key"] == "k1"
    assert [incoming.text for incoming in house.heard].count("hello") == 1


async def test_earlier_messages_come_on_request(house: House) -> None:
    for number in range(70):
        await house.platform.send(HOME, Outgoing(text(f"message {number}")))
    async with speaking(house) as socket:
        hello = await heard(socket, "hello")
        assert len(hello["messages"]) == 60
        await socket.send_json({"kind": "earlier", "before": hello["messages"][0]["id"]})
        earlier = await heard(socket, "earlier")
        assert [message["id"] for message in earlier["messages"]] == list(range(1, 11))


async def test_files_are_kept_by_the_owner_alone(house: House) -> None:
    file = Outgoing(text("journal"), picture=b"id,net\n", file_name="journal.csv")
    number = await house.platform.send(HOME, file)
    async with visitor(house) as session:
        answer = await session.get(f"/file/{number}/journal.csv")
        assert await answer.text() == "id,net\n"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="journal.csv"'
        assert (await session.get(f"/picture/{number}")).status == 404
        assert (await session.get("/file/999/journal.csv")).status == 404
    async with aiohttp.ClientSession(house.address) as stranger:
        assert (await stranger.get(f"/file/{number}/journal.csv")).status == 403


async def test_pictures_are_served_to_the_owner(house: House) -> None:
    number = await house.platform.send(HOME, Outgoing(text("card"), picture=PNG))
    async with visitor(house) as session:
        answer = await session.get(f"/picture/{number}")
        assert (answer.status, await answer.read()) == (200, PNG)
        assert (await session.get("/picture/999")).status == 404


async def test_a_message_that_is_gone_cannot_be_edited(house: House) -> None:
    with pytest.raises(DeliveryRefused):
        await house.platform.edit(HOME, "999", Outgoing(text("news")))


async def test_health_metrics_and_a_taken_port(house: House) -> None:
    async with aiohttp.ClientSession(house.address) as session:
        answer = await session.get("/health")
        assert await answer.json() == {"status": "ok", "market": "ok"}
        assert await (await session.get("/metrics")).text() == "parley 1\n"
        assert (await session.get("/page/../browser.py")).status == 404
    second = House(port=house.port)
    with pytest.raises(OperatorNeeded, match="PORT"):
        await second.start()
    await second.platform.stop()


async def test_a_person_at_the_page(house: House, chromium_path: str) -> None:
    async with chromium(chromium_path, viewport={"width": 900, "height": 700}) as context:
        page = await context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: faults.append(dialog.message))
        desk = Desk(page)
        await page.goto(f"{house.address}/?token={TOKEN}")
        assert "token" not in page.url
        await desk.see("Welcome")
        await desk.say("<img src=x onerror=alert(1)> & \u202eRTL 🚀")
        await desk.see("A card for <img src=x onerror=alert(1)>")
        await desk.press("Approve")
        await desk.see("Approved by you")
        assert await desk.log.get_by_role("button", name="Veto").count() == 0
        await page.reload()
        await desk.see("Approved by you")
        assert not faults


async def test_the_page_comes_back_after_a_restart(house: House, chromium_path: str) -> None:
    async with chromium(chromium_path) as context:
        page = await context.new_page()
        desk = Desk(page)
        await page.goto(f"{house.address}/?token={TOKEN}")
        await desk.see("Welcome")
        await house.stop()
        await page.get_by_text("reconnecting").wait_for()
        await desk.say("said while you were away")
        await house.start()
        await desk.see("A card for said while you were away")
    assert [incoming.text for incoming in house.heard].count("said while you were away") == 1


async def test_the_menu_offers_commands(house: House, chromium_path: str) -> None:
    async with chromium(chromium_path) as context:
        page = await context.new_page()
        desk = Desk(page)
        await page.goto(f"{house.address}/?token={TOKEN}")
        await desk.see("Welcome")
        await page.get_by_role("textbox", name="Message").press_sequentially("/st")
        assert await page.get_by_role("option").count() == 2
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await desk.see("A card for /strategies")
