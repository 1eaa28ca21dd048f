"""What people do on Telegram arrives once, as the conversation knows it, or it comes again."""

import logging
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agents.domain.user import Identity, Place
from bot.platforms.telegram import TelegramPlatform
from handlers.chat import Button, Outgoing, Tap, text
from tests.bot.platforms.conftest import ANN, Desk, MakeDesk
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import BOT_ID

GROUP, FORUM, CHANNEL = -500, -1001234567890, -1009876543210
HOME = Place("telegram", str(ANN))
CARD = Outgoing(text("Buy BTC?"), rows=((Button("✅ Approve", "approve", 7, 2),),))


async def test_a_private_message(desk: Desk) -> None:
    desk.server.private(ANN, "Ann <b>", language="de")
    said = desk.server.say(ANN, ANN, "Buy BTC when RSI(14) < 30 🚀 \u202eעברית")
    [incoming] = await desk.heard()
    assert incoming.text == "Buy BTC when RSI(14) < 30 🚀 \u202eעברית"
    assert incoming.place == HOME
    assert incoming.sender == Identity("telegram", "42")
    assert (incoming.sender_name, incoming.language) == ("Ann <b>", "de")
    assert incoming.private
    assert incoming.addressed
    assert incoming.message_id == str(said.id)
    assert incoming.sent_at.tzinfo is UTC
    assert incoming.key == f"{BOT_ID}:5001"


async def test_a_long_message_arrives_whole(desk: Desk) -> None:
    desk.server.say(ANN, ANN, "x" * 5000)
    assert (await desk.heard())[0].text == "x" * 5000


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("/status", "/status"),
        ("/status@ParleyTestBot", "/status"),
        ("/new@parleytestbot buy BTC", "/new buy BTC"),
    ],
)
async def test_commands_lose_the_bots_name(desk: Desk, said: str, heard: str) -> None:
    desk.server.group(GROUP)
    desk.server.say(GROUP, ANN, said)
    [incoming] = await desk.heard()
    assert (incoming.text, incoming.addressed, incoming.private) == (heard, True, False)


async def test_another_bots_command_is_not_ours(desk: Desk) -> None:
    desk.server.group(GROUP)
    desk.server.say(GROUP, ANN, "/status@OtherBot")
    desk.server.say(GROUP, ANN, "/help")
    assert [incoming.text for incoming in await desk.heard()] == ["/help"]


async def test_in_groups_a_mention_or_an_answer_is_meant_for_the_bot(desk: Desk) -> None:
    desk.server.privacy = False
    desk.server.group(GROUP)
    sent = await desk.platform.send(Place("telegram", str(GROUP)), CARD)
    desk.server.say(GROUP, ANN, "@ParleyTestBot, what now?")
    desk.server.say(GROUP, ANN, "why?", reply_to=int(sent))
    desk.server.say(GROUP, ANN, "lunch?")
    desk.server.say(GROUP, ANN, "mail me at x@parleytestbot.example")
    found = [(incoming.text, incoming.addressed) for incoming in await desk.heard(4)]
    assert found == [
        ("what now?", True),
        ("why?", True),
        ("lunch?", False),
        ("mail me at x@parleytestbot.example", False),
    ]


async def test_a_topic_is_a_place_of_its_own(desk: Desk) -> None:
    desk.server.group(FORUM, forum=True)
    topic = desk.server.topic(FORUM)
    desk.server.say(FORUM, ANN, "/status", thread=topic)
    assert (await desk.heard())[0].place == Place("telegram", str(FORUM), str(topic))


async def test_a_reply_outside_forums_is_no_topic(desk: Desk) -> None:
    desk.server.group(-1005)
    desk.server.say(-1005, ANN, "/status", message_thread_id=7)
    assert (await desk.heard())[0].place == Place("telegram", "-1005")


async def test_a_channels_posts_are_meant_for_nobody_and_its_commands_for_the_bot(
    desk: Desk,
) -> None:
    desk.server.channel(CHANNEL)
    desk.server.say(CHANNEL, 0, "BTC to the moon")
    desk.server.say(CHANNEL, 0, "/help")
    post, command = await desk.heard(2)
    assert (post.text, post.addressed, post.private) == ("BTC to the moon", False, False)
    assert (command.text, command.addressed) == ("/help", True)
    assert command.sender == Identity("telegram", str(CHANNEL))


