"""The port `Record` in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

from agents.domain.record import GENESIS, Entry, follow
from tests.support.memory_core import Repository, statement


class MemoryRecord(Repository):
    def _of(self, channel_id: int) -> list[Entry]:
        return [entry for entry in self.table("record") if entry.channel == channel_id]

    @statement
    def append(
        self, channel_id: int, key: str, kind: str, facts: Mapping[str, Any], at: datetime
    ) -> Entry | None:
        rows = self.table("record")
        if (channel_id, key) in rows.rows:
            return None
        last = next(reversed(self._of(channel_id)), None)
        return rows.put((channel_id, key), follow(last, channel_id, kind, facts, at))

    @statement
    def head(self, channel_id: int) -> str:
        last = next(reversed(self._of(channel_id)), None)
        return last.hash if last else GENESIS

    @statement
    def entries(self, channel_id: int, until: datetime | None = None) -> Sequence[Entry]:
        return list(takewhile(lambda e: until is None or e.at <= until, self._of(channel_id)))
