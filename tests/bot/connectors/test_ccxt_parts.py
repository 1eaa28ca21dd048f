"""Addresses, instruments, waiting and asking: the parts of the ccxt market alone."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.errors import MarketUnavailable, UnknownSymbol
from agents.domain.market import InstrumentKind, Timeframe
from bot.connectors.backoff import Backoff
from bot.connectors.ccxt_exchange import Addresses, PublicExchange, Row, open_public
from bot.connectors.ccxt_instruments import listing
from bot.connectors.ccxt_prices import AskedPrices
from bot.connectors.ccxt_rest import Patience, RestCandles, brief
from bot.connectors.ccxt_streams import candle_alarms, ticker_alarms
from bot.connectors.tick_feed import TickFeed
from tests.support.clock import START
from tests.support.markets import QUICK

HERE = Addresses("http://127.0.0.1:9100", "ws://127.0.0.1:9200/")
M1 = Timeframe(60)


# --- addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "there"),
    [
        (
            "https://api.binance.com/api/v3/order",
            "http://127.0.0.1:9100/api.binance.com/api/v3/order",
        ),
        ("https://api.kraken.com/0/a?b=c&d=e", "http://127.0.0.1:9100/api.kraken.com/0/a?b=c&d=e"),
        ("wss://stream.binance.com:9443/ws", "ws://127.0.0.1:9200/stream.binance.com/ws"),
        ("https://www.okx.com", "http://127.0.0.1:9100/www.okx.com"),
    ],
)
def test_the_host_becomes_the_first_part_of_the_path(address: str, there: str) -> None:
    assert HERE.there(address) == there
    assert HERE.there(there) == there


def test_unset_addresses_stay() -> None:
    assert Addresses().there("https://api.binance.com/x") == "https://api.binance.com/x"
    assert Addresses(rest_url="http://h:1").there("wss://a.b/c") == "wss://a.b/c"


def test_errors_are_read_at_the_original_address() -> None:
    sent = HERE.there("https://fapi.binance.com/fapi/v1/order?a=1")
    assert HERE.original(sent) == "https://fapi.binance.com/fapi/v1/order?a=1"
    assert HERE.original("https://elsewhere.org/x") == "https://elsewhere.org/x"


def _texts(tree: Any) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    return [
        text for part in (tree.values() if isinstance(tree, dict) else []) for text in _texts(part)
    ]


@pytest.mark.parametrize("name", ["binance", "bybit", "okx", "kraken", "kucoin"])
async def test_every_address_of_an_exchange_moves(name: str) -> None:
    exchange = await open_public(name, HERE)
    addresses = [one for one in _texts(cast(Any, exchange).urls["api"]) if "://" in one]
    assert addresses
    for address in addresses:
        assert HERE.there(address.replace("{hostname}", "example.org")).startswith(
            ("http://127.0.0.1:9100/", "ws://127.0.0.1:9200/")
        )
    await exchange.close()


async def test_binance_still_tells_spot_from_contracts() -> None:
    """A code that only contracts have is read as such though its address has moved."""
    from ccxt.base.errors import InsufficientFunds

    exchange = cast(Any, await open_public("binanceusdm", HERE))
    sent = HERE.there("https://fapi.binance.com/fapi/v1/order")
    body = '{"code":-2019,"msg":"Margin is insufficient."}'
    with pytest.raises(InsufficientFunds):
        exchange.handle_errors(
            400,
            "",
            sent,
            "POST",
            {},
            body,
            {"code": -2019, "msg": "Margin is insufficient."},
            {},
            "",
        )
    await exchange.close()


# --- instruments --------------------------------------------------------------------------------

TICK_SIZE, DECIMAL_PLACES = 4, 2


def market(symbol: str, **changes: Any) -> Mapping[str, Any]:
    base, _, rest = symbol.partition("/")
    quote, _, settle = rest.partition(":")
    return {
        "symbol": symbol,
        "base": base,
        "quote": quote,
        "spot": not settle,
        "swap": bool(settle),
        "linear": settle == quote,
        "active": True,
        "precision": {"price": 0.01, "amount": 1e-05},
        "limits": {"amount": {"min": 0.0001}, "cost": {"min": 5}},
        **changes,
    }


def test_steps_are_exact() -> None:
    [found] = listing([market("BTC/USDT")], TICK_SIZE).universe.instruments
    assert (found.price_step, found.amount_step) == (Decimal("0.01"), Decimal("0.00001"))
    assert (found.min_amount, found.min_cost) == (Decimal("0.0001"), Decimal(5))


def test_decimal_places_become_steps() -> None:
    places = market("BTC/USDT", precision={"price": 2, "amount": 8}, limits={})
    [found] = listing([places], DECIMAL_PLACES).universe.instruments
    assert (found.price_step, found.amount_step) == (Decimal("0.01"), Decimal("1e-8"))
    assert (found.min_amount, found.min_cost) == (Decimal("1e-8"), Decimal(0))


def test_spot_comes_before_perpetuals_and_others_are_left_out() -> None:
    found = listing(
        [
            market("BTC/USDT:USDT"),
            market("BTC/USDT"),
            market("SOL/USDT:USDT"),
            market("BTC/USD:BTC"),
            market("ETH/USDT", active=False),
            market("ETH/USDT:USDT-260925", expiry=1_790_000_000_000),
        ],
        TICK_SIZE,
    )
    assert found.spelled == {"BTC/USDT": "BTC/USDT", "SOL/USDT": "SOL/USDT:USDT"}
    kinds = [one.kind for one in found.universe.instruments]
    assert kinds == [InstrumentKind.SPOT, InstrumentKind.LINEAR]


def test_an_unknown_symbol_is_not_spelled() -> None:
    with pytest.raises(UnknownSymbol, match="Did you mean BTC/USDT"):
        listing([market("BTC/USDT")], TICK_SIZE).spelling("BTCC/USDT")


def test_a_market_without_precision_has_a_step() -> None:
    [found] = listing(
        [market("BTC/USDT", precision=None, limits=None)], TICK_SIZE
    ).universe.instruments
    assert found.price_step == Decimal("1e-8")


# --- waiting ------------------------------------------------------------------------------------


@given(st.floats(0, 0.999), st.integers(1, 40))
def test_backoff_doubles_within_its_bounds(luck: float, failures: int) -> None:
    backoff = Backoff(1.0, 60.0, lambda: luck)
    waits = [backoff.failed() for _ in range(failures)]
    assert waits == sorted(waits)
    assert 0.75 <= waits[0] <= 1.25
    assert waits[-1] <= 75
    backoff.succeeded()
    assert backoff.failed() == waits[0]


# --- asking -------------------------------------------------------------------------------------


class Asked:
    """A small exchange of 5,000 minutes that gives pages of its own size."""

    name, id = "Asked", "asked"
    has: Mapping[str, Any] = {}

    def __init__(self, page: int = 300, faults: Sequence[Exception] = ()) -> None:
        self.page = page
        self.faults = list(faults)
        self.calls = 0
        self.together = self.most_together = 0
        self.last_response_headers: Mapping[str, str] = {}

    async def fetch_ohlcv(
        self, symbol: str, timeframe: str, since: int | None, limit: int | None
    ) -> list[Row]:
        self.calls += 1
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        await asyncio.sleep(0)
        self.together -= 1
        if self.faults:
            raise self.faults.pop(0)
        first = max(0, -(-(since or 0) // 60_000))
        stop = min(5_000, first + min(limit or 500, self.page))
        return [(n * 60_000, 1.0, 2.0, 0.5, 1.5, 10.0) for n in range(first, stop)]


def asking(exchange: Asked, elapsed: float = 0.0) -> RestCandles:
    return RestCandles(cast(PublicExchange, exchange), QUICK, elapsed=lambda: elapsed)


@pytest.mark.parametrize("page", [1, 7, 300, 1000])
async def test_pages_of_any_size_are_put_together(page: int) -> None:
    exchange = Asked(page)
    rows = await asking(exchange).span("BTC/USDT", M1, 60_000 * 10, 60_000 * 30)
    assert set(range(10, 30)) <= {at // 60_000 for at in rows}


async def test_an_empty_past_is_stepped_over() -> None:
    rows = await asking(Asked(1000)).span("BTC/USDT", M1, 4_900 * 60_000, 9_000 * 60_000)
    assert len(rows) == 100


async def test_a_few_requests_run_at_once() -> None:
    exchange = Asked()
    rest = asking(exchange)
    await asyncio.gather(*(rest.span("BTC/USDT", M1, 0, 60_000) for _ in range(30)))
    assert exchange.most_together == 4


async def test_the_pause_that_is_asked_for_is_kept() -> None:
    from ccxt.base.errors import DDoSProtection

    now = 100.0
    exchange = Asked(faults=[DDoSProtection("429")])
    exchange.last_response_headers = {"Retry-After": "17"}
    rest = RestCandles(cast(PublicExchange, exchange), Patience(), elapsed=lambda: now)
    with pytest.raises(MarketUnavailable, match="wait 17 s"):
        await rest.span("BTC/USDT", M1, 0, 60_000)
    now += 16
    with pytest.raises(MarketUnavailable, match="wait 1 s more"):
        await rest.span("BTC/USDT", M1, 0, 60_000)
    assert exchange.calls == 1
    now += 2
    assert await rest.span("BTC/USDT", M1, 0, 60_000)


async def test_what_trying_again_can_not_mend_is_not_tried_again() -> None:
    from ccxt.base.errors import BadSymbol

    exchange = Asked(faults=[BadSymbol("no such market")])
    with pytest.raises(MarketUnavailable, match="does not trade this"):
        await asking(exchange).span("X/USDT", M1, 0, 60_000)
    assert exchange.calls == 1


def test_a_fault_is_a_few_words() -> None:
    from ccxt.base.errors import DDoSProtection, ExchangeNotAvailable, RequestTimeout

    assert brief(RequestTimeout("https://x?key=1")) == "no answer in time"
    assert brief(DDoSProtection("<html>")) == "it asks to wait"
    assert brief(ExchangeNotAvailable("")) == "it is not available"
    assert brief(RuntimeError("Traceback ...")) == "no connection"


# --- prices that are asked for ------------------------------------------------------------------


class Quoting(Asked):
    """An exchange that tells prices in the ways that `has` names; None where nothing was traded."""

    def __init__(self, last: float | None = 3.5, **has: bool) -> None:
        super().__init__()
        self.last = last
        self.has = has
        self.asked: list[Any] = []

    async def fetch_ticker(self, symbol: str) -> Mapping[str, Any]:
        self.asked.append(symbol)
        return {"last": self.last, "bid": None, "ask": None}

    async def fetch_tickers(self, symbols: Sequence[str]) -> Mapping[str, Any]:
        self.asked.append(list(symbols))
        return {symbol: {"last": self.last, "bid": 3.4, "ask": 3.6} for symbol in symbols}


def quoted(exchange: Quoting) -> AskedPrices:
    public = cast(PublicExchange, exchange)
    rest = RestCandles(public, QUICK)
    return AskedPrices(public, rest, TickFeed(), QUICK, lambda: START)


@pytest.mark.parametrize(
    ("has", "asked", "bid"),
    [
        ({"fetchTicker": True, "fetchTickers": True}, ["A/USDT:USDT"], None),
        ({"fetchTickers": True}, [["A/USDT:USDT"]], Decimal("3.4")),
    ],
)
async def test_a_price_is_asked_for_as_the_exchange_tells_it(
    has: dict[str, bool], asked: list[Any], bid: Decimal | None
) -> None:
    exchange = Quoting(**has)
    tick = await quoted(exchange).price("A/USDT", "A/USDT:USDT")
    assert (tick.symbol, tick.at, tick.price, tick.bid) == ("A/USDT", START, Decimal("3.5"), bid)
    assert exchange.asked == asked


@pytest.mark.parametrize(
    ("last", "has", "why"),
    [
        (3.5, {}, "Asked tells no prices"),
        (None, {"fetchTicker": True}, "There is no price of A/USDT yet"),
        (0.0, {"fetchTickers": True}, "There is no price of A/USDT yet"),
    ],
)
async def test_where_there_is_no_price_none_is_made_up(
    last: float | None, has: dict[str, bool], why: str
) -> None:
    prices = quoted(Quoting(last, **has))
    with pytest.raises(MarketUnavailable, match=why):
        await prices.price("A/USDT", "A/USDT")
    assert prices.last("A/USDT") is None


# --- streams that an exchange has ---------------------------------------------------------------


class Streaming:
    """An exchange that says what it has and notes what is asked of it."""

    def __init__(self, **has: bool) -> None:
        self.has = has
        self.asked: list[Any] = []
        self.tickers: Mapping[str, Any] = {}

    async def watch_tickers(self, symbols: Sequence[str]) -> None:
        self.asked.append(tuple(symbols))

    async def watch_ticker(self, symbol: str) -> None:
        self.asked.append(symbol)

    async def fetch_tickers(self, symbols: Sequence[str]) -> Mapping[str, Any]:
        self.asked.append(("REST", *symbols))
        return {}

    async def watch_ohlcv(self, symbol: str, timeframe: str) -> None:
        self.asked.append((symbol, timeframe))

    async def watch_ohlcv_for_symbols(self, wanted: Sequence[Sequence[str]]) -> None:
        self.asked.append([tuple(pair) for pair in wanted])


@pytest.mark.parametrize(
    ("has", "asked"),
    [
        ({"watchTickers": True, "watchTicker": True}, [("A", "B")]),
        ({"watchTicker": True}, ["A", "B"]),
        ({}, [("REST", "A", "B")]),
    ],
)
async def test_prices_come_by_the_best_way_there_is(has: dict[str, bool], asked: list[Any]) -> None:
    exchange = Streaming(**has)
    for alarm in ticker_alarms(cast(PublicExchange, exchange), ["A", "B"], QUICK):
        await alarm()
    assert exchange.asked == asked


@pytest.mark.parametrize(
    ("has", "asked"),
    [
        ({"watchOHLCVForSymbols": True, "watchOHLCV": True}, [[("A", "1m"), ("A", "5m")]]),
        ({"watchOHLCV": True}, [("A", "1m"), ("A", "5m")]),
        ({}, []),
    ],
)
async def test_candles_come_by_the_best_way_there_is(
    has: dict[str, bool], asked: list[Any]
) -> None:
    exchange = Streaming(**has)
    pairs = [("A", "1m"), ("A", "5m")]
    for alarm in candle_alarms(cast(PublicExchange, exchange), pairs):
        await alarm()
    assert exchange.asked == asked


async def test_many_symbols_are_asked_for_in_parts() -> None:
    exchange = Streaming(watchTickers=True)
    symbols = [str(n) for n in range(250)]
    for alarm in ticker_alarms(cast(PublicExchange, exchange), symbols, QUICK):
        await alarm()
    assert [len(part) for part in exchange.asked] == [100, 100, 50]
