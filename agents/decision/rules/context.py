"""The candles that a rule is evaluated on: a base frame and the longer ones beside it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from agents.domain.market import Timeframe
from agents.extraction.frame import Frame, align, resample


class Context:
    """One symbol at the close of `base`'s last candle, shared by every strategy that looks at it.

    `higher` answers the frame of a longer timeframe (`4h`) as known at that close or later;
    candles that had not closed by then are never looked at. `seen` collects the value of each
    operand that was asked for at the last candle, by its text: NaN is unknown.
    """

    def __init__(self, base: Frame, higher: Callable[[str], Frame]) -> None:
        self.base = base
        self.seen: dict[str, float] = {}
        self._higher = higher
        self._frames: dict[str | None, Frame] = {None: base, str(base.timeframe): base}
        self._aligned: dict[str | None, NDArray[np.int64]] = {}
        self._places: dict[tuple[str | None, int], tuple[Frame, int]] = {}

    @classmethod
    def of(cls, base: Frame) -> Context:
        """A context whose longer candles are made of `base`'s own."""
        return cls(base, lambda timeframe: resample(base, Timeframe.parse(timeframe)))

    def frame(self, timeframe: str | None) -> Frame:
        """The frame of `timeframe`; None is the base."""
        found = self._frames.get(timeframe)
        if found is None:
            found = self._frames[timeframe] = self._higher(timeframe or "")
        return found

    def aligned(self, timeframe: str | None) -> NDArray[np.int64]:
        """For each base candle, the index in `timeframe`'s frame that had closed by then, or -1."""
        found = self._aligned.get(timeframe)
        if found is None:
            found = self._aligned[timeframe] = align(self.frame(timeframe), self.base)
        return found

    def place(self, timeframe: str | None, back: int) -> tuple[Frame, int]:
        """The frame of `timeframe` and the index of its last candle closed by the close of the
        base candle `back` before the last; -1 where there is none."""
        key = (timeframe, back)
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = self._find(timeframe, back)
        return found

    def _find(self, timeframe: str | None, back: int) -> tuple[Frame, int]:
        frame, index = self.frame(timeframe), len(self.base) - 1 - back
        if index < 0 or frame is self.base:
            return frame, max(index, -1)
        closed = self.base.closed[index]
        return frame, int(np.searchsorted(frame.closed, closed, side="right")) - 1
