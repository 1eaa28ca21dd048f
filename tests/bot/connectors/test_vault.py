"""Sealed secrets, and the secret that seals them."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from agents.domain.errors import OperatorNeeded
from agents.domain.sealing import SEALED_TEXT
from bot.connectors.vault import Vault, keep_secrets, open_vault, secret_file, secrets_for
from bot.log import SentenceFormatter
from bot.settings import Settings
from tests.support.vaults import VAULT

KEY = "sk-ant-a-key-of-somebody"


def at(folder: Path, secret: str = "") -> Settings:
    return Settings(database_url=f"sqlite://{folder}/parley.db", secret=secret)


def test_what_is_sealed_can_be_opened_and_not_read() -> None:
    first, second = VAULT.seal(KEY), VAULT.seal(KEY)
    assert first != second
    assert KEY not in first
    assert VAULT.open(first) == VAULT.open(second) == KEY


@pytest.mark.parametrize("length", [0, 1, 64, 4000])
def test_a_sealed_text_is_found_among_others(length: int) -> None:
    sealed = VAULT.seal("k" * length)
    assert SEALED_TEXT.findall(f'{{"text":"/connect {sealed} {sealed}"}}') == [sealed] * 2
    assert SEALED_TEXT.findall("gAAAAABut no such thing") == []


def test_the_same_secret_opens_it_after_a_restart() -> None:
    assert Vault("a secret of the tests").open(VAULT.seal(KEY)) == KEY


@pytest.mark.parametrize("sealed", ["", "not sealed", "gAAAA", KEY])
def test_another_secret_and_what_is_not_sealed_are_a_sentence(sealed: str) -> None:
    for vault, what in ((VAULT, sealed), (Vault("another secret"), VAULT.seal(KEY))):
        with pytest.raises(OperatorNeeded, match="PARLEY_SECRET is not the one") as refused:
            vault.open(what)
        assert KEY not in str(refused.value)


def test_a_set_secret_is_used_and_kept_nowhere(tmp_path: Path) -> None:
    assert secrets_for(at(tmp_path, "mine")) == ["mine"]
    assert list(tmp_path.iterdir()) == []


def test_without_one_it_is_made_once_for_its_owner_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    [made] = secrets_for(at(tmp_path / "var"))
    assert secrets_for(at(tmp_path / "var")) == [made]
    assert len(made) > 30
    file = tmp_path / "var" / "secret"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret"]
    assert [record.message for record in caplog.records] == [
        "PARLEY_SECRET is not set; one was made and is kept."
    ]
    assert made not in caplog.text


def test_another_process_that_was_first_wins(tmp_path: Path) -> None:
    from bot.connectors.vault import _first

    _first(tmp_path / "secret", "first")
    _first(tmp_path / "secret", "second")
    assert secrets_for(at(tmp_path)) == ["first"]


def test_a_secret_that_cannot_be_kept_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    with pytest.raises(OperatorNeeded, match="set PARLEY_SECRET"):
        secrets_for(at(tmp_path))


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite://var/parley.db", "var/secret"),
        ("sqlite:///data/desk.db?mode=rw", "/data/secret"),
        ("sqlite://parley.db", "secret"),
        ("postgres://ann:pw@db/parley", "var/secret"),
        ("sqlite://:memory:", "var/secret"),
    ],
)
def test_where_it_is_kept(url: str, file: str) -> None:
    assert secret_file(url) == Path(file)


async def test_neither_the_secret_nor_what_it_seals_is_ever_printed(tmp_path: Path) -> None:
    formatter = SentenceFormatter()
    vault = await open_vault(at(tmp_path), formatter.hide, formatter.hide)
    vault.seal(KEY)
    made = (tmp_path / "secret").read_text().strip()
    record = logging.makeLogRecord({"msg": f"{made} and {KEY}", "levelname": "INFO"})
    assert formatter.format(record).endswith("info [secret] and [secret]")


# --- while the secret is being changed ------------------------------------------------------------


def test_older_secrets_open_and_do_not_seal() -> None:
    changing = Vault("new", older=["a secret of the tests"])
    assert changing.open(VAULT.seal(KEY)) == KEY
    assert Vault("new").open(changing.seal(KEY)) == KEY
    with pytest.raises(OperatorNeeded):
        VAULT.open(changing.seal(KEY))


def test_several_secrets_stand_in_the_file_the_one_that_seals_first(tmp_path: Path) -> None:
    keep_secrets(tmp_path / "secret", ["new", "old"])
    assert secrets_for(at(tmp_path)) == ["new", "old"]
    keep_secrets(tmp_path / "secret", ["new"])
    assert secrets_for(at(tmp_path)) == ["new"]
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_an_old_secret_that_is_set_opens_too(tmp_path: Path) -> None:
    assert secrets_for(replace(at(tmp_path, "new"), old_secret="old")) == ["new", "old"]


def test_a_file_that_was_emptied_is_no_reason_to_make_another_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(OperatorNeeded, match="from a backup"):
        secrets_for(at(tmp_path))
