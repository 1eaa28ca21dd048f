"""`python -m bot verify FILE [--head HASH]`: whether an exported record is whole.

It needs no database, no settings and no network: the file, and a hash of the last or any earlier
entry that was published, is all.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from agents.domain.chain_file import ChainFile, NotAChain, read_chain
from agents.domain.record import Entry, moment_text

INTACT, BROKEN, SAID_WRONG = 0, 1, 2  # exit codes
_LARGEST_FILE = 1 << 30  # bytes, a few million entries
_MOST_FAULTS = 50  # printed
_HASH = re.compile(r"[0-9a-f]{12,64}")  # fewer could be met by trying


@dataclass
class Streams:
    """Where the verdict goes, and where it is told that there is none."""

    out: TextIO
    err: TextIO


def run(argv: Sequence[str], streams: Streams | None = None) -> int:
    """0 for a whole record, 1 for one that was tampered with, 2 where nothing can be said."""
    streams = streams or Streams(sys.stdout, sys.stderr)
    asked = _arguments(argv)
    head = asked.head.strip().lower()
    if head and not _HASH.fullmatch(head):
        streams.err.write(
            "--head needs the hash of a published signal: at least its first 12 of 64 characters.\n"
        )
        return SAID_WRONG
    try:
        chain = read_chain(_content(Path(asked.file)))
    except OSError as error:
        streams.err.write(f"{asked.file} can't be read ({error.strerror}): name another file.\n")
        return SAID_WRONG
    except NotAChain as wrong:
        streams.err.write(f"{wrong}\n")
        return SAID_WRONG
    faults = [str(fault) for fault in chain.faults(head)]
    for line in _verdict(chain, faults, head):
        streams.out.write(f"{line}\n")
    return BROKEN if faults else INTACT


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bot verify", description="Check an exported record of a channel."
    )
    parser.add_argument("file", help="the export, as it came")
    parser.add_argument(
        "--head", default="", help="the hash in a signal of the channel, to compare with"
    )
    return parser.parse_args(argv)


def _content(path: Path) -> bytes:
    if path.stat().st_size > _LARGEST_FILE:
        raise NotAChain(f"{path} is far too large for a record; name the export itself.")
    return path.read_bytes()


def _verdict(chain: ChainFile, faults: Sequence[str], head: str) -> Iterator[str]:
    """One clear line, then the faults, or what else to compare."""
    name = f"record of “{_printable(chain.title)}” (channel {chain.channel})"
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        yield f"BROKEN: the {name} has {count}."
        yield from (f"  {fault}" for fault in faults[:_MOST_FAULTS])
        if len(faults) > _MOST_FAULTS:
            yield f"  and {len(faults) - _MOST_FAULTS} more"
        return
    yield f"INTACT: the {name} is whole, {_span(chain)}."
    yield f"  head {chain.head}"
    if head:
        yield f"  it contains the published head {_place(chain, head)}"
    else:
        yield "  Compare the head with the one in the channel's newest signal, or give --head HASH:"
        yield "  without it, nobody can tell whether the end was cut off or written anew."


def _span(chain: ChainFile) -> str:
    entries = _entries(chain)
    if not entries:
        return "without entries"
    days = [moment_text(entry.at)[:10] for entry in (entries[0], entries[-1])]
    count = "1 entry" if len(entries) == 1 else f"{len(entries):,} entries"
    return f"{count} from {days[0]} to {days[1]}"


def _place(chain: ChainFile, head: str) -> str:
    number = next((entry.number for entry in _entries(chain) if entry.hash.startswith(head)), 0)
    after = len(chain.items) - number
    later = "nothing follows" if not after else f"{after:,} more follow"
    return f"as entry {number:,}; {later}"


def _entries(chain: ChainFile) -> list[Entry]:
    return [item for item in chain.items if isinstance(item, Entry)]


def _printable(title: str) -> str:
    """A title without what would play tricks on a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in title)[:80]
