"""The port `Channels` in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agents.domain.errors import NotFound
from agents.domain.publishing import (
    SIGNAL_MOVES,
    Channel,
    Moment,
    Publication,
    Signal,
    SignalState,
)
from agents.domain.user import Identity, Place
from tests.support.memory_core import Repository, Table, statement
from tests.support.memory_trading import known, owned


def move_channels(channels: Table[int, Channel], old: Place, new: Place) -> None:
    taken = {row.place for row in channels}
    for row in list(channels):
        moved = replace(row.place, chat=new.chat)
        is_old = (row.place.platform, row.place.chat) == (old.platform, old.chat)
        if is_old and moved not in taken:
            channels.put(row.id, replace(row, place=moved))


class MemoryChannels(Repository):
    @property
    def _channels(self) -> Table[int, Channel]:
        return self.table("channels")

    @property
    def _publications(self) -> Table[int, Publication]:
        return self.table("publications")

    @property
    def _signals(self) -> Table[int, Signal]:
        return self.table("signals")

    @statement
    def open(self, place: Place, title: str, added_by: int, delay: int, at: datetime) -> Channel:
        there = self._at(place)
        if there is None:
            there = Channel(self._channels.next_id(), place, title, added_by, delay, at)
        found = replace(there, title=title, lost_at=None, lost_reason="")
        return self._channels.put(found.id, found)

    def _at(self, place: Place) -> Channel | None:
        return next((row for row in self._channels if row.place == place), None)

    @statement
    def get(self, channel_id: int) -> Channel:
        found: Channel = known(self._channels, channel_id)
        return found

    @statement
    def at(self, place: Place) -> Channel | None:
        return self._at(place)

    @statement
    def added_by(self, user_id: int) -> Sequence[Channel]:
        return [row for row in self._channels if row.added_by == user_id]

    @statement
    def set_delay(self, channel_id: int, seconds: int) -> None:
        self._channels.put(channel_id, replace(known(self._channels, channel_id), delay=seconds))

    @statement
    def lost(self, place: Place, reason: str, at: datetime) -> Channel | None:
        there = self._at(place)
        if there is None or there.lost_at is not None:
            return None
        return self._channels.put(there.id, replace(there, lost_at=at, lost_reason=reason))

    @statement
    def move_place(self, old: Place, new: Place) -> None:
        move_channels(self._channels, old, new)

    @statement
    def publish(
        self,
        owner_id: int,
        channel_id: int,
        strategy_id: int,
        publisher_id: int,
        identity: Identity,
        moment: Moment,
        at: datetime,
    ) -> Publication:
        owned(self.table("strategies"), owner_id, strategy_id)
        same = [
            row.id
            for row in self._publications
            if (row.channel_id, row.strategy_id) == (channel_id, strategy_id)
        ]
        number = same[0] if same else self._publications.next_id()
        row = Publication(
            number, channel_id, strategy_id, owner_id, publisher_id, identity, moment, at
        )
        return self._publications.put(number, row)

    @statement
    def end(self, owner_id: int, publication_id: int, at: datetime) -> bool:
        row = self._publications.rows.get(publication_id)
        if row is None or row.owner_id != owner_id or row.ended_at is not None:
            return False
        self._publications.put(row.id, replace(row, ended_at=at))
        return True

    @statement
    def publication(self, owner_id: int, publication_id: int) -> Publication:
        found: Publication = owned(self._publications, owner_id, publication_id)
        return found

    @statement
    def publications(self, owner_id: int) -> Sequence[Publication]:
        return [row for row in self._publications if row.owner_id == owner_id and not row.ended_at]

    @statement
    def in_channel(self, channel_id: int) -> Sequence[Publication]:
        return [
            row for row in self._publications if row.channel_id == channel_id and not row.ended_at
        ]

    @statement
    def of_proposal(self, proposal_id: int) -> Sequence[Publication]:
        proposal = self.table("proposals").rows.get(proposal_id)
        if proposal is None:
            return []
        its = (proposal.strategy_id, proposal.owner_id)
        found = [row for row in self._publications if (row.strategy_id, row.owner_id) == its]
        return sorted((row for row in found if not row.ended_at), key=lambda row: row.channel_id)

    @statement
    def add_signal(self, signal: Signal) -> Signal | None:
        known(self._channels, signal.channel_id)
        here = [row for row in self._signals if row.channel_id == signal.channel_id]
        if any(row.proposal_id == signal.proposal_id for row in here):
            return None
        stored = replace(signal, id=self._signals.next_id(), number=len(here) + 1)
        return self._signals.put(stored.id, stored)

    @statement
    def change_signal(self, signal: Signal, to: SignalState, **changes: Any) -> bool:
        present = self._signals.rows.get(signal.id)
        if present is None or present.state is not signal.state:
            return False
        if to not in SIGNAL_MOVES[signal.state]:
            return False
        self._signals.put(signal.id, replace(present, state=to, **changes))
        return True

    @statement
    def signal(self, signal_id: int) -> Signal:
        if signal_id not in self._signals.rows:
            raise NotFound
        return self._signals.rows[signal_id]

    @statement
    def signals_of(self, proposal_id: int) -> Sequence[Signal]:
        found = [row for row in self._signals if row.proposal_id == proposal_id]
        return sorted(found, key=lambda row: row.channel_id)
