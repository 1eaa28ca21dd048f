"""The quality gate: which candles may be believed, and a sentence for each that may not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from agents.domain.market import Candles, Timeframe, from_ms, to_ms
from agents.extraction.outliers import OutlierWatch
from agents.extraction.resample import Prices, Times, candles_of, columns_of


class FaultKind(StrEnum):
    """What can be wrong with market data."""

    GAP = "gap"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    OUTLIER = "outlier"
    BROKEN = "broken"
    UNCLOSED = "unclosed"
    STALE = "stale"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why no decision is taken. `at` is the close of the candle concerned, `detail` a sentence."""

    kind: FaultKind
    symbol: str
    timeframe: Timeframe
    at: datetime
    detail: str

    def __str__(self) -> str:
        return f"{self.symbol} {self.timeframe}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Reason:
    """A fault of no candle in particular; `{at}` in the sentence becomes the candle's close."""

    kind: FaultKind
    detail: str


_LONG_AGO = int(np.iinfo(np.int64).min)
_BROKEN = Reason(FaultKind.BROKEN, "the candle of {at} has impossible numbers and was left out.")
_UNCLOSED = Reason(FaultKind.UNCLOSED, "the candle of {at} is not over yet.")
_TWICE = Reason(FaultKind.DUPLICATE, "the candle of {at} came twice; the first one counts.")
_LATE = Reason(FaultKind.OUT_OF_ORDER, "the candle of {at} came after later ones; it was left out.")
_OUTLIER = "the candle of {{at}} was left out: {}."


@dataclass(frozen=True, slots=True)
class Sifted:
    """The candles that were believed, and faults, oldest first.

    A fault of kind GAP belongs to a believed candle: some are missing before it. All others
    belong to candles that were left out.
    """

    candles: Candles
    faults: tuple[Fault, ...]


class Gate:
    """Admits the candles of one symbol and timeframe, in the order in which they come."""

    def __init__(self, symbol: str, timeframe: Timeframe) -> None:
        self.symbol = symbol
        self.timeframe = timeframe
        self._watch = OutlierWatch(timeframe)
        self._newest = _LONG_AGO  # open time (ms) of the newest sound candle
        self._believed = _LONG_AGO  # of the newest that was no outlier either

    def admit(self, candles: Candles, now: datetime) -> Sifted:
        """The believable ones among `candles`, which come after those admitted before.

        `now` is the market's time: a candle that closes later is not over.
        """
        opened, prices = columns_of(candles)
        reasons = self._unsound(opened, prices, to_ms(now))
        sound = np.array([index for index, reason in enumerate(reasons) if not reason], np.int64)
        _, high, low, close, _ = prices[:, sound]
        for index, detail in zip(sound, self._watch.judge(high, low, close), strict=True):
            reasons[index] = Reason(FaultKind.OUTLIER, _OUTLIER.format(detail)) if detail else None
        kept = [index for index, reason in enumerate(reasons) if not reason]
        if len(kept) == len(opened):
            return Sifted(candles, tuple(self._gaps(opened)))
        faults = [*self._rejected(opened, reasons), *self._gaps(opened[kept])]
        faults.sort(key=attrgetter("at"))
        believed = candles_of(self.symbol, self.timeframe, opened[kept], prices[:, kept])
        return Sifted(believed, tuple(faults))

    def _unsound(self, opened: Times, prices: Prices, now: int) -> list[Reason | None]:
        """Why each candle can't be used, by itself or by its place; None for a sound one."""
        broken = _broken(opened, prices, self.timeframe)
        unclosed = opened + self.timeframe.ms > now
        usable = np.where(broken | unclosed, _LONG_AGO, opened)
        newest = np.maximum.accumulate(np.append(self._newest, usable))
        self._newest = int(newest[-1])
        reasons: list[Reason | None] = [None] * len(opened)
        for found, reason in (
            (opened < newest[:-1], _LATE),
            (opened == newest[:-1], _TWICE),
            (unclosed, _UNCLOSED),
            (broken, _BROKEN),
        ):
            for index in np.flatnonzero(found):
                reasons[index] = reason
        return reasons

    def _rejected(self, opened: Times, reasons: list[Reason | None]) -> Iterator[Fault]:
        for index, reason in enumerate(reasons):
            if reason:
                yield self._fault(reason, opened[index])

    def _gaps(self, opened: Times) -> Iterator[Fault]:
        """The holes before the believed candles that opened at `opened`."""
        if not len(opened):
            return
        before = opened[0] - self.timeframe.ms if self._believed == _LONG_AGO else self._believed
        self._believed = int(opened[-1])
        missing = np.diff(opened, prepend=before) // self.timeframe.ms - 1
        for index in np.flatnonzero(missing):
            yield self._fault(gap(int(missing[index])), opened[index])

    def _fault(self, reason: Reason, opened: np.int64) -> Fault:
        return fault(self.symbol, self.timeframe, reason, int(opened) + self.timeframe.ms)


def fault(symbol: str, timeframe: Timeframe, reason: Reason, closed: int) -> Fault:
    """`reason` as a fault of the candle that closed at `closed` (ms)."""
    at = from_ms(closed)
    sentence = reason.detail.replace("{at}", clock(at))
    return Fault(reason.kind, symbol, timeframe, at, sentence)


def gap(missing: int) -> Reason:
    """Why nothing is decided on a candle with a hole of `missing` candles right before it."""
    count = "one candle is" if missing == 1 else f"{missing} candles are"
    return Reason(FaultKind.GAP, f"{count} missing before the one of {{at}}.")


def clock(at: datetime) -> str:
    """A moment for people: to the minute, UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _broken(opened: Times, prices: Prices, timeframe: Timeframe) -> NDArray[np.bool_]:
    """Not finite, not positive, high or low that do not enclose, or not on the UTC clock."""
    first, high, low, close, volume = prices
    enclosed = (high >= np.maximum(first, close)) & (low <= np.minimum(first, close))
    sound = np.isfinite(prices).all(axis=0) & enclosed & (low > 0) & (volume >= 0)
    on_clock = (opened - timeframe.floor_ms(0)) % timeframe.ms == 0
    broken: NDArray[np.bool_] = ~(sound & on_clock)
    return broken
