"""The part of an edit that changes rules: conditions replaced, added, taken out, mirrored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agents.decision.rules import parse_rule, parse_value
from agents.decision.rules.tree import (
    And,
    Condition,
    Leaf,
    Number,
    Operand,
    Or,
    all_of,
    leaves,
    values_of,
)
from agents.decision.words import checks, rule_edits
from agents.decision.words.conditions import Condition as Said
from agents.decision.words.conditions import notes_of
from agents.decision.words.context import Context
from agents.decision.words.items import Item, Role
from agents.decision.words.logic import condition as read_condition
from agents.decision.words.operands import operand
from agents.decision.words.sentence import Sentence
from agents.domain.errors import RuleError
from agents.domain.market import Universe
from agents.domain.strategy import Sides

if TYPE_CHECKING:
    from agents.decision.words.edit import Workshop

_REMOVED = frozenset({"condition", "conditions", "filter", "filters", "rule", "requirement"})
_ADDING = frozenset({"add", "also", "and", "only", "additionally", "plus"})
_NAMES = ("entry_long", "entry_short", "exit_long", "exit_short")


def edit_rules(work: Workshop) -> None:
    """Apply every condition of the sentence to the strategy's rules."""
    _take_out(work)
    _swap_operands(work)
    for index, item in enumerate(work.draft.items):
        if item.kind == "cond":
            _apply(work, index, item)
    if work.draft.first("mirror"):
        _mirror(work)
    _no_exit(work)


# --- taking out -------------------------------------------------------------------------------


def _take_out(work: Workshop) -> None:
    """`remove the volume condition`, `without the adx filter`, `drop rsi`."""
    s = work.draft.s
    for i in range(len(s)):
        if s.at(i).raw not in {
            "remove",
            "drop",
            "delete",
            "without",
            "no",
            "ignore",
            "skip",
            "lose",
        } or work.spent(i):
            continue
        word = _named(s, i + 1)
        if word is None:
            continue
        if not _removed(work, word[0]):
            work.draft.ask("entry", f"There is no condition about {word[0]} in its rules.")
        work.draft.items = [
            Item("removal", item.start, item.end)
            if item.kind in {"unknown", "refused"} and i <= item.start < word[1]
            else item
            for item in work.draft.items
        ]


def _named(s: Sentence, i: int) -> tuple[str, int] | None:
    """The indicator or subject whose condition is meant, and the word after it."""
    word = s.at(i)
    end = i + 1
    while s.number(end) is not None or (
        s.has(end, "(", ")", ",") and s.number(end + 1) is not None
    ):
        end += 1
    label = {"bb": "bb", "spike": "volume"}.get(word.label, word.label)
    explicit = s.at(end).raw in _REMOVED
    known = label in {
        "rsi",
        "macd",
        "ema",
        "sma",
        "adx",
        "volume",
        "bb",
        "vwap",
        "stoch",
        "trend",
        "supertrend",
    }
    if label in {"stop", "target", "trail", "leverage", "short", "long", ""} or not (
        explicit or known
    ):
        return None
    return label, end + 1 if explicit else end


def _removed(work: Workshop, word: str) -> bool:
    done = False
    for name in ("entry_long", "entry_short"):
        text = work.now(name)
        if not text:
            continue
        rule = parse_rule(text, work.timeframe).condition
        if not any(rule_edits.about(leaf, word) for leaf in leaves(rule)):
            continue
        left = rule_edits.without(rule, lambda leaf: rule_edits.about(leaf, word))
        done = True
        if left is None:
            work.draft.ask(
                "entry",
                f"Without it no rule is left to go {name.split('_')[1]}; what should it be?",
            )
        else:
            work.fields[name] = str(left)
    return done


# --- numbers and operands ---------------------------------------------------------------------


def _swap_operands(work: Workshop) -> None:
    """`ema 100 instead of ema 200`, `25 instead of 30`, `change the 50 ema to 100 ema`."""
    s = work.draft.s
    if work.draft.of("manage"):
        return  # `sell half when rsi > 80 instead of 70` speaks of a step
    for i in range(len(s)):
        if s.at(i).raw == "instead" and i > 0:
            _instead(work, i)
        elif s.at(i).raw in {"change", "replace", "swap"}:
            _changed_to(work, i)


