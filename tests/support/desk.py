"""A desk on a scripted market, as a process that can be killed and started again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from agents.domain.decision import Action, Decision
from agents.domain.market import Instrument
from agents.domain.order import Fill, OrderIntent
from agents.domain.ports import Memory
from agents.domain.position import Account, Position
from agents.domain.proposal import PlannedTarget, Proposal, Trailing
from agents.domain.risk import Costs, Limits, TapRules
from agents.domain.strategy import (
    Mode,
    RunKind,
    Side,
    Sides,
    Strategy,
    StrategySpec,
    StrategyState,
)
from agents.domain.user import Identity, NoticeKind, Place
from agents.execution.brokers.paper import PaperBroker
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.desk import Desk, open_desk
from agents.execution.proposals.autopilot import Stopping, nobody
from agents.execution.proposals.levels import PriceLevels
from agents.execution.proposals.proposing import Declined
from tests.support.broker import ScriptedBroker
from tests.support.clock import ManualClock
from tests.support.market import ScriptedMarket, instrument
from tests.support.memory import Database, InMemory, Killed
from tests.support.venue_broker import VenueBroker

FREE = Costs(*[Decimal(0)] * 5)
BTC = instrument()
RULES = TapRules(price_tolerance=Decimal("0.3"), stale_seconds=120, expiry_seconds=900)


def levels(
    side: Side = Side.LONG,
    price: str = "60000",
    stop: str = "59400",
    targets: tuple[tuple[str, str], ...] = (("61200", "1"),),
    trailing: Trailing | None = None,
) -> PriceLevels:
    """1 % stop and a target at 2R unless said otherwise."""
    planned = tuple(PlannedTarget(Decimal(at), Decimal(share)) for at, share in targets)
    return PriceLevels(side, Decimal(price), Decimal(stop), planned, trailing or Trailing())


def spec(**changes: object) -> StrategySpec:
    told: dict[str, object] = {
        "symbols": ("BTC/USDT",),
        "side": Sides.BOTH,
        "timeframe": "5m",
        "entry_long": "rsi(14) < 35",
        "entry_short": "rsi(14) > 65",
        "stop": "1%",
        "risk_percent": Decimal(1),
        "leverage": 5,
    }
    return StrategySpec.model_validate({**told, **changes})


@dataclass
class World:
    """What outlives a process: the database, the market, the clocks, and the user."""

    limits: Limits = field(default_factory=Limits)
    rules: TapRules = RULES
    costs: Costs = field(default_factory=Costs)
    instruments: tuple[Instrument, ...] = (BTC, instrument("ETH/USDT"))
    database: Database = field(default_factory=Database)
    clock: ManualClock = field(default_factory=ManualClock)
    broker: ScriptedBroker | VenueBroker | None = None  # instead of paper
    opened_memory: Callable[[InMemory], None] = lambda memory: None  # before anything uses it
    stopping: Stopping = nobody
    modes: tuple[Mode, ...] = (Mode.PAPER,)  # further ones get a paper broker of that mode
    more: dict[str, Any] = field(default_factory=dict)  # what else the desk is opened with
    brokers: dict[Mode, Any] = field(default_factory=dict)  # further ones that outlive processes

    def __post_init__(self) -> None:
        self.market = ScriptedMarket(self.clock, *self.instruments)
        self.memory = InMemory(self.database)
        self.desk: Desk
        self.points: list[str] = []
        self.dies_at = -1  # the index in `points` at which the process is killed
        self.dies_at_next = ""  # or the name of a point
        self.candles = 0

    async def start(self, memory: Memory | None = None, dies: Checkpoint = passed) -> Desk:
        """A process on this database, as after a crash when one ran before; `memory` to run on
        a real one, where `dies` may kill it."""
        self.memory = cast(InMemory, memory) if memory else InMemory(self.database)
        self.opened_memory(self.memory)
        broker = self.broker or PaperBroker(Mode.PAPER, self.market, self.costs)
        self.desk = open_desk(
            self.memory,
            self.market,
            self.clock,
            {
                mode: PaperBroker(mode, self.market, self.costs)
                for mode in self.modes
                if mode is not Mode.PAPER
            }
            | {Mode.PAPER: broker, **self.brokers},
            limits=self.limits,
            rules=self.rules,
            stopping=self.stopping,
            passed=dies if memory else self._checkpoint(self.memory),
            **self.more,
        )
        await self.desk.wake()
        await self.settle()
        return self.desk

    def _checkpoint(self, memory: InMemory) -> Callable[[str], None]:
        def passed(point: str) -> None:
            memory.session.check()
            self.points.append(point)
            if len(self.points) - 1 == self.dies_at or point == self.dies_at_next:
                self.dies_at_next = ""
                memory.kill()
                raise Killed(point)

        return passed

    async def kill(self) -> None:
        """SIGKILL: tasks that still run get no further than their next word to the database."""
        self.memory.kill()
        self.market.forget_listeners()
        if self.broker is not None:
            self.broker.forget_listeners()
        for _ in range(3):
            ends = (self.desk.exits.idle(), self.desk.orders.idle())
            await asyncio.gather(*ends, return_exceptions=True)

    async def settle(self) -> None:
        """Until nothing is being stored, sent or booked."""
        for _ in range(3):
            await self.desk.exits.idle()
            await self.desk.orders.idle()

    async def tick(self, price: Decimal | str | int, **more: object) -> None:
        self.market.tick(price, **more)  # type: ignore[arg-type]
        await self.settle()

    async def user(self, name: str = "Ada") -> int:
        identity, place = Identity("telegram", name), Place("telegram", name)
        at = self.clock.wall()
        return (await self.memory.users.join(identity, name, place, operator=False, at=at)).id

    async def strategy(
        self,
        owner: int,
        *,
        run: RunKind = RunKind.CONTINUOUS,
        mode: Mode = Mode.PAPER,
        start: str = "10000",
        **changes: Any,
    ) -> Strategy:
        """Active; `start` is what its account with real money begins with."""
        at, repo = self.clock.now(), self.memory.strategies
        drafted = await repo.draft(owner, "Dips", spec(**changes), "Buy dips", mode, at)
        if mode is Mode.LIVE:
            await self.memory.accounts.open(owner, drafted.id, mode, Decimal(start), at)
        await repo.move(owner, drafted.id, StrategyState.ACTIVE, at)
        await repo.set_run(owner, drafted.id, run.value)
        return await repo.get(owner, drafted.id)

    async def decision(self, strategy: Strategy, symbol: str = "BTC/USDT") -> Decision:
        """A decision on a candle of its own."""
        self.candles += 1
        self.clock.advance(1)
        now = self.clock.now()
        wanted = Decision(
            strategy.id,
            strategy.owner_id,
            strategy.version,
            symbol,
            "5m",
            now,
            Action.ENTER_LONG,
            "rsi(14) 31.2 < 35",
            now,
        )
        [stored] = await self.memory.decisions.store([], [wanted])
        return stored

    async def propose(
        self, strategy: Strategy, wanted: PriceLevels | None = None, **more: object
    ) -> Proposal:
        """A stored proposal; an assertion with the reason when there is none."""
        answer = await self.try_to_propose(strategy, wanted, **more)
        assert isinstance(answer, Proposal), answer
        return answer

    async def try_to_propose(
        self, strategy: Strategy, wanted: PriceLevels | None = None, **more: object
    ) -> Proposal | Declined:
        chosen = wanted or levels()
        symbol = str(more.pop("symbol", "BTC/USDT"))
        if self.market.last(symbol) is None:
            self.market.tick(chosen.price, symbol)
        instruments = {item.symbol: item for item in self.instruments}
        return await self.desk.proposer.propose(
            strategy,
            await self.decision(strategy, symbol),
            chosen,
            instruments[symbol],
            **more,  # type: ignore[arg-type]
        )

    async def approve(self, proposal: Proposal):
        return await self.desk.approvals.approve(
            proposal.owner_id, proposal.id, proposal.version, self.clock.wall()
        )

    async def opened(self, strategy: Strategy, wanted: PriceLevels | None = None) -> Position:
        """A position filled at the price of its levels (with free costs)."""
        chosen = wanted or levels()
        proposal = await self.propose(strategy, chosen)
        outcome = await self.approve(proposal)
        assert outcome.done, outcome
        await self.tick(chosen.price, symbol=proposal.symbol)
        position = await self.memory.positions.by_proposal(proposal.id)
        assert position is not None
        return position

    # --- what is on disk ----------------------------------------------------------------------

    @property
    def orders(self) -> list[OrderIntent]:
        return self.memory.rows("orders")

    @property
    def fills(self) -> list[Fill]:
        return [fill for _, fill in self.memory.rows("fills")]

    @property
    def positions(self) -> list[Position]:
        return self.memory.rows("positions")

    @property
    def proposals(self) -> list[Proposal]:
        return self.memory.rows("proposals")

    @property
    def accounts(self) -> list[Account]:
        return self.memory.rows("accounts")

    def told(self, kind: NoticeKind) -> list[dict]:
        return [dict(notice.facts) for notice in self.memory.told if notice.kind is kind]
