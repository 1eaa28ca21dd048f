"""From a text to a reading: the parts are joined, and what does not fit is named."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from agents.domain.market import Universe
from agents.domain.signal import (
    SignalKind,
    SignalReading,
    SignalUpdate,
    UpdateKind,
)
from agents.signals.reading.doubts import hearsay, indices, misfits, strays
from agents.signals.reading.items import Item, items
from agents.signals.reading.levels import levels
from agents.signals.reading.lexicon import RULE_WORDS, Word
from agents.signals.reading.pairs import Pair, mark_names, pair
from agents.signals.reading.prices import Levels, Price
from agents.signals.reading.shares import shares
from agents.signals.reading.sides import FoundSide, side
from agents.signals.reading.spelling import plain
from agents.signals.reading.tokens import Kind
from agents.signals.reading.updates import Said, updates

LONGEST = 8_000  # characters; the longest message of a chat platform is half of it
_TERSE = 12  # items of a text that says a side and nothing else
_FEW = 3  # unknown words beside "close now"
_MOST = 40  # levels, faults and pieces of one text
_NOTHING = SignalReading(SignalKind.NOTHING)


@dataclass(frozen=True, slots=True)
class _Parts:
    found: Sequence[Item]
    pair: Pair
    side: FoundSide
    levels: Levels
    said: Said

    @property
    def entries(self) -> list[Price]:
        listed = self.levels
        if listed.entries or listed.inline or listed.market:
            return listed.entries or listed.inline
        return listed.prices if listed.targets or listed.stops else []

    @property
    def kinds(self) -> int:
        """How many of entry, targets and stop the text has."""
        listed = self.levels
        return sum(
            (
                bool(self.entries) or listed.market,
                bool(listed.targets),
                bool(listed.stops or listed.stop_percents),
            )
        )

    @property
    def complete(self) -> bool:
        return self.kinds == 3

    def has(self, *meanings: Word) -> bool:
        return any(item.meaning in meanings for item in self.found)


def read_signal(text: str, universe: Universe) -> SignalReading:
    """What a posted text says: a signal, an update to one, or nothing."""
    if len(text) > LONGEST:
        return _NOTHING
    parts = _parts(text, universe)
    kind = _kind(parts)
    if kind is SignalKind.NOTHING:
        return _NOTHING
    if kind is SignalKind.UPDATE:
        return _update(parts)
    return _signal(parts)


def _parts(text: str, universe: Universe) -> _Parts:
    found = items(plain(text))
    mark_names(found, universe)
    listed = levels(found)
    bullets = listed.labels > 0 and listed.ticks_before >= listed.labels
    return _Parts(
        found, pair(found, universe), side(found), listed, updates(found, bullets=bullets)
    )


# --- kinds ------------------------------------------------------------------------------------

_PLAIN = frozenset(  # what nobody says of anything but a trade
    {
        UpdateKind.TARGET_HIT,
        UpdateKind.STOP_HIT,
        UpdateKind.STOP_TO_ENTRY,
        UpdateKind.MOVE_STOP,
    }
)
_ORDERS = frozenset({UpdateKind.CLOSE, UpdateKind.CLOSE_PART, UpdateKind.CANCEL})
_ENDS = frozenset(
    {
        UpdateKind.TARGET_HIT,
        UpdateKind.STOP_HIT,
        UpdateKind.CLOSE,
        UpdateKind.CANCEL,
        UpdateKind.ENTERED,
    }
)


def _kind(parts: _Parts) -> SignalKind:
    if _only_moves_a_stop(parts):
        return SignalKind.UPDATE
    ended = any(one.kind in _ENDS for one in parts.said.updates) and not _only_orders(parts)
    if _is_signal(parts) and not (ended and not _is_ambiguous(parts)):
        return SignalKind.SIGNAL
    if _is_told_afterwards(parts) or _is_a_strategy(parts) or _only_reports(parts):
        return SignalKind.NOTHING
    about = bool(parts.pair.written) or (
        len(parts.said.letters) <= _TERSE and not _is_an_advert(parts)
    )
    if any(one.kind in _PLAIN for one in parts.said.updates):
        return SignalKind.UPDATE
    if about and not _is_told_in_prose(parts) and (parts.said.maybe or parts.said.updates):
        return SignalKind.UPDATE
    return SignalKind.NOTHING


def _only_moves_a_stop(parts: _Parts) -> bool:
    """ "LONG BTC/USDT: stop moved to 60,000": a direction, and no level to enter or to leave at."""
    kinds = {one.kind for one in parts.said.updates}
    moves = bool(kinds) and kinds <= {UpdateKind.STOP_TO_ENTRY, UpdateKind.MOVE_STOP}
    return moves and not parts.entries and not parts.levels.targets


def _only_orders(parts: _Parts) -> bool:
    """A whole signal that also says to close, and nothing that has happened: it is not clear
    which of the two it is."""
    kinds = {one.kind for one in parts.said.updates}
    return parts.complete and kinds <= {*_ORDERS, UpdateKind.STOP_TO_ENTRY, UpdateKind.MOVE_STOP}


def _is_asked(parts: _Parts) -> bool:
    """Whether a line with a level ends in a question mark."""
    listed = parts.levels
    prices = (*parts.entries, *listed.targets, *listed.stops)
    lines = {parts.found[price.place].line: price.place for price in prices}
    marks = ((place, item) for place, item in enumerate(parts.found) if item.text == "?")
    return any(place > lines.get(item.line, place) for place, item in marks)


def _only_reports(parts: _Parts) -> bool:
    """ "+125 % with 20x, join us": nothing but results, told afterwards."""
    kinds = {one.kind for one in parts.said.updates}
    past = sum(item.meaning is Word.PAST for item in parts.found)
    told = past > 1 and kinds <= {UpdateKind.REPORT, UpdateKind.TARGET_HIT}
    return bool(kinds) and (told or (past > 0 and kinds == {UpdateKind.REPORT}))


def _is_an_advert(parts: _Parts) -> bool:
    """An address, and nothing but a gain."""
    linked = any(item.kind is Kind.GAP and "/" in item.text for item in parts.found)
    return linked and all(one.kind is UpdateKind.REPORT for one in parts.said.updates)


def _is_a_strategy(parts: _Parts) -> bool:
    return parts.side.side is not None and parts.has(Word.IF) and _is_a_rule(parts)


def _is_told_in_prose(parts: _Parts) -> bool:
    """A "close" or a gain between many other words is talk, and so is one of several coins."""
    return parts.said.letters.count("w") > _FEW or bool(parts.pair.fault and not parts.pair.written)


def _is_signal(parts: _Parts) -> bool:
    named = bool(parts.pair.written or parts.pair.fault)
    sided = parts.side.side is not None or bool(parts.side.fault)
    if _is_a_rule(parts):
        return False
    if parts.complete:
        return True
    if _is_asked(parts):
        return False
    if parts.kinds == 2:
        return sided or named or not _is_prose(parts)
    return named and sided and parts.kinds == 1 and _is_bare(parts)


def _is_bare(parts: _Parts) -> bool:
    """`XAUUSD SELL Stop Loss: 4450`, `BTC LONG NOW`: a side, a pair, a level, and no talk."""
    words = sum(item.kind is Kind.WORD and item.meaning is None for item in parts.found)
    words += 2 * (not parts.entries and parts.levels.market)  # "BTC PUMP! BUY NOW!"
    asks = any(item.text == "?" for item in parts.found)
    talk = parts.has(Word.PAST, Word.IF, Word.NOT)
    return words <= 2 and not asks and not talk and len(parts.said.letters) <= _TERSE


def _is_prose(parts: _Parts) -> bool:
    words = sum(item.kind is Kind.WORD and item.meaning is None for item in parts.found)
    return words > 12 or parts.has(Word.PAST)


def _is_a_rule(parts: _Parts) -> bool:
    """A strategy in words: "buy when the RSI drops below 30, stop 1%"."""
    listed = parts.levels
    if parts.has(Word.IF) and not parts.entries and not listed.market:
        return True
    ruled = any(item.text.lower() in RULE_WORDS for item in parts.found)
    return ruled and not (listed.targets and (listed.stops or listed.entries))


def _is_ambiguous(parts: _Parts) -> bool:
    """A whole signal in which all targets carry a tick: the author's bullets, or results."""
    targets = parts.levels.targets
    worded = "H" in parts.said.letters
    return parts.complete and all(one.ticked for one in targets) and not worded


