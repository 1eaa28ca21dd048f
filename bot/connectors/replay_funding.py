"""Funding beside replayed candles: Parquet files in the folder `funding` next to them.

A file is named as a candle file is (bybit_BTCUSDT_8h.parquet) and has the columns timestamp
(int64, milliseconds UTC) and funding_rate (a part of the position's value). None has to be there.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from agents.domain.errors import AskUser
from agents.domain.market import FundingRate, from_ms
from agents.domain.money import exact
from bot.connectors.candle_files import CandleFile

_log = logging.getLogger(__name__)
_WILDEST = Decimal(1)


def read_funding(place: Path) -> Mapping[str, Sequence[FundingRate]]:
    """By symbol, oldest first; the first file of a symbol counts. Raises AskUser naming a file
    that can't be used."""
    folder = (place if place.is_dir() else place.parent) / "funding"
    found: dict[str, Sequence[FundingRate]] = {}
    for path in sorted(folder.glob("*.parquet")):
        file = CandleFile.named(path)
        if file is None or file.symbol in found:
            _log.info("A file of funding is not used.", extra={"file": path.name})
            continue
        found[file.symbol] = _read(path, file.symbol)
    return found


def _read(path: Path, symbol: str) -> Sequence[FundingRate]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path, columns=["timestamp", "funding_rate"])
        rows = zip(table["timestamp"].to_pylist(), table["funding_rate"].to_pylist(), strict=True)
        rates = [FundingRate(symbol, from_ms(at), exact(rate)) for at, rate in rows]
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, TypeError, ArithmeticError):
        raise AskUser(
            f"{path.name} is no file of funding; its columns are timestamp (milliseconds) and"
            " funding_rate."
        ) from None
    if any(not rate.rate.is_finite() or abs(rate.rate) >= _WILDEST for rate in rates):
        raise AskUser(f"{path.name}: a funding rate is a part of the position's value, as 0.0001.")
    return sorted(rates, key=lambda rate: rate.at)
