"""What follows when an order ends without its fill: rejected, cancelled or expired."""

import logging
from dataclasses import replace

from agents.domain.errors import Moved
from agents.domain.order import ORDER_MOVES, OrderIntent, OrderPurpose, OrderState
from agents.domain.ports import Memory
from agents.domain.position import OpenTarget, Position, PositionState
from agents.domain.proposal import ProposalState
from agents.domain.trail import ids
from agents.execution.booking.settlement import in_flight
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.leaving.exitbook import ExitBook
from agents.execution.proposals.voting import note_outcome
from agents.execution.telling import card_changed, order_failed

log = logging.getLogger(__name__)
_TRIES = 5


class Failures:
    def __init__(self, memory: Memory, book: ExitBook, *, passed: Checkpoint = passed) -> None:
        self._memory = memory
        self._exits = book
        self._passed = passed

    async def fail(
        self,
        intent: OrderIntent,
        to: OrderState,
        reason: str,
        ended: ProposalState = ProposalState.REFUSED,
        *,
        unsent: bool = False,
    ) -> OrderIntent:
        """Order, proposal or position, and messages in one transaction; the order afterwards.
        `unsent`: it ends because it is not to be sent, and goes on where another sends it by now.

        An entry's proposal becomes `ended`. A position whose exit failed is open again and its
        triggers are armed at the next look, a minute at most, so that a broker that refuses
        every order is not asked at every tick. Nothing is told of an exit that had nothing left
        to close.
        """
        was = intent.state
        for _ in range(_TRIES):
            if to not in ORDER_MOVES[intent.state] or (unsent and intent.state is not was):
                return intent
            try:
                await self._fail(intent, to, reason, ended)
            except Moved:
                intent = await self._memory.orders.get(intent.id)
                continue
            told = ids(intent) | {"state": to, "why": reason}
            log.info("An order ended without its whole fill.", extra=told)
            break
        self._passed("order.recorded")
        return await self._memory.orders.get(intent.id)

    async def _fail(
        self, intent: OrderIntent, to: OrderState, reason: str, ended: ProposalState
    ) -> None:
        async with self._memory.transactions.transaction():
            if not await self._memory.orders.move(intent, to, error=reason):
                raise Moved
            self._passed("order.failing")
            reopened = await self._reopen(intent) if intent.reduces else None
            if not intent.reduces and not intent.filled:
                await self._end_proposal(intent, reason, ended)
            if reopened is not None or not intent.reduces:
                await self._memory.notices.tell(order_failed(intent, reason))
        if reopened is not None:
            self._exits.unarm(reopened)

    async def _end_proposal(self, intent: OrderIntent, reason: str, ended: ProposalState) -> None:
        if intent.proposal_id is None:
            return
        proposal = await self._memory.proposals.by_id(intent.proposal_id)
        if proposal.state is not ProposalState.ORDERED:
            return
        if not await self._memory.proposals.move(proposal, ended, outcome=reason):
            raise Moved
        over = replace(proposal, state=ended, outcome=reason)
        await note_outcome(self._memory, over, "outcome")
        await self._memory.notices.tell(card_changed(over, str(ended)))

    async def _reopen(self, intent: OrderIntent) -> Position | None:
        """The position of an exit, as stored; None where it is closed."""
        if intent.position_id is None:
            return None
        stored = await self._memory.positions.by_id(intent.position_id)
        position = self._exits.freshest(stored)
        if position.state is PositionState.CLOSED:
            return None
        covered = await in_flight(self._memory, position.id) >= position.sellable
        state = PositionState.CLOSING if covered else PositionState.OPEN
        targets = tuple(
            _undone(target, intent) if _is_of(intent, place, target) else target
            for place, target in enumerate(position.targets)
        )
        reopened = replace(position, state=state, targets=targets)
        if not await self._memory.positions.save(reopened):
            raise Moved
        return replace(reopened, version=reopened.version + 1)


def _is_of(intent: OrderIntent, place: int, target: OpenTarget) -> bool:
    """Whether an exit takes that target; earlier releases stored its price only."""
    if intent.purpose is not OrderPurpose.TARGET:
        return False
    return intent.trigger == target.price if intent.target is None else intent.target == place


def _undone(target: OpenTarget, intent: OrderIntent) -> OpenTarget:
    """What an exit did not close of its target is open again, less what a resting order filled."""
    left = min(intent.left, target.quantity)
    return replace(target, done=False, quantity=left) if left > 0 else target
