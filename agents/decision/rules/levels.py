"""Where a trade gets out: stops, targets and trailing, as said and with their canonical print.

Amounts are Decimals as the user wrote them; prices that depend on data points are expressions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from agents.decision.rules.tree import Operand, Value, number_text, operands_in
from agents.domain.strategy import Side, Target

# The range that distances in atr, and the ratchet of trailing stops, are measured by.
ATR = Operand("atr", (14.0,))


@dataclass(frozen=True, slots=True)
class Percent:
    """A distance in percent of the price: 2 means 2 %."""

    amount: Decimal

    def __str__(self) -> str:
        return f"{number_text(self.amount)}%"


@dataclass(frozen=True, slots=True)
class Ranges:
    """A distance in multiples of atr(14) of the strategy's timeframe."""

    amount: Decimal

    def __str__(self) -> str:
        return f"{number_text(self.amount)} atr"


@dataclass(frozen=True, slots=True)
class Multiple:
    """A distance in multiples of the distance to the stop (R)."""

    amount: Decimal

    def __str__(self) -> str:
        return f"{number_text(self.amount)}R"


@dataclass(frozen=True, slots=True)
class Fixed:
    """A price in quote currency."""

    amount: Decimal

    def __str__(self) -> str:
        return f"price {number_text(self.amount)}"


@dataclass(frozen=True, slots=True)
class At:
    """A price that is computed; `word` ("below", "above") is kept as said and changes nothing."""

    value: Value
    word: str = ""

    def __str__(self) -> str:
        return f"{self.word} {self.value}" if self.word else str(self.value)


Level: TypeAlias = Percent | Ranges | Multiple | Fixed | At


@dataclass(frozen=True, slots=True)
class Stop:
    """The stop of each side; None where a side was left out."""

    long: Level | None
    short: Level | None

    def of(self, side: Side) -> Level | None:
        return self.long if side is Side.LONG else self.short

    def __str__(self) -> str:
        if self.long == self.short:
            return str(self.long)
        sides = (("long", self.long), ("short", self.short))
        return ", ".join(f"{side} {level}" for side, level in sides if level is not None)


@dataclass(frozen=True, slots=True)
class Trail:
    """How the stop follows: behind the best price, to the entry after some R, or both."""

    distance: Percent | Ranges | None = None
    breakeven: Decimal | None = None

    def __str__(self) -> str:
        parts = [] if self.distance is None else [f"trail {self.distance}"]
        if self.breakeven is not None:
            parts.append(f"breakeven after {number_text(self.breakeven)}R")
        return "; ".join(parts)


def level_operands(level: Level | Percent | Ranges | None) -> Iterator[Operand]:
    """The operands that must be known to turn a level into a price."""
    if isinstance(level, Ranges):
        yield ATR
    elif isinstance(level, At):
        yield from operands_in(level.value)


def targets_text(targets: tuple[Target, ...]) -> str:
    """Targets on one line: `3R`, or `50% at 1.5R, rest at 3R`."""
    if len(targets) == 1 and targets[0].share == 1:
        return targets[0].at
    *first, last = targets
    parts = [_share_text(target) for target in first]
    closes_all = sum(target.share for target in targets) == 1
    parts.append(f"rest at {last.at}" if first and closes_all else _share_text(last))
    return ", ".join(parts)


def _share_text(target: Target) -> str:
    return f"{number_text(target.share * 100)}% at {target.at}"
