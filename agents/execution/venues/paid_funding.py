"""Funding that an exchange says it paid or received, shared among the positions that it was for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from agents.domain.market import Instrument, InstrumentKind
from agents.domain.money import ZERO, exactly
from agents.domain.order import Fill, OrderPurpose, OrderSide
from agents.domain.ports import Clock, Market, Memory
from agents.domain.position import Position
from agents.domain.strategy import Mode
from agents.domain.venue import Connection, FundingPaid, Venue, VenueState
from agents.execution.booking.bookkeeping import kept, moved_by
from agents.execution.booking.funding import Funding

EVERY = timedelta(minutes=10)
OVERLAP = timedelta(hours=1)  # exchanges list a payment late
LAG = timedelta(seconds=2)  # clocks differ, and positions may lag behind fills
_REMEMBERED = 10_000


def note_of(owner_id: int) -> str:
    """The note that holds the market time up to which an account's payments were read. Not that
    of its trades, which goes on while payments can't be asked for."""
    return f"paid funding:{owner_id}"


class PaidFunding:
    """Called at every look; asks the exchange every ten minutes."""

    def __init__(
        self, memory: Memory, market: Market, clock: Clock, venue: Venue, funding: Funding
    ) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock
        self._venue = venue
        self._funding = funding
        self._asked: dict[int, datetime] = {}
        self._shared: dict[tuple[int, str, str], None] = {}  # the oldest first

    async def book(self, connection: Connection, state: VenueState) -> bool:
        """Book what is new, and whether that was all: whose a payment was is certain only some
        seconds after the account's last trade. Raises TryAgain; in both cases it is asked again at
        the next look."""
        now, owner = self._clock.now(), connection.owner_id
        asked = self._asked.get(owner)
        if asked is not None and now - asked < EVERY:
            return True
        since = await self._seen(connection) - EVERY - OVERLAP
        held = await self._memory.positions.of_owner_mode(owner, Mode.LIVE, since)
        certain = [
            await self._book(symbol, [one for one in held if one.symbol == symbol], since, state)
            for symbol in sorted({one.symbol for one in held})
        ]
        if all(certain):
            self._asked[owner] = now
            await self._memory.notes.write(note_of(owner), now.isoformat())
        return all(certain)

    async def _seen(self, connection: Connection) -> datetime:
        """Where an earlier release kept no note, from the account's own mark on."""
        noted = await self._memory.notes.read(note_of(connection.owner_id))
        if noted:
            return datetime.fromisoformat(noted)
        return connection.seen_until or connection.connected_at or self._clock.now()

    async def _book(
        self, symbol: str, held: Sequence[Position], since: datetime, state: VenueState
    ) -> bool:
        instrument = (await self._market.universe()).by_symbol.get(symbol)
        if instrument is None or instrument.kind is InstrumentKind.SPOT:
            return True  # none is paid, or it is not offered any more
        owner = held[0].owner_id
        told = await self._venue.funding(owner, symbol, since)
        new = [one for one in told if (owner, symbol, one.venue_id) not in self._shared]
        if not new:
            return True
        traded = await self._venue.traded(owner, symbol, min(one.at for one in new))
        if any(one.at >= state.asked - LAG for one in traded):
            return False
        for paid in new:
            in_all = _account_held(symbol, paid.at, state, traded)
            await self._share(held, paid, in_all, instrument)
            self._shared[owner, symbol, paid.venue_id] = None
        while len(self._shared) > _REMEMBERED:
            del self._shared[next(iter(self._shared))]
        return True

    async def _share(
        self, held: Sequence[Position], paid: FundingPaid, in_all: Decimal, instrument: Instrument
    ) -> None:
        """To each by its part of what the account held; that of a hand-made position is not
        ours."""
        parts = [(one, await self._held_at(one, paid.at, instrument)) for one in held]
        ours = sum((part for _, part in parts), ZERO)
        whole = in_all if in_all * ours > 0 and abs(in_all) > abs(ours) else ours
        for position, part in parts:
            if part and whole:
                with exactly():
                    amount = kept(paid.amount * part / whole)
                name = f"{paid.venue_id}:{position.id}"
                await self._funding.book(position.id, replace(paid, venue_id=name, amount=amount))

    async def _held_at(self, position: Position, at: datetime, instrument: Instrument) -> Decimal:
        """What of it was open at a moment, signed."""
        held = ZERO
        for intent, fill in await self._memory.orders.fills(position.account_id):
            if intent.proposal_id == position.proposal_id and fill.at < at:
                sign = 1 if intent.purpose is OrderPurpose.ENTRY else -1
                held += moved_by(fill, instrument) * sign
        return max(held, ZERO) * position.side.sign


def _account_held(symbol: str, at: datetime, state: VenueState, traded: Sequence[Fill]) -> Decimal:
    """What the whole account held at a moment, signed: what it holds now without what was
    `traded` since."""
    there = next((one for one in state.positions if one.symbol == symbol), None)
    held = there.quantity * there.side.sign if there else ZERO
    for told in traded:
        if told.at >= at:
            held -= told.quantity * (1 if told.side is OrderSide.BUY else -1)
    return held
