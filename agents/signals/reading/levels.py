"""Entries, targets, stop and leverage: each number goes to the label that stands before it."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from agents.signals.reading import nearby
from agents.signals.reading.items import Item
from agents.signals.reading.lexicon import Word
from agents.signals.reading.prices import Levels, Price
from agents.signals.reading.tokens import Kind

LISTS = (Word.ENTRY, Word.TARGET, Word.TARGETS)
_SIDES = (Word.LONG, Word.SHORT)
_LEVELS = (*LISTS, Word.STOP)
_PARAGRAPH = -2
_NO_LEVELS = (Word.IGNORED, Word.PAIR)
_NEUTRAL = (Word.FILLER, Word.TO, Word.MOVE)
_RATIOS = frozenset({"reward", "rr", "rrr", "ratio", "r", "volume", "vol", "change"})
_OPEN_ENDED = frozenset({"open", "moon", "runner", "hold", "unlimited"})
_NO_PERCENT: tuple[Decimal | None, bool] = (None, False)
_MOST_STRANGERS = 3  # words between a label and its number
_BEHIND_INDEX = frozenset({":", "=", ")", "open", "Open", "OPEN", "moon", "hold", "runner"})


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
        self._early = _NO_PERCENT  # of "TP1 (+3%): 66200", before its price is read
        self._ticked = False  # a tick stands between the label and its number
        self._skipped = -1  # a line, or all to the next empty one

    def run(self) -> Levels:
        for place, item in enumerate(self._items):
            if self._skips(place, item):
                continue
            if item.kind is Kind.NUMBER:
                self._number(place, item)
            elif item.kind is Kind.LINE:
                self._line(place)
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
        if item.meaning in _NEUTRAL:
            named = nearby.colon_follows(self._items, place)  # "Target 6, moon: 263.1"
            self._suspended |= self._stays_open(item) and not named
            return
        if act := _ACTS.get(item.meaning or Word.FILLER):
            act(self, place, item)
        elif item.kind is Kind.WORD:
            self._stranger(item)

    def _stays_open(self, item: Item) -> bool:
        """Behind "TP4 open" no number is that target's."""
        mine = self._field in (Word.TARGET, Word.TARGETS) and not self._count
        return mine and item.text.lower() in _OPEN_ENDED

    def _open(self, place: int, item: Item) -> None:
        if item.kind is Kind.SIGN and not nearby.number_follows(self._items, place):
            return
        if item.meaning in _LEVELS and nearby.hangs(self._items, place):
            self._field, self._label = Word.IGNORED, place
            return
        if self._field in _SIDES and nearby.is_order_type(self._items, place):
            self._levels.unread.append(f"{self._items[place - 1].text} {item.text}")
            return
        meaning = item.meaning
        if meaning is self._field is Word.LEVERAGE and self._items[self._label].line == item.line:
            return  # "leverage 10x cross"
        if meaning in (Word.TARGET, Word.TARGETS):
            self._levels.labels += 1
            self._levels.ticks_before += self._ticked_before(place)
        self._field, self._label, self._index = meaning, place, None
        self._count = self._strangers = 0
        self._suspended = self._ticked = False
        self._passed, self._early = [], _NO_PERCENT

    def _open_side(self, place: int, item: Item) -> None:
        if item.kind is Kind.WORD:
            self._open(place, item)

    def _trailing(self, place: int, item: Item) -> None:
        """`Trailing stop: 2%` is one line; `Trailing Configuration:` goes on to an empty one."""
        rest = [other.text for other in self._items[place : place + 12] if other.line == item.line]
        said = " ".join(rest).strip()[:80]
        self._levels.unread.append(said)
        behind_label = self._field in _LEVELS and self._items[self._label].line == item.line
        if behind_label and not self._count:  # "TP: trailing, or 140"
            self._levels.faults.append(f"It is not clear what “{said}” is.")
        self._field = None
        self._skipped = _PARAGRAPH if len(rest) <= 3 else item.line

    def _now(self, place: int, item: Item) -> None:
        sided = self._field in (Word.ENTRY, *_SIDES) and not self._strangers
        if sided and not nearby.hangs(self._items, place):
            self._levels.market = True

    def _tick(self, place: int, item: Item) -> None:
        targets = self._levels.targets
        in_targets = self._field in (Word.TARGET, Word.TARGETS) and bool(targets)
        if in_targets and self._items[targets[-1].place].line == item.line:
            targets[-1].ticked = True
        elif item.kind is Kind.SIGN:
            self._ticked = self._field is Word.TARGET
        elif item.kind is Kind.WORD:
            self._stranger(item)

    def _cross(self, place: int, item: Item) -> None:
        beside = self._items[max(0, place - 3) : place + 3]
        self._levels.crossed |= any(other.meaning is Word.STOP for other in beside) or (
            self._field is Word.STOP and self._count > 0
        )

    def _stranger(self, item: Item) -> None:
        """A word that means nothing here: the number behind it may belong to another thing."""
        if self._field is None:
            return
        self._strangers += 1
        if self._field in _LEVELS and not self._count and self._strangers <= _MOST_STRANGERS:
            self._passed.append(item.text)
        else:
            self._suspended = True

    def _line(self, place: int) -> None:
        self._strangers = 0
        if self._field is Word.ENTRY and self._has_ended(place):
            self._field = None
        elif self._field in LISTS:
            self._suspended = False
        elif self._count or self._field in (Word.IGNORED, Word.EXTRA, Word.DIRECTION, Word.PAIR):
            self._field = None

    def _has_ended(self, place: int) -> bool:
        """After "Entry: 45000" and an empty line come numbers of something else."""
        empty = place > 0 and self._items[place - 1].kind is Kind.LINE
        entries = self._levels.entries
        at = self._items[entries[-1].place].line if entries else -1
        return empty and self._count > 0 and at == self._items[self._label].line

    def _ticked_before(self, place: int) -> bool:
        before = self._items[place - 1] if place else None
        return before is not None and before.meaning is Word.HIT and before.kind is Kind.SIGN

    # --- numbers ------------------------------------------------------------------------------

    def _number(self, place: int, item: Item) -> None:
        if nearby.is_part_of_a_name(self._items, place):
            return
        if nearby.unit_of(self._items, place) == "x":
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

    def _before(self, place: int) -> str:
        return self._items[place - 1].text if place else ""

    def _after(self, place: int) -> Item | None:
        return self._items[place + 1] if place + 1 < len(self._items) else None

    def _enumerates(self, place: int, item: Item) -> bool:
        """`1)`, `2.` at the begin of a line, `3️⃣`."""
        after = self._after(place)
        if not item.is_small or after is None or self._before(place) == "(":
            return False
        if nearby.label_follows(self._items, place):
            return True
        if after.text == ")" and after.attached:
            return True
        if place and self._items[place - 1].line == item.line:
            return False
        glued = after.text in (".", ":", "-") and after.attached
        counted = after.text == "-" and self._field in LISTS and self._goes_on(place, item)
        return (glued or counted) and nearby.price_follows(self._items, place + 1)

    def _goes_on(self, place: int, item: Item) -> bool:
        """Whether `1 - 130` is the first of numbered lines, or a later one: then no price."""
        number, listed = int(item.text), self._listed()
        if listed is None or number != len(listed) + 1:
            return False
        if number > 1 or nearby.line_begins(self._items, place, str(number + 1)):
            return True
        return self._field is not Word.ENTRY and nearby.is_broken_behind(self._items, place)

    def _is_index(self, place: int, item: Item) -> bool:
        """The 1 in `TP1 4406`, `Target 1: 11.5`, `Entry 2 - 0.48`."""
        listed = self._field in LISTS or nearby.separated(self._items, place)
        if not listed or not item.is_small or not self._is_at_label(place):
            return False
        after, follows = self._after(place), nearby.price_follows(self._items, place)
        if item.attached:
            self._note_orphan(place, item, after)
            return True
        if after is None or after.kind is Kind.LINE:
            return follows and self._heads(place, item)
        if after.meaning is Word.HIT or after.text in _BEHIND_INDEX:
            return True
        if nearby.colon_follows(self._items, place) and int(item.text) == self._expected():
            return True
        return follows and self._counts_on(item, after)

    def _note_orphan(self, place: int, item: Item, after: Item | None) -> None:
        """The 2 of "the rest at TP2": no price is said, or 2 is the price."""
        if nearby.price_follows(self._items, place) or (after and after.text in _BEHIND_INDEX):
            return
        said = self._items[place + 1 : place + 4]
        if not any(one.text.lower() in _OPEN_ENDED or one.text == ":" for one in said):
            self._levels.orphans.append(int(item.text))

    def _heads(self, place: int, item: Item) -> bool:
        """The 1 of `TP 1` with the price alone in the next line."""
        if int(item.text) != self._expected():
            return False
        later = [one for one in self._items[place + 1 : place + 8] if one.kind is not Kind.SIGN]
        kinds = [one.kind for one in later[:4]]
        if kinds[:2] == [Kind.LINE, Kind.NUMBER] and kinds[2:] != [Kind.LINE, Kind.NUMBER]:
            return True
        self._levels.faults.append(f"Is “{item.text}” the number of a target, or a target?")
        return False

    def _is_at_label(self, place: int) -> bool:
        """Behind the label, or joined to it: `TP-1`, `TP.1`, `TP #1`."""
        if nearby.is_right_behind(self._items, self._label, place):
            return True
        joint = self._items[place - 1]
        glued = self._items[place].attached and (joint.attached or joint.text == "#")
        after = self._after(place)
        bracketed = joint.text == "(" and after is not None and after.text == ")"
        joined = joint.text in ("-", ".", "#") and glued
        return self._label == place - 2 and (joined or bracketed)

    def _counts_on(self, item: Item, after: Item) -> bool:
        """Whether the number is the next in the count of targets."""
        if int(item.text) == self._expected():
            return True
        if after.kind is Kind.NUMBER and self._field is Word.TARGET:
            self._levels.faults.append(f"Is “{item.text}” the number of a target, or a target?")
        return False

    def _expected(self) -> int:
        listed = self._levels.targets
        if self._field in (Word.ENTRY, *_SIDES):
            listed = self._levels.entries if self._field is Word.ENTRY else self._levels.inline
        return (listed[-1].index or len(listed)) + 1 if listed else 1

    def _leverage(self, item: Item) -> None:
        if item.value is None:
            return
        mine = self._field is Word.LEVERAGE
        if not mine and (not item.value or self._is_ratio()):  # the coin 0x, a reward of 3x
            return
        (self._levels.leverages if mine else self._levels.loose_leverages).append(item.value)
        self._count += mine

    def _is_ratio(self) -> bool:
        said = self._items[self._label].text.lower().split()
        return self._field is Word.IGNORED and not _RATIOS.isdisjoint(said)

    def _percent(self, place: int, item: Item) -> None:
        in_targets = self._field in (Word.TARGET, Word.TARGETS)
        closing = in_targets and nearby.is_closing(self._items, place)
        if item.value is None or (self._suspended and not closing):
            return
        if self._field is Word.STOP and not self._levels.stops:
            self._levels.stop_percents.append(item.value)
            self._count += 1
        elif in_targets:
            self._share(place, item.value)
        elif self._field in LISTS:
            self._levels.unread.append(f"{item.text}%")

    def _share(self, place: int, value: Decimal) -> None:
        last = self._levels.targets[-1] if self._levels.targets else None
        gain = self._before(place) == "+"
        closing = nearby.is_closing(self._items, place)  # the gain stood before: "(+3%)"
        free = last is not None and (last.percent is None or (last.gain and closing))
        if last is not None and free and last.place >= self._label:
            last.percent, last.gain = value, gain
        elif nearby.price_follows(self._items, place):
            self._early = (value, gain)
        else:
            self._levels.faults.append(f"A target in percent ({value:f} %) can't be read.")

    def _measure(self, place: int, item: Item) -> None:
        if item.unit == "?" and self._field not in _NO_LEVELS:
            self._levels.strays.append(place)
        elif self._field is Word.STOP and not self._count and item.unit == "pips":
            self._levels.faults.append(f"A stop in {item.unit} can't be read.")

    def _price(self, place: int, item: Item) -> None:
        if self._field is Word.LEVERAGE and item.value is not None:
            if not self._counts_something(place, item):
                self._leverage(item)
            return
        if self._field is Word.EXTRA:
            self._levels.unread.append(f"{self._items[self._label].text} {item.text}")
            return
        if self._field in _NO_LEVELS:
            return
        listed = None if self._suspended else self._listed()
        if listed is None or self._counts_something(place, item):
            self._levels.strays.append(place)
        elif not item.value:
            self._levels.faults.append(f"“{item.text[:30]}” is no price.")
        elif self._field is Word.STOP and nearby.is_distance(self._items, place):
            return
        elif self._field is Word.STOP and nearby.is_range_of_percent(self._items, place):
            self._levels.stop_percents.append(item.value)
        else:
            self._name_second(listed, item)
            joined = nearby.joins(self._items, place, self._label)
            price = Price(item.value, place, self._index, joined, self._ticked, *self._early)
            listed.append(price)
            self._levels.unread += self._passed
            self._index, self._passed, self._ticked, self._early = None, [], False, _NO_PERCENT
        self._count += 1

    def _counts_something(self, place: int, item: Item) -> bool:
        """The 200 of "200 members", in a line below the targets."""
        if self._items[self._label].line == item.line:
            return False
        alone = (*_SIDES, Word.LEVERAGE)
        beside = self._field in alone and not nearby.begins_line(self._items, place)
        return beside or nearby.counts_something(self._items, place)

    def _name_second(self, listed: list[Price], item: Item) -> None:
        """An entry behind the targets of another one is that of a second order."""
        mine, targets = (self._levels.entries, self._levels.inline), self._levels.targets
        known = [price for entries in mine for price in entries]
        entry = any(listed is entries for entries in mine)
        if not entry or not known or not targets or known[0].place > targets[0].place:
            return
        if item.value not in {price.value for price in known}:
            said = f"It names several entries: {known[0].value:f}, {item.value:f}."
            self._levels.faults.append(said)

    def _listed(self) -> list[Price] | None:
        if self._field in _SIDES:
            return self._levels.inline
        if self._field is Word.PRICE:
            return self._levels.prices
        if self._field is Word.ENTRY:
            return self._levels.entries
        if self._field in (Word.TARGET, Word.TARGETS):
            return self._levels.targets
        return self._levels.stops if self._field is Word.STOP else None


_ACTS: dict[Word, Callable[[_Walk, int, Item], None]] = {
    **dict.fromkeys(_SIDES, _Walk._open_side),
    **dict.fromkeys(
        (*_LEVELS, Word.LEVERAGE, Word.IGNORED, Word.EXTRA, Word.DIRECTION, Word.PAIR, Word.PRICE),
        _Walk._open,
    ),
    Word.TRAILING: _Walk._trailing,
    Word.NOW: _Walk._now,
    Word.HIT: _Walk._tick,
    Word.MISSED: _Walk._cross,
}
