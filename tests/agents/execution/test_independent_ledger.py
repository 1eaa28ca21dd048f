"""Whatever is filled, charged, funded and split: the books are those of an independent ledger."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from agents.domain.errors import AskUser
from agents.domain.market import InstrumentKind
from agents.domain.money import exactly
from agents.domain.order import OrderIntent, OrderPurpose, OrderState
from agents.domain.position import Position, PositionState
from agents.domain.proposal import PlannedTarget, Proposal, Trailing
from agents.domain.risk import Limits
from agents.domain.strategy import Side, Strategy
from agents.domain.venue import FundingPaid
from agents.execution.booking.reconciling import differences
from agents.execution.booking.settlement import in_flight
from agents.execution.proposals.levels import PriceLevels
from storage.database import open_database
from tests.support.broker import ScriptedBroker
from tests.support.clock import ManualClock
from tests.support.desk import World
from tests.support.independent import Fee, Ledger
from tests.support.market import instrument

D = Decimal
BOUNDLESS = Limits(
    daily_loss_percent=D(1_000),
    weekly_loss_percent=D(1_000),
    drawdown_percent=D(1_000),
    trades_a_day=10_000,
    losses_in_a_row=10_000,
    slippage_percent=D(1_000),
)
DOINGS = (
    *("enter", "fill", "fill", "fill", "tick", "tick", "close", "fund", "take back", "take back"),
)
steps = some.tuples(some.sampled_from(DOINGS), some.integers(0, 10**6), some.integers(0, 10**6))
SHARES = ((), ("1",), ("0.5", "0.5"), ("0.37", "0.33"), ("0.2", "0.3", "0.5"))


class Book:
    """A desk whose orders are filled piece by piece, and the ledger beside it."""

    def __init__(self, *, spot: bool) -> None:
        kind = InstrumentKind.SPOT if spot else InstrumentKind.LINEAR
        self.traded = instrument(
            kind=kind,
            price_step=D("1e-8"),
            amount_step=D("0.001"),
            min_amount=D("0.02"),
            min_cost=D(1_500),
        )
        clock = ManualClock()
        self.broker = ScriptedBroker(clock.now)
        self.world = World(
            limits=BOUNDLESS, instruments=(self.traded,), clock=clock, broker=self.broker
        )
        self.ledger = Ledger(
            spot,
            Fraction(self.traded.amount_step),
            Fraction(self.traded.min_amount),
            Fraction(self.traded.min_cost),
        )
        self.price = D(60_000)
        self.funded = 0

    async def begin(self, memory: Any = None) -> Strategy:
        await self.world.start(memory)
        owner = await self.world.user()
        strategy = await self.world.strategy(owner, max_positions=5, leverage=3)
        await self.world.tick(self.price)
        return strategy

    async def do(self, strategy: Strategy, what: str, one: int, two: int) -> None:
        """What is closed takes the rest of its entry back, as a person may."""
        open_ones = self._open()
        await self._do(strategy, what, one, two)
        for client_id in open_ones:
            intent = self.broker.intents[client_id]
            taken_back = self.broker.book[client_id].state is OrderState.CANCELLED
            if taken_back and intent.proposal_id in self.ledger.trades and not self._coming(intent):
                self.ledger.settle(intent.proposal_id)

    async def _do(self, strategy: Strategy, what: str, one: int, two: int) -> None:
        if what == "enter":
            await self.enter(strategy, one, two)
        elif what == "fill":
            await self.fill(one, two)
        elif what == "tick":
            self.price = max(self.price + D(one % 2_001 - 1_000), D(20_000))
            await self.world.tick(self.price)
        elif what == "close":
            await self.close(one, two)
        elif what == "fund":
            await self.fund(one, two)
        elif what == "take back":
            await self.take_back(one)

    async def enter(self, strategy: Strategy, one: int, two: int) -> None:
        side = Side.SHORT if one % 2 and not self.ledger.spot else Side.LONG
        shares = SHARES[two % len(SHARES)]
        stop = self.price - (300 + two % 900) * side.sign
        targets = tuple(
            PlannedTarget(self.price + (400 + 350 * place) * side.sign, D(share))
            for place, share in enumerate(shares)
        )
        trailing = Trailing(
            distance=D(500) if one % 3 == 0 else None, breakeven_r=D(1) if one % 5 == 0 else None
        )
        wanted = PriceLevels(side, self.price, stop, targets, trailing)
        proposal = await self.world.try_to_propose(strategy, wanted)
        if isinstance(proposal, Proposal):
            await self.world.approve(proposal)
            await self.world.settle()

    async def fill(self, one: int, two: int) -> None:
        """A part of one of the open orders, or all of it, with a fee in any coin."""
        waiting = self._open()
        if not waiting:
            return
        client_id = waiting[one % len(waiting)]
        intent, done = self.broker.intents[client_id], self.broker.book[client_id].filled
        left = intent.quantity - done
        part = left if two % 3 == 0 else self.traded.amount(left * (1 + two % 97) / 100)
        if two % 4 == 1 and left > D("0.015"):
            part = left - D("0.015")  # which is too little for another order
        part = part or left
        price = self.price + D(one * 7_919 % 4_000_037 - 2_000_000) / D(10**8)
        fee = await self._fee(intent.position_id, price, part, one, two)
        self._write(intent, price, part, fee, coming=part < left or self._coming(intent))
        coin = {"quote": "USDT", "base": "BTC", "third": "BNB"}[fee.coin]
        worth = D(fee.worth) if fee.coin == "third" else None
        self.broker.fill(client_id, str(price), str(part), fee=(D(fee.amount), coin, worth))
        await self.world.settle()

    async def _fee(
        self, position_id: int | None, price: Decimal, part: Decimal, one: int, two: int
    ) -> Fee:
        rate = D(1 + (one * 7919 + two) % 2_000_003) / D(1_000_000_007)  # up to 0.2 %, no round one
        amount = round(part * rate, 18)
        if one % 3 == 0:
            return Fee("quote", str(round(price * part * rate, 18)))
        if one % 3 == 1:
            return Fee("third", str(amount), str(round(price * part * rate, 10)))
        if position_id is not None and self.ledger.spot:
            # A sale can't spend coins that are not there, or that another order is to sell.
            held = await self.world.memory.positions.by_id(position_id)
            amount = min(amount, held.quantity - await in_flight(self.world.memory, held.id))
        return Fee("base", str(max(amount, D(0))))

    def _open(self) -> list[str]:
        return [
            answer.client_id
            for answer in self.broker.book.values()
            if answer.state in {OrderState.OPEN, OrderState.PART_FILLED}
        ]

    def _coming(self, intent: OrderIntent) -> bool:
        """Whether another order of the trade is open."""
        return any(
            answer.state in {OrderState.OPEN, OrderState.PART_FILLED}
            and self.broker.intents[name].proposal_id == intent.proposal_id
            for name, answer in self.broker.book.items()
            if name != intent.client_id
        )

    def _write(
        self, intent: OrderIntent, price: Decimal, part: Decimal, fee: Fee, *, coming: bool
    ) -> None:
        number = intent.proposal_id or 0
        told: dict[str, Any] = {"price": str(price), "amount": str(part)}
        told |= {"fee": fee, "coming": coming}
        if intent.purpose is OrderPurpose.ENTRY:
            self.ledger.enter(number, long=intent.side == "buy", **told)
        else:
            self.ledger.leave(number, **told)

    async def close(self, one: int, two: int) -> None:
        held = await self.positions(open_only=True)
        if held:
            position = held[one % len(held)]
            fraction = (D(1), D("0.5"), D("0.3"))[two % 3]
            try:
                await self.world.desk.hands.close(position.owner_id, position.id, fraction)
            except AskUser:
                return  # too small a part, or under way already
            await self.world.settle()

    async def fund(self, one: int, two: int) -> None:
        held = await self.positions(open_only=True)
        if held and not self.ledger.spot:
            position, self.funded = held[one % len(held)], self.funded + 1
            amount = D(two - 500_000) / D(333_333_333)
            paid = FundingPaid(
                f"f{self.funded}", "BTC/USDT", round(amount, 18), self.world.clock.now()
            )
            self.ledger.fund(position.proposal_id, str(paid.amount))
            for _ in range(1 + one % 2):  # told twice, booked once
                await self.world.desk.funding.book(position.id, paid)

    async def take_back(self, one: int) -> None:
        waiting = await self.world.memory.orders.in_states(
            {OrderState.OPEN, OrderState.PART_FILLED}
        )
        if waiting:
            taken = waiting[one % len(waiting)]
            await self.world.desk.orders.cancel(taken)
            await self.world.settle()

    async def positions(self, *, open_only: bool = False) -> Sequence[Position]:
        [account] = await self.accounts() or [None]
        if account is None:
            return []
        return await self.world.memory.positions.of_account(account.id, open_only=open_only)

    async def accounts(self) -> Sequence[Any]:
        return await self.world.memory.accounts.of(1)

    async def finish(self) -> None:
        """Everything is filled and closed, by hand."""
        for _ in range(60):
            if self._open():
                await self.fill(0, 0)
                continue
            if not await self.positions(open_only=True):
                return
            await self.close(0, 0)
            await self.world.desk.every_minute()
        raise AssertionError("something stays open")

    # --- compared -----------------------------------------------------------------------------

    async def check(self) -> None:
        for account in await self.accounts():
            held = await self.positions()
            for position in held:
                self._check(position)
            trades = self.ledger.trades.values()
            book = sum((_at_cost(position) for position in held), Fraction(0))
            cash = sum(
                (trade.cash + trade.funding - trade.elsewhere for trade in trades), Fraction(0)
            )
            assert Fraction(account.balance) - book == Fraction(account.start) + cash
            instruments = {self.traded.symbol: self.traded}
            assert await differences(self.world.memory, account, instruments) == []

    def _check(self, position: Position) -> None:
        trade = self.ledger.trades[position.proposal_id]
        sign = position.side.sign
        assert Fraction(position.funding) == trade.funding
        assert Fraction(position.realised) == trade.gained
        assert Fraction(position.fees) == trade.fees
        if position.state is PositionState.CLOSED:
            assert self.ledger.is_flat(trade)
            assert Fraction(position.net()) == trade.net
            return
        assert Fraction(position.quantity) * sign == trade.coins
        assert Fraction(position.entry_value) == trade.cost
        assert Fraction(position.entered) == trade.bought
        open_targets = [one.quantity for one in position.targets if not one.done]
        assert sum(open_targets, D(0)) <= position.on_step(position.entered)
        assert all(not one % self.traded.amount_step for one in open_targets)


def _at_cost(position: Position) -> Fraction:
    """What is still open, at what it cost: negative for a short."""
    if position.state is PositionState.CLOSED:
        return Fraction(0)
    sign = position.side.sign
    with exactly():
        released = position.exit_value * sign - position.realised
    return Fraction(position.entry_value) * sign - Fraction(released)


async def _played(book: Book, doings: Sequence[tuple[str, int, int]], memory: Any = None) -> None:
    strategy = await book.begin(memory)
    for what, one, two in doings:
        await book.do(strategy, what, one, two)
        await book.check()
    await book.finish()
    await book.check()
    for position in await book.positions():
        assert position.state is PositionState.CLOSED


TOO_LITTLE = [("close", 0, 1), ("fill", 0, 0), ("tick", 49_774, 0), ("fill", 0, 0)]
"""Of the two targets that the tick has reached the first is filled."""


@example(spot=True, doings=[*TOO_LITTLE, ("take back", 0, 0)])
@given(spot=some.booleans(), doings=some.lists(steps, min_size=8, max_size=40))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_books_are_those_of_an_independent_ledger(
    spot: bool, doings: list[tuple[str, int, int]]
) -> None:
    asyncio.run(_played(Book(spot=spot), [("enter", 0, 3), ("fill", 1, 1), *doings]))


A_DAY = [
    (DOINGS[place * 7 % len(DOINGS)], place * 7_919 % 1_000_003, place * place * 104_729 % 999_983)
    for place in range(1, 90)
]


async def test_on_a_real_database_too(tmp_path: Path) -> None:
    for spot in (True, False):
        memory = await open_database(f"sqlite://{tmp_path / f'{spot}.db'}")
        try:
            book = Book(spot=spot)
            await _played(book, A_DAY, memory)
            assert len(book.ledger.trades) > 3
        finally:
            await memory.close()
