"""Words as Telegram shows them: HTML that can't be broken, cut into messages that fit."""

import html
import unicodedata

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from handlers.chat import Rows, Span, Style, Words

TEXT_LIMIT = 4096  # both in UTF-16 code units, counted without the markup
CAPTION_LIMIT = 1024

_TAGS = {Style.BOLD: "b", Style.ITALIC: "i", Style.CODE: "code", Style.PRE: "pre"}
_JOINER = "\u200d"
_LONGEST_CLUSTER = 16  # code points; a family emoji with skin tones has eleven


def units(content: str) -> int:
    """Length as Telegram counts it: an emoji is two or more."""
    return len(content.encode("utf-16-le", "surrogatepass")) // 2


def to_html(words: Words) -> str:
    """For parse_mode HTML. Names and texts are escaped, so that they can't open a tag."""
    return "".join(_marked(span) for span in words.spans if span.text)


def to_plain(words: Words) -> str:
    return _clean(words.plain())


def _marked(span: Span) -> str:
    escaped = html.escape(_clean(span.text), quote=False)
    tag = _TAGS.get(span.style)
    return f"<{tag}>{escaped}</{tag}>" if tag and span.text.strip() else escaped


def _clean(content: str) -> str:
    """Without halves of characters, which can't be sent as UTF-8."""
    return content.encode("utf-8", "replace").decode()


def cut(words: Words, limit: int = TEXT_LIMIT) -> list[Words]:
    """Messages of at most `limit` units, in order: cut at line breaks, or at spaces, or between
    characters. Blank ones are left out, because Telegram refuses them."""
    plain, start, parts = words.plain(), 0, []
    while start < len(plain):
        end = _fitting(plain, start, limit)
        stop = end if end == len(plain) else _nice_end(plain, start, end)
        parts.append(_part(words, start, stop))
        start = stop + (plain[stop : stop + 1] in {"\n", " "})
    return [part for part in parts if part.plain().strip()]


def _fitting(plain: str, start: int, limit: int) -> int:
    """The end of the longest run from `start` that fits."""
    end = min(start + limit, len(plain))
    excess = units(plain[start:end]) - limit
    while excess > 0:
        # Each character gives back one or two units, so half the excess is never too many.
        end -= (excess + 1) // 2
        excess = units(plain[start:end]) - limit
    return max(end, start + 1)


def _nice_end(plain: str, start: int, end: int) -> int:
    """Where to cut at or before `end`; a break in the first half would leave a stub."""
    half = start + (end - start) // 2
    for separator in ("\n", " "):
        found = plain.rfind(separator, half, end + 1)
        if found > start:
            return found
    for earlier in range(end, max(half, end - _LONGEST_CLUSTER), -1):
        if not _inside_cluster(plain, earlier):
            return earlier
    return end


def _inside_cluster(plain: str, index: int) -> bool:
    """Whether a cut before `index` would part an accent or an emoji's pieces."""
    after = plain[index]
    tone = "\U0001f3fb" <= after <= "\U0001f3ff"
    mark = after == _JOINER or unicodedata.category(after) in {"Mn", "Me", "Mc"}
    return mark or tone or plain[index - 1] == _JOINER


def _part(words: Words, start: int, stop: int) -> Words:
    """The characters from `start` to `stop`, in their styles."""
    spans, at = [], 0
    for span in words.spans:
        text = span.text[max(0, start - at) : max(0, stop - at)]
        if text:
            spans.append(Span(text, span.style))
        at += len(span.text)
    return Words(tuple(spans))


def keyboard(rows: Rows) -> InlineKeyboardMarkup | None:
    """None takes the buttons of an edited message away."""
    if not any(rows):
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(b.label, callback_data=b.data) for b in row] for row in rows if row]
    )
