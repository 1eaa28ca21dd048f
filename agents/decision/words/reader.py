"""The built-in reader: one sentence in, one reading out, without a model."""

from dataclasses import replace

from agents.decision.words.assemble import assemble, refusals
from agents.decision.words.draft import Draft
from agents.decision.words.indicators import FAMILIES
from agents.decision.words.items import Item
from agents.decision.words.literal import fault_of_lines, items_of, rule_lines
from agents.decision.words.plurality import second_strategy, without_foreign_conditions
from agents.decision.words.reading import Question, Reading
from agents.decision.words.scan import scan
from agents.decision.words.sentence import MAX_LENGTH, Sentence
from agents.decision.words.vocabulary import words
from agents.domain.market import Universe

_ASKING = words(
    """
    what why who whom where which when's did does is are was were has have how show tell explain
    list give status help whose do
    """
)
_ASKING_POLITELY = frozenset({"can", "could", "would", "will", "should", "may"})
_MOST_SPELLINGS = 8
_MEANT = frozenset({"cond", "mirror", "flip", "manage"})
_ENTRY_WORDS = frozenset({"act", "limit"})
_DETAILS = words(
    """
    symbol stranger timeframe stop target trail breakeven risk size leverage positions hours
    days refused entry
    """
)


def read_sentence(text: str, universe: Universe) -> Reading:
    """The reading of `text`. Never raises, whatever the text."""
    lines = rule_lines(text[:MAX_LENGTH])
    natural = text if lines is None else "\n".join((lines.header, *lines.rest))
    s = Sentence(natural, universe)
    draft = Draft(s, scan(s).items)
    if lines is not None:
        draft.items += items_of(lines)
    if not _is_strategy(draft):
        return _no_strategy(draft)
    without_foreign_conditions(draft)
    second_strategy(draft)
    found = assemble(draft, universe)
    fault = fault_of_lines(text[:MAX_LENGTH]) if lines is None else None
    left = " ".join(found.unread)
    if fault and (
        (fault.word and fault.word in left) or not (found.entry_long or found.entry_short)
    ):
        text_ = f"One of the rules can't be read: {fault}"
        found = found.asking(Question("entry", text_, (), essential=False))
    return _with_remarks(found, s, text)


def _is_strategy(draft: Draft) -> bool:
    kinds = [item.kind for item in draft.items]
    ruled = any(kind in _MEANT for kind in kinds)
    first = draft.s.at(0).raw
    about = "about" in {draft.s.at(1).raw, draft.s.at(2).raw} or draft.s.text.lower().startswith(
        "what if"
    )
    ends_asking = "?" in draft.s.text[-3:]
    if (
        first in _ASKING
        and not about
        and (ends_asking or not ruled or first in {"why", "what", "did", "who"})
    ):
        return False
    if first in _ASKING_POLITELY and not ruled:
        return False
    if ruled or any(_enters(item) for item in draft.items):
        return True
    if any(item.kind == "refused" and item.value == "money" for item in draft.items):
        return False
    if any(kind == "symbol" for kind in kinds) and _speaks_of_indicators(draft):
        return first not in _ASKING
    return len({kind for kind in kinds if kind in _DETAILS}) > 1


def _speaks_of_indicators(draft: Draft) -> bool:
    return any(draft.s.label(i) in FAMILIES for i in range(len(draft.s)))


def _enters(item: Item) -> bool:
    return item.kind == "limit" or (item.kind == "act" and not item.value.name.startswith("EXIT"))


def _no_strategy(draft: Draft) -> Reading:
    """A greeting, a question, an order: nothing of it is a strategy, and nothing is lost."""
    text = draft.s.text.strip()
    refusals(draft)
    return Reading(refused=tuple(draft.refused), unread=(text,) if text else (), said=text)


def _with_remarks(found: Reading, s: Sentence, said: str) -> Reading:
    """With the spellings that were put right, and the end that was too long to read."""
    notes = list(found.assumptions)
    left = " ".join((*found.unread, found.guidance or "")).lower()
    fixed = [f"“{wrong}” as {right}" for wrong, right in s.corrections.items() if wrong not in left]
    if fixed:
        notes.append(f"I read {', '.join(fixed[:_MOST_SPELLINGS])}.")
    unread = found.unread
    if s.too_long:
        unread = (*unread, s.too_long)
        notes.append(f"Only the first {len(s.text) - len(s.too_long):,} characters were read.")
    return replace(found, assumptions=tuple(notes), unread=unread, said=said)
