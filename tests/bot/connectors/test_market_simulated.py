"""The simulated market: the same world whenever one looks, lively, and never absurd."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
import talib
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from agents.domain.market import Candles, MarketState, Tick, Timeframe, to_ms
from bot.connectors.market_simulated import DEFAULT_SEED, SimulatedMarket
from bot.connectors.simulated_coins import COINS
from bot.connectors.simulated_prices import DAY, FIRST_DAY, GENESIS, Prices, Regime
from tests.support.clock import START, ManualClock

M1, M5, H1, D1, W1 = (Timeframe.parse(text) for text in ("1m", "5m", "1h", "1d", "1w"))
Hits = NDArray[np.bool_]


async def started(
    at: datetime = START, seed: int = DEFAULT_SEED, resume_at: datetime | None = None
) -> SimulatedMarket:
    market = SimulatedMarket(ManualClock(at), seed)
    await market.start(resume_at)
    return market


@pytest.fixture
async def market() -> AsyncIterator[SimulatedMarket]:
    market = await started()
    yield market
    await market.stop()


async def candles(
    market: SimulatedMarket, symbol: str, timeframe: Timeframe, until: datetime, count: int
) -> Candles:
    return await market.history(symbol, timeframe, until, count)


async def test_it_offers_twelve_well_known_coins(market: SimulatedMarket) -> None:
    symbols = [one.symbol for one in (await market.universe()).instruments]
    assert " ".join(symbols) == (
        "BTC/USDT ETH/USDT SOL/USDT XRP/USDT BNB/USDT ADA/USDT"
        " DOGE/USDT AVAX/USDT LINK/USDT LTC/USDT DOT/USDT TRX/USDT"
    )


async def test_a_seed_names_a_world() -> None:
    one, same, other = [await started(seed=seed) for seed in (1, 1, 2)]
    found = [await candles(each, "SOL/USDT", M5, START, 20) for each in (one, same, other)]
    for each in (one, same, other):
        await each.stop()
    assert found[0] == found[1]
    assert found[0].close != found[2].close


@pytest.mark.parametrize("timeframe", [M1, M5, H1, D1, W1, Timeframe.parse("45m")])
async def test_the_past_is_the_same_from_any_later_day(timeframe: Timeframe) -> None:
    early = await started()
    late = await started(START + timedelta(days=400))
    for symbol in ("BTC/USDT", "XRP/USDT"):
        one = await candles(early, symbol, timeframe, START, 30)
        await candles(late, symbol, timeframe, START + timedelta(days=399), 7)
        assert one == await candles(late, symbol, timeframe, START, 30)
    await early.stop()
    await late.stop()


def test_days_are_the_same_alone_and_together() -> None:
    days = np.arange(FIRST_DAY + 2240, FIRST_DAY + 2250)
    for coin in COINS[:3]:
        together = Prices(7).blocks(coin, days)
        alone = [Prices(7).blocks(coin, days[n : n + 1])[0] for n in range(len(days))]
        assert np.array_equal(together, np.array(alone))


async def test_prices_go_on_across_midnight(market: SimulatedMarket) -> None:
    midnight = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=3)
    for coin in COINS:
        found = await candles(market, coin.symbol, M1, midnight, 6)
        assert list(found.open)[1:] == list(found.close)[:-1]


async def test_there_is_nothing_before_the_first_day(market: SimulatedMarket) -> None:
    found = await candles(market, "BTC/USDT", D1, GENESIS + timedelta(days=3), 50)
    assert [candle.opened for candle in found] == [
        GENESIS + timedelta(days=day) for day in range(3)
    ]
    assert len(await candles(market, "BTC/USDT", D1, GENESIS, 50)) == 0


async def test_weeks_begin_on_monday(market: SimulatedMarket) -> None:
    found = await candles(market, "ETH/USDT", W1, START, 3)
    assert {candle.opened.weekday() for candle in found} == {0}


async def test_ticks_make_the_candles(market: SimulatedMarket) -> None:
    heard: list[Tick] = []
    market.listen(heard.append)
    market.watch(["BTC/USDT", "TRX/USDT"])
    market._clock.advance(300)  # type: ignore[attr-defined]
    market.pump()
    for symbol in ("BTC/USDT", "TRX/USDT"):
        for candle in await candles(market, symbol, M1, START + timedelta(minutes=5), 5):
            prices = [
                float(tick.price)
                for tick in heard
                if tick.symbol == symbol and candle.opened <= tick.at < candle.closed
            ]
            if candle.opened == START:
                prices.insert(0, candle.open)  # its first tick came before we listened
            assert len(prices) == 12
            assert prices[0] == candle.open
            assert prices[-1] == candle.close
            assert (max(prices), min(prices)) == (candle.high, candle.low)


async def test_a_tick_comes_every_five_seconds(market: SimulatedMarket) -> None:
    heard: list[Tick] = []
    market.listen(heard.append)
    market.watch(["BTC/USDT"])
    market._clock.advance(3600)  # type: ignore[attr-defined]
    market.pump()
    moments = [tick.at for tick in heard]
    assert moments[0] == START + timedelta(seconds=5)
    assert len(moments) == 720
    assert {b - a for a, b in pairwise(moments)} == {timedelta(seconds=5)}


async def test_every_tick_has_a_narrow_quote(market: SimulatedMarket) -> None:
    for coin in COINS:
        tick = market.last(coin.symbol)
        assert tick is not None
        assert tick.bid is not None
        assert tick.ask is not None
        assert tick.bid < tick.ask
        width = tick.ask - tick.bid
        assert width <= max(coin.instrument.price_step * 2, tick.price / 1000)


async def test_a_later_run_goes_on_where_it_stopped() -> None:
    first = await started(START)
    heard: list[Tick] = []
    first.listen(heard.append)
    first.watch(["BTC/USDT"])
    first._clock.advance(122)  # type: ignore[attr-defined]
    first.pump()
    await first.stop()
    stopped = first._clock.now()

    clock = ManualClock(START + timedelta(days=3))  # people's time has passed
    second = SimulatedMarket(clock)
    await second.start(stopped)
    second.listen(heard.append)
    second.watch(["BTC/USDT"])
    assert clock.now() == stopped
    clock.advance(118)
    second.pump()
    await second.stop()

    third = await started(START)
    whole: list[Tick] = []
    third.listen(whole.append)
    third.watch(["BTC/USDT"])
    third._clock.advance(240)  # type: ignore[attr-defined]
    third.pump()
    await third.stop()
    assert heard == whole


async def test_a_price_is_known_at_once(market: SimulatedMarket) -> None:
    tick = market.last("ETH/USDT")
    assert tick is not None
    assert tick.at == START


async def test_it_is_starting_before_it_has_started() -> None:
    market = SimulatedMarket(ManualClock())
    assert market.health().state is MarketState.STARTING
    assert market.last("BTC/USDT") is None


async def test_a_symbol_that_is_not_traded_is_watched_in_vain(market: SimulatedMarket) -> None:
    market.watch(["NONE/USDT"])
    market._clock.advance(60)  # type: ignore[attr-defined]
    market.pump()
    assert market.last("NONE/USDT") is None


# --- what kind of world it is -------------------------------------------------------------------


def minutes(base: str, first: datetime, days: int, seed: int = DEFAULT_SEED) -> NDArray[np.float64]:
    """Five rows of minutes: open, high, low, close, volume."""
    coin = next(one for one in COINS if one.base == base)
    day = to_ms(first) // 86_400_000
    blocks = Prices(seed).blocks(coin, np.arange(day, day + days))
    return np.concatenate(list(blocks), axis=1)


def fives(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Open, high, low, close of five-minute candles."""
    parts = rows.reshape(5, -1, 5)
    return np.array([parts[0, :, 0], parts[1].max(1), parts[2].min(1), parts[3, :, -1]])


