"""What is done with an open position on a condition: a part is closed, the stop moves to the entry.

A clause says what is done and when, in either order: `sell half when rsi > 70`, `once rsi > 60
move stop to BE`. Without a condition on data it is nothing of this: `half at 2R` is a target.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agents.decision.words.conditions import Condition, Every, flat
from agents.decision.words.context import Context
from agents.decision.words.items import Breakeven, Item, Managed, Role, TargetLevel, Unclear
from agents.decision.words.levels import distance
from agents.decision.words.literal import clause_end, whole_condition
from agents.decision.words.sentence import Sentence
from agents.decision.words.shares import Share, closing
from agents.decision.words.spans import ends_clause
from agents.decision.words.targets import target_of_share
from agents.decision.words.terms import CLOSE
from agents.decision.words.tokens import Kind
from agents.decision.words.trails import breakeven, to_entry
from agents.decision.words.vocabulary import words

_BRINGING = words("bring put pull raise rise shift drag set adjust change get")
_MOVING = ("move", "stop", "breakeven", "trail")
_FILLERS = words("i i'm we you see sees get got there's there is ever it's")
_HEADINGS = words("manage management")
_MOST_FILLERS = 3
_ACTING = ("sell", "exit", "close", "buy", "long", "short", "enter", "exit long", "exit short")
# What may follow a condition after `and` without being a part of it.
_ELSE = (
    *_ACTING, "stop", "target", "trail", "breakeven", "risk", "leverage", "size", "rest", "move",
    "when", "only when", "unless", "flip", "mirror", "no", "not", "dont", "only", "only long",
    "only short", "both", "max", "positions", "all", "then", "on", "in", "with",
)  # fmt: skip
_ELSE_WORDS = words("use let keep hold trade set take leave go make run give also")
_WHEN = words("when if once")
_DENIED = ("dont", "no", "not")


@dataclass(frozen=True, slots=True)
class _When:
    """A condition up to word `end`, and a market that it names."""

    condition: Condition
    end: int
    market: str = ""


def managing(c: Context, i: int) -> Item | None:
    """Steps at word `i`, what is left to an exit rule, or words that mean one and can't be used."""
    if not _any(c):
        return None
    if c.s.at(i).raw in _HEADINGS and c.s.has(i + 1, ":"):
        item = managing(c, i + 2)
        return replace(item, start=i) if item else None
    if denies(c.s, i):
        done = _done_when(c, i + 1)
        return Item("denied", i, done.end, done.value) if done and done.kind == "manage" else None
    return _done_when(c, i) or _when_done(c, i) or _rest(c, i)


def denies(s: Sentence, i: int) -> bool:
    """Whether what follows word `i` is not to be done: `don't sell half`, `stop selling half`."""
    stopped = s.at(i).raw == "stop" and s.verbatim(i + 1, i + 2).lower().endswith("ing")
    return stopped or s.has(i, *_DENIED)


def _any(c: Context) -> bool:
    """Whether the sentence closes parts or moves a stop anywhere; asked once."""
    if c.manages is None:
        c.manages = any(closing(c.s, i) or _stop_to_entry(c, i) for i in range(len(c.s)))
    return c.manages


# --- what is done, then when ------------------------------------------------------------------


def _done_when(c: Context, i: int) -> Item | None:
    found, end = _doings(c, i)
    if not found:
        return None
    first = found[0]
    sure, at = _lead(c.s, end)
    if not sure and (at == end or first.vague):
        return None
    if first.part and (profit := _in_profit(c, i, first, at)):
        return profit
    state = c.saved()
    told = _when(c, at)
    if first.part and _is_target(c, first, told):
        c.restore(state)
        return None
    if told is None:
        return _without_condition(c, i, at) if sure and (first.part or first.vague) else None
    every, last = _continued(c, _managed(found, told), told)
    return _judged(c, i, last, found, every)


def _lead(s: Sentence, i: int) -> tuple[bool, int]:
    """Whether `when` leads on at word `i`, also as the end of `close when`, and the word after."""
    if s.has(i, "when", "only when"):
        return True, i + 1
    if s.has(i - 1, "exit") and s.verbatim(i - 1, i).lower().split()[-1] in _WHEN:
        return True, i
    return False, i + 1 if s.has(i, "after", "at", "on") else i


def _judged(c: Context, i: int, end: int, found: list[Share], every: tuple[Managed, ...]) -> Item:
    if any(one.vague for one in found):
        return Item("unclear", i, end, Unclear.SHARE)
    if more := _unread_part(c, end):
        return Item("unclear", i, more, Unclear.CONDITION)
    return Item("manage", i, end, every)


