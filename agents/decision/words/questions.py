"""What only the user can tell: what is missing, and words that no rule could use."""

from agents.decision.words.draft import Draft
from agents.decision.words.entries import ENTRY_CHOICES, SHORT_CHOICES, Rules
from agents.decision.words.exits import STOP_CHOICES, TARGET_CHOICES
from agents.decision.words.indicators import FAMILIES
from agents.decision.words.items import Item
from agents.decision.words.leftovers import Leftover, leftovers
from agents.decision.words.reading import Question, shortened
from agents.decision.words.vocabulary import words

_ORDER = ("strategies", "symbols", "side", "timeframe", "entry", "stop", "exit", "targets")
_VAGUE = words(
    """
    pump pumps dump dumps dip dips pullback pullbacks breakout breakouts breakdown bounce reversal
    rally crash momentum trend strength weakness support resistance divergence squeeze
    """
)
_RISES = words("pump pumps rally breakout breakouts strength momentum")
_NOTHING_TO_CHECK = (
    "Is there a rule that a machine can check, such as “{example}”? Without one the advisor looks"
    " at every candle."
)
NO_WAY_OUT = (
    "Where does it take profit? Without a target or an exit rule only the stop closes the trade."
)
NO_WAY_OUT_OF_REST = (
    "Where does the rest take profit? Without a target or an exit rule only the stop closes it."
)


def rank(question: Question) -> tuple[bool, int]:
    """The order of asking: essential ones first, then as a strategy is built up."""
    place = _ORDER.index(question.field) if question.field in _ORDER else len(_ORDER)
    return (not question.essential, place)


def name_leftovers(draft: Draft, found: Rules) -> None:
    """Unknown words become guidance or unread ones; where a rule was meant, that is asked about."""
    for item in draft.of("stray"):
        _ask_about_level(draft, item)
    for left in leftovers(draft.s, draft.items):
        if left.discretionary:
            draft.guidance.append(left.text)
        else:
            draft.leave(left.text)
            _ask_about(draft, found, left)


_LEVELS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "stop": ("stop", "stop 2%", STOP_CHOICES),
    "trail": ("trailing", "trail 2%", ("Trail 2%", "Trail 3 ATR")),
    "target": ("targets", "target 2R", TARGET_CHOICES),
}


def _ask_about_level(draft: Draft, item: Item) -> None:
    """A stop or target that was said, and not in a way that gives a price."""
    said = draft.verbatim(item)
    if item.end == item.start + 1:
        if not draft.of(item.value):
            draft.leave(said)
        return
    draft.leave(said)
    field, example, choices = _LEVELS[item.value]
    text = f"I can't use “{shortened(said)}”. Say it as a distance or a price, like “{example}”."
    draft.ask(field, text, *choices, essential=False)


def _ask_about(draft: Draft, found: Rules, left: Leftover) -> None:
    text = shortened(left.text)
    if left.conditional:
        rest = "I left it out of the rule" if found.entry else "I have no rule for it"
        draft.ask(
            "entry",
            f"I can't check “{text}”; {rest}. Say it as a condition on price, volume or an"
            " indicator.",
            *_choices(found),
            essential=not found.entry,
        )
    elif _says_something(left.text):
        draft.ask(
            "other",
            f"I could not use “{text}”. Say it differently if it matters.",
            essential=False,
        )


def _says_something(text: str) -> bool:
    """Whether unread words hold a number or an indicator, so that leaving them out matters."""
    lower = text.lower()
    return any(sign.isdecimal() for sign in lower) or any(
        word in FAMILIES for word in lower.split()
    )


def _choices(found: Rules) -> tuple[str, ...]:
    return SHORT_CHOICES if found.side == "short" else ENTRY_CHOICES


def ask_what_is_missing(draft: Draft, found: Rules, *, way_out: bool, rest: bool) -> None:
    """Ask for what no strategy can do without, and for a way out, of the `rest` where steps close
    a part."""
    if not found.wanted and not draft.asked("side"):
        draft.ask("side", "Long, short, or both ways?", "Long", "Short", "Both ways")
    _ask_for_entry(draft, found)
    if not (way_out or found.exit or draft.first("no target")):
        text = NO_WAY_OUT_OF_REST if rest else NO_WAY_OUT
        draft.ask("exit", text, *TARGET_CHOICES, essential=False)


def _ask_for_entry(draft: Draft, found: Rules) -> None:
    sides = ((True, "long"), (False, "short"))
    missing = [name for long, name in sides if long in found.wanted and long not in found.entry]
    choices = _choices(found)
    if found.entry:
        if missing:
            draft.ask("entry", f"When should it go {missing[0]}?", essential=not draft.guidance)
    elif draft.asked("entry") or (draft.asked("side") and not found.wanted):
        return
    elif draft.guidance:
        text = _NOTHING_TO_CHECK.format(example=choices[0])
        draft.ask("entry", text, *choices, essential=False)
    elif vague := _vague(draft):
        example = "up 5% in 4 hours" if vague in _RISES else "down 5% in 4 hours"
        draft.ask("entry", f"What counts as “{vague}”? Say the rule, like “{example}”.", *choices)
    else:
        word = {"long": "go long", "short": "go short"}.get(found.side or "", "enter")
        text = f"When should it {word}? Say the entry rule, for example “{choices[0]}”."
        draft.ask("entry", text, *choices)


def _vague(draft: Draft) -> str | None:
    """A word for a market's move that was said instead of a rule."""
    unknown = (draft.s.at(item.start).raw for item in draft.items if item.kind == "unknown")
    return next((raw for raw in unknown if raw in _VAGUE), None)
