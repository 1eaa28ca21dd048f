"""The believed candles of one symbol and timeframe, growing at both ends."""

from collections.abc import Mapping

import numpy as np

from agents.domain.market import Candles, Timeframe
from agents.extraction.catalogue import CATALOGUE
from agents.extraction.frame import Frame
from agents.extraction.resample import Prices, Times, columns_of

_SPARE = 1000  # candles that are added before the oldest are let go
_FRAMES_KEPT = 1


class Series:
    """Columns with room at the end. Frames are views of them and stay as they are: candles are
    only ever written behind the last one, and whatever moves them moves them into new columns.
    """

    def __init__(self, symbol: str, timeframe: Timeframe) -> None:
        self.symbol = symbol
        self.timeframe = timeframe
        self._opened: Times = np.empty(0, np.int64)
        self._prices: Prices = np.empty((5, 0))
        self._count = 0
        self._levels: Mapping[str, float] = {}
        self._frames: dict[int, Frame] = {}

    def __len__(self) -> int:
        return self._count

    @property
    def first_opened(self) -> int:
        """Open time (ms) of the oldest candle; IndexError without any."""
        return int(self._opened[: self._count][0])

    @property
    def last_closed(self) -> int:
        """Close time (ms) of the newest candle; IndexError without any."""
        return int(self._opened[: self._count][-1]) + self.timeframe.ms

    def last_range(self) -> float:
        """High minus low of the newest candle; IndexError without any."""
        _, high, low, *_ = self._prices[:, : self._count]
        return float(high[-1] - low[-1])

    def tail(self, count: int) -> tuple[Times, Prices]:
        """Open times (ms) and closes of the newest `count` candles, oldest first, as views."""
        start = max(0, self._count - count)
        return self._opened[start : self._count], self._prices[3, start : self._count]

    def depth(self, closed: int) -> int:
        """How many candles had closed by `closed` (ms); below zero how many lie before the first.

        A market without gaps is assumed for those that are not here.
        """
        if not self._count or closed == self.last_closed:
            return self._count
        if closed <= self.first_opened:
            return (closed - self.first_opened) // self.timeframe.ms
        opened = self._opened[: self._count]
        return int(np.searchsorted(opened, closed - self.timeframe.ms, side="right"))

    def has(self, closed: int) -> bool:
        """Whether the candle that closed at `closed` (ms) is here."""
        depth = self.depth(closed)
        return depth > 0 and int(self._opened[depth - 1]) == closed - self.timeframe.ms

    def missing_before(self, closed: int) -> int:
        """How many candles are missing right before the one that closed at `closed` (ms)."""
        depth = self.depth(closed)
        if depth < 2:
            return 0
        distance = int(self._opened[depth - 1] - self._opened[depth - 2])
        return distance // self.timeframe.ms - 1

    def frame(self, closed: int) -> Frame:
        """The candles up to the one that closed at `closed` (ms); the same frame each time."""
        depth = self.depth(closed)
        if depth not in self._frames:
            self._frames[depth] = self._view(depth, self._levels)
            for old in list(self._frames)[:-_FRAMES_KEPT]:
                del self._frames[old]
        return self._frames[depth]

    def append(self, candles: Candles, keep: int) -> None:
        """Add newer candles; `keep` of the older ones at least stay."""
        opened, prices = columns_of(candles)
        if self._count + len(opened) > len(self._opened):
            start = max(0, self._count - keep)
            self._move(self._opened[start : self._count], self._prices[:, start : self._count])
        stop = self._count + len(opened)
        if stop > len(self._opened):
            self._make_room(stop + _SPARE)
        self._opened[self._count : stop] = opened
        self._prices[:, self._count : stop] = prices
        self._count = stop

    def prepend(self, candles: Candles) -> None:
        """Add older candles."""
        opened, prices = columns_of(candles)
        self._move(
            np.append(opened, self._opened[: self._count]),
            np.concatenate((prices, self._prices[:, : self._count]), axis=1),
        )

    def _move(self, opened: Times, prices: Prices) -> None:
        """Replace the candles by others that end with the same one."""
        before = self._view(self._count, self._levels) if self._count else None
        self._opened, self._prices, self._count = opened, prices, len(opened)
        self._make_room(len(opened) + _SPARE)
        self._frames.clear()
        if before is not None:
            self._levels = _levels(before, self._view(self._count, {}))

    def _make_room(self, capacity: int) -> None:
        opened, prices = np.empty(capacity, np.int64), np.empty((5, capacity))
        opened[: self._count] = self._opened[: self._count]
        prices[:, : self._count] = self._prices[:, : self._count]
        self._opened, self._prices = opened, prices

    def _view(self, count: int, levels: Mapping[str, float]) -> Frame:
        prices = tuple(column[:count] for column in self._prices)
        return Frame(self.symbol, self.timeframe, self._opened[:count], prices, levels)


def _levels(before: Frame, after: Frame) -> dict[str, float]:
    """What to add to the cumulative points of `after` so that they go on from `before`."""
    cumulative = [row.name for row in CATALOGUE.values() if row.cumulative]
    return {name: float(before.point(name)[-1] - after.point(name)[-1]) for name in cumulative}
