"""Signals that came in, what became of each, and the groups in which they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from agents.domain.signal import SignalReading
from agents.domain.user import Place

HANDED_IN = ("forwarded", "pasted")  # how the source of a signal begins that its owner brought


class HeardState(StrEnum):
    """NEW is stored and not looked at yet, JUDGING is under way; UPDATE_OFFERED waits for the tap
    that APPLIED or IGNORED it; the rest are final."""

    NEW = "new"
    JUDGING = "judging"
    PROPOSED = "proposed"
    DROPPED = "dropped"
    UPDATE_OFFERED = "update_offered"
    APPLIED = "applied"
    IGNORED = "ignored"
    FAILED = "failed"


_H = HeardState
HEARD_MOVES: Mapping[HeardState, frozenset[HeardState]] = {
    _H.NEW: frozenset({_H.JUDGING, _H.DROPPED, _H.FAILED}),
    # JUDGING to JUDGING: whoever judged it is no more, and another begins anew.
    _H.JUDGING: frozenset({_H.JUDGING, _H.PROPOSED, _H.DROPPED, _H.UPDATE_OFFERED, _H.FAILED}),
    _H.PROPOSED: frozenset(),
    _H.DROPPED: frozenset(),
    _H.UPDATE_OFFERED: frozenset({_H.APPLIED, _H.IGNORED}),
    _H.APPLIED: frozenset(),
    _H.IGNORED: frozenset(),
    _H.FAILED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Heard:
    """A signal that came in, or an update to an earlier one. `id` is 0 until stored.

    `source` names where it came from (a group's place, `hook:3`, `forwarded:TITLE`, `pasted`), and
    `key` is what can't come twice from there; `answers` is the key of the message that it replies
    to, empty where there is none. `words` is its text. `verdict` are the facts of the judgement as
    JSON values. `place` is the group in which it was read, None for what was handed in directly.
    `said_at` is when it was first said, human time; `market_at` when it came, market time.
    """

    owner_id: int
    source: str
    key: str
    words: str
    reading: SignalReading
    said_at: datetime
    market_at: datetime
    answers: str = ""
    place: Place | None = None
    state: HeardState = HeardState.NEW
    reason: str = ""
    verdict: Mapping[str, Any] = field(default_factory=dict)
    strategy_id: int | None = None
    decision_id: int | None = None
    proposal_id: int | None = None
    id: int = 0

    @property
    def handed_in(self) -> bool:
        """Whether its owner brought it, and waits for the answer."""
        return self.source.partition(":")[0] in HANDED_IN


@dataclass(frozen=True, slots=True)
class Listen:
    """A group in which signals are read for an account. `added_by` is the person who asked."""

    owner_id: int
    place: Place
    title: str
    added_by: int
    created_at: datetime


class HeardSignals(Protocol):
    """What came in, and where is listened."""

    async def add(self, heard: Heard) -> Heard | None:
        """Stored with its id; None when (owner, source, key) is known."""

    async def get(self, owner_id: int, heard_id: int) -> Heard: ...
    async def find(self, owner_id: int, source: str, key: str) -> Heard | None: ...
    async def by_id(self, heard_id: int) -> Heard: ...
    async def move(self, heard: Heard, to: HeardState, **changes: Any) -> bool:
        """Compare-and-set on (id, state); `changes` are reason, verdict, strategy_id, decision_id,
        proposal_id. Along HEARD_MOVES only."""

    async def in_state(self, state: HeardState, limit: int) -> Sequence[Heard]:
        """Oldest first."""

    async def recent(self, owner_id: int, limit: int, source: str = "") -> Sequence[Heard]:
        """Newest first; of one source, where that is said."""

    async def of_proposal(self, owner_id: int, proposal_id: int) -> Heard | None: ...
    async def listen(self, listen: Listen) -> bool:
        """False when this account listens there already."""

    async def unlisten(self, owner_id: int, place: Place, at: datetime) -> bool: ...
    async def listens(self, owner_id: int) -> Sequence[Listen]:
        """Oldest first; those that ended are left out."""

    async def listeners(self, place: Place) -> Sequence[Listen]:
        """Every account that listens in `place`."""