def found_within(hits: Hits, candles: int) -> float:
    """How often at least one hit is among the next `candles`, over all starts."""
    return float(sliding_window_view(hits, candles).any(axis=1).mean())


def crossings(above: Hits) -> Hits:
    return np.asarray(above[1:] & ~above[:-1])


WORLDS = [
    (seed, datetime(2026, month, 1, tzinfo=UTC) + timedelta(days=days))
    for seed, month, days in [(7, 3, 0), (7, 11, 0), (7, 11, 365), (1, 6, 0), (42, 6, 0)]
]


@pytest.mark.parametrize(("seed", "first"), WORLDS)
def test_a_dip_of_bitcoin_comes_within_two_minutes(seed: int, first: datetime) -> None:
    """rsi(14) < 35 within 24 candles of 5m: two minutes at speed 60."""
    rsi = talib.RSI(fives(minutes("BTC", first, 30, seed))[3], 14)
    assert found_within(rsi[50:] < 35, 24) > 0.965


@pytest.mark.parametrize(("seed", "first"), WORLDS)
def test_a_breakdown_of_solana_comes_within_two_minutes(seed: int, first: datetime) -> None:
    """close crosses below lowest(20)[1] on 5m."""
    _, _, low, close = fives(minutes("SOL", first, 30, seed))
    lowest = talib.MIN(low, 20)
    assert found_within(crossings(close[20:] < lowest[19:-1]), 24) > 0.965


