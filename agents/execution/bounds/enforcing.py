"""What limits do by themselves: they pause strategies, and close what is open.

A drawdown pauses, and closes where its owner wants that; a loss of the day or the week and the end
of the trading hours close where that is wanted. All is judged anew at each look by what is stored.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.domain.errors import LimitBreach
from agents.domain.order import OrderIntent, OrderPurpose
from agents.domain.ports import Clock, Memory
from agents.domain.position import Account, Position
from agents.domain.risk import Limits
from agents.domain.strategy import Mode, StrategyState
from agents.domain.symbols import DOLLARS
from agents.domain.user import Notice, NoticeKind
from agents.execution.bounds.accounts import Accounts, AccountView, alike, day_start, week_start
from agents.execution.bounds.limit_book import LimitBook
from agents.execution.bounds.limits import daily_loss, drawdown, weekly_loss
from agents.execution.bounds.pausing import pause_after
from agents.execution.leaving.closing import Closing, Exit
from agents.execution.leaving.exitbook import ExitBook
from agents.execution.ordering.orders import Orders
from agents.execution.proposals.approvals import Approvals

log = logging.getLogger(__name__)
EVERY = timedelta(seconds=5)  # human time between two looks
AT_ONCE = 50  # accounts at one look; the others have their turn at the next

Scope = tuple[int, int]
"""(owner, account), the account 0 for all with real money together."""


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why all that is open in a scope is closed; `once` tells one occasion from the next."""

    breach: LimitBreach
    once: str


class Enforcer:
    def __init__(
        self,
        memory: Memory,
        clock: Clock,
        book: ExitBook,
        accounts: Accounts,
        limits: LimitBook,
        approvals: Approvals,
        closing: Closing,
        orders: Orders,
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._book = book
        self._accounts = accounts
        self._limits = limits
        self._approvals = approvals
        self._closing = closing
        self._orders = orders
        self._looked: datetime | None = None
        self._seen: dict[Scope, int] = {}  # at which look each was last looked at
        self._looks = 0

    async def look(self) -> None:
        """Call it every second; most calls do nothing."""
        wall = self._clock.wall()
        if self._looked is not None and timedelta() <= wall - self._looked < EVERY:
            return
        self._looked = wall
        await self._limits.tell_due()
        if not len(self._book):
            return
        own = await self._limits.those()
        for scope, positions in self._turns():
            try:
                await self._look(scope, positions, own.get(scope[0], self._limits.ceiling))
            except Exception:
                log.exception("The limits of %s could not be looked at.", scope)

    def _turns(self) -> list[tuple[Scope, list[Position]]]:
        """Those whose turn it is, with what is open there: real money always, and of the others
        those that have waited longest."""
        found: dict[Scope, list[Position]] = defaultdict(list)
        for position in self._book.positions():
            account = 0 if position.mode is Mode.LIVE else position.account_id
            found[position.owner_id, account].append(position)
        waited = sorted(found, key=lambda scope: (scope[1] != 0, self._seen.get(scope, 0)))
        self._looks += 1
        turns = [scope for index, scope in enumerate(waited) if index < AT_ONCE or not scope[1]]
        self._seen = {scope: self._seen.get(scope, 0) for scope in found}
        self._seen.update(dict.fromkeys(turns, self._looks))
        return [(scope, found[scope]) for scope in turns]

    async def _look(self, scope: Scope, positions: Sequence[Position], limits: Limits) -> None:
        """Money that can't be added up, as dollars and euros, is looked at apart."""
        left = list(positions)
        known = {one.id: one for one in await self._memory.accounts.of(scope[0])}
        while left:
            account = known[left[0].account_id]
            mine = [one for one in left if alike(known[one.account_id], account)]
            left = [one for one in left if one not in mine]
            await self._look_at(scope, account, mine, limits)

    async def _look_at(
        self, scope: Scope, account: Account, positions: Sequence[Position], limits: Limits
    ) -> None:
        view = await self._accounts.scope(account)
        fallen = drawdown(view, limits)
        if fallen:
            await self._pause(positions[0], fallen, closing=limits.drawdown_flatten)
        if reason := self._why_close(view, limits):
            await self._flatten(scope, account, positions, reason)

    def _why_close(self, view: AccountView, limits: Limits) -> _Reason | None:
        now = self._clock.now()
        hours = limits.hours
        if hours is not None and hours.flatten and not hours.cover(now):
            words = f"the trading hours are over at {now:%H:%M} UTC"
            return _Reason(LimitBreach("hours", words), f"hours:{day_start(now):%Y-%m-%d}")
        if limits.drawdown_flatten and (fallen := drawdown(view, limits)):
            return _Reason(fallen, f"drawdown:{view.peak.normalize()}")
        if limits.daily_loss_flatten and (today := daily_loss(view, limits)):
            return _Reason(today, f"day:{day_start(now):%Y-%m-%d}")
        if limits.weekly_loss_flatten and (week := weekly_loss(view, limits)):
            return _Reason(week, f"week:{week_start(now):%Y-%m-%d}")
        return None

    async def _pause(self, position: Position, breach: LimitBreach, *, closing: bool) -> None:
        """Every active strategy that trades from the same money."""
        owner = position.owner_id
        for strategy in await self._memory.strategies.of(owner, (StrategyState.ACTIVE,)):
            shares = position.mode is Mode.LIVE or strategy.id == position.strategy_id
            if strategy.mode is not position.mode or not shares:
                continue
            async with self._memory.transactions.transaction():
                if await pause_after(self._memory, self._clock, strategy, breach, closing=closing):
                    await self._approvals.cancel_for(owner, strategy.id, str(breach))

    async def _flatten(
        self, scope: Scope, account: Account, positions: Sequence[Position], reason: _Reason
    ) -> None:
        for intent in await self._stored(scope, account, positions, reason):
            self._orders.send_soon(intent)

    async def _stored(
        self, scope: Scope, account: Account, positions: Sequence[Position], reason: _Reason
    ) -> Sequence[OrderIntent]:
        """The orders that close what nobody else is closing, and the message, in one
        transaction."""
        words = f"{reason.breach.rule} limit"
        wishes = [Exit(item.id, OrderPurpose.CLOSE, words) for item in positions]
        async with self._memory.transactions.transaction():
            intents = await self._closing.store(wishes)
            if intents:
                told = _told(scope, account, positions, reason, len(intents))
                await self._memory.notices.tell(told)
        return intents


def _told(
    scope: Scope, account: Account, positions: Sequence[Position], reason: _Reason, count: int
) -> Notice:
    owner, number = scope
    which = "" if account.currency in DOLLARS else f"{account.currency}:"
    return Notice(
        owner_id=owner,
        kind=NoticeKind.LIMIT,
        key=f"limit:{owner}:{number}:{which}{reason.once}",
        facts={
            "what": "closing",
            "rule": reason.breach.rule,
            "said": str(reason.breach),
            "count": count,
            "mode": positions[0].mode.value,
        },
    )
