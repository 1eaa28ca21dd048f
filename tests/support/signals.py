"""A desk that hears signals, on a scripted market whose candles rise."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from agents.decision.sight import Sights
from agents.domain.heard import Heard
from agents.domain.market import Candle, Candles, Timeframe, Universe
from agents.domain.signal import SignalKind, SignalReading, SignalTarget, SignalUpdate
from agents.domain.strategy import Side, Strategy
from agents.domain.user import Place
from agents.extraction.history import Frames
from agents.signals.desk import SignalDesk
from agents.signals.settings import opened
from tests.support.desk import World
from tests.support.line import Model

D = Decimal
GROUP = Place("telegram", "-100")


def rising(world: World, symbol: str = "BTC/USDT", price: float = 60_000.0) -> None:
    """Candles of 1m, 15m and 1h up to now that end at `price`, and rise with some wobble."""
    for name, count in (("1m", 30), ("15m", 1_100), ("1h", 700)):
        length = Timeframe.parse(name)
        until = length.floor(world.clock.now())
        made = Candles(symbol, length)
        for ago in range(count - 1, -1, -1):
            close = price * (1 - 0.0004 * ago + 0.0006 * ((ago * 7) % 5 - 2))
            first = close - price * 0.0003
            volume = 10.0 + (ago * 3) % 7
            top, low = max(first, close) + price * 0.0004, min(first, close) - price * 0.0004
            opened_at = until - length.length * (ago + 1)
            made.append(Candle(symbol, length, opened_at, first, top, low, close, volume))
        world.market.candles[symbol, name] = made


def signal(**changes: Any) -> SignalReading:
    """LONG BTC at the market price, with a stop of 1 % and targets at 1 % and 2 %."""
    told: dict[str, Any] = {
        "kind": SignalKind.SIGNAL,
        "symbol": "BTC/USDT",
        "written": "#BTCUSDT",
        "side": Side.LONG,
        "entries": (D(59_900), D(60_100)),
        "targets": (SignalTarget(D(60_600)), SignalTarget(D(61_200))),
        "stop": D(59_400),
    }
    return SignalReading(**{**told, **changes})


def update(*updates: SignalUpdate, **changes: Any) -> SignalReading:
    told: dict[str, Any] = {"kind": SignalKind.UPDATE, "updates": updates, **changes}
    return SignalReading(**told)


def nothing(words: str, universe: Universe) -> SignalReading:
    return SignalReading(kind=SignalKind.NOTHING)


@dataclass
class Ear:
    """`hear` puts a signal in and waits until it is judged."""

    world: World = field(default_factory=World)
    model: Model | None = None
    count: int = 0
    owner: int = 0

    async def start(self) -> "Ear":
        """Also a new process after a kill."""
        desk = await self.world.start()
        memory = self.world.memory
        self.desk = SignalDesk(
            memory,
            self.world.market,
            self.world.clock,
            Sights(Frames(self.world.market)),
            desk.proposer,
            desk.hands,
            nothing,
            self.model,
            passed=self.world._checkpoint(self.world.memory),
        )
        if not self.owner:
            self.owner = await self.world.user()
            rising(self.world)
            self.world.market.tick("60000")
            self.strategy = (await opened(memory, self.owner, self.world.clock.now()))[0]
        return self

    async def receive(self, reading: SignalReading, words: str = "a text", **more: Any) -> Heard:
        self.count += 1
        self.world.clock.advance(1)
        told = {"source": str(GROUP), "key": str(self.count), "place": GROUP, **more}
        stored = await self.desk.receive(self.owner, reading=reading, words=words, **told)
        assert stored is not None
        return stored

    async def hear(self, reading: SignalReading, words: str = "a text", **more: Any) -> Heard:
        stored = await self.receive(reading, words, **more)
        await self.desk.idle()
        return await self.world.memory.heard.by_id(stored.id)

    async def traded(self) -> Heard:
        """A signal whose proposal was approved and filled at 60,000."""
        heard = await self.hear(signal(), key="41")
        [proposal] = [one for one in self.world.proposals if one.id == heard.proposal_id]
        outcome = await self.world.approve(proposal)
        assert outcome.done, outcome
        await self.world.tick("60000")
        return heard

    async def revise(self, **changes: Any) -> Strategy:
        repo, now = self.world.memory.strategies, self.world.clock.now()
        mine = await repo.get(self.owner, self.strategy.id)
        spec = mine.spec.model_copy(update=changes)
        assert await repo.revise(self.owner, mine.id, mine.version, spec, "changed", now)
        return await repo.get(self.owner, mine.id)