def _instead(work: Workshop, i: int) -> None:
    s = work.draft.s
    old = operand(Context(s), i + 1)
    if old is None or any(item.kind == "cond" and item.start < i for item in work.draft.items):
        if old is not None:
            _spend(work, i, old[1])
        return
    for start in range(max(0, i - 6), i):
        new = operand(Context(s), start)
        if new is not None and new[1] == i:
            _swap(work, old[0].render(None), new[0].render(None))
            _spend(work, start, old[1])
            return


def _changed_to(work: Workshop, i: int) -> None:
    s = work.draft.s
    old = operand(Context(s), i + 1)
    if old is None or not (s.has(old[1], "to", "with") or s.at(old[1]).raw in {"for", "by"}):
        return
    new = operand(Context(s), old[1] + 1)
    if new is not None:
        before, after = old[0].render(None), new[0].render(None)
        if new[0].is_number and not old[0].is_number:
            _level(work, before, after)
        else:
            _swap(work, before, after)
        _spend(work, i, new[1])


def _spend(work: Workshop, start: int, end: int) -> None:
    """Mark words as used, also numbers that were read as something else."""
    work.draft.items = [
        Item("swap", item.start, item.end)
        if start <= item.start < end and item.kind in {"unknown", "cond", "timeframe", "target"}
        and not (item.kind == "cond" and item.start < start)
        else item
        for item in work.draft.items
    ]  # fmt: skip


def _swap(work: Workshop, before: str, after: str) -> None:
    old, new = parse_value(before), parse_value(after)
    done = False
    for name in _NAMES:
        text = work.now(name)
        if not text:
            continue
        rule = parse_rule(text, work.timeframe).condition
        if isinstance(old, Operand) and isinstance(new, Operand):
            result = rule_edits.with_operand(rule, old, new)
        elif isinstance(old, Number) and isinstance(new, Number):
            result = rule_edits.with_number(rule, old.value, new.value)
        else:
            continue
        if result != rule:
            work.fields[name] = str(result)
            done = True
    if not done:
        work.draft.ask("entry", f"I find no {before} in its rules that {after} can replace.")


def _level(work: Workshop, subject: str, level: str) -> None:
    """`change rsi to 25`: the level that the indicator is compared with."""
    for name in ("entry_long", "entry_short"):
        text = work.now(name)
        if not text:
            continue
        rule = parse_rule(text, work.timeframe).condition
        for leaf in leaves(rule):
            if str(values_of(leaf)[0]).startswith(subject.split("(", maxsplit=1)[0]):
                old = str(values_of(leaf)[-1])
                new = next(leaves(parse_rule(str(leaf).rsplit(old, 1)[0] + level).condition))
                work.fields[name] = str(rule_edits.changed(rule, _replacing(leaf, new)))
                return
    work.draft.ask("entry", f"I find no level of {subject} in its rules.")


# --- new conditions ---------------------------------------------------------------------------


def _apply(work: Workshop, index: int, item: Item) -> None:
    """One condition of the sentence: replaces its like, or joins the rule."""
    for name in _slots(work, index):
        new = _parsed(work, item.value, name)
        if new is None:
            return
        text = work.now(name)
        if not text or name.startswith("exit"):
            work.fields[name] = str(new)
            _open_side(work, name)
            continue
        rule = parse_rule(text, work.timeframe).condition
        work.fields[name] = str(_combined(rule, new))
        if reason := checks.impossible(parse_rule(work.fields[name]).condition):
            work.draft.ask("entry", reason)


def _parsed(work: Workshop, said: Said, name: str) -> Condition | None:
    work.draft.note(*notes_of(said))
    try:
        text = said.sided(_long(name)).render(work.timeframe)
        return parse_rule(text, work.timeframe).condition
    except RuleError as wrong:
        work.draft.ask("entry", f"I can't use that condition: {wrong}")
        return None


