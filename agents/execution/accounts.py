"""An account as the limits see it: equity, exposure, and what today has brought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from agents.domain.money import HUNDRED, ZERO
from agents.domain.order import UNSETTLED, OrderIntent, OrderPurpose
from agents.domain.ports import Clock, Market, Memory
from agents.domain.position import Account, Position, PositionState

START_BALANCE = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class AccountView:
    """Quote currency throughout. `exposure` is notional by symbol; it and `open_positions`
    count entry orders that are on their way. `day_profit` is the net result of trades closed
    on this UTC day (market time) with that of the open ones."""

    equity: Decimal
    peak: Decimal
    exposure: Mapping[str, Decimal] = field(default_factory=dict)
    open_positions: int = 0
    trades_today: int = 0
    day_profit: Decimal = ZERO

    @property
    def total_exposure(self) -> Decimal:
        return sum(self.exposure.values(), ZERO)

    @property
    def drawdown_percent(self) -> Decimal:
        """How far equity is below its peak, in percent of the peak."""
        return (self.peak - self.equity) / self.peak * HUNDRED if self.peak > 0 else ZERO

    @property
    def day_loss_percent(self) -> Decimal:
        """Today's loss in percent of the equity without it; negative on a day of profit."""
        began = self.equity - self.day_profit
        return -self.day_profit / began * HUNDRED if began > 0 else HUNDRED


def day_start(at: datetime) -> datetime:
    """00:00 UTC of that day."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


class Accounts:
    """Looks at accounts with the newest prices."""

    def __init__(self, memory: Memory, market: Market, clock: Clock) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock

    async def view(self, account: Account, before: OrderIntent | None = None) -> AccountView:
        """`before` is an entry order about to be sent: it and later ones are left out, so that
        of two that would breach a limit together the earlier goes through."""
        since = day_start(self._clock.now())
        positions = await self._memory.positions.of_account(account.id, since=since)
        unsettled = await self._memory.orders.in_states(UNSETTLED)
        entries = [item for item in unsettled if _enters(item, account)]
        earlier = [item for item in entries if before is None or item.id < before.id]
        later = [item for item in entries if item not in earlier and item.created_at >= since]
        trades = await self._memory.orders.entries_since(account.id, since)
        still_open = [item for item in positions if item.state is not PositionState.CLOSED]
        closed_today = [item for item in positions if item.closed_at and item.closed_at >= since]
        unrealised = sum((item.unrealised(self._price(item)) for item in still_open), ZERO)
        equity = account.balance + unrealised
        return AccountView(
            equity=equity,
            peak=max(account.peak, equity),
            exposure=self._exposure(still_open, earlier),
            open_positions=len(still_open) + sum(not item.filled for item in earlier),
            trades_today=trades - len(later),
            day_profit=sum((item.net() for item in closed_today), ZERO)
            + sum((item.net(self._price(item)) for item in still_open), ZERO),
        )

    def _exposure(
        self, positions: Sequence[Position], entries: Sequence[OrderIntent]
    ) -> dict[str, Decimal]:
        exposure: dict[str, Decimal] = {}
        for position in positions:
            notional = position.quantity * self._price(position)
            exposure[position.symbol] = exposure.get(position.symbol, ZERO) + notional
        for entry in entries:
            notional = (entry.quantity - entry.filled) * (entry.trigger or ZERO)
            exposure[entry.symbol] = exposure.get(entry.symbol, ZERO) + notional
        return exposure

    def _price(self, position: Position) -> Decimal:
        tick = self._market.last(position.symbol)
        return tick.price if tick else position.entry_price


def _enters(intent: OrderIntent, account: Account) -> bool:
    return intent.account_id == account.id and intent.purpose is OrderPurpose.ENTRY
