"""A channel's record of 10,000 entries: verified, and read from its file."""

import time
from collections.abc import Callable

from agents.domain.chain import verify_chain
from agents.domain.chain_file import read_chain, written
from tests.support.chains import CHANNEL, a_chain

ENTRIES = 10_000
ROUNDS = 3


def measure() -> tuple[float, float]:
    """Seconds of the quickest of some rounds: the entries alone, and with reading the file."""
    chain = a_chain(ENTRIES)
    file = "".join(written(CHANNEL, "Calls", chain)).encode()
    alone = min(_took(lambda: verify_chain(chain, chain[-1].hash)) for _ in range(ROUNDS))
    whole = min(_took(lambda: read_chain(file).faults()) for _ in range(ROUNDS))
    return alone, whole


def _took(check: Callable[[], object]) -> float:
    began = time.perf_counter()
    if check():
        raise AssertionError("a whole record was called broken")
    return time.perf_counter() - began
