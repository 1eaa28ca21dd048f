"""Rows in bulk: what a measurement finds when it begins, without the pace of daily work."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from tortoise.models import Model

from agents.domain.strategy import Mode, RunKind, StrategySpec, StrategyState
from storage.database import Database
from storage.models import (
    AccountRow,
    IdentityRow,
    PlaceRow,
    StrategyRow,
    StrategyVersionRow,
    UserRow,
)
from storage.rows import Repository
from storage.specs import printed
from storage.transactions import Transactions

T = TypeVar("T")
Row = Mapping[str, Any]
PLATFORM = "telegram"
BALANCE = 10_000
_AT_ONCE = 5_000


class Filler(Repository):
    """Writes rows as the repositories do, thousands at a time, with ids of our choice."""

    def __init__(self, memory: Database) -> None:
        assert isinstance(memory.transactions, Transactions)
        super().__init__(memory.transactions)

    async def rows(self, model: type[Model], rows: Iterable[Row]) -> None:
        async with self._transactions.transaction():
            for batch in batched(rows, _AT_ONCE):
                names = list(batch[0])
                columns = ", ".join(f'"{name}"' for name in names)
                marks = ", ".join("?" * len(names))
                sql = f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({marks})'  # noqa: S608
                fields = [model._meta.fields_map[name] for name in names]
                await self.change_many(
                    sql,
                    [
                        [
                            field.to_db_value(value, model)
                            for field, value in zip(fields, row.values(), strict=True)
                        ]
                        for row in batch
                    ],
                )

    async def users(self, count: int, at: datetime) -> None:
        """Users 1 to `count`, who write on Telegram under the same numbers."""
        numbers = range(1, count + 1)
        await self.rows(UserRow, (_user(number, at) for number in numbers))
        await self.rows(
            IdentityRow,
            ({"user_id": n, "platform": PLATFORM, "account": str(n)} for n in numbers),
        )
        await self.rows(
            PlaceRow,
            ({"user_id": n, "platform": PLATFORM, "chat": str(n), "thread": ""} for n in numbers),
        )

    async def strategies(self, specs: Sequence[StrategySpec], each: int, at: datetime) -> None:
        """Active strategies 1, 2 ..., `each` of one user, with their accounts."""
        numbered = list(enumerate(specs, 1))
        await self.rows(StrategyRow, (_strategy(n, spec, each, at) for n, spec in numbered))
        await self.rows(StrategyVersionRow, (_version(n, spec, at) for n, spec in numbered))
        await self.rows(AccountRow, (_account(n, each, at) for n, _ in numbered))


def owner_of(strategy: int, each: int) -> int:
    """Whose a strategy is, when each user has `each` of them."""
    return (strategy - 1) // each + 1


def _user(number: int, at: datetime) -> Row:
    return {
        "id": number,
        "name": f"User {number}",
        "zone": "UTC",
        "operator": False,
        "notices": {},
        "created_at": at,
    }


def _strategy(number: int, spec: StrategySpec, each: int, at: datetime) -> Row:
    return {
        "id": number,
        "owner_id": owner_of(number, each),
        "number": (number - 1) % each + 1,
        "name": f"Strategy {number}",
        "version": 1,
        "state": StrategyState.ACTIVE,
        "mode": Mode.PAPER,
        "run": RunKind.CONTINUOUS,
        "timeframe": spec.timeframe,
        "created_at": at,
        "activated_at": at,
        "pause_reason": "",
    }


def _version(number: int, spec: StrategySpec, at: datetime) -> Row:
    return {
        "strategy_id": number,
        "version": 1,
        "spec": printed(spec),
        "sentence": "",
        "created_at": at,
    }


def _account(strategy: int, each: int, at: datetime) -> Row:
    return {
        "id": strategy,
        "owner_id": owner_of(strategy, each),
        "strategy_id": strategy,
        "mode": Mode.PAPER,
        "currency": "USDT",
        "start": BALANCE,
        "balance": BALANCE,
        "peak": BALANCE,
        "opened_at": at,
    }


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
