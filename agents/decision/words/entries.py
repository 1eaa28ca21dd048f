"""Sides and rules: from actions with conditions to canonical rule texts."""

from dataclasses import dataclass, field

from agents.decision.rules import parse_rule
from agents.decision.words import checks
from agents.decision.words.conditions import (
    Compare,
    Condition,
    Every,
    Negated,
    Noted,
    OnTimeframe,
    notes_of,
)
from agents.decision.words.conditions import Sided as SidedCondition
from agents.decision.words.draft import Draft
from agents.decision.words.items import Limit, Role
from agents.decision.words.reading import shortened
from agents.decision.words.roles import EXITS, Action, Sided, actions, by_side
from agents.domain.errors import RuleError

_NAMES = {True: "long", False: "short"}
ENTRY_CHOICES = ("RSI below 30", "EMA 9 crosses above EMA 21", "a new 20-candle high")
SHORT_CHOICES = ("RSI above 70", "EMA 9 crosses below EMA 21", "a new 20-candle low")


@dataclass
class Rules:
    """Rule texts by side (True: long), the sides wanted, and a rule whose side is open."""

    wanted: set[bool]
    entry: dict[bool, str] = field(default_factory=dict)
    exit: dict[bool, str] = field(default_factory=dict)
    asked_side: bool = False
    prices: list[float] = field(default_factory=list)

    @property
    def side(self) -> str | None:
        if not self.wanted:
            return None
        return "both" if len(self.wanted) == 2 else _NAMES[next(iter(self.wanted))]


def rules(draft: Draft, main: str | None) -> Rules:
    """The rules of `draft` for a strategy of timeframe `main`."""
    limit = next((item.value for item in draft.of("limit")), None)
    found_actions = actions(draft.items)
    _name_empty_exits(draft, found_actions)
    sides = by_side(found_actions, limit)
    _settle_open(draft, sides, limit)
    _apply_limit(draft, sides, limit)
    _mirror(draft, sides)
    _flip(draft, sides)
    found = Rules(set(sides.wanted) | set(sides.entry))
    for long, condition in sides.entry.items():
        if text := _text(draft, condition, main, "entry"):
            found.entry[long] = text
    for long, condition in sides.exit.items():
        if long not in found.wanted:
            draft.leave(f"exit {_NAMES[long]}: {condition.render(main)}")
        elif text := _text(draft, condition, main, "exit"):
            found.exit[long] = text
    _state(draft, sides, found)
    return found


def _name_empty_exits(draft: Draft, found: list[Action]) -> None:
    """`exit on a bad feeling`: an exit without a rule or a level is asked about, not lost."""
    targets = [item.start for item in draft.of("target", "stray")]
    for action in found:
        role_says_out = action.role in EXITS or action.role is Role.SELL
        if not role_says_out or action.conditions or action.filters:
            continue
        if action.role is Role.SELL and not any(one.role is Role.LONG for one in found):
            continue
        if any(0 <= start - action.at <= 3 for start in targets):
            continue
        said = draft.s.verbatim(action.at, action.at + 1)
        draft.leave(said)
        draft.ask(
            "exit",
            f"“{said}”: at which rule or level? For example “exit when RSI is above 70”.",
            "Exit when RSI is above 70",
            "Target 2R",
            essential=False,
        )


def _settle_open(draft: Draft, sides: Sided, limit: Limit | None) -> None:
    """An entry without a side: both, implied by its conditions, or asked for."""
    if limit is Limit.BOTH and not sides.wanted:
        sides.wanted = {True, False}
    condition = sides.open_entry
    if condition is None:
        return
    if limit is Limit.BOTH:
        sides.entry[True] = condition.sided(True)
        other = condition.sided(False) if _depends_on_side(condition) else condition.mirrored()
        if other is not None:
            sides.entry[False] = other
        return
    money = draft.first("size")
    if money is not None and draft.s.at(money.start).raw in {"put", "invest", "spend"}:
        _imply(draft, sides, True, "Putting money in is read as buying: the side is long.")
        return
    if condition.lean:
        name = _NAMES[condition.lean > 0]
        _imply(
            draft,
            sides,
            condition.lean > 0,
            f"The side is taken as {name}, since the conditions point that way; say so if you mean"
            " the other.",
        )
        return
    text = shortened(condition.sided(True).render(None))
    draft.ask("side", f"Long or short when {text}?", "Long", "Short", "Both ways")


