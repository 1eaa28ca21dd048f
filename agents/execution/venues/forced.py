"""Exits that the exchange itself made: a liquidation, or a counterparty's (auto-deleveraging).

They are booked only where there is no doubt whose they were: what our book holds of the symbol,
less these trades, is exactly what the account holds now, and either nothing is left or only one
position of ours was there. All else stays a difference, for its owner to answer.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from agents.domain.errors import Moved, TryAgain
from agents.domain.money import ZERO
from agents.domain.order import Fill, OrderIntent, OrderPurpose, OrderSide, OrderState
from agents.domain.ports import Clock, Memory
from agents.domain.position import Position
from agents.domain.trail import ids
from agents.domain.user import Notice, NoticeKind
from agents.domain.venue import Forced, VenueFill, VenueState
from agents.execution.booking.settlement import Settlement
from agents.execution.figures import money, plain
from agents.execution.telling import card_of
from agents.execution.venues.comparing import Book, signed
from agents.execution.venues.others import Booked, booked_of, part_of

log = logging.getLogger(__name__)
REASONS = {
    Forced.LIQUIDATED: "liquidated by the exchange",
    Forced.DELEVERAGED: "closed by the exchange in an auto-deleveraging",
}


class ForcedExits:
    def __init__(self, memory: Memory, settlement: Settlement, clock: Clock) -> None:
        self._memory = memory
        self._settlement = settlement
        self._clock = clock

    async def book(
        self, owner_id: int, exchange: str, book: Book, state: VenueState, told: Sequence[VenueFill]
    ) -> tuple[tuple[Fill, ...], bool]:
        """Those of `told` that are certain, as they were booked, and whether none has to be tried
        again; `book` holds what was known when all of our own fills were booked."""
        booked = await booked_of(self._memory, owner_id)
        done: list[Fill] = []
        settled = True
        for symbol in sorted({one.fill.symbol for one in told}):
            mine = [one for one in book.positions if one.symbol == symbol]
            fresh = [one for one in told if one.fill.symbol == symbol and _left(one, booked) > 0]
            if not mine or not fresh or not _is_certain(mine, fresh, booked, state):
                continue
            for position, one, quantity in _shared(mine, fresh, booked):
                fill = await self._exit(exchange, position, one, quantity)
                done += [fill] if fill else []
                settled = settled and fill is not None
        return tuple(done), settled

    async def _exit(
        self, exchange: str, position: Position, told: VenueFill, quantity: Decimal
    ) -> Fill | None:
        """Every step may be made again: the order by its key, the fill by its trade."""
        intent = _order_of(position, told, quantity)
        fill = replace(part_of(told.fill, quantity, intent), heard_at=self._clock.wall())
        async with self._memory.transactions.transaction():
            if await self._memory.orders.add(intent) is not None:
                await self._memory.notices.tell(_alarm(exchange, position, told, fill))
        try:
            await self._settlement.book(fill)
        except (TryAgain, Moved) as fault:
            log.warning("An exit by the exchange waits: %s", fault, extra=ids(position, fill))
            return None
        return fill


def _left(told: VenueFill, booked: Booked) -> Decimal:
    """What of it no position has had yet."""
    return told.fill.quantity - booked.get((told.fill.symbol, told.fill.trade_id), ZERO)


def _is_certain(
    mine: Sequence[Position], fresh: Sequence[VenueFill], booked: Booked, state: VenueState
) -> bool:
    side = OrderSide.to_close(mine[0].side)
    if any(OrderSide.to_close(one.side) is not side for one in mine):
        return False
    since = max(one.opened_at for one in mine)
    if any(one.fill.side is not side or one.fill.at < since for one in fresh):
        return False
    closed = sum((_left(one, booked) for one in fresh), ZERO) * mine[0].side.sign
    there = sum(
        (one.quantity * one.side.sign for one in state.positions if one.symbol == mine[0].symbol),
        ZERO,
    )
    return signed(mine) - closed == there and (not there or len(mine) == 1)


def _shared(
    mine: Sequence[Position], fresh: Sequence[VenueFill], booked: Booked
) -> Iterator[tuple[Position, VenueFill, Decimal]]:
    """Which position closes how much of which trade, the oldest of both first."""
    wanted = {one.id: one.quantity for one in mine}
    for told in fresh:
        left = _left(told, booked)
        for position in sorted(mine, key=lambda one: one.id):
            quantity = min(left, wanted[position.id])
            if quantity > 0:
                left -= quantity
                wanted[position.id] -= quantity
                yield position, told, quantity


def _order_of(position: Position, told: VenueFill, quantity: Decimal) -> OrderIntent:
    """The order that stands in our book for what the exchange did; it is never sent."""
    fill = told.fill
    return OrderIntent(
        key=f"forced:{fill.symbol}:{fill.trade_id}:position:{position.id}",
        owner_id=position.owner_id,
        strategy_id=position.strategy_id,
        account_id=position.account_id,
        symbol=position.symbol,
        mode=position.mode,
        purpose=OrderPurpose.LIQUIDATION,
        side=fill.side,
        quantity=quantity,
        created_at=fill.at,
        proposal_id=position.proposal_id,
        position_id=position.id,
        reason=REASONS[told.forced or Forced.LIQUIDATED],
        state=OrderState.FILLED,
        filled=quantity,
    )


def _alarm(exchange: str, position: Position, told: VenueFill, fill: Fill) -> Notice:
    coin = position.symbol.partition("/")[0]
    what = f"{plain(fill.quantity)} {coin} of #{position.id} {position.symbol} {position.side}"
    by = "liquidated" if told.forced is Forced.LIQUIDATED else "closed in an auto-deleveraging"
    summary = f"{exchange} {by} {what} at {plain(fill.price)}, {money(fill.price * fill.quantity)}"
    return Notice(
        position.owner_id,
        NoticeKind.ALARM,
        f"forced:{position.id}:{fill.trade_id}",
        {
            "summary": f"{summary} in all. It is booked as an exit of the trade.",
            "title": "Closed by the exchange",
            "position_id": position.id,
        },
        replies_to=card_of(position.proposal_id),
    )
