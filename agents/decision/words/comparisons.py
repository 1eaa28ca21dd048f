"""Reading one comparison: operand, relation, operand, with what the sentence leaves out."""

from dataclasses import replace

from agents.decision.words.conditions import Between, Compare, Condition, Every, OnTimeframe, both
from agents.decision.words.context import Context
from agents.decision.words.indicators import FAMILIES
from agents.decision.words.operands import MOVING_AVERAGES, operand
from agents.decision.words.relations import Relation, relation
from agents.decision.words.sentence import Sentence
from agents.decision.words.spans import ends_clause, leads_on, timeframe, whole_number
from agents.decision.words.terms import CLOSE, Offset, Operand, Term, number
from agents.decision.words.volume import against_average

Found = tuple[Condition, int]
_OSCILLATORS = frozenset({"percent100", "minus100", "zero", "strength", "ratio", "free", "volume"})
_ANY_SCALE = frozenset({"number"})


def comparison(c: Context, i: int) -> Found | None:
    """`rsi below 30`, `price above the 50 and 200 ema`, `ema20 > ema50 > ema200`, `below 30`."""
    if c.s.has(i, "both") and (found := _of_both(c, i)):
        return found
    state = c.saved()
    left, j = _subject(c, i)
    frame, j = _framed(c, j) if left is not None else (None, j)
    told = relation(c.s, j)
    hanging = left is None and not (c.s.has(i, "it") or leads_on(c.s, i))
    if told is None or (left is None and (told.bare or told.end == i)) or hanging:
        c.restore(state)
        return None
    found = _against(c, left, told)
    if found is None:
        c.restore(state)
        return None
    return (OnTimeframe(found[0], frame), found[1]) if frame else found


def _of_both(c: Context, i: int) -> Found | None:
    """`both are below 20`: the two lines that were spoken of last."""
    told = relation(c.s, i + 1)
    level = c.s.number(told.end) if told else None
    pair = (c.subject, c.thing)
    if told is None or level is None or told.op not in {"<", ">", "<=", ">="}:
        return None
    if not all(isinstance(one, Term) and not one.is_number for one in pair):
        return None
    parts = [Compare(one, told.op, number(level)) for one in pair if one is not None]
    return both(*parts), told.end + 1


def _subject(c: Context, i: int) -> tuple[Operand | None, int]:
    """What is compared; None where the sentence leaves it out or says `it`."""
    if c.s.has(i, "it"):
        return None, i + 1
    found = operand(c, i)
    if found is None or found[0].is_number:
        return None, i
    return found


def _framed(c: Context, i: int) -> tuple[str | None, int]:
    """The timeframe between a subject and its relation: `rsi on the 4h is above 50`."""
    j = c.s.skip(i, "on", "in")
    frame = timeframe(c.s, j) if j > i else None
    return frame if frame and relation(c.s, frame[1]) else (None, i)


def _against(c: Context, left: Operand | None, told: Relation) -> Found | None:
    if told.op == "between":
        return _between(c, left, told.end)
    if c.s.number(told.end) is not None and c.s.has(told.end + 1, "percent"):
        left = _as_percentage(left)
        if left is None:
            return None
    if (left is not None and left.scale in {"volume", "free"}) or c.s.has(told.end, "average"):
        subject = left or c.subject
        if subject is not None and (found := against_average(c, subject, told)):
            c.subject = subject
            return found
    rights, end = _objects(c, left, told.end)
    if not rights:
        return _crossed_again(c, left, told)
    subject = _fitting(c, left, rights[0], told)
    if subject is None:
        return None
    if told.closes and subject.scale == "price":
        subject = replace(CLOSE, timeframe=subject.timeframe)
    told, end = _suffixed(c.s, told, end)
    rights, end = _moved_away(c, told, rights, end)
    parts = [_compared(subject, told.op, right, c.s) for right in rights]
    c.subject, c.thing = subject, rights[-1]
    if isinstance(parts[-1], Compare) and told.op.startswith("crosses"):
        c.crossing = parts[-1]
    return _chained(c, both(*parts), told, rights[-1], end)


def _as_percentage(left: Operand | None) -> Operand | None:
    """What is compared with per cents: atr in per cent of the price; a price has none."""
    if isinstance(left, Term) and left.text.startswith("atr("):
        return replace(left, text=f"n{left.text}")
    return left if left is not None and left.scale != "price" else None


