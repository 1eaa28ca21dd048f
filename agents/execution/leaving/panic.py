"""/panic: cancel, pause and flatten everything of one user, through kills and restarts.

One transaction marks: what waits is cancelled, strategies are paused, and a note says that the
user is panicking. While the note stands everything that turns up is flattened, also the position
of an entry order that could not be taken back in time; when all is flat and nothing rests at an
exchange any more the note goes. A broker that is busy is asked again when it said, one that
refuses less and less often.
"""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

from agents.domain.errors import BrokerBusy, TryAgain
from agents.domain.order import UNSETTLED, OrderIntent, OrderPurpose
from agents.domain.ports import Clock, Memory
from agents.domain.position import Position
from agents.domain.proposal import ProposalState
from agents.domain.strategy import StrategyState
from agents.domain.trail import ids
from agents.domain.user import Notice, NoticeKind
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.dues import Backoff, Dues
from agents.execution.leaving.closing import Closing, Exit
from agents.execution.ordering.orders import Orders
from agents.execution.proposals.approvals import Approvals
from agents.execution.turns import Turns

log = logging.getLogger(__name__)
NOTE = "panics"  # user id as text → facts of the panic under way
_TURN = "panics turn"  # written before NOTE is read: of two transactions one waits for the other
_ALL = 10_000
_AT_ONCE = 50
_ANSWER_WITHIN = 5.0  # seconds; whoever panics is told by then what is done and what is not
_IN_PASSING = 1.0  # seconds; one exchange that does not answer holds up nobody else's second
_CLOSE_AGAIN = (1, 2, 5, 10, 30, 60)  # seconds between attempts to close one position


@dataclass(frozen=True, slots=True)
class PanicReport:
    """Counted since the panic began. `left` positions and orders are not yet flat: `open`
    positions and `orders`; `waits` is how many seconds an exchange asked to wait."""

    proposals: int
    strategies: int
    positions: int
    left: int
    open: int = 0
    orders: int = 0
    waits: int = 0

    @property
    def flat(self) -> bool:
        return not self.left


