"""A text cut into numbers, words, pairs and signs; what was glued together is cut apart."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from agents.signals.reading.lexicon import (
    GLUED,
    LABELS,
    ONLY_ATTACHED,
    TICKS,
    UNITS,
    VOCABULARY,
    WRITTEN_TOGETHER,
)
from agents.signals.reading.numbers import number, points_by_comma


class Kind(StrEnum):
    NUMBER = "number"
    WORD = "word"
    PAIR = "pair"  # a pair by its spelling: #BTC/USDT, btcusdt, BTC-PERP, EURUSD
    TAG = "tag"  # #btc, $btc
    NAME = "name"  # a word that is a coin
    SIGN = "sign"
    LINE = "line"  # the end of a line
    GAP = "gap"  # an address, a date, a time, an id: no level


@dataclass(slots=True)
class Token:
    """`attached` tokens follow the one before without a space. `value` is None for what is no
    number; `unit` is what follows a number: `%`, `x`, `pips`, `?` for anything else."""

    kind: Kind
    text: str
    attached: bool = False
    value: Decimal | None = None
    unit: str = ""

    @property
    def low(self) -> str:
        return self.text.lower()


_QUOTES = "USDT|USDC|FDUSD|BUSD|TUSD|USD"
_MORE = f"{_QUOTES}|EUR|GBP|JPY|TRY|BTC|ETH|BNB"
_ENDS = r"(?![a-z0-9]|[A-Z](?![A-Za-z]))"  # a glued label may follow: UNI/USDTLeverage
_MONEYS = "EUR|USD|GBP|JPY|CHF|AUD|NZD|CAD|XAU|XAG"
_BASE = r"\d{0,7}[A-Za-z][A-Za-z0-9]{0,14}"
_SPELT = rf"""
    {_BASE}\ {{0,2}}/\ {{0,2}}(?i:{_MORE}|PERP){_ENDS}
    | {_BASE}[-_:](?i:{_MORE}|PERP|SWAP)(?i:-SWAP|-PERP|:USDT|:USDC)?{_ENDS}
    | {_BASE}?(?i:{_QUOTES})(?i:\.P\b|-?PERP)?{_ENDS}
    | {_BASE}?(?i:PERP){_ENDS}
    | [A-Z0-9]{{3,8}}(?:BTC|ETH|BNB){_ENDS}
    | (?i:{_MONEYS})[/\ ]?(?i:{_MONEYS}){_ENDS}
