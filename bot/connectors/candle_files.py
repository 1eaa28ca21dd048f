"""Candles in Parquet files, as the replay market and the command line read them.

A file is named exchange_SYMBOL_timeframe[_tag].parquet (binance_BTCUSDT_5m_2024.parquet) and has
the columns timestamp (int64, milliseconds UTC, the candle's open), open, high, low, close and
volume (base currency). Every fault of a file is an AskUser with a sentence that names the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.domain.errors import AskUser
from agents.domain.market import Candles, Timeframe
from agents.domain.symbols import QUOTES
from agents.extraction.resample import candles_of

if TYPE_CHECKING:
    import pyarrow

_PRICES = ("open", "high", "low", "close", "volume")
_NAME = re.compile(
    r"^(?P<exchange>[^_]+)_(?P<symbol>[A-Za-z0-9]+)_(?P<timeframe>[1-9]\d*[mhdw])(?:_|$)"
)
_LONGEST_FIRST = sorted(QUOTES, key=len, reverse=True)


@dataclass(frozen=True, slots=True)
class CandleFile:
    """A file by its name; nothing of it has been read."""

    path: Path
    symbol: str
    timeframe: Timeframe

    @classmethod
    def named(cls, path: Path) -> CandleFile | None:
        """What the name of `path` says, None when it says nothing."""
        found = _NAME.match(path.stem)
        pair = _pair(found["symbol"].upper()) if found else None
        if found is None or pair is None:
            return None
        return cls(path, pair, Timeframe.parse(found["timeframe"]))


def symbol_of(path: Path) -> str:
    """`BTC/USDT` for binance_BTCUSDT_5m_2024.parquet. Raises AskUser for a name without one."""
    return _named(path).symbol


def timeframe_of(path: Path) -> Timeframe:
    """`5m` for binance_BTCUSDT_5m_2024.parquet. Raises AskUser for a name without one."""
    return _named(path).timeframe


def candle_files(place: Path) -> tuple[CandleFile, ...]:
    """The candle files of a folder in order of their names, or the one that `place` is.

    Raises AskUser when there is none.
    """
    if place.is_dir():
        named = (CandleFile.named(path) for path in sorted(place.glob("*.parquet")))
        files = tuple(file for file in named if file)
        if not files:
            raise AskUser(
                f"The folder {place} has no candle files; they are named like"
                " binance_BTCUSDT_5m.parquet."
            )
        return files
    if not place.exists():
        raise AskUser(f"There is no file or folder {place}.")
    return (_named(place),)


def read_candles(path: Path) -> Candles:
    """All candles of a file, oldest first. Raises AskUser for a file that can't be used."""
    file = _named(path)
    if not path.is_file():
        raise AskUser(f"There is no file {path}.")
    table = _table(path)
    opened = _times(table, file)
    prices = np.array([_column(table, name, path) for name in _PRICES])
    broken = np.flatnonzero(~np.isfinite(prices).all(axis=0))
    if len(broken):
        raise AskUser(f"{path.name} has a candle without numbers in row {broken[0] + 1}.")
    return candles_of(file.symbol, file.timeframe, opened, prices)


def _named(path: Path) -> CandleFile:
    file = CandleFile.named(path)
    if file is None:
        raise AskUser(
            f"I can't tell symbol and timeframe from the name {path.name}; name the file like"
            " binance_BTCUSDT_5m.parquet."
        )
    return file


def _pair(symbol: str) -> str | None:
    for quote in _LONGEST_FIRST:
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return f"{symbol[: -len(quote)]}/{quote}"
    return None


def _table(path: Path) -> pyarrow.Table:
    import pyarrow  # 0.1 s and 30 MB that only replay and the command line need
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
        held = table.column_names  # decodes them, which a damaged file may refuse
    except (pyarrow.ArrowException, OSError, ValueError):
        raise AskUser(f"{path.name} is damaged or no Parquet file; fetch it again.") from None
    missing = [name for name in ("timestamp", *_PRICES) if name not in held]
    if missing:
        raise AskUser(f"{path.name} has no column {missing[0]}; see how candle files are laid out.")
    if not table.num_rows:
        raise AskUser(f"{path.name} holds no candles.")
    return table


def _times(table: pyarrow.Table, file: CandleFile) -> NDArray[np.int64]:
    name = file.path.name
    column = table["timestamp"]
    if column.null_count or str(column.type) != "int64":
        raise AskUser(f"{name}: timestamp must be whole milliseconds (int64) in every row.")
    opened: NDArray[np.int64] = column.to_numpy().astype(np.int64)
    unordered = np.flatnonzero(np.diff(opened) <= 0)
    if len(unordered):
        raise AskUser(f"{name} is not in order of time at row {unordered[0] + 2}.")
    off = np.flatnonzero((opened - file.timeframe.floor_ms(0)) % file.timeframe.ms)
    if len(off):
        raise AskUser(f"{name} has a candle that opens off the {file.timeframe} clock.")
    return opened


def _column(table: pyarrow.Table, name: str, path: Path) -> NDArray[np.float64]:
    column = table[name]
    try:
        values: NDArray[np.float64] = column.to_numpy().astype(np.float64)
    except (TypeError, ValueError):
        raise AskUser(f"{path.name}: the column {name} does not hold numbers.") from None
    return values
