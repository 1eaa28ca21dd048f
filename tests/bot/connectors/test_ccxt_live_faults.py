"""What refusals must not be taken for: a bad key, everybody's wait, a sure no."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.errors import (
    BrokerBusy,
    KeyRefused,
    OrderRejected,
    OrderUnknown,
    ParleyError,
)
from bot.connectors.ccxt_dialect import Reply, dialect_of
from bot.connectors.ccxt_live_faults import REPLY, Circumstances, OwnBusy, Pooled, judged
from bot.connectors.ccxt_live_session import Session
from tests.support.played_ccxt import KEY, Wire, played

D = Decimal

BTC = {
    "id": "BTCUSDT",
    "symbol": "BTC/USDT:USDT",
    "base": "BTC",
    "quote": "USDT",
    "settle": "USDT",
    "type": "swap",
    "spot": False,
    "swap": True,
    "contract": True,
    "linear": True,
    "inverse": False,
    "active": True,
    "contractSize": 1,
    "precision": {"amount": 0.001, "price": 0.1},
    "info": {"orderTypes": ["MARKET"]},
}
SPOT = {
    "id": "BTCUSDT",
    "symbol": "BTC/USDT",
    "base": "BTC",
    "quote": "USDT",
    "type": "spot",
    "spot": True,
    "active": True,
    "precision": {"amount": 0.00001, "price": 0.01},
    "info": {"orderTypes": ["MARKET"]},
}


def binance_says(code: int, words: str, status: int = 400) -> Any:
    return status, {"code": code, "msg": words}


def bybit_says(code: int, words: str) -> Any:
    return {"retCode": code, "retMsg": words, "result": {}, "time": 1}


async def said_to_an_order(name: str, answer: Any) -> ParleyError:
    """What an order ends with that the real ccxt of `name` had this answer to."""
    wire = Wire()
    for path in ("order", "create"):
        wire.says(path, answer)
    market = BTC if name == "binanceusdm" else SPOT
    async with played(name, wire, [market]) as session:
        asked = (market["symbol"], "market", "sell", 0.01)
        with pytest.raises(ParleyError) as fault:
            await session.ask("create_order", *asked, reads=False)
    assert len(wire.sent) == 1
    return fault.value


@pytest.mark.parametrize(
    ("name", "answer", "kind"),
    [
        ("binance", binance_says(-2010, "This symbol is not permitted for this account."), 1),
        ("binance", binance_says(-2010, "This action is disabled on this account."), 1),
        ("binanceusdm", binance_says(-4087, "User can only place reduce only order"), 1),
        ("binanceusdm", binance_says(-4088, "User can not place order currently"), 1),
        ("binanceusdm", binance_says(-4192, "Trade forbidden due to Cooling-off Period."), 1),
        (
            "binanceusdm",
            binance_says(-4205, "More than 20x leverage is available 60 days on"),
            1,
        ),
        ("binanceusdm", binance_says(-4400, "Quantitative Rules violated, only reduceOnly"), 1),
        ("bybit", bybit_says(10024, "Compliance rules triggered"), 1),
        ("bybit", bybit_says(10027, "Transactions are banned"), 1),
        ("bybit", bybit_says(10029, "The requested symbol is invalid"), 1),
        ("bybit", bybit_says(110013, "Cannot set leverage due to risk limit level"), 1),
        ("bybit", bybit_says(170201, "Your account has been restricted for trades"), 1),
        ("bybit", bybit_says(10009, "IP had been banned"), 2),
        ("bybit", bybit_says(10018, "Exceeded the IP Rate Limit"), 2),
        ("bybit", bybit_says(10006, "Too many visits"), 3),
        ("bybit", bybit_says(170005, "Too many new orders"), 3),
        ("binance", binance_says(-1015, "Too many new orders", 429), 3),
        ("bybit", bybit_says(170001, "Internal error"), 4),
        ("bybit", bybit_says(170007, "Timeout waiting for response from backend server"), 4),
        ("bybit", bybit_says(170032, "Network error. Please try again later"), 4),
        ("bybit", bybit_says(170035, "Submitted to the system for processing!"), 4),
        ("bybit", bybit_says(170146, "Order creation timeout"), 4),
        ("binance", binance_says(-1000, "An unknown error occurred while processing"), 4),
        ("binance", binance_says(-1001, "Internal error; unable to process your request"), 4),
        ("binance", binance_says(-2015, "Invalid API-key, IP, or permissions for action.", 401), 5),
        ("bybit", bybit_says(10003, "API key is invalid."), 5),
        ("bybit", bybit_says(33004, "Your api key has expired."), 5),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_an_order_ends_as_the_exchange_meant_it(name: str, answer: Any, kind: int) -> None:
    """1: it is refused, and the key is good; 2: all wait; 3: this account waits; 4: nobody knows;
    5: the key is refused."""
    kinds = {1: OrderRejected, 2: BrokerBusy, 3: OwnBusy, 4: OrderUnknown, 5: KeyRefused}
    assert type(await said_to_an_order(name, answer)) is kinds[kind]


async def test_assets_that_are_one_margin_are_named() -> None:
    said = await said_to_an_order(
        "binanceusdm", binance_says(-4168, "Unable to adjust to isolated-margin mode")
    )
    assert isinstance(said, Pooled) and "single-asset mode" in str(said)


def meant(status: int, code: str, words: str, **more: Any) -> str:
    from ccxt.base.errors import ExchangeNotAvailable

    made = ExchangeNotAvailable("x")
    setattr(made, REPLY, Reply(status, code, words))
    return str(judged(made, Circumstances("Binance", dialect_of("binance"), True, True, **more)))


def test_a_refusal_without_words_says_its_number() -> None:
    assert meant(451, "", "") == "Binance refused a request: HTTP 451."


def test_no_sentence_holds_a_part_of_the_key() -> None:
    said = meant(404, "", "no such key abc-123 here", secrets=("abc-123",))
    assert said == "Binance refused a request: no such key … here."


async def test_a_session_keeps_its_key_out_of_what_an_exchange_says() -> None:
    said = await said_to_an_order("bybit", bybit_says(1, f"bad key {KEY.key[:30]}, {KEY.key}"))
    assert KEY.key not in str(said)


# --- who waits ------------------------------------------------------------------------------------


@pytest.fixture
async def alone() -> AsyncIterator[tuple[Session, Wire]]:
    wire = Wire()
    async with played("binance", wire, [SPOT]) as session:
        yield session, wire


async def test_an_account_that_asked_too_much_waits_alone(
    alone: tuple[Session, Wire],
) -> None:
    session, wire = alone
    wire.says("order", binance_says(-1015, "Too many new orders; current limit is 100", 429))
    for _ in range(2):
        with pytest.raises(BrokerBusy):
            await session.ask("create_order", "BTC/USDT", "market", "sell", 1, reads=False)
    assert len(wire.sent) == 1
    assert session.pace.held == 0 and session.own.held > 0


# --- renewals -------------------------------------------------------------------------------------


async def test_a_closed_session_uses_its_key_no_more(alone: tuple[Session, Wire]) -> None:
    """ccxt renews the key of a stream after twenty minutes, whatever has become of the session."""
    session, _ = alone
    exchange, called = session.exchange, list[int]()

    async def keep_alive(number: int) -> None:
        called.append(number)

    exchange.open()
    for number in range(3):
        exchange.delay(60_000, keep_alive, number)
    waiting = [one for one in exchange.renewals.values() if not one.cancelled()]
    assert len(waiting) == 1
    await session.close()
    assert waiting[0].cancelled() and called == []
