"""Candles of the simulated market in every timeframe, cut from its minutes day by day."""

from collections import OrderedDict
from math import gcd

import numpy as np

from agents.domain.market import Candles, Timeframe
from agents.extraction.resample import Prices as Columns
from agents.extraction.resample import Times, candles_of, grouped
from bot.connectors.noise import Real
from bot.connectors.simulated_coins import Coin
from bot.connectors.simulated_prices import DAY, FIRST_DAY, Blocks, Prices

_DAY_MS = 86_400_000
_KEPT_NUMBERS = 2_000_000
_AT_ONCE = 64
"""Days that are made in one go: 64 take some 40 ms and 10 MB."""

Need = tuple[Coin, int, tuple[int, ...]]
"""Coin, seconds of a candle, days that are not at hand."""


class SimulatedCandles:
    """Keeps the most recently used days, 16 MB of them at most; makes the others again."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._days: OrderedDict[tuple[str, int, int], Real] = OrderedDict()
        self._numbers = 0

    def missing(self, coin: Coin, timeframe: Timeframe, until: int, count: int) -> Need:
        """What has to be made before `candles` can answer."""
        seconds = _cut(timeframe)
        known = self._days
        days = _days(timeframe, until, count)
        return coin, seconds, tuple(d for d in days if (coin.base, seconds, d) not in known)

    def make(self, need: Need) -> Blocks:
        """Pure and possibly slow: run it in a thread when many days are missing."""
        coin, seconds, days = need
        parts = (
            _joined(self._prices.blocks(coin, np.array(days[n : n + _AT_ONCE])), seconds // 60)
            for n in range(0, len(days), _AT_ONCE)
        )
        return np.concatenate(list(parts))

    def keep(self, need: Need, made: Blocks) -> None:
        coin, seconds, days = need
        for day, block in zip(days, made, strict=True):
            if (coin.base, seconds, day) not in self._days:
                self._days[coin.base, seconds, day] = block
                self._numbers += block.size

    def candles(self, coin: Coin, timeframe: Timeframe, until: int, count: int) -> Candles:
        """The last `count` that closed by `until` (ms); `missing` of it must have been kept."""
        seconds = _cut(timeframe)
        days = _days(timeframe, until, count)
        opened, columns = self._columns(coin, seconds, days)
        opened, columns = grouped(opened, columns, Timeframe(seconds), timeframe, until)
        start = max(0, len(opened) - count)
        self._tidy()
        return candles_of(coin.symbol, timeframe, opened[start:], columns[:, start:])

    def minute(self, coin: Coin, at: int) -> Real:
        """Open, high, low, close, volume of the minute that contains `at` (ms)."""
        day, inside = divmod(at, _DAY_MS)
        self._tidy()
        return self._day(coin, 60, day)[:, inside // 60_000]

    def _columns(self, coin: Coin, seconds: int, days: range) -> tuple[Times, Columns]:
        if not days:
            return np.empty(0, np.int64), np.empty((5, 0))
        inside = np.arange(0, _DAY_MS, seconds * 1000)
        opened = (np.array(days)[:, None] * _DAY_MS + inside).ravel()
        return opened, np.concatenate([self._day(coin, seconds, day) for day in days], axis=1)

    def _day(self, coin: Coin, seconds: int, day: int) -> Real:
        key = (coin.base, seconds, day)
        if key not in self._days:
            need = (coin, seconds, (day,))
            self.keep(need, self.make(need))
        self._days.move_to_end(key)
        return self._days[key]

    def _tidy(self) -> None:
        while self._numbers > _KEPT_NUMBERS:
            _, dropped = self._days.popitem(last=False)
            self._numbers -= dropped.size


def _cut(timeframe: Timeframe) -> int:
    """Seconds of the longest candle that divides both `timeframe` and the day."""
    return gcd(timeframe.seconds, 86_400)


def _days(timeframe: Timeframe, until: int, count: int) -> range:
    """The days (since the epoch) that hold the last `count` candles closed by `until`."""
    stop = timeframe.floor_ms(until)
    first = (stop - count * timeframe.ms) // _DAY_MS
    return range(max(first, FIRST_DAY), -(-stop // _DAY_MS))


def _joined(blocks: Blocks, minutes: int) -> Blocks:
    """Minutes put together: from (days, 5, 1440) to (days, 5, 1440 / minutes)."""
    if minutes == 1:
        return blocks
    parts = blocks.reshape(len(blocks), 5, DAY // minutes, minutes)
    found = np.empty(parts.shape[:3])
    found[:, 0], found[:, 3] = parts[:, 0, :, 0], parts[:, 3, :, -1]
    found[:, 1], found[:, 2] = parts[:, 1].max(axis=2), parts[:, 2].min(axis=2)
    found[:, 4] = np.add.accumulate(parts[:, 4], axis=2)[:, :, -1]
    return found
