"""Stops that move: trailing at a distance, and to break-even."""

from dataclasses import replace

from agents.decision.words.context import Context
from agents.decision.words.items import Breakeven, Item, Level
from agents.decision.words.levels import distance, past_entry, past_fillers
from agents.decision.words.tokens import Kind


def trailing(c: Context, i: int) -> Item | None:
    """`trail 2%`, `3 atr trailing stop`, `trailing stop of 1.5 atr once in profit`."""
    s = c.s
    if s.has(i, "rest"):
        j = s.skip(i + 1, "on", "with", "in", "at")
        trail = trailing(c, j)
        return replace(trail, start=i) if trail else None
    if s.has(i, "trail"):
        j = s.skip(past_fillers(c, i + 1), "stop", "below", "above", "rest", "positions")
        found = distance(c, past_fillers(c, j))
        if found is None or not _can_trail(found[0]):
            return None
        return Item("trail", i, _past_start(c, found[1]), found[0])
    found = distance(c, i) if s.at(i).kind is Kind.NUMBER else None
    if found is None or not s.has(found[1], "trail") or not _can_trail(found[0]):
        return None
    return Item("trail", i, found[1] + 1, found[0])


def _past_start(c: Context, i: int) -> int:
    """Past `once in profit`, `after 1R`, `from 2%`: a later start, which can't be set."""
    s = c.s
    j = s.skip(i, "when", "after", "from", "in", "at", "is", "it", "up", "positions", "trade", ",")
    if j == i or (s.has(i, ",") and j == i + 1):
        return i
    if s.has(j, "target") and s.at(j).raw.startswith("profit"):
        return j + 1
    if s.number(j) is not None and s.has(j + 1, "r", "percent"):
        return s.skip(j + 2, "target", "in", "up")
    if s.has(j, "target"):
        return j + 2 if s.number(j + 1) is not None and s.at(j + 1).glued else j + 1
    return i


def _can_trail(found: Level) -> bool:
    return found.text.endswith(("%", " atr"))


def breakeven(c: Context, i: int) -> Item | None:
    """`move stop to BE after 1R`, `breakeven at 1R`, `sl to entry at tp1`."""
    s = c.s
    j = to_entry(c, i)
    if j is None:
        return None
    k = s.skip(j, "stop", "price", ",")
    return _breakeven_at(
        c, i, s.skip(k, "after", "at", "when", "on", "then", "in", "from", "hit", "price", "it")
    )


def to_entry(c: Context, i: int) -> int | None:
    """The word after `move stop to BE`, `breakeven`, `sl to entry`."""
    s = c.s
    j = s.skip(i, "move", "trail", "and", ":")
    j = s.skip(j, "stop", "it", "rest")
    j = s.skip(j, "to", "at", "move", "on")
    moved = s.has(j - 1, "to", "at", "move") or (j > i and s.has(j - 1, "stop"))
    leads = (
        j == i
        and s.label(i - 1) in {"", ".", ",", ";", "\n", "and"}
        and s.has(j + 1, "after", "at")
    )
    short_form = s.at(j).raw == "be" and (moved or leads or s.verbatim(j, j + 1).isupper())
    if not (s.has(j, "breakeven") or short_form or (s.has(j, "entry") and s.has(j - 1, "to"))):
        return None
    return j + 1


def _breakeven_at(c: Context, i: int, j: int) -> Item:
    s = c.s
    j = s.skip(j, "rise", "is", "hit", "up", "above", "+", "move", "positions", "trade")
    value = s.number(j)
    if value is not None and s.has(j + 1, "r"):
        return Item("breakeven", i, j + 2, Breakeven(multiple=value))
    if value is not None and s.has(j + 1, "percent"):
        return Item("breakeven", i, past_entry(c, j + 2), Breakeven(percent=value))
    first = s.at(j).raw in {"first", "1st"}
    if first or s.has(j, "target"):
        at = j + 1 if first and s.has(j + 1, "target") else j
        number = s.number(at + 1)
        numbered = number is not None and s.at(at + 1).glued
        end = at + 2 if numbered else at + 1
        end = s.skip(end, "hit", "is")
        return Item(
            "breakeven", i, end, Breakeven(target=int(number) if numbered and number else 1)
        )
    return Item("breakeven", i, j, Breakeven())
