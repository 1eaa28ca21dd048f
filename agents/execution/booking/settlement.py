"""Books fills: fill, order, position, account and messages in one transaction, each fill once."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from agents.domain.errors import Moved
from agents.domain.market import Instrument
from agents.domain.money import ZERO
from agents.domain.order import UNSETTLED, Fill, OrderIntent, OrderPurpose, OrderState
from agents.domain.ports import Clock, Market, Memory
from agents.domain.position import OpenTarget, Position, PositionState
from agents.domain.proposal import Proposal, ProposalState
from agents.domain.trail import ids
from agents.domain.user import Notice, NoticeKind
from agents.execution.booking.bookkeeping import gained, grown, moved_by, opened, reduced
from agents.execution.booking.leftovers import TOO_SMALL, stays, tell_written_off, without_rest
from agents.execution.bounds.pausing import pause_once_done
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.figures import plain
from agents.execution.leaving.exitbook import ExitBook
from agents.execution.proposals.judging import instrument_of
from agents.execution.telling import card_changed, card_of, position_card, position_closed

log = logging.getLogger(__name__)
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Booked:
    """A position after a fill; `in_flight` is what unsettled exit orders will still close."""

    position: Position
    in_flight: Decimal
    trail: Mapping[str, object] = field(default_factory=dict)  # for the log


def left_to_close(orders: Iterable[OrderIntent]) -> Decimal:
    """What unsettled exit orders have yet to close, base currency; not those that rest, which
    wait for their price."""
    exits = [item for item in orders if item.reduces and not item.rests and item.state in UNSETTLED]
    return sum((item.quantity - item.filled for item in exits), ZERO)


async def in_flight(memory: Memory, position_id: int) -> Decimal:
    """What the unsettled exit orders of a position have yet to close, base currency."""
    return left_to_close(await memory.orders.of_position(position_id))


@dataclass(frozen=True, slots=True)
class _Met:
    """What a fill meets. Read before the transaction, to keep that short; every change of it is
    a compare-and-set, so that what changed in between is noticed and read again."""

    intent: OrderIntent
    proposal: Proposal | None
    position: Position | None
    orders: Sequence[OrderIntent] = ()

    def pending(self, filled: OrderIntent) -> Decimal:
        """What will still be closed when this order is filled as far as `filled` says."""
        others = [item for item in self.orders if item.id != filled.id]
        return left_to_close((*others, filled) if filled.reduces else others)


class Settlement:
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
        self._exits = book
        self._passed = passed

    async def book(self, fill: Fill, instrument: Instrument | None = None) -> Position | None:
        """The position after the fill; None when it was booked before, or is not ours.
        `instrument` where the market does not offer it any more.

        Raises MarketUnavailable while the instrument is unknown, and Moved when other fills of
        the same position keep getting in between; then nothing is booked.
        """
        traded = instrument or await instrument_of(self._market, fill.symbol)
        for _ in range(_TRIES):
            try:
                booked = await self._book(fill, traded)
            except Moved:
                continue
            if booked is None:
                return None
            self._passed("fill.booked")
            self._exits.follow(booked.position, booked.in_flight)
            log.info("Fill booked.", extra=booked.trail)
            return booked.position
        raise Moved

    async def _book(self, fill: Fill, instrument: Instrument) -> Booked | None:
        met = await self._meet(fill)
        if met is None:
            log.warning("A fill of an order that is not ours.", extra=ids(fill))
            return None
        async with self._memory.transactions.transaction():
            if not await self._memory.orders.add_fill(met.intent, fill):
                return None
            intent = await self._fill_order(met.intent, fill)
            self._passed("fill.booking")
            if intent.purpose is OrderPurpose.ENTRY:
                booked = await self._entered(met, intent, fill, instrument)
            else:
                booked = await self._exited(met, intent, fill, instrument)
        return replace(booked, trail=_trail(met, booked.position, fill))

    async def _meet(self, fill: Fill) -> _Met | None:
        intent = await self._memory.orders.by_client_id(fill.client_id)
        if intent is None:
            return None
        position = await self._position(intent)
        proposal = await self._proposal(intent)
        if position is None:
            return _Met(intent, proposal, None)
        orders = await self._memory.orders.of_position(position.id)
        return _Met(intent, proposal, self._exits.freshest(position), orders)

    async def _position(self, intent: OrderIntent) -> Position | None:
        if intent.position_id is not None:
            return await self._memory.positions.by_id(intent.position_id)
        return await self._memory.positions.by_proposal(intent.proposal_id or 0)

    async def _proposal(self, intent: OrderIntent) -> Proposal | None:
        if intent.proposal_id is None:
            return None
        return await self._memory.proposals.by_id(intent.proposal_id)

    async def _fill_order(self, intent: OrderIntent, fill: Fill) -> OrderIntent:
        filled = intent.filled + fill.quantity
        whole = filled >= intent.quantity
        state = OrderState.FILLED if whole else OrderState.PART_FILLED
        if intent.state not in UNSETTLED:
            return intent  # it came late, after the order had ended; the fill counts all the same
        if not await self._memory.orders.move(intent, state, filled=filled):
            raise Moved
        return replace(intent, state=state, filled=filled)

    # --- entries ------------------------------------------------------------------------------

    async def _entered(
        self, met: _Met, intent: OrderIntent, fill: Fill, instrument: Instrument
    ) -> Booked:
        if met.proposal is None:
            raise ValueError(f"entry order {intent.key} has no proposal")
        pending = met.pending(intent)
        if met.position is None:
            after = opened(met.proposal, intent, fill, instrument)
        else:
            after = grown(met.position, met.proposal, fill, instrument)
        held = after.quantity
        after = await without_rest(self._memory, after, fill, instrument, TOO_SMALL)
        if met.position is None:
            position = await self._memory.positions.add(after)
        else:
            position = await self._save(_settled(after, pending))
        self._passed("fill.accounting")
        await self._memory.accounts.book(intent.account_id, gained(met.position, position))
        self._passed("fill.telling")
        whole = intent.filled >= intent.quantity
        await self._tell_entry(met.proposal, position, fill, whole=whole)
        if position.state is PositionState.CLOSED:
            await tell_written_off(self._memory, self._clock, position, fill, held)
        return Booked(position, pending)

    async def _tell_entry(
        self, proposal: Proposal, position: Position, fill: Fill, *, whole: bool
    ) -> None:
        facts = {"planned": str(proposal.plan.quantity), "whole": whole}
        told = _told(NoticeKind.FILLED, position, fill, facts)
        await self._memory.notices.tell(replace(told, card=position_card(position.id)))
        if proposal.state is ProposalState.ORDERED:
            outcome = f"filled at {plain(fill.price)}"
            if await self._memory.proposals.move(proposal, ProposalState.FILLED, outcome=outcome):
                filled = replace(proposal, state=ProposalState.FILLED)
                await self._memory.notices.tell(card_changed(filled, "filled"))

    # --- exits --------------------------------------------------------------------------------

    async def _exited(
        self, met: _Met, intent: OrderIntent, fill: Fill, instrument: Instrument
    ) -> Booked:
        if met.position is None:
            raise ValueError(f"exit order {intent.key} has no position")
        pending = met.pending(intent)
        reason = intent.reason or str(intent.purpose)
        after, _ = reduced(met.position, fill, reason, instrument)
        if met.proposal is not None and _may_move_stop(met.position, intent):
            after = _at_break_even(after, met.proposal, intent)
        after = after_target(after, intent, fill.quantity)
        after = await without_rest(self._memory, after, fill, instrument, reason)
        position = await self._save(_settled(after, pending))
        self._passed("fill.accounting")
        profit = gained(met.position, position)
        await self._memory.accounts.book(intent.account_id, profit)
        self._passed("fill.telling")
        rest = met.position.quantity - moved_by(fill, instrument)
        await self._tell_exit(position, fill, profit, rest)
        return Booked(position, pending)

    async def _tell_exit(
        self, position: Position, fill: Fill, profit: Decimal, rest: Decimal
    ) -> None:
        """`rest` are the coins that it left, base currency."""
        closed = position.state is PositionState.CLOSED
        kind = NoticeKind.CLOSED if closed else NoticeKind.PARTLY_CLOSED
        facts = {
            "profit": str(profit),
            "left": str(position.quantity),
            "stop": str(position.stop),
            "reason": position.exit_reason,
            **await stays(self._memory, position, rest),
        }
        await self._memory.notices.tell(_told(kind, position, fill, facts))
        if closed:
            await self._memory.notices.tell(position_closed(position))
            await pause_once_done(self._memory, self._clock, position)

    async def _save(self, position: Position) -> Position:
        if not await self._memory.positions.save(position):
            raise Moved
        return replace(position, version=position.version + 1)


def _may_move_stop(position: Position, intent: OrderIntent) -> bool:
    return intent.purpose is OrderPurpose.TARGET and position.trailing.breakeven_r is not None


def _at_break_even(position: Position, proposal: Proposal, intent: OrderIntent) -> Position:
    """A target at or beyond the planned break-even moves the stop to the entry price. Told by
    the plan's own numbers, for a fill that slipped has other R."""
    after_r, sign = position.trailing.breakeven_r, position.side.sign
    if after_r is None or intent.trigger is None:
        return position
    reached = proposal.plan.r_multiple(intent.trigger) >= after_r
    if reached and (position.entry_price - position.stop) * sign > 0:
        return replace(position, stop=position.entry_price)
    return position


