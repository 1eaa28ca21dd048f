"""Resting orders stored, placed, cancelled and looked up: what guards do, one step each.

A resting order is stored as SENDING before the broker is asked and is sent once. One without an
answer is looked up; where the exchange does not know it, it is CANCELLED here, and whoever wants
it places another under a new key. The key counts the resting orders that a position ever had, so
that of two processes one stores the next.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from agents.domain.broker import Broker
from agents.domain.errors import BrokerAway, BrokerBusy, OrderUnknown, Refused, StopTooNear
from agents.domain.market import Instrument
from agents.domain.order import (
    FAILED,
    ORDER_MOVES,
    UNSETTLED,
    BrokerOrder,
    OrderIntent,
    OrderKind,
    OrderSide,
    OrderState,
)
from agents.domain.ports import Clock, Memory
from agents.domain.position import Position
from agents.domain.proposal import Trailing
from agents.domain.trail import ids, what
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.figures import plain
from agents.execution.guards.legs import RESTING, Group, Leg, groups_of
from agents.execution.ordering.answers import UNANSWERED, Answers
from agents.execution.turns import together

log = logging.getLogger(__name__)
_UNKNOWN_THERE = "the exchange does not know it"


class NotMoved(BrokerAway):
    """A stop may not be moved, and covers where it is."""


class Verdict(StrEnum):
    PLACED = "placed"
    REFUSED = "refused"  # by the exchange, for the reason given
    TOO_NEAR = "too_near"  # the price is beyond the stop
    UNCLEAR = "unclear"  # no answer: it has to be looked up


@dataclass(frozen=True, slots=True)
class Outcome:
    verdict: Verdict
    why: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the orders of a position rest."""

    position: Position
    instrument: Instrument
    broker: Broker


