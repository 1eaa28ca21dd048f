"""Statements that are written once and run on both databases."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from storage.transactions import Transactions

T = TypeVar("T")


class Repository:
    """One aggregate's rows. Calls join the transaction of their task, where there is one."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    @property
    def db(self) -> BaseDBAsyncClient:
        return self._transactions.db

    async def fetch(self, sql: str, values: Sequence[Any] = ()) -> Sequence[Any]:
        """Rows of a statement with `?` for its values; also of one with RETURNING."""
        if self._transactions.postgres:
            return await self.db.execute_query_dict(numbered(sql), list(values))
        return (await self.db.execute_query(sql, list(values)))[1]

    async def change(self, sql: str, values: Sequence[Any] = ()) -> int:
        """How many rows a statement with `?` for its values changed."""
        if self._transactions.postgres:
            sql = numbered(sql)
        return (await self.db.execute_query(sql, list(values)))[0]

    async def change_many(self, sql: str, values: list[list[Any]]) -> None:
        """Run one statement with each of the lists of values: all of them or none."""
        if self._transactions.postgres:
            sql = numbered(sql)
        await self.db.execute_many(sql, values)

    async def insert(
        self, model: type[Model], unique: tuple[str, ...] = (), /, **values: Any
    ) -> int | None:
        """The new row's id; None when a row with the same `unique` columns is there.

        It does not raise on that conflict, since an error would end PostgreSQL's transaction.
        """
        rows = await self.fetch(
            _insertion(model._meta.db_table, tuple(values), unique), _stored(model, values)
        )
        return rows[0]["id"] if rows else None

    async def upsert(self, model: type[Model], unique: tuple[str, ...], /, **values: Any) -> None:
        """Insert, or overwrite the row with the same `unique` columns."""
        sql = _upsertion(model._meta.db_table, tuple(values), unique)
        await self.change(sql, _stored(model, values))


def _stored(model: type[Model], values: dict[str, Any]) -> list[Any]:
    fields = model._meta.fields_map
    return [fields[name].to_db_value(value, model) for name, value in values.items()]


@lru_cache(maxsize=256)
def _insertion(table: str, columns: tuple[str, ...], unique: tuple[str, ...]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join("?" * len(columns))
    guard = f" ON CONFLICT ({_names(unique)}) DO NOTHING" if unique else ""
    return f'INSERT INTO "{table}" ({names}) VALUES ({marks}){guard} RETURNING "id"'  # noqa: S608


@lru_cache(maxsize=64)
def _upsertion(table: str, columns: tuple[str, ...], unique: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(columns))
    changes = ", ".join(f'"{c}" = excluded."{c}"' for c in columns if c not in unique)
    return (
        f'INSERT INTO "{table}" ({_names(columns)}) VALUES ({marks}) '  # noqa: S608
        f"ON CONFLICT ({_names(unique)}) DO UPDATE SET {changes}"
    )


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


@lru_cache(maxsize=256)
def numbered(sql: str) -> str:
    """`?` as `$1`, `$2` ..., which PostgreSQL wants. No text in a statement contains one."""
    numbers = count(1)
    return "".join(f"${next(numbers)}" if part == "?" else part for part in sql)


def sliced(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """`items` in pieces of at most `size`, so that nothing holds the event loop for long."""
    return (items[start : start + size] for start in range(0, len(items), size))


async def unhurried(items: Sequence[T], size: int = 500) -> AsyncIterator[T]:
    """`items`, with a turn for others after each `size` of them."""
    for start in range(0, len(items), size):
        if start:
            await asyncio.sleep(0)
        for item in items[start : start + size]:
            yield item


def marks(number: int) -> str:
    """`?, ?, ?` for a list of values."""
    return ", ".join("?" * number)
