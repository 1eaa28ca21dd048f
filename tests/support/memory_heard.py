"""Signals that came in, and where is listened, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agents.domain.heard import HEARD_MOVES, Heard, HeardState, Listen
from agents.domain.user import Place
from tests.support.memory_core import Repository, Table, statement
from tests.support.memory_trading import known, newest_first, owned


class MemoryHeard(Repository):
    @property
    def _rows(self) -> Table[int, Heard]:
        return self.table("heard")

    @statement
    def add(self, heard: Heard) -> Heard | None:
        if self._named(heard.owner_id, heard.source, heard.key):
            return None
        row = replace(heard, id=self._rows.next_id())
        return self._rows.put(row.id, row)

    @statement
    def get(self, owner_id: int, heard_id: int) -> Heard:
        return owned(self._rows, owner_id, heard_id)

    @statement
    def by_id(self, heard_id: int) -> Heard:
        return known(self._rows, heard_id)

    @statement
    def find(self, owner_id: int, source: str, key: str) -> Heard | None:
        return self._named(owner_id, source, key)

    def _named(self, *name: object) -> Heard | None:
        return next(
            (row for row in self._rows if (row.owner_id, row.source, row.key) == name), None
        )

    @statement
    def move(self, heard: Heard, to: HeardState, **changes: Any) -> bool:
        if to not in HEARD_MOVES[heard.state]:
            raise ValueError(f"nothing heard goes from {heard.state} to {to}")
        row = self._rows.rows.get(heard.id)
        if row is None or row.state is not heard.state:
            return False
        self._rows.put(row.id, replace(row, state=to, **changes))
        return True

    @statement
    def in_state(self, state: HeardState, limit: int) -> Sequence[Heard]:
        return [row for row in self._rows if row.state is state][:limit]

    @statement
    def recent(self, owner_id: int, limit: int, source: str = "") -> Sequence[Heard]:
        mine = [row for row in self._rows if row.owner_id == owner_id]
        return newest_first([row for row in mine if source in ("", row.source)])[:limit]

    @statement
    def of_proposal(self, owner_id: int, proposal_id: int) -> Heard | None:
        wanted = (owner_id, proposal_id)
        return next((row for row in self._rows if (row.owner_id, row.proposal_id) == wanted), None)

    @property
    def _listens(self) -> Table[tuple[int, Place], Listen]:
        return self.table("listens")

    @statement
    def listen(self, listen: Listen) -> bool:
        if (listen.owner_id, listen.place) in self._listens.rows:
            return False
        self._listens.put((listen.owner_id, listen.place), listen)
        return True

    @statement
    def unlisten(self, owner_id: int, place: Place, at: datetime) -> bool:
        if (owner_id, place) not in self._listens.rows:
            return False
        self._listens.drop((owner_id, place))
        return True

    @statement
    def listens(self, owner_id: int) -> Sequence[Listen]:
        return [row for row in self._listens if row.owner_id == owner_id]

    @statement
    def listeners(self, place: Place) -> Sequence[Listen]:
        return [row for row in self._listens if row.place == place]
