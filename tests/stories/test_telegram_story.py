"""The main job over Telegram: the real process, the real client library, real candles."""

import re
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from tests.support.ledger import check_books, rows
from tests.support.running import DIP, UNHURRIED, Running, free_port, market_at, running
from tests.support.telegram_html import read_html
from tests.support.telegram_person import Person
from tests.support.telegram_server import TOKEN, Limits, TelegramServer
from tests.support.telegram_world import Message

SENTENCE = "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, target 2R, risk 1%"
ADMIN, STRANGER = 42, 99
WHILE_OPEN = {
    "/status": ("Status at", "rsi(14)"),
    "/balance": ("Balance", "USDT"),
    "/why": ("last decision", "BTC/USDT"),
    "/why 1": ("LONG BTC/USDT", "rsi(14)"),
    "/strategies": ("Strategies (1)", "active"),
    "/chart BTC 5m": ("BTC/USDT · 5m", "Last price"),
    "/settings": ("Settings", "Time zone: UTC"),
    "/help": ("/status", "/panic"),
}
AFTERWARDS = {
    "/profit": ("Realised", "Fees"),
    "/trades": ("Trades", "BTC/USDT"),
    "/performance": ("Win rate", "Average R"),
    "/proposals": ("Proposals", "LONG BTC/USDT"),
    "/costs": ("paper fill costs", "0.06%"),
    "/daily": ("By day", "20"),
}


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        server.limits = Limits()
        yield server


def settings(telegram: TelegramServer, **more: str) -> dict[str, str]:
    return {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram.url,
        "PARLEY_ADMINS": f"telegram:{ADMIN}",
        **more,
    }


async def test_the_main_job_on_real_candles(
    tmp_path: Path, shared_data: Path, telegram: TelegramServer
) -> None:
    played = settings(
        telegram,
        PARLEY_MARKET=f"replay:{shared_data}/replay_5m_2022",
        PARLEY_REPLAY_START="2022-01-20T19:30:00Z",
        PARLEY_SPEED="600",
    )
    ann = Person(telegram, ADMIN)
    async with running(tmp_path, **played) as desk:
        await activated(ann)
        card = await traded(ann)
        await asked(ann, WHILE_OPEN)
        await ann.see("Closed LONG", "P&L")
        check_one_trade(desk, ann, card)
        await changed_my_mind(ann, after=card.id)
        await traded(ann, after=(await ann.offered("Approve")).id - 1)
        await stopped_everything(desk, ann)
        await asked(ann, AFTERWARDS)
        await strangers(desk, ann)
        assert await desk.terminate() == 0
        check_books(desk.database)
        assert "Traceback" not in desk.log and " error " not in desk.log
    check_markup(telegram)


async def activated(ann: Person) -> None:
    """From the first word to a strategy that watches."""
    hello = await ann.ask("/start", "Welcome, Ann")
    assert hello.text.count("\n") == 3
    await ann.wait(lambda message: len(message.buttons) == 3, "three examples")
    await ann.ask(SENTENCE, "entry long: rsi(14) < 35", "stop: 1%", "target: 2R", "Risk 1%")
    draft = await ann.offered("Activate")
    assert any("Edit" in label for label in draft.buttons)
    await ann.press(draft, "Activate")
    await ann.see("active", after=draft.id - 1)


async def traded(ann: Person, after: int = 0) -> Message:
    """The next proposal that the price leaves time to approve, filled; its card."""
    card = await proposed(ann, after)
    while "Approved" not in card.text:
        card = await proposed(ann, card.id)
    filled = await ann.see("Filled LONG BTC/USDT", "Bought", "Fee", after=card.id)
    assert filled.reply_to == card.id
    await ann.wait(lambda message: message.id == card.id and "filled at" in message.text, "filled")
    return card


async def proposed(ann: Person, after: int) -> Message:
    """The next proposal's card, once it has been answered with Approve."""
    card = await ann.offered("Approve", after)
    assert card.photo and card.photo.startswith(b"\x89PNG")
    assert {"Approve", "Veto", "Half", "Details"} <= {
        label.split()[1] for label in card.buttons if " " in label
    }
    for word in ("LONG BTC/USDT", "Entry", "Stop", "Target", "Size", "Risk", "Expires in"):
        assert word in card.text
    await ann.approve(card)
    return card


def check_one_trade(desk: Running, ann: Person, card: Message) -> None:
    """What was said of the first trade is what is stored, and the books are right."""
    [closed] = [message for message in ann.messages if "Closed LONG" in message.text]
    assert closed.reply_to == card.id and closed.photo
    [position] = rows(desk.database, "SELECT * FROM positions ORDER BY id LIMIT 1")
    entry, left = rows(desk.database, "SELECT * FROM fills ORDER BY id LIMIT 2")
    assert f"at {Decimal(left['price']):,}" in closed.text
    assert f"{Decimal(entry['quantity']).normalize():f} BTC" in closed.text
    fees = Decimal(entry["fee"]) + Decimal(left["fee"])
    gross = (Decimal(left["price"]) - Decimal(entry["price"])) * Decimal(entry["quantity"])
    assert (Decimal(position["fees"]), Decimal(position["realised"])) == (fees, gross)
    assert f"P&L {gross - fees:+,.2f} USDT" in closed.text
    risked = Decimal(entry["price"]) - Decimal(position["initial_stop"])
    r = (gross - fees) / (risked * Decimal(entry["quantity"]))
    assert f"{r:+.2f}R" in closed.text
    assert f"fees in all {fees:,.2f}" in closed.text
    check_books(desk.database)


