"""Updates to an earlier signal, as patterns over what the words of a text mean.

A text becomes a row of letters, one for each item that means something: `move sl to entry` is
MSOE, `target 2: 1,850 ✅` is TNNV. The patterns are over those letters.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agents.domain.signal import SignalUpdate, UpdateKind
from agents.signals.reading import nearby
from agents.signals.reading.items import Item
from agents.signals.reading.lexicon import Word
from agents.signals.reading.tokens import Kind

_LETTERS: dict[Word, str] = {
    Word.TARGET: "T", Word.TARGETS: "T", Word.STOP: "S", Word.ENTRY: "E", Word.EVEN: "B",
    Word.MOVE: "M", Word.TO: "O", Word.CLOSE: "C", Word.HALF: "h", Word.PART: "p", Word.ALL: "A",
    Word.CANCEL: "X", Word.ENTERED: "G", Word.STOPPED: "D", Word.NEW: "W", Word.IF: "i",
    Word.NOT: "z", Word.TRADE: "t", Word.GAIN: "g", Word.HIT: "H", Word.NOW: "n", Word.LONG: "d",
    Word.SHORT: "d", Word.PAIR: "", Word.TAKE: "k", Word.FILLER: "", Word.IGNORED: "w",
    Word.TRAILING: "y",
}  # fmt: skip
_MOST = 40  # updates of one text
_TERSE = 8  # letters of a text
_UNITS = {"%": "%", "pips": "r", "": "N"}


@dataclass(frozen=True, slots=True)
class Said:
    """The updates of a text; `maybe` are sentences about what is said and is not done."""

    updates: tuple[SignalUpdate, ...]
    maybe: tuple[str, ...]
    letters: str


class _Row:
    """The letters of a text, and the item that each stands for."""

    def __init__(self, found: Sequence[Item], *, bullets: bool) -> None:
        self.items: list[Item] = []
        self._found = found
        self._places: list[int] = []
        letters = []
        for place, item in enumerate(found):
            letter = _letter(found, place, bullets=bullets)
            if letter:
                letters.append(letter)
                self.items.append(item)
                self._places.append(place)
        self.letters = "".join(letters)

    def before(self, at: int) -> str:
        """The text of whatever stands before the item of a letter."""
        place = self._places[at]
        return self._found[place - 1].text.lower() if place else ""

    def numbers(self, match: re.Match[str]) -> list[Item]:
        return [item for item in self._within(match) if item.is_price]

    def share(self, match: re.Match[str]) -> Decimal | None:
        for item in self._within(match):
            if item.unit == "%" and item.value is not None and 0 < item.value <= 100:
                return item.value
        return Decimal(50) if "h" in match.group() else None

    def text(self, match: re.Match[str]) -> str:
        return " ".join(item.text for item in self._within(match) if item.kind is not Kind.LINE)

    def _within(self, match: re.Match[str]) -> list[Item]:
        return self.items[match.start() : match.end()]


def _letter(found: Sequence[Item], place: int, *, bullets: bool) -> str:
    item = found[place]
    if item.kind is Kind.NUMBER:
        before = found[place - 1].text if place else ""
        gain = before == "+" and item.unit in ("%", "pips")
        return "+" if gain else _UNITS.get(item.unit, "")
    if item.kind is Kind.LINE:
        return "l"
    if item.kind in (Kind.PAIR, Kind.TAG, Kind.NAME):
        return "P"
    if item.kind is Kind.SIGN:
        return _sign(found, place, bullets=bullets)
    return _LETTERS.get(item.meaning, "w") if item.meaning else "w"


def _sign(found: Sequence[Item], place: int, *, bullets: bool) -> str:
    """V of a tick, u of a question mark, Q of a sign right behind a stop: "SL ❌"."""
    item = found[place]
    if item.text == "?":
        return "u"
    if item.meaning is Word.HIT:
        return "" if bullets else "V"
    if item.meaning not in (Word.MISSED, Word.STOP) or not place:
        return ""
    ends = found[place - 1].meaning is Word.STOP and not nearby.price_follows(found, place)
    return "Q" if ends else ""


_Make = Callable[[_Row, "re.Match[str]"], Iterator[SignalUpdate]]


_OF_A_BAR = frozenset({"high", "low", "daily", "weekly", "monthly", "hourly"})
_LISTING = frozenset({",", "&", "+", "/", "and", "و", "-"})


def _targets(row: _Row, match: re.Match[str]) -> Iterator[SignalUpdate]:
    """Each target label in the match, with its number and its price."""
    for part in re.finditer(r"T(N{0,6})", match.group()):
        start = match.start() + part.start() + 1
        numbers = row.items[start : start + len(part.group(1))]
        indices = _indices(row, start, numbers)
        prices = [item.value for item in numbers[len(indices) :]]
        price = prices[0] if len(prices) == 1 else None
        for index in indices or [None]:
            yield SignalUpdate(UpdateKind.TARGET_HIT, index, price=price)


def _indices(row: _Row, start: int, numbers: Sequence[Item]) -> list[int | None]:
    """The numbers of targets: the first, and those that are listed behind it."""
    found: list[int | None] = []
    for at, item in enumerate(numbers):
        if not item.is_small or (at and row.before(start + at) not in _LISTING):
            break
        found.append(int(item.text))
    return found


def _simple(kind: UpdateKind) -> _Make:
    def make(row: _Row, match: re.Match[str]) -> Iterator[SignalUpdate]:
        yield SignalUpdate(kind)

    return make


def _move_stop(row: _Row, match: re.Match[str]) -> Iterator[SignalUpdate]:
    yield SignalUpdate(UpdateKind.MOVE_STOP, price=row.numbers(match)[-1].value)


def _close(row: _Row, match: re.Match[str]) -> Iterator[SignalUpdate]:
    if _is_of_a_bar(row, match.start() - 1):
        return
    numbers = row.numbers(match)
    yield SignalUpdate(UpdateKind.CLOSE, price=numbers[0].value if numbers else None)


def _is_of_a_bar(row: _Row, place: int) -> bool:
    """Whether a close behind `place` is that of a candle: "low 59800 close 61200"."""
    if place > 0 and row.letters[place] == "N":
        place -= 1
    return place >= 0 and row.items[place].text.lower() in _OF_A_BAR


def _noted_part(row: _Row, match: re.Match[str]) -> Iterator[SignalUpdate]:
    """ "Partials" alone is an order only where little else is said."""
    if len(row.letters) <= _TERSE:
        yield from _close_part(row, match)


def _close_part(row: _Row, match: re.Match[str]) -> Iterator[SignalUpdate]:
    share = row.share(match)
    if share == 100:
        yield SignalUpdate(UpdateKind.CLOSE)
    else:
        yield SignalUpdate(UpdateKind.CLOSE_PART, share=share)


def _none(row: _Row, match: re.Match[str]) -> Iterator[SignalUpdate]:
    """A stop at a target, another target: there is no such update."""
    yield from ()


# The first pattern that fits at a place has it; the order is that of how much each says.
_PATTERNS: tuple[tuple[str, _Make], ...] = (
    (r"(?:TN{0,6}[OA]?){1,8}[HV]", _targets),
    (r"HA?(?:TN{0,3}){1,8}", _targets),
    (r"AT[HV]", _targets),
    (r"M?SM?O(?=TN?(?![HV]))|W?TN?M{1,2}O?(?=N)|MA?TN?O?(?=N)|WT(?=N)", _none),
    (r"D|SN?H|(?<!y)SG|SQ(?=l|$)", _simple(UpdateKind.STOP_HIT)),
    (r"SP?[MO]{1,3}[EB]|MA?SP?O?[EB]|SB|MOB|MB|tOB", _simple(UpdateKind.STOP_TO_ENTRY)),
    (r"M?W?SP?M?ON|MW?SP?N|WSP?N|SP?MN|SnN", _move_stop),
    (r"[CM]A?[tPd]?%[tPd]?|%C|C[tPd]?h[tPd]?|h[tPd]?C|[CMk]p+g?|[CMk]hg?|k%", _close_part),
    (r"p+[td]?C", _close_part),
    (r"p+g?", _noted_part),
    (r"C(?:[nAtdPV]*N|[nAtdPV]+|(?=g|l|$))|[tPdA]C", _close),
    (r"X(?=[tdPnE]|l|$)|[tPdE]w?X", _simple(UpdateKind.CANCEL)),
    (r"(?<![Sy])GE?V?|EN{0,2}[HV]", _simple(UpdateKind.ENTERED)),
    (r"\+|%g|g%|rg|gr|Nrg", _simple(UpdateKind.REPORT)),
)
_ALL = re.compile("|".join(f"(?P<u{n}>{pattern})" for n, (pattern, _) in enumerate(_PATTERNS)))
_CONDITION = re.compile(r"i[^l]{0,3}$")
_CONDITION_BEHIND = re.compile(r"[^l]{0,2}i[A-Za-z%+]?[TSENHVDG]|[^lHVD]{0,6}i")
# "At TP2 close half": the target that has to be reached first, and nothing says that it was.
_AT_TARGET = re.compile(r"TN?[^lHVQT]{0,3}$")
_AT_TARGET_BEHIND = re.compile(r"w?TN?(?![HVN])")
_TO_DO = frozenset({"C", "M", "B", "k", "h", "p"})
_DENIAL = re.compile(r"z[^l]?$")
_QUESTION = re.compile(r"[^l]{0,30}?u")


def updates(found: Sequence[Item], *, bullets: bool) -> Said:
    """What the text says of an earlier signal. `bullets` are ticks that stand before labels."""
    row = _Row(found, bullets=bullets)
    made: list[SignalUpdate] = []
    maybe: list[str] = []
    for match in _ALL.finditer(row.letters):
        start = match.start()
        denied = _DENIAL.search(row.letters[max(0, start - 3) : start])
        if start == match.end() or denied or _QUESTION.match(row.letters, match.end()):
            continue
        _, make = _PATTERNS[int((match.lastgroup or "u0")[1:])]
        if make is _none:
            maybe.append(f"“{row.text(match)} …” is not done: its level is no plain price.")
        elif _hangs(row.letters, match):
            maybe.append(f"“{row.text(match)}” hangs on a condition.")
        else:
            made.extend(make(row, match))
    return Said(_plainly(made), tuple(maybe[:_MOST]), row.letters)


def _plainly(made: list[SignalUpdate]) -> tuple[SignalUpdate, ...]:
    """Each once; "3 targets hit" says nothing more beside the three."""
    if any(one.target for one in made):
        made = [one for one in made if one.kind is not UpdateKind.TARGET_HIT or one.target]
    return tuple(dict.fromkeys(made))[:_MOST]


def _hangs(letters: str, match: re.Match[str]) -> bool:
    """Whether a condition stands before the match, or behind something that is to be done."""
    if _CONDITION.search(letters[max(0, match.start() - 4) : match.start()]):
        return True
    happened = any(letter in "HDV" for letter in match.group())
    if not happened and _TO_DO & set(match.group()):
        behind = _AT_TARGET_BEHIND.match(letters, match.end())
        if behind or _AT_TARGET.search(letters[max(0, match.start() - 6) : match.start()]):
            return True
    return not happened and _CONDITION_BEHIND.match(letters, match.end()) is not None
