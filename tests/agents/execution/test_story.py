"""The one line, from proposal to closed trade."""

from decimal import Decimal

from agents.domain.order import OrderState
from agents.domain.position import PositionState
from agents.domain.proposal import ProposalState
from agents.domain.user import NoticeKind
from tests.support.desk import World


async def test_a_proposal_is_approved_filled_and_closed_at_its_target() -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    proposal = await world.propose(strategy)
    assert proposal.plan.quantity == Decimal("0.16666")  # 1 % of 10,000 over a stop of 600

    outcome = await world.approve(proposal)
    assert outcome.done
    assert [order.state for order in world.orders] == [OrderState.OPEN]

    await world.tick("60010")
    assert world.proposals[0].state is ProposalState.FILLED
    [position] = world.positions
    assert position.entry_price > Decimal(60010)
    assert position.stop == Decimal(59400)

    await world.tick("61250")
    await world.tick("61240")
    [position] = world.positions
    assert position.state is PositionState.CLOSED
    assert position.quantity == 0
    [account] = world.accounts
    assert account.balance == Decimal(10_000) + position.realised - position.fees
    kinds = [notice.kind for notice in world.memory.told]
    assert kinds == [
        NoticeKind.PROPOSAL,
        NoticeKind.PROPOSAL_CHANGED,
        NoticeKind.FILLED,
        NoticeKind.PROPOSAL_CHANGED,
        NoticeKind.CLOSED,
        NoticeKind.POSITION_CHANGED,
    ]
    assert {notice.replies_to for notice in world.memory.told[2:]} == {"proposal:1", ""}
