"""How orders are put at an exchange: alone, two as one bracket, or one in place of another."""

from collections.abc import Mapping, Sequence
from typing import Any

from agents.domain.errors import OrderRejected, OrderUnknown
from agents.domain.order import OrderIntent, OrderKind, OrderSide, client_order_id
from bot.connectors.ccxt_live_faults import Twice
from bot.connectors.ccxt_live_orders import request
from bot.connectors.ccxt_live_session import Session

Order = Mapping[str, Any]


async def place(session: Session, intent: OrderIntent, *, urgent: bool) -> Order:
    """The order as the exchange took it. Raises as Broker.submit."""
    wanted = request(session, intent)
    order: Order = await session.ask("create_order", *wanted.arguments, urgent=urgent, reads=False)
    if not order.get("id"):  # ccxt makes an order even of an answer that names none
        raise OrderUnknown
    return order


async def place_pair(
    session: Session, stop: OrderIntent, target: OrderIntent, *, urgent: bool
) -> tuple[Order, Order]:
    """A stop and a target of which one cancels the other, as Binance spot takes them."""
    call = session.dialect.one_of_two
    if not call:
        raise OrderRejected(f"{session.title} takes no stop and target as one.")
    exchange, market = session.exchange, session.market(stop.symbol)
    spelling = session.listing.spelling(stop.symbol)
    ask = {
        "symbol": market["id"],
        "side": stop.side.value.upper(),
        "quantity": exchange.amount_to_precision(spelling, request(session, stop).amount),
        "listClientOrderId": client_order_id(f"pair:{stop.client_id}:{target.client_id}"),
        "newOrderRespType": "RESULT",
        **_legs(session, stop, target, spelling),
    }
    answer = await session.ask(call, ask, urgent=urgent, reads=False)
    reports = [exchange.parse_order(one, market) for one in answer.get("orderReports") or []]
    by_client = {session.dialect.client_id(one.get("clientOrderId")): one for one in reports}
    if stop.client_id not in by_client or target.client_id not in by_client:
        raise Twice
    return by_client[stop.client_id], by_client[target.client_id]


def _legs(
    session: Session, stop: OrderIntent, target: OrderIntent, spelling: str
) -> dict[str, Any]:
    """The higher price is the target's when selling, and the stop's when buying."""
    selling = stop.side is OrderSide.SELL
    above, below = ("below", "above") if selling else ("above", "below")
    exchange, spell = session.exchange, session.dialect.spell

    def price(intent: OrderIntent) -> Any:
        return exchange.price_to_precision(spelling, f"{intent.price:f}")

    return {
        f"{above}Type": "STOP_LOSS",
        f"{above}ClientOrderId": spell(stop.client_id),
        f"{above}StopPrice": price(stop),
        f"{below}Type": "LIMIT_MAKER",
        f"{below}ClientOrderId": spell(target.client_id),
        f"{below}Price": price(target),
    }


def replaceable(session: Session, new: Sequence[OrderIntent], old: Sequence[OrderIntent]) -> bool:
    """Whether one order can take another's place in one step."""
    alone = len(new) == 1 and len(old) == 1 and not old[0].pair
    spot = bool(alone and session.market(new[0].symbol).get("spot"))
    return spot and session.dialect.replaces


async def replace_one(
    session: Session, new: OrderIntent, old: OrderIntent, *, urgent: bool
) -> Order:
    """Binance's cancelReplace: nothing is placed unless the old order could be cancelled. Raises
    Replaced when it had ended."""
    wanted, spell = request(session, new), session.dialect.spell
    params = {
        "newClientOrderId": spell(new.client_id),
        "cancelOrigClientOrderId": spell(old.client_id),
    }
    if new.kind is OrderKind.STOP:
        params["stopPrice"] = f"{new.price:f}"
    # ccxt makes a LIMIT order with a stop price of a MARKET one only by another type's name.
    kind = "STOP_LOSS" if new.kind is OrderKind.STOP else wanted.type
    order: Order = await session.ask(
        "edit_order",
        "",
        wanted.symbol,
        kind,
        wanted.side,
        wanted.amount,
        wanted.price,
        params,
        urgent=urgent,
        reads=False,
    )
    if not order.get("id"):
        raise OrderUnknown
    return order
