"""Crosses of averages, stacks of them, and what a trend is."""

from dataclasses import replace
from itertools import pairwise

from agents.decision.words.comparisons import averages, comparison, named, numbers
from agents.decision.words.conditions import Compare, Condition, Every
from agents.decision.words.context import Context
from agents.decision.words.operands import MOVING_AVERAGES, operand
from agents.decision.words.sentence import Sentence
from agents.decision.words.spans import timeframe
from agents.decision.words.terms import CLOSE, Operand, Term

Found = tuple[Condition, int]


def golden(c: Context, i: int) -> Found | None:
    """`golden cross`, `20/50 death cross`, `golden cross of the 50 and 200 ema`."""
    before = averages(c, i)
    j = before[1] if before else i
    if not c.s.has(j, "golden cross", "death cross"):
        return None
    up = c.s.has(j, "golden cross")
    name = "golden" if up else "death"
    end = j + 1
    after = averages(c, c.s.skip(end, "in", "on", "between", "(", "with")) if not before else None
    pair = (before or after or ((), 0))[0]
    if after:
        end = c.s.skip(after[1], ")")
    op = "crosses above" if up else "crosses below"
    if len(pair) == 2:
        fast, slow = sorted(pair, key=lambda term: int(term.text.strip("emashw()")))
        c.crossing = Compare(fast, op, slow)
        return c.crossing, end
    note = f"A {name} cross is sma(50) crossing {'above' if up else 'below'} sma(200)."
    c.crossing = Compare(Term("sma(50)"), op, Term("sma(200)"), (note,))
    return c.crossing, end


def opposite_cross(c: Context, i: int) -> Found | None:
    """`exit on the opposite cross`: that of the lines spoken of last."""
    s = c.s
    if (
        c.crossing is None
        or not s.has(i, "mirror")
        or not s.has(i + 1, "cross", "crossover", "signal")
    ):
        return None
    turned = {"crosses above": "crosses below", "crosses below": "crosses above"}
    op = turned.get(c.crossing.op, "crosses")  # an open one turns by the side of the exit
    return replace(c.crossing, op=op, notes=()), i + 2


def pair_cross(c: Context, i: int) -> Found | None:
    """`9/21 ema cross`, `ema 9 and 21 bullish crossover`, `bullish macd cross`."""
    s = c.s
    if listed := _named_after(c, i):
        c.subject, c.thing = listed[0], listed[1]
        way, end = _way(s, listed[2])
        c.crossing = Compare(listed[0], way, listed[1])
        return c.crossing, end
    lead = s.label(i) if s.has(i, "bullish", "bearish", "up", "down") else ""
    j = i + 1 if lead else i
    pair = _two_lines(c, j) or _lines_in_mind(c, j, lead)
    if pair is None:
        return None
    fast, slow, end = pair
    lead = lead or (s.label(end) if s.has(end, "bullish", "bearish", "up", "down") else "")
    end = s.skip(end, "is", "bullish", "bearish", "up", "down")
    if not s.has(end, "cross", "crossover"):
        return None
    noun, end = s.has(end, "crossover"), end + 1
    if s.has(end, "up", "down", "bullish", "bearish") or (
        not noun and s.has(end, "above", "below") and not operand(c, end + 1)
    ):
        lead, end = s.label(end), end + 1
    if not noun and operand(c, s.skip(end, "through", "above", "below", "on", "back")):
        return None
    c.subject, c.thing = fast, slow
    op = {
        "": "crosses",
        "bullish": "crosses above",
        "up": "crosses above",
        "above": "crosses above",
    }
    c.crossing = Compare(fast, op.get(lead, "crosses below"), slow)
    return c.crossing, end


def _way(s: Sentence, i: int) -> tuple[str, int]:
    """The direction of a cross named at word `i`; open where none is."""
    if s.has(i, "up", "bullish"):
        return "crosses above", i + 1
    return ("crosses below", i + 1) if s.has(i, "down", "bearish") else ("crosses", i)


