"""A trade as a channel's followers see it: the real process, and a loopback Telegram."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents.domain.chain import verify_chain
from agents.domain.record import Entry
from agents.domain.user import Identity, Place
from storage.database import open_database
from tests.stories.test_telegram_story import ADMIN, activated, settings, traded
from tests.support.ledger import check_books, rows
from tests.support.running import DIP, UNHURRIED, Running, market_at, running
from tests.support.telegram_person import PATIENCE, Person
from tests.support.telegram_server import Limits, TelegramServer
from tests.support.telegram_world import Message

PAID, FREE = -1_001_000_000_777, -1_001_000_000_778


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        server.limits = Limits()
        for number, name in ((PAID, "dip_signals"), (FREE, "free_dips")):
            server.channel(number, name.replace("_", " ").title(), name)
            server.promote(number, ADMIN, "creator")
        yield server


async def test_a_strategy_is_published_from_its_proposal_to_its_close(
    home: Path, telegram: TelegramServer
) -> None:
    ann = Person(telegram, ADMIN)
    await market_at(home, DIP)
    async with running(home, **settings(telegram, **UNHURRIED)) as desk:
        await activated(ann)
        await ann.ask("/publish 1 @nobody_knows", "I can't see")
        await ann.ask("/publish 1 @dip_signals", "is published in Dip Signals", "go out as soon")
        await ann.ask("/publish 1 t.me/free_dips on approval delay 2h", "Free Dips", "2 h late")
        card = await traded(ann)
        await ann.see("Closed LONG", "P&L", after=card.id)
        await telegram.wait_for(lambda: post_of(telegram, "Closed at"), PATIENCE)
        await followed(telegram)
        assert telegram.messages(FREE) == []  # nothing before its time
        await ann.ask("/record @dip_signals", "Dip Signals")
        await ann.ask("/publish", "#1", "in Dip Signals", "in Free Dips")
        await killed_and_alive(desk)
        await ann.ask("/unpublish 1", "no longer published in Dip Signals, Free Dips")
        assert await desk.terminate() == 0
        check_books(desk.database)
        check_mail(desk)
    await check_record(home)


def post_of(telegram: TelegramServer, words: str) -> Message | None:
    found = [one for one in telegram.messages(PAID) if "Entry:" in one.text and words in one.text]
    return found[-1] if found else None


async def followed(telegram: TelegramServer) -> None:
    """The post of the closed trade, with its chart, and the replies under it in their order."""
    post = post_of(telegram, "Closed at")
    assert post and post.photo and post.photo.startswith(b"\x89PNG")
    for words in ("📄 Paper · LONG BTC/USDT", "Entry:", "Target 1:", "Stop:", "record"):
        assert words in post.text
    for secret in ("Ann", "Size", "Risk", "P&L", "Fee"):
        assert secret not in post.text

    def under() -> list[Message]:
        return [one for one in telegram.messages(PAID) if one.reply_to == post.id]

    await telegram.wait_for(lambda: "Closed at" in "".join(one.text for one in under()), PATIENCE)
    said = [one.text.splitlines()[1] for one in under()]
    assert said[0].startswith("✅ Filled at") and "Closed at" in said[-1]


async def killed_and_alive(desk: Running) -> None:
    """A kill between two words changes nothing of what was published."""
    await desk.kill()
    await desk.start()


def check_mail(desk: Running) -> None:
    """Every entry of the records was put into the mail, once."""
    for channel in rows(desk.database, "SELECT * FROM channels"):
        mine = f"channel_id = {channel['id']}"
        entries = rows(desk.database, f"SELECT * FROM record WHERE {mine}")
        signals = rows(desk.database, f"SELECT * FROM signals WHERE {mine}")
        told = rows(
            desk.database,
            f"SELECT * FROM outbox WHERE chat = '{channel['chat']}' AND kind LIKE 'signal%'",
        )
        story = sum(len(json.loads(signal["facts"])["story"]) for signal in signals)
        assert len(entries) == len(signals) + story
        assert len(told) == len(signals) + 2 * story
        assert signals


async def check_record(folder: Path) -> None:
    """The chain is whole, and the hash in each post is that of its signal's entry."""
    memory = await open_database(f"sqlite://{folder}/var/parley.db")
    try:
        for chat in (PAID, FREE):
            channel = await memory.channels.at(Place("telegram", str(chat)))
            assert channel is not None
            entries = list[Entry](await memory.record.entries(channel.id))
            assert verify_chain(entries) == []
            kinds = [entry.kind for entry in entries if entry.body["signal"] == 1]
            assert kinds[:2] == ["signal", "filled"] and kinds[-1] == "closed"
        user = await memory.users.find(Identity("telegram", str(ADMIN)))
        assert user is not None and not await memory.channels.publications(user.id)
    finally:
        await memory.close()
