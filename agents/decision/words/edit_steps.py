"""The part of an edit that changes what is done with an open position: steps added, taken out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from agents.decision.rules import parse_rule
from agents.decision.words.conditions import Condition
from agents.decision.words.context import Context
from agents.decision.words.indicators import FAMILIES
from agents.decision.words.items import Item
from agents.decision.words.managing import denies, doing
from agents.decision.words.shares import Share
from agents.decision.words.spans import whole_number
from agents.decision.words.steps import EACH_OF_WHAT_IS_OPEN, MOST_STEPS, steps
from agents.decision.words.vocabulary import words
from agents.domain.errors import RuleError
from agents.domain.strategy import ANY_SYMBOL, Side, Sides, Step

if TYPE_CHECKING:
    from agents.decision.words.edit import Workshop

_REMOVING = words("remove drop delete without no cancel forget lose disable skip don't dont not")
_ALL = words("management manage managing steps")
_PARTS = words("trims trimming partials scaling")
_ONE = words("step trim partial")
_PLACES = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "last": -1}
_FAR = 5  # words between `remove` and the name of what is removed


def take_out_steps(work: Workshop) -> None:
    """`remove the management`, `no trims`, `don't sell half`, `remove the step when rsi > 70`."""
    s = work.draft.s
    for item in work.draft.of("denied", "manage"):
        if item.kind == "denied" or s.at(item.start - 1).raw in _REMOVING:
            _spend(work, item.start - 1, item.end)
            for one in item.value:
                rules = _texts(work, one.condition)
                _remove(work, [step for step in _like(work, one.close) if step.when in rules])
    for i in range(len(s)):
        if (s.at(i).raw in _REMOVING or denies(s, i)) and not work.spent(i):
            _take_out_said(work, i) or _take_out_named(work, i)


def _take_out_said(work: Workshop, i: int) -> bool:
    """`don't sell half`, `remove the stop to entry`, without a condition."""
    said = doing(Context(work.draft.s), i + 1)
    if said is None or work.draft.s.has(said.end, "at", "after", "when"):
        return False
    found = _all_parts(work) if said.vague else _like(work, said.part)
    if not found and _is_breakeven(said) and not _only_in_step(work):
        return False
    _spend(work, i, said.end)
    trailing = work.now("trailing") or ""
    if found and _is_breakeven(said) and "breakeven" in trailing:
        work.draft.ask(
            "manage",
            f"The stop moves to the entry by “{trailing}” and by “{found[0]}”. Say “remove the"
            " trailing” or “remove the step” for the one that you mean.",
        )
        return True
    _remove(work, found)
    return True


def _is_breakeven(said: Share) -> bool:
    return said.part is None and not said.vague


def _only_in_step(work: Workshop) -> bool:
    return "breakeven" not in (work.now("trailing") or "") and bool(work.now("manage"))


def _take_out_named(work: Workshop, i: int) -> bool:
    """`remove the management`, `no trims`, `remove the second step`, `remove the rsi step`."""
    s = work.draft.s
    at = next((j for j in range(i + 1, i + _FAR) if _name(work, j)), None)
    if at is None or any(s.has(j, ",", ";", ".", "\n") for j in range(i, at)):
        return False
    name, end = _name(work, at), at + (2 if whole_number(s, at + 1) else 1)
    pool = _all_parts(work) if name in _PARTS | {"trim", "partial"} else list(work.now("manage"))
    found = _narrowed(work, pool, i, at)
    if conditions := [one for one in work.draft.of("cond") if at < one.start <= at + 3]:
        rules = _texts(work, conditions[0].value)
        found, end = [step for step in found if step.when in rules], conditions[0].end
    _spend(work, i, end)
    if name in _ONE and len(found) > 1:
        work.draft.ask("manage", f"Which one of its steps: {_listed(found)}?")
    else:
        _remove(work, found)
    return True


def _name(work: Workshop, j: int) -> str:
    word = work.draft.s.verbatim(j, j + 1).lower()
    return word if word in _ALL | _PARTS | _ONE else ""


def _narrowed(work: Workshop, pool: list[Step], i: int, at: int) -> list[Step]:
    """Those of `pool` that the words from `i` to `at` mean: by place, or by what they look at."""
    s = work.draft.s
    for j in range(i + 1, at):
        place = _PLACES.get(s.at(j).raw)
        if place is not None:
            return pool[place:][:1] if place < len(pool) else []
        if s.label(j) in FAMILIES:
            pool = [step for step in pool if s.label(j) in step.when]
    number = whole_number(s, at + 1)
    return pool[number - 1 :][:1] if number else pool


def _texts(work: Workshop, condition: Condition) -> set[str]:
    """The rule that a condition says, of either side."""
    found = set()
    for long in (True, False):
        try:
            text = condition.sided(long).render(work.timeframe)
            found.add(str(parse_rule(text, work.timeframe)))
        except RuleError:
            continue
    return found


def _like(work: Workshop, close: object) -> list[Step]:
    return [step for step in work.now("manage") if step.close == close]


def _all_parts(work: Workshop) -> list[Step]:
    return [step for step in work.now("manage") if step.close is not None]


def _remove(work: Workshop, found: Iterable[Step]) -> None:
    gone = list(found)
    have: tuple[Step, ...] = work.now("manage")
    if gone:
        work.fields["manage"] = tuple(step for step in have if step not in gone)
        return
    told = f"Its steps are {_listed(have)}." if have else "It has no step with an open position."
    work.draft.ask("manage", f"I find no such step to take out. {told}")


def _listed(found: Iterable[Step]) -> str:
    return ", ".join(f"“{step}”" for step in found)


def _spend(work: Workshop, start: int, end: int) -> None:
    """Mark words as used, whatever they were read as."""
    work.draft.items = [
        Item("removal", item.start, item.end) if start <= item.start < end else item
        for item in work.draft.items
    ]


# --- adding -----------------------------------------------------------------------------------


def add_steps(work: Workshop) -> None:
    """`also sell half when rsi > 70`: beside the steps that it has, in the place of its like."""
    side = work.now("side")
    have = _on_sides(work.now("manage"), work.spec.side, side)
    if have != work.now("manage") and side is Sides.BOTH:
        work.draft.note(f"Its steps still hold for {work.spec.side.value} positions only.")
    wanted = {one is Side.LONG for one in Side if side.allows(one)}
    symbols = work.now("symbols")
    new = steps(work.draft, wanted, work.timeframe, () if ANY_SYMBOL in symbols else symbols)
    every = list(have)
    for step in new:
        like = _replaced(work, every, step)
        every = [step if one == like else one for one in every] if like else [*every, step]
    every = list(dict.fromkeys(every))
    if len(every) > MOST_STEPS:
        work.draft.ask(
            "manage",
            f"{MOST_STEPS} steps with an open position are the most; take one out first.",
        )
        return
    if new and sum(step.close is not None for step in every) > 1:
        work.draft.note(EACH_OF_WHAT_IS_OPEN)
    if tuple(every) != work.now("manage"):
        work.fields["manage"] = tuple(every)


def _on_sides(have: tuple[Step, ...], before: Sides, after: Sides) -> tuple[Step, ...]:
    """The steps where the sides of a strategy have changed: none begins to hold for another."""
    if before is after:
        return have
    named = [
        step if step.side or before is Sides.BOTH else _with_side(step, Side(before.value))
        for step in have
    ]
    if after is Sides.BOTH:
        return tuple(named)
    return tuple(
        _with_side(step, None) for step in named if step.side is None or after.allows(step.side)
    )


def _with_side(step: Step, side: Side | None) -> Step:
    return step.model_copy(update={"side": side})


def _replaced(work: Workshop, have: list[Step], new: Step) -> Step | None:
    """The step that `new` takes the place of: the same rule, or `instead` with the same doing."""
    both_close = [one for one in have if (one.close is None) == (new.close is None)]
    same_rule = [one for one in both_close if (one.when, one.side) == (new.when, new.side)]
    if same_rule:
        return same_rule[0]
    like = [one for one in both_close if one.close == new.close] or both_close
    s = work.draft.s
    instead = next((i for i in range(len(s)) if s.at(i).raw == "instead"), None)
    if instead is None or len(like) != 1:
        return None
    end = instead + 1
    while s.at(end).raw == "of" or s.number(end) is not None or s.has(end, "percent"):
        end += 1
    _spend(work, instead, end)
    return like[0]
