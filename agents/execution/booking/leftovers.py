"""What is left of a spot position that no order can sell any more: it is written off at once.

An exchange takes no sale below its smallest amount and its smallest cost, so such a rest would be
open for ever. It is judged by the price of the last fill; where anything of the position is on its
way it waits, for that may still buy or sell. The coins stay on the account and are their owner's
own from then on; what they cost counts among the fees.
"""

import logging
from decimal import Decimal

from agents.domain.errors import MarketUnavailable, Moved
from agents.domain.market import Instrument
from agents.domain.order import Fill, OrderIntent, OrderPurpose
from agents.domain.ports import Clock, Market, Memory
from agents.domain.position import Position, PositionState
from agents.domain.strategy import Mode
from agents.domain.trail import ids
from agents.domain.user import Notice, NoticeKind
from agents.execution.booking.bookkeeping import gained, unsellable, written_off
from agents.execution.bounds.pausing import pause_once_done
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.leaving.exitbook import ExitBook
from agents.execution.proposals.judging import instrument_of
from agents.execution.telling import card_of, position_closed

log = logging.getLogger(__name__)
TOO_SMALL = "too small to be sold"
_TRIES = 5


async def without_rest(
    memory: Memory, position: Position, fill: Fill, instrument: Instrument, reason: str
) -> Position:
    """`position`, which `fill` left and which is not stored yet, closed where no order can sell
    what is left. Run it in the fill's transaction."""
    if position.state is PositionState.CLOSED:
        return position
    if not unsellable(position, fill.price, instrument) or await _on_its_way(memory, position):
        return position
    return written_off(position, fill.at, reason, instrument)


async def _on_its_way(memory: Memory, position: Position) -> bool:
    """Whether an order may still change it; those that rest and are not filled at all are taken
    back when it closes."""
    unsettled = await memory.orders.unsettled_of(position.owner_id, position.mode)
    mine = (one for one in unsettled if _is_of(one, position))
    return any(not one.rests or one.filled for one in mine)


def _is_of(intent: OrderIntent, position: Position) -> bool:
    if intent.purpose is OrderPurpose.ENTRY:
        return intent.proposal_id == position.proposal_id
    return bool(position.id) and intent.position_id == position.id


async def stays(memory: Memory, position: Position, rest: Decimal) -> dict[str, str]:
    """`rest` coins of a position that is closed now are its owner's own; what is told of them.
    Nothing of less than an order's step, which every fee in the coin leaves."""
    if rest <= 0 or position.state is not PositionState.CLOSED:
        return {}
    if position.mode is Mode.LIVE:
        coin = position.symbol.partition("/")[0]
        await memory.connections.change_baseline(position.owner_id, coin, rest)
    return {"stays": str(rest)} if position.on_step(rest) else {}


async def tell_written_off(
    memory: Memory, clock: Clock, position: Position, last: Fill, rest: Decimal
) -> None:
    """That a position is closed without a sale; `last` is its last fill, which was told before,
    and `rest` what was left, base currency. Run it in the transaction that closes it."""
    facts = {
        "position_id": position.id,
        "proposal_id": position.proposal_id,
        "client_id": last.client_id,
        "trade_id": last.trade_id,
        "again": True,
        **await stays(memory, position, rest),
    }
    key = f"{NoticeKind.CLOSED}:{last.client_id}:{last.trade_id}"
    card = card_of(position.proposal_id)
    owner = position.owner_id
    await memory.notices.tell(Notice(owner, NoticeKind.CLOSED, key, facts, replies_to=card))
    await memory.notices.tell(position_closed(position))
    await pause_once_done(memory, clock, position)


class Leftovers:
    """Writes off what an order left that ended before it was filled whole."""

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

    async def look(self) -> None:
        """At every position that is open; at start and every minute."""
        for position in self._book.positions():
            await self.drop(position)

    async def ended(self, intent: OrderIntent) -> None:
        """An order ended before it was filled whole."""
        positions = self._memory.positions
        if intent.position_id is not None:
            await self.drop(await positions.by_id(intent.position_id))
        elif found := await positions.by_proposal(intent.proposal_id or 0):
            await self.drop(found)

    async def drop(self, position: Position) -> None:
        """Write it off where no order can sell it and nothing of it is on its way."""
        try:
            instrument = await instrument_of(self._market, position.symbol)
        except MarketUnavailable:
            return
        if not unsellable(position, position.entry_price / 2, instrument):
            return  # enough, whatever the last fill's price was
        for _ in range(_TRIES):
            try:
                await self._drop(position.id, instrument)
            except Moved:
                continue
            return

    async def _drop(self, position_id: int, instrument: Instrument) -> None:
        before = await self._memory.positions.by_id(position_id)
        last = await self._last_fill(before)
        if last is None:
            return
        async with self._memory.transactions.transaction():
            before = self._book.freshest(before)
            reason = before.exit_reason or TOO_SMALL
            after = await without_rest(self._memory, before, last, instrument, reason)
            if after.state is before.state:
                return
            after = await self._stored(before, after, last)
        self._passed("rest.dropped")
        self._book.follow(after)

    async def _stored(self, before: Position, after: Position, last: Fill) -> Position:
        memory = self._memory
        if not await memory.positions.save(after):
            raise Moved
        await memory.accounts.book(after.account_id, gained(before, after))
        await tell_written_off(memory, self._clock, after, last, before.quantity)
        log.info("The rest of a position is written off: it is %s.", TOO_SMALL, extra=ids(after))
        self._passed("rest.dropping")
        return after

    async def _last_fill(self, position: Position) -> Fill | None:
        fills = await self._memory.orders.fills(position.account_id)
        mine = [fill for intent, fill in fills if intent.proposal_id == position.proposal_id]
        return mine[-1] if mine else None
