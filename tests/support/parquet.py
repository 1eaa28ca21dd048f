"""Candle files as a test needs them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agents.extraction.frame import Frame

COLUMNS = ("open", "high", "low", "close", "volume")


def write_candles(path: Path, frame: Frame, **instead: pa.Array | None) -> Path:
    """Write `frame` in the layout of candle files; `instead` replaces a column, None drops it."""
    columns: dict[str, pa.Array | None] = {"timestamp": pa.array(np.asarray(frame.opened))}
    columns |= {name: pa.array(np.asarray(getattr(frame, name))) for name in COLUMNS}
    columns |= instead
    table = pa.table({name: column for name, column in columns.items() if column is not None})
    pq.write_table(table, path)
    return path
