"""An account as the limits see it: equity, exposure, and what today and this week have brought.

Everything is read anew from what is stored, so that a restart resets nothing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from agents.domain.money import HUNDRED, ONE, ZERO
from agents.domain.order import UNSETTLED, OrderIntent, OrderPurpose
from agents.domain.ports import Clock, Market, Memory
from agents.domain.position import Account, Position, PositionState
from agents.domain.strategy import Mode, Strategy, StrategyState
from agents.domain.symbols import DOLLARS

START_BALANCE = Decimal(10_000)
Price = Callable[[Position], Decimal]
LIVING = (StrategyState.DRAFT, StrategyState.ACTIVE, StrategyState.PAUSED)


@dataclass(frozen=True, slots=True)
class AccountView:
    """Quote currency throughout. `exposure` is notional by symbol; it, `open_positions` and
    `held` (a symbol for each of them) count entry orders that are on their way; what these will
    still buy is `opening`. `day_profit` is the net result of trades closed on this UTC day
    (market time) with that of the open ones, `week_profit` the same since Monday. `losses` trades
    were lost one after the other, the last at `last_loss`. `own_equity` and `own_held` are
    those of the strategy's own account, where the view is of several.
    """

    equity: Decimal
    peak: Decimal
    exposure: Mapping[str, Decimal] = field(default_factory=dict)
    open_positions: int = 0
    trades_today: int = 0
    day_profit: Decimal = ZERO
    week_profit: Decimal = ZERO
    held: tuple[str, ...] = ()
    opening: Decimal = ZERO
    losses: int = 0
    last_loss: datetime | None = None
    own_equity: Decimal | None = None
    own_held: int | None = None

    @property
    def own_positions(self) -> int:
        """How many the strategy itself has open or is opening."""
        return self.open_positions if self.own_held is None else self.own_held

    @property
    def total_exposure(self) -> Decimal:
        return sum(self.exposure.values(), ZERO)

    @property
    def risked(self) -> Decimal:
        """The equity that the risk of a trade is measured by."""
        return self.equity if self.own_equity is None else self.own_equity

    @property
    def drawdown_percent(self) -> Decimal:
        """How far equity is below its peak, in percent of the peak."""
        return (self.peak - self.equity) / self.peak * HUNDRED if self.peak > 0 else ZERO

    @property
    def day_loss_percent(self) -> Decimal:
        """Today's loss in percent of the equity without it; negative on a day of profit."""
        return self._loss_percent(self.day_profit)

    @property
    def week_loss_percent(self) -> Decimal:
        """As `day_loss_percent`, of this week."""
        return self._loss_percent(self.week_profit)

    def _loss_percent(self, profit: Decimal) -> Decimal:
        began = self.equity - profit
        return -profit / began * HUNDRED if began > 0 else HUNDRED


