"""The record of each channel: rows are added, and nothing here changes or removes one."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agents.domain.record import GENESIS, Entry, canonical, follow
from storage.columns import from_micros, to_micros
from storage.models_signals import RecordRow
from storage.rows import Repository, unhurried

_COLUMNS = "SELECT channel_id, number, kind, body, previous, hash, at FROM record "
_PAGE = 2000


class Record(Repository):
    """Satisfies `agents.domain.record.Record`."""

    async def append(
        self, channel_id: int, key: str, kind: str, facts: Mapping[str, Any], at: datetime
    ) -> Entry | None:
        async with self._transactions.transaction():
            await self._alone(channel_id)
            known = "SELECT id FROM record WHERE channel_id = ? AND key = ?"
            if await self.fetch(known, [channel_id, key]):
                return None
            entry = follow(await self._last(channel_id), channel_id, kind, facts, at)
            await self.insert(
                RecordRow,
                channel_id=channel_id,
                number=entry.number,
                key=key,
                kind=entry.kind,
                body=canonical(entry.body),
                previous=entry.previous,
                hash=entry.hash,
                at=entry.at,
            )
            return entry

    async def _alone(self, channel_id: int) -> None:
        """Others that append to this channel wait until this transaction is over. SQLite has one
        writer at a time anyway; PostgreSQL has no row to lock before the first entry."""
        if self._transactions.postgres:
            lock = "SELECT pg_advisory_xact_lock(hashtextextended('record', CAST(? AS BIGINT)))"
            await self.fetch(lock, [channel_id])

    async def head(self, channel_id: int) -> str:
        last = await self._last(channel_id)
        return last.hash if last else GENESIS

    async def _last(self, channel_id: int) -> Entry | None:
        where = "WHERE channel_id = ? ORDER BY number DESC LIMIT 1"
        rows = await self.fetch(_COLUMNS + where, [channel_id])
        return _entry(rows[0]) if rows else None

    async def entries(self, channel_id: int, until: datetime | None = None) -> Sequence[Entry]:
        """Page by page, so that neither the loop nor the connection is held for long."""
        found: list[Entry] = []
        where = f"WHERE channel_id = ? AND number > ? ORDER BY number LIMIT {_PAGE}"
        limit = None if until is None else to_micros(until)
        last = 0
        while rows := await self.fetch(_COLUMNS + where, [channel_id, last]):
            async for row in unhurried(rows):
                if limit is not None and row["at"] > limit:
                    return found
                found.append(_entry(row))
            last = found[-1].number
        return found


def _entry(row: Any) -> Entry:
    return Entry(
        channel=row["channel_id"],
        number=row["number"],
        kind=row["kind"],
        at=from_micros(row["at"]),
        body=json.loads(row["body"]),
        previous=row["previous"],
        hash=row["hash"],
    )
