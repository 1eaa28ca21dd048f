"""Whether accounts and positions are what their fills and fundings make of them, to the last
decimal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from agents.domain.market import Instrument
from agents.domain.money import ZERO, exactly
from agents.domain.order import Fill, OrderIntent, OrderPurpose
from agents.domain.ports import Memory
from agents.domain.position import Account, Position, PositionState
from agents.execution.booking.bookkeeping import (
    grown,
    opened,
    reduced,
    unsellable,
    written_off,
)

_MOST = 64  # ways in which one position may have come about that are kept in mind
_NAMES = (
    *("quantity", "entered", "entry_price", "exit_price", "realised", "fees", "funding"),
    *("entry_value", "exit_value"),
)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """An account as its fills and fundings alone make it."""

    balance: Decimal
    positions: tuple[Position, ...]


async def reckon(memory: Memory, account: Account, instruments: dict[str, Instrument]) -> Reckoned:
    """Book every fill again, oldest first, on an account as it began, and every funding.

    No fill says whether what it left was written off, at once or when an order had ended, before
    another fill came. Where it was too small for a sale both may have been, and of all ways the
    one is taken that leads nearest to what is stored.
    """
    ways: dict[int, list[Position]] = {}
    none: list[Position | None] = [None]
    for intent, fill in await memory.orders.fills(account.id):
        number, instrument = intent.proposal_id or 0, instruments[fill.symbol]
        found: list[Position] = []
        for before in ways.get(number) or none:
            after = await _booked(memory, before, intent, fill, instrument)
            if after is not None:
                found += [after, *_without_rest(after, fill, instrument)]
        if found:
            ways[number] = found[-_MOST:]
    received = await _funding(memory, account)
    stored = {item.proposal_id: item for item in await memory.positions.of_account(account.id)}
    positions = [
        _likest([_funded(one, received) for one in found], stored.get(number))
        for number, found in ways.items()
    ]
    with exactly():
        made = sum((one.net() - one.funding for one in positions), account.start)
        balance = sum(received.values(), made)
    return Reckoned(balance, tuple(positions))


def _without_rest(position: Position, last: Fill, instrument: Instrument) -> list[Position]:
    """As it is once what `last` left of it is written off, if that is too little for a sale."""
    is_open = position.state is not PositionState.CLOSED
    if is_open and unsellable(position, last.price, instrument):
        return [written_off(position, last.at, position.exit_reason, instrument)]
    return []


def _likest(ways: Sequence[Position], stored: Position | None) -> Position:
    """That which differs least from what is stored."""
    return ways[0] if stored is None else min(ways, key=lambda one: len(_apart(one, stored)))


def _apart(reckoned: Position, stored: Position) -> list[str]:
    """The names of what differs."""
    return [name for name in _NAMES if getattr(stored, name) != getattr(reckoned, name)]


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
    return [
        f"Position {stored.id} has {name} {getattr(stored, name)}; "
        f"its fills make {getattr(reckoned, name)}."
        for name in _apart(reckoned, stored)
    ]


def cash(start: Decimal, fills: Iterable[tuple[OrderIntent, Fill]]) -> Decimal:
    """What an account without open positions and fundings holds: paid and received, less fees,
    which are all in quote."""
    with exactly():
        return start + sum((_flow(fill) for _, fill in fills), ZERO)


def _flow(fill: Fill) -> Decimal:
    sign = 1 if fill.side == "sell" else -1
    return fill.price * fill.quantity * sign - fill.fee
