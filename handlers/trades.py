"""Messages about trades: sent, filled, partly closed, closed; and a position at a glance."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from agents.domain.market import Instrument
from agents.domain.order import Fill, OrderIntent, OrderPurpose, OrderSide, OrderState
from agents.domain.position import Position, PositionState
from agents.domain.strategy import Mode
from handlers import markers, numbers, times
from handlers.chat import Button, Rows, Words, bold, lines, text
from handlers.tables import clipped

_DID = {OrderSide.BUY: "Bought", OrderSide.SELL: "Sold"}
_DOES = {OrderSide.BUY: "buying", OrderSide.SELL: "selling"}


@dataclass(frozen=True, slots=True)
class Filled:
    """A fill with what it did to a position. `profit` is that of this fill alone, net of its own
    fee, quote currency; None for entries. `stays` is what could not be sold, base currency."""

    position: Position
    fill: Fill
    instrument: Instrument | None
    profit: Decimal | None = None
    planned: Decimal | None = None
    stays: Decimal | None = None


def title(position: Position, what: str) -> Words:
    """The first line: mode, what happened, side and symbol."""
    return bold(f"{markers.mode(position.mode)} · {what} {markers.trade(position)}")


def entry_filled(filled: Filled) -> Words:
    return lines(*_entry(filled))


def _entry(filled: Filled) -> Iterator[Words | str]:
    position, instrument = filled.position, filled.instrument
    yield title(position, "Filled")
    yield _did(filled)
    if filled.planned is not None and position.entered < filled.planned:
        done = numbers.amount(position.entered, instrument)
        yield f"So far {done} of {numbers.amount(filled.planned, instrument)}."
    yield _costs(filled)
    yield _levels(position, instrument)


def partly_closed(filled: Filled) -> Words:
    position, base = filled.position, markers.base(filled.position.symbol)
    left = numbers.amount(position.quantity, filled.instrument)
    return lines(
        title(position, "Partly closed"),
        _did(filled) + text(f" · {_reason(position)}"),
        _costs(filled),
        _profit("P&L of this part", filled.profit or Decimal(0), position),
        f"Still open: {left} {base}, stop {numbers.price(position.stop, filled.instrument)}.",
    )


def closed(filled: Filled) -> Words:
    position, instrument = filled.position, filled.instrument
    entry, last = position.entry_price, position.exit_price or filled.fill.price
    held = (position.closed_at or filled.fill.at) - position.opened_at
    return lines(
        title(position, "Closed"),
        _did(filled) + text(f" · {_reason(position)}"),
        f"{_costs(filled)} · fees in all {numbers.money(position.fees)}{_funding(position)}",
        _profit(f"{markers.result(position.net())} P&L", position.net(), position)
        + text(f" · {numbers.multiple(position.r_multiple())}"),
        f"{numbers.price(entry, instrument)} → {numbers.price(last, instrument)} in "
        f"{times.short(held)}",
        *_rest(filled),
    )


def written_off(filled: Filled) -> Words:
    """A trade of which nothing more can be sold, and nothing was just now."""
    position = filled.position
    return lines(
        title(position, "Written off"),
        *_rest(filled),
        "What it cost counts among the fees, and nothing of this trade is open any more.",
        _profit(f"{markers.result(position.net())} P&L", position.net(), position),
    )


def _rest(filled: Filled) -> Iterator[str]:
    """What can't be sold of a closed trade."""
    if filled.stays:
        coin = markers.base(filled.position.symbol)
        size = numbers.amount(filled.stays, filled.instrument)
        yield f"{size} {coin} stay on your account, too small to be sold."


def sent(intent: OrderIntent, instrument: Instrument | None) -> Words:
    """An order is on its way: exiting is not yet closed, entering not yet filled."""
    verb = "Entering" if intent.purpose is OrderPurpose.ENTRY else "Exiting"
    size = f"{numbers.amount(intent.quantity, instrument)} {markers.base(intent.symbol)}"
    reason = f" · {intent.reason}" if intent.reduces and intent.reason else ""
    what = f"{_DOES[intent.side]} {size} at the market{reason}"
    if intent.state is OrderState.NEW:
        return lines(
            bold(f"{markers.mode(intent.mode)} · {verb} {intent.symbol}"),
            f"Not sent yet: {what}. The exchange asks to wait; it goes out as soon as it may.",
        )
    said = f"It would be {what}." if intent.mode is Mode.VALIDATION else f"Sent: {what}."
    return lines(
        bold(f"{markers.mode(intent.mode)} · {verb} {intent.symbol}"), f"{said} Not yet filled."
    )


