"""Updates to earlier signals: which trade they mean, and what is offered to its owner.

Nothing is done blindly: an update of somebody else's only makes an offer, and the tap that takes
it passes the same checks as any other.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from agents.domain.heard import Heard, HeardState
from agents.domain.ports import Memory
from agents.domain.position import Position, PositionState
from agents.domain.proposal import ProposalState
from agents.domain.signal import SignalUpdate, UpdateKind

EARLIER = 100  # signals among which the one is sought that an update means
_ASK_NOTHING = frozenset({UpdateKind.REPORT, UpdateKind.ENTERED})


class Effect(StrEnum):
    """What its owner may choose."""

    STOP = "stop"
    HALF = "half"
    CLOSE = "close"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Offer:
    """An update with the trade that it means. `stop` is where the stop would go, quote currency."""

    position: Position
    earlier: Heard
    stop: Decimal

    def as_json(self) -> dict[str, Any]:
        return {
            "position_id": self.position.id,
            "earlier_id": self.earlier.id,
            "symbol": self.position.symbol,
            "stop": str(self.stop),
        }


async def offer(memory: Memory, heard: Heard) -> Offer | str:
    """What an update offers, or why it offers nothing."""
    updates = heard.reading.updates
    if not updates or all(one.kind in _ASK_NOTHING for one in updates):
        return "it asks for nothing"
    waiting = ""
    for earlier in await _meant(memory, heard):
        position = await memory.positions.by_proposal(earlier.proposal_id or 0)
        if position is not None and position.state is PositionState.OPEN:
            return Offer(position, earlier, _stop(updates, position))
        waiting = waiting or await _waits(memory, earlier)
    return waiting or "no trade on that signal is open"


async def _meant(memory: Memory, heard: Heard) -> list[Heard]:
    """The signals that it may mean, the likeliest first: the one it replies to, or those of its
    source and symbol. An update that names no symbol means the one that its source has."""
    if heard.answers:
        answered = await memory.heard.find(heard.owner_id, heard.source, heard.answers)
        if answered is not None and _fits(answered, heard.reading.symbol):
            return [answered]
    recent = await memory.heard.recent(heard.owner_id, EARLIER)
    from_there = [one for one in recent if heard.handed_in or one.source == heard.source]
    fitting = [one for one in from_there if _fits(one, heard.reading.symbol)]
    if heard.reading.symbol:
        return fitting
    names_another = bool(heard.reading.written)  # a market that is not known here
    return [] if names_another else await _only_one(memory, fitting)


def _fits(earlier: Heard, symbol: str | None) -> bool:
    same = symbol is None or earlier.reading.symbol in {None, symbol}
    return same and earlier.state is HeardState.PROPOSED


async def _only_one(memory: Memory, found: list[Heard]) -> list[Heard]:
    """Those of the one open trade; none where several could be meant."""
    still_open = []
    for one in found:
        position = await memory.positions.by_proposal(one.proposal_id or 0)
        if position is not None and position.state is PositionState.OPEN:
            still_open.append(one)
    return still_open if len(still_open) == 1 else []


async def _waits(memory: Memory, earlier: Heard) -> str:
    """That its proposal still waits, where it does."""
    proposal = await memory.proposals.get(earlier.owner_id, earlier.proposal_id or 0)
    if proposal.state is not ProposalState.PENDING:
        return ""
    return f"proposal #{proposal.id} on that signal still waits for you"


def _stop(updates: tuple[SignalUpdate, ...], position: Position) -> Decimal:
    """The price that the update names for the stop, else the entry."""
    named = [one.price for one in updates if one.kind is UpdateKind.MOVE_STOP]
    return next((price for price in named if price is not None), position.entry_price)
