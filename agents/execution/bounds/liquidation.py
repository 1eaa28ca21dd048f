"""Where an exchange would close a leveraged position, and plans that can't be traded so.

Isolated margin, linear contract. A position of q at entry price E with leverage L has the margin
E x q / L. The exchange closes it when margin and open profit are down to the maintenance margin,
m x P x q at the price P:

    E q / L + (P - E) q s = m P q        s = 1 long, -1 short
    P = E (1 - s / L) / (1 - s m)

This is Binance's formula for isolated positions in one-way mode ("How to calculate liquidation
price of USD-M futures contracts") without its amounts of higher tiers, which move the price away
from the entry. What is left then goes with it: the loss is the margin, which is reached at the
bankruptcy price E (1 - s / L).
"""

from dataclasses import replace
from decimal import Decimal

from agents.domain.errors import LimitBreach
from agents.domain.market import Instrument, InstrumentKind
from agents.domain.money import ONE, ceil_to, exactly, floor_to
from agents.domain.position import Position
from agents.domain.proposal import Plan
from agents.domain.strategy import Mode, Side
from agents.execution.figures import money, plain

_AFTER_FEE = Decimal("0.998")


def liquidation_price(
    side: Side, entry: Decimal, leverage: int, instrument: Instrument
) -> Decimal | None:
    """None on spot, and for a long without leverage, which only a price of zero would end.
    Rounded to a price step towards the entry."""
    if instrument.kind is InstrumentKind.SPOT or leverage < 1:
        return None
    sign = side.sign
    with exactly():
        price = entry * (ONE - ONE * sign / leverage) / (ONE - instrument.maintenance * sign)
    if price <= 0:
        return None
    return _towards(price, side, instrument.price_step)


def bankruptcy_price(position: Position) -> Decimal | None:
    """Where the margin is gone: the worst price of an exit, since no more can be lost."""
    if position.liquidation is None:
        return None
    with exactly():
        price = position.entry_price * (ONE - ONE * position.side.sign / position.leverage)
    return _towards(price, position.side, Decimal("1e-8"))


def _towards(price: Decimal, side: Side, step: Decimal) -> Decimal:
    """Rounded against the trader: to the side on which the entry lies."""
    return ceil_to(price, step) if side is Side.LONG else floor_to(price, step)


def no_short_on_spot(side: Side, instrument: Instrument) -> None:
    """Raises LimitBreach."""
    if side is Side.SHORT and instrument.kind is InstrumentKind.SPOT:
        words = f"{instrument.symbol} is traded on a spot market here, which can't be sold short"
        raise LimitBreach("spot", words)


def levered(plan: Plan, leverage: Decimal, instrument: Instrument) -> Plan:
    """`plan` with what it is traded with and where the exchange would close it. `leverage` is
    what strategy and limits allow; on spot there is none.

    Raises LimitBreach for a short on spot, for what could not be sold at its stop, and where the
    liquidation lies before the stop.
    """
    no_short_on_spot(plan.side, instrument)
    _sellable_at_its_stop(plan, instrument)
    times = 1 if instrument.kind is InstrumentKind.SPOT else max(int(leverage), 1)
    price = liquidation_price(plan.side, plan.entry, times, instrument)
    if price is not None and (plan.stop - price) * plan.side.sign <= 0:
        raise LimitBreach(
            "liquidation",
            f"at {times}x the exchange would close it at {plain(price)}, before its stop at "
            f"{plain(plan.stop)}; a nearer stop or less leverage is needed",
        )
    return replace(plan, leverage=times, liquidation=price)


def _sellable_at_its_stop(plan: Plan, instrument: Instrument) -> None:
    """An exchange refuses a sale below its minimum, and the fee may have been taken in the coin.
    Raises LimitBreach."""
    if instrument.kind is not InstrumentKind.SPOT:
        return
    sold = instrument.amount(plan.quantity * _AFTER_FEE)
    worth = sold * plan.stop
    if not sold or sold < instrument.min_amount or worth < instrument.min_cost:
        raise LimitBreach(
            "minimum size",
            f"at its stop {plain(sold)} {instrument.base} could be sold, worth {money(worth)} "
            f"{instrument.quote}; the exchange sells nothing below {plain(instrument.min_amount)} "
            f"{instrument.base} or {money(instrument.min_cost)} {instrument.quote}",
        )


def worst_exit(position: Position) -> Decimal | None:
    """The price of a pretended exit when the market is beyond liquidation; None where that is
    the exchange's own business."""
    return None if position.mode is Mode.LIVE else bankruptcy_price(position)
