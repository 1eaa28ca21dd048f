"""What stands around an item: looks at the items beside a place, and nothing else."""

from collections.abc import Sequence
from itertools import pairwise

from agents.domain.money import HUNDRED
from agents.signals.reading.items import Item
from agents.signals.reading.lexicon import Word
from agents.signals.reading.tokens import Kind

_SEPARATORS = frozenset(":=-)→➝➜➡»>•°|.@—,⇒ـ")
_JOINING = frozenset("-/_:")
_JOINING_WORDS = frozenset({"to", "and", "or", "و", "تا", "до", "и", "y", "e", "ve"})
_COLONS = frozenset({":", "=", "→", "➝", "➜", "➡", "»", "@"})
_BEFORE_PRICES = frozenset(
    {"at", "around", "from", "between", "near", "price", "prices", "zone", "limit", "area"}
    | {"range", "in", "the", "approx", "about", "level"}
)
_COUNTED = (None, Word.PAST, Word.TRADE, Word.GAIN)
_LABELS = (Word.TARGET, Word.TARGETS, Word.ENTRY, Word.STOP)
_FAR = (3, 2)  # a stop and the distance to it in pips are at least as 3 to 2
_SIDES = (Word.LONG, Word.SHORT)


def number_follows(items: Sequence[Item], place: int) -> bool:
    for item in items[place + 1 : place + 4]:
        if item.kind is Kind.NUMBER:
            return True
        if item.kind is not Kind.SIGN:
            return False
    return False


def price_follows(items: Sequence[Item], place: int) -> bool:
    for item in items[place + 1 : place + 7]:
        if item.kind is Kind.NUMBER:
            return item.is_price
        passed = item.text in _SEPARATORS or item.meaning in (Word.FILLER, Word.HIT)
        if not (passed or item.kind is Kind.SIGN or item.kind is Kind.LINE):
            return False
    return False


def colon_follows(items: Sequence[Item], place: int) -> bool:
    """`Target 6 (moon): 263.1`: words, a colon, and a price."""
    for at in range(place + 1, min(place + 7, len(items))):
        item = items[at]
        if item.text == ":":
            return price_follows(items, at)
        if item.kind in (Kind.NUMBER, Kind.LINE):
            return False
    return False


def label_follows(items: Sequence[Item], place: int) -> bool:
    """The 1 of `1 ▪ TP 1.19`, at the begin of a line: signs, and then a label."""
    if place and items[place - 1].kind is not Kind.LINE:
        return False
    for item in items[place + 1 : place + 4]:
        if item.kind is not Kind.SIGN or item.text in _JOINING:
            return item.kind is Kind.WORD and item.meaning in _LABELS
    return False


def is_right_behind(items: Sequence[Item], label: int, place: int) -> bool:
    """The 1 of `TP 1`, and of `Buy zone 1`."""
    between = items[label + 1 : place]
    return label < place and all(item.meaning is Word.FILLER for item in between)


def separated(items: Sequence[Item], place: int) -> bool:
    """The 1 of `Buy 1: 60.5`, where `Buy 1 - 1.05` may be a range."""
    after = items[place + 1] if place + 1 < len(items) else None
    if after is None or after.kind is Kind.NUMBER:
        return after is not None and "." in after.text
    return after.text in _COLONS or after.text == "$"


def line_begins(items: Sequence[Item], place: int, text: str) -> bool:
    """Whether one of the next lines begins with `text`."""
    later = pairwise(items[place : place + 12])
    return any(a.kind is Kind.LINE and b.text == text for a, b in later)


def is_broken_behind(items: Sequence[Item], place: int) -> bool:
    """Whether the next number has decimals."""
    later = (item for item in items[place + 1 : place + 6] if item.kind is Kind.NUMBER)
    value = next((item.value for item in later), None)
    return value is not None and value % 1 != 0


def begins_line(items: Sequence[Item], place: int) -> bool:
    """Whether nothing but signs, the pair and words such as "at" stands before it in its line."""
    for item in reversed(items[max(0, place - 8) : place]):
        if item.kind is Kind.LINE:
            return True
        word = item.kind is Kind.WORD and item.meaning not in (Word.NOW, Word.MOVE)
        if word and item.text.lower() not in _BEFORE_PRICES:
            return False
    return True


def counts_something(items: Sequence[Item], place: int) -> bool:
    """The 200 of "200 members", the 1000 of "1000+ members"."""
    behind = items[place + 1 : place + 3]
    if behind and behind[0].text == "+":
        behind = behind[1:]
    if not behind or behind[0].kind is not Kind.WORD:
        return False
    return behind[0].meaning in _COUNTED or behind[0].text.lower() in ("signal", "signals")


def hangs(items: Sequence[Item], place: int) -> bool:
    """`after TP1`, `once the first target is hit`: what follows a condition is no level."""
    line = items[place].line
    return any(
        item.meaning is Word.IF and item.line == line for item in items[max(0, place - 3) : place]
    )


def unit_of(items: Sequence[Item], place: int) -> str:
    """The unit of `5` in `5-10x` is that of 10."""
    if items[place].unit:
        return items[place].unit
    nearby = items[place + 1 : place + 3]
    if len(nearby) == 2 and nearby[0].text in ("-", "to") and nearby[1].unit == "x":
        return "x"
    return ""


def is_part_of_a_name(items: Sequence[Item], place: int) -> bool:
    """`H2`, `NAS100`: a number glued to a word that is no label."""
    before = items[place - 1] if place else None
    return (
        items[place].attached
        and before is not None
        and before.kind is Kind.WORD
        and before.meaning is None
    )


def is_range_of_percent(items: Sequence[Item], place: int) -> bool:
    """The 5 in `5-10%`; in `0.395 - 100%` the percentage is the part that is closed."""
    nearby = items[place + 1 : place + 3]
    if len(nearby) < 2 or nearby[0].text != "-" or nearby[1].unit != "%":
        return False
    glued = nearby[0].attached and nearby[1].attached
    return glued and nearby[1].value is not None and nearby[1].value < HUNDRED


def is_order_type(items: Sequence[Item], place: int) -> bool:
    """The stop in "BUY STOP 4700 SL 4690": the order waits for the price to rise to it."""
    if items[place].text.lower() != "stop" or not 0 < place < len(items) - 1:
        return False
    if items[place - 1].meaning not in _SIDES or items[place + 1].text == ":":
        return False
    return any(other.meaning is Word.STOP for other in items[place + 1 :])


def is_closing(items: Sequence[Item], place: int) -> bool:
    """The 30% of "close 30%", and of "close remaining 30%"."""
    return any(item.meaning is Word.CLOSE for item in items[max(0, place - 2) : place])


def is_distance(items: Sequence[Item], place: int) -> bool:
    """The -70 of `SL 1.0810 -70`: how far away the level is, and no second one."""
    if place < 2 or items[place - 1].text != "-" or items[place - 1].attached:
        return False
    value, level = items[place].value, items[place - 2].value
    if not items[place].attached or value is None or level is None:
        return False
    more, less = _FAR
    return value * less > level * more or value * more < level * less


def joins(items: Sequence[Item], place: int, label: int) -> bool:
    """Whether only a dash or a word such as "to" stands between this number and the last."""
    back = place - 1
    while back > label and (
        items[back].text in _JOINING or items[back].text.lower() in _JOINING_WORDS
    ):
        back -= 1
    last = items[back]
    return back < place - 1 and last.kind is Kind.NUMBER and back > label
