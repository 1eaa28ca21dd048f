"""Telegram, inbox, outbox and a real database together, also over the dead bodies of processes."""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from storage.database import open_database
from tests.support.mail_process import PNG, mail_bot
from tests.support.sources import ROOT
from tests.support.telegram_server import Limits, TelegramServer

ANN = 42


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as running:
        running.private(ANN, "Ann")
        yield running


@pytest.fixture
def database_url(sqlite_with_tables: str) -> str:
    return sqlite_with_tables


def texts(server: TelegramServer, chat: int) -> list[str]:
    return [message.text for message in server.messages(chat)]


async def test_a_question_a_card_and_a_tap(server: TelegramServer, database_url: str) -> None:
    async with mail_bot(server.url, database_url):
        server.say(ANN, ANN, "hello <b>&")
        server.say(ANN, ANN, "card 7")
        await server.wait_for(lambda: texts(server, ANN)[1:] and server.last(ANN).buttons)
        assert texts(server, ANN) == ["you said hello <b>&", "Buy 7?"]
        card = server.last(ANN)
        assert card.photo == PNG
        query = server.tap(ANN, ANN, card.id, "Approve")
        await server.wait_for(lambda: card.text == "Approved 7")
        assert card.buttons == []
        assert server.world.queries[query] == "answered"


async def test_a_double_tap_and_a_repeated_update_change_nothing_more(
    server: TelegramServer, database_url: str
) -> None:
    async with mail_bot(server.url, database_url) as bot:
        server.say(ANN, ANN, "card 7")
        card = await server.wait_for(lambda: server.messages(ANN) and server.last(ANN))
        await server.wait_for(lambda: card.buttons)
        server.tap(ANN, ANN, card.id, "Approve")
        server.tap_data(ANN, ANN, card.id, "approve:7:1")
        await server.wait_for(lambda: server.unconfirmed == 0 and card.text == "Approved 7")
        server.repeat()
        server.say(ANN, ANN, "still there?")
        await server.wait_for(lambda: "you said still there?" in texts(server, ANN))
        assert texts(server, ANN) == ["Approved 7", "you said still there?"]
        await bot.postman.stop()
        assert await bot.database.outbox.waiting("telegram") == 0


async def test_a_lost_answer_leaves_an_orphan_without_buttons(
    server: TelegramServer, database_url: str
) -> None:
    server.lost_answers["sendphoto"] = 1
    async with mail_bot(server.url, database_url):
        server.say(ANN, ANN, "card 7")
        await server.wait_for(lambda: len(server.messages(ANN)) == 2 and server.last(ANN).buttons)
        orphan, card = server.messages(ANN)
        assert orphan.buttons == []
        server.tap(ANN, ANN, card.id, "Approve")
        await server.wait_for(lambda: card.text == "Approved 7")


async def test_limits_of_telegram_are_never_hit(server: TelegramServer, database_url: str) -> None:
    server.limits = Limits()
    async with mail_bot(server.url, database_url):
        for number in range(4):
            for chat in range(100, 112):
                server.say(chat, chat, f"{number}")
        chats = range(100, 112)
        await server.wait_for(lambda: all(len(server.messages(chat)) == 4 for chat in chats))
        assert all(
            texts(server, chat) == [f"you said {number}" for number in range(4)] for chat in chats
        )
    assert server.counts["sendmessage"] == 48  # none was refused and sent again


async def test_an_outage_loses_nothing(server: TelegramServer, database_url: str) -> None:
    async with mail_bot(server.url, database_url):
        server.say(ANN, ANN, "one")
        await server.wait_for(lambda: server.messages(ANN))
        await server.set_outage("refuse")
        server.say(ANN, ANN, "two")
        server.say(ANN, ANN, "long")
        await server.set_outage("")
        await server.wait_for(lambda: len(server.messages(ANN)) == 4)
    assert [len(text) for text in texts(server, ANN)] == [12, 12, 4096, 904]


async def test_what_was_said_while_the_bot_was_away_is_answered(
    server: TelegramServer, database_url: str
) -> None:
    async with mail_bot(server.url, database_url):
        await server.wait_for(lambda: server.counts["getupdates"])
    server.say(ANN, ANN, "anyone?")
    async with mail_bot(server.url, database_url):
        await server.wait_for(lambda: texts(server, ANN) == ["you said anyone?"])


@asynccontextmanager
async def bot_process(server: TelegramServer, database_url: str) -> AsyncIterator[None]:
    """A process that dies by SIGKILL at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.mail_process", server.url, database_url, cwd=ROOT
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


LIVES = 4
CHATS = (61, 62, 63)


async def test_killed_again_and_again_nothing_is_lost(
    server: TelegramServer, database_url: str
) -> None:
    chance = random.Random(7)
    for life in range(LIVES):
        for chat in CHATS:
            server.say(chat, chat, f"life {life}")
            server.say(chat, chat, f"card {100 * chat + life}")
        async with bot_process(server, database_url):
            # Killed in the middle: after so many calls of its life, whatever they are.
            await server.wait_for(calls_reach(server, len(server.calls) + chance.randint(3, 12)))

    wanted = [text for life in range(LIVES) for text in (f"you said life {life}", f"card {life}")]
    async with mail_bot(server.url, database_url):
        await server.wait_for(lambda: len(live_cards(server)) == LIVES * len(CHATS), seconds=60)
        for chat in CHATS:
            said = [plain(message.text, chat) for message in server.messages(chat)]
            assert list(dict.fromkeys(said)) == wanted
            assert Counter(said).total() <= len(wanted) + LIVES  # one repetition for each kill
        for card in live_cards(server):
            server.tap(server.world.messages[card].chat.id, ANN, card, "Approve")
        await server.wait_for(lambda: not live_cards(server), seconds=60)

    database = await open_database(database_url)
    try:
        assert await database.outbox.waiting("telegram") == 0
        assert await database.inbox.pending(10) == []
    finally:
        await database.close()


def calls_reach(server: TelegramServer, count: int) -> Callable[[], bool]:
    return lambda: len(server.calls) >= count


def plain(text: str, chat: int) -> str:
    """`Buy 6103?` in chat 61 is card 3."""
    first = text.partition("\n")[0]  # a card that is shown again below says so
    return f"card {int(first[4:-1]) - 100 * chat}" if text.startswith("Buy") else text


def live_cards(server: TelegramServer) -> list[int]:
    every = server.world.messages.values()
    return [message.id for message in every if message.from_bot and message.buttons]
