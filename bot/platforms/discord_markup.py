"""Words as Discord shows them: markdown that user text can't break, cut into parts that fit."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby

from handlers.chat import Span, Style, Words

CONTENT_LIMIT = 2000
EMBED_LIMIT = 4096  # of a description; a message's embeds together may have 6,000

_MARKS = {Style.BOLD: "**", Style.ITALIC: "*"}
_LINK = re.compile(r"https?://[^\s<>]*[^\s<>.,;:!?)\]}'\"]")
_EVERYWHERE = re.compile(r"([\\*_~`|\[\]<])")
_AT_LINE_START = re.compile(r"^(\s*)(>|#|-|\+|\d+(?=\.))", re.MULTILINE)
_NUMBERED = re.compile(r"^(\s*\d+)(\.)", re.MULTILINE)
_NOTHING = "\u200b"  # takes no room; parts what would be read as one mark
_LONGEST_CLUSTER = 16  # code points that may belong to one character


def units(content: str) -> int:
    """Length in UTF-16 code units: never less than Discord counts."""
    return len(content.encode("utf-16-le", "surrogatepass")) // 2


def to_markdown(words: Words) -> str:
    """Names and texts are escaped, so that they can open no mark and mention nobody."""
    shown = ""
    for span in _joined(words):
        piece = _marked(span)
        if shown and piece and shown[-1] in "*`" and piece[0] in "*`":
            shown += _NOTHING
        shown += piece
    return shown


def _joined(words: Words) -> Iterator[Span]:
    """Neighbours of one style as one span: marks that touch would cancel each other."""
    for style, spans in groupby(words.spans, key=lambda span: span.style):
        if text := _clean("".join(span.text for span in spans)):
            yield Span(text, style)


def _clean(content: str) -> str:
    """Without halves of characters, which can't be sent as UTF-8."""
    return content.encode("utf-8", "replace").decode()


def _marked(span: Span) -> str:
    if not span.text.strip():
        return span.text
    if span.style is Style.PRE:
        return f"```\n{span.text.replace('``', f'`{_NOTHING}`').strip(chr(10))}\n```"
    mark = _MARKS.get(span.style)
    if mark is None and span.style is not Style.CODE:
        return escape(span.text)
    # A mark must touch the text that it marks, so blanks at the ends stay outside.
    inner = span.text.strip()
    before, _, after = span.text.partition(inner)
    if span.style is Style.CODE:
        return before + _code(inner) + after
    return f"{before}{mark}{escape(inner)}{mark}{after}"


def _code(content: str) -> str:
    if "`" not in content:
        return f"`{content}`"
    return f"`` {content.replace('``', f'`{_NOTHING}`')} ``"


def escape(content: str) -> str:
    """Links stay whole, in brackets that keep Discord from showing what is behind them."""
    parts, at = [], 0
    for link in _LINK.finditer(content):
        parts += [_escaped(content[at : link.start()]), f"<{link[0]}>"]
        at = link.end()
    return "".join([*parts, _escaped(content[at:])])


def _escaped(content: str) -> str:
    safe = _EVERYWHERE.sub(r"\\\1", content)
    safe = _NUMBERED.sub(r"\1\\\2", safe)
    return _AT_LINE_START.sub(
        lambda found: found[0] if found[2].isdecimal() else f"{found[1]}\\{found[2]}", safe
    )


# --- cutting ----------------------------------------------------------------------------------


def cut(words: Words, limit: int = EMBED_LIMIT) -> list[Words]:
    """Parts whose markdown has at most `limit` units, in order: cut at line breaks, or at spaces,
    or between characters. Blank ones are left out."""
    parts: list[Words] = []
    rest = words
    while rest.plain().strip():
        part, rest = _first(rest, limit)
        if part.plain().strip():
            parts.append(part)
    return parts


def _first(words: Words, limit: int) -> tuple[Words, Words]:
    """As much as fits, and what is left."""
    plain, length = words.plain(), min(len(words.plain()), limit)
    if len(plain) == length and units(to_markdown(words)) <= limit:
        return words, Words()
    while length > 1:
        end = len(plain) if length >= len(plain) else _nice_end(plain, length)
        part = _slice(words, 0, end)
        size = units(to_markdown(part))
        if size <= limit:
            start = end + (plain[end : end + 1] in {"\n", " "})
            return part, _slice(words, start, len(plain))
        length = min(length - 1, end * limit // size)
    return _slice(words, 0, 1), _slice(words, 1, len(plain))


def _nice_end(plain: str, end: int) -> int:
    """Where to cut at or before `end`; a break in the first half would leave a stub."""
    half = end // 2
    for separator in ("\n", " "):
        if (found := plain.rfind(separator, half, end + 1)) > 0:
            return found
    for earlier in range(end, max(half, end - _LONGEST_CLUSTER, 0), -1):
        if not _inside_cluster(plain, earlier):
            return earlier
    return end


def _inside_cluster(plain: str, index: int) -> bool:
    """Whether a cut before `index` would part an accent or an emoji's pieces."""
    joiner, after = "\u200d", plain[index]
    tone = "\U0001f3fb" <= after <= "\U0001f3ff"
    mark = after == joiner or unicodedata.category(after) in {"Mn", "Me", "Mc"}
    return mark or tone or plain[index - 1] == joiner


def _slice(words: Words, start: int, stop: int) -> Words:
    spans, at = [], 0
    for span in words.spans:
        if text := span.text[max(0, start - at) : max(0, stop - at)]:
            spans.append(Span(text, span.style))
        at += len(span.text)
    return Words(tuple(spans))
