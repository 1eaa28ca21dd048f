"""Levels that do not fit the others, and numbers that may be levels and stand under no label."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from agents.domain.signal import SignalReading
from agents.signals.reading import nearby
from agents.signals.reading.items import Item
from agents.signals.reading.lexicon import HEARSAY, NEGATIVES, Word
from agents.signals.reading.prices import Levels, Price
from agents.signals.reading.tokens import Kind

_MOST = 40  # numbers that are looked at
# How often a level may be the middle one, and how often the middle one it.
_FARTHEST = {"entry": (2, 2), "target": (20, 5), "stop": (4, 4)}
_FINE = 3  # decimals
_NEAR = Decimal(3)  # a stray number within this factor of the levels may be one of them
_SIDES = (Word.LONG, Word.SHORT)
_LEVEL_WORDS = (Word.ENTRY, Word.TARGET, Word.TARGETS, Word.STOP, Word.LONG, Word.SHORT)


def misfits(reading: SignalReading) -> Iterator[str]:
    """Levels that are of another size than the rest: lost digits, numbers of something else."""
    named = [("entry", price) for price in reading.entries]
    named += [("stop", reading.stop)] if reading.stop is not None else []
    anchors = sorted(price for _, price in named)
    named += [("target", target.price) for target in reading.targets]
    anchors = anchors if len(anchors) > 2 else sorted(price for _, price in named)
    if not anchors:
        return
    anchor = anchors[len(anchors) // 2]
    for name, price in named:
        above, below = _FARTHEST[name]
        if not anchor / below <= price <= anchor * above:
            yield f"The {name} {price:f} does not fit the level {anchor:f}."


def indices(reading: SignalReading) -> Iterator[str]:
    """A 1 before prices such as 1.999: what is numbered, or a price."""
    targets = [target.price for target in reading.targets]
    for name, prices in (("entry", reading.entries), ("target", targets)):
        first = prices if name == "entry" else prices[:1]
        fine = any(_decimals(price) >= _FINE for price in prices)
        if fine and any(price == 1 and not _decimals(price) for price in first):
            yield f"Is “1” the number of a {name}, or a price?"


def _decimals(price: Decimal) -> int:
    return -int(price.as_tuple().exponent)


def hearsay(found: Sequence[Item], entries: Sequence[Price]) -> Iterator[str]:
    """What stands in a text with all levels, and is said of no order that is to be placed."""
    for place, item in enumerate(found):
        low = item.text.lower()
        if low not in HEARSAY:
            continue
        after = found[place + 1] if place + 1 < len(found) else None
        if low not in NEGATIVES or (after is not None and after.meaning in _SIDES):
            yield f"It says “{item.text}”: {HEARSAY[low]}."
    lines = {item.line: place for place, item in reversed([*enumerate(found)]) if _is_if(item)}
    if any(lines.get(found[price.place].line, price.place) < price.place for price in entries):
        yield "The entry hangs on a condition."


def _is_if(item: Item) -> bool:
    return item.meaning is Word.IF


def strays(found: Sequence[Item], listed: Levels, reading: SignalReading) -> Iterator[str]:
    """Numbers under no label that look like levels; in a sentence they are talk."""
    known = [*reading.entries, *(target.price for target in reading.targets)]
    known += [reading.stop] if reading.stop is not None else []
    if not known:
        return
    low, high = min(known) / _NEAR, max(known) * _NEAR
    among = set(known)
    for place in listed.strays[:_MOST]:
        item = found[place]
        odd = item.value is None
        if item.value in among or _is_talk(found, place) or _numbers(found, listed, place):
            continue
        if odd or low <= (item.value or low) <= high:
            yield f"It is not clear what “{item.text[:30]}” is."


def _numbers(found: Sequence[Item], listed: Levels, place: int) -> bool:
    """In a text whose prices have decimals: the 4 of "free signals 4 all" in its title, and
    the 90 of "90 members"."""
    prices = (*listed.entries, *listed.inline, *listed.targets, *listed.stops)
    item = found[place]
    if "." in item.text or any("." not in found[price.place].text for price in prices):
        return False
    titled = not any(one.meaning in _LEVEL_WORDS for one in found[:place])
    return (titled and item.is_small) or nearby.counts_something(found, place)


def _is_talk(found: Sequence[Item], place: int) -> bool:
    beside = (*found[max(0, place - 5) : place], *found[place + 1 : place + 4])
    return sum(item.kind is Kind.WORD and item.meaning is None for item in beside) >= 3
