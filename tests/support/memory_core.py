"""The heart of the in-memory database: tables, one writer at a time, rollback, and death.

A `Database` is what is on disk: it outlives processes. A `Session` is one process's connection
to it; `kill()` makes every later call through it fail, as for a process that is no more.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar, cast

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")
P = ParamSpec("P")


class Killed(BaseException):
    """The process is gone; nothing that it began goes on."""


class Table(Generic[K, V]):
    """Rows by key, oldest first; every change can be undone while a transaction runs."""

    def __init__(self, database: "Database") -> None:
        self.rows: dict[K, V] = {}
        self._undo = database.undo
        self._last = 0

    def put(self, key: K, row: V) -> V:
        before = self.rows.get(key, self)
        self._undo.append(lambda: self._back(key, before))
        self.rows[key] = row
        return row

    def drop(self, key: K) -> None:
        before = self.rows.pop(key)
        self._undo.append(lambda: self._back(key, before))

    def next_id(self) -> int:
        """Ids are not given again after a rollback."""
        self._last += 1
        return self._last

    def __iter__(self) -> Iterator[V]:
        return iter(self.rows.values())

    def _back(self, key: K, before: Any) -> None:
        if before is self:
            self.rows.pop(key, None)
        else:
            self.rows[key] = before


class Database:
    """Tables by name, shared by all sessions."""

    def __init__(self) -> None:
        self.undo: list[Callable[[], None]] = []
        self.lock = asyncio.Lock()
        self.writer: asyncio.Task[Any] | None = None
        self.fails: Exception | None = None  # what every statement raises, as with a full disk
        self._tables: dict[str, Table[Any, Any]] = {}

    def table(self, name: str) -> Table[Any, Any]:
        return self._tables.setdefault(name, Table(self))

    def names(self) -> list[str]:
        return list(self._tables)

    def roll_back(self) -> None:
        while self.undo:
            self.undo.pop()()


class Session:
    """One process's way to the database; also the port `Transactions`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.dead = False
        self._afterwards: list[Callable[[], None]] = []

    def kill(self) -> None:
        self.dead = True

    def check(self) -> None:
        if self.dead:
            raise Killed

    def transaction(self) -> AbstractAsyncContextManager[None]:
        return self._transaction()

    def after_commit(self, call: Callable[[], None]) -> None:
        if self.database.writer is asyncio.current_task():
            self._afterwards.append(call)
        else:
            call()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        self.check()
        if self.database.writer is asyncio.current_task():
            yield
            return
        async with self.database.lock:
            self.database.writer = asyncio.current_task()
            self.database.undo.clear()
            self._afterwards.clear()
            try:
                yield
                self.check()
            except BaseException:
                self.database.roll_back()
                raise
            finally:
                self.database.writer = None
        for call in self._afterwards[:]:
            call()

    async def run(self, work: Callable[[], R]) -> R:
        """`work` as one statement: alone, and after a turn of the loop, so that others get in."""
        self.check()
        await asyncio.sleep(0)
        if self.database.fails is not None:
            raise self.database.fails
        if self.database.writer is asyncio.current_task():
            self.check()
            return work()
        async with self.transaction():
            return work()


class Repository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def table(self, name: str) -> Table[Any, Any]:
        return self.session.database.table(name)


def statement(method: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """A repository method written plainly, run as one statement of the database."""

    @wraps(method)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        repository = cast(Repository, args[0])
        return await repository.session.run(lambda: method(*args, **kwargs))

    return run
