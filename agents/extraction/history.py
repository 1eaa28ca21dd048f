"""The candles that decisions are taken on: fetched once, believed, kept, and shared as frames."""

import asyncio
from bisect import bisect_left
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from agents.domain.errors import ParleyError
from agents.domain.market import Candles, Timeframe, from_ms, to_ms
from agents.extraction.frame import Frame
from agents.extraction.quality import Fault, FaultKind, Gate, Reason, clock, fault, gap
from agents.extraction.resample import Prices, Times
from agents.extraction.series import Series

_FAULTS_KEPT = 50
_LATER_CLOSES = 50  # kept beyond what is needed, for those who ask for an earlier close
_DEEPER = 3  # how often one call may ask for older candles


class CandleSource(Protocol):
    """The part of the market's port that is needed here."""

    async def history(
        self, symbol: str, timeframe: Timeframe, until: datetime, count: int
    ) -> Candles: ...


class Frames:
    """One frame per (symbol, timeframe, candle) for whoever asks, with all it has computed."""

    def __init__(self, source: CandleSource) -> None:
        self._source = source
        self._shelves: dict[tuple[str, Timeframe], _Shelf] = {}

    async def ready(
        self, symbol: str, timeframe: Timeframe, closed_at: datetime, need: int
    ) -> Frame | Fault:
        """The frame whose last candle closed at `closed_at`, or why nothing may be decided on it.

        It holds `need` candles or more, or all there are. Of several callers at a time one
        fetches; a fault is not remembered, so that a later caller tries again.
        """
        shelf = self._shelves.get((symbol, timeframe))
        if shelf is None:
            shelf = self._shelves[symbol, timeframe] = _Shelf(self._source, symbol, timeframe)
        return await shelf.ready(to_ms(closed_at), need)

    def faults(self) -> Sequence[Fault]:
        """What was wrong when last asked: one fault at most for each symbol and timeframe."""
        return [shelf.present for shelf in self._shelves.values() if shelf.present]

    def last_range(self, symbol: str) -> float | None:
        """High minus low of the newest candle of `symbol`, of the shortest timeframe that is
        looked at, quote currency; None while none is."""
        asked = [
            (timeframe, shelf)
            for (name, timeframe), shelf in self._shelves.items()
            if name == symbol
        ]
        ranges = (shelf.last_range() for _, shelf in sorted(asked, key=lambda item: item[0]))
        return next((found for found in ranges if found is not None), None)

    def tails(self, symbol: str, count: int) -> Mapping[Timeframe, tuple[Times, Prices]]:
        """Open times (ms) and closes of the newest candles of `symbol` that are here, `count` at
        most, for each timeframe that is looked at."""
        return {
            timeframe: shelf.tail(count)
            for (name, timeframe), shelf in self._shelves.items()
            if name == symbol
        }

    def forget(self, symbol: str, timeframe: Timeframe) -> None:
        """Let go of candles that nobody asks for any more."""
        self._shelves.pop((symbol, timeframe), None)


