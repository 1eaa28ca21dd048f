"""An exchange that fills, fails and forgets in any order, with kills in between."""

import asyncio
from collections import deque
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agents.domain.order import UNSETTLED, OrderKind, OrderState
from agents.domain.position import Position, PositionState
from agents.domain.proposal import ProposalState, Trailing
from agents.domain.strategy import Side
from agents.domain.user import NoticeKind
from agents.domain.venue import GuardStyle
from tests.agents.execution.test_exits import reconciles
from tests.agents.execution.test_guarding import Floor
from tests.support.desk import levels
from tests.support.memory import Killed

D = Decimal
FAULTS = ["", "busy", "away", "reject", "lost", "unanswered", "near"]
S = ProposalState


class Exchange(RuleBasedStateMachine):
    """One strategy that trades again and again on one exchange."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.floor: Floor
        self.panicked = 0

    def teardown(self) -> None:
        if hasattr(self, "floor"):
            try:
                self.run(self.calm())
            finally:
                self.loop.run_until_complete(self.floor.world.kill())
        self.loop.close()

    def run(self, work) -> None:
        """Do something; a process that dies in it is started again."""
        try:
            self.loop.run_until_complete(self._settled(work))
        except Killed:
            self.restart_now()
        if self.floor.world.memory.session.dead:
            self.restart_now()

    async def _settled(self, work) -> None:
        await work
        await self.floor.world.settle()

    def restart_now(self) -> None:
        self.floor.world.dies_at = -1
        self.loop.run_until_complete(self.floor.world.kill())
        self.loop.run_until_complete(self.floor.world.start())

    @initialize(style=some.sampled_from([GuardStyle.PAIRED, GuardStyle.SEPARATE, GuardStyle.STOP]))
    def begin(self, style: GuardStyle) -> None:
        self.floor = Floor(style)
        self.run(self._begin())

    async def _begin(self) -> None:
        await self.floor.world.start()
        self.floor.world.market.tick("60000", after=0)
        user = await self.floor.world.user()
        self.floor.strategy = await self.floor.world.strategy(user, max_positions=1)

    # --- what may happen ----------------------------------------------------------------------

    @rule(
        trail=some.sampled_from([None, 300, 900]),
        later=some.booleans(),
        goals=some.integers(0, 2),
        fault=some.sampled_from(FAULTS),
    )
    def enter(self, trail: int | None, later: bool, goals: int, fault: str) -> None:
        self.floor.fail("submit", "later" if later else "")
        self.floor.fail("rest", fault)
        self.run(self._enter(trail, goals))

    async def _enter(self, trail: int | None, targets: int) -> None:
        world, price = self.floor.world, self.floor.broker.price
        await world.desk.hands.resume(self.floor.owner, self.floor.strategy.id)
        share = str(D(1) / targets) if targets else "1"
        wanted = levels(
            Side.LONG,
            str(price),
            str(price - 600),
            tuple((str(price + 500 * (place + 1)), share) for place in range(targets)),
            Trailing(distance=D(trail)) if trail else None,
        )
        offered = await world.try_to_propose(self.floor.strategy, wanted)
        waiting = [item for item in world.proposals if item.state is S.PENDING]
        if offered and waiting:
            await world.approve(waiting[-1])

    @rule(
        step=some.integers(-900, 900), tells=some.booleans(), part=some.sampled_from(["0.4", "1"])
    )
    def trade(self, step: int, tells: bool, part: str) -> None:
        broker = self.floor.broker
        broker.tells, broker.part = tells, D(part)
        price = max(broker.price + step, D(10_000))
        self.run(self.floor.trade(str(price)))
        broker.tells, broker.part = True, D(1)

    @rule(kind=some.sampled_from(["stop", "limit"]), beyond=some.sampled_from([0, 0, 5, 200]))
    def reach(self, kind: str, beyond: int) -> None:
        """The price runs to an order that rests, or past it."""
        mine = [one for one in self.floor.broker.resting() if one.intent.kind == kind]
        if mine:
            price = (mine[0].intent.price or D(0)) + (-beyond if kind == "stop" else beyond)
            self.run(self.floor.trade(str(price)))

    @rule(part=some.sampled_from(["0.3", "1"]))
    def fill(self, part: str) -> None:
        """Market orders that wait at the exchange."""
        self.run(self._fill(D(part)))

    async def _fill(self, part: Decimal) -> None:
        for kept in list(self.floor.broker.kept.values()):
            room = abs(self.floor.broker.held.get("BTC/USDT", D(0)))
            left = min(kept.left, room) if kept.intent.reduces else kept.left
            quantity = (left * part).quantize(D("0.00001"))
            if kept.live and not kept.intent.rests and quantity > 0:
                self.floor.broker.fill(kept.intent.client_id, quantity)

    @rule(
        name=some.sampled_from(["submit", "rest", "cancel", "lookup"]),
        faults=some.lists(some.sampled_from(FAULTS), min_size=1, max_size=3),
    )
    def fault(self, name: str, faults: list[str]) -> None:
        allowed = {"cancel": {"busy", "away", "unanswered"}, "lookup": {"busy", "away"}}
        usual = {"", "busy", "away", "reject", "lost", "unanswered", "near"}
        if name == "submit":
            usual -= {"near"}
        self.floor.broker.faults[name] = deque(
            fault for fault in faults if fault in allowed.get(name, usual)
        )

    @rule(which=some.integers(0, 3), state=some.sampled_from(["cancelled", "expired"]))
    def drop(self, which: int, state: str) -> None:
        self.run(self._drop(which, OrderState(state)))

    async def _drop(self, which: int, state: OrderState) -> None:
        resting = self.floor.broker.resting()
        if which < len(resting):
            self.floor.broker.drop(resting[which].intent.client_id, state)

    @rule(seconds=some.sampled_from([1, 1, 3, 11]))
    def wait(self, seconds: int) -> None:
        self.run(self._wait(self.floor.second(seconds)))

    @rule()
    def minute(self) -> None:
        self.run(self._wait(self.floor.minute()))

    async def _wait(self, work) -> None:
        self.floor.world.market.tick(self.floor.broker.price, after=0)
        await work

    @rule(fraction=some.sampled_from(["0.3", "1"]))
    def close(self, fraction: str) -> None:
        for position in self.floor.world.positions[-1:]:
            self.run(self.floor.world.desk.hands.close(self.floor.owner, position.id, D(fraction)))

    @precondition(lambda self: self.panicked < 2)
    @rule()
    def panic(self) -> None:
        self.panicked += 1
        self.run(self.floor.world.desk.panic.panic(self.floor.owner))

    @rule()
    def restart(self) -> None:
        self.restart_now()

    @rule(points=some.integers(0, 25))
    def die_soon(self, points: int) -> None:
        self.floor.world.dies_at = len(self.floor.world.points) + points

    # --- what is always true ------------------------------------------------------------------

    @invariant()
    def every_client_id_is_taken_once(self) -> None:
        arrived = self.floor.broker.arrived
        assert len(set(arrived)) == len(arrived)

    @invariant()
    def nothing_is_booked_that_was_not_filled_and_nothing_twice(self) -> None:
        there = [fill for kept in self.floor.broker.kept.values() for fill in kept.fills]
        booked = self.floor.world.fills
        assert len(set(booked)) == len(booked)
        assert set(booked) <= set(there)

    @invariant()
    def what_rests_is_never_more_than_is_held(self) -> None:
        if self.floor.style is not GuardStyle.SEPARATE:
            held = self.floor.broker.held.get("BTC/USDT", D(0))
            assert self.floor.broker.stopped() <= held

    # --- and what is true when the exchange behaves -------------------------------------------

    async def calm(self) -> None:
        """No more faults: after a while book and exchange agree and every position has its stop."""
        floor = self.floor
        floor.broker.faults.clear()
        floor.world.dies_at = -1
        for kept in list(floor.broker.kept.values()):
            if kept.live and not kept.intent.rests:
                floor.broker.fill(kept.intent.client_id) if not kept.intent.reduces else (
                    floor.broker.drop(kept.intent.client_id)
                )
        for _ in range(3):
            for _ in range(15):
                floor.world.market.tick(floor.broker.price, after=0)
                await floor.second(5)
            await floor.minute()
        self.agreed()
        for position in floor.world.positions:
            if position.state is not PositionState.CLOSED:
                assert self.safe(position), position
        await floor.world.desk.panic.panic(floor.owner)
        for _ in range(70):
            await floor.second(2)
        self.agreed()
        assert {item.state for item in floor.world.positions} <= {PositionState.CLOSED}
        assert floor.broker.resting() == []
        there = [fill for kept in floor.broker.kept.values() for fill in kept.fills]
        kinds = (NoticeKind.FILLED, NoticeKind.PARTLY_CLOSED, NoticeKind.CLOSED)
        told = [(one["client_id"], one["trade_id"]) for k in kinds for one in floor.world.told(k)]
        assert sorted(told) == sorted((fill.client_id, fill.trade_id) for fill in there)
        await reconciles(floor.world)

    def safe(self, position: Position) -> bool:
        """Covered at the exchange, unless it is too small for an order."""
        small = position.quantity < D("0.0001") or position.quantity * position.stop < 5
        mine = [
            kept.left
            for kept in self.floor.broker.resting()
            if kept.intent.position_id == position.id and kept.intent.kind is OrderKind.STOP
        ]
        return small or sum(mine, D(0)) == position.quantity

    def agreed(self) -> None:
        floor = self.floor
        held = sum((item.quantity for item in floor.world.positions), D(0))
        assert floor.broker.held.get("BTC/USDT", D(0)) == held
        at_venue = {one.intent.client_id for one in floor.broker.resting()}
        assert at_venue == {item.client_id for item in floor.guards()}
        exits = [item for item in floor.world.orders if not item.rests]
        assert [item for item in exits if item.state in UNSETTLED] == []


TestExchange = Exchange.TestCase
TestExchange.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
