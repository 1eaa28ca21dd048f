"""Telegram's HTML parse mode, read strictly: what Telegram refuses or may mangle is an error."""

import re

# fmt: off
_TAGS = {
    "b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "tg-spoiler", "a",
    "tg-emoji", "code", "pre", "blockquote",
}
# fmt: on
_TOKEN = re.compile(r"<(/?)([a-zA-Z][\w-]*)((?:\s[^<>]*)?)>|&([a-z]+|#\d+|#x[0-9a-fA-F]+);|[<&]")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}


class BadMarkup(Exception):
    """Its message is what Telegram would say after "can't parse entities: "."""


def read_html(source: str) -> tuple[str, list[tuple[str, str]]]:
    """The plain text and (tag, text inside) in the order of closing. Raises BadMarkup."""
    text, at = "", 0
    opened: list[tuple[str, int]] = []
    entities: list[tuple[str, str]] = []
    for token in _TOKEN.finditer(source):
        text += source[at : token.start()]
        at = token.end()
        closing, tag, _, entity = token.groups()
        if entity:
            text += _character(entity, token.start())
        elif tag is None:
            raise BadMarkup(f"Unescaped {token[0]!r} at byte offset {token.start()}")
        elif closing:
            entities.append(_close(opened, tag.lower(), text, token.start()))
        else:
            _open(opened, tag.lower(), text, token.start())
    if opened:
        raise BadMarkup(f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    return text + source[at:], entities


def _character(entity: str, offset: int) -> str:
    if entity.startswith("#x"):
        return chr(int(entity[2:], 16))
    if entity.startswith("#"):
        return chr(int(entity[1:]))
    if entity not in _NAMED:
        raise BadMarkup(f"Unknown entity &{entity}; at byte offset {offset}")
    return _NAMED[entity]


def _open(opened: list[tuple[str, int]], tag: str, text: str, offset: int) -> None:
    if tag not in _TAGS:
        raise BadMarkup(f'Unsupported start tag "{tag}" at byte offset {offset}')
    opened.append((tag, len(text)))


def _close(opened: list[tuple[str, int]], tag: str, text: str, offset: int) -> tuple[str, str]:
    if not opened or opened[-1][0] != tag:
        raise BadMarkup(f'Unexpected end tag "{tag}" at byte offset {offset}')
    _, start = opened.pop()
    return tag, text[start:]
