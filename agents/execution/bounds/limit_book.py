"""The limits that hold for an owner at this moment, and the ways in which an owner changes them.

Stricter at once, looser after a delay in human time; nothing goes beyond the operator's. What a
model says and what others tap never comes here.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from agents.domain.limits import (
    BY_NAME,
    PREFERENCE,
    RULES,
    Own,
    Owns,
    Pending,
    Value,
    effective,
    loosens,
    of_rule,
    owns_as_json,
    owns_from_json,
    stricter,
    value_as_json,
)
from agents.domain.ports import Clock, Memory
from agents.domain.risk import Limits
from agents.domain.user import Notice, NoticeKind
from agents.execution.bounds.peaks import Peaks

DELAY = timedelta(days=1)
_LOCK = "limits in hand"  # a preference that is written to be the only one who changes them


class Change(StrEnum):
    """What became of a wish for another limit."""

    SAME = "same"  # it holds already
    SET = "set"  # it holds from now on
    LOOSER = "looser"  # it needs to be confirmed
    TOO_LOOSE = "too_loose"  # the operator does not allow that
    WAITS = "waits"  # it is confirmed, and holds after the delay
    STALE = "stale"  # the limit was changed in the meantime


@dataclass(frozen=True, slots=True)
class Changed:
    """`before` and `after` are what holds of the limit; `at` is when a looser one does."""

    change: Change
    before: Value
    after: Value
    at: datetime | None = None


class LimitBook:
    """`ceiling` are the operator's limits."""

    def __init__(
        self, memory: Memory, clock: Clock, ceiling: Limits, delay: timedelta = DELAY
    ) -> None:
        self._memory = memory
        self._clock = clock
        self.ceiling = ceiling
        self.delay = delay
        self.peaks = Peaks(memory, clock, delay)

    async def owns(self, owner_id: int) -> dict[str, Own]:
        """What the owner set, whether it holds already or not."""
        return owns_from_json(await self._memory.preferences.read(owner_id, PREFERENCE))

    async def of(self, owner_id: int) -> Limits:
        """What holds for this owner now."""
        return effective(self.ceiling, await self.owns(owner_id), self._clock.wall())

    async def those(self) -> dict[int, Limits]:
        """What holds now for everybody who set limits of their own."""
        wall = self._clock.wall()
        stored = await self._memory.preferences.everyone(PREFERENCE)
        return {
            owner: effective(self.ceiling, owns_from_json(owns), wall) for owner, owns in stored
        }

    async def look_at(self, owner_id: int, name: str, value: Value | None) -> Changed:
        """What a wish would change. Changes nothing."""
        return self._compared(await self.owns(owner_id), name, value)

    async def tighten(self, owner_id: int, actor: str, name: str, value: Value | None) -> Changed:
        """Set a limit at once where that is no looser; a looser one that waited is dropped."""
        async with self._memory.transactions.transaction():
            owns = await self._held(owner_id)
            found = self._compared(owns, name, value)
            waits = name in owns and owns[name].pending is not None
            if found.change is Change.SET or (found.change is Change.SAME and waits):
                await self._write(owner_id, {**owns, name: Own(value)})
                await self._audit(owner_id, actor, "limit", name, found)
        return found

    async def loosen(
        self, owner_id: int, actor: str, name: str, value: Value | None, before: Value
    ) -> Changed:
        """A confirmed wish for a looser limit than `before`, which was told with the question."""
        async with self._memory.transactions.transaction():
            owns = await self._held(owner_id)
            found = self._compared(owns, name, value)
            stale = value_as_json(found.before) != value_as_json(before)
            if stale or found.change is Change.SET:
                return replace(found, change=Change.STALE)
            if found.change is not Change.LOOSER:
                return found
            at = self._clock.wall() + self.delay
            held = owns.get(name, Own()).at(self._clock.wall())
            await self._write(owner_id, {**owns, name: Own(held, Pending(value, at))})
            waits = replace(found, change=Change.WAITS, at=at)
            await self._audit(owner_id, actor, "limit to be raised", name, waits)
        return waits

    async def keep(self, owner_id: int, actor: str, name: str) -> bool:
        """Take back a looser limit that does not hold yet; False when none waited."""
        async with self._memory.transactions.transaction():
            owns = await self._held(owner_id)
            own = owns.get(name, Own())
            if own.pending is None or own.is_due(self._clock.wall()):
                return False
            await self._write(owner_id, {**owns, name: replace(own, pending=None)})
            facts = {"limit": name, "kept": value_as_json(own.value)}
            await self._memory.audit.record(owner_id, actor, "limit not raised", facts)
        return True

    async def tell_due(self) -> None:
        """Tell each owner whose looser limit holds by now, and note it; every few seconds."""
        await self.peaks.apply_due()
        wall = self._clock.wall()
        for owner_id, stored in await self._memory.preferences.everyone(PREFERENCE):
            if any(own.is_due(wall) for own in owns_from_json(stored).values()):
                await self._promote(owner_id)

    async def _promote(self, owner_id: int) -> None:
        wall = self._clock.wall()
        async with self._memory.transactions.transaction():
            owns = await self._held(owner_id)
            due = {name: own for name, own in owns.items() if own.is_due(wall)}
            await self._write(
                owner_id, {**owns, **{name: Own(own.at(wall)) for name, own in due.items()}}
            )
            for name, own in due.items():
                before = self._limits_with(owns, name, own.value)
                after = self._limits_with(owns, name, own.at(wall))
                rule = BY_NAME[name]
                found = Changed(Change.SET, of_rule(before, rule), of_rule(after, rule))
                await self._audit(owner_id, "delay", "limit raised", name, found)
                await self._memory.notices.tell(_raised(owner_id, name, own, found))

    def _compared(self, owns: Owns, name: str, value: Value | None) -> Changed:
        rule = BY_NAME[name]
        before = effective(self.ceiling, owns, self._clock.wall())
        after = self._limits_with(owns, name, value)
        found = Changed(Change.SET, of_rule(before, rule), of_rule(after, rule))
        if value is not None and of_rule(after, rule) != _whole(self.ceiling, value, name):
            return replace(found, change=Change.TOO_LOOSE, after=of_rule(self.ceiling, rule))
        if found.before == found.after:
            return replace(found, change=Change.SAME)
        return replace(found, change=Change.LOOSER) if loosens(before, after) else found

    def _limits_with(self, owns: Owns, name: str, value: Value | None) -> Limits:
        """All limits as they would be with this one."""
        others = {other: own for other, own in owns.items() if other != name}
        return stricter(effective(self.ceiling, others, self._clock.wall()), value)

    async def _held(self, owner_id: int) -> dict[str, Own]:
        """As `owns`, which nobody else changes until the running transaction is over."""
        await self._memory.preferences.write(owner_id, _LOCK, True, self._clock.wall())
        return await self.owns(owner_id)

    async def _write(self, owner_id: int, owns: Owns) -> None:
        known = {rule.name: owns[rule.name] for rule in RULES if rule.name in owns}
        wall = self._clock.wall()
        await self._memory.preferences.write(owner_id, PREFERENCE, owns_as_json(known), wall)

    async def _audit(self, owner_id: int, actor: str, what: str, name: str, found: Changed) -> None:
        facts: dict[str, Any] = {
            "limit": name,
            "was": value_as_json(found.before),
            "is": value_as_json(found.after),
        }
        if found.at is not None:
            facts["from"] = found.at.isoformat()
        await self._memory.audit.record(owner_id, actor, what, facts)


def _whole(ceiling: Limits, value: Value, name: str) -> Value:
    """What the limit would be if the operator had none: each part as it is wanted."""
    return {part: value.get(part, getattr(ceiling, part)) for part in BY_NAME[name].fields}


def _raised(owner_id: int, name: str, own: Own, found: Changed) -> Notice:
    at = own.pending.at.isoformat() if own.pending else ""
    return Notice(
        owner_id=owner_id,
        kind=NoticeKind.LIMIT,
        key=f"limit:{owner_id}:{name}:{at}",
        facts={
            "what": "raised",
            "name": name,
            "was": value_as_json(found.before),
            "is": value_as_json(found.after),
        },
    )
