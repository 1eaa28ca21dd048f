"""Limits that an owner sets for themselves: stricter ones at once, looser ones after a delay.

What counts is always the strictest of the operator's limit and the owner's own. Stored by name as
`{name: {"value": ..., "pending": {"value": ..., "from": ...}}}`, each value by the fields of Limits
that the name stands for; a value of None is no limit of their own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from agents.domain.risk import Limits
from agents.domain.windows import Hours

PREFERENCE = "limits"  # under which name a user's own limits are kept
PEAKS = "peaks anew"  # and from when which drawdown is measured anew

Value = Mapping[str, Any]
"""Fields of Limits with what is wanted of each, as Limits has them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit as people name it. `fields` are those of Limits that it is made of."""

    name: str
    fields: tuple[str, ...]


RULES: tuple[Rule, ...] = (
    Rule("risk", ("risk_percent",)),
    Rule("symbol", ("exposure_symbol_percent",)),
    Rule("coin", ("exposure_coin_percent",)),
    Rule("correlated exposure", ("exposure_correlated_percent",)),
    Rule("exposure", ("exposure_total_percent",)),
    Rule("leverage", ("leverage",)),
    Rule("positions", ("open_positions",)),
    Rule("correlated", ("correlated_positions",)),
    Rule("trades", ("trades_a_day",)),
    Rule("daily loss", ("daily_loss_percent", "daily_loss_flatten")),
    Rule("weekly loss", ("weekly_loss_percent", "weekly_loss_flatten")),
    Rule("drawdown", ("drawdown_percent", "drawdown_flatten")),
    Rule("slippage", ("slippage_percent",)),
    Rule("cooldown", ("losses_in_a_row", "cooldown_minutes")),
    Rule("symbols", ("symbols",)),
    Rule("hours", ("hours",)),
)
BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in RULES}


@dataclass(frozen=True, slots=True)
class Pending:
    """A looser value that holds from `at` on, human time."""

    value: Value | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Own:
    """What an owner set of one limit. `value` None: nothing beyond the operator's."""

    value: Value | None = None
    pending: Pending | None = None

    def at(self, wall: datetime) -> Value | None:
        """What holds at that moment of human time."""
        return self.pending.value if self.is_due(wall) and self.pending else self.value

    def is_due(self, wall: datetime) -> bool:
        """Whether what was pending holds by now."""
        return self.pending is not None and self.pending.at <= wall


Owns = Mapping[str, Own]
"""An owner's limits by the names of RULES."""


# --- which is stricter --------------------------------------------------------------------------


def allows(symbols: frozenset[str] | None, symbol: str) -> bool:
    """Whether `symbol` is among `symbols`, or its coin is."""
    return symbols is None or symbol in symbols or symbol.partition("/")[0] in symbols


def _common(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    mine = {item for item in one if allows(other, item)}
    return frozenset(mine | {item for item in other if allows(one, item)})


def _is_longer(one: Hours | None, other: Hours | None) -> bool:
    """Whether `other` allows more than `one`."""
    if one is None or other is None:
        return one is not None
    laxer = (one.flatten and not other.flatten) or other.grace < one.grace
    return laxer or not other.within(one)


def _narrower(one: Hours | None, other: Hours | None) -> Hours | None:
    """The other where it allows no more; hours that only overlap have no common shape."""
    return one if _is_longer(one, other) else other


_STRICTER: Mapping[str, Callable[[Any, Any], Any]] = {
    "cooldown_minutes": max,
    "daily_loss_flatten": max,
    "weekly_loss_flatten": max,
    "drawdown_flatten": max,
    "symbols": _common,
    "hours": _narrower,
}


def stricter(limits: Limits, value: Value | None) -> Limits:
    """`limits`, each field as strict as `value` wants it or stricter."""
    wanted = value or {}
    return replace(
        limits,
        **{
            name: _STRICTER.get(name, min)(getattr(limits, name), want)
            for name, want in wanted.items()
        },
    )


def loosens(before: Limits, after: Limits) -> bool:
    """Whether anything is allowed after that was not before."""
    if _is_longer(before.hours, after.hours):
        return True
    compared = replace(before, hours=None), replace(after, hours=None)
    both = stricter(compared[0], {name: getattr(compared[1], name) for name in _NAMES})
    return both != compared[1]


_NAMES = tuple(field.name for field in fields(Limits))


def effective(ceiling: Limits, owns: Owns, wall: datetime) -> Limits:
    """The strictest of the operator's and the owner's limits at that moment of human time."""
    limits = ceiling
    for own in owns.values():
        limits = stricter(limits, own.at(wall))
    return limits


def of_rule(limits: Limits, rule: Rule) -> Value:
    """What `limits` say of one limit."""
    return {name: getattr(limits, name) for name in rule.fields}


# --- stored -------------------------------------------------------------------------------------


def value_as_json(value: Value | None) -> dict[str, Any] | None:
    return None if value is None else {name: _plain(part) for name, part in value.items()}


def _plain(part: Any) -> Any:
    match part:
        case Decimal():
            return str(part)
        case frozenset():
            return sorted(part)
        case Hours():
            return part.as_json()
        case _:
            return part


def value_from_json(stored: Mapping[str, Any] | None) -> Value | None:
    if stored is None:
        return None
    return {name: _PARTS.get(name, _number)(part) for name, part in stored.items()}


def _number(part: Any) -> Any:
    return Decimal(part) if isinstance(part, str) else part


_PARTS: Mapping[str, Callable[[Any], Any]] = {
    "symbols": lambda part: None if part is None else frozenset(part),
    "hours": lambda part: None if part is None else Hours.from_json(part),
}


def owns_as_json(owns: Owns) -> dict[str, Any]:
    return {
        name: {"value": value_as_json(own.value), "pending": _pending_as_json(own.pending)}
        for name, own in owns.items()
    }


def _pending_as_json(pending: Pending | None) -> dict[str, Any] | None:
    if pending is None:
        return None
    return {"value": value_as_json(pending.value), "from": pending.at.isoformat()}


def owns_from_json(stored: Mapping[str, Any] | None) -> dict[str, Own]:
    """None where nothing was ever set."""
    return {name: _own(one) for name, one in (stored or {}).items()}


def _own(stored: Mapping[str, Any]) -> Own:
    waits = stored.get("pending")
    pending = None
    if waits is not None:
        pending = Pending(value_from_json(waits["value"]), datetime.fromisoformat(waits["from"]))
    return Own(value_from_json(stored.get("value")), pending)


def joined(one: Owns, other: Owns) -> dict[str, Own]:
    """The limits of two owners that become one: what both are held to, and nothing that was to
    be raised."""
    found: dict[str, Own] = {}
    for name in BY_NAME:
        values = [own.value for own in (one.get(name), other.get(name)) if own and own.value]
        if values:
            found[name] = Own(_strictest(BY_NAME[name], values))
    return found


def _strictest(rule: Rule, values: list[Value]) -> Value:
    limits = replace(Limits(), **values[0])
    for value in values[1:]:
        limits = stricter(limits, value)
    return of_rule(limits, rule)
