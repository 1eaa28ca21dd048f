"""Whether a chain of entries is whole, and what was done to it where it is not."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from agents.domain.record import GENESIS, Entry


class FaultKind(StrEnum):
    """What can be wrong with a chain."""

    EDITED = "edited"
    MISSING = "missing"
    INSERTED = "inserted"
    REORDERED = "reordered"
    GENESIS = "genesis"
    UNREADABLE = "unreadable"
    HEAD = "head"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong at entry `number` (after it, for what was inserted), in words."""

    kind: FaultKind
    number: int
    words: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What stands in an entry's place and is none; `reason` ends a sentence."""

    reason: str


Item = Entry | Unreadable


def verify_chain(items: Sequence[Item], head: str | None = None, seen: str = "") -> list[Fault]:
    """Everything that is wrong with the chain in `items`, by entry; empty when it is whole.

    `head` is what the last entry's hash has to be, `seen` a hash, or how one begins, that some
    entry must have because it was published once. Without one of them, a chain that was cut off at
    its end, or written anew from some entry to the end, can't be told from a whole one. The names
    are the simplest story that explains the hashes; who edits several entries at once may get
    another one.
    """
    trusted = _trusted(items, head)
    places = {place: number for number, place in trusted.items()}
    doubtful, edited = _doubtful(items, places)
    faults = [*doubtful, *_missing(trusted, edited), *_order(items, places)]
    if (first := trusted.get(1)) is not None and _entry(items, first).previous != GENESIS:
        faults.append(Fault(FaultKind.GENESIS, 1, "entry 1 does not begin a chain: it names one"))
    faults += _heads(items, head, seen)
    return sorted(faults, key=lambda fault: (fault.number, list(FaultKind).index(fault.kind)))


def _entry(items: Sequence[Item], place: int) -> Entry:
    item = items[place]
    assert isinstance(item, Entry)  # noqa: S101  # only entries are ever trusted
    return item


# --- what can be believed -----------------------------------------------------------------------


def _trusted(items: Sequence[Item], head: str | None) -> dict[int, int]:
    """The place of the true entry of each number, as far as there is one.

    From the last entry to the first, since a later one tells the hash of the one before it.
    """
    sound = {
        place: item
        for place, item in enumerate(items)
        if isinstance(item, Entry) and item.hash == _computed(item)
    }
    numbered: dict[int, list[int]] = defaultdict(list)
    for place, entry in sound.items():
        numbered[entry.number].append(place)
    known = {entry.hash: entry.number for entry in sound.values()}
    trusted: dict[int, int] = {}
    later: Entry | None = None
    for number in sorted(numbered, reverse=True):
        for place in sorted(numbered[number], key=lambda p: _worse(items, p, head)):
            entry = sound[place]
            if later is not None and later.number == number + 1:
                fits = entry.hash == later.previous
            else:
                fits = entry.hash == head or _fits(entry, known, numbered, head)
            if fits:
                trusted[number], later = place, entry
                break
    return trusted


def _worse(items: Sequence[Item], place: int, head: str | None) -> tuple[bool, bool]:
    """Of several that could be the true one, the least: the head, then one that stands behind
    the entry that it was built on, and not a copy of it elsewhere."""
    entry, before = _entry(items, place), items[place - 1] if place else None
    link = before.hash if isinstance(before, Entry) else GENESIS
    return entry.hash != head, entry.previous != link


def _computed(entry: Entry) -> str:
    try:
        return entry.computed()
    except (TypeError, ValueError, RecursionError):
        return ""  # what can't be hashed was never an entry


def _fits(
    entry: Entry, known: dict[str, int], numbered: dict[int, list[int]], head: str | None
) -> bool:
    """Whether an entry that no later one vouches for can be what it says."""
    if entry.previous == GENESIS or entry.number < 1:
        return entry.number == 1
    before = known.get(entry.previous)
    if before is not None:
        return before == entry.number - 1
    return head is None or entry.number - 1 not in numbered


# --- what is wrong ------------------------------------------------------------------------------


