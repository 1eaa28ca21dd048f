"""How near each strategy is to acting: what /status shows while nothing happens."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.decision.rules import Check, Context
from agents.decision.sight import Sights
from agents.decision.signals import look
from agents.domain.market import Timeframe
from agents.domain.ports import Clock
from agents.domain.strategy import RunKind, Side, Strategy
from agents.domain.windows import in_windows
from agents.extraction.quality import FaultKind

MAY_YET_COME = timedelta(seconds=15)  # after its close, market time


@dataclass(frozen=True, slots=True)
class Look:
    """One side of a strategy on one symbol, at the last closed candle.

    `conditions` are those of its entry rule; `fault` says what is wrong with the data and is
    empty when nothing is. `next_look` is market time, `next_look_wall` the same in human time.
    """

    symbol: str
    side: Side | None
    conditions: tuple[Check, ...]
    next_look: datetime
    next_look_wall: datetime
    in_hours: bool
    fault: str = ""


class Watch:
    """Looks again at the candle that was decided last; frames are shared with the cycle."""

    def __init__(self, sights: Sights, clock: Clock) -> None:
        self._sights = sights
        self._clock = clock

    async def look(self, strategy: Strategy) -> tuple[Look, ...]:
        """One Look for each symbol and side that the strategy may enter; none where no candle
        sets it off."""
        if strategy.run is RunKind.ON_SIGNAL:
            return ()
        timeframe = Timeframe.parse(strategy.spec.timeframe)
        closed = timeframe.floor(self._clock.now())
        found: list[Look] = []
        for symbol in strategy.spec.symbols:
            found.extend(await self._symbol(strategy, symbol, timeframe, closed))
        return tuple(found)

    async def _symbol(
        self, strategy: Strategy, symbol: str, timeframe: Timeframe, closed: datetime
    ) -> list[Look]:
        seen = await self._seen(strategy, symbol, timeframe, closed)
        upcoming = closed + timeframe.length
        wall = self._clock.wall_at(upcoming)
        in_hours = in_windows(strategy.spec.windows, upcoming)
        if isinstance(seen, str):
            return [Look(symbol, None, (), upcoming, wall, in_hours, seen)]
        verdicts = look(strategy.spec, seen).verdicts
        if not verdicts:
            return [Look(symbol, None, (), upcoming, wall, in_hours)]
        return [
            Look(symbol, side, verdict.checks, upcoming, wall, in_hours)
            for side, verdict in verdicts.items()
        ]

    async def _seen(
        self, strategy: Strategy, symbol: str, timeframe: Timeframe, closed: datetime
    ) -> Context | str:
        """A person waits for this, so nobody waits for a late candle: while it may yet come, the
        one before is shown."""
        sight = await self._sights.see(symbol, timeframe, closed, (strategy,), patient=False)
        fault = sight.fault_of(strategy)
        late = self._clock.now() - closed
        if fault is not None and fault.kind is FaultKind.STALE and late < MAY_YET_COME:
            before = closed - timeframe.length
            sight = await self._sights.see(symbol, timeframe, before, (strategy,), patient=False)
        return sight.of(strategy)
