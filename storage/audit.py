"""Who did what, and when: rows are added and never changed."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from storage.models import AuditRow
from storage.rows import Repository
from storage.transactions import Transactions


class Audit(Repository):
    """Satisfies `agents.domain.notebook.Audit`."""

    def __init__(self, transactions: Transactions, wall: Callable[[], datetime]) -> None:
        super().__init__(transactions)
        self._wall = wall

    async def record(self, owner_id: int, actor: str, what: str, facts: Mapping[str, Any]) -> None:
        await self.insert(
            AuditRow, owner_id=owner_id, actor=actor, what=what, facts=dict(facts), at=self._wall()
        )

    async def recent(self, owner_id: int, limit: int) -> Sequence[Mapping[str, Any]]:
        """Newest first, each with `actor`, `what`, `facts` and `at`."""
        rows = (
            await AuditRow.filter(owner_id=owner_id).using_db(self.db).order_by("-id").limit(limit)
        )
        return [
            {"actor": row.actor, "what": row.what, "facts": row.facts, "at": row.at} for row in rows
        ]
