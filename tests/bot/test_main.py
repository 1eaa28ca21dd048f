"""The command line: what each word does, says and exits with, and how the desk ends."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from agents.domain.user import Place
from bot.__main__ import USAGE, main, serve
from bot.settings import Settings
from storage.database import open_database
from tests.support.chains import a_chain
from tests.support.stored import NOON


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and nothing set in the environment."""
    for name in list(os.environ):
        if name.startswith(("PARLEY_", "TELEGRAM_", "DISCORD_", "ANTHROPIC_", "EXCHANGE_")):
            monkeypatch.delenv(name)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("PORT", "0")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- words that do one thing and end ----------------------------------------------------------


@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_help_names_every_command(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == (USAGE, "")
    for name in ("read", "signals", "record", "verify", "migrate", "doctor"):
        assert f"python -m bot {name}" in said.out


def test_an_unknown_word_is_answered_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["nonsense"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"There is no command 'nonsense'. These are:\n\n{USAGE}"


def test_migrate_makes_the_database_and_may_be_said_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert main(["migrate"]) == 0
        assert capsys.readouterr().out == "The SQLite database is up to date.\n"
    assert (folder / "var" / "parley.db").is_file()


@pytest.mark.parametrize("word", [[], ["migrate"], ["doctor"]])
def test_settings_that_can_not_be_used_are_one_answer(
    word: list[str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PARLEY_SPEED", "quick")
    (folder / ".env").write_text("PARLEY_MARKET=moon\n")
    assert main(word) == 1
    assert capsys.readouterr().err == (
        "Settings that can't be used:\n"
        "  PARLEY_MARKET: needs simulated, replay:FOLDER or ccxt:EXCHANGE.\n"
        "  PARLEY_SPEED: needs market seconds per second, as 60.\n"
    )
    assert not (folder / "var").exists()


def test_the_doctor_looks_at_everything_and_leaves_nothing_running(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok   database: SQLite, up to date",
        "ok   market: simulated has 12 instruments",
        "ok   browser: 0 open",
        "ok   model: none: the rules alone decide",
    ]


def test_the_doctor_says_what_is_to_be_mended(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARLEY_MARKET", "replay:nowhere")
    assert main(["doctor"]) == 1
    said = capsys.readouterr()
    assert "nowhere" in said.out + said.err
    assert "Traceback" not in said.out + said.err


# --- the desk ---------------------------------------------------------------------------------


class FakeApp:
    """Says its address; `ends` happens as soon as it has started."""

    def __init__(self, ends) -> None:
        self.log: list[str] = []
        self._ends = ends

    async def build(self, settings: Settings):
        self.log.append("built")
        return self

    async def start(self) -> str:
        self.log.append("started")
        self._ends()
        return "http://127.0.0.1:8080/?token=abc"

    async def stop(self) -> None:
        self.log.append("stopped")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_desk_in_order(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    app = FakeApp(lambda: os.kill(os.getpid(), number))
    async with asyncio.timeout(10):
        assert await serve(Settings(), app.build) == 0
    assert app.log == ["built", "started", "stopped"]
    assert capsys.readouterr().out == "Open http://127.0.0.1:8080/?token=abc\n"


async def test_a_signal_while_the_parts_are_made_is_not_lost() -> None:
    app = FakeApp(lambda: None)

    async def build(settings: Settings):
        os.kill(os.getpid(), signal.SIGTERM)
        return await app.build(settings)

    async with asyncio.timeout(10):
        assert await serve(Settings(), build) == 0
    assert app.log[-1] == "stopped"


async def test_a_reader_that_went_away_leaves_nothing_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As with `python -m bot | head -0`: nobody hears the address."""

    class Closed:
        def write(self, text: str) -> None:
            raise BrokenPipeError

    app = FakeApp(lambda: None)
    monkeypatch.setattr("sys.stdout", Closed())
    with pytest.raises(BrokenPipeError):
        await serve(Settings(), app.build)
    assert app.log[-1] == "stopped"


def test_a_record_is_written_out_and_verified(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def publish() -> None:
        memory = await open_database("sqlite://var/parley.db")
        channel = await memory.channels.open(Place("telegram", "-1"), "Calls", 1, 0, NOON)
        for entry in a_chain(5):
            key = f"k{entry.number}"
            await memory.record.append(channel.id, key, entry.kind, entry.body, entry.at)
        await memory.close()

    asyncio.run(publish())
    assert main(["record", "1"]) == 0
    (folder / "record.jsonl").write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["verify", "record.jsonl"]) == 0
    assert capsys.readouterr().out.startswith("INTACT: the record of “Calls” (channel 1)")
    assert main(["record", "2"]) == 1
    assert "no such channel" in capsys.readouterr().err.lower()
    for words in (["record"], ["record", "calls"], ["record", "1", "2"]):
        assert main(words) == 2
        assert "number of a channel" in capsys.readouterr().err