def day_start(at: datetime) -> datetime:
    """00:00 UTC of that day."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def week_start(at: datetime) -> datetime:
    """Monday 00:00 UTC of that week."""
    return day_start(at) - timedelta(days=at.weekday())


@dataclass(frozen=True, slots=True)
class _Books:
    """What is stored of the accounts that are looked at together. `entries` are unsettled;
    `let_go` are numbers of accounts whose money trades no more (see `let_go`)."""

    accounts: Sequence[Account]
    entries: Sequence[OrderIntent]
    positions: Sequence[Position]  # open, or closed this week
    made_today: int  # entry orders
    let_go: frozenset[int] = frozenset()

    @property
    def still_open(self) -> list[Position]:
        return [item for item in self.positions if item.state is not PositionState.CLOSED]

    @property
    def in_use(self) -> list[Account]:
        return [one for one in self.accounts if one.id not in self.let_go]

    def brought_since(self, since: datetime) -> Decimal:
        """The net result of what was closed since then; of money let go what still counts."""
        closed = [item for item in self.positions if item.closed_at and item.closed_at >= since]
        gone = _net(item for item in closed if item.account_id in self.let_go)
        kept = _net(item for item in closed if item.account_id not in self.let_go)
        return kept + gone * counting(self.accounts, self.let_go)


class Accounts:
    """Looks at accounts with the newest prices."""

    def __init__(self, memory: Memory, market: Market, clock: Clock) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock

    async def view(self, account: Account, before: OrderIntent | None = None) -> AccountView:
        """One account alone. `before` is an entry order about to be sent: it and later ones are
        left out, so that of two that would breach a limit together the earlier goes through."""
        return await self._view(await self._alone(account), account, before)

    async def scope(self, account: Account, before: OrderIntent | None = None) -> AccountView:
        """What the limits of trades in `account` look at: in live trading all live accounts of
        its owner, else the account alone. `before` as for `view`."""
        return await self._view(await self._books(account), account, before)

    async def _books(self, account: Account) -> _Books:
        if account.mode is not Mode.LIVE:
            return await self._alone(account)
        owner, now = account.owner_id, self._clock.now()
        # Orders before positions: what is filled in between is seen twice, and never not at all.
        unsettled = await self._memory.orders.unsettled_of(owner, Mode.LIVE)
        made = await self._memory.orders.entries_of_owner_since(owner, Mode.LIVE, day_start(now))
        positions = await self._memory.positions.of_owner_mode(owner, Mode.LIVE, week_start(now))
        every = await self._memory.accounts.of(owner)
        mine = [one for one in every if one.mode is Mode.LIVE and alike(one, account)]
        numbers = {one.id for one in mine}
        books = _Books(
            mine,
            [item for item in _entries(unsettled) if item.account_id in numbers],
            [item for item in positions if item.account_id in numbers],
            made,
        )
        busy = {one.account_id for one in books.entries}
        busy |= {one.account_id for one in books.still_open}
        strategies = await self._memory.strategies.of(owner, LIVING)
        return replace(books, let_go=let_go(mine, strategies, busy))

    async def _alone(self, account: Account) -> _Books:
        now = self._clock.now()
        unsettled = await self._memory.orders.unsettled_of(account.owner_id, account.mode)
        made = await self._memory.orders.entries_since(account.id, day_start(now))
        positions = await self._memory.positions.of_account(account.id, since=week_start(now))
        fresh = await self._memory.accounts.get(account.id)
        mine = [item for item in _entries(unsettled) if item.account_id == account.id]
        return _Books([fresh], mine, positions, made)

    async def _view(
        self, books: _Books, account: Account, before: OrderIntent | None
    ) -> AccountView:
        today, still_open = day_start(self._clock.now()), books.still_open
        earlier = [item for item in books.entries if before is None or item.id < before.id]
        later = [item for item in books.entries if item not in earlier and item.created_at >= today]
        open_now = sum((item.net(self._price(item)) for item in still_open), ZERO)
        equity = sum((_equity(books, one.id, self._price) for one in books.in_use), ZERO)
        held = {item.proposal_id for item in still_open}
        opening = [item for item in earlier if item.proposal_id not in held and not item.filled]
        owners = [one.account_id for one in still_open] + [one.account_id for one in opening]
        losses, last = await self._streak(books)
        return AccountView(
            equity=equity,
            peak=max(peak_of(books.accounts, books.let_go), equity),
            exposure=self._exposure(still_open, earlier),
            open_positions=len(still_open) + len(opening),
            trades_today=books.made_today - len(later),
            day_profit=books.brought_since(today) + open_now,
            week_profit=books.brought_since(week_start(today)) + open_now,
            held=(*[one.symbol for one in still_open], *[one.symbol for one in opening]),
            opening=sum((_left(item, still_open) * _planned(item) for item in earlier), ZERO),
            losses=losses,
            last_loss=last,
            own_equity=_equity(books, account.id, self._price),
            own_held=owners.count(account.id),
        )

    async def _streak(self, books: _Books) -> tuple[int, datetime | None]:
        """How many trades were lost since the last one that was not, and when the last one."""
        recent = _by_close(item for item in books.positions if item.closed_at)
        losses = _lost_last(recent)
        if losses and losses == len(recent):  # the streak began before this week
            every = [
                item
                for account in books.accounts
                for item in await self._memory.positions.of_account(account.id)
                if item.closed_at
            ]
            recent = _by_close(every)
            losses = _lost_last(recent)
        return losses, recent[-1].closed_at if losses else None

    def _exposure(
        self, positions: Sequence[Position], entries: Sequence[OrderIntent]
    ) -> dict[str, Decimal]:
        exposure: dict[str, Decimal] = {}
        for position in positions:
            notional = position.quantity * self._price(position)
            exposure[position.symbol] = exposure.get(position.symbol, ZERO) + notional
        for entry in entries:
            notional = _left(entry, positions) * _planned(entry)
            exposure[entry.symbol] = exposure.get(entry.symbol, ZERO) + notional
        return exposure

    def _price(self, position: Position) -> Decimal:
        tick = self._market.last(position.symbol)
        return tick.price if tick else position.entry_price


def let_go(
    accounts: Iterable[Account], living: Iterable[Strategy], busy: Collection[int]
) -> frozenset[int]:
    """Of `accounts` with real money those whose strategy trades none any more, by number; `busy`
    ones still hold something. What they have is free at the exchange again, and may be given to
    another strategy: counted twice, it would widen every limit that is a part of equity."""
    trading = {one.id for one in living if one.mode is Mode.LIVE}
    idle = (one for one in accounts if one.strategy_id not in trading)
    return frozenset(one.id for one in idle if one.mode is Mode.LIVE and one.id not in busy)


def counting(accounts: Iterable[Account], let_go: Collection[int]) -> Decimal:
    """The part, 0 to 1, of what let-go money brought that counts for the money in use: all of it
    where that is as much or more, else in proportion. Who lost 1 % and goes on with a tenth has
    lost 1 % of that, and who lost 1 % and adds to it has lost less."""
    used = left = ZERO
    for one in accounts:
        used += ZERO if one.id in let_go else one.peak
        left += one.balance if one.id in let_go else ZERO
    return used / left if left > used else ONE


def peak_of(accounts: Sequence[Account], let_go: Collection[int]) -> Decimal:
    """The peaks together; of what was let go the part that counts of what it had lost since its
    own peak, which no change of mode makes up for."""
    used = sum((one.peak for one in accounts if one.id not in let_go), ZERO)
    lost = sum((one.peak - one.balance for one in accounts if one.id in let_go), ZERO)
    return used + lost * counting(accounts, let_go)


def alike(one: Account, other: Account) -> bool:
    """Whether their money can be added up: dollars of any issuer are dollars."""
    return one.currency == other.currency or {one.currency, other.currency} <= set(DOLLARS)


def _entries(unsettled: Iterable[OrderIntent]) -> list[OrderIntent]:
    return [
        item for item in unsettled if item.purpose is OrderPurpose.ENTRY and item.state in UNSETTLED
    ]


def _equity(books: _Books, account_id: int, price: Price) -> Decimal:
    """Balance with what its open positions would bring, quote currency."""
    balance = next(one.balance for one in books.accounts if one.id == account_id)
    mine = [item for item in books.still_open if item.account_id == account_id]
    return balance + sum((item.unrealised(price(item)) for item in mine), ZERO)


def _left(entry: OrderIntent, positions: Sequence[Position]) -> Decimal:
    """What an entry order will still buy, base currency, also where its position was read after
    it and has more fills."""
    entered = [item.entered for item in positions if item.proposal_id == entry.proposal_id]
    return max(entry.quantity - max([entry.filled, *entered]), ZERO)


def _planned(entry: OrderIntent) -> Decimal:
    return entry.trigger or ZERO


def _net(positions: Iterable[Position]) -> Decimal:
    return sum((item.net() for item in positions), ZERO)


def _by_close(closed: Iterable[Position]) -> list[Position]:
    return sorted(closed, key=lambda item: (item.closed_at or item.opened_at, item.id))


def _lost_last(closed: Sequence[Position]) -> int:
    count = 0
    for position in reversed(closed):
        if position.net() >= 0:
            break
        count += 1
    return count
