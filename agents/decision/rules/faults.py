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
_VALUE = frozenset({"NUMBER", "NAME"})
_PLAIN = frozenset({"NUMBER", "MINUS", "RPAR"})

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
    early = "It ends too early"
    alone = f"{text[:40]!r} alone is neither true nor false; compare it, as in rsi(14) < 30."
    return _first_true(
        (not text, "There is nothing here; write a rule like rsi(14) < 30."),
        (expected == {"NUMBER"}, f"{early}: say how many candles, as in {before} 3."),
        (expected >= _VALUE, f"{early}: a number or a data point is missing after {before!r}."),
        ("RPAR" in expected, "A closing ) is missing."),
        (
            "_AND" in expected and "_OR" not in expected,
            f"{early}: between needs two ends, as in between 20 and 40.",
        ),
        ("COMPARE" in expected, alone),
        (True, f"{early} after {before!r}."),
    )


def _misplaced(word: str, before: str, expected: frozenset[str]) -> str:
    lowered = word.lower()
    value, here = expected >= _VALUE, f"{word!r} can't stand here"
    after = f" after {before!r}" if before else ""
    hint = "" if lowered in _KEYWORDS else similar(lowered, _KEYWORDS, _LIKENESS)
    thousands = word == "," and before[:1].isdigit() and "COMMA" not in expected
    unclosed = expected <= {"COMMA", "RPAR"}
    loose = word.isdigit() and before.isidentifier() and "LPAR" in expected
    joined = "_OR" in expected and "_CROSSES" not in expected
    return _first_true(
        (expected == {"ABOVE", "BELOW"}, f"{word!r} can't follow {before!r}: {_CROSS}."),
        (
            lowered in _REPLACED and not value,
            f"{word!r} is not in the language; {_REPLACED.get(lowered)}.",
        ),
        (word == "%", f"{here}; a distance is written like 2%, anything else as a number."),
        (thousands, f"A comma can't follow {before!r}; write 61000 rather than 61,000."),
        (word == ")", f"I can't use ')'{after}: no bracket is open, or something is missing."),
        (
            unclosed,
            f"{word!r} can't follow {before!r}: a closing ) is missing.",
        ),
        ("[" in (word, before), f"{here}; an offset looks like [1], one candle earlier."),
        (expected <= _PLAIN, f"{here}: a plain number is expected{after}."),
        (loose, f"I can't use {word!r}{after}; a parameter stands in brackets: {before}({word})."),
        (bool(hint), f"I can't use {word!r}{after}.{hint}"),
        (value, f"{here}: a number or a data point is expected{after}."),
        (joined, f"{word!r} can't follow {before!r}: join conditions with 'and' or 'or'."),
        (True, f"I can't use {word!r}{after or ' here'}."),
    )


def _first_true(*cases: tuple[bool, str]) -> str:
    """The message of the first case that holds; the last one always does."""
    return next(message for holds, message in cases if holds)