class _Shelf:
    """The candles of one symbol and timeframe, and who waits for them."""

    def __init__(self, source: CandleSource, symbol: str, timeframe: Timeframe) -> None:
        self._source = source
        self._symbol = symbol
        self._timeframe = timeframe
        self._lock = asyncio.Lock()
        self._need = 0
        self._fetches = 0
        self._asked = 0  # the close (ms) for which was fetched last, and what came of it
        self._trouble: Fault | None = None
        self.present: Fault | None = None
        self._begin()

    def _begin(self) -> None:
        self._series = Series(self._symbol, self._timeframe)
        self._gate = Gate(self._symbol, self._timeframe)
        self._rejected: deque[Fault] = deque(maxlen=_FAULTS_KEPT)
        self._beginning: int | None = None  # open time (ms) of the market's first candle, if known

    def last_range(self) -> float | None:
        """High minus low of the newest candle; None without one."""
        return self._series.last_range() if len(self._series) else None

    def tail(self, count: int) -> tuple[Times, Prices]:
        return self._series.tail(count)

    async def ready(self, closed: int, need: int) -> Frame | Fault:
        fetches = self._fetches
        async with self._lock:
            self._need = max(self._need, need)
            shared = self._fetches != fetches and self._asked == closed
            if not shared or (self._trouble is None and self._lacking(closed)):
                await self._fetch(closed)
            answer = self._trouble or self._answer(closed)
            self.present = answer if isinstance(answer, Fault) else None
            return answer

    async def _fetch(self, closed: int) -> None:
        self._trouble = None
        try:
            if not self._series.has(closed):
                await self._fetch_newer(closed)
            await self._fetch_older(closed)
        except ParleyError as error:
            self._trouble = self._fault(FaultKind.UNAVAILABLE, str(error), closed)
        self._asked = closed
        self._fetches += 1

    async def _fetch_newer(self, closed: int) -> None:
        missing = self._missing(closed)
        if missing > self._need:
            self._begin()
            await self._load(closed)
        elif missing > 0:
            candles = await self._history(closed, missing)
            start = bisect_left(candles.opened, self._series.last_closed)
            self._append(candles.part(start, len(candles)), closed)

    def _missing(self, closed: int) -> int:
        """How many candles are to come until the one that closes at `closed`."""
        if not len(self._series):
            return self._need + 1
        return (closed - self._series.last_closed) // self._timeframe.ms

    async def _load(self, closed: int) -> None:
        candles = await self._history(closed, self._need)
        self._append(candles, closed)
        if len(candles) < self._need and len(self._series):
            self._beginning = self._series.first_opened

    async def _fetch_older(self, closed: int) -> None:
        for _ in range(_DEEPER):
            if not (lacking := self._lacking(closed)):
                return
            first = self._series.first_opened
            candles = await self._history(first, lacking)
            older = candles.part(0, bisect_left(candles.opened, first))
            gate = Gate(self._symbol, self._timeframe)
            self._series.prepend(gate.admit(older, from_ms(first)).candles)
            if len(older) < lacking:
                self._beginning = self._series.first_opened

    def _lacking(self, closed: int) -> int:
        """How many candles are to be had before those that are here."""
        if not len(self._series) or self._series.first_opened == self._beginning:
            return 0
        return max(0, self._need - self._series.depth(closed))

    async def _history(self, until: int, count: int) -> Candles:
        return await self._source.history(self._symbol, self._timeframe, from_ms(until), count)

    def _append(self, candles: Candles, closed: int) -> None:
        sifted = self._gate.admit(candles, from_ms(closed))
        self._rejected.extend(one for one in sifted.faults if one.kind is not FaultKind.GAP)
        self._series.append(sifted.candles, keep=self._need + _LATER_CLOSES)

    def _answer(self, closed: int) -> Frame | Fault:
        if not self._series.has(closed):
            return self._absent(closed)
        if missing := self._series.missing_before(closed):
            return fault(self._symbol, self._timeframe, gap(missing), closed)
        return self._series.frame(closed)

    def _absent(self, closed: int) -> Fault:
        """Why the candle that should have closed at `closed` is not here."""
        at = from_ms(closed)
        for rejected in self._rejected:
            if rejected.at == at:
                return rejected
        if not len(self._series):
            return self._fault(FaultKind.STALE, "there are no candles yet.", closed)
        newest = from_ms(self._series.last_closed)
        if newest > at:
            return self._fault(FaultKind.GAP, "no candle closed at {at}.", closed)
        detail = f"the candle of {{at}} has not come; the newest is that of {clock(newest)}."
        return self._fault(FaultKind.STALE, detail, closed)

    def _fault(self, kind: FaultKind, detail: str, closed: int) -> Fault:
        return fault(self._symbol, self._timeframe, Reason(kind, detail), closed)
