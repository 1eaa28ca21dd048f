"""Exiting is not closed: an exit that has no whole fill after a moment is told as sent."""

from datetime import datetime, timedelta

from agents.domain.order import UNSETTLED, Fill, OrderIntent, OrderPurpose
from agents.domain.ports import Clock, Memory
from agents.domain.user import Notice, NoticeKind
from agents.execution.dues import Dues
from agents.execution.telling import card_of

TOLD_AFTER = timedelta(seconds=3)
_URGENT = (OrderPurpose.PANIC, OrderPurpose.STOP)


class Exiting:
    """Told once per order."""

    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        self._since: dict[str, tuple[datetime, OrderIntent]] = {}

    def note(self, intent: OrderIntent) -> None:
        """An exit is on its way, or waits to be."""
        if intent.reduces and not intent.rests:
            at = intent.sent_at or self._clock.wall()
            self._since.setdefault(intent.client_id, (at, intent))

    def filled(self, fill: Fill) -> None:
        known = self._since.get(fill.client_id)
        if known is not None and fill.quantity >= known[1].left:
            del self._since[fill.client_id]

    async def tell_due(self) -> None:
        """Looked at every second."""
        now = self._clock.wall()
        due = [intent for at, intent in self._since.values() if now - at >= TOLD_AFTER]
        for intent in due:
            fresh = await self._memory.orders.get(intent.id)
            if fresh.state in UNSETTLED:
                await self._memory.notices.tell(_sent(fresh))
            self._since.pop(intent.client_id, None)


def _sent(intent: OrderIntent) -> Notice:
    return Notice(
        owner_id=intent.owner_id,
        kind=NoticeKind.ORDER_SENT,
        key=f"sent:{intent.client_id}",
        facts={
            "intent_id": intent.id,
            "position_id": intent.position_id,
            "proposal_id": intent.proposal_id,
        },
        replies_to=card_of(intent.proposal_id),
    )


async def no_longer(waiting: Dues[int], now: datetime, memory: Memory) -> list[OrderIntent]:
    """The orders that waited until `now`, the most urgent first. They go on waiting where they
    can't be read."""
    numbers = waiting.due(now)
    try:
        return sorted([await memory.orders.get(one) for one in numbers], key=urgency)
    except Exception:
        for one in numbers:
            waiting.put(one, now)
        raise


def urgency(intent: OrderIntent) -> tuple[int, int]:
    """What goes out first: panic, then stops, then other exits, entries last; of the same kind
    the oldest."""
    if intent.purpose in _URGENT:
        return _URGENT.index(intent.purpose), intent.id
    return (2 if intent.reduces else 3), intent.id
