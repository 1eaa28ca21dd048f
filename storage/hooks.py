"""Webhooks, by the hashes of their secrets."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.expressions import F, Q
from tortoise.functions import Max

from agents.domain.errors import NotFound, TryAgain
from agents.domain.hooks import Hook
from storage.models_signals import HookRow
from storage.rows import Repository

_TRIES = 5  # two that are made at once want the same number


class Hooks(Repository):
    """Satisfies `agents.domain.hooks.Hooks`."""

    async def add(self, owner_id: int, name: str, secret_hash: str, at: datetime) -> Hook:
        for _ in range(_TRIES):
            number = await self._next(owner_id)
            made = await self.insert(
                HookRow,
                ("owner_id", "number"),
                owner_id=owner_id,
                number=number,
                name=name,
                secret_hash=secret_hash,
                created_at=at,
            )
            if made is not None:
                return Hook(owner_id, number, name, at, id=made)
        raise TryAgain

    async def _next(self, owner_id: int) -> int:
        mine = HookRow.filter(owner_id=owner_id).using_db(self.db)
        [found] = await mine.annotate(highest=Max("number")).values("highest")
        return int(found["highest"] or 0) + 1

    async def of(self, owner_id: int) -> Sequence[Hook]:
        mine = HookRow.filter(owner_id=owner_id, ended_at__isnull=True).using_db(self.db)
        return [_hook(row) for row in await mine.order_by("number")]

    async def get(self, owner_id: int, number: int) -> Hook:
        row = await HookRow.get_or_none(
            owner_id=owner_id, number=number, ended_at__isnull=True, using_db=self.db
        )
        if row is None:
            raise NotFound("There is no such webhook, or it is not yours.")
        return _hook(row)

    async def by_secret(self, secret_hash: str, at: datetime) -> Hook | None:
        mine = Q(secret_hash=secret_hash) | Q(earlier_hash=secret_hash, earlier_until__gt=at)
        found = HookRow.filter(mine, ended_at__isnull=True).using_db(self.db)
        row = await found.first()
        return _hook(row) if row else None

    async def rotate(
        self, owner_id: int, number: int, secret_hash: str, earlier_until: datetime
    ) -> bool:
        mine = HookRow.filter(owner_id=owner_id, number=number, ended_at__isnull=True)
        changed = await mine.using_db(self.db).update(
            earlier_hash=F("secret_hash"), secret_hash=secret_hash, earlier_until=earlier_until
        )
        return changed == 1

    async def end(self, owner_id: int, number: int, at: datetime) -> bool:
        mine = HookRow.filter(owner_id=owner_id, number=number, ended_at__isnull=True)
        return await mine.using_db(self.db).update(ended_at=at) == 1

    async def used(self, hook_id: int, at: datetime) -> None:
        await HookRow.filter(id=hook_id).using_db(self.db).update(used_at=at)


def _hook(row: HookRow) -> Hook:
    return Hook(
        owner_id=row.owner_id,
        number=row.number,
        name=row.name,
        created_at=row.created_at,
        earlier_until=row.earlier_until,
        used_at=row.used_at,
        id=row.id,
    )
