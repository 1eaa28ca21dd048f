"""The words between two operands: above, crosses below, drops under, at least, between."""

from dataclasses import dataclass

from agents.decision.words.sentence import Sentence
from agents.decision.words.tokens import Kind

_PLAIN = {"above": ">", "below": "<", "at least": ">=", "at most": "<=", "=": "hits"}
_OPPOSITE = {">": "<=", "<": ">=", ">=": "<", "<=": ">", "hits": "hits"}
_CROSSES = {"above": "crosses above", "below": "crosses below"}
_UP = frozenset({"up", "bullish"})
_DOWN = frozenset({"down", "bearish"})


@dataclass(frozen=True, slots=True)
class Relation:
    """`op` of the rule language, `crosses` or `hits` while the side is open, `between`.

    `closes` tells that the words speak of the close, whatever stood before; `bare` that no word
    compared, so that a subject must have been said.
    """

    op: str
    end: int
    closes: bool = False
    bare: bool = False


def relation(s: Sentence, i: int) -> Relation | None:
    """The comparison at word `i`; None when the words compare nothing."""
    i = s.skip(i, "is", "then")
    if s.has(i, "back") and s.has(i + 1, "above", "below"):
        return Relation(_CROSSES[s.label(i + 1)], i + 2)
    negated = s.has(i, "not")
    i = s.skip(i + 1, "is") if negated else i
    found = _plain(s, i) or _crossing(s, i) or _closing(s, i) or _moving(s, i) or _bare(s, i)
    if found is None or not negated:
        return found
    opposite = _OPPOSITE.get(found.op)
    return Relation(opposite, found.end, found.closes) if opposite else None


def _plain(s: Sentence, i: int) -> Relation | None:
    i = s.skip(i, "only") if s.label(i + 1) in _PLAIN else i
    label = s.label(i)
    if label == "outside":
        j = s.skip(i + 1, "in")
        if s.has(j, "upper", "lower"):
            return Relation(">" if s.has(j, "upper") else "<", j)
    if label == "between":
        return Relation("between", i + 1)
    if label == "[" or label not in _PLAIN:
        return None
    op, end = _PLAIN[label], i + 1
    if s.has(end, "=") or (s.has(end, "or") and s.has(end + 1, "=")):
        op, end = {">": ">=", "<": "<="}.get(op, op), s.skip(end, "or", "=", "to")
    if s.has(end, "above", "below") and s.at(end).raw in {">", "<"}:
        end += 1  # `above > 70`
    return Relation(op, end)


def _bare(s: Sentence, i: int) -> Relation | None:
    """`rsi at 30`, `rsi 30 or lower`: a level without a comparing word."""
    j = s.skip(i, "at", ":")
    value = s.number(j)
    if value is None or s.label(j + 1) in {
        "percent",
        "times",
        "r",
        "minute",
        "hour",
        "atr",
        "candle",
    }:
        return None
    told = j > i or s.has(j + 1, "or more", "or less") or (s.has(j + 1, "+") and s.at(j + 1).glued)
    told = told or s.at(j + 1).kind in {Kind.END, Kind.BREAK} or s.has(j + 1, ",", ";", ".", "and")
    return Relation("hits", j, bare=True) if told else None


def _crossing(s: Sentence, i: int) -> Relation | None:
    label = s.label(i)
    if label in {"reclaim", "lose"}:
        return Relation("crosses above" if label == "reclaim" else "crosses below", i + 1)
    if label not in {"cross", "break", "breakout", "breakdown"}:
        return None
    if label == "cross" and s.at(i).raw == "cut" and s.has(i + 1, "in"):
        return None
    op = {"breakout": "crosses above", "breakdown": "crosses below"}.get(label, "crosses")
    return _directed(s, i + 1, op)


def _directed(s: Sentence, i: int, op: str) -> Relation:
    """`crosses back up through`, `breaks out above`: the direction, wherever it stands."""
    while s.label(i) in _UP | _DOWN | set(_CROSSES) | {
        "back",
        "through",
        "in",
        "on",
        "closes",
        "at",
    }:
        label = s.label(i)
        if label in _CROSSES:
            op = _CROSSES[label]
            i += 1
            break
        if label in _UP | _DOWN:
            op = "crosses above" if label in _UP else "crosses below"
        i += 1
    return Relation(op, i)


def _closing(s: Sentence, i: int) -> Relation | None:
    """`closes above`, `closes back below`, `close over`."""
    if not s.has(i, "closes"):
        return None
    i = s.skip(i + 1, "candle", "price")
    back = s.has(i, "back")
    i = s.skip(i, "back", "in", "at")
    found = _plain(s, i) or _crossing(s, i)
    if found is None or found.op == "between":
        return None
    op = {">": "crosses above", "<": "crosses below"}.get(found.op, found.op) if back else found.op
    return Relation(op, found.end, closes=True)


def _moving(s: Sentence, i: int) -> Relation | None:
    """`drops below`, `climbs back above`, `falls through`, `turns above`."""
    if s.label(i) not in {"rise", "fall", "move", "turn", "rising", "falling", "hit"}:
        return None
    rising = {"rise": True, "rising": True, "fall": False, "falling": False}.get(s.label(i))
    if s.has(i, "hit"):
        return Relation("hits", i + 1)
    j = i + 1
    back = s.has(j, "back")
    j = s.skip(j, "back", "up", "down")
    if s.has(j, "through"):
        if s.has(j + 1, "above", "below"):
            return Relation(_CROSSES[s.label(j + 1)], j + 2)
        return None if rising is None else Relation(_CROSSES["above" if rising else "below"], j + 1)
    found = _plain(s, j)
    if found is None or found.op not in {">", "<", ">=", "<="}:
        return None
    op = {">": "crosses above", "<": "crosses below"}.get(found.op, found.op) if back else found.op
    return Relation(op, found.end)
