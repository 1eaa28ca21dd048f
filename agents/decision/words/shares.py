"""Closing a part of a position, in words: `sell half`, `take 30% off`, `cover a third`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agents.decision.words.phrases import LABELS
from agents.decision.words.sentence import Sentence
from agents.decision.words.targets import SHARES
from agents.decision.words.tokens import Kind
from agents.decision.words.vocabulary import words

_VERBS = words(
    """
    take takes taking trim trims trimming scale scales reduce reduces reducing cut cuts dump dumps
    unload offload book lock secure bank liquidate halve lighten shave partial partially peel
    remove tp
    """
)
_SCALES = words("scale scales")
_TAKES = words("take takes taking")
_VERB_LABELS = ("sell", "exit", "exit long", "exit short", "close")
_OTHER_LABELS = frozenset({"cross", "fall", "break", "target", "half"})  # of `cut`, `dump`, ...
_BEFORE = words(
    "out off of by down back about another further first up in profit profits close table"
)
_AFTER = words(
    "out off down profit profits holdings holding bag stack stacks exposure of that table"
)
_VAGUE = words("part most bit piece little partial partials partially")
_ANOTHER = words("another further next second")
_TRADES = words("trade trades")
_MOST_UNKNOWN = 3
_ALONE = words("off out")


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a position that is closed, up to word `end`; no part: the stop goes to the entry.

    `long` is the side that the verb tells, or that was said (`sure`). `said` is the word of the
    share. `rest` is all that is left; a `vague` part was said without an amount.
    """

    end: int
    part: Decimal | None
    long: bool | None = None
    sure: bool = False
    said: int = 0
    rest: bool = False
    vague: bool = False


def closing(s: Sentence, i: int, *, verbless: bool = False) -> Share | None:
    """What is closed by the words at `i`; `verbless` where the verb was said before."""
    side, j = _side_before(s, i)
    if s.at(j).raw == "halve":
        end = _past_position(s, j + 1)
        return _with_side(s, Share(end, Decimal("0.5"), side, side is not None, j))
    told, at = _verb(s, j) or (None, j)
    if at == j and not (verbless or _off(s, j)):
        return None
    while verbless and s.at(at).raw in _ANOTHER:
        at += 1
    said, sure = told if side is None else side, side is not None
    amount = _amount(s, at)
    if amount is None:
        return Share(at, None, said, sure, vague=True) if _vaguely(s, j, at) else None
    part, end = amount
    if _is_entry(s, j, end):
        return None
    rest, vague = s.has(at, "rest"), s.at(at).raw in _VAGUE
    return _with_side(s, Share(end, part, said, sure, at, rest, vague))


def _is_entry(s: Sentence, i: int, end: int) -> bool:
    """`take half size when ...`: how much is opened."""
    taken = s.at(i).raw in _TAKES and s.has(end - 1, "positions", "size")
    return taken and "off" not in _texts(s, i, end)


def _side_before(s: Sentence, i: int) -> tuple[bool | None, int]:
    """`long: ...`, `for shorts ...`."""
    j = i + 1 if s.has(i, "on") or s.at(i).raw == "for" else i
    if not s.has(j, "long", "short") or not (j > i or s.has(j + 1, ":")):
        return None, i
    return s.has(j, "long"), s.skip(j + 1, ":", ",")


def _verb(s: Sentence, i: int) -> tuple[bool | None, int] | None:
    """The side that a verb of closing tells, and the word after it and what belongs to it."""
    word = s.at(i)
    known = word.raw in _VERBS and word.label in {word.raw, *_OTHER_LABELS}
    if word.kind is not Kind.WORD or not (known or s.has(i, *_VERB_LABELS)):
        return None
    long = {"sell": True, "exit long": True, "exit short": False}.get(word.label)
    j = i + 1
    if word.raw in _SCALES and (s.has(j, "in") or s.at(j).raw == "into"):
        return None  # more is opened
    while s.at(j).raw in _BEFORE or s.has(j, "positions", "size", "it", "in", "target", "exit"):
        j += 1
    j = j if word.label == "target" else s.skip(j, ":")
    if word.label == "target":
        j = s.skip(j, "on")
        if j == i + 1 and s.number(j) is not None:
            return None  # `tp 50%` is a level
    return long, j


def _vaguely(s: Sentence, i: int, end: int) -> bool:
    """`sell some`, whose `some` is passed over as an article; `partially close`."""
    return end > i and (s.at(i).raw in _VAGUE or "some" in _texts(s, i, end))


def _texts(s: Sentence, i: int, end: int) -> list[str]:
    """The words up to word `end` as they were written, with those that are passed over."""
    return s.text[s.at(i).start : s.at(end).start].lower().split()


def _off(s: Sentence, i: int) -> bool:
    """`half off`, `50% out`: a share that needs no verb."""
    if not s.has(i, "half", "third", "quarter") and s.number(i) is None:
        return False
    amount = _amount(s, i)
    if amount is None:
        return False
    return any(s.at(j).raw in _ALONE for j in range(i + 1, amount[1]))


def _amount(s: Sentence, i: int) -> tuple[Decimal | None, int] | None:
    """The part at word `i`, None for the rest and for vague words, and the word after it."""
    left = s.at(i).raw == "to" and s.number(i + 1) is not None  # `reduce to 25%`
    j = i + 1 if left else i
    value, of = s.number(j), s.number(j + 2)
    part: Decimal | None = None
    if s.has(j, "half", "third", "quarter"):
        part, end = SHARES[s.label(j)], j + 1
    elif value is not None and of and s.has(j + 1, "/"):
        part, end = round(value / of, 4), j + 3
    elif value is not None and s.has(j + 1, "third", "quarter"):
        part, end = round(value / {"third": 3, "quarter": 4}[s.label(j + 1)], 4), j + 2
    elif value is not None and s.has(j + 1, "percent"):
        part, end = value / 100, j + 2
    elif s.has(j, "rest"):
        left_part = _amount(s, j + 1) if s.number(j + 1) is not None else None
        return None, _past_position(s, left_part[1] if left_part else j + 1)
    elif s.at(j).raw in _VAGUE:
        return None, _past_position(s, j + 1)
    else:
        return None
    part = 1 - part if left else part
    return (part, _past_position(s, end)) if 0 < part < 1 else None


def _past_position(s: Sentence, i: int) -> int:
    while (
        s.at(i).raw in _AFTER
        or s.has(i, "positions", "size", "it", "target", "in")
        or s.at(i).kind is Kind.SYMBOL
    ):
        i += 1
    return _past_unknown(s, i)


def _past_unknown(s: Sentence, i: int) -> int:
    """Past a few words of no meaning before `when`: `half the trade early when ...`."""
    j = i
    while (
        j < i + _MOST_UNKNOWN
        and s.at(j).kind is Kind.WORD
        and (s.label(j) not in LABELS or s.at(j).raw in _TRADES)
    ):
        j += 1
    return j if s.has(j, "when", "only when") else i


def _with_side(s: Sentence, found: Share) -> Share:
    """With the side after it: `half of the longs`."""
    if not s.has(found.end, "long", "short"):
        return found
    long = s.has(found.end, "long")
    return Share(found.end + 1, found.part, long, True, found.said, found.rest, found.vague)
