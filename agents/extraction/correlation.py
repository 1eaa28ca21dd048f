"""How two coins move together, by the candles that are here anyway."""

from decimal import Decimal

import numpy as np

from agents.domain.money import exact
from agents.extraction.history import Frames
from agents.extraction.resample import Prices, Times

LOOKED_AT = 200  # candles at most
LEAST = 30  # returns, below which nothing is said


class Correlations:
    """Pearson's correlation of the log returns of the candles that both symbols have."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames

    def __call__(self, one: str, other: str) -> Decimal | None:
        """-1 to 1, on the timeframe of which most candles are here; None while too few are."""
        mine, theirs = self._frames.tails(one, LOOKED_AT), self._frames.tails(other, LOOKED_AT)
        both = [_common(mine[frame], theirs[frame]) for frame in sorted(mine.keys() & theirs)]
        if not both:
            return None
        return _correlation(*max(both, key=lambda pair: len(pair[0])))


def _common(one: tuple[Times, Prices], other: tuple[Times, Prices]) -> tuple[Prices, Prices]:
    """The closes of both at the times that both have."""
    _, here, there = np.intersect1d(one[0], other[0], assume_unique=True, return_indices=True)
    return one[1][here], other[1][there]


def _correlation(one: Prices, other: Prices) -> Decimal | None:
    if len(one) <= LEAST or not (np.all(one > 0) and np.all(other > 0)):
        return None
    first, second = np.diff(np.log(one)), np.diff(np.log(other))
    if not (first.std() and second.std()):  # one of them stands still
        return None
    return exact(round(float(np.corrcoef(first, second)[0, 1]), 6))
