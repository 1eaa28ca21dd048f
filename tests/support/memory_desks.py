"""Group desks, their members and votes, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agents.domain.desks import Ballot, GroupDesk, Member, Role, Rule, Vote
from agents.domain.user import Identity, Place, User
from tests.support.memory_core import Repository, Table, statement


@dataclass(frozen=True)
class Seat:
    desk_id: int
    user_id: int
    role: Role
    since: datetime
    left_at: datetime | None = None
    id: int = 0


@dataclass(frozen=True)
class Cast:
    proposal_id: int
    version: int
    user_id: int
    ballot: Ballot
    at: datetime
    id: int = 0


class MemoryDesks(Repository):
    @property
    def _desks(self) -> Table[int, GroupDesk]:
        return self.table("desks")

    @property
    def _seats(self) -> Table[int, Seat]:
        return self.table("desk_members")

    @property
    def _votes(self) -> Table[int, Cast]:
        return self.table("votes")

    @statement
    def open(
        self, place: Place, title: str, owner_id: int, rule: Rule, at: datetime
    ) -> GroupDesk | None:
        if self._at(place) is not None:
            return None
        account = self._user(title, at)
        self.table("places").put(account.id, (place,))
        number = self._desks.next_id()
        made = GroupDesk(number, account.id, place, title, rule, owner_id, at)
        self._desks.put(number, made)
        self._seat(number, owner_id, Role.OWNER, at)
        return made

    def _user(self, name: str, at: datetime) -> User:
        users = self.table("users")
        number = users.next_id()
        return users.put(number, User(number, name, "UTC", False, at))

    @statement
    def at(self, place: Place) -> GroupDesk | None:
        return self._at(place)

    def _at(self, place: Place) -> GroupDesk | None:
        told = self.table("places").rows
        for one in self._desks:
            if one.closed_at is None and place in (one.place, *told.get(one.account_id, ())):
                return one
        return None

    @statement
    def of_account(self, account_id: int) -> GroupDesk | None:
        mine = [one for one in self._desks if one.account_id == account_id]
        return next((one for one in mine if one.closed_at is None), None)

    @statement
    def members(self, desk_id: int) -> Sequence[Member]:
        found = [row for row in self._seats if row.desk_id == desk_id and row.left_at is None]
        return [
            Member(row.desk_id, row.user_id, row.role, row.since)
            for row in sorted(found, key=lambda row: (row.since, row.id))
        ]

    @statement
    def seat(self, desk_id: int, user_id: int, role: Role, at: datetime) -> None:
        self._seat(desk_id, user_id, role, at)

    def _seat(self, desk_id: int, user_id: int, role: Role, at: datetime) -> None:
        known = self._known(desk_id, user_id)
        if known is None:
            number = self._seats.next_id()
            self._seats.put(number, Seat(desk_id, user_id, role, at, None, number))
        elif known.left_at is None:
            self._seats.put(known.id, replace(known, role=role))
        else:
            self._seats.put(known.id, replace(known, role=role, since=at, left_at=None))

    def _known(self, desk_id: int, user_id: int) -> Seat | None:
        rows = (row for row in self._seats if (row.desk_id, row.user_id) == (desk_id, user_id))
        return next(rows, None)

    @statement
    def leave(self, desk_id: int, user_id: int, at: datetime) -> bool:
        known = self._known(desk_id, user_id)
        if known is None or known.left_at is not None:
            return False
        self._seats.put(known.id, replace(known, left_at=at))
        return True

    @statement
    def let_in(self, identity: Identity, name: str, at: datetime) -> User:
        identities = self.table("identities")
        number = identities.rows.get(identity)
        if number is None:
            number = identities.put(identity, self._user(name, at).id)
        return self.table("users").rows[number]

    @statement
    def set_rule(self, desk_id: int, rule: Rule) -> None:
        self._desks.put(desk_id, replace(self._desks.rows[desk_id], rule=rule))

    @statement
    def close(self, desk_id: int, at: datetime) -> bool:
        present = self._desks.rows[desk_id]
        if present.closed_at is not None:
            return False
        self._desks.put(desk_id, replace(present, closed_at=at))
        self.table("places").put(present.account_id, ())
        return True

    @statement
    def cast(self, vote: Vote) -> None:
        key = (vote.proposal_id, vote.version, vote.user_id)
        known = next(
            (row for row in self._votes if (row.proposal_id, row.version, row.user_id) == key), None
        )
        number = known.id if known else self._votes.next_id()
        self._votes.put(number, Cast(*key, vote.ballot, vote.at, number))

    @statement
    def votes(self, proposal_id: int, version: int) -> Sequence[Vote]:
        found = [row for row in self._votes if row.proposal_id == proposal_id]
        return [
            Vote(row.proposal_id, row.version, row.user_id, row.ballot, row.at)
            for row in sorted(found, key=lambda row: (row.at, row.id))
            if row.version == version
        ]