class Resting:
    def __init__(
        self, memory: Memory, clock: Clock, answers: Answers, *, passed: Checkpoint = passed
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._answers = answers
        self._passed = passed
        self._ours: set[int] = set()  # asked to be cancelled by us: no surprise when they end
        self._seen: set[int] = set()  # at rest, by this process

    async def place(
        self, ground: Ground, group: Group, number: int, instead_of: Sequence[OrderIntent] = ()
    ) -> Outcome:
        """Store and send the orders of a group; `number` is how many the position had before.

        Raises BrokerBusy and BrokerAway, when nothing was placed.
        """
        intents = await self._store(ground.position, group, number)
        if not intents:
            return Outcome(Verdict.UNCLEAR, "another process was first")
        self._ours.update(item.id for item in instead_of)
        for intent in intents:
            log.info("A resting order goes out.", extra=ids(intent) | what(intent))
        try:
            answers = await ground.broker.rest(intents, ground.instrument, instead_of)
        except Refused as no:
            await self._end(intents, OrderState.REJECTED, str(no))
            near = isinstance(no, StopTooNear)
            return Outcome(Verdict.TOO_NEAR if near else Verdict.REFUSED, str(no).rstrip("."))
        except (BrokerBusy, BrokerAway) as fault:
            await self._end(intents, OrderState.CANCELLED, str(fault))
            raise
        except Exception as fault:
            unexpected = None if isinstance(fault, OrderUnknown) else fault
            for intent in intents:
                words = "A resting order had no answer; it is looked up."
                log.warning(words, exc_info=unexpected, extra=ids(intent))
                await self._memory.orders.move(intent, OrderState.UNKNOWN, error=str(fault))
            return Outcome(Verdict.UNCLEAR, str(fault))
        self._passed("guard.placed")
        for intent, answer in zip(intents, answers, strict=True):
            await self._record(intent, answer, ground.broker)
        self._passed("guard.recorded")
        return Outcome(Verdict.PLACED)

    async def cancel(self, intent: OrderIntent, broker: Broker) -> OrderIntent:
        """Take an order back, with what it had filled booked first. Raises what the broker raises
        when that is not certain."""
        self._passed("guard.cancelling")
        self._ours.add(intent.id)
        answer = await broker.cancel(intent)
        self._passed("guard.cancelled")
        if answer is None:
            return await self._ended(intent, OrderState.CANCELLED, _UNKNOWN_THERE)
        after = await self._record(intent, answer, broker)
        self._passed("guard.recorded")
        if after.state not in UNSETTLED:
            self._ours.discard(intent.id)
        return after

    async def cancel_all(self, intents: Sequence[OrderIntent], broker: Broker) -> None:
        """Take orders back at once, so that what they covered waits for one round trip and not for
        one after the other. Raises as `cancel`."""
        await together(self._cancel_group(group, broker) for group in groups_of(intents))

    async def _cancel_group(self, group: Sequence[OrderIntent], broker: Broker) -> None:
        for intent in group:
            fresh = await self._memory.orders.get(intent.id)
            if fresh.state in UNSETTLED:
                await self.cancel(fresh, broker)

    async def look(self, intent: OrderIntent, broker: Broker) -> OrderIntent | None:
        """What became of an order; None when the exchange no longer knows one that rested."""
        answer = await broker.lookup(intent)
        if answer is not None:
            return await self._record(intent, answer, broker)
        if intent.state in UNANSWERED:
            return await self._ended(intent, OrderState.CANCELLED, _UNKNOWN_THERE)
        return None

    async def forget(self, intent: OrderIntent) -> OrderIntent:
        """An order that was never sent, or that the exchange lost."""
        return await self._ended(intent, OrderState.CANCELLED, _UNKNOWN_THERE)

    async def take(self, intent: OrderIntent, answer: BrokerOrder, broker: Broker) -> OrderIntent:
        """An answer that was not asked for."""
        return await self._record(intent, answer, broker)

    def surprising(self, before: OrderIntent, after: OrderIntent) -> bool:
        """Whether an order ended that nobody here wanted to end. One that this process never saw
        at rest may have been taken back by the one before it."""
        ended = before.state in UNSETTLED and after.state in FAILED
        return ended and before.id in self._seen and before.id not in self._ours

    # --- writing ------------------------------------------------------------------------------

    async def _store(self, position: Position, group: Group, number: int) -> list[OrderIntent]:
        """The intents as stored, SENDING; none when their keys are taken."""
        intents = resting_orders(position, group, number, self._clock)
        stored: list[OrderIntent] = []
        async with self._memory.transactions.transaction():
            for intent in intents:
                added = await self._memory.orders.add(intent)
                self._passed("guard.storing")
                if added is None:
                    break  # the first of a group is taken or none of them is
                stored.append(added)
        self._passed("guard.stored")
        return stored

    async def _record(
        self, intent: OrderIntent, answer: BrokerOrder, broker: Broker
    ) -> OrderIntent:
        """Written down; an order that was given up here meanwhile and rests there is cancelled."""
        after = await self._answers.take(intent, answer)
        if after.state in RESTING:
            self._seen.add(intent.id)
        if after.state in FAILED and answer.state in {OrderState.OPEN, OrderState.PART_FILLED}:
            late = await broker.cancel(after)
            if late is not None:
                return await self._answers.take(after, late)
        return after

    async def _end(self, intents: Sequence[OrderIntent], to: OrderState, why: str) -> None:
        for intent in intents:
            await self._ended(intent, to, why)

    async def _ended(self, intent: OrderIntent, to: OrderState, why: str) -> OrderIntent:
        if to in ORDER_MOVES[intent.state]:
            await self._memory.orders.move(intent, to, error=why)
            told = ids(intent) | {"state": to, "why": why}
            log.info("A resting order has ended.", extra=told)
        self._ours.discard(intent.id)
        return await self._memory.orders.get(intent.id)


def resting_orders(
    position: Position, group: Group, number: int, clock: Clock
) -> list[OrderIntent]:
    """The intents of a group; `number` makes their keys unique."""
    keys = [f"guard:position:{position.id}:{number + place}" for place in range(len(group))]
    pair = keys[0] if len(group) > 1 else ""
    plain_order = OrderIntent(
        key="",
        owner_id=position.owner_id,
        strategy_id=position.strategy_id,
        account_id=position.account_id,
        symbol=position.symbol,
        mode=position.mode,
        purpose=group[0].purpose,
        side=OrderSide.to_close(position.side),
        quantity=group[0].quantity,
        created_at=clock.now(),
        proposal_id=position.proposal_id,
        position_id=position.id,
        state=OrderState.SENDING,
        sent_at=clock.wall(),
        pair=pair,
    )
    return [
        replace(
            plain_order,
            key=key,
            purpose=leg.purpose,
            kind=leg.kind,
            quantity=leg.quantity,
            price=leg.price,
            trigger=leg.price,
            target=leg.target,
            reason=told_as(position, leg),
        )
        for key, leg in zip(keys, group, strict=True)
    ]


def told_as(position: Position, leg: Leg) -> str:
    """What its fill is called, as those of exits that are watched here."""
    if leg.kind is OrderKind.LIMIT and leg.target is not None:
        alone = len(position.targets) == 1
        name = "target" if alone else f"target {leg.target + 1}"
    elif position.entry_price == position.stop:
        name = "break-even stop"
    elif trails(position.trailing) and position.stop != position.initial_stop:
        name = "trailing stop"
    else:
        name = "stop"
    return f"{name} at {plain(leg.price)}"


def trails(trailing: Trailing) -> bool:
    return trailing.distance is not None or trailing.percent is not None