class Panic:
    def __init__(
        self,
        memory: Memory,
        clock: Clock,
        approvals: Approvals,
        orders: Orders,
        closing: Closing,
        *,
        passed: Checkpoint = passed,
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._approvals = approvals
        self._orders = orders
        self._closing = closing
        self._passed = passed
        self._pauses: Backoff[int] = Backoff(*_CLOSE_AGAIN)
        self._tried: Dues[int] = Dues()
        self._going_on: Turns[int] = Turns(self._go_on)

    async def panic(self, user_id: int) -> PanicReport:
        """Harmless when repeated: it goes on with the panic under way."""
        await self._mark(user_id)
        self._passed("panic.marked")
        return await self._flatten(user_id)

    async def go_on(self) -> list[int]:
        """Flatten what is left of every panic, also those of a killed process; at start and
        every few seconds. The users still panicking."""
        for user in await self._under_way():
            self._going_on.put(int(user))
        await _at_most(_IN_PASSING, self._going_on.idle())
        return [int(user) for user in await self._under_way()]

    async def _go_on(self, user_id: int) -> None:
        await self._flatten(user_id)

    async def _mark(self, user_id: int) -> None:
        async with self._memory.transactions.transaction():
            panics = await self._in_turn(user_id)
            facts = dict(panics.get(str(user_id)) or self._begun())
            facts["proposals"] += await self._cancel_proposals(user_id)
            facts["strategies"] += await self._pause_strategies(user_id)
            self._passed("panic.marking")
            await self._memory.notes.write(NOTE, {**panics, str(user_id): facts})
            await self._memory.audit.record(user_id, f"user:{user_id}", "panic", facts)

    def _begun(self) -> dict[str, Any]:
        began = self._clock.wall().isoformat()
        return {"began": began, "proposals": 0, "strategies": 0, "positions": []}

    async def _under_way(self) -> Mapping[str, Mapping[str, Any]]:
        return await self._memory.notes.read(NOTE) or {}

    async def _in_turn(self, user_id: int) -> dict[str, Mapping[str, Any]]:
        """Those under way, which nobody else changes until the running transaction ends."""
        await self._memory.notes.write(_TURN, user_id)
        return dict(await self._under_way())

    async def _cancel_proposals(self, user_id: int) -> int:
        states = (ProposalState.PENDING, ProposalState.APPROVED)
        waiting = await self._memory.proposals.of(user_id, states, _ALL)
        return len(await self._approvals.cancel(waiting, "cancelled by panic"))

    async def _pause_strategies(self, user_id: int) -> int:
        active = await self._memory.strategies.of(user_id, (StrategyState.ACTIVE,))
        moved = [
            await self._memory.strategies.move(
                user_id, strategy.id, StrategyState.PAUSED, self._clock.now(), reason="panic"
            )
            for strategy in active
        ]
        return sum(moved)

    async def _flatten(self, user_id: int) -> PanicReport:
        positions = await self._memory.positions.of(user_id, open_only=True, limit=_ALL)
        due = self._due(positions)
        for start in range(0, len(due), _AT_ONCE):
            await self._close(due[start : start + _AT_ONCE])
        waits = await self._take_back_entries(user_id)
        await _at_most(_ANSWER_WITHIN, self._orders.idle())
        return await self._report(user_id, positions, waits)

    def _due(self, positions: Sequence[Position]) -> list[Position]:
        """Without those for which an order was made just now, which may have failed."""
        self._tried.due(self._clock.wall())
        return [item for item in positions if item.id not in self._tried]

    async def _take_back_entries(self, user_id: int) -> float:
        """Cancel entry orders on their way; for how many seconds an exchange asks to wait."""
        waits = 0.0
        for intent in await self._left(user_id):
            if intent.rests:
                continue
            try:
                await self._orders.cancel(intent, ended=ProposalState.CANCELLED)
            except BrokerBusy as busy:
                waits = max(waits, busy.retry_after)
            except TryAgain as fault:
                log.warning("An order is not taken back yet: %s", fault, extra=ids(intent))
        return waits

    async def _left(self, user_id: int) -> list[OrderIntent]:
        """Entries on their way, and what rests at an exchange."""
        unsettled = await self._memory.orders.in_states(UNSETTLED)
        mine = [item for item in unsettled if item.owner_id == user_id]
        return [item for item in mine if item.purpose is OrderPurpose.ENTRY or item.rests]

    async def _close(self, positions: Sequence[Position]) -> None:
        wishes = [Exit(item.id, OrderPurpose.PANIC, "panic") for item in positions]
        for intent in await self._closing.store(wishes):
            number = intent.position_id or 0
            self._tried.put(number, self._clock.wall() + self._pauses.next(number))
            self._orders.send_soon(intent)

    async def _waits(self, positions: Sequence[Position]) -> timedelta:
        """Until the last exit that a busy broker turned away goes out again."""
        until = [
            at
            for position in positions
            for order in await self._memory.orders.of_position(position.id)
            if (at := self._orders.waits_until(order.id)) is not None
        ]
        return max(until, default=self._clock.wall()) - self._clock.wall()

    async def _report(self, user_id: int, seen: Sequence[Position], waits: float) -> PanicReport:
        """Write what was counted; when nothing is left, say so and forget the panic. Orders are
        read before positions: an entry that is filled in between is then seen as one of them."""
        orders = len(await self._left(user_id))
        still_open = await self._memory.positions.of(user_id, open_only=True, limit=_ALL)
        left = len(still_open) + orders
        seconds = max(waits, (await self._waits(still_open)).total_seconds())
        rest = {"left": left, "open": len(still_open), "orders": orders, "wait": ceil(seconds)}
        async with self._memory.transactions.transaction():
            panics = await self._in_turn(user_id)
            facts = dict(panics.pop(str(user_id), {}) or self._begun())
            facts["positions"] = sorted({*facts["positions"], *(item.id for item in seen)})
            if left:
                panics[str(user_id)] = facts
            await self._memory.notes.write(NOTE, panics)
            await self._memory.notices.tell(_told(user_id, facts, rest))
        if not left:
            for number in facts["positions"]:
                self._pauses.forget(number)
            self._passed("panic.flat")
        return PanicReport(
            facts["proposals"],
            facts["strategies"],
            len(facts["positions"]),
            left,
            rest["open"],
            rest["orders"],
            rest["wait"],
        )


async def _at_most(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    """Until `work` is done, or has taken too long to be waited for; then it goes on by itself."""
    working = asyncio.ensure_future(work)
    working.add_done_callback(lambda task: task.cancelled() or task.exception())
    for task in (await asyncio.wait({working}, timeout=seconds))[0]:
        task.result()


def _told(user_id: int, facts: Mapping[str, Any], rest: Mapping[str, int]) -> Notice:
    """Told when it begins, as often as less is left, in the same message, and anew when all is
    flat."""
    card = f"panic:{user_id}:{facts['began']}"
    stage = f"{rest['open']}:{rest['orders']}" if rest["left"] else "flat"
    return Notice(
        owner_id=user_id,
        kind=NoticeKind.PANIC,
        key=f"{card}:{stage}",
        facts={**facts, "positions": len(facts["positions"]), **rest},
        card=card if rest["left"] else "",
    )
