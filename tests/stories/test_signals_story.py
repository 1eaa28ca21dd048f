"""Somebody posts a real channel's signal in a Telegram group: judged, proposed, approved, filled,
and followed up. The real process, the real client library."""

import json
import re
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.stories.test_telegram_story import settings
from tests.support.ledger import check_books, rows
from tests.support.running import DIP, Running, market_at, running
from tests.support.telegram_person import Person
from tests.support.telegram_server import Limits, TelegramServer
from tests.support.telegram_world import Message

ADMIN, EVE, GROUP = 42, 77, -1005550001
SLOW = {
    "PARLEY_SPEED": "20",
    "PARLEY_PRICE_TOLERANCE": "1",
    "PARLEY_MAX_SLIPPAGE_PERCENT": "100",
}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        server.limits = Limits()
        server.privacy = False  # as for an administrator of the group
        server.group(GROUP, "Calls").staff[ADMIN] = "administrator"
        yield server


def real_text(shared_data: Path) -> str:
    """d004 of the shared texts: a long of a real channel, with five targets."""
    lines = (shared_data / "text" / "telegram_signals.jsonl").read_text("utf-8").splitlines()
    found = {row["id"]: row["text"] for row in map(json.loads, lines)}
    return str(found["d004"])


def priced(text: str, price: Decimal) -> str:
    """The text as it would have been posted of BTC at `price`: each of its levels as far from the
    market in percent as it was."""
    was = Decimal("0.2066")

    def moved(found: re.Match[str]) -> str:
        written = Decimal(found[0].replace(",", "."))
        near = was * Decimal("0.5") < written < was * Decimal("1.5")
        return str(round(price * written / was, 1)) if near else found[0]

    return _NUMBER.sub(moved, text).replace("CFXUSDT", "BTCUSDT")


async def price_of(desk: Running, ann: Person) -> Decimal:
    chart = await ann.ask("/chart BTC 5m", "Last price")
    said = re.search(r"Last price:? ([\d,.]+\d)", chart.text)
    assert said is not None, chart.text
    return Decimal(said[1].replace(",", ""))


async def test_a_groups_signal_from_the_post_to_the_moved_stop(
    home: Path, shared_data: Path, telegram: TelegramServer
) -> None:
    ann = Person(telegram, ADMIN)
    await market_at(home, DIP)
    async with running(home, **settings(telegram, **SLOW)) as desk:
        await ann.ask("/start", "Welcome")
        telegram.say(GROUP, ADMIN, "/listen")
        await in_group(telegram, "I read the signals of Calls from now on")
        await ann.ask("/listen above 0", "Proposed from a score of 0")
        telegram.say(GROUP, EVE, "gm, who is still short?")
        post = priced(real_text(shared_data), await price_of(desk, ann))
        signal = telegram.say(GROUP, EVE, post)
        heard = await ann.see("Heard: LONG BTC/USDT from Calls", "Score ", "→ proposed as #1")
        assert heard.silent
        card = await ann.offered("Approve")
        for word in ("LONG BTC/USDT", "Signal from Calls", "Trend ", "Momentum ", "Volume "):
            assert word in card.text, card.text
        await desk.kill()
        await desk.start()
        await ann.approve(card)
        filled = await ann.see("Filled LONG BTC/USDT", after=card.id)
        assert filled.reply_to == card.id
        await stop_moved(desk, telegram, ann, signal.id)
        await ann.ask("/why 1", "Judged on four pillars", "The signal, said", "#BTCUSDT")
        silence = [m.text for m in telegram.messages(GROUP) if m.from_bot]
        assert len(silence) == 1, silence
        assert await desk.terminate() == 0
        check_books(desk.database)
        assert "Traceback" not in desk.log


async def stop_moved(desk: Running, telegram: TelegramServer, ann: Person, signal: int) -> None:
    """ "Move sl to entry" is offered; a tap moves it where the price allows, and says so."""
    telegram.say(GROUP, EVE, "move sl to entry", reply_to=signal)
    offer = await ann.offered("Move stop to entry")
    assert "An update from Calls on #1 LONG BTC/USDT" in offer.text
    [before] = rows(desk.database, "SELECT stop, entry_price FROM positions")
    assert before["stop"] != before["entry_price"]
    await ann.press(offer, "Move stop to entry")
    told = await ann.wait(
        lambda message: (
            message.id == offer.id and ("is at" in message.text or "stays at" in message.text)
        ),
        "what became of the stop",
    )
    [after] = rows(desk.database, "SELECT stop, entry_price FROM positions")
    moved = after["stop"] == after["entry_price"]
    assert moved is ("the stop was moved" in told.text)
    assert moved or "would be hit at once" in told.text
    audit = rows(desk.database, "SELECT what FROM audit WHERE what = 'signal update'")
    assert len(audit) == moved


async def in_group(telegram: TelegramServer, words: str) -> Message:
    def said() -> list[Message]:
        return [m for m in telegram.messages(GROUP) if m.from_bot and words in m.text]

    return (await telegram.wait_for(said, 60))[-1]
