"""A veto window over the real process: it is killed inside of two of them. The first is vetoed
while nothing runs and never trades; the second is left alone and trades once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.ledger import check_books, rows
from tests.support.running import running
from tests.support.telegram_person import Person
from tests.support.telegram_server import TOKEN, TelegramServer
from tests.support.telegram_world import Message

ADMIN = 42
ALWAYS = "Buy BTC on 1m when close > 1, stop 5%, target 10R, risk 0.5%"


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


async def counting(ann: Person, after: int) -> Message:
    """The next card that is to run by itself, with its buttons."""
    card = await ann.offered("Approve now", after)
    assert "unless vetoed" in card.text and any("Veto" in label for label in card.buttons)
    return card


async def test_it_runs_unless_vetoed(home: Path, telegram: TelegramServer) -> None:
    ann = Person(telegram, ADMIN)
    settings = {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram.url,
        "PARLEY_ADMINS": f"telegram:{ADMIN}",
        "PARLEY_SPEED": "60",
        "PARLEY_PRICE_TOLERANCE": "1",
        "PARLEY_MAX_SLIPPAGE_PERCENT": "100",
    }
    async with running(home, **settings) as desk:
        await let_run(ann)
        first = await counting(ann, 0)
        await desk.kill()
        telegram.tap(ann.chat, ann.user, first.id, "Veto")
        await desk.start()
        await ann.wait(
            lambda message: message.id == first.id and "❌ Vetoed" in message.text, "a veto"
        )
        second = await counting(ann, first.id)
        await desk.kill()
        await desk.start()
        await ann.wait(
            lambda message: message.id == second.id and "🤖 Ran by itself" in message.text,
            "a trade without a tap",
        )
        filled = await ann.see("Filled LONG BTC/USDT", after=second.id)
        assert filled.reply_to == second.id and "Vetoed" not in filled.text
        assert await desk.terminate() == 0
        assert "Traceback" not in desk.log
    check_trades(desk.database)


async def let_run(ann: Person) -> None:
    """An active strategy whose rule always passes, and a veto window of half a minute."""
    await ann.ask("/start", "Welcome, Ann")
    draft = await ann.ask(ALWAYS, "close > 1")
    question = await ann.ask("/autonomy 1 veto 30s", "without your tap?")
    await ann.offered("Yes", after=question.id - 1)
    await ann.press(question, "Yes")
    await ann.see("🤖 Autonomy: runs 30 s after its proposal unless vetoed")
    await ann.press(await ann.offered("Activate", after=draft.id - 1), "Activate")


def check_trades(database: Path) -> None:
    """One entry, of a proposal that nobody tapped; and none of what was vetoed."""
    check_books(database)
    states = {row["id"]: row for row in rows(database, "SELECT * FROM proposals")}
    entries = rows(database, "SELECT * FROM orders WHERE purpose = 'entry'")
    assert states[1]["state"] == "vetoed"
    [entry] = entries
    ran = states[entry["proposal_id"]]
    assert (ran["state"], ran["resolved_by"]) == ("filled", None)
    assert ran["resolved_at"] >= ran["runs_at"]
    [audited] = rows(database, "SELECT * FROM audit WHERE actor = 'autopilot'")
    assert audited["what"] == "ran by itself: veto window"