def after_target(position: Position, intent: OrderIntent, quantity: Decimal) -> Position:
    """`position` with what a target's order filled taken off its targets; a target that is filled
    whole moves the stop to the entry price. Nothing changes for other orders."""
    if intent.purpose is not OrderPurpose.TARGET or position.state is PositionState.CLOSED:
        return position
    whole = intent.left <= 0
    if intent.rests and intent.target is not None:
        targets = _taken(position, intent.target, quantity, whole=whole)
        position = replace(position, targets=targets)
    if whole and (position.entry_price - position.stop) * position.side.sign > 0:
        return replace(position, stop=position.entry_price)
    return position


def _taken(
    position: Position, index: int, quantity: Decimal, *, whole: bool
) -> tuple[OpenTarget, ...]:
    """A resting target is open until it is filled whole. What it filled beyond its own quantity
    belonged to an earlier one that was too small to rest alone. Where an exit from here is on its
    way for it, less is left for that."""
    targets = list(position.targets)
    if targets[index].done:
        less = max(targets[index].quantity - quantity, ZERO)
        targets[index] = replace(targets[index], quantity=less)
        return tuple(targets)
    for place in (index, *range(index - 1, -1, -1)):
        target = targets[place]
        if target.done or quantity <= 0:
            continue
        taken = min(target.quantity, quantity)
        quantity -= taken
        done = target.quantity - taken < position.step or taken == target.quantity
        left = target.quantity if done else target.quantity - taken
        targets[place] = replace(target, quantity=left, done=done)
    if whole:
        targets[index] = replace(targets[index], done=True)
    return tuple(targets)


def _settled(position: Position, pending: Decimal) -> Position:
    """OPEN or CLOSING, as the unsettled exit orders cover a part or all of what is left."""
    if position.state is PositionState.CLOSED:
        return position
    covered = pending >= position.sellable
    return replace(position, state=PositionState.CLOSING if covered else PositionState.OPEN)


def _trail(met: _Met, position: Position, fill: Fill) -> Mapping[str, object]:
    what = {
        "purpose": met.intent.purpose,
        "mode": met.intent.mode,
        "symbol": fill.symbol,
        "side": fill.side,
        "quantity": f"{fill.quantity:f}",
        "price": f"{fill.price:f}",
        "left": f"{position.quantity:f}",
    }
    return ids(met.proposal, met.intent, position, fill) | what


def _told(kind: NoticeKind, position: Position, fill: Fill, facts: Mapping[str, object]) -> Notice:
    return Notice(
        owner_id=position.owner_id,
        kind=kind,
        key=f"{kind}:{fill.client_id}:{fill.trade_id}",
        facts={
            "position_id": position.id,
            "proposal_id": position.proposal_id,
            "client_id": fill.client_id,
            "trade_id": fill.trade_id,
            **facts,
        },
        replies_to=card_of(position.proposal_id),
    )
