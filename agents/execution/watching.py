"""Which symbols' ticks the execution needs, whatever strategies look at."""

from agents.domain.order import UNSETTLED
from agents.domain.ports import Memory
from agents.domain.proposal import ProposalState


async def needed_symbols(memory: Memory) -> set[str]:
    """Symbols of open positions, unsettled orders and waiting proposals, of all owners."""
    positions = await memory.positions.still_open()
    orders = await memory.orders.in_states(UNSETTLED)
    pending = await memory.proposals.in_state(ProposalState.PENDING)
    approved = await memory.proposals.in_state(ProposalState.APPROVED)
    return (
        {position.symbol for position in positions}
        | {order.symbol for order in orders}
        | {proposal.symbol for proposal in (*pending, *approved)}
    )
