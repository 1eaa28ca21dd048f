"""Bodies of webhooks: JSON, KEY=VALUE lines and free text, each read into one signal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from agents.domain.market import Universe
from agents.domain.signal import SignalKind, SignalReading
from agents.signals.hook_fields import Fields, gather
from agents.signals.hook_json import parsed
from agents.signals.hook_refusals import BadValue, Unfilled, UnknownType, Unreadable
from agents.signals.hook_signal import signal_of
from agents.signals.reading import read_signal

__all__ = [
    "BadValue",
    "HookBody",
    "Unfilled",
    "UnknownType",
    "Unreadable",
    "open_body",
    "read_body",
]

_JSON = frozenset({"application/json", "text/json"})
_FORM = "application/x-www-form-urlencoded"
_TYPES = _JSON | {"", "text/plain", "text/html", "application/octet-stream", _FORM}
_PLACEHOLDER = re.compile(r"\{\{[^{}\n]{0,80}\}\}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PAIR = re.compile(r"[ \t]*([A-Za-z][\w .-]{0,40}?)[ \t]*([=:])[ \t]*(.*)")
_LIST = re.compile(r"\[\s*\{")  # other brackets begin a text: "[VIP] BTC LONG"
_MOST_FIELDS = 100
_SIDE_LINE = re.compile(r"(?i:buy|sell|long|short)")


@dataclass(frozen=True, slots=True)
class HookBody:
    """`words` is the body as it may be kept: without what looks like a password. `key` and `time`
    are those that the body itself names."""

    reading: SignalReading
    words: str
    key: str = ""
    time: datetime | None = None


def read_body(body: bytes, content_type: str, universe: Universe) -> SignalReading:
    """What a body says; see `open_body`."""
    return open_body(body, content_type, universe).reading


def open_body(body: bytes, content_type: str, universe: Universe) -> HookBody:
    """What a body says. Raises Unreadable, UnknownType for a type that is not text, Unfilled for
    placeholders that the sender left standing, and BadValue naming what can't be used."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in _TYPES:
        raise UnknownType
    text = _decoded(body)
    if names := list(dict.fromkeys(_PLACEHOLDER.findall(text))):
        raise Unfilled(", ".join(names[:4]))
    fields = _fields(text, kind)
    if fields is None:
        return HookBody(read_signal(text, universe), text)
    reading = signal_of(fields, universe)
    if reading.kind is SignalKind.NOTHING and fields.message:
        reading = read_signal(fields.message, universe)
    return HookBody(reading, fields.words(), fields.key, fields.time)


def _decoded(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("The body is not UTF-8 text.") from None
    if not text.strip():
        raise Unreadable("The body is empty.")
    if _CONTROL.search(text):
        raise Unreadable("The body is not text: it holds control characters.")
    return text


def _fields(text: str, kind: str) -> Fields | None:
    """The named values of a body; None of one that is free text."""
    start = text.lstrip()
    if kind in _JSON or start.startswith("{") or _LIST.match(start):
        found = parsed(text)
        return gather({"message": found}) if isinstance(found, str) else gather(found)
    if kind == _FORM:
        return _form(text)
    return _lines(text)


def _form(text: str) -> Fields:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Unreadable("The form can't be read.") from None
    return gather(_once(pairs))


def _lines(text: str) -> Fields | None:
    """KEY=VALUE and `key: value`, a line or a semicolon each; None when a line is neither."""
    pairs: list[tuple[str, str]] = []
    more: Mapping[str, object] = {}
    equals = 0
    for line in filter(None, map(str.strip, re.split(r"[\n\r;]+", text))):
        if line.startswith("={"):
            more = _object(line[1:])
        elif match := _PAIR.fullmatch(line):
            pairs.append((match[1], match[3]))
            equals += match[2] == "="
        elif _SIDE_LINE.fullmatch(line):
            pairs.append(("side", line))
        else:
            return None
    if not pairs or len(pairs) > _MOST_FIELDS or not (equals or more):
        return _colons(pairs)
    fields = gather({**more, **_once(pairs)})
    return fields if fields.symbol or fields.side else None


def _colons(pairs: list[tuple[str, str]]) -> Fields | None:
    """`symbol: BTCUSDT` and so on, where each name is known; other lines are a text."""
    if not 2 <= len(pairs) <= _MOST_FIELDS or len({name for name, _ in pairs}) < len(pairs):
        return None
    fields = gather(dict(pairs))
    return fields if fields.all_known and fields.symbol and fields.side else None


def _object(text: str) -> Mapping[str, object]:
    found = parsed(text)
    if not isinstance(found, Mapping):
        raise Unreadable("The first line is no JSON object.")
    return found


def _once(pairs: list[tuple[str, str]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise BadValue(f"“{name[:40]}” is named twice.")
        found[name] = value
    return found
