"""The parts of the execution put together, and the order in which they wake up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from agents.domain.broker import Broker
from agents.domain.ports import Clock, Market, Memory
from agents.domain.risk import Limits, TapRules
from agents.domain.strategy import Mode
from agents.domain.venue import Venue
from agents.execution.booking.funding import Funding
from agents.execution.booking.leftovers import Leftovers
from agents.execution.booking.settlement import Settlement
from agents.execution.bounds.accounts import START_BALANCE, Accounts
from agents.execution.bounds.bounding import Bounding, Funds
from agents.execution.bounds.enforcing import Enforcer
from agents.execution.bounds.halting import Halts
from agents.execution.bounds.limit_book import DELAY, LimitBook
from agents.execution.bounds.limits import Correlation, unknown
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.guards.escalating import Escalation
from agents.execution.guards.guarding import Guards
from agents.execution.guards.resting import Resting
from agents.execution.guards.scenes import Scenes
from agents.execution.leaving.closing import Closing
from agents.execution.leaving.exitbook import ExitBook
from agents.execution.leaving.exits import Exits
from agents.execution.leaving.hands import Hands
from agents.execution.leaving.panic import Panic
from agents.execution.leaving.stops import Stops
from agents.execution.ordering.answers import Answers
from agents.execution.ordering.failing import Failures
from agents.execution.ordering.orders import Orders
from agents.execution.proposals.approvals import Approvals
from agents.execution.proposals.autopilot import Autopilot, Stopping, nobody
from agents.execution.proposals.gate import Gate
from agents.execution.proposals.judging import Judge
from agents.execution.proposals.proposing import Proposer
from agents.execution.venues.connections import Connecting
from agents.execution.venues.funds import KnownFunds
from agents.execution.venues.paid_funding import PaidFunding
from agents.execution.venues.reconciliation import Looked, unheard
from agents.execution.venues.truth import Truth, open_truth

log = logging.getLogger(__name__)
_SETTLING = 3.0  # seconds; an exchange that does not answer holds nobody up for longer


@dataclass(frozen=True, slots=True)
class Desk:
    """`proposer` is for the cycle, `approvals`, `hands` and `panic` for handlers, and the three
    methods for the scheduler. Brokers and exits listen to the market by themselves."""

    proposer: Proposer
    approvals: Approvals
    autopilot: Autopilot
    orders: Orders
    exits: Exits
    hands: Hands
    panic: Panic
    accounts: Accounts
    bounding: Bounding
    enforcer: Enforcer
    book: ExitBook
    guards: Guards
    funding: Funding
    connecting: Connecting
    leftovers: Leftovers
    truth: Truth | None = None  # where real money may be traded

    async def wake(self) -> None:
        """At start, once the market answers: everything that a killed process left is finished."""
        await self.exits.load()
        await self._settled()
        await self.reconcile()  # before anything new is entered
        await self.every_minute()
        await self.every_second()

    async def _settled(self) -> None:
        """What rests is brought in order first, so that a receipt finds it there."""
        settling = asyncio.ensure_future(self.guards.idle())
        settling.add_done_callback(lambda task: task.cancelled() or task.exception())
        for task in (await asyncio.wait({settling}, timeout=_SETTLING))[0]:
            task.result()

    async def every_minute(self) -> None:
        """Orders looked up, approvals gone on with, failed exits armed, funding booked, and what
        can't be sold written off."""
        await _each(
            self.orders.recover,
            self.approvals.resume_approved,
            self.exits.heal,
            self.funding.look,
            self.leftovers.look,
        )

    async def reconcile(self) -> None:
        """Every connected account compared with the book; every minute."""
        if self.truth is not None:
            await self.truth.reconciliation.every_minute()

    async def every_second(self) -> None:
        """Panics carried on, orders that waited sent, stops at the exchange kept, cards expired,
        veto windows ended, trailing stops written, limits kept, accounts that did not answer asked
        again."""
        await _each(
            self.panic.go_on,
            self.orders.every_second,
            self.guards.every_second,
            self.approvals.expire_due,
            self.autopilot.look,
            self.exits.flush,
            self.enforcer.look,
            self._ask_again,
        )

    async def _ask_again(self) -> None:
        if self.truth is not None:
            await self.truth.reconciliation.every_second()

    async def rest(self) -> None:
        """Finish what was begun; at a shutdown, after the market has stopped."""
        if self.truth is not None:
            await self.truth.reconciliation.idle()
        await self.exits.idle()
        await self.orders.idle()
        await self.exits.flush()


async def _each(*parts: Callable[[], Awaitable[object]]) -> None:
    """A fault in one part must not keep the others from their work."""
    for part in parts:
        try:
            await part()
        except Exception:
            log.exception("A regular look failed; it is made again at its next turn.")