def _unread_part(c: Context, i: int) -> int | None:
    """The end of what a condition goes on with and can't be read: `and momentum fades`."""
    s = c.s
    j = s.skip(i, "and", "or")
    if j == i or ends_clause(s, j) or s.has(j, *_ELSE) or s.at(j).raw in _ELSE_WORDS:
        return None
    if s.at(j).kind is not Kind.WORD or doing(c, j) or closing(s, j, verbless=True):
        return None
    return max(clause_end(s, j), j + 1)


def _doings(c: Context, i: int) -> tuple[list[Share], int]:
    """What is done at word `i`, and what is joined to it: `sell half and move stop to BE`."""
    found: list[Share] = []
    j = end = i
    while one := doing(c, j):
        found.append(one)
        end = one.end
        j = c.s.skip(end, ",", "and", "then")
        if j == end:
            break
    return found, end


def doing(c: Context, i: int) -> Share | None:
    """One thing that is done at word `i`, without its condition."""
    found = closing(c.s, i) or _stop_to_entry(c, i)
    return found if found and not found.rest else None


def _stop_to_entry(c: Context, i: int) -> Share | None:
    s = c.s
    bare = s.at(i).raw == "be"
    brought = s.at(i).raw in _BRINGING
    if not (bare or brought or s.has(i, *_MOVING)):
        return None
    start = i + 1 if brought else i
    item = breakeven(c, start)
    named = to_entry(c, start)
    if item is None or named is None or item.value != Breakeven():
        return None
    return Share(s.skip(named, "stop", "price"), None)


def _managed(found: list[Share], told: _When) -> tuple[Managed, ...]:
    return tuple(
        Managed(told.condition, one.part, one.long, one.sure, told.market) for one in found
    )


def _continued(
    c: Context, before: tuple[Managed, ...], told: _When
) -> tuple[tuple[Managed, ...], int]:
    """With `... and a quarter when rsi > 80`, and with `... and move the stop to BE`."""
    every, end = before, told.end
    while (j := c.s.skip(end, ",", "and", "then", ";")) > end:
        only_joined = not any(c.s.has(k, ",", ";") for k in range(end, j))
        moved = _stop_to_entry(c, j) if only_joined else None
        if moved and ends_clause(c.s, moved.end):
            every, end = (*every, Managed(told.condition, market=told.market)), moved.end
            continue
        more = _another(c, j, before[0])
        if more is None:
            break
        every, end = (*every, more[0]), more[1]
    return every, end


def _another(c: Context, i: int, like: Managed) -> tuple[Managed, int] | None:
    """A share whose verb was said before: `a third when ..., a third when ...`."""
    part = None if closing(c.s, i) else closing(c.s, i, verbless=True)
    if part is None or part.part is None or part.vague or like.close is None:
        return None
    if _in_profit(c, i, part, part.end + 1):
        return None
    told = _when(c, part.end + 1) if c.s.has(part.end, "when") else None
    if told is None or _is_target(c, part, told):
        return None
    said = replace(like, condition=told.condition, close=part.part, market=told.market)
    return said, told.end


def _without_condition(c: Context, i: int, at: int) -> Item:
    """The whole clause, whose words from `at` on no rule can be made of."""
    start = at + 1 if c.s.at(at).kind is Kind.SYMBOL else at
    end = max(_past_more(c, clause_end(c.s, start)), at)
    return Item("unclear", i, end, Unclear.CONDITION)


def _is_target(c: Context, part: Share, told: _When | None) -> bool:
    """Whether `half when 70000` reads as a target, and no further as a condition."""
    found = target_of_share(c, part.said)
    if found is None or told is None:
        return found is not None
    pronoun = any(c.s.at(j).raw in {"it", "it's"} for j in range(part.end, found[1]))
    if pronoun and "close" not in told.condition.render(None):
        return False  # `when it's above 60`, said of the RSI, is no price
    return told.end <= found[1]


def _in_profit(c: Context, i: int, part: Share, at: int) -> Item | None:
    """`sell half when up 2%`: a target, since it is the position that is up."""
    s = c.s
    j = s.skip(at, "it", "is", "positions")
    if s.at(j).raw in {"i'm", "i", "we're", "trade"}:
        j = s.skip(j + 1, "is")
    if part.part is None or part.vague or not s.has(j, "up", "+"):
        return None
    found = distance(c, j + 1)
    if found is None or not ends_clause(s, found[1]) or not found[0].text.endswith(("%", "R")):
        return None
    return Item("target", i, found[1], (TargetLevel(found[0], part.part),))


# --- when, then what is done ------------------------------------------------------------------


def _when_done(c: Context, i: int) -> Item | None:
    """`when rsi > 70 sell half`, `rsi > 70: move stop to BE`."""
    s = c.s
    if not _begins(s, i):
        return None
    led = s.has(i, "when", "only when", "after", "on", "at")
    if not led and not _may_be_condition(s, i):
        return None
    if not any(closing(s, j) or _stop_to_entry(c, j) for j in range(i + 2, _sentence_end(s, i))):
        return None
    state = c.saved()
    told = _when(c, i + 1 if led else i, run=False)
    item = _then(c, i, told, led=led) if told else None
    if item is None:
        c.restore(state)
    return item


