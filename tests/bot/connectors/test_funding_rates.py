"""Funding rates: seeded, from files, and from an exchange."""

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from agents.domain.errors import AskUser, MarketUnavailable, OperatorNeeded, UnknownSymbol
from agents.domain.market import FundingRate, from_ms, to_ms
from bot.connectors.ccxt_exchange import PublicExchange
from bot.connectors.ccxt_funding import funding_rates
from bot.connectors.market_replay import ReplayMarket
from bot.connectors.market_simulated import SimulatedMarket
from bot.connectors.replay_funding import read_funding
from tests.support.clock import START, ManualClock
from tests.support.markets import BENCHES, Bench, minutes, write_folder

EIGHT = timedelta(hours=8)


@pytest.mark.parametrize("which", BENCHES)
async def test_every_market_answers_in_order_and_not_of_the_future(
    which: str, tmp_path: Path
) -> None:
    async with BENCHES[which](tmp_path) as bench:
        since = bench.clock.now() - timedelta(days=2)
        rates = await bench.market.funding("BTC/USDT", since)
        assert [rate.at for rate in rates] == sorted({rate.at for rate in rates})
        assert all(since <= rate.at <= bench.clock.now() for rate in rates)
        with pytest.raises(UnknownSymbol):
            await _of_nothing(bench)


async def _of_nothing(bench: Bench) -> None:
    await bench.market.funding("NO/SUCH", bench.clock.now())


async def test_the_simulated_ones_are_the_same_whenever_they_are_asked_for() -> None:
    clock = ManualClock(START)
    market, other = SimulatedMarket(clock, 7), SimulatedMarket(ManualClock(START), 8)
    rates = await market.funding("BTC/USDT", START - timedelta(days=30))
    assert len(rates) == 90
    assert {rate.at.hour for rate in rates} == {0, 8, 16}
    assert await market.funding("BTC/USDT", START - timedelta(days=3)) == rates[-9:]
    assert await other.funding("BTC/USDT", START - timedelta(days=3)) != rates[-9:]
    values = [rate.rate for rate in rates]
    assert max(map(abs, values)) < Decimal("0.001")
    assert min(values) < 0 < sum(values)


def write_rates(folder: Path, name: str, **columns: Any) -> Path:
    (folder / "funding").mkdir(exist_ok=True)
    path = folder / "funding" / name
    pq.write_table(pa.table(columns), path)
    return path


async def test_a_replay_reads_the_folder_beside_its_candles(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, minutes())
    times = [to_ms(START - EIGHT), to_ms(START)]
    write_rates(folder, "bybit_BTCUSDT_8h.parquet", timestamp=times, funding_rate=[0.0001, -2e-05])
    market = ReplayMarket(folder, ManualClock(), START - timedelta(minutes=1))
    await market.start()
    try:
        found = await market.funding("BTC/USDT", START - timedelta(days=1))
        assert found == [FundingRate("BTC/USDT", START - EIGHT, Decimal("0.0001"))]
        assert await market.funding("ETH/USDT", START - timedelta(days=1)) == []
    finally:
        await market.stop()


def test_files_that_can_not_be_used_are_named(tmp_path: Path) -> None:
    write_rates(tmp_path, "bybit_BTCUSDT_8h.parquet", timestamp=[0], rate=[0.1])
    with pytest.raises(AskUser, match=r"bybit_BTCUSDT_8h\.parquet is no file of funding"):
        read_funding(tmp_path)
    write_rates(tmp_path, "bybit_BTCUSDT_8h.parquet", timestamp=[0], funding_rate=[1.5])
    with pytest.raises(AskUser, match="a part of the position's value"):
        read_funding(tmp_path)
    write_rates(tmp_path, "bybit_BTCUSDT_8h.parquet", timestamp=[0], funding_rate=[None])
    with pytest.raises(AskUser):
        read_funding(tmp_path)


async def test_a_replay_says_so_at_its_start(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, minutes())
    write_rates(folder, "bybit_BTCUSDT_8h.parquet", nothing=[0])
    with pytest.raises(OperatorNeeded, match="no file of funding"):
        await ReplayMarket(folder, ManualClock()).start()


def test_real_funding_is_read(shared_data: Path, tmp_path: Path) -> None:
    shutil.copytree(shared_data / "funding", tmp_path / "funding")
    found = read_funding(tmp_path)
    assert {symbol: len(rates) for symbol, rates in found.items()} == {
        "BTC/USDT": 180,
        "ETH/USDT": 180,
    }
    first = found["BTC/USDT"][0]
    assert (first.at, first.rate) == (datetime(2025, 6, 22, tzinfo=UTC), Decimal("-0.00000539"))


class Exchange:
    """Gives 100 rows a page, as exchanges do."""

    name = "Stand-in"

    def __init__(self, count: int, *, tells: bool = True) -> None:
        self.has = {"fetchFundingRateHistory": tells}
        self.broken = False
        self.rows = [
            {"timestamp": to_ms(START) + number * 28_800_000, "fundingRate": 0.0001 * number}
            for number in range(count)
        ]

    async def fetch_funding_rate_history(
        self, symbol: str, since: int, limit: int
    ) -> Sequence[Mapping[str, Any]]:
        if self.broken:
            raise ConnectionError("no way")
        return [row for row in self.rows if row["timestamp"] >= since][:limit]


async def _asked(exchange: Exchange, spelling: str = "BTC/USDT:USDT") -> Sequence[FundingRate]:
    return await funding_rates(cast(PublicExchange, exchange), spelling, "BTC/USDT", START)


async def test_an_exchange_is_asked_page_after_page() -> None:
    found = await _asked(Exchange(250))
    assert len(found) == 250
    assert found[2] == FundingRate("BTC/USDT", from_ms(to_ms(START)) + 2 * EIGHT, Decimal("0.0002"))
    assert await _asked(Exchange(0)) == []


async def test_spot_and_exchanges_that_do_not_tell_have_none() -> None:
    assert await _asked(Exchange(5), "BTC/USDT") == []
    assert await _asked(Exchange(5, tells=False)) == []


async def test_an_exchange_that_fails_is_asked_again_later() -> None:
    exchange = Exchange(5)
    exchange.broken = True
    with pytest.raises(MarketUnavailable, match="Stand-in tells no funding of BTC/USDT"):
        await _asked(exchange)
