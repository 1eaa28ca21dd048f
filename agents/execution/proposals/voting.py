"""Votes at a group desk: each stored and counted in one transaction that holds the proposal.

Of two votes at once one waits for the other's end, so that both are never counted as the first.
An account that is no desk's has nobody to vote: its one tap decides.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from agents.domain.desks import Ballot, GroupDesk, Right, Tally, Vote, tally
from agents.domain.ports import Clock, Memory
from agents.domain.proposal import Proposal
from agents.execution.checkpoints import Checkpoint
from agents.execution.telling import card_changed

Decide = Callable[[], Awaitable[Proposal | None]]
"""Gives the proposal the outcome that was voted for; None when another was faster."""


class Uncounted(StrEnum):
    LATE = "late"  # the proposal is no longer what was voted on; nothing was stored
    NO_RIGHT = "no right"  # no member, or one who may not vote; nothing was stored


@dataclass(frozen=True, slots=True)
class Waits:
    """The vote counts, and more are needed."""

    tally: Tally


class Voting:
    def __init__(self, memory: Memory, clock: Clock, passed: Checkpoint) -> None:
        self._memory = memory
        self._clock = clock
        self._passed = passed

    async def may(self, account_id: int, by: int, right: Right = Right.VOTE) -> bool:
        """Whether a person may do that with what an account owns."""
        group = await self._memory.desks.of_account(account_id)
        return by == account_id if group is None else await self._has(group, by, right)

    async def needs_others(self, account_id: int) -> str:
        """Why one person alone can't end a proposal; empty where one can."""
        group = await self._memory.desks.of_account(account_id)
        if group is None or group.rule.vetoes == 1:
            return ""
        return f"here {group.rule.vetoes} vetoes end a proposal: tap Veto to give yours"

    async def _has(self, group: GroupDesk, by: int, right: Right) -> bool:
        members = await self._memory.desks.members(group.id)
        return any(one.user_id == by and one.role.may(right) for one in members)

    async def vote(
        self, proposal: Proposal, ballot: Ballot, by: int, decide: Mapping[Ballot, Decide]
    ) -> Proposal | Waits | Uncounted:
        """The proposal with its outcome where the votes have one now."""
        if await self._memory.desks.of_account(proposal.owner_id) is None:
            if by != proposal.owner_id:
                return Uncounted.NO_RIGHT
            return await decide[ballot]() or Uncounted.LATE
        async with self._memory.transactions.transaction():
            counted = await self._counted(proposal, ballot, by, decide)
        if not isinstance(counted, Uncounted):
            self._passed("vote.cast")
        return counted

    async def _counted(
        self, proposal: Proposal, ballot: Ballot, by: int, decide: Mapping[Ballot, Decide]
    ) -> Proposal | Waits | Uncounted:
        if not await self._memory.proposals.hold(proposal):
            return Uncounted.LATE
        group = await self._memory.desks.of_account(proposal.owner_id)
        if group is None or not await self._has(group, by, Right.VOTE):
            return Uncounted.NO_RIGHT
        if not await self._stands(proposal, ballot, by):
            await self._cast(Vote(proposal.id, proposal.version, by, ballot, self._clock.wall()))
            await self._told(group, proposal, by, ballot)
        result = await self._result(group, proposal)
        # After a change of the rule the earlier votes may be enough, but a veto never buys.
        if result.outcome is None or (ballot, result.outcome) == (Ballot.VETO, Ballot.APPROVE):
            return Waits(result)
        return await decide[result.outcome]() or Uncounted.LATE

    async def _stands(self, proposal: Proposal, ballot: Ballot, by: int) -> bool:
        """The same vote was given already: nothing is to be told of it."""
        votes = await self._memory.desks.votes(proposal.id, proposal.version)
        return any((vote.user_id, vote.ballot) == (by, ballot) for vote in votes)

    async def _cast(self, vote: Vote) -> None:
        await self._memory.desks.cast(vote)
        self._passed("vote.casting")

    async def _told(self, group: GroupDesk, proposal: Proposal, by: int, ballot: Ballot) -> None:
        """The vote in the audit, and on every card."""
        await self._noted(proposal, by, ballot, await self._result(group, proposal))
        why = f"{ballot} of {by} at {self._clock.wall()}"
        await self._memory.notices.tell(card_changed(proposal, why))

    async def vetoed_by(self, proposal: Proposal) -> int:
        """Who cast the last of vetoes that are enough by now; 0 where they are not."""
        group = await self._memory.desks.of_account(proposal.owner_id)
        counted = await self._result(group, proposal) if group else None
        return counted.vetoing[-1] if counted and counted.outcome is Ballot.VETO else 0

    async def _result(self, group: GroupDesk, proposal: Proposal) -> Tally:
        votes = await self._memory.desks.votes(proposal.id, proposal.version)
        return tally(votes, await self._memory.desks.members(group.id), group.rule)

    async def _noted(self, proposal: Proposal, by: int, ballot: Ballot, result: Tally) -> None:
        facts = {
            "proposal_id": proposal.id,
            "version": proposal.version,
            "ballot": str(ballot),
            "approving": list(result.approving),
            "vetoing": list(result.vetoing),
            "needed": [result.rule.approvals, result.rule.vetoes],
        }
        await self._memory.audit.record(proposal.owner_id, f"user:{by}", "vote", facts)

    async def put_back(self, pending: Proposal) -> None:
        """Its votes stand, and its cards show again that it waits. In the transaction of that."""
        if await self._memory.desks.of_account(pending.owner_id) is not None:
            notice = card_changed(pending, f"waits since {self._clock.wall()}")
            await self._memory.notices.tell(notice)


def person(user_id: int, by: int | None) -> int:
    """Who taps: the owner, unless it is said."""
    return user_id if by is None else by


async def note_outcome(memory: Memory, proposal: Proposal, what: str) -> None:
    """What became of a desk's proposal, for its audit. In the transaction of that."""
    if await memory.desks.of_account(proposal.owner_id) is None:
        return
    actor = f"user:{proposal.resolved_by}" if proposal.resolved_by else "desk"
    facts = {
        "proposal_id": proposal.id,
        "version": proposal.version,
        "state": str(proposal.state),
        "outcome": proposal.outcome,
    }
    await memory.audit.record(proposal.owner_id, actor, what, facts)
