"""The last look before an entry order goes out."""

from agents.domain.errors import MarketUnavailable
from agents.domain.order import OrderIntent
from agents.domain.ports import Memory
from agents.execution.proposals.judging import Judge, LimitRefuses, NewNumbers, NoPrice

_NOBODY = "no proposal stands behind it"


class Gate:
    """Asked before each entry order is sent: at once after the approval this agrees; after a
    crash it is what stands between an old approval and a new price."""

    def __init__(self, memory: Memory, judge: Judge) -> None:
        self._memory = memory
        self._judge = judge

    async def why_not(self, intent: OrderIntent) -> str:
        """Why this entry may not be sent; empty when it may.

        Raises MarketUnavailable when that can't be said at the moment.
        """
        if intent.proposal_id is None:
            return _NOBODY
        if late := await self.too_late(intent):
            return late
        proposal = await self._memory.proposals.by_id(intent.proposal_id)
        judgement = await self._judge.judge(proposal, intent)
        if isinstance(judgement, NewNumbers):
            return judgement.why
        if isinstance(judgement, LimitRefuses):
            return str(judgement.breach)
        if isinstance(judgement, NoPrice):
            raise MarketUnavailable(judgement.why)
        return ""

    async def too_late(self, intent: OrderIntent) -> str:
        """Why nobody would still mean this entry; empty when it was approved just now."""
        if intent.proposal_id is None:
            return _NOBODY
        proposal = await self._memory.proposals.by_id(intent.proposal_id)
        if self._judge.too_old(proposal):
            return "the approval had become too old when the order could go out"
        return ""
