"""What a person, or a rule, does by hand: close, close all, pause, panic."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from agents.domain.errors import (
    LimitBreach,
    MarketUnavailable,
    Moved,
    NotFound,
    ParleyError,
    TryAgain,
)
from agents.domain.money import ONE
from agents.domain.order import FAILED, OrderIntent, OrderPurpose
from agents.domain.ports import Clock, Market, Memory
from agents.domain.position import Position, PositionState
from agents.domain.strategy import Step, StrategyState
from agents.domain.trail import ids
from agents.execution.bounds.sizing import check_minimum
from agents.execution.leaving.closing import Closing, Exit
from agents.execution.leaving.stops import StopOutcome, Stops, StopVerdict
from agents.execution.ordering.orders import Orders
from agents.execution.proposals.approvals import Approvals
from agents.execution.proposals.judging import instrument_of

log = logging.getLogger(__name__)
_BROKE = "something went wrong here; close it again"


class HandVerdict(StrEnum):
    SENT = "sent"  # an order is stored and on its way; a message tells of the fill
    ALREADY = "already"  # it is closed, or an order for all of it is on its way
    NOT_FOUND = "not_found"  # no such position, or not this user's
    REFUSED = "refused"  # `reason` says why


@dataclass(frozen=True, slots=True)
class HandOutcome:
    verdict: HandVerdict
    position: Position | None = None
    quantity: Decimal = Decimal(0)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StoredClose:
    """A close that is stored and not yet sent; `refused` where there is none. `whole`: nothing is
    to be left."""

    intents: Sequence[OrderIntent] = ()
    position: Position | None = None
    whole: bool = False
    refused: HandOutcome | None = None


@dataclass(frozen=True, slots=True)
class StoredStep:
    """What a rule of management stored, and is not sent or watched yet."""

    intents: Sequence[OrderIntent] = ()
    moved: StopOutcome | None = None


class Hands:
    def __init__(
        self,
        memory: Memory,
        market: Market,
        clock: Clock,
        approvals: Approvals,
        orders: Orders,
        closing: Closing,
        stops: Stops,
    ) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock
        self._approvals = approvals
        self._orders = orders
        self._closing = closing
        self.stops = stops

    async def close(self, user_id: int, position_id: int, fraction: Decimal = ONE) -> HandOutcome:
        """Close a part (0 to 1) of a position at the market. A rest that would be too small to
        be traded is closed with it. What is not filled of its entry is taken back first."""
        with suppress(NotFound):
            position = await self._memory.positions.get(user_id, position_id)
            if position.state is PositionState.OPEN:
                await self._orders.withdrawals.take_back(position.proposal_id)
        return await self.send_close(await self.store_close(user_id, position_id, fraction))

    async def store_close(
        self, user_id: int, position_id: int, fraction: Decimal = ONE
    ) -> StoredClose:
        """What `close` stores; joins a running transaction, so that `send_close` follows when
        that is committed. Where it does not, the order is sent by the next look for lost ones."""
        try:
            position = await self._memory.positions.get(user_id, position_id)
        except NotFound:
            return StoredClose(refused=HandOutcome(HandVerdict.NOT_FOUND))
        if position.state is not PositionState.OPEN:
            return StoredClose(refused=HandOutcome(HandVerdict.ALREADY, position))
        try:
            quantity = await self._part(position, fraction)
        except (LimitBreach, MarketUnavailable) as fault:
            refused = HandOutcome(HandVerdict.REFUSED, position, reason=str(fault))
            return StoredClose(refused=refused)
        wish = Exit(position.id, OrderPurpose.CLOSE, "closed by hand", quantity)
        facts = {"position_id": position.id, "fraction": str(fraction)}
        await self._memory.audit.record(user_id, f"user:{user_id}", "close", facts)
        return StoredClose(await self._closing.store([wish]), position, quantity is None)

    async def send_close(self, stored: StoredClose) -> HandOutcome:
        if stored.refused is not None or stored.position is None:
            return stored.refused or HandOutcome(HandVerdict.NOT_FOUND)
        outcome = await self._closed(stored.position, stored.intents)
        if stored.whole and outcome.verdict is HandVerdict.SENT:
            return await self._grown(outcome, stored.position)
        return outcome

    async def move_stop(self, user_id: int, position_id: int, stop: Decimal) -> StopOutcome:
        """Move the stop nearer to the price."""
        facts = {"position_id": position_id, "stop": str(stop)}
        await self._memory.audit.record(user_id, f"user:{user_id}", "move stop", facts)
        return await self.stops.move(user_id, position_id, stop, "moved by you")

    async def close_all(self, user_id: int) -> list[HandOutcome]:
        """Close every open position of the user at the market; a fault with one keeps none of
        the others from it."""
        positions = await self._memory.positions.of(user_id, open_only=True, limit=10_000)
        return [await self._close_one(position) for position in positions]

    async def _close_one(self, position: Position) -> HandOutcome:
        try:
            return await self.close(position.owner_id, position.id)
        except Exception as fault:
            log.exception("A position could not be closed.", extra=ids(position))
            reason = str(fault).rstrip(".") if isinstance(fault, ParleyError) else _BROKE
            return HandOutcome(HandVerdict.REFUSED, position, reason=reason)

    async def store_rule_exit(self, position: Position, reason: str) -> Sequence[OrderIntent]:
        """The strategy's own exit rule says so: what is to be sent once it is committed, nothing
        where it is being closed already. Joins a running transaction."""
        return await self._closing.store([Exit(position.id, OrderPurpose.RULE_EXIT, reason)])

    async def store_step(self, position: Position, step: Step, reason: str) -> StoredStep:
        """What a rule of management says: a part closed, or the stop at the entry. Joins a running
        transaction. Raises LimitBreach where the part is too small, MarketUnavailable, and TryAgain
        where the stop can't be there now."""
        if step.close is None:
            entry = position.entry_price
            moved = await self.stops.store(position.owner_id, position.id, entry, reason)
            if moved.verdict is StopVerdict.REFUSED:
                raise TryAgain(moved.reason)
            return StoredStep(moved=moved)
        position = await self._memory.positions.by_id(position.id)
        quantity = await self._part(position, step.close)
        wish = Exit(position.id, OrderPurpose.RULE_EXIT, reason, quantity, step=step.name)
        return StoredStep(await self._closing.store([wish]))

    async def send_step(self, stored: StoredStep) -> None:
        for intent in stored.intents:
            await self._orders.send(intent)
        if stored.moved is not None:
            await self.stops.follow(stored.moved)

    async def send(self, intent: OrderIntent) -> OrderIntent:
        return await self._orders.send(intent)

    async def pause(self, user_id: int, strategy_id: int, reason: str = "") -> bool:
        """No new trades, and what waits is cancelled; open positions keep their exits. False
        when it was not active. Raises NotFound."""
        return await self._stop(user_id, strategy_id, StrategyState.PAUSED, reason)

    async def archive(self, user_id: int, strategy_id: int) -> bool:
        """As `pause`, for good. Raises NotFound."""
        return await self._stop(user_id, strategy_id, StrategyState.ARCHIVED, "")

    async def resume(self, user_id: int, strategy_id: int) -> bool:
        """False when it was not paused. Raises NotFound."""
        strategy = await self._memory.strategies.get(user_id, strategy_id)
        if strategy.state is not StrategyState.PAUSED:
            return False
        return await self._memory.strategies.move(
            user_id, strategy_id, StrategyState.ACTIVE, self._clock.now()
        )

    async def _stop(self, user_id: int, strategy_id: int, to: StrategyState, reason: str) -> bool:
        async with self._memory.transactions.transaction():
            moved = await self._memory.strategies.move(
                user_id, strategy_id, to, self._clock.now(), reason=reason
            )
            if moved:
                await self._approvals.cancel_for(user_id, strategy_id, f"the strategy was {to}")
        return moved

    async def _part(self, position: Position, fraction: Decimal) -> Decimal | None:
        """The quantity to close, None for all. Raises LimitBreach, MarketUnavailable."""
        if fraction >= ONE:
            return None
        instrument = await instrument_of(self._market, position.symbol)
        price = position.entry_price
        quantity = instrument.amount(position.quantity * fraction)
        check_minimum(quantity, price, instrument)
        rest = position.quantity - quantity
        small = rest < instrument.min_amount or rest * price < instrument.min_cost
        return None if small else quantity

    async def _grown(self, outcome: HandOutcome, position: Position) -> HandOutcome:
        """What its entry filled before the rest of that was taken back is closed as well."""
        await self._orders.withdrawals.take_back(position.proposal_id)
        try:
            wish = Exit(position.id, OrderPurpose.CLOSE, "closed by hand")
            more = await self._closing.store([wish])
        except Moved:
            log.warning("A trade that is closed grew meanwhile.", extra=ids(position))
            return outcome
        for intent in more:
            sent = await self._orders.send(intent)
            now = await self._memory.positions.by_id(position.id)
            outcome = replace(outcome, position=now, quantity=outcome.quantity + sent.quantity)
        return outcome

    async def _closed(self, position: Position, intents: Sequence[OrderIntent]) -> HandOutcome:
        for intent in intents:
            sent = await self._orders.send(intent)
            now = await self._memory.positions.by_id(position.id)
            if sent.state in FAILED and not sent.filled:
                closed = now.state is PositionState.CLOSED  # by its stop, at the same moment
                verdict = HandVerdict.ALREADY if closed else HandVerdict.REFUSED
                return HandOutcome(verdict, now, intent.quantity, sent.error)
            return HandOutcome(HandVerdict.SENT, now, sent.quantity)
        return HandOutcome(HandVerdict.ALREADY, position)
