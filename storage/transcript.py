"""The browser page's conversation."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agents.domain.mail import PageMessage
from storage.models_page import PageMessageRow
from storage.rows import Repository

_SEEN = ("id", "key", "mine", "body", "reply_to", "at")


class Transcript(Repository):
    """Satisfies `agents.domain.mail.Transcript`."""

    async def add(
        self,
        key: str,
        body: Mapping[str, Any],
        *,
        mine: bool,
        at: datetime,
        picture: bytes | None = None,
        reply_to: int = 0,
    ) -> int | None:
        """The new message's id; None when `key` (if not empty) is there already."""
        return await self.insert(
            PageMessageRow,
            ("key",),
            key=key or None,
            body=dict(body),
            mine=mine,
            at=at,
            picture=picture,
            reply_to=reply_to,
        )

    async def replace(
        self, message_id: int, body: Mapping[str, Any], picture: bytes | None
    ) -> PageMessage | None:
        """Replace the body (and the picture when given); None when there is no such message."""
        changes: dict[str, Any] = {"body": dict(body)}
        if picture is not None:
            changes["picture"] = picture
        present = PageMessageRow.filter(id=message_id).using_db(self.db)
        if not await present.update(**changes):
            return None
        found = await self.last(1, message_id + 1)
        return found[0] if found else None

    async def last(self, limit: int, before: int | None = None) -> Sequence[PageMessage]:
        """The newest `limit` messages with an id below `before`, oldest first."""
        query = PageMessageRow.all() if before is None else PageMessageRow.filter(id__lt=before)
        rows = await query.using_db(self.db).order_by("-id").limit(limit).values(*_SEEN)
        pictured = await self._pictured([row["id"] for row in rows])
        return [
            PageMessage(
                row["id"],
                row["key"] or "",
                row["mine"],
                row["body"],
                row["id"] in pictured,
                row["reply_to"],
                row["at"],
            )
            for row in reversed(rows)
        ]

    async def _pictured(self, numbers: Sequence[int]) -> set[int]:
        query = PageMessageRow.filter(id__in=list(numbers), picture__isnull=False)
        return {row["id"] for row in await query.using_db(self.db).values("id")}

    async def picture(self, message_id: int) -> bytes | None:
        row = await PageMessageRow.get_or_none(id=message_id, using_db=self.db)
        return bytes(row.picture) if row and row.picture is not None else None
