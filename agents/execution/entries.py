"""The order that opens a position."""

from datetime import datetime

from agents.domain.order import OrderIntent, OrderPurpose, OrderSide
from agents.domain.proposal import Proposal


def entry_order(proposal: Proposal, account_id: int, at: datetime) -> OrderIntent:
    """The one entry order of a proposal, whatever its version; `at` is market time."""
    plan = proposal.plan
    return OrderIntent(
        key=f"entry:proposal:{proposal.id}",
        owner_id=proposal.owner_id,
        strategy_id=proposal.strategy_id,
        account_id=account_id,
        symbol=proposal.symbol,
        mode=proposal.mode,
        purpose=OrderPurpose.ENTRY,
        side=OrderSide.to_open(plan.side),
        quantity=plan.quantity,
        created_at=at,
        proposal_id=proposal.id,
        trigger=plan.entry,
        reason=f"approved version {proposal.version}",
    )
