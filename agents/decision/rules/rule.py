"""A rule as the rest of the program holds it: its condition, its print, and its compiled form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from agents.decision.rules.context import Context
from agents.decision.rules.moment import Truth, truth_of
from agents.decision.rules.tree import Condition, Operand, leaves, operands_in, values_of
from agents.decision.rules.verdict import Verdict, Watch, watches


@dataclass(frozen=True)
class Rule:
    """A condition that can be printed, and evaluated at a candle. Equal rules print alike."""

    condition: Condition

    def __str__(self) -> str:
        return self.text

    @cached_property
    def text(self) -> str:
        """The canonical print, which parses back to an equal rule."""
        return str(self.condition)

    @cached_property
    def truth(self) -> Truth:
        """Tells whether the rule holds at a context's last candle: 1, 0 or -1 (unknown)."""
        return truth_of(self.condition)

    @cached_property
    def watches(self) -> tuple[Watch, ...]:
        """Every single condition, ready to tell how near it is."""
        return watches(self.condition)

    @cached_property
    def operands(self) -> tuple[Operand, ...]:
        """Every operand once, from left to right."""
        found = (
            operand
            for leaf in leaves(self.condition)
            for value in values_of(leaf)
            for operand in operands_in(value)
        )
        return tuple(dict.fromkeys(found))


def evaluate_last(rule: Rule, context: Context) -> Verdict:
    """What `rule` says at the last candle, with each condition's present value.

    `rule.truth(context)` alone answers the same truth without the values, in less time.
    """
    checks = tuple(watch.check(context) for watch in rule.watches)
    return Verdict(rule.truth(context), checks)
