"""`python -m bot verify`: a verdict, the faults by name, and an exit status."""

import io
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from agents.domain.chain_file import written
from agents.domain.record import Entry
from bot.commands.verify import Streams, run
from tests.support.chains import CHANNEL, a_chain, swap
from tests.support.sources import ROOT

CHAIN = a_chain(30)


def _verify(*argv: str) -> tuple[int, str, str]:
    streams = Streams(io.StringIO(), io.StringIO())
    status = run(argv, streams)
    assert isinstance(streams.out, io.StringIO) and isinstance(streams.err, io.StringIO)
    return status, streams.out.getvalue(), streams.err.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return _written(tmp_path, CHAIN)


def _written(folder: Path, chain: Sequence[Entry], title: str = "Calls") -> Path:
    path = folder / "record.jsonl"
    path.write_text("".join(written(CHANNEL, title, chain)), encoding="utf-8")
    return path


def test_a_whole_record(file: Path) -> None:
    status, out, err = _verify(str(file))
    assert (status, err) == (0, "")
    first, head, *advice = out.splitlines()
    assert first == (
        "INTACT: the record of “Calls” (channel 3) is whole, "
        "30 entries from 2026-03-01 to 2026-03-01."
    )
    assert head == f"  head {CHAIN[-1].hash}"
    assert "--head" in " ".join(advice)


def test_a_published_head(file: Path) -> None:
    status, out, _ = _verify(str(file), "--head", CHAIN[19].hash.upper())
    assert status == 0
    assert "contains the published head as entry 20; 10 more follow" in out
    status, out, _ = _verify(str(file), "--head", CHAIN[29].hash[:16])
    assert status == 0
    assert "as entry 30; nothing follows" in out
    status, out, _ = _verify(str(file), "--head", "b" * 64)
    assert status == 1
    assert out.startswith("BROKEN: ") and "b" * 64 in out


def test_a_forged_record(tmp_path: Path) -> None:
    forged, _, _ = swap(CHAIN, random.Random(6))
    status, out, _ = _verify(str(_written(tmp_path, forged)))
    assert status == 1
    first, fault, *_ = out.splitlines()
    assert first.startswith("BROKEN: the record of “Calls” (channel 3) has ")
    assert "have changed places" in fault


def test_many_faults_are_counted_and_not_all_told(tmp_path: Path) -> None:
    odd = [entry for entry in a_chain(300) if entry.number % 2]
    status, out, _ = _verify(str(_written(tmp_path, odd)))
    assert status == 1
    assert len(out.splitlines()) < 60
    assert " more\n" in out


def test_an_empty_record_is_whole(tmp_path: Path) -> None:
    status, out, _ = _verify(str(_written(tmp_path, [])))
    assert status == 0
    assert "without entries" in out


def test_a_title_plays_no_tricks(tmp_path: Path) -> None:
    _, out, _ = _verify(str(_written(tmp_path, CHAIN, "\x1b[2JINTACT\r\n")))
    assert "\x1b" not in out and "\r" not in out
    assert out.count("\n") == 4


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("nothing-there.jsonl",), "nothing-there.jsonl can't be read"),
        ((".",), ". can't be read"),
        (("FILE", "--head", "abcdef01234"), "12 of 64 characters"),
    ],
)
def test_bad_words_get_a_sentence(argv: tuple[str, ...], said: str, file: Path) -> None:
    status, out, err = _verify(*(str(file) if word == "FILE" else word for word in argv))
    assert (status, out) == (2, "")
    assert said in err and err.count("\n") == 1


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b'{"a": 1}', b"PK\x03\x04" * 99])
def test_bad_files_get_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    status, out, err = _verify(str(path))
    assert (status, out) == (2, "")
    assert err.startswith("That is no exported record") and err.count("\n") == 1


def test_it_needs_nothing_of_the_desk(file: Path, tmp_path: Path) -> None:
    """A process with no settings: no database is made, and no vendor's library is read."""
    script = (
        "import sys\nfrom bot.__main__ import main\n"
        f"status = main(['verify', {str(file)!r}])\n"
        "heavy = {'tortoise', 'aiohttp', 'ccxt', 'telegram', 'discord', 'talib', 'matplotlib'}\n"
        "sys.exit(9 if heavy & sys.modules.keys() else status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("INTACT")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["record.jsonl"]
