"""Points anchored to the UTC calendar. A day or week that the data begins inside is unknown."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.domain.market import Timeframe
from agents.extraction.datapoint import (
    Category,
    Column,
    DataPoint,
    Parameter,
    Params,
    fixed,
    nothing,
    unknown,
)
from agents.extraction.frame import Frame

_SESSION = Category.SESSION
_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000
_DAY = Timeframe(86_400)
_WEEK = Timeframe(604_800)
_MINUTES_A_DAY = _DAY.seconds // 60
_MINUTES_A_WEEK = _WEEK.seconds // 60


@dataclass(frozen=True, slots=True)
class Periods:
    """The candles of a frame cut into periods of the UTC calendar, by their open time.

    `first` holds the index of each period's first candle, `opened` the period's start (ms),
    `of` each candle's period. Periods without candles are not there.
    """

    first: NDArray[np.int64]
    opened: NDArray[np.int64]
    of: NDArray[np.int64]

    @classmethod
    def cut(cls, frame: Frame, period: Timeframe) -> "Periods":
        origin = period.floor_ms(0)
        starts = (frame.opened - origin) // period.ms * period.ms + origin
        new = np.diff(starts, prepend=starts[:1] - 1) != 0
        first = np.flatnonzero(new)
        return cls(first, starts[first], np.cumsum(new) - 1)

    def whole(self, frame: Frame) -> NDArray[np.bool_]:
        """Which periods do not begin before the data do."""
        complete: NDArray[np.bool_] = self.opened >= frame.opened[0]
        return complete


def _running(periods: Periods, values: Column, add: np.ufunc) -> Column:
    """`add.accumulate` of `values`, begun anew in each period: a row of a table for each."""
    place = np.arange(len(values)) - periods.first[periods.of]
    table = np.zeros((len(periods.first), int(place.max()) + 1))
    table[periods.of, place] = values
    running: Column = add.accumulate(table, axis=1)[periods.of, place]
    return running


def _anchored(frame: Frame, period: Timeframe) -> tuple[Column, ...]:
    periods = Periods.cut(frame, period)
    money = _running(periods, frame.typical * frame.volume, np.add)
    volume = _running(periods, frame.volume, np.add)
    known = periods.whole(frame)[periods.of] & (volume > 0)
    result = unknown(len(frame))
    np.divide(money, volume, out=result, where=known)
    return (result,)


def _present(frame: Frame, period: Timeframe) -> tuple[Column, ...]:
    """Open of the period, and its highest and lowest price so far."""
    periods = Periods.cut(frame, period)
    whole = periods.whole(frame)[periods.of]
    columns = (
        frame.open[periods.first][periods.of],
        _running(periods, frame.high, np.maximum),
        _running(periods, frame.low, np.minimum),
    )
    return tuple(np.where(whole, column, np.nan) for column in columns)


def _previous(frame: Frame, period: Timeframe) -> tuple[Column, ...]:
    """High, low and close of the period before; unknown if that one has no candles."""
    if frame.timeframe.ms > period.ms:
        return unknown(len(frame)), unknown(len(frame)), unknown(len(frame))
    periods = Periods.cut(frame, period)
    last = np.append(periods.first[1:], len(frame)) - 1
    follows = np.diff(periods.opened, prepend=periods.opened[:1]) == period.ms
    known = follows & np.append(False, periods.whole(frame)[:-1])
    columns = (
        np.maximum.reduceat(frame.high, periods.first),
        np.minimum.reduceat(frame.low, periods.first),
        frame.close[last],
    )
    return tuple(
        np.where(known, np.append(np.nan, column[:-1]), np.nan)[periods.of] for column in columns
    )


def _opening(frame: Frame, params: Params) -> tuple[Column, ...]:
    """Highest and lowest price of the day's first minutes, known once these are over."""
    periods = Periods.cut(frame, _DAY)
    edge = periods.opened[periods.of] + int(params[0]) * _MINUTE_MS
    inside = frame.closed <= edge
    high = _running(periods, np.where(inside, frame.high, -np.inf), np.maximum)
    low = _running(periods, np.where(inside, frame.low, np.inf), np.minimum)
    known = periods.whole(frame)[periods.of] & (frame.closed >= edge) & np.isfinite(high)
    return np.where(known, high, np.nan), np.where(known, low, np.nan)


def _hour(frame: Frame, params: Params) -> tuple[Column, ...]:
    hours = frame.closed // _HOUR_MS % 24
    return (hours.astype(np.float64),)


def _weekday(frame: Frame, params: Params) -> tuple[Column, ...]:
    days = (frame.closed - _WEEK.floor_ms(0)) // _DAY.ms % 7 + 1
    return (days.astype(np.float64),)


ROWS = (
    DataPoint(
        "vwap",
        _SESSION,
        "volume-weighted average price since 00:00 UTC",
        (),
        (),
        fixed(_MINUTES_A_DAY),
        nothing,
        lambda f, p: _anchored(f, _DAY),
        calendar=_DAY.seconds,
    ),
    DataPoint(
        "avwap",
        _SESSION,
        "volume-weighted average price since Monday 00:00 UTC",
        (),
        (),
        fixed(_MINUTES_A_WEEK),
        nothing,
        lambda f, p: _anchored(f, _WEEK),
        calendar=_WEEK.seconds,
    ),
    DataPoint(
        "day",
        _SESSION,
        "open of the candle's UTC day, its highest and lowest price so far",
        (),
        ("open", "high", "low"),
        fixed(_MINUTES_A_DAY),
        nothing,
        lambda f, p: _present(f, _DAY),
        calendar=_DAY.seconds,
    ),
    DataPoint(
        "prev_day",
        _SESSION,
        "high, low and close of the UTC day before the candle's open",
        (),
        ("high", "low", "close"),
        fixed(2 * _MINUTES_A_DAY),
        nothing,
        lambda f, p: _previous(f, _DAY),
        calendar=2 * _DAY.seconds,
    ),
    DataPoint(
        "prev_week",
        _SESSION,
        "high, low and close of the week (from Monday) before the candle's open",
        (),
        ("high", "low", "close"),
        fixed(2 * _MINUTES_A_WEEK),
        nothing,
        lambda f, p: _previous(f, _WEEK),
        calendar=2 * _WEEK.seconds,
    ),
    DataPoint(
        "opening_range",
        _SESSION,
        "highest and lowest price of the first minutes of the UTC day",
        (Parameter("minutes", 60, 1, 1440),),
        ("high", "low"),
        fixed(_MINUTES_A_DAY),
        nothing,
        _opening,
        calendar=_DAY.seconds,
    ),
    DataPoint(
        "hour",
        _SESSION,
        "UTC hour at which the candle closed, 0 to 23",
        (),
        (),
        fixed(0),
        nothing,
        _hour,
    ),
    DataPoint(
        "weekday",
        _SESSION,
        "UTC weekday on which the candle closed, 1 Monday to 7 Sunday",
        (),
        (),
        fixed(0),
        nothing,
        _weekday,
    ),
)
