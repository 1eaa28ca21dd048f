"""Prices out of reach of the last believed close.

The reach is a quarter (on the log scale) for a candle of one minute and grows with the fifth root
of its length: 28 % up for a minute, 40 % for five, 76 % for an hour, downwards less. In a market
that moves already it is 20 times the usual move of the last 50 candles if that is more, and never
more than a factor of 8. Real crashes stay well inside (the wildest real minute, hour and day at
hand use 71 %, 55 % and 64 % of it), a print of ten times the price is always outside. Only the
past is looked at. Where three candles in a row agree on a price out of reach, the price has moved
there: the third is believed.
"""

from collections import deque
from math import log

import numpy as np

from agents.domain.market import Timeframe
from agents.extraction.datapoint import Column

_MINUTE_REACH = 0.25
_REACH_GROWTH = 0.2
_USUAL = 50  # candles whose middle move is the usual one
_USUAL_MOVES = 20.0
_FARTHEST = log(8)
_AGREEING = 2  # doubted candles that a third one confirms
_FIRST = 5  # candles whose middle close stands for the close before the first


class OutlierWatch:
    """Judges sound candles of one symbol and timeframe, in order."""

    def __init__(self, timeframe: Timeframe) -> None:
        minutes = timeframe.seconds / 60
        self._least: float = min(_MINUTE_REACH * minutes**_REACH_GROWTH, _FARTHEST)
        self._close = 0.0  # none yet
        self._moves: deque[float] = deque(maxlen=_USUAL)
        self._doubted: deque[float] = deque(maxlen=_AGREEING)

    def judge(self, high: Column, low: Column, close: Column) -> list[str | None]:
        """For each candle None, or what is wrong with it (the end of a sentence)."""
        if not len(close):
            return []
        if not self._close:
            self._close = float(np.median(close[:_FIRST]))
        moves = _moves(high, low, np.append(self._close, close[:-1]))
        if self._doubted or moves.max() > self._least:
            return [self._judge_one(*one) for one in zip(high, low, close, strict=True)]
        self._close = float(close[-1])
        self._moves.extend(moves[-_USUAL:].tolist())
        return [None] * len(close)

    def _judge_one(self, high: float, low: float, close: float) -> str | None:
        reach = self._reach()
        move = _move(high, low, self._close)
        if move > reach and not self._confirmed(high, low, reach):
            self._doubted.append(close)
            return _sentence(high, low, self._close)
        self._close = float(close)
        self._moves.append(min(move, reach))
        self._doubted.clear()
        return None

    def _reach(self) -> float:
        """How far (log scale) a price may be from the last believed close."""
        usual = float(np.median(self._moves)) if len(self._moves) == _USUAL else 0.0
        return min(max(self._least, _USUAL_MOVES * usual), _FARTHEST)

    def _confirmed(self, high: float, low: float, reach: float) -> bool:
        """Whether the candles doubted before agree with this one on where price is."""
        if len(self._doubted) < _AGREEING:
            return False
        return max(_move(high, low, close) for close in self._doubted) <= reach


def _moves(high: Column, low: Column, before: Column) -> Column:
    """The farther of high and low from the close before, on the log scale."""
    farther: Column = np.maximum(np.abs(np.log(high / before)), np.abs(np.log(low / before)))
    return farther


def _move(high: float, low: float, before: float) -> float:
    return max(abs(log(high / before)), abs(log(low / before)))


def _sentence(high: float, low: float, before: float) -> str:
    if high / before > before / low:
        return f"its high {_figures(high)} is {_ratio(high / before)} times the close before"
    return f"its low {_figures(low)} is the close before divided by {_ratio(before / low)}"


def _figures(price: float) -> str:
    return np.format_float_positional(price, precision=6, fractional=False, trim="-")


def _ratio(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"
