"""Whether accounts and positions are what their fills and fundings make of them, to the last
decimal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from agents.domain.market import Instrument
from agents.domain.money import ZERO, exactly
from agents.domain.order import Fill, OrderIntent, OrderPurpose
from agents.domain.ports import Memory
from agents.domain.position import Account, Position, PositionState
from agents.execution.booking.bookkeeping import (
    gained,
    grown,
    opened,
    reduced,
    unsellable,
    written_off,
)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """An account as its fills and fundings alone make it."""

    balance: Decimal
    positions: tuple[Position, ...]


async def reckon(memory: Memory, account: Account, instruments: dict[str, Instrument]) -> Reckoned:
    """Book every fill again, oldest first, on an account as it began, and every funding. What was
    closed without a sale is too small for one, or it stays open here."""
    changes = [account.start]
    positions: dict[int, Position] = {}
    last: dict[int, Fill] = {}
    for intent, fill in await memory.orders.fills(account.id):
        number = intent.proposal_id or 0
        before = positions.get(number)
        after = await _booked(memory, before, intent, fill, instruments[fill.symbol])
        if after is not None:
            positions[number] = after
            changes.append(gained(before, after))
            last[number] = fill
    for stored in await memory.positions.of_account(account.id):
        before = positions.get(stored.proposal_id)
        if before is not None and stored.state is PositionState.CLOSED:
            fill = last[stored.proposal_id]
            after = _without_rest(before, fill, stored.exit_reason, instruments[fill.symbol])
            positions[stored.proposal_id] = after
            changes.append(gained(before, after))
    received = await _funding(memory, account)
    changes.extend(received.values())
    with exactly():
        balance = sum(changes, ZERO)
    return Reckoned(balance, tuple(_funded(item, received) for item in positions.values()))


def _without_rest(position: Position, last: Fill, reason: str, instrument: Instrument) -> Position:
    """Written off where it is open and its last fill left too little for a sale."""
    is_open = position.state is not PositionState.CLOSED
    if is_open and unsellable(position, last.price, instrument):
        return written_off(position, last.at, reason, instrument)
    return position


async def _booked(
    memory: Memory,
    before: Position | None,
    intent: OrderIntent,
    fill: Fill,
    instrument: Instrument,
) -> Position | None:
    """What a fill makes of a position; None for an exit of what never was."""
    if intent.purpose is not OrderPurpose.ENTRY:
        return reduced(before, fill, intent.reason, instrument)[0] if before else None
    proposal = await memory.proposals.by_id(intent.proposal_id or 0)
    if before is None:
        return opened(proposal, intent, fill, instrument)
    return grown(before, proposal, fill, instrument)


async def _funding(memory: Memory, account: Account) -> dict[int, Decimal]:
    """What each proposal's position received, by the proposal; a position that is not this
    account's by 0."""
    positions = await memory.positions.of_account(account.id)
    proposals = {item.id: item.proposal_id for item in positions}
    received: dict[int, Decimal] = {}
    for position_id, paid in await memory.accounts.funding(account.id):
        number = proposals.get(position_id, 0)
        with exactly():
            received[number] = received.get(number, ZERO) + paid.amount
    return received


def _funded(position: Position, received: Mapping[int, Decimal]) -> Position:
    return replace(position, funding=received.get(position.proposal_id, ZERO))


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
    names = (
        *("quantity", "entered", "entry_price", "exit_price", "realised", "fees", "funding"),
        *("entry_value", "exit_value"),
    )
    return [
        f"Position {stored.id} has {name} {getattr(stored, name)}; "
        f"its fills make {getattr(reckoned, name)}."
        for name in names
        if getattr(stored, name) != getattr(reckoned, name)
    ]


def cash(start: Decimal, fills: Iterable[tuple[OrderIntent, Fill]]) -> Decimal:
    """What an account without open positions and fundings holds: paid and received, less fees,
    which are all in quote."""
    with exactly():
        return start + sum((_flow(fill) for _, fill in fills), ZERO)


def _flow(fill: Fill) -> Decimal:
    sign = 1 if fill.side == "sell" else -1
    return fill.price * fill.quantity * sign - fill.fee
