"""What an order must satisfy before it is taken. Each check raises Refused."""

from decimal import Decimal

from tests.support.venue.account import Account
from tests.support.venue.records import (
    ZERO,
    Ask,
    Kind,
    Market,
    OrderType,
    Quote,
    Refused,
    Side,
    Why,
)


def check_shape(ask: Ask, market: Market, quote: Quote) -> None:
    """The filters of the market."""
    for price in (ask.price, ask.trigger):
        if price is not None:
            _check_price(price, market)
    if ask.close_all:
        return
    quantity = ask.quantity
    if quantity % market.step:
        raise Refused(Why.LOT_STEP)
    if not market.min_quantity <= quantity <= market.max_quantity:
        raise Refused(Why.LOT_RANGE)
    # A perpetual may be reduced by whatever is left of it.
    if not (market.kind is Kind.PERPETUAL and ask.reduce_only):
        at = ask.price or ask.trigger or quote.last
        if at * quantity < market.min_notional:
            raise Refused(Why.MIN_NOTIONAL)


def _check_price(price: Decimal, market: Market) -> None:
    if price <= 0 or price > market.max_price:
        raise Refused(Why.PRICE_RANGE)
    if price % market.tick:
        raise Refused(Why.PRICE_TICK)


def check_name(ask: Ask, account: Account) -> None:
    """A client order id may be used again as soon as its order is done."""
    for order in account.open.values():
        same_room = order.kind is ask.kind and order.ask.algo is ask.algo
        if ask.client_id and same_room and order.client_id == ask.client_id:
            raise Refused(Why.DUPLICATE)


def check_moment(ask: Ask, quote: Quote) -> None:
    """Triggers lie ahead of the price, and post-only orders do not take."""
    if ask.trigger is not None and fires(ask.type, ask.side, ask.trigger, quote.last):
        raise Refused(Why.WOULD_TRIGGER)
    if ask.post_only and ask.price is not None and crosses(ask.side, ask.price, quote):
        raise Refused(Why.WOULD_TAKE)


def check_pair(first: Ask, second: Ask, quote: Quote) -> None:
    """A bracket of spot: an order that takes profit beyond the price, and a stop on the other
    side of it."""
    target, stop = (second, first) if first.type.is_stop else (first, second)
    level = target.trigger or target.price
    if not stop.type.is_stop or target.type.is_stop or first.side is not second.side:
        raise Refused(Why.BAD_PAIR)
    if level is None or stop.trigger is None:
        raise Refused(Why.BAD_PAIR)
    if first.side is Side.SELL:
        around = level > quote.last > stop.trigger
    else:
        around = level < quote.last < stop.trigger
    if not around:
        raise Refused(Why.BAD_PAIR)


def check_reduce(ask: Ask, account: Account) -> None:
    """There is something to reduce. A conditional order may come first."""
    if not ask.reduce_only or ask.trigger is not None:
        return
    held = account.position(ask.symbol).quantity
    if held * ask.side.sign >= 0:
        raise Refused(Why.REDUCE_ONLY)


def fires(type_: OrderType, side: Side, trigger: Decimal, price: Decimal) -> bool:
    """A sell stop fires at or below its trigger, a sell take-profit at or above it."""
    rising = (side is Side.BUY) is type_.is_stop
    return price >= trigger if rising else price <= trigger


def crosses(side: Side, price: Decimal, quote: Quote) -> bool:
    return price >= quote.ask if side is Side.BUY else price <= quote.bid


def takes(
    quote: Quote, side: Side, wanted: Decimal, limit: Decimal | None
) -> list[tuple[Decimal, Decimal]]:
    """What an order gets of the book at once: (price, quantity)."""
    got = []
    for price, size in quote.side(side):
        if wanted <= 0 or (limit is not None and (limit - price) * side.sign < 0):
            break
        part = min(wanted, size)
        got.append((price, part))
        wanted -= part
    return got


def growth(order_side: Side, quantity: Decimal, held: Decimal) -> Decimal:
    """How much of an order makes a position larger."""
    closes = max(ZERO, -held * order_side.sign)
    return max(ZERO, quantity - closes)


def portions(quantity: Decimal, count: int, step: Decimal) -> list[Decimal]:
    """`quantity` in so many parts of whole steps, the last one takes what is left over."""
    size = quantity / count // step * step
    if size <= 0:
        return [quantity]
    return [size] * (count - 1) + [quantity - size * (count - 1)]
