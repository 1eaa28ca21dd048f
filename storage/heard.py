"""Signals that came in, and the groups in which they are read."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agents.domain.errors import NotFound
from agents.domain.heard import HEARD_MOVES, Heard, HeardState, Listen
from agents.domain.signal import reading_from_json
from agents.domain.user import Place
from storage.models_signals import HeardRow, ListenRow
from storage.rows import Repository

_KEY = ("owner_id", "source", "key")
_WHERE = ("owner_id", "platform", "chat", "thread")


class HeardSignals(Repository):
    """Satisfies `agents.domain.heard.HeardSignals`."""

    async def add(self, heard: Heard) -> Heard | None:
        place = heard.place or Place("", "")
        number = await self.insert(
            HeardRow,
            _KEY,
            owner_id=heard.owner_id,
            source=heard.source,
            key=heard.key,
            answers=heard.answers,
            words=heard.words,
            reading=heard.reading.as_json(),
            state=heard.state,
            reason=heard.reason,
            verdict=dict(heard.verdict),
            strategy_id=heard.strategy_id,
            decision_id=heard.decision_id,
            proposal_id=heard.proposal_id,
            platform=place.platform,
            chat=place.chat,
            thread=place.thread,
            said_at=heard.said_at,
            market_at=heard.market_at,
        )
        return None if number is None else replace(heard, id=number)

    async def get(self, owner_id: int, heard_id: int) -> Heard:
        return await self._only(id=heard_id, owner_id=owner_id)

    async def by_id(self, heard_id: int) -> Heard:
        return await self._only(id=heard_id)

    async def find(self, owner_id: int, source: str, key: str) -> Heard | None:
        return await self._first(owner_id=owner_id, source=source, key=key)

    async def of_proposal(self, owner_id: int, proposal_id: int) -> Heard | None:
        return await self._first(owner_id=owner_id, proposal_id=proposal_id)

    async def move(self, heard: Heard, to: HeardState, **changes: Any) -> bool:
        if to not in HEARD_MOVES[heard.state]:
            raise ValueError(f"nothing heard goes from {heard.state} to {to}")
        present = HeardRow.filter(id=heard.id, state=heard.state.value)
        return await present.using_db(self.db).update(state=to.value, **changes) == 1

    async def in_state(self, state: HeardState, limit: int) -> Sequence[Heard]:
        rows = HeardRow.filter(state=state.value).using_db(self.db).order_by("id").limit(limit)
        return [_heard(row) for row in await rows]

    async def recent(self, owner_id: int, limit: int, source: str = "") -> Sequence[Heard]:
        mine = HeardRow.filter(owner_id=owner_id, **({"source": source} if source else {}))
        rows = mine.using_db(self.db).order_by("-id").limit(limit)
        return [_heard(row) for row in await rows]

    async def _first(self, **which: Any) -> Heard | None:
        row = await HeardRow.filter(**which).using_db(self.db).order_by("id").first()
        return _heard(row) if row else None

    async def _only(self, **which: Any) -> Heard:
        found = await self._first(**which)
        if found is None:
            raise NotFound("There is no such signal, or it is not yours.")
        return found

    # --- where is listened --------------------------------------------------------------------

    async def listen(self, listen: Listen) -> bool:
        values = {
            **_columns(listen.owner_id, listen.place),
            "title": listen.title,
            "created_by": listen.added_by,
            "created_at": listen.created_at,
        }
        if await self.insert(ListenRow, _WHERE, **values, ended_at=None) is not None:
            return True
        ended = ListenRow.filter(**_columns(listen.owner_id, listen.place), ended_at__isnull=False)
        return await ended.using_db(self.db).update(**values, ended_at=None) == 1

    async def unlisten(self, owner_id: int, place: Place, at: datetime) -> bool:
        present = ListenRow.filter(**_columns(owner_id, place), ended_at__isnull=True)
        return await present.using_db(self.db).update(ended_at=at) == 1

    async def listens(self, owner_id: int) -> Sequence[Listen]:
        return await self._listens(owner_id=owner_id)

    async def listeners(self, place: Place) -> Sequence[Listen]:
        where = _columns(0, place)
        del where["owner_id"]
        return await self._listens(**where)

    async def _listens(self, **which: Any) -> list[Listen]:
        rows = ListenRow.filter(**which, ended_at__isnull=True).using_db(self.db).order_by("id")
        return [
            Listen(
                row.owner_id,
                Place(row.platform, row.chat, row.thread),
                row.title,
                row.created_by,
                row.created_at,
            )
            for row in await rows
        ]


def _columns(owner_id: int, place: Place) -> dict[str, Any]:
    return {
        "owner_id": owner_id,
        "platform": place.platform,
        "chat": place.chat,
        "thread": place.thread,
    }


def _heard(row: HeardRow) -> Heard:
    return Heard(
        id=row.id,
        owner_id=row.owner_id,
        source=row.source,
        key=row.key,
        words=row.words,
        reading=reading_from_json(row.reading),
        said_at=row.said_at,
        market_at=row.market_at,
        answers=row.answers,
        place=Place(row.platform, row.chat, row.thread) if row.platform else None,
        state=HeardState(row.state),
        reason=row.reason,
        verdict=row.verdict,
        strategy_id=row.strategy_id,
        decision_id=row.decision_id,
        proposal_id=row.proposal_id,
    )