def _is_told_afterwards(parts: _Parts) -> bool:
    """Recaps, adverts and news: past things, of no single pair, in sentences."""
    words = parts.said.letters.count("w")
    named = bool(parts.pair.written) and not parts.pair.fault
    past = parts.has(Word.PAST)
    return (past and not named) or (words > 12 and past) or (words > 25 and not named)


# --- updates ----------------------------------------------------------------------------------


def _update(parts: _Parts) -> SignalReading:
    faults = [parts.pair.fault, *parts.said.maybe]
    return SignalReading(
        SignalKind.UPDATE,
        parts.pair.symbol,
        parts.pair.written,
        parts.side.side,
        updates=_without_reports(parts.said.updates),
        faults=tuple(fault for fault in faults if fault)[:_MOST],
    )


def _without_reports(said: tuple[SignalUpdate, ...]) -> tuple[SignalUpdate, ...]:
    """A report beside something that is to be done says nothing."""
    moving = tuple(one for one in said if one.kind is not UpdateKind.REPORT)
    return moving or said


# --- signals ----------------------------------------------------------------------------------


def _signal(parts: _Parts) -> SignalReading:
    listed = parts.levels
    targets, share_fault = shares(listed.targets, [one.value for one in parts.entries])
    lever, lever_high, lever_fault = _leverage(listed)
    reading = SignalReading(
        SignalKind.SIGNAL,
        parts.pair.symbol,
        parts.pair.written,
        parts.side.side,
        market=listed.market,
        entries=_entries(parts.entries),
        targets=targets[:_MOST],
        stop=_only([one.value for one in listed.stops]),
        stop_percent=None if listed.stops else _only(listed.stop_percents),
        leverage=lever,
        leverage_high=lever_high,
        unread=tuple(dict.fromkeys(piece[:80] for piece in listed.unread))[:_MOST],
    )
    faults = [
        parts.pair.fault or ("" if parts.pair.written else "No pair is named."),
        *_side_faults(reading, parts.side),
        *listed.faults,
        *_entry_faults(parts),
        *_update_faults(parts.said),
        "It is asked, not said." if _is_asked(parts) else "",
        *_stop_faults(listed),
        share_fault,
        lever_fault,
        *_target_faults(listed, ambiguous=_is_ambiguous(parts)),
        *misfits(reading),
        *indices(reading),
        *hearsay(parts.found, parts.entries),
        *strays(parts.found, listed, reading),
    ]
    named = tuple(dict.fromkeys(fault for fault in faults if fault))
    return replace(_sided(reading, parts.side), faults=named[:_MOST])


