"""A stop moved by hand: nearer to the price and never away from it, or not at all."""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from agents.domain.errors import MarketUnavailable, NotFound
from agents.domain.ports import Market, Memory
from agents.domain.position import Position, PositionState
from agents.domain.user import Notice, NoticeKind
from agents.execution.booking.settlement import in_flight
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.figures import plain
from agents.execution.leaving.exitbook import ExitBook
from agents.execution.proposals.judging import Judge, instrument_of
from agents.execution.telling import card_of

_TRIES = 5  # at a position that others change at the same time


class StopVerdict(StrEnum):
    MOVED = "moved"
    ALREADY = "already"  # it is there, or nearer to the price
    OVER = "over"  # the position is closed, or on its way out
    NOT_FOUND = "not_found"  # no such position, or not this user's
    REFUSED = "refused"  # `reason` says why


@dataclass(frozen=True, slots=True)
class StopOutcome:
    """`position` is as it is stored now."""

    verdict: StopVerdict
    position: Position | None = None
    reason: str = ""


class Stops:
    def __init__(
        self,
        memory: Memory,
        market: Market,
        judge: Judge,
        book: ExitBook,
        *,
        passed: Checkpoint = passed,
    ) -> None:
        self._memory = memory
        self._market = market
        self._judge = judge
        self._book = book
        self._passed = passed

    async def move(self, user_id: int, position_id: int, stop: Decimal, why: str) -> StopOutcome:
        """Store the stop and have it watched. `why` is told with it."""
        outcome = await self.store(user_id, position_id, stop, why)
        await self.follow(outcome)
        return outcome

    async def store(self, user_id: int, position_id: int, stop: Decimal, why: str) -> StopOutcome:
        """Joins a running transaction; call `follow` once that is committed."""
        for _ in range(_TRIES):
            outcome = await self._tried(user_id, position_id, stop, why)
            if outcome is not None:
                return outcome
        return StopOutcome(StopVerdict.REFUSED, reason="the position changes all the time")

    async def follow(self, outcome: StopOutcome) -> None:
        """Watch what was moved."""
        if outcome.verdict is StopVerdict.MOVED and outcome.position is not None:
            self._passed("stop.moved")
            flying = await in_flight(self._memory, outcome.position.id)
            self._book.follow(outcome.position, flying)

    async def _tried(
        self, user_id: int, position_id: int, stop: Decimal, why: str
    ) -> StopOutcome | None:
        """None when the position changed in between and has to be read again."""
        try:
            position = await self._memory.positions.get(user_id, position_id)
        except NotFound:
            return StopOutcome(StopVerdict.NOT_FOUND)
        if position.state is not PositionState.OPEN:
            return StopOutcome(StopVerdict.OVER, position)
        position = self._book.freshest(position)
        try:
            stop = (await instrument_of(self._market, position.symbol)).price(stop)
            price = self._judge.fresh_tick(position.symbol).price
        except MarketUnavailable as fault:
            return StopOutcome(StopVerdict.REFUSED, position, str(fault).rstrip("."))
        if (stop - position.stop) * position.side.sign <= 0:
            return StopOutcome(StopVerdict.ALREADY, position)
        if (price - stop) * position.side.sign <= 0:
            reason = f"at the price {plain(price)} a stop at {plain(stop)} would be hit at once"
            return StopOutcome(StopVerdict.REFUSED, position, reason)
        return await self._saved(replace(position, stop=stop), why)

    async def _saved(self, moved: Position, why: str) -> StopOutcome | None:
        async with self._memory.transactions.transaction():
            if not await self._memory.positions.save(moved):
                return None
            self._passed("stop.moving")
            after = replace(moved, version=moved.version + 1)
            await self._memory.notices.tell(_told(after, why))
        return StopOutcome(StopVerdict.MOVED, after)


def _told(position: Position, why: str) -> Notice:
    return Notice(
        owner_id=position.owner_id,
        kind=NoticeKind.STOP_MOVED,
        key=f"stop:{position.id}:v{position.version}",
        facts={
            "position_id": position.id,
            "proposal_id": position.proposal_id,
            "stop": str(position.stop),
            "why": why,
        },
        replies_to=card_of(position.proposal_id),
    )
