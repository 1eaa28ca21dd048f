"""The rule language: text to rules and levels, their canonical print, and their evaluation.

One language and one evaluator for cards, the sentence reader, backtest, replay and live.
"""

from agents.decision.rules.context import Context
from agents.decision.rules.history import column, evaluate
from agents.decision.rules.levels import (
    At,
    Fixed,
    Level,
    Multiple,
    Percent,
    Ranges,
    Stop,
    Trail,
    targets_text,
)
from agents.decision.rules.lines import RuleLines, is_rule_text, parse_lines
from agents.decision.rules.moment import FALSE, TRUE, UNKNOWN
from agents.decision.rules.needs import needs, operands, rules_of
from agents.decision.rules.parse import (
    parse_rule,
    parse_stop,
    parse_target_level,
    parse_targets,
    parse_trailing,
    parse_value,
)
from agents.decision.rules.rule import Rule, evaluate_last
from agents.decision.rules.steps import parse_step
from agents.decision.rules.tree import Operand
from agents.decision.rules.verdict import Check, Verdict

__all__ = [
    "FALSE",
    "TRUE",
    "UNKNOWN",
    "At",
    "Check",
    "Context",
    "Fixed",
    "Level",
    "Multiple",
    "Operand",
    "Percent",
    "Ranges",
    "Rule",
    "RuleLines",
    "Stop",
    "Trail",
    "Verdict",
    "column",
    "evaluate",
    "evaluate_last",
    "is_rule_text",
    "needs",
    "operands",
    "parse_lines",
    "parse_rule",
    "parse_step",
    "parse_stop",
    "parse_target_level",
    "parse_targets",
    "parse_trailing",
    "parse_value",
    "rules_of",
    "targets_text",
]
