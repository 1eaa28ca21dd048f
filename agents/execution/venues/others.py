"""Trades that no order of ours made, and how much of each stands in our book by now."""

from dataclasses import replace
from decimal import Decimal

from agents.domain.money import ZERO, exactly
from agents.domain.order import Fill, OrderIntent
from agents.domain.ports import Memory
from agents.domain.strategy import Mode
from agents.execution.booking.bookkeeping import kept

Booked = dict[tuple[str, str], Decimal]
"""Base currency by symbol and the exchange's name of a trade, which some count anew for each
symbol."""


async def booked_of(memory: Memory, owner_id: int) -> Booked:
    """How much of each trade of an account is booked."""
    used: Booked = {}
    for account in await memory.accounts.of(owner_id):
        if account.mode is Mode.LIVE:
            for _, fill in await memory.orders.fills(account.id):
                name = fill.symbol, fill.trade_id
                used[name] = used.get(name, ZERO) + fill.quantity
    return used


def part_of(fill: Fill, quantity: Decimal, intent: OrderIntent) -> Fill:
    """So much of a trade, with its share of the fee, as a fill of `intent`."""
    if quantity == fill.quantity:
        return replace(fill, client_id=intent.client_id)
    with exactly():
        fee = kept(fill.fee * quantity / fill.quantity)
        value = fill.fee_value and kept(fill.fee_value * quantity / fill.quantity)
    return replace(fill, client_id=intent.client_id, quantity=quantity, fee=fee, fee_value=value)
