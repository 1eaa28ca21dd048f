"""An exported chain: lines of JSON, a header and then the entries in order.

    {"record": 1, "channel": 3, "title": "Calls", "entries": 2, "head": "9f…"}
    {"number": 1, "kind": "signal", "at": "…", "body": {…}, "previous": "00…", "hash": "4a…"}

Every entry line has these six names and no other. How a line is spaced does not matter; only what
it says is hashed. The title is a label: titles of channels change, and it is in no hash.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.domain.chain import Fault, FaultKind, Item, Unreadable, verify_chain
from agents.domain.errors import AskUser
from agents.domain.record import GENESIS, Entry, canonical, moment_of, moment_text, plain

FORMAT = 1
_HEADER = {"record", "channel", "title", "entries", "head"}
_ENTRY = {"number", "kind", "at", "body", "previous", "hash"}


class NotAChain(AskUser):
    """That is no exported record."""


@dataclass(frozen=True, slots=True)
class ChainFile:
    """An export as it was read: what its header says, and what stands in each later line."""

    channel: int
    title: str
    count: int
    head: str
    items: tuple[Item, ...]

    def faults(self, seen: str = "") -> list[Fault]:
        """As `verify_chain` names them; `seen` is a head that was published once."""
        found = verify_chain(self.items, self.head, seen)
        if self.count != len(self.items):
            said = f"the header speaks of {self.count} entries, and there are {len(self.items)}"
            found.append(Fault(FaultKind.HEAD, len(self.items), said))
        return found


def written(channel: int, title: str, entries: Sequence[Entry]) -> Iterator[str]:
    """The lines of an export, each with its line break."""
    head = entries[-1].hash if entries else GENESIS
    header = {
        "record": FORMAT,
        "channel": channel,
        "title": title,
        "entries": len(entries),
        "head": head,
    }
    yield canonical(header) + "\n"
    for entry in entries:
        fields = {
            "number": entry.number,
            "kind": entry.kind,
            "at": moment_text(entry.at),
            "body": entry.body,
            "previous": entry.previous,
            "hash": entry.hash,
        }
        yield canonical(fields) + "\n"


def read_chain(content: bytes) -> ChainFile:
    """Raises NotAChain, with a sentence, for what does not begin with a header; a line that is no
    entry becomes an Unreadable in its place."""
    first, *rest = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    header = _header(first)
    lines = [line for line in rest if line.strip()]
    channel = header["channel"]
    return ChainFile(
        channel=channel,
        title=header["title"],
        count=header["entries"],
        head=header["head"],
        items=tuple(_item(channel, line) for line in lines),
    )


def _header(line: bytes) -> Mapping[str, Any]:
    try:
        found = _object(line, _HEADER)
    except ValueError as wrong:
        raise NotAChain(
            f"That is no exported record: its first line {wrong}. Export it again from the desk, "
            "and give the file as it came."
        ) from None
    kinds = {"channel": int, "entries": int, "title": str, "head": str}
    if found["record"] != FORMAT or isinstance(found["record"], bool):
        raise NotAChain(
            f"That record is written in format {str(found['record'])[:20]}; this program reads "
            f"format {FORMAT}. Use a newer version of Parley."
        )
    for name, kind in kinds.items():
        if type(found[name]) is not kind:
            raise NotAChain(f"The first line of that record has no usable {name!r}.")
    return found


def _item(channel: int, line: bytes) -> Item:
    try:
        return _entry(channel, _object(line, _ENTRY))
    except ValueError as wrong:
        return Unreadable(str(wrong))


def _entry(channel: int, found: Mapping[str, Any]) -> Entry:
    for name, kind in (("number", int), ("body", dict)):
        if type(found[name]) is not kind:
            raise ValueError(f"has no usable {name!r}")
    for name in ("kind", "at", "previous", "hash"):
        if not isinstance(found[name], str):
            raise ValueError(f"has no usable {name!r}")
    try:
        at = moment_of(found["at"])
    except ValueError:
        raise ValueError("has a time that is written in another way") from None
    return Entry(
        channel, found["number"], found["kind"], at, found["body"], found["previous"], found["hash"]
    )


def _object(line: bytes, names: set[str]) -> dict[str, Any]:
    """The JSON object of a line, with exactly these names. ValueError with the end of a sentence:
    what two readers could read differently is refused."""
    try:
        found = json.loads(
            line.decode("utf-8"),
            object_pairs_hook=_once,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except UnicodeDecodeError:
        raise ValueError("is not written in UTF-8") from None
    except json.JSONDecodeError:
        raise ValueError("is no JSON") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("is no JSON object")
    if other := sorted(names ^ found.keys()):
        raise ValueError(f"lacks or should not have {other[0][:30]!r}")
    _check(found)
    return found


def _check(found: dict[str, Any]) -> None:
    """ValueError for values that canonical JSON would write in another way."""
    try:
        same = plain(found) == found
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if not same:
        raise ValueError("has text that is no Unicode")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("says a name twice")
    return found


def _no_float(written: str) -> Any:
    raise ValueError(f"has the number {written[:20]}, which is not whole")
