"""Conditions joined by and, or, not and brackets, each with the timeframe that it names."""

from dataclasses import replace

from agents.decision.words.comparisons import comparison, held, shifted
from agents.decision.words.conditions import Compare, Condition, Every, Negated, OnTimeframe, flat
from agents.decision.words.context import Context
from agents.decision.words.idioms import idiom
from agents.decision.words.phrases import LABELS
from agents.decision.words.relations import relation
from agents.decision.words.spans import ends_clause, timeframe, whole_number
from agents.decision.words.terms import CLOSE
from agents.decision.words.tokens import Kind

Found = tuple[Condition, int]
_DEEPEST = 4
_JOINTS = frozenset({"and", "with", "when", "only when", "then", "on", "after"})


def condition(c: Context, i: int, depth: int = 0) -> Found | None:
    """The whole condition that begins at word `i`, as far as its words belong together."""
    found = _all_of(c, i, depth)
    if found is None:
        return None
    parts, end = [found[0]], found[1]
    while (j := _past_or(c, end)) and (more := _all_of(c, c.s.skip(j, "when"), depth)):
        parts.append(more[0])
        end = more[1]
    return (parts[0] if len(parts) == 1 else Every("or", flat("or", tuple(parts)))), end


def _past_or(c: Context, i: int) -> int | None:
    """The word after `or`, or after `, or`."""
    j = c.s.skip(i, ",")
    return j + 1 if c.s.has(j, "or") else None


def _all_of(c: Context, i: int, depth: int) -> Found | None:
    found = _one(c, i, depth)
    if found is None:
        return None
    parts, end = [found[0]], found[1]
    while True:
        if crossed := _after_being(c, parts[-1], end):
            parts[-1], end = crossed
            continue
        more = _next(c, end, depth)
        if more is None:
            break
        parts.append(more[0])
        end = more[1]
    parts = _as_cross(c, parts, i, end)
    return (parts[0] if len(parts) == 1 else Every("and", flat("and", tuple(parts)))), end


def _as_cross(c: Context, parts: list[Condition], first: int, end: int) -> list[Condition]:
    """`was below 30 and is now above 30`: what was and what is make a cross."""
    if len(parts) < 2 or not any(c.s.at(i).raw in {"was", "were"} for i in range(first, end)):
        return parts
    was, now = parts[-2:]
    if not (isinstance(was, Compare) and isinstance(now, Compare)):
        return parts
    if (was.left, was.right) != (now.left, now.right) or {was.op, now.op} != {"<", ">"}:
        return parts
    op = "crosses above" if now.op == ">" else "crosses below"
    return [*parts[:-2], replace(now, op=op)]


def _next(c: Context, i: int, depth: int) -> Found | None:
    """The next part of a conjunction, joined by a word or only standing beside."""
    j, after = i, False
    while c.s.label(j) in _JOINTS or (c.s.has(j, ",") and c.s.has(j + 1, "and", "with", "when")):
        after = after or c.s.has(j, "after")
        j += 1
    if c.s.has(j, "unless") and (found := _one(c, j + 1, depth)):
        return Negated(found[0]), found[1]
    state = c.saved()
    if j == i and c.subject is not None and c.subject.scale == "price":
        c.subject = CLOSE  # `ema9 crosses ema21 above the 200 ema` speaks of the price
    found = _one(c, j, depth)
    if found is None:
        c.restore(state)
        return None
    return (_before(found[0]), found[1]) if after else found


def _before(found: Condition) -> Condition:
    """`found` as it was at the candle before: `closes above ... after two red candles`."""
    if isinstance(found, Compare):
        return shifted(found, 1)
    if isinstance(found, Every) and all(isinstance(part, Compare) for part in found.parts):
        return Every(found.word, tuple(shifted(part, 1) for part in found.parts))
    return found


def _one(c: Context, i: int, depth: int) -> Found | None:
    if depth > _DEEPEST:
        return None
    s = c.s
    if s.has(i, "not", "no") and not s.has(i + 1, "not", "no"):
        denied = _one(c, s.skip(i + 1, "when"), depth + 1)
        if denied is not None:
            return Negated(denied[0]), denied[1]
    if s.has(i, "("):
        inner = condition(c, i + 1, depth + 1)
        return (inner[0], inner[1] + 1) if inner and s.has(inner[1], ")") else None
    if not _may_begin(c, i):
        return None
    return _led(c, i) or _trailed(c, _atom(c, i))


def _may_begin(c: Context, i: int) -> bool:
    """Whether a condition can begin with the word at `i`; saves trying every reader."""
    word = c.s.at(i)
    if word.kind is Kind.WORD:
        return word.label in LABELS or word.raw in {"k", "d"}
    return word.kind is Kind.NUMBER or word.label in {"+", "-", "[", "%", "$"}


def _atom(c: Context, i: int) -> Found | None:
    return idiom(c, i) or comparison(c, i)


def _led(c: Context, i: int) -> Found | None:
    """`on the 4h, price above the 200 ema`."""
    s = c.s
    led = s.has(i, "on", "in")
    frame = timeframe(s, i + 1 if led else i)
    if frame is None:
        return None
    j = s.skip(frame[1], "chart", "candle", ",")
    if s.at(j).raw in {"filter", "bias", "trend", "confirmation", "context"} and s.has(
        j + 1, ":", "="
    ):
        j += 2
    elif not led:
        return None
    found = _atom(c, j)
    return (OnTimeframe(found[0], frame[0]), found[1]) if found else None


def _trailed(c: Context, found: Found | None) -> Found | None:
    """With what may follow a condition: its timeframe, how long it held."""
    if found is None:
        return None
    part, i = found
    s = c.s
    if s.has(i, "fall", "rise", "closes", "is") and ends_clause(s, i + 1):
        i += 1  # where the verb comes last: `wenn der RSI unter 35 fällt`
    if s.has(i, "in", "on") and s.has(i + 1, "last") and s.has(i + 2, "candle"):
        part, i = shifted(part, 1), i + 3
    if s.has(i, "for") or (s.has(i, "last") and s.has(i + 2, "candle")):
        j = s.skip(i, "for", "at least", "last")
        count = whole_number(s, j)
        if count and count <= 20 and s.has(j + 1, "candle") and isinstance(part, Compare):
            part, i = held(part, count), s.skip(j + 2, "row")
    j = s.skip(i, "on", "in", "@", "at")
    if j > i and (frame := timeframe(s, j)):
        end = s.skip(frame[1], "chart", "candle")
        if s.has(end, "closes", "close") and not relation(s, end + 1):
            end += 1
        return OnTimeframe(part, frame[0]), end
    return part, i


def _after_being(c: Context, part: Condition, i: int) -> Found | None:
    """`closes above the 50 sma after being below it`: a cross."""
    s = c.s
    if not isinstance(part, Compare) or not s.has(i, "after", "from"):
        return None
    told = relation(s, i + 1)
    if told is None or told.op not in {">", "<", "crosses above", "crosses below"}:
        return None
    same = s.has(told.end, "it") or s.number(told.end) == getattr(part.right, "number", None)
    if not same or part.op not in {">", "<", "crosses above", "crosses below"}:
        return None
    above = part.op in {">", "crosses above"}
    if above == (told.op in {">", "crosses above"}):
        return None
    return replace(part, op="crosses above" if above else "crosses below"), told.end + 1
