"""What brokers tell without being asked: fills, and orders that ended by themselves."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from agents.domain.broker import Broker
from agents.domain.order import BrokerOrder, Fill, OrderIntent
from agents.domain.ports import Memory
from agents.domain.trail import ids
from agents.execution.backlog import Backlog
from agents.execution.ordering.answers import Answers
from agents.execution.ordering.exiting import Exiting
from agents.execution.turns import Turns

log = logging.getLogger(__name__)
Ended = Callable[[OrderIntent, BrokerOrder], Awaitable[object]]


class News:
    """`ended` takes down what an order's end means. Fills are booked in the order in which they
    come; ends of several orders are taken beside each other, for one may wait for its exchange."""

    def __init__(self, memory: Memory, answers: Answers, exiting: Exiting, ended: Ended) -> None:
        self._memory = memory
        self._answers = answers
        self._exiting = exiting
        self._ended = ended
        self._fills: Backlog[Fill] = Backlog(self._book)
        self._told: dict[str, list[BrokerOrder]] = {}
        self._ends: Turns[str] = Turns(self._take)

    def of(self, broker: Broker) -> None:
        broker.listen(self._fills.put)
        broker.listen_orders(self._end)

    @property
    def busy(self) -> bool:
        return self._ends.busy or self._fills.busy

    async def idle(self) -> None:
        await self._ends.idle()
        await self._fills.idle()

    async def _book(self, fills: Sequence[Fill]) -> None:
        for fill in fills:
            self._exiting.filled(fill)
            try:
                await self._answers.book(fill)
            except Exception:
                log.exception("A fill is not booked yet; again at the next look.", extra=ids(fill))

    def _end(self, answer: BrokerOrder) -> None:
        self._told.setdefault(answer.client_id, []).append(answer)
        self._ends.put(answer.client_id)

    async def _take(self, client_id: str) -> None:
        for answer in self._told.pop(client_id, ()):
            try:
                intent = await self._memory.orders.by_client_id(answer.client_id)
                if intent is not None:
                    await self._ended(intent, answer)
            except Exception:
                log.exception("The end of an order is looked at again.", extra=ids(answer))