def open_desk(
    memory: Memory,
    market: Market,
    clock: Clock,
    brokers: Mapping[Mode, Broker],
    *,
    limits: Limits | None = None,
    rules: TapRules | None = None,
    start_balance: Decimal = START_BALANCE,
    stopping: Stopping = nobody,
    limit_delay: timedelta = DELAY,
    funds: Funds | None = None,
    correlation: Correlation = unknown,
    venue: Venue | None = None,
    looked: Looked = unheard,
    passed: Checkpoint = passed,
) -> Desk:
    """`brokers` have one for each mode that may trade here. `stopping` says of a proposal that
    would run by itself whether a veto of it was received, and is not handled yet. A raised
    limit holds after `limit_delay`. `venue` is where real money is; `looked` hears of each look."""
    ground = _Ground(memory, market, clock, rules or TapRules(), passed)
    limit_book = LimitBook(memory, clock, limits or Limits(), limit_delay)
    seen = KnownFunds(clock)
    bounding = Bounding(
        memory,
        clock,
        Accounts(memory, market, clock),
        limit_book,
        Halts(memory, clock),
        funds=funds or (seen if venue else None),
        correlation=correlation,
    )
    desk = _joined(ground, brokers, bounding, start_balance, stopping)
    if venue is None:
        return desk
    venue.when_back(lambda _: desk.guards.hurry())
    return replace(desk, truth=_truth(ground, desk, venue, seen, looked))


@dataclass(frozen=True, slots=True)
class _Ground:
    """What nearly every part stands on."""

    memory: Memory
    market: Market
    clock: Clock
    rules: TapRules
    passed: Checkpoint


def _joined(
    ground: _Ground,
    brokers: Mapping[Mode, Broker],
    bounding: Bounding,
    start_balance: Decimal,
    stopping: Stopping,
) -> Desk:
    memory, market, clock, rules = ground.memory, ground.market, ground.clock, ground.rules
    passed, book = ground.passed, ExitBook()
    judge = Judge(memory, market, clock, bounding, rules)
    closing = Closing(memory, clock, book, passed=passed)
    leftovers = Leftovers(memory, market, clock, book, passed=passed)
    guards, orders = _orders(ground, brokers, book, judge, closing, leftovers)
    stops = Stops(memory, market, judge, book, passed=passed)
    approvals = Approvals(memory, market, clock, judge, orders, rules, passed=passed)
    funding = Funding(memory, market, clock, book, passed=passed)
    exits = Exits(memory, orders, closing, book, guards, passed=passed)
    market.listen(exits.on_tick)
    hands = Hands(memory, market, clock, approvals, orders, closing, stops)
    accounts = Accounts(memory, market, clock)
    return Desk(
        proposer=_proposer(ground, bounding, start_balance, funding),
        approvals=approvals,
        autopilot=Autopilot(
            memory, clock, judge, approvals, rules, stopping=stopping, passed=passed
        ),
        orders=orders,
        exits=exits,
        hands=hands,
        panic=Panic(memory, clock, approvals, orders, closing, passed=passed),
        accounts=accounts,
        bounding=bounding,
        enforcer=Enforcer(memory, clock, book, accounts, bounding.book, approvals, closing, orders),
        book=book,
        guards=guards,
        funding=funding,
        connecting=Connecting(memory, clock, hands),
        leftovers=leftovers,
    )


def _proposer(
    ground: _Ground, bounding: Bounding, start_balance: Decimal, funding: Funding
) -> Proposer:
    return Proposer(
        ground.memory,
        bounding,
        ground.clock,
        ground.rules,
        start_balance=start_balance,
        remark=funding.remark,
        passed=ground.passed,
    )


def _truth(ground: _Ground, desk: Desk, venue: Venue, funds: KnownFunds, looked: Looked) -> Truth:
    memory, market, clock, passed = ground.memory, ground.market, ground.clock, ground.passed
    return open_truth(
        memory,
        market,
        clock,
        venue,
        Settlement(memory, market, clock, desk.book, passed=passed),
        desk.hands,
        desk.book,
        desk.orders.look_up,
        desk.connecting.refused,
        funds=funds,
        funded=PaidFunding(memory, market, clock, venue, desk.funding).book,
        looked=looked,
        passed=passed,
    )


def _orders(
    ground: _Ground,
    brokers: Mapping[Mode, Broker],
    book: ExitBook,
    judge: Judge,
    closing: Closing,
    leftovers: Leftovers,
) -> tuple[Guards, Orders]:
    memory, market, clock, passed = ground.memory, ground.market, ground.clock, ground.passed
    settlement = Settlement(memory, market, clock, book, passed=passed)
    failures = Failures(memory, book, passed=passed)
    answers = Answers(memory, settlement, failures, leftovers, passed=passed)
    resting = Resting(memory, clock, answers, passed=passed)
    escalation = Escalation(memory, clock, closing)
    scenes = Scenes(memory, brokers, market, book)
    guards = Guards(memory, clock, book, scenes, resting, escalation, passed=passed)
    orders = Orders(
        memory,
        brokers,
        market,
        clock,
        failures,
        Gate(memory, judge),
        answers,
        guards,
        passed=passed,
    )
    escalation.sends_by(orders.send_soon)
    book.listen(orders.withdrawals.followed)
    return guards, orders
