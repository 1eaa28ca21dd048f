"""Our orders as ccxt takes them, and what ccxt says of them as ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from agents.domain.errors import OrderRejected
from agents.domain.market import Instrument, InstrumentKind, from_ms
from agents.domain.money import ZERO
from agents.domain.order import (
    BrokerOrder,
    Fill,
    OrderIntent,
    OrderKind,
    OrderSide,
    OrderState,
)
from agents.domain.venue import VenueOrder
from bot.connectors.ccxt_instruments import contract_size
from bot.connectors.ccxt_live_numbers import handed, told
from bot.connectors.ccxt_live_session import Session

_STATES = {
    "open": OrderState.OPEN,
    "closed": OrderState.FILLED,
    "canceled": OrderState.CANCELLED,
    "canceling": OrderState.OPEN,
    "expired": OrderState.EXPIRED,
    "rejected": OrderState.REJECTED,
}
ENDED = frozenset(
    {OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REJECTED}
)
_APART = "algo:"
"""What the venue id of a conditional order begins with where those have ids of their own."""


@dataclass(frozen=True, slots=True)
class Request:
    """What `create_order` is called with."""

    symbol: str
    type: str
    side: str
    amount: Any
    price: Any
    params: Mapping[str, Any]

    @property
    def arguments(self) -> tuple[Any, ...]:
        return self.symbol, self.type, self.side, self.amount, self.price, dict(self.params)


def lot(session: Session, symbol: str) -> Decimal:
    """How much of the base currency one unit of the exchange's amounts is: contracts are larger."""
    market = session.market(symbol)
    return contract_size(market) if market.get("swap") else Decimal(1)


def request(session: Session, intent: OrderIntent) -> Request:
    dialect = session.dialect
    params = {**dialect.also, dialect.id_param: dialect.spell(intent.client_id)}
    if session.market(intent.symbol).get("swap"):
        if intent.reduces:
            params["reduceOnly"] = True
        if dialect.margin_in_orders:
            params["marginMode"] = "isolated"
    price = None if intent.price is None else handed(intent.price)
    if intent.kind is OrderKind.STOP:
        params[dialect.stop_param] = f"{intent.price:f}"
    return Request(
        session.listing.spelling(intent.symbol),
        "limit" if intent.kind is OrderKind.LIMIT else "market",
        intent.side.value,
        handed(intent.quantity / lot(session, intent.symbol)),
        price if intent.kind is OrderKind.LIMIT else None,
        params,
    )


def apart(session: Session, intent: OrderIntent) -> dict[str, Any]:
    """What ccxt must be told to find the order."""
    return {"trigger": True} if is_apart(session, intent) else {}


def is_apart(session: Session, intent: OrderIntent) -> bool:
    return session.dialect.apart and intent.kind is OrderKind.STOP


def venue_name(session: Session, intent: OrderIntent, order: Mapping[str, Any]) -> str:
    """Ids of conditional orders are counted on their own and marked, so that none is taken for
    another order's."""
    name = str(order.get("id") or "")
    return f"{_APART}{name}" if name and is_apart(session, intent) else name


def bare_name(venue_id: str) -> str:
    return venue_id.removeprefix(_APART)


# --- before it is sent --------------------------------------------------------------------------


def check(
    session: Session, intent: OrderIntent, instrument: Instrument, price: Decimal | None
) -> None:
    """Raises OrderRejected for what the exchange would refuse; `price` is the market's."""
    quantity, title = intent.quantity, session.title
    if not session.dialect.fits(intent.client_id):
        raise OrderRejected(f"{title} takes no order names like ours.")
    if quantity <= 0 or quantity % instrument.amount_step:
        raise OrderRejected(
            f"The amount {quantity:f} is no multiple of {instrument.amount_step:f}."
        )
    if intent.price is not None and intent.price % instrument.price_step:
        raise OrderRejected(
            f"The price {intent.price:f} is no multiple of {instrument.price_step:f}."
        )
    most = _most(session, intent)
    if most is not None and quantity > most:
        raise OrderRejected(f"{title} takes at most {most:f} {instrument.base} in one order.")
    if intent.reduces and instrument.kind is InstrumentKind.LINEAR:
        return  # a position may be reduced by whatever is left of it
    _check_least(intent, instrument, price, title)


def _check_least(
    intent: OrderIntent, instrument: Instrument, price: Decimal | None, title: str
) -> None:
    if intent.quantity < instrument.min_amount:
        raise OrderRejected(
            f"{title} takes no less than {instrument.min_amount:f} {instrument.base}; this is "
            f"{intent.quantity:f}."
        )
    worth = intent.quantity * (intent.price or price or ZERO)
    if worth and worth < instrument.min_cost:
        raise OrderRejected(
            f"{title} takes no order below {instrument.min_cost:f} {instrument.quote}; this is "
            f"{worth:.2f}."
        )


def _most(session: Session, intent: OrderIntent) -> Decimal | None:
    limits = session.market(intent.symbol).get("limits") or {}
    names = ("amount",) if intent.kind is OrderKind.LIMIT else ("amount", "market")
    found = [told((limits.get(name) or {}).get("max")) for name in names]
    known = [one for one in found if one]
    return min(known) * lot(session, intent.symbol) if known else None


# --- what it says ---------------------------------------------------------------------------------


