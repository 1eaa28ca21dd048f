"""The rest of an entry is taken back when its trade is closed, so that it does not grow again.

Nothing is kept of that but who is asked again: which trades are being closed follows from what is
stored, so that another process goes on with it.
"""

import logging
from collections.abc import Awaitable, Callable

from agents.domain.errors import TryAgain
from agents.domain.order import UNSETTLED, OrderIntent, OrderPurpose, client_order_id
from agents.domain.ports import Clock, Memory
from agents.domain.position import Position, PositionState
from agents.domain.trail import ids
from agents.execution.dues import Backoff, Dues
from agents.execution.ordering.entries import entry_key
from agents.execution.turns import Turns

log = logging.getLogger(__name__)
_AGAIN = (1, 2, 5, 10, 30)  # seconds
Cancel = Callable[[OrderIntent], Awaitable[OrderIntent]]


class Withdrawals:
    """`cancel` takes an order back, and raises TryAgain while that is not certain."""

    def __init__(self, memory: Memory, clock: Clock, cancel: Cancel) -> None:
        self._memory = memory
        self._clock = clock
        self._cancel = cancel
        self._again: Dues[int] = Dues()
        self._pauses: Backoff[int] = Backoff(*_AGAIN)
        self._turns: Turns[int] = Turns(self.take_back)

    @property
    def busy(self) -> bool:
        return self._turns.busy

    async def idle(self) -> None:
        await self._turns.idle()

    def followed(self, position: Position) -> None:
        """A position was stored anew."""
        if position.state is PositionState.CLOSED:
            self._turns.put(position.proposal_id)

    def every_second(self) -> None:
        for proposal_id in self._again.due(self._clock.wall()):
            self._turns.put(proposal_id)

    def leaves(self, leaving: OrderIntent) -> None:
        """An exit goes out. It is not held up by this."""
        if leaving.purpose is not OrderPurpose.TARGET and leaving.proposal_id is not None:
            self._turns.put(leaving.proposal_id)

    async def look(self, entry: OrderIntent) -> None:
        """At one that is unsettled, whether its trade is being closed."""
        position = await self._memory.positions.by_proposal(entry.proposal_id or 0)
        if position is None:
            return
        orders = await self._memory.orders.of_position(position.id)
        if position.state is PositionState.CLOSED or any(_closes(one) for one in orders):
            self._turns.put(position.proposal_id)

    async def take_back(self, proposal_id: int) -> None:
        """What is not filled of a trade's entry. Where that is not certain now it is tried again
        a little later."""
        name = client_order_id(entry_key(proposal_id))
        entry = await self._memory.orders.by_client_id(name)
        if entry is None or entry.state not in UNSETTLED:
            return
        try:
            after = await self._cancel(entry)
        except TryAgain as fault:
            log.warning("The rest of an entry is not taken back yet: %s", fault, extra=ids(entry))
            self._later(proposal_id)
            return
        if after.state in UNSETTLED:
            self._later(proposal_id)
        else:
            self._pauses.forget(proposal_id)

    def _later(self, proposal_id: int) -> None:
        self._again.put(proposal_id, self._clock.wall() + self._pauses.next(proposal_id))


def _closes(order: OrderIntent) -> bool:
    """Whether it was sent to end a trade, whatever became of it."""
    return order.reduces and not order.rests and order.purpose is not OrderPurpose.TARGET
