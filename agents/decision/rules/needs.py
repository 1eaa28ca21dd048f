"""How much history rules need, so that a short one decides exactly as the whole one would."""

from __future__ import annotations

from collections.abc import Iterator

from agents.decision.rules.levels import level_operands
from agents.decision.rules.parse import parse_rule, parse_stop, parse_target_level, parse_trailing
from agents.decision.rules.rule import Rule
from agents.decision.rules.tree import Crosses, Leaf, Moves, Operand, leaves, operands_in, values_of
from agents.domain.market import Timeframe
from agents.domain.strategy import StrategySpec
from agents.extraction import catalogue


def rules_of(spec: StrategySpec) -> tuple[Rule, ...]:
    """The rules of entry, exit and management that `spec` states. Raises RuleError."""
    texts = [spec.entry_long, spec.entry_short, spec.exit_long, spec.exit_short]
    texts += [step.when for step in spec.manage]
    return tuple(parse_rule(text, spec.timeframe) for text in texts if text)


def operands(spec: StrategySpec) -> tuple[Operand, ...]:
    """Every operand of the rules and levels of `spec`, once."""
    return tuple(dict.fromkeys(operand for operand, _ in _looks(spec)))


def needs(spec: StrategySpec) -> dict[str, int]:
    """How many last candles of each timeframe decide as the whole history does, to 1e-9.

    Counts look-back, settling, offsets, runs and the candle before of a cross. The strategy's
    own timeframe is always there. Longer candles are counted as such: who makes them out of
    shorter ones needs as many times more of those, and what the first one begins inside.
    """
    counts = {spec.timeframe: 2}
    for operand, earlier in _looks(spec):
        timeframe = operand.timeframe or spec.timeframe
        count = _candles(operand, timeframe) + operand.ago + earlier
        counts[timeframe] = max(counts.get(timeframe, 0), count)
    return counts


def _looks(spec: StrategySpec) -> Iterator[tuple[Operand, int]]:
    """Each operand with the candles it is looked at before its own offset."""
    for rule in rules_of(spec):
        for leaf in leaves(rule.condition):
            earlier = _earlier(leaf)
            for value in values_of(leaf):
                for operand in operands_in(value):
                    yield operand, earlier
    for operand in _level_operands(spec):
        yield operand, 0


def _earlier(leaf: Leaf) -> int:
    if isinstance(leaf, Moves):
        return leaf.count
    return 1 if isinstance(leaf, Crosses) else 0


def _level_operands(spec: StrategySpec) -> Iterator[Operand]:
    if spec.stop:
        stop = parse_stop(spec.stop, spec.timeframe)
        yield from level_operands(stop.long)
        yield from level_operands(stop.short)
    for target in spec.targets:
        yield from level_operands(parse_target_level(target.at, spec.timeframe))
    if spec.trailing:
        yield from level_operands(parse_trailing(spec.trailing, spec.timeframe).distance)


def _candles(operand: Operand, timeframe: str) -> int:
    row = None if operand.is_column else catalogue.lookup(operand.name)
    return row.need(operand.params, Timeframe.parse(timeframe)) if row else 1
