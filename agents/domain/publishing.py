"""Publishing: whose signals go to which channel, and what has become of each signal there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from agents.domain.user import Identity, Place


class Moment(StrEnum):
    """When a signal is published: as soon as it is proposed, or only once it was approved."""

    PROPOSAL = "proposal"
    APPROVAL = "approval"


class SignalState(StrEnum):
    """WAITING for a person or for its fill; FILLED is an open trade."""

    WAITING = "waiting"
    FILLED = "filled"
    CLOSED = "closed"
    NOT_TAKEN = "not_taken"


G = SignalState
SIGNAL_MOVES: dict[SignalState, frozenset[SignalState]] = {
    # A state that follows itself is what changes none: a target, a moved stop.
    G.WAITING: frozenset({G.WAITING, G.FILLED, G.NOT_TAKEN}),
    G.FILLED: frozenset({G.FILLED, G.CLOSED}),
    G.CLOSED: frozenset({G.CLOSED}),
    # A fill that comes after its order was given up counts all the same.
    G.NOT_TAKEN: frozenset({G.NOT_TAKEN, G.FILLED}),
}


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, group or topic that signals go to. `delay` is in seconds, `added_by` a user.

    `lost_at` is when the bot was found to have no right there any more, `lost_reason` the
    platform's word.
    """

    id: int
    place: Place
    title: str
    added_by: int
    delay: int
    created_at: datetime
    lost_at: datetime | None = None
    lost_reason: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """A strategy of account `owner_id` whose signals go to a channel, by the right of the person
    `publisher_id`, who is `identity` on the channel's platform."""

    id: int
    channel_id: int
    strategy_id: int
    owner_id: int
    publisher_id: int
    identity: Identity
    moment: Moment
    created_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A published signal; `id` and `number` are 0 until stored. `number` counts in its channel.

    `facts` are JSON values: `publication`, its id; `levels` as first published (the body of its
    entry in the record), `head` (that entry's hash), `posts_at` (ISO, before which nothing of it is
    shown), `stop` as it is now, `story` ([kind, body] of each entry that followed), and `withheld`,
    the reason where the post was not made.
    """

    channel_id: int
    owner_id: int
    strategy_id: int
    proposal_id: int
    state: SignalState
    facts: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    position_id: int | None = None
    number: int = 0
    id: int = 0


def card_of_signal(signal_id: int) -> str:
    """The name of a signal's post."""
    return f"signal:{signal_id}"


class Channels(Protocol):
    """Channels, what is published there, and the signals. Methods with an owner give and change
    only what is that account's."""

    async def open(
        self, place: Place, title: str, added_by: int, delay: int, at: datetime
    ) -> Channel:
        """The channel of a place, made when new; a lost one is found again. Who added a known one
        and its delay stay."""

    async def get(self, channel_id: int) -> Channel:
        """Raises NotFound."""

    async def at(self, place: Place) -> Channel | None: ...
    async def added_by(self, user_id: int) -> Sequence[Channel]: ...
    async def set_delay(self, channel_id: int, seconds: int) -> None: ...
    async def lost(self, place: Place, reason: str, at: datetime) -> Channel | None:
        """The bot has no right there any more; None when there is no such channel or it was lost
        before, so that it is told once."""

    async def move_place(self, old: Place, new: Place) -> None:
        """The chat of `old` has become that of `new`: channels, desks and groups that are listened
        to follow, with their threads. What the new chat is already, the old one stays."""

    async def publish(
        self,
        owner_id: int,
        channel_id: int,
        strategy_id: int,
        publisher_id: int,
        identity: Identity,
        moment: Moment,
        at: datetime,
    ) -> Publication:
        """The publication of a strategy in a channel; an earlier one is replaced. Raises NotFound
        when the strategy is not the owner's."""

    async def end(self, owner_id: int, publication_id: int, at: datetime) -> bool:
        """False when it had ended, or is not the owner's."""

    async def publication(self, owner_id: int, publication_id: int) -> Publication:
        """Raises NotFound."""

    async def publications(self, owner_id: int) -> Sequence[Publication]:
        """The account's that have not ended, oldest first."""

    async def in_channel(self, channel_id: int) -> Sequence[Publication]:
        """Everybody's that have not ended, oldest first."""

    async def of_proposal(self, proposal_id: int) -> Sequence[Publication]:
        """Those of the proposal's strategy that have not ended, by channel."""

    async def add_signal(self, signal: Signal) -> Signal | None:
        """Stored with its number; None when the channel has the proposal already."""

    async def change_signal(self, signal: Signal, to: SignalState, **changes: Any) -> bool:
        """Along SIGNAL_MOVES, from the state that `signal` has; `changes` are its fields."""

    async def signal(self, signal_id: int) -> Signal:
        """Raises NotFound."""

    async def signals_of(self, proposal_id: int) -> Sequence[Signal]:
        """By channel. Within a transaction nobody else changes them until its end."""
