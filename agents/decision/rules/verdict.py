"""What a rule says at a candle, and for each of its conditions how near it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from agents.decision.rules.context import Context
from agents.decision.rules.moment import FALSE, TRUE, UNKNOWN, Getter, Truth, getter, leaf_truth
from agents.decision.rules.tree import (
    And,
    Between,
    Comparison,
    Condition,
    Crosses,
    Leaf,
    Moves,
    Not,
    Number,
    Or,
    Value,
)

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Check(NamedTuple):
    """One condition at a candle: `rsi(14)` is 41.2 and waits for `< 35`.

    `value` is None when unknown. `level` is the present value of what the rule compares with,
    where that is not a plain number. `met` says whether the condition is as the rule wants it
    (after `not`), None when unknown.
    """

    text: str
    value: float | None
    waits_for: str
    met: bool | None
    level: float | None = None

    def as_json(self) -> dict[str, object]:
        """Plain values, as stored with a decision."""
        return self._asdict()


class Verdict(NamedTuple):
    """What a rule says at a candle: `truth` is 1 (true), 0 (false) or -1 (unknown)."""

    truth: int
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return self.truth == TRUE

    @property
    def unknown(self) -> bool:
        return self.truth == UNKNOWN


@dataclass(frozen=True, slots=True)
class Watch:
    """A single condition, compiled to be looked at. `wanted` is FALSE under a `not`."""

    text: str
    waits_for: str
    wanted: int
    value: Getter
    level: Getter | None
    truth: Truth

    def check(self, context: Context) -> Check:
        truth = self.truth(context)
        met = None if truth == UNKNOWN else truth == self.wanted
        value = _known(self.value, context)
        level = _known(self.level, context) if self.level else None
        return Check(self.text, value, self.waits_for, met, level)


def watches(condition: Condition) -> tuple[Watch, ...]:
    """Every single condition of `condition`, from left to right."""
    return tuple(_watches(condition, TRUE))


def _watches(condition: Condition, wanted: int) -> Iterator[Watch]:
    match condition:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _watches(part, wanted)
        case Not(inner):
            yield from _watches(inner, TRUE - wanted)
        case _:
            yield _watch(condition, wanted)


def _watch(leaf: Leaf, wanted: int) -> Watch:
    value, waits, level = _parts(leaf)
    prefix = "not " if wanted == FALSE else ""
    other = None if level is None or isinstance(level, Number) else getter(level)
    return Watch(str(value), prefix + waits, wanted, getter(value), other, leaf_truth(leaf))


def _parts(leaf: Leaf) -> tuple[Value, str, Value | None]:
    """What is watched, what it waits for, and what it is compared with."""
    match leaf:
        case Comparison(sign, Number() as left, right) if not isinstance(right, Number):
            return right, f"{_FLIPPED[sign]} {left}", left
        case Comparison(sign, left, right):
            return left, f"{sign} {right}", right
        case Between(value, low, high):
            return value, f"between {low} and {high}", None
        case Crosses(value, level, above):
            return value, f"crosses {'above' if above else 'below'} {level}", level
        case Moves(value, rising, count):
            return value, f"{'rising' if rising else 'falling'} {count}", None


def _known(get: Getter, context: Context) -> float | None:
    value = get(context, 0, 0)
    return value if value == value else None  # noqa: PLR0124  # NaN alone differs from itself
