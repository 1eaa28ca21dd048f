"""Syntax tree to levels: stops, targets and trailing, with the sizes that make sense."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from agents.decision.rules.builder import Builder, start
from agents.decision.rules.faults import fault
from agents.decision.rules.levels import (
    At,
    Fixed,
    Level,
    Multiple,
    Percent,
    Ranges,
    Stop,
    Trail,
)
from agents.decision.rules.tree import Number
from agents.domain.strategy import Target

_ATR_LENGTH = 14
_MOST_PERCENT = Decimal(1000)
_MOST_MULTIPLES = Decimal(100)
_MOST_TARGETS = 5


def stop(build: Builder, node: Any) -> Stop:
    """`LEVEL`, or `long LEVEL, short LEVEL` in either order."""
    first = node.children[0]
    if first.data == "sided":
        levels = {}
        for side in node.children:
            word, one = side.children
            if str(word) in levels:
                fault(f"The {word} stop is said twice.", build.text, start(word))
            levels[str(word)] = _stop_level(build, one)
        return Stop(levels.get("long"), levels.get("short"))
    both = _stop_level(build, first)
    return Stop(both, both)


def _stop_level(build: Builder, node: Any) -> Level:
    found = level(build, node)
    if isinstance(found, Multiple):
        message = "A stop can't be in R, since R is the distance to the stop; write 2% or 1.5 atr."
        fault(message, build.text, start(node))
    if isinstance(found, Percent) and found.amount >= 100:
        fault("A stop 100% away or further can't be reached.", build.text, start(node))
    return found


def targets(build: Builder, node: Any) -> tuple[Target, ...]:
    """One level, or several with the share of the position that is closed at each."""
    shares: list[Target] = []
    for part in node.children:
        if len(shares) == _MOST_TARGETS:
            fault(f"{_MOST_TARGETS} targets are the most.", build.text, start(part))
        shares.append(_target(build, part, shares, only=len(node.children) == 1))
    return tuple(shares)


def _target(build: Builder, part: Any, before: list[Target], *, only: bool) -> Target:
    left = Decimal(1) - sum((target.share for target in before), Decimal(0))
    if part.data not in ("part", "rest"):
        if only:
            return Target(at=str(level(build, part)))
        message = "Say how much is closed at each target, as in 50% at 1.5R, rest at 3R."
        return fault(message, build.text, start(part))
    share = left if part.data == "rest" else Decimal(part.children[0]) / 100
    if not 0 < share <= left:
        message = "The shares of the targets must be above 0% and make 100% at most."
        fault(message, build.text, start(part))
    return Target(at=str(level(build, part.children[-1])), share=share)


def trailing(build: Builder, node: Any) -> Trail:
    """A distance, a break-even, or both."""
    distance: Percent | Ranges | None = None
    breakeven: Decimal | None = None
    for part in node.children:
        twice = breakeven if part.data == "breakeven" else distance
        if twice is not None:
            fault("That is said twice.", build.text, start(part))
        if part.data == "breakeven":
            breakeven = _amount(build, part.children[0], _MOST_MULTIPLES, "R")
        else:
            made = level(build, part)
            distance = made if isinstance(made, Percent | Ranges) else None
    if isinstance(distance, Percent) and distance.amount >= 100:
        fault("A trailing stop 100% away or further can't be reached.", build.text, 0)
    return Trail(distance, breakeven)


def level(build: Builder, node: Any) -> Level:
    """One level, as a distance or a price."""
    return _LEVELS[node.data](build, node.children)


def _percent(build: Builder, parts: list[Any]) -> Level:
    return Percent(_amount(build, parts[0], _MOST_PERCENT, "%"))


def _ranges(build: Builder, parts: list[Any]) -> Level:
    amount, *length = parts
    if length and [str(part.children[-1]) for part in length[0].children] != [str(_ATR_LENGTH)]:
        message = "A distance in atr is in atr(14); with another length write a price, as in"
        fault(f"{message} close - 2*atr(20).", build.text, start(length[0]))
    return Ranges(_amount(build, amount, _MOST_MULTIPLES, " atr"))


def _multiple(build: Builder, parts: list[Any]) -> Level:
    return Multiple(_amount(build, parts[0], _MOST_MULTIPLES, "R"))


def _price(build: Builder, parts: list[Any]) -> Level:
    build.number(parts[0])
    amount = Decimal(parts[0])
    if not amount:
        fault("A price is above zero.", build.text, start(parts[0]))
    return Fixed(amount)


def _at(build: Builder, parts: list[Any]) -> Level:
    *word, node = parts
    value = build.value(node)
    if isinstance(value, Number) and not word:
        if value.value <= 0:
            message = "A price is above zero; write a distance without a sign, as in 2%."
            fault(message, build.text, start(node))
        return Fixed(Decimal(str(value.value)))
    return At(value, str(word[0]) if word else "")


def _amount(build: Builder, node: Any, most: Decimal, unit: str) -> Decimal:
    build.number(node)
    amount = Decimal(node)
    if not 0 < amount <= most:
        message = f"That is out of range; more than 0 and at most {most}{unit} can be used."
        fault(message, build.text, start(node))
    return amount


_LEVELS: dict[str, Callable[[Builder, list[Any]], Level]] = {
    "percent": _percent,
    "atr": _ranges,
    "multiple": _multiple,
    "price": _price,
    "beyond": _at,
    "at": _at,
}
