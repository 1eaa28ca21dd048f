"""Closing in our book what was closed at the exchange by another hand.

The account's own history is asked first: a trade of the other side, after the position was
opened, that no order of ours made. Its price, fee and time are booked; what no trade explains is
booked at the last price; of a symbol that is not offered any more, that of its entry if no other is
known.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from agents.domain.errors import AskUser, MarketUnavailable, Moved
from agents.domain.market import Instrument, InstrumentKind
from agents.domain.money import ZERO
from agents.domain.order import Fill, OrderIntent, OrderPurpose, OrderSide, OrderState
from agents.domain.ports import Clock, Market, Memory
from agents.domain.position import Position, PositionState
from agents.domain.venue import Finding, FindingKind, FindingState, VenueFill
from agents.execution.booking.settlement import Settlement
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.proposals.judging import instrument_of
from agents.execution.venues.adopting import CHANGED, Adopting
from agents.execution.venues.catching_up import CatchingUp
from agents.execution.venues.last_prices import LastPrices
from agents.execution.venues.others import booked_of, part_of

REASON = "closed at the exchange by another hand"
_FINEST = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Closure:
    """How a position would be booked as closed. `traded` of its `quantity` (base currency) were
    found in the account's history; `price` is the average of all."""

    finding: Finding
    position: Position
    fills: tuple[Fill, ...]
    traded: Decimal

    @property
    def quantity(self) -> Decimal:
        return sum((fill.quantity for fill in self.fills), ZERO)

    @property
    def price(self) -> Decimal:
        paid = sum((fill.price * fill.quantity for fill in self.fills), ZERO)
        return paid / self.quantity if self.quantity else ZERO


class WritingOff:
    def __init__(
        self,
        memory: Memory,
        market: Market,
        clock: Clock,
        settlement: Settlement,
        catching: CatchingUp,
        adopting: Adopting,
        *,
        passed: Checkpoint = passed,
    ) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock
        self._settlement = settlement
        self._catching = catching
        self._adopting = adopting
        self._prices = LastPrices(market, clock)
        self._passed = passed

    async def closure(self, owner_id: int, finding_id: int, version: int) -> Closure:
        """What would be booked. Raises Moved, TryAgain, MarketUnavailable without a price."""
        async with self._adopting.turn(owner_id):
            return await self._closure(owner_id, finding_id, version)

    async def _closure(self, owner_id: int, finding_id: int, version: int) -> Closure:
        finding, _ = await self._adopting.fresh(owner_id, finding_id, version)
        if finding.kind is not FindingKind.MISSING or finding.position_id is None:
            raise AskUser("Only what is missing can be booked as closed.")
        position = await self._memory.positions.get(owner_id, finding.position_id)
        if position.state is PositionState.CLOSED:
            raise Moved(CHANGED)
        intent = order_of(finding, position)
        fills = await self._traded(finding, position, intent)
        traded = sum((fill.quantity for fill in fills), ZERO)
        rest = min(finding.quantity, position.quantity) - traded
        if rest > 0:
            fills.append(await self._at_last_price(intent, rest, position))
        return Closure(finding, position, tuple(fills), traded)

    async def book(self, owner_id: int, finding_id: int, version: int) -> Closure:
        """Every step may be made again: the order by its key, each fill by its trade."""
        async with self._adopting.turn(owner_id):
            return await self._book(owner_id, finding_id, version)

    async def _book(self, owner_id: int, finding_id: int, version: int) -> Closure:
        closure = await self._closure(owner_id, finding_id, version)
        intent = order_of(closure.finding, closure.position)
        intent = replace(intent, quantity=closure.quantity, filled=closure.quantity)
        await self._memory.orders.add(intent)
        self._passed("missing.stored")
        for fill in closure.fills:
            heard = replace(fill, heard_at=self._clock.wall())
            await self._settlement.book(heard, await self._gone(closure.position))
        await self._memory.findings.move(closure.finding, FindingState.CLOSED)
        facts = {"position_id": closure.position.id, "price": str(closure.price)}
        actor = f"user:{owner_id}"
        await self._memory.audit.record(owner_id, actor, "booked as closed", facts)
        return closure

    async def _traded(
        self, finding: Finding, position: Position, intent: OrderIntent
    ) -> list[Fill]:
        """Trades of another hand that closed it, newest first, as much as is missing."""
        side, left = OrderSide.to_close(position.side), finding.quantity
        told = await self._catching.history(finding.owner_id, finding.symbol, position.opened_at)
        used = await booked_of(self._memory, finding.owner_id)
        fills: list[Fill] = []
        for one in reversed(told):
            free = one.fill.quantity - used.get((finding.symbol, one.fill.trade_id), ZERO)
            later = one.fill.side is side and one.fill.at >= position.opened_at
            if left <= 0 or free <= 0 or not later or not await self._is_foreign(finding, one):
                continue
            fills.append(part_of(one.fill, min(left, free), intent))
            left -= fills[-1].quantity
        return fills[::-1]

    async def _is_foreign(self, finding: Finding, told: VenueFill) -> bool:
        return await self._catching.intent_of(finding.owner_id, told) is None

    async def _gone(self, position: Position) -> Instrument | None:
        """What is known of a symbol that is not offered any more; None of one that is."""
        universe = await self._market.universe()
        if position.symbol in universe:
            return None
        base, _, quote = position.symbol.partition("/")
        kinds = [one.kind for one in universe.instruments] or [InstrumentKind.LINEAR]
        step = position.step or _FINEST
        return Instrument(position.symbol, base, quote, _FINEST, step, ZERO, ZERO, kinds[0])

    async def _at_last_price(
        self, intent: OrderIntent, quantity: Decimal, position: Position
    ) -> Fill:
        gone = await self._gone(position)
        instrument = gone or await instrument_of(self._market, intent.symbol)
        price = await self._prices.now(intent.symbol) or (position.entry_price if gone else None)
        if price is None:
            raise MarketUnavailable(f"There is no price of {intent.symbol} at the moment.")
        return Fill(
            intent.client_id,
            "unseen",
            intent.symbol,
            intent.side,
            price,
            quantity,
            ZERO,
            instrument.quote,
            self._clock.now(),
        )


def order_of(finding: Finding, position: Position) -> OrderIntent:
    """The order that stands in our book for what another hand did; it is never sent."""
    return OrderIntent(
        key=f"missing:finding:{finding.id}:v{finding.version}",
        owner_id=position.owner_id,
        strategy_id=position.strategy_id,
        account_id=position.account_id,
        symbol=position.symbol,
        mode=position.mode,
        purpose=OrderPurpose.CLOSE,
        side=OrderSide.to_close(position.side),
        quantity=finding.quantity,
        created_at=finding.found_at,
        proposal_id=position.proposal_id,
        position_id=position.id,
        reason=REASON,
        state=OrderState.FILLED,
    )
