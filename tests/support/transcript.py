"""A small real Transcript: the page's conversation in a list."""

from collections.abc import Mapping, Sequence
from dataclasses import replace as changed_copy
from datetime import datetime
from typing import Any

from agents.domain.mail import PageMessage


class ListTranscript:
    def __init__(self) -> None:
        self.messages: list[PageMessage] = []
        self.pictures: dict[int, bytes] = {}
        self.fails: Exception | None = None  # what storing raises

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
        if self.fails:
            raise self.fails
        if key and any(message.key == key for message in self.messages):
            return None
        number = len(self.messages) + 1
        pictured = picture is not None
        self.messages.append(PageMessage(number, key, mine, body, pictured, reply_to, at))
        if picture is not None:
            self.pictures[number] = picture
        return number

    async def replace(
        self, message_id: int, body: Mapping[str, Any], picture: bytes | None
    ) -> PageMessage | None:
        if not 1 <= message_id <= len(self.messages):
            return None
        old = self.messages[message_id - 1]
        if picture is not None:
            self.pictures[message_id] = picture
        changed = changed_copy(old, body=body, pictured=old.pictured or picture is not None)
        self.messages[message_id - 1] = changed
        return changed

    async def last(self, limit: int, before: int | None = None) -> Sequence[PageMessage]:
        known = [message for message in self.messages if before is None or message.id < before]
        return known[-limit:]

    async def picture(self, message_id: int) -> bytes | None:
        return self.pictures.get(message_id)
