"""Management steps as canonical texts: what is done with an open position when a rule passes."""

import re

from agents.decision.rules import parse_rule
from agents.decision.words import checks
from agents.decision.words.conditions import Condition, notes_of
from agents.decision.words.draft import Draft
from agents.decision.words.items import Item, Managed, Role, Unclear
from agents.decision.words.reading import shortened
from agents.domain.errors import RuleError
from agents.domain.strategy import Side, Step

MOST_STEPS = 6
EACH_OF_WHAT_IS_OPEN = "Each step closes its part of what is open by then."
_SAY_IT = "Say it as in “sell half when RSI is above 70”."
_REPEATED = re.compile(r"\b(?:whenever|every time|each time|any ?time)\b", re.IGNORECASE)
_NAMES = {True: "long", False: "short"}


def steps(
    draft: Draft, wanted: set[bool], main: str | None, symbols: tuple[str, ...] = ()
) -> tuple[Step, ...]:
    """The steps of a strategy of timeframe `main` on the sides `wanted`."""
    found: list[Step] = []
    for item in draft.items:
        if item.kind == "manage":
            found += [
                step
                for one in item.value
                if _about_own_market(draft, item, one, symbols)
                for step in _made(draft, item, one, wanted, main)
            ]
    _name_unclear(draft)
    found = list(dict.fromkeys(found))
    for step in found[MOST_STEPS:]:
        draft.leave(str(step))
    if len(found) > MOST_STEPS:
        text = f"{MOST_STEPS} steps with an open position are the most; I left the last ones out."
        draft.ask("manage", text, essential=False)
    found = found[:MOST_STEPS]
    if sum(step.close is not None for step in found) > 1:
        draft.note(EACH_OF_WHAT_IS_OPEN)
    return tuple(found)


def _about_own_market(draft: Draft, item: Item, one: Managed, symbols: tuple[str, ...]) -> bool:
    if not one.market or not symbols or one.market in symbols:
        return True
    said = draft.verbatim(item)
    draft.leave(said)
    draft.ask(
        "manage",
        f"A rule can only look at the market that it trades; I can't check “{shortened(said)}”.",
        essential=False,
    )
    return False


def _made(
    draft: Draft, item: Item, one: Managed, wanted: set[bool], main: str | None
) -> list[Step]:
    said = draft.verbatim(item)
    if _REPEATED.search(said):
        draft.note(f"“{shortened(said)}”: a step is done once with a position.")
    if len(wanted) < 2:
        return _of_one_side(draft, item, one, True not in wanted and bool(wanted), main)
    sides = {one.long} if one.long is not None else {True, False}
    rules = {
        long: _rule(draft, said, condition, main)
        for long, condition in _by_side(draft, one, sides).items()
    }
    if len(rules) == 2 and rules[True] == rules[False]:
        rule = rules[True]
        return [Step(when=rule, close=one.close)] if rule else []
    return [
        Step(when=rule, close=one.close, side=Side.LONG if long else Side.SHORT)
        for long, rule in sorted(rules.items(), reverse=True)
        if rule
    ]


def _of_one_side(
    draft: Draft, item: Item, one: Managed, short: bool, main: str | None
) -> list[Step]:
    """The step of a strategy with one side, whatever the verb."""
    said = draft.verbatim(item)
    if one.sure and one.long is short:
        draft.leave(said)
        name = _NAMES[not short]
        draft.ask(
            "manage", f"It only goes {name}; I left out “{shortened(said)}”.", essential=False
        )
        return []
    if one.long is short:
        draft.note(f"“{shortened(said)}” closes a part of the {_NAMES[not short]} position.")
    rule = _rule(draft, said, one.condition.sided(short), main)
    return [Step(when=rule, close=one.close)] if rule else []


def _by_side(draft: Draft, one: Managed, sides: set[bool]) -> dict[bool, Condition]:
    """The condition for each side; the side that mirrors the other has the opposite one."""
    own = {long: one.condition.sided(not long) for long in sides}
    source = _mirrored_side(draft)
    if source is None or one.sure or sides == {not source}:
        return own
    own[source] = one.condition.sided(not source)
    other = own[source].mirrored()
    if other is None:
        own.pop(not source, None)
        draft.ask(
            "manage",
            f"I can't mirror “{shortened(own[source].render(None))}” by itself; say what is done"
            f" with a {_NAMES[not source]} position.",
            essential=False,
        )
    else:
        own[not source] = other
    return own


def _mirrored_side(draft: Draft) -> bool | None:
    """The side whose rules the other one mirrors."""
    item = draft.first("mirror")
    if item is None:
        return None
    given = {"long": False, "buy": False, "short": True, "sell": True}.get(item.value or "")
    if given is not None:
        return given
    roles = [one.value for one in draft.of("act")]
    return next((role is Role.LONG for role in roles if role in {Role.LONG, Role.SHORT}), True)


def _rule(draft: Draft, said: str, condition: Condition, main: str | None) -> str | None:
    """The canonical rule; None with a question when it can't be or can never be true."""
    text = condition.render(main)
    draft.note(*notes_of(condition))
    try:
        rule = parse_rule(text, main)
    except RuleError as wrong:
        problem = f"I can't use “{shortened(text)}”: {wrong} Say that condition differently."
    else:
        if reason := checks.pointless(rule.condition):
            draft.ask("manage", f"{reason} Is that what you mean?", essential=False)
        if not (reason := checks.impossible(rule.condition)):
            return str(rule)
        problem = f"{reason} Which one do you mean?"
    draft.ask("manage", problem, essential=False)
    draft.leave(said or text)
    return None


_UNCLEAR = {
    Unclear.CONDITION: f"I can't check when to do that. {_SAY_IT}",
    Unclear.SHARE: f"how much of the position is that? {_SAY_IT}",
    Unclear.DENIED: "what is not done needs no rule, so I left it out.",
}


def _name_unclear(draft: Draft) -> None:
    for item in draft.of("unclear", "denied"):
        said = draft.verbatim(item)
        reason = _UNCLEAR[item.value if item.kind == "unclear" else Unclear.DENIED]
        draft.leave(said)
        draft.ask("manage", f"“{shortened(said)}”: {reason}", essential=False)
