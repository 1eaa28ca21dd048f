"""The port `Hooks` in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agents.domain.errors import NotFound
from agents.domain.hooks import Hook
from tests.support.memory_core import Repository, statement


@dataclass(frozen=True)
class Row:
    hook: Hook
    secret: str
    earlier: str = ""
    ended: bool = False


class MemoryHooks(Repository):
    @property
    def _live(self) -> list[Row]:
        return [row for row in self.table("hooks") if not row.ended]

    def _mine(self, owner_id: int, number: int) -> Row | None:
        theirs = [row for row in self._live if row.hook.owner_id == owner_id]
        return next((row for row in theirs if row.hook.number == number), None)

    def _put(self, row: Row) -> None:
        self.table("hooks").put(row.hook.id, row)

    @statement
    def add(self, owner_id: int, name: str, secret_hash: str, at: datetime) -> Hook:
        theirs = [row.hook.number for row in self.table("hooks") if row.hook.owner_id == owner_id]
        number = max(theirs, default=0) + 1
        hook = Hook(owner_id, number, name, at, id=self.table("hooks").next_id())
        self._put(Row(hook, secret_hash))
        return hook

    @statement
    def of(self, owner_id: int) -> Sequence[Hook]:
        return [row.hook for row in self._live if row.hook.owner_id == owner_id]

    @statement
    def get(self, owner_id: int, number: int) -> Hook:
        row = self._mine(owner_id, number)
        if row is None:
            raise NotFound("There is no such webhook, or it is not yours.")
        return row.hook

    @statement
    def by_secret(self, secret_hash: str, at: datetime) -> Hook | None:
        for row in self._live:
            until = row.hook.earlier_until
            earlier = row.earlier == secret_hash and until is not None and until > at
            if row.secret == secret_hash or earlier:
                return row.hook
        return None

    @statement
    def rotate(self, owner_id: int, number: int, secret_hash: str, earlier_until: datetime) -> bool:
        row = self._mine(owner_id, number)
        if row is not None:
            hook = replace(row.hook, earlier_until=earlier_until)
            self._put(Row(hook, secret_hash, earlier=row.secret))
        return row is not None

    @statement
    def end(self, owner_id: int, number: int, at: datetime) -> bool:
        row = self._mine(owner_id, number)
        if row is not None:
            self._put(replace(row, ended=True))
        return row is not None

    @statement
    def used(self, hook_id: int, at: datetime) -> None:
        row = self.table("hooks").rows.get(hook_id)
        if row is not None:
            self._put(replace(row, hook=replace(row.hook, used_at=at)))
