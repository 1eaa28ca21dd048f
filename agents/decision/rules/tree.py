"""What a rule is made of: frozen nodes that compare by value, and their canonical print.

Each node prints itself as text that parses back to an equal node. Parentheses appear where
precedence needs them, and around what `not` denies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import TypeAlias

COLUMNS: tuple[str, ...] = ("open", "high", "low", "close", "volume")


class _Binds(IntEnum):
    """How tightly an arithmetic node holds together."""

    SUM = 1
    PRODUCT = 2
    ATOM = 3


def number_text(value: float | Decimal) -> str:
    """The shortest plain decimal that reads back as `value`: 30, 0.5, never 3e1."""
    text = format(Decimal(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


# --- values -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float

    def __str__(self) -> str:
        return number_text(self.value)


@dataclass(frozen=True, slots=True)
class Operand:
    """A column of the candles or a data point of the catalogue, its parameters complete.

    `timeframe` None is the strategy's own. `ago` counts candles of the operand's timeframe.
    """

    name: str
    params: tuple[float, ...] = ()
    output: str = ""
    timeframe: str | None = None
    ago: int = 0

    @property
    def is_column(self) -> bool:
        return self.name in COLUMNS

    def __str__(self) -> str:
        params = f"({','.join(map(number_text, self.params))})" if self.params else ""
        output = f".{self.output}" if self.output else ""
        timeframe = f"@{self.timeframe}" if self.timeframe else ""
        ago = f"[{self.ago}]" if self.ago else ""
        return f"{self.name}{params}{output}{timeframe}{ago}"


@dataclass(frozen=True, slots=True)
class Negative:
    """A value with its sign turned; a negative constant is a Number."""

    value: Value

    def __str__(self) -> str:
        return f"-{_within(self.value, _Binds.ATOM)}"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left op right`, op one of + - * /; division by zero is unknown."""

    op: str
    left: Value
    right: Value

    def __str__(self) -> str:
        here = _binds(self)
        sign = f" {self.op} " if here is _Binds.SUM else self.op
        return f"{_within(self.left, here)}{sign}{_within(self.right, _Binds(here + 1))}"


Value: TypeAlias = Number | Operand | Negative | Arithmetic


def _binds(value: Value) -> _Binds:
    if isinstance(value, Arithmetic):
        return _Binds.SUM if value.op in "+-" else _Binds.PRODUCT
    return _Binds.ATOM


def _within(value: Value, least: _Binds) -> str:
    return str(value) if _binds(value) >= least else f"({value})"


# --- conditions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left op right`, op one of < <= > >=."""

    op: str
    left: Value
    right: Value

    def __str__(self) -> str:
        return f"{self.left} {self.op} {self.right}"


@dataclass(frozen=True, slots=True)
class Between:
    """`low <= value <= high`."""

    value: Value
    low: Value
    high: Value

    def __str__(self) -> str:
        return f"{self.value} between {self.low} and {self.high}"


@dataclass(frozen=True, slots=True)
class Crosses:
    """Was not beyond `level` one candle of the strategy's timeframe earlier, is beyond it now."""

    value: Value
    level: Value
    above: bool

    def __str__(self) -> str:
        return f"{self.value} crosses {'above' if self.above else 'below'} {self.level}"


@dataclass(frozen=True, slots=True)
class Moves:
    """`count` consecutive changes in one direction, in candles of each operand's timeframe."""

    value: Value
    rising: bool
    count: int

    def __str__(self) -> str:
        return f"{self.value} {'rising' if self.rising else 'falling'} {self.count}"


@dataclass(frozen=True, slots=True)
class Not:
    """Turns true and false; unknown stays unknown."""

    condition: Condition

    def __str__(self) -> str:
        return f"not ({self.condition})"


@dataclass(frozen=True, slots=True)
class And:
    """Two or more conditions, none of them an And."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " and ".join(
            f"({part})" if isinstance(part, Or) else str(part) for part in self.parts
        )


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more conditions, none of them an Or."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " or ".join(map(str, self.parts))


Leaf: TypeAlias = Comparison | Between | Crosses | Moves
Condition: TypeAlias = Leaf | Not | And | Or


# --- building and walking ---------------------------------------------------------------------


def negative(value: Value) -> Value:
    """`-value`; of a constant, the negative constant (and never minus zero)."""
    if isinstance(value, Number):
        return Number(-value.value if value.value else 0.0)
    return Negative(value)


def all_of(parts: tuple[Condition, ...]) -> Condition:
    """The conjunction of `parts`, flat."""
    flat = tuple(
        inner for part in parts for inner in (part.parts if isinstance(part, And) else (part,))
    )
    return flat[0] if len(flat) == 1 else And(flat)


def any_of(parts: tuple[Condition, ...]) -> Condition:
    """The disjunction of `parts`, flat."""
    flat = tuple(
        inner for part in parts for inner in (part.parts if isinstance(part, Or) else (part,))
    )
    return flat[0] if len(flat) == 1 else Or(flat)


def values_of(leaf: Leaf) -> tuple[Value, ...]:
    """The values that a single condition looks at, as written."""
    match leaf:
        case Comparison(_, left, right):
            return left, right
        case Between(value, low, high):
            return value, low, high
        case Crosses(value, level, _):
            return value, level
        case Moves(value, _, _):
            return (value,)


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Every single condition, from left to right."""
    if isinstance(condition, Not):
        yield from leaves(condition.condition)
    elif isinstance(condition, And | Or):
        for part in condition.parts:
            yield from leaves(part)
    else:
        yield condition


def operands_in(value: Value) -> Iterator[Operand]:
    """Every operand of a value, from left to right."""
    if isinstance(value, Operand):
        yield value
    elif isinstance(value, Negative):
        yield from operands_in(value.value)
    elif isinstance(value, Arithmetic):
        yield from operands_in(value.left)
        yield from operands_in(value.right)
