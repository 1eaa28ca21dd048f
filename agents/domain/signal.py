"""Signals that others post: what was read of a text, and whether its levels make sense."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from agents.domain.money import HUNDRED, ONE
from agents.domain.strategy import Side

LONGEST_AGE = timedelta(minutes=30)
FARTHEST_PERCENT = Decimal(10)


class SignalKind(StrEnum):
    SIGNAL = "signal"
    UPDATE = "update"  # to an earlier signal
    NOTHING = "nothing"


class UpdateKind(StrEnum):
    """REPORT is a result that asks for nothing: "+12 %", "170 pips profit"."""

    TARGET_HIT = "target_hit"
    STOP_HIT = "stop_hit"
    STOP_TO_ENTRY = "stop_to_entry"
    MOVE_STOP = "move_stop"
    CLOSE = "close"
    CLOSE_PART = "close_part"
    CANCEL = "cancel"
    ENTERED = "entered"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class SignalTarget:
    """`share` is the part of the position in percent, None where none was written."""

    price: Decimal
    share: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SignalUpdate:
    """`target` counts from 1, None for a target without its number; `share` is in percent."""

    kind: UpdateKind
    target: int | None = None
    price: Decimal | None = None
    share: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SignalReading:
    """What a text says; None and empty where it says nothing.

    `symbol` is that of the universe, None where it has no such market; `written` is the pair as
    the text spells it. `entries` are one price, low and high of a range, or several limit prices
    as written. `stop_percent` is the distance from the entry. `leverage` is the lower end where a
    range was written, and `leverage_high` then the upper. `faults` name in plain words what could
    not be read or is ambiguous: nobody may act on a reading with faults without asking. `unread`
    are pieces of the text beside a level that were left out.
    """

    kind: SignalKind
    symbol: str | None = None
    written: str = ""
    side: Side | None = None
    market: bool = False
    entries: tuple[Decimal, ...] = ()
    targets: tuple[SignalTarget, ...] = ()
    stop: Decimal | None = None
    stop_percent: Decimal | None = None
    leverage: Decimal | None = None
    leverage_high: Decimal | None = None
    updates: tuple[SignalUpdate, ...] = ()
    faults: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def fitting_side(self) -> Side | None:
        """The one side that stop, entries and targets allow; None when they allow both or none."""
        allowed = [side for side in Side if _has_levels(self) and not _misplaced(self, side, None)]
        return allowed[0] if len(allowed) == 1 else None

    def stop_from(self, entry: Decimal) -> Decimal | None:
        """The stop's price for a fill at `entry`; None without a stop, or a side for a percent."""
        if self.stop is not None or self.stop_percent is None or self.side is None:
            return self.stop
        return entry * (ONE - self.side.sign * self.stop_percent / HUNDRED)

    def as_json(self) -> dict[str, Any]:
        """JSON values; prices as text, so that none loses digits."""
        return {
            "kind": self.kind.value,
            "symbol": self.symbol,
            "written": self.written,
            "side": self.side.value if self.side else None,
            "market": self.market,
            "entries": [_text(price) for price in self.entries],
            "targets": [[_text(one.price), _text(one.share)] for one in self.targets],
            "stop": _text(self.stop),
            "stop_percent": _text(self.stop_percent),
            "leverage": _text(self.leverage),
            "leverage_high": _text(self.leverage_high),
            "updates": [
                [one.kind.value, one.target, _text(one.price), _text(one.share)]
                for one in self.updates
            ],
            "faults": list(self.faults),
            "unread": list(self.unread),
        }


