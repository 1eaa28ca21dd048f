"""How long the event loop is held, and how figures are told."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager


class LoopWatch:
    """`longest`: by how many seconds the loop was late at most for a timer of a millisecond.
    `computing`: the most processor time that the loop's thread took in such a while, which other
    processes of the machine can't lengthen."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.computing = 0.0

    async def run(self) -> None:
        while True:
            began, worked = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, time.perf_counter() - began - 0.001)
            self.computing = max(self.computing, time.thread_time() - worked)


@asynccontextmanager
async def watched() -> AsyncIterator[LoopWatch]:
    watch = LoopWatch()
    watching = asyncio.create_task(watch.run())
    await asyncio.sleep(0)
    try:
        yield watch
    finally:
        watching.cancel()


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000 * len(ordered)) // 1000) - 1))]
