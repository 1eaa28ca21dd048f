"""An order book as Binance streamed it, rebuilt from a recording.

A recording is a gzipped file of lines, each the local time in nanoseconds and a message of the
combined stream: `depth@100ms` (changes, with the numbers U to u of the updates they contain),
`bookTicker` (best bid and ask after the update u), `trade`, and one REST snapshot of the book. The
book is made as Binance says ("How to manage a local order book correctly"): changes that end
before the snapshot are dropped, the next has to contain the update after it, and from then on each
begins where the one before ended; an amount of zero removes a price.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from agents.domain.errors import AskUser
from agents.domain.market import from_ms
from agents.domain.money import ZERO
from agents.domain.order import OrderSide

Level = tuple[Decimal, Decimal]
"""Price, quote currency, and amount, base currency."""

_NAME = re.compile(r"^binance_spot_([a-z0-9]+)_.*raw\.jsonl\.gz$")


@dataclass
class RecordedBook:
    """The book after the update `last`; empty before the snapshot."""

    last: int = 0
    bids: dict[Decimal, Decimal] = field(default_factory=dict)
    asks: dict[Decimal, Decimal] = field(default_factory=dict)

    def begin(self, snapshot: dict[str, Any]) -> None:
        self.last = int(snapshot["lastUpdateId"])
        self.bids = dict(_levels(snapshot["bids"]))
        self.asks = dict(_levels(snapshot["asks"]))

    def take(self, change: dict[str, Any]) -> bool:
        """False for a change that is older than the book. Raises AskUser for one that leaves a
        gap: the recording is not whole."""
        first, last = int(change["U"]), int(change["u"])
        if last <= self.last:
            return False
        if first > self.last + 1:
            raise AskUser(f"The recording lacks the updates {self.last + 1} to {first - 1}.")
        for levels, side in ((change["b"], self.bids), (change["a"], self.asks)):
            for price, amount in _levels(levels):
                if amount:
                    side[price] = amount
                else:
                    side.pop(price, None)
        self.last = last
        return True

    def best(self) -> tuple[Decimal, Decimal]:
        return max(self.bids), min(self.asks)

    def levels(self, side: OrderSide) -> list[Level]:
        """What a market order meets, the best price first."""
        buys = side is OrderSide.BUY
        return sorted((self.asks if buys else self.bids).items(), reverse=not buys)


def average(levels: Sequence[Level], quantity: Decimal) -> Decimal | None:
    """The average price of a market order; None when the recorded book is not deep enough."""
    left, paid = quantity, ZERO
    for price, amount in levels:
        part = min(left, amount)
        left, paid = left - part, paid + part * price
        if not left:
            return paid / quantity
    return None


@dataclass(frozen=True, slots=True)
class Quote:
    """What the stream said of the best bid and ask after the update `update`."""

    update: int
    bid: Decimal
    bid_size: Decimal
    ask: Decimal
    ask_size: Decimal


@dataclass(frozen=True, slots=True)
class Moment:
    """The book, and what was known of it without its depth; `last` is the newest trade's price.
    The book is the recording's own, and changes when the next moment is asked for."""

    at: datetime
    book: RecordedBook
    quote: Quote
    last: Decimal


def recordings(folder: Path) -> dict[str, Path]:
    """The recordings of a folder by their symbol as Binance spells it. Raises AskUser when there
    is none."""
    found = {match[1].upper(): path for path, match in _named(folder)}
    if not found:
        raise AskUser(
            f"The folder {folder} has no recordings; they are named like"
            " binance_spot_btcusdt_20240808_raw.jsonl.gz."
        )
    return found


def _named(folder: Path) -> Iterator[tuple[Path, re.Match[str]]]:
    for path in sorted(folder.glob("*.gz")):
        if match := _NAME.match(path.name):
            yield path, match


def moments(path: Path) -> Iterator[Moment]:
    """Every moment at which the book is known: after each of its changes."""
    book, quotes = RecordedBook(), [Quote(0, ZERO, ZERO, ZERO, ZERO)]
    early: list[dict[str, Any]] = []
    last = ZERO
    for at, kind, message in _messages(path):
        if kind == "snapshot":
            book.begin(message)
            for change in early:
                book.take(change)
        elif kind == "trade":
            last = Decimal(message["p"])
        elif kind == "bookTicker":
            quotes.append(_quote(message))
        elif kind == "depth" and not book.last:
            early.append(message)
        elif kind == "depth" and book.take(message):
            quotes = _since(quotes, book.last)
            if quotes[0].update and last:
                yield Moment(at, book, quotes[0], last)


def _since(quotes: Sequence[Quote], update: int) -> list[Quote]:
    """Without those before the newest that is not after `update`."""
    past = [place for place, quote in enumerate(quotes) if quote.update <= update]
    return list(quotes[past[-1] if past else 0 :])


def _messages(path: Path) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
    try:
        with gzip.open(path, "rt") as lines:
            for line in lines:
                at, _, body = line.partition(" ")
                message = json.loads(body)
                yield from_ms(int(at) // 1_000_000), _kind(message), message.get("data", message)
    except (OSError, ValueError, EOFError):
        raise AskUser(f"{path.name} is damaged or no recording; fetch it again.") from None


def _kind(message: dict[str, Any]) -> str:
    if "lastUpdateId" in message:
        return "snapshot"
    return str(message["stream"]).partition("@")[2].partition("@")[0]


def _levels(rows: Sequence[Sequence[str]]) -> Iterator[Level]:
    return ((Decimal(price), Decimal(amount)) for price, amount in rows)


def _quote(message: dict[str, Any]) -> Quote:
    sizes = (Decimal(message[name]) for name in ("b", "B", "a", "A"))
    return Quote(int(message["u"]), *sizes)