def _doubtful(items: Sequence[Item], places: dict[int, int]) -> tuple[list[Fault], set[int]]:
    """A fault for each item that is not what it says, and the numbers that they stand for."""
    faults: list[Fault] = []
    edited: set[int] = set()
    numbers, last, link = set(places.values()), 0, GENESIS
    for place, item in enumerate(items):
        if place in places:
            last, link = places[place], _entry(items, place).hash
            continue
        slot = last + 1
        while slot in edited:
            slot += 1
        if slot in numbers or not _may_be(item, slot, link, max(numbers, default=0)):
            faults.append(_inserted(item, last))
            continue
        edited.add(slot)
        faults.append(_edited(item, slot))
        link = item.hash if isinstance(item, Entry) else ""
    return faults, edited


def _may_be(item: Item, slot: int, link: str, highest: int) -> bool:
    """Whether an item in the place of entry `slot` stands for it: after the last believed entry
    there is room for any number of strangers."""
    if slot < highest or isinstance(item, Unreadable):
        return True
    return item.number == slot or item.previous == link


def _edited(item: Item, number: int) -> Fault:
    if isinstance(item, Unreadable):
        return Fault(
            FaultKind.UNREADABLE, number, f"entry {number} can't be read: its line {item.reason}"
        )
    said = f"entry {number} was edited"
    if item.number != number:
        said += f" and calls itself {item.number}"
    if item.hash == _computed(item):
        return Fault(FaultKind.EDITED, number, f"{said}; its hash was made anew to fit")
    return Fault(FaultKind.EDITED, number, f"{said}: its hash is not that of its content")


def _inserted(item: Item, after: int) -> Fault:
    where = f"after entry {after}" if after else "before entry 1"
    if isinstance(item, Unreadable):
        said = f"something that is no entry was inserted {where}: its line {item.reason}"
        return Fault(FaultKind.INSERTED, after, said)
    said = f"an entry that calls itself {item.number} was inserted {where}"
    return Fault(FaultKind.INSERTED, after, said)


def _missing(trusted: dict[int, int], edited: set[int]) -> Iterator[Fault]:
    present = sorted({*trusted, *edited})
    for before, after in zip([0, *present], present, strict=False):
        first, last = before + 1, after - 1
        if first == last:
            yield Fault(FaultKind.MISSING, first, f"entry {first} is missing")
        elif first < last:
            yield Fault(FaultKind.MISSING, first, f"entries {first} to {last} are missing")


def _order(items: Sequence[Item], places: dict[int, int]) -> list[Fault]:
    numbers = [places[place] for place in range(len(items)) if place in places]
    away = [
        (is_, ought) for is_, ought in zip(numbers, sorted(numbers), strict=True) if is_ != ought
    ]
    if not away:
        return []
    if len(away) == 2:
        one, other = sorted(away[0])
        return [Fault(FaultKind.REORDERED, one, f"entries {one} and {other} have changed places")]
    moved = sorted(set(numbers) - set(_longest_rising(numbers)))
    return [
        Fault(FaultKind.REORDERED, number, f"entry {number} is not in its place")
        for number in moved
    ]


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    """A longest rising subsequence (patience sorting)."""
    tops: list[int] = []
    tails: list[int] = []
    before: list[int] = []
    for index, number in enumerate(numbers):
        pile = bisect_left(tails, number)
        before.append(tops[pile - 1] if pile else -1)
        tails[pile : pile + 1] = [number]
        tops[pile : pile + 1] = [index]
    found: list[int] = []
    index = tops[-1] if tops else -1
    while index >= 0:
        found.append(numbers[index])
        index = before[index]
    return found[::-1]


def _heads(items: Sequence[Item], head: str | None, seen: str) -> Iterator[Fault]:
    """What the hashes that were written down elsewhere say."""
    hashes = [item.hash for item in items if isinstance(item, Entry)] or [GENESIS]
    if head is not None and hashes[-1] != head:
        said = f"the chain does not end with the head {head}: entries at its end were removed, "
        yield Fault(FaultKind.HEAD, len(items), f"{said}added or written anew")
    if seen and not any(hashed.startswith(seen) for hashed in hashes):
        said = f"no entry has the hash {seen}: entries were removed or written anew"
        yield Fault(FaultKind.HEAD, len(items), said)
