"""What an exchange knows of our orders, and whose order a trade belongs to."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from agents.domain.errors import BrokerAway, OrderRejected, TryAgain
from agents.domain.market import to_ms
from agents.domain.money import ZERO
from agents.domain.order import (
    BrokerOrder,
    Fill,
    OrderIntent,
    OrderKind,
    OrderSide,
    OrderState,
)
from agents.domain.ports import Clock, Orders
from agents.domain.trail import ids
from agents.domain.venue import OURS
from bot.connectors.ccxt_live_faults import Missing
from bot.connectors.ccxt_live_numbers import told
from bot.connectors.ccxt_live_orders import (
    ENDED,
    Priced,
    answer_of,
    apart,
    bare_name,
    child_name,
    client_of,
    dated,
    fee_of,
    fill_of,
    filled_of,
    is_apart,
    lot,
    state_of,
    trade_name,
)
from bot.connectors.ccxt_live_pages import newest_first, paged
from bot.connectors.ccxt_live_session import Session, Traded

_log = logging.getLogger(__name__)
_BEFORE = timedelta(minutes=2)
"""How much earlier than it was sent an order may stand in an exchange's lists."""
_NEWEST = 100
_LONG = timedelta(days=1)
_TRADES_LATE = (0.1, 0.3, 0.8)
"""Seconds between looks for the trades of an order that was filled."""
_PRICE_HOLDS = 60.0
_CLIENT_IDS = ("c", "clientOrderId", "orderLinkId", "clOrdId", "cl_ord_id")
_KEPT = 20_000
_PAGE = 500
Order = Mapping[str, Any]


class Names:
    """Client order ids by the exchange's own ids of orders; empty for orders that are not ours."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._known: dict[tuple[int, str, str], str] = {}

    def learn(self, session: Session, symbol: str, order: str, client_id: str) -> None:
        if order:
            self._known[session.owner_id, symbol, order] = client_id
        while len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]

    def known(self, session: Session, symbol: str, order: str) -> str | None:
        return self._known.get((session.owner_id, symbol, order))

    async def of_trade(self, session: Session, symbol: str, trade: Order) -> str:
        """The client id of a trade's order."""
        info, order = trade.get("info") or {}, str(trade.get("order") or "")
        written = next((str(info[name]) for name in _CLIENT_IDS if info.get(name)), "")
        said = session.dialect.client_id(written)
        if said.startswith(OURS):
            self.learn(session, symbol, order, said)
            return said
        known = self.known(session, symbol, order)
        if known is None:
            known = await self._find(session, symbol, order, said)
            self.learn(session, symbol, order, known)
        return known

    async def _find(self, session: Session, symbol: str, order: str, said: str) -> str:
        intent = await self._orders.by_venue_id(session.owner_id, order, symbol)
        if intent is not None:
            return intent.client_id
        if session.dialect.apart:
            await self._learn_children(session, symbol)
            if found := self.known(session, symbol, order):
                return found
        if said or not order:
            return said
        try:
            spelling = session.listing.spelling(symbol)
            asking = dict(session.dialect.asking)
            return client_of(session, await session.ask("fetch_order", order, spelling, asking))
        except OrderRejected:
            return ""

    async def _learn_children(self, session: Session, symbol: str) -> None:
        """Which orders the conditional ones of a symbol have become."""
        spelling = session.listing.spelling(symbol)
        try:
            listed = await session.ask("fetch_orders", spelling, None, None, {"trigger": True})
        except OrderRejected:  # no such list here
            return
        for one in listed:
            self.learn(session, symbol, child_name(one), client_of(session, one))


