"""Which timeframe is the strategy's own."""

from dataclasses import dataclass

from agents.decision.words.conditions import Condition, Every, Negated, Noted, OnTimeframe, Sided
from agents.decision.words.items import Item
from agents.decision.words.terms import Offset, Operand, Term
from agents.domain.market import TIMEFRAMES, Timeframe


@dataclass(frozen=True, slots=True)
class Frame:
    """The strategy's timeframe (None: unknown), whether it was only inferred, and rivals to it."""

    own: str | None
    inferred: bool = False
    rivals: tuple[str, ...] = ()
    unusual: str | None = None


def frame(items: list[Item]) -> Frame:
    """The one that stands for itself; else the finest that a condition names."""
    alone = list(dict.fromkeys(item.value for item in items if item.kind == "timeframe"))
    loose: list[str] = []
    tight: list[str] = []
    for item in items:
        if item.kind == "cond":
            _collect(item.value, loose, tight)
        elif item.kind == "manage":
            for one in item.value:
                _collect(one.condition, loose, tight)
    if alone:
        finer = [one for one in (*loose, *tight) if _seconds(one) < min(map(_seconds, alone))]
        own, *rivals = sorted({*alone, *finer}, key=_seconds)
        return _checked(Frame(own, rivals=tuple(rivals)))
    if loose:
        return _checked(Frame(min(loose, key=_seconds)))
    if tight:
        return _checked(Frame(min(tight, key=_seconds), inferred=True))
    return Frame(None)


def _checked(found: Frame) -> Frame:
    if found.own in TIMEFRAMES or found.own is None:
        return found
    return Frame(None, unusual=found.own)


def nearest(timeframe: str) -> tuple[str, ...]:
    """Up to four usual timeframes around an unusual one."""
    wanted = _seconds(timeframe)
    ranked = sorted(TIMEFRAMES, key=lambda text: abs(_seconds(text) - wanted))
    return tuple(sorted(ranked[:4], key=_seconds))


def _seconds(timeframe: str) -> int:
    return Timeframe.parse(timeframe).seconds


def _collect(condition: Condition, loose: list[str], tight: list[str]) -> None:
    """Timeframes named beside a condition, and those that are part of an operand."""
    match condition:
        case OnTimeframe(part, timeframe):
            loose.append(timeframe)
            _collect(part, loose, tight)
        case Every(_, parts):
            for part in parts:
                _collect(part, loose, tight)
        case Negated(part) | Noted(part, _):
            _collect(part, loose, tight)
        case Sided(long, _):
            _collect(long, loose, tight)
        case _:
            names = ("left", "right", "low", "high", "term")
            tight += [found for name in names for found in _own(getattr(condition, name, None))]


def _own(operand: Operand | None) -> list[str]:
    if isinstance(operand, Offset):
        operand = operand.base
    if not isinstance(operand, Term) or operand.timeframe is None or operand.past:
        return []
    return [operand.timeframe]