def _imply(draft: Draft, sides: Sided, long: bool, note: str) -> None:
    if sides.open_entry is not None:
        sides.entry[long] = sides.open_entry.sided(long)
    sides.wanted = {long}
    draft.note(note)


def _depends_on_side(condition: Condition) -> bool:
    match condition:
        case Compare():
            return condition.op in {"crosses", "hits"}
        case SidedCondition():
            return True
        case Every(_, parts):
            return any(_depends_on_side(part) for part in parts)
        case Negated(part) | Noted(part, _) | OnTimeframe(part, _):
            return _depends_on_side(part)
    return False


def _apply_limit(draft: Draft, sides: Sided, limit: Limit | None) -> None:
    """`long only` beside a short: the short is left out, and asked about."""
    if limit not in {Limit.LONG, Limit.SHORT}:
        return
    kept = limit is Limit.LONG
    if kept not in sides.wanted and not sides.entry:
        sides.wanted = {kept}
        return
    if (not kept) in sides.wanted | set(sides.entry):
        dropped = sides.entry.pop(not kept, None)
        rule = f" when {shortened(dropped.render(None))}" if dropped else ""
        draft.ask(
            "side",
            f"You said {_NAMES[kept]} only, and also {_NAMES[not kept]}{rule}. I left the"
            f" {_NAMES[not kept]} out; do you want both sides?",
            f"{_NAMES[kept].capitalize()} only", "Both ways", essential=False,
        )  # fmt: skip
    sides.wanted = {kept}


def _mirror(draft: Draft, sides: Sided) -> None:
    """`vice versa for shorts`: the other side is the exact opposite."""
    item = draft.first("mirror")
    if item is None:
        return
    given = {"long": True, "buy": True, "short": False, "sell": False}.get(item.value or "")
    missing = not next(iter(sides.entry), True) if given is None else given
    source = sides.entry.get(not missing)
    mirrored = source.mirrored() if source is not None else None
    if mirrored is None:
        draft.ask(
            "entry",
            f"What is the rule for {_NAMES[missing]}s? I can't mirror the other side by itself.",
        )
        return
    sides.entry[missing] = mirrored
    sides.wanted |= {True, False}
    leaving = sides.exit.get(not missing)
    if leaving is not None and missing not in sides.exit and (other := leaving.mirrored()):
        sides.exit[missing] = other
    draft.note(f"The {_NAMES[missing]} side mirrors the {_NAMES[not missing]} side.")


def _flip(draft: Draft, sides: Sided) -> None:
    """`flip`: the signal of one side closes the other."""
    if draft.first("flip") is None or len(sides.entry) < 2:
        return
    for long in (True, False):
        sides.exit.setdefault(long, sides.entry[not long])
    draft.note("Flipping: the signal of one side closes the position of the other.")


def _text(draft: Draft, condition: Condition, main: str | None, field_: str) -> str | None:
    """The canonical rule; None with a question when it can't be or can never be true."""
    text = condition.render(main)
    draft.note(*notes_of(condition))
    try:
        rule = parse_rule(text, main)
    except RuleError as wrong:
        draft.ask(
            field_, f"I can't use “{shortened(text)}”: {wrong} Say that condition differently."
        )
        draft.leave(text)
        return None
    if reason := checks.impossible(rule.condition):
        draft.ask(field_, f"{reason} Which one do you mean?")
        return None
    if reason := checks.pointless(rule.condition):
        draft.ask(field_, f"{reason} Is that what you mean?", essential=False)
    return str(rule)


def _state(draft: Draft, sides: Sided, found: Rules) -> None:
    for name in sides.doubled:
        draft.ask(
            "entry",
            f"There are two ways into a {name}; I take either of them. Is that right, or are these"
            " two strategies?",
            "Either one", essential=False,
        )  # fmt: skip
    if sides.sell_is_short and False in found.wanted and True not in found.wanted:
        draft.note("“sell” opens a short, since no buy was said.")
    if sides.exit_of_both and len(found.exit) == 2:
        draft.note("The exit is for both sides.")
    same = found.entry.get(True) is not None and found.entry.get(True) == found.entry.get(False)
    if same:
        draft.ask(
            "side",
            "Long and short have the same rule; at that candle, which side is it?",
            "Long",
            "Short",
        )
