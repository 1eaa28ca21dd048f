"""PostgreSQL as a tortoise engine: a pool, with faults in the words of the domain."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, cast

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import BaseDBAsyncClient

from agents.domain.errors import OperatorNeeded, TryAgain
from storage.client import Client
from storage.faults import Unreachable, of_postgres, told_as
from storage.waiting import finish

PATIENCE = 30.0  # seconds a task waits for a connection of the pool
_STARTING = (0.2, 0.5, 1.0, 2.0)  # seconds between looks at a server that may be starting


class _Told(AsyncpgDBClient):
    """Statements whose faults are told in the words of the domain."""

    name: str

    async def execute_query(
        self, query: str, values: list[Any] | None = None
    ) -> tuple[int, list[dict[Any, Any]]]:
        with told_as(of_postgres, self.name):
            return cast(
                tuple[int, list[dict[Any, Any]]], await super().execute_query(query, values)
            )

    async def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        with told_as(of_postgres, self.name):
            return cast(list[dict[str, Any]], await super().execute_query_dict(query, values))

    async def execute_insert(self, query: str, values: list[Any]) -> Any:
        with told_as(of_postgres, self.name):
            return await super().execute_insert(query, values)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        with told_as(of_postgres, self.name):
            await super().execute_many(query, values)


class Postgres(_Told, Client):
    """A pool of connections to one database."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.name = f"{self.host}:{self.port}/{self.database}"  # without user and password

    async def open(self) -> None:
        """Connect. Raises OperatorNeeded when the server or the database isn't there or refuses
        the user; a server that is just starting is waited for."""
        for pause in (*_STARTING, None):
            try:
                with told_as(of_postgres, self.name):
                    return await self.create_connection(with_db=True)
            except Unreachable as error:
                if pause is None or not _is_starting(error):
                    raise OperatorNeeded(
                        f"PostgreSQL at {self.name} can't be reached: start it, or correct "
                        "DATABASE_URL."
                    ) from error
                await asyncio.sleep(pause)
        return None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[BaseDBAsyncClient]:
        """A transaction on a connection of its own."""
        raw = await self._connection_from_pool()
        inside = PostgresTransaction(self, raw)
        try:
            await self._told(inside.begin())
            try:
                yield inside
            except BaseException:
                await self._told(inside.rollback())
                raise
            await self._told(inside.commit())
        finally:
            await finish(_released(self._pool, raw))

    async def _connection_from_pool(self) -> Any:
        with told_as(of_postgres, self.name):
            try:
                async with asyncio.timeout(PATIENCE):
                    return await cast(Any, self._pool).acquire()
            except TimeoutError:
                raise TryAgain("The database is busy; it is tried again by itself.") from None

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        with told_as(of_postgres, self.name):
            await finish(work)


async def _released(pool: Any, raw: Any) -> None:
    await pool.release(raw)


def _is_starting(error: Unreachable) -> bool:
    """Whether the server answered that it is starting or stopping."""
    return getattr(error.__cause__, "sqlstate", None) == "57P03"


class PostgresTransaction(_Told, TransactionWrapper):
    """The client that statements inside a transaction use."""

    def __init__(self, parent: Postgres, raw: Any) -> None:
        super().__init__(parent)
        self._connection = raw
        self.name = parent.name


client_class = Postgres
