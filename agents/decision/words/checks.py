"""What must hold of any reading, whoever read: limits, and rules that can be true."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations

from agents.decision.rules.tree import And, Between, Comparison, Condition, Crosses, Number, Or
from agents.decision.words.terms import plain
from agents.domain.strategy import DEFAULT_RISK_PERCENT, MAX_RISK_PERCENT

MAX_LEVERAGE = 20
MAX_POSITIONS = 20
_STILL_SERIOUS = Decimal("2.5")  # up to so many times the limit is cut down to it; more is left out

# Where values of an indicator can be at all.
_RANGES = {
    "rsi": (0, 100), "stoch": (0, 100), "stochrsi": (0, 100), "mfi": (0, 100), "adx": (0, 100),
    "willr": (-100, 0), "cmf": (-1, 1),
}  # fmt: skip


@dataclass
class Verdicts:
    """What the checks refuse, and what is capped to."""

    refused: list[str] = field(default_factory=list)


def risk(value: Decimal, verdicts: Verdicts) -> Decimal | None:
    """The risk per trade in percent within the limit; None where it is left out."""
    if value <= 0:
        verdicts.refused.append(
            f"A risk of {plain(value)} % makes no trade; it stays at {DEFAULT_RISK_PERCENT} %."
        )
        return None
    if value <= MAX_RISK_PERCENT:
        return value
    said = f"Risk of {plain(value)} % per trade is over the limit of {MAX_RISK_PERCENT} %"
    if value <= MAX_RISK_PERCENT * _STILL_SERIOUS:
        verdicts.refused.append(f"{said}; it is cut to {MAX_RISK_PERCENT} %.")
        return MAX_RISK_PERCENT
    verdicts.refused.append(f"{said}; it stays at {DEFAULT_RISK_PERCENT} %.")
    return None


def leverage(value: Decimal, verdicts: Verdicts) -> int | None:
    """The leverage within the limit; None where it is left out."""
    if value < 1 or value != value.to_integral_value():
        verdicts.refused.append(
            f"Leverage {plain(value)}x is no whole number from 1 to {MAX_LEVERAGE}; it stays at 1x."
        )
        return None
    if value <= MAX_LEVERAGE:
        return int(value)
    said = f"Leverage {plain(value)}x is over the limit of {MAX_LEVERAGE}x"
    if value <= MAX_LEVERAGE * _STILL_SERIOUS:
        verdicts.refused.append(f"{said}; it is cut to {MAX_LEVERAGE}x.")
        return MAX_LEVERAGE
    verdicts.refused.append(f"{said}; it stays at 1x.")
    return None


def positions(value: int, verdicts: Verdicts) -> int | None:
    """The number of open positions within the limit; None where it is left out."""
    if 1 <= value <= MAX_POSITIONS:
        return value
    verdicts.refused.append(
        f"{value} open positions are over the limit of {MAX_POSITIONS}; it stays at 1."
    )
    return None


def impossible(condition: Condition) -> str | None:
    """Why the rule, or an alternative of it, can never be true; None when all can be."""
    if isinstance(condition, Or):
        reasons = [impossible(part) for part in condition.parts]
    else:
        parts = condition.parts if isinstance(condition, And) else (condition,)
        reasons = [
            impossible(part) if isinstance(part, Or) else _out_of_range(part) for part in parts
        ]
        reasons += [_contradiction(one, two) for one, two in combinations(parts, 2)]
    return next((reason for reason in reasons if reason), None)


def _contradiction(one: Condition, two: Condition) -> str | None:
    """Why two conditions can't both hold, None when they can."""
    if isinstance(one, Comparison | Between) and isinstance(two, Comparison | Between):
        excluded = _exclude(one, two)
    elif isinstance(one, Crosses) and isinstance(two, Crosses):
        same = (one.value, one.level) == (two.value, two.level)
        excluded = same and one.above != two.above
    else:
        excluded = False
    if not excluded:
        return None
    return (
        f"“{one}” and “{two}” contradict each other: both can't be true at the same time, so it"
        " would never trade."
    )


def pointless(condition: Condition) -> str | None:
    """A comparison that is always true, or always false in a part, as a sentence."""
    for part in _leaves(condition):
        bounds = _bounds(part)
        limits = _limits(part)
        if bounds and limits and bounds[0] <= limits[0] and bounds[1] >= limits[1]:
            return f"“{part}” is always true, since it lives between {limits[0]} and {limits[1]}."
    return None


def _leaves(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, And | Or):
        for part in condition.parts:
            yield from _leaves(part)
    else:
        yield condition


def _limits(part: Condition) -> tuple[int, int] | None:
    """The range of what a condition looks at, where the indicator has one."""
    match part:
        case Comparison(_, value, _) | Between(value, _, _) | Crosses(value, _, _):
            name, output = getattr(value, "name", ""), getattr(value, "output", "")
            return _RANGES.get(name) if name != "adx" or output in {"", "adx"} else None
    return None


def _out_of_range(part: Condition) -> str | None:
    limits, bounds = _limits(part), _bounds(part)
    if isinstance(part, Crosses) and limits and isinstance(part.level, Number):
        outside = not limits[0] <= part.level.value <= limits[1]
        return _never(part, limits) if outside else None
    if not limits or not bounds:
        return None
    empty = bounds[0] > bounds[1] or bounds[0] > limits[1] or bounds[1] < limits[0]
    strict = isinstance(part, Comparison) and part.op in "<>"
    edge = strict and (bounds[0] >= limits[1] or bounds[1] <= limits[0])
    return _never(part, limits) if empty or edge else None


def _never(part: Condition, limits: tuple[int, int]) -> str:
    return f"“{part}” is impossible, since it lives between {limits[0]} and {limits[1]}."


def _bounds(part: Condition) -> tuple[float, float] | None:
    """The interval that a comparison with a number allows."""
    if isinstance(part, Between) and isinstance(part.low, Number) and isinstance(part.high, Number):
        return part.low.value, part.high.value
    if isinstance(part, Comparison) and isinstance(part.right, Number):
        inf = float("inf")
        return (part.right.value, inf) if part.op in {">", ">="} else (-inf, part.right.value)
    return None


def _exclude(one: Comparison | Between, two: Comparison | Between) -> bool:
    """Whether two conditions on the same value leave nothing between them."""
    same = _subject(one) == _subject(two)
    first, second = _bounds(one), _bounds(two)
    if same and first and second:
        low, high = max(first[0], second[0]), min(first[1], second[1])
        strict = any(isinstance(part, Comparison) and part.op in {"<", ">"} for part in (one, two))
        return low > high or (low == high and strict)
    if not (isinstance(one, Comparison) and isinstance(two, Comparison)):
        return False
    if (one.left, one.right) == (two.left, two.right):
        return {one.op[0], two.op[0]} == {"<", ">"} and {one.op, two.op} != {"<=", ">="}
    if (one.left, one.right) == (two.right, two.left):
        return one.op[0] == two.op[0] and {one.op, two.op} & {"<", ">"} != set()
    return False


def _subject(part: Comparison | Between) -> object:
    return part.left if isinstance(part, Comparison) else part.value
