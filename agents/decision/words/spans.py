"""Timeframes, durations and counts of candles."""

from decimal import Decimal

from agents.decision.words.phrases import LABELS
from agents.decision.words.sentence import Sentence
from agents.decision.words.tokens import Kind
from agents.domain.market import Timeframe

UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_ADVERBS = {
    "hourly": 3600, "daily": 86_400, "weekly": 604_800, "täglich": 86_400, "diario": 86_400,
    "wöchentlich": 604_800,
}  # fmt: skip
_MOST_MINUTES = 60 * 24 * 31


def as_timeframe(seconds: int) -> str:
    """`5m`, `4h`, `1d` and so on."""
    return str(Timeframe(seconds))


def timeframe(s: Sentence, i: int) -> tuple[str, int] | None:
    """A timeframe at word `i` (`15m`, `4 hour`, `H4`, `daily`) and the word after it."""
    if found := _counted(s, i):
        seconds, end = found
        return as_timeframe(seconds), s.skip(end, "chart") if s.has(end, "chart") else end
    if s.at(i).raw in _ADVERBS:
        return as_timeframe(_ADVERBS[s.at(i).raw]), i + 1
    if s.label(i) in UNIT_SECONDS and s.at(i).raw in {"h", "m", "d", "w"}:  # H4, M15, D1
        count = s.number(i + 1)
        if count is not None and s.at(i + 1).glued and _whole(count):
            return _limited(int(count) * UNIT_SECONDS[s.label(i)], i + 2)
    if s.label(i) in {"day", "week", "hour"} and s.has(i + 1, "candle", "chart"):
        return as_timeframe(UNIT_SECONDS[s.label(i)]), i + 1
    return None


def _counted(s: Sentence, i: int) -> tuple[int, int] | None:
    count = s.number(i)
    if count is None or not _whole(count) or s.label(i + 1) not in UNIT_SECONDS:
        return None
    limited = _limited(int(count) * UNIT_SECONDS[s.label(i + 1)], i + 2)
    return None if limited is None else (Timeframe.parse(limited[0]).seconds, limited[1])


def _whole(count: Decimal) -> bool:
    return count == count.to_integral_value() and 0 < count < 10_000


def _limited(seconds: int, end: int) -> tuple[str, int] | None:
    return (as_timeframe(seconds), end) if seconds <= _MOST_MINUTES * 60 else None


def duration(s: Sentence, i: int) -> tuple[int, int] | None:
    """Seconds of a stretch of time at word `i` (`24h`, `2 days`, `an hour`) and the word after."""
    if found := _counted(s, i):
        return found
    if s.label(i) in UNIT_SECONDS and s.at(i).raw not in {"h", "m", "d", "w", "s"}:
        return UNIT_SECONDS[s.label(i)], i + 1
    return None


def candles(s: Sentence, i: int) -> tuple[int, int] | None:
    """A count of candles at word `i` (`20 candles`, `20-period`, bare `20`)."""
    count = s.number(i)
    if count is None or not _whole(count):
        return None
    return int(count), s.skip(i + 1, "candle", "period")


def whole_number(s: Sentence, i: int) -> int | None:
    """The positive whole number at word `i`."""
    count = s.number(i)
    return int(count) if count is not None and _whole(count) else None


_PASSED_OVER = frozenset({"candles", "candle", "chart", "tf", "setup", "trade", "signal"})


def leads_on(s: Sentence, i: int) -> bool:
    """Whether a condition may begin at word `i` without naming what it speaks of.

    After a word of no meaning here it may not: in `interest drops 10%` it is not the price that
    drops.
    """
    before = s.at(i - 1)
    if before.kind in {Kind.END, Kind.SYMBOL, Kind.BREAK}:
        return True
    if before.kind in {Kind.NUMBER, Kind.TIME}:
        return True
    return before.kind is Kind.MARK or before.label in LABELS or before.raw in _PASSED_OVER


def ends_clause(s: Sentence, i: int) -> bool:
    """Whether nothing of the clause is left at word `i`."""
    return s.at(i).kind in {Kind.END, Kind.BREAK} or s.label(i) in {",", ";", ".", "!", "?"}
