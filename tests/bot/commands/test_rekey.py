"""`python -m bot rekey`: another secret for all that is sealed, broken off wherever it may be."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agents.domain.errors import OperatorNeeded
from agents.domain.sealing import SealedItem
from bot.commands.rekey import rekey
from bot.connectors.vault import Vault, keep_secrets, kept_secrets
from bot.settings import Settings
from handlers.model_keys import ModelKeys
from storage.database import Database, open_database
from tests.support.memory import InMemory
from tests.support.sources import ROOT

KEYS = ("sk-of-ann", "sk-of-bob", "sk-of-cyd")
PATIENCE = 60


def settings(folder: Path, secret: str = "", old: str = "") -> Settings:
    url = f"sqlite://{folder}/parley.db"
    return replace(Settings(), database_url=url, secret=secret, old_secret=old)


async def sealed_with(memory: InMemory | Database, secret: str) -> None:
    vault = Vault(secret)
    for owner, key in enumerate(KEYS, 1):
        await ModelKeys(memory, vault).keep(owner, vault.seal(key))


async def opened_with(memory: InMemory | Database, *secrets: str) -> list[str]:
    vault = Vault(secrets[0], older=secrets[1:])
    return [(await ModelKeys(memory, vault).find(owner)).key for owner in (1, 2, 3)]


@pytest.fixture
async def memory() -> InMemory:
    """Three keys, sealed with the secret of the file."""
    made = InMemory()
    await sealed_with(made, "old")
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keep_secrets(tmp_path / "secret", ["old"])
    return tmp_path


async def test_without_a_setting_a_new_secret_takes_the_place_of_the_old(
    folder: Path, memory: InMemory
) -> None:
    said = await rekey(settings(folder), memory)
    [made] = kept_secrets(folder / "secret")
    assert said.startswith("3 stored keys are sealed with the new secret. The old one is dropped")
    assert made not in said and len(made) > 30
    assert await opened_with(memory, made) == list(KEYS)
    assert await opened_with(memory, "old") == ["", "", ""]


class Broken(Exception):
    """As if the process were killed there."""


class Breaking:
    """Stops as a killed process would, in the middle of the transaction or just before it."""

    def __init__(self, memory: InMemory, after: int) -> None:
        self.sealed = self
        self._memory = memory
        self._left = after

    async def each(self) -> Sequence[SealedItem]:
        return await self._memory.sealed.each()

    async def reseal_all(self, change: Callable[[str], str]) -> int:
        def broken(sealed: str) -> str:
            if not self._left:
                raise Broken
            self._left -= 1
            return change(sealed)

        return await self._memory.sealed.reseal_all(broken)


@pytest.mark.parametrize("after", [0, 1, 2])
async def test_what_broke_off_lost_nothing_and_is_finished_by_the_next_run(
    folder: Path, memory: InMemory, after: int
) -> None:
    with pytest.raises(Broken):
        await rekey(settings(folder), Breaking(memory, after))
    made, old = kept_secrets(folder / "secret")
    assert old == "old"
    assert await opened_with(memory, made, old) == list(KEYS)  # as the desk's next start does
    assert (await rekey(settings(folder), memory)).startswith("The earlier run is finished: 3")
    assert kept_secrets(folder / "secret") == [made]
    assert await opened_with(memory, made) == list(KEYS)


async def test_a_set_secret_is_changed_with_both(folder: Path, memory: InMemory) -> None:
    said = await rekey(settings(folder, "new", "old"), memory)
    assert said.endswith("Take PARLEY_OLD_SECRET out of the settings now.")
    again = await rekey(settings(folder, "new", "old"), memory)
    assert again.startswith("3 stored keys")
    assert await opened_with(memory, "new") == list(KEYS)


async def test_from_the_file_to_a_set_secret(folder: Path, memory: InMemory) -> None:
    assert "is not needed any more" in await rekey(settings(folder, "new"), memory)
    assert await opened_with(memory, "new") == list(KEYS)


@pytest.mark.parametrize(
    ("secret", "old", "words"),
    [
        ("new", "", "set PARLEY_OLD_SECRET"),
        ("new", "new", "are the same"),
        ("new", "a wrong one", "the old secret is not the one"),
        ("", "", "nothing is sealed"),
    ],
    ids=["no old one", "the same", "a wrong one", "no file"],
)
async def test_what_is_missing_is_said_and_nothing_changed(
    tmp_path: Path, memory: InMemory, secret: str, old: str, words: str
) -> None:
    with pytest.raises(OperatorNeeded, match=words):
        await rekey(settings(tmp_path, secret, old), memory)
    assert await opened_with(memory, "old") == list(KEYS)


async def test_what_neither_secret_opens_is_left_as_it_is(folder: Path, memory: InMemory) -> None:
    lost = Vault("one from before").seal("sk-of-dan")
    await ModelKeys(memory, Vault("old")).keep(4, lost)
    said = await rekey(settings(folder), memory)
    assert "3 stored keys" in said and "1 can't be opened" in said
    assert (await memory.notes.read("model_key:4"))["sealed"] == lost


# --- as the command -------------------------------------------------------------------------------


@asynccontextmanager
async def on_disk(folder: Path) -> AsyncIterator[Database]:
    whole = await open_database(settings(folder).database_url, exclusive=True)
    try:
        yield whole
    finally:
        await whole.close()


def command(folder: Path, **more: str) -> "subprocess.Popen[str]":
    own = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    url = {"DATABASE_URL": f"sqlite://{folder}/parley.db"}
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "rekey"],
        cwd=folder,
        env={**own, **url, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_the_command(folder: Path) -> None:
    """Refused beside a running desk; killed at any moment it loses nothing; then it finishes, and
    says no secret."""
    async with on_disk(folder) as whole:
        await sealed_with(whole, "old")
        beside = command(folder)
        _, log = beside.communicate(timeout=PATIENCE)
        assert beside.returncode == 1 and "Parley is running already" in log
    assert kept_secrets(folder / "secret") == ["old"]

    killed = command(folder)
    while len(kept_secrets(folder / "secret")) == 1 and killed.poll() is None:
        continue
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=PATIENCE)
    async with on_disk(folder) as whole:
        assert await opened_with(whole, *kept_secrets(folder / "secret")) == list(KEYS)

    process = command(folder, PARLEY_LOG="debug")
    said, log = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "3 stored keys" in said) == (0, True)
    [made] = kept_secrets(folder / "secret")
    assert made not in said + log
    async with on_disk(folder) as whole:
        assert await opened_with(whole, made) == list(KEYS)
