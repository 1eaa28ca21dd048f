"""A process in which a desk's members vote: `python -m tests.support.voter URL SEED CRASH_AT`.

It has the real memory and the real execution, a paper broker and a market that stands at PRICE. It
says `ready`, waits for a line on standard input, and has every member tap each pending proposal of
the desk, all at once, most of them approving. CRASH_AT is where SIGKILL comes (`vote.casting:3`),
empty for nowhere, or `finish`: then everybody approves until nothing is pending, what was sent is
filled, and the rest of a crash is carried on.
"""

import asyncio
import random
import sys
from collections.abc import Sequence

from agents.domain.desks import GroupDesk, Role, Rule
from agents.domain.proposal import Proposal, ProposalState
from agents.domain.user import Identity, Place
from agents.execution.proposals.outcomes import Outcome
from storage.database import Database, open_database
from tests.support.desk import World
from tests.support.killing import Killer

PRICE = "60000"
HERE, THERE = Place("telegram", "-100"), Place("discord", "55")
MEMBERS = ("Ann", "Bob", "Cid")
RULE = Rule(2, 1)
FINISH = "finish"


async def opened(memory: Database) -> GroupDesk:
    """A desk of three in two places, two of whom must approve."""
    world = World()
    await world.start(memory)
    wall = world.clock.wall()
    people = [await memory.desks.let_in(Identity("telegram", one), one, wall) for one in MEMBERS]
    group = await memory.desks.open(HERE, "Swing", people[0].id, RULE, wall)
    assert group is not None
    for person in people[1:]:
        await memory.desks.seat(group.id, person.id, Role.APPROVER, wall)
    await memory.users.add_place(group.account_id, THERE)
    return group


async def offered(memory: Database, group: GroupDesk, count: int) -> None:
    """So many proposals, each of a strategy of its own."""
    world = World()
    await world.start(memory)
    world.candles = len(await memory.strategies.of(group.account_id))
    world.clock.advance(world.candles)
    for _ in range(count):
        await world.propose(await world.strategy(group.account_id))


async def tap(world: World, proposal: Proposal, by: int, wish: str) -> Outcome:
    approvals = world.desk.approvals
    mine = (proposal.owner_id, proposal.id, proposal.version)
    if wish == "veto":
        return await approvals.veto(*mine, by=by)
    if wish == "halve":
        return await approvals.halve(*mine, by=by)
    return await approvals.approve(*mine, world.clock.wall(), by=by)


async def _members(memory: Database) -> Sequence[int]:
    group = await memory.desks.at(HERE)
    assert group is not None
    return [one.user_id for one in await memory.desks.members(group.id)]


async def race(world: World, memory: Database, seed: int) -> None:
    """Each member taps each card, and some change their mind."""
    chance = random.Random(seed)
    pending = await memory.proposals.in_state(ProposalState.PENDING)
    wishes = ("approve", "veto", "halve")
    wanted = [
        (one, who, chance.choices(wishes, (16, 3, 1))[0])
        for one in pending
        for who in await _members(memory)
    ]
    chance.shuffle(wanted)
    await asyncio.gather(*(tap(world, *one) for one in wanted))


async def finish(world: World, memory: Database) -> None:
    while pending := await memory.proposals.in_state(ProposalState.PENDING):
        members = await _members(memory)
        await asyncio.gather(*(tap(world, one, who, "") for one in pending for who in members))
    await world.desk.every_minute()
    await world.tick(PRICE)
    await world.settle()


async def main(url: str, seed: int, crash_at: str) -> None:
    memory = await open_database(url)
    try:
        world = World()
        world.market.tick(PRICE, after=0)
        killer = Killer("" if crash_at == FINISH else crash_at)
        await world.start(memory, killer)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        await (finish(world, memory) if crash_at == FINISH else race(world, memory, seed))
    finally:
        await memory.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
