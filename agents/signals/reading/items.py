"""The items of a text: numbers, pairs and signs, and phrases with what they mean."""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from agents.signals.reading.lexicon import (
    CROSSES,
    HEADS,
    LETTERS,
    LONG_SIGNS,
    PHRASES,
    SHORT_SIGNS,
    STOP_SIGNS,
    TARGET_SIGNS,
    TICKS,
    Word,
)
from agents.signals.reading.tokens import Kind, Token, tokens

_JOINTS = frozenset("-/'’.:")


@dataclass(slots=True)
class Item:
    """A token, or a phrase with its meaning. `line` counts from 0."""

    kind: Kind
    text: str
    line: int
    meaning: Word | None = None
    value: Decimal | None = None
    unit: str = ""
    attached: bool = False

    @property
    def is_price(self) -> bool:
        """A number without a unit."""
        return self.kind is Kind.NUMBER and not self.unit

    @property
    def is_small(self) -> bool:
        """A number that can be the number of a target."""
        return self.is_price and self.text.isdecimal() and len(self.text) <= 2 and self.text != "0"


def items(text: str) -> list[Item]:
    """The items of a text in plain spelling."""
    cut = tokens(text)
    found: list[Item] = []
    place = line = 0
    while place < len(cut):
        token = cut[place]
        length, meaning = _phrase(cut, place)
        said = " ".join(part.text for part in cut[place : place + length])
        found.append(Item(token.kind, said, line, meaning, token.value, token.unit, token.attached))
        line += token.kind is Kind.LINE
        place += length
    return found


def _phrase(cut: list[Token], place: int) -> tuple[int, Word | None]:
    """How many tokens belong to the phrase at `place`, and what it means."""
    token = cut[place]
    if token.kind is Kind.SIGN:
        return 1, _sign(token.text)
    if token.kind is not Kind.WORD:
        return 1, None
    if short := _letter(cut, place) or _head(cut, place):
        return 1, short
    for said, meaning in PHRASES.get(token.low, ()):
        if length := _said(cut, place, said):
            return length, meaning
    return 1, None


@lru_cache(maxsize=512)
def _sign(text: str) -> Word | None:
    for signs, meaning in (
        (TICKS, Word.HIT),
        (CROSSES, Word.MISSED),
        (TARGET_SIGNS, Word.TARGETS),
        (STOP_SIGNS, Word.STOP),
        (LONG_SIGNS, Word.LONG),
        (SHORT_SIGNS, Word.SHORT),
    ):
        if text in signs:
            return meaning
    return None


def _said(cut: list[Token], place: int, said: tuple[str, ...]) -> int:
    """How many tokens spell the phrase, the signs within it included; 0 when they don't."""
    at = place
    for number, word in enumerate(said):
        if number and at < len(cut) and cut[at].text in _JOINTS and cut[at].attached:
            at += 1
        if at >= len(cut) or cut[at].kind is not Kind.WORD or cut[at].low != word:
            return 0
        at += 1
    return at - place


def _letter(cut: list[Token], place: int) -> Word | None:
    """`E: 185.9`, `T1 4565`, `T 1: 47`, `En@143.5`, `EURUSD EN 1.07`."""
    token = cut[place]
    meaning = LETTERS.get(token.low)
    if meaning is None or token.attached or place + 1 >= len(cut):
        return None
    after, before = cut[place + 1], cut[place - 1] if place else None
    labels = after.text in (":", "=", "@") or (after.kind is Kind.NUMBER and after.attached)
    shouted = token.text.isupper() and after.kind is Kind.NUMBER
    shouted &= len(token.text) > 1 or [one.text for one in cut[place + 2 : place + 3]] == [":"]
    apart = before is None or before.kind is not Kind.WORD
    return meaning if labels or (shouted and apart) else None


def _head(cut: list[Token], place: int) -> Word | None:
    """`Price: 91.85`, `Take: 95` at the begin of a line."""
    if (
        cut[place].low not in HEADS
        or place + 1 >= len(cut)
        or cut[place + 1].text not in (":", "=")
    ):
        return None
    back = place - 1
    while back >= 0 and cut[back].kind is Kind.SIGN:
        back -= 1
    return HEADS[cut[place].low] if back < 0 or cut[back].kind is Kind.LINE else None
