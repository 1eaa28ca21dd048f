"""Which market a text is about."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.domain.market import Universe
from agents.domain.symbols import COIN_NAMES, find
from agents.signals.reading.items import Item
from agents.signals.reading.lexicon import ELSEWHERE, NAMES, ORDINARY, VOCABULARY, Word
from agents.signals.reading.tokens import Kind

_SIDES = (Word.LONG, Word.SHORT)
_QUOTE = re.compile(r"[-_/: ]*(?:USDT|USDC|FDUSD|BUSD|TUSD|USD)?(?:[.]P|[-_:]?(?:PERP|SWAP))?$")
_NEAR = 4  # items between a label and the pair that it labels


@dataclass(frozen=True, slots=True)
class Pair:
    """`symbol` is None for what the universe lacks."""

    written: str = ""
    symbol: str | None = None
    fault: str = ""


def pair(found: Sequence[Item], universe: Universe) -> Pair:
    """The one pair that the text names; several, and unknown ones, are a fault."""
    for candidates in (
        _labelled(found, universe),
        _spelt(found),
        _tagged(found, universe),
        _named(found),
        _shouted(found, universe),
        _strange_tags(found),
    ):
        known = {canonical(written, universe): written for written in candidates}
        if known:
            return _single(known, universe)
    return Pair()


def canonical(written: str, universe: Universe) -> str:
    """The same text for every spelling of the same market."""
    if symbol := _symbol(written, universe):
        return symbol
    name = ELSEWHERE.get(written.lower(), written).upper()
    bare = re.sub(r"[^A-Z0-9]", "", _QUOTE.sub("", name))
    return ELSEWHERE.get(bare.lower(), name) if bare else name


def _single(known: dict[str, str], universe: Universe) -> Pair:
    if len(known) > 1:
        names = ", ".join(list(known.values())[:4])
        return Pair("", None, f"The text names several pairs: {names}.")
    [written] = known.values()
    symbol = _symbol(written, universe)
    fault = "" if symbol else f"{_full(written)} is not among the markets here."
    return Pair(written, symbol, fault)


def _full(written: str) -> str:
    pair = ELSEWHERE.get(written.lower())
    return f"{written} ({pair})" if pair else written


def _symbol(written: str, universe: Universe) -> str | None:
    instrument = find(NAMES.get(written.lower(), written), universe)
    return instrument.symbol if instrument else None


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text.lstrip("#$"))


def _labelled(found: Sequence[Item], universe: Universe) -> list[str]:
    """`Coin: DYDX/USDT`, `PAIR: FHE/ USDT`, `رمزارز FORM`."""
    taken = []
    for place, item in enumerate(found):
        if item.meaning is Word.PAIR and (named := _after_label(found, place, universe)):
            taken.append(named)
    return taken


def _after_label(found: Sequence[Item], place: int, universe: Universe) -> str:
    line = found[place].line
    for item in found[place + 1 : place + 1 + _NEAR]:
        if item.line != line or item.kind in (Kind.LINE, Kind.NUMBER):
            return ""
        if item.kind in (Kind.PAIR, Kind.TAG, Kind.NAME):
            return _bare(item.text)
        if item.kind is Kind.WORD and item.meaning in (None, Word.LONG, Word.SHORT):
            return item.text if _is_name(item, universe) else ""
    return ""


def _is_name(item: Item, universe: Universe) -> bool:
    if item.meaning is not None:
        return False
    ticker = item.text.isascii() and item.text.isupper() and 2 <= len(item.text) <= 10
    return ticker or _symbol(item.text, universe) is not None


def _is_known(word: str) -> bool:
    low = word.lower()
    return low in ELSEWHERE or low in NAMES or low in COIN_NAMES


def _spelt(found: Sequence[Item]) -> list[str]:
    return [_bare(item.text) for item in found if item.kind is Kind.PAIR]


def _tagged(found: Sequence[Item], universe: Universe) -> list[str]:
    tags = (_bare(item.text) for item in found if item.kind is Kind.TAG)
    return [tag for tag in tags if _symbol(tag, universe) or tag.lower() in ELSEWHERE]


def _named(found: Sequence[Item]) -> list[str]:
    return [item.text for item in found if item.kind is Kind.NAME]


def _shouted(found: Sequence[Item], universe: Universe) -> list[str]:
    """`NEAR SHORT`, where no other coin is named: in capitals beside the side it is none of the
    words of a signal."""
    words = (Word.FILLER, Word.MOVE)
    return [
        item.text
        for place, item in enumerate(found)
        if item.meaning in words and item.text in ORDINARY and _is_ticker(found, place, universe)
    ]


def _strange_tags(found: Sequence[Item]) -> list[str]:
    tags = [_bare(item.text) for item in found if item.kind is Kind.TAG]
    likely = [tag for tag in tags if tag.isupper() and 2 <= len(tag) <= 10]
    return [tag for tag in likely if tag.lower() not in VOCABULARY][:1]


def mark_names(found: Sequence[Item], universe: Universe) -> None:
    """Turn words that are coins into names: `Bitcoin`, `AVAX SHORT`, `long btc`."""
    for place, item in enumerate(found):
        unread = item.kind is Kind.WORD and item.meaning is None
        if unread and (_is_known(item.text) or _is_ticker(found, place, universe)):
            item.kind = Kind.NAME


def _is_ticker(found: Sequence[Item], place: int, universe: Universe) -> bool:
    word = found[place].text
    if not word.isascii() or not 2 <= len(word) <= 12 or _symbol(word, universe) is None:
        return False
    nearby = (*found[max(0, place - 2) : place], *found[place + 1 : place + 3])
    beside = any(item.meaning in _SIDES or item.text.lower() == "on" for item in nearby)
    if word.upper() in ORDINARY:
        return beside and word.isupper()
    return beside or word.isupper()
