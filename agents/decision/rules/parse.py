"""The ways in: text to rules, levels and values. What was read once is remembered."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from agents.decision.rules.levels import Level, Stop, Trail
from agents.decision.rules.reading import syntax
from agents.decision.rules.rule import Rule
from agents.decision.rules.tree import Value
from agents.domain.errors import RuleError
from agents.domain.market import Timeframe
from agents.domain.strategy import Target

if TYPE_CHECKING:
    from lark import Token, Tree

    from agents.decision.rules.builder import Builder

# Thousands of strategies are decided at each candle; a rule is some kilobytes when compiled.
_RULES_KEPT = 50_000
_LEVELS_KEPT = 20_000


@lru_cache(maxsize=_RULES_KEPT)
def parse_rule(text: str, timeframe: str | None = None) -> Rule:
    """The rule that `text` states for a strategy of `timeframe`.

    Without a timeframe `@` is not compared with it. Raises RuleError. The same text gives the
    same object.
    """
    build, node = _opened(text, "rule", timeframe)
    return Rule(build.condition(node.children[0]))


@lru_cache(maxsize=_LEVELS_KEPT)
def parse_value(text: str, timeframe: str | None = None) -> Value:
    """A number, an operand or arithmetic: `ema(50) - 0.5*atr(14)`. Raises RuleError."""
    build, node = _opened(text, "expression", timeframe)
    return build.value(node.children[0])


@lru_cache(maxsize=_LEVELS_KEPT)
def parse_stop(text: str, timeframe: str | None = None) -> Stop:
    """`2%`, `1.5 atr`, `price 61000`, a price expression, or `long …, short …`; RuleError."""
    from agents.decision.rules import getting_out

    build, node = _opened(text, "stop", timeframe)
    return getting_out.stop(build, node)


@lru_cache(maxsize=_LEVELS_KEPT)
def parse_target_level(text: str, timeframe: str | None = None) -> Level:
    """The level of one target: `3R`, `4%`, `2 atr`, `price 70000`, an expression; RuleError."""
    from agents.decision.rules import getting_out

    build, node = _opened(text, "target", timeframe)
    return getting_out.level(build, node.children[0])


@lru_cache(maxsize=_LEVELS_KEPT)
def parse_targets(text: str, timeframe: str | None = None) -> tuple[Target, ...]:
    """One target, or several with shares: `50% at 1.5R, rest at 3R`. Raises RuleError."""
    from agents.decision.rules import getting_out

    build, node = _opened(text, "targets", timeframe)
    return getting_out.targets(build, node)


@lru_cache(maxsize=_LEVELS_KEPT)
def parse_trailing(text: str, timeframe: str | None = None) -> Trail:
    """`trail 2%`, `trail 3 atr`, `breakeven after 1R`, or two of them; RuleError."""
    from agents.decision.rules import getting_out

    build, node = _opened(text, "trailing", timeframe)
    return getting_out.trailing(build, node)


def _opened(text: str, start: str, timeframe: str | None) -> tuple[Builder, Tree[Token]]:
    from agents.decision.rules.builder import Builder  # with the grammar, at the first rule

    return Builder(text, _timeframe(text, timeframe)), syntax(text, start)


def _timeframe(text: str, timeframe: str | None) -> Timeframe | None:
    try:
        return Timeframe.parse(timeframe) if timeframe else None
    except ValueError as wrong:
        raise RuleError(f"{wrong}.", text) from None
