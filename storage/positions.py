"""Positions: saved whole, by compare-and-set on their version."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from agents.domain.errors import NotFound
from agents.domain.position import OpenTarget, Position, PositionState
from agents.domain.proposal import Trailing
from agents.domain.strategy import Mode, Side
from storage.models import PositionRow
from storage.rows import Repository, sliced

_UNFINISHED = [PositionState.OPEN.value, PositionState.CLOSING.value]
_FIXED = ("owner_id", "strategy_id", "account_id", "proposal_id", "opened_at")
_SLICE = 500  # rows handled before others get a turn


class Positions(Repository):
    """Satisfies `agents.domain.ports.Positions`."""

    async def add(self, position: Position) -> Position:
        """The stored position; the one that is there when its proposal has one already."""
        number = await self.insert(PositionRow, ("proposal_id",), **_columns(position))
        if number is not None:
            return replace(position, id=number)
        row = await PositionRow.get(proposal_id=position.proposal_id, using_db=self.db)
        return _position(row)

    async def get(self, owner_id: int, position_id: int) -> Position:
        return _found(
            await PositionRow.get_or_none(id=position_id, owner_id=owner_id, using_db=self.db)
        )

    async def by_id(self, position_id: int) -> Position:
        return _found(await PositionRow.get_or_none(id=position_id, using_db=self.db))

    async def by_proposal(self, proposal_id: int) -> Position | None:
        row = await PositionRow.get_or_none(proposal_id=proposal_id, using_db=self.db)
        return _position(row) if row else None

    async def save(self, position: Position) -> bool:
        changes = _columns(position)
        changes["version"] = position.version + 1
        for fixed in _FIXED:
            del changes[fixed]
        present = PositionRow.filter(
            id=position.id, owner_id=position.owner_id, version=position.version
        )
        return await present.using_db(self.db).update(**changes) == 1

    async def save_stops(self, stops: Mapping[int, tuple[Decimal, Decimal]]) -> None:
        for part in sliced(list(stops.items()), _SLICE):
            values = [[str(stop), str(best), number] for number, (stop, best) in part]
            await self.change_many("UPDATE positions SET stop = ?, best = ? WHERE id = ?", values)

    async def still_open(self) -> Sequence[Position]:
        """Every position that is OPEN or CLOSING, of all owners, oldest first."""
        found: list[Position] = []
        last = 0
        while rows := await self._open_after(last):
            found.extend(map(_position, rows))
            last = rows[-1].id
            await asyncio.sleep(0)
        return found

    async def _open_after(self, last: int) -> list[PositionRow]:
        query = PositionRow.filter(state__in=_UNFINISHED, id__gt=last).using_db(self.db)
        return await query.order_by("id").limit(_SLICE)

    async def of(
        self, owner_id: int, *, open_only: bool = False, limit: int = 100, offset: int = 0
    ) -> Sequence[Position]:
        query = PositionRow.filter(owner_id=owner_id)
        if open_only:
            query = query.filter(state__in=_UNFINISHED)
        rows = await query.using_db(self.db).order_by("-id").offset(offset).limit(limit)
        return [_position(row) for row in rows]

    async def of_account(self, account_id: int, *, open_only: bool = False) -> Sequence[Position]:
        """Oldest first."""
        query = PositionRow.filter(account_id=account_id)
        if open_only:
            query = query.filter(state__in=_UNFINISHED)
        return [_position(row) for row in await query.using_db(self.db).order_by("id")]


def _found(row: PositionRow | None) -> Position:
    if row is None:
        raise NotFound("There is no such position, or it is not yours.")
    return _position(row)


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
    }


def _position(row: PositionRow) -> Position:
    return Position(
        owner_id=row.owner_id,
        strategy_id=row.strategy_id,
        strategy_name=row.strategy_name,
        account_id=row.account_id,
        proposal_id=row.proposal_id,
        symbol=row.symbol,
        timeframe=row.timeframe,
        mode=Mode(row.mode),
        side=Side(row.side),
        quantity=row.quantity,
        entered=row.entered,
        entry_price=row.entry_price,
        initial_stop=row.initial_stop,
        stop=row.stop,
        targets=_targets().validate_json(row.targets),
        trailing=_trailings().validate_json(row.trailing),
        best=row.best,
        realised=row.realised,
        fees=row.fees,
        opened_at=row.opened_at,
        state=PositionState(row.state),
        closed_at=row.closed_at,
        exit_price=row.exit_price,
        exit_reason=row.exit_reason,
        version=row.version,
        id=row.id,
    )
