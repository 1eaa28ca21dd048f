"""A user brings a key for the model: it is used, and stands nowhere in the clear."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.ledger import rows
from tests.support.model_server import KEY, ModelServer, model_server
from tests.support.page_client import page_of, text_of
from tests.support.running import Running, running
from tests.support.telegram_person import Person
from tests.support.telegram_server import TOKEN, TelegramServer

ADMIN = 42
SENTENCE = "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, target 2R, risk 1%"
ANNS, PAGES, WRONG = f"{KEY}-anns-7f3a", f"{KEY}-pages-91bc", "sk-wrong-0123456789-dead"


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    async with model_server() as server:
        server.answer("no JSON at all")
        yield server


async def test_a_key_of_ones_own(home: Path, telegram: TelegramServer, model: ModelServer) -> None:
    settings = {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram.url,
        "PARLEY_ADMINS": f"telegram:{ADMIN}",
        "ANTHROPIC_BASE_URL": model.address,
        "PARLEY_LOG": "debug",
    }
    ann = Person(telegram, ADMIN)
    async with running(home, **settings) as desk:
        await ann.ask(SENTENCE, "entry long: rsi(14) < 35")
        assert model.keys == []
        await brought(ann, ANNS, "7f3a")
        await ann.ask(SENTENCE, "The model gave no usable answer")
        assert set(model.keys) == {ANNS}
        await on_the_page(desk)
        await refused(ann, model)
        await ann.ask("/costs", "sonnet-5-5")
        await ann.ask("/settings key off", "is removed")
        assert await desk.terminate() == 0
    stands_nowhere(desk)


async def brought(ann: Person, key: str, ends: str) -> None:
    said = ann.say(f"/settings key {key}")
    await ann.see(f"ending in {ends} is stored", after=said)
    assert said not in ann.server.world.messages


async def on_the_page(desk: Running) -> None:
    async with page_of(desk) as page:
        await page.ask(f"/settings key {PAGES}", "ending in 91bc is stored")
        await page.wait(lambda message: message["mine"] and text_of(message) == "(removed)")


async def refused(ann: Person, model: ModelServer) -> None:
    """A wrong key is tried once, told once, and the built-in reader reads."""
    await brought(ann, WRONG, "dead")
    said = ann.say(SENTENCE)
    await ann.see("Your model key was refused", after=said)
    await ann.see("entry long: rsi(14) < 35", after=said)
    assert model.keys.count(WRONG) == 1
    await ann.ask(SENTENCE, "entry long: rsi(14) < 35")
    assert model.keys.count(WRONG) == 1
    await ann.ask("/settings", "ending in dead was refused")


def stands_nowhere(desk: Running) -> None:
    secret = desk.database.with_name("secret")
    assert secret.stat().st_mode & 0o777 == 0o600
    made = secret.read_text().strip()
    kept = [*stored(desk.database), desk.log]
    kept += [file.read_text("latin-1") for file in desk.database.parent.glob("parley.db*")]
    for whole in kept:
        for hidden in (ANNS, PAGES, WRONG, made):
            assert hidden not in whole


def stored(database: Path) -> Iterator[str]:
    """Every row of every table."""
    for table in rows(database, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        for row in rows(database, f"SELECT * FROM {table['name']}"):
            yield str(row)
