"""What may be traded now: the owner's limits, the state of their accounts, and the operator's
word, brought together. Asked at the proposal, at the tap and before the order is sent."""

from decimal import Decimal
from typing import Protocol

from agents.domain.errors import LimitBreach, MarketUnavailable
from agents.domain.market import Instrument, InstrumentKind
from agents.domain.order import OrderIntent, OrderSide
from agents.domain.ports import Clock, Memory
from agents.domain.position import Account, PositionState
from agents.domain.strategy import Mode, Side, StrategySpec
from agents.domain.venue import ConnectionState
from agents.execution.bounds.accounts import Accounts
from agents.execution.bounds.halting import Halts
from agents.execution.bounds.limit_book import LimitBook
from agents.execution.bounds.limits import Bounds, Correlation, Holding, Room, related, unknown


class Funds(Protocol):
    """What users have at their exchanges."""

    def free(self, owner_id: int) -> Decimal | None:
        """Quote currency that may be spent, or be margin; None while it is not known."""

    async def ask(self, owner_id: int) -> None:
        """Ask the exchange now; returns within seconds, whatever came of it."""

    def by_hand(self, owner_id: int, symbol: str) -> Holding | None:
        """What is held of a perpetual there besides our trades."""


class NoFunds:
    """No exchange is connected to this desk."""

    def free(self, owner_id: int) -> Decimal | None:
        return None

    async def ask(self, owner_id: int) -> None:
        pass

    def by_hand(self, owner_id: int, symbol: str) -> Holding | None:
        return None


class Bounding:
    def __init__(
        self,
        memory: Memory,
        clock: Clock,
        accounts: Accounts,
        book: LimitBook,
        halts: Halts,
        *,
        funds: Funds | None = None,
        correlation: Correlation = unknown,
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._accounts = accounts
        self.correlation = correlation
        self._funds = funds or NoFunds()
        self.book = book
        self.halts = halts

    async def know(self, owner_id: int, mode: Mode) -> None:
        """Have the exchange account asked where nobody knows what it holds, as just after a
        start. Not to be called in a transaction, nor while the account is looked at."""
        if mode is Mode.LIVE and self._funds.free(owner_id) is None:
            await self._funds.ask(owner_id)

    async def room(
        self,
        account: Account,
        spec: StrategySpec,
        instrument: Instrument,
        before: OrderIntent | None = None,
    ) -> Room:
        """What a strategy of `spec` may trade in `instrument` from `account`. `before` is an entry
        order about to be sent: it and later ones are left out. Raises MarketUnavailable while it
        is not known what the exchange account holds."""
        limits = await self.book.of(account.owner_id)
        view = await self._accounts.scope(account, before)
        live = account.mode is Mode.LIVE
        return Room(
            view=view,
            bounds=Bounds.of(limits, spec, instrument),
            symbol=instrument.symbol,
            at=self._clock.now(),
            related=related(instrument.symbol, {*view.held, *view.exposure}, self.correlation),
            stop=await self._stop(account.owner_id, live=live),
            free=self._free(account.owner_id) if live else None,
            there=await self._there(account.owner_id, instrument, before) if live else (),
        )

    async def _there(
        self, owner_id: int, instrument: Instrument, before: OrderIntent | None
    ) -> tuple[Holding, ...]:
        """Empty on spot, where coins are coins."""
        if instrument.kind is InstrumentKind.SPOT:
            return ()
        held = await self._memory.positions.of_owner_mode(owner_id, Mode.LIVE, self._clock.now())
        orders = await self._memory.orders.unsettled_of(owner_id, Mode.LIVE)
        coming = [
            Holding(Side.LONG if one.side is OrderSide.BUY else Side.SHORT)
            for one in orders
            if one.symbol == instrument.symbol and _comes_first(one, before)
        ]
        open_ones = [
            Holding(one.side, one.leverage)
            for one in held
            if one.symbol == instrument.symbol and one.state is not PositionState.CLOSED
        ]
        besides = self._funds.by_hand(owner_id, instrument.symbol)
        return (*open_ones, *coming, *((besides,) if besides else ()))

    async def _stop(self, owner_id: int, *, live: bool) -> LimitBreach | None:
        """What forbids every trade of this owner."""
        if halted := await self.halts.present():
            return halted.breach()
        return await self._account_fault(owner_id) if live else None

    async def _account_fault(self, owner_id: int) -> LimitBreach | None:
        connection = await self._memory.connections.of(owner_id)
        if connection is None:
            words = "no exchange account is connected; connect one with /connect"
        elif connection.state is ConnectionState.PAUSED:
            words = f"the {connection.exchange} account is paused: {connection.why}"
        elif connection.state is ConnectionState.REFUSED:
            words = f"{connection.exchange} does not take the key any more; see /connect"
        elif self._funds.free(owner_id) is None:
            raise MarketUnavailable(
                f"What is free on the {connection.exchange} account is not known yet."
            )
        else:
            return None
        return LimitBreach("account", words)

    def _free(self, owner_id: int) -> Decimal:
        return self._funds.free(owner_id) or Decimal(0)


def _comes_first(intent: OrderIntent, before: OrderIntent | None) -> bool:
    """An entry on its way that was stored earlier than the one about to be sent."""
    return not intent.reduces and (before is None or intent.id < before.id)
