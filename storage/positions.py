"""Positions: saved whole, by compare-and-set on their version."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from pydantic import TypeAdapter

from agents.domain.errors import NotFound
from agents.domain.position import OpenTarget, Position, PositionState, Trailed
from agents.domain.proposal import Trailing
from agents.domain.strategy import Mode, Side
from storage.columns import from_micros, to_micros
from storage.models import PositionRow
from storage.rows import Repository, sliced, unhurried

_UNFINISHED = "state IN ('open', 'closing')"
_ON_TIMEFRAME = (
    " AND (timeframe = ? OR strategy_id IN (SELECT id FROM strategies WHERE timeframe = ?))"
)
# Two halves, each read from the index, so that years of closed ones cost nothing.
_MINE = "SELECT id FROM positions WHERE owner_id = ? AND mode = ?"
_OF_OWNER_MODE = (
    f"id IN ({_MINE} AND {_UNFINISHED} UNION ALL {_MINE} AND state = 'closed' AND closed_at >= ?)"
    " ORDER BY id"
)
_ID = "SELECT id FROM positions WHERE"
_HELD_SINCE = f"id IN ({_ID} {_UNFINISHED} UNION ALL {_ID} closed_at >= ?) ORDER BY id"
_FIXED = ("owner_id", "strategy_id", "account_id", "proposal_id", "opened_at")
_SLICE = 500  # stops written in one statement
_PAGE = 1000
_NOTHING = Decimal(0)
Reader = Callable[[Any], Any]


class Positions(Repository):
    """Satisfies `agents.domain.ports.Positions`."""

    async def add(self, position: Position) -> Position:
        """The stored position; the one that is there when its proposal has one already."""
        number = await self.insert(PositionRow, ("proposal_id",), **_columns(position))
        if number is not None:
            return replace(position, id=number)
        return (await self._select("proposal_id = ?", [position.proposal_id]))[0]

    async def get(self, owner_id: int, position_id: int) -> Position:
        return _only(await self._select("id = ? AND owner_id = ?", [position_id, owner_id]))

    async def by_id(self, position_id: int) -> Position:
        return _only(await self._select("id = ?", [position_id]))

    async def by_proposal(self, proposal_id: int) -> Position | None:
        found = await self._select("proposal_id = ?", [proposal_id])
        return found[0] if found else None

    async def save(self, position: Position) -> bool:
        changes = _columns(position)
        changes["version"] = position.version + 1
        for fixed in _FIXED:
            del changes[fixed]
        present = PositionRow.filter(
            id=position.id, owner_id=position.owner_id, version=position.version
        )
        return await present.using_db(self.db).update(**changes) == 1

    async def save_stops(self, stops: Mapping[int, Trailed]) -> None:
        sql = "UPDATE positions SET stop = ?, best = ? WHERE id = ? AND version = ?"
        for part in sliced(list(stops.items()), _SLICE):
            values = [[str(at.stop), str(at.best), number, at.version] for number, at in part]
            await self.change_many(sql, values)

    async def still_open(self, timeframe: str | None = None) -> Sequence[Position]:
        """Oldest first."""
        found: list[Position] = []
        wanted = _ON_TIMEFRAME if timeframe else ""
        where = f"{_UNFINISHED}{wanted} AND id > ? ORDER BY id LIMIT {_PAGE}"
        values = [timeframe, timeframe] if timeframe else []
        while page := await self._select(where, [*values, found[-1].id if found else 0]):
            found.extend(page)
        return found

    async def count_open(self) -> int:
        sql = f"SELECT COUNT(*) AS number FROM positions WHERE {_UNFINISHED}"  # noqa: S608
        return int((await self.fetch(sql))[0]["number"])

    async def of(
        self, owner_id: int, *, open_only: bool = False, limit: int = 100, offset: int = 0
    ) -> Sequence[Position]:
        where = f"owner_id = ?{_also(open_only)} ORDER BY id DESC LIMIT ? OFFSET ?"
        return await self._select(where, [owner_id, limit, offset])

    async def of_account(
        self, account_id: int, *, open_only: bool = False, since: datetime | None = None
    ) -> Sequence[Position]:
        if since is None:
            return await self._select(f"account_id = ?{_also(open_only)} ORDER BY id", [account_id])
        where = f"account_id = ? AND ({_UNFINISHED} OR closed_at >= ?) ORDER BY id"
        return await self._select(where, [account_id, to_micros(since)])

    async def held_since(self, since: datetime) -> Sequence[Position]:
        return await self._select(_HELD_SINCE, [to_micros(since)])

    async def of_owner_mode(self, owner_id: int, mode: Mode, since: datetime) -> Sequence[Position]:
        return await self._select(_OF_OWNER_MODE, [owner_id, mode.value] * 2 + [to_micros(since)])

    async def _select(self, where: str, values: Sequence[Any]) -> list[Position]:
        """By statements of our own: the mapper takes four times as long, and a start reads all."""
        sql = f"SELECT {_SELECTED} FROM positions WHERE {where}"  # noqa: S608
        rows = await self.fetch(sql, values)
        return [_position(row) async for row in unhurried(rows)]


def _also(open_only: bool) -> str:
    return f" AND {_UNFINISHED}" if open_only else ""


def _only(found: Sequence[Position]) -> Position:
    if not found:
        raise NotFound("There is no such position, or it is not yours.")
    return found[0]


@cache
def _targets() -> TypeAdapter[tuple[OpenTarget, ...]]:
    return TypeAdapter(tuple[OpenTarget, ...])


@cache
def _trailings() -> TypeAdapter[Trailing]:
    return TypeAdapter(Trailing)


def _columns(position: Position) -> dict[str, Any]:
    """Every column but the id."""
    return {
        "owner_id": position.owner_id,
        "strategy_id": position.strategy_id,
        "strategy_name": position.strategy_name,
        "account_id": position.account_id,
        "proposal_id": position.proposal_id,
        "symbol": position.symbol,
        "timeframe": position.timeframe,
        "mode": position.mode.value,
        "side": position.side.value,
        "quantity": position.quantity,
        "entered": position.entered,
        "entry_price": position.entry_price,
        "initial_stop": position.initial_stop,
        "stop": position.stop,
        "targets": _targets().dump_json(position.targets).decode(),
        "trailing": _trailings().dump_json(position.trailing).decode(),
        "best": position.best,
        "realised": position.realised,
        "fees": position.fees,
        "opened_at": position.opened_at,
        "state": position.state.value,
        "closed_at": position.closed_at,
        "exit_price": position.exit_price,
        "exit_reason": position.exit_reason,
        "version": position.version,
        "funding": position.funding,
        "leverage": position.leverage,
        "liquidation": position.liquidation,
        "entry_value": position.entry_value,
        "exit_value": position.exit_value,
        "step": position.step,
    }


@lru_cache(maxsize=1024)
def _read_targets(text: str) -> tuple[OpenTarget, ...]:
    return _targets().validate_json(text)


@lru_cache(maxsize=1024)
def _read_trailing(text: str) -> Trailing:
    return _trailings().validate_json(text)


def _sum(text: str | None) -> Decimal:
    """Earlier releases stored none."""
    return _NOTHING if text is None else Decimal(text)


def _known(read: Reader) -> Reader:
    """None for a column that says nothing."""
    return lambda value: None if value is None else read(value)


# How the columns become a Position's fields; those that are missing are taken as they are.
_READERS: dict[str, Reader] = {
    "mode": Mode,
    "side": Side,
    "state": PositionState,
    "targets": _read_targets,
    "trailing": _read_trailing,
    "opened_at": from_micros,
    "closed_at": _known(from_micros),
    "exit_price": _known(Decimal),
    "liquidation": _known(Decimal),
    **dict.fromkeys(("quantity", "entered", "entry_price", "initial_stop", "stop"), Decimal),
    **dict.fromkeys(("best", "realised", "fees"), Decimal),
    **dict.fromkeys(("funding", "entry_value", "exit_value", "step"), _sum),
}
_FIELDS = tuple(field.name for field in fields(Position))
_SELECTED = ", ".join(f'"{name}"' for name in _FIELDS)
_READ = tuple((place, _READERS[name]) for place, name in enumerate(_FIELDS) if name in _READERS)


def _position(row: Any) -> Position:
    """Of a row of `_SELECTED`, by place: a row of SQLite looks for each name from the start."""
    values = [*row.values()] if isinstance(row, dict) else [*row]
    for place, read in _READ:
        values[place] = read(values[place])
    return Position(*values)
