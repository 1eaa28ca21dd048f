"""Strategy text in lines: `entry long: …`, `stop: …`, on lines of their own or on one.

A line begins with its name and a colon anywhere, or with its bare name after a line break, a
semicolon, a comma or a full stop (`; stop below lowest(10); 3R`). What stands before the first
line is the header; what belongs to no line is left over for whoever reads sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from agents.decision.rules.levels import targets_text
from agents.decision.rules.parse import parse_rule, parse_stop, parse_targets, parse_trailing
from agents.decision.rules.steps import parse_step
from agents.domain.errors import RuleError
from agents.domain.market import Timeframe
from agents.domain.strategy import Step, Target

RULES = ("entry_long", "entry_short", "exit_long", "exit_short")
NAMES = (*RULES, "stop", "target", "trailing")

_LINE_NAMES = {
    "entry_long": r"(?:entry|enter)\s+long|long\s+entry",
    "entry_short": r"(?:entry|enter)\s+short|short\s+entry",
    "exit_long": r"exit\s+long|long\s+exit",
    "exit_short": r"exit\s+short|short\s+exit",
    "trailing": r"trailing(?:\s+stop)?|trail",
    "stop": r"stop(?:\s*-?\s*loss)?|sl",
    "manage": r"manage(?:ment)?",
    "target": r"targets?|take\s*-?\s*profits?|tp",
    # Lines of other readers: they end a line of ours.
    "other": r"risk|size|leverage|max(?:imum)?\s+positions?|positions|windows?|hours|guidance"
    r"|notes?|symbols?|timeframe|side|name",
}
_NAMED = "|".join(f"(?P<{name}>{words})" for name, words in _LINE_NAMES.items())
_COLON = re.compile(rf"(?<![\w.])(?:{_NAMED})\s*[:=](?!=)", re.IGNORECASE)
_BARE = re.compile(rf"\s*(?:{_NAMED})\b(?!\s*[(@\[.<>])", re.IGNORECASE)
_LOOSE = {
    "manage": re.compile(r"\s*(?:(?:long|short)\s*:\s*)?stop\s+to\s+entry\s+when\b", re.IGNORECASE),
    "target": re.compile(r"\s*(?:\d+%\s*at\b|rest\s+at\b|\d*\.?\d+\s*r\b)", re.IGNORECASE),
    "trailing": re.compile(r"\s*break[- ]?even\b", re.IGNORECASE),
}
_CUT = re.compile(
    rf"[;\n]|[,.]\s+(?=(?:{'|'.join(words for words in _LINE_NAMES.values())}|break[- ]?even)\b)",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"\s*(?:and|or|between|crosses|rising|falling|[-+*/<>=)\]@])", re.IGNORECASE)
_UNFINISHED = re.compile(
    r"(?:\b(?:and|or|not|between|above|below)|[-+*/<>=(,:])\s*$", re.IGNORECASE
)
_TIMEFRAME = re.compile(r"(?<![\w.])(\d{1,3}[mhdwMHDW])(?![\w])")


@dataclass(frozen=True)
class RuleLines:
    """What a strategy text states: canonical texts by line name, and what is left over.

    `lines` has entry_long, entry_short, exit_long, exit_short, stop, target and trailing where
    they were said, and `steps` the lines of manage, one each. `timeframe` is the header's, where it
    names one like 5m.
    """

    header: str
    lines: Mapping[str, str]
    targets: tuple[Target, ...] = ()
    rest: tuple[str, ...] = ()
    timeframe: str | None = None
    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        texts = [
            f"{name.replace('_', ' ')}: {self.lines[name]}" for name in NAMES if name in self.lines
        ]
        texts += [f"manage: {step}" for step in self.steps]
        return "\n".join([*([self.header] if self.header else []), *texts, *self.rest])


def is_rule_text(text: str) -> bool:
    """Whether `text` has a line of entry or exit, and so is meant to be read exactly."""
    return any(found.lastgroup in RULES for found in _COLON.finditer(text))


def parse_lines(text: str, timeframe: str | None = None) -> RuleLines:
    """The lines of `text`; rules are checked against `timeframe`, or the header's.

    Raises RuleError, pointing into `text`, for a line that can't be read or is said twice.
    """
    pieces = list(_pieces(text))
    header = " ".join(_clean(text, piece) for piece in pieces if piece.name == "header")
    said = _collected(text, pieces)
    own = timeframe or _header_timeframe(header)
    lines, targets = _read(text, said, own)
    steps = tuple(_step(text, piece, own) for piece in pieces if piece.name == "manage")
    rest = tuple(_clean(text, piece) for piece in pieces if piece.name == "other")
    return RuleLines(header, MappingProxyType(lines), targets, rest, own, steps)


# --- cutting the text into pieces -------------------------------------------------------------


@dataclass
class _Piece:
    """`text[start:end]` belongs to the line `name`, which its key (from `key`) has named."""

    name: str
    key: int
    start: int
    end: int
    merged: list[_Piece] = field(default_factory=list)


def _pieces(text: str) -> Iterator[_Piece]:
    held: _Piece | None = None
    for start, end, broken in _fragments(text):
        for piece in _named(text, start, end):
            if held and not piece.name and broken and _joins(text, held, piece):
                held.end = piece.end
                continue
            if held:
                yield held
            began = held is not None and held.name != "header"
            piece.name = piece.name or ("other" if began else "header")
            held = piece
    if held:
        yield held


def _fragments(text: str) -> Iterator[tuple[int, int, bool]]:
    """Start and end of what stands between separators; and whether a line break came before."""
    start, broken = 0, False
    for cut in _CUT.finditer(text):
        if text[start : cut.start()].strip():
            yield start, cut.start(), broken
        start, broken = cut.end(), cut.group() == "\n"
    if text[start:].strip():
        yield start, len(text), broken


def _named(text: str, start: int, end: int) -> Iterator[_Piece]:
    """The pieces of one fragment: named ones, and one without a name that may come first."""
    keys = list(_COLON.finditer(text, start, end))
    first = keys[0].start() if keys else end
    if text[start:first].strip():
        yield _unnamed(text, start, first)
    ends = [*(key.start() for key in keys), end][1:]
    for key, until in zip(keys, ends, strict=True):
        other = key.lastgroup == "other"
        yield _Piece(key.lastgroup or "", key.start(), key.start() if other else key.end(), until)


def _unnamed(text: str, start: int, end: int) -> _Piece:
    for name, loose in _LOOSE.items():
        if loose.match(text, start, end):
            return _Piece(name, start, start, end)
    bare = _BARE.match(text, start, end)
    if bare is None or bare.end() == end:
        return _Piece("", start, start, end)
    other = bare.lastgroup == "other"
    return _Piece(bare.lastgroup or "", start, start if other else bare.end(), end)


def _joins(text: str, before: _Piece, piece: _Piece) -> bool:
    """Whether a new text line goes on with the rule of the line before."""
    so_far = text[before.start : before.end]
    if before.name not in (*NAMES, "manage"):
        return False
    open_bracket = so_far.count("(") > so_far.count(")")
    return bool(
        open_bracket
        or _UNFINISHED.search(so_far)
        or not so_far.strip()
        or _GOES_ON.match(text, piece.start, piece.end)
    )


def _clean(text: str, piece: _Piece) -> str:
    return text[piece.start : piece.end].strip().strip(",;. ")


# --- reading the pieces -----------------------------------------------------------------------


def _collected(text: str, pieces: list[_Piece]) -> dict[str, _Piece]:
    said: dict[str, _Piece] = {}
    for piece in pieces:
        if piece.name not in NAMES:
            continue
        if piece.name not in said:
            said[piece.name] = piece
        elif piece.name in ("target", "trailing"):
            said[piece.name].merged.append(piece)
        else:
            name = piece.name.replace("_", " ")
            raise RuleError(f"There are two lines for {name}; keep one.", text, piece.key, name)
    return said


def _read(
    text: str, said: dict[str, _Piece], timeframe: str | None
) -> tuple[dict[str, str], tuple[Target, ...]]:
    lines: dict[str, str] = {}
    targets: tuple[Target, ...] = ()
    for name in NAMES:
        if name not in said:
            continue
        line, offset = _line(text, said[name])
        try:
            if name == "target":
                targets = parse_targets(line, timeframe)
            lines[name] = _canonical(name, line, timeframe)
        except RuleError as wrong:
            raise RuleError(str(wrong), text, offset + wrong.position, wrong.word) from None
    return lines, targets


def _step(text: str, piece: _Piece, timeframe: str | None) -> Step:
    line, offset = _line(text, piece)
    try:
        return parse_step(line, timeframe)
    except RuleError as wrong:
        raise RuleError(str(wrong), text, offset + wrong.position, wrong.word) from None


def _line(text: str, piece: _Piece) -> tuple[str, int]:
    """A line's text, and where it begins in the whole."""
    raw = text[piece.start : piece.end]
    offset = piece.start + len(raw) - len(raw.lstrip())
    joint = ", " if piece.name == "target" else "; "
    parts = [_clean(text, one) for one in (piece, *piece.merged)]
    return joint.join(parts), offset


def _canonical(name: str, line: str, timeframe: str | None) -> str:
    if name in RULES:
        return str(parse_rule(line, timeframe))
    if name == "stop":
        return str(parse_stop(line, timeframe))
    if name == "target":
        return targets_text(parse_targets(line, timeframe))
    return str(parse_trailing(line, timeframe))


def _header_timeframe(header: str) -> str | None:
    """The one timeframe that the header names; None when it names none or several."""
    found = {word.lower() for word in _TIMEFRAME.findall(header)}
    try:
        return str(Timeframe.parse(found.pop())) if len(found) == 1 else None
    except ValueError:
        return None