async def test_a_channels_post_in_its_discussion_group_commands_nothing(desk: Desk) -> None:
    desk.server.group(GROUP)
    desk.server.privacy = False
    channel = {"id": CHANNEL, "type": "channel", "title": "Calls"}
    origin = {"type": "channel", "chat": channel, "message_id": 4, "date": 1_767_225_600}
    for said in ("LONG #BTCUSDT", "/panic"):
        desk.server.say(
            *(GROUP, ANN, said),
            is_automatic_forward=True,
            forward_origin=origin,
            sender_chat=channel,
        )
    heard = await desk.heard(2)
    assert [(one.text, one.addressed) for one in heard] == [
        ("LONG #BTCUSDT", False),
        ("/panic", False),
    ]
    assert {one.forwarded for one in heard} == {"Calls"}


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ({"type": "user", "sender_user": {"id": 9, "is_bot": False, "first_name": "Eve"}}, "Eve"),
        ({"type": "hidden_user", "sender_user_name": "Mallory"}, "Mallory"),
        (
            {
                "type": "chat",
                "sender_chat": {"id": -1007, "type": "supergroup", "title": "Whales"},
            },
            "Whales",
        ),
        (
            {
                "type": "channel",
                "message_id": 4,
                "chat": {"id": CHANNEL, "type": "channel", "title": "Calls"},
            },
            "Calls",
        ),
    ],
)
async def test_a_forwarded_message_names_who_wrote_it_and_when(
    desk: Desk, origin: dict[str, object], name: str
) -> None:
    desk.server.say(ANN, ANN, "LONG BTC", forward_origin={**origin, "date": 1_767_225_600})
    [incoming] = await desk.heard()
    assert incoming.forwarded == name
    assert incoming.written_at == datetime.fromtimestamp(1_767_225_600, UTC)


async def test_a_reply_names_the_message_that_it_answers(desk: Desk) -> None:
    desk.server.group(GROUP)
    desk.server.privacy = False
    first = desk.server.say(GROUP, ANN, "LONG #BTCUSDT")
    desk.server.say(GROUP, ANN, "move sl to entry", reply_to=first.id)
    earlier, later = await desk.heard(2)
    assert (earlier.answers, later.answers) == ("", earlier.message_id)


async def test_an_anonymous_administrator_is_nobody(desk: Desk) -> None:
    desk.server.group(GROUP)
    desk.server.say(GROUP, ANN, "/panic", sender_chat={"id": GROUP, "type": "group", "title": "D"})
    assert (await desk.heard())[0].sender == Identity("telegram", str(GROUP))


async def test_a_sticker_is_an_empty_text_and_a_service_message_nothing(desk: Desk) -> None:
    voice = {"file_id": "a", "file_unique_id": "b", "duration": 1}
    desk.server.say(ANN, ANN, "", pinned_message=None, delete_chat_photo=True)
    desk.server.say(ANN, ANN, "", voice=voice)
    assert [incoming.text for incoming in await desk.heard()] == [""]


async def test_a_tap_is_acknowledged_and_read(desk: Desk) -> None:
    sent = await desk.platform.send(HOME, CARD)
    query = desk.server.tap(ANN, ANN, int(sent), "Approve")
    await desk.server.wait_for(lambda: desk.server.world.queries[query] == "answered")
    [incoming] = desk.received
    assert incoming.tap == Tap("approve", 7, 2)
    assert incoming.tap_data == "approve:7:2"
    assert incoming.message_id == sent
    assert incoming.text is None


async def test_a_forged_tap_keeps_its_data(desk: Desk) -> None:
    sent = await desk.platform.send(HOME, CARD)
    desk.server.tap_data(ANN, ANN, int(sent), "approve:7:2:extra; DROP TABLE")
    [incoming] = await desk.heard()
    assert incoming.tap is None
    assert incoming.tap_data == "approve:7:2:extra; DROP TABLE"


async def test_a_tap_too_old_to_acknowledge_still_counts(desk: Desk) -> None:
    sent = await desk.platform.send(HOME, CARD)
    desk.server.world.queries["q1"] = "expired"
    desk.server.push(
        {
            "callback_query": {
                "id": "gone",
                "from": desk.server.world.person(ANN),
                "chat_instance": "1",
                "data": "approve:7:2",
                "message": {"chat": {"id": ANN, "type": "private"}, "date": 0, "message_id": sent},
            }
        }
    )
    [incoming] = await desk.heard()
    await desk.server.wait_for(lambda: desk.server.counts["answercallbackquery"])
    assert incoming.tap == Tap("approve", 7, 2)
    assert desk.platform.health().connected


async def test_a_tap_while_connected_is_new_however_old_its_card(desk: Desk) -> None:
    sent = await desk.platform.send(HOME, CARD)
    desk.server.world.messages[int(sent)].date -= 3600
    desk.server.tap(ANN, ANN, int(sent), "Approve")
    [incoming] = await desk.heard()
    assert datetime.now(UTC) - incoming.sent_at < timedelta(minutes=1)