def filled_of(session: Session, symbol: str, order: Mapping[str, Any]) -> Decimal:
    return (told(order.get("filled"), order.get("info")) or ZERO) * lot(session, symbol)


def state_of(order: Mapping[str, Any], filled: Decimal) -> OrderState:
    state = _STATES.get(str(order.get("status")), OrderState.OPEN)
    if state is OrderState.FILLED and falls_short(order):
        return OrderState.CANCELLED
    return OrderState.PART_FILLED if state is OrderState.OPEN and filled else state


def falls_short(order: Mapping[str, Any]) -> bool:
    """Whether less than all of it was filled: some call an order closed that was cancelled
    after a part."""
    filled, whole = (told(order.get(name), order.get("info")) for name in ("filled", "amount"))
    return filled is not None and whole is not None and filled < whole


def child_name(order: Mapping[str, Any]) -> str:
    """The order that a triggered conditional one has become; empty before."""
    info = order.get("info") or {}
    name = str(info.get("actualOrderId") or info.get("ai") or "")
    return "" if name == "0" else name


def client_of(session: Session, order: Mapping[str, Any]) -> str:
    return session.dialect.client_id(order.get("clientOrderId"))


def reason_of(session: Session, state: OrderState, order: Mapping[str, Any]) -> str:
    if state not in ENDED or state is OrderState.FILLED:
        return ""
    info = order.get("info") or {}
    why = str(info.get("rm") or info.get("rejectReason") or "")[:80]
    return f"{session.title} says {state}{f': {why}' if why else ''}"


@dataclass(frozen=True, slots=True)
class Priced:
    """What surrounds a fill: the market's price then, the time at which we heard of it, and a fee
    in a third coin valued in quote currency."""

    mark: Decimal | None
    heard_at: datetime
    fee_value: Decimal | None = None


def fee_of(trade: Mapping[str, Any], quote: str) -> tuple[Decimal, str]:
    fees = trade.get("fees") or []
    fee = trade.get("fee") or (fees[0] if fees else {})
    info = trade.get("info") or {}
    amount, coin = told(fee.get("cost"), info), fee.get("currency")
    if "execFee" in info:  # Bybit's, whose lists name a third coin where ccxt does not look
        coin = info.get("feeCurrency") or coin
    return (amount, str(coin)) if amount and coin else (ZERO, quote)


def fill_of(
    session: Session,
    symbol: str,
    trade: Mapping[str, Any],
    side: OrderSide | None,
    client_id: str,
    around: Priced,
) -> Fill:
    """`side` is used where the trade does not say it."""
    quote = str(session.market(symbol)["quote"])
    fee, coin = fee_of(trade, quote)
    said, info = trade.get("side"), trade.get("info")
    return Fill(
        client_id=client_id,
        trade_id=trade_name(trade),
        symbol=symbol,
        side=OrderSide(said) if said else side or OrderSide.BUY,
        price=told(trade["price"], info) or ZERO,
        quantity=(told(trade["amount"], info) or ZERO) * lot(session, symbol),
        fee=fee,
        fee_currency=coin,
        at=from_ms(int(trade["timestamp"])) if trade.get("timestamp") else around.heard_at,
        mark=around.mark,
        fee_value=around.fee_value,
        heard_at=around.heard_at,
    )


def trade_name(trade: Mapping[str, Any]) -> str:
    """Its id, or what tells it from others of its order."""
    name = trade.get("id")
    return str(name) if name else f"{trade.get('order')}-{trade.get('timestamp')}-{trade['amount']}"


def dated(trades: Sequence[Mapping[str, Any]], ms: Any) -> list[Mapping[str, Any]]:
    """Those in an answer to an order carry no time: they happened at the order's. Some answers name
    trades and tell nothing of them; such a name is no fill."""
    known = [one for one in trades if one.get("amount") and one.get("price")]
    return [{**one, "timestamp": one.get("timestamp") or ms} for one in known]


def answer_of(
    session: Session,
    intent: OrderIntent,
    order: Mapping[str, Any],
    state: OrderState,
    filled: Decimal,
    fills: tuple[Fill, ...],
) -> BrokerOrder:
    return BrokerOrder(
        intent.client_id,
        state,
        filled,
        fills,
        reason_of(session, state, order),
        venue_name(session, intent, order),
    )


def venue_order(session: Session, order: Mapping[str, Any], *, triggered: bool) -> VenueOrder:
    """An open order as it is listed, whoever made it. `triggered`: of the list of conditional
    orders."""
    spelling = str(order.get("symbol"))
    symbol = session.ours.get(spelling, spelling)
    known = spelling in session.ours
    size = lot(session, symbol) if known else Decimal(1)
    info = order.get("info")
    names = ("triggerPrice", "stopLossPrice", "takeProfitPrice")
    trigger = next((found for name in names if (found := told(order.get(name), info))), None)
    price = told(order.get("price"), info)
    filled = (told(order.get("filled"), info) or ZERO) * size
    name = str(order.get("id") or "")
    return VenueOrder(
        client_id=client_of(session, order),
        venue_id=f"{_APART}{name}" if triggered else name,
        symbol=symbol,
        side=OrderSide(order["side"]),
        kind=OrderKind.STOP if trigger else OrderKind.LIMIT,
        quantity=(told(order.get("amount"), info) or ZERO) * size,
        filled=filled,
        price=trigger or price,
        state=OrderState.PART_FILLED if filled else OrderState.OPEN,
    )
