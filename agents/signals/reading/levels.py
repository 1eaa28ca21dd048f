"""Entries, targets, stop and leverage: each number goes to the label that stands before it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from agents.domain.money import HUNDRED
from agents.signals.reading.items import Item
from agents.signals.reading.lexicon import Word
from agents.signals.reading.tokens import Kind

LISTS = (Word.ENTRY, Word.TARGET, Word.TARGETS)
_SIDES = (Word.LONG, Word.SHORT)
_LEVELS = (*LISTS, Word.STOP)
_PARAGRAPH = -2
_NO_LEVELS = (Word.IGNORED, Word.PAIR)
_MOST_STRANGERS = 3  # words between a label and its number
_SEPARATORS = frozenset(":=-)→➝➜➡»>•°|.@—,⇒ـ")
_JOINING = frozenset("-/_:")
_BEHIND_INDEX = frozenset({":", "=", ")", "open", "Open", "OPEN", "moon", "hold", "runner"})
_JOINING_WORDS = frozenset({"to", "and", "or", "و", "تا", "до", "и", "y", "e", "ve"})


@dataclass(slots=True)
class Price:
    """A price under a label. `place` is its item; `joined` to the one before as a range."""

    value: Decimal
    place: int
    index: int | None = None
    joined: bool = False
    ticked: bool = False
    percent: Decimal | None = None
    gain: bool = False


@dataclass(slots=True)
class Levels:
    """What stands under the labels of a text. `strays` are the places of numbers under none."""

    entries: list[Price] = field(default_factory=list)
    inline: list[Price] = field(default_factory=list)  # right behind the side: "BUY 4450"
    targets: list[Price] = field(default_factory=list)
    stops: list[Price] = field(default_factory=list)
    stop_percents: list[Decimal] = field(default_factory=list)
    leverages: list[Decimal] = field(default_factory=list)
    loose_leverages: list[Decimal] = field(default_factory=list)
    market: bool = False
    strays: list[int] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    ticks_before: int = 0  # of target labels: bullets, not results
    labels: int = 0  # of targets


def levels(found: Sequence[Item]) -> Levels:
    """The levels of a text, in the order in which they stand."""
    return _Walk(found).run()


class _Walk:
    """One pass over the items. `_field` is the label under which a number would fall."""

    def __init__(self, found: Sequence[Item]) -> None:
        self._items = found
        self._levels = Levels()
        self._field: Word | None = None
        self._label = 0  # the place of the label
        self._count = 0  # numbers under it
        self._strangers = 0  # unknown words since the label or the line's begin
        self._suspended = False
        self._passed: list[str] = []  # unknown words before the label's first number
        self._index: int | None = None
        self._skipped = -1  # a line, or all to the next empty one

    def run(self) -> Levels:
        for place, item in enumerate(self._items):
            if self._skips(place, item):
                continue
            if item.kind is Kind.NUMBER:
                self._number(place, item)
            elif item.kind is Kind.LINE:
                self._line()
            elif item.meaning is not None:
                self._word(place, item)
            elif item.kind is Kind.WORD:
                self._stranger(item)
        return self._levels

    def _skips(self, place: int, item: Item) -> bool:
        if self._skipped != _PARAGRAPH:
            return item.line == self._skipped
        if item.kind is Kind.LINE and place and self._items[place - 1].kind is Kind.LINE:
            self._skipped = -1
        return True

    # --- words --------------------------------------------------------------------------------

    def _word(self, place: int, item: Item) -> None:
        if item.meaning is Word.FILLER or item.meaning is Word.TO:
            return
        if act := _ACTS.get(item.meaning or Word.FILLER):
            act(self, place, item)
        elif item.kind is Kind.WORD:
            self._stranger(item)

    def _open(self, place: int, item: Item) -> None:
        if item.kind is Kind.SIGN and not self._number_follows(place):
            return
        if self._is_order_type(place, item):
            self._levels.unread.append(f"{self._items[place - 1].text} {item.text}")
            return
        meaning = item.meaning
        if meaning in (Word.TARGET, Word.TARGETS):
            self._levels.labels += 1
            self._levels.ticks_before += self._ticked_before(place)
        self._field, self._label, self._index = meaning, place, None
        self._count = self._strangers = 0
        self._suspended = False
        self._passed = []

    def _is_order_type(self, place: int, item: Item) -> bool:
        """The stop in "BUY STOP 4700 SL 4690": the order waits for the price to rise to it."""
        if item.text.lower() != "stop" or not place or self._field not in _SIDES:
            return False
        before, after = self._items[place - 1], self._after(place)
        if before.meaning not in _SIDES or after is None or after.text == ":":
            return False
        return any(other.meaning is Word.STOP for other in self._items[place + 1 :])

    def _open_side(self, place: int, item: Item) -> None:
        if item.kind is Kind.WORD:
            self._open(place, item)

    def _trailing(self, place: int, item: Item) -> None:
        """`Trailing stop: 2%` is one line; `Trailing Configuration:` goes on to an empty one."""
        rest = [other.text for other in self._items[place : place + 12] if other.line == item.line]
        self._levels.unread.append(" ".join(rest)[:80])
        self._field = None
        self._skipped = _PARAGRAPH if len(rest) <= 3 else item.line

    def _now(self, place: int, item: Item) -> None:
        if self._field in (Word.ENTRY, *_SIDES) and not self._strangers:
            self._levels.market = True

    def _tick(self, place: int, item: Item) -> None:
        targets = self._levels.targets
        in_targets = self._field in (Word.TARGET, Word.TARGETS) and bool(targets)
        if in_targets and self._items[targets[-1].place].line == item.line:
            targets[-1].ticked = True
        elif item.kind is Kind.WORD:
            self._stranger(item)

    def _stranger(self, item: Item) -> None:
        """A word that means nothing here: the number behind it may belong to another thing."""
        if self._field is None:
            return
        self._strangers += 1
        if self._field in _LEVELS and not self._count and self._strangers <= _MOST_STRANGERS:
            self._passed.append(item.text)
        else:
            self._suspended = True

    def _line(self) -> None:
        self._strangers = 0
        if self._field in LISTS:
            self._suspended = False
        elif self._count or self._field in (Word.IGNORED, Word.EXTRA, Word.DIRECTION, Word.PAIR):
            self._field = None

    def _ticked_before(self, place: int) -> bool:
        before = self._items[place - 1] if place else None
        return before is not None and before.meaning is Word.HIT and before.kind is Kind.SIGN

    def _number_follows(self, place: int) -> bool:
        for item in self._items[place + 1 : place + 4]:
            if item.kind is Kind.NUMBER:
                return True
            if item.kind is not Kind.SIGN:
                return False
        return False

    # --- numbers ------------------------------------------------------------------------------

    def _number(self, place: int, item: Item) -> None:
        if self._is_part_of_a_name(place, item):
            return
        if self._unit(place, item) == "x":
            self._leverage(item)
        elif item.unit == "%":
            self._percent(place, item)
        elif item.unit:
            self._measure(place, item)
        elif self._before(place) == "+" and item.attached:
            return
        elif self._enumerates(place, item) or self._is_index(place, item):
            self._index = int(item.text)
        else:
            self._price(place, item)

    def _unit(self, place: int, item: Item) -> str:
        """The unit of `5` in `5-10x` is that of 10."""
        if item.unit:
            return item.unit
        nearby = self._items[place + 1 : place + 3]
        if len(nearby) == 2 and nearby[0].text in ("-", "to") and nearby[1].unit == "x":
            return "x"
        return ""

    def _is_part_of_a_name(self, place: int, item: Item) -> bool:
        """`H2`, `NAS100`: a number glued to a word that is no label."""
        before = self._items[place - 1] if place else None
        return (
            item.attached
            and before is not None
            and before.kind is Kind.WORD
            and before.meaning is None
        )

    def _before(self, place: int) -> str:
        return self._items[place - 1].text if place else ""

    def _after(self, place: int) -> Item | None:
        return self._items[place + 1] if place + 1 < len(self._items) else None

    def _enumerates(self, place: int, item: Item) -> bool:
        """`1)`, `2.` at the begin of a line, `3️⃣`."""
        after = self._after(place)
        if not item.is_small or after is None or self._before(place) == "(":
            return False
        if after.text == ")" and after.attached:
            return True
        if place and self._items[place - 1].line == item.line:
            return False
        glued = after.text in (".", ":", "-") and after.attached
        counted = after.text == "-" and self._field in LISTS and self._goes_on(place, item)
        return (glued or counted) and self._price_follows(place + 1)

    def _goes_on(self, place: int, item: Item) -> bool:
        """Whether `1 - 130` is the first of numbered lines, or a later one: then no price."""
        number, listed = int(item.text), self._listed()
        if listed is None or number != len(listed) + 1:
            return False
        later = pairwise(self._items[place : place + 12])
        following = any(a.kind is Kind.LINE and b.text == str(number + 1) for a, b in later)
        return number > 1 or following

    def _is_index(self, place: int, item: Item) -> bool:
        """The 1 in `TP1 4406`, `Target 1: 11.5`, `Entry 2 - 0.48`."""
        if self._field not in LISTS or not item.is_small or not self._is_at_label(place):
            return False
        after = self._after(place)
        if after is None or after.kind is Kind.LINE:
            return item.attached and self._price_follows(place)
        if after.meaning is Word.HIT or item.attached or after.text in _BEHIND_INDEX:
            return True
        return self._price_follows(place) and self._counts_on(item, after)

    def _is_at_label(self, place: int) -> bool:
        """Behind the label, or joined to it: `TP-1`, `TP.1`, `TP #1`."""
        if self._label == place - 1:
            return True
        joint = self._items[place - 1]
        glued = self._items[place].attached and (joint.attached or joint.text == "#")
        return self._label == place - 2 and joint.text in ("-", ".", "#") and glued

    def _counts_on(self, item: Item, after: Item) -> bool:
        """Whether the number is the next in the count of targets."""
        if int(item.text) == self._expected():
            return True
        if after.kind is Kind.NUMBER and self._field is Word.TARGET:
            self._levels.faults.append(f"Is “{item.text}” the number of a target, or a target?")
        return False

    def _expected(self) -> int:
        listed = self._levels.entries if self._field is Word.ENTRY else self._levels.targets
        return (listed[-1].index or len(listed)) + 1 if listed else 1

    def _price_follows(self, place: int) -> bool:
        for item in self._items[place + 1 : place + 7]:
            if item.kind is Kind.NUMBER:
                return item.is_price
            passed = item.text in _SEPARATORS or item.meaning in (Word.FILLER, Word.HIT)
            if not (passed or item.kind is Kind.SIGN or item.kind is Kind.LINE):
                return False
        return False

    def _leverage(self, item: Item) -> None:
        if item.value is None:
            return
        mine = self._field is Word.LEVERAGE
        if not mine and not item.value:  # the coin 0x
            return
        (self._levels.leverages if mine else self._levels.loose_leverages).append(item.value)
        self._count += mine

    def _percent(self, place: int, item: Item) -> None:
        if item.value is None or self._suspended:
            return
        if self._field is Word.STOP and not self._levels.stops:
            self._levels.stop_percents.append(item.value)
            self._count += 1
        elif self._field in (Word.TARGET, Word.TARGETS):
            self._share(place, item.value)
        elif self._field in LISTS:
            self._levels.unread.append(f"{item.text}%")

    def _share(self, place: int, value: Decimal) -> None:
        last = self._levels.targets[-1] if self._levels.targets else None
        if last is None or last.percent is not None or last.place < self._label:
            self._levels.faults.append(f"A target in percent ({value:f} %) can't be read.")
            return
        last.percent, last.gain = value, self._before(place) == "+"

    def _measure(self, place: int, item: Item) -> None:
        if item.unit == "?" and self._field not in _NO_LEVELS:
            self._levels.strays.append(place)
        elif self._field is Word.STOP and not self._count and item.unit == "pips":
            self._levels.faults.append(f"A stop in {item.unit} can't be read.")

    def _price(self, place: int, item: Item) -> None:
        if self._field is Word.LEVERAGE and item.value is not None:
            self._leverage(item)
            return
        if self._field is Word.EXTRA:
            self._levels.unread.append(f"{self._items[self._label].text} {item.text}")
            return
        if self._field in _NO_LEVELS:
            return
        listed = None if self._suspended else self._listed()
        if listed is None:
            self._levels.strays.append(place)
        elif not item.value:
            self._levels.faults.append(f"“{item.text[:30]}” is no price.")
        elif self._field is Word.STOP and self._is_range_of_percent(place):
            self._levels.stop_percents.append(item.value)
        else:
            listed.append(Price(item.value, place, self._index, self._joins(place)))
            self._levels.unread += self._passed
            self._index, self._passed = None, []
        self._count += 1

    def _listed(self) -> list[Price] | None:
        if self._field in _SIDES:
            return self._levels.inline
        if self._field is Word.ENTRY:
            return self._levels.entries
        if self._field in (Word.TARGET, Word.TARGETS):
            return self._levels.targets
        return self._levels.stops if self._field is Word.STOP else None

    def _is_range_of_percent(self, place: int) -> bool:
        """The 5 in `5-10%`; in `0.395 - 100%` the percentage is the part that is closed."""
        nearby = self._items[place + 1 : place + 3]
        if len(nearby) < 2 or nearby[0].text != "-" or nearby[1].unit != "%":
            return False
        glued = nearby[0].attached and nearby[1].attached
        return glued and nearby[1].value is not None and nearby[1].value < HUNDRED

    def _joins(self, place: int) -> bool:
        """Whether only a dash or a word such as "to" stands between this number and the last."""
        back = place - 1
        while back > self._label and (
            self._items[back].text in _JOINING or self._items[back].text.lower() in _JOINING_WORDS
        ):
            back -= 1
        last = self._items[back]
        return back < place - 1 and last.kind is Kind.NUMBER and back > self._label


_ACTS: dict[Word, Callable[[_Walk, int, Item], None]] = {
    **dict.fromkeys(_SIDES, _Walk._open_side),
    **dict.fromkeys(
        (*_LEVELS, Word.LEVERAGE, Word.IGNORED, Word.EXTRA, Word.DIRECTION, Word.PAIR), _Walk._open
    ),
    Word.TRAILING: _Walk._trailing,
    Word.NOW: _Walk._now,
    Word.HIT: _Walk._tick,
}
