"""The arithmetic of fills on positions: exact, so that accounts reconcile to the last decimal.

A position keeps what its entries and its exits came to, exact; an average price may have no end
(1/3), is rounded to 18 decimals, and is for show. So is the profit of an exit that leaves
something open, reckoned at the average of all entries. The exit that closes the position takes
the rest: it books what all fills together brought, less what was booked before.

A fee may be taken in the quote currency, in the coin itself, or in a third coin. Of what is
bought on a spot market with a fee in the coin, `quantity - fee` is held, and the fee costs
`fee x price`: what was paid is `price x quantity` to the last decimal. On perpetuals a fee in the
coin does not touch the position. A third coin's fee costs what it was worth when it was filled.

A leftover too small to be sold (dust) is written off at its entry price when the rest is closed,
and counts among the fees.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from agents.domain.market import Instrument, InstrumentKind
from agents.domain.money import ONE, ZERO, exactly, floor_to, round_to
from agents.domain.order import Fill, OrderIntent, OrderSide
from agents.domain.position import OpenTarget, Position, PositionState
from agents.domain.proposal import PlannedTarget, Proposal
from agents.execution.bounds.liquidation import liquidation_price


def kept(value: Decimal) -> Decimal:
    """Rounded to 18 decimals."""
    with exactly():
        rounded = round(value, 18)
    return value if rounded == value else rounded


def fee_in_quote(fill: Fill, instrument: Instrument) -> Decimal:
    """What the fee cost in quote currency; one in the coin is valued at the fill's price, one in
    a third coin by `fee_value`. Nothing where that is not known: the fee is shown in its coin."""
    if fill.fee_currency == instrument.quote or not fill.fee:
        return fill.fee
    if fill.fee_currency == instrument.base:
        with exactly():
            return fill.fee * fill.price
    return fill.fee_value if fill.fee_value is not None else ZERO


def moved_by(fill: Fill, instrument: Instrument) -> Decimal:
    """How many coins of the position a fill moved: on spot a fee in the coin makes a purchase
    smaller and a sale larger."""
    in_coin = instrument.kind is InstrumentKind.SPOT and fill.fee_currency == instrument.base
    if not in_coin:
        return fill.quantity
    with exactly():
        return fill.quantity + (fill.fee if fill.side is OrderSide.SELL else -fill.fee)


def gained(before: Position | None, after: Position) -> Decimal:
    """What an account gains when a position becomes another: profit, fees and funding, exact."""
    with exactly():
        return after.net() - (before.net() if before else ZERO)


def opened(proposal: Proposal, intent: OrderIntent, fill: Fill, instrument: Instrument) -> Position:
    """A position from its first entry fill, not yet stored."""
    plan, quantity = proposal.plan, moved_by(fill, instrument)
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
        quantity=quantity,
        entered=quantity,
        entry_price=fill.price,
        initial_stop=plan.stop,
        stop=plan.stop,
        targets=shared(plan.targets, quantity, fill.price, instrument),
        trailing=plan.trailing,
        best=fill.price,
        realised=ZERO,
        fees=fee_in_quote(fill, instrument),
        opened_at=fill.at,
        leverage=plan.leverage,
        liquidation=liquidation_price(plan.side, fill.price, plan.leverage, instrument),
        entry_value=_value(fill.price, quantity),
        step=instrument.amount_step,
    )


def grown(position: Position, proposal: Proposal, fill: Fill, instrument: Instrument) -> Position:
    """`position` after another entry fill; one that was closed meanwhile is open again."""
    more = moved_by(fill, instrument)
    with exactly():
        value = entry_value(position, instrument) + fill.price * more
        entered = position.entered + more
        average = kept(value / entered)
        quantity = position.quantity + more
        fees = position.fees + fee_in_quote(fill, instrument)
    planned = shared(proposal.plan.targets, entered, fill.price, instrument)
    targets = tuple(
        replace(target, done=target.done or (was.done and was.quantity > 0))
        for target, was in zip(planned, position.targets, strict=True)
    )
    return replace(
        position,
        quantity=quantity,
        entered=entered,
        entry_price=average,
        entry_value=value,
        targets=targets,
        fees=fees,
        liquidation=liquidation_price(position.side, average, position.leverage, instrument),
        state=PositionState.OPEN,
        closed_at=None,
    )


def reduced(
    position: Position, fill: Fill, reason: str, instrument: Instrument
) -> tuple[Position, Decimal]:
    """`position` after an exit fill, and the gross profit that it books.

    A fill of more than what is open closes what is open: over-closing is impossible.
    """
    with exactly():
        closing = min(moved_by(fill, instrument), position.quantity)
        left = position.quantity - closing
        after = replace(
            position,
            quantity=left,
            fees=position.fees + fee_in_quote(fill, instrument),
            exit_reason=reason,
            entry_value=entry_value(position, instrument),
            exit_value=exit_value(position, instrument) + fill.price * closing,
        )
    after = replace(after, exit_price=_average(after.exit_value, position.entered, left))
    if left and not _is_dust(left, instrument):
        gross = _part(after, fill, closing)
        return replace(after, realised=_sum(after.realised, gross)), gross
    return _closed(after, fill)


def _part(position: Position, fill: Fill, closing: Decimal) -> Decimal:
    """What closing a part of it gained, against the average of all entries."""
    with exactly():
        cost = position.entry_value * closing / position.entered
        return kept((fill.price * closing - cost) * position.side.sign)


def _closed(position: Position, fill: Fill) -> tuple[Position, Decimal]:
    """With the whole profit booked. Dust is written off at what it cost, and counts no longer
    among what was entered: the position may be filled again."""
    with exactly():
        part = position.quantity / position.entered if position.quantity else ZERO
        lost = kept(position.entry_value * part)
        cost = position.entry_value - lost
        whole = (position.exit_value - cost) * position.side.sign
        gross = whole - position.realised
        after = replace(
            position,
            quantity=ZERO,
            entered=position.entered - position.quantity,
            entry_value=cost,
            realised=whole,
            fees=position.fees + lost,
            state=PositionState.CLOSED,
            closed_at=fill.at,
        )
    return after, gross


def _is_dust(left: Decimal, instrument: Instrument) -> bool:
    """Coins that no order can sell; what is open on a perpetual can always be closed."""
    return instrument.kind is InstrumentKind.SPOT and left < instrument.amount_step


def unsellable(position: Position, price: Decimal, instrument: Instrument) -> bool:
    """Whether what is open is less than an exchange sells at `price`; what is open on a perpetual
    can always be closed."""
    if instrument.kind is not InstrumentKind.SPOT or position.quantity <= 0:
        return False
    with exactly():
        sold = instrument.amount(position.quantity)
        return not sold or sold < instrument.min_amount or sold * price < instrument.min_cost


def written_off(position: Position, at: datetime, reason: str, instrument: Instrument) -> Position:
    """A spot position that is below the exchange's minimum, closed without an order at what it
    cost."""
    none = Fill("", "", position.symbol, OrderSide.SELL, ZERO, ZERO, ZERO, instrument.quote, at)
    known = replace(position, entry_value=entry_value(position, instrument), exit_reason=reason)
    return _closed(replace(known, exit_value=exit_value(position, instrument)), none)[0]


def entry_value(position: Position, instrument: Instrument) -> Decimal:
    """What its entries came to; of a position that an earlier release opened, by its average."""
    if position.entry_value:
        return position.entry_value
    return _total(position.entry_price, position.entered, instrument)


def exit_value(position: Position, instrument: Instrument) -> Decimal:
    """What its exits came to so far, as `entry_value`."""
    if position.exit_value or not position.exit_price:
        return position.exit_value
    return _total(position.exit_price, position.entered - position.quantity, instrument)


def _total(average: Decimal, quantity: Decimal, instrument: Instrument) -> Decimal:
    """Exact where every fill was on the steps of price and amount: a sum of such is a multiple
    of their product, and the rounded average is nearer to it than to any other."""
    with exactly():
        return round_to(average * quantity, instrument.price_step * instrument.amount_step)


def _average(value: Decimal, entered: Decimal, left: Decimal) -> Decimal | None:
    with exactly():
        return kept(value / (entered - left)) if entered != left else None


def _value(price: Decimal, quantity: Decimal) -> Decimal:
    with exactly():
        return price * quantity


def _sum(first: Decimal, second: Decimal) -> Decimal:
    with exactly():
        return first + second


def shared(
    planned: Sequence[PlannedTarget], quantity: Decimal, price: Decimal, instrument: Instrument
) -> tuple[OpenTarget, ...]:
    """Targets for a filled quantity, on amount steps: their sum is the planned part of what can
    be sold of it.

    One too small to be ordered alone is closed with the next (the last with the one before).
    """
    quantity = instrument.amount(quantity)
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
