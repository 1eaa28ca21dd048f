"""Opening a database: made when it is missing, and one clear sentence for each fault."""

import asyncio
import os
import shutil
import signal
import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from agents.domain.errors import OperatorNeeded, TryAgain
from storage.database import migrate, open_database
from storage.faults import of_postgres
from storage.schema import config, file_of
from storage.sqlite import CHECKPOINT_AFTER
from tests.support.markets import eventually
from tests.support.sources import ROOT


def _url(path: Path, **options: object) -> str:
    query = "&".join(f"{name}={value}" for name, value in options.items())
    return f"sqlite://{path}" + (f"?{query}" if query else "")


async def _refusal(url: str, *, exclusive: bool = False) -> str:
    """The sentence that opening is refused with."""
    with pytest.raises(OperatorNeeded) as refused:
        await open_database(url, exclusive=exclusive)
    sentence = str(refused.value)
    assert sentence.endswith(".") and "\n" not in sentence and "Traceback" not in sentence
    return sentence


# --- SQLite -----------------------------------------------------------------------------------


async def test_what_is_committed_moves_into_the_file_meanwhile(tmp_path: Path) -> None:
    """And not within some commit, which would wait for the disk."""
    path, copied = tmp_path / "parley.db", tmp_path / "copy.db"
    database = await open_database(_url(path))
    for number in range(CHECKPOINT_AFTER):
        await database.notes.write(f"note {number}", number)

    def moved() -> bool:
        shutil.copy(path, copied)  # without its log
        with closing(sqlite3.connect(copied)) as found:
            return bool(
                found.execute("SELECT count(*) FROM notes WHERE name LIKE 'n%'").fetchone()[0]
            )

    await eventually(moved)
    await database.close()
    assert not path.with_name("parley.db-wal").exists()
    database = await open_database(_url(path))
    assert await database.notes.read(f"note {CHECKPOINT_AFTER - 1}") == CHECKPOINT_AFTER - 1
    await database.close()


async def test_a_missing_file_and_its_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "parley.db"
    database = await open_database(_url(path), exclusive=True)
    await database.notes.write("a", 1)
    await database.close()
    again = await open_database(_url(path), exclusive=True)
    assert await again.notes.read("a") == 1
    await again.ping()
    assert again.kind == "SQLite"
    await again.close()


async def test_a_relative_address_is_beside_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert file_of("sqlite://var/parley.db") == Path("var/parley.db")
    await (await open_database("sqlite://var/parley.db")).close()
    assert (tmp_path / "var" / "parley.db").exists()


async def test_how_the_file_is_used(tmp_path: Path) -> None:
    credentials = config(_url(tmp_path / "p.db"))["connections"]["sqlite"]["credentials"]
    assert credentials["journal_mode"] == "WAL"
    assert credentials["synchronous"] == "NORMAL"
    assert credentials["foreign_keys"] == "ON"
    given = config(_url(tmp_path / "p.db", synchronous="FULL"))
    assert given["connections"]["sqlite"]["credentials"]["synchronous"] == "FULL"


@pytest.mark.parametrize("content", [b"these are not the rows you look for " * 200, b"x" * 5000])
async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "parley.db"
    path.write_bytes(content)
    assert f"{path} is not a database" in await _refusal(_url(path), exclusive=True)
    assert path.read_bytes() == content


async def test_a_damaged_file_is_named(migrated_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    whole = migrated_file.read_bytes()
    path.write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))
    assert "is damaged" in await _refusal(_url(path))


async def test_another_programs_tables_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "songs.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE users (song TEXT)")
    other.close()
    assert "another program" in await _refusal(_url(path))


