"""Sends stored market orders, once each, and finds out what became of them.

    NEW --compare-and-set--> SENDING --broker--> OPEN ... FILLED
     ^                          |
     +-- the broker was busy ---+
                                +-- no answer: UNKNOWN, looked up by client order id

"No answer" is not "no": an order that the broker does not know is looked up again, after 1, 2, 5
and 10 seconds and then each minute, and only after two such answers, ten seconds apart, sent
again under the same client order id. "Busy" is "no": the same order goes out when the broker said,
panic and stops first. Orders that rest at an exchange are the business of `guarding`.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from agents.domain.broker import Broker
from agents.domain.errors import (
    BrokerAway,
    BrokerBusy,
    OrderRejected,
    OrderUnknown,
    Refused,
    TryAgain,
)
from agents.domain.market import Instrument
from agents.domain.order import (
    FAILED,
    UNSETTLED,
    BrokerOrder,
    OrderIntent,
    OrderPurpose,
    OrderState,
)
from agents.domain.ports import Clock, Market, Memory
from agents.domain.proposal import ProposalState
from agents.domain.strategy import Mode
from agents.domain.trail import ids, what
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.dues import Backoff, Dues
from agents.execution.guards.guarding import Guards
from agents.execution.ordering.answers import UNANSWERED, Answers
from agents.execution.ordering.exiting import Exiting, no_longer
from agents.execution.ordering.failing import Failures
from agents.execution.ordering.news import News
from agents.execution.ordering.withdrawals import Withdrawals
from agents.execution.proposals.gate import Gate
from agents.execution.proposals.judging import instrument_of
from agents.execution.turns import Turns

log = logging.getLogger(__name__)
LOOK_AGAIN_AFTER = timedelta(seconds=10)
_LOOKS = (1, 2, 5, 10)  # seconds; then at each look of the minute
_AWAY = (1, 2, 5, 10, 30)  # seconds between attempts at a broker that can't be reached
_NOTHING_LEFT = "nothing was left for it to close"


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
        failures: Failures,
        gate: Gate,
        answers: Answers,
        guards: Guards,
        *,
        passed: Checkpoint = passed,
    ) -> None:
        self._memory = memory
        self._brokers = brokers
        self._market = market
        self._clock = clock
        self._failures = failures
        self._gate = gate
        self._answers = answers
        self._guards = guards
        self._passed = passed
        self._exiting = Exiting(memory, clock)
        self._in_hand: set[int] = set()
        self._missed: dict[int, datetime] = {}
        self._unwanted: dict[int, ProposalState] = {}
        self._waiting: Dues[int] = Dues()
        self._away: Backoff[int] = Backoff(*_AWAY)
        self._unclear: Dues[int] = Dues()
        self._looks: Backoff[int] = Backoff(*_LOOKS)
        self._to_send: dict[int, OrderIntent] = {}
        self._outgoing: Turns[int] = Turns(self._send_next)
        self._looking: Turns[int] = Turns(self._look_soon)
        self._news = News(memory, answers, self._exiting, self._ended)
        self.withdrawals = Withdrawals(memory, clock, self._withdrawn)
        guards.leaves_out(self.held_back)
        for broker in brokers.values():
            self._news.of(broker)

    def send_soon(self, intent: OrderIntent) -> None:
        """Send in the background, beside others that are waiting."""
        self._to_send[intent.id] = intent
        self._outgoing.put(intent.id)

    def held_back(self, intent_id: int) -> bool:
        """Whether it waits to be sent again, or is not known to the broker it was sent to."""
        return intent_id in self._waiting or intent_id in self._missed

    def waits_until(self, intent_id: int) -> datetime | None:
        """When an order that a broker had no time for goes out again."""
        return self._waiting.at(intent_id)

    async def idle(self) -> None:
        """Return when nothing is being sent, booked or guarded."""
        while any(part.busy for part in self._parts):
            for part in self._parts:
                await part.idle()

    @property
    def _parts(self) -> tuple[Any, ...]:
        return (self._outgoing, self._looking, self._news, self.withdrawals, self._guards)

    async def every_second(self) -> None:
        """Put on their way what waited, what is to be looked up; tell of exits without a fill."""
        now = self._clock.wall()
        for intent in await no_longer(self._waiting, now, self._memory):
            self.send_soon(intent)
        for number in self._unclear.due(now):
            self._looking.put(number)
        self.withdrawals.every_second()
        await self._exiting.tell_due()

    async def send(self, intent: OrderIntent) -> OrderIntent:
        """Send a NEW intent unless another does; the intent as it is afterwards.

        Raises nothing of the broker's: what went wrong is the state and `error` of the intent.
        An intent that can't be judged or sent at the moment stays NEW and goes out later.
        """
        if intent.state is not OrderState.NEW or intent.rests:
            return await self._memory.orders.get(intent.id)
        try:
            instrument = await instrument_of(self._market, intent.symbol)
            if intent.purpose is OrderPurpose.ENTRY and (no := await self._gate.why_not(intent)):
                return await self._unsent(intent, no)
            return await self._send(intent, instrument)
        except TryAgain as fault:  # also while the market is away
            return self._wait(intent, fault)

    async def cancel(
        self, intent: OrderIntent, ended: ProposalState = ProposalState.REFUSED
    ) -> OrderIntent:
        """Take back what is not filled of an order; the intent as it is afterwards. The
        proposal of an entry that had no fill becomes `ended`. One that the broker does not know
        is not sent again. Raises TryAgain."""
        if intent.state is OrderState.NEW:
            intent = await self._unsent(intent, "taken back", ended)
        if intent.state not in UNSETTLED:
            return intent
        if intent.state in UNANSWERED:
            self._unwanted[intent.id] = ended
        answer = await self._broker(intent).cancel(intent)
        if answer is None:
            return intent
        self._missed.pop(intent.id, None)
        return await self._answers.take(intent, answer, ended)

    async def look_up(self, intent: OrderIntent) -> OrderIntent:
        """Ask the broker at once what became of an order, and book it; the intent afterwards.
        Raises TryAgain."""
        if intent.rests and intent.position_id is not None:
            await self._guards.look(intent.position_id)
        elif intent.state in UNSETTLED and intent.id not in self._in_hand:
            await self._settle(intent)
        return await self._memory.orders.get(intent.id)

    async def recover(self) -> None:
        """Ask the brokers what is true of every unsettled order: at start and every minute."""
        unsettled = await self._memory.orders.in_states(UNSETTLED)
        for intent in unsettled:
            if intent.rests:
                self._guards.wake(intent.position_id or 0, look=True)
            elif intent.id not in self._in_hand and intent.id not in self._waiting:
                self._exiting.note(intent)
                await self._look_up_safely(intent)
                if not intent.reduces:
                    await self.withdrawals.look(intent)
        known = {intent.id for intent in unsettled}
        self._missed = {key: at for key, at in self._missed.items() if key in known}
        self._unwanted = {key: end for key, end in self._unwanted.items() if key in known}

    # --- sending ------------------------------------------------------------------------------

    async def _send(self, intent: OrderIntent, instrument: Instrument) -> OrderIntent:
        """Raises TryAgain while what rests for it at the exchange can't be released."""
        changes: dict[str, Any] = {"sent_at": self._clock.wall()}
        if intent.reduces:
            self.withdrawals.leaves(intent)
            quantity = await self._guards.release(intent, instrument)
            if quantity <= 0:
                return await self._unsent(intent, _NOTHING_LEFT)
            if quantity != intent.quantity:
                changes["quantity"] = quantity
        if not await self._memory.orders.move(intent, OrderState.SENDING, **changes):
            return await self._memory.orders.get(intent.id)
        return await self._hand_over(
            replace(intent, state=OrderState.SENDING, **changes), instrument
        )

    async def _unsent(
        self, intent: OrderIntent, why: str, ended: ProposalState = ProposalState.REFUSED
    ) -> OrderIntent:
        """Not to be sent, or not again; the order afterwards, which another may have sent."""
        to = OrderState.CANCELLED
        return await self._failures.fail(intent, to, why, ended, unsent=True)

    async def _hand_over(self, intent: OrderIntent, instrument: Instrument) -> OrderIntent:
        """`intent` is SENDING, by this process."""
        self._passed("order.sending")
        log.info("An order goes out.", extra=ids(intent) | what(intent))
        self._in_hand.add(intent.id)
        self._missed.pop(intent.id, None)
        try:
            answer = await self._broker(intent).submit(intent, instrument)
        except Refused as refusal:
            await self._look_at_guards(intent)
            return await self._failures.fail(intent, OrderState.REJECTED, str(refusal))
        except (BrokerBusy, BrokerAway) as fault:
            return await self._not_taken(intent, fault)
        except Exception as fault:
            return await self._unknown(intent, fault)
        finally:
            self._in_hand.discard(intent.id)
        self._passed("order.submitted")
        if answer.state in FAILED:
            await self._look_at_guards(intent)
        return self._followed(await self._answers.take(intent, answer))

    async def _not_taken(self, intent: OrderIntent, fault: TryAgain) -> OrderIntent:
        """It surely did not arrive: it is NEW again, and what it made way for rests again."""
        await self._memory.orders.move(intent, OrderState.NEW, error=str(fault))
        self._wait(intent, fault)
        if intent.position_id is not None:
            self._guards.wake(intent.position_id)
        return await self._memory.orders.get(intent.id)

    def _wait(self, intent: OrderIntent, fault: TryAgain) -> OrderIntent:
        log.warning("An order waits: %s", fault, extra=ids(intent))
        self._waiting.put(intent.id, self._clock.wall() + self._pause(intent, fault))
        self._exiting.note(intent)
        return intent

    async def _look_at_guards(self, intent: OrderIntent) -> None:
        """An exit may be refused because the stop was filled meanwhile: that is booked first."""
        if not intent.reduces or intent.position_id is None:
            return
        try:
            await self._guards.look(intent.position_id)
        except TryAgain as fault:
            log.warning("What rests for an order is not known: %s", fault, extra=ids(intent))

    async def _unknown(self, intent: OrderIntent, fault: Exception) -> OrderIntent:
        if not isinstance(fault, OrderUnknown):
            log.error("Sending an order broke off.", exc_info=fault, extra=ids(intent))
        await self._memory.orders.move(intent, OrderState.UNKNOWN, error=str(fault))
        self._passed("order.unknown")
        log.warning("An order had no answer; it is looked up.", extra=ids(intent))
        fresh = await self._memory.orders.get(intent.id)
        if fresh.state in UNANSWERED:
            await self._look_up_safely(fresh)
        return self._followed(await self._memory.orders.get(intent.id))

    def _followed(self, intent: OrderIntent) -> OrderIntent:
        """One that is not settled is looked up soon; a broker in memory tells by itself."""
        self._away.forget(intent.id)
        if intent.state not in UNSETTLED or intent.state is OrderState.NEW:
            self._looks.forget(intent.id)
            return intent
        self._exiting.note(intent)
        in_memory = isinstance(self._broker(intent), Adopts)
        if not in_memory and not self._looks.spent(intent.id):
            self._unclear.put(intent.id, self._clock.wall() + self._looks.next(intent.id))
        return intent

    def _broker(self, intent: OrderIntent) -> Broker:
        if intent.mode not in self._brokers:
            raise OrderRejected(f"There is no broker for {intent.mode} trading here.")
        return self._brokers[intent.mode]

    async def _send_next(self, intent_id: int) -> None:
        intent = self._to_send.pop(intent_id, None)
        if intent is not None:
            await self.send(intent)

    # --- what became of them ------------------------------------------------------------------

    async def _ended(self, intent: OrderIntent, answer: BrokerOrder) -> None:
        """It ended without our asking."""
        if intent.rests:
            await self._guards.ended(intent, answer)
        else:
            self._followed(await self._answers.take(intent, answer))

    async def _withdrawn(self, entry: OrderIntent) -> OrderIntent:
        return await self.cancel(entry, ProposalState.CANCELLED)

    # --- looking up ---------------------------------------------------------------------------

    async def _look_soon(self, intent_id: int) -> None:
        intent = await self._memory.orders.get(intent_id)
        if intent.id in self._in_hand or intent.state not in UNSETTLED:
            return
        if await self._look_up_safely(intent):
            self._followed(await self._memory.orders.get(intent_id))

    async def _look_up_safely(self, intent: OrderIntent) -> bool:
        """Whether the broker answered; if it did not, it is asked again a little later."""
        try:
            await self._settle(intent)
        except TryAgain as fault:
            log.warning("An order is not looked up yet: %s", fault, extra=ids(intent))
            self._unclear.put(intent.id, self._clock.wall() + self._pause(intent, fault))
            return False
        except Exception:
            log.exception("An order could not be looked up; again later.", extra=ids(intent))
            return False
        return True

    def _pause(self, intent: OrderIntent, fault: TryAgain) -> timedelta:
        pause = self._away.next(intent.id)
        if isinstance(fault, BrokerBusy):
            pause = timedelta(seconds=max(fault.retry_after, 0))
        return pause

    async def _settle(self, intent: OrderIntent) -> None:
        if intent.state is OrderState.NEW:
            await self.send(intent)
            return
        broker = self._broker(intent)
        answer = await broker.lookup(intent)
        if answer is not None:
            self._missed.pop(intent.id, None)
            await self._answers.take(intent, answer)
        elif isinstance(broker, Adopts):
            await self._adopt(intent, broker)
        else:
            await self._look_again(intent)

    async def _adopt(self, intent: OrderIntent, broker: Broker) -> None:
        """Put an order back into a book that died with its process; entries that have become
        too old are cancelled instead, for nobody would approve them now."""
        if intent.purpose is OrderPurpose.ENTRY and not intent.filled:
            why = await self._gate.too_late(intent)
            if why:
                await self._unsent(intent, why)
                return
        try:
            if isinstance(broker, Adopts):
                await broker.adopt([intent])
        except OrderRejected as refusal:  # as it would have been, had the process lived
            await self._failures.fail(intent, OrderState.REJECTED, str(refusal))
            return
        if answer := await broker.lookup(intent):
            await self._answers.take(intent, answer)

    async def _look_again(self, intent: OrderIntent) -> None:
        """The broker knows nothing of an order: believe it at the second time. One that it had is
        over, for what nobody there knows fills nothing, and no stop would rest for it here."""
        wall = self._clock.wall()
        since = self._missed.setdefault(intent.id, wall)
        if intent.state is OrderState.SENDING:
            await self._memory.orders.move(intent, OrderState.UNKNOWN, error="no answer")
        if since == wall and intent.position_id is not None:
            self._guards.wake(intent.position_id)  # what made way for it rests again meanwhile
        if intent.state is OrderState.SENDING or wall - since < LOOK_AGAIN_AFTER:
            self._unclear.put(intent.id, since + LOOK_AGAIN_AFTER)
            return
        if intent.state not in UNANSWERED:
            await self._answers.forgotten(intent)
            return
        if intent.id in self._unwanted:
            ended = self._unwanted.pop(intent.id)
            await self._unsent(intent, "it never arrived", ended)
            return
        instrument = await instrument_of(self._market, intent.symbol)
        if intent.purpose is OrderPurpose.ENTRY and (no := await self._gate.why_not(intent)):
            await self._unsent(intent, no)
            return
        self._missed.pop(intent.id, None)
        await self._send(intent, instrument)