def _sided(reading: SignalReading, found: FoundSide) -> SignalReading:
    """With the side that a coloured sign shows, where the levels say the same."""
    if reading.side is None and found.sign is not None and reading.fitting_side is found.sign:
        return replace(reading, side=found.sign)
    return reading


def _side_faults(reading: SignalReading, found: FoundSide) -> Iterator[str]:
    if found.fault:
        yield found.fault
    elif _sided(reading, found).side is None:
        fits = reading.fitting_side
        hint = f" The levels fit a {fits} alone." if fits else ""
        yield f"It does not say long or short.{hint}"


def _entries(found: Sequence[Price]) -> tuple[Decimal, ...]:
    values = [price.value for price in found]
    if len(values) == 2 and found[1].joined:
        values.sort()
    return tuple(dict.fromkeys(values))[:_MOST]


def _listing(values: Iterable[Decimal]) -> str:
    listed = [f"{value:f}" for value in values]
    return ", ".join(listed[:4]) + (" …" if len(listed) > 4 else "")


def _entry_faults(parts: _Parts) -> Iterator[str]:
    if not parts.entries and not parts.levels.market:
        yield "No entry is named."
    if len(parts.entries) > 1 and not parts.levels.targets and _is_a_list(parts.entries):
        yield "It is not clear what of its prices are entries, and what are targets."
    labelled, inline = parts.levels.entries, parts.levels.inline
    if labelled and inline and {p.value for p in inline} - {p.value for p in labelled}:
        values = [price.value for price in (*inline, *labelled)]
        yield f"It names several entries: {_listing(values)}."


def _is_a_list(entries: Sequence[Price]) -> bool:
    """More than a range, or than two limits."""
    return len(entries) > 2 or not (entries[1].joined or entries[1].index is not None)


def _update_faults(said: Said) -> Iterator[str]:
    if any(one.kind in _ORDERS for one in said.updates):
        yield "It also says to close or to cancel: a signal, or an update to one?"


def _stop_faults(listed: Levels) -> Iterator[str]:
    values = dict.fromkeys(price.value for price in listed.stops)
    if len(values) > 1:
        yield f"It names several stops: {_listing(values)}."
    percents = dict.fromkeys(listed.stop_percents)
    if not values and len(percents) > 1:
        yield f"The stop is a range, {_listing(percents)} %: it needs one number."


def _target_faults(listed: Levels, *, ambiguous: bool) -> Iterator[str]:
    indices = Counter(price.index for price in listed.targets if price.index is not None)
    for index, times in sorted(indices.items()):
        if times > 1:
            yield f"Target {index} is named twice."
    for orphan in listed.orphans:
        if orphan > len(listed.targets):
            yield f"Is “{orphan}” the number of a target, or a target?"
            break
    if len(listed.targets) > _MOST or len(listed.entries) > _MOST:
        yield f"It names more than {_MOST} entries or targets."
    if ambiguous and listed.targets and not listed.crossed:
        yield "Each target carries a tick: reached, or an ornament?"


def _leverage(listed: Levels) -> tuple[Decimal | None, Decimal | None, str]:
    """Low end, high end of a range, and a fault."""
    values = sorted(set(listed.leverages or listed.loose_leverages))
    if not values or (not listed.leverages and len(values) > 2):
        return None, None, ""
    if len(values) > 2 or values[-1] > 1000 or values[0] <= 0:
        return None, None, f"The leverage is not clear: {_listing(values)}."
    return values[0], values[1] if len(values) == 2 else None, ""


def _only(values: Sequence[Decimal]) -> Decimal | None:
    """The one value; None of several, which are a fault."""
    return values[0] if len(set(values)) == 1 else None
