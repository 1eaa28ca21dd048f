"""Proposals: one for each decision, one outcome for each version."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from agents.domain.errors import NotFound
from agents.domain.ports import Memory
from agents.domain.proposal import (
    PROPOSAL_MOVES,
    PlannedTarget,
    Proposal,
    ProposalState,
    Trailing,
    VetoReason,
)
from agents.domain.user import User
from tests.support.stored import (
    HOUR,
    NOON,
    PLAN,
    a_decision,
    a_proposal,
    a_strategy,
    proposal_of,
)

S = ProposalState
PATH_TO = {
    S.PENDING: (),
    S.APPROVED: (S.APPROVED,),
    S.ORDERED: (S.APPROVED, S.ORDERED),
    S.FILLED: (S.APPROVED, S.ORDERED, S.FILLED),
    S.VETOED: (S.VETOED,),
    S.EXPIRED: (S.EXPIRED,),
    S.REFUSED: (S.REFUSED,),
    S.CANCELLED: (S.CANCELLED,),
}


async def _in(memory: Memory, proposal: Proposal, state: ProposalState) -> Proposal:
    """Walk `proposal` to `state`."""
    for to in PATH_TO[state]:
        assert await memory.proposals.move(proposal, to)
        proposal = await memory.proposals.by_id(proposal.id)
    return proposal


async def test_a_proposal_is_stored_whole(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    decision = await a_decision(memory, strategy)
    targets = tuple(PlannedTarget(Decimal(n), Decimal("0.333333333333")) for n in (1, 2, 3))
    asked = proposal_of(
        strategy,
        decision,
        plan=replace(PLAN, targets=targets, trailing=Trailing(distance=Decimal("1E-8"))),
        confidence=None,
        reasons=("one", "two & <three>"),
        changes=("half size",),
        equity=Decimal("9999.123456789012345678"),
    )
    stored = await memory.proposals.add(asked)
    assert stored is not None
    assert stored == replace(asked, id=stored.id)
    assert await memory.proposals.get(ann.id, stored.id) == stored
    assert await memory.proposals.by_id(stored.id) == stored
    assert await memory.proposals.add(asked) is None


async def test_every_move_is_in_the_table(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    for start in ProposalState:
        for to in ProposalState:
            proposal = await _in(memory, await a_proposal(memory, strategy), start)
            if to is not start and to not in PROPOSAL_MOVES[start]:
                with pytest.raises(ValueError):
                    await memory.proposals.move(proposal, to)
                continue
            assert await memory.proposals.move(proposal, to)
            assert (await memory.proposals.by_id(proposal.id)).state is to


async def test_a_move_keeps_what_it_is_told(memory: Memory, ann: User) -> None:
    proposal = await a_proposal(memory, await a_strategy(memory, ann.id))
    assert await memory.proposals.move(
        proposal,
        S.VETOED,
        outcome="vetoed by User 1",
        veto_reason=VetoReason.BAD_TIMING,
        resolved_by=ann.id,
        resolved_at=NOON,
    )
    assert await memory.proposals.by_id(proposal.id) == replace(
        proposal,
        state=S.VETOED,
        outcome="vetoed by User 1",
        veto_reason=VetoReason.BAD_TIMING,
        resolved_by=ann.id,
        resolved_at=NOON,
    )


async def test_a_veto_may_get_its_reason_later(memory: Memory, ann: User) -> None:
    proposal = await a_proposal(memory, await a_strategy(memory, ann.id))
    vetoed = await _in(memory, proposal, S.VETOED)
    assert await memory.proposals.move(vetoed, S.VETOED, veto_reason=VetoReason.TOO_RISKY)
    stored = await memory.proposals.by_id(proposal.id)
    assert stored == replace(vetoed, veto_reason=VetoReason.TOO_RISKY)


async def test_the_second_of_two_moves_loses(memory: Memory, ann: User) -> None:
    proposal = await a_proposal(memory, await a_strategy(memory, ann.id))
    assert await memory.proposals.move(proposal, S.APPROVED, resolved_by=ann.id)
    assert not await memory.proposals.move(proposal, S.VETOED)
    assert not await memory.proposals.move(proposal, S.APPROVED)
    assert not await memory.proposals.revise(proposal, proposal)
    assert (await memory.proposals.by_id(proposal.id)).state is S.APPROVED


async def test_a_revision_voids_the_version_before(memory: Memory, ann: User) -> None:
    proposal = await a_proposal(memory, await a_strategy(memory, ann.id))
    halved = replace(
        proposal,
        plan=replace(PLAN, quantity=Decimal("0.0081")),
        changes=("half size",),
        expires_at=NOON + 2 * HOUR,
    )
    assert await memory.proposals.revise(proposal, halved)
    assert await memory.proposals.by_id(proposal.id) == replace(halved, version=2)
    assert not await memory.proposals.move(proposal, S.APPROVED)
    assert not await memory.proposals.revise(proposal, halved)
    assert await memory.proposals.move(replace(halved, version=2), S.APPROVED)


async def test_new_numbers_after_an_approval_ask_again(memory: Memory, ann: User) -> None:
    proposal = await a_proposal(memory, await a_strategy(memory, ann.id))
    approved = await _in(memory, proposal, S.APPROVED)
    assert await memory.proposals.revise(approved, replace(approved, state=S.PENDING))
    again = await memory.proposals.by_id(proposal.id)
    assert (again.state, again.version) == (S.PENDING, 2)
    with pytest.raises(ValueError):
        filled = await _in(memory, again, S.FILLED)
        await memory.proposals.revise(filled, replace(filled, state=S.PENDING))


async def test_found_by_owner_and_state(memory: Memory, ann: User, bob: User) -> None:
    mine = await a_strategy(memory, ann.id)
    one, two, three = [await a_proposal(memory, mine) for _ in range(3)]
    theirs = await a_proposal(memory, await a_strategy(memory, bob.id))
    vetoed = await _in(memory, two, S.VETOED)
    of = memory.proposals.of
    assert await of(ann.id) == [three, vetoed, one]
    assert await of(ann.id, {S.PENDING}) == [three, one]
    assert await of(ann.id, {S.PENDING, S.VETOED}, limit=2) == [three, vetoed]
    assert await of(ann.id, set()) == []
    assert await memory.proposals.in_state(S.PENDING) == [one, three, theirs]
    with pytest.raises(NotFound):
        await memory.proposals.get(ann.id, theirs.id)
    with pytest.raises(NotFound):
        await memory.proposals.by_id(99)


async def test_expired_are_the_pending_ones_whose_time_is_over(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    early = await a_proposal(memory, strategy, expires_at=NOON)
    late = await a_proposal(memory, strategy, expires_at=NOON + HOUR)
    await _in(memory, await a_proposal(memory, strategy, expires_at=NOON), S.APPROVED)
    moment = timedelta(microseconds=1)
    assert await memory.proposals.expired(NOON - moment) == []
    assert await memory.proposals.expired(NOON) == [early]
    assert await memory.proposals.expired(NOON + HOUR + moment) == [early, late]
