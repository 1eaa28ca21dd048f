"""Channels, what is published there, and the signals."""

from collections.abc import Sequence
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
from storage.models import StrategyRow
from storage.models_signals import ChannelRow, PublicationRow, SignalRow
from storage.rows import Repository

_PLACE = ("platform", "chat", "thread")
_PUBLISHED = """
SELECT p.id FROM publications p
JOIN proposals r ON r.strategy_id = p.strategy_id AND r.owner_id = p.owner_id
WHERE r.id = ? AND p.ended_at IS NULL
"""
# Tables whose places follow a chat, and what besides the place is unique in each.
_FOLLOWING = (("channels", ""), ("desks", ""), ("listens", "owner_id"))


class Channels(Repository):
    """Satisfies `agents.domain.publishing.Channels`."""

    # --- channels -----------------------------------------------------------------------------

    async def open(
        self, place: Place, title: str, added_by: int, delay: int, at: datetime
    ) -> Channel:
        async with self._transactions.transaction():
            made = await self.insert(
                ChannelRow,
                _PLACE,
                **_where(place),
                title=title,
                added_by=added_by,
                delay=delay,
                created_at=at,
                lost_reason="",
            )
            if made is None:
                known = ChannelRow.filter(**_where(place)).using_db(self.db)
                await known.update(title=title, lost_at=None, lost_reason="")
            found = await self.at(place)
        if found is None:
            raise NotFound("There is no such channel.")
        return found

    async def get(self, channel_id: int) -> Channel:
        row = await ChannelRow.get_or_none(id=channel_id, using_db=self.db)
        if row is None:
            raise NotFound("There is no such channel.")
        return _channel(row)

    async def at(self, place: Place) -> Channel | None:
        row = await ChannelRow.get_or_none(**_where(place), using_db=self.db)
        return _channel(row) if row else None

    async def added_by(self, user_id: int) -> Sequence[Channel]:
        rows = ChannelRow.filter(added_by=user_id).using_db(self.db)
        return [_channel(row) for row in await rows.order_by("id")]

    async def set_delay(self, channel_id: int, seconds: int) -> None:
        await ChannelRow.filter(id=channel_id).using_db(self.db).update(delay=seconds)

    async def lost(self, place: Place, reason: str, at: datetime) -> Channel | None:
        there = ChannelRow.filter(**_where(place), lost_at__isnull=True).using_db(self.db)
        newly = await there.update(lost_at=at, lost_reason=reason) == 1
        return await self.at(place) if newly else None

    async def move_place(self, old: Place, new: Place) -> None:
        async with self._transactions.transaction():
            for table, own in _FOLLOWING:
                same = f"t.{own} = {table}.{own} AND " if own else ""
                await self.change(
                    f"UPDATE {table} SET chat = ? WHERE platform = ? AND chat = ? "  # noqa: S608
                    f"AND NOT EXISTS (SELECT 1 FROM {table} t WHERE {same}"
                    f"t.platform = {table}.platform AND t.chat = ? AND t.thread = {table}.thread)",
                    [new.chat, old.platform, old.chat, new.chat],
                )

    # --- publications -------------------------------------------------------------------------

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
        async with self._transactions.transaction():
            mine = StrategyRow.filter(id=strategy_id, owner_id=owner_id).using_db(self.db)
            if not await mine.exists():
                raise NotFound("There is no such strategy, or it is not yours.")
            await self.upsert(
                PublicationRow,
                ("channel_id", "strategy_id"),
                channel_id=channel_id,
                strategy_id=strategy_id,
                owner_id=owner_id,
                publisher_id=publisher_id,
                identity=str(identity),
                moment=moment.value,
                created_at=at,
                ended_at=None,
            )
            row = await PublicationRow.get(
                channel_id=channel_id, strategy_id=strategy_id, using_db=self.db
            )
        return _publication(row)

    async def end(self, owner_id: int, publication_id: int, at: datetime) -> bool:
        present = PublicationRow.filter(id=publication_id, owner_id=owner_id, ended_at__isnull=True)
        return await present.using_db(self.db).update(ended_at=at) == 1

    async def publication(self, owner_id: int, publication_id: int) -> Publication:
        row = await PublicationRow.get_or_none(
            id=publication_id, owner_id=owner_id, using_db=self.db
        )
        if row is None:
            raise NotFound("There is no such publication, or it is not yours.")
        return _publication(row)

    async def publications(self, owner_id: int) -> Sequence[Publication]:
        return await self._present(owner_id=owner_id)

    async def in_channel(self, channel_id: int) -> Sequence[Publication]:
        return await self._present(channel_id=channel_id)

    async def _present(self, **which: int) -> Sequence[Publication]:
        rows = PublicationRow.filter(**which, ended_at__isnull=True).using_db(self.db)
        return [_publication(row) for row in await rows.order_by("id")]

    async def of_proposal(self, proposal_id: int) -> Sequence[Publication]:
        found = [row["id"] for row in await self.fetch(_PUBLISHED, [proposal_id])]
        if not found:
            return []
        rows = PublicationRow.filter(id__in=found).using_db(self.db).order_by("channel_id")
        return [_publication(row) for row in await rows]

    # --- signals ------------------------------------------------------------------------------

    async def add_signal(self, signal: Signal) -> Signal | None:
        async with self._transactions.transaction():
            number = await self._next_number(signal.channel_id)
            stored = await self.insert(
                SignalRow,
                ("channel_id", "proposal_id"),
                channel_id=signal.channel_id,
                number=number,
                owner_id=signal.owner_id,
                strategy_id=signal.strategy_id,
                proposal_id=signal.proposal_id,
                position_id=signal.position_id,
                state=signal.state.value,
                facts=dict(signal.facts),
                created_at=signal.created_at,
            )
            return await self.signal(stored) if stored is not None else None

    async def _next_number(self, channel_id: int) -> int:
        """Locks the channel's row, so that two signals at once get two numbers."""
        locked = ChannelRow.filter(id=channel_id).using_db(self.db).select_for_update()
        if await locked.first() is None:
            raise NotFound("There is no such channel.")
        rows = await self.fetch(
            "SELECT COALESCE(MAX(number), 0) + 1 AS next FROM signals WHERE channel_id = ?",
            [channel_id],
        )
        return int(rows[0]["next"])

    async def change_signal(self, signal: Signal, to: SignalState, **changes: Any) -> bool:
        if to not in SIGNAL_MOVES[signal.state]:
            return False
        present = SignalRow.filter(id=signal.id, state=signal.state.value).using_db(self.db)
        return await present.update(state=to.value, **changes) == 1

    async def signal(self, signal_id: int) -> Signal:
        row = await SignalRow.get_or_none(id=signal_id, using_db=self.db)
        if row is None:
            raise NotFound("There is no such signal.")
        return _signal(row)

    async def signals_of(self, proposal_id: int) -> Sequence[Signal]:
        rows = SignalRow.filter(proposal_id=proposal_id).using_db(self.db)
        return [_signal(row) for row in await rows.order_by("channel_id").select_for_update()]


def _where(place: Place) -> dict[str, str]:
    return {"platform": place.platform, "chat": place.chat, "thread": place.thread}


def _channel(row: ChannelRow) -> Channel:
    return Channel(
        id=row.id,
        place=Place(row.platform, row.chat, row.thread),
        title=row.title,
        added_by=row.added_by,
        delay=row.delay,
        created_at=row.created_at,
        lost_at=row.lost_at,
        lost_reason=row.lost_reason,
    )


def _publication(row: PublicationRow) -> Publication:
    return Publication(
        id=row.id,
        channel_id=row.channel_id,
        strategy_id=row.strategy_id,
        owner_id=row.owner_id,
        publisher_id=row.publisher_id,
        identity=Identity(*row.identity.split(":", 1)),
        moment=Moment(row.moment),
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def _signal(row: SignalRow) -> Signal:
    return Signal(
        id=row.id,
        channel_id=row.channel_id,
        number=row.number,
        owner_id=row.owner_id,
        strategy_id=row.strategy_id,
        proposal_id=row.proposal_id,
        position_id=row.position_id,
        state=SignalState(row.state),
        facts=row.facts,
        created_at=row.created_at,
    )
