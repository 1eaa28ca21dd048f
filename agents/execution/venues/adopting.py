"""What is done, by its owner's tap, about what an exchange holds and nobody here knows.

A position or a holding that is adopted becomes a trade like any other: strategy, decision,
proposal, order and fill are made for it through the repositories, in one transaction, and no
adopted trade is without a stop. Before anything is done the account is looked at once more.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from agents.domain.decision import Action, Decision
from agents.domain.errors import AskUser, MarketUnavailable, Moved
from agents.domain.market import Instrument
from agents.domain.money import HUNDRED, ONE
from agents.domain.order import Fill, OrderIntent, OrderPurpose, OrderSide, OrderState
from agents.domain.ports import Clock, Market, Memory
from agents.domain.position import Account, Position
from agents.domain.proposal import Plan, Proposal, ProposalState, Trailing
from agents.domain.strategy import Mode, RunKind, Side, Sides, Strategy, StrategySpec, StrategyState
from agents.domain.venue import (
    Connection,
    Finding,
    FindingKind,
    FindingState,
    Venue,
    VenueState,
    spot_holding,
)
from agents.execution.booking.bookkeeping import opened
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.figures import plain
from agents.execution.leaving.exitbook import ExitBook
from agents.execution.leaving.hands import HandOutcome, Hands
from agents.execution.proposals.judging import instrument_of
from agents.execution.venues.last_prices import LastPrices
from agents.execution.venues.reconciliation import Reconciliation

ADOPTED = "Taken over from the exchange"
"""How the sentence of a strategy begins that only holds what was adopted."""
TIMEFRAME = "1h"
CLOSING_STOP = Decimal(5)  # percent, of what is adopted only to be closed at once
CHANGED = "That has changed in the meantime; /receipt shows what is there now."
_WAITS = frozenset({FindingState.OPEN, FindingState.IGNORED})


@dataclass(frozen=True, slots=True)
class Offer:
    """What adopting would take over, as it is now. `entry` is the exchange's average price, or
    the last price where an exchange keeps none (`entry_known` False)."""

    finding: Finding
    exchange: str
    instrument: Instrument
    price: Decimal
    entry: Decimal
    entry_known: bool
    leverage: int = 1
    liquidation: Decimal | None = None

    @property
    def side(self) -> Side:
        return Side(self.finding.side)

    def stop(self, percent: Decimal) -> Decimal:
        """A stop so many percent from the price of now."""
        return self.instrument.price(self.price * (ONE - self.side.sign * percent / HUNDRED))

    def check(self, stop: Decimal) -> None:
        """Raises AskUser for a stop that would not protect."""
        sign = self.side.sign
        if not stop.is_finite() or stop <= 0:
            raise AskUser("A stop is a price above zero.")
        if (self.price - stop) * sign <= 0:
            where = "below" if sign > 0 else "above"
            raise AskUser(
                f"The stop of a {self.side} has to be {where} the price, which is "
                f"{plain(self.price)} now."
            )
        if self.liquidation is not None and (stop - self.liquidation) * sign <= 0:
            raise AskUser(
                f"{self.exchange} would liquidate at {plain(self.liquidation)}, before a stop at "
                f"{plain(stop)}. Choose one nearer to the price."
            )


class Adopting:
    def __init__(
        self,
        memory: Memory,
        market: Market,
        clock: Clock,
        venue: Venue,
        hands: Hands,
        book: ExitBook,
        reconciliation: Reconciliation,
        *,
        passed: Checkpoint = passed,
    ) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock
        self._venue = venue
        self._hands = hands
        self._book = book
        self._reconciliation = reconciliation
        self._prices = LastPrices(market, clock)
        self._passed = passed

    # --- looking ------------------------------------------------------------------------------

    async def fresh(
        self, owner_id: int, finding_id: int, version: int
    ) -> tuple[Finding, VenueState]:
        """The finding with what the exchange says now, for whoever holds the account's turn. Raises
        Moved when it is another by now, or was answered; TryAgain when the exchange can't be
        asked."""
        receipt = await self._reconciliation.look_in_turn(owner_id)
        if receipt is None:
            raise AskUser("No exchange is connected any more; /connect connects one.")
        return await self.waiting(owner_id, finding_id, version), receipt.state

    async def waiting(self, owner_id: int, finding_id: int, version: int) -> Finding:
        """Raises Moved."""
        finding = await self._memory.findings.get(owner_id, finding_id)
        if finding.state not in _WAITS or finding.version != version:
            raise Moved(CHANGED)
        return finding

    async def offer(self, owner_id: int, finding_id: int, version: int) -> Offer:
        """Raises Moved, TryAgain, and AskUser for what can't be adopted."""
        async with self.turn(owner_id):
            return await self._offer(owner_id, finding_id, version)

    def turn(self, owner_id: int) -> asyncio.Lock:
        return self._reconciliation.turn(owner_id)

    async def _offer(self, owner_id: int, finding_id: int, version: int) -> Offer:
        finding, state = await self.fresh(owner_id, finding_id, version)
        if finding.kind not in {FindingKind.POSITION, FindingKind.HOLDING}:
            raise AskUser("Only what is held can be taken over.")
        instrument = await instrument_of(self._market, finding.symbol)
        price = await self._prices.now(finding.symbol)
        if price is None:
            raise MarketUnavailable(f"There is no price of {finding.symbol} at the moment.")
        there = next((one for one in state.positions if one.symbol == finding.symbol), None)
        return Offer(
            finding,
            (await self._connection(owner_id)).exchange,
            instrument,
            price,
            there.entry_price if there else price,
            there is not None,
            there.leverage if there else 1,
            there.liquidation if there else None,
        )

    async def _connection(self, owner_id: int) -> Connection:
        connection = await self._memory.connections.of(owner_id)
        if connection is None:
            raise AskUser("No exchange is connected any more; /connect connects one.")
        return connection

    # --- answers ------------------------------------------------------------------------------

    async def adopt(
        self, owner_id: int, finding_id: int, version: int, stop: Decimal
    ) -> tuple[Position, Offer]:
        """Take it over, with a stop. Raises AskUser for a stop on the wrong side."""
        async with self.turn(owner_id):
            offer = await self._offer(owner_id, finding_id, version)
            stop = offer.instrument.price(stop)
            offer.check(stop)
            async with self._memory.transactions.transaction():
                position = await self._take_over(offer, stop)
        self._passed("adopt.done")
        self._book.follow(position)
        return position, offer

    async def close(self, owner_id: int, finding_id: int, version: int) -> HandOutcome:
        """Take it over and close it at the market; one transaction stores both."""
        async with self.turn(owner_id):
            offer = await self._offer(owner_id, finding_id, version)
            async with self._memory.transactions.transaction():
                position = await self._take_over(offer, offer.stop(CLOSING_STOP))
                stored = await self._hands.store_close(owner_id, position.id)
        self._passed("adopt.done")
        return await self._hands.send_close(stored)

    async def cancel_order(self, owner_id: int, finding_id: int, version: int) -> Finding:
        """Cancel an open order that is not ours."""
        async with self.turn(owner_id):
            finding, state = await self.fresh(owner_id, finding_id, version)
            name = finding.symbol, finding.venue_id  # counted anew for each symbol by some
            order = next((one for one in state.orders if (one.symbol, one.venue_id) == name), None)
            if order is None or finding.kind is not FindingKind.ORDER:
                raise Moved(CHANGED)
            await self._venue.cancel_foreign(owner_id, order)
            await self._answered(finding, FindingState.CLOSED)
            return finding

    async def ignore(self, owner_id: int, finding_id: int, version: int) -> Finding:
        """Leave it alone: coins become the owner's own, and a position is not asked of again while
        it stays as large. What is missing stays a reason to open nothing, unless coins are enough
        for what we hold; then those that went were the owner's own."""
        async with self.turn(owner_id):
            finding = await self.waiting(owner_id, finding_id, version)
            own = await self._own_coins(finding)
            async with self._memory.transactions.transaction():
                if own is not None:
                    await self._change_own(finding, *own)
                await self._answered(finding, FindingState.IGNORED)
            return finding

    async def _own_coins(self, finding: Finding) -> tuple[Decimal, Decimal | None] | None:
        """How much more of the coin is its owner's own, and what that was where it matters; None
        where nothing changes."""
        if finding.kind is FindingKind.HOLDING:
            return finding.quantity, None
        if finding.kind is FindingKind.MISSING:
            return await self._coins_left(finding)
        return None

    async def _change_own(self, finding: Finding, more: Decimal, was: Decimal | None) -> None:
        coin, owner = finding.symbol.partition("/")[0], finding.owner_id
        if await self._memory.connections.change_baseline(owner, coin, more, was) is None:
            raise Moved(CHANGED)

    async def _coins_left(self, finding: Finding) -> tuple[Decimal, Decimal] | None:
        state = await self._venue.state(finding.owner_id)
        connection = await self._connection(finding.owner_id)
        instrument = await instrument_of(self._market, finding.symbol)
        coin, total = instrument.base, spot_holding(instrument, state)
        held = await self._memory.positions.of(finding.owner_id, open_only=True, limit=10_000)
        ours = sum(
            one.quantity
            for one in held
            if one.mode is Mode.LIVE and one.symbol.partition("/")[0] == coin
        )
        enough = coin in connection.baseline and total >= ours
        was = connection.baseline.get(coin, Decimal(0))
        return (total - ours - was, was) if enough else None

    async def _answered(self, finding: Finding, to: FindingState) -> None:
        """Raises Moved when another tap was faster."""
        async with self._memory.transactions.transaction():
            if not await self._memory.findings.move(finding, to):
                raise Moved(CHANGED)
            owner = finding.owner_id
            facts = {
                "finding": finding.id,
                "kind": str(finding.kind),
                "symbol": finding.symbol,
                "quantity": str(finding.quantity),
            }
            await self._memory.audit.record(owner, f"user:{owner}", f"receipt {to}", facts)

    # --- taking over --------------------------------------------------------------------------

    async def _take_over(self, offer: Offer, stop: Decimal) -> Position:
        """Everything that an approved trade leaves behind; in the caller's transaction."""
        await self._answered(offer.finding, FindingState.ADOPTED)
        now, memory = self._clock.now(), self._memory
        strategy = await self._strategy(offer, now)
        margin = offer.entry * offer.finding.quantity / offer.leverage
        account = await memory.accounts.open(strategy.owner_id, strategy.id, Mode.LIVE, margin, now)
        [decision] = await memory.decisions.store([], [_decision(offer, strategy, now)])
        plan = Plan(
            side=offer.side,
            entry=offer.entry,
            stop=stop,
            targets=(),
            trailing=Trailing(),
            quantity=offer.finding.quantity,
            leverage=offer.leverage,
            liquidation=offer.liquidation,
        )
        wanted = _proposal(offer, strategy, decision, plan, account, self._clock.wall())
        proposal = await memory.proposals.add(wanted)
        if proposal is None:
            raise Moved(CHANGED)
        return await self._entered(offer, proposal, account, now)

    async def _strategy(self, offer: Offer, now: datetime) -> Strategy:
        """One that opens nothing: no candle sets it off, and it is paused."""
        finding, found = offer.finding, self._memory.strategies
        spec = StrategySpec(
            symbols=(finding.symbol,),
            side=Sides(finding.side),
            timeframe=TIMEFRAME,
            stop="2%",
            leverage=min(max(offer.leverage, 1), 20),
        )
        sentence = f"{ADOPTED}: {finding.side} {plain(finding.quantity)} {finding.symbol}"
        owner = finding.owner_id
        drafted = await found.draft(
            owner, f"Adopted {finding.symbol}", spec, sentence, Mode.LIVE, now
        )
        await found.set_run(owner, drafted.id, RunKind.ON_SIGNAL.value)
        await found.move(owner, drafted.id, StrategyState.ACTIVE, now)
        why = "It only holds what was taken over."
        await found.move(owner, drafted.id, StrategyState.PAUSED, now, reason=why)
        return await found.get(owner, drafted.id)

    async def _entered(
        self, offer: Offer, proposal: Proposal, account: Account, now: datetime
    ) -> Position:
        finding = offer.finding
        intent = await self._memory.orders.add(
            OrderIntent(
                key=f"adopted:finding:{finding.id}:v{finding.version}",
                owner_id=finding.owner_id,
                strategy_id=proposal.strategy_id,
                account_id=account.id,
                symbol=finding.symbol,
                mode=Mode.LIVE,
                purpose=OrderPurpose.ENTRY,
                side=OrderSide.to_open(offer.side),
                quantity=finding.quantity,
                created_at=now,
                proposal_id=proposal.id,
                trigger=offer.entry,
                reason="taken over by its owner",
                state=OrderState.FILLED,
                filled=finding.quantity,
            )
        )
        if intent is None:
            raise Moved(CHANGED)
        fill = self._fill(offer, intent, now)
        await self._memory.orders.add_fill(intent, fill)
        position = opened(proposal, intent, fill, offer.instrument)
        if offer.liquidation is not None:
            position = replace(position, liquidation=offer.liquidation)
        return await self._memory.positions.add(position)

    def _fill(self, offer: Offer, intent: OrderIntent, now: datetime) -> Fill:
        return Fill(
            client_id=intent.client_id,
            trade_id="adopted",
            symbol=intent.symbol,
            side=intent.side,
            price=offer.entry,
            quantity=intent.quantity,
            fee=Decimal(0),
            fee_currency=offer.instrument.quote,
            at=now,
            heard_at=self._clock.wall(),
        )


