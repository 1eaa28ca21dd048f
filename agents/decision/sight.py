"""What can be seen of a symbol at a candle's close: frames of every timeframe that rules need."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from agents.decision.rules import Context, needs
from agents.domain.decision import Snapshot
from agents.domain.market import Timeframe, from_ms
from agents.domain.strategy import Strategy, StrategySpec
from agents.extraction.frame import Frame
from agents.extraction.history import Frames
from agents.extraction.quality import Fault, FaultKind

DIGITS = 10  # significant digits of a stored value; more than any display, fewer than a float


class Sights:
    """Frames put together for rules, shared by everyone who looks at the same candle."""

    def __init__(
        self,
        frames: Frames,
        patience: Sequence[float] = (),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`patience`: the seconds between looks for a candle that has not come yet, since an
        exchange may publish it a moment late."""
        self._frames = frames
        self._patience = patience
        self._pause = pause
        self._needs: dict[tuple[int, int], Mapping[str, int]] = {}

    async def see(
        self, symbol: str, timeframe: Timeframe, closed: datetime, strategies: Iterable[Strategy]
    ) -> Context | Fault:
        """The context in which `strategies` look at the candle of `symbol` that closed then."""
        wanted: dict[str, int] = {str(timeframe): 2}
        for strategy in strategies:
            for name, count in self._needs_of(strategy).items():
                wanted[name] = max(count, wanted.get(name, 0))
        found = {}
        for name, count in wanted.items():
            length = Timeframe.parse(name)
            frame = await self._ready(symbol, length, length.floor(closed), count)
            if isinstance(frame, Fault):
                return frame
            found[name] = frame
        return Context(found.pop(str(timeframe)), found.__getitem__)

    async def _ready(
        self, symbol: str, timeframe: Timeframe, closed: datetime, count: int
    ) -> Frame | Fault:
        found = await self._frames.ready(symbol, timeframe, closed, count)
        for seconds in self._patience:
            if not isinstance(found, Fault) or found.kind is not FaultKind.STALE:
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
    return needs(spec)


def snapshot(context: Context) -> Snapshot:
    """Everything that was asked for at the context's last candle, as it is stored."""
    base = context.base
    values = {text: _rounded(value) for text, value in context.seen.items()}
    closed = from_ms(int(base.closed[-1]))
    return Snapshot(base.symbol, str(base.timeframe), closed, values)


def _rounded(value: float) -> float | None:
    """None for unknown; else DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}") if value == value else None  # noqa: PLR0124  # NaN
