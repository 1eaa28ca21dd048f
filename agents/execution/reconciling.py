"""Whether accounts and positions are what their fills make of them, to the last decimal."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from agents.domain.market import Instrument
from agents.domain.money import ZERO
from agents.domain.order import Fill, OrderIntent, OrderPurpose
from agents.domain.ports import Memory
from agents.domain.position import Account, Position
from agents.execution.bookkeeping import fee_in_quote, grown, opened, reduced


@dataclass(frozen=True, slots=True)
class Reckoned:
    """An account as its fills alone make it."""

    balance: Decimal
    positions: tuple[Position, ...]


async def reckon(memory: Memory, account: Account, instruments: dict[str, Instrument]) -> Reckoned:
    """Book every fill again, oldest first, on an account as it began."""
    balance = account.start
    positions: dict[int, Position] = {}
    for intent, fill in await memory.orders.fills(account.id):
        instrument, number = instruments[fill.symbol], intent.proposal_id or 0
        balance -= fee_in_quote(fill, instrument)
        if intent.purpose is OrderPurpose.ENTRY:
            proposal = await memory.proposals.by_id(number)
            before = positions.get(number)
            positions[number] = (
                grown(before, proposal, fill, instrument)
                if before
                else opened(proposal, intent, fill, instrument)
            )
        elif number in positions:
            after, gross = reduced(positions[number], fill, intent.reason, instrument)
            positions[number] = after
            balance += gross
    return Reckoned(balance, tuple(positions.values()))


async def differences(
    memory: Memory, account: Account, instruments: dict[str, Instrument]
) -> list[str]:
    """A sentence for everything stored that its fills do not explain; none when all is well."""
    reckoned = await reckon(memory, account, instruments)
    stored = {item.proposal_id: item for item in await memory.positions.of_account(account.id)}
    found = (
        []
        if reckoned.balance == account.balance
        else [f"Account {account.id} holds {account.balance}; its fills make {reckoned.balance}."]
    )
    for item in reckoned.positions:
        found.extend(_compared(item, stored.pop(item.proposal_id, None)))
    found.extend(f"Position {item.id} has no fills." for item in stored.values())
    return found


def _compared(reckoned: Position, stored: Position | None) -> list[str]:
    if stored is None:
        return [f"The fills of proposal {reckoned.proposal_id} have no position."]
    names = ("quantity", "entered", "entry_price", "exit_price", "realised", "fees")
    return [
        f"Position {stored.id} has {name} {getattr(stored, name)}; "
        f"its fills make {getattr(reckoned, name)}."
        for name in names
        if getattr(stored, name) != getattr(reckoned, name)
    ]


def cash(start: Decimal, fills: Iterable[tuple[OrderIntent, Fill]]) -> Decimal:
    """What an account without open positions holds: paid and received, less fees in quote."""
    return start + sum((_flow(fill) for _, fill in fills), ZERO)


def _flow(fill: Fill) -> Decimal:
    sign = 1 if fill.side == "sell" else -1
    return fill.price * fill.quantity * sign - fill.fee
