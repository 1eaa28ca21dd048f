"""Decisions, in bulk, and the snapshots that they were made from."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from agents.domain.decision import Action, Decision, Snapshot
from agents.domain.errors import NotFound
from storage.columns import clean, from_micros, to_document, to_micros
from storage.models import DecisionRow, SnapshotRow
from storage.rows import Repository, marks, sliced, unhurried

_COLUMNS = (
    "strategy_id",
    "owner_id",
    "version",
    "symbol",
    "timeframe",
    "closed",
    "action",
    "reason",
    "decided_at",
    "model_call_id",
)
_DECISIONS_AT_ONCE = 500  # 5,000 values a statement; each slice is its own short transaction
_SNAPSHOTS_AT_ONCE = 200
_IDS_AT_ONCE = 1000

# For each strategy the symbols it was decided on, one probe of the index for each, instead of a
# walk over every decision ever made.
_LAST_CLOSED = """
WITH RECURSIVE seen(strategy_id, symbol) AS (
    SELECT s.id, (SELECT MIN(d.symbol) FROM decisions d WHERE d.strategy_id = s.id)
    FROM strategies s WHERE s.id IN ({ids})
    UNION ALL
    SELECT seen.strategy_id, (
        SELECT MIN(d.symbol) FROM decisions d
        WHERE d.strategy_id = seen.strategy_id AND d.symbol > seen.symbol)
    FROM seen WHERE seen.symbol IS NOT NULL
)
SELECT strategy_id, symbol, (
    SELECT MAX(d.closed) FROM decisions d
    WHERE d.strategy_id = seen.strategy_id AND d.symbol = seen.symbol) AS closed
