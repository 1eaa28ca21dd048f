"""`python -m bot paper-check FOLDER`: paper's fills against recorded order books.

At each recorded change of the book the paper broker is asked what a market order would get, from
what it may know: best bid and ask with their sizes, and the last price. Beside it stands what the
whole book gave for that order at that moment. A paper fill may never be the better one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import TextIO

from agents.domain.errors import AskUser
from agents.domain.market import Instrument, Tick
from agents.domain.money import floor_to
from agents.domain.order import OrderSide
from agents.domain.risk import Costs
from agents.execution.brokers.paper import fill_price
from bot.connectors.recorded_book import Level, Moment, average, moments, recordings

SIZES = (100, 1_000, 10_000, 100_000)
"""Quote currency."""
_BETTER, _SAID_WRONG = 1, 2  # exit codes
_STEP = Decimal("1e-8")  # finer than any exchange's: rounding to real steps only costs more
_POINTS = 10_000
_HEAD = ("symbol", "side", "size", "fills", "better", "mean bp", "p95 bp", "least bp", "book bp")


@dataclass
class Compared:
    """One row: how much worse paper was than the book, and how much the book cost beyond its best
    price, in basis points. `shallow` counts orders that the recorded book could not fill."""

    symbol: str
    side: OrderSide
    size: int
    worse: list[float] = field(default_factory=list)
    impact: list[float] = field(default_factory=list)
    shallow: int = 0

    @property
    def better(self) -> int:
        """How often paper was better than the book."""
        return sum(points < 0 for points in self.worse)

    def note(self, paper: Decimal, book: Decimal, best: Decimal) -> None:
        sign = 1 if self.side is OrderSide.BUY else -1
        self.worse.append(float((paper - book) / book * _POINTS * sign))
        self.impact.append(float((book - best) / best * _POINTS * sign))

    def cells(self) -> tuple[str, ...]:
        named = (self.symbol, self.side.value, f"{self.size:,}", str(len(self.worse)))
        if not self.worse:
            return (*named, "0", "-", "-", "-", "-")
        ordered = sorted(self.worse)
        p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
        numbers = (fmean(ordered), p95, ordered[0], fmean(self.impact))
        return (*named, str(self.better), *(f"{number:.3f}" for number in numbers))


def run(argv: Sequence[str], out: TextIO | None = None) -> int:
    """Print the table; 0, 1 when any paper fill was better than its book, 2 for a wrong call."""
    out = out or sys.stdout
    asked = _arguments(argv)
    try:
        rows = compare(Path(asked.folder), Costs(), asked.every)
    except AskUser as wrong:
        sys.stderr.write(f"{wrong}\n")
        return _SAID_WRONG
    out.writelines(_table(rows))
    better, fills = sum(row.better for row in rows), sum(len(row.worse) for row in rows)
    out.write(f"{better} of {fills} paper fills were better than the recorded book allowed.\n")
    if shallow := sum(row.shallow for row in rows):
        out.write(f"{shallow} more orders were larger than the recorded book.\n")
    return _BETTER if better or not fills else 0


def compare(folder: Path, costs: Costs, every: int = 1) -> list[Compared]:
    """By symbol, side and size, at each `every`-th moment. Raises AskUser."""
    found: list[Compared] = []
    for symbol, path in recordings(folder).items():
        rows = [Compared(symbol, side, size) for side in OrderSide for size in SIZES]
        _compare(rows, islice(moments(path), 0, None, every), costs)
        found.extend(rows)
    return found


def _compare(rows: Sequence[Compared], recorded: Iterable[Moment], costs: Costs) -> None:
    for moment in recorded:
        tick = _tick(rows[0].symbol, moment)
        for side in OrderSide:
            levels = moment.book.levels(side)
            for row in (row for row in rows if row.side is side):
                _fill(row, tick, levels, costs)


def _fill(row: Compared, tick: Tick, levels: Sequence[Level], costs: Costs) -> None:
    quantity = floor_to(row.size / tick.price, _STEP)
    book = average(levels, quantity)
    if book is None:
        row.shallow += 1
        return
    paper = fill_price(row.side, tick, _instrument(row.symbol), costs, None, quantity)
    row.note(paper, book, levels[0][0])


def _tick(symbol: str, moment: Moment) -> Tick:
    """What a desk hears of the market at that moment: no depth."""
    quote = moment.quote
    sizes = {"bid_size": quote.bid_size, "ask_size": quote.ask_size}
    return Tick(symbol, moment.at, moment.last, quote.bid, quote.ask, **sizes)


def _instrument(symbol: str) -> Instrument:
    return Instrument(symbol, symbol, "", _STEP, _STEP, _STEP, _STEP)


def _table(rows: Sequence[Compared]) -> Iterator[str]:
    cells = [_HEAD, *(row.cells() for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(_HEAD))]
    for row in cells:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) + "\n"


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bot paper-check",
        description="Compare paper's fills with recorded order books.",
    )
    parser.add_argument("folder", help="a folder of binance_spot_*_raw.jsonl.gz recordings")
    parser.add_argument("--every", type=int, default=1, help="look at each n-th moment only")
    asked = parser.parse_args(argv)
    if asked.every < 1:
        parser.error("--every needs a whole number from 1 upwards")
    return asked
