"""Links between accounts, in memory."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from agents.domain.desks import Role
from agents.domain.user import Identity
from tests.support.memory_core import Repository, statement

_OWNING = ("owner_id", "user_id", "publisher_id", "added_by", "resolved_by", "created_by")


class MemoryLinks(Repository):
    @statement
    def offer(self, code: str, user_id: int, at: datetime) -> None:
        self.table("link_codes").put(code, (user_id, at, None))

    @statement
    def holder(self, code: str, since: datetime) -> int | None:
        user_id, at, used_by = self.table("link_codes").rows.get(code, (None, since, None))
        return user_id if used_by is None and at >= since else None

    @statement
    def use(self, code: str, identity: Identity, at: datetime) -> bool:
        user_id, made_at, used_by = self.table("link_codes").rows.get(code, (None, at, "nobody"))
        if used_by is not None:
            return False
        self.table("link_codes").put(code, (user_id, made_at, str(identity)))
        return True

    @statement
    def identities(self, user_id: int) -> Sequence[Identity]:
        return [who for who, number in self.table("identities").rows.items() if number == user_id]

    @statement
    def add(self, user_id: int, identity: Identity) -> bool:
        if identity in self.table("identities").rows:
            return False
        self.table("identities").put(identity, user_id)
        return True

    @statement
    def remove(self, user_id: int, identity: Identity) -> None:
        if self.table("identities").rows.get(identity) == user_id:
            self.table("identities").drop(identity)

    @statement
    def hold(self, joining: int, keeping: int) -> None:
        """A transaction has the whole database to itself."""

    @statement
    def merge(self, joining: int, keeping: int) -> None:
        connections = self.table("connections")
        if {joining, keeping} <= connections.rows.keys():
            raise ValueError("both have a connected account")
        if joining in connections.rows:
            connections.put(keeping, connections.rows[joining])
            connections.drop(joining)
        self._one_finding(joining, keeping)
        identities, places = self.table("identities"), self.table("places")
        for who in [who for who, number in identities.rows.items() if number == joining]:
            identities.put(who, keeping)
        known = places.rows.get(keeping, ())
        more = [place for place in places.rows.get(joining, ()) if place not in known]
        places.put(keeping, (*known, *more))
        last = max((row.number for row in self._of("strategies", keeping)), default=0)
        for row in self._of("strategies", joining):
            self.table("strategies").put(row.id, replace(row, number=row.number + last))
        self._one_seat(joining, keeping)
        self._one_vote(joining, keeping)
        self._number_hooks_on(joining, keeping)
        for name in self.session.database.names():
            self._hand_over(name, joining, keeping)
        self.table("users").drop(joining)

    def _one_seat(self, joining: int, keeping: int) -> None:
        """The better one of two at the same desk."""
        seats, rank = self.table("desk_members"), list(Role)
        for gone in [row for row in seats if row.user_id == joining]:
            mine = [r for r in seats if (r.desk_id, r.user_id) == (gone.desk_id, keeping)]
            for kept in mine:
                seats.drop(gone.id)
                better = kept.left_at or rank.index(gone.role) < rank.index(kept.role)
                if gone.left_at is None and better:
                    seats.put(kept.id, replace(gone, id=kept.id, user_id=keeping))

    def _one_vote(self, joining: int, keeping: int) -> None:
        votes = self.table("votes")
        mine = {(row.proposal_id, row.version) for row in votes if row.user_id == keeping}
        for row in [row for row in votes if row.user_id == joining]:
            if (row.proposal_id, row.version) in mine:
                votes.drop(row.id)

    def _one_finding(self, joining: int, keeping: int) -> None:
        known = {row.key for row in self._of("findings", keeping)}
        for row in self._of("findings", joining):
            if row.key in known:
                self.table("findings").drop(row.id)

    def _number_hooks_on(self, joining: int, keeping: int) -> None:
        """What came through a hook is known by the hook's number."""
        hooks = [row.hook for row in self.table("hooks") if row.hook.owner_id == keeping]
        last = max((hook.number for hook in hooks), default=0)
        for row in self._of("heard", joining):
            kind, _, number = row.source.partition(":")
            if kind == "hook":
                source = f"hook:{int(number) + last}"
                self.table("heard").put(row.id, replace(row, source=source))

    def _of(self, table: str, owner_id: int) -> list[Any]:
        return [row for row in self.table(table) if row.owner_id == owner_id]

    def _hand_over(self, name: str, joining: int, keeping: int) -> None:
        table = self.table(name)
        for key, row in list(table.rows.items()):
            if isinstance(row, dict) and row.get("owner_id") == joining:
                table.put(key, {**row, "owner_id": keeping})
            elif hasattr(row, "__dataclass_fields__"):
                owned = [f.name for f in fields(row) if f.name in _OWNING]
                changes = {f: keeping for f in owned if getattr(row, f) == joining}
                if changes:
                    table.put(key, replace(row, **changes))
