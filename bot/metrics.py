"""What an operator's monitoring reads: Prometheus metrics of this process."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from agents.domain.decision import Decision
from agents.domain.mail import Outbox
from agents.domain.market import Tick, Timeframe
from agents.domain.order import Fill
from agents.domain.ports import Memory
from agents.domain.proposal import ProposalState
from bot.metrics_money import MoneyMetrics
from bot.settings import PLATFORMS

CandleJob = Callable[[Timeframe, datetime], Awaitable[None]]
LAG_SECONDS = 0.25


class Metrics:
    """One registry. `watch_loop` measures how late the event loop gets to a timer."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.ticks = self._counter("parley_ticks", "Ticks heard from the market")
        self.fills = self._counter("parley_fills", "Fills booked")
        self.decisions = Counter(
            "parley_decisions", "Decisions stored", ["action"], registry=self.registry
        )
        self.proposals = Gauge(
            "parley_proposals", "Proposals waiting by state", ["state"], registry=self.registry
        )
        self.waiting = Gauge(
            "parley_outbox_waiting", "Messages not delivered", ["platform"], registry=self.registry
        )
        self.open_positions = Gauge(
            "parley_open_positions", "Positions open", registry=self.registry
        )
        self.cycle_seconds = Histogram(
            "parley_cycle_seconds",
            "From the first look at a closed candle to its last stored decision",
            ["timeframe"],
            registry=self.registry,
        )
        self.lag_seconds = Histogram(
            "parley_loop_lag_seconds",
            "How late the event loop was",
            buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
            registry=self.registry,
        )
        self.money = MoneyMetrics(self.registry)

    def _counter(self, name: str, description: str) -> Counter:
        return Counter(name, description, registry=self.registry)

    def text(self) -> bytes:
        return generate_latest(self.registry)

    def decided(self, decisions: Iterable[Decision]) -> None:
        for decision in decisions:
            self.decisions.labels(decision.action.value).inc()

    def heard(self, _: Tick) -> None:
        self.ticks.inc()

    def filled(self, _: Fill) -> None:
        self.fills.inc()

    def timed(self, decide: CandleJob) -> CandleJob:
        """`decide`, measured."""

        async def run(timeframe: Timeframe, closed: datetime) -> None:
            with self.cycle_seconds.labels(str(timeframe)).time():
                await decide(timeframe, closed)

        return run

    async def count(self, memory: Memory, outbox: Outbox) -> None:
        """Read the gauges from the database."""
        for platform in PLATFORMS:
            self.waiting.labels(platform).set(await outbox.waiting(platform))
        for state in (ProposalState.PENDING, ProposalState.APPROVED, ProposalState.ORDERED):
            found = await memory.proposals.in_state(state)
            self.proposals.labels(state.value).set(len(found))
        self.open_positions.set(await memory.positions.count_open())
        await self.money.count(memory)

    async def watch_loop(self) -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(LAG_SECONDS)
            self.lag_seconds.observe(max(0.0, time.monotonic() - began - LAG_SECONDS))
