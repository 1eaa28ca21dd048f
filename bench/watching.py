"""How long the event loop is held, and how figures are told."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path


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


def processor_wait() -> float:
    """Seconds that this process's threads have been ready and waited for a processor, because
    others had them all; 0.0 where the system does not count it."""
    try:
        threads = list(Path("/proc/self/task").iterdir())
        return sum(int((one / "schedstat").read_text().split()[1]) for one in threads) / 1e9
    except (OSError, IndexError):
        return 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000 * len(ordered)) // 1000) - 1))]
