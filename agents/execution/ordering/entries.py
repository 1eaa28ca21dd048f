"""The order that opens a position."""

from datetime import datetime

from agents.domain.errors import Moved
from agents.domain.money import ZERO
from agents.domain.order import OrderIntent, OrderPurpose, OrderSide
from agents.domain.ports import Memory
from agents.domain.proposal import Proposal
from agents.domain.strategy import Mode


async def store_entry(
    memory: Memory, proposal: Proposal, account_id: int, at: datetime
) -> OrderIntent:
    """The stored entry order of an approved proposal, in a running transaction; `at` is market
    time. Raises Moved when it has one.

    Those that share limits are stored one after the other, so that the one with the higher number
    finds the lower ones committed when the last look counts what is on its way.
    """
    await memory.accounts.book(await _first_of_scope(memory, proposal, account_id), ZERO)
    intent = await memory.orders.add(entry_order(proposal, account_id, at))
    if intent is None:
        raise Moved
    return intent


async def _first_of_scope(memory: Memory, proposal: Proposal, account_id: int) -> int:
    """The account whose row is held meanwhile, the same for all that share limits."""
    if proposal.mode is not Mode.LIVE:
        return account_id
    every = await memory.accounts.of(proposal.owner_id)
    return min((one.id for one in every if one.mode is Mode.LIVE), default=account_id)


def entry_key(proposal_id: int) -> str:
    return f"entry:proposal:{proposal_id}"


def entry_order(proposal: Proposal, account_id: int, at: datetime) -> OrderIntent:
    """The one entry order of a proposal, whatever its version; `at` is market time."""
    plan = proposal.plan
    return OrderIntent(
        key=entry_key(proposal.id),
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
