"""Small JSON values by name."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from storage.models import NoteRow
from storage.rows import Repository
from storage.transactions import Transactions


class Notes(Repository):
    """Satisfies `agents.domain.notebook.Notes`."""

    def __init__(self, transactions: Transactions, wall: Callable[[], datetime]) -> None:
        super().__init__(transactions)
        self._wall = wall

    async def read(self, name: str) -> Any:
        """None when there is no such note."""
        row = await NoteRow.get_or_none(name=name, using_db=self.db)
        return row.value if row else None

    async def write(self, name: str, value: Any) -> None:
        await self.upsert(NoteRow, ("name",), name=name, value=value, written_at=self._wall())

    async def erase(self, name: str) -> None:
        await NoteRow.filter(name=name).using_db(self.db).delete()
