"""Plays the ticks of candles that are known beforehand, in time with a clock."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from agents.domain.market import Tick, from_ms, to_ms
from agents.domain.ports import Clock
from bot.connectors.tick_feed import TickFeed
from bot.connectors.tick_path import low_first, path, ticks_in

_log = logging.getLogger(__name__)
_LOOK = 0.125
"""Seconds between two looks at the clock."""
_SLICE = 60_000
"""Milliseconds of market time that are played before the event loop gets its turn."""


@dataclass(frozen=True, slots=True)
class Path:
    """The ticks of one candle, `gap` ms apart from `opened`; `prices` are in units of `step`.

    `spread` is the whole width between bid and ask in units of `step`; None without quotes.
    """

    symbol: str
    opened: int
    gap: int
    prices: list[int]
    step: Decimal
    spread: int | None = None

    def between(self, after: int, until: int) -> range:
        """Numbers of the ticks after `after` and not after `until`."""
        first = max(0, (after - self.opened) // self.gap + 1)
        return range(first, min(len(self.prices), (until - self.opened) // self.gap + 1))

    def at(self, number: int) -> int:
        """Time of a tick in ms."""
        return self.opened + number * self.gap

    def number_at(self, at: int) -> int:
        """The newest tick at `at`, which is not before the open."""
        return min((at - self.opened) // self.gap, len(self.prices) - 1)

    def tick(self, number: int) -> Tick:
        units = self.prices[number]
        at = from_ms(self.at(number))
        if self.spread is None:
            return Tick(self.symbol, at, units * self.step)
        bid = units - self.spread // 2
        return Tick(
            self.symbol, at, units * self.step, bid * self.step, (bid + self.spread) * self.step
        )


def path_of(
    symbol: str,
    opened: int,
    seconds: int,
    prices: tuple[int, int, int, int],
    step: Decimal,
    spread: int | None = None,
) -> Path:
    """The ticks of a candle; prices are open, high, low, close in units of `step`."""
    ticks = ticks_in(seconds)
    drawn = path(prices, ticks, low_comes_first=low_first(symbol, opened, prices))
    return Path(symbol, opened, seconds * 1000 // ticks, drawn, step, spread)


class PathSource(Protocol):
    def paths(self, symbol: str, after: int, until: int) -> Iterator[Path]:
        """The candles that have ticks after `after` and not after `until`, in time order."""

    def path_at(self, symbol: str, at: int) -> Path | None:
        """The newest candle that had opened at `at`; None before the first."""


class Player:
    """Emits every tick of the watched symbols that is due by the clock, in time order, once."""

    def __init__(self, clock: Clock, source: PathSource, feed: TickFeed) -> None:
        self._clock = clock
        self._source = source
        self._feed = feed
        self._played = 0
        self._emitting = False
        self._task: asyncio.Task[None] | None = None

    def begin(self, at: datetime) -> None:
        """Ticks up to `at` count as played."""
        self._played = to_ms(at)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="market player")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def pump(self) -> None:
        """Emit all that is due now, in one turn."""
        while self._play_slice():
            continue

    def last(self, symbol: str) -> Tick | None:
        """The newest tick of any symbol, whether anyone was told of it or not."""
        return self._tick(symbol, self._played)

    def price(self, symbol: str) -> Tick | None:
        """The newest tick by the clock; who listens may be told of it only at the next look."""
        return self._tick(symbol, to_ms(self._clock.now()))

    def _tick(self, symbol: str, at: int) -> Tick | None:
        found = self._source.path_at(symbol, at)
        return None if found is None else found.tick(found.number_at(at))

    async def _run(self) -> None:
        while True:
            try:
                more = self._play_slice()
            except Exception:
                _log.exception("The market could not play a tick; it goes on with the next.")
                more = False
            await asyncio.sleep(0 if more else _LOOK)

    def _play_slice(self) -> bool:
        """Emit up to a slice of market time; whether more is due."""
        now = to_ms(self._clock.now())
        if self._emitting or self._played >= now:
            return False
        after, until = self._played, min(now, self._played + _SLICE)
        due = [
            (found.at(number), symbol, number, found)
            for symbol in self._feed.watched
            for found in self._source.paths(symbol, after, until)
            for number in found.between(after, until)
        ]
        self._emitting = True
        try:
            for at, _, number, found in sorted(due, key=lambda one: one[:2]):
                self._emit(at, found, number)
        finally:
            self._emitting = False
            self._played = until
        return until < now

    def _emit(self, at: int, found: Path, number: int) -> None:
        self._played = at
        if found.symbol in self._feed.watched:
            self._feed.emit(found.tick(number))
