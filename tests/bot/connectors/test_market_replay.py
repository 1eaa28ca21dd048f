"""Replay: history before the start, ticks after it, a polite end, and clear words on bad files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from agents.domain.errors import AskUser, MarketUnavailable, OperatorNeeded
from agents.domain.market import Candles, MarketState, Tick, Timeframe, to_ms
from agents.extraction.resample import candles_of
from bot.connectors.market_replay import ReplayMarket
from bot.connectors.replay_series import read_series, step_of
from tests.support.clock import START, ManualClock
from tests.support.markets import BEFORE, minutes, write_file, write_folder

M1, M5, H1, D1 = (Timeframe.parse(text) for text in ("1m", "5m", "1h", "1d"))
FIRST = START - BEFORE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path, minutes())


@asynccontextmanager
async def replay(
    place: Path, start: datetime | None = None, resume_at: datetime | None = None
) -> AsyncIterator[tuple[ReplayMarket, ManualClock]]:
    market = ReplayMarket(place, clock := ManualClock(), start)
    await market.start(resume_at)
    try:
        yield market, clock
    finally:
        await market.stop()


def candles(symbol: str, timeframe: Timeframe, opened: list[datetime], level: float) -> Candles:
    """Candles that rise by one step each."""
    first = level + np.arange(len(opened), dtype=np.float64)
    prices = np.array([first, first + 2, first - 1, first + 1, np.ones(len(opened))])
    times = np.array([to_ms(at) for at in opened], dtype=np.int64)
    return candles_of(symbol, timeframe, times, prices)


def every(timeframe: Timeframe, count: int, start: datetime = START) -> list[datetime]:
    return [start + n * timeframe.length for n in range(count)]


# --- where it begins ----------------------------------------------------------------------------


async def test_it_begins_at_its_start(folder: Path) -> None:
    async with replay(folder, START) as (market, clock):
        assert clock.now() == START
        found = await market.history("BTC/USDT", M1, START, 5)
        assert found[4].closed == START


async def test_without_a_start_the_first_fifth_is_history(folder: Path) -> None:
    async with replay(folder) as (_, clock):
        assert clock.now() == H1.floor(FIRST + timedelta(minutes=3_600 / 5))


async def test_a_short_file_keeps_half_to_play(tmp_path: Path) -> None:
    write_file(
        tmp_path / "binance_BTCUSDT_1m.parquet",
        candles("BTC/USDT", M1, every(M1, 600), 100),
    )
    async with replay(tmp_path) as (_, clock):
        assert clock.now() == START + timedelta(hours=5)


async def test_a_start_before_the_data_is_the_first_candle(folder: Path) -> None:
    async with replay(folder, FIRST - timedelta(days=90)) as (_, clock):
        assert clock.now() == FIRST


async def test_a_start_after_the_data_is_refused(folder: Path) -> None:
    market = ReplayMarket(folder, ManualClock(), START + timedelta(days=90))
    with pytest.raises(OperatorNeeded, match="PARLEY_REPLAY_START is 2026-05-31"):
        await market.start()


async def test_a_later_run_goes_on_where_it_stopped(folder: Path) -> None:
    heard: list[Tick] = []
    stopped = START + timedelta(seconds=33)
    async with replay(folder, START) as (market, clock):
        market.listen(heard.append)
        market.watch(["BTC/USDT"])
        clock.move_to(stopped)
        market.pump()
    async with replay(folder, START, resume_at=stopped) as (market, clock):
        assert clock.now() == stopped
        market.listen(heard.append)
        market.watch(["BTC/USDT"])
        clock.advance(27)
        market.pump()
    assert [tick.at for tick in heard] == [START + timedelta(seconds=5 * n) for n in range(1, 13)]


async def test_nothing_is_known_before_it_has_started(folder: Path) -> None:
    market = ReplayMarket(folder, ManualClock())
    assert market.health().state is MarketState.STARTING
    assert market.last("BTC/USDT") is None
    with pytest.raises(MarketUnavailable):
        await market.universe()


# --- playing ------------------------------------------------------------------------------------


async def test_ticks_of_all_symbols_come_in_time_order(folder: Path) -> None:
    heard: list[Tick] = []
    async with replay(folder, START) as (market, clock):
        market.listen(heard.append)
        market.watch(["BTC/USDT", "ETH/USDT"])
        clock.advance(600)
        market.pump()
    assert len(heard) == 2 * 120
    assert [(tick.at, tick.symbol) for tick in heard] == sorted(
        (tick.at, tick.symbol) for tick in heard
    )


async def test_ticks_make_the_candles(folder: Path) -> None:
    heard: list[Tick] = []
    async with replay(folder, START - timedelta(seconds=1)) as (market, clock):
        market.listen(heard.append)
        market.watch(["BTC/USDT"])
        clock.advance(301)
        market.pump()
        closed = await market.history("BTC/USDT", M1, clock.now(), 5)
    for candle in closed:
        prices = [float(t.price) for t in heard if candle.opened <= t.at < candle.closed]
        assert (prices[0], max(prices), min(prices), prices[-1]) == (
            candle.open, candle.high, candle.low, candle.close,
        )  # fmt: skip


async def test_long_leaps_play_every_tick_once(folder: Path) -> None:
    heard: list[Tick] = []
    async with replay(folder, START) as (market, clock):
        market.listen(heard.append)
        market.watch(["ETH/USDT"])
        for leap in (0.3, 7, 0, 3600, 59, 4000):
            clock.advance(leap)
            market.pump()
            market.pump()
    assert len(heard) == len({tick.at for tick in heard}) == int(7666.3 // 5)


async def test_gaps_are_silent(tmp_path: Path) -> None:
    opened = [*every(M1, 3), *every(M1, 3, START + timedelta(hours=33))]
    write_file(tmp_path / "bitfinex_BTCUSD_1m.parquet", candles("BTC/USD", M1, opened, 100))
    heard: list[Tick] = []
    async with replay(tmp_path, START) as (market, clock):
        market.listen(heard.append)
        market.watch(["BTC/USD"])
        clock.advance(3600 * 20)
        market.pump()
        assert len(heard) == 35
        last = market.last("BTC/USD")
        assert last is not None
        assert last.at == START + timedelta(seconds=175)
        assert len(await market.history("BTC/USD", M1, clock.now(), 10)) == 3
        clock.move_to(START + timedelta(hours=34))
        market.pump()
        assert len(heard) == 71


async def test_a_longer_candle_waits_for_its_close(folder: Path) -> None:
    async with replay(folder, START + timedelta(minutes=59, seconds=59)) as (market, clock):
        before = await market.history("BTC/USDT", H1, clock.now(), 3)
        clock.advance(1)
        after = await market.history("BTC/USDT", H1, clock.now(), 3)
    assert before[2].opened == START - timedelta(hours=1)
    assert after[2].opened == START


async def test_a_first_candle_that_the_data_begins_inside_is_left_out(folder: Path) -> None:
    assert FIRST.hour == 10  # of the first day only fourteen hours are there
    async with replay(folder, START) as (market, clock):
        found = await market.history("BTC/USDT", D1, clock.now(), 9)
    assert [candle.opened for candle in found] == [D1.floor(FIRST) + timedelta(days=1)]


@pytest.mark.parametrize("timeframe", ["1m", "7m"])
async def test_what_can_not_be_put_together_is_said(tmp_path: Path, timeframe: str) -> None:
    write_file(
        tmp_path / "binance_BTCUSDT_5m.parquet", candles("BTC/USDT", M5, every(M5, 900), 100)
    )
    async with replay(tmp_path) as (market, clock):
        with pytest.raises(AskUser, match="here are of 5m"):
            await market.history("BTC/USDT", Timeframe.parse(timeframe), clock.now(), 5)


# --- the end ------------------------------------------------------------------------------------


async def test_it_ends_politely(folder: Path) -> None:
    end = FIRST + timedelta(minutes=3_600)
    heard: list[Tick] = []
    async with replay(folder, end - timedelta(minutes=2)) as (market, clock):
        market.listen(heard.append)
        market.watch(["BTC/USDT"])
        clock.advance(119.9)
        market.pump()
        assert market.health().state is MarketState.LIVE
        clock.advance(3600)
        market.pump()
        health = market.health()
        assert health.state is MarketState.ENDED
        assert health.detail.startswith("The replay ended at 2026-03-02 22:00 UTC")
        assert heard[-1].at == end - timedelta(seconds=5)
        assert market.last("BTC/USDT") == heard[-1]
        found = await market.history("BTC/USDT", M1, clock.now(), 3)
        assert found[2].closed == end


async def test_a_run_that_had_ended_has_ended(folder: Path) -> None:
    async with replay(folder, START, resume_at=START + timedelta(days=9)) as (market, _):
        assert market.health().state is MarketState.ENDED


# --- files --------------------------------------------------------------------------------------


def told(place: Path) -> str:
    with pytest.raises(AskUser) as raised:
        read_series(place)
    return str(raised.value)


async def test_a_damaged_file_is_named_at_start(folder: Path) -> None:
    (folder / "binance_SOLUSDT_1m.parquet").write_bytes(b"PAR1 and then nothing of use")
    market = ReplayMarket(folder, ManualClock())
    with pytest.raises(OperatorNeeded, match=r"binance_SOLUSDT_1m\.parquet") as raised:
        await market.start()
    assert "Traceback" not in str(raised.value)


async def test_a_missing_folder_is_named_at_start(tmp_path: Path) -> None:
    market = ReplayMarket(tmp_path / "nowhere", ManualClock())
    with pytest.raises(OperatorNeeded, match="nowhere"):
        await market.start()


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    assert tmp_path.name in told(tmp_path)


def test_one_file_is_a_market_too(folder: Path) -> None:
    assert list(read_series(folder / "binance_ETHUSDT_1m.parquet")) == ["ETH/USDT"]


def test_parts_of_one_symbol_are_joined(tmp_path: Path) -> None:
    for month, start in (("01", START), ("02", START + timedelta(minutes=50))):
        write_file(
            tmp_path / f"binance_BTCUSDT_1m_2026{month}.parquet",
            candles("BTC/USDT", M1, every(M1, 60, start), 100),
        )
    series = read_series(tmp_path)["BTC/USDT"]
    assert [int(at) for at in series.opened] == [to_ms(at) for at in every(M1, 110)]
    assert series.prices.shape == (5, 110)
    assert series.prices[0, 55] == 155  # of doubles the first part's stays


def test_the_finest_and_longest_file_of_a_symbol_is_played(tmp_path: Path) -> None:
    for name, timeframe, count in (("binance", M1, 30), ("bybit", M1, 40), ("okx", M5, 90)):
        write_file(
            tmp_path / f"{name}_BTCUSDT_{timeframe}.parquet",
            candles("BTC/USDT", timeframe, every(timeframe, count), 100),
        )
    [series] = read_series(tmp_path).values()
    assert (series.timeframe, len(series.opened)) == (M1, 40)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([100.0, 250.0], "1"),
        ([43_000.01, 43_000.5], "0.01"),
        ([0.00002345, 0.0000234], "0.00000001"),
        ([1 / 3, 2 / 3], "0.0000001"),
        ([0.0, 0.0], "1"),
    ],
)
def test_steps_are_as_fine_as_the_data(values: list[float], step: str) -> None:
    assert step_of(np.array(values)) == Decimal(step)


async def test_an_impossible_candle_still_has_a_path(tmp_path: Path) -> None:
    broken = candles("BTC/USDT", M1, every(M1, 4), 100)
    broken.high[2], broken.low[2] = 1.0, 900.0
    write_file(tmp_path / "binance_BTCUSDT_1m.parquet", broken)
    async with replay(tmp_path, START) as (market, clock):
        market.watch(["BTC/USDT"])
        clock.advance(300)
        market.pump()
        assert market.health().state is MarketState.ENDED


# --- real candles -------------------------------------------------------------------------------


async def test_the_crash_of_2022_plays(shared_data: Path) -> None:
    start = datetime(2022, 1, 20, tzinfo=UTC)
    heard: dict[str, list[Tick]] = {}
    async with replay(shared_data / "replay_5m_2022", start) as (market, clock):
        universe = await market.universe()
        assert len(universe.instruments) == 14
        assert universe.by_symbol["SHIB/USDT"].price_step == Decimal("1e-8")
        assert universe.by_symbol["BTC/USDT"].price_step == Decimal("0.01")
        market.listen(lambda tick: heard.setdefault(tick.symbol, []).append(tick))
        market.watch([one.symbol for one in universe.instruments])
        clock.advance(4 * 3600 - 1)
        market.pump()
        clock.advance(1)
        assert {symbol: len(ticks) for symbol, ticks in heard.items()} == dict.fromkeys(
            universe.by_symbol, 4 * 12 * 30 - 1
        )
        for symbol, ticks in heard.items():
            candle = (await market.history(symbol, Timeframe.parse("4h"), clock.now(), 1))[0]
            assert max(float(tick.price) for tick in ticks) <= candle.high
            assert min(float(tick.price) for tick in ticks) == candle.low
            assert float(ticks[-1].price) == candle.close
