"""More than one strategy in a sentence, and rules that look at another market."""

from dataclasses import dataclass
from itertools import pairwise

from agents.decision.words.draft import Draft
from agents.decision.words.items import Item, Role
from agents.decision.words.roles import ENTRIES

_HEAD = frozenset({"symbol", "timeframe", "unknown", "limit"})


@dataclass(frozen=True, slots=True)
class _Region:
    """What is said around one entry: items `start` to `end - 1`."""

    start: int
    end: int
    role: Role
    symbols: frozenset[str]
    frames: frozenset[str]
    stops: frozenset[str]


def second_strategy(draft: Draft) -> None:
    """Keep the first of two strategies, name the words of the second, and ask."""
    at = _second(draft)
    if at is None:
        return
    rest = draft.s.verbatim(draft.items[at].start, len(draft.s))
    draft.items = draft.items[:at]
    draft.ask(
        "strategies",
        "These are two strategies in one sentence. I read the first one; send the other by itself.",
        "Only the first",
    )
    draft.leave(rest)


def _second(draft: Draft) -> int | None:
    """The index of the item where another strategy begins."""
    regions = _regions(draft)
    said = _says_two(draft)
    for before, region in pairwise(regions):
        if said or _apart(before, region):
            return region.start
    return None


def _apart(one: _Region, two: _Region) -> bool:
    """Whether two entries can't belong to one strategy."""
    markets = bool(one.symbols and two.symbols and not one.symbols & two.symbols)
    frames = bool(one.frames and two.frames and not one.frames & two.frames)
    stops = bool(one.role is two.role and one.stops and two.stops and one.stops != two.stops)
    return markets or frames or stops


def _regions(draft: Draft) -> list[_Region]:
    """The stretch of items around each entry, from its market and timeframe to the next one's."""
    items = draft.items
    roles = {item.value for item in items if item.kind == "act"}
    entries = [
        at
        for at, item in enumerate(items)
        if item.kind == "act"
        and item.value in ENTRIES
        and not (item.value is Role.SELL and Role.LONG in roles)
        and not (item.value is Role.ENTER and roles & {Role.LONG, Role.SHORT})
    ]
    starts = [0, *(_head(items, at) for at in entries[1:])]
    ends = [*starts[1:], len(items)]
    spans = zip(entries, starts, ends, strict=False)
    return [_region(items, at, start, end) for at, start, end in spans]


def _head(items: list[Item], at: int) -> int:
    """Where the words that lead up to the entry at `at` begin: `... and eth 1h short`."""
    start = at
    while start > 0 and (items[start - 1].kind in _HEAD or items[start - 1].value in {":", "-"}):
        if start > 1 and items[start - 2].kind == "act" and items[start - 1].kind == "symbol":
            break  # `long eth short btc`: the market belongs to the action before it
        start -= 1
    return start


def _region(items: list[Item], at: int, start: int, end: int) -> _Region:
    part = items[start:end]
    return _Region(
        start,
        end,
        items[at].value,
        frozenset(item.value for item in part if item.kind == "symbol"),
        frozenset(item.value for item in part if item.kind == "timeframe"),
        frozenset(item.value.render(None) for item in part if item.kind == "stop"),
    )


def _says_two(draft: Draft) -> bool:
    """`two strategies`, `a second bot`, `another strategy`."""
    raws = [draft.s.at(i).raw or draft.s.verbatim(i, i + 1) for i in range(len(draft.s))]
    pairs = set(pairwise(raws))
    things = ("strategy", "strategies", "bot", "bots", "one")
    numbers = {("2", "strategies"), ("2", "bots"), ("two", "strategies"), ("two", "bots")}
    numbered = {(word, thing) for word in ("second", "another") for thing in things}
    return bool(pairs & (numbers | numbered))


def without_foreign_conditions(draft: Draft) -> None:
    """A rule sees only its own market: `short SOL when BTC drops 5%` can't be checked."""
    traded: set[str] = set()
    kept: list[Item] = []
    led, at = False, 0
    while at < len(draft.items):
        item = draft.items[at]
        end = _foreign_end(draft, at) if item.kind == "symbol" and led else at
        if end > at and traded and item.value not in traded:
            _name_foreign(draft, item.start, draft.items[end - 1].end)
            at = end
            continue
        if item.kind == "symbol":
            traded.add(item.value)
        led = item.kind in {"when", "only when", "unless"} or (
            led and item.kind in {"unknown", "cond", "timeframe"}
        )
        kept.append(item)
        at += 1
    draft.items = kept


def _foreign_end(draft: Draft, at: int) -> int:
    """The item after what is said of the market at `at`; `at` itself when nothing is."""
    end = at + 1
    while end < len(draft.items):
        item = draft.items[end]
        joins = item.kind == "unknown" and not draft.s.has(item.start, "and", "or", "with")
        if not (joins or item.kind in {"cond", "timeframe"}):
            break
        end += 1
    said = any(item.kind != "timeframe" for item in draft.items[at + 1 : end])
    return end if said else at


def _name_foreign(draft: Draft, start: int, end: int) -> None:
    words = draft.s.verbatim(start, end)
    draft.ask(
        "entry",
        f"A rule can only look at the market that it trades; I can't check “{words}”. Leave it"
        " out, or trade that market.",
    )
    draft.leave(words)