def _lines_in_mind(c: Context, i: int, lead: str) -> tuple[Operand, Operand, int] | None:
    """`stoch oversold and bullish cross`: the two lines of the indicator spoken of last."""
    if not c.s.has(i, "cross", "crossover") or not isinstance(c.subject, Term):
        return None
    if not lead and not c.s.has(i + 1, "up", "down", "bullish", "bearish"):
        return None
    partner = _partner(c.subject)
    return (c.subject, partner, i) if partner is not None else None


def _partner(line: Term) -> Term | None:
    """The slower line that crosses are counted against: the signal line, or %D."""
    for fast, slow in ((".line", ".signal"), (".k", ".d")):
        if line.text.startswith(("macd", "stoch")) and line.text.endswith(fast):
            return replace(line, text=line.text.removesuffix(fast) + slow)
    return None


def _named_after(c: Context, i: int) -> tuple[Operand, Operand, int] | None:
    """`ema cross 9/21`."""
    s = c.s
    if s.label(i) not in MOVING_AVERAGES or not s.has(i + 1, "cross", "crossover"):
        return None
    counts, end = numbers(s, i + 2)
    if len(counts) != 2:
        return None
    fast, slow = named(s.label(i), counts)
    return fast, slow, end


def _two_lines(c: Context, i: int) -> tuple[Operand, Operand, int] | None:
    if several := averages(c, i):
        terms, end = several
        return (terms[0], terms[1], end) if len(terms) == 2 else None
    found = operand(c, i)
    if found is None or not isinstance(found[0], Term):
        return None
    partner = _partner(found[0])
    return (found[0], partner, found[1]) if partner is not None else None


def trend(c: Context, i: int) -> Found | None:
    """`4h uptrend`, `uptrend on the daily`, `trend is down`: the close against ema(200), stated."""
    s = c.s
    i = s.skip(i, "in", "on")
    frame = timeframe(s, i)
    j = frame[1] if frame else i
    if not s.has(j, "uptrend", "downtrend"):
        return None
    up, end = s.has(j, "uptrend"), j + 1
    if not frame:
        frame = timeframe(s, s.skip(end, "on", "in"))
        end = frame[1] if frame else end
    if s.has(end, "(", "="):  # the user says what it means
        inner = s.skip(end, "(", "=")
        if operand(c, inner):
            return None
    word = "An uptrend" if up else "A downtrend"
    where = f" on {frame[0]}" if frame else ""
    note = f"{word}{where} is a close {'above' if up else 'below'} ema(200){where}."
    average = Term("ema(200)", timeframe=frame[0] if frame else None)
    return Compare(CLOSE, ">" if up else "<", average, (note,)), end


def trend_named(c: Context, i: int) -> Found | None:
    """`daily uptrend (price over the daily 20 ema)`: the brackets say it all."""

    s = c.s
    frame = timeframe(s, i)
    j = frame[1] if frame else i
    if not s.has(j, "uptrend", "downtrend"):
        return None
    k = s.skip(j + 1, "(", "=", "is", "means", ":")
    if k == j + 1 or (found := comparison(c, k)) is None:
        return None
    end = found[1] + 1 if s.has(found[1], ")") else found[1]
    return (found[0].on(frame[0]) if frame else found[0]), end


def stack(c: Context, i: int) -> Found | None:
    """`emas stacked bullish 20/50/200`, `ema 20, 50, 200 aligned`."""
    s = c.s
    found = averages(c, i)
    if found is None or len(found[0]) < 2:
        return None
    j = s.skip(found[1], "is", "in")
    down = s.has(j, "bearish") or s.has(j + 1, "bearish")
    words = {s.at(j).raw, s.at(j + 1).raw}
    if not words & {"stacked", "aligned", "stack", "order", "fanned"}:
        return None
    end = s.skip(
        j,
        "bullish",
        "bearish",
        "is",
        "stacked",
        "aligned",
        "stack",
        "order",
        "fanned",
        "up",
        "down",
    )
    terms = sorted(found[0], key=lambda term: int(term.text.strip("emashw()")))
    op = "<" if down else ">"
    pairs = pairwise(terms)
    return Every("and", tuple(Compare(one, op, two) for one, two in pairs)), end
