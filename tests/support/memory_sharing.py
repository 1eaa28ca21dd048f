"""The ports `Shares` and `Grants` in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from agents.domain.grants import Feature, Grant
from agents.domain.sharing import Share
from tests.support.memory_core import Repository, statement


class MemoryShares(Repository):
    @statement
    def add(self, share: Share) -> bool:
        if share.code in self.table("shares").rows:
            return False
        self.table("shares").put(share.code, (share, True))
        return True

    def _live(self) -> list[Share]:
        return [share for share, live in self.table("shares") if live]

    @statement
    def of_strategy(self, owner_id: int, strategy_id: int) -> Sequence[Share]:
        mine = [share for share in self._live() if share.owner_id == owner_id]
        return [share for share in mine if share.strategy_id == strategy_id]

    @statement
    def of(self, owner_id: int) -> Sequence[Share]:
        return [share for share in self._live() if share.owner_id == owner_id]

    @statement
    def end(self, owner_id: int, strategy_id: int, at: datetime) -> int:
        mine = [share for share in self._live() if share.owner_id == owner_id]
        mine = [share for share in mine if share.strategy_id == strategy_id]
        for share in mine:
            self.table("shares").put(share.code, (share, False))
        return len(mine)

    @statement
    def peek(self, code: str) -> Share | None:
        return next((share for share in self._live() if share.code == code), None)

    @statement
    def count(self, code: str) -> bool:
        share, live = self.table("shares").rows.get(code, (None, False))
        if share is None or not live:
            return False
        self.table("shares").put(code, (replace(share, opened=share.opened + 1), True))
        return True


class MemoryGrants(Repository):
    @statement
    def grant(self, user_id: int, feature: Feature, by: int, at: datetime) -> bool:
        if (user_id, feature) in self.table("grants").rows:
            return False
        self.table("grants").put((user_id, feature), Grant(user_id, feature, by, at))
        return True

    @statement
    def revoke(self, user_id: int, feature: Feature) -> bool:
        if (user_id, feature) not in self.table("grants").rows:
            return False
        self.table("grants").drop((user_id, feature))
        return True

    @statement
    def has(self, user_id: int, feature: Feature) -> bool:
        return (user_id, feature) in self.table("grants").rows

    @statement
    def all(self) -> Sequence[Grant]:
        return sorted(self.table("grants"), key=lambda grant: (grant.user_id, grant.feature))
