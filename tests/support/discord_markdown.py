"""Discord's markup as a reader sees it: styles and the text without its marks."""

import re

_MARKS = (
    ("pre", re.compile(r"```(?:[a-z]+\n|\n)?(.*?)```", re.DOTALL)),
    ("code", re.compile(r"``(.+?)``|`([^`]+)`", re.DOTALL)),
    ("bold", re.compile(r"\*\*((?:\\.|[^\\])+?)\*\*(?!\*)", re.DOTALL)),
    ("underline", re.compile(r"__((?:\\.|[^\\])+?)__", re.DOTALL)),
    ("strike", re.compile(r"~~((?:\\.|[^\\])+?)~~", re.DOTALL)),
    ("spoiler", re.compile(r"\|\|((?:\\.|[^\\])+?)\|\|", re.DOTALL)),
    ("italic", re.compile(r"\*((?:\\.|[^\\*])+?)\*(?!\*)|\b_((?:\\.|[^\\_])+?)_\b", re.DOTALL)),
)
_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")
_LITERAL = {"pre", "code"}  # nothing within them is a mark
_LINK = re.compile(r"<(https?://[^\s<>]+)>")
_NOTHING = "\u200b"  # takes no room


def read_markdown(raw: str) -> list[tuple[str, str]]:
    """(style, text) in order; the style is "" where there is none, the innermost where several."""
    return [(style, text.replace(_NOTHING, "")) for style, text in _read(raw, "")]


def _read(raw: str, around: str) -> list[tuple[str, str]]:
    if not raw:
        return []
    found = [(at, name, mark) for name, one in _MARKS for at, mark in [_first(one, raw)] if mark]
    if not found:
        return [(around, _plain(raw))]
    _, name, mark = min(found, key=lambda one: one[0])
    inner = next(group for group in mark.groups() if group is not None)
    if mark[0].startswith("`` "):
        inner = inner.strip()
    read = [(name, inner)] if name in _LITERAL else _read(inner, name)
    before = [(around, _plain(raw[: mark.start()]))] if mark.start() else []
    return [*before, *read, *_read(raw[mark.end() :], around)]


def _plain(raw: str) -> str:
    return _LINK.sub(r"\1", _ESCAPED.sub(r"\1", raw))


def _first(pattern: re.Pattern[str], raw: str) -> tuple[int, re.Match[str] | None]:
    """Where the mark begins that no backslash takes away."""
    start = 0
    while match := pattern.search(raw, start):
        slashes = len(raw[: match.start()]) - len(raw[: match.start()].rstrip("\\"))
        if slashes % 2 == 0:
            return match.start(), match
        start = match.start() + 1
    return 0, None
