"""What happens without a tap: veto windows that end, and cards that count down to it.

    PENDING with runs_at --its time is over--> the same seam as a tap on Approve
        |
        +-- long over, since nothing ran: a person is asked, with the numbers of now
        +-- no price, or a veto that is stored and not handled yet: it waits as long as a tap may
            be late, then a person is asked

Nothing is kept here but what was drawn last: after a restart it goes on from what is stored.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from agents.domain.errors import MarketUnavailable
from agents.domain.ports import Clock, Memory
from agents.domain.proposal import Proposal, ProposalState
from agents.domain.risk import TapRules
from agents.domain.strategy import StrategyState
from agents.domain.trail import ids
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.proposals.approvals import Approvals
from agents.execution.proposals.countdown import step
from agents.execution.proposals.judging import Judge
from agents.execution.telling import card_changed

log = logging.getLogger(__name__)

Stopping = Callable[[Proposal], Awaitable[bool]]
"""Whether a tap that stops a proposal was received, and waits to be handled."""

GRACE = timedelta(seconds=10)
"""After a start: what was tapped while nothing ran is read before anything runs by itself."""


async def nobody(proposal: Proposal) -> bool:
    return False


class Autopilot:
    def __init__(
        self,
        memory: Memory,
        clock: Clock,
        judge: Judge,
        approvals: Approvals,
        rules: TapRules,
        *,
        stopping: Stopping = nobody,
        passed: Checkpoint = passed,
    ) -> None:
        self._stopping = stopping
        self._memory = memory
        self._clock = clock
        self._judge = judge
        self._approvals = approvals
        self._passed = passed
        self._stale = timedelta(seconds=rules.stale_seconds)
        self._awake: datetime | None = None  # human time of the first look
        self._drawn: dict[int, tuple[int, int]] = {}  # (version, step) of a proposal's card

    async def look(self) -> None:
        """Run what is due, and redraw what counts down. Call it every second."""
        counting = await self._memory.proposals.counting()
        wall = self._clock.wall()
        self._awake = min(self._awake or wall, wall)  # people's clock may be set back
        self._drawn = {one.id: self._drawn[one.id] for one in counting if one.id in self._drawn}
        for proposal in counting:
            try:
                await self._look(proposal)
            except Exception:
                log.exception("A proposal could not go on; again in a second.", extra=ids(proposal))

    async def _look(self, proposal: Proposal) -> None:
        wall = self._clock.wall()
        if proposal.runs_at is None or proposal.expires_at <= wall:
            return
        late = wall - proposal.runs_at
        if late < timedelta():
            await self._count(proposal, wall)
        elif late > self._stale:
            why = "it was to run by itself and did not in time"
            await self._approvals.ask_anew(proposal, why)
        elif self._may_run(proposal, wall) and not await self._stopping(proposal):
            await self._run(proposal, wall)

    async def _run(self, proposal: Proposal, wall: datetime) -> None:
        """What a tap on Approve would do, unless it has an outcome by now or was edited."""
        marks: dict[str, Any] = {"resolved_by": None, "resolved_at": wall}
        async with self._memory.transactions.transaction():
            if not await self._still_active(proposal):
                return
            if not await self._memory.proposals.move(proposal, ProposalState.APPROVED, **marks):
                return
            self._passed("autopilot.marking")
            facts = {"proposal_id": proposal.id, "version": proposal.version}
            what = f"ran by itself: {proposal.course.why}"
            await self._memory.audit.record(proposal.owner_id, "autopilot", what, facts)
        self._passed("approval.marked")
        approved = replace(proposal, state=ProposalState.APPROVED, **marks)
        await self._approvals.go_on(approved)

    async def _still_active(self, proposal: Proposal) -> bool:
        """A pause cancels what waits, and this one may have been stored beside it."""
        strategies = self._memory.strategies
        strategy = await strategies.get(proposal.owner_id, proposal.strategy_id)
        if strategy.state is StrategyState.ACTIVE:
            return True
        await self._approvals.cancel([proposal], f"the strategy is {strategy.state}")
        return False

    def _may_run(self, proposal: Proposal, wall: datetime) -> bool:
        """Not at once after a start, unless it was made since, and not without a price."""
        assert self._awake is not None  # noqa: S101  # look() set it
        if proposal.created_at < self._awake and wall < self._awake + GRACE:
            return False
        try:
            self._judge.fresh_tick(proposal.symbol)
        except MarketUnavailable:
            return False
        return True

    async def _count(self, proposal: Proposal, wall: datetime) -> None:
        """Draw the card again when the countdown has reached its next step."""
        reached = proposal.version, step(proposal, wall)
        if reached[1] and self._drawn.get(proposal.id) != reached:
            notice = card_changed(proposal, f"{reached[1]} seconds left")
            facts = {**notice.facts, "only_edits": True}
            await self._memory.notices.tell(replace(notice, facts=facts))
            self._drawn[proposal.id] = reached
