"""What every market promises, whichever it is."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from agents.domain.errors import UnknownSymbol
from agents.domain.market import Candles, MarketState, Tick, Timeframe
from agents.extraction.resample import resample
from tests.support.markets import BENCHES, PRICED, SYMBOLS, Bench

SECONDS = timedelta(seconds=5)  # between two ticks of a played minute
M1, M5, H1 = (Timeframe.parse(text) for text in ("1m", "5m", "1h"))


@pytest.fixture(params=BENCHES)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with BENCHES[request.param](tmp_path) as bench:
        yield bench


@pytest.fixture(params=PRICED)
async def priced(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with PRICED[request.param](tmp_path) as bench:
        yield bench


async def of(bench: Bench, timeframe: Timeframe, count: int, symbol: str = "BTC/USDT") -> Candles:
    return await bench.market.history(symbol, timeframe, bench.clock.now(), count)


async def test_it_offers_instruments_with_steps(bench: Bench) -> None:
    universe = await bench.market.universe()
    for symbol in SYMBOLS:
        instrument = universe.by_symbol[symbol]
        assert f"{instrument.base}/{instrument.quote}" == symbol
        assert instrument.price_step > 0
        assert instrument.amount_step > 0
        assert instrument.min_amount > 0


@pytest.mark.parametrize("timeframe", [M1, M5, H1])
async def test_history_is_whole_and_ends_at_the_last_close(
    bench: Bench, timeframe: Timeframe
) -> None:
    found = await of(bench, timeframe, 40)
    assert (found.symbol, found.timeframe, len(found)) == ("BTC/USDT", timeframe, 40)
    assert {b - a for a, b in zip(found.opened, found.opened[1:], strict=False)} == {timeframe.ms}
    assert found[39].closed == timeframe.floor(bench.clock.now())


async def test_candles_can_be_true(bench: Bench) -> None:
    step = float((await bench.market.universe()).by_symbol["BTC/USDT"].price_step)
    for candle in await of(bench, M1, 200):
        assert candle.low <= min(candle.open, candle.close)
        assert candle.high >= max(candle.open, candle.close)
        assert candle.low > 0
        assert candle.volume >= 0
        assert round(candle.close / step) * step == pytest.approx(candle.close, rel=1e-12)


@pytest.mark.parametrize("ahead", [timedelta(seconds=30), timedelta(minutes=1), timedelta(days=9)])
async def test_the_open_candle_is_never_used(bench: Bench, ahead: timedelta) -> None:
    found = await bench.market.history("BTC/USDT", M1, bench.clock.now() + ahead, 5)
    assert found[4].closed == M1.floor(bench.clock.now())


async def test_history_can_end_in_the_past(bench: Bench) -> None:
    until = M5.floor(bench.clock.now()) - timedelta(hours=5)
    late = await of(bench, M5, 200)
    early = await bench.market.history("BTC/USDT", M5, until + timedelta(seconds=299), 100)
    assert early[99].closed == until
    assert list(early) == [candle for candle in late if candle.closed <= until][-100:]


async def test_what_has_been_stays_as_it_was(bench: Bench) -> None:
    await bench.watch(SYMBOLS)
    before = await of(bench, M1, 50)
    await bench.play(45)
    await bench.play(130)
    after = await of(bench, M1, 53)
    assert list(after)[:50] == list(before)
    assert after[52].closed == M1.floor(bench.clock.now())


async def test_longer_candles_hold_the_shorter(bench: Bench) -> None:
    base = await of(bench, M1, 630)
    whole = resample(base, H1, bench.clock.now())
    longer = await of(bench, H1, len(whole))
    assert len(whole) == 10
    for one, other in zip(whole, longer, strict=True):
        assert one.volume == pytest.approx(other.volume)
        assert (one.opened, one.open, one.high, one.low, one.close) == (
            other.opened, other.open, other.high, other.low, other.close,
        )  # fmt: skip


async def test_an_unknown_symbol_has_suggestions(bench: Bench) -> None:
    with pytest.raises(UnknownSymbol) as raised:
        await of(bench, M1, 5, "BTCC/USDT")
    assert "BTC/USDT" in raised.value.suggestions


async def test_ticks_come_for_watched_symbols_in_time_order(bench: Bench) -> None:
    heard: list[Tick] = []
    bench.market.listen(heard.append)
    await bench.watch(["ETH/USDT"])
    for _ in range(3):
        await bench.play(20)
    assert {tick.symbol for tick in heard} == {"ETH/USDT"}
    assert [tick.at for tick in heard] == sorted(tick.at for tick in heard)
    assert all(tick.at <= bench.clock.now() for tick in heard)


async def test_a_tick_is_money(bench: Bench) -> None:
    heard: list[Tick] = []
    bench.market.listen(heard.append)
    await bench.watch(SYMBOLS)
    await bench.play(60)
    universe = await bench.market.universe()
    for tick in heard:
        assert isinstance(tick.price, Decimal)
        assert tick.price == universe.by_symbol[tick.symbol].price(tick.price)
        if tick.bid is not None and tick.ask is not None:
            assert tick.bid <= tick.price <= tick.ask
            assert tick.bid < tick.ask


async def test_ticks_stay_inside_the_candle_that_closes(bench: Bench) -> None:
    heard: list[Tick] = []
    bench.market.listen(heard.append)
    await bench.watch(["BTC/USDT"])
    for _ in range(10):
        await bench.play(30)
    closed = {candle.opened: candle for candle in await of(bench, M1, 5)}
    judged = [tick for tick in heard if M1.floor(tick.at) in closed]
    assert len(judged) >= 5
    for tick in judged:
        candle = closed[M1.floor(tick.at)]
        assert candle.low <= float(tick.price) <= candle.high


async def test_last_is_the_newest_tick(bench: Bench) -> None:
    heard: list[Tick] = []
    bench.market.listen(heard.append)
    await bench.watch(["BTC/USDT"])
    await bench.play(61)
    assert bench.market.last("BTC/USDT") == heard[-1]
    assert bench.market.last("NONE/USDT") is None


async def test_a_listener_hears_a_tick_when_it_is_the_last(bench: Bench) -> None:
    same: list[bool] = []
    bench.market.listen(lambda tick: same.append(bench.market.last(tick.symbol) == tick))
    await bench.watch(SYMBOLS)
    await bench.play(60)
    assert same
    assert all(same)


async def test_a_listener_that_raises_stops_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Tick] = []

    def broken(tick: Tick) -> None:
        raise RuntimeError("a fault of ours")

    bench.market.listen(broken)
    bench.market.listen(heard.append)
    await bench.watch(["BTC/USDT"])
    await bench.play(10)
    await bench.play(10)
    assert len(heard) >= 2
    assert "could not take a tick" in caplog.text


async def test_watching_replaces(bench: Bench) -> None:
    heard: list[Tick] = []
    await bench.watch(SYMBOLS)
    await bench.play(20)
    bench.market.listen(heard.append)
    await bench.watch(["ETH/USDT"])
    await bench.play(20)
    assert {tick.symbol for tick in heard} == {"ETH/USDT"}
    await bench.watch([])
    count = len(heard)
    await bench.play(20)
    assert len(heard) == count


@pytest.mark.parametrize("symbol", SYMBOLS)
async def test_a_coin_that_nobody_watches_has_a_price_of_now(priced: Bench, symbol: str) -> None:
    for _ in range(3):
        tick = await priced.market.price(symbol)
        assert tick.symbol == symbol
        assert timedelta() <= priced.clock.now() - tick.at <= SECONDS
        step = (await priced.market.universe()).by_symbol[symbol]
        assert isinstance(tick.price, Decimal) and tick.price == step.price(tick.price)
        if tick.bid is not None and tick.ask is not None:
            assert tick.bid <= tick.price <= tick.ask
            assert tick.bid < tick.ask
        priced.clock.advance(40)


async def test_a_price_is_of_the_minute_that_runs(bench: Bench) -> None:
    """What the market will have been by its candle, and not by the one before or after it."""
    told = []
    for _ in range(9):
        bench.clock.advance(25)
        told.append(await bench.market.price("BTC/USDT"))
    bench.clock.advance(60)
    closed = {candle.opened: candle for candle in await of(bench, M1, 6)}
    for tick in told:
        candle = closed[M1.floor(tick.at)]
        assert candle.low <= float(tick.price) <= candle.high


async def test_where_it_streams_the_price_is_what_streamed(priced: Bench) -> None:
    await priced.watch(["BTC/USDT"])
    for _ in range(2):
        await priced.play(20)
        assert await priced.market.price("BTC/USDT") == priced.market.last("BTC/USDT")


async def test_what_went_quiet_is_asked_for_and_last_is_never_newer(priced: Bench) -> None:
    heard: list[Tick] = []
    priced.market.listen(heard.append)
    await priced.watch(["BTC/USDT"])
    await priced.play(20)
    streamed = heard[-1]
    priced.clock.advance(40)
    tick, last = await priced.market.price("BTC/USDT"), priced.market.last("BTC/USDT")
    assert last is not None
    assert streamed.at <= last.at <= tick.at
    assert priced.clock.now() - tick.at <= SECONDS
    await priced.play(20)
    last = priced.market.last("BTC/USDT")
    assert last is not None and last.at > tick.at
    assert last == heard[-1]


async def test_what_is_not_on_offer_has_no_price(priced: Bench) -> None:
    with pytest.raises(UnknownSymbol) as raised:
        await priced.market.price("BTCC/USDT")
    assert "BTC/USDT" in raised.value.suggestions


async def test_it_says_that_it_is_well(bench: Bench) -> None:
    await bench.watch(["BTC/USDT"])
    await bench.play(30)
    health = bench.market.health()
    assert (health.state, health.detail) == (MarketState.LIVE, "")
    assert health.last_tick == getattr(bench.market.last("BTC/USDT"), "at", None)
    assert health.name


async def test_after_stop_nothing_comes(bench: Bench) -> None:
    heard: list[Tick] = []
    await bench.watch(["BTC/USDT"])
    await bench.play(20)
    bench.market.listen(heard.append)
    await bench.market.stop()
    await bench.market.stop()
    assert heard == []
