"""The loopback Telegram is as strict as the real one; else tests over it prove nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.support.telegram_html import BadMarkup, read_html
from tests.support.telegram_remote import telegram_process
from tests.support.telegram_server import Limits, TelegramServer
from tests.support.telegram_world import ApiError

ANN, GROUP, FORUM = 42, -500, -1001234567890


class Client:
    """Calls methods with plain HTTP; a refusal is (code, description)."""

    def __init__(self, server: TelegramServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self._session = session

    async def call(self, method: str, token: str = "", **params: Any) -> Any:
        url = f"{self.server.url}/bot{token or self.server.token}/{method}"
        async with self._session.post(url, json=params) as answer:
            body = await answer.json()
            if body["ok"]:
                return body["result"]
            assert body["error_code"] == answer.status
            return answer.status, body["description"]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with TelegramServer() as server, aiohttp.ClientSession() as session:
        server.private(ANN)
        yield Client(server, session)


def buttons(*data: str) -> str:
    row = [{"text": "x", "callback_data": one} for one in data]
    return json.dumps({"inline_keyboard": [row]})


@pytest.mark.parametrize(
    ("method", "params", "code", "reason"),
    [
        ("sendMassage", {}, 404, "Not Found"),
        ("sendMessage", {"chat_id": 77, "text": "x"}, 400, "chat not found"),
        ("sendMessage", {"chat_id": ANN, "text": " \n"}, 400, "message text is empty"),
        ("sendMessage", {"chat_id": ANN, "text": "x" * 4097}, 400, "message is too long"),
        ("sendMessage", {"chat_id": ANN, "text": "🚀" * 2049}, 400, "message is too long"),
        ("sendMessage", {"chat_id": ANN, "text": "<b>", "parse_mode": "HTML"}, 400, "end tag"),
        ("sendMessage", {"chat_id": ANN, "text": "a & b", "parse_mode": "HTML"}, 400, "entities"),
        ("sendMessage", {"chat_id": ANN, "text": "x", "message_thread_id": 5}, 400, "thread"),
        (
            "sendMessage",
            {"chat_id": ANN, "text": "x", "reply_parameters": '{"message_id": 5}'},
            400,
            "message to be replied not found",
        ),
        (
            "sendMessage",
            {"chat_id": ANN, "text": "x", "reply_markup": buttons("y" * 65)},
            400,
            "BUTTON_DATA_INVALID",
        ),
        ("sendPhoto", {"chat_id": ANN, "photo": "name"}, 400, "wrong file identifier"),
        ("editMessageText", {"chat_id": ANN, "message_id": 5, "text": "x"}, 400, "not found"),
        ("answerCallbackQuery", {"callback_query_id": "q"}, 400, "query is too old"),
        (
            "setMyCommands",
            {"commands": '[{"command": "Help me", "description": "x"}]'},
            400,
            "BOT_COMMAND_INVALID",
        ),
        ("setWebhook", {"url": "http://example.org"}, 400, "HTTPS URL must be provided"),
    ],
)
async def test_what_telegram_refuses_is_refused(
    client: Client, method: str, params: dict[str, Any], code: int, reason: str
) -> None:
    answer = await client.call(method, **params)
    assert answer[0] == code
    assert reason in answer[1]


async def test_a_wrong_token_is_unauthorized(client: Client) -> None:
    assert await client.call("getMe", token="1:x") == (401, "Unauthorized")


async def test_an_unmodified_edit_is_refused_and_a_changed_one_is_not(client: Client) -> None:
    sent = await client.call("sendMessage", chat_id=ANN, text="x", reply_markup=buttons("a"))
    target = {"chat_id": ANN, "message_id": sent["message_id"]}
    same = {**target, "text": "x", "reply_markup": buttons("a")}
    assert "not modified" in (await client.call("editMessageText", **same))[1]
    edited = await client.call("editMessageText", **target, text="x")
    assert "reply_markup" not in edited
    assert "no caption" in (await client.call("editMessageCaption", **target, caption="y"))[1]


async def test_a_query_is_answered_once(client: Client) -> None:
    sent = await client.call("sendMessage", chat_id=ANN, text="x", reply_markup=buttons("a"))
    query = client.server.tap(ANN, ANN, sent["message_id"], "x")
    assert await client.call("answerCallbackQuery", callback_query_id=query) is True
    assert (await client.call("answerCallbackQuery", callback_query_id=query))[0] == 400


async def test_a_button_that_is_gone_can_not_be_pressed(client: Client) -> None:
    sent = await client.call("sendMessage", chat_id=ANN, text="x")
    with pytest.raises(AssertionError, match="no button"):
        client.server.tap(ANN, ANN, sent["message_id"], "Approve")


async def test_updates_stay_until_they_are_confirmed(client: Client) -> None:
    client.server.say(ANN, ANN, "one")
    client.server.say(ANN, ANN, "two")
    [one, two] = await client.call("getUpdates")
    assert [one["message"]["text"], two["message"]["text"]] == ["one", "two"]
    assert len(await client.call("getUpdates", offset=two["update_id"])) == 1
    assert await client.call("getUpdates", offset=two["update_id"] + 1) == []
    client.server.repeat()
    assert len(await client.call("getUpdates")) == 2


async def test_a_long_poll_ends_with_the_first_update(client: Client) -> None:
    poll = asyncio.create_task(client.call("getUpdates", timeout=20))
    await client.server.wait_for(lambda: client.server.counts["getupdates"])
    client.server.say(ANN, ANN, "hello")
    assert len(await poll) == 1


async def test_a_newer_poller_ends_an_older_one(client: Client) -> None:
    poll = asyncio.create_task(client.call("getUpdates", timeout=20))
    await client.server.wait_for(lambda: client.server.counts["getupdates"])
    await client.call("getUpdates")
    code, reason = await poll
    assert code == 409
    assert "terminated by other getUpdates request" in reason


async def test_polling_beside_a_webhook_is_a_conflict(client: Client) -> None:
    await client.call("setWebhook", url="https://example.org/hook")
    code, reason = await client.call("getUpdates")
    assert code == 409
    assert "webhook is active" in reason


async def test_privacy_mode_hides_what_is_not_for_the_bot(client: Client) -> None:
    client.server.group(GROUP)
    client.server.say(GROUP, ANN, "lunch?")
    client.server.say(GROUP, ANN, "/status")
    [update] = await client.call("getUpdates")
    assert update["message"]["text"] == "/status"


async def test_who_blocked_the_bot_is_not_written_to(client: Client) -> None:
    client.server.block(ANN, ANN)
    code, reason = await client.call("sendMessage", chat_id=ANN, text="x")
    assert (code, reason) == (403, "Forbidden: bot was blocked by the user")


async def test_a_flood_is_answered_with_the_time_to_wait(client: Client) -> None:
    client.server.flood(9, chat=ANN)
    assert await client.call("sendMessage", chat_id=ANN, text="x") == (
        429,
        "Too Many Requests: retry after 9",
    )
    assert (await client.call("sendMessage", chat_id=ANN, text="x"))["text"] == "x"


def test_the_real_limits_refuse_the_fourth_at_once_in_a_chat() -> None:
    limits = Limits()
    for _ in range(3):
        limits.check("42")
    with pytest.raises(ApiError, match="retry after"):
        limits.check("42")
    limits.check("43")


async def test_an_unused_outage_leaves_no_trace(client: Client) -> None:
    await client.server.set_outage("refuse")
    with pytest.raises(aiohttp.ClientError):
        await client.call("getMe")
    await client.server.set_outage("")
    assert (await client.call("getMe"))["is_bot"]


@pytest.mark.parametrize(
    "markup",
    ["<b>x", "x</b>", "<b><i>x</b></i>", "<big>x</big>", "1 < 2", "a & b", "&nbsp;", "<b", "&amp"],
)
def test_broken_markup_is_seen(markup: str) -> None:
    with pytest.raises(BadMarkup):
        read_html(markup)


def test_good_markup_is_read() -> None:
    source = "<b>a &lt;b&gt; &amp; <i>c</i></b> > <pre>d\n</pre>"
    assert read_html(source) == (
        "a <b> & c > d\n",
        [("i", "c"), ("b", "a <b> & c"), ("pre", "d\n")],
    )


async def test_it_runs_as_a_process_of_its_own() -> None:
    async with telegram_process() as remote, aiohttp.ClientSession() as session:
        await remote.control("private", user=ANN, name="Ann")
        url = f"{remote.url}/bot{remote.token}/sendMessage"
        card = {"chat_id": ANN, "text": "Buy?", "reply_markup": buttons("approve:1:1")}
        async with session.post(url, json=card) as answer:
            assert answer.ok
        [message] = await remote.look(ANN)
        assert (message.text, message.buttons) == ("Buy?", ["x"])
        query = await remote.tap(ANN, ANN, message.id, "x")
        await remote.say(ANN, ANN, "/status")
        assert await remote.wait_for(ANN, lambda _: remote.unconfirmed == 2)
        assert remote.queries == {query: "open"}