def reading_from_json(stored: dict[str, Any]) -> SignalReading:
    """The reading that `as_json` stored."""
    return SignalReading(
        kind=SignalKind(stored["kind"]),
        symbol=stored["symbol"],
        written=stored["written"],
        side=Side(stored["side"]) if stored["side"] else None,
        market=stored["market"],
        entries=tuple(Decimal(price) for price in stored["entries"]),
        targets=tuple(
            SignalTarget(Decimal(price), _decimal(share)) for price, share in stored["targets"]
        ),
        stop=_decimal(stored["stop"]),
        stop_percent=_decimal(stored["stop_percent"]),
        leverage=_decimal(stored["leverage"]),
        leverage_high=_decimal(stored["leverage_high"]),
        updates=tuple(
            SignalUpdate(UpdateKind(kind), target, _decimal(price), _decimal(share))
            for kind, target, price, share in stored["updates"]
        ),
        faults=tuple(stored["faults"]),
        unread=tuple(stored["unread"]),
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _decimal(stored: str | None) -> Decimal | None:
    return None if stored is None else Decimal(stored)


# --- levels that make no sense ----------------------------------------------------------------


class ProblemName(StrEnum):
    """Why a signal is refused."""

    NO_STOP = "no stop"
    STOP_WRONG_SIDE = "stop on the wrong side"
    TARGET_BEHIND = "target behind the price"
    FAR_FROM_MARKET = "price far from the market"
    EXPIRED = "expired"
    IMPOSSIBLE = "impossible number"


@dataclass(frozen=True, slots=True)
class Problem:
    """`words` is a sentence with the numbers."""

    name: ProblemName
    words: str


def problems(
    reading: SignalReading,
    price: Decimal | None,
    *,
    age: timedelta = timedelta(0),
    longest: timedelta = LONGEST_AGE,
    farthest: Decimal = FARTHEST_PERCENT,
) -> tuple[Problem, ...]:
    """Why the levels of a signal make no sense at the market's present `price` (None: unknown).

    `age` is how old the signal is, `farthest` in percent of the price. Where the side was not
    said, the levels are held against the side that they fit. Empty when all is well, which says
    nothing about `reading.faults`.
    """
    side = reading.side or reading.fitting_side
    return (
        *_impossible(reading),
        *_missing_stop(reading),
        *(_misplaced(reading, side, price) if side else _senseless(reading)),
        *_far(reading, price, farthest),
        *_expired(age, longest),
    )


def _has_levels(reading: SignalReading) -> bool:
    return bool(reading.entries or reading.stop is not None) and bool(
        reading.targets or reading.stop is not None
    )


def _impossible(reading: SignalReading) -> Iterator[Problem]:
    named = [("entry", price) for price in reading.entries]
    named += [("target", target.price) for target in reading.targets]
    named += [("stop", reading.stop)] if reading.stop is not None else []
    for name, price in named:
        if not price.is_finite() or price <= 0:
            yield Problem(ProblemName.IMPOSSIBLE, f"The {name} {price} is no price.")
    if reading.stop_percent is not None and not 0 < reading.stop_percent < HUNDRED:
        said = f"A stop of {reading.stop_percent:f} % is not possible."
        yield Problem(ProblemName.IMPOSSIBLE, said)


def _missing_stop(reading: SignalReading) -> Iterator[Problem]:
    if reading.stop is None and reading.stop_percent is None:
        yield Problem(ProblemName.NO_STOP, "The signal names no stop.")


def _senseless(reading: SignalReading) -> Iterator[Problem]:
    """Where no side was said, and the levels fit neither."""
    if _has_levels(reading) and all(_misplaced(reading, side, None) for side in Side):
        words = "Stop, entry and targets fit neither a long nor a short."
        yield Problem(ProblemName.STOP_WRONG_SIDE, words)


def _misplaced(reading: SignalReading, side: Side, price: Decimal | None) -> tuple[Problem, ...]:
    """Stop and targets against the entries, each other, and the price."""
    return (*_stop_misplaced(reading, side, price), *_targets_misplaced(reading, side, price))


def _stop_misplaced(reading: SignalReading, side: Side, price: Decimal | None) -> Iterator[Problem]:
    stop = reading.stop
    if stop is None:
        return
    must = "below" if side is Side.LONG else "above"
    for entry in reading.entries:
        if (entry - stop) * side.sign <= 0:
            words = f"The stop {stop:f} of a {side} must be {must} the entry {entry:f}."
            yield Problem(ProblemName.STOP_WRONG_SIDE, words)
            return
    if price is not None and (price - stop) * side.sign <= 0:
        words = f"The price {price:f} has passed the stop {stop:f} of a {side}."
        yield Problem(ProblemName.STOP_WRONG_SIDE, words)


def _targets_misplaced(
    reading: SignalReading, side: Side, price: Decimal | None
) -> Iterator[Problem]:
    marks = [("entry", entry) for entry in reading.entries]
    marks += [("stop", reading.stop)] if reading.stop is not None else []
    marks += [("price", price)] if price is not None else []
    must = f"{side} must be {'above' if side is Side.LONG else 'below'}"
    for target in reading.targets:
        for name, mark in marks:
            if (target.price - mark) * side.sign <= 0:
                words = f"The target {target.price:f} of a {must} the {name} {mark:f}."
                yield Problem(ProblemName.TARGET_BEHIND, words)
                return


def _far(reading: SignalReading, price: Decimal | None, farthest: Decimal) -> Iterator[Problem]:
    if price is None or price <= 0 or not reading.entries:
        return
    low, high = min(reading.entries), max(reading.entries)
    nearest = min(max(price, low), high)
    percent = abs(nearest - price) / price * HUNDRED
    if percent > farthest:
        words = (
            f"The entry {nearest:f} is {percent:.0f} % away from the price {price:f};"
            f" {farthest:f} % is the most."
        )
        yield Problem(ProblemName.FAR_FROM_MARKET, words)


def _expired(age: timedelta, longest: timedelta) -> Iterator[Problem]:
    if age > longest:
        minutes, most = (int(span.total_seconds() // 60) for span in (age, longest))
        words = f"The signal is {minutes} minutes old; after {most} it has expired."
        yield Problem(ProblemName.EXPIRED, words)
