"""Long or short: by a labelled word, by a word, and as a last resort by a coloured sign."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.domain.strategy import Side
from agents.signals.reading.items import Item
from agents.signals.reading.lexicon import Word
from agents.signals.reading.tokens import Kind

_SIDES = {Word.LONG: Side.LONG, Word.SHORT: Side.SHORT}
_NEAR = 6  # items between "Signal Type:" and what it is


@dataclass(frozen=True, slots=True)
class FoundSide:
    """`sign` is what a coloured sign near the top shows: not enough by itself."""

    side: Side | None = None
    sign: Side | None = None
    fault: str = ""


def side(found: Sequence[Item]) -> FoundSide:
    labelled = _labelled(found)
    said = labelled or _worded(found)
    if len(said) == 1:
        return FoundSide(next(iter(said)))
    if said:
        return FoundSide(fault="It says both long and short.")
    return FoundSide(sign=_signed(found))


def _labelled(found: Sequence[Item]) -> set[Side]:
    """`Direction: SHORT`, `Signal Type: Regular (Short)`."""
    said: set[Side] = set()
    for place, item in enumerate(found):
        if item.meaning is not Word.DIRECTION:
            continue
        for other in found[place + 1 : place + 1 + _NEAR]:
            if other.kind is Kind.LINE:
                break
            if other.kind is Kind.WORD and other.meaning in _SIDES:
                said.add(_SIDES[other.meaning])
                break
    return said


def _worded(found: Sequence[Item]) -> set[Side]:
    return {
        _SIDES[item.meaning] for item in found if item.kind is Kind.WORD and item.meaning in _SIDES
    }


def _signed(found: Sequence[Item]) -> Side | None:
    """Of signs that stand in the lines of the title, before any label."""
    said: set[Side] = set()
    for item in found:
        if item.meaning in (Word.ENTRY, Word.TARGET, Word.TARGETS, Word.STOP, Word.LEVERAGE):
            break
        if item.kind is Kind.SIGN and item.meaning in _SIDES:
            said.add(_SIDES[item.meaning])
    return said.pop() if len(said) == 1 else None
