"""Charts: right size, something on them, the same each time, whatever the candles are."""

import struct
import zlib
from array import array
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from agents.domain.market import Candles, Timeframe
from agents.domain.strategy import Side
from agents.reporting.charts import Mark, draw_chart, draw_equity, draw_trade

START = datetime(2022, 1, 19, tzinfo=UTC)
FIVE = Timeframe.parse("5m")


def candles(closes: list[float]) -> Candles:
    opens = [closes[0], *closes[:-1]] if closes else []
    return Candles(
        "BTC/USDT",
        FIVE,
        array("q", [int(START.timestamp() * 1000) + i * FIVE.ms for i in range(len(closes))]),
        array("d", opens),
        array("d", [max(o, c) for o, c in zip(opens, closes, strict=True)]),
        array("d", [min(o, c) for o, c in zip(opens, closes, strict=True)]),
        array("d", closes),
        array("d", [1.0] * len(closes)),
    )


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    return struct.unpack(">II", png[16:24])


def distinct_bytes(png: bytes) -> int:
    place, data = 8, b""
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + length]
        place += length + 12
    return len(set(zlib.decompress(data)))


def trade(closes: list[float], entry: str, stop: str, moved: str | None = None) -> bytes:
    return draw_trade(
        candles(closes),
        title="LONG BTC/USDT · 5m",
        note="Paper",
        side=Side.LONG,
        entry=Decimal(entry),
        stop=Decimal(stop),
        moved=None if moved is None else Decimal(moved),
        targets=((Decimal(entry) * 2 - Decimal(stop), "1R"),),
        marks=(Mark(START + timedelta(minutes=7), Decimal(entry), "entry"),),
        zone="Asia/Tokyo",
    )


@pytest.mark.parametrize(
    ("closes", "entry", "stop"),
    [
        ([100 + i % 7 for i in range(80)], "104", "99"),
        ([2.1e-5 + 1e-8 * (i % 5) for i in range(40)], "0.00002102", "0.000021"),
        ([61_000.0] * 30, "61000", "60000"),
        ([61_000.0], "61000", "60000"),
        ([], "61000", "60000"),
        ([100, 5_000_000, 100], "100", "1"),
    ],
)
def test_any_candles_make_a_picture(closes: list[float], entry: str, stop: str) -> None:
    png = trade(closes, entry, stop)
    assert size(png) == (1080, 690)
    assert distinct_bytes(png) > 20


def test_the_same_trade_is_the_same_picture() -> None:
    closes = [100.0 + i % 7 for i in range(20)]
    assert trade(closes, "104", "99") == trade(closes, "104", "99")


def test_a_stop_that_was_moved_is_a_line_more() -> None:
    closes = [100.0 + i % 7 for i in range(20)]
    assert trade(closes, "104", "99", "102") != trade(closes, "104", "99")
    assert trade(closes, "104", "99", "99") == trade(closes, "104", "99")


def test_chart_and_equity() -> None:
    assert size(draw_chart(candles([1.0, 2.0]), title="BTC/USDT"))[0] == 1080
    points = [(START + timedelta(days=i), Decimal(10_000 + i)) for i in range(5)]
    assert size(draw_equity(points, title="Equity"))[0] == 1080
    assert size(draw_equity(points[:1], title="Equity"))[0] == 1080
    assert size(draw_equity([], title="Equity"))[0] == 1080


@pytest.mark.parametrize("side", list(Side))
def test_a_trade_without_a_target_can_be_drawn(side: Side) -> None:
    """One that was taken over, or that only trails."""
    entry, stop = (Decimal(61_000), Decimal(60_000)) if side is Side.LONG else (60, 61)
    drawn = draw_trade(
        candles([61_000.0] * 30), title="x", side=side, entry=Decimal(entry), stop=Decimal(stop)
    )
    assert size(drawn) == (1080, 690)
