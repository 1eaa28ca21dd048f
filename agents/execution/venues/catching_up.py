"""What happened at an exchange while nobody listened, settled as if it had been seen live.

Fills are matched by client order id, or by the exchange's own name of the order, and booked
through the settlement, which takes each once. Orders of ours that rest there although our book
says they ended are cancelled; orders that ended there without a word are looked up.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agents.domain.errors import KeyRefused, Moved, ParleyError, TryAgain, UnknownSymbol
from agents.domain.order import UNSETTLED, Fill, OrderIntent, OrderState
from agents.domain.ports import Clock, Memory
from agents.domain.strategy import Mode
from agents.domain.trail import ids
from agents.domain.venue import Connection, Venue, VenueFill, VenueOrder, VenueState
from agents.execution.booking.settlement import Settlement
from agents.execution.venues.comparing import Book
from agents.execution.venues.forced import ForcedExits

log = logging.getLogger(__name__)
OVERLAP = timedelta(minutes=5)  # exchanges list a trade late, and clocks differ
JUST_NOW = timedelta(seconds=15)  # an exchange's positions may lag behind its fills
RECENT = timedelta(hours=1)  # an order that ended may still have had a fill
_SILENT = frozenset({OrderState.SENDING, OrderState.UNKNOWN})
_RESTING = frozenset({OrderState.OPEN, OrderState.PART_FILLED})

LookUp = Callable[[OrderIntent], Awaitable[object]]
"""Asks the broker what is true of an unsettled order, and takes the answer down."""

Funded = Callable[[Connection, VenueState], Awaitable[bool]]
"""Books what funding was paid and received; False where a part is certain some seconds later."""


async def no_funding(connection: Connection, state: VenueState) -> bool:
    """There is none on spot."""
    return True


@dataclass(frozen=True, slots=True)
class Caught:
    """`fills` were new, or booked since this process began where that was asked for; `foreign`
    are executions of orders that are not ours;
    `settled` is False while something could not be booked, so that it is read again; `soon`: what
    was not certain will be in some seconds."""

    fills: tuple[Fill, ...]
    foreign: tuple[VenueFill, ...]
    settled: bool
    moved: frozenset[str]  # symbols of ours that were filled just now
    soon: bool = False


class CatchingUp:
    def __init__(
        self,
        memory: Memory,
        venue: Venue,
        clock: Clock,
        settlement: Settlement,
        look_up: LookUp,
        funded: Funded = no_funding,
    ) -> None:
        self._memory = memory
        self._venue = venue
        self._clock = clock
        self._settlement = settlement
        self._look_up = look_up
        self._funded = funded
        self._began = clock.wall()
        self._exits = ForcedExits(memory, settlement, clock)

    async def book(self, owner_id: int) -> Book:
        """What we say of the owner's real money."""
        open_ones = await self._memory.positions.of(owner_id, open_only=True, limit=10_000)
        unsettled = await self._memory.orders.unsettled_of(owner_id, Mode.LIVE)
        accounts = await self._memory.accounts.of(owner_id)
        return Book(
            tuple(one for one in open_ones if one.mode is Mode.LIVE),
            tuple(unsettled),
            frozenset(one.currency for one in accounts if one.mode is Mode.LIVE),
        )

    async def catch_up(
        self, connection: Connection, state: VenueState, book: Book, *, waking: bool = False
    ) -> Caught:
        """`book` is what was known before `state` was asked for; `waking` counts what was booked
        before this look. Raises TryAgain, KeyRefused."""
        since = self.since(connection)
        caught = await self._fills(connection, book, since, state.asked - JUST_NOW, waking=waking)
        caught = await self._forced(connection, state, caught)
        await self._ended(state, book)
        await self._strays(connection.owner_id, state)
        funding = self._funded(connection, state)
        soon = await self._safely("funded", str(connection.owner_id), funding) is False
        silent = any(order.state in _SILENT for order in book.orders)
        return replace(caught, settled=caught.settled and not silent, soon=soon)

    def since(self, connection: Connection) -> datetime:
        """From where on the account's history is read, market time."""
        begin = connection.seen_until or connection.connected_at or self._clock.now()
        return begin - OVERLAP

    # --- fills --------------------------------------------------------------------------------

    async def _fills(
        self, connection: Connection, book: Book, since: datetime, fresh: datetime, *, waking: bool
    ) -> Caught:
        """Read from `since` on; what was filled from `fresh` on may not be in the state."""
        booked: list[Fill] = []
        foreign: list[VenueFill] = []
        moved: set[str] = set()
        settled = True
        for symbol in sorted(await self._symbols(connection.owner_id, book, since)):
            for told in await self.history(connection.owner_id, symbol, since):
                intent = await self.intent_of(connection.owner_id, told)
                if intent is None:
                    foreign.append(told)
                    continue
                fill = replace(told.fill, client_id=intent.client_id)
                new = await self._settle(fill)
                settled = settled and new is not None
                counts = new or (waking and await self._heard_since_start(fill))
                booked += [fill] if counts else []
                moved |= {symbol} if fill.at >= fresh else set()
        return Caught(tuple(booked), tuple(foreign), settled, frozenset(moved))

    async def history(self, owner_id: int, symbol: str, since: datetime) -> Sequence[VenueFill]:
        """None of a symbol that is not offered any more: what is held of it is compared all the
        same, and the rest of the account is to be looked at."""
        try:
            return await self._venue.fills(owner_id, symbol, since)
        except UnknownSymbol as fault:
            log.warning("A history can't be read: %s", fault)
            return ()

    async def _forced(self, connection: Connection, state: VenueState, caught: Caught) -> Caught:
        told = [one for one in caught.foreign if one.forced is not None]
        if not told:
            return caught
        owner = connection.owner_id
        book = await self.book(owner)
        fills, settled = await self._exits.book(owner, connection.exchange, book, state, told)
        settled = settled and caught.settled
        return replace(caught, fills=(*caught.fills, *fills), settled=settled)

    async def _heard_since_start(self, fill: Fill) -> bool:
        """Guards look at their orders before the account is looked at."""
        stored = await self._memory.orders.fill(fill.client_id, fill.trade_id)
        heard = stored.heard_at if stored else None
        return heard is not None and heard >= self._began

    async def _symbols(self, owner_id: int, book: Book, since: datetime) -> set[str]:
        """Of what is held, of what is ordered, and of what was ordered a short while ago."""
        symbols = set(book.symbols)
        since = min(since, self._clock.now() - RECENT)
        for account in await self._memory.accounts.of(owner_id):
            if account.mode is Mode.LIVE:
                recent = await self._memory.orders.of_account(account.id, since)
                symbols |= {order.symbol for order in recent}
        return symbols

    async def intent_of(self, owner_id: int, told: VenueFill) -> OrderIntent | None:
        """The order of ours that was filled; None when it was not one."""
        found = None
        if told.fill.client_id:
            found = await self._memory.orders.by_client_id(told.fill.client_id)
        if found is None and told.venue_id:
            name, symbol = told.venue_id, told.fill.symbol
            found = await self._memory.orders.by_venue_id(owner_id, name, symbol)
        return found if found is not None and found.owner_id == owner_id else None

    async def _settle(self, fill: Fill) -> bool | None:
        """Whether it was new; None when it could not be booked now."""
        if await self._memory.orders.fill(fill.client_id, fill.trade_id) is not None:
            return False
        try:
            await self._settlement.book(replace(fill, heard_at=self._clock.wall()))
        except (TryAgain, Moved) as fault:
            log.warning("A fill waits: %s", fault, extra=ids(fill))
            return None
        except Exception:
            log.exception("A fill can't be booked; again at the next look.", extra=ids(fill))
            return None
        return True

    # --- orders -------------------------------------------------------------------------------

    async def _ended(self, state: VenueState, book: Book) -> None:
        """Ask for orders that should rest there and are not listed any more, and for those that
        had no answer."""
        for intent in book.orders:
            waits = intent.state in _RESTING and is_listed(intent, state)
            if waits or intent.state not in _RESTING | _SILENT:
                continue
            await self._safely("looked up", intent.client_id, self._look_up(intent))

    async def _strays(self, owner_id: int, state: VenueState) -> None:
        """Cancel orders of ours that nothing here waits for any more."""
        for order in state.orders:
            if order.ours and await self._is_stray(owner_id, order):
                await self._safely("cancelled", order.client_id, self._cancel(owner_id, order))

    async def _is_stray(self, owner_id: int, order: VenueOrder) -> bool:
        intent = await self._memory.orders.by_client_id(order.client_id)
        if intent is None:
            return True
        return intent.owner_id == owner_id and intent.state not in UNSETTLED

    async def _cancel(self, owner_id: int, order: VenueOrder) -> None:
        await self._venue.cancel_foreign(owner_id, order)
        facts = {"symbol": order.symbol, "order": order.venue_id, "client_id": order.client_id}
        await self._memory.audit.record(owner_id, "reconciliation", "cancel stray order", facts)

    async def _safely(self, what: str, name: str, work: Awaitable[object]) -> object:
        """What came of it, None where it failed: one order that can't be cleared up must not keep
        the rest from being looked at."""
        try:
            return await work
        except KeyRefused:
            raise
        except ParleyError as fault:
            told = {"order": name, "why": str(fault)}
            log.warning("An order is not %s yet.", what, extra=told)
            return None


def is_listed(intent: OrderIntent, state: VenueState) -> bool:
    """Whether the order is among those that are open there, by our name of it or by theirs, which
    some exchanges count anew for each symbol."""
    return any(
        one.client_id == intent.client_id
        or (one.symbol == intent.symbol and one.venue_id and one.venue_id == intent.venue_id)
        for one in state.orders
    )


def foreign_sales(fills: Sequence[VenueFill]) -> frozenset[str]:
    """The symbols in which somebody else's hand sold."""
    return frozenset(told.fill.symbol for told in fills if told.fill.side == "sell")
