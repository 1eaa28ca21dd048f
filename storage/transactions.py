"""Which connection a task uses: the one of its transaction, or the database's."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from storage.client import Client


class Transactions:
    """Transactions that belong to the task which opened them.

    A task that was started inside one does not join it: it would write into a transaction whose
    end it can't see. So inside a transaction, await repository calls directly; what is gathered
    or started as a task waits (on SQLite) until the transaction is over.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._open: dict[asyncio.Task[Any], BaseDBAsyncClient] = {}
        self._afterwards: dict[asyncio.Task[Any], list[Callable[[], None]]] = {}

    @property
    def db(self) -> BaseDBAsyncClient:
        """The connection for the present task's next statement."""
        task = asyncio.current_task()
        return self._open.get(task, self._client) if task else self._client

    @property
    def postgres(self) -> bool:
        return self._client.is_postgres

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """All repository calls inside become one commit, or nothing. Nested ones join."""
        return self._joined() if asyncio.current_task() in self._open else self._begun()

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call `call` when the present task's transaction is committed; at once outside of one.
        Never after a rollback."""
        task = asyncio.current_task()
        if task in self._open:
            self._afterwards.setdefault(task, []).append(call)
        else:
            call()

    @asynccontextmanager
    async def _joined(self) -> AsyncIterator[None]:
        yield

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[None]:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a transaction needs a task")
        try:
            async with self._client.transaction() as inside:
                self._open[task] = inside
                try:
                    yield
                finally:
                    del self._open[task]
        except BaseException:
            self._afterwards.pop(task, None)
            raise
        for call in self._afterwards.pop(task, ()):
            call()
