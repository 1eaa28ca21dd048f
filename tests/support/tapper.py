"""A process whose user taps cards quickly: `python -m tests.support.tapper URL SEED EACH`.

It has the real memory and the real execution, a paper broker and a market that stands at PRICE. It
says `ready`, waits for a line on standard input, taps each pending proposal EACH times (approve,
veto, half size, in an order of its own, all at once), lets what was sent be filled, and prints how
many taps got which verdict as JSON.
"""

import asyncio
import json
import random
import sys
from collections import Counter

from agents.domain.proposal import Proposal, ProposalState
from agents.execution.proposals.outcomes import Outcome
from storage.database import open_database
from tests.support.desk import World

PRICE = "60000"


async def tap(world: World, proposal: Proposal, kind: int) -> Outcome:
    approvals = world.desk.approvals
    mine = (proposal.owner_id, proposal.id, proposal.version)
    if kind == 0:
        return await approvals.veto(*mine)
    if kind == 1:
        return await approvals.halve(*mine)
    return await approvals.approve(*mine, world.clock.wall())


async def race(world: World, seed: int, each: int) -> Counter[str]:
    """Every tap at once; the verdicts, counted by kind."""
    chance = random.Random(seed)
    pending = await world.memory.proposals.in_state(ProposalState.PENDING)
    wanted = [(one, chance.choice((0, 1, 2, 2))) for one in pending for _ in range(each)]
    chance.shuffle(wanted)
    outcomes = await asyncio.gather(*(tap(world, one, kind) for one, kind in wanted))
    found = Counter(str(outcome.verdict) for outcome in outcomes)
    await world.tick(PRICE)
    await world.settle()
    return found


async def main(url: str, seed: int, each: int) -> None:
    memory = await open_database(url)
    try:
        world = World()
        await world.start(memory)
        world.market.tick(PRICE, after=0)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        sys.stdout.write(json.dumps(await race(world, seed, each)) + "\n")
    finally:
        await memory.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