def _decision(offer: Offer, strategy: Strategy, now: datetime) -> Decision:
    return Decision(
        strategy.id,
        strategy.owner_id,
        strategy.version,
        offer.finding.symbol,
        TIMEFRAME,
        now,
        Action.ENTER_LONG if offer.side is Side.LONG else Action.ENTER_SHORT,
        f"taken over from {offer.exchange} by its owner",
        now,
    )


def _proposal(
    offer: Offer,
    strategy: Strategy,
    decision: Decision,
    plan: Plan,
    account: Account,
    wall: datetime,
) -> Proposal:
    """One that has had its yes, and its fill."""
    return Proposal(
        owner_id=strategy.owner_id,
        strategy_id=strategy.id,
        strategy_version=strategy.version,
        strategy_name=strategy.name,
        decision_id=decision.id,
        symbol=offer.finding.symbol,
        timeframe=TIMEFRAME,
        closed=decision.closed,
        mode=Mode.LIVE,
        plan=plan,
        equity=account.start,
        confidence=None,
        reasons=(decision.reason,),
        advised_by="rules",
        created_at=wall,
        expires_at=wall,
        state=ProposalState.FILLED,
        outcome=f"taken over at {plain(offer.entry)}",
        resolved_by=strategy.owner_id,
        resolved_at=wall,
    )
