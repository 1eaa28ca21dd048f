"""Stretches of a sentence that are written in the rule language."""

from agents.decision.rules import is_rule_text, parse_lines, parse_rule
from agents.decision.rules.lines import RuleLines
from agents.decision.words.conditions import Condition, Literal
from agents.decision.words.context import Context
from agents.decision.words.items import Item, Level, Managed, Role, TargetLevel
from agents.decision.words.logic import condition
from agents.decision.words.sentence import Sentence
from agents.decision.words.tokens import Kind
from agents.domain.errors import RuleError
from agents.domain.strategy import Side, Step

_ENDS = frozenset(
    {";", "\n", "stop", "target", "trail", "risk", "leverage", "exit", "exit long", "exit short",
     "entry", "long", "short", "buy", "sell", "then", "breakeven", "size", "!", "?"}
)  # fmt: skip
_LONGEST_CLAUSE = 60  # words
_LONGEST_RULE = 400  # characters
_SIGNS = frozenset("<>*/[(@")


def clause_end(s: Sentence, i: int) -> int:
    """The word after the clause that begins at word `i`: its rule, if it is one."""
    depth, last = 0, min(len(s), i + _LONGEST_CLAUSE)
    while i < last:
        depth += s.has(i, "(", "[") - s.has(i, ")", "]")
        stops = s.has(i, ",") and depth <= 0
        sentence_ends = s.has(i, ".") and not s.at(i + 1).glued
        if s.label(i) in _ENDS or stops or sentence_ends or s.at(i).kind is Kind.SYMBOL:
            break
        i += 1
    return i


def _may_be_rule(s: Sentence, i: int) -> bool:
    """Whether a rule can begin here: with a name, a number or a bracket, not within a sentence."""
    if s.has(i, "(", "-", "not"):
        return True
    word = s.at(i)
    return word.kind is Kind.NUMBER or (word.kind is Kind.WORD and word.raw.isascii())


def rule_text(c: Context, i: int) -> tuple[Condition, int] | None:
    """The clause at word `i` when it is a rule as it stands."""
    if not _may_be_rule(c.s, i):
        return None
    end = clause_end(c.s, i)
    text = c.s.verbatim(i, end)
    if end <= i or len(text) > _LONGEST_RULE or not _SIGNS & set(text):
        return None
    try:
        rule = parse_rule(text)
    except RuleError:
        return None
    return Literal(str(rule)), end


def whole_condition(c: Context, i: int) -> tuple[Condition, int] | None:
    """The condition at word `i`, in words or in the rule language, whichever reads further."""
    found = condition(c, i)
    if found is None or found[1] < clause_end(c.s, i):
        found = rule_text(c, i) or found
    return found


def rule_lines(text: str) -> RuleLines | None:
    """The lines of a text in the rule language; None when it is not one, or has a fault."""
    if not is_rule_text(text):
        return None
    try:
        lines = parse_lines(text)
    except RuleError:
        return None
    return lines if any(name in lines.lines for name in _ACTS) else None


_ACTS = {
    "entry_long": Role.LONG,
    "entry_short": Role.SHORT,
    "exit_long": Role.EXIT_LONG,
    "exit_short": Role.EXIT_SHORT,
}


def items_of(lines: RuleLines) -> list[Item]:
    """What the lines say, as items without a place in the sentence."""
    found: list[Item] = []
    for name, role in _ACTS.items():
        if name in lines.lines:
            found += [Item("act", 0, 0, role), Item("cond", 0, 0, Literal(lines.lines[name]))]
    if "stop" in lines.lines:
        found.append(Item("stop", 0, 0, Level(lines.lines["stop"])))
    if lines.targets:
        every = tuple(TargetLevel(Level(one.at), one.share) for one in lines.targets)
        found.append(Item("target", 0, 0, every))
    if "trailing" in lines.lines:
        found.append(Item("trailing", 0, 0, lines.lines["trailing"]))
    if lines.steps:
        found.append(Item("manage", 0, 0, tuple(_managed(step) for step in lines.steps)))
    return found


def _managed(step: Step) -> Managed:
    long = step.side is Side.LONG if step.side else None
    return Managed(Literal(step.when), step.close, long, step.side is not None)


def fault_of_lines(text: str) -> RuleError | None:
    """What is wrong with a text that has lines of the rule language."""
    if not is_rule_text(text):
        return None
    try:
        parse_lines(text)
    except RuleError as wrong:
        return wrong
    return None
