"""A real exchange over the real ccxt, against a loopback that speaks Binance."""

import asyncio
from array import array
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from agents.domain.errors import MarketUnavailable, OperatorNeeded
from agents.domain.market import Candles, MarketState, Tick, Timeframe, from_ms
from agents.extraction.resample import resample
from bot.connectors.ccxt_exchange import Addresses, open_public
from bot.connectors.ccxt_rest import Patience
from bot.connectors.market_ccxt import CcxtMarket
from tests.support.clock import START, ManualClock
from tests.support.exchange_book import ExchangeBook
from tests.support.exchange_server import ExchangeServer, exchange_server
from tests.support.markets import BEFORE, QUICK, ccxt_market, eventually, minutes

M1, M5, H1, W1 = (Timeframe.parse(text) for text in ("1m", "5m", "1h", "1w"))
BTC = "BTC/USDT"
KLINES = "btcusdt@kline_1m"
TICKER = "ticker/24hr"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START + timedelta(seconds=20))


@pytest.fixture
async def server(clock: ManualClock) -> AsyncIterator[ExchangeServer]:
    async with exchange_server(ExchangeBook(clock, minutes())) as server:
        yield server


@pytest.fixture
async def market(server: ExchangeServer, clock: ManualClock) -> AsyncIterator[CcxtMarket]:
    market = ccxt_market(server, clock)
    await market.start()
    yield market
    await market.stop()


def truth(timeframe: Timeframe, until: object, count: int) -> Candles:
    """What the exchange's candles come to in the end."""
    whole = resample(minutes()["BTCUSDT"], timeframe, until)  # type: ignore[arg-type]
    whole.symbol = BTC
    return whole.part(len(whole) - count, len(whole))


def same(found: Candles, true: Candles) -> bool:
    """Equal, but for the last digits of added volumes."""
    found.volume, true.volume = (
        array("d", (round(value, 6) for value in one.volume)) for one in (found, true)
    )
    return found == true


def streaming(market: CcxtMarket) -> bool:
    return market._book is not None and market._book.streaming


def checked(market: CcxtMarket) -> datetime:
    """Up to when the followed candles are known."""
    assert market._book is not None
    return from_ms(market._book.series[0].checked)


async def follow(market: CcxtMarket, server: ExchangeServer, clock: ManualClock) -> None:
    """Ask for candles once and wait until their stream is in use."""
    await market.history(BTC, M1, clock.now(), 10)
    await eventually(lambda: server.listens(KLINES))
    await server.publish()
    await eventually(lambda: streaming(market))


# --- history by REST ----------------------------------------------------------------------------