async def test_a_tap_from_downtime_is_no_younger_than_its_card(make_desk: MakeDesk) -> None:
    async with make_desk() as before:
        await before.well()
        sent = await before.platform.send(HOME, CARD)
    server = before.server
    server.world.messages[int(sent)].date -= 3600
    server.tap(ANN, ANN, int(sent), "Approve")
    async with make_desk() as after:
        [incoming] = await after.heard()
    assert datetime.now(UTC) - incoming.sent_at > timedelta(minutes=59)


async def test_nothing_is_confirmed_before_it_is_stored(desk: Desk) -> None:
    desk.broken = True
    desk.server.say(ANN, ANN, "/panic")
    assert "can't be stored" in await desk.ailing()
    assert desk.server.unconfirmed == 1
    desk.broken = False
    [incoming] = await desk.heard()
    assert incoming.text == "/panic"
    await desk.server.wait_for(lambda: desk.server.unconfirmed == 0)


async def test_a_tap_is_acknowledged_also_while_nothing_can_be_stored(desk: Desk) -> None:
    sent = await desk.platform.send(HOME, CARD)
    desk.broken = True
    number = desk.server.tap(ANN, ANN, int(sent), "Approve")
    await desk.server.wait_for(lambda: desk.server.world.queries[number] != "open")
    assert desk.server.unconfirmed == 1
    desk.broken = False
    [incoming] = await desk.heard()
    assert incoming.tap == Tap("approve", 7, 2)


async def test_one_chats_fault_holds_up_no_other_and_is_not_confirmed(desk: Desk) -> None:
    desk.broken_for = {"7"}
    await desk.well()
    desk.server.private(7, "Bob")
    desk.server.say(7, 7, "/panic")
    desk.server.say(ANN, ANN, "first")
    desk.server.say(ANN, ANN, "second")
    assert "can't be stored" in await desk.ailing()
    assert [said.text for said in (await desk.heard(2))[:2]] == ["first", "second"]
    assert desk.server.unconfirmed == 3
    desk.broken_for = set()
    await desk.server.wait_for(lambda: desk.server.unconfirmed == 0)
    assert "/panic" in [said.text for said in desk.received]


async def test_what_was_stored_but_not_confirmed_comes_again_with_the_same_key(
    make_desk: MakeDesk,
) -> None:
    async with make_desk() as desk:
        desk.server.say(ANN, ANN, "hello")
        await desk.heard()
        await desk.server.wait_for(lambda: desk.server.unconfirmed == 0)
    desk.server.repeat()
    async with make_desk() as again:
        assert (await again.heard())[0].key == desk.received[0].key


async def test_a_second_copy_stands_by_and_takes_over(make_desk: MakeDesk) -> None:
    async with make_desk() as first:
        await first.well()
        async with make_desk() as second:
            await second.well()  # Telegram lets the newest poller in
            detail = await first.ailing()
            assert detail == (
                "Another copy receives Telegram's messages with this token; this one stands by."
            )
            assert first.pauses[-1] == 10
        await first.well()
        first.server.say(ANN, ANN, "anyone?")
        assert (await first.heard())[0].text == "anyone?"


