"""The broker of real money: every user's orders go to their own account at the desk's exchange."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from agents.domain.broker import FillListener, OrderListener
from agents.domain.errors import (
    BrokerAway,
    KeyRefused,
    OrderRejected,
    OrderUnknown,
    ParleyError,
    StopTooNear,
    TryAgain,
)
from agents.domain.market import Instrument, InstrumentKind
from agents.domain.order import (
    BrokerOrder,
    Fill,
    OrderIntent,
    OrderKind,
    OrderPurpose,
    OrderSide,
    OrderState,
)
from agents.domain.ports import Memory
from agents.domain.strategy import Mode
from agents.domain.trail import ids
from agents.domain.venue import GuardStyle
from bot.connectors.ccxt_live_cancelling import unfilled
from bot.connectors.ccxt_live_faults import (
    Missing,
    OrderKeyRefused,
    Passed,
    Pooled,
    Unchanged,
    hedged,
)
from bot.connectors.ccxt_live_lookup import Lookup
from bot.connectors.ccxt_live_numbers import told
from bot.connectors.ccxt_live_orders import ENDED, apart, bare_name, check
from bot.connectors.ccxt_live_pages import both_ways
from bot.connectors.ccxt_live_placing import place, place_pair, replace_one, replaceable
from bot.connectors.ccxt_live_session import Session, Sessions, Traded

_log = logging.getLogger(__name__)
_CANCELLING = (0.1, 0.3, 0.8)
"""Seconds between looks at an order whose cancellation was taken and is not done yet."""
_URGENT = frozenset({OrderPurpose.PANIC, OrderPurpose.STOP})
_EXPECTED = 5_000
_LEVERAGE_HOLDS = 300.0
"""Seconds after which leverage is set again, for somebody may have changed it by hand."""
Order = Mapping[str, Any]


class LiveBroker:
    """Satisfies Broker for all users. An order goes to the account of its owner."""

    mode = Mode.LIVE

    def __init__(
        self,
        sessions: Sessions,
        traded: Traded,
        memory: Memory,
        lookup: Lookup,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sessions = sessions
        self._traded = traded
        self._memory = memory
        self._lookup = lookup
        self._pause = pause
        self._fills: list[FillListener] = []
        self._ends: list[OrderListener] = []
        self._expected: dict[str, None] = {}  # client ids whose end we asked for
        self._gone: dict[str, BrokerOrder] = {}  # what a cancellation said of others of a pair

    def listen(self, listener: FillListener) -> None:
        self._fills.append(listener)

    def listen_orders(self, listener: OrderListener) -> None:
        self._ends.append(listener)

    def style(self, instrument: Instrument) -> GuardStyle:
        """What the exchange's family can do, as far as it allows it for this market."""
        style = self._sessions.dialect.style(instrument)
        if instrument.kind is not InstrumentKind.SPOT or style is not GuardStyle.PAIRED:
            return style
        try:
            exchange, listed = self._traded.loaded()
        except TryAgain:
            return style
        market = (exchange.markets or {}).get(listed.spelled.get(instrument.symbol, "")) or {}
        info = market.get("info") or {}
        if "STOP_LOSS" not in info.get("orderTypes", ["STOP_LOSS"]):
            return GuardStyle.LOCAL
        return style if info.get("ocoAllowed", True) else GuardStyle.STOP

    # --- sending ----------------------------------------------------------------------------

    async def submit(self, intent: OrderIntent, instrument: Instrument) -> BrokerOrder:
        try:
            session = await self._session(intent)
            check(session, intent, instrument, self._price(intent.symbol))
            if intent.purpose is OrderPurpose.ENTRY:
                await self._prepare(session, intent, instrument)
            # whatever rested for an exit may be cancelled already
            order = await place(session, intent, urgent=intent.reduces)
        except KeyRefused as refusal:
            raise OrderKeyRefused(str(refusal)) from None
        return await self._taken(session, intent, order)

    async def rest(
        self,
        orders: Sequence[OrderIntent],
        instrument: Instrument,
        instead_of: Sequence[OrderIntent] = (),
    ) -> Sequence[BrokerOrder]:
        try:
            session = await self._session(orders[0])
            for intent in orders:
                check(session, intent, instrument, None)
            placed = await self._rest_or_tell(session, orders, instead_of)
        except KeyRefused as refusal:
            raise OrderKeyRefused(str(refusal)) from None
        taken = zip(orders, placed, strict=True)
        return [await self._taken(session, intent, order) for intent, order in taken]

    async def _rest_or_tell(
        self, session: Session, orders: Sequence[OrderIntent], instead_of: Sequence[OrderIntent]
    ) -> Sequence[Order]:
        """What had to make room is gone even where nothing took its place, and that is told."""
        try:
            return await self._rest(session, orders, instead_of)
        except ParleyError:
            for old in instead_of:
                await self.look_at(old.client_id, asked=True)
            raise

    async def _rest(
        self, session: Session, orders: Sequence[OrderIntent], instead_of: Sequence[OrderIntent]
    ) -> Sequence[Order]:
        if replaceable(session, orders, instead_of):
            self._expect(instead_of[0])
            return [await replace_one(session, orders[0], instead_of[0], urgent=True)]
        await self._clear(instead_of)
        if len(orders) == 1:
            return [await place(session, orders[0], urgent=True)]
        stop = next(one for one in orders if one.kind is OrderKind.STOP)
        target = next(one for one in orders if one.kind is OrderKind.LIMIT)
        try:
            pair = await place_pair(session, stop, target, urgent=True)
        except Passed as refusal:
            raise await self._which(session, stop, refusal) from None
        return pair if orders[0] is stop else (pair[1], pair[0])

    async def _which(
        self, session: Session, stop: OrderIntent, refusal: OrderRejected
    ) -> OrderRejected:
        """Whether it is the stop that the price has passed."""
        spelling = session.listing.spelling(stop.symbol)
        price = told((await session.ask("fetch_ticker", spelling, urgent=True)).get("last"))
        if price is None or stop.price is None:
            return refusal
        beyond = price <= stop.price if stop.side is OrderSide.SELL else price >= stop.price
        if beyond:
            return StopTooNear(f"The price is beyond the stop already, says {session.title}.")
        return OrderRejected(f"The price is beyond the target already, says {session.title}.")

    async def _clear(self, orders: Sequence[OrderIntent]) -> None:
        """Cancel what holds the quantity; what it had filled is told to the listeners."""
        done: set[str] = set()
        for intent in orders:
            if intent.pair and intent.pair in done:
                continue
            answer = await self.cancel(intent)
            done.add(intent.pair)
            for fill in answer.fills if answer else ():
                self.tell(fill)
            if answer is not None and answer.state is OrderState.FILLED:
                raise OrderRejected("What it should take the place of was filled meanwhile.")

    async def _taken(self, session: Session, intent: OrderIntent, order: Order) -> BrokerOrder:
        """It was taken: nothing that goes wrong from here on may say otherwise."""
        try:
            return await self._lookup.answer(session, intent, order, urgent=_urgent(intent))
        except ParleyError as fault:
            raise OrderUnknown(str(fault)) from None

    async def _prepare(self, session: Session, intent: OrderIntent, instrument: Instrument) -> None:
        """One-way positions, isolated margin and the plan's leverage, before an entry. Raises
        OrderRejected; nothing here is an order, so a lost answer means that none was sent."""
        if instrument.kind is InstrumentKind.SPOT or intent.proposal_id is None:
            return
        spelling = session.listing.spelling(intent.symbol)
        await self._one_way(session, spelling)
        proposal = await self._memory.proposals.by_id(intent.proposal_id)
        wanted = max(1, min(proposal.plan.leverage, instrument.max_leverage))
        known, at = session.leverage.get(intent.symbol, (0, 0.0))
        if known == wanted and session.used - at < _LEVERAGE_HOLDS:
            return
        if session.has("setMarginMode"):
            await self._isolate(session, intent.symbol, spelling, wanted)
        if session.has("setLeverage"):
            about = {"marginMode": "isolated"} if session.dialect.margin_in_orders else {}
            await self._set(session, "set_leverage", wanted, spelling, about)
        session.leverage[intent.symbol] = wanted, session.used

    async def _one_way(self, session: Session, spelling: str) -> None:
        if session.hedged is None:
            session.hedged = await both_ways(session, spelling)
        if session.hedged:
            session.hedged = None  # it is asked again next time
            raise OrderRejected(hedged(session.title))

    async def _isolate(self, session: Session, symbol: str, spelling: str, wanted: int) -> None:
        try:
            if session.dialect.one_margin:
                mode = await session.ask("fetch_margin_mode", spelling)
                if mode.get("marginMode") == "isolated":
                    return
            about = {"leverage": wanted} if session.exchange.id == "okx" else {}
            await self._set(session, "set_margin_mode", "isolated", spelling, about)
        except Pooled:
            raise
        except OrderRejected as refusal:
            raise OrderRejected(
                f"The margin of {symbol} could not be set to isolated. {refusal} Close what is "
                "open there by hand, or set it yourself."
            ) from None

    async def _set(self, session: Session, what: str, *asked: Any) -> None:
        try:
            await session.ask(what, *asked)
        except Unchanged:
            _log.debug("A setting was right already.", extra={"what": what})

    # --- looking and cancelling -----------------------------------------------------------------

    async def lookup(self, intent: OrderIntent) -> BrokerOrder | None:
        try:
            session = await self._session(intent)
            order = await self._lookup.find(session, intent, urgent=_urgent(intent))
            if order is None:
                return None
            return await self._lookup.answer(session, intent, order, urgent=_urgent(intent))
        except (OrderRejected, KeyRefused) as refusal:  # of the question, not of the order
            raise BrokerAway(str(refusal)) from None

    async def cancel(self, intent: OrderIntent) -> BrokerOrder | None:
        try:
            session = await self._session(intent)
            if (known := self._gone.pop(intent.client_id, None)) is not None:
                return known
            await self._expect_both(intent)
            return await self._cancel(session, intent)
        except (OrderRejected, KeyRefused) as refusal:
            raise BrokerAway(str(refusal)) from None

    async def _cancel(self, session: Session, intent: OrderIntent) -> BrokerOrder | None:
        dialect, about = session.dialect, apart(session, intent)
        name = bare_name(intent.venue_id)
        if dialect.found_by:
            about[dialect.found_by] = dialect.spell(intent.client_id)
        elif not name:
            order = await self._lookup.find(session, intent, urgent=True)
            if order is None:
                return None
            name = str(order.get("id"))
        spelling = session.listing.spelling(intent.symbol)
        sure = True
        try:
            said = await session.ask(
                "cancel_order", name, spelling, about, urgent=True, reads=False
            )
            gone = unfilled(session, said)
            if (answer := gone.pop(intent.client_id, None)) is not None:
                self._keep(gone)
                return answer
        except Missing:
            _log.info("An order had ended before.", extra=ids(intent))
        except OrderUnknown:
            sure = False
        return await self._cancelled(intent, sure=sure)

    async def _cancelled(self, intent: OrderIntent, *, sure: bool) -> BrokerOrder | None:
        for wait in (*_CANCELLING, None):
            answer = await self.lookup(intent)
            if answer is None or answer.state in ENDED:
                return answer
            if wait is None or not sure:
                break
            await self._pause(wait)
        raise BrokerAway("The exchange has not cancelled the order yet; it is tried again.")

    # --- news -----------------------------------------------------------------------------------

    def tell(self, fill: Fill) -> None:
        for listener in self._fills:
            listener(fill)

    def expected(self, client_id: str) -> bool:
        """Whether we asked for the order's end."""
        return client_id in self._expected

    async def look_at(self, client_id: str, *, asked: bool = False) -> None:
        """An order seems to have ended: tell what it filled, and its end, unless we asked for it
        (and with `asked` even then)."""
        intent = await self._memory.orders.by_client_id(client_id)
        if intent is None:
            return
        try:
            answer = await self.lookup(intent)
        except TryAgain as fault:
            _log.warning("An order that ended is looked up later: %s", fault, extra=ids(intent))
            return
        if answer is None:
            return
        for fill in answer.fills:
            self.tell(fill)
        over = answer.state in ENDED and answer.state is not OrderState.FILLED
        if over and (asked or not self.expected(client_id)):
            for listener in self._ends:
                listener(answer)

    async def _expect_both(self, intent: OrderIntent) -> None:
        """With one of a pair the other one ends."""
        self._expect(intent)
        if intent.pair and intent.position_id is not None:
            for other in await self._memory.orders.resting(intent.position_id):
                if other.pair == intent.pair:
                    self._expect(other)

    def _expect(self, intent: OrderIntent) -> None:
        self._expected[intent.client_id] = None
        while len(self._expected) > _EXPECTED:
            del self._expected[next(iter(self._expected))]

    async def _session(self, intent: OrderIntent) -> Session:
        """Raises OrderRejected where its market is gone."""
        session = await self._sessions.of(intent.owner_id)
        if intent.symbol not in session.listing.spelled:
            raise OrderRejected(f"{session.title} has no market {intent.symbol} any more.")
        return session

    def _keep(self, gone: Mapping[str, BrokerOrder]) -> None:
        self._gone.update(gone)
        while len(self._gone) > _EXPECTED:
            del self._gone[next(iter(self._gone))]

    def _price(self, symbol: str) -> Any:
        tick = self._traded.last(symbol)
        return tick.price if tick else None


def _urgent(intent: OrderIntent) -> bool:
    return intent.purpose in _URGENT
