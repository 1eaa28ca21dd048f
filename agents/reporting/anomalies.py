"""Whether a number is outside what its own history says: pure statistics, and no judgement.

A fill stands out when its slippage or its latency is more than four standard deviations above the
mean of at least twenty before it, and above a floor, below which nobody would care. A win rate
stands out when so few wins in the last twenty trades have a chance of less than one in a hundred,
given the rate of all trades before (one-sided exact binomial test).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import fmean, stdev

LEAST = 20  # of history, and of the trades that are looked at
DEVIATIONS = 4.0
SLIPPAGE_FLOOR = 10.0  # basis points
LATENCY_FLOOR = 2.0  # seconds
CHANCE = 0.01


@dataclass(frozen=True, slots=True)
class Outlier:
    """A value above its history: `usual` is the mean of the `count` before it."""

    value: float
    usual: float
    count: int


@dataclass(frozen=True, slots=True)
class LosingRun:
    """`wins` of the last `count` trades, where `rate` (0 to 1) of all before were won; `chance` is
    how likely so few are at that rate."""

    wins: int
    count: int
    rate: float
    chance: float


def outlier(history: Sequence[float], value: float, floor: float) -> Outlier | None:
    """`value` when it stands out above `history`, which does not hold it; None otherwise."""
    if len(history) < LEAST or value <= floor:
        return None
    usual = fmean(history)
    if value <= usual + DEVIATIONS * stdev(history):
        return None
    return Outlier(value, usual, len(history))


def losing_run(won: Sequence[bool]) -> LosingRun | None:
    """The last twenty of `won` (oldest first), when they are far worse than those before."""
    before, last = won[:-LEAST], won[-LEAST:]
    if len(before) < LEAST:
        return None
    rate, wins = sum(before) / len(before), sum(last)
    chance = at_most(wins, LEAST, rate)
    return LosingRun(wins, LEAST, rate, chance) if chance < CHANCE else None


def at_most(wins: int, count: int, rate: float) -> float:
    """The probability of `wins` or fewer in `count` trials that succeed at `rate`."""
    return sum(
        comb(count, found) * rate**found * (1 - rate) ** (count - found)
        for found in range(wins + 1)
    )