def _long(name: str) -> bool:
    entry, long = name.startswith("entry"), name.endswith("long")
    return long == entry


def _slots(work: Workshop, index: int) -> list[str]:
    """The rules that the condition at `index` belongs to."""
    for item in reversed(work.draft.items[:index]):
        if item.kind == "act":
            role = item.value
            if role is Role.EXIT_LONG and work.draft.s.has(item.start, "sell"):
                role = Role.SELL  # `sell the rest`
            if role in {Role.EXIT, Role.SELL, Role.EXIT_LONG, Role.EXIT_SHORT}:
                return _exits(work, role)
            if role in {Role.LONG, Role.SHORT}:
                return [f"entry_{'long' if role is Role.LONG else 'short'}"]
            break
    found = work.draft.items[index].value
    sides = [side for side in ("long", "short") if work.now(f"entry_{side}")]
    if len(sides) < 2:
        return [
            f"entry_{sides[0] if sides else 'short' if work.spec.side is Sides.SHORT else 'long'}"
        ]
    matching = [f"entry_{side}" for side in sides if _matches(work, f"entry_{side}", found)]
    return matching or [f"entry_{side}" for side in sides]


def _matches(work: Workshop, name: str, said: Said) -> bool:
    new = _parsed(work, said, name)
    if new is None or isinstance(new, And | Or):
        return False
    rule = parse_rule(work.now(name), work.timeframe).condition
    like = rule_edits.counterpart(rule, next(leaves(new)))
    return like is not None and rule_edits.direction(like) == rule_edits.direction(
        next(leaves(new))
    )


def _exits(work: Workshop, role: Role) -> list[str]:
    if role is Role.EXIT_LONG or (role is Role.SELL and work.spec.side is not Sides.SHORT):
        return ["exit_long"]
    if role is Role.EXIT_SHORT:
        return ["exit_short"]
    return [
        f"exit_{side}" for side in ("long", "short") if work.spec.side in {Sides.BOTH, Sides(side)}
    ]


def _combined(rule: Condition, new: Condition) -> Condition:
    """`new` in the place of what it is like, and beside it otherwise."""
    result, added = rule, []
    for leaf in leaves(new) if not isinstance(new, Or) else ():
        like = rule_edits.counterpart(result, leaf)
        if like is None:
            added.append(leaf)
        else:
            result = rule_edits.changed(result, _replacing(like, leaf))
    if isinstance(new, Or):
        return all_of((rule, new))
    return all_of((result, *added))


def _replacing(old: Leaf, new: Leaf) -> Callable[[Leaf], Condition]:
    return lambda leaf: new if leaf == old else leaf


def _open_side(work: Workshop, name: str) -> None:
    """A rule for the other side opens that side."""
    side = name.removeprefix("entry_")
    if name.startswith("entry") and work.spec.side not in {Sides.BOTH, Sides(side)}:
        work.fields["side"] = Sides.BOTH


def _mirror(work: Workshop) -> None:
    """`vice versa for shorts`."""
    have = "long" if work.now("entry_long") else "short"
    missing = "short" if have == "long" else "long"
    text = work.now(f"entry_{have}")
    s = Sentence(text or "", Universe(()))
    found = read_condition(Context(s), 0) if text else None
    mirrored = found[0].mirrored() if found and found[1] == len(s) else None
    if mirrored is None:
        work.draft.ask("entry", f"I can't mirror that rule by itself; say the rule for {missing}s.")
        return
    work.fields |= {
        f"entry_{missing}": str(parse_rule(mirrored.render(work.timeframe), work.timeframe)),
        "side": Sides.BOTH,
    }
    work.draft.note(f"The {missing} side mirrors the {have} side.")


def _no_exit(work: Workshop) -> None:
    """`no exit rule`, `remove the exit`."""
    s = work.draft.s
    for i in range(len(s)):
        if s.has(i, "exit") and s.at(i - 1).raw in {"no", "remove", "drop", "delete", "without"}:
            work.fields |= {"exit_long": None, "exit_short": None}