@pytest.mark.parametrize(("seed", "first"), WORLDS)
def test_a_cross_of_averages_of_ether_comes_within_two_minutes(seed: int, first: datetime) -> None:
    """ema(9) crosses above ema(21) on 1m."""
    close = minutes("ETH", first, 30, seed)[3]
    above = talib.EMA(close, 9)[50:] > talib.EMA(close, 21)[50:]
    assert found_within(crossings(above), 120) > 0.97


@pytest.mark.parametrize("coin", COINS, ids=lambda coin: coin.base)
def test_prices_stay_believable_for_years(coin: object) -> None:
    base = getattr(coin, "base", "")
    close = np.concatenate(
        [minutes(base, GENESIS + timedelta(days=day), 60)[3] for day in range(0, 4000, 500)]
    )
    level = getattr(coin, "level", 0.0)
    assert level / 4 < close.min()
    assert close.max() < level * 4
    daily = np.diff(np.log(close[DAY - 1 :: DAY]))
    assert 0.01 < float(np.median(np.abs(daily))) / 0.6745 < 0.09


def test_coins_move_together() -> None:
    moves = [np.diff(np.log(fives(minutes(base, START, 20))[3])) for base in ("BTC", "ETH", "TRX")]
    assert 0.5 < np.corrcoef(moves[0], moves[1])[0, 1] < 0.99
    assert 0.3 < np.corrcoef(moves[0], moves[2])[0, 1] < 0.97


def test_volume_comes_with_moves() -> None:
    rows = minutes("ETH", START, 20)
    moved, traded = np.abs(np.log(rows[3] / rows[0])), rows[4]
    assert np.corrcoef(moved, traded)[0, 1] > 0.3


def test_volatility_comes_in_clusters() -> None:
    """Measured over blocks of two swings, which themselves come and go."""
    size = np.abs(np.diff(np.log(minutes("BTC", START, 120)[3])))
    blocks = size[: len(size) // 231 * 231].reshape(-1, 231).mean(1)
    assert np.corrcoef(blocks[1:], blocks[:-1])[0, 1] > 0.2


def test_every_regime_happens_and_crashes_rebound() -> None:
    prices = Prices(DEFAULT_SEED)
    days = FIRST_DAY + np.arange(1000)
    regimes = prices.regimes(days)
    assert set(regimes.tolist()) == {int(regime) for regime in Regime}
    assert set(regimes[1:][regimes[:-1] == Regime.CRASH].tolist()) == {int(Regime.REBOUND)}
    fallen = [
        float(block[3, -1] / block[0, 0] - 1)
        for block in prices.blocks(COINS[0], days[regimes == Regime.CRASH])
    ]
    assert np.mean(fallen) < -0.05
