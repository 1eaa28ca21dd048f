"""A sentence as the grammar sees it: labelled words that remember where they stood."""

import unicodedata
from dataclasses import dataclass, replace
from decimal import Decimal

from agents.decision.words.coins import mark_symbols
from agents.decision.words.phrases import KNOWN_WORDS, SPELLER, is_article, longest
from agents.decision.words.tokens import Kind, Token, tokenize
from agents.decision.words.vocabulary import words
from agents.domain.market import Universe

MAX_LENGTH = 5000
MAX_WORDS = 1000


@dataclass(frozen=True, slots=True)
class Word:
    """`label` is the lexicon's name for the phrase, or the lower-case word itself."""

    label: str
    kind: Kind
    start: int
    end: int
    glued: bool = False
    value: Decimal = Decimal(0)
    raw: str = ""


_LABELLED = (Kind.WORD, Kind.MARK, Kind.BREAK)
_END = Word("", Kind.END, 0, 0)


class Sentence:
    """The words of `text`, the spellings that were put right, and the end that is `too_long`."""

    def __init__(self, text: str, universe: Universe) -> None:
        self.text = unicodedata.normalize("NFC", text)
        self.corrections: dict[str, str] = {}
        tokens = counted(mark_symbols(tokenize(self.text, MAX_LENGTH), universe))
        words = self._label(_meaningful(tokens))
        self.words = words[:MAX_WORDS]
        cut = words[MAX_WORDS].start if len(words) > MAX_WORDS else MAX_LENGTH
        self.too_long = self.text[cut:]
        self._labels = [word.label if word.kind in _LABELLED else "" for word in self.words]
        self._count = len(self.words)

    def __len__(self) -> int:
        return len(self.words)

    def at(self, index: int) -> Word:
        """The word at `index`, an empty END outside."""
        return self.words[index] if 0 <= index < len(self.words) else _END

    def label(self, index: int) -> str:
        """The label at `index`; symbols and numbers have none that a phrase has."""
        return self._labels[index] if 0 <= index < self._count else ""

    def has(self, index: int, *labels: str) -> bool:
        return 0 <= index < self._count and self._labels[index] in labels

    def skip(self, index: int, *labels: str) -> int:
        """The first index from `index` on whose label is none of `labels`."""
        while 0 <= index < self._count and self._labels[index] in labels:
            index += 1
        return index

    def number(self, index: int) -> Decimal | None:
        if not 0 <= index < self._count:
            return None
        word = self.words[index]
        return word.value if word.kind is Kind.NUMBER else None

    def verbatim(self, first: int, end: int) -> str:
        """The user's own text of words `first` to `end - 1`."""
        if first >= end or first >= len(self.words):
            return ""
        return self.text[self.words[first].start : self.words[min(end, len(self)) - 1].end]

    def _label(self, tokens: list[Token]) -> list[Word]:
        texts = [self._spelled(token) for token in tokens]
        for at, text in enumerate(texts):
            texts[at] = _in_context(text, tokens, at)
        words: list[Word] = []
        at = 0
        while at < len(tokens):
            phrase = longest(texts, at) if tokens[at].kind in {Kind.WORD, Kind.MARK} else None
            label, taken = phrase or (texts[at], 1)
            words.append(_word(label, tokens[at], tokens[at + taken - 1], texts[at]))
            at += taken
        return words

    def _spelled(self, token: Token) -> str:
        if token.kind is not Kind.WORD:
            return "" if token.kind is Kind.NUMBER else token.text
        text = token.text
        if text in KNOWN_WORDS:
            return text
        if text.endswith("'s"):
            return text.removesuffix("'s")
        meant = SPELLER.correct(text)
        if meant is None:
            return text
        self.corrections[text] = meant
        return meant


_SIDES = frozenset({"long", "short", "buy", "sell", "go", "enter"})
_CROSSED = words(
    "ema sma wma hma ma signal up down above below over under bullish bearish d price vwap"
)


def _in_context(text: str, tokens: list[Token], at: int) -> str:
    """`=>` is an arrow before an action, `x` is a cross between two lines."""
    after = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if text == "=>":
        return "->" if after in _SIDES else ">="
    crossing = text == "x" and not tokens[at].glued and after in _CROSSED
    if crossing or (
        text == "x"
        and after.isdecimal()
        and at + 2 < len(tokens)
        and tokens[at + 2].text in _CROSSED
        and not tokens[at + 1].glued
    ):
        return "cross"
    return text


_NUMBER_WORDS = {
    "zero": 0, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50,
    "hundred": 100, "dos": 2, "tres": 3, "zwei": 2, "drei": 3,
}  # fmt: skip
_UNITS_OF_ONE = words(
    """
    percent % r atr hour day minute week position trade candle min bar open
    """
)


def counted(tokens: list[Token]) -> list[Token]:
    """`tokens` with number words as numbers; `one` only where it counts something."""
    found: list[Token] = []
    for at, token in enumerate(tokens):
        value = _NUMBER_WORDS.get(token.text) if token.kind is Kind.WORD else None
        after = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if token.text == "one" and after in _UNITS_OF_ONE:
            value = 1
        if value is None:
            found.append(token)
        else:
            found.append(replace(token, kind=Kind.NUMBER, value=Decimal(value), glued=False))
    return found


def _word(label: str, first: Token, last: Token, raw: str) -> Word:
    kind = Kind.WORD if first.kind is Kind.MARK and label != raw else first.kind
    return Word(label, kind, first.start, last.end, first.glued, first.value, raw)


def _meaningful(tokens: list[Token]) -> list[Token]:
    """Without articles, ornaments and hyphens that join: `20-candle`, `stop-loss`, `ema-9`."""
    kept: list[Token] = []
    for at, token in enumerate(tokens):
        before = tokens[at - 1].text if at else ""
        if token.kind is Kind.NOISE or (token.kind is Kind.WORD and is_article(token.text, before)):
            continue
        if token.text == "-" and _joins(tokens, at):
            continue
        kept.append(token)
    return kept


_DAYS = words(
    """
    mon tue tues wed weds thu thur thurs fri sat sun
    monday tuesday wednesday thursday friday saturday sunday
    """
)


def _joins(tokens: list[Token], at: int) -> bool:
    if not 0 < at < len(tokens) - 1 or not tokens[at].glued or not tokens[at + 1].glued:
        return False
    if {tokens[at - 1].text, tokens[at + 1].text} <= _DAYS:
        return False  # mon-fri is a span of days
    left, right = tokens[at - 1].kind, tokens[at + 1].kind
    letters = {Kind.WORD, Kind.NUMBER, Kind.SYMBOL}
    return left in letters and right in letters and Kind.WORD in {left, right}