def failed(
    intent: OrderIntent, reason: str, instrument: Instrument | None, *, over: bool = False
) -> Words:
    """`over`: its trade is closed by now."""
    size = f"{numbers.amount(intent.quantity, instrument)} {markers.base(intent.symbol)}"
    if intent.filled:
        return _filled_in_part(intent, reason, size, instrument, over=over)
    after = (
        "The position stays open and its stop keeps watching."
        if intent.reduces
        else "Nothing more is bought or sold for it."
    )
    return lines(
        bold(f"{markers.mode(intent.mode)} · Order not filled: {intent.symbol}"),
        f"⛔ {_DOES[intent.side].capitalize()} {size}: {reason or 'the broker gave no reason'}.",
        after,
    )


def _filled_in_part(
    intent: OrderIntent, reason: str, size: str, instrument: Instrument | None, *, over: bool
) -> Words:
    filled = numbers.amount(intent.filled, instrument)
    after = (
        "The rest of the position stays open, and its stop keeps watching."
        if intent.reduces
        else "The position is what was filled, and its stop covers that."
    )
    if over:
        after = "Nothing of this trade is open any more."
    return lines(
        bold(f"{markers.mode(intent.mode)} · Order filled in part: {intent.symbol}"),
        f"⛔ {_DID[intent.side]} {filled} of {size}; the rest is over: "
        f"{reason or 'the broker gave no reason'}.",
        after,
    )


def stop_moved(position: Position, stop: Decimal, why: str, instrument: Instrument | None) -> Words:
    return lines(
        title(position, "Stop moved for"),
        f"🛡 Stop is now {numbers.price(stop, instrument)}: {why}.",
    )


def at_a_glance(
    position: Position, price: Decimal | None, instrument: Instrument | None, now: datetime
) -> Words:
    """An open position in three short lines."""
    quote = markers.quote(position.symbol)
    closing = " · exiting" if position.state is PositionState.CLOSING else ""
    since = times.short(now - position.opened_at)
    return lines(
        bold(f"#{position.id} {markers.trade(position)}")
        + text(f" · {position.mode} · {since}{closing}"),
        _worth(position, price, quote),
        f"in {numbers.price(position.entry_price, instrument)}"
        + (f" · now {numbers.price(price, instrument)}" if price is not None else "")
        + f" · {_levels(position, instrument).lower()}",
    )


def _worth(position: Position, price: Decimal | None, quote: str) -> str:
    if price is None:
        return "P&L unknown: no price at the moment"
    net = position.net(price)
    return (
        f"{markers.result(net)} {numbers.signed(net)} {quote} · "
        f"{numbers.multiple(position.r_multiple(price))}"
    )


def close_buttons(position: Position) -> Rows:
    """For an open position; the version says which state of it the person looked at."""
    return (
        (
            Button("🚪 Close", "close", position.id, position.version),
            Button("✂️ Close half", "close_half", position.id, position.version),
        ),
    )


def _reason(position: Position) -> str:
    return clipped(position.exit_reason, 120)


def _did(filled: Filled) -> Words:
    fill, instrument = filled.fill, filled.instrument
    size = f"{numbers.amount(fill.quantity, instrument)} {markers.base(fill.symbol)}"
    return text(f"{_DID[fill.side]} {size} at {numbers.price(fill.price, instrument)}")


def _costs(filled: Filled) -> str:
    fill = filled.fill
    fee = f"Fee {numbers.money(fill.fee)} {fill.fee_currency}"
    return fee if not (slip := _slippage(fill)) else f"{fee} · slippage {slip}"


def _funding(position: Position) -> str:
    """Empty where there was none."""
    return f" · funding {numbers.signed(position.funding)}" if position.funding else ""


def _slippage(fill: Fill) -> str:
    """How much worse than the market price, in basis points; empty when unknown."""
    if fill.mark is None or not fill.mark:
        return ""
    sign = 1 if fill.side is OrderSide.BUY else -1
    points = (fill.price - fill.mark) / fill.mark * 10_000 * sign
    return f"{numbers.significant(points.quantize(Decimal('0.1')), 3)} bp"


def _levels(position: Position, instrument: Instrument | None) -> str:
    """`Stop 60,400.00 · target 62,200.30 · 5x, liquidation 49,120.00`."""
    waiting = [target for target in position.targets if not target.done]
    said = f"Stop {numbers.price(position.stop, instrument)}"
    if waiting:
        prices = ", ".join(numbers.price(target.price, instrument) for target in waiting)
        said += f" · target {prices}"
    if position.liquidation is not None and position.leverage > 1:
        at = numbers.price(position.liquidation, instrument)
        said += f" · {position.leverage}x, liquidation {at}"
    return said


def _profit(name: str, profit: Decimal, position: Position) -> Words:
    return bold(f"{name} {numbers.signed(profit)} {markers.quote(position.symbol)}")
