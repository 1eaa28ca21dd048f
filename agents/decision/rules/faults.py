"""Errors that point at the word, say what is wrong with it and what would be right."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import NoReturn

from agents.domain.errors import RuleError

_WORD = re.compile(r"[\w.]+|[<>=!&|*]+|\S")
_KEYWORDS = (
    "and", "or", "not", "between", "crosses", "above", "below", "rising", "falling",
)  # fmt: skip
_COMPARES = frozenset({"COMPARE", "_BETWEEN", "_CROSSES", "RISING", "FALLING"})
_VALUE = frozenset({"NUMBER", "NAME"})

_LIKENESS = 0.72  # of a misspelt keyword; 'cros' is near enough to 'crosses', 'close' is not

_CROSS = "write 'crosses above' or 'crosses below'"
_COMPARE = "compare with <, <=, > or >="
_REPLACED = {
    "=": _COMPARE, "==": _COMPARE, "!=": _COMPARE, "<>": _COMPARE, "is": _COMPARE,
    "=<": "write <=", "=>": "write >=", "&": "write 'and'", "&&": "write 'and'",
    "|": "write 'or'", "||": "write 'or'", "!": "write 'not'",
    "^": "there are + - * and /", "**": "there are + - * and /",
    "over": "write '>' or 'crosses above'", "under": "write '<' or 'crosses below'",
    "above": "write '>' or 'crosses above'", "below": "write '<' or 'crosses below'",
    "cross": _CROSS, "crossing": _CROSS, "crossed": _CROSS, "crossover": _CROSS,
}  # fmt: skip
_NEEDLESS = ("if", "when", "then", "once")


def fault(message: str, text: str, position: int, word: str | None = None) -> NoReturn:
    """Raise a RuleError that points at `word`, by default the one at `position` of `text`."""
    if word is None:
        found = _WORD.match(text, position)
        word = found.group() if found else ""
    raise RuleError(message, text, position, word)


def similar(word: str, known: Collection[str], likeness: float = 0.6) -> str:
    """` Did you mean …?` with up to three of `known`, empty when none is near."""
    *first, last = get_close_matches(word, known, n=3, cutoff=likeness) or [""]
    names = f"{', '.join(first)} or {last}" if first else last
    return f" Did you mean {names}?" if names else ""


def unexpected(text: str, position: int, expected: frozenset[str]) -> NoReturn:
    """Raise the error for a word that can't stand where it is, or for an end that came too early.

    `expected` are the names of the grammar's terminals that could have stood there.
    """
    earlier = list(_WORD.finditer(text, 0, position))
    before = earlier[-1].group() if earlier else ""
    found = _WORD.match(text, position)
    if found is None:
        where = earlier[-1].start() if earlier else 0
        fault(_ended(text.strip(), before, expected), text, where, before)
    if before.lower() in _NEEDLESS:
        message = f"{before!r} has no place in a rule; leave it out."
        fault(message, text, earlier[-1].start(), before)
    word = found.group()
    fault(_misplaced(word, before, expected), text, position, word)


def _ended(text: str, before: str, expected: frozenset[str]) -> str:
    if not text:
        return "There is nothing here; write a rule like rsi(14) < 30."
    if expected == {"NUMBER"}:
        return f"It ends too early: say how many candles, as in {before} 3."
    if expected >= _VALUE:
        return f"It ends too early: a number or a data point is missing after {before!r}."
    if "RPAR" in expected:
        return "A closing ) is missing."
    if "_AND" in expected and "_OR" not in expected:
        return "It ends too early: between needs two ends, as in between 20 and 40."
    if expected >= {"COMPARE"}:
        return f"{text[:40]!r} alone is neither true nor false; compare it, as in rsi(14) < 30."
    return f"It ends too early after {before!r}."


def _misplaced(word: str, before: str, expected: frozenset[str]) -> str:
    lowered = word.lower()
    if expected == {"ABOVE", "BELOW"}:
        return f"{word!r} can't follow {before!r}: {_CROSS}."
    if lowered in _REPLACED and not expected >= _VALUE:
        return f"{word!r} is not in the language; {_REPLACED[lowered]}."
    if message := _sign(word, before, expected):
        return message
    if "[" in (word, before):
        return f"{word!r} can't stand here; an offset looks like [1], one candle earlier."
    if hint := similar(lowered, _KEYWORDS, _LIKENESS):
        return f"I can't use {word!r} after {before!r}.{hint}"
    if expected >= _VALUE:
        where = f" after {before!r}" if before else ""
        return f"{word!r} can't stand here: a number or a data point is expected{where}."
    if "_OR" in expected and "_CROSSES" not in expected:
        return f"{word!r} can't follow {before!r}: join conditions with 'and' or 'or'."
    return f"I can't use {word!r} after {before!r}." if before else f"I can't use {word!r} here."


def _sign(word: str, before: str, expected: frozenset[str]) -> str:
    """What is wrong with a sign or a number's place; empty when it is something else."""
    if word == "%":
        return "'%' can't stand here; a distance is written like 2%, anything else as a number."
    if word == "," and before[:1].isdigit() and "COMMA" not in expected:
        return f"A comma can't follow {before!r}; write 61000 rather than 61,000."
    if word == ")":
        return f"I can't use ')' after {before!r}: no bracket is open, or something is missing."
    if expected <= {"COMMA", "RPAR"}:
        return f"{word!r} can't follow {before!r}: a closing ) is missing."
    if expected <= {"NUMBER", "MINUS", "RPAR"}:
        return f"{word!r} can't stand here: a plain number is expected after {before!r}."
    return ""