def _crossed_again(c: Context, left: Operand | None, told: Relation) -> Found | None:
    """`... get out when it crosses back under`: the same two lines as before."""
    if left is not None or c.subject is None or c.thing is None:
        return None
    named = c.s.has(told.end - 1, "above", "below", "up", "down", "back")
    crosses = told.op in {"crosses above", "crosses below"} and named
    if not (crosses or (told.op in {">", "<"} and ends_clause(c.s, told.end))):
        return None
    return Compare(c.subject, told.op, c.thing), told.end


def _objects(c: Context, left: Operand | None, i: int) -> tuple[list[Operand], int]:
    """One operand, or several averages: `the 50 and 200 ema`, `ema 20, 50 and 100`."""
    if several := averages(c, c.s.skip(i, "both", "all")):
        return list(several[0]), several[1]
    if c.s.has(i, "it") and c.thing is not None:
        return [c.thing], i + 1
    if left is not None and left.is_number:
        return [], i
    found = operand(c, i)
    return ([_like(left, found[0])], found[1]) if found else ([], i)


def _like(left: Operand | None, right: Operand) -> Operand:
    """`ema 9 above 21`: a small number beside an average is the period of another one."""
    if not (isinstance(left, Term) and isinstance(right, Term) and right.is_number):
        return right
    name = left.text.partition("(")[0]
    period = right.number
    if name not in MOVING_AVERAGES or period != int(period) or not 2 <= period <= _LONGEST_AVERAGE:
        return right
    text = f"{name}({period})"
    return replace(left, text=text, notes=(f"“{period}” is read as {text}.",))


def averages(c: Context, i: int) -> tuple[tuple[Term, ...], int] | None:
    """Two or more moving averages that share their name: `9/21 ema`, `emas 20, 50 and 200`."""
    s = c.s
    if s.label(i) in MOVING_AVERAGES:
        counts, end = numbers(s, i + 1)
        return (named(s.label(i), counts), end) if len(counts) > 1 else None
    counts, end = numbers(s, i)
    end = s.skip(end, "period", "candle")
    if len(counts) < 2 or s.label(end) not in MOVING_AVERAGES:
        return None
    return named(s.label(end), counts), end + 1


def named(label: str, counts: list[int]) -> tuple[Term, ...]:
    name = FAMILIES[label].name
    notes = ("“ma” is read as the simple moving average (sma).",) if label == "ma" else ()
    return tuple(Term(f"{name}({count})", notes=notes) for count in counts)


_MOST_AVERAGES = 6
_LONGEST_AVERAGE = 400
_UNITS = ("percent", "r", "atr", "times", "minute", "hour", "day", "week", "risk", "target")


def numbers(s: Sentence, i: int) -> tuple[list[int], int]:
    """Whole numbers joined by commas, slashes or `and`."""
    counts: list[int] = []
    if s.has(i, "("):
        i += 1
    while (count := whole_number(s, i)) is not None and len(counts) < _MOST_AVERAGES:
        counts.append(count)
        i = s.skip(i + 1, "period") if s.has(i + 1, "period") else i + 1
        after = s.skip(i, ",", "/", "and", "-")
        if whole_number(s, after) is None or s.has(after + 1, *_UNITS):
            break
        i = after
    return counts, s.skip(i, ")") if counts and s.has(i, ")") else i


def _fitting(c: Context, left: Operand | None, right: Operand, told: Relation) -> Operand | None:
    """The left side: as said, else the last one that can be compared with `right`."""
    if left is not None:
        return left
    if told.closes:
        return CLOSE
    if right.is_number and c.subject is None and not _price_like(right):
        return None
    last = CLOSE if right.render(None) == "cloud" else c.subject
    if last is not None and last.render(None) in {"open", "high", "low"}:
        last = CLOSE
    if right.is_number:
        return last or CLOSE
    if last is not None and last.scale == right.scale:
        return last
    return CLOSE if right.scale == "price" else None


