"""Veto windows that end in two processes at once, on real databases, with vetoes beside them."""

import asyncio
from collections import Counter

from agents.domain.autonomy import Autonomy, AutonomyKind
from agents.domain.ports import Memory
from agents.domain.proposal import ProposalState
from agents.execution.proposals.autopilot import GRACE
from tests.agents.execution.test_on_disk import another_desk, memories, url
from tests.support.desk import World

__all__ = ["memories", "url"]  # fixtures

VETO = Autonomy(AutonomyKind.VETO, window=60)
ROUNDS = 12


async def test_a_window_ends_once(memories: list[Memory]) -> None:
    """Each proposal is vetoed or trades, and what its veto was told is what happened."""
    world = World()
    await world.start(memories[0])
    other = another_desk(world, memories[1])
    owner = await world.user()
    await asyncio.gather(world.desk.autopilot.look(), other.autopilot.look())
    world.clock.wait(GRACE.total_seconds())
    made = []
    for _ in range(ROUNDS):
        strategy = await world.strategy(owner)
        await memories[0].strategies.set_autonomy(owner, strategy.id, VETO)
        made.append(await world.propose(strategy))
    world.clock.wait(61)
    world.market.tick("60000", after=0)
    desks = (world.desk, other)
    vetoes = [
        desks[number % 2].approvals.veto(owner, proposal.id, 1)
        for number, proposal in enumerate(made)
        if number % 3 != 2
    ]
    looks = [desk.autopilot.look() for desk in desks for _ in range(2)]
    ends = asyncio.gather(*looks)
    told = await asyncio.gather(*vetoes)
    await ends
    for _ in range(2):
        await world.tick("60000")
        await other.orders.idle()
    vetoed = {outcome.proposal.id for outcome in told if outcome.done and outcome.proposal}
    entered = Counter(one.proposal_id for one in await memories[1].positions.of(owner))
    for proposal in await memories[1].proposals.of(owner):
        stopped = proposal.id in vetoed
        assert proposal.state is (ProposalState.VETOED if stopped else ProposalState.FILLED)
        assert entered[proposal.id] == (0 if stopped else 1)
        assert proposal.by_itself is not stopped
