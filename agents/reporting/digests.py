"""Tells everybody who wants a digest that one is due: once for each period, also after a time in
which nothing ran, and then only of the newest period."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agents.domain.digest import PREFERENCE, TOLD, Digest
from agents.domain.ports import Clock, Memory
from agents.domain.user import Notice, NoticeKind
from agents.domain.windows import zone as zone_named

log = logging.getLogger(__name__)


class Digests:
    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock

    async def tell_due(self) -> int:
        """Call it every minute; how many were told."""
        told = 0
        for user_id, stored in await self._memory.preferences.everyone(PREFERENCE):
            try:
                told += await self._tell(user_id, stored)
            except Exception:
                log.exception("A digest could not be told; again in a minute.")
        return told

    async def _tell(self, user_id: int, stored: Mapping[str, Any]) -> bool:
        digest = Digest.from_json(stored)
        if digest is None:
            return False
        zone = zone_named((await self._memory.users.get(user_id)).zone)
        due = digest.due(self._clock.wall(), zone)
        if due <= await self._told(user_id, digest):
            return False
        async with self._memory.transactions.transaction():
            if due <= await self._told(user_id, digest):
                return False
            await self._memory.notices.tell(_notice(user_id, digest, due, zone))
            wall = self._clock.wall()
            await self._memory.preferences.write(user_id, TOLD, due.isoformat(), wall)
        return True

    async def _told(self, user_id: int, digest: Digest) -> datetime:
        """Up to when this user was told everything, or wanted nothing."""
        stored = await self._memory.preferences.read(user_id, TOLD)
        return max(digest.since, datetime.fromisoformat(stored)) if stored else digest.since


def _notice(user_id: int, digest: Digest, due: datetime, zone: ZoneInfo) -> Notice:
    since = digest.before(due, zone)
    facts = {"period": digest.period, "since": since.isoformat(), "until": due.isoformat()}
    key = f"digest:{user_id}:{digest.period}:{due.astimezone(zone):%Y-%m-%d}"
    return Notice(user_id, NoticeKind.DIGEST, key, facts)
