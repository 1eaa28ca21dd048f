"""What goes wrong around the real process, and that each fault is a sentence or is mended."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.ledger import check_books, rows
from tests.support.page_client import PageClient, page_of
from tests.support.running import DIP, UNHURRIED, Running, free_port, market_at, running
from tests.support.telegram_person import Person
from tests.support.telegram_server import TOKEN, TelegramServer

SENTENCE = "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, target 2R, risk 1%"
ADMIN = 42

# --- what keeps it from starting ----------------------------------------------------------------


async def refusal(folder: Path, **settings: str) -> str:
    """What an operator reads when the desk can't start: sentences, and no trace."""
    ended = await Running(folder, settings).refused()
    assert ended.code == 1
    assert "Traceback" not in ended.said and "Open http" not in ended.said
    return ended.said


async def test_bad_settings_are_told_all_at_once(tmp_path: Path) -> None:
    bad = {
        "DATABASE_URL": "mysql://root@localhost/parley",
        "PARLEY_MARKET": "the moon",
        "PARLEY_SPEED": "-1",
        "PARLEY_ADMINS": "bob",
        "PARLEY_REPLAY_START": "yesterday",
        "TELEGRAM_API_URL": "somewhere",
        "PORT": "eighty",
    }
    said = await refusal(tmp_path, **bad)
    assert all(name in said for name in bad)
    assert not (tmp_path / "var").exists()


async def test_candle_files_that_are_missing_or_damaged(tmp_path: Path) -> None:
    assert "no file or folder nowhere" in await refusal(tmp_path, PARLEY_MARKET="replay:nowhere")
    (tmp_path / "candles").mkdir()
    assert "no candle files" in await refusal(tmp_path, PARLEY_MARKET="replay:candles")
    (tmp_path / "candles" / "binance_BTCUSDT_5m.parquet").write_bytes(b"PAR1" + b"rubbish" * 99)
    said = await refusal(tmp_path, PARLEY_MARKET="replay:candles")
    assert "binance_BTCUSDT_5m.parquet is damaged" in said


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "var" / "parley.db"
    file.parent.mkdir()
    file.write_bytes(b"the holiday pictures" * 500)
    assert "is not a database" in await refusal(tmp_path)
    assert file.read_bytes().startswith(b"the holiday pictures")


async def test_a_database_server_that_is_away(tmp_path: Path) -> None:
    url = f"postgres://ann:hunter2@127.0.0.1:{free_port()}/parley"
    said = await refusal(tmp_path, DATABASE_URL=url)
    assert "can't be reached" in said and "hunter2" not in said


