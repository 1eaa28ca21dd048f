"""Connecting a user's exchange account, and letting go of it.

One account a user; what it held when it was connected stays its owner's own. A group desk's
account can't connect, so that nobody comes into live money by a role.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from agents.domain.errors import AskUser
from agents.domain.ports import Clock, Memory
from agents.domain.strategy import Mode, Strategy, StrategyState
from agents.domain.user import Notice, NoticeKind
from agents.domain.venue import (
    Connection,
    ConnectionState,
    FindingState,
    KeyReport,
    VenueOrder,
)
from agents.execution.leaving.hands import Hands
from agents.execution.venues.comparing import foreign_order
from agents.execution.venues.receipts import found

_ALL = 10_000
_LIVING = (StrategyState.DRAFT, StrategyState.ACTIVE, StrategyState.PAUSED)
_WAYS_OUT = "Close what is open first: /close all, or /panic"
WITHDRAWS = (
    "This key may withdraw coins, so it is not stored: whoever got hold of it could empty the "
    "account. Switch withdrawals off for it in the exchange's API settings, or make a new key "
    "without them, and /connect again."
)
NO_READING = (
    "This key may not read the account, so it is not stored. Allow reading in the exchange's API "
    "settings and /connect again."
)
NO_TRADING = (
    "This key may not trade on this market, so it is not stored. Allow trading (spot or futures, "
    "whichever this desk trades) in the exchange's API settings and /connect again."
)
HEDGED = (
    "This account is in hedge mode: it holds long and short of one market at once, and stops "
    "could close the wrong one. Nothing is stored. Switch the account to one-way mode in the "
    "exchange's futures settings and /connect again."
)


def objection(report: KeyReport) -> str:
    """Why such a key is not taken, and how to mend it; empty where it is."""
    if report.withdraws:
        return WITHDRAWS
    if not report.reads:
        return NO_READING
    if not report.trades:
        return NO_TRADING
    return HEDGED if report.hedged else ""


def baseline_of(report: KeyReport) -> dict[str, Decimal]:
    """What the account holds of its owner's own: coin → amount, without the quote currency, which
    is there to trade with; and symbol → signed quantity of open positions."""
    coins = {
        coin: held.total
        for coin, held in report.holdings.items()
        if held.total and coin != report.quote
    }
    return coins | {one.symbol: one.quantity * one.side.sign for one in report.positions}


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was checked. `checked_at` is market time: from then on the account's history is
    read. `orders` were open then, and are not ours."""

    exchange: str
    sealed: str = field(repr=False)
    ends: str
    restricted: bool | None
    baseline: Mapping[str, Decimal]
    checked_at: datetime
    orders: tuple[VenueOrder, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenBusiness:
    """What of a user's real money is under way."""

    positions: int
    orders: int
    strategies: tuple[Strategy, ...]

    @property
    def has_trades(self) -> bool:
        return bool(self.positions or self.orders)


class Connecting:
    def __init__(self, memory: Memory, clock: Clock, hands: Hands) -> None:
        self._memory = memory
        self._clock = clock
        self._hands = hands

    async def of(self, owner_id: int) -> Connection | None:
        return await self._memory.connections.of(owner_id)

    async def business(self, owner_id: int) -> OpenBusiness:
        memory = self._memory
        positions = await memory.positions.of(owner_id, open_only=True, limit=_ALL)
        orders = await memory.orders.unsettled_of(owner_id, Mode.LIVE)
        strategies = await memory.strategies.of(owner_id, _LIVING)
        return OpenBusiness(
            sum(1 for one in positions if one.mode is Mode.LIVE),
            len(orders),
            tuple(one for one in strategies if one.mode is Mode.LIVE),
        )

    async def check_place(self, owner_id: int, exchange: str) -> Connection | None:
        """The connection that a key for `exchange` would replace. Raises AskUser where the user
        can't connect there."""
        if await self._memory.desks.of_account(owner_id) is not None:
            raise AskUser(
                "A group's desk can't be connected to an exchange: real money belongs to one "
                "person's own account. The desk trades paper."
            )
        earlier = await self._memory.connections.of(owner_id)
        if earlier is None or earlier.exchange == exchange:
            return earlier
        business = await self.business(owner_id)
        if business.has_trades or business.strategies:
            raise AskUser(
                f"You are connected to {earlier.exchange}, and strategies trade real money there. "
                f"{_WAYS_OUT}, take them to paper with /mode, then /disconnect, and connect to "
                f"{exchange} after that."
            )
        return earlier

    async def connect(self, owner_id: int, key: NewKey) -> Connection:
        """Stored. Another key for the same exchange changes nothing but the key. Raises AskUser
        as `check_place` does."""
        memory = self._memory
        async with memory.transactions.transaction():
            await memory.links.hold(owner_id, owner_id)
            earlier = await self.check_place(owner_id, key.exchange)
            same = earlier if earlier and earlier.exchange == key.exchange else None
            paused = same is not None and same.state is ConnectionState.PAUSED
            stored = await memory.connections.connect(
                Connection(
                    owner_id,
                    key.exchange,
                    key.sealed,
                    key.ends,
                    ConnectionState.PAUSED if paused else ConnectionState.READY,
                    same.why if same and paused else "",
                    same.baseline if same else key.baseline,
                    key.restricted,
                    self._clock.wall(),
                    (same.seen_until if same else None) or key.checked_at,
                )
            )
            if same is None:
                await self._leave_alone(owner_id, key)
            facts = {"exchange": key.exchange, "ends": key.ends, "replaces": bool(same)}
            await memory.audit.record(owner_id, f"user:{owner_id}", "connect", facts)
        return stored

    async def _leave_alone(self, owner_id: int, key: NewKey) -> None:
        """The orders that were there before are the owner's: nobody is asked about them."""
        for order in key.orders:
            gap = foreign_order(order)
            noted = await self._memory.findings.note(found(owner_id, gap, key.checked_at))
            if noted is not None:
                await self._memory.findings.move(noted, FindingState.IGNORED)

    async def disconnect(self, owner_id: int) -> tuple[Connection, list[Strategy]]:
        """The key is forgotten; which that was, and the strategies that were paused by that.
        Raises AskUser while trades or orders are open, or when there is none."""
        memory, paused = self._memory, []
        async with memory.transactions.transaction():
            await memory.links.hold(owner_id, owner_id)
            connection = await memory.connections.of(owner_id)
            if connection is None:
                raise AskUser("No exchange is connected.")
            business = await self.business(owner_id)
            if business.has_trades:
                raise AskUser(still_open(business))
            for strategy in business.strategies:
                why = f"{connection.exchange} was disconnected"
                if await self._hands.pause(owner_id, strategy.id, why):
                    paused.append(strategy)
            await memory.connections.disconnect(owner_id)
            facts = {"exchange": connection.exchange, "ends": connection.ends}
            await memory.audit.record(owner_id, f"user:{owner_id}", "disconnect", facts)
        return connection, paused

    async def refused(self, owner_id: int, why: str, sealed: str = "") -> bool:
        """The exchange does not take the stored key any more: nothing more is sent with it, and
        its owner learns of it once. `sealed` is the one that was tried; False where there is
        another by now, or when that was known."""
        memory = self._memory
        async with memory.transactions.transaction():
            connection = await memory.connections.of(owner_id)
            if connection is None or connection.state is ConnectionState.REFUSED:
                return False
            if sealed and sealed != connection.sealed:
                return False
            to = ConnectionState.REFUSED
            if not await memory.connections.set_state(owner_id, connection.state, to, why):
                return False
            facts = {"exchange": connection.exchange, "ends": connection.ends, "why": why}
            await memory.audit.record(owner_id, "exchange", "key refused", facts)
            since = connection.connected_at
            key = f"key_refused:{owner_id}:{since.isoformat() if since else connection.id}"
            told = {"summary": refusal(connection, why), "state": str(to)}
            told["exchange"] = connection.exchange
            await memory.notices.tell(Notice(owner_id, NoticeKind.ACCOUNT, key, told))
        return True


def still_open(business: OpenBusiness) -> str:
    """Why an account can't be disconnected."""
    counted = []
    if business.positions:
        counted.append(f"{business.positions} trade{'s' * (business.positions != 1)} open")
    if business.orders:
        counted.append(f"{business.orders} order{'s' * (business.orders != 1)} waiting there")
    return (
        f"With real money {' and '.join(counted)} it stays connected: without the key nothing "
        f"could be closed. {_WAYS_OUT}. Then /disconnect."
    )


def refusal(connection: Connection, why: str) -> str:
    """What a user is told of a key that is not taken any more."""
    reason = why or f"{connection.exchange} does not take it any more."
    return (
        f"Your key ending in {connection.ends}: {reason} Nothing can be opened or closed there "
        "meanwhile; stops that rest at the exchange stay there."
    )
