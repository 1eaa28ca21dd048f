"""What single users were granted."""

from collections.abc import Sequence
from datetime import datetime

from agents.domain.grants import Feature, Grant
from storage.models_groups import GrantRow
from storage.rows import Repository


class Grants(Repository):
    """Satisfies `agents.domain.grants.Grants`."""

    async def grant(self, user_id: int, feature: Feature, by: int, at: datetime) -> bool:
        key = ("user_id", "feature")
        made = await self.insert(
            GrantRow, key, user_id=user_id, feature=Feature(feature), granted_by=by, at=at
        )
        return made is not None

    async def revoke(self, user_id: int, feature: Feature) -> bool:
        theirs = GrantRow.filter(user_id=user_id, feature=Feature(feature).value)
        return await theirs.using_db(self.db).delete() == 1

    async def has(self, user_id: int, feature: Feature) -> bool:
        theirs = GrantRow.filter(user_id=user_id, feature=Feature(feature).value)
        return await theirs.using_db(self.db).exists()

    async def all(self) -> Sequence[Grant]:
        rows = await GrantRow.all(using_db=self.db).order_by("user_id", "feature")
        return [Grant(row.user_id, Feature(row.feature), row.granted_by, row.at) for row in rows]
