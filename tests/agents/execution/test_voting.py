"""A desk decides: each vote counts once, whoever votes, whenever the process dies."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agents.domain.desks import GroupDesk, Role, Rule
from agents.domain.proposal import Proposal, ProposalState, VetoReason
from agents.domain.user import NoticeKind, Place
from agents.execution.proposals.outcomes import Outcome, Verdict
from tests.support.desk import World
from tests.support.memory import InMemory, Killed

GROUP = Place("telegram", "-100")
S = ProposalState
V = Verdict


@dataclass
class Room:
    """A desk of Ann (owner), Bob (trader), Cid (approver) and Dan (viewer), by their names."""

    world: World = field(default_factory=World)
    people: dict[str, int] = field(default_factory=dict)
    group: GroupDesk = field(init=False)

    async def open(self, rule: Rule) -> "Room":
        await self.world.start()
        for name in ("Ann", "Bob", "Cid", "Dan", "Eve"):
            self.people[name] = await self.world.user(name)
        desks, wall = self.world.memory.desks, self.world.clock.wall()
        group = await desks.open(GROUP, "Swing", self.people["Ann"], rule, wall)
        assert group is not None
        self.group = group
        for name, role in (("Bob", Role.TRADER), ("Cid", Role.APPROVER), ("Dan", Role.VIEWER)):
            await desks.seat(group.id, self.people[name], role, wall)
        return self

    async def proposal(self) -> Proposal:
        strategy = await self.world.strategy(self.group.account_id)
        return await self.world.propose(strategy)

    async def approve(self, proposal: Proposal, name: str, version: int = 0) -> Outcome:
        self.world.clock.wait(1)
        return await self.world.desk.approvals.approve(
            proposal.owner_id,
            proposal.id,
            version or proposal.version,
            self.world.clock.wall(),
            by=self.people.get(name),
        )

    async def veto(self, proposal: Proposal, name: str) -> Outcome:
        self.world.clock.wait(1)
        return await self.world.desk.approvals.veto(
            proposal.owner_id, proposal.id, proposal.version, by=self.people[name]
        )

    async def now(self, proposal: Proposal) -> Proposal:
        return await self.world.memory.proposals.by_id(proposal.id)

    async def audited(self, what: str) -> list[dict]:
        rows = await self.world.memory.audit.recent(self.group.account_id, 100)
        return [dict(row) for row in reversed(rows) if row["what"] == what]

    @property
    def entries(self) -> int:
        return len(self.world.orders)


async def room(approvals: int = 2, vetoes: int = 1) -> Room:
    return await Room().open(Rule(approvals, vetoes))


async def test_two_of_three_approve() -> None:
    desk = await room()
    proposal = await desk.proposal()
    assert (await desk.approve(proposal, "Ann")).verdict is V.VOTED
    assert (await desk.now(proposal)).state is S.PENDING and desk.entries == 0
    assert (await desk.approve(proposal, "Cid")).verdict is V.DONE
    now = await desk.now(proposal)
    assert now.state is S.ORDERED and now.resolved_by == desk.people["Cid"]
    assert desk.entries == 1
    assert (await desk.approve(proposal, "Bob")).verdict is V.ALREADY
    assert desk.entries == 1


async def test_nobody_is_counted_twice() -> None:
    desk = await room()
    proposal = await desk.proposal()
    for _ in range(3):
        assert (await desk.approve(proposal, "Ann")).verdict is V.VOTED
    assert desk.entries == 0


async def test_one_veto_ends_it() -> None:
    desk = await room()
    proposal = await desk.proposal()
    await desk.approve(proposal, "Ann")
    assert (await desk.veto(proposal, "Cid")).verdict is V.DONE
    now = await desk.now(proposal)
    assert now.state is S.VETOED and now.resolved_by == desk.people["Cid"]
    assert (await desk.approve(proposal, "Bob")).verdict is V.ALREADY
    given = await desk.world.desk.approvals.veto_reason(
        proposal.owner_id, proposal.id, VetoReason.TOO_RISKY, by=desk.people["Bob"]
    )
    assert given.verdict is V.DONE
    assert desk.entries == 0


async def test_who_changes_their_mind_votes_once() -> None:
    desk = await room(approvals=2, vetoes=2)
    proposal = await desk.proposal()
    assert (await desk.veto(proposal, "Ann")).verdict is V.VOTED
    assert (await desk.approve(proposal, "Bob")).verdict is V.VOTED
    assert (await desk.approve(proposal, "Ann")).verdict is V.DONE
    votes = await desk.world.memory.desks.votes(proposal.id, 1)
    assert len(votes) == 2


@pytest.mark.parametrize("name", ["Dan", "Eve", "the account"])
async def test_who_has_no_right_changes_nothing(name: str) -> None:
    desk = await room(approvals=1)
    proposal = await desk.proposal()
    before = len(desk.world.memory.told)
    assert (await desk.approve(proposal, name)).verdict is V.NO_RIGHT
    if name in desk.people:
        who, approvals = desk.people[name], desk.world.desk.approvals
        mine = (proposal.owner_id, proposal.id, 1)
        assert (await approvals.veto(*mine, by=who)).verdict is V.NO_RIGHT
        assert (await approvals.halve(*mine, by=who)).verdict is V.NO_RIGHT
        assert (await approvals.tighten(*mine, by=who)).verdict is V.NO_RIGHT
        assert (await approvals.next_candle(*mine, by=who)).verdict is V.NO_RIGHT
    assert await desk.now(proposal) == proposal
    assert await desk.world.memory.desks.votes(proposal.id, 1) == []
    assert len(desk.world.memory.told) == before
    assert await desk.audited("vote") == []


async def test_nobody_votes_on_a_persons_own_proposal() -> None:
    desk = await room()
    proposal = await desk.world.propose(await desk.world.strategy(desk.people["Ann"]))
    assert (await desk.approve(proposal, "Bob")).verdict is V.NO_RIGHT
    assert (await desk.approve(proposal, "Ann")).verdict is V.DONE


async def test_who_left_is_not_counted() -> None:
    desk = await room()
    proposal = await desk.proposal()
    await desk.approve(proposal, "Cid")
    desks = desk.world.memory.desks
    await desks.leave(desk.group.id, desk.people["Cid"], desk.world.clock.wall())
    assert (await desk.approve(proposal, "Ann")).verdict is V.VOTED
    assert (await desk.approve(proposal, "Bob")).verdict is V.DONE


async def test_an_edit_voids_the_votes() -> None:
    desk = await room()
    proposal = await desk.proposal()
    await desk.approve(proposal, "Ann")
    approvals = desk.world.desk.approvals
    halved = await approvals.halve(proposal.owner_id, proposal.id, 1, by=desk.people["Cid"])
    assert halved.verdict is V.DONE
    assert (await desk.approve(proposal, "Bob")).verdict is V.STALE_VERSION
    assert (await desk.approve(proposal, "Bob", version=2)).verdict is V.VOTED
    assert (await desk.approve(proposal, "Ann", version=2)).verdict is V.DONE


async def test_new_numbers_are_voted_on_anew() -> None:
    desk = await room()
    proposal = await desk.proposal()
    await desk.approve(proposal, "Ann")
    desk.world.market.tick("60300")
    assert (await desk.approve(proposal, "Bob")).verdict is V.ASKS_AGAIN
    assert await desk.world.memory.desks.votes(proposal.id, 2) == []
    assert desk.entries == 0


async def test_votes_stand_while_there_is_no_price() -> None:
    desk = await room()
    proposal = await desk.proposal()
    await desk.approve(proposal, "Ann")
    desk.world.clock.advance(300)  # the price is old by then
    assert (await desk.approve(proposal, "Bob")).verdict is V.NO_PRICE
    assert (await desk.now(proposal)).state is S.PENDING
    desk.world.market.tick("60000")
    assert (await desk.approve(proposal, "Bob")).verdict is V.DONE


async def test_votes_and_outcomes_are_audited_and_redraw_the_cards() -> None:
    desk = await room()
    proposal = await desk.proposal()
    await desk.approve(proposal, "Ann")
    assert len(desk.world.told(NoticeKind.PROPOSAL_CHANGED)) == 1
    await desk.approve(proposal, "Cid")
    votes = await desk.audited("vote")
    ann, cid = desk.people["Ann"], desk.people["Cid"]
    assert [vote["actor"] for vote in votes] == [f"user:{ann}", f"user:{cid}"]
    assert votes[1]["facts"]["approving"] == [ann, cid]
    assert [row["actor"] for row in await desk.audited("order")] == [f"user:{cid}"]
    assert len(desk.world.told(NoticeKind.PROPOSAL_CHANGED)) == 3  # two votes, one outcome
    other = await desk.proposal()
    await desk.veto(other, "Bob")
    assert (await desk.audited("outcome"))[0]["facts"]["state"] == "vetoed"


async def test_votes_at_once_in_two_processes_make_one_order() -> None:
    desk = await room()
    other = World(database=desk.world.database, clock=desk.world.clock)
    other.market = desk.world.market
    await other.start()
    for _ in range(20):
        proposal = await desk.proposal()
        mine = (proposal.owner_id, proposal.id, 1, desk.world.clock.wall())
        said = await asyncio.gather(
            *(
                where.desk.approvals.approve(*mine, by=desk.people[name])
                for name in ("Ann", "Bob", "Cid")
                for where in (desk.world, other)
            )
        )
        assert sum(one.verdict is V.DONE for one in said) == 1, said
        assert not {one.verdict for one in said} & {V.NO_RIGHT, V.NOT_FOUND}
    assert desk.entries == 20


@pytest.mark.parametrize("point", ["vote.casting", "vote.cast", "approval.marked"])
@pytest.mark.parametrize("first", [True, False])
async def test_a_kill_loses_no_vote_and_doubles_none(point: str, first: bool) -> None:
    desk = await room()
    proposal = await desk.proposal()
    if not first:
        await desk.approve(proposal, "Ann")
    elif point == "approval.marked":
        return  # one vote of two marks nothing
    desk.world.dies_at_next = point
    with pytest.raises(Killed):
        await desk.approve(proposal, "Bob")
    await desk.world.kill()
    await desk.world.start()
    votes = await desk.world.memory.desks.votes(proposal.id, 1)
    assert len(votes) == (not first) + (point != "vote.casting")
    await desk.approve(proposal, "Bob")  # the tap is handled again
    if first:
        assert desk.entries == 0
        await desk.approve(proposal, "Ann")
    assert desk.entries == 1
    assert (await desk.now(proposal)).state is S.ORDERED


_MOVES = some.lists(
    some.tuples(
        some.sampled_from(("approve", "veto", "leave", "join", "view", "rule", "halve", "kill")),
        some.sampled_from(("Ann", "Bob", "Cid", "Dan", "Eve")),
        some.integers(1, 3),
    ),
    max_size=25,
)


@given(_MOVES)
@settings(max_examples=60, deadline=None)
def test_any_sequence_has_one_outcome_that_its_votes_explain(moves) -> None:
    with asyncio.Runner() as runner:
        runner.run(_played(moves))


async def _played(moves) -> None:
    desk = await room()
    proposal = await desk.proposal()
    for what, name, number in moves:
        before = await desk.now(proposal)
        outcome = await _move(desk, before, what, name, number)
        await _holds(desk, before, await desk.now(proposal), outcome, name)
    assert desk.entries == ((await desk.now(proposal)).state in {S.ORDERED, S.FILLED})


async def _move(
    desk: Room, proposal: Proposal, what: str, name: str, number: int
) -> Outcome | None:
    desks, wall, who = desk.world.memory.desks, desk.world.clock.wall(), desk.people[name]
    match what:
        case "approve":
            return await desk.approve(proposal, name)
        case "veto":
            return await desk.veto(proposal, name)
        case "leave":
            await desks.leave(desk.group.id, who, wall)
        case "join":
            await desks.seat(desk.group.id, who, Role.APPROVER, wall)
        case "view":
            await desks.seat(desk.group.id, who, Role.VIEWER, wall)
        case "rule":
            await desks.set_rule(desk.group.id, Rule(number, 1))
        case "halve":
            mine = (proposal.owner_id, proposal.id, proposal.version)
            return await desk.world.desk.approvals.halve(*mine, by=who)
        case _:
            await desk.world.kill()
            await desk.world.start()
    return None


async def _holds(
    desk: Room, before: Proposal, after: Proposal, outcome: Outcome | None, name: str
) -> None:
    """What is true after every move."""
    memory: InMemory = desk.world.memory
    group = await memory.desks.of_account(desk.group.account_id)
    assert group is not None
    members = {one.user_id: one.role for one in await memory.desks.members(group.id)}
    if before.state is not S.PENDING:
        assert after == before  # an outcome is the last word
    if outcome is not None and outcome.verdict is V.NO_RIGHT:
        role = members.get(desk.people[name])
        assert after == before and (role is None or role is Role.VIEWER)
    if before.state is S.PENDING and after.state in {S.ORDERED, S.VETOED}:
        votes = await memory.desks.votes(after.id, after.version)
        counted = [one for one in votes if members.get(one.user_id) not in {None, Role.VIEWER}]
        wanted = "approve" if after.state is S.ORDERED else "veto"
        given = [one.user_id for one in counted if one.ballot == wanted]
        needed = group.rule.approvals if after.state is S.ORDERED else group.rule.vetoes
        assert len(given) >= needed and after.resolved_by == desk.people[name]
