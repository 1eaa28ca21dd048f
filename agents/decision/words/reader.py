"""The built-in reader: one sentence in, one reading out, without a model."""

from agents.decision.words.assemble import assemble
from agents.decision.words.draft import Draft
from agents.decision.words.items import Item
from agents.decision.words.plurality import second_strategy, without_foreign_conditions
from agents.decision.words.reading import Reading
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
_MEANT = frozenset({"cond", "mirror", "flip"})
_ENTRY_WORDS = frozenset({"act", "limit"})
_DETAILS = words(
    """
    symbol stranger timeframe stop target trail breakeven risk size leverage positions hours
    days refused entry
    """
)


def read_sentence(text: str, universe: Universe) -> Reading:
    """The reading of `text`. Never raises, whatever the text."""
    s = Sentence(text, universe)
    draft = Draft(s, scan(s).items)
    if not _is_strategy(draft):
        return _no_strategy(draft)
    without_foreign_conditions(draft)
    second_strategy(draft)
    found = assemble(draft, universe)
    return _with_remarks(found, s, text)


def _is_strategy(draft: Draft) -> bool:
    kinds = [item.kind for item in draft.items]
    ruled = any(kind in _MEANT for kind in kinds)
    first = draft.s.at(0).raw
    about = (first == "how" and draft.s.at(1).raw in {"about", "bout"}) or draft.s.at(
        1
    ).raw == "about"
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
    return len({kind for kind in kinds if kind in _DETAILS}) > 1


def _enters(item: Item) -> bool:
    return item.kind == "limit" or (item.kind == "act" and not item.value.name.startswith("EXIT"))


def _no_strategy(draft: Draft) -> Reading:
    """A greeting, a question, an order: nothing of it is a strategy, and nothing is lost."""
    text = draft.s.text.strip()
    from agents.decision.words.assemble import refusals

    refusals(draft)
    return Reading(refused=tuple(draft.refused), unread=(text,) if text else (), said=text)


def _with_remarks(found: Reading, s: Sentence, said: str) -> Reading:
    """With the spellings that were put right, and the end that was too long to read."""
    from dataclasses import replace

    notes = list(found.assumptions)
    if s.corrections:
        pairs = ", ".join(
            f"“{wrong}” as {right}" for wrong, right in list(s.corrections.items())[:8]
        )
        notes.append(f"I read {pairs}.")
    unread = found.unread
    if len(s.text) > MAX_LENGTH:
        unread = (*unread, s.text[MAX_LENGTH:])
        notes.append(f"Only the first {MAX_LENGTH:,} characters were read.")
    return replace(found, assumptions=tuple(notes), unread=unread, said=said)
