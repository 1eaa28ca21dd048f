"""Group desks: one in a place, members that come and go, the last vote of each."""

from datetime import timedelta

import pytest

from agents.domain.desks import Ballot, GroupDesk, Member, Role, Rule, Vote
from agents.domain.ports import Memory
from agents.domain.proposal import ProposalState
from agents.domain.user import Identity, Place, User
from tests.support.stored import NOON, a_proposal, a_strategy

GROUP = Place("telegram", "-100", "7")
ELSEWHERE = Place("discord", "55")
LATER = NOON + timedelta(minutes=5)
RULE = Rule(2, 1)


async def opened(memory: Memory, owner: User, place: Place = GROUP) -> GroupDesk:
    made = await memory.desks.open(place, "Swing desk", owner.id, RULE, NOON)
    assert made is not None
    return made


async def test_a_desk_has_an_account_a_place_and_an_owner(memory: Memory, ann: User) -> None:
    made = await opened(memory, ann)
    assert made == GroupDesk(
        made.id, made.account_id, GROUP, "Swing desk", RULE, ann.id, NOON, None
    )
    account = await memory.users.get(made.account_id)
    assert (account.name, account.operator) == ("Swing desk", False)
    assert await memory.users.places(made.account_id) == [GROUP]
    assert await memory.desks.members(made.id) == [Member(made.id, ann.id, Role.OWNER, NOON)]
    assert await memory.desks.at(GROUP) == made
    assert await memory.desks.of_account(made.account_id) == made
    assert await memory.desks.of_account(ann.id) is None


async def test_a_place_has_one_desk(memory: Memory, ann: User, bob: User) -> None:
    first = await opened(memory, ann)
    before = await memory.users.everyone()
    assert await memory.desks.open(GROUP, "Mine", bob.id, RULE, LATER) is None
    assert await memory.users.everyone() == before
    assert await memory.desks.at(GROUP) == first
    assert await memory.desks.at(Place("telegram", "-100")) is None
    assert await memory.desks.at(Place("telegram", "1")) is None  # Ann's own


async def test_every_place_of_the_account_is_the_desks(memory: Memory, ann: User) -> None:
    made = await opened(memory, ann)
    await memory.users.add_place(made.account_id, ELSEWHERE)
    assert await memory.desks.at(ELSEWHERE) == made
    assert await memory.desks.open(ELSEWHERE, "Mine", ann.id, RULE, NOON) is None
    await memory.users.drop_place(made.account_id, GROUP)  # the bot was sent away
    assert await memory.desks.at(GROUP) == made


async def test_members_come_change_and_go(memory: Memory, ann: User, bob: User) -> None:
    made = await opened(memory, ann)
    await memory.desks.seat(made.id, bob.id, Role.APPROVER, LATER)
    await memory.desks.seat(made.id, bob.id, Role.TRADER, LATER + timedelta(1))
    assert await memory.desks.members(made.id) == [
        Member(made.id, ann.id, Role.OWNER, NOON),
        Member(made.id, bob.id, Role.TRADER, LATER),
    ]
    assert await memory.desks.leave(made.id, bob.id, LATER)
    assert not await memory.desks.leave(made.id, bob.id, LATER)
    assert not await memory.desks.leave(made.id, 99, LATER)
    assert [one.user_id for one in await memory.desks.members(made.id)] == [ann.id]
    again = LATER + timedelta(2)
    await memory.desks.seat(made.id, bob.id, Role.VIEWER, again)
    assert (await memory.desks.members(made.id))[1] == Member(made.id, bob.id, Role.VIEWER, again)


async def test_who_is_let_in_has_no_private_place(memory: Memory, ann: User) -> None:
    eve = Identity("discord", "9")
    new = await memory.desks.let_in(eve, "Eve", NOON)
    assert new == User(new.id, "Eve", "UTC", False, NOON, {})
    assert await memory.users.places(new.id) == []
    assert await memory.users.find(eve) == new
    assert await memory.desks.let_in(eve, "Another", LATER) == new
    assert await memory.desks.let_in(Identity("telegram", "1"), "x", LATER) == ann


async def test_a_rule_is_changed(memory: Memory, ann: User) -> None:
    made = await opened(memory, ann)
    await memory.desks.set_rule(made.id, Rule(3, 2))
    stored = await memory.desks.at(GROUP)
    assert stored is not None and stored.rule == Rule(3, 2)


async def test_a_closed_desk_makes_room_for_another(memory: Memory, ann: User) -> None:
    made = await opened(memory, ann)
    assert await memory.desks.close(made.id, LATER)
    assert not await memory.desks.close(made.id, LATER)
    assert await memory.desks.at(GROUP) is None
    assert await memory.desks.of_account(made.account_id) is None
    assert await memory.users.places(made.account_id) == []
    second = await opened(memory, ann)
    assert second.id != made.id and second.account_id != made.account_id
    assert await memory.desks.close(second.id, LATER)
    assert (await opened(memory, ann)).id > second.id


async def test_the_last_vote_of_each_counts(memory: Memory, ann: User, bob: User) -> None:
    def vote(user: User, ballot: Ballot, minutes: int, version: int = 1) -> Vote:
        return Vote(7, version, user.id, ballot, NOON + timedelta(minutes=minutes))

    await memory.desks.cast(vote(ann, Ballot.APPROVE, 1))
    await memory.desks.cast(vote(bob, Ballot.APPROVE, 2))
    await memory.desks.cast(vote(ann, Ballot.VETO, 3))
    await memory.desks.cast(vote(ann, Ballot.APPROVE, 4, version=2))
    assert await memory.desks.votes(7, 1) == [
        vote(bob, Ballot.APPROVE, 2),
        vote(ann, Ballot.VETO, 3),
    ]
    assert await memory.desks.votes(7, 2) == [vote(ann, Ballot.APPROVE, 4, version=2)]
    assert await memory.desks.votes(8, 1) == []


async def test_a_vote_is_gone_with_its_transaction(memory: Memory, ann: User) -> None:
    with pytest.raises(ZeroDivisionError):
        async with memory.transactions.transaction():
            await memory.desks.cast(Vote(7, 1, ann.id, Ballot.APPROVE, NOON))
            raise ZeroDivisionError
    assert await memory.desks.votes(7, 1) == []


async def test_a_proposal_is_held_as_long_as_it_is_what_it_was(memory: Memory, ann: User) -> None:
    proposal = await a_proposal(memory, await a_strategy(memory, ann.id))
    async with memory.transactions.transaction():
        assert await memory.proposals.hold(proposal)
    assert await memory.proposals.by_id(proposal.id) == proposal
    await memory.proposals.move(proposal, ProposalState.VETOED)
    async with memory.transactions.transaction():
        assert not await memory.proposals.hold(proposal)