async def test_a_wrong_token_says_what_to_do(
    make_desk: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with make_desk(token="123:wrong") as desk:
        detail = await desk.ailing()
        await desk.server.wait_for(lambda: len(desk.pauses) >= 3)
    assert detail == "Telegram refuses the token; check TELEGRAM_BOT_TOKEN with @BotFather."
    assert set(desk.pauses) == {30}
    said = [record for record in caplog.records if record.name.startswith("bot.")]
    assert [record.getMessage() for record in said] == [detail]
    assert not any(record.exc_info for record in said)
    assert not any("123:wrong" in str(vars(record)) for record in said)


@pytest.mark.parametrize("kind", ["refuse", "502", "hang"])
async def test_an_outage_is_survived(desk: Desk, kind: str) -> None:
    await desk.server.set_outage(kind)
    if kind != "hang":  # a hanging server is noticed by the time limit of the library
        assert await desk.ailing() == "Telegram can't be reached; it is tried again by itself."
        await desk.server.wait_for(lambda: len(desk.pauses) > 7)
        assert desk.pauses[:3] == [0.5, 1, 2]
        assert max(desk.pauses) == 30
    await desk.server.set_outage("")
    desk.server.say(ANN, ANN, "back?")
    assert (await desk.heard())[0].text == "back?"
    await desk.well()


async def test_an_unreachable_server_at_start_is_one_line(
    server: TelegramServer, make_desk: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    await server.set_outage("refuse")
    async with make_desk() as desk:
        await server.wait_for(lambda: len(desk.pauses) >= 3)
        await server.set_outage("")
        await desk.well()
    said = [record for record in caplog.records if record.name.startswith("bot.")]
    assert [record.levelname for record in said] == ["WARNING"]


@pytest.mark.parametrize(
    ("token", "outage", "detail"),
    [("", "", ""), ("1:x", "", "BotFather"), ("", "refuse", "can't be reached")],
)
async def test_it_can_be_asked_without_receiving(
    server: TelegramServer, token: str, outage: str, detail: str
) -> None:
    await server.set_outage(outage)
    platform = TelegramPlatform(token or server.token, server.url)
    health = await platform.check()
    await platform.stop()
    assert health.connected == (not detail)
    assert detail in health.detail
    assert server.counts["getupdates"] == 0


async def test_the_menu_of_commands_is_set(make_desk: MakeDesk) -> None:
    async with make_desk(commands=[("status", "What is going on"), ("panic", "Stop all")]) as desk:
        await desk.well()
        assert desk.server.world.commands == [
            {"command": "status", "description": "What is going on"},
            {"command": "panic", "description": "Stop all"},
        ]


async def test_a_block_and_a_migration_are_told(desk: Desk) -> None:
    desk.server.block(ANN, ANN)
    desk.server.group(GROUP)
    desk.server.migrate(GROUP, FORUM)
    await desk.server.wait_for(lambda: desk.moved and desk.gone)
    assert desk.gone == [(Identity("telegram", "42"), HOME)]
    assert desk.moved == [(Place("telegram", str(GROUP)), Place("telegram", str(FORUM)))]


# --- webhook ----------------------------------------------------------------------------------


class Mounted:
    """What bot/web.py does with handle_webhook."""

    def __init__(self) -> None:
        self.desk: Desk | None = None
        app = web.Application()
        app.router.add_post("/telegram/webhook", self._hook)
        self.server = TestServer(app)

    async def _hook(self, request: web.Request) -> web.Response:
        assert self.desk
        platform = self.desk.platform
        return web.Response(
            status=await platform.handle_webhook(request.headers, await request.read())
        )

    async def post(self, body: bytes, **headers: str) -> int:
        async with aiohttp.ClientSession() as session:
            url = self.server.make_url("/telegram/webhook")
            async with session.post(url, data=body, headers=headers) as answer:
                return answer.status


@pytest.fixture
async def mounted(make_desk: MakeDesk):
    place = Mounted()
    await place.server.start_server()
    address = str(place.server.make_url("/"))
    async with make_desk(webhook_url=address, webhook_secret="s3cret") as desk:
        place.desk = desk
        await desk.well()
        yield place
    await place.server.close()


async def test_a_webhook_receives(mounted: Mounted) -> None:
    desk = mounted.desk
    assert desk
    assert desk.server.world.webhook["url"].endswith("/telegram/webhook")
    desk.server.say(ANN, ANN, "hello")
    assert (await desk.heard())[0].text == "hello"
    await desk.server.wait_for(lambda: desk.server.unconfirmed == 0)
    assert desk.server.counts["getupdates"] == 0


async def test_a_webhook_update_that_can_not_be_stored_comes_again(mounted: Mounted) -> None:
    desk = mounted.desk
    assert desk
    desk.broken = True
    desk.server.say(ANN, ANN, "hello")
    await desk.server.wait_for(lambda: "error" in desk.server.world.webhook)
    desk.broken = False
    assert (await desk.heard())[0].text == "hello"


@pytest.mark.parametrize("headers", [{}, {"X-Telegram-Bot-Api-Secret-Token": "guess"}])
async def test_a_webhook_call_without_the_secret_is_refused(
    mounted: Mounted, headers: dict[str, str]
) -> None:
    assert mounted.desk
    assert await mounted.post(b'{"update_id": 1}', **headers) == 403
    assert mounted.desk.received == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"update_id": 1, "message": 5}'])
async def test_a_webhook_call_that_is_no_update_is_a_bad_request(
    mounted: Mounted, body: bytes
) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": "s3cret"}
    assert await mounted.post(body, **headers) == 400


async def test_polling_takes_an_old_webhook_away(
    server: TelegramServer, make_desk: MakeDesk
) -> None:
    server.world.webhook = {"url": "https://old.example/hook", "secret": ""}
    async with make_desk() as desk:
        await desk.well()
        server.say(ANN, ANN, "hello")
        await desk.heard()
