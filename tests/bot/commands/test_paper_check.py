"""Paper against recorded books: rebuilt rightly, and paper is never the better one."""

import gzip
import io
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agents.domain.errors import AskUser
from agents.domain.order import OrderSide
from agents.domain.risk import Costs
from bot.__main__ import main
from bot.commands.paper_check import SIZES, compare, run
from bot.connectors.recorded_book import RecordedBook, average, moments, recordings

D = Decimal
NAME = "binance_spot_btcusdt_1_raw.jsonl.gz"


def depth(first: int, last: int, bids: Sequence[Any] = (), asks: Sequence[Any] = ()) -> Any:
    data = {"e": "depthUpdate", "U": first, "u": last, "b": list(bids), "a": list(asks)}
    return {"stream": "btcusdt@depth@100ms", "data": data}


def ticker(update: int, bid: str, bid_size: str, ask: str, ask_size: str) -> Any:
    data = {"u": update, "s": "BTCUSDT", "b": bid, "B": bid_size, "a": ask, "A": ask_size}
    return {"stream": "btcusdt@bookTicker", "data": data}


SNAPSHOT = {
    "lastUpdateId": 10,
    "bids": [["100", "1"], ["99", "5"]],
    "asks": [["101", "1"], ["103", "50000"]],
}
TRADE = {"stream": "btcusdt@trade", "data": {"e": "trade", "p": "101", "q": "1"}}


def write(folder: Path, *messages: Any, name: str = NAME) -> Path:
    path = folder / name
    with gzip.open(path, "wt") as lines:
        for number, message in enumerate(messages):
            lines.write(f"{1_700_000_000_000_000_000 + number} {json.dumps(message)}\n")
    return path


def test_a_book_is_its_snapshot_and_the_changes_after_it(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        depth(5, 8, asks=[["101", "7"]]),  # older than the snapshot
        depth(9, 11, asks=[["102", "2"]]),  # holds the update after it
        ticker(11, "100", "1", "101", "1"),
        TRADE,
        SNAPSHOT,
        ticker(14, "99", "4", "101", "1"),  # newer than the next change
        depth(12, 13, bids=[["100", "0"]], asks=[["101", "0.5"]]),
        depth(14, 14, bids=[["99", "4"]]),
    )
    found = [
        (moment.book.last, moment.book.best(), moment.quote.update, dict(moment.book.asks))
        for moment in moments(path)
    ]
    asks = {D(101): D("0.5"), D(102): D(2), D(103): D(50_000)}
    assert found == [
        (13, (D(99), D(101)), 11, asks),
        (14, (D(99), D(101)), 14, asks),
    ]


def test_a_gap_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, SNAPSHOT, TRADE, depth(13, 14))
    with pytest.raises(AskUser, match="lacks the updates 11 to 12"):
        list(moments(path))


def test_what_a_market_order_gets() -> None:
    book = RecordedBook()
    book.begin(SNAPSHOT)
    asks, bids = book.levels(OrderSide.BUY), book.levels(OrderSide.SELL)
    assert average(asks, D("0.5")) == 101
    assert average(asks, D(2)) == 102
    assert average(bids, D(2)) == D("99.5")
    assert average(bids, D(7)) is None


def said(argv: Sequence[str]) -> tuple[int, str]:
    out = io.StringIO()
    return run(argv, out), out.getvalue()


def test_paper_that_was_better_is_a_failure(tmp_path: Path) -> None:
    """A hole of 2 % behind the best price is more than any model would think of."""
    write(tmp_path, ticker(11, "100", "1", "101", "1"), TRADE, SNAPSHOT, depth(11, 12))
    code, printed = said([str(tmp_path)])
    assert code == 1
    assert "better than the recorded book allowed" in printed
    free = compare(tmp_path, Costs(*[D(0)] * 5))
    assert [row.better for row in free if row.side is OrderSide.BUY] == [0, 1, 1, 1]


def test_an_order_larger_than_the_book_is_counted_apart(tmp_path: Path) -> None:
    write(tmp_path, ticker(11, "100", "1", "101", "1"), TRADE, SNAPSHOT, depth(11, 12))
    shallow = {(row.side, row.size): row.shallow for row in compare(tmp_path, Costs())}
    assert shallow[OrderSide.SELL, 1_000] == 1
    assert shallow[OrderSide.BUY, 100_000] == 0


@pytest.mark.parametrize("content", [b"", b"no gzip"])
def test_files_that_can_not_be_read_are_named(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / NAME).write_bytes(content)
    code, _ = said([str(tmp_path)])
    assert code == (2 if content else 1)
    if content:
        assert NAME in capsys.readouterr().err


def test_a_folder_without_recordings_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["paper-check", str(tmp_path)]) == 2
    assert "has no recordings" in capsys.readouterr().err


def test_on_real_books_paper_is_never_better(shared_data: Path) -> None:
    code, printed = said([str(shared_data / "ticks"), "--every", "25"])
    assert code == 0, printed
    rows = printed.splitlines()[1:-1]
    assert len(rows) == 2 * 2 * len(SIZES)
    assert "\n0 of " in printed


def test_the_rebuilt_book_is_the_streams_own_best_price_at_every_change(shared_data: Path) -> None:
    path = recordings(shared_data / "ticks")["ETHUSDT"]
    seen = 0
    for moment in moments(path):
        assert moment.book.best() == (moment.quote.bid, moment.quote.ask)
        seen += 1
    assert seen > 3_000
