"""The outbox and the inbox, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agents.domain.mail import CardMessage, InboxItem, InboxState, OutboxItem, OutboxState
from agents.domain.user import NoticeKind, Place
from tests.support.memory_channels import move_channels
from tests.support.memory_core import Repository, Table, statement

_REDRAW = NoticeKind.PROPOSAL_CHANGED
_OPEN = (OutboxState.WAITING, OutboxState.SENDING)


class MemoryOutbox(Repository):
    @property
    def _rows(self) -> Table[int, OutboxItem]:
        return self.table("outbox")

    @property
    def _cards(self) -> Table[tuple[str, Place], CardMessage]:
        return self.table("cards")

    @statement
    def put(
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
        if any((row.key, row.place) == (key, place) for row in self._rows):
            return False
        number = self._rows.next_id()
        due = max(at, not_before or at)
        item = OutboxItem(
            owner_id, place, kind, key, facts, at, due, card=card, replies_to=replies_to, id=number
        )
        self._rows.put(number, item)
        return True

    def _undelivered(self, platform: str) -> list[OutboxItem]:
        rows = [row for row in self._rows if row.place.platform == platform]
        return sorted((row for row in rows if row.state in _OPEN), key=lambda row: row.id)

    @statement
    def due(self, platform: str, wall: datetime, limit: int) -> Sequence[OutboxItem]:
        heads: dict[Place, OutboxItem] = {}
        for row in self._undelivered(platform):
            if row.attempts or row.next_try_at <= wall:
                heads.setdefault(row.place, row)
        ready = [row for row in heads.values() if row.state is OutboxState.WAITING]
        return [row for row in ready if row.next_try_at <= wall][:limit]

    def _change(self, item: OutboxItem, expected: Sequence[OutboxState], **changes: Any) -> bool:
        present = self._rows.rows.get(item.id)
        if present is None or present.state not in expected:
            return False
        self._rows.put(item.id, replace(present, **changes))
        return True

    @statement
    def take(self, item: OutboxItem) -> bool:
        taken = {"state": OutboxState.SENDING, "attempts": item.attempts + 1}
        return self._change(item, [OutboxState.WAITING], **taken)

    @statement
    def sent(self, item: OutboxItem, message_id: str) -> None:
        self._change(item, _OPEN, state=OutboxState.SENT, message_id=message_id, error="")

    @statement
    def retry(self, item: OutboxItem, at: datetime, error: str) -> None:
        self._change(item, _OPEN, state=OutboxState.WAITING, next_try_at=at, error=error)

    @statement
    def release(self, item: OutboxItem) -> bool:
        if self._rows.rows[item.id].attempts != item.attempts:
            return False
        return self._change(item, [OutboxState.SENDING], state=OutboxState.WAITING)

    @statement
    def failed(self, item: OutboxItem, error: str) -> None:
        self._change(item, _OPEN, state=OutboxState.FAILED, error=error)

    @statement
    def stuck(self, platform: str) -> Sequence[OutboxItem]:
        rows = self._undelivered(platform)
        return [row for row in rows if row.state is OutboxState.SENDING]

    @statement
    def overdue(self, platform: str, before: datetime, limit: int) -> Sequence[OutboxItem]:
        return [row for row in self._undelivered(platform) if row.created_at < before][:limit]

    @statement
    def waiting(self, platform: str) -> int:
        return len(self._undelivered(platform))

    @statement
    def cards(self, card: str) -> Sequence[CardMessage]:
        return [message for message in self._cards if message.card == card]

    @statement
    def remember_card(self, card: str, place: Place, message_id: str, version: int) -> None:
        self._cards.put((card, place), CardMessage(card, place, message_id, version))

    @statement
    def forget_card(self, card: str, place: Place) -> None:
        if (card, place) in self._cards.rows:
            self._cards.drop((card, place))

    @statement
    def move_place(self, old: Place, new: Place) -> None:
        def moved(place: Place) -> Place:
            return replace(place, chat=new.chat)

        def is_old(place: Place) -> bool:
            return (place.platform, place.chat) == (old.platform, old.chat)

        told = {(row.key, row.place) for row in self._rows}
        for row in [row for row in self._rows if is_old(row.place) and row.state in _OPEN]:
            if (row.key, moved(row.place)) in told:
                self._rows.drop(row.id)
            else:
                self._rows.put(row.id, replace(row, place=moved(row.place)))
        for message in [message for message in self._cards if is_old(message.place)]:
            self._cards.drop((message.card, message.place))
            new_place = moved(message.place)
            self._cards.put((message.card, new_place), replace(message, place=new_place))
        move_channels(self.table("channels"), old, new)

    @statement
    def history(
        self, place: Place, limit: int, before_id: int | None = None
    ) -> Sequence[OutboxItem]:
        said: dict[str, OutboxItem] = {}
        for row in sorted(self._rows, key=lambda row: row.id):
            if row.place == place and row.message_id and row.kind is not _REDRAW:
                first = said.get(row.message_id, row)
                said[row.message_id] = replace(row, id=first.id)
        until = [row for row in said.values() if before_id is None or row.id < before_id]
        return until[-limit:]

    @statement
    def prune(self, before: datetime) -> int:
        old = [row for row in self._rows if row.created_at < before and row.state not in _OPEN]
        for row in old:
            self._rows.drop(row.id)
        return len(old)


class MemoryInbox(Repository):
    @property
    def _rows(self) -> Table[tuple[str, str], InboxItem]:
        return self.table("inbox")

    @statement
    def store(self, platform: str, key: str, payload: Any, at: datetime) -> bool:
        if (platform, key) in self._rows.rows:
            return False
        number = self._rows.next_id()
        self._rows.put((platform, key), InboxItem(platform, key, payload, at, id=number))
        return True

    @statement
    def pending(self, limit: int, platform: str | None = None) -> Sequence[InboxItem]:
        new = [row for row in self._rows if row.state is InboxState.NEW]
        return [row for row in new if platform in (None, row.platform)][:limit]

    @statement
    def begin(self, item: InboxItem) -> bool:
        present = self._rows.rows[(item.platform, item.key)]
        if present.state is not InboxState.NEW or present.attempts != item.attempts:
            return False
        self._put(item, attempts=item.attempts + 1)
        return True

    @statement
    def done(self, item: InboxItem) -> None:
        self._put(item, state=InboxState.DONE)

    @statement
    def failed(self, item: InboxItem, error: str) -> None:
        self._put(item, state=InboxState.FAILED, error=error)

    @statement
    def prune(self, before: datetime) -> int:
        rows = [row for row in self._rows if row.state is not InboxState.NEW]
        old = [row for row in rows if row.received_at < before]
        for row in old:
            self._rows.drop((row.platform, row.key))
        return len(old)

    def _put(self, item: InboxItem, **changes: Any) -> None:
        key = (item.platform, item.key)
        self._rows.put(key, replace(self._rows.rows[key], **changes))
