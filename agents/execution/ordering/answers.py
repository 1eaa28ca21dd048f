"""What a broker says of an order, written down: its fills one by one, then its state."""

import logging

from agents.domain.order import (
    FAILED,
    ORDER_MOVES,
    UNSETTLED,
    BrokerOrder,
    Fill,
    OrderIntent,
    OrderState,
)
from agents.domain.ports import Memory
from agents.domain.proposal import ProposalState
from agents.domain.trail import ids
from agents.execution.booking.leftovers import Leftovers
from agents.execution.booking.settlement import Settlement
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.ordering.failing import Failures

log = logging.getLogger(__name__)
UNANSWERED = frozenset({OrderState.SENDING, OrderState.UNKNOWN})


class Answers:
    def __init__(
        self,
        memory: Memory,
        settlement: Settlement,
        failures: Failures,
        leftovers: Leftovers,
        *,
        passed: Checkpoint = passed,
    ) -> None:
        self._memory = memory
        self._settlement = settlement
        self._failures = failures
        self._leftovers = leftovers
        self._passed = passed

    async def take(
        self,
        intent: OrderIntent,
        answer: BrokerOrder,
        ended: ProposalState = ProposalState.REFUSED,
    ) -> OrderIntent:
        """The order afterwards. The proposal of an entry that had no fill becomes `ended`.

        An order whose exchange counts more than the answer's fills name stays unsettled, to be
        looked up again: it is over when all of it is booked.
        """
        await self._noted(intent, answer)
        for fill in answer.fills:
            await self._settlement.book(fill)
        fresh = await self._memory.orders.get(intent.id)
        if answer.filled > fresh.filled and fresh.state in UNSETTLED:
            log.warning("An order has fills that are not named yet.", extra=ids(intent))
            return await self._at_least_open(fresh)
        if answer.state in FAILED:
            after = await self._end(fresh, answer.state, answer.reason, ended)
            if after.filled or (after.reduces and not after.rests):
                await self._leftovers.ended(after)
            return after
        if answer.state is OrderState.FILLED and fresh.filled and fresh.state in UNSETTLED:
            await self._memory.orders.move(fresh, OrderState.FILLED)
            await self._leftovers.ended(fresh)
        elif answer.state is OrderState.OPEN:
            return await self._at_least_open(fresh)
        self._passed("order.recorded")
        return await self._memory.orders.get(intent.id)

    async def forgotten(self, intent: OrderIntent) -> OrderIntent:
        """The exchange had it once, and does not know it any more: it is over."""
        to, why = OrderState.CANCELLED, "the exchange does not know it any more"
        return await self.take(intent, BrokerOrder(intent.client_id, to, intent.filled, (), why))

    async def book(self, fill: Fill) -> None:
        """A fill that was not part of an answer."""
        await self._settlement.book(fill)

    async def _noted(self, intent: OrderIntent, answer: BrokerOrder) -> None:
        """The exchange's own name of it, before anything else can end it."""
        if not answer.venue_id or answer.venue_id == intent.venue_id:
            return
        fresh = await self._memory.orders.get(intent.id)
        if fresh.state in UNANSWERED and answer.state is not OrderState.REJECTED:
            await self._memory.orders.move(fresh, OrderState.OPEN, venue_id=answer.venue_id)

    async def _at_least_open(self, fresh: OrderIntent) -> OrderIntent:
        if fresh.state in UNANSWERED:
            await self._memory.orders.move(fresh, OrderState.OPEN)
        self._passed("order.recorded")
        return await self._memory.orders.get(fresh.id)

    async def _end(
        self, fresh: OrderIntent, to: OrderState, reason: str, ended: ProposalState
    ) -> OrderIntent:
        if not fresh.rests:
            return await self._failures.fail(fresh, to, reason or _WORDS[to], ended)
        reason = reason or "it ended at the exchange"
        if to in ORDER_MOVES[fresh.state]:
            await self._memory.orders.move(fresh, to, error=reason)
        return await self._memory.orders.get(fresh.id)


_WORDS = {
    OrderState.CANCELLED: "taken back",
    OrderState.EXPIRED: "it expired at the exchange",
    OrderState.REJECTED: "",
}
