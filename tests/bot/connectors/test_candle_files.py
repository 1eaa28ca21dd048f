"""Candle files: what their names say, what they hold, and what is wrong with them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from agents.domain.errors import AskUser
from agents.domain.market import Timeframe
from agents.extraction.frame import Frame
from bot.connectors.candle_files import candle_files, read_candles, symbol_of, timeframe_of
from tests.support.parquet import write_candles
from tests.support.rule_trees import candles

FRAME = candles(1, 40)


@pytest.mark.parametrize(
    ("name", "symbol", "timeframe"),
    [
        ("binance_BTCUSDT_5m_2024.parquet", "BTC/USDT", "5m"),
        ("binanceusdm_ETHUSDT_1m.parquet", "ETH/USDT", "1m"),
        ("bitfinex_BTCUSD_1m_2017top.parquet", "BTC/USD", "1m"),
        ("binanceus_BTCUSDC_1m_2023depeg.parquet", "BTC/USDC", "1m"),
        ("x_BTCBUSD_1h.parquet", "BTC/BUSD", "1h"),
        ("x_1000SHIBUSDT_4h.parquet", "1000SHIB/USDT", "4h"),
        ("x_ETHBTC_1d_a_b.parquet", "ETH/BTC", "1d"),
        ("x_solusdt_60m.parquet", "SOL/USDT", "1h"),
    ],
)
def test_names(name: str, symbol: str, timeframe: str) -> None:
    assert symbol_of(Path(name)) == symbol
    assert str(timeframe_of(Path(name))) == timeframe


@pytest.mark.parametrize(
    "name", ["candles.parquet", "binance_USDT_5m.parquet", "binance_BTCUSDT_soon.parquet",
             "BTCUSDT_5m.parquet", "binance_BTCUSDT_0m.parquet", "binance_FOOBAR_5m.parquet"],
)  # fmt: skip
def test_names_that_say_nothing(name: str) -> None:
    with pytest.raises(AskUser, match=f"symbol and timeframe from the name {name}"):
        symbol_of(Path(name))


def test_candles_come_back_as_they_were(tmp_path: Path) -> None:
    path = write_candles(tmp_path / "binance_BTCUSDT_5m.parquet", FRAME)
    found = Frame.of(read_candles(path))
    assert (found.symbol, found.timeframe) == ("BTC/USDT", Timeframe.parse("5m"))
    assert np.array_equal(found.opened, FRAME.opened)
    for mine, theirs in zip(found.prices, FRAME.prices, strict=True):
        assert np.array_equal(mine, theirs)


def test_a_folder_gives_its_candle_files_in_order(tmp_path: Path) -> None:
    for name in ("x_ETHUSDT_5m.parquet", "x_BTCUSDT_5m.parquet", "notes.parquet", "a.txt"):
        (tmp_path / name).touch()
    assert [file.symbol for file in candle_files(tmp_path)] == ["BTC/USDT", "ETH/USDT"]
    (one,) = candle_files(tmp_path / "x_ETHUSDT_5m.parquet")
    assert one.symbol == "ETH/USDT"


def test_places_without_candles(tmp_path: Path) -> None:
    with pytest.raises(AskUser, match="has no candle files"):
        candle_files(tmp_path)
    with pytest.raises(AskUser, match="There is no file or folder"):
        candle_files(tmp_path / "missing")
    with pytest.raises(AskUser, match="There is no file"):
        read_candles(tmp_path / "binance_BTCUSDT_5m.parquet")


def _times(*changes: tuple[int, int]) -> pa.Array:
    opened = FRAME.opened.copy()
    for row, by in changes:
        opened[row] += by
    return pa.array(opened)


@pytest.mark.parametrize(
    ("instead", "says"),
    [
        ({"volume": None}, "has no column volume"),
        ({"timestamp": None}, "has no column timestamp"),
        ({"close": pa.array(["x"] * 40)}, "the column close does not hold numbers"),
        ({"close": pa.array([None, *[1.0] * 39])}, "without numbers in row 1"),
        ({"high": pa.array([1.0, float("inf"), *[1.0] * 38])}, "without numbers in row 2"),
        ({"timestamp": pa.array([1.5] * 40)}, "whole milliseconds"),
        ({"timestamp": pa.array([None, *range(39)])}, "whole milliseconds"),
        ({"timestamp": _times((5, -300_000))}, "not in order of time at row 6"),
        ({"timestamp": _times((39, 1))}, "opens off the 5m clock"),
    ],
)
def test_files_that_can_not_be_used(
    tmp_path: Path, instead: dict[str, pa.Array | None], says: str
) -> None:
    path = write_candles(tmp_path / "binance_BTCUSDT_5m.parquet", FRAME, **instead)
    with pytest.raises(AskUser, match=says):
        read_candles(path)


def test_empty_and_damaged_files(tmp_path: Path) -> None:
    empty = write_candles(tmp_path / "binance_BTCUSDT_5m.parquet", FRAME.part(0, 0))
    with pytest.raises(AskUser, match="holds no candles"):
        read_candles(empty)
    whole = write_candles(tmp_path / "binance_ETHUSDT_5m.parquet", FRAME).read_bytes()
    for content in (b"", b"not parquet", whole[: len(whole) // 2], whole[:-8] + b"\0" * 8):
        damaged = tmp_path / "binance_SOLUSDT_5m.parquet"
        damaged.write_bytes(content)
        with pytest.raises(AskUser, match="is damaged or no Parquet file"):
            read_candles(damaged)


def test_a_corrupted_middle_is_told_or_harmless(tmp_path: Path) -> None:
    whole = bytearray(write_candles(tmp_path / "binance_ETHUSDT_5m.parquet", FRAME).read_bytes())
    for place in range(4, len(whole) - 8, 97):
        broken = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        damaged = tmp_path / "binance_SOLUSDT_5m.parquet"
        damaged.write_bytes(broken)
        try:
            read_candles(damaged)
        except AskUser as told:
            assert "binance_SOLUSDT_5m.parquet" in str(told)


def test_real_files_can_be_read(shared_data: Path) -> None:
    files = candle_files(shared_data / "candles") + candle_files(shared_data / "replay_5m_2022")
    assert len(files) > 40
    for file in files[::6]:
        assert len(read_candles(file.path)) > 1000
