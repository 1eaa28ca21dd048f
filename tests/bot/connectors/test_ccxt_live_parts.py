"""The parts of live trading that need no exchange: faults, names, numbers, pace, dialects."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.errors import (
    BrokerAway,
    BrokerBusy,
    KeyRefused,
    OperatorNeeded,
    OrderRejected,
    OrderUnknown,
    ParleyError,
    StopTooNear,
)
from agents.domain.market import InstrumentKind, to_ms
from agents.domain.order import (
    OrderIntent,
    OrderKind,
    OrderPurpose,
    OrderSide,
    client_order_id,
)
from agents.domain.strategy import Mode
from agents.domain.venue import GuardStyle
from bot.connectors.ccxt_dialect import DIALECTS, Reply, dialect_of, spelled_exchange
from bot.connectors.ccxt_exchange import Addresses, enter_sandbox, exchange_class, open_public
from bot.connectors.ccxt_instruments import listing
from bot.connectors.ccxt_live_faults import (
    REPLY,
    Circumstances,
    Missing,
    OwnBusy,
    Skewed,
    Twice,
    judged,
)
from bot.connectors.ccxt_live_lookup import Lookup
from bot.connectors.ccxt_live_numbers import handed, told
from bot.connectors.ccxt_live_orders import lot, request
from bot.connectors.ccxt_live_pace import Pace
from bot.connectors.ccxt_live_session import Session
from tests.support.clock import START, ManualClock
from tests.support.market import instrument
from tests.support.memory import InMemory

D = Decimal


# --- faults -------------------------------------------------------------------------------------


def fault(name: str, reply: Reply | None = None, cause: Exception | None = None) -> Exception:
    """As ccxt raises it: its classes are told by their names."""
    from ccxt.base import errors

    made: Exception = getattr(errors, name)("GET https://x/?signature=abc")
    made.__cause__ = cause
    if reply is not None:
        setattr(made, REPLY, reply)
    return made


def meaning(
    exchange: str, made: Exception, *, sent: bool = True, reads: bool = False
) -> ParleyError:
    return judged(made, Circumstances("Binance", dialect_of(exchange), sent, reads))


def test_a_key_that_is_tried_is_not_one_that_was_taken_before() -> None:
    reply = Reply(401, "-2015", "Invalid API-key, IP, or permissions for action.")
    made = fault("AuthenticationError", reply)
    dialect = dialect_of("binance")
    said = {
        tried: str(judged(made, Circumstances("Binance", dialect, True, True, tried=tried)))
        for tried in (True, False)
    }
    assert "does not take this key (Invalid API-key" in said[True]
    assert "any more" not in said[True] and "/connect" in said[True]
    assert "does not take the key any more (Invalid API-key" in said[False]


SAID = [
    ("binance", 400, "-2010", "Account has insufficient balance.", OrderRejected),
    ("binance", 400, "-2010", "Stop price would trigger immediately.", StopTooNear),
    ("binance", 400, "-2010", "Duplicate order sent.", Twice),
    ("binance", 400, "-1013", "Filter failure: NOTIONAL", OrderRejected),
    ("binance", 400, "-2013", "Order does not exist.", Missing),
    ("binance", 400, "-2011", "Unknown order sent.", Missing),
    ("binance", 401, "-2015", "Invalid API-key, IP, or permissions for action.", KeyRefused),
    ("binance", 400, "-2014", "API-key format invalid.", KeyRefused),
    ("binance", 400, "-1021", "Timestamp for this request is outside of the recvWindow.", Skewed),
    ("binance", 400, "-1007", "Timeout waiting for response from backend server.", OrderUnknown),
    ("binance", 400, "-1006", "An unexpected response was received.", OrderUnknown),
    ("binance", 503, "-1003", "Way too many requests.", BrokerBusy),
    ("binance", 503, "", "Unknown error, please check your request.", OrderUnknown),
    ("binance", 502, "", "", OrderUnknown),
    ("binance", 403, "", "", BrokerBusy),
    ("binanceusdm", 400, "-2021", "Order would immediately trigger.", StopTooNear),
    ("binanceusdm", 400, "-2019", "Margin is insufficient.", OrderRejected),
    ("binanceusdm", 400, "-2022", "ReduceOnly Order is rejected.", OrderRejected),
    ("binanceusdm", 400, "-4061", "Order's position side does not match.", OrderRejected),
    ("binanceusdm", 400, "-4116", "ClientOrderId is duplicated.", Twice),
    ("binanceusdm", 503, "-1008", "Request throttled by system-level protection.", BrokerBusy),
    ("bybit", 200, "110007", "ab not enough for new order", OrderRejected),
    ("bybit", 200, "10002", "invalid request, please check your server timestamp", Skewed),
    ("bybit", 200, "110072", "OrderLinkedID is duplicate", Twice),
    ("bybit", 200, "10003", "API key is invalid.", KeyRefused),
    ("kraken", 200, "EOrder:Insufficient funds", "EOrder:Insufficient funds", OrderRejected),
    ("kraken", 200, "EOrder:Unknown order", "EOrder:Unknown order", Missing),
    ("kraken", 200, "EService:Unavailable", "EService:Unavailable", OrderUnknown),
    ("kraken", 200, "EAPI:Rate limit exceeded", "EAPI:Rate limit exceeded", OwnBusy),
    ("okx", 200, "51008", "Order failed. Insufficient balance.", OrderRejected),
    ("okx", 200, "50102", "Timestamp request expired", Skewed),
    ("bitstamp", 400, "", "You have no money", OrderRejected),
    ("bitstamp", 500, "", "", OrderUnknown),
]  # fmt: skip


@pytest.mark.parametrize(
    ("exchange", "status", "code", "message", "kind"),
    SAID,
    ids=[f"{row[0]} {row[1]} {row[2]} {row[4].__name__}" for row in SAID],
)
def test_what_an_exchange_says_means(
    exchange: str, status: int, code: str, message: str, kind: type[ParleyError]
) -> None:
    made = fault("ExchangeError", Reply(status, code, message))
    assert type(meaning(exchange, made)) is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("InsufficientFunds", OrderRejected),
        ("OrderNotFound", Missing),
        ("OrderImmediatelyFillable", StopTooNear),
        ("DuplicateOrderId", Twice),
        ("AuthenticationError", KeyRefused),
        ("PermissionDenied", OrderRejected),
        ("AccountSuspended", OrderRejected),
        ("InvalidNonce", Skewed),
        ("RateLimitExceeded", BrokerBusy),
        ("InvalidOrder", OrderRejected),
        ("NullResponse", OrderUnknown),
    ],
)
def test_an_exchange_without_a_row_is_read_by_the_names_of_ccxt(
    name: str, kind: type[ParleyError]
) -> None:
    made = fault(name, Reply(200, "7", "something"))
    assert type(meaning("bitstamp", made)) is kind


def test_the_time_to_wait_is_the_one_that_was_named() -> None:
    found = meaning("binance", fault("DDoSProtection", Reply(429, "", "", 7.0)))
    assert isinstance(found, BrokerBusy) and found.retry_after == 7
    unnamed = meaning("binance", fault("DDoSProtection", Reply(418, "", "")))
    assert isinstance(unnamed, BrokerBusy) and unnamed.retry_after == 30
    busy = meaning("binanceusdm", fault("OperationFailed", Reply(503, "-1008", "")))
    assert isinstance(busy, BrokerBusy) and busy.retry_after == 2


class ClientConnectorError(OSError):
    """As aiohttp calls it when nobody listens."""


class ServerDisconnectedError(OSError):
    """As aiohttp calls it when the connection was cut."""


@pytest.mark.parametrize(
    ("cause", "sent", "kind"),
    [
        (ClientConnectorError(), True, BrokerAway),
        (ServerDisconnectedError(), True, OrderUnknown),
        (TimeoutError(), True, OrderUnknown),
        (TimeoutError(), False, BrokerAway),
        (None, True, OrderUnknown),
    ],
    ids=["no connection", "cut", "late", "late before sending", "anything"],
)
def test_without_an_answer_it_depends_on_whether_it_was_sent(
    cause: Exception | None, sent: bool, kind: type[ParleyError]
) -> None:
    made = fault("ExchangeNotAvailable", None, cause)
    assert type(meaning("binance", made, sent=sent)) is kind
    assert type(meaning("binance", made, sent=sent, reads=True)) is BrokerAway


def test_a_bug_after_sending_is_no_refusal() -> None:
    assert type(meaning("binance", KeyError("x"))) is OrderUnknown
    assert type(meaning("binance", KeyError("x"), sent=False)) is BrokerAway
    assert type(meaning("binance", fault("InvalidOrder"), sent=False)) is OrderRejected


def test_words_of_an_exchange_are_short_and_hold_no_address() -> None:
    long = f"see https://api.binance.com/x?signature=1 {'k' * 64}\n and " + "so on " * 60
    said = str(meaning("binance", fault("ExchangeError", Reply(400, "-9", long))))
    assert "https" not in said and "kkkk" not in said and "\n" not in said
    assert len(said) < 200


# --- names and numbers --------------------------------------------------------------------------


@pytest.mark.parametrize("exchange", [*DIALECTS, "bitstamp"])
@given(key=st.text(max_size=40))
def test_our_names_of_orders_fit_everywhere(exchange: str, key: str) -> None:
    dialect, name = dialect_of(exchange), client_order_id(key)
    assert dialect.fits(name)
    assert dialect.client_id(dialect.spell(name)) == name


def test_names_of_others_stand_as_they_are() -> None:
    assert dialect_of("kraken").client_id("6d1b345e-2821-40e2-ad83-4ecb18a06876").count("-") == 4
    assert dialect_of("binance").client_id("web_1") == "web_1"
    assert dialect_of("binance").client_id(None) == ""


@given(units=st.integers(1, 10**26), places=st.integers(0, 18))
def test_amounts_keep_every_digit_on_their_way_out(units: int, places: int) -> None:
    from ccxt.base.decimal_to_precision import TICK_SIZE, TRUNCATE, decimal_to_precision

    amount = D(units).scaleb(-places)
    written = decimal_to_precision(handed(amount), TRUNCATE, float(f"1e-{places}"), TICK_SIZE)
    assert D(written) == amount
    assert isinstance(handed(amount), float)


@given(units=st.integers(1, 10**24), places=st.integers(0, 18))
def test_numbers_keep_every_digit_on_their_way_in(units: int, places: int) -> None:
    amount = D(units).scaleb(-places)
    info = {"orderId": 7, "side": "BUY", "qty": f"{amount:f}", "price": "1.5"}
    assert told(float(amount), info) == amount


def test_exchanges_are_spelled_as_ccxt_does() -> None:
    assert spelled_exchange(" Gate.io ") == "gateio"


# --- contracts ----------------------------------------------------------------------------------


def a_session(exchange: Any, markets: dict[str, Any], name: str = "bitstamp") -> Session:
    async def unheard(session: Session, problem: ParleyError) -> None: ...

    exchange.markets = markets
    listed = listing(markets.values(), 4)
    return Session(1, dialect_of(name), listed, Pace(), exchange, unheard)


class Exchange:
    """What a session asks of ccxt, answered by a table."""

    name, id = "Some", "some"

    def __init__(self, **answers: Any) -> None:
        self.answers, self.options = answers, dict[str, Any]()
        self.has = {
            "".join(part.title() if n else part for n, part in enumerate(name.split("_"))): True
            for name in answers
        }

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def answer(*asked: Any, **named: Any) -> Any:
            return self.answers[name]

        return answer


PERPETUAL = {
    "symbol": "BTC/USDT:USDT",
    "base": "BTC",
    "quote": "USDT",
    "swap": True,
    "linear": True,
    "contractSize": 0.01,
    "precision": {"amount": 1.0, "price": 0.1},
    "limits": {"amount": {"min": 1.0}, "leverage": {"max": 100.0}, "market": {"max": 500}},
}


def test_spot_has_no_leverage_and_market_orders_their_own_least() -> None:
    described = {**SPOT, "limits": {"amount": {"min": 0.001}, "market": {"min": 0.01}}}
    (one,) = listing([described], 4).universe.instruments
    assert (one.kind, one.max_leverage, one.min_amount) == (InstrumentKind.SPOT, 1, D("0.01"))


def test_contracts_are_counted_in_coins_here_and_in_contracts_there() -> None:
    session = a_session(Exchange(), {PERPETUAL["symbol"]: PERPETUAL})  # type: ignore[dict-item]
    (one,) = session.listing.universe.instruments
    assert (one.amount_step, one.min_amount, one.max_leverage) == (D("0.01"), D("0.01"), 100)
    assert one.kind is InstrumentKind.LINEAR
    wanted = an_intent(quantity=D("0.25"), price=D("60000"), kind=OrderKind.LIMIT)
    asked = request(session, wanted)
    assert (str(asked.amount), str(asked.price), asked.type) == ("25", "60000", "limit")
    assert lot(session, "BTC/USDT") == D("0.01")


def an_intent(**changes: Any) -> OrderIntent:
    intent = OrderIntent(
        key="entry:proposal:1:v1",
        owner_id=1,
        strategy_id=1,
        account_id=1,
        symbol="BTC/USDT",
        mode=Mode.LIVE,
        purpose=OrderPurpose.ENTRY,
        side=OrderSide.BUY,
        quantity=D("0.01"),
        created_at=START,
    )
    return replace(intent, **changes)


# --- looking up where ccxt can't by name --------------------------------------------------------


SPOT = {"symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "spot": True}


def searched(**answers: Any) -> Any:
    session = a_session(Exchange(**answers), {"BTC/USDT": SPOT})
    memory, clock = InMemory(), ManualClock()
    lookup = Lookup(None, memory.orders, clock)  # type: ignore[arg-type]
    return asyncio.run(lookup.find(session, an_intent(), urgent=False))


def test_an_order_is_searched_in_the_lists() -> None:
    name = an_intent().client_id
    ours, other = {"id": "7", "clientOrderId": name}, {"id": "8", "clientOrderId": "web"}
    assert searched(fetch_open_orders=[other, ours], fetch_closed_orders=[]) == ours
    assert searched(fetch_open_orders=[other], fetch_closed_orders=[ours]) == ours
    assert searched(fetch_open_orders=[other], fetch_closed_orders=[other]) is None


def test_an_order_is_searched_by_the_exchanges_clock() -> None:
    exchange = Exchange(fetch_open_orders=[], fetch_closed_orders=[])
    exchange.options["timeDifference"] = 600_000
    session, asked = a_session(exchange, {"BTC/USDT": SPOT}), list[int]()

    async def ask(what: str, spelling: str, since: int, *rest: Any, **named: Any) -> list[Any]:
        asked.append(since)
        return []

    session.ask = ask  # type: ignore[method-assign, assignment]
    lookup = Lookup(None, InMemory().orders, ManualClock())  # type: ignore[arg-type]
    assert asyncio.run(lookup.find(session, an_intent(), urgent=False)) is None
    assert asked == [to_ms(START) - 600_000 - 120_000] * 2


def test_never_seen_is_not_said_where_nobody_can_know() -> None:
    with pytest.raises(BrokerAway, match="does not tell"):
        searched(fetch_open_orders=[])


def test_an_exchange_without_a_row_has_nothing_resting() -> None:
    for kind in InstrumentKind:
        assert dialect_of("bitstamp").style(instrument("BTC/USDT", kind=kind)) is GuardStyle.LOCAL


# --- pace ---------------------------------------------------------------------------------------


async def test_what_is_urgent_does_not_queue() -> None:
    pace = Pace(lambda: 0.0)
    await pace.turn(600, urgent=False)
    patient = asyncio.create_task(pace.turn(1, urgent=False))
    await asyncio.sleep(0)
    await pace.turn(1, urgent=True)
    assert not patient.done()
    patient.cancel()


async def test_a_pause_ends_waiting_and_asking() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    await pace.turn(600, urgent=False)
    waiting = asyncio.create_task(pace.turn(1, urgent=False))
    await asyncio.sleep(0)
    pace.hold(20)
    with pytest.raises(BrokerBusy) as busy:
        await waiting
    assert busy.value.retry_after == 20
    with pytest.raises(BrokerBusy):
        await pace.turn(1, urgent=True)
    now = 20.0
    await pace.turn(1, urgent=True)


async def test_turns_come_in_order() -> None:
    now, came = 0.0, list[int]()
    pace = Pace(lambda: now)
    await pace.turn(1000, urgent=False)

    async def take(number: int) -> None:
        await pace.turn(0, urgent=False)
        came.append(number)

    tasks = [asyncio.create_task(take(number)) for number in range(3)]
    await asyncio.sleep(0)
    now = 2000.0
    await pace.turn(0, urgent=False)
    await asyncio.gather(*tasks)
    assert came == [0, 1, 2]


# --- sandboxes ----------------------------------------------------------------------------------


async def test_a_sandbox_is_another_address() -> None:
    exchange: Any = await open_public("binance", Addresses(), sandbox=True)
    assert "testnet" in str(exchange.urls["api"]["public"])
    await exchange.close()
    demo: Any = await open_public("binanceusdm", Addresses(), sandbox=True)
    assert "demo" in str(demo.urls["api"]["fapiPublic"])
    await demo.close()


async def test_without_a_sandbox_the_operator_is_told() -> None:
    kind = await exchange_class("bitstamp")
    exchange = kind()
    with pytest.raises(OperatorNeeded, match="PARLEY_SANDBOX"):
        enter_sandbox(exchange, "sandbox")
    await exchange.close()
