"""One person on Telegram and on Discord: one account, one outcome, and each stands in for the
other while that can't be reached. The real process, both real client libraries."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.discord_person import DiscordPerson
from tests.support.discord_server import TOKEN as DISCORD_TOKEN
from tests.support.discord_server import DiscordServer
from tests.support.ledger import check_books, rows
from tests.support.running import DIP, UNHURRIED, market_at, running
from tests.support.telegram_person import Person
from tests.support.telegram_server import TOKEN, Limits, TelegramServer

SENTENCE = "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, target 2R, risk 1%"
ANN_HERE, ANN_THERE = 42, 7_000_000_042


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        server.limits = Limits()
        yield server


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server


async def test_one_person_on_two_platforms(
    home: Path, telegram: TelegramServer, discord: DiscordServer
) -> None:
    settings = {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram.url,
        "DISCORD_BOT_TOKEN": DISCORD_TOKEN,
        "DISCORD_API_URL": discord.url,
        "PARLEY_ADMINS": f"telegram:{ANN_HERE}",
        "PARLEY_AWAY_SECONDS": "1",
        **UNHURRIED,
    }
    await market_at(home, DIP)
    here, there = Person(telegram, ANN_HERE), DiscordPerson(discord, ANN_THERE)
    async with running(home, **settings) as desk:
        await linked(here, there)
        await there.ask(SENTENCE, "entry long: rsi(14) < 35")
        await there.press(await there.offered("Activate"), "Activate")
        mine, theirs = await here.offered("Approve"), await there.offered("Approve")
        await here.approve(mine)
        await there.wait(
            lambda message: message.id == theirs.id and "Approved" in message.text,
            "the outcome on the other platform",
        )
        assert not theirs.buttons
        filled = await there.see("Filled LONG BTC/USDT", after=theirs.id)
        assert filled.reply_to == theirs.id
        await here.see("Filled LONG BTC/USDT", after=mine.id)
        await told_on_the_other(telegram, here, there)
        assert len(rows(desk.database, "SELECT id FROM orders WHERE purpose = 'entry'")) == 1
        await desk.terminate()
        check_books(desk.database)
        assert "Traceback" not in desk.log


async def linked(here: Person, there: DiscordPerson) -> None:
    """A code from one platform makes the stranger on the other the same person."""
    await here.ask("/start", "Welcome, Ann")
    offered = await here.ask("/link", "One account on several platforms")
    code = re.search(r"/link ([A-Z2-9]{10})", offered.text)
    assert code
    await there.ask(f"/link {code[1]}", "Linked with Ann")
    await there.ask("/link", "Telegram, Discord")


async def told_on_the_other(telegram: TelegramServer, here: Person, there: DiscordPerson) -> None:
    """While Telegram is down its messages about money come on Discord, marked; and nothing that
    was to be told on Telegram is lost."""
    last = there.messages[-1].id
    await telegram.set_outage("refuse")
    await there.see("Closed LONG BTC/USDT", "P&L", "Telegram can't be reached", after=last)
    await telegram.set_outage("")
    await here.see("Closed LONG BTC/USDT", "P&L")
