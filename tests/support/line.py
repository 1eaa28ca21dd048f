"""The one line on a scripted market: candles that a test closes, and a cycle that decides them."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from agents.cycle import Cycle
from agents.decision.sight import Sights
from agents.domain.decision import Action, Advice, Advised, Decision, ModelCall, Question
from agents.domain.market import Candle, Candles, Timeframe
from agents.domain.ports import Memory
from agents.domain.strategy import Mode, Strategy
from agents.execution.brokers.paper import PaperBroker
from agents.execution.desk import open_desk
from agents.extraction.history import Frames
from tests.support.clock import START
from tests.support.desk import World
from tests.support.memory import Killed

BTC = "BTC/USDT"
ETH = "ETH/USDT"
PRICE = 60_000.0
BEFORE = 60  # candles before the first that a test closes


def candle(symbol: str, timeframe: Timeframe, closed: datetime, close: float) -> Candle:
    """A quiet candle: opened at its close, a little up and down."""
    wick = close * 0.001
    opened = closed - timeframe.length
    return Candle(symbol, timeframe, opened, close, close + wick, close - wick, close, 10.0)


@dataclass
class Model:
    """An advisor that says what a test queued; the last word is repeated. Keeps the questions."""

    words: deque[Advice | Exception | None] = field(default_factory=deque)
    asked: list[Question] = field(default_factory=list)
    name: str = "claude-test"

    def says(self, action: str | None = None, **more: Any) -> None:
        """An advice; without an action, an answer that can't be used."""
        told = {"confidence": 0.8, "reasons": ("volume confirms",), **more}
        self.words.append(Advice(action=action, **told) if action else None)

    async def advise(self, question: Question) -> Advised:
        self.asked.append(question)
        word = self.words.popleft() if len(self.words) > 1 else self.words[0]
        if isinstance(word, Exception):
            raise word
        call = ModelCall(
            "advisor",
            self.name,
            question.owner_id,
            question.strategy_id,
            START,
            "ok" if word else "unparsable",
            input_tokens=900,
            output_tokens=120,
            cost=Decimal("0.0045"),
            error="" if word else "the answer did not fit the schema",
        )
        return Advised(word, (call,))


@dataclass
class Line:
    """`close` closes a candle; `decide` runs the cycle on the last one."""

    world: World
    memory: Memory
    model: Model | None = None
    timeframe: Timeframe = field(default_factory=lambda: Timeframe.parse("5m"))
    told: list[Decision] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cycle = self.another()
        for symbol in (BTC, ETH):
            self.history(symbol, [PRICE] * BEFORE)

    def another(self, memory: Memory | None = None) -> Cycle:
        """A cycle of its own, as a second process or a new start has."""
        world = self.world
        desk = world.desk
        if memory is not None:
            broker = PaperBroker(Mode.PAPER, world.market, world.costs)
            desk = open_desk(memory, world.market, world.clock, {Mode.PAPER: broker})
        return Cycle(
            memory or self.memory,
            world.market,
            world.clock,
            Sights(Frames(world.market)),
            desk.proposer,
            desk.hands,
            self.model,
            self.told.extend,
        )

    def history(self, symbol: str, closes: Sequence[float], timeframe: str = "") -> None:
        """The candles so far, the last one closed at the last boundary."""
        length = Timeframe.parse(timeframe) if timeframe else self.timeframe
        until = length.floor(self.world.clock.now())
        made = Candles(symbol, length)
        for ago, close in zip(range(len(closes) - 1, -1, -1), closes, strict=True):
            made.append(candle(symbol, length, until - length.length * ago, close))
        self.world.market.candles[symbol, str(length)] = made

    @property
    def closed(self) -> datetime:
        return self.timeframe.floor(self.world.clock.now())

    def close(self, btc: float = PRICE, **others: float) -> datetime:
        """Time runs to the next boundary, and a candle of each symbol closes."""
        market = self.world.market
        closed = self.timeframe.next_close(self.world.clock.now())
        self.world.clock.move_to(closed)
        for symbol, price in ((BTC, btc), (ETH, others.get("eth", PRICE))):
            known = market.candles[symbol, str(self.timeframe)]
            made = known.part(0, len(known))
            made.append(candle(symbol, self.timeframe, closed, price))
            market.candles[symbol, str(self.timeframe)] = made
            market.tick(Decimal(str(price)), symbol, after=0)
        return closed

    async def decide(self, cycle: Cycle | None = None) -> None:
        await (cycle or self.cycle).run(self.timeframe, self.closed)
        await self.world.settle()

    async def dies(self, point: str) -> None:
        """The process is killed at a point while it decides, and another one starts."""
        self.world.dies_at_next = point
        with pytest.raises(Killed):
            await self.decide()
        await self.restart()

    async def restart(self) -> None:
        await self.world.kill()
        await self.world.start()
        self.memory = self.world.memory
        self.cycle = self.another()

    async def next(self, btc: float = PRICE, **others: float) -> None:
        self.close(btc, **others)
        await self.decide()

    async def strategy(self, **changes: Any) -> Strategy:
        """Of a user of its own, active; enters long above 60,100 unless said otherwise."""
        owner = await self.world.user(f"user {len(await self.memory.users.everyone())}")
        told = {"entry_long": "close > 60100", "entry_short": None, "side": "long", **changes}
        return await self.world.strategy(owner, **told)

    async def decisions(self, strategy: Strategy) -> list[Decision]:
        """Oldest first."""
        found = await self.memory.decisions.recent(strategy.owner_id, strategy.id, 1_000)
        return sorted(found, key=lambda one: (one.closed, one.symbol))

    async def last(self, strategy: Strategy) -> Decision:
        return (await self.decisions(strategy))[-1]

    async def actions(self, strategy: Strategy) -> list[Action]:
        return [one.action for one in await self.decisions(strategy)]


async def line(model: Model | None = None, memory: Memory | None = None) -> Line:
    world = World()
    await world.start(memory)
    return Line(world, world.memory, model)


def reasons(decisions: Iterable[Decision]) -> list[str]:
    return [one.reason for one in decisions]