def _then(c: Context, i: int, told: _When, *, led: bool) -> Item | None:
    s = c.s
    j = s.skip(told.end, ",", "then", ":", "=", "-")
    if s.has(told.end, ",") and not (led or _has_rule(s, i)):
        return None
    if (rest := closing(s, j)) and rest.rest and ends_clause(s, rest.end):
        c.rests = (*c.rests, j)
        return None
    found, end = _doings(c, j)
    if not found or not (ends_clause(s, end) or _led_by_next(s, end)):
        return None
    return _judged(c, i, end, found, _managed(found, told))


def _has_rule(s: Sentence, i: int) -> bool:
    """Whether a condition at word `i` can't be that of the entry: a sentence or a `when` ended."""
    return s.has(i - 1, ".", ";", "\n") or any(s.has(k, "when", "only when") for k in range(i))


def _led_by_next(s: Sentence, i: int) -> bool:
    """Whether `and` at word `i` begins something else: `sell half and close the rest when ...`."""
    return s.has(i, "and", "then")


def _begins(s: Sentence, i: int) -> bool:
    return s.label(i - 1) in {"", ",", ";", ".", "\n", "and", "then", "!", "?", ":"} and (
        s.at(i - 1).kind not in {Kind.NUMBER, Kind.SYMBOL, Kind.TIME}
    )


def _may_be_condition(s: Sentence, i: int) -> bool:
    return s.at(i).kind is Kind.WORD and not s.has(i, *_ACTING, "and", "when", "then")


def _sentence_end(s: Sentence, i: int) -> int:
    while i < len(s) and not s.has(i, ".", ";", "\n", "!"):
        i += 1
    return i


# --- the condition ----------------------------------------------------------------------------


def _when(c: Context, i: int, *, run: bool = True) -> _When | None:
    """The condition at word `i`, past a market and words of no meaning before it."""
    s = c.s
    market = ""
    for j in range(i, i + _MOST_FILLERS + 1):
        if found := whole_condition(c, j):
            return _run(c, _When(found[0], found[1], market)) if run else _When(*found, market)
        if s.at(j).kind is Kind.SYMBOL and not market:
            market, c.subject = s.at(j).label, CLOSE
        elif s.at(j).raw not in _FILLERS and not s.has(j, ","):
            return None
    return None


def _run(c: Context, told: _When) -> _When:
    """With the conditions after commas, as far as each is a whole piece: `rsi > 70, macd < 0`."""
    parts, end = [told.condition], told.end
    while c.s.has(end, ",") and (more := _piece(c, end)):
        parts.append(more[0])
        end = more[1]
    whole = parts[0] if len(parts) == 1 else Every("and", flat("and", tuple(parts)))
    return replace(told, condition=whole, end=end)


def _piece(c: Context, comma: int) -> tuple[Condition, int] | None:
    """The condition after a comma, where nothing else is said in its clause."""
    s = c.s
    state = c.saved()
    more = whole_condition(c, s.skip(comma + 1, "and", "when"))
    if more and ends_clause(s, more[1]) and not _serves_next(s, more[1]):
        return more
    c.restore(state)
    return None


def _serves_next(s: Sentence, i: int) -> bool:
    """Whether the condition before word `i` is that of an action after it: `, rsi > 80, exit`."""
    j = s.skip(i, ",", "then")
    if not s.has(j, *_ACTING):
        return False
    return not any(s.has(k, "when", "at", "on") for k in range(j, j + 5))


def _past_more(c: Context, i: int) -> int:
    """Past the conditions after commas that belong to a clause that can't be used."""
    while c.s.has(i, ",") and (more := _piece(c, i)):
        i = more[1]
    return i


# --- what is left -----------------------------------------------------------------------------


def _rest(c: Context, i: int) -> Item | None:
    """`close the rest when ...`: the exit rule of what is open by then."""
    s = c.s
    found = closing(s, i)
    if found is None or not found.rest or not (s.has(found.end, "when") or i in c.rests):
        return None
    return Item("act", i, found.end, _role(s, found))


def _role(s: Sentence, found: Share) -> Role:
    """The exit of the side that a verb tells, unless the sentence is about one side only."""
    longs = any(s.has(i, "long", "buy", "only long", "both") for i in range(len(s)))
    shorts = any(s.has(i, "short", "only short", "both", "mirror") for i in range(len(s)))
    if found.long is None or longs != shorts:
        return Role.EXIT
    return Role.EXIT_LONG if found.long else Role.EXIT_SHORT