class Lookup:
    """`elapsed` counts seconds."""

    def __init__(
        self,
        traded: Traded,
        orders: Orders,
        clock: Clock,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self.names = Names(orders)
        self._traded = traded
        self._clock = clock
        self._pause = pause
        self._elapsed = elapsed
        self._prices: dict[str, tuple[float, Decimal]] = {}

    # --- orders -----------------------------------------------------------------------------

    async def find(self, session: Session, intent: OrderIntent, *, urgent: bool) -> Order | None:
        """The order as ccxt describes it; None when the exchange never saw it. Raises
        BrokerAway where it can't be told."""
        spelling = session.listing.spelling(intent.symbol)
        dialect, about = session.dialect, apart(session, intent)
        try:
            if dialect.found_by:
                about[dialect.found_by] = dialect.spell(intent.client_id)
                return await self._fetch(session, "", spelling, about, urgent)
            if intent.venue_id:
                name = bare_name(intent.venue_id)
                return await self._fetch(session, name, spelling, about, urgent)
        except Missing:
            if not dialect.listed_by:  # else it may be too old for where single orders are found
                return None
        return await self._search(session, intent, spelling, about, urgent)

    async def _fetch(
        self, session: Session, name: str, spelling: str, about: dict[str, Any], urgent: bool
    ) -> Order:
        asked = ("fetch_order", name, spelling, {**session.dialect.asking, **about})
        found: Order = await session.ask(*asked, urgent=urgent)
        return found

    async def _search(
        self,
        session: Session,
        intent: OrderIntent,
        spelling: str,
        about: dict[str, Any],
        urgent: bool,
    ) -> Order | None:
        """Where nothing is found by its client id: in the lists of open and ended orders."""
        dialect, before = session.dialect, _BEFORE
        if dialect.listed_by:  # then neither a clock nor a long list can hide it
            about, before = {**about, dialect.listed_by: dialect.spell(intent.client_id)}, _LONG
        since = to_ms(session.theirs(intent.sent_at or intent.created_at) - before)
        ended = ("fetchCanceledAndClosedOrders", "fetchOrders", "fetchClosedOrders")
        second = next((name for name in ended if session.has(name)), "")
        for name in ("fetchOpenOrders", second):
            listed: Sequence[Order] = []
            if session.has(name):
                asked = (_method(name), spelling, since, None, about)
                listed = await session.ask(*asked, urgent=urgent)
            for one in listed:
                if client_of(session, one) == intent.client_id:
                    return one
        if not second:  # to say "never seen" would have it sent again
            raise BrokerAway(f"{session.title} does not tell what became of an order.")
        return None

    async def answer(
        self, session: Session, intent: OrderIntent, order: Order, *, urgent: bool
    ) -> BrokerOrder:
        """What `order` means for its intent, with its fills. A state that ends it is said only
        with all of its fills, unless the exchange keeps them to itself."""
        symbol = intent.symbol
        order = await self._told(session, intent, order, urgent)
        if not is_apart(session, intent):
            self.names.learn(session, symbol, str(order.get("id") or ""), intent.client_id)
            return await self._described(session, intent, order, order, urgent)
        child = child_name(order)
        self.names.learn(session, symbol, child, intent.client_id)
        spelling = session.listing.spelling(symbol)
        try:
            if child:
                real = await self._fetch(session, child, spelling, {}, urgent)
                return await self._described(session, intent, order, real, urgent)
        except Missing:
            _log.warning("A triggered order is not listed yet.", extra=ids(intent))
        # triggered, and what it became is not to be seen yet
        state = OrderState.OPEN if order.get("status") == "closed" else state_of(order, ZERO)
        return answer_of(session, intent, order, state, ZERO, ())

    async def _told(
        self, session: Session, intent: OrderIntent, order: Order, urgent: bool
    ) -> Order:
        """Some exchanges answer an order with its name alone: then it is asked for. Trades that
        make up all of it say enough, in one request less until a position has its stop."""
        if order.get("status") is not None or order.get("filled") is not None:
            return order
        if intent.kind is OrderKind.MARKET and session.dialect.of_order:
            trades = await self._newest(session, intent.symbol, str(order["id"]), urgent)
            filled = _amount(trades)
            if filled * lot(session, intent.symbol) >= intent.quantity:
                return {**order, "status": "closed", "filled": filled, "trades": trades}
        found = await self.find(session, replace(intent, venue_id=str(order["id"])), urgent=urgent)
        return found or order

    async def _described(
        self, session: Session, intent: OrderIntent, order: Order, real: Order, urgent: bool
    ) -> BrokerOrder:
        filled = filled_of(session, intent.symbol, real)
        state = state_of(real, filled)
        fills: tuple[Fill, ...] = ()
        if filled:
            fills = await self._fills(session, intent, real, filled, urgent)
        if state in ENDED and sum((one.quantity for one in fills), ZERO) < filled:
            state = OrderState.PART_FILLED if fills else OrderState.OPEN
        return answer_of(session, intent, order, state, filled, fills)

    # --- trades -----------------------------------------------------------------------------

    async def _fills(
        self, session: Session, intent: OrderIntent, order: Order, filled: Decimal, urgent: bool
    ) -> tuple[Fill, ...]:
        """Trades come a moment after their order in some lists. After the order was taken
        nothing may hide that, so a fault here leaves the fills to the next look."""
        size = lot(session, intent.symbol)
        trades = dated(order.get("trades") or [], order.get("timestamp"))
        try:
            for wait in (*_TRADES_LATE, None):
                if _amount(trades) * size >= filled or wait is None:
                    break
                trades = await self._trades(session, intent.symbol, order, urgent)
                if _amount(trades) * size < filled:
                    await self._pause(wait)
        except (TryAgain, OrderRejected) as fault:
            _log.warning("Fills of an order are asked for again: %s", fault, extra=ids(intent))
        return tuple(
            [
                await self.fill(session, intent.symbol, one, intent.client_id, intent.side)
                for one in trades
            ]
        )

    async def _trades(
        self, session: Session, symbol: str, order: Order, urgent: bool
    ) -> list[Order]:
        name, spelling = str(order.get("id")), session.listing.spelling(symbol)
        dialect, since = session.dialect, None
        about: dict[str, Any] = {dialect.of_order: name} if dialect.of_order else {}
        if (not about or dialect.pages) and order.get("timestamp"):
            since = int(order["timestamp"]) - 1000
        if dialect.offset and since is not None:
            trades = list(await newest_first(session, since, urgent=urgent))
            return [one for one in trades if str(one.get("order")) == name]
        if dialect.pages and since is not None:
            trades = await self._newest(session, symbol, name, urgent)
            if trades and _amount(trades) >= (told(order.get("filled"), order.get("info")) or ZERO):
                return trades
            what, now = "fetch_my_trades", to_ms(self._clock.now())
            trades = await paged(session, what, spelling, since, now, about, urgent=urgent)
            return [one for one in trades if str(one.get("order")) == name]
        found: dict[str, Order] = {}
        while True:
            asked = ("fetch_my_trades", spelling, since, _PAGE, dict(about))
            page = await session.ask(*asked, urgent=urgent)
            found |= {trade_name(one): one for one in page if str(one.get("order")) == name}
            if len(page) < _PAGE or not dialect.from_trade:
                return list(found.values())
            # a full page without a beginning holds the newest: go through all from the first on
            last = max(int(one["id"]) for one in page) if dialect.from_trade in about else -1
            since, about = None, {**about, dialect.from_trade: last + 1}

    async def _newest(self, session: Session, symbol: str, name: str, urgent: bool) -> list[Order]:
        """The newest trades of one order: of most orders all."""
        spelling, about = session.listing.spelling(symbol), {session.dialect.of_order: name}
        asked = ("fetch_my_trades", spelling, None, _NEWEST, about)
        page = await session.ask(*asked, urgent=urgent)
        return [one for one in page if str(one.get("order")) == name]

    async def fill(
        self,
        session: Session,
        symbol: str,
        trade: Order,
        client_id: str,
        side: OrderSide | None = None,
    ) -> Fill:
        market, tick = session.market(symbol), self._traded.last(symbol)
        fee, coin = fee_of(trade, str(market["quote"]))
        value = None
        if coin not in (market["base"], market["quote"]):
            value = await self._value(session, fee, coin, str(market["quote"]))
        around = Priced(tick.price if tick else None, self._clock.wall(), value)
        return fill_of(session, symbol, trade, side, client_id, around)

    async def _value(self, session: Session, fee: Decimal, coin: str, quote: str) -> Decimal | None:
        """A fee in a third coin, in quote currency."""
        pair = f"{coin}/{quote}"
        tick = self._traded.last(pair)
        price = tick.price if tick else await self._price(session, pair)
        return None if price is None else fee * price

    async def _price(self, session: Session, pair: str) -> Decimal | None:
        at, price = self._prices.get(pair, (0.0, ZERO))
        if price and self._elapsed() - at < _PRICE_HOLDS:
            return price
        spelling = session.listing.spelled.get(pair)
        if spelling is None:
            return None
        try:
            asked = told((await session.ask("fetch_ticker", spelling)).get("last"))
        except (TryAgain, OrderRejected) as fault:
            _log.warning("A fee can't be valued.", extra={"pair": pair, "why": str(fault)})
            return None
        if asked:
            self._prices[pair] = self._elapsed(), asked
        return asked

    async def heard(self, session: Session, trade: Order) -> Fill | None:
        """A trade of the account as a fill, its client id empty where the order is not ours; None
        for a market that is not on offer here."""
        symbol = session.ours.get(str(trade.get("symbol")))
        if symbol is None:
            return None
        client_id = await self.names.of_trade(session, symbol, trade)
        return await self.fill(session, symbol, trade, client_id)


def _amount(trades: Sequence[Order]) -> Decimal:
    return sum((told(one["amount"], one.get("info")) or ZERO for one in trades), ZERO)


def _method(name: str) -> str:
    """`fetchOpenOrders` → `fetch_open_orders`."""
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name)
