"""/panic: cancel, pause and flatten everything of one user, through kills and restarts.

One transaction marks: what waits is cancelled, strategies are paused, and a note says that the
user is panicking. While the note stands everything that turns up is flattened, also the position
of an entry order that could not be taken back in time; when all is flat the note goes.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.domain.order import UNSETTLED, OrderPurpose
from agents.domain.ports import Clock, Memory
from agents.domain.position import Position
from agents.domain.proposal import ProposalState
from agents.domain.strategy import StrategyState
from agents.domain.user import Notice, NoticeKind
from agents.execution.approvals import Approvals
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.closing import Closing, Exit
from agents.execution.orders import Orders

log = logging.getLogger(__name__)
NOTE = "panics"  # user id as text → facts of the panic under way
_ALL = 10_000
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class PanicReport:
    """Counted since the panic began. `left` positions and orders are not yet flat."""

    proposals: int
    strategies: int
    positions: int
    left: int

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

    async def panic(self, user_id: int) -> PanicReport:
        """Harmless when repeated: it goes on with the panic under way."""
        await self._mark(user_id)
        self._passed("panic.marked")
        return await self._flatten(user_id)

    async def go_on(self) -> list[int]:
        """Flatten what is left of every panic, also those of a killed process; at start and
        every few seconds. The users still panicking."""
        for user in list(await self._under_way()):
            await self._flatten(int(user))
        return [int(user) for user in await self._under_way()]

    async def _mark(self, user_id: int) -> None:
        async with self._memory.transactions.transaction():
            panics = await self._under_way()
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
        orders = await self._take_back_entries(user_id)
        positions = await self._memory.positions.of(user_id, open_only=True, limit=_ALL)
        for start in range(0, len(positions), _AT_ONCE):
            await self._close(positions[start : start + _AT_ONCE])
        await self._orders.idle()
        return await self._report(user_id, positions, orders)

    async def _take_back_entries(self, user_id: int) -> int:
        """Cancel entry orders on their way; how many can't be taken back yet."""
        left = 0
        for intent in await self._memory.orders.in_states(UNSETTLED):
            if intent.owner_id == user_id and intent.purpose is OrderPurpose.ENTRY:
                after = await self._orders.cancel(intent, ended=ProposalState.CANCELLED)
                left += after.state in UNSETTLED
        return left

    async def _close(self, positions: Sequence[Position]) -> None:
        wishes = [Exit(item.id, OrderPurpose.PANIC, "panic") for item in positions]
        for intent in await self._closing.store(wishes):
            self._orders.send_soon(intent)

    async def _report(self, user_id: int, seen: Sequence[Position], orders: int) -> PanicReport:
        """Write what was counted; when nothing is left, say so and forget the panic."""
        still_open = await self._memory.positions.of(user_id, open_only=True, limit=_ALL)
        left = len(still_open) + orders
        async with self._memory.transactions.transaction():
            panics = dict(await self._under_way())
            facts = dict(panics.pop(str(user_id), {}) or self._begun())
            facts["positions"] = sorted({*facts["positions"], *(item.id for item in seen)})
            if left:
                panics[str(user_id)] = facts
            await self._memory.notes.write(NOTE, panics)
            await self._memory.notices.tell(_told(user_id, facts, left))
        if not left:
            self._passed("panic.flat")
        return PanicReport(facts["proposals"], facts["strategies"], len(facts["positions"]), left)


def _told(user_id: int, facts: Mapping[str, Any], left: int) -> Notice:
    """Told when it begins and when all is flat, once each."""
    stage = "begun" if left else "flat"
    return Notice(
        owner_id=user_id,
        kind=NoticeKind.PANIC,
        key=f"panic:{user_id}:{facts['began']}:{stage}",
        facts={**facts, "positions": len(facts["positions"]), "left": left},
    )
