"""Measuring the drawdown anew: the peak of an account becomes its balance, after a delay.

What was lost no longer counts then, and as much may be lost once more: so this is a looser limit
like any other, which only the owner wants, and can take back until it holds. Stored by scope as
`{scope: the moment from which it holds}`; a scope is "live" or the number of an account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from agents.domain.limits import PEAKS
from agents.domain.money import ZERO
from agents.domain.ports import Clock, Memory
from agents.domain.position import Account
from agents.domain.strategy import Mode
from agents.domain.user import Notice, NoticeKind
from agents.execution.bounds.accounts import LIVING, let_go, peak_of

LIVE = "live"
"""The scope of all accounts with real money together."""

_LOCK = "peaks in hand"  # a preference that is written to be the only one who changes them


@dataclass(frozen=True, slots=True)
class Peak:
    """From where the drawdown of a scope is measured, and would be anew; quote currency."""

    scope: str
    now: Decimal
    anew: Decimal


def scope_of(account: Account) -> str:
    return LIVE if account.mode is Mode.LIVE else str(account.id)


class Peaks:
    def __init__(self, memory: Memory, clock: Clock, delay: timedelta) -> None:
        self._memory = memory
        self._clock = clock
        self._delay = delay

    async def look_at(self, owner_id: int, scope: str) -> Peak | None:
        """None where there is no such account."""
        accounts = await self._accounts(owner_id, scope)
        gone = await self._let_go(owner_id, accounts)
        return _peak(scope, accounts, gone) if accounts else None

    async def waiting(self, owner_id: int) -> dict[str, datetime]:
        """From when which scope is measured anew, human time."""
        stored = await self._memory.preferences.read(owner_id, PEAKS) or {}
        return {scope: datetime.fromisoformat(at) for scope, at in stored.items()}

    async def ask(self, owner_id: int, actor: str, scope: str) -> datetime:
        """A confirmed wish; from when it holds."""
        at = self._clock.wall() + self._delay
        async with self._memory.transactions.transaction():
            waiting = await self._held(owner_id)
            await self._write(owner_id, {**waiting, scope: at})
            facts = {"scope": scope, "from": at.isoformat()}
            await self._memory.audit.record(owner_id, actor, "peak to be set anew", facts)
        return at

    async def keep(self, owner_id: int, actor: str) -> bool:
        """Take back what does not hold yet; False when nothing waited."""
        wall = self._clock.wall()
        async with self._memory.transactions.transaction():
            waiting = await self._held(owner_id)
            due = {scope: at for scope, at in waiting.items() if at <= wall}
            if due == waiting:
                return False
            await self._write(owner_id, due)
            facts = {"scopes": sorted(waiting.keys() - due.keys())}
            await self._memory.audit.record(owner_id, actor, "peak stays", facts)
        return True

    async def apply_due(self) -> None:
        """Set those that hold by now, and tell their owners; every few seconds."""
        for owner_id, stored in await self._memory.preferences.everyone(PEAKS):
            if any(self._is_due(datetime.fromisoformat(at)) for at in stored.values()):
                await self._apply(owner_id)

    async def _apply(self, owner_id: int) -> None:
        async with self._memory.transactions.transaction():
            waiting = await self._held(owner_id)
            due = {scope: at for scope, at in waiting.items() if self._is_due(at)}
            await self._write(owner_id, {one: at for one, at in waiting.items() if one not in due})
            for scope, at in due.items():
                await self._set_anew(owner_id, scope, at)

    async def _set_anew(self, owner_id: int, scope: str, at: datetime) -> None:
        before = await self._accounts(owner_id, scope)
        if not before:
            return
        gone = await self._let_go(owner_id, before)
        after = [await self._memory.accounts.reset_peak(owner_id, one.id) for one in before]
        was, now = peak_of(before, gone), peak_of(after, gone)
        facts = {"scope": scope, "was": str(was), "is": str(now)}
        await self._memory.audit.record(owner_id, "delay", "peak set anew", facts)
        told = {"what": "peak", "mode": before[0].mode.value, **facts}
        told["strategy_id"] = str(before[0].strategy_id)
        key = f"peak:{owner_id}:{scope}:{at.isoformat()}"
        await self._memory.notices.tell(Notice(owner_id, NoticeKind.LIMIT, key, told))

    def _is_due(self, at: datetime) -> bool:
        return at <= self._clock.wall()

    async def _accounts(self, owner_id: int, scope: str) -> Sequence[Account]:
        every = await self._memory.accounts.of(owner_id)
        return [one for one in every if scope_of(one) == scope]

    async def _let_go(self, owner_id: int, accounts: Sequence[Account]) -> frozenset[int]:
        memory = self._memory
        held = await memory.positions.of(owner_id, open_only=True, limit=10_000)
        coming = await memory.orders.unsettled_of(owner_id, Mode.LIVE)
        busy = {one.account_id for one in held} | {one.account_id for one in coming}
        return let_go(accounts, await memory.strategies.of(owner_id, LIVING), busy)

    async def _held(self, owner_id: int) -> dict[str, datetime]:
        """As `waiting`, which nobody else changes until the running transaction is over."""
        await self._memory.preferences.write(owner_id, _LOCK, True, self._clock.wall())
        return await self.waiting(owner_id)

    async def _write(self, owner_id: int, waiting: dict[str, datetime]) -> None:
        stored = {scope: at.isoformat() for scope, at in waiting.items()}
        await self._memory.preferences.write(owner_id, PEAKS, stored, self._clock.wall())


def _peak(scope: str, accounts: Sequence[Account], gone: frozenset[int]) -> Peak:
    used = (one.balance for one in accounts if one.id not in gone)
    return Peak(scope, peak_of(accounts, gone), sum(used, ZERO))
