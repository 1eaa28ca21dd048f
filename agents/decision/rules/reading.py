"""Text to syntax tree: the grammar's door, with the limits on what may come through it."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from agents.decision.rules.faults import fault, unexpected

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

LONGEST = 2000  # characters of one rule
DEEPEST = 50  # brackets, nots and signs within each other
STARTS = ("rule", "expression", "stop", "target", "targets", "trailing")

# Lower case letter by letter: positions in an error must stay those of the user's text.
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)} | {
    ord("−"): "-",
    ord("–"): "-",
    ord("×"): "*",
    ord("÷"): "/",
    ord("\u00a0"): " ",
}
_MONTH = re.compile(r"@\s*\d+M\b")


@cache
def _grammar() -> Lark:
    """The parser, built at the first rule: 0.15 s that a start without rules need not wait."""
    from lark import Lark

    source = files(__package__).joinpath("grammar.lark").read_text("utf-8")
    return Lark(
        source,
        parser="lalr",
        start=list(STARTS),
        maybe_placeholders=False,
    )


def syntax(text: str, start: str) -> Tree[Token]:
    """The syntax tree of `text` read as `start`; RuleError where it does not follow the grammar."""
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    _within_limits(text)
    lowered = text.translate(_LOWER)
    try:
        return _grammar().parse(lowered, start=start)
    except UnexpectedToken as wrong:
        ended = wrong.token.type == "$END"
        position = len(text) if ended else int(wrong.token.start_pos or 0)
        expected = frozenset(wrong.accepts or wrong.expected)
    except UnexpectedCharacters as wrong:
        position, expected = wrong.pos_in_stream or 0, frozenset(wrong.allowed or ())
    return unexpected(text, position, expected)


def _within_limits(text: str) -> None:
    if len(text) > LONGEST:
        message = f"A rule has {LONGEST} characters at most, this one {len(text)}; shorten it."
        fault(message, text, LONGEST, "")
    if month := _MONTH.search(text):
        message = "There are no candles of a month; the longest are @1w. A minute is @1m."
        fault(message, text, month.start(), month.group())
    depth = 0
    for position, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if depth > DEEPEST:
            fault("Too many brackets within each other; split the rule.", text, position)