async def test_a_second_copy_and_a_taken_port(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    async with running(tmp_path) as desk:
        same = {"DATABASE_URL": f"sqlite://{desk.database}"}
        assert "running already" in await refusal(tmp_path / "second", **same)
        port = desk.settings["PORT"]
        said = await refusal(tmp_path / "second", PORT=port)
        assert f"Port {port}" in said and "taken" in said
        async with page_of(desk) as page:
            await page.ask("/help", "/status")


async def test_a_full_disk(home: Path) -> None:
    """It says so in /health, and goes on by itself once there is room again."""
    async with running(home) as desk, page_of(desk) as page:
        await page.see("Welcome")
        with desk.full_disk():
            while "disk" not in (health := await desk.health())["database"]:
                await page.hear()
            assert health["status"] != "ok"
        while (await desk.health())["status"] != "ok":
            await page.hear()
        await page.ask("/help", "/status")
        assert await desk.terminate() == 0


# --- Telegram away ------------------------------------------------------------------------------


def telegram_at(url: str, token: str = TOKEN) -> dict[str, str]:
    return {
        "TELEGRAM_BOT_TOKEN": token,
        "TELEGRAM_API_URL": url,
        "PARLEY_ADMINS": f"telegram:{ADMIN}",
    }


async def said_of_telegram(desk: Running, page: PageClient, words: str) -> None:
    """Until /health says so; the page tells the time once a second, so there is always news."""
    while words not in (await desk.health())["telegram"]:
        await page.hear()


async def test_a_wrong_token(home: Path) -> None:
    wrong = "7000000001:not-the-token-that-BotFather-gave"
    async with TelegramServer() as server:
        async with (
            running(home, **telegram_at(server.url, wrong)) as desk,
            page_of(desk) as page,
        ):
            await said_of_telegram(desk, page, "TELEGRAM_BOT_TOKEN")
            await page.ask("/help", "/status")
            await page.ask("/status", "TELEGRAM_BOT_TOKEN")
            assert (await desk.health())["status"] == "ok"
            assert await desk.terminate() == 0
        assert wrong not in desk.log and "Traceback" not in desk.log
        assert sum("TELEGRAM_BOT_TOKEN" in line for line in desk.lines) == 1


async def test_telegram_that_comes_later(home: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with running(home, **telegram_at(url)) as desk, page_of(desk) as page:
        await said_of_telegram(desk, page, "reach")
        await page.ask("/help", "/status")
        async with TelegramServer(port) as server:
            ann = Person(server, ADMIN)
            await ann.ask("/start", "Welcome, Ann")
            await said_of_telegram(desk, page, "connected")
        assert "Traceback" not in desk.log and TOKEN not in desk.log


async def test_an_outage_in_the_middle_of_a_trade(home: Path) -> None:
    """What happened meanwhile is told afterwards: all of it, once, and in its order."""
    await market_at(home, DIP)
    async with TelegramServer() as server:
        ann = Person(server, ADMIN)
        async with running(home, **UNHURRIED, **telegram_at(server.url)) as desk:
            await ann.ask(SENTENCE, "rsi(14) < 35")
            await ann.press(await ann.offered("Activate"), "Activate")
            card = await ann.offered("Approve")
            await ann.press(card, "Approve")
            await server.set_outage("refuse")
            await closed_meanwhile(desk)
            await server.set_outage("")
            await ann.see("Closed LONG BTC/USDT", after=card.id)
            await ann.wait(lambda one: one.id == card.id and "filled at" in one.text, "the card")
            heads = [one.text.split(" · ")[1].split()[0] for one in ann.messages if one.reply_to]
            assert heads == ["Filled", "Closed"]
            assert await desk.terminate() == 0
            assert "Traceback" not in desk.log
        check_books(desk.database)


async def closed_meanwhile(desk: Running) -> None:
    """Until the trade is over; the page goes on while Telegram is away."""
    async with page_of(desk) as page:
        while not rows(desk.database, "SELECT id FROM positions WHERE state = 'closed'"):
            await page.hear()
        await page.ask("/status", "Status at")


# --- stopping -----------------------------------------------------------------------------------


async def test_a_stop_finishes_what_was_begun(home: Path) -> None:
    """SIGTERM right after a tap: it ends within five seconds, and the tap is not forgotten."""
    await market_at(home, DIP)
    async with running(home, PARLEY_SPEED="300") as desk:
        async with page_of(desk) as page:
            await page.say(SENTENCE)
            await page.press("Activate")
            await page.press("Approve")
            while (await page.hear())["kind"] != "stored":
                continue
            async with asyncio.timeout(5):
                assert await desk.terminate() == 0
        await desk.start()
        async with page_of(desk) as page:
            while not rows(desk.database, "SELECT id FROM fills") and not asked_again(desk):
                await page.hear()
        assert await desk.terminate() == 0
        assert "Traceback" not in desk.log and " error " not in desk.log
        check_books(desk.database)


def asked_again(desk: Running) -> bool:
    """The price had moved too far for the tap."""
    return bool(rows(desk.database, "SELECT id FROM proposals WHERE version > 1"))


# --- what people write --------------------------------------------------------------------------

ODD = {
    "/frobnicate": "There is no /frobnicate",
    "/statsu": "Did you mean /status",
    "/" + "a" * 300: "There is no /aaa",
    "word " * 1_000: "did not read a strategy",
    "x" * 5_001: "5,000 is the most",
    "🚀🚀🌙": "did not read a strategy",
    "\x00\x01": "did not read a strategy",
    "/chart XYZ": "no market called",
    "/settings zone Atlantis": "no time zone called",
    "/close 99999999999999999999": "no open positions",
    "/why 99999999999999999999": "no proposal",
    "/pause 77": "no strategy",
    "entry long: rsi(14 < 30": "closing )",
    "entry long: rsii(14) < 30; stop: 1%": "Did you mean rsi",
    "/cancel": "nothing to cancel",
    "اشتر BTC عندما RSI(14) < 30": "❓",
    "<b>Buy</b> BTC & <script>alert(1)</script>": "❓",
    "Buy DOGGO when RSI(14) on 5m drops below 35, stop 1%": "DOGGO",
    "Buy BTC when RSI(14) on 5m drops below 35, stop 900%": "stop",
    "Buy BTC when RSI(14) on 5m drops below " + "9" * 40 + ", stop 1%": "too large",
    "Buy BTC when RSI(0) on 5m drops below 35, stop 1%": "rsi(0)",
    SENTENCE.replace("risk 1%", "risk 50%"): "over the limit",
    f"{SENTENCE}, leverage 500x": "over the limit",
}


async def test_odd_words_get_a_plain_answer(tmp_path: Path) -> None:
    async with running(tmp_path) as desk, page_of(desk) as page:
        await page.see("Welcome")
        for words, answer in ODD.items():
            said = await page.ask(words, answer)
            assert "wrong on my side" not in said and "Traceback" not in said, words
            if "❓" in said or "Activate" in said:
                await page.ask("/cancel", "ancel")
        assert "Traceback" not in desk.log and " error " not in desk.log


FORGED = {
    "approve:1:1": "no such proposal",
    "approve:99999999999999999999:1": "not one of mine",
    "rm -rf": "not one of mine",
    "late_approve:1:1": "no such proposal",
}


async def test_odd_names_and_taps_over_telegram(home: Path) -> None:
    """Markup in a name is text, and a forged button is told the truth."""
    async with TelegramServer() as server:
        ann = Person(server, ADMIN, "<b>Ann</b> & \u202eRTL 🚀 </code>")
        async with running(home, **telegram_at(server.url)) as desk:
            hello = await ann.ask("/start", "Welcome")
            assert "<b>Ann</b> &" in hello.text
            for forged, truth in FORGED.items():
                before = ann.messages[-1].id
                await ann.press_data(hello, forged)
                await ann.see(truth, after=before)
            await ann.ask("</pre><a href='x'>/status", "did not read")
            assert await desk.terminate() == 0
            assert "Traceback" not in desk.log and " error " not in desk.log
        assert not rows(desk.database, "SELECT id FROM orders")


Stop = Callable[[Running], Awaitable[object]]


@pytest.mark.parametrize("stop", [Running.terminate, Running.kill], ids=["SIGTERM", "SIGKILL"])
async def test_nothing_is_said_twice_after_a_restart(home: Path, stop: Stop) -> None:
    async with TelegramServer() as server:
        ann = Person(server, ADMIN)
        async with running(home, **telegram_at(server.url)) as desk:
            await ann.ask("/start", "Welcome")
            draft = await ann.ask(SENTENCE, "rsi(14) < 35")
            await ann.offered("Activate")
            await stop(desk)
            server.repeat()
            waiting = ann.say("/strategies")
            await desk.start()
            await ann.see("Strategies (1)", after=waiting)
            await ann.press(draft, "Activate")
            await ann.wait(lambda one: one.id == draft.id and "active" in one.text, "active")
            assert len([one for one in ann.messages if "Welcome" in one.text]) == 1
            assert len([one for one in ann.messages if "rsi(14) < 35" in one.text]) == 1
