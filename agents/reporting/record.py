"""Honest totals of a channel, out of nothing but its record.

Results are in R (multiples of what was risked), as the entries say them. Every signal that was
published counts: open ones, those that nobody took, and those whose result can't be read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from statistics import median
from typing import Any

from agents.domain.money import ZERO
from agents.domain.record import Entry, RecordKind
from agents.reporting.performance import drawdown


class Fate(StrEnum):
    """What has become of a signal. UNKNOWN is closed with a result that can't be read."""

    WAITING = "waiting"
    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    NOT_TAKEN = "not taken"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One signal as the record tells it. `result` is in R, `ended` when it closed and
    `ended_by` the number of the entry that says so."""

    number: int
    said_at: datetime
    facts: Any
    fate: Fate = Fate.WAITING
    result: Decimal | None = None
    ended: datetime | None = None
    ended_by: int = 0
    corrections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Totals:
    """`drawdown` is the largest fall of the running sum of results from its highest point so far
    (at least zero), `streak` the most losses in a row; a result of exactly zero ends a streak."""

    signals: int
    waiting: int
    open: int
    not_taken: int
    unknown: int
    closed: int
    wins: int
    losses: int
    total: Decimal
    average: Decimal | None
    median: Decimal | None
    best: Decimal | None
    worst: Decimal | None
    streak: int
    drawdown: Decimal
    corrections: int
    since: datetime | None
    last: datetime | None


def outcomes(entries: Iterable[Entry]) -> list[Outcome]:
    """Every signal with its fate, by number. The first closing counts, whatever follows it."""
    found: dict[int, Outcome] = {}
    for entry in entries:
        number = entry.body.get("signal")
        if not isinstance(number, int):
            continue
        if entry.kind == RecordKind.SIGNAL:
            found.setdefault(number, Outcome(number, entry.at, entry.body))
        elif number in found:
            found[number] = _told(found[number], entry)
    return [found[number] for number in sorted(found)]


def _told(outcome: Outcome, entry: Entry) -> Outcome:
    """A signal after one more entry about it. A fill that came after it was given up counts."""
    ended = outcome.fate in {Fate.CLOSED, Fate.UNKNOWN}
    match entry.kind:
        case RecordKind.CORRECTION:
            told = str(entry.body.get("text", ""))
            return replace(outcome, corrections=(*outcome.corrections, told))
        case RecordKind.FILLED if not ended:
            return replace(outcome, fate=Fate.OPEN)
        case RecordKind.NOT_TAKEN if outcome.fate is Fate.WAITING:
            return replace(outcome, fate=Fate.NOT_TAKEN)
        case RecordKind.CLOSED if not ended:
            result = _result(entry)
            fate = Fate.UNKNOWN if result is None else Fate.CLOSED
            return replace(outcome, fate=fate, result=result, ended=entry.at, ended_by=entry.number)
        case _:
            return outcome


def _result(entry: Entry) -> Decimal | None:
    try:
        result = Decimal(str(entry.body.get("r")))
    except InvalidOperation:
        return None
    return result if result.is_finite() else None


def results(entries: Iterable[Entry]) -> list[tuple[datetime, Decimal]]:
    """(when it closed, result in R) of every closed signal, in the order of their closing."""
    closed = [one for one in outcomes(entries) if one.fate is Fate.CLOSED]
    closed.sort(key=lambda one: one.ended_by)
    return [(one.ended or one.said_at, one.result or ZERO) for one in closed]


def totals(entries: Sequence[Entry]) -> Totals:
    """Everything that the record of a channel says in numbers."""
    every = outcomes(entries)
    made = [result for _, result in results(entries)]
    fates = [one.fate for one in every]
    return Totals(
        signals=len(every),
        waiting=fates.count(Fate.WAITING),
        open=fates.count(Fate.OPEN),
        not_taken=fates.count(Fate.NOT_TAKEN),
        unknown=fates.count(Fate.UNKNOWN),
        closed=len(made),
        wins=sum(result > 0 for result in made),
        losses=sum(result < 0 for result in made),
        total=sum(made, ZERO),
        average=sum(made, ZERO) / len(made) if made else None,
        median=median(made) if made else None,
        best=max(made, default=None),
        worst=min(made, default=None),
        streak=losing_streak(made),
        drawdown=drawdown(made),
        corrections=sum(entry.kind == RecordKind.CORRECTION for entry in entries),
        since=entries[0].at if entries else None,
        last=entries[-1].at if entries else None,
    )


def losing_streak(made: Iterable[Decimal]) -> int:
    """The most losses in a row."""
    longest = now = 0
    for result in made:
        now = now + 1 if result < 0 else 0
        longest = max(longest, now)
    return longest
