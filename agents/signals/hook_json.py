"""JSON of strangers: comments pass, numbers stay text, and everything odd is refused by name."""

import json
import re
from typing import Any, NoReturn

from agents.signals.hook_refusals import BadValue, Unreadable

DEEPEST = 6
_MOST_KEYS = 100
# What is not closed ends with its line, or the text: each character is looked at once.
_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\\n]|\\[^\n]?)*+(?:"|(?=\n)|$)|//[^\n]*')
_STRING = re.compile(r'"(?:[^"\\]|\\[\s\S]?)*+(?:"|$)')


class Number(str):
    """A number as it was written."""


def parsed(text: str) -> Any:
    """The value of a JSON text, with each number as a Number. Raises Unreadable and BadValue."""
    plain = _STRING_OR_COMMENT.sub(lambda m: m[0] if m[0][0] == '"' else "", text)
    _check_depth(plain)
    try:
        found = json.loads(
            plain,
            parse_float=Number,
            parse_int=Number,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
    except ValueError as error:
        raise Unreadable(f"The body is not valid JSON ({_where(error)}).") from None
    if isinstance(found, list):
        if len(found) != 1:
            raise Unreadable("Send one signal in each request.")
        [found] = found
    if not isinstance(found, dict | str) or isinstance(found, Number):
        raise Unreadable("The body must be a JSON object.")
    return found


def _check_depth(text: str) -> None:
    depth = 0
    for sign in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if sign in "[{" else -1
        if depth > DEEPEST:
            raise Unreadable(f"The JSON is nested deeper than {DEEPEST} levels.")


def _where(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}"
    return "it can't be parsed"


def _no_number(name: str) -> NoReturn:
    raise BadValue(f"{name} is no number.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > _MOST_KEYS:
        raise Unreadable(f"The JSON object has more than {_MOST_KEYS} keys.")
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise BadValue(f"“{name[:40]}” is named twice.")
        found[name] = value
    return found
