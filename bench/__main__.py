"""All measurements in one run: `make bench`, or `python -m bench`."""

import asyncio
import logging
import os
import platform
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from bench import close, per_strategy, record, start, taps, ticks
from bench.close import STRATEGIES
from bench.report import Row, lines, memory, milliseconds, ratio, seconds
from bench.watching import percentile

CLOSES = 5


async def closes(folder: Path) -> AsyncIterator[Row]:
    async with close.desk(folder) as desk:
        measured = [await close.measure(desk)]
        for _ in range(CLOSES - 1):
            await desk.again()
            measured.append(await close.measure(desk))
        took = [one for one, _ in measured]
        best, typical = min(took), percentile(took, 0.5)
        yield Row(
            "10,000 strategies decided and stored, best", seconds(best), "under 2 s", best < 2
        )
        yield Row(f"  median of {CLOSES} closes", seconds(typical), "", None)
        alone = min([await close.indicators_and_rules(desk) for _ in range(3)])
        yield Row("  of it data points and rules", seconds(alone), "", None)
        held = min(watch.longest for _, watch in measured)
        computing = max(watch.computing for _, watch in measured)
        yield Row("  loop held, best close", milliseconds(held), "under 50 ms", held < 0.05)
        yield Row("  its own computing at a stretch, worst", milliseconds(computing), "", None)
        other = per_strategy.measure(desk.market, STRATEGIES)
        for row in compared(best, alone, other):
            yield row
        tapping = await taps.measure(desk, typical)
        for row in tapped(tapping):
            yield row


def compared(best: float, alone: float, other: float) -> list[Row]:
    """pandas-ta's part alone against the whole close, and against the same part of it."""
    whole, part = other / best, other / alone
    return [
        Row("pandas-ta per strategy, extrapolated", seconds(other), "", None),
        Row("  against the whole close", ratio(whole), "over 100 ×", whole > 100),
        Row("  against its data points and rules", ratio(part), "over 100 ×", part > 100),
    ]


def tapped(found: taps.Tapping) -> list[Row]:
    p50, p99 = (percentile(found.latencies, share) for share in (0.5, 0.99))
    held = min(watch.longest for watch in found.watches)
    worst = max(watch.longest for watch in found.watches)
    count = len(found.latencies)
    return [
        Row(f"tap to acknowledgement in a close, p50 of {count}", milliseconds(p50), "", None),
        Row("  p99", milliseconds(p99), "under 100 ms", p99 < 0.1),
        Row("  loop held meanwhile, best close", milliseconds(held), "under 50 ms", held < 0.05),
        Row("  worst close", milliseconds(worst), "", None),
    ]


async def exits(folder: Path) -> AsyncIterator[Row]:
    async with ticks.floor(folder) as floor:
        quiet = await ticks.quiet(floor)
        loud, waits = await ticks.exits(floor)
    own = [max(0.0, took - wait) for took, wait in zip(loud, waits, strict=True)]
    p99 = percentile(loud, 0.99)
    yield Row(
        "quiet tick, 100,000 positions, p50", f"{percentile(quiet, 0.5) * 1e6:.1f} µs", "", None
    )
    yield Row("tick to stored exit intent, p50", milliseconds(percentile(loud, 0.5)), "", None)
    yield Row("  p99", milliseconds(p99), "under 5 ms", p99 < 0.005)
    if any(waits):
        yield Row(
            "  p99 without waits for a processor", milliseconds(percentile(own, 0.99)), "", None
        )
    yield Row("  positions read at a start", seconds(floor.loading), "", None)


async def starts(folder: Path) -> AsyncIterator[Row]:
    found = await start.measure(folder)
    best, typical = min(found.seconds), percentile(found.seconds, 0.5)
    yield Row("start to first poll, best", seconds(best), "under 3 s", best < 3)
    yield Row(f"  median of {start.STARTS}", seconds(typical), "", None)
    yield Row(
        "  first start, which makes the database",
        seconds(found.first),
        "under 3 s",
        found.first < 3,
    )
    yield Row("idle memory", memory(found.idle), "under 200 MB", found.idle < 200e6)
    yield Row("  after an hour of trading with charts", memory(found.busy), "", None)


async def records(folder: Path) -> AsyncIterator[Row]:
    alone, whole = record.measure()
    count = f"{record.ENTRIES:,}"
    yield Row(f"record of {count} entries verified", seconds(alone), "under 1 s", alone < 1)
    yield Row("  with its file read", seconds(whole), "", None)


async def main() -> int:
    logging.disable(logging.WARNING)
    began = time.perf_counter()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}\n", flush=True)
    for part in (starts, closes, exits, records):
        with tempfile.TemporaryDirectory() as folder:
            async for row in part(Path(folder)):
                print(lines(row), flush=True)
        print()
    print(f"measured in {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
