"""The process dies at every point between two writes while orders rest at an exchange."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from agents.domain.order import UNSETTLED, OrderKind, OrderPurpose
from agents.domain.position import PositionState
from agents.domain.proposal import ProposalState, Trailing
from agents.domain.strategy import Side
from agents.domain.user import NoticeKind
from agents.domain.venue import GuardStyle
from agents.execution.checkpoints import POINTS
from tests.agents.execution.test_exits import both, reconciles
from tests.agents.execution.test_guarding import PAIRED, SEPARATE, STOP, TWO, Floor
from tests.support.desk import levels
from tests.support.memory import Killed

D = Decimal
Step = Callable[[], Awaitable[object]]
STYLES = [PAIRED, SEPARATE, STOP]


class Story:
    """A trade on an exchange, as steps that may each be begun again after a kill."""

    def __init__(self, style: GuardStyle, name: str, fault: str = "") -> None:
        self.floor = Floor(style)
        self.world = self.floor.world
        self.broker = self.floor.broker
        self.name = name
        self.fault = fault
        self.kills = 0

    async def run(self) -> None:
        await self.world.start()
        self.floor.strategy = await self.world.strategy(await self.world.user())
        for step in [*self.steps(), *self.end()]:
            while not await self.survived(step):
                self.kills += 1

    async def survived(self, step: Step) -> bool:
        try:
            if self.world.memory.session.dead:
                await self.world.kill()
                await self.world.start()
                await self.answering()
                self.guarded()
            await step()
            await self.world.settle()
        except Killed:
            await self.world.kill()
            return False
        return not self.world.memory.session.dead

    async def answering(self) -> None:
        """Until the exchange answers again."""
        if self.fault in {"busy", "away"}:
            await self.floor.second(3)

    def guarded(self) -> None:
        """No position without its stop, except for what an exit that is on its way will close."""
        for position in self.world.positions:
            if position.state is PositionState.CLOSED:
                continue
            mine = [item for item in self.world.orders if item.position_id == position.id]
            exits = [item for item in mine if item.reduces and not item.rests]
            flying = sum((item.left for item in exits if item.state in UNSETTLED), D(0))
            assert self.broker.stopped() + flying >= position.quantity

    # --- steps --------------------------------------------------------------------------------

    def steps(self) -> list[Step]:
        enter, trade, once = [self.enter, self.filled], self.trade, self.second
        plays: dict[str, list[Step]] = {
            "part": [self.enter, self.part, once, self.filled, once],
            "targets": [*enter, trade("60600"), once, trade("61200"), once],
            "stop": [*enter, trade("60600"), once, trade("59900"), once],
            "trail": [*enter, trade("60300"), once, trade("60900"), once, trade("60400"), once],
            "half": [*enter, self.close("0.5"), once, once],
            "close": [*enter, self.close("1"), once],
            "dropped": [*enter, self.drop, once, trade("59400"), once],
            "panic": [*enter, self.panic, once, once],
        }
        return plays[self.name]

    def end(self) -> list[Step]:
        """Whatever was left is closed, also what a lost answer holds up."""
        seconds = [self.waiting] * 16
        return [*seconds, self.panic, *seconds, self.minute]

    async def enter(self) -> None:
        if not self.world.proposals:
            trailing = Trailing(distance=D(500)) if self.name == "trail" else None
            wanted = both(Side.LONG, *TWO)
            if trailing:
                wanted = levels(targets=(), trailing=trailing)
            await self.world.propose(self.floor.strategy, wanted)
        proposal = self.world.proposals[0]
        if proposal.state is ProposalState.PENDING:
            self.floor.fail("submit", "later", self.fault)
            self.floor.fail("rest", "", self.fault)
            await self.world.approve(proposal)

    async def part(self) -> None:
        """The exchange fills a part, once, whether or not anybody listens."""
        for entry in [item for item in self.broker.kept.values() if not item.intent.reduces]:
            if not entry.filled:
                self.broker.fill(entry.intent.client_id, "0.1")

    async def filled(self) -> None:
        for entry in [item for item in self.broker.kept.values() if not item.intent.reduces]:
            if entry.live:
                self.broker.fill(entry.intent.client_id)
        await self.world.settle()

    def trade(self, price: str) -> Step:
        async def step() -> None:
            await self.floor.trade(price)

        return step

    async def second(self) -> None:
        await self.floor.second()

    async def waiting(self) -> None:
        """A second, unless nothing waits for it."""
        busy = any(not item.rests and item.state in UNSETTLED for item in self.world.orders)
        noted = self.world.database.table("notes").rows.get("panics")
        if busy or noted or len(self.floor.guards()) != len(self.broker.resting()):
            await self.floor.second()

    async def minute(self) -> None:
        self.world.market.tick(self.broker.price, after=0)
        await self.floor.minute()

    def close(self, fraction: str) -> Step:
        async def step() -> None:
            closes = [item for item in self.world.orders if item.purpose is OrderPurpose.CLOSE]
            for position in self.world.positions:
                if not closes and position.state is PositionState.OPEN:
                    await self.world.desk.hands.close(self.floor.owner, position.id, D(fraction))

        return step

    async def drop(self) -> None:
        """The exchange drops the first stop, once."""
        stops = [item for item in self.broker.kept.values() if item.intent.kind is OrderKind.STOP]
        if stops and stops[0].live:
            self.broker.drop(stops[0].intent.client_id)

    async def panic(self) -> None:
        await self.world.desk.panic.panic(self.floor.owner)

    # --- what is true at the end --------------------------------------------------------------

    async def check(self) -> None:
        world = self.world
        assert [item for item in world.orders if item.state in UNSETTLED] == []
        assert {item.state for item in world.positions} <= {PositionState.CLOSED}
        assert self.broker.resting() == []
        assert self.broker.held.get("BTC/USDT", D(0)) == 0
        assert len(set(self.broker.arrived)) == len(self.broker.arrived)
        there = [fill for kept in self.broker.kept.values() for fill in kept.fills]
        assert sorted(world.fills, key=str) == sorted(there, key=str)
        kinds = (NoticeKind.FILLED, NoticeKind.PARTLY_CLOSED, NoticeKind.CLOSED)
        told = [(facts["client_id"], facts["trade_id"]) for k in kinds for facts in world.told(k)]
        assert sorted(told) == sorted((fill.client_id, fill.trade_id) for fill in there)
        assert world.told(NoticeKind.ALARM) == []
        await reconciles(world)


NAMES = ["part", "targets", "stop", "trail", "half", "close", "dropped", "panic"]


@pytest.mark.parametrize("style", STYLES)
async def test_the_stories_pass_every_point_of_a_guard(style: GuardStyle) -> None:
    passed: set[str] = set()
    for name in NAMES:
        story = Story(style, name)
        await story.run()
        await story.check()
        passed |= set(story.world.points)
    points = {item for item in POINTS if item.startswith("guard.")} | {"exit.released"}
    assert points <= passed


@pytest.mark.parametrize(
    ("style", "name"),
    [(style, name) for style in (PAIRED, SEPARATE) for name in NAMES] + [(STOP, "targets")],
)
async def test_a_kill_at_any_point_leaves_book_and_exchange_agreed(
    style: GuardStyle, name: str
) -> None:
    whole = Story(style, name)
    await whole.run()
    for index, point in enumerate(whole.world.points):
        with noted(f"{style} {name}: killed at {index}, {point}"):
            story = Story(style, name)
            story.world.dies_at = index
            await story.run()
            assert story.kills >= 1
            await story.check()


@pytest.mark.parametrize("fault", ["unanswered", "lost", "busy", "reject"])
@pytest.mark.parametrize("name", ["targets", "close"])
@pytest.mark.parametrize("style", [PAIRED, SEPARATE])
async def test_a_kill_beside_a_fault(style: GuardStyle, name: str, fault: str) -> None:
    whole = Story(style, name, fault)
    await whole.run()
    await whole.check()
    order = [index for index, point in enumerate(whole.world.points) if _risky(point)]
    for index in order:
        with noted(f"{style} {name} {fault}: killed at {index}, {whole.world.points[index]}"):
            story = Story(style, name, fault)
            story.world.dies_at = index
            await story.run()
            await story.check()


def _risky(point: str) -> bool:
    return point.startswith(("guard.", "order.", "exit."))


@contextmanager
def noted(where: str) -> Iterator[None]:
    try:
        yield
    except BaseException as difference:
        difference.add_note(where)
        raise
