"""How well a sentence was read, against what it determines: each stated field right or wrong.

The form of the expectations is described beside the shared sentences (sentences.md). Rules are
compared by meaning: equal when they are true at the same candles.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from agents.decision.rules import Context, evaluate, parse_rule, parse_stop, parse_target_level
from agents.decision.words import Reading
from agents.domain.errors import RuleError
from agents.domain.market import Timeframe
from agents.extraction.frame import Frame, resample
from bot.connectors.candle_files import read_candles

RULES = frozenset({"entry_long", "entry_short", "exit_long", "exit_short"})
EMPTY: tuple[Any, ...] = ((), [], None, "")


@dataclass(frozen=True)
class Score:
    """One field of one sentence."""

    sentence: str
    field: str
    right: bool
    wanted: Any
    got: Any

    def __str__(self) -> str:
        return f"{self.sentence}: {self.field} is {self.got!r}, wanted {self.wanted!r}"


@dataclass(frozen=True)
class Sentence:
    """A sentence with what it determines; `candles` is a file to compare rules on."""

    id: str
    text: str
    expect: Mapping[str, Any]
    needs_model: bool = False
    candles: Path | None = None


def sentences(path: Path, data: Path | None = None) -> list[Sentence]:
    """The sentences of a file of JSON lines; candle files are under `data`."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
    found = []
    for row in rows:
        file = data / row["candles"] if data and row.get("candles") else None
        usable = file if file is not None and file.is_file() else None
        found.append(
            Sentence(row["id"], row["text"], row["expect"], row.get("needs_model", False), usable)
        )
    return found


def scores(sentence: Sentence, reading: Reading) -> Iterator[Score]:
    """The score of each field that the sentence determines."""
    got = reading.as_json()
    timeframe = got["timeframe"]

    def same_rule(wanted: str, found: str) -> bool:
        return _equal_rules(wanted, found, timeframe, sentence.candles)

    for field, wanted in sentence.expect.items():
        if field in {"must_ask", "refuse"}:
            continue
        right, value = _judged(field, wanted, got, same_rule)
        yield Score(sentence.id, field, right, wanted, value)


def _judged(
    field: str, wanted: Any, got: Mapping[str, Any], same_rule: Callable[[str, str], bool]
) -> tuple[bool, Any]:
    if field == "ask_about":
        said = " ".join([*got["questions"], *got["assumptions"]]).lower()
        return any(word.lower() in said for word in wanted), said
    if field == "refuse_about":
        said = " ".join(got["refused"]).lower()
        return any(word.lower() in said for word in wanted), said
    if field == "never":
        return all(got[name] not in values for name, values in wanted.items()), got
    if isinstance(wanted, dict) and "contains" in wanted:
        kept = " ".join([got["guidance"] or "", *got["unread"]]).lower()
        return all(word.lower() in kept for word in wanted["contains"]), kept
    return _fits(field, wanted, got[field], same_rule), got[field]


def _fits(field: str, wanted: Any, got: Any, same_rule: Callable[[str, str], bool]) -> bool:
    if isinstance(wanted, dict) and "any_of" in wanted:
        return any(_fits(field, one, got, same_rule) for one in wanted["any_of"])
    if wanted in EMPTY:
        return got in EMPTY or (field == "leverage" and got == 1)
    if got in EMPTY:
        return False
    if field in RULES:
        return same_rule(wanted, got)
    return bool(_SAME.get(field, _equal)(wanted, got))


def _equal(wanted: Any, got: Any) -> bool:
    return bool(wanted == got)


def _same_stop(wanted: str, got: str) -> bool:
    return str(parse_stop(wanted)) == got


def _same_targets(wanted: list[Any], got: list[Any]) -> bool:
    return len(wanted) == len(got) and all(map(_same_target, wanted, got))


def _same_windows(wanted: list[Any], got: list[Any]) -> bool:
    return len(wanted) == len(got) and all(map(_same_window, wanted, got))


def _same_target(wanted: Mapping[str, Any], got: Mapping[str, Any]) -> bool:
    share = wanted["share"] is None or abs(wanted["share"] - got["share"]) < 0.001
    return share and str(parse_target_level(wanted["at"])) == got["at"]


def _same_window(wanted: Mapping[str, Any], got: Mapping[str, Any]) -> bool:
    return "session" in wanted or wanted == got


_SAME: dict[str, Callable[[Any, Any], bool]] = {
    "stop": _same_stop,
    "targets": _same_targets,
    "windows": _same_windows,
}


# --- rules by meaning -------------------------------------------------------------------------


@cache
def _base(path: Path) -> Frame:
    return Frame.of(read_candles(path))


@cache
def _context(path: Path, timeframe: str) -> Context | None:
    base, wanted = _base(path), Timeframe.parse(timeframe)
    if wanted.seconds % base.timeframe.seconds:
        return None
    return Context.of(resample(base, wanted))


def _equal_rules(wanted: str, got: str, timeframe: str | None, candles: Path | None) -> bool:
    """Equal texts, or true at the same candles."""
    try:
        rules = parse_rule(wanted, timeframe), parse_rule(got, timeframe)
    except RuleError:
        return False
    if str(rules[0]) == str(rules[1]):
        return True
    context = _context(candles, timeframe) if candles and timeframe else None
    if context is None:
        return False
    one, two = (evaluate(rule, context) for rule in rules)
    return bool(np.array_equal(one == 1, two == 1) and np.any(one == 1))
