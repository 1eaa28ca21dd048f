"""Changing a rule: one condition replaced, added or taken out, a number put in another's place."""

from collections.abc import Callable
from dataclasses import replace

from agents.decision.rules.tree import (
    And,
    Arithmetic,
    Between,
    Comparison,
    Condition,
    Crosses,
    Leaf,
    Moves,
    Negative,
    Not,
    Number,
    Operand,
    Or,
    Value,
    all_of,
    any_of,
    leaves,
    operands_in,
    values_of,
)

_FAMILIES = {
    "volume": ("volume", "rvol", "obv", "cmf", "mfi"),
    "trend": ("ema", "sma", "wma", "hma", "supertrend", "ichimoku", "adx"),
    "ma": ("ema", "sma", "wma", "hma"),
    "average": ("ema", "sma", "wma", "hma"),
    "high": ("highest", "prev_day"),
    "low": ("lowest", "prev_day"),
    "breakout": ("highest", "lowest", "donchian"),
    "price": ("close",),
}
_OSCILLATORS = frozenset(
    {"rsi", "stoch", "stochrsi", "mfi", "cci", "willr", "adx", "rvol", "change"}
)


def about(leaf: Leaf, word: str) -> bool:
    """Whether `leaf` is what people call the `word` condition (`volume`, `rsi`, `trend`)."""
    names = {one.name for value in values_of(leaf) for one in operands_in(value)}
    return bool(names & set(_FAMILIES.get(word, (word,))))


def without(rule: Condition, unwanted: Callable[[Leaf], bool]) -> Condition | None:
    """`rule` without the conditions that are `unwanted`; None when nothing is left."""
    match rule:
        case And(parts) | Or(parts):
            left = tuple(part for part in (without(one, unwanted) for one in parts) if part)
            if not left:
                return None
            return all_of(left) if isinstance(rule, And) else any_of(left)
        case Not(inner):
            left_inner = without(inner, unwanted)
            return Not(left_inner) if left_inner else None
    return None if unwanted(rule) else rule


def changed(rule: Condition, change: Callable[[Leaf], Condition]) -> Condition:
    """`rule` with each single condition passed through `change`."""
    match rule:
        case And(parts):
            return all_of(tuple(changed(part, change) for part in parts))
        case Or(parts):
            return any_of(tuple(changed(part, change) for part in parts))
        case Not(inner):
            return Not(changed(inner, change))
    return change(rule)


def counterpart(rule: Condition, new: Leaf) -> Leaf | None:
    """The condition of `rule` that `new` is meant to replace: on the same values, the same way."""
    candidates = [leaf for leaf in leaves(rule) if _subject(leaf) == _subject(new)]
    same_way = [leaf for leaf in candidates if direction(leaf) == direction(new)]
    return next(iter(same_way or candidates), None)


def _subject(leaf: Leaf) -> object:
    """What a condition is about: an oscillator, or the pair that is compared."""
    first = values_of(leaf)[0]
    if isinstance(first, Operand) and first.name in _OSCILLATORS:
        return first.name, first.output, first.timeframe
    if isinstance(first, Operand) and isinstance(leaf, Comparison | Crosses):
        second = values_of(leaf)[1]
        named = second.name if isinstance(second, Operand) else ""
        return first.name, first.output, named
    return str(first)


def direction(leaf: Leaf) -> str:
    match leaf:
        case Comparison(op, _, _):
            return op[0]
        case Crosses(_, _, above):
            return ">" if above else "<"
        case Moves(_, rising, _):
            return ">" if rising else "<"
    return "between"


def with_number(rule: Condition, old: float, new: float) -> Condition:
    """`rule` with each plain number and parameter `old` replaced by `new`."""

    def swap(value: Value) -> Value:
        match value:
            case Number(number):
                return Number(new) if number == old else value
            case Operand():
                params = tuple(new if one == old else one for one in value.params)
                return replace(value, params=params)
            case Negative(inner):
                return Negative(swap(inner))
            case Arithmetic(op, left, right):
                return Arithmetic(op, swap(left), swap(right))
        return value

    return changed(rule, lambda leaf: _mapped(leaf, swap))


def with_operand(rule: Condition, old: Operand, new: Operand) -> Condition:
    """`rule` with the operand `old` replaced by `new`, its timeframe and shift kept."""

    def swap(value: Value) -> Value:
        match value:
            case Operand() if (value.name, value.params) == (old.name, old.params):
                return replace(value, name=new.name, params=new.params, output=new.output)
            case Negative(inner):
                return Negative(swap(inner))
            case Arithmetic(op, left, right):
                return Arithmetic(op, swap(left), swap(right))
        return value

    return changed(rule, lambda leaf: _mapped(leaf, swap))


def _mapped(leaf: Leaf, swap: Callable[[Value], Value]) -> Leaf:
    match leaf:
        case Comparison(op, left, right):
            return Comparison(op, swap(left), swap(right))
        case Between(value, low, high):
            return Between(swap(value), swap(low), swap(high))
        case Crosses(value, level, above):
            return Crosses(swap(value), swap(level), above)
        case Moves(value, rising, count):
            return Moves(swap(value), rising, count)
