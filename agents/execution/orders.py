"""Sends stored intents, once each, and finds out what became of them.

    NEW --compare-and-set--> SENDING --broker--> OPEN ... FILLED
                                |
                                +-- no answer: UNKNOWN, looked up by client order id

"No answer" is not "no": an order that the broker does not know is looked up again, and only
after two such answers, some time apart, sent again under the same client order id.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from agents.domain.broker import Broker
from agents.domain.errors import MarketUnavailable, OrderRejected, OrderUnknown, TryAgain
from agents.domain.market import Instrument
from agents.domain.order import (
    UNSETTLED,
    BrokerOrder,
    Fill,
    OrderIntent,
    OrderPurpose,
    OrderState,
)
from agents.domain.ports import Clock, Market, Memory
from agents.domain.proposal import ProposalState
from agents.domain.strategy import Mode
from agents.execution.backlog import Backlog
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.failing import Failures
from agents.execution.gate import Gate
from agents.execution.judging import instrument_of
from agents.execution.settlement import Settlement

log = logging.getLogger(__name__)
LOOK_AGAIN_AFTER = timedelta(seconds=10)
_UNANSWERED = frozenset({OrderState.SENDING, OrderState.UNKNOWN})
_ENDED = frozenset({OrderState.CANCELLED, OrderState.EXPIRED})


@runtime_checkable
class Adopts(Protocol):
    """A broker whose book is only memory and is filled from stored intents after a restart."""

    async def adopt(self, intents: Sequence[OrderIntent]) -> None: ...


class Orders:
    def __init__(
        self,
        memory: Memory,
        brokers: Mapping[Mode, Broker],
        market: Market,
        clock: Clock,
        settlement: Settlement,
        failures: Failures,
        gate: Gate,
        *,
        passed: Checkpoint = passed,
    ) -> None:
        self._memory = memory
        self._brokers = brokers
        self._market = market
        self._clock = clock
        self._settlement = settlement
        self._failures = failures
        self._gate = gate
        self._passed = passed
        self._in_hand: set[int] = set()
        self._missed: dict[int, datetime] = {}
        self._fills: Backlog[Fill] = Backlog(self._book)
        self._outgoing: Backlog[OrderIntent] = Backlog(self._send_all)
        for broker in brokers.values():
            broker.listen(self._fills.put)

    def send_soon(self, intent: OrderIntent) -> None:
        """Send in the background, with others that are waiting."""
        self._outgoing.put(intent)

    async def idle(self) -> None:
        """Return when nothing is being sent or booked."""
        while self._outgoing.busy or self._fills.busy:
            await self._outgoing.idle()
            await self._fills.idle()

    async def send(self, intent: OrderIntent) -> OrderIntent:
        """Send a NEW intent unless another does; the intent as it is afterwards.

        Raises nothing of the broker's: what went wrong is the state and `error` of the intent.
        An intent that can't be judged or sent at the moment stays NEW for `recover`.
        """
        if intent.state is not OrderState.NEW:
            return await self._memory.orders.get(intent.id)
        try:
            instrument = await instrument_of(self._market, intent.symbol)
            if intent.purpose is OrderPurpose.ENTRY and (no := await self._gate.why_not(intent)):
                return await self._failures.fail(intent, OrderState.CANCELLED, no)
        except MarketUnavailable as fault:
            log.warning("Order %s waits: %s", intent.client_id, fault)
            return intent
        if not await self._memory.orders.move(intent, OrderState.SENDING):
            return await self._memory.orders.get(intent.id)
        return await self._hand_over(replace(intent, state=OrderState.SENDING), instrument)

    async def cancel(
        self, intent: OrderIntent, ended: ProposalState = ProposalState.REFUSED
    ) -> OrderIntent:
        """Take back what is not filled of an order; the intent as it is afterwards. The
        proposal of an entry that had no fill becomes `ended`."""
        if intent.state is OrderState.NEW:
            return await self._failures.fail(intent, OrderState.CANCELLED, "taken back", ended)
        answer = await self._broker(intent).cancel(intent)
        return await self._take(intent, answer, ended) if answer else intent

    async def recover(self) -> None:
        """Ask the brokers what is true of every unsettled order: at start and every minute."""
        unsettled = await self._memory.orders.in_states(UNSETTLED)
        for intent in unsettled:
            if intent.id in self._in_hand:
                continue
            try:
                await self._settle(intent)
            except TryAgain as fault:
                log.warning("Order %s waits: %s", intent.client_id, fault)
            except Exception:
                log.exception("Order %s could not be looked up; again later.", intent.client_id)
        known = {intent.id for intent in unsettled}
        self._missed = {key: at for key, at in self._missed.items() if key in known}

    async def look_up(self, intent: OrderIntent) -> None:
        """Ask the broker now what became of an unsettled order. Raises TryAgain."""
        if intent.id not in self._in_hand:
            await self._settle(intent)

    # --- sending ------------------------------------------------------------------------------

    async def _hand_over(self, intent: OrderIntent, instrument: Instrument) -> OrderIntent:
        """`intent` is SENDING, by this process."""
        self._passed("order.sending")
        self._in_hand.add(intent.id)
        try:
            answer = await self._broker(intent).submit(intent, instrument)
        except OrderRejected as refusal:
            return await self._failures.fail(intent, OrderState.REJECTED, str(refusal))
        except Exception as fault:
            return await self._unknown(intent, fault)
        finally:
            self._in_hand.discard(intent.id)
        self._passed("order.submitted")
        return await self._take(intent, answer)

    async def _unknown(self, intent: OrderIntent, fault: Exception) -> OrderIntent:
        if not isinstance(fault, OrderUnknown):
            log.error("Sending order %s broke off.", intent.client_id, exc_info=fault)
        await self._memory.orders.move(intent, OrderState.UNKNOWN, error=str(fault))
        self._passed("order.unknown")
        fresh = await self._memory.orders.get(intent.id)
        if fresh.state in _UNANSWERED:
            await self._settle(fresh)
        return await self._memory.orders.get(intent.id)

    def _broker(self, intent: OrderIntent) -> Broker:
        if intent.mode not in self._brokers:
            raise OrderRejected(f"There is no broker for {intent.mode} trading here.")
        return self._brokers[intent.mode]

    async def _send_all(self, intents: Sequence[OrderIntent]) -> None:
        answers = await asyncio.gather(
            *(self.send(intent) for intent in intents), return_exceptions=True
        )
        for intent, answer in zip(intents, answers, strict=True):
            if isinstance(answer, Exception):
                log.error("Order %s is not sent yet.", intent.client_id, exc_info=answer)
            elif isinstance(answer, BaseException):
                raise answer

    # --- answers ------------------------------------------------------------------------------

    async def _book(self, fills: Sequence[Fill]) -> None:
        for fill in fills:
            try:
                await self._settlement.book(fill)
            except Exception:
                log.exception("Fill %s is not booked yet; again at the next look.", fill.trade_id)

    async def _take(
        self,
        intent: OrderIntent,
        answer: BrokerOrder,
        ended: ProposalState = ProposalState.REFUSED,
    ) -> OrderIntent:
        """Write down what a broker says of an order; the intent afterwards."""
        self._missed.pop(intent.id, None)
        for fill in answer.fills:
            await self._settlement.book(fill)
        fresh = await self._memory.orders.get(intent.id)
        if answer.state is OrderState.REJECTED:
            return await self._failures.fail(fresh, OrderState.REJECTED, answer.reason)
        if answer.state in _ENDED:
            reason = answer.reason or "taken back"
            return await self._failures.fail(fresh, answer.state, reason, ended)
        if answer.state is OrderState.FILLED and fresh.filled and fresh.state in UNSETTLED:
            await self._memory.orders.move(fresh, OrderState.FILLED)
        elif answer.state is OrderState.OPEN and fresh.state in _UNANSWERED:
            await self._memory.orders.move(fresh, OrderState.OPEN)
        self._passed("order.recorded")
        return await self._memory.orders.get(intent.id)

    # --- looking up ---------------------------------------------------------------------------

    async def _settle(self, intent: OrderIntent) -> None:
        if intent.state is OrderState.NEW:
            await self.send(intent)
            return
        broker = self._broker(intent)
        answer = await broker.lookup(intent)
        if answer is not None:
            await self._take(intent, answer)
        elif isinstance(broker, Adopts):
            await self._adopt(intent, broker)
        elif intent.state in _UNANSWERED:
            await self._look_again(intent)
        else:
            log.warning("The broker no longer knows the open order %s.", intent.client_id)

    async def _adopt(self, intent: OrderIntent, broker: Broker) -> None:
        """Put an order back into a book that died with its process; entries that have become
        too old are cancelled instead, for nobody would approve them now."""
        if intent.purpose is OrderPurpose.ENTRY and not intent.filled:
            why = await self._gate.too_late(intent)
            if why:
                await self._failures.fail(intent, OrderState.CANCELLED, why)
                return
        if isinstance(broker, Adopts):
            await broker.adopt([intent])
        answer = await broker.lookup(intent)
        if answer is not None:
            await self._take(intent, answer)

    async def _look_again(self, intent: OrderIntent) -> None:
        """The broker knows nothing of an unanswered order: believe it at the second time."""
        wall = self._clock.wall()
        since = self._missed.setdefault(intent.id, wall)
        if intent.state is OrderState.SENDING:
            await self._memory.orders.move(intent, OrderState.UNKNOWN, error="no answer")
            return
        if wall - since < LOOK_AGAIN_AFTER:
            return
        instrument = await instrument_of(self._market, intent.symbol)
        if intent.purpose is OrderPurpose.ENTRY and (no := await self._gate.why_not(intent)):
            await self._failures.fail(intent, OrderState.CANCELLED, no)
            return
        self._missed.pop(intent.id, None)
        if await self._memory.orders.move(intent, OrderState.SENDING):
            await self._hand_over(replace(intent, state=OrderState.SENDING), instrument)
