"""/halt: the operator stops all new entries, for everybody, until it is lifted.

Stored as a note, so that a restart changes nothing. Open positions keep their stops.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agents.domain.errors import LimitBreach
from agents.domain.ports import Clock, Memory
from agents.domain.user import Notice, NoticeKind
from agents.execution.bounds.limits import HALT

NOTE = "halt"  # what is stored while all is halted


@dataclass(frozen=True, slots=True)
class Halted:
    """Since when (human time), and why in the operator's words; `by` is a user's id."""

    at: datetime
    by: int
    why: str = ""

    def breach(self) -> LimitBreach:
        why = f": {self.why}" if self.why else ""
        return LimitBreach(HALT, f"the operator has stopped all new trades{why}")


class Halts:
    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock

    async def present(self) -> Halted | None:
        """The halt that is on; None when there is none."""
        stored = await self._memory.notes.read(NOTE)
        if not stored:
            return None
        return Halted(datetime.fromisoformat(stored["at"]), stored["by"], stored["why"])

    async def begin(self, by: int, why: str = "") -> bool:
        """False when all is halted already."""
        if await self.present() is not None:
            return False
        at = self._clock.wall()
        async with self._memory.transactions.transaction():
            note = {"at": at.isoformat(), "by": by, "why": why}
            await self._memory.notes.write(NOTE, note)
            await self._tell(by, at, {"on": True, "reason": why})
        return True

    async def lift(self, by: int) -> bool:
        """False when there was nothing to lift."""
        if await self.present() is None:
            return False
        async with self._memory.transactions.transaction():
            await self._memory.notes.erase(NOTE)
            await self._tell(by, self._clock.wall(), {"on": False, "reason": ""})
        return True

    async def holders(self) -> list[int]:
        """Who has open positions, by user id."""
        return sorted({one.owner_id for one in await self._memory.positions.still_open()})

    async def _tell(self, by: int, at: datetime, facts: dict[str, Any]) -> None:
        await self._memory.audit.record(by, f"user:{by}", "halt", facts)
        for owner_id in await self._concerned():
            word = "on" if facts["on"] else "off"
            key = f"halt:{word}:{at.isoformat()}:{owner_id}"
            await self._memory.notices.tell(Notice(owner_id, NoticeKind.HALT, key, facts))

    async def _concerned(self) -> Collection[int]:
        """Whose strategies would trade, or whose positions are open."""
        active = {one.owner_id for one in await self._memory.strategies.active()}
        return sorted(active | set(await self.holders()))