def _suffixed(s: Sentence, told: Relation, end: int) -> tuple[Relation, int]:
    """`30 or lower`, `crosses ema21 up`, `25+`."""
    if s.has(end, "or more", "or less"):
        op = ">=" if s.has(end, "or more") else "<="
        return replace(
            told, op=op if told.op in {"hits", ">", "<", "crosses"} else told.op
        ), end + 1
    j = s.skip(end, "on", "in")
    if told.op in {"crosses", "hits"} and s.has(j, "up", "down", "bullish", "bearish"):
        up = s.has(j, "up", "bullish")
        return replace(told, op="crosses above" if up else "crosses below"), j + 1
    if told.op in {">", "hits"} and s.has(end, "+") and s.at(end).glued:
        return replace(told, op=">="), end + 1
    return told, end


def _price_like(value: Operand) -> bool:
    """Whether a bare number can be a price: `when below 30` without a subject is not one."""
    return isinstance(value, Term) and (value.number > 100 or 0 < value.number < 1)


def _moved_away(
    c: Context, told: Relation, rights: list[Operand], end: int
) -> tuple[list[Operand], int]:
    """`below vwap by 1%`."""
    share = c.s.number(end + 1)
    right = rights[-1]
    if not c.s.has(end, "by") or share is None or not c.s.has(end + 2, "percent"):
        return rights, end
    if not isinstance(right, Term) or right.scale != "price":
        return rights, end
    sign = "+" if told.op in {">", ">=", "crosses above"} else "-"
    return [*rights[:-1], Offset(right, sign, share)], c.s.skip(end + 3, "or more", "or less")


def _compared(left: Operand, op: str, right: Operand, s: Sentence) -> Condition:
    """`left op right`; a break knows its direction from what is broken."""
    if isinstance(right, Term) and right.text == "cloud":
        return _cloud(left, op, right)
    if isinstance(right, Term) and op == "crosses":
        if right.text.startswith(("highest", "prev_day.high")) or right.text.endswith("upper"):
            op = "crosses above"
        elif right.text.startswith(("lowest", "prev_day.low")) or right.text.endswith("lower"):
            op = "crosses below"
    return Compare(left, op, right)


def _cloud(left: Operand, op: str, cloud: Term) -> Condition:
    """Beyond both spans of the cloud; a cross is beyond both now and across one of them."""
    spans = [replace(cloud, text=f"ichimoku(9,26,52).span_{name}") for name in "ab"]
    up = op in {">", ">=", "crosses above", "crosses", "hits"}
    beyond = both(*(Compare(left, ">" if up else "<", span) for span in spans))
    if not op.startswith("crosses"):
        return beyond
    across = tuple(
        Compare(left, "crosses above" if up else "crosses below", span) for span in spans
    )
    return both(beyond, Every("or", across))


def _chained(c: Context, found: Condition, told: Relation, right: Operand, end: int) -> Found:
    """`ema20 > ema50 > ema200`."""
    while told.op in {">", "<"} and not right.is_number:
        again = relation(c.s, end)
        more = operand(c, again.end) if again is not None and again.op == told.op else None
        if more is None:
            break
        further = _like(right, more[0])
        found = both(found, Compare(right, told.op, further))
        c.thing, right, end = further, further, more[1]
    return found, end


def _between(c: Context, left: Operand | None, i: int) -> Found | None:
    low = operand(c, i)
    if low is None or not c.s.has(low[1], "and", "to", "-", "or"):
        return None
    high = operand(c, low[1] + 1)
    if high is None or low[0].is_number != high[0].is_number:
        return None
    subject = left or (c.subject if c.subject and low[0].is_number else CLOSE)
    c.subject = subject
    ends = (low[0], high[0])
    if isinstance(ends[0], Term) and isinstance(ends[1], Term) and ends[0].is_number:
        ends = (ends[0], ends[1]) if ends[0].number <= ends[1].number else (ends[1], ends[0])
    return Between(subject, *ends), high[1]


def held(found: Condition, count: int) -> Condition:
    """`found` at each of the last `count` candles."""
    parts = [shifted(found, back) for back in range(count)]
    return Every("and", tuple(parts))


def shifted(found: Condition, back: int) -> Condition:
    """`found` as it was `back` candles of the strategy's timeframe ago."""
    if not isinstance(found, Compare) or back == 0:
        return found
    return replace(found, left=_earlier(found.left, back), right=_earlier(found.right, back))


def _earlier(value: Operand, back: int) -> Operand:
    if isinstance(value, Term) and not value.is_number:
        return replace(value, shift=value.shift + back)
    return value