FROM seen WHERE symbol IS NOT NULL
"""


_Key = tuple[int, str, int]  # strategy, symbol, close in microseconds


class Decisions(Repository):
    """Satisfies `agents.domain.ports.Decisions`."""

    async def store(
        self, snapshots: Sequence[Snapshot], decisions: Sequence[Decision]
    ) -> Sequence[Decision]:
        """Outside a transaction each slice commits for itself, so that others get their turn;
        snapshots come first, so that no decision is without its inputs."""
        for part in sliced(snapshots, _SNAPSHOTS_AT_ONCE):
            await self._store_snapshots(part)
        keyed = [(_key(decision), decision) async for decision in unhurried(decisions)]
        numbers: dict[_Key, int] = {}
        # In one order, so that two processes never wait for each other's rows.
        for batch in sliced(sorted(keyed, key=itemgetter(0)), _DECISIONS_AT_ONCE):
            numbers.update(await self._store_decisions([decision for _, decision in batch]))
        return [
            _numbered(decision, numbers.pop(key))
            async for key, decision in unhurried(keyed)
            if key in numbers
        ]

    async def _store_decisions(self, decisions: Sequence[Decision]) -> dict[_Key, int]:
        """Ids of the new ones by key."""
        values: list[Any] = []
        for decision in decisions:
            values.extend(_values(decision))
        rows = await self.fetch(
            _many("decisions", _COLUMNS, ("strategy_id", "symbol", "closed"), len(decisions)),
            values,
        )
        return {(row["strategy_id"], row["symbol"], row["closed"]): row["id"] for row in rows}

    async def _store_snapshots(self, snapshots: Sequence[Snapshot]) -> None:
        """New ones are written; values of known ones are merged into what is there."""
        by_key = _merged(snapshots)
        values: list[Any] = []
        for (symbol, timeframe, closed), points in by_key.items():
            values.extend((symbol, timeframe, closed, to_document(points)))
        async with self._transactions.transaction():
            rows = await self.fetch(
                _many(
                    "snapshots",
                    ("symbol", "timeframe", "closed", "points"),
                    ("symbol", "timeframe", "closed"),
                    len(by_key),
                ),
                values,
            )
            new = {(row["symbol"], row["timeframe"], row["closed"]) for row in rows}
            for key in sorted(by_key.keys() - new):
                await self._merge(key, by_key[key])

    async def _merge(self, key: tuple[str, str, int], points: Mapping[str, float | None]) -> None:
        symbol, timeframe, closed = key
        row = await (
            SnapshotRow.filter(symbol=symbol, timeframe=timeframe, closed=from_micros(closed))
            .using_db(self.db)
            .select_for_update()
            .get()
        )
        merged = {**row.points, **points}
        if merged != row.points:
            await SnapshotRow.filter(id=row.id).using_db(self.db).update(points=merged)

    async def decided(
        self, strategy_ids: Collection[int], symbol: str, closed: datetime
    ) -> Collection[int]:
        found: set[int] = set()
        for part in sliced(list(strategy_ids), _IDS_AT_ONCE):
            rows = await self.fetch(
                "SELECT strategy_id FROM decisions WHERE symbol = ? AND closed = ? "  # noqa: S608
                f"AND strategy_id IN ({marks(len(part))})",
                [symbol, to_micros(closed), *part],
            )
            found.update(row["strategy_id"] for row in rows)
        return found

    async def last_closed(
        self, strategy_ids: Collection[int]
    ) -> Mapping[tuple[int, str], datetime]:
        newest: dict[tuple[int, str], datetime] = {}
        for part in sliced(list(strategy_ids), _IDS_AT_ONCE):
            rows = await self.fetch(_LAST_CLOSED.format(ids=marks(len(part))), part)
            newest.update(
                {(row["strategy_id"], row["symbol"]): from_micros(row["closed"]) for row in rows}
            )
        return newest

    async def get(self, owner_id: int, decision_id: int) -> Decision:
        row = await DecisionRow.get_or_none(id=decision_id, owner_id=owner_id, using_db=self.db)
        if row is None:
            raise NotFound("There is no such decision, or it is not yours.")
        return _decision(row)

    async def recent(
        self, owner_id: int, strategy_id: int, limit: int, *, not_hold: bool = False
    ) -> Sequence[Decision]:
        query = DecisionRow.filter(owner_id=owner_id, strategy_id=strategy_id)
        if not_hold:
            query = query.exclude(action=Action.HOLD.value)
        rows = await query.using_db(self.db).order_by("-closed", "-id").limit(limit)
        return [_decision(row) for row in rows]

    async def snapshot(self, symbol: str, timeframe: str, closed: datetime) -> Snapshot | None:
        row = await SnapshotRow.get_or_none(
            symbol=symbol, timeframe=timeframe, closed=closed, using_db=self.db
        )
        return Snapshot(symbol, timeframe, closed, row.points) if row else None


def _many(table: str, columns: tuple[str, ...], unique: tuple[str, ...], number: int) -> str:
    """An insertion of `number` rows that leaves known ones alone and tells the new ones."""
    row = f"({marks(len(columns))})"
    keys = ", ".join(unique)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * number)} "  # noqa: S608
        f"ON CONFLICT ({keys}) DO NOTHING RETURNING id, {keys}"
    )


def _key(decision: Decision) -> _Key:
    return decision.strategy_id, decision.symbol, to_micros(decision.closed)


def _values(decision: Decision) -> tuple[Any, ...]:
    return (
        decision.strategy_id,
        decision.owner_id,
        decision.version,
        decision.symbol,
        decision.timeframe,
        to_micros(decision.closed),
        decision.action.value,
        clean(decision.reason),
        to_micros(decision.decided_at),
        decision.model_call_id,
    )


def _numbered(decision: Decision, number: int) -> Decision:
    """`dataclasses.replace`, ten times as fast."""
    return Decision(
        decision.strategy_id,
        decision.owner_id,
        decision.version,
        decision.symbol,
        decision.timeframe,
        decision.closed,
        decision.action,
        decision.reason,
        decision.decided_at,
        decision.model_call_id,
        number,
    )


def _merged(
    snapshots: Sequence[Snapshot],
) -> dict[tuple[str, str, int], dict[str, float | None]]:
    """By key, in a fixed order, so that two processes never wait for each other's rows."""
    by_key: dict[tuple[str, str, int], dict[str, float | None]] = {}
    for snapshot in snapshots:
        key = (snapshot.symbol, snapshot.timeframe, to_micros(snapshot.closed))
        by_key.setdefault(key, {}).update(snapshot.values)
    return dict(sorted(by_key.items()))


def _decision(row: DecisionRow) -> Decision:
    return Decision(
        strategy_id=row.strategy_id,
        owner_id=row.owner_id,
        version=row.version,
        symbol=row.symbol,
        timeframe=row.timeframe,
        closed=row.closed,
        action=Action(row.action),
        reason=row.reason,
        decided_at=row.decided_at,
        model_call_id=row.model_call_id,
        id=row.id,
    )
