"""SQLite as a tortoise engine: one connection, used by one task at a time.

Tortoise's own client counts changed rows by a difference that a cancelled statement distorts, and
its transaction keeps the lock when it is cancelled while it begins. Here each statement, once
begun, is finished before the connection goes on to the next one, and its own row count is taken.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient
from tortoise.backends.sqlite.client import SqliteClient
from tortoise.exceptions import IntegrityError

from agents.domain.errors import TryAgain
from storage.client import Client
from storage.faults import of_sqlite, told_as
from storage.waiting import finish

log = logging.getLogger(__name__)
T = TypeVar("T")
# Seconds between tries to open: SQLite does not wait by itself where two make a file WAL at once.
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
CHECKPOINT_AFTER = 300  # turns; what was committed moves from the log into the file meanwhile
PATIENCE = 30.0  # seconds a task waits for the connection before it is told that it is busy


class Sqlite(SqliteClient, Client):
    """A file of SQLite behind one connection."""

    def __init__(self, file_path: str, **pragmas: Any) -> None:
        super().__init__(file_path, **pragmas)
        self._taken = 0
        self._checkpointing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect. Raises OperatorNeeded when the file is no database or can't be opened, and
        TryAgain when it stays locked for some seconds."""
        for pause in _PAUSES:
            try:
                return await self._connect()
            except TryAgain:
                await asyncio.sleep(pause)
        return await self._connect()

    async def _connect(self) -> None:
        with told_as(of_sqlite, self.filename):
            # What can't be opened is found here: aiosqlite would leave a thread behind.
            await asyncio.to_thread(lambda: sqlite3.connect(self.filename).close())
            try:
                await self.create_connection(with_db=True)
            except BaseException:
                await self.close()
                raise

    async def close(self) -> None:
        """Waits for a transaction that is under way."""
        if self._connection is None:
            return
        if self._checkpointing is not None:
            await self._checkpointing
        async with self.turn():
            await finish(super().close())

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The connection's lock. Raises TryAgain when it isn't free for PATIENCE seconds."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._lock.acquire()
        except TimeoutError:
            raise TryAgain("The database is busy; it is tried again by itself.") from None
        try:
            yield
        finally:
            self._lock.release()
            self._count()

    def _count(self) -> None:
        """Checkpoint from time to time, beside the connection: SQLite's own way is within some
        commit, whose task would wait for the disk."""
        self._taken += 1
        if self._taken < CHECKPOINT_AFTER or self._connection is None:
            return
        if self._checkpointing is None or self._checkpointing.done():
            self._taken = 0
            work = asyncio.to_thread(_checkpoint, self.filename)
            self._checkpointing = asyncio.create_task(work)

    async def on_connection(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in the connection's thread, to its end even when cancelled."""
        connection = self._connection
        if connection is None:
            raise RuntimeError("the database is closed")
        with told_as(of_sqlite, self.filename):
            try:
                return await finish(
                    connection._execute(work, connection._conn)  # type: ignore[no-untyped-call]
                )
            except sqlite3.IntegrityError as error:
                raise IntegrityError(error) from error

    async def execute_query(
        self, query: str, values: list[Any] | None = None
    ) -> tuple[int, Sequence[Any]]:
        """Changed rows (read rows for a select), and the rows."""
        async with self.turn():
            return await self.on_connection(lambda raw: _run(raw, query, values or ()))

    async def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        _, rows = await self.execute_query(query, values)
        return [dict(row) for row in rows]

    async def execute_insert(self, query: str, values: list[Any]) -> int:
        async with self.turn():
            return await self.on_connection(lambda raw: _insert(raw, query, values))

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        async with self.turn():
            await self.on_connection(lambda raw: _run_many(raw, query, values))

    async def execute_script(self, query: str) -> None:
        async with self.turn():
            await self.on_connection(lambda raw: _run_script(raw, query))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[BaseDBAsyncClient]:
        """A transaction that has the right to write from its beginning, so that it never has
        to give up in the middle because another process wrote."""
        async with self.turn():
            try:
                await self.on_connection(lambda raw: raw.execute("BEGIN IMMEDIATE"))
                yield SqliteTransaction(self)
                await self.on_connection(lambda raw: raw.commit())
            except BaseException:
                await self.on_connection(lambda raw: raw.rollback())
                raise


class SqliteTransaction(Sqlite, TransactionalDBClient):
    """The client that statements inside a transaction use: the same connection, already held."""

    def __init__(self, parent: Sqlite) -> None:
        super().__init__(
            parent.filename,
            connection_name=parent.connection_name,
            fetch_inserted=parent.fetch_inserted,
        )
        self._connection = parent._connection

    def _count(self) -> None:
        """Its parent counts the whole."""

    async def begin(self) -> None:
        """Begun already, by `Sqlite.transaction`; so are the others."""

    async def commit(self) -> None: ...
    async def rollback(self) -> None: ...
    async def savepoint(self) -> None: ...
    async def savepoint_rollback(self) -> None: ...
    async def release_savepoint(self) -> None: ...


def _checkpoint(path: str) -> None:
    """Where it fails it is done later, in the end by SQLite itself."""
    try:
        connection = sqlite3.connect(path)
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            connection.close()
    except sqlite3.Error as fault:
        log.warning("The database could not be checkpointed.", extra={"why": str(fault)})


def _run(
    raw: sqlite3.Connection, query: str, values: Sequence[Any]
) -> tuple[int, Sequence[sqlite3.Row]]:
    cursor = raw.execute(query, values)
    rows = cursor.fetchall()
    return (cursor.rowcount if cursor.rowcount >= 0 else len(rows)), rows


def _insert(raw: sqlite3.Connection, query: str, values: Sequence[Any]) -> int:
    return raw.execute(query, values).lastrowid or 0


def _run_many(raw: sqlite3.Connection, query: str, values: Sequence[Sequence[Any]]) -> None:
    """All rows or none; outside a transaction it makes its own."""
    own = not raw.in_transaction
    if own:
        raw.execute("BEGIN IMMEDIATE")
    try:
        raw.executemany(query, values)
    except BaseException:
        if own:
            raw.rollback()
        raise
    if own:
        raw.commit()


def _run_script(raw: sqlite3.Connection, script: str) -> None:
    """Statement by statement, since Python's executescript commits an open transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            raw.execute(statement)
            statement = ""
    if statement.strip():
        raw.execute(statement)


client_class = Sqlite