async def changed_my_mind(ann: Person, after: int) -> None:
    """Half the size, an old button, and then a veto with its reason."""
    card = await ann.offered("Approve", after)
    old = card.button("Approve")
    await ann.press(card, "Half size")
    await ann.wait(lambda message: "Version 2: half size" in message.text, "a second version")
    await ann.press_data(card, old)
    await ann.see("older version", "Nothing was traded", after=card.id)
    await ann.press(card, "Veto")
    await ann.wait(lambda message: message.id == card.id and "Vetoed" in message.text, "a veto")
    assert not card.keyboard
    question = await ann.offered("Bad timing", after=card.id)
    await ann.press(question, "Bad timing")
    await ann.wait(
        lambda message: message.id == card.id and "bad timing" in message.text, "the reason"
    )


async def asked(ann: Person, answers: Mapping[str, tuple[str, ...]]) -> None:
    for words, answer in answers.items():
        said = await ann.ask(words, *answer)
        assert not words.startswith("/chart") or said.photo


async def stopped_everything(desk: Running, ann: Person, *open_ones: str) -> None:
    """/panic: one Yes, and everything is flat."""
    question = await ann.ask("/panic", "Stop everything?", *open_ones)
    await ann.offered("Yes", after=question.id - 1)
    await ann.press(question, "Yes")
    await ann.see("Panic over: everything is flat", after=question.id)
    await ann.ask("/strategies", "paused")
    assert not rows(desk.database, "SELECT id FROM positions WHERE state != 'closed'")
    assert not rows(desk.database, "SELECT id FROM proposals WHERE state = 'pending'")


async def strangers(desk: Running, ann: Person) -> None:
    """One polite line and then silence, until they are let in."""
    bob = Person(ann.server, STRANGER, "Bob")
    await bob.ask("/start", "private trading desk", "invitation code")
    for words in ("/status", SENTENCE, "WRONGCODE7"):
        bob.say(words)
    made = await ann.ask("/invite", "invitation for one person")
    [code] = [text for tag, text in made.spans if tag == "code" and "/" not in text]
    await handled(desk, ann.server)
    assert len(bob.messages) == 1
    await bob.ask(code, "Welcome, Bob")
    await bob.ask("/balance", "account")
    assert not any("BTC" in message.text for message in bob.messages[1:] if message.photo)


async def handled(desk: Running, telegram: TelegramServer) -> None:
    """Until every update was received and dealt with."""

    def done() -> bool:
        waiting = rows(desk.database, "SELECT count(*) AS left FROM inbox WHERE state != 'done'")
        return not telegram.unconfirmed and not waiting[0]["left"]

    await telegram.wait_for(done, 30)


def check_markup(telegram: TelegramServer) -> None:
    """Every text was sent as HTML that Telegram takes: none fell back to plain text."""
    told = [
        (call.params, call.params.get("text") or call.params.get("caption"))
        for call in telegram.calls
        if call.method.startswith(("send", "edit"))
    ]
    for params, words in told:
        if words:
            assert params.get("parse_mode") == "HTML", words
            read_html(str(words))
            assert not re.search(r"\d\.\d{9,}", str(words)), words
    assert len(told) > 10


async def test_the_main_job_on_the_simulated_market(home: Path, telegram: TelegramServer) -> None:
    ann = Person(telegram, ADMIN)
    await market_at(home, DIP)
    async with running(home, **settings(telegram, **UNHURRIED)) as desk:
        await activated(ann)
        card = await traded(ann)
        await ann.see("Closed LONG", "P&L", after=card.id)
        check_one_trade(desk, ann, card)
        assert await desk.terminate() == 0
        check_books(desk.database)
    check_markup(telegram)


async def test_updates_by_webhook_and_a_panic(home: Path, telegram: TelegramServer) -> None:
    await market_at(home, DIP)
    port = free_port()
    hook = f"http://127.0.0.1:{port}/telegram/webhook"
    by_hook = settings(
        telegram,
        PORT=str(port),
        **UNHURRIED,
        TELEGRAM_WEBHOOK_URL=hook,
        TELEGRAM_WEBHOOK_SECRET="a-secret-of-the-operator",
    )
    ann = Person(telegram, ADMIN)
    async with running(home, **by_hook) as desk:
        await activated(ann)
        await ann.ask("/status", "rsi(14)")
        await traded(ann)
        await stopped_everything(desk, ann, "close 1 position")
        await ann.see("Closed LONG BTC/USDT", "panic")
        check_books(desk.database)
        assert telegram.counts["getupdates"] == 0 and telegram.world.webhook["url"] == hook
        forged = {"update_id": 1, "message": {"text": "forged words"}}
        async with aiohttp.ClientSession() as session:
            for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "a guess"}):
                async with session.post(hook, json=forged, headers=headers) as answer:
                    assert answer.status == 403
        assert not rows(desk.database, "SELECT * FROM inbox WHERE payload LIKE '%forged words%'")