"""
_TOKEN = re.compile(
    rf"""
      (?P<gap> https?://\S+ | (?:t\.me|wa\.me|bit\.ly)/\S+ | @[A-Za-z]\w* | [#№]\d+\b(?!\.\d)
             | \b(?=[0-9a-f]*[a-f])[0-9a-f]{{12,64}}\b
             | (?<![\d.])\d{{1,2}}(?P<sep>[./-])\d{{1,2}}(?P=sep)(?:19|20)\d\d(?!\d)
             | (?<![\d.])\d{{1,2}}\.\d{{1,2}}\.\d\d(?:\ \d{{1,2}}:\d\d)?(?![\d.])
             | (?<![\d.])(?:19|20)\d\d-\d\d-\d\d(?:T[\d:.]+Z?)?(?![\d.])
             | (?<![\d.])\d{{1,2}}:\d\d(?::\d\d)?\s?(?:[aApP]\.?[mM]\b|UTC|GMT)
             | (?<![\d.:])\d{{1,2}}:\d\d:\d\d(?![\d.:]) )
    | (?P<pair> (?<!\d)[\#$](?=[A-Za-z0-9])(?:{_SPELT}) | (?<![A-Za-z])(?:{_SPELT}) )
    | (?P<tag> (?<!\d)[\#$][A-Za-z][A-Za-z0-9]{{0,14}}(?![A-Za-z0-9_]) )
    | (?P<number> (?: \d+(?:[.,'’]\d+)* | (?<![\w.])\.\d+ )(?:[eE][-+]?\d{{1,3}}(?![\w.]))? )
    | (?P<word> [^\W\d_]+(?:['’][^\W\d_]+)? )
    | (?P<line> \n )
    | (?P<sign> \S )
    """,
    re.VERBOSE,
)
_LABEL = re.compile(
    rf"\#(?P<label>(?i:{'|'.join(sorted(LABELS, key=len, reverse=True))}))(?P<no>\d*)"
)
_TOGETHER = re.compile(
    "|".join(sorted(map(re.escape, WRITTEN_TOGETHER), key=len, reverse=True)) + "|[A-Za-z]+"
)
_EASTERN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_LONGEST_GLUE = 40


def tokens(text: str) -> list[Token]:
    """The tokens of a text in plain spelling."""
    found = _valued(list(_cut(text)))
    for place, token in enumerate(found):
        if token.kind is Kind.NUMBER:
            _take_unit(found, place)
    return [token for token in found if token.text]


def _cut(text: str) -> Iterator[Token]:
    end = -1
    for match in _TOKEN.finditer(text):
        kind, attached = Kind(match.lastgroup or "sign"), match.start() == end
        end = -1 if kind is Kind.LINE else match.end()
        if kind is Kind.WORD:
            yield from _parts(match.group(), attached)
        elif kind is Kind.TAG and (label := _LABEL.fullmatch(match.group())):
            yield from _labelled(label)
        else:
            yield Token(kind, match.group(), attached)


def _valued(found: list[Token]) -> list[Token]:
    """With the value of each number; `0.5,0.6` are two."""
    written = [token.text for token in found if token.kind is Kind.NUMBER]
    if not any("," in raw for raw in written):
        for token in found:
            if token.kind is Kind.NUMBER:
                token.value = number(token.text)
        return found
    comma = points_by_comma(written)
    return [part for token in found for part in _listed(token, comma)]


def _listed(token: Token, comma: bool) -> list[Token]:
    if token.kind is not Kind.NUMBER:
        return [token]
    token.value = number(token.text, comma_is_point=comma)
    if token.value is not None or "," not in token.text:
        return [token]
    parts = [Token(Kind.NUMBER, raw, False, number(raw)) for raw in token.text.split(",")]
    return parts if all(part.value is not None for part in parts) else [token]


def _labelled(tag: re.Match[str]) -> Iterator[Token]:
    """`#SHORT`, `#TP1`: a label, and no coin."""
    yield Token(Kind.WORD, tag["label"])
    if tag["no"]:
        yield Token(Kind.NUMBER, tag["no"], True)


def _parts(word: str, attached: bool) -> Iterator[Token]:
    if _EASTERN.search(word):
        yield from _runs(word, attached)
        return
    whole = len(word) > _LONGEST_GLUE or not word.isascii()
    for place, part in enumerate((word,) if whole else _split(word)):
        yield Token(Kind.WORD, part, attached or place > 0)


def _runs(word: str, attached: bool) -> Iterator[Token]:
    """The known words of a script that puts no spaces between them, and what is left."""
    end = 0
    for match in (*_TOGETHER.finditer(word), None):
        start = match.start() if match else len(word)
        if start > end:
            yield Token(Kind.WORD, word[end:start], attached or end > 0)
        if match:
            yield Token(Kind.WORD, match.group(), attached or start > 0)
            end = match.end()


@lru_cache(maxsize=4096)
def _split(word: str) -> tuple[str, ...]:
    """`LONGLeverage` is two words whose line break was lost; a word of one's own stays whole."""
    low = word.lower()
    if low in VOCABULARY:
        return (word,)
    camel = tuple(_CAMEL.findall(word))
    if len(camel) > 1 and "".join(camel) == word and _known(camel[1:]):
        return tuple(piece for part in camel for piece in _unglued(part))
    return _unglued(word)


def _known(parts: tuple[str, ...]) -> bool:
    return all(part.lower() in VOCABULARY or len(_unglued(part)) > 1 for part in parts)


def _unglued(word: str) -> tuple[str, ...]:
    """The known words that `word` is made of from end to end, or `word` itself."""
    low = word.lower()
    if low in VOCABULARY:
        return (word,)
    best: dict[int, tuple[str, ...]] = {0: ()}
    for end in range(1, len(low) + 1):
        for start, before in list(best.items()):
            if low[start:end] in GLUED and (end not in best or len(best[end]) > len(before) + 1):
                best[end] = (*before, word[start:end])
    return best.get(len(low), (word,))


def _take_unit(found: list[Token], place: int) -> None:
    """Move the unit that follows a number into the number."""
    here = found[place]
    after = found[place + 1] if place + 1 < len(found) else None
    before = found[place - 1] if place else None
    if before is not None and before.low == "x" and here.attached:  # x20
        here.unit, before.text = "x", ""
    if after is None:
        return
    if after.text in ("$", "€", "₮") and after.attached:
        after.text = ""
    elif after.text == "%" or _is_unit(after):
        here.unit, after.text = UNITS.get(after.low, "%"), ""
        if here.unit == "k":
            _thousands(found, place)
    elif after.kind is Kind.WORD and after.attached and not _stands_alone(after):
        here.unit = "?"


def _is_unit(token: Token) -> bool:
    if token.kind is not Kind.WORD or token.low not in UNITS:
        return False
    return token.attached or token.low not in ONLY_ATTACHED


def _thousands(found: list[Token], place: int) -> None:
    """`60k` is 60000, and so is the 60 in `60-62k`."""
    here = found[place]
    here.unit = ""
    if here.value is None:
        return
    here.value *= 1000
    if place < 2 or found[place - 1].text != "-":
        return
    low = found[place - 2]
    if low.kind is Kind.NUMBER and not low.unit and low.value and low.value * 100 < here.value:
        low.value *= 1000


def _stands_alone(token: Token) -> bool:
    return token.low in VOCABULARY or token.low in TICKS
