"""The process dies at every point between two writes; the books say the same as if it had not."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import pytest

from agents.domain.autonomy import MANUAL, Autonomy, AutonomyKind
from agents.domain.order import UNSETTLED, OrderPurpose
from agents.domain.position import PositionState
from agents.domain.proposal import FINAL, ProposalState, Trailing
from agents.domain.strategy import Strategy
from agents.domain.user import NoticeKind
from agents.execution.checkpoints import POINTS
from tests.agents.execution.test_exits import reconciles
from tests.support.broker import ScriptedBroker
from tests.support.desk import FREE, World, levels
from tests.support.memory import Killed

D = Decimal
Step = Callable[[], Awaitable[object]]
NEVER_IN_THE_STORY = {
    "vote.casting",
    "vote.cast",
    "order.unknown",
    "exit.released",
    "funding.booking",
    "funding.booked",
    *(point for point in POINTS if point.startswith("guard.")),  # see test_guarding_kill
    *(point for point in POINTS if point.startswith("rest.")),  # see test_leftovers
    *("look.seen", "adopt.done", "missing.stored"),  # real money: see test_adopting
}  # paper always answers: see the last tests


class Story:
    """Three trades and a panic, as steps that may each be begun again after a kill."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.kills = 0
        self.again: int | None = None  # dies a second time so many points after the first
        self.strategy: Strategy
        self.other: Strategy
        self.third: Strategy

    async def run(self) -> None:
        await self.world.start()
        owner = await self.world.user()
        self.strategy = await self.world.strategy(owner)
        self.other = await self.world.strategy(owner)
        self.third = await self.world.strategy(owner)
        for step in self.steps():
            while not await self.survived(step):
                self.kills += 1
                if self.kills == 1 and self.again is not None:
                    self.world.dies_at = len(self.world.points) + self.again

    async def survived(self, step: Step) -> bool:
        """Do a step; a process that dies in it is started again, which may die as well."""
        try:
            if self.world.memory.session.dead:
                await self.world.kill()
                await self.world.start()
            await step()
            await self.world.settle()
        except Killed:
            await self.world.kill()
            return False
        return not self.world.memory.session.dead

    def steps(self) -> list[Step]:
        tick, act = self.tick, self
        return [
            # a trade that is halved, approved, and closed by two targets and a trailing stop
            act.propose(self.strategy, 1),
            act.halve,
            act.approve,
            *tick("60000", "60350", "60700", "60700", "61000", "60400", "60400"),
            # one that is vetoed, one that asks again and is stopped out
            act.propose(self.strategy, 2),
            act.veto,
            act.propose(self.strategy, 3),
            *tick("60300"),
            act.approve,
            act.approve,
            *tick("60300", "59300", "59300"),
            # one that expires, and one that is closed by hand
            act.propose(self.strategy, 4),
            act.expire,
            act.propose(self.strategy, 5),
            *tick("60000"),
            act.approve,
            *tick("60000"),
            act.close,
            *tick("60000"),
            # one that runs by itself when its veto window is over
            act.unless_vetoed(300),
            act.propose(self.strategy, 6),
            *[act.window_over] * 3,
            *tick("60000"),
            act.close,
            *tick("60000"),
            act.unless_vetoed(None),
            # a panic with one position open, one order on its way and one card waiting
            act.propose(self.strategy, 7),
            act.approve,
            *tick("60000"),
            act.propose(self.other, 8),
            act.approve,
            act.propose(self.third, 9),
            act.panic,
            *tick("60000"),
            self.world_minute,
            *tick("60000"),
            self.world_minute,
        ]

    async def world_minute(self) -> None:
        await self.world.desk.every_minute()
        await self.world.desk.every_second()

    def tick(self, *prices: str) -> list[Step]:
        return [self.tick_at(price) for price in prices]

    def tick_at(self, price: str) -> Step:
        async def step() -> None:
            await self.world.tick(price)
            await self.world.desk.every_second()

        return step

    def propose(self, strategy: Strategy, number: int) -> Step:
        async def step() -> None:
            if len(self.world.proposals) < number:
                plan = levels(
                    targets=(("60600", "0.5"),),
                    trailing=Trailing(distance=D(500), breakeven_r=D("0.5")),
                )
                await self.world.propose(strategy, plan)

        return step

    async def approve(self) -> None:
        """Tap on the newest card, unless it has its outcome."""
        proposal = self.world.proposals[-1]
        if proposal.state is ProposalState.PENDING:
            await self.world.approve(proposal)

    async def halve(self) -> None:
        proposal = self.world.proposals[-1]
        if proposal.version == 1:
            await self.world.desk.approvals.halve(proposal.owner_id, proposal.id, 1)

    async def veto(self) -> None:
        proposal = self.world.proposals[-1]
        await self.world.desk.approvals.veto(proposal.owner_id, proposal.id, proposal.version)

    def unless_vetoed(self, window: int | None) -> Step:
        async def step() -> None:
            wanted = Autonomy(AutonomyKind.VETO, window=window) if window else MANUAL
            strategies, mine = self.world.memory.strategies, self.strategy
            await strategies.set_autonomy(mine.owner_id, mine.id, wanted)

        return step

    async def window_over(self) -> None:
        """To the end of the window, and after a kill past what is waited for taps of before."""
        runs_at, wall = self.world.proposals[-1].runs_at, self.world.clock.wall()
        left = (runs_at - wall).total_seconds() if runs_at else 0
        self.world.clock.wait(left if left > 0 else 11)
        self.world.market.tick("60000", after=0)
        await self.world.desk.every_second()

    async def expire(self) -> None:
        self.world.clock.wait(901)
        self.world.market.tick("60000")
        await self.world.desk.every_second()

    async def close(self) -> None:
        for position in self.world.positions:
            if position.state is PositionState.OPEN:
                await self.world.desk.hands.close(position.owner_id, position.id)

    async def panic(self) -> None:
        await self.world.desk.panic.panic(self.strategy.owner_id)


