"""Funding of perpetuals: booked once for each payment, on its position and its account.

At each funding time the longs of a perpetual pay the shorts `rate` of what their positions are
worth, or get it where the rate is negative. An exchange says what it paid; on paper and in
simulation it is reckoned here, from the market's rates, with what was open at that time and the
last close before it. What fell due while nothing ran is made up for.

Nobody is told at the time: the message of the trade's close says what all funding came to.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from agents.domain.errors import AskUser, MarketUnavailable, Moved, TryAgain
from agents.domain.market import FundingRate, Instrument, InstrumentKind, Timeframe
from agents.domain.money import HUNDRED, ZERO, exact, exactly
from agents.domain.order import OrderPurpose
from agents.domain.ports import Clock, Market, Memory
from agents.domain.position import Position
from agents.domain.strategy import Mode, Side
from agents.domain.venue import FundingPaid
from agents.execution.booking.bookkeeping import kept, moved_by
from agents.execution.booking.settlement import in_flight
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.figures import plain
from agents.execution.leaving.exitbook import ExitBook

log = logging.getLogger(__name__)
NOTE = "funding"
"""The note that holds the market time up to which funding was looked for."""
RECKONED = (Mode.SIMULATION, Mode.PAPER)
"""Modes in which nobody else pays funding."""
NOTABLE = Decimal("0.0005")
"""A rate above this is said where it is against a trade: 0.05 % of its value, each time."""
_TRIES = 5
_LOOK = timedelta(minutes=10)
_REMEMBERED = 50_000
_LATE = timedelta(hours=1)  # how much later than its time a rate may become known


class Funding:
    def __init__(
        self,
        memory: Memory,
        market: Market,
        clock: Clock,
        book: ExitBook,
        *,
        passed: Checkpoint = passed,
    ) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock
        self._book = book
        self._passed = passed
        self._settled: dict[str, None] = {}  # looked at by this process, the oldest first
        self._known: dict[str, tuple[datetime, FundingRate | None]] = {}

    async def book(self, position_id: int, paid: FundingPaid) -> Position | None:
        """The position after the payment; None when it was booked before. Raises Moved when
        others keep changing the position; then nothing is booked."""
        for _ in range(_TRIES):
            try:
                position = await self._book_once(position_id, paid)
            except Moved:
                continue
            if position is not None:
                pending = await in_flight(self._memory, position.id)
                self._book.follow(position, pending)
            return position
        raise Moved

    async def _book_once(self, position_id: int, paid: FundingPaid) -> Position | None:
        found = await self._memory.positions.by_id(position_id)
        position = self._book.freshest(found)
        with exactly():
            after = replace(position, funding=position.funding + paid.amount)
        accounts = self._memory.accounts
        async with self._memory.transactions.transaction():
            if not await accounts.add_funding(position.account_id, position.id, paid):
                return None
            self._passed("funding.booking")
            if not await self._memory.positions.save(after):
                raise Moved
            await accounts.book(position.account_id, paid.amount)
        self._passed("funding.booked")
        return replace(after, version=after.version + 1)

    async def remark(self, instrument: Instrument, side: Side) -> str:
        """For a proposal's card: that a trade on this side pays a notable rate; else empty."""
        if instrument.kind is InstrumentKind.SPOT:
            return ""
        rate = await self._newest(instrument.symbol)
        paid = (rate.rate if rate else ZERO) * side.sign
        if paid <= NOTABLE:
            return ""
        return f"funding is against it: {plain(paid * HUNDRED)} % was paid at the last time"

    async def _newest(self, symbol: str) -> FundingRate | None:
        """The last rate of the past day, asked for now and then only."""
        now = self._clock.now()
        known = self._known.get(symbol)
        if known is not None and timedelta(0) <= now - known[0] < _LOOK:
            return known[1]
        try:
            rates = await self._market.funding(symbol, now - timedelta(days=1))
        except (TryAgain, AskUser) as fault:
            log.info("No funding rate of %s: %s", symbol, fault)
            return None
        self._known[symbol] = (now, rates[-1] if rates else None)
        return self._known[symbol][1]

    # --- reckoned here ------------------------------------------------------------------------

    async def look(self) -> None:
        """Book what fell due for pretended positions since the last look; every minute. A rate
        that can't be had is asked for again."""
        now = self._clock.now()
        noted = await self._memory.notes.read(NOTE)
        seen = datetime.fromisoformat(noted) if noted else now
        if noted and timedelta(0) <= now - seen < _LOOK:
            return
        found = await self._memory.positions.held_since(seen - _LATE)
        pretended = [item for item in found if item.mode in RECKONED]
        missed = False
        for symbol in sorted({item.symbol for item in pretended}):
            held = [item for item in pretended if item.symbol == symbol]
            missed |= not await self._look_at(symbol, held, seen - _LATE, now)
        if not missed:
            await self._memory.notes.write(NOTE, now.isoformat())

    async def _look_at(
        self, symbol: str, held: Sequence[Position], since: datetime, now: datetime
    ) -> bool:
        """False when it has to be tried again."""
        begin = max(since, min(item.opened_at for item in held))
        try:
            instrument = (await self._market.universe()).by_symbol.get(symbol)
            if instrument is None or instrument.kind is InstrumentKind.SPOT:
                return True
            rates = await self._market.funding(symbol, begin)
            for rate in rates:
                if rate.at <= now:
                    await self._pay_all(held, rate, instrument)
        except TryAgain as fault:
            log.warning("Funding of %s is not booked yet: %s", symbol, fault)
            return False
        return True

    async def _pay_all(
        self, held: Sequence[Position], rate: FundingRate, instrument: Instrument
    ) -> None:
        for position in held:
            name = f"{position.id}:{rate.at.isoformat()}"
            if name in self._settled or not _spans(position, rate.at):
                continue
            quantity = await self._held_at(position, rate.at, instrument)
            if quantity:
                await self._pay(position, rate, quantity, name)
            self._settled[name] = None
        while len(self._settled) > _REMEMBERED:
            del self._settled[next(iter(self._settled))]

    async def _pay(
        self, position: Position, rate: FundingRate, quantity: Decimal, name: str
    ) -> None:
        price = await self._price_at(position, rate.at)
        with exactly():
            amount = kept(-rate.rate * price * quantity * position.side.sign)
        await self.book(position.id, FundingPaid(name, rate.symbol, amount, rate.at, rate.rate))

    async def _held_at(self, position: Position, at: datetime, instrument: Instrument) -> Decimal:
        """What was open at a moment, by the fills before it."""
        held = ZERO
        for intent, fill in await self._memory.orders.fills(position.account_id):
            if intent.proposal_id == position.proposal_id and fill.at < at:
                sign = 1 if intent.purpose is OrderPurpose.ENTRY else -1
                held += moved_by(fill, instrument) * sign
        return max(held, ZERO)

    async def _price_at(self, position: Position, at: datetime) -> Decimal:
        """The last close not after a moment; the entry where there is none. Raises
        MarketUnavailable."""
        timeframe = Timeframe.parse(position.timeframe)
        try:
            candles = await self._market.history(position.symbol, timeframe, at, 1)
        except AskUser as fault:
            raise MarketUnavailable(str(fault)) from fault
        return exact(candles.close[-1]) if len(candles) else position.entry_price


def _spans(position: Position, at: datetime) -> bool:
    return position.opened_at < at <= (position.closed_at or at)
