"""Group desks: who may do what, how many must agree, and what the votes come to."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from agents.domain.errors import AskUser
from agents.domain.user import Identity, Place, User

MOST_VOTES = 50


class Right(StrEnum):
    """What one may do at a desk: LOOK at its accounts and trades, VOTE on its proposals, TRADE
    (draft, start, pause, close), LEAD (roles, the rule, settings, its end)."""

    LOOK = "look"
    VOTE = "vote"
    TRADE = "trade"
    LEAD = "lead"


class Role(StrEnum):
    """What somebody is at a desk."""

    OWNER = "owner"
    TRADER = "trader"
    APPROVER = "approver"
    VIEWER = "viewer"

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self]


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.TRADER: frozenset({Right.LOOK, Right.VOTE, Right.TRADE}),
    Role.APPROVER: frozenset({Right.LOOK, Right.VOTE}),
    Role.VIEWER: frozenset({Right.LOOK}),
}


class Ballot(StrEnum):
    APPROVE = "approve"
    VETO = "veto"


_SAID = re.compile(
    r"(?:any\s+)?(?P<approvals>\d{1,3}|one|two|three|four|five|all)"
    r"(?:\s*(?:of|/)\s*(?P<of>\d{1,3}))?(?:\s+(?:must\s+)?(?:approves?|approvals?|votes?))?"
    r"(?:\s*(?:[,;]|and)?\s*(?:any\s+)?(?P<vetoes>\d{1,3}|one|two|three|four|five)"
    r"\s+veto(?:e?s)?)?",
    re.IGNORECASE,
)
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_HOW = "Write it like 2 of 4, or 2 of 4 approve, any 1 veto."


@dataclass(frozen=True, slots=True)
class Rule:
    """How many votes approve a proposal, and how many end it."""

    approvals: int = 1
    vetoes: int = 1

    def __post_init__(self) -> None:
        if not (1 <= self.approvals <= MOST_VOTES and 1 <= self.vetoes <= MOST_VOTES):
            raise ValueError(f"a rule counts from 1 to {MOST_VOTES}")

    @classmethod
    def parse(cls, said: str, voters: int) -> "Rule":
        """`2 of 4`, `2 of 4 approve, any 1 veto`, `any 2`; without vetoes any one ends it.

        `voters` is how many may vote now. Raises AskUser with what was wrong.
        """
        found = _SAID.fullmatch(" ".join(said.split()).strip(" ."))
        if found is None:
            raise AskUser(f"I can't read that rule. {_HOW}")
        approvals = voters if found["approvals"].lower() == "all" else _number(found["approvals"])
        vetoes, of = _number(found["vetoes"] or "1"), int(found["of"] or MOST_VOTES)
        if not (approvals and vetoes):
            raise AskUser(f"At least one vote has to count. {_HOW}")
        if max(approvals, vetoes) > of:
            raise AskUser(f"{max(approvals, vetoes)} of {of} can never be reached. {_HOW}")
        if of > MOST_VOTES or max(approvals, vetoes) > MOST_VOTES:
            raise AskUser(f"A desk counts up to {MOST_VOTES} votes. {_HOW}")
        return cls(approvals, vetoes)

    def words(self, voters: int) -> str:
        """`2 of 3 approve, any 1 veto`, as `voters` may vote now."""
        vetoes = "veto" if self.vetoes == 1 else "vetoes"
        return f"{self.approvals} of {voters} approve, any {self.vetoes} {vetoes}"


def _number(said: str) -> int:
    return _NUMBERS.get(said.lower()) or int(said)


@dataclass(frozen=True, slots=True)
class GroupDesk:
    """A group that trades together. `account_id` is the user who owns what it trades; `place` is
    where it was opened, and its account's places are where it is told."""

    id: int
    account_id: int
    place: Place
    title: str
    rule: Rule
    created_by: int
    created_at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a role who has not left."""

    desk_id: int
    user_id: int
    role: Role
    since: datetime


@dataclass(frozen=True, slots=True)
class Vote:
    """The last word of one person on one version of a proposal. `at` is human time."""

    proposal_id: int
    version: int
    user_id: int
    ballot: Ballot
    at: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """What the votes come to: user ids in the order of their votes, and the outcome if there is
    one. Votes of those who may not vote (any more) are left out."""

    approving: tuple[int, ...]
    vetoing: tuple[int, ...]
    rule: Rule

    @property
    def outcome(self) -> Ballot | None:
        """A veto goes before an approval."""
        if len(self.vetoing) >= self.rule.vetoes:
            return Ballot.VETO
        return Ballot.APPROVE if len(self.approving) >= self.rule.approvals else None

    @property
    def approvals_missing(self) -> int:
        return max(0, self.rule.approvals - len(self.approving))

    @property
    def vetoes_missing(self) -> int:
        return max(0, self.rule.vetoes - len(self.vetoing))


def voters(members: Collection[Member]) -> list[Member]:
    return [member for member in members if member.role.may(Right.VOTE)]


def tally(votes: Sequence[Vote], members: Collection[Member], rule: Rule) -> Tally:
    """Counts the last vote of each present member who may vote, of one version."""
    allowed = {member.user_id for member in voters(members)}
    last = {vote.user_id: vote for vote in sorted(votes, key=lambda vote: vote.at)}
    counted = [vote for vote in votes if vote.user_id in allowed and last[vote.user_id] is vote]
    return Tally(
        tuple(vote.user_id for vote in counted if vote.ballot is Ballot.APPROVE),
        tuple(vote.user_id for vote in counted if vote.ballot is Ballot.VETO),
        rule,
    )


class Desks(Protocol):
    """Group desks with their members and votes. A desk that was closed is not found any more."""

    async def open(
        self, place: Place, title: str, owner_id: int, rule: Rule, at: datetime
    ) -> GroupDesk | None:
        """With an account of its own that is told at `place`, and its first member, the owner.
        None when the place has a desk."""

    async def at(self, place: Place) -> GroupDesk | None:
        """The desk one of whose places this is."""

    async def of_account(self, account_id: int) -> GroupDesk | None: ...
    async def members(self, desk_id: int) -> Sequence[Member]:
        """Those who have not left, in the order in which they came."""

    async def seat(self, desk_id: int, user_id: int, role: Role, at: datetime) -> None:
        """Give a role, to a new member or instead of the present one."""

    async def leave(self, desk_id: int, user_id: int, at: datetime) -> bool:
        """False for who was no member."""

    async def let_in(self, identity: Identity, name: str, at: datetime) -> User:
        """The user of `identity`, made when new, without a place of delivery."""

    async def set_rule(self, desk_id: int, rule: Rule) -> None: ...
    async def close(self, desk_id: int, at: datetime) -> bool:
        """Its account is told nowhere any more. False when it was closed already."""

    async def cast(self, vote: Vote) -> None:
        """Store a vote; it replaces an earlier one of the same person on the same version."""

    async def votes(self, proposal_id: int, version: int) -> Sequence[Vote]:
        """The last vote of each person, oldest first."""
