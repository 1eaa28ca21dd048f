"""What docs/record.md says is true: its verifier, and its example."""

import random
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from agents.domain.chain_file import written
from agents.domain.record import Entry, RecordKind
from tests.support.chains import CHANNEL, FORGERIES, Forgery, a_chain, begin_anew, cut
from tests.support.sources import ROOT

PAGE = (ROOT / "docs" / "record.md").read_text(encoding="utf-8")
CHAIN = a_chain(25)


@pytest.fixture
def verifier(tmp_path: Path) -> Path:
    """The page's Python, as a program."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "verifier.py"
    path.write_text(program, encoding="utf-8")
    return path


def _run(verifier: Path, chain: Sequence[Entry]) -> tuple[int, str]:
    file = verifier.with_name("record.jsonl")
    file.write_text("".join(written(CHANNEL, "Calls ✅", chain)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(verifier), str(file)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_verifier_of_the_page_verifies(verifier: Path) -> None:
    assert _run(verifier, CHAIN) == (0, f"whole: 25 entries, head {CHAIN[-1].hash}\n")


# The others are seen only with a head that was published.
PLAIN = [forge for forge in FORGERIES if forge not in {cut, begin_anew}]


@pytest.mark.parametrize("forge", PLAIN, ids=lambda forge: forge.__name__)
def test_the_verifier_of_the_page_finds_what_is_broken(verifier: Path, forge: Forgery) -> None:
    forged, kind, _ = forge(CHAIN, random.Random(12))
    assert kind is not None
    status, said = _run(verifier, forged)
    assert status == 1 and "broken" in said


def test_the_example_of_the_page() -> None:
    """Its hash is the one that test_record.py computes by the letter."""
    assert "eea0a6efe76dc0c284a8399a80d15d48ac316a7524643e3b57f4fca08352b351" in PAGE


def test_every_kind_is_told() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(RecordKind)
