"""`python -m bot read SENTENCE`: what the sentence reader understood, as one JSON object."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from agents.decision.words import read
from agents.domain.symbols import DEFAULT_UNIVERSE

_SAID_WRONG = 2  # exit code of a command that has to be said differently


@dataclass
class Streams:
    """Where the reading goes, and where a fault is told."""

    out: TextIO
    err: TextIO


def run(argv: Sequence[str], streams: Streams | None = None) -> int:
    """Print the reading of the words in `argv`; 0, or 2 with a sentence when there are none."""
    streams = streams or Streams(sys.stdout, sys.stderr)
    sentence = " ".join(argv[1:] if list(argv[:1]) == ["--"] else argv).strip()
    if not sentence:
        streams.err.write(
            'Say the sentence to read, in quotes: python -m bot read "Buy BTC when RSI(14) on 5m'
            ' drops below 35, stop 1%, target 2R"\n'
        )
        return _SAID_WRONG
    found = read(sentence, DEFAULT_UNIVERSE)
    streams.out.write(json.dumps(found.as_json(), ensure_ascii=False, indent=2) + "\n")
    return 0
