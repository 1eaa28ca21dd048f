"""Turns of phrase that stand for a whole condition."""

from collections.abc import Callable

from agents.decision.words.candlesticks import candle_phrase
from agents.decision.words.conditions import Condition
from agents.decision.words.context import Context
from agents.decision.words.meetings import broken, meets, sweep_and_back
from agents.decision.words.moves import away_noun, near, percent_move, percent_noun
from agents.decision.words.states import bare_extreme, slope_first, state, vague_level
from agents.decision.words.trends import (
    golden,
    opposite_cross,
    pair_cross,
    stack,
    trend,
    trend_named,
)
from agents.decision.words.volume import volume_phrase

Found = tuple[Condition, int]

_IDIOMS: tuple[Callable[[Context, int], Found | None], ...] = (
    trend_named, trend, golden, opposite_cross, stack, pair_cross, sweep_and_back, candle_phrase,
    volume_phrase, percent_move, percent_noun, away_noun, near, broken, meets, state, slope_first,
    bare_extreme, vague_level,
)  # fmt: skip


def idiom(c: Context, i: int) -> Found | None:
    """The condition that a set phrase at word `i` stands for, and the word after it."""
    saved = c.saved()
    for read in _IDIOMS:
        if found := read(c, i):
            return found
        c.restore(saved)
    return None
