"""One suite for each port, run on the fake, on SQLite and on a real PostgreSQL."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import asyncpg
import pytest

from agents.domain.mail import Inbox, Outbox
from agents.domain.ports import Memory
from agents.domain.user import User
from storage.database import Database, open_database
from tests.support.memory import InMemory
from tests.support.memory_mail import MemoryInbox, MemoryOutbox
from tests.support.postgres import PostgresServer
from tests.support.schemas import row_models
from tests.support.stored import NOON, a_user


@pytest.fixture(scope="session")
def stored_postgres(postgres_server: PostgresServer) -> Iterator[str]:
    """A database for many tests; `opened` empties it, which is quicker than a new one."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any table."""
    if request.param == "postgres":
        address: str = request.getfixturevalue("postgres_url")
        return address
    return f"sqlite://{tmp_path / 'parley.db'}"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """An empty database with all tables."""
    database = await open_database(url, wall=lambda: NOON)
    try:
        if database.kind == "PostgreSQL":
            await _empty(url)
        yield database
    finally:
        await database.close()


_FROM_ONE = "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"


async def _empty(url: str) -> None:
    """TRUNCATE makes new files for each table, and takes two hundred times as long."""
    connection = await asyncpg.connect(url)
    deletions = [f'DELETE FROM "{row._meta.db_table}"' for row in row_models()]
    free = "SET session_replication_role = replica"  # in whichever order they refer to each other
    await connection.execute("; ".join([free, *deletions, _FROM_ONE]))
    await connection.close()


def address(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """Of a database with all tables. Skips where there is no PostgreSQL."""
    if kind == "postgres":
        found: str = request.getfixturevalue("stored_postgres")
        return found
    copy = shutil.copy(request.getfixturevalue("migrated_file"), folder / "parley.db")
    return f"sqlite://{copy}"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return address(request.param, request, tmp_path)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    async with opened(url) as empty:
        yield empty


@pytest.fixture(params=["fake", "sqlite", "postgres"])
def memory_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Empty for the fake."""
    return "" if request.param == "fake" else address(request.param, request, tmp_path)


@pytest.fixture
async def memory(memory_url: str) -> AsyncIterator[Memory]:
    """What satisfies the ports: the fake of the tests, and the real one on both databases."""
    if not memory_url:
        yield InMemory()
        return
    async with opened(memory_url) as empty:
        yield empty


class Mail(Protocol):
    """The part of the memory that only bot/ uses."""

    outbox: Outbox
    inbox: Inbox


class MemoryMail:
    def __init__(self) -> None:
        session = InMemory().session
        self.outbox: Outbox = MemoryOutbox(session)
        self.inbox: Inbox = MemoryInbox(session)


@pytest.fixture
async def mail(memory_url: str) -> AsyncIterator[Mail]:
    if not memory_url:
        yield MemoryMail()
        return
    async with opened(memory_url) as empty:
        yield empty


@pytest.fixture
async def ann(memory: Memory) -> User:
    return await a_user(memory, "1")


@pytest.fixture
async def bob(memory: Memory) -> User:
    return await a_user(memory, "2")
