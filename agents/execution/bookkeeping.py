"""The arithmetic of fills on positions: exact, so that accounts reconcile to the last decimal.

An average price may have no end (1/3), so it is kept to 18 decimals, and the profit of an exit
that leaves something open is rounded as well. The exit that closes the position takes the rest:
it books what all fills together brought, less what was booked before. What was paid and received
in all is exact again when `average x quantity` is rounded to the steps of the instrument, for
every fill's notional is a multiple of price step times amount step.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from agents.domain.market import Instrument
from agents.domain.money import ONE, ZERO, floor_to, round_to
from agents.domain.order import Fill, OrderIntent
from agents.domain.position import OpenTarget, Position, PositionState
from agents.domain.proposal import PlannedTarget, Proposal


def kept(value: Decimal) -> Decimal:
    """Rounded to 18 decimals."""
    rounded = round(value, 18)
    return value if rounded == value else rounded


def fee_in_quote(fill: Fill, instrument: Instrument) -> Decimal:
    """The fee in quote currency; one taken in the bought coin is valued at the fill's price."""
    return fill.fee * fill.price if fill.fee_currency == instrument.base else fill.fee


def opened(proposal: Proposal, intent: OrderIntent, fill: Fill, instrument: Instrument) -> Position:
    """A position from its first entry fill, not yet stored."""
    plan = proposal.plan
    return Position(
        owner_id=proposal.owner_id,
        strategy_id=proposal.strategy_id,
        strategy_name=proposal.strategy_name,
        account_id=intent.account_id,
        proposal_id=proposal.id,
        symbol=proposal.symbol,
        timeframe=proposal.timeframe,
        mode=proposal.mode,
        side=plan.side,
        quantity=fill.quantity,
        entered=fill.quantity,
        entry_price=fill.price,
        initial_stop=plan.stop,
        stop=plan.stop,
        targets=shared(plan.targets, fill.quantity, fill.price, instrument),
        trailing=plan.trailing,
        best=fill.price,
        realised=ZERO,
        fees=fee_in_quote(fill, instrument),
        opened_at=fill.at,
    )


def grown(position: Position, proposal: Proposal, fill: Fill, instrument: Instrument) -> Position:
    """`position` after another entry fill; one that was closed meanwhile is open again."""
    paid = _total(position.entry_price, position.entered, instrument) + fill.price * fill.quantity
    entered = position.entered + fill.quantity
    planned = shared(proposal.plan.targets, entered, fill.price, instrument)
    targets = tuple(
        replace(target, done=target.done or (was.done and was.quantity > 0))
        for target, was in zip(planned, position.targets, strict=True)
    )
    return replace(
        position,
        quantity=position.quantity + fill.quantity,
        entered=entered,
        entry_price=kept(paid / entered),
        targets=targets,
        fees=position.fees + fee_in_quote(fill, instrument),
        state=PositionState.OPEN,
        closed_at=None,
    )


def reduced(
    position: Position, fill: Fill, reason: str, instrument: Instrument
) -> tuple[Position, Decimal]:
    """`position` after an exit fill, and the gross profit that it books.

    A fill of more than what is open closes what is open: over-closing is impossible.
    """
    closing = min(fill.quantity, position.quantity)
    exited = position.entered - position.quantity
    received = _total(position.exit_price or ZERO, exited, instrument) + fill.price * closing
    left = position.quantity - closing
    if left:
        gross = kept((fill.price - position.entry_price) * closing * position.side.sign)
    else:
        paid = _total(position.entry_price, position.entered, instrument)
        gross = (received - paid) * position.side.sign - position.realised
    after = replace(
        position,
        quantity=left,
        realised=position.realised + gross,
        fees=position.fees + fee_in_quote(fill, instrument),
        exit_price=kept(received / (exited + closing)) if exited + closing else None,
        exit_reason=reason,
    )
    if not left:
        after = replace(after, state=PositionState.CLOSED, closed_at=fill.at)
    return after, gross


def _total(average: Decimal, quantity: Decimal, instrument: Instrument) -> Decimal:
    """What `quantity` cost at an average price, exact."""
    return round_to(average * quantity, instrument.price_step * instrument.amount_step)


def shared(
    planned: Sequence[PlannedTarget], quantity: Decimal, price: Decimal, instrument: Instrument
) -> tuple[OpenTarget, ...]:
    """Targets for a filled quantity, on amount steps: their sum is the planned part of it.

    One too small to be ordered alone is closed with the next (the last with the one before).
    """
    least = max(instrument.min_amount, instrument.min_cost / price if price else ZERO)
    whole = sum((target.share for target in planned), ZERO) == ONE
    amounts: list[Decimal] = []
    carried, given = ZERO, ZERO
    for index, target in enumerate(planned):
        wished = quantity * target.share + carried
        last = index == len(planned) - 1
        amount = quantity - given if last and whole else floor_to(wished, instrument.amount_step)
        if amount < least:
            amount = ZERO
        carried = wished - amount
        given += amount
        amounts.append(amount)
    _sweep(amounts, quantity if whole else given)
    return tuple(
        OpenTarget(target.price, amount, done=not amount)
        for target, amount in zip(planned, amounts, strict=True)
    )


def _sweep(amounts: list[Decimal], whole: Decimal) -> None:
    """Give what is left over to the last target that has something, else to the last one."""
    left = whole - sum(amounts, ZERO)
    if not amounts or not left:
        return
    holders = [index for index, amount in enumerate(amounts) if amount]
    amounts[holders[-1] if holders else -1] += left