@dataclass
class Books:
    """What must not depend on kills."""

    outcomes: list[str]
    trades: list[tuple[str, Decimal]]
    notices: Counter[str]
    balances: list[Decimal]

    @classmethod
    def of(cls, world: World) -> "Books":
        told = world.memory.told
        counted = (
            NoticeKind.PROPOSAL,
            NoticeKind.FILLED,
            NoticeKind.PARTLY_CLOSED,
            NoticeKind.CLOSED,
        )
        return cls(
            [str(proposal.state) for proposal in world.proposals],
            [(str(order.purpose), order.quantity) for order in world.orders],
            Counter(str(item.kind) for item in told if item.kind in counted),
            [account.balance for account in world.accounts],
        )


async def check(world: World) -> None:
    """True of every world in which all is done."""
    assert [order for order in world.orders if order.state in UNSETTLED] == []
    assert {proposal.state for proposal in world.proposals} <= FINAL
    assert {position.state for position in world.positions} == {PositionState.CLOSED}
    entries = Counter(
        order.proposal_id for order in world.orders if order.purpose is OrderPurpose.ENTRY
    )
    assert max(entries.values()) == 1
    for order in world.orders:
        booked = sum(fill.quantity for fill in world.fills if fill.client_id == order.client_id)
        assert booked == order.filled
    for position in world.positions:
        closed = [
            facts for facts in world.told(NoticeKind.CLOSED) if facts["position_id"] == position.id
        ]
        assert len(closed) == 1
    await reconciles(world)


async def told_without_a_kill() -> tuple[World, Books]:
    world = World(costs=FREE)
    story = Story(world)
    await story.run()
    assert story.kills == 0
    await check(world)
    return world, Books.of(world)


async def test_the_story_passes_every_point() -> None:
    world, books = await told_without_a_kill()
    assert set(POINTS) - set(world.points) == NEVER_IN_THE_STORY
    assert books.outcomes == [
        "filled",
        "vetoed",
        "filled",
        "expired",
        "filled",
        "filled",
        "filled",
        "cancelled",
        "cancelled",
    ]


async def killed_at(index: int, again: int | None = None) -> tuple[World, Story]:
    """The story with a kill at one point, and another so many points after the first."""
    world = World(costs=FREE)
    story = Story(world)
    world.dies_at = index
    story.again = again
    await story.run()
    return world, story


async def test_a_kill_at_any_point_changes_nothing_in_the_books() -> None:
    whole, books = await told_without_a_kill()
    for index, point in enumerate(whole.points):
        with noted(f"killed at {index}, {point}"):
            world, story = await killed_at(index)
            assert story.kills >= 1
            await check(world)
            assert Books.of(world) == books


@pytest.mark.parametrize("again", [0, 1, 3])
async def test_a_second_kill_while_recovering_changes_nothing_either(again: int) -> None:
    whole, books = await told_without_a_kill()
    for index, point in enumerate(whole.points):
        with noted(f"killed at {index}, {point}, and {again} points later"):
            world, _ = await killed_at(index, again)
            await check(world)
            assert Books.of(world) == books


@contextmanager
def noted(where: str) -> Iterator[None]:
    try:
        yield
    except AssertionError as difference:
        difference.add_note(where)
        raise


# --- an exchange whose book outlives the process ----------------------------------------------


@pytest.mark.parametrize("answer", ["accept", "unanswered", "lost"])
@pytest.mark.parametrize(
    "point", ["approval.marked", "approval.ordered", "order.sending", "order.submitted"]
)
async def test_an_entry_reaches_the_exchange_once(point: str, answer: str) -> None:
    world = World()
    broker = world.broker = ScriptedBroker(world.clock.now)
    broker.script.append(answer)
    await world.start()
    strategy = await world.strategy(await world.user())
    proposal = await world.propose(strategy)
    world.dies_at_next = point
    try:
        await world.approve(proposal)
        assert (point, answer == "accept") == ("order.submitted", False)  # no answer, no point
        world.dies_at_next = ""
    except Killed:
        await world.kill()
        await world.start()
    for _ in range(3):
        world.clock.advance(11)
        world.market.tick("60000", after=0)
        await world.desk.every_minute()
        await world.settle()
    assert broker.arrived == [world.orders[0].client_id]
    broker.fill(broker.arrived[0], "60000")
    await world.settle()
    assert len(world.positions) == 1
    assert len(world.orders) == 1


async def test_a_kill_after_an_unanswered_order_looks_it_up() -> None:
    world = World()
    broker = world.broker = ScriptedBroker(world.clock.now)
    broker.script.append("unanswered")
    await world.start()
    strategy = await world.strategy(await world.user())
    proposal = await world.propose(strategy)
    world.dies_at_next = "order.unknown"
    with pytest.raises(Killed):
        await world.approve(proposal)
    broker.fill(broker.arrived[0], "60000", tell=False)
    await world.kill()
    await world.start()
    assert len(broker.arrived) == 1
    assert len(world.positions) == len(world.fills) == 1
    await world.kill()
    await world.start()
    assert len(world.fills) == 1
