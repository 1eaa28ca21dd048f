"""What a data point is: a named column over the candles of a frame."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from agents.domain.market import Timeframe

if TYPE_CHECKING:
    from agents.extraction.frame import Frame

Column: TypeAlias = NDArray[np.float64]
Params: TypeAlias = tuple[float, ...]
Count: TypeAlias = Callable[[Params], int]


class Category(StrEnum):
    """Families of data points, as help and prompts list them."""

    TREND = "trend"
    MOMENTUM = "momentum"
    VOLATILITY = "volatility"
    VOLUME = "volume"
    STRUCTURE = "structure"
    SESSION = "session"
    MARKET = "market"
    LONG_TAIL = "pandas-ta"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number of a data point, with its default and the range in which it makes sense."""

    name: str
    default: float
    low: float
    high: float
    whole: bool = True

    def fault(self, value: float) -> str | None:
        """A sentence when `value` can't be used, else None."""
        if not self.low <= value <= self.high:
            return f"{self.name} goes from {self.low:g} to {self.high:g}"
        if self.whole and value != int(value):
            return f"{self.name} is a whole number"
        return None


@dataclass(frozen=True, slots=True)
class DataPoint:
    """A row of the catalogue.

    `outputs` is empty for a point with one column; an output called "" is the one meant when
    none is named. `lookback(params)` is the number of candles before the first known value,
    `settle(params)` how many more it takes until a recursive point agrees with the whole history
    to 1e-9 of its size, wherever the history began. `calendar` is the stretch of the UTC calendar
    (seconds) that a point anchored to days or weeks needs whole; its look-back counts minutes.
    `cumulative` points count from the first candle that is held: their level is arbitrary, their
    changes are exact. `compute` answers one column per output, as long as the frame.
    """

    name: str
    category: Category
    description: str
    parameters: tuple[Parameter, ...]
    outputs: tuple[str, ...]
    lookback: Count
    settle: Count
    compute: Callable[[Frame, Params], tuple[Column, ...]]
    calendar: int = 0
    cumulative: bool = False

    def fill(self, params: Params) -> Params:
        """`params` with defaults for those left out; ValueError with a sentence when unusable."""
        if len(params) > len(self.parameters):
            count = len(self.parameters)
            takes = f"{count} parameter{'s' * (count > 1)} at most" if count else "no parameters"
            raise ValueError(f"{self.name} takes {takes}")
        full = params + tuple(one.default for one in self.parameters[len(params) :])
        for parameter, value in zip(self.parameters, full, strict=True):
            if fault := parameter.fault(value):
                raise ValueError(f"{self.name}: {fault}")
        return full

    def need(self, params: Params, timeframe: Timeframe) -> int:
        """How many candles a frame must hold so that its last value is known and settled."""
        if self.calendar:
            return math.ceil(self.calendar / timeframe.seconds) + 2
        return self.lookback(params) + self.settle(params) + 1

    def columns(self, frame: Frame, params: Params) -> dict[str, Column]:
        """Every output by name ("" for a single one), never infinite, read-only."""
        outputs = self.outputs or ("",)
        if not len(frame):
            return {output: finished(unknown(0)) for output in outputs}
        found = zip(outputs, self.compute(frame, params), strict=True)
        return {output: finished(column) for output, column in found}


def unknown(length: int) -> Column:
    """A column of nothing but unknown values."""
    return np.full(length, np.nan)


def finished(column: Column) -> Column:
    """`column` without infinities (a division by zero is unknown), locked against writing."""
    if np.isinf(column).any():
        column = np.where(np.isinf(column), np.nan, column)
    column.flags.writeable = False
    return column


def fixed(count: int) -> Count:
    """A look-back or settling time that no parameter changes."""
    return lambda params: count


def nothing(params: Params) -> int:
    """The settling time of a point that looks at a window and remembers nothing else."""
    return 0


# How long recursive averages remember. An exponential average of n candles forgets by a factor
# exp(-2 / (n + 1)) a candle, Wilder's by exp(-1 / n). An average only has to forget the error of
# its first value, a part of the price (factor 1e-10); what is built from differences of averages
# or from ranges, which may have been a thousand times larger when the data began, 1e-12 and more.


def ema_settle(length: float, factor: float = 11.5) -> int:
    """Candles after which an exponential average has forgotten its start."""
    return math.ceil(factor * (length + 1))


def wilder_settle(length: float, factor: float = 28.0) -> int:
    """Candles after which an average of Wilder's has forgotten its start."""
    return math.ceil(factor * length)
