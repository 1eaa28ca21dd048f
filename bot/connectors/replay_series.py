"""The candles that a replay plays: one series for each symbol of a folder, and its steps."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from math import floor, log10
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.domain.market import Candles, Instrument, Timeframe, from_ms
from agents.extraction.resample import Prices, Times, candles_of, columns_of, grouped
from bot.connectors.candle_files import CandleFile, candle_files, read_candles

_log = logging.getLogger(__name__)
_MOST_PLACES = 10
_MIN_COST = Decimal(5)
"""Quote currency; files do not say it."""


@dataclass
class Series:
    """All candles of one symbol, oldest first; gaps stay gaps."""

    symbol: str
    timeframe: Timeframe
    opened: Times
    prices: Prices
    _longer: dict[Timeframe, tuple[Times, Prices]] = field(default_factory=dict)

    @property
    def first(self) -> datetime:
        return from_ms(int(self.opened[0]))

    @property
    def end(self) -> datetime:
        """The close of the last candle."""
        return from_ms(self._end)

    @property
    def _end(self) -> int:
        return int(self.opened[-1]) + self.timeframe.ms

    @cached_property
    def instrument(self) -> Instrument:
        """Steps as fine as the data shows."""
        base, quote = self.symbol.split("/")
        amount = step_of(self.prices[4])
        return Instrument(
            symbol=self.symbol,
            base=base,
            quote=quote,
            price_step=step_of(self.prices[:4].ravel()),
            amount_step=amount,
            min_amount=amount,
            min_cost=_MIN_COST,
        )

    def candles(self, timeframe: Timeframe, until: int, count: int) -> Candles:
        """The last `count` that closed by `until` (ms). ValueError for a timeframe that can't be
        put together from this one."""
        opened, prices = self._in(timeframe)
        stop = int(np.searchsorted(opened, until - timeframe.ms, side="right"))
        part = slice(max(0, stop - count), stop)
        return candles_of(self.symbol, timeframe, opened[part], prices[:, part])

    def at(self, moment: int) -> int:
        """Number of the newest candle that had opened at `moment` (ms); -1 before the first."""
        return int(np.searchsorted(self.opened, moment, side="right")) - 1

    def steps(self, number: int) -> tuple[int, int, int, int]:
        """Open, high, low, close of a candle in price steps; high and low bound the others."""
        step = float(self.instrument.price_step)
        first, high, low, last = (round(float(x) / step) for x in self.prices[:4, number])
        return first, max(first, high, last), min(first, low, last), last

    def _in(self, timeframe: Timeframe) -> tuple[Times, Prices]:
        if timeframe not in self._longer:
            self._longer[timeframe] = grouped(
                self.opened, self.prices, self.timeframe, timeframe, self._end
            )
        return self._longer[timeframe]


def read_series(place: Path) -> dict[str, Series]:
    """One series for each symbol in a folder (or of one file). Raises AskUser naming the file.

    Files of one symbol, exchange and timeframe are joined. Where a symbol has several exchanges or
    timeframes, the finest is played, and of these the longest.
    """
    files = sorted(candle_files(place), key=_kind)
    joined = [_join(list(parts)) for _, parts in groupby(files, key=_kind)]
    chosen: dict[str, Series] = {}
    for series in sorted(joined, key=lambda one: (one.timeframe, -len(one.opened))):
        if series.symbol in chosen:
            _say_unused(series)
        chosen.setdefault(series.symbol, series)
    return dict(sorted(chosen.items()))


def _kind(file: CandleFile) -> tuple[str, str, Timeframe]:
    return file.symbol, file.path.name.partition("_")[0], file.timeframe


def _join(files: list[CandleFile]) -> Series:
    read = sorted((read_candles(file.path) for file in files), key=lambda one: one.opened[0])
    columns = [columns_of(candles) for candles in read]
    opened = np.concatenate([times for times, _ in columns])
    prices = np.concatenate([values for _, values in columns], axis=1)
    if len(columns) > 1:  # parts may overlap: the first of doubles stays
        opened, kept = np.unique(opened, return_index=True)
        prices = np.ascontiguousarray(prices[:, kept])
    return Series(files[0].symbol, files[0].timeframe, opened, prices)


def _say_unused(series: Series) -> None:
    _log.info(
        "Several candle files tell of one symbol; a coarser or shorter one is not played.",
        extra={"symbol": series.symbol, "timeframe": str(series.timeframe)},
    )


def step_of(values: NDArray[np.float64]) -> Decimal:
    """The decimal place with which all values are written; for values without an end, one of a
    millionth of their size."""
    for places in range(_MOST_PLACES + 1):
        if np.array_equal(np.round(values, places), values):
            return Decimal(1).scaleb(-places)
    usual = float(np.median(np.abs(values))) or 1.0
    return Decimal(1).scaleb(min(floor(log10(usual)) - 6, 0))


def first_of(series: Iterable[Series]) -> datetime:
    return min(one.first for one in series)


def end_of(series: Iterable[Series]) -> datetime:
    return max(one.end for one in series)
