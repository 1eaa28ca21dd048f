"""Everything at once, in any order, with kills in between: what must always be true is."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agents.domain.autonomy import MANUAL, Autonomy, AutonomyKind
from agents.domain.order import UNSETTLED, OrderPurpose
from agents.domain.position import PositionState
from agents.domain.proposal import FINAL, PROPOSAL_MOVES, PlannedTarget, ProposalState, Trailing
from agents.domain.strategy import Side, Strategy
from agents.execution.booking.reconciling import cash, differences
from agents.execution.proposals.levels import PriceLevels
from tests.support.desk import World
from tests.support.memory import Killed

D = Decimal


@dataclass(frozen=True)
class Wanted:
    """Levels by their distances from whatever the price is."""

    side: Side
    stop: int
    gains: tuple[int, ...]
    trail: int | None
    even: bool

    def levels(self, price: Decimal) -> PriceLevels:
        sign = self.side.sign
        share = D(1) / max(len(self.gains), 1)
        return PriceLevels(
            self.side,
            price,
            price - self.stop * sign,
            tuple(PlannedTarget(price + gain * sign, share) for gain in self.gains),
            Trailing(
                distance=D(self.trail) if self.trail else None,
                breakeven_r=D(1) if self.even else None,
            ),
        )


AUTONOMIES = (
    MANUAL,
    Autonomy(AutonomyKind.AUTOPILOT),
    Autonomy(AutonomyKind.VETO, window=30),
    Autonomy(AutonomyKind.VETO, window=135),
)
S = ProposalState

plans = some.builds(
    Wanted,
    side=some.sampled_from(Side),
    stop=some.integers(100, 2_000),
    gains=some.lists(some.integers(100, 3_000), max_size=2, unique=True).map(
        lambda gains: tuple(sorted(gains))
    ),
    trail=some.none() | some.integers(100, 1_000),
    even=some.booleans(),
)


class Desk(RuleBasedStateMachine):
    """Two users with two strategies each, on one symbol, and a process that dies now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = World()
        self.price = D(60_000)
        self.strategies: list[Strategy] = []
        self.states: dict[int, set[str]] = {}
        self.final: dict[int, str] = {}

    def teardown(self) -> None:
        self.run(self.world.kill())
        self.loop.close()

    def run(self, work):
        """Do something; a process that dies in it is started again."""
        try:
            result = self.loop.run_until_complete(self._settled(work))
            if not self.world.memory.session.dead:
                return result
        except Killed:
            result = None
        self.restart_now()
        return result

    async def _settled(self, work):
        result = await work
        if not self.world.memory.session.dead:
            await self.world.settle()
        return result

    def restart_now(self) -> None:
        self.world.dies_at = -1
        self.loop.run_until_complete(self.world.kill())
        self.loop.run_until_complete(self.world.start())

    @initialize()
    def open(self) -> None:
        self.loop.run_until_complete(self.world.start())
        for name in ("Ada", "Grace"):
            owner = self.loop.run_until_complete(self.world.user(name))
            for most in (1, 3):
                wanted = self.world.strategy(owner, max_positions=most)
                self.strategies.append(self.loop.run_until_complete(wanted))
        for which in (1, 2):
            self.let(which, AUTONOMIES[which])
        self.run(self.world.tick(self.price))

    # --- what happens -------------------------------------------------------------------------

    @rule(which=some.integers(0, 3), plan=plans)
    def enter(self, which: int, plan: Wanted) -> None:
        """Propose, approve at once, and fill, unless something is in the way."""
        before = len(self.world.proposals)
        self.propose(which, plan)
        if len(self.world.proposals) > before:
            proposal = self.world.proposals[-1]
            self.run(self.world.approve(proposal))
            self.run(self.world.tick(self.price))

    @rule(which=some.integers(0, 3), plan=plans)
    def propose(self, which: int, plan: Wanted) -> None:
        wanted = plan.levels(self.price)
        self.run(self.world.try_to_propose(self.strategies[which], wanted))

    @rule(
        back=some.integers(0, 3),
        offset=some.sampled_from([0, 0, 0, 0, 1, -1]),
        late=some.booleans(),
    )
    def approve(self, back: int, offset: int, late: bool) -> None:
        proposal = self.chosen(back)
        if proposal is None:
            return
        at = self.world.clock.wall()
        taps = [
            self.world.desk.approvals.approve(
                proposal.owner_id, proposal.id, proposal.version + offset, at
            )
            for _ in range(3 if late else 1)
        ]
        outcomes = self.run(_together(taps))
        assert outcomes is None or sum(outcome.done for outcome in outcomes) <= 1

    @rule(back=some.integers(0, 3), what=some.sampled_from(["veto", "halve", "tighten"]))
    def tap(self, back: int, what: str) -> None:
        proposal = self.chosen(back)
        if proposal is not None:
            act = getattr(self.world.desk.approvals, what)
            self.run(act(proposal.owner_id, proposal.id, proposal.version))

    @rule(steps=some.lists(some.integers(-700, 700), min_size=1, max_size=4))
    def ticks(self, steps: list[int]) -> None:
        for step in steps:
            self.price = max(self.price + step, D(1_000))
            self.run(self.world.tick(self.price))

    @rule(which=some.integers(0, 3), autonomy=some.sampled_from(AUTONOMIES))
    def let(self, which: int, autonomy: Autonomy) -> None:
        """How far a strategy may go by itself from now on."""
        strategy = self.strategies[which]
        set_autonomy = self.world.memory.strategies.set_autonomy
        self.run(set_autonomy(strategy.owner_id, strategy.id, autonomy))

    @rule(seconds=some.sampled_from([5, 5, 5, 5, 130, 901]))
    def wait(self, seconds: int) -> None:
        self.world.clock.advance(seconds)
        self.run(self.world.tick(self.price))
        self.run(self.world.desk.every_second())
        self.run(self.world.desk.every_minute())

    @rule(back=some.integers(0, 3), fraction=some.sampled_from(["0.3", "1"]))
    def close(self, back: int, fraction: str) -> None:
        positions = self.world.positions[-4:]
        if back < len(positions):
            position = positions[back]
            self.run(self.world.desk.hands.close(position.owner_id, position.id, D(fraction)))

    @rule(which=some.integers(0, 3))
    def panic(self, which: int) -> None:
        owner = self.strategies[which].owner_id
        self.run(self.world.desk.panic.panic(owner))
        for strategy in self.strategies:
            self.run(self.world.desk.hands.resume(strategy.owner_id, strategy.id))

    @rule()
    def restart(self) -> None:
        self.restart_now()

    @rule(points=some.integers(0, 25))
    def die_soon(self, points: int) -> None:
        self.world.dies_at = len(self.world.points) + points

    def chosen(self, back: int):
        proposals = self.world.proposals[-4:]
        return proposals[back] if back < len(proposals) else None

    # --- what is always true ------------------------------------------------------------------

    @invariant()
    def one_outcome_for_each_proposal(self) -> None:
        for proposal in self.world.proposals:
            before = self.final.get(proposal.id)
            assert before is None or before == proposal.state
            if proposal.state in FINAL:
                self.final[proposal.id] = proposal.state
            assert proposal.state in PROPOSAL_MOVES

    @invariant()
    def nothing_ran_by_itself_before_its_time(self) -> None:
        """What nobody tapped was due, and no later than a tap may be late."""
        for proposal in self.world.proposals:
            begun = proposal.state in {S.APPROVED, S.ORDERED, S.FILLED}
            if begun and proposal.resolved_by is None:
                assert proposal.by_itself and proposal.runs_at and proposal.resolved_at
                late = (proposal.resolved_at - proposal.runs_at).total_seconds()
                assert 0 <= late <= self.world.rules.stale_seconds

    @invariant()
    def one_entry_for_each_proposal(self) -> None:
        entries = [order for order in self.world.orders if order.purpose is OrderPurpose.ENTRY]
        assert all(count == 1 for count in Counter(item.proposal_id for item in entries).values())
        assert len({order.key for order in self.world.orders}) == len(self.world.orders)

    @invariant()
    def positions_are_what_was_entered_less_what_was_left(self) -> None:
        for position in self.world.positions:
            moved = {True: D(0), False: D(0)}
            for order in self.world.orders:
                if order.proposal_id == position.proposal_id:
                    for fill in self.world.fills:
                        if fill.client_id == order.client_id:
                            moved[order.reduces] += fill.quantity
            assert position.quantity == moved[False] - moved[True] >= 0
            under_way = sum(
                order.quantity - order.filled
                for order in self.world.orders
                if order.position_id == position.id and order.state in UNSETTLED
            )
            assert under_way <= position.quantity
            closing = position.state is PositionState.CLOSING
            assert not closing or under_way == position.quantity
            assert (position.state is PositionState.CLOSED) == (position.quantity == 0)

    @invariant()
    def balances_are_what_the_fills_make_them(self) -> None:
        if self.strategies:
            self.loop.run_until_complete(self._reconcile())

    async def _reconcile(self) -> None:
        instruments = {item.symbol: item for item in self.world.instruments}
        for account in self.world.accounts:
            assert await differences(self.world.memory, account, instruments) == []
            mine = [item for item in self.world.positions if item.account_id == account.id]
            if all(item.state is PositionState.CLOSED for item in mine):
                fills = await self.world.memory.orders.fills(account.id)
                assert cash(account.start, fills) == account.balance

    @invariant()
    def every_open_position_is_watched_or_being_closed(self) -> None:
        for position in self.world.positions:
            if position.state is PositionState.CLOSED:
                continue
            held = self.world.desk.book.held(position.id)
            assert held is not None
            assert held.position.version == position.version
            assert held.entries or held.free <= 0 or position.id in self.world.desk.book.unarmed


async def _together(taps):
    results = await asyncio.gather(*taps, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


TestDesk = Desk.TestCase
TestDesk.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
