"""Candles as numpy columns, and the data points computed from them, each once."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from agents.domain.market import Candles, Timeframe
from agents.extraction.datapoint import Column, Params, finished
from agents.extraction.resample import grouped

Number = TypeVar("Number", np.int64, np.float64)

PRICES = ("open", "high", "low", "close", "volume")


class Frame:
    """Closed candles of one symbol and timeframe, oldest first, with a memory of what was computed.

    `opened` are open times in milliseconds (UTC), `prices` open, high, low, close (in quote
    currency) and volume (in base currency). All columns have the frame's length and can't be
    written to. `levels` are added to cumulative points (see DataPoint), which have to go on
    where an earlier frame left off.
    """

    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column

    def __init__(
        self,
        symbol: str,
        timeframe: Timeframe,
        opened: NDArray[np.int64],
        prices: Sequence[Column],
        levels: Mapping[str, float] | None = None,
    ) -> None:
        self.symbol = symbol
        self.timeframe = timeframe
        self.opened = _locked(opened)
        columns: list[Column] = [_locked(column) for column in prices]
        self.open, self.high, self.low, self.close, self.volume = columns
        self._levels = levels or {}
        self._memory: dict[tuple[str, Params], dict[str, Column]] = {}

    @classmethod
    def of(cls, candles: Candles) -> Self:
        """A view of `candles`, which can't grow any more while the frame lives."""
        opened = np.frombuffer(candles.opened, dtype=np.int64)
        columns = [np.frombuffer(getattr(candles, name), dtype=np.float64) for name in PRICES]
        return cls(candles.symbol, candles.timeframe, opened, columns)

    def __len__(self) -> int:
        return len(self.opened)

    def __repr__(self) -> str:
        return f"Frame({self.symbol} {self.timeframe}, {len(self)} candles)"

    @property
    def prices(self) -> tuple[Column, ...]:
        """Open, high, low, close and volume."""
        return self.open, self.high, self.low, self.close, self.volume

    @cached_property
    def closed(self) -> NDArray[np.int64]:
        """Close times in milliseconds: from then on each candle may be used."""
        return _locked(self.opened + self.timeframe.ms)

    @cached_property
    def typical(self) -> Column:
        """(high + low + close) / 3 of each candle."""
        return _locked((self.high + self.low + self.close) / 3)

    def part(self, start: int, stop: int) -> "Frame":
        """The candles `start` to `stop - 1`, as a view with a memory of its own."""
        columns = [column[start:stop] for column in self.prices]
        return Frame(self.symbol, self.timeframe, self.opened[start:stop], columns)

    def point(self, name: str, params: Params = (), output: str = "") -> Column:
        """One column of the data point `name` over all candles; NaN is unknown.

        Parameters left out take their defaults. Raises KeyError for a name or output that does
        not exist and ValueError for parameters that can't be; what the rule language has checked
        raises neither.
        """
        columns = self._memory.get((name, params))
        if columns is None:
            columns = self._compute(name, params)
            self._memory[name, params] = columns
        return columns[output]

    def _compute(self, name: str, params: Params) -> dict[str, Column]:
        from agents.extraction.catalogue import lookup  # the catalogue's rows compute on frames

        row = lookup(name)
        if row is None:
            raise KeyError(name)
        full = row.fill(params)
        if full != params and (known := self._memory.get((name, full))) is not None:
            return known
        columns = row.columns(self, full)
        if row.cumulative and (level := self._levels.get(name)):
            columns = {output: finished(column + level) for output, column in columns.items()}
        self._memory[name, full] = columns
        return columns


def _locked(column: NDArray[Number]) -> NDArray[Number]:
    view = column.view()
    view.flags.writeable = False
    return view


def resample(frame: Frame, timeframe: Timeframe) -> Frame:
    """`frame` in candles of a longer `timeframe` that follow the UTC clock (weeks from Monday).

    A first candle that the data begins inside and a last one that is not over at the last
    candle's close are left out. Where the data has a gap, so has the result. ValueError when
    `timeframe` is not a multiple of the frame's.
    """
    if timeframe == frame.timeframe:
        return frame
    until = int(frame.closed[-1]) if len(frame) else 0
    opened, prices = grouped(
        frame.opened, np.array(frame.prices), frame.timeframe, timeframe, until
    )
    return Frame(frame.symbol, timeframe, opened, tuple(prices))


def align(higher: Frame, base: Frame) -> NDArray[np.int64]:
    """For each candle of `base` the last candle of `higher` that had closed by then, -1 if none."""
    return np.searchsorted(higher.closed, base.closed, side="right").astype(np.int64) - 1
