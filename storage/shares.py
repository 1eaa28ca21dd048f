"""Shared strategies, by their codes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tortoise.expressions import F

from agents.domain.sharing import Share
from storage.models_groups import ShareRow
from storage.rows import Repository
from storage.specs import parsed, printed


class Shares(Repository):
    """Satisfies `agents.domain.sharing.Shares`."""

    async def add(self, share: Share) -> bool:
        made = await self.insert(
            ShareRow,
            ("code",),
            code=share.code,
            owner_id=share.owner_id,
            strategy_id=share.strategy_id,
            version=share.version,
            name=share.name,
            spec=printed(share.spec),
            shared_by=share.by,
            created_at=share.created_at,
            opened=share.opened,
        )
        return made is not None

    async def of_strategy(self, owner_id: int, strategy_id: int) -> Sequence[Share]:
        return await self._found(owner_id=owner_id, strategy_id=strategy_id)

    async def of(self, owner_id: int) -> Sequence[Share]:
        return await self._found(owner_id=owner_id)

    async def end(self, owner_id: int, strategy_id: int, at: datetime) -> int:
        theirs = ShareRow.filter(owner_id=owner_id, strategy_id=strategy_id, ended_at__isnull=True)
        return await theirs.using_db(self.db).update(ended_at=at)

    async def peek(self, code: str) -> Share | None:
        return next(iter(await self._found(code=code)), None)

    async def count(self, code: str) -> bool:
        live = ShareRow.filter(code=code, ended_at__isnull=True).using_db(self.db)
        return await live.update(opened=F("opened") + 1) == 1

    async def _found(self, **which: Any) -> list[Share]:
        live = ShareRow.filter(**which, ended_at__isnull=True).using_db(self.db)
        return [_share(row) for row in await live.order_by("id")]


def _share(row: ShareRow) -> Share:
    return Share(
        code=row.code,
        owner_id=row.owner_id,
        strategy_id=row.strategy_id,
        version=row.version,
        name=row.name,
        spec=parsed(row.spec),
        created_at=row.created_at,
        by=row.shared_by,
        opened=row.opened,
    )
