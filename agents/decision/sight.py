"""What can be seen of a symbol at a candle's close: frames of every timeframe that rules need."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from agents.decision.candidates import CANDLES_SHOWN, with_usual
from agents.decision.rules import Context, needs
from agents.domain.decision import Snapshot
from agents.domain.errors import AskUser
from agents.domain.market import Candles, Timeframe, from_ms
from agents.domain.strategy import Strategy, StrategySpec
from agents.extraction.frame import Frame
from agents.extraction.history import Frames
from agents.extraction.quality import Fault, FaultKind

_PASSING = frozenset({FaultKind.STALE, FaultKind.UNAVAILABLE})
DIGITS = 10  # significant digits of a stored value; more than any display, fewer than a float


@dataclass(frozen=True, slots=True)
class Sight:
    """One symbol at one close. What is wrong for one strategy does not blind the others.

    `faults` are by timeframe, `needs` (timeframes) and `unreadable` (why its rules can't be
    read) by strategy id.
    """

    context: Context | None
    faults: Mapping[str, Fault]
    needs: Mapping[int, Iterable[str]]
    unreadable: Mapping[int, str]

    def of(self, strategy: Strategy) -> Context | str:
        """The context in which `strategy` looks, or why it can't."""
        if strategy.id in self.unreadable:
            return self.unreadable[strategy.id]
        found = self.fault_of(strategy)
        if found is not None or self.context is None:
            return str(found or next(iter(self.faults.values())))
        return self.context

    def fault_of(self, strategy: Strategy) -> Fault | None:
        """What is wrong with the data that `strategy` needs."""
        if not self.faults:
            return None
        names = (strategy.spec.timeframe, *self.needs.get(strategy.id, ()))
        return next((self.faults[name] for name in names if name in self.faults), None)


class Sights:
    """Frames put together for rules, shared by everyone who looks at the same candle."""

    def __init__(
        self,
        frames: Frames,
        patience: Sequence[float] = (),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`patience`: the seconds between looks for a candle that has not come yet, since an
        exchange may publish it, or answer, a moment late."""
        self._frames = frames
        self._patience = patience
        self._pause = pause
        self._needs: dict[tuple[int, int], Mapping[str, int]] = {}

    async def see(
        self,
        symbol: str,
        timeframe: Timeframe,
        closed: datetime,
        strategies: Iterable[Strategy],
        *,
        patient: bool = True,
    ) -> Sight:
        """What `strategies` can see of the candle of `symbol` that closed then. `patient` waits
        for a candle that has not come yet."""
        own = str(timeframe)
        wanted: dict[str, int] = {own: CANDLES_SHOWN}
        needed: dict[int, Mapping[str, int]] = {}
        unreadable: dict[int, str] = {}
        for strategy in strategies:
            try:
                needed[strategy.id] = self._needs_of(strategy)
            except AskUser as error:
                unreadable[strategy.id] = str(error)
                continue
            for name, count in needed[strategy.id].items():
                wanted[name] = max(count, wanted.get(name, 0))
        found, faults = await self._frames_of(symbol, closed, wanted, patient)
        context = Context(found.pop(own), found.__getitem__) if own in found else None
        return Sight(context, faults, needed, unreadable)

    async def of_spec(self, symbol: str, closed: datetime, spec: StrategySpec) -> Context | Fault:
        """What `spec`, of no stored strategy, can see of its candle that closed then. Longer
        candles that can't be had are unknown; nobody waits for a late one."""
        timeframe = Timeframe.parse(spec.timeframe)
        wanted = {spec.timeframe: CANDLES_SHOWN, **_needs(spec)}
        found, faults = await self._frames_of(symbol, closed, wanted, patient=False)
        if spec.timeframe not in found:
            return faults[spec.timeframe]
        for name in faults:
            found[name] = Frame.of(Candles(symbol, Timeframe.parse(name)))
        return Context(found.pop(str(timeframe)), found.__getitem__)

    async def _frames_of(
        self, symbol: str, closed: datetime, wanted: Mapping[str, int], patient: bool
    ) -> tuple[dict[str, Frame], dict[str, Fault]]:
        """By timeframe; without the first one the others are not asked for."""
        found: dict[str, Frame] = {}
        faults: dict[str, Fault] = {}
        for name, count in wanted.items():
            length = Timeframe.parse(name)
            patience = self._patience if patient else ()
            frame = await self._ready(symbol, length, length.floor(closed), count, patience)
            if not isinstance(frame, Fault):
                found[name] = frame
                continue
            faults[name] = frame
            if not found:
                break
        return found, faults

    async def _ready(
        self,
        symbol: str,
        timeframe: Timeframe,
        closed: datetime,
        count: int,
        patience: Sequence[float],
    ) -> Frame | Fault:
        found = await self._frames.ready(symbol, timeframe, closed, count)
        for seconds in patience:
            if not isinstance(found, Fault) or found.kind not in _PASSING:
                break
            await self._pause(seconds)
            found = await self._frames.ready(symbol, timeframe, closed, count)
        return found

    def _needs_of(self, strategy: Strategy) -> Mapping[str, int]:
        key = (strategy.id, strategy.version)
        if key not in self._needs:
            self._needs[key] = _needs(strategy.spec)
        return self._needs[key]


@lru_cache(maxsize=4096)
def _needs(spec: StrategySpec) -> Mapping[str, int]:
    return needs(with_usual(spec) if spec.guidance else spec)


def snapshot(context: Context) -> Snapshot:
    """Everything that was asked for at the context's last candle, as it is stored."""
    base = context.base
    values = {text: _rounded(value) for text, value in context.seen.items()}
    closed = from_ms(int(base.closed[-1]))
    return Snapshot(base.symbol, str(base.timeframe), closed, values)


def _rounded(value: float) -> float | None:
    """None for unknown; else DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}") if value == value else None  # noqa: PLR0124  # NaN
