"""What is true of the connected accounts: orders, positions, coins, executions and funding."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from agents.domain.errors import BrokerAway, OrderRejected
from agents.domain.market import InstrumentKind, from_ms, to_ms
from agents.domain.money import ZERO
from agents.domain.order import Fill
from agents.domain.ports import Clock
from agents.domain.strategy import Side
from agents.domain.symbols import DOLLARS
from agents.domain.venue import (
    FundingPaid,
    Holding,
    VenueFill,
    VenueOrder,
    VenuePosition,
    VenueState,
)
from bot.connectors.ccxt_live_faults import Missing
from bot.connectors.ccxt_live_forced import with_forced
from bot.connectors.ccxt_live_lookup import Lookup
from bot.connectors.ccxt_live_numbers import told
from bot.connectors.ccxt_live_orders import bare_name, lot, trade_name, venue_order
from bot.connectors.ccxt_live_pages import everything, newest_first, paged
from bot.connectors.ccxt_live_session import Session, Sessions, Traded

T = TypeVar("T")
Trade: TypeAlias = Mapping[str, Any]
_PAGE = 500
_DAY_MS = 86_400_000
_NO_COINS = frozenset({"info", "timestamp", "datetime", "free", "used", "total", "debt"})


class LiveVenue:
    """Satisfies Venue."""

    def __init__(self, sessions: Sessions, traded: Traded, lookup: Lookup, clock: Clock) -> None:
        self._sessions = sessions
        self._traded = traded
        self._lookup = lookup
        self._clock = clock
        self._listeners: list[Callable[[int], None]] = []

    def when_back(self, listener: Callable[[int], None]) -> None:
        self._listeners.append(listener)

    def back(self, owner_id: int) -> None:
        for listener in self._listeners:
            listener(owner_id)

    async def state(self, owner_id: int) -> VenueState:
        session = await self._sessions.of(owner_id)
        return await _asked(state_of_account(session, self._traded, self._clock))

    async def fills(self, owner_id: int, symbol: str, since: datetime) -> Sequence[VenueFill]:
        session = await self._sessions.of(owner_id)
        if symbol not in session.listing.spelled:
            return ()  # the market is gone
        since = session.theirs(since)
        trades = await _asked(self._trades(session, symbol, to_ms(since)))
        found = []
        for trade in trades:
            fill = await _asked(self._lookup.heard(session, trade))
            if fill is not None and fill.at >= since:
                found.append(VenueFill(fill, str(trade.get("order") or "")))
        found = sorted(found, key=lambda one: one.fill.at)
        return await _asked(with_forced(session, symbol, found))

    async def traded(self, owner_id: int, symbol: str, since: datetime) -> Sequence[Fill]:
        session = await self._sessions.of(owner_id)
        if symbol not in session.listing.spelled:
            return ()
        since = session.theirs(since)
        trades = await _asked(self._trades(session, symbol, to_ms(since)))
        found = [await _asked(self._lookup.fill(session, symbol, one, "")) for one in trades]
        return sorted((one for one in found if one.at >= since), key=lambda one: one.at)

    async def _trades(self, session: Session, symbol: str, since: int) -> list[Trade]:
        """Page after page; some exchanges show a few days at a time."""
        spelling, now = session.listing.spelling(symbol), to_ms(self._clock.now())
        if session.dialect.offset:
            every = await newest_first(session, since)
            return [one for one in every if one.get("symbol") == spelling]
        if session.dialect.pages:
            return await paged(session, "fetch_my_trades", spelling, since, now, {})
        window, found = session.dialect.window_days * _DAY_MS, dict[str, Trade]()
        while since <= now:
            page = await session.ask("fetch_my_trades", spelling, since, _PAGE)
            while _added(found, page) and len(page) >= _PAGE:
                page = await _page_after(session, spelling, page)
            since += window or now
        return list(found.values())

    async def funding(self, owner_id: int, symbol: str, since: datetime) -> Sequence[FundingPaid]:
        session = await self._sessions.of(owner_id)
        if symbol not in session.listing.spelled:
            return ()
        if not session.market(symbol).get("swap") or not session.has("fetchFundingHistory"):
            return ()
        since = session.theirs(since)
        spelling = session.listing.spelling(symbol)
        what, start, sign = "fetch_funding_history", to_ms(since), session.dialect.funding_sign
        if session.dialect.cursors:
            now = to_ms(self._clock.now())
            paid = await _asked(paged(session, what, spelling, start, now, {}))
        else:
            paid = await _asked(session.ask(what, spelling, start, _PAGE))
        found = [_funding(symbol, one, sign) for one in paid]
        return sorted((one for one in found if one.at >= since), key=lambda one: one.at)

    async def cancel_foreign(self, owner_id: int, order: VenueOrder) -> None:
        session = await self._sessions.of(owner_id)
        triggered = session.dialect.apart and order.venue_id != bare_name(order.venue_id)
        about = {"trigger": True} if triggered else {}
        spelling = session.listing.spelled.get(order.symbol, order.symbol)
        name = bare_name(order.venue_id)
        try:
            await session.ask("cancel_order", name, spelling, about, urgent=True)
        except Missing:
            return  # it has ended by itself
        except OrderRejected as refusal:
            raise BrokerAway(str(refusal)) from None


async def state_of_account(session: Session, traded: Traded, clock: Clock) -> VenueState:
    """Raises as Session.ask."""
    began = clock.now()
    orders = await _orders(session)
    positions = await _positions(session)
    balance = await session.ask("fetch_balance")
    holdings = {
        code: Holding(told(one.get("free")) or ZERO, told(one.get("used")) or ZERO)
        for code, one in balance.items()
        if code not in _NO_COINS and isinstance(one, Mapping) and told(one.get("total"))
    }
    quote = quote_of(session, holdings)
    free = holdings[quote].free if quote in holdings else ZERO
    equity = await _equity(session, traded, holdings, balance, quote)
    asked, at = session.theirs(began), clock.now()
    return VenueState(asked, at, orders, positions, holdings, quote, equity, free)


def _perpetual(session: Session) -> bool:
    kinds = {one.kind for one in session.listing.universe.instruments}
    return InstrumentKind.LINEAR in kinds


async def _orders(session: Session) -> tuple[VenueOrder, ...]:
    found = [
        venue_order(session, one, triggered=False)
        for one in await everything(session, "fetch_open_orders")
    ]
    if session.dialect.apart:
        listed = await session.ask("fetch_open_orders", None, None, None, {"trigger": True})
        found += [venue_order(session, one, triggered=True) for one in listed]
    return tuple(found)


async def _positions(session: Session) -> tuple[VenuePosition, ...]:
    if not (_perpetual(session) and session.has("fetchPositions")):
        return ()
    listed = await everything(session, "fetch_positions")
    return tuple(_position(session, one) for one in listed if told(one.get("contracts")))


def _position(session: Session, one: Mapping[str, Any]) -> VenuePosition:
    spelling = str(one["symbol"])
    symbol = session.ours.get(spelling, spelling)
    size = lot(session, symbol) if spelling in session.ours else Decimal(1)
    return VenuePosition(
        symbol,
        Side(str(one["side"])),
        abs(told(one["contracts"]) or ZERO) * size,
        told(one.get("entryPrice")) or ZERO,
        told(one.get("liquidationPrice")),
        _leverage(one),
    )


def _leverage(one: Mapping[str, Any]) -> int:
    """As the exchange says, or what the margin comes to."""
    said = told(one.get("leverage"))
    margin, worth = told(one.get("initialMargin")), told(one.get("notional"))
    if not said and margin and worth:
        said = abs(worth) / margin
    return max(1, round(said)) if said else 1


def quote_of(session: Session, holdings: Mapping[str, Holding]) -> str:
    """The dollar of which the account holds most, of those that markets here are priced in."""
    quotes = {one.quote for one in session.listing.universe.instruments}
    dollars = [coin for coin in DOLLARS if coin in quotes] or sorted(quotes) or ["USDT"]
    return max(dollars, key=lambda coin: holdings[coin].total if coin in holdings else ZERO)


async def _equity(
    session: Session,
    traded: Traded,
    holdings: Mapping[str, Holding],
    balance: Mapping[str, Any],
    quote: str,
) -> Decimal:
    """Everything at the market's price; a coin that has none here is worth nothing here. Most
    balances of perpetuals hold the open profit already."""
    profits = session.dialect.profits(balance.get("info"))
    whole = {
        code: (told(balance[code].get("total")) or ZERO) + (told(profits.get(code)) or ZERO)
        for code in holdings
    }
    equity = whole.pop(quote, ZERO)
    prices: dict[str, Decimal] = {}
    unknown = []
    for coin in whole:
        tick = traded.last(f"{coin}/{quote}")
        if tick is not None:
            prices[coin] = tick.price
        elif spelling := session.listing.spelled.get(f"{coin}/{quote}"):
            unknown.append((coin, spelling))
    if unknown and session.has("fetchTickers"):
        tickers = await session.ask("fetch_tickers", [spelling for _, spelling in unknown])
        for coin, spelling in unknown:
            prices[coin] = told((tickers.get(spelling) or {}).get("last")) or ZERO
    others = (amount * prices.get(coin, ZERO) for coin, amount in whole.items() if coin != quote)
    return equity + sum(others, ZERO)


def _added(found: dict[str, Trade], page: Sequence[Trade]) -> bool:
    """Whether there was anything new in it."""
    before = len(found)
    found.update({trade_name(one): one for one in page})
    return len(found) > before


async def _page_after(session: Session, spelling: str, page: Sequence[Trade]) -> Sequence[Trade]:
    """By number where the exchange takes it: many trades may share a moment."""
    narrow = session.dialect.from_trade
    start = None if narrow else max(int(one["timestamp"]) for one in page)
    about = {narrow: max(int(one["id"]) for one in page) + 1} if narrow else {}
    following: Sequence[Trade] = await session.ask("fetch_my_trades", spelling, start, _PAGE, about)
    return following


def _funding(symbol: str, one: Mapping[str, Any], sign: int) -> FundingPaid:
    at = int(one["timestamp"])
    name = one.get("id") or f"{symbol}-{at}"
    return FundingPaid(str(name), symbol, sign * (told(one["amount"]) or ZERO), from_ms(at))


async def _asked(question: Awaitable[T]) -> T:
    """A refused question is no answer."""
    try:
        return await question
    except OrderRejected as refusal:
        raise BrokerAway(str(refusal)) from None
