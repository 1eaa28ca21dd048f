"""The outbox, the inbox, and the notices that fill the outbox."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tortoise.queryset import QuerySet

from agents.domain.mail import CardMessage, InboxItem, InboxState, OutboxItem, OutboxState
from agents.domain.ports import NoticeListener
from agents.domain.user import Notice, NoticeKind, Place
from storage.columns import to_micros
from storage.models_mail import CardRow, InboxRow, OutboxRow
from storage.rows import Repository
from storage.transactions import Transactions
from storage.users import Users

_IN_PLACE = ("platform", "chat", "thread")
_UNDELIVERED = (OutboxState.WAITING.value, OutboxState.SENDING.value)
_ALWAYS_TOLD = frozenset(
    {
        NoticeKind.REPLY,
        NoticeKind.PROPOSAL_CHANGED,
        NoticeKind.POSITION_CHANGED,
        NoticeKind.PANIC,
    }
)

_DUE = """
SELECT id FROM outbox WHERE id IN (
    SELECT MIN(id) FROM outbox WHERE platform = ? AND state IN ('waiting', 'sending')
    AND (attempts > 0 OR next_try_at <= ?) GROUP BY chat, thread
) AND state = 'waiting' AND next_try_at <= ? ORDER BY id LIMIT ?
"""

# Edits carry the message's platform id too: the first row of an id is where it was said, the last
# one is what it says now.
_HISTORY = """
SELECT MIN(id) AS said, MAX(id) AS now FROM outbox
WHERE platform = ? AND chat = ? AND thread = ? AND state = 'sent' AND message_id <> ''
    AND kind <> 'proposal_changed'
