"""Volume against its usual size, as the relative volume of the catalogue."""

from decimal import Decimal

from agents.decision.words.conditions import Compare, Condition
from agents.decision.words.context import Context
from agents.decision.words.relations import Relation
from agents.decision.words.spans import whole_number
from agents.decision.words.terms import Operand, Term, number

Found = tuple[Condition, int]
_WORDS = {"twice": Decimal(2), "triple": Decimal(3), "half": Decimal("0.5")}
_USUAL = 20
SPIKE = Decimal(2)
HIGH = Decimal("1.5")


def relative(period: int, op: str, factor: Decimal, note: str = "") -> Compare:
    """The volume is `factor` times the mean of the `period` candles before."""
    left = Term(f"rvol({period})", "ratio")
    return Compare(left, op, number(factor), (note,) if note else ())


def against_average(c: Context, subject: Operand, told: Relation) -> Found | None:
    """`volume over 2x the 20-candle average`, `above average`, `at least 1.5 times normal`."""
    if not isinstance(subject, Term) or not subject.text.startswith(("volume", "rvol")):
        return None
    factor, i = multiple(c, told.end)
    reference = average(c, i)
    if reference is None:
        return None
    period, end = reference
    op = told.op if told.op in {">", "<", ">=", "<=", "crosses above", "crosses below"} else ">="
    return relative(period, op, factor, _note(c, i, end)), end


def _note(c: Context, first: int, end: int) -> str:
    said = any(c.s.number(index) is not None for index in range(first, end))
    return "" if said else f"Average volume is that of the {_USUAL} candles before."


def multiple(c: Context, i: int) -> tuple[Decimal, int]:
    """`2x`, `1.5 times`, `twice`, `150%`, `50% above`; 1 where none is said."""
    s = c.s
    if s.label(i) in _WORDS:
        return _WORDS[s.label(i)], s.skip(i + 1, "above")
    value = s.number(i)
    if value is None or value > 1000:
        return Decimal(1), i
    if s.has(i + 1, "times", "*"):
        return value, s.skip(i + 2, "above", "it")
    if s.has(i + 1, "percent"):
        if s.has(i + 2, "above"):
            return 1 + value / 100, i + 3
        return value / 100, i + 2
    return Decimal(1), i


def average(c: Context, i: int) -> tuple[int, int] | None:
    """`20-candle average`, `average volume of the last 50 candles`, `20 sma`, `normal`."""
    s = c.s
    i = s.skip(i, "it", "in")
    period = _count(c, i)
    j = s.skip(i + 1, "period", "candle", "day", "hour") if period else i
    if s.has(j, "volume") and s.has(j + 1, "average", "ma", "sma", "ema"):
        j += 1
    if not s.has(j, "average", "ma", "sma"):
        return None
    j += 1
    if not period and s.has(j, "(") and whole_number(s, j + 1) and s.has(j + 2, ")"):
        period, j = whole_number(s, j + 1), j + 3
    elif not period and whole_number(s, j) and s.at(j).glued:
        period, j = whole_number(s, j), j + 1
    j = s.skip(j, "volume")
    after = s.skip(j, "in", "above", "last")
    if not period and after > j and (count := whole_number(s, after)):
        period, j = count, s.skip(after + 1, "candle", "period")
    return period or _USUAL, j


def _count(c: Context, i: int) -> int | None:
    return whole_number(c.s, i)


def volume_phrase(c: Context, i: int) -> Found | None:
    """`volume spike`, `high volume`, `2x volume`, `above average volume`, `volume is high`."""
    if c.s.has(i, "spike"):
        return _sized_spike(c, i + 1) or (_spike(), i + 1)
    i = c.s.skip(i, "with", "on")
    if c.s.has(i, "volume"):
        return _volume_is(c, i)
    return _described_volume(c, i) or _multiplied_volume(c, i)


def _described_volume(c: Context, i: int) -> Found | None:
    """`high volume`, `low volume`, `above average volume`."""
    s = c.s
    if s.has(i, "strong", "high", "rising") and s.has(i + 1, "volume"):
        return _high(), i + 2
    if s.has(i, "weak", "low") and s.has(i + 1, "volume"):
        return _low(), i + 2
    found = average(c, i + 1) if s.has(i, "above", "below") else None
    if found is None or not s.has(found[1] - 1, "volume"):
        return None
    op = ">" if s.has(i, "above") else "<"
    return relative(found[0], op, Decimal(1), _note(c, i, found[1])), found[1]


def _multiplied_volume(c: Context, i: int) -> Found | None:
    """`2x average volume`, `double the volume`."""
    factor, j = multiple(c, i)
    if j == i:
        return None
    found = average(c, j)
    if found is not None and c.s.has(found[1] - 1, "volume"):
        return relative(found[0], ">=", factor, _note(c, j, found[1])), found[1]
    return (_usual_times(factor), j + 1) if c.s.has(j, "volume") else None


def _spike() -> Compare:
    note = f"A volume spike is over {SPIKE}x the average of {_USUAL} candles."
    return relative(_USUAL, ">", SPIKE, note)


def _high() -> Compare:
    return relative(
        _USUAL, ">", HIGH, f"High volume is over {HIGH}x the average of {_USUAL} candles."
    )


def _low() -> Compare:
    note = f"Low volume is less than the average of {_USUAL} candles."
    return relative(_USUAL, "<", Decimal(1), note)


def _usual_times(factor: Decimal) -> Compare:
    note = f"Volume is compared with the average of {_USUAL} candles."
    return relative(_USUAL, ">=", factor, note)


def _sized_spike(c: Context, i: int) -> Found | None:
    """`volume spikes 3x`, `a volume spike of 2x the 20 candle average`."""
    factor, j = multiple(c, c.s.skip(i, "to", "at least", "above", "by", "in"))
    if factor == 1:
        return None
    found = average(c, j)
    period, end = found or (_USUAL, j)
    return relative(period, ">=", factor, _note(c, j, end)), end


def _volume_is(c: Context, i: int) -> Found | None:
    """`volume is high`, `volume spikes`, `volume 2x average`, `volume doubles`."""
    s = c.s
    j = s.skip(i + 1, "is")
    if s.has(j, "strong", "high"):
        return _high(), j + 1
    if s.has(j, "weak", "low"):
        return _low(), j + 1
    if s.has(j, "rise") and not s.has(j + 1, "above", "back") and s.number(j + 1) is None:
        return _spike(), j + 1
    factor, k = multiple(c, j)
    if k == j:
        return None
    if found := average(c, k):
        return relative(found[0], ">=", factor, _note(c, k, found[1])), found[1]
    return (_usual_times(factor), k) if s.has(j, "twice", "triple") else None
