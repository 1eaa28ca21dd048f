"""What users set by name, one row for each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from storage.models_groups import PreferenceRow
from storage.rows import Repository


class Preferences(Repository):
    """Satisfies `agents.domain.notebook.Preferences`."""

    async def read(self, user_id: int, name: str) -> Any:
        row = await PreferenceRow.get_or_none(user_id=user_id, name=name, using_db=self.db)
        return row.value if row else None

    async def write(self, user_id: int, name: str, value: Any, at: datetime) -> None:
        await self.upsert(
            PreferenceRow, ("user_id", "name"), user_id=user_id, name=name, value=value, at=at
        )

    async def everyone(self, name: str) -> Sequence[tuple[int, Any]]:
        rows = await PreferenceRow.filter(name=name).using_db(self.db).order_by("user_id")
        return [(row.user_id, row.value) for row in rows if row.value is not None]