GROUP BY message_id HAVING MIN(id) < ? ORDER BY said DESC LIMIT ?
"""
_LAST_ID = 2**62


class Outbox(Repository):
    """Satisfies `agents.domain.mail.Outbox`. `woken` is called when something was put into it, once
    that is committed; `moving` joins in when the places of a chat move."""

    def __init__(self, transactions: Transactions) -> None:
        super().__init__(transactions)
        self.woken: Callable[[], None] = lambda: None
        self.moving: Callable[[Place, Place], Awaitable[None]] | None = None

    async def put(
        self,
        owner_id: int,
        place: Place,
        kind: NoticeKind,
        key: str,
        facts: Mapping[str, Any],
        *,
        at: datetime,
        card: str = "",
        replies_to: str = "",
        not_before: datetime | None = None,
    ) -> bool:
        number = await self.insert(
            OutboxRow,
            ("key", *_IN_PLACE),
            owner_id=owner_id,
            **_where(place),
            kind=kind.value,
            key=key,
            facts=dict(facts),
            card=card,
            replies_to=replies_to,
            created_at=at,
            next_try_at=max(at, not_before or at),
            attempts=0,
            state=OutboxState.WAITING.value,
            message_id="",
            error="",
        )
        if number is not None:
            self._transactions.after_commit(self.woken)
        return number is not None

    async def due(self, platform: str, wall: datetime, limit: int) -> Sequence[OutboxItem]:
        now = to_micros(wall)
        rows = await self.fetch(_DUE, [platform, now, now, limit])
        return await self._items([row["id"] for row in rows])

    async def _items(self, numbers: Sequence[int]) -> list[OutboxItem]:
        query = OutboxRow.filter(id__in=list(numbers)).using_db(self.db).order_by("id")
        return [_item(row) for row in await query] if numbers else []

    async def take(self, item: OutboxItem) -> bool:
        return await self._swap(
            item, OutboxState.WAITING, state=OutboxState.SENDING.value, attempts=item.attempts + 1
        )

    async def sent(self, item: OutboxItem, message_id: str) -> None:
        await self._swap(item, None, state=OutboxState.SENT.value, message_id=message_id, error="")

    async def retry(self, item: OutboxItem, at: datetime, error: str) -> None:
        await self._swap(item, None, state=OutboxState.WAITING.value, next_try_at=at, error=error)

    async def release(self, item: OutboxItem) -> bool:
        present = OutboxRow.filter(
            id=item.id, state=OutboxState.SENDING.value, attempts=item.attempts
        )
        return await present.using_db(self.db).update(state=OutboxState.WAITING.value) == 1

    async def failed(self, item: OutboxItem, error: str) -> None:
        await self._swap(item, None, state=OutboxState.FAILED.value, error=error)

    async def _swap(self, item: OutboxItem, expected: OutboxState | None, **changes: Any) -> bool:
        """Change an item that is in `expected`, or, without one, that is not final."""
        states = _UNDELIVERED if expected is None else (expected.value,)
        present = OutboxRow.filter(id=item.id, state__in=list(states))
        return await present.using_db(self.db).update(**changes) == 1

    async def stuck(self, platform: str) -> Sequence[OutboxItem]:
        query = OutboxRow.filter(platform=platform, state=OutboxState.SENDING.value)
        return [_item(row) for row in await query.using_db(self.db).order_by("id")]

    async def overdue(self, platform: str, before: datetime, limit: int) -> Sequence[OutboxItem]:
        query = OutboxRow.filter(
            platform=platform, state__in=list(_UNDELIVERED), created_at__lt=before
        )
        return [_item(row) for row in await query.using_db(self.db).order_by("id").limit(limit)]

    async def waiting(self, platform: str) -> int:
        query = OutboxRow.filter(platform=platform, state__in=list(_UNDELIVERED))
        return await query.using_db(self.db).count()

    async def cards(self, card: str) -> Sequence[CardMessage]:
        rows = await CardRow.filter(card=card).using_db(self.db).order_by("id")
        return [
            CardMessage(
                row.card, Place(row.platform, row.chat, row.thread), row.message_id, row.version
            )
            for row in rows
        ]

    async def remember_card(self, card: str, place: Place, message_id: str, version: int) -> None:
        await self.upsert(
            CardRow,
            ("card", *_IN_PLACE),
            card=card,
            **_where(place),
            message_id=message_id,
            version=version,
        )

    async def forget_card(self, card: str, place: Place) -> None:
        await CardRow.filter(card=card, **_where(place)).using_db(self.db).delete()

    async def move_place(self, old: Place, new: Place) -> None:
        """Rows that the new chat has already are not doubled: the old ones are dropped."""
        async with self._transactions.transaction():
            for table, own in (("places", "user_id"), ("cards", "card"), ("outbox", "key")):
                only = " AND state IN ('waiting', 'sending')" if table == "outbox" else ""
                values = [new.chat, old.platform, old.chat]
                await self.change(
                    f"UPDATE {table} SET chat = ? WHERE platform = ? AND chat = ?{only} "  # noqa: S608
                    f"AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.{own} = {table}.{own} "
                    f"AND t.platform = {table}.platform AND t.chat = ? "
                    f"AND t.thread = {table}.thread)",
                    [*values, new.chat],
                )
                await self.change(
                    f"DELETE FROM {table} WHERE platform = ? AND chat = ?{only}",  # noqa: S608
                    values[1:],
                )
            if self.moving is not None:
                await self.moving(old, new)

    async def history(
        self, place: Place, limit: int, before_id: int | None = None
    ) -> Sequence[OutboxItem]:
        """Each item has the id of where it was said, for the next page's `before_id`."""
        rows = await self.fetch(
            _HISTORY, [place.platform, place.chat, place.thread, before_id or _LAST_ID, limit]
        )
        said = {row["now"]: row["said"] for row in rows}
        items = [replace(item, id=said[item.id]) for item in await self._items(list(said))]
        return sorted(items, key=lambda item: item.id)

    async def prune(self, before: datetime) -> int:
        query = OutboxRow.filter(created_at__lt=before).exclude(state__in=list(_UNDELIVERED))
        return await query.using_db(self.db).delete()


