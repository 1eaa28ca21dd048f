"""`python -m bot signal-texts FILE`: how well a collection of signal texts is read."""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from agents.domain.errors import AskUser
from agents.domain.signal import SignalKind, SignalReading, problems
from agents.domain.symbols import DEFAULT_UNIVERSE
from agents.signals.reading import canonical, read_signal
from bot.commands.signal_labels import OTHER, REFUSED, decimal, expected

Judge = Callable[[Any, SignalReading], tuple[bool, Any]]
_UNKNOWN_PAIR = "is not among the markets here"
_SAID_WRONG = 2  # exit code of a command that has to be said differently
# Words of a fault that name what the field could not be read for.
_ABOUT: dict[str, str] = {
    "pair": "pair|market", "side": "long|short", "entries": "entr|clear what", "kind": "",
    "entry": "entr|clear what", "targets": "target|clear what", "first target": "target|clear what",
    "shares": "percent", "stop": "stop|clear what", "leverage": "leverage",
    "shortTermTargets": "target|clear what", "midTermTargets": "target|clear what",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Score:
    """One labelled field. A wrong one is silent when no fault is about it."""

    text: str
    channel: str
    field: str
    right: bool
    silent: bool
    wanted: Any
    got: Any


@dataclass(frozen=True, slots=True)
class Report:
    """What was read. `texts` counts by channel, `taken` are those of no signal that were taken
    for one."""

    texts: Mapping[str, int]
    kinds: Mapping[str, int]
    scores: tuple[Score, ...]
    others: int
    taken: tuple[str, ...]

    @property
    def right(self) -> int:
        return sum(score.right for score in self.scores)

    @property
    def silent(self) -> tuple[Score, ...]:
        return tuple(score for score in self.scores if score.silent)

    @property
    def percent(self) -> float:
        return 100 * self.right / len(self.scores) if self.scores else 100.0


@dataclass
class Streams:
    """Where the report goes, and where a fault is told."""

    out: TextIO
    err: TextIO


def run(argv: Sequence[str], streams: Streams | None = None) -> int:
    """Print the report; 0, or 2 with a sentence when a file can't be read."""
    streams = streams or Streams(sys.stdout, sys.stderr)
    asked = _arguments(argv)
    try:
        rows = [row for path in asked.files for row in rows_of(Path(path))]
    except AskUser as wrong:
        streams.err.write(f"{wrong}\n")
        return _SAID_WRONG
    if asked.readings:
        for row in rows:
            reading = {"id": row["id"], **read(row).as_json()}
            streams.out.write(json.dumps(reading, ensure_ascii=False) + "\n")
        return 0
    streams.out.write("\n".join(lines(report(rows))) + "\n")
    return 0


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of JSON lines, each with an id, a text and a channel."""
    try:
        written = path.read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in written if line.strip()]
    except (OSError, ValueError) as error:
        raise AskUser(f"{path} can't be read as JSON lines ({error}).") from error
    if not all(isinstance(row, dict) for row in rows):
        raise AskUser(f"{path}: each line must be a JSON object with a text.")
    return [_row(row, number, path) for number, row in enumerate(rows, start=1)]


def _row(row: dict[str, Any], number: int, path: Path) -> dict[str, Any]:
    text = row.get("text") or row.get("title") or ""
    named = {"id": f"{path.stem}:{number}", "channel": path.stem}
    return {**named, **row, "text": str(text)}


def read(row: Mapping[str, Any]) -> SignalReading:
    return read_signal(row["text"], DEFAULT_UNIVERSE)


def report(rows: Sequence[Mapping[str, Any]]) -> Report:
    texts: dict[str, int] = {}
    kinds: dict[str, int] = {}
    scores: list[Score] = []
    others, taken = 0, []
    for row in rows:
        wanted, reading = expected(row), read(row)
        channel = str(row["channel"]).partition(":")[0]
        texts[channel] = texts.get(channel, 0) + 1
        kinds[reading.kind.value] = kinds.get(reading.kind.value, 0) + 1
        scores += _scores(str(row["id"]), channel, wanted, reading)
        if is_other(row, wanted):
            others += 1
            taken += [str(row["id"])] if is_taken(reading) else []
    return Report(texts, kinds, tuple(scores), others, tuple(taken))


def is_other(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a text is known to be no signal that may be acted on."""
    if "kind" in wanted:
        return bool(wanted["kind"] != "signal")
    return row.get("kind_guess") != "signal" and "expect" not in row


def is_taken(reading: SignalReading) -> bool:
    """Whether a reading would be acted on, if its market were known."""
    faults = [fault for fault in reading.faults if _UNKNOWN_PAIR not in fault]
    return reading.kind is SignalKind.SIGNAL and not faults and not problems(reading, None)


def _scores(
    text: str, channel: str, wanted: Mapping[str, Any], reading: SignalReading
) -> Iterator[Score]:
    for field, value in wanted.items():
        right, got = judged(field, value, reading)
        named = any(_is_about(field, fault) for fault in reading.faults)
        silent = not right and not named
        yield Score(text, channel, field, right, silent, value, got)


def _is_about(field: str, fault: str) -> bool:
    about = _ABOUT.get(field, "")
    return bool(about and re.search(about, fault, re.I)) and not (
        field == "pair" and _UNKNOWN_PAIR in fault
    )


# --- one field --------------------------------------------------------------------------------


def judged(field: str, wanted: Any, reading: SignalReading) -> tuple[bool, Any]:
    """Whether a field is as labelled, and what was read."""
    if field in _PRICES:
        return _PRICES[field](wanted, reading)
    return _JUDGES[field](wanted, reading)


def _side(wanted: str | None, reading: SignalReading) -> tuple[bool, Any]:
    got = reading.side.value if reading.side else None
    return got == wanted, got


def _pair(wanted: str, reading: SignalReading) -> tuple[bool, Any]:
    return _same_pair(wanted, reading), reading.written


def _prices(
    got: Callable[[SignalReading], Sequence[Decimal | None]],
    same: Callable[[list[Decimal], Sequence[Decimal | None]], bool],
) -> Judge:
    def judge(wanted: Any, reading: SignalReading) -> tuple[bool, Any]:
        found = list(got(reading))
        listed = [one for one in (wanted if isinstance(wanted, list) else [wanted]) if one]
        if not listed or str(listed[0]).lower() == "market":
            return not found and (not listed or reading.market), _shown(found)
        return same([_number(one) for one in listed], found), _shown(found)

    return judge


def _targets(reading: SignalReading) -> list[Decimal]:
    return [target.price for target in reading.targets]


def _number(value: Any) -> Decimal:
    found = decimal(value)
    return Decimal(-1) if found is None else found


def _shown(values: Sequence[Decimal | None]) -> list[str]:
    return ["none" if value is None else f"{value:f}" for value in values]


def _kind(wanted: str, reading: SignalReading) -> tuple[bool, str]:
    if wanted == OTHER:
        return reading.kind is not SignalKind.SIGNAL, reading.kind.value
    if wanted == REFUSED:
        return not is_taken(reading), "taken" if is_taken(reading) else REFUSED
    return reading.kind.value == wanted, reading.kind.value


def _same_pair(wanted: str, reading: SignalReading) -> bool:
    if not wanted:
        return not reading.written
    one, other = (canonical(name, DEFAULT_UNIVERSE) for name in (wanted, reading.written))
    return one == other or _base(one) == _base(other)


def _base(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", re.sub(r"[/-]?USDT?$", "", name))


def _is_of(wanted: list[Decimal], entries: Sequence[Decimal | None]) -> bool:
    """One of the entries, or the middle of the range that some parsers take."""
    known = [entry for entry in entries if entry is not None]
    middle = sum(known) / len(known) if known else None
    return wanted[0] in known or wanted[0] == middle


def _are_within(wanted: list[Decimal], targets: Sequence[Decimal | None]) -> bool:
    start = targets.index(wanted[0]) if wanted and wanted[0] in targets else 0
    return list(targets[start : start + len(wanted)]) == wanted


def _same_stop(wanted: Any, reading: SignalReading) -> tuple[bool, str | None]:
    got = reading.stop if reading.stop is not None else reading.stop_percent
    shown = None if got is None else f"{got:f}{'%' if reading.stop is None else ''}"
    if wanted in (None, ""):
        return got is None, shown
    if str(wanted).endswith("%"):
        return reading.stop_percent == abs(_number(str(wanted).rstrip("%"))), shown
    return reading.stop == _number(wanted), shown


def _same_leverage(wanted: Any, reading: SignalReading) -> tuple[bool, str]:
    got = tuple(x for x in (reading.leverage, reading.leverage_high) if x is not None)
    numbers = tuple(Decimal(raw) for raw in re.findall(r"\d+(?:\.\d+)?", str(wanted)))
    return got == numbers, "-".join(f"{value:f}" for value in got)


_PRICES: dict[str, Judge] = {
    "entries": _prices(lambda r: sorted(r.entries), lambda want, got: sorted(want) == got),
    "entry": _prices(lambda r: r.entries, _is_of),
    "targets": _prices(_targets, lambda want, got: want == got),
    "first target": _prices(_targets, lambda want, got: want == got[:1]),
    "shortTermTargets": _prices(_targets, _are_within),
    "midTermTargets": _prices(_targets, _are_within),
    "shares": _prices(lambda r: [one.share for one in r.targets], lambda want, got: want == got),
}
_JUDGES: dict[str, Judge] = {
    "kind": _kind, "pair": _pair, "side": _side, "stop": _same_stop, "leverage": _same_leverage,
}  # fmt: skip


# --- printing ---------------------------------------------------------------------------------


def lines(found: Report) -> Iterator[str]:
    """The report as lines of text."""
    yield f"{'channel':24} texts  fields  right  wrong  silent"
    for channel, count in found.texts.items():
        mine = [score for score in found.scores if score.channel == channel]
        right, silent = sum(s.right for s in mine), sum(s.silent for s in mine)
        counts = f"{count:5}  {len(mine):6}  {right:5}  {len(mine) - right:5}  {silent:6}"
        yield f"{channel[:24]:24} {counts}"
    total = len(found.scores)
    counts = f"{sum(found.texts.values()):5}  {total:6}  {found.right:5}"
    yield f"{'all':24} {counts}  {total - found.right:5}  {len(found.silent):6}"
    yield ""
    yield f"{found.percent:.1f} % of the labelled fields are right."
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.kinds.items()))
    yield f"Read as: {kinds}."
    yield f"{found.others} texts are no signals to act on; {len(found.taken)} were taken for one."
    for score in found.scores:
        if not score.right:
            how = "WRONG IN SILENCE" if score.silent else "not read, and named"
            yield f"  {score.text} {score.field}: {how}: {score.got!r}, wanted {score.wanted!r}"
    for text in found.taken:
        yield f"  {text}: TAKEN FOR A SIGNAL"


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bot signal-texts",
        description="Read signal texts (JSON lines with text and labels) and print the score.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="JSON lines")
    parser.add_argument(
        "--readings", action="store_true", help="print what was read, a JSON line for each text"
    )
    return parser.parse_args(argv)
