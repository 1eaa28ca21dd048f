"""Errors of the machine, told to its operators in the chat: few, short, and never twice a while."""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from hashlib import sha256

from agents.domain.ports import Memory
from agents.domain.user import Notice, NoticeKind

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
QUIET = timedelta(minutes=10)  # between two alerts of one error
_KINDS_AT_ONCE = 50  # different errors remembered between two looks
_OWN = "bot.alerts"
_GAP = re.compile(r"%[sdr]")
_OURS = frozenset({"agents", "bot", "handlers", "storage"})


class Bell(logging.Handler):
    """Hears errors; `ring` tells the operators of them.

    Only the sentence of a record is told: its fields and traces stay in the log.
    """

    def __init__(
        self,
        memory: Memory,
        wall: Callable[[], datetime],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(logging.ERROR)
        self._pause = pause
        self._memory = memory
        self._wall = wall
        self._heard: Counter[str] = Counter()
        self._told: dict[str, datetime] = {}

    def emit(self, record: logging.LogRecord) -> None:
        # Without its arguments, and no words of libraries: they may quote what somebody wrote.
        ours = record.name.partition(".")[0] in _OURS
        sentence = _GAP.sub("…", str(record.msg)) if ours else f"A fault in {record.name}."
        where = getattr(record, "platform", "")
        said = f"{sentence.rstrip('.')} ({where})." if where else sentence
        if record.name != _OWN and (said in self._heard or len(self._heard) < _KINDS_AT_ONCE):
            self._heard[said] += 1

    async def ring(self) -> int:
        """Tell every operator what was heard since; how many errors that were."""
        heard, now = self._heard, self._wall()
        self._heard = Counter()
        new = {said: count for said, count in heard.items() if self._is_news(said, now)}
        for said, count in new.items():
            self._told[said] = now
            await self._tell(said, count, now)
        return len(new)

    def _is_news(self, said: str, now: datetime) -> bool:
        return said not in self._told or now - self._told[said] >= QUIET

    async def _tell(self, said: str, count: int, now: datetime) -> None:
        mark = sha256(said.encode()).hexdigest()[:12]
        facts = {"summary": said, "count": count, "at": now.isoformat()}
        for user in await self._memory.users.everyone():
            if user.operator:
                key = f"alert:{mark}:{now.isoformat()}"
                await self._memory.notices.tell(Notice(user.id, NoticeKind.OPERATOR, key, facts))

    async def watch(self) -> None:
        """Listen, and ring every few seconds, until cancelled."""
        logging.getLogger().addHandler(self)
        try:
            while True:
                await self._pause(LOOK_SECONDS)
                await self._safely()
        finally:
            logging.getLogger().removeHandler(self)

    async def _safely(self) -> None:
        try:
            await self.ring()
        except Exception:
            log.exception("The operators could not be told of an error.")