async def test_a_newer_database_is_left_alone(migrated_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    path.write_bytes(migrated_file.read_bytes())
    with sqlite3.connect(path) as newer:
        newer.execute(
            "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES (?, ?, ?)",
            ("storage", "9999_future", "2030-01-01"),
        )
    newer.close()
    assert "newer Parley (it has 9999_future)" in await _refusal(_url(path))
    with pytest.raises(OperatorNeeded, match="newer Parley"):
        await migrate(_url(path))


async def test_a_folder_that_can_not_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "can't be used" in await _refusal(_url(tmp_path / "file" / "parley.db"))
    (tmp_path / "folder.db").mkdir()
    assert "can't be opened" in await _refusal(_url(tmp_path / "folder.db"))


@pytest.mark.parametrize("url", ["", "parley.db", "mongo://host/x", "postgres://user@host:port/x"])
async def test_an_address_that_can_not_be_read(url: str) -> None:
    assert "DATABASE_URL can't be read" in await _refusal(url)


async def test_a_secret_in_an_address_is_not_repeated() -> None:
    assert "s3cret" not in await _refusal("postgrex://user:s3cret@host/x")


async def test_a_second_copy_is_refused(tmp_path: Path) -> None:
    url = _url(tmp_path / "parley.db")
    first = await open_database(url, exclusive=True)
    sentence = await _refusal(url, exclusive=True)
    assert f"process {os.getpid()}" in sentence
    with pytest.raises(OperatorNeeded, match="running already"):
        await migrate(url)
    reader = await open_database(url)
    assert await reader.notes.read("a") is None
    await reader.close()
    await first.close()
    await (await open_database(url, exclusive=True)).close()


HOLDER = """
import asyncio, sys
from storage.database import open_database
async def main():
    database = await open_database(sys.argv[1], exclusive=True)
    await database.notes.write("held", True)
    print("ready", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    url = _url(tmp_path / "parley.db")
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLDER, url), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"ready\n"
    assert f"process {holder.pid}" in await _refusal(url, exclusive=True)
    holder.send_signal(signal.SIGKILL)
    await holder.communicate()
    database = await open_database(url, exclusive=True)
    assert await database.notes.read("held") is True
    await database.close()


async def test_a_locked_database_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    database = await open_database(_url(path, busy_timeout=50))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TryAgain, match="locked by another program"):
        await database.notes.write("a", 1)
    with pytest.raises(TryAgain, match="locked by another program"):
        async with database.transactions.transaction():
            await database.notes.write("a", 1)
    assert await database.notes.read("a") is None
    other.execute("COMMIT")
    other.close()
    await database.notes.write("a", 1)
    assert await database.notes.read("a") == 1
    await database.close()


async def test_a_lock_that_passes_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    database = await open_database(_url(path, busy_timeout=20_000))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(database.notes.write("a", 1))
    for _ in range(50):
        await asyncio.sleep(0)
    assert not writing.done()
    other.execute("COMMIT")
    other.close()
    await writing
    await database.close()


async def test_a_full_disk_loses_nothing_that_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    database = await open_database(_url(path))
    await database.notes.write("before", 1)
    await database.close()
    pages = path.stat().st_size // 4096 + 8
    small = await open_database(_url(path, max_page_count=pages))
    with pytest.raises(OperatorNeeded, match="is full: free some space"):
        async with small.transactions.transaction():
            await small.notes.write("inside", 1)
            for number in range(100):
                await small.notes.write(f"big:{number}", "x" * 4000)
    assert await small.notes.read("before") == 1
    assert await small.notes.read("inside") is None
    await small.notes.write("before", 2)
    await small.close()
    larger = await open_database(_url(path))
    assert await larger.notes.read("before") == 2
    await larger.notes.write("big", "x" * 400_000)
    await larger.close()


# --- PostgreSQL -------------------------------------------------------------------------------


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_no_server_is_one_sentence() -> None:
    port = _closed_port()
    sentence = await _refusal(f"postgres://parley:s3cret@127.0.0.1:{port}/parley")
    assert f"PostgreSQL at 127.0.0.1:{port}/parley can't be reached" in sentence
    assert "s3cret" not in sentence


async def test_no_such_database_is_one_sentence(stored_postgres: str) -> None:
    assert "no such database" in await _refusal(stored_postgres + "_missing")


async def test_an_unknown_user_is_one_sentence(stored_postgres: str) -> None:
    sentence = await _refusal(stored_postgres.replace("parley@", "stranger:s3cret@"))
    assert "refuses the user or the password" in sentence
    assert "s3cret" not in sentence


def test_a_wrong_password_is_one_sentence() -> None:
    error = of_postgres(asyncpg.InvalidPasswordError("password authentication failed"), "host/db")
    assert isinstance(error, OperatorNeeded)
    assert "refuses the user or the password" in str(error)


def test_a_deadlock_is_tried_again() -> None:
    assert isinstance(of_postgres(asyncpg.DeadlockDetectedError("x"), "host/db"), TryAgain)


def test_a_fault_of_the_program_stays_what_it_is() -> None:
    error = asyncpg.UndefinedColumnError("x")
    assert of_postgres(error, "host/db") is error


async def test_several_processes_share_a_postgres(stored_postgres: str) -> None:
    one = await open_database(stored_postgres, exclusive=True)
    two = await open_database(stored_postgres, exclusive=True)
    await one.notes.write("shared", 1)
    assert await two.notes.read("shared") == 1
    assert two.kind == "PostgreSQL"
    await one.close()
    await two.close()


async def test_a_lost_connection_is_tried_again(stored_postgres: str) -> None:
    database = await open_database(stored_postgres)
    with pytest.raises(TryAgain):
        async with database.transactions.transaction():
            await database.notes.write("lost", 1)
            await _cut_connections(stored_postgres)
            await database.notes.write("lost", 2)
    assert await database.notes.read("lost") is None
    await database.notes.write("lost", 3)
    await database.close()


async def _cut_connections(url: str) -> None:
    """As an administrator who restarts the server."""
    administrator = await asyncpg.connect(url)
    await administrator.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    await administrator.close()