async def test_history_is_paged_until_it_is_long_enough(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    found = await market.history(BTC, M1, clock.now(), 2_500)
    assert same(found, truth(M1, clock.now(), 2_500))
    assert [int(one["limit"]) for one in server.asked("klines")] == [1000, 1000, 501]


async def test_a_young_coin_has_fewer_candles(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    found = await market.history(BTC, H1, clock.now(), 500)
    assert len(found) == int(BEFORE / timedelta(hours=1))
    asked = len(server.asked("klines"))
    await market.history(BTC, H1, clock.now(), 500)
    assert len(server.asked("klines")) == asked


async def test_who_asks_together_is_answered_together(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    server.delay = asyncio.Event()
    asking = [asyncio.create_task(market.history(BTC, M5, clock.now(), 50)) for _ in range(20)]
    await eventually(lambda: bool(server.asked("klines")))
    server.delay.set()
    found = await asyncio.gather(*asking)
    assert len(server.asked("klines")) == 1
    assert all(one == found[0] for one in found)


async def test_only_what_is_new_is_fetched(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    await market.history(BTC, H1, clock.now(), 20)
    clock.advance(2 * 3600)
    found = await market.history(BTC, H1, clock.now(), 20)
    assert same(found, truth(H1, clock.now(), 20))
    assert int(server.asked("klines")[-1]["limit"]) == 3


async def test_older_candles_join_the_newer(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    await market.history(BTC, M1, clock.now(), 20)
    before = START - timedelta(minutes=20)
    found = await market.history(BTC, M1, before, 100)
    assert same(found, truth(M1, before, 100))
    asked = len(server.asked("klines"))
    found = await market.history(BTC, M1, clock.now(), 120)
    assert same(found, truth(M1, clock.now(), 120))
    assert len(server.asked("klines")) == asked == 2


async def test_a_look_far_back_costs_the_present_nothing(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    await market.history(BTC, M1, clock.now(), 20)
    long_ago = START - timedelta(minutes=2_800)
    assert same(await market.history(BTC, M1, long_ago, 50), truth(M1, long_ago, 50))
    asked = len(server.asked("klines"))
    await market.history(BTC, M1, clock.now(), 20)
    assert len(server.asked("klines")) == asked == 2


@pytest.mark.parametrize(("timeframe", "asked"), [("45m", "15m"), ("10m", "5m"), ("1w", "1d")])
async def test_what_the_exchange_has_not_is_put_together(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock, timeframe: str, asked: str
) -> None:
    wanted = Timeframe.parse(timeframe)
    found = await market.history(BTC, wanted, clock.now(), 10)
    assert server.asked("klines")[0]["interval"] == asked
    if wanted != W1:
        assert same(found, truth(wanted, clock.now(), 10))


async def test_a_candle_that_our_fast_clock_calls_closed_is_not(
    clock: ManualClock,
) -> None:
    """The exchange is five seconds behind this machine and still trades the candle."""
    behind = ManualClock(START - timedelta(seconds=4))
    ahead = ManualClock(START + timedelta(seconds=1))
    async with exchange_server(ExchangeBook(behind, minutes())) as server:
        market = ccxt_market(server, ahead)
        await market.start()
        found = await market.history(BTC, M1, ahead.now(), 5)
        await market.stop()
    assert found[4].closed == START - timedelta(minutes=1)


async def test_a_gap_of_the_exchange_stays_a_gap(clock: ManualClock) -> None:
    book = ExchangeBook(clock, minutes())
    whole = book.minutes["BTCUSDT"]
    holed = whole.part(0, 2900)
    for candle in whole.part(2960, len(whole)):
        holed.append(candle)
    book.minutes["BTCUSDT"] = holed
    async with exchange_server(book) as server:
        market = ccxt_market(server, clock)
        await market.start()
        found = await market.history(BTC, M1, clock.now(), 200)
        asked = len(server.asked("klines"))
        await market.history(BTC, M1, clock.now(), 140)
        await market.stop()
    assert len(found) == 200
    assert found.opened[160] - found.opened[159] == 61 * M1.ms
    assert asked == len(server.asked("klines")) == 2  # the gap's sixty came from further back


# --- what goes wrong with REST ------------------------------------------------------------------


async def test_a_passing_fault_is_tried_again(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    server.fail(503, -1001, "Internal error", times=2)
    assert len(await market.history(BTC, M1, clock.now(), 5)) == 5
    assert len(server.asked("klines")) == 3


async def test_a_lasting_fault_is_said(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    server.fail(503, -1001, "Internal error", times=9)
    with pytest.raises(MarketUnavailable, match="Binance gives no candles of BTC/USDT"):
        await market.history(BTC, M1, clock.now(), 5)


@pytest.mark.parametrize("status", [429, 418])
async def test_asked_to_wait_it_waits(
    server: ExchangeServer, clock: ManualClock, status: int
) -> None:
    market = ccxt_market(server, clock, patience=Patience(ban=60, contact=20))
    await market.start()
    server.fail(status, -1003, "Too many requests; IP banned")
    for _ in range(3):
        with pytest.raises(MarketUnavailable, match="asks to wait"):
            await market.history(BTC, M1, clock.now(), 5)
    await market.stop()
    assert len(server.asked("klines")) == 1


async def test_a_ban_ends(market: CcxtMarket, server: ExchangeServer, clock: ManualClock) -> None:
    server.fail(429)
    with pytest.raises(MarketUnavailable):
        await market.history(BTC, M1, clock.now(), 5)
    await asyncio.sleep(QUICK.ban)
    assert len(await market.history(BTC, M1, clock.now(), 5)) == 5


# --- prices that are asked for ------------------------------------------------------------------


async def test_who_asks_for_a_price_together_is_one_request(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    server.delay = asyncio.Event()
    asking = [asyncio.create_task(market.price(BTC)) for _ in range(20)]
    await eventually(lambda: bool(server.asked(TICKER)))
    asking[0].cancel()  # who gives up takes it from nobody else
    await asyncio.wait(asking[:1])
    server.delay.set()
    found = await asyncio.gather(*asking[1:])
    assert server.asked(TICKER) == [{"symbol": "BTCUSDT"}]
    assert set(found) == {market.last(BTC)}
    price = Decimal(str(server.book.price("BTCUSDT")))
    cent = Decimal("0.01")
    assert (found[0].price, found[0].bid, found[0].ask) == (price, price - cent, price + cent)
    await market.price(BTC)
    assert len(server.asked(TICKER)) == 1  # it is new enough


async def test_what_streams_meanwhile_is_newer_than_the_answer(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    heard: list[Tick] = []
    market.listen(heard.append)
    market.watch([BTC])
    await eventually(lambda: server.listens("btcusdt@ticker"))
    server.delay = asyncio.Event()
    asking = asyncio.create_task(market.price(BTC))
    await eventually(lambda: bool(server.asked(TICKER)))
    clock.advance(60)
    await server.publish()
    await eventually(lambda: bool(heard))
    server.delay.set()
    assert await asking == heard[-1] == market.last(BTC)
    assert len(heard) == 1  # what was asked is no news for those who listen


async def test_an_asked_price_is_the_last_for_a_minute_only(
    market: CcxtMarket, clock: ManualClock
) -> None:
    found = await market.price(BTC)
    clock.advance(60)
    assert market.last(BTC) == found
    clock.advance(1)
    assert market.last(BTC) is None


async def test_what_streamed_is_the_last_for_a_minute_once_nobody_watches(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    """Fees and equity are valued by it, whatever its age."""
    market.watch([BTC])
    await eventually(lambda: server.listens("btcusdt@ticker"))
    await server.publish()
    await eventually(lambda: market.last(BTC) is not None)
    clock.advance(3_600)
    assert market.last(BTC)  # quiet
    market.watch([])
    assert market.last(BTC) is None
    found = await market.price(BTC)
    assert market.last(BTC) == found


async def test_a_price_that_failed_is_asked_again_and_then_said_to_be_missing(
    market: CcxtMarket, server: ExchangeServer
) -> None:
    server.fail(503, -1001, "Internal error", times=2)
    assert await market.price(BTC)
    assert len(server.asked(TICKER)) == 3
    server.fail(503, -1001, "Internal error", times=3)
    with pytest.raises(MarketUnavailable, match="Binance gives no price of ETH/USDT"):
        await market.price("ETH/USDT")
    assert market.last("ETH/USDT") is None
    assert await market.price("ETH/USDT")


@pytest.mark.parametrize("status", [429, 418])
async def test_prices_wait_where_the_exchange_asks_to(
    server: ExchangeServer, clock: ManualClock, status: int
) -> None:
    market = ccxt_market(server, clock, patience=Patience(ban=60, contact=20))
    await market.start()
    server.fail(status, -1003, "Too many requests; IP banned")
    for symbol in (BTC, BTC, "ETH/USDT"):
        with pytest.raises(MarketUnavailable, match="asks to wait"):
            await market.price(symbol)
    with pytest.raises(MarketUnavailable, match="asks to wait"):
        await market.history(BTC, M1, clock.now(), 5)
    assert market.held > 0
    await market.stop()
    assert len(server.asked(TICKER)) == 1 and not server.asked("klines")


async def test_a_price_that_is_awaited_at_the_end_is_none(
    server: ExchangeServer, clock: ManualClock
) -> None:
    market = ccxt_market(server, clock)
    await market.start()
    server.delay = asyncio.Event()
    asking = asyncio.create_task(market.price(BTC))
    await eventually(lambda: bool(server.asked(TICKER)))
    await market.stop()
    with pytest.raises(MarketUnavailable):
        await asking
    server.delay.set()


# --- streams ------------------------------------------------------------------------------------


async def test_the_stream_closes_candles_without_asking(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    await follow(market, server, clock)
    asked = len(server.asked("klines"))
    for _ in range(5):
        clock.advance(60)
        await server.publish()
        await eventually(lambda: checked(market) == M1.floor(clock.now()))
        found = await market.history(BTC, M1, clock.now(), 10)
        assert same(found, truth(M1, clock.now(), 10))
    assert len(server.asked("klines")) == asked


async def test_the_open_candle_of_the_stream_is_not_used(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    await follow(market, server, clock)
    clock.advance(15)
    await server.publish()
    found = await market.history(BTC, M1, clock.now(), 3)
    assert same(found, truth(M1, START, 3))


async def test_a_late_stream_is_not_awaited_for_ever(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    await follow(market, server, clock)
    clock.move_to(START + timedelta(minutes=1))  # the last message of the candle does not come
    found = await market.history(BTC, M1, clock.now(), 3)
    assert same(found, truth(M1, clock.now(), 3))


async def test_after_a_break_the_gap_is_fetched(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    await follow(market, server, clock)
    connections, asked = server.connections, len(server.asked("klines"))
    await server.drop()
    clock.advance(180)
    await eventually(lambda: server.connections > connections and server.listens(KLINES))
    await server.publish()
    await eventually(lambda: len(server.asked("klines")) > asked)
    found = await market.history(BTC, M1, clock.now(), 10)
    assert same(found, truth(M1, clock.now(), 10))


async def test_a_half_told_candle_of_a_broken_stream_is_never_taken(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    await follow(market, server, clock)
    connections = server.connections
    clock.advance(30)
    await server.publish()  # half of a candle
    await server.drop()
    await eventually(lambda: server.connections > connections and server.listens(KLINES))
    clock.advance(40)
    for one in server.subscribers:
        one.sent[KLINES] = int(clock.now().timestamp() * 1000) // 60_000 * 60_000
    await server.publish()  # the next candle, and never the end of the one before
    found = await market.history(BTC, M1, clock.now(), 5)
    assert same(found, truth(M1, clock.now(), 5))


async def test_ticks_come_back_after_a_break(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    heard: list[Tick] = []
    market.listen(heard.append)
    market.watch([BTC, "ETH/USDT"])
    await eventually(lambda: server.listens("btcusdt@ticker"))
    connections = server.connections
    await server.drop()
    await eventually(lambda: market.health().state is MarketState.RECONNECTING)
    await eventually(lambda: server.connections > connections and server.listens("btcusdt@ticker"))
    await server.publish()
    await eventually(lambda: len(heard) == 2)
    assert market.health().state is MarketState.LIVE
    assert heard[0].bid is not None


async def test_a_dead_connection_is_noticed(server: ExchangeServer, clock: ManualClock) -> None:
    market = ccxt_market(server, clock, patience=Patience(silence=0.05, contact=20))
    await market.start()
    market.watch([BTC])
    await eventually(lambda: server.connections >= 3)
    await market.stop()


async def test_watching_more_opens_no_further_connection(
    market: CcxtMarket, server: ExchangeServer
) -> None:
    market.watch([BTC])
    await eventually(lambda: server.listens("btcusdt@ticker"))
    market.watch([BTC, "ETH/USDT", "NONE/USDT"])
    await eventually(lambda: server.listens("ethusdt@ticker"))
    assert server.connections == 1


async def test_an_exchange_without_streams_is_looked_at_again_and_again(
    market: CcxtMarket, server: ExchangeServer, clock: ManualClock
) -> None:
    exchange, _ = market.loaded()
    exchange.has = {**exchange.has, "watchTickers": False, "watchTicker": False}
    heard: list[Tick] = []
    market.listen(heard.append)
    market.watch([BTC, "ETH/USDT"])
    await eventually(lambda: {tick.symbol for tick in heard} == {BTC, "ETH/USDT"})
    clock.advance(60)
    await eventually(lambda: heard[-1].at == clock.now())
    assert float(heard[-1].price) == server.book.price(heard[-1].symbol.replace("/", ""))
    assert not server.subscribers


# --- reaching it --------------------------------------------------------------------------------


async def test_an_exchange_that_is_down_is_one_line_and_keeps_being_tried(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with exchange_server(ExchangeBook(clock, minutes()), up=False) as server:
        market = ccxt_market(server, clock)
        await market.start()
        health = market.health()
        assert health.state is MarketState.STARTING
        assert health.detail == (
            "Binance can't be reached (it is not available); it is tried again by itself."
        )
        with pytest.raises(MarketUnavailable, match="Binance can't be reached"):
            await market.universe()
        with pytest.raises(MarketUnavailable):
            await market.history(BTC, M1, clock.now(), 5)
        market.watch([BTC])
        await server.up()
        await eventually(lambda: server.listens("btcusdt@ticker"))
        assert market.health().state is MarketState.LIVE
        assert BTC in await market.universe()
        await market.stop()
    lines = [one for one in caplog.messages if "can't be reached" in one]
    assert len(lines) == 1


async def test_start_does_not_wait_for_a_silent_exchange(clock: ManualClock) -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    market = CcxtMarket("binance", clock, address, patience=Patience(contact=0.05))
    await market.start()
    assert "no answer in time" in market.health().detail
    await market.stop()
    silent.close()
    await silent.wait_closed()


async def test_an_unknown_exchange_has_suggestions(clock: ManualClock) -> None:
    with pytest.raises(OperatorNeeded, match=r"'binanc'\. Did you mean binance"):
        await CcxtMarket("binanc", clock).start()
    with pytest.raises(OperatorNeeded, match="Try ccxt:binance"):
        await CcxtMarket("q7 zz", clock).start()


@pytest.mark.parametrize("name", ["binance", "binanceusdm", "bybit", "okx", "kraken", "coinbase"])
async def test_well_known_exchanges_open(name: str) -> None:
    exchange = await open_public(name, Addresses("http://127.0.0.1:1", "ws://127.0.0.1:1"))
    assert exchange.id == name
    assert exchange.timeframes
    await exchange.close()
