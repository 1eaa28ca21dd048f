"""Who voted on a desk's proposal, as its card shows it."""

from collections.abc import Sequence

from agents.domain.desks import Ballot, GroupDesk, Vote, tally
from agents.domain.proposal import Proposal, ProposalState
from agents.domain.user import User
from handlers import cards
from handlers.desk import Desk

_MOST = 12  # names in a line


async def reader(desk: Desk, user: User, proposal: Proposal) -> cards.Reader:
    """Who reads the card of a proposal, with who decided it where that was not its owner."""
    return cards.Reader(
        user,
        desk.clock.wall(),
        await _resolver(desk, proposal),
        await line(desk, proposal),
        await desk.memory.heard.of_proposal(proposal.owner_id, proposal.id) is not None,
    )


async def _resolver(desk: Desk, proposal: Proposal) -> str:
    if proposal.resolved_by in {None, proposal.owner_id}:
        return ""
    return (await desk.memory.users.get(proposal.resolved_by or 0)).name


async def line(desk: Desk, proposal: Proposal) -> str:
    """`🗳 ✅ Ann, Bob · 1 more approval needed`; empty where nobody votes."""
    group = await desk.memory.desks.of_account(proposal.owner_id)
    if group is None:
        return ""
    votes = await desk.memory.desks.votes(proposal.id, proposal.version)
    if proposal.state is not ProposalState.PENDING:
        return await _ended(desk, votes)
    return await _waiting(desk, group, votes)


async def _ended(desk: Desk, votes: Sequence[Vote]) -> str:
    """As it was voted, whoever has left since."""
    if not votes:
        return ""
    sides = [
        [vote.user_id for vote in votes if vote.ballot is ballot]
        for ballot in (Ballot.APPROVE, Ballot.VETO)
    ]
    return f"🗳 {await _sides(desk, sides[0], sides[1])}"


async def _waiting(desk: Desk, group: GroupDesk, votes: Sequence[Vote]) -> str:
    counted = tally(votes, await desk.memory.desks.members(group.id), group.rule)
    said = await _sides(desk, counted.approving, counted.vetoing)
    if counted.vetoing and group.rule.vetoes > 1:
        said += f" ({group.rule.vetoes} vetoes end it)"
    missing = counted.approvals_missing
    if not missing:  # the rule was lowered since, or there was no price
        return f"🗳 {said} · enough now: one more tap on Approve goes on"
    needed = f"{missing}{' more' * bool(counted.approving)} approval{'s' * (missing != 1)} needed"
    return f"🗳 {said} · {needed}"


async def _sides(desk: Desk, approving: Sequence[int], vetoing: Sequence[int]) -> str:
    sides = (("✅", approving), ("❌", vetoing))
    named = [f"{sign} {await _names(desk, side)}" for sign, side in sides if side]
    return " · ".join(named) or "No vote yet"


async def _names(desk: Desk, user_ids: Sequence[int]) -> str:
    named = [(await desk.memory.users.get(one)).name or "?" for one in user_ids[:_MOST]]
    more = [f"{len(user_ids) - _MOST} more"] if len(user_ids) > _MOST else []
    return ", ".join([*named, *more])