class Notices(Repository):
    """Satisfies `agents.domain.ports.Notices`: one message for each of the owner's places."""

    def __init__(
        self, transactions: Transactions, users: Users, outbox: Outbox, wall: Callable[[], datetime]
    ) -> None:
        super().__init__(transactions)
        self._users = users
        self._outbox = outbox
        self._wall = wall
        self.listeners: list[NoticeListener] = []

    async def tell(self, notice: Notice) -> None:
        """What the owner turned off is not stored; `silent` is stored among the facts. Answers,
        redrawn cards and the progress of a panic can't be turned off. Listeners hear of all."""
        async with self._transactions.transaction():
            level = (await self._users.get(notice.owner_id)).notices.get(notice.kind.value, "on")
            if notice.kind in _ALWAYS_TOLD or level not in {"off", "silent"}:
                await self._fan_out(notice)
            elif level == "silent":
                await self._fan_out(_silent(notice))
            for listener in self.listeners:
                await listener(notice)

    async def _fan_out(self, notice: Notice) -> None:
        now = self._wall()
        for place in await self._users.places(notice.owner_id):
            await self._outbox.put(
                notice.owner_id,
                place,
                notice.kind,
                notice.key,
                notice.facts,
                at=now,
                card=notice.card,
                replies_to=notice.replies_to,
            )


class Inbox(Repository):
    """Satisfies `agents.domain.mail.Inbox`."""

    async def store(self, platform: str, key: str, payload: Any, at: datetime) -> bool:
        number = await self.insert(
            InboxRow,
            ("platform", "key"),
            platform=platform,
            key=key,
            payload=payload,
            received_at=at,
            state=InboxState.NEW.value,
            attempts=0,
            error="",
        )
        return number is not None

    async def pending(self, limit: int, platform: str | None = None) -> Sequence[InboxItem]:
        query = InboxRow.filter(state=InboxState.NEW.value)
        if platform is not None:
            query = query.filter(platform=platform)
        return [_update(row) for row in await query.using_db(self.db).order_by("id").limit(limit)]

    async def begin(self, item: InboxItem) -> bool:
        unbegun = self._new(item).filter(attempts=item.attempts)
        return await unbegun.update(attempts=item.attempts + 1) == 1

    async def done(self, item: InboxItem) -> None:
        await self._new(item).update(state=InboxState.DONE.value)

    async def failed(self, item: InboxItem, error: str) -> None:
        await self._new(item).update(state=InboxState.FAILED.value, error=error)

    async def prune(self, before: datetime) -> int:
        query = InboxRow.filter(received_at__lt=before).exclude(state=InboxState.NEW.value)
        return await query.using_db(self.db).delete()

    def _new(self, item: InboxItem) -> QuerySet[InboxRow]:
        """The stored row, as long as it is new. Found by its key, since `store` gives no id."""
        return InboxRow.filter(
            platform=item.platform, key=item.key, state=InboxState.NEW.value
        ).using_db(self.db)


def _where(place: Place) -> dict[str, str]:
    return {"platform": place.platform, "chat": place.chat, "thread": place.thread}


def _silent(notice: Notice) -> Notice:
    return replace(notice, facts={**notice.facts, "silent": True})


def _item(row: OutboxRow) -> OutboxItem:
    return OutboxItem(
        owner_id=row.owner_id,
        place=Place(row.platform, row.chat, row.thread),
        kind=NoticeKind(row.kind),
        key=row.key,
        facts=row.facts,
        created_at=row.created_at,
        next_try_at=row.next_try_at,
        card=row.card,
        replies_to=row.replies_to,
        attempts=row.attempts,
        state=OutboxState(row.state),
        message_id=row.message_id,
        error=row.error,
        id=row.id,
    )


def _update(row: InboxRow) -> InboxItem:
    return InboxItem(
        platform=row.platform,
        key=row.key,
        payload=row.payload,
        received_at=row.received_at,
        state=InboxState(row.state),
        attempts=row.attempts,
        error=row.error,
        id=row.id,
    )
