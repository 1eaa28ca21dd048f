"""Syntax tree to conditions and values: names looked up, defaults filled in, ranges checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, ParamSpec, TypeVar

from lark import Token, Tree

from agents.decision.rules import names
from agents.decision.rules.faults import fault
from agents.decision.rules.reading import DEEPEST
from agents.decision.rules.tree import (
    COLUMNS,
    Arithmetic,
    Between,
    Comparison,
    Condition,
    Crosses,
    Moves,
    Not,
    Number,
    Operand,
    Value,
    all_of,
    any_of,
    negative,
)
from agents.domain.market import Timeframe

Node = Tree[Token] | Token
_COMPARES = {"≤": "<=", "≥": ">="}
_P = ParamSpec("_P")
_T = TypeVar("_T")


class Builder:
    """Makes conditions and values of one text. `timeframe` is the strategy's, where known.

    What the syntax trees hold is settled by the grammar, so children are taken by their place.
    """

    def __init__(self, text: str, timeframe: Timeframe | None = None) -> None:
        self.text = text
        self.timeframe = timeframe
        self._depth = 0

    def condition(self, node: Any) -> Condition:
        """The condition of a syntax tree's node."""
        return self._descend(_CONDITIONS, node)

    def value(self, node: Any) -> Value:
        """The value of a syntax tree's node."""
        return self._descend(_VALUES, node)

    def number(self, node: Any) -> float:
        """A number as written, checked for size."""
        return self.checked(node, names.number, str(node))

    def checked(
        self, node: Node, made: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """What `made` answers; its ValueError becomes a RuleError that points at `node`."""
        try:
            return made(*args, **kwargs)
        except ValueError as wrong:
            return fault(str(wrong), self.text, start(node), _word(self.text, node))

    def _descend(self, makers: dict[str, Callable[[Builder, list[Any]], _T]], node: Any) -> _T:
        self._depth += 1
        if self._depth > DEEPEST:
            fault("That is nested too deeply; split the rule.", self.text, start(node))
        made = makers[node.data](self, node.children)
        self._depth -= 1
        return made


def start(node: Node) -> int:
    """Where the first word of `node` begins in the text."""
    return next((token.start_pos or 0 for token in _tokens(node)), 0)


def _word(text: str, node: Node) -> str:
    """The text of `node`, from its first word to its last."""
    end = max((token.end_pos or 0 for token in _tokens(node)), default=0)
    return text[start(node) : end]


def _tokens(node: Node) -> Iterator[Token]:
    return iter((node,)) if isinstance(node, Token) else node.scan_values(_is_token)


def _is_token(value: object) -> bool:
    return isinstance(value, Token)


# --- conditions -------------------------------------------------------------------------------


def _any_of(build: Builder, parts: list[Any]) -> Condition:
    return any_of(tuple(build.condition(part) for part in parts))


def _all_of(build: Builder, parts: list[Any]) -> Condition:
    return all_of(tuple(build.condition(part) for part in parts))


def _negation(build: Builder, parts: list[Any]) -> Condition:
    return Not(build.condition(parts[0]))


def _comparison(build: Builder, parts: list[Any]) -> Condition:
    """One comparison, or a chain: `a > b > c` is `a > b and b > c`."""
    sides = [build.value(part) for part in parts[::2]]
    signs = [_COMPARES.get(sign, str(sign)) for sign in parts[1::2]]
    chain = zip(signs, pairwise(sides), strict=True)
    return all_of(tuple(Comparison(sign, left, right) for sign, (left, right) in chain))


def _between(build: Builder, parts: list[Any]) -> Condition:
    value, low, high = (build.value(part) for part in parts)
    return Between(value, low, high)


def _crosses(build: Builder, parts: list[Any]) -> Condition:
    value, direction, level = parts
    return Crosses(build.value(value), build.value(level), direction == "above")


def _moves(build: Builder, parts: list[Any]) -> Condition:
    value, direction, times = parts
    count = build.checked(times, names.run, build.number(times), str(direction))
    return Moves(build.value(value), direction == "rising", count)


_CONDITIONS: dict[str, Callable[[Builder, list[Any]], Condition]] = {
    "any_of": _any_of,
    "all_of": _all_of,
    "negation": _negation,
    "comparison": _comparison,
    "between": _between,
    "crosses": _crosses,
    "moves": _moves,
}


# --- values -----------------------------------------------------------------------------------


def _number(build: Builder, parts: list[Any]) -> Value:
    return Number(build.number(parts[0]))


def _negative(build: Builder, parts: list[Any]) -> Value:
    return negative(build.value(parts[1]))


def _arithmetic(build: Builder, parts: list[Any]) -> Value:
    left, sign, right = parts
    return Arithmetic(str(sign), build.value(left), build.value(right))


def _operand(build: Builder, parts: list[Any]) -> Value:
    name, rest = parts[0], parts[1:]
    timeframe, ago = _suffixes(build, rest)
    said, output = _first(rest, "parameters"), _first(rest, "OUTPUT")
    if name in COLUMNS:
        if said or output:
            message = f"{name} is a column of the candles; it takes no numbers and no outputs."
            fault(message, build.text, start(name))
        return Operand(str(name), (), "", timeframe, ago)
    row = build.checked(name, names.data_point, str(name))
    params = tuple(
        build.checked(node, names.parameter, row, index, _signed(build, node))
        for index, node in enumerate(said.children if said else ())
    )
    word = output.lstrip(". \t\r\n") if output else ""
    named = build.checked(output or name, names.output, row, word)
    return Operand(row.name, build.checked(said or name, row.fill, params), named, timeframe, ago)


def _signed(build: Builder, node: Any) -> float:
    *sign, digits = node.children
    return -build.number(digits) if sign else build.number(digits)


def _suffixes(build: Builder, parts: list[Any]) -> tuple[str | None, int]:
    timeframe, ago = None, 0
    for kind in ("TIMEFRAME", "offset"):
        for again in [part for part in parts if _kind(part) == kind][1:]:
            message = "One @timeframe and one [n] are enough."
            fault(message, build.text, start(again), _word(build.text, again))
    if at := _first(parts, "TIMEFRAME"):
        word = at.lstrip("@ \t\r\n")
        timeframe = build.checked(at, names.timeframe, word, build.timeframe)
    if offset := _first(parts, "offset"):
        ago = build.checked(offset, names.offset, _signed(build, offset))
    return timeframe, ago


def _kind(node: Node) -> str:
    return node.type if isinstance(node, Token) else str(node.data)


def _first(parts: list[Any], kind: str) -> Any:
    return next((part for part in parts if _kind(part) == kind), None)


_VALUES: dict[str, Callable[[Builder, list[Any]], Value]] = {
    "number": _number,
    "negative": _negative,
    "arithmetic": _arithmetic,
    "operand": _operand,
}
