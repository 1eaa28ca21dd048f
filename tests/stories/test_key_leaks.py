"""Key material stands nowhere but in the vault: a whole run with debug logging, searched for it.

The real process, Telegram, the page, the model and an exchange, all on loopback: connected by steps
with a restart between them and in one message, a wrong key, a key for another exchange, one in a
sentence, one while the exchange is away; and in the end a crash.
"""

import json
import resource
import signal
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, quote_plus

import aiohttp
import pytest

from tests.support.discord_limits import Limits as DiscordLimits
from tests.support.discord_person import DiscordPerson
from tests.support.discord_server import TOKEN as DISCORD_TOKEN
from tests.support.discord_server import DiscordServer
from tests.support.model_server import KEY as MODEL_KEY
from tests.support.model_server import ModelServer, model_server
from tests.support.page_client import page_of, text_of
from tests.support.running import Running, running
from tests.support.telegram_person import Person
from tests.support.telegram_server import TOKEN, TelegramServer
from tests.support.venue.engine import Engine
from tests.support.venue.records import Kind, Market
from tests.support.venue.server import VenueServer, venue_server

ADMIN, BEN = 42, 43
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5+NiP1e3UZjIn/lVN65XAbvqqM6A7H5fATj0j"
WRONG = "7H5fATj0jNhqPtmdSJYdKjVHjA7PZj4Mge3R5+NiP1e3UZjIn/lVN65XAbvqqM6A"
PASSWORD = "Correct+horse/battery 7 staple"
PIECE = 14  # characters that stand nowhere by chance
SENTENCE = "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, target 2R, risk 1%"


# --- what is looked for ---------------------------------------------------------------------------


def forms(secret: str) -> Iterator[bytes]:
    """As it is and in pieces, in addresses, in JSON, in hex, and in base64 wherever it begins."""
    raw = secret.encode()
    yield from (raw[at : at + PIECE] for at in range(0, len(raw) - PIECE + 1, PIECE))
    yield from {raw, quote(secret, safe="").encode(), quote_plus(secret).encode()}
    yield from {json.dumps(secret)[1:-1].encode(), raw.hex().encode(), raw[::-1]}
    for encode in (b64encode, urlsafe_b64encode):
        for before in range(3):
            coded = encode(b"\0" * before + raw)
            yield coded[4 if before else 0 : -4]


def leaks(everything: dict[str, bytes], secrets: Iterable[str]) -> list[str]:
    """Where any of the secrets stands, in any form."""
    return [
        f"{secret[:4]}… in {where}: {whole[max(0, whole.index(form) - 60) :][:160]!r}"
        for secret in secrets
        for form in forms(secret)
        for where, whole in everything.items()
        if form in whole
    ]


@pytest.mark.parametrize(
    "planted",
    [
        SECRET.encode(),
        SECRET[:40].encode(),
        f"signature=1&secret={quote_plus(SECRET)}".encode(),
        b64encode(f"{KEY}:{SECRET}".encode()),
        b64encode(f"ab{SECRET}cd".encode()),
        urlsafe_b64encode(f"a{SECRET}".encode()),
        SECRET.encode().hex().encode(),
        json.dumps({"secret": SECRET}).encode(),
    ],
    ids=["as it is", "cut off", "address", "authorization", "base64", "urlsafe", "hex", "JSON"],
)
def test_the_search_finds_what_it_looks_for(planted: bytes) -> None:
    assert leaks({"a file": b"\0" * 100 + planted + b"\0"}, [SECRET])


# --- the run --------------------------------------------------------------------------------------


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        server.limits, server.interactions.hurried = DiscordLimits(), True
        yield server


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    async with model_server() as server:
        server.answer("no JSON at all")
        yield server


@pytest.fixture
async def venue() -> AsyncIterator[VenueServer]:
    engine = Engine()
    engine.add_market(Market(Kind.SPOT, "BTC"), 60_000)
    engine.add_account(KEY, SECRET, {"USDT": 5_000, "BTC": "0.25"})
    async with venue_server(engine, history=timedelta(hours=2)) as server:
        yield server


async def test_keys_stand_nowhere(
    tmp_path: Path,
    telegram: TelegramServer,
    discord: DiscordServer,
    model: ModelServer,
    venue: VenueServer,
) -> None:
    settings = {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram.url,
        "DISCORD_BOT_TOKEN": DISCORD_TOKEN,
        "DISCORD_API_URL": discord.url,
        "PARLEY_ADMINS": f"telegram:{ADMIN},discord:{BEN}",
        "ANTHROPIC_BASE_URL": model.address,
        "ANTHROPIC_API_KEY": f"{MODEL_KEY}-of-the-operator",
        "PARLEY_MARKET": "ccxt:binance",
        "EXCHANGE_REST_URL": venue.rest_url,
        "EXCHANGE_WS_URL": venue.ws_url,
        "PARLEY_LOG": "debug",
        "PYTHONFAULTHANDLER": "1",
    }
    ann, ben, shown = Person(telegram, ADMIN), DiscordPerson(discord, BEN), b""
    async with running(tmp_path, **settings) as desk:
        await begun(ann)
        assert await desk.terminate() == 0
        await desk.start()
        await finished(ann)
        await refused(ann, venue)
        shown += await in_a_form(ben)
        shown += await on_the_page(desk)
        await used(ann, model)
        shown += await looked_at(desk)
        assert desk._process is not None
        assert resource.prlimit(desk._process.pid, resource.RLIMIT_CORE) == (0, 0)
        await desk._end(signal.SIGABRT)
        assert "Fatal Python error: Aborted" in desk.log
    nowhere(desk, ann, model, shown)


