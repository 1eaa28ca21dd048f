"""Strategies and every version of what they say."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from agents.domain.autonomy import MANUAL, Autonomy
from agents.domain.errors import NotFound
from agents.domain.strategy import (
    STRATEGY_MOVES,
    Mode,
    RunKind,
    Strategy,
    StrategySpec,
    StrategyState,
)
from storage.columns import from_micros
from storage.models import StrategyRow, StrategyVersionRow, UserRow
from storage.rows import Repository, marks, unhurried
from storage.specs import parsed, printed

_WITH_VERSION = (
    "SELECT s.*, v.spec, v.sentence FROM strategies s "
    "JOIN strategy_versions v ON v.strategy_id = s.id AND v.version = s.version "
)
_PAGE = 1000


class Strategies(Repository):
    """Satisfies `agents.domain.ports.Strategies`."""

    async def draft(
        self, owner_id: int, name: str, spec: StrategySpec, sentence: str, mode: Mode, at: datetime
    ) -> Strategy:
        async with self._transactions.transaction():
            number = await self._next_number(owner_id)
            strategy_id = await self.insert(
                StrategyRow,
                owner_id=owner_id,
                number=number,
                name=name,
                version=1,
                state=StrategyState.DRAFT,
                mode=mode,
                run=RunKind.CONTINUOUS,
                timeframe=spec.timeframe,
                created_at=at,
                pause_reason="",
            )
            assert strategy_id is not None  # noqa: S101  (no unique columns were named)
            await self._add_version(strategy_id, 1, spec, sentence, at)
            return await self.get(owner_id, strategy_id)

    async def _next_number(self, owner_id: int) -> int:
        """Locks the owner's row, so that two drafts at once get two numbers."""
        owner = await UserRow.filter(id=owner_id).using_db(self.db).select_for_update().first()
        if owner is None:
            raise NotFound("There is no such user.")
        rows = await self.fetch(
            "SELECT COALESCE(MAX(number), 0) + 1 AS next FROM strategies WHERE owner_id = ?",
            [owner_id],
        )
        return int(rows[0]["next"])

    async def _add_version(
        self, strategy_id: int, version: int, spec: StrategySpec, sentence: str, at: datetime
    ) -> None:
        await self.insert(
            StrategyVersionRow,
            strategy_id=strategy_id,
            version=version,
            spec=printed(spec),
            sentence=sentence,
            created_at=at,
        )

    async def get(self, owner_id: int, strategy_id: int) -> Strategy:
        found = await self._select("WHERE s.id = ? AND s.owner_id = ?", [strategy_id, owner_id])
        if not found:
            raise NotFound("There is no such strategy, or it is not yours.")
        return found[0]

    async def of(
        self, owner_id: int, states: Collection[StrategyState] | None = None
    ) -> Sequence[Strategy]:
        """By number."""
        wanted = [state.value for state in (StrategyState if states is None else states)]
        if not wanted:
            return []
        return await self._select(
            f"WHERE s.owner_id = ? AND s.state IN ({marks(len(wanted))}) ORDER BY s.number",
            [owner_id, *wanted],
        )

    async def move(
        self,
        owner_id: int,
        strategy_id: int,
        to: StrategyState,
        at: datetime,
        *,
        reason: str = "",
    ) -> bool:
        """False when its present state does not lead to `to`. The reason is kept while paused;
        `activated_at` is the last activation."""
        before = [state.value for state, moves in STRATEGY_MOVES.items() if to in moves]
        if not before:
            raise ValueError(f"no strategy can become {to}")
        await self._own(owner_id, strategy_id)
        changes: dict[str, Any] = {
            "state": to.value,
            "pause_reason": reason if to is StrategyState.PAUSED else "",
        }
        mine = StrategyRow.filter(id=strategy_id, owner_id=owner_id, state__in=before)
        if to is StrategyState.ACTIVE:
            changes["activated_at"] = at
        return await mine.using_db(self.db).update(**changes) == 1

    async def revise(
        self,
        owner_id: int,
        strategy_id: int,
        version: int,
        spec: StrategySpec,
        sentence: str,
        at: datetime,
    ) -> bool:
        async with self._transactions.transaction():
            await self._own(owner_id, strategy_id)
            changed = (
                await StrategyRow.filter(id=strategy_id, owner_id=owner_id, version=version)
                .using_db(self.db)
                .update(version=version + 1, timeframe=spec.timeframe)
            )
            if changed:
                await self._add_version(strategy_id, version + 1, spec, sentence, at)
            return changed == 1

    async def spec_at(self, owner_id: int, strategy_id: int, version: int) -> StrategySpec:
        await self._own(owner_id, strategy_id)
        row = await StrategyVersionRow.get_or_none(
            strategy_id=strategy_id, version=version, using_db=self.db
        )
        if row is None:
            raise NotFound("There is no such version.")
        return parsed(row.spec)

    async def rename(self, owner_id: int, strategy_id: int, name: str) -> None:
        await self._change(owner_id, strategy_id, name=name)

    async def set_run(self, owner_id: int, strategy_id: int, run: str) -> None:
        await self._change(owner_id, strategy_id, run=RunKind(run).value)

    async def set_autonomy(self, owner_id: int, strategy_id: int, autonomy: Autonomy) -> None:
        stored = None if autonomy == MANUAL else autonomy.as_json()
        await self._change(owner_id, strategy_id, autonomy=stored)

    async def set_mode(self, owner_id: int, strategy_id: int, was: Mode, to: Mode) -> bool:
        await self._own(owner_id, strategy_id)
        mine = StrategyRow.filter(id=strategy_id, owner_id=owner_id, mode=was.value)
        return await mine.using_db(self.db).update(mode=to.value) == 1

    async def set_schedule(
        self, owner_id: int, strategy_id: int, schedule: str, *, waits_flat: bool
    ) -> None:
        await self._change(owner_id, strategy_id, schedule=schedule or None, waits_flat=waits_flat)

    async def due(self, timeframe: str) -> Sequence[Strategy]:
        """Every active strategy of this timeframe that candles set off, of all owners, by id."""
        return await self._all_active(
            "s.timeframe = ? AND s.run <> ?", [timeframe, RunKind.ON_SIGNAL.value]
        )

    async def active(self) -> Sequence[Strategy]:
        """Every active strategy, of all owners, by id."""
        return await self._all_active("1 = 1", [])

    async def _all_active(self, also: str, values: Sequence[Any]) -> list[Strategy]:
        """Page by page, so that neither the loop nor the connection is held for long."""
        found: list[Strategy] = []
        where = f"WHERE s.state = ? AND {also} AND s.id > ? ORDER BY s.id LIMIT {_PAGE}"
        last = 0
        while page := await self._select(where, [StrategyState.ACTIVE.value, *values, last]):
            found.extend(page)
            last = page[-1].id
            if len(page) < _PAGE:
                break
        return found

    async def _select(self, where: str, values: Sequence[Any]) -> list[Strategy]:
        rows = await self.fetch(_WITH_VERSION + where, values)
        return [_strategy(row) async for row in unhurried(rows)]

    async def _change(self, owner_id: int, strategy_id: int, **changes: Any) -> None:
        await self._own(owner_id, strategy_id)
        await StrategyRow.filter(id=strategy_id).using_db(self.db).update(**changes)

    async def _own(self, owner_id: int, strategy_id: int) -> None:
        mine = StrategyRow.filter(id=strategy_id, owner_id=owner_id).using_db(self.db)
        if not await mine.exists():
            raise NotFound("There is no such strategy, or it is not yours.")


def _strategy(row: Any) -> Strategy:
    activated, autonomy = row["activated_at"], row["autonomy"]
    return Strategy(
        id=row["id"],
        owner_id=row["owner_id"],
        number=row["number"],
        name=row["name"],
        version=row["version"],
        state=StrategyState(row["state"]),
        mode=Mode(row["mode"]),
        run=RunKind(row["run"]),
        spec=parsed(row["spec"]),
        sentence=row["sentence"],
        created_at=from_micros(row["created_at"]),
        activated_at=None if activated is None else from_micros(activated),
        pause_reason=row["pause_reason"],
        autonomy=Autonomy.from_json(json.loads(autonomy)) if autonomy else MANUAL,
        schedule=row["schedule"] or "",
        waits_flat=bool(row["waits_flat"]),
    )