async def begun(ann: Person) -> None:
    """The first half of the steps."""
    await ann.ask("/start", "Welcome")
    opening = await ann.ask("/connect", "withdrawals off")
    await ann.press(opening, "Binance")
    await ann.see("API key", after=opening.id)
    await gone(ann, ann.say(KEY), "secret that belongs to it")


async def finished(ann: Person) -> None:
    """The second half, in another process."""
    said = ann.say(SECRET)
    await gone(ann, said, "Connect with it?")
    await ann.press(await ann.offered("Yes", after=said), "Yes")
    await ann.see("is connected", after=said)
    await ann.ask("/receipt", "match")


async def refused(ann: Person, venue: VenueServer) -> None:
    await gone(ann, ann.say(f"/connect binance {KEY} {WRONG}"), "is not connected with this key")
    await gone(ann, ann.say(f"/connect okx {KEY} {SECRET} {PASSWORD}"), "only an account there")
    await gone(ann, ann.say(f"my keys are {KEY} and {SECRET}"), "I kept nothing of it")
    await gone(ann, ann.say(f"/new {SENTENCE} {SECRET}"), "I kept nothing of it")
    await venue.down()
    await gone(ann, ann.say(f"/connect binance {KEY} {SECRET}"), "could not be asked")
    await venue.up()


async def gone(ann: Person, said: int, *answer: str) -> None:
    """Answered, and the message that carried the key is deleted."""
    await ann.see(*answer, after=said)
    assert said not in ann.server.world.messages


async def in_a_form(ben: DiscordPerson) -> bytes:
    """On Discord a bot can't delete what people write in private: a form leaves nothing there."""
    await ben.server.wait_for(lambda: ben.server.rest.commands, 60)
    await ben.server.connected()
    await ben.ask("/start", "Welcome")
    opening = await ben.ask("/connect", "withdrawals off")
    opened = await ben.press(opening, "Binance")
    assert "secret" in opened.form["title"]
    await ben.fill(opened, f"{KEY}\n{SECRET}")
    question = await ben.offered("Yes, connect", after=opening.id)
    await ben.press(question, "Yes, connect")
    await ben.see("is connected", after=opening.id)
    typed = ben.server.say(ben.channel, BEN, f"/connect binance {KEY} {SECRET}").id
    await ben.see("please delete it yourself", after=typed)
    return repr([one for one in ben.messages if one.id != typed]).encode()


async def on_the_page(desk: Running) -> bytes:
    """Connected there too; all that the page shows, in this and in a fresh window."""
    async with page_of(desk) as page:
        await page.ask(f"/connect binance {KEY} {SECRET}", "Connect with it?")
        await page.press("Yes, connect")
        await page.wait(lambda message: "is connected" in text_of(message))
        await page.ask("/connect", "Key ending in Eh8A")
        await page.press("Another key")
        await page.ask(f"{KEY}\n{SECRET}", "Connect with it?")
        await page.wait(lambda message: message["mine"] and text_of(message) == "(removed)")
        first = page.messages
    async with page_of(desk) as fresh:
        return repr([first, fresh.messages]).encode()


async def used(ann: Person, model: ModelServer) -> None:
    """The key at work, a prompt and a picture."""
    await ann.ask("/connect", "Key ending in Eh8A")
    await ann.ask(SENTENCE, "The model gave no usable answer")
    assert model.requests
    said = ann.say("/chart BTC")
    await ann.wait(lambda message: message.id > said and message.photo is not None, "a chart")


async def looked_at(desk: Running) -> bytes:
    async with aiohttp.ClientSession() as session:
        answers = [await session.get(f"{desk.root}/{name}") for name in ("health", "metrics")]
        return b"".join([await answer.read() for answer in answers])


def nowhere(desk: Running, ann: Person, model: ModelServer, shown: bytes) -> None:
    files = {
        str(path.relative_to(desk.folder)): path.read_bytes()
        for path in desk.folder.rglob("*")
        if path.is_file()
    }
    assert any(name.endswith("-wal") for name in files), "the database was closed properly"
    assert not [name for name in files if "core" in name]
    kept = files.pop("var/secret").decode().strip()
    everything = {
        **files,
        "log": desk.log.encode(),
        "shown": shown,
        "chat": repr([ann.server.world.messages, ann.server.calls]).encode(),
        "prompts": json.dumps(model.requests).encode(),
    }
    hidden = [KEY, SECRET, WRONG, PASSWORD, kept, f"{MODEL_KEY}-of-the-operator"]
    assert leaks(everything, hidden) == []
    assert b"gAAAA" in files["var/parley.db"] + files["var/parley.db-wal"]
    assert b"gAAAA" not in everything["log"] + shown + everything["chat"] + everything["prompts"]
