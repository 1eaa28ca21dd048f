"""Bodies of webhooks: the shapes that services send, and everything odd refused by name."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.domain.errors import AskUser
from agents.domain.signal import SignalKind, SignalReading
from agents.domain.symbols import DEFAULT_UNIVERSE
from agents.signals.webhook import (
    BadValue,
    HookBody,
    Unfilled,
    UnknownType,
    Unreadable,
    open_body,
    read_body,
)

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


def opened(body: Any, kind: str = JSON) -> HookBody:
    text = body if isinstance(body, str) else json.dumps(body)
    return open_body(text.encode(), kind, DEFAULT_UNIVERSE)


def read(body: Any, kind: str = JSON) -> SignalReading:
    return opened(body, kind).reading


def shown(reading: SignalReading) -> str:
    """Symbol, side, entries, targets, stop; `-` where there is none."""
    parts = (
        reading.symbol or "-",
        str(reading.side or "-"),
        " ".join(f"{price:f}" for price in reading.entries) or "-",
        " ".join(f"{target.price:f}" for target in reading.targets) or "-",
        "-" if reading.stop is None else f"{reading.stop:f}",
    )
    return " | ".join(parts)


FULL = "BTC/USDT | long | 60000 | 61000 62000 | 59000"
SAME: list[tuple[Any, str]] = [
    ({"ticker": "BTCUSDT", "action": "buy", "price": 60000, "sl": 59000, "tp1": 61000,
      "tp2": 62000}, JSON),
    ({"symbol": "BINANCE:BTCUSDT.P", "side": "LONG", "entry": "60,000", "stop_loss": "59000",
      "take_profits": ["61000", "62000"], "quantity": "NaN coins"}, JSON),
    ({"pair": "BTC/USDT", "order_action": "Buy", "close": "60000", "stop": "$59000",
      "take_profit": "61000, 62000"}, JSON),
    ({"signal": {"symbol": "BTC-PERP", "direction": "long", "entry": {"price": 60000},
      "stopLoss": {"price": "59000"}, "targets": [{"price": 61000}, {"price": 62000}]}}, JSON),
    ({"strategy": {"order": {"action": "buy", "price": "60000"}}, "ticker": "btcusdt",
      "data": {"sl": 59000, "tp": [61000, 62000]}, "market_position": "long"}, JSON),
    ([{"symbol": "BTC", "side": "buy", "entry": 60000, "sl": 59000, "target1": 61000,
       "target2": 62000}], JSON),
    ('{"symbol": "BTCUSDT", // the market\n"side": "buy", "price": 60000, "sl": 59000,'
     ' "tp": ["61000", "62000"]}', TEXT),
    ("SYMBOL=BTCUSDT\nSIGNAL=BUY\nPRICE=60000\nTP1=61000\nTP2=62000\nSTOP=59000", TEXT),
    ("symbol=BTCUSDT;side=buy;price=60000;tp1=61000;tp2=62000;sl=59000", TEXT),
    ('={"settlement-as-close":true,"symbol":"BINANCE:BTCUSDT"}\r\nBUY\r\nPRICE=60000\r\nT1=61000\r\n'
     "T2=62000\r\nSTOP=59000", TEXT),
    ("symbol: BTCUSDT\nside: long\nentry: 60000\ntp1: 61000\ntp2: 62000\nsl: 59000", TEXT),
    ("symbol=BTCUSDT&side=buy&price=60000&tp=61000%7C62000&sl=59000",
     "application/x-www-form-urlencoded"),
    ("#BTC LONG\nEntry 60000\nTargets 61000 62000\nSL 59000", TEXT),
    ("[VIP] #BTC LONG\nEntry 60000\nTargets 61000 62000\nSL 59000", TEXT),
    ({"message": "#BTC LONG Entry 60000 Targets 61000 62000 SL 59000"}, JSON),
    ('"BTC long 60000 tp 61000 62000 sl 59000"', JSON),
    ("BTC LONG Entry=60000 TP1=61000 TP2=62000 SL=59000", TEXT),
    ({"ticker": "BTCUSDT", "action": "buy", "price": 60000, "long SL": 59000, "short SL": 61000,
      "long TP": "61000|62000", "short TP": 58000}, JSON),
]  # fmt: skip


@pytest.mark.parametrize(("body", "kind"), SAME)
def test_every_shape_says_the_same(body: Any, kind: str) -> None:
    reading = read(body, kind)
    assert shown(reading) == FULL
    assert reading.kind is SignalKind.SIGNAL
    assert reading.faults == ()


def test_a_price_without_an_order_type_is_that_of_the_market() -> None:
    body = {"ticker": "BTC", "action": "sell", "price": 60000}
    assert read(body).market
    assert not read({**body, "order_type": "limit"}).market
    assert not read({"ticker": "BTC", "action": "sell", "entry": 60000}).market


@pytest.mark.parametrize(
    ("body", "update"),
    [
        ({"ticker": "BTC", "action": "close"}, "close"),
        ({"ticker": "BTC", "action": "exit_long", "price": 60000}, "close"),
        ({"ticker": "BTC", "action": "sell", "market_position": "flat"}, "close"),
        ({"ticker": "BTC", "side": "Buy", "close_position": "True"}, "close"),
        ("SYMBOL=BTCUSDT\nSIGNAL=CANCEL\nPARAM_SIDE=SELL", "cancel"),
        ({"ticker": "BTC", "action": "breakeven"}, "stop_to_entry"),
        ({"message": "BTC tp1 hit"}, "target_hit"),
    ],
)
def test_updates(body: Any, update: str) -> None:
    reading = read(body, JSON if isinstance(body, dict) else TEXT)
    assert reading.kind is SignalKind.UPDATE
    assert reading.symbol == "BTC/USDT"
    assert [one.kind.value for one in reading.updates] == [update]


def test_an_order_against_its_position_is_not_clear() -> None:
    reading = read({"ticker": "BTC", "action": "sell", "market_position": "long"})
    assert "after it" in " ".join(reading.faults)


GOOD = {"ticker": "BTC", "action": "buy", "price": 60000}
REFUSED: list[tuple[Any, str, type[AskUser], str]] = [
    ({**GOOD, "sl": "{{plot_0}}"}, JSON, Unfilled, "{{plot_0}}"),
    ('{"price": {{close}}, "ticker": "{{ticker}}"}', TEXT, Unfilled, "{{close}}, {{ticker}}"),
    ('{"ticker": "BTC", "action": "buy", "price": NaN}', JSON, BadValue, "NaN is no number"),
    ('{"ticker": "BTC", "action": "buy", "price": -Infinity}', JSON, BadValue, "-Infinity"),
    ({**GOOD, "price": "NaN"}, JSON, BadValue, "“price”: NaN is no price"),
    ({**GOOD, "price": "Infinity"}, JSON, BadValue, "Infinity is no price"),
    ({**GOOD, "price": -60000}, JSON, BadValue, "-60000 is no price"),
    ({**GOOD, "sl": 0}, JSON, BadValue, "“sl”: 0 is no price"),
    ({**GOOD, "sl": True}, JSON, BadValue, "True is no price"),
    ('{"ticker": "BTC", "action": "buy", "price": 1e999999}', JSON, BadValue, "is no price"),
    ('{"ticker": "BTC", "action": "buy", "price": ' + "9" * 5000 + "}", JSON, BadValue, "no price"),
    ({**GOOD, "tp": ["61000", "up"]}, JSON, BadValue, "“tp”: up is no price"),
    ({**GOOD, "tp": {"at": 5}}, JSON, BadValue, "object without a price"),
    ({**GOOD, "leverage": "5000x"}, JSON, BadValue, "too much"),
    ({**GOOD, "action": "hold"}, JSON, BadValue, "“hold” is no side"),
    ({"action": "buy", "price": 60000}, JSON, BadValue, "No symbol"),
    ({**GOOD, "symbol": "ETHUSDT"}, JSON, BadValue, "Two symbols"),
    ({**GOOD, "side": "sell"}, JSON, BadValue, "say two things"),
    ({**GOOD, "sl": 59000, "stop_loss": 58000}, JSON, BadValue, "Several stops"),
    ({**GOOD, "time": "yesterday"}, JSON, BadValue, "“time”: yesterday is no time"),
    ('{"ticker": "BTC", "ticker": "ETH"}', JSON, BadValue, "“ticker” is named twice"),
    ("SIDE=BUY\nSIDE=SELL", TEXT, BadValue, "“SIDE” is named twice"),
    ("STOP_PRICE=-3d\nSYMBOL=BTC\nSIGNAL=SELL", TEXT, BadValue, "“STOP_PRICE”: -3d"),
    ("[" * 5000, JSON, Unreadable, "nested deeper"),
    ('{"a":' * 50 + "1" + "}" * 50, JSON, Unreadable, "nested deeper"),
    ('{"ticker": "BTC"', JSON, Unreadable, "not valid JSON (line 1"),
    ("[1, 2]", JSON, Unreadable, "one signal"),
    ("5", JSON, Unreadable, "must be a JSON object"),
    ("null", JSON, Unreadable, "must be a JSON object"),
    ("", JSON, Unreadable, "empty"),
    (" \n", TEXT, Unreadable, "empty"),
    ("BTC\x00LONG", TEXT, Unreadable, "control characters"),
    (json.dumps({str(n): n for n in range(200)}), JSON, Unreadable, "more than 100 keys"),
    ("<signal/>", "application/xml", UnknownType, "application/json or text/plain"),
    ("x", "multipart/form-data; boundary=x", UnknownType, "text/plain"),
]


@pytest.mark.parametrize(("body", "kind", "error", "part"), REFUSED)
def test_what_is_odd_is_refused_by_name(
    body: Any, kind: str, error: type[AskUser], part: str
) -> None:
    with pytest.raises(error) as refused:
        opened(body, kind)
    assert part in str(refused.value)
    assert len(str(refused.value)) < 300


def test_bytes_that_are_no_text_are_refused() -> None:
    for body in (b"\xff\xfe\x00", b"\x80BTC LONG", b"\xed\xa0\x80"):
        with pytest.raises(Unreadable, match="UTF-8"):
            read_body(body, TEXT, DEFAULT_UNIVERSE)


def test_key_and_time_are_those_of_the_body() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for time in ("2026-01-01T12:00:00Z", "2026-01-01T13:00:00+01:00", "1767268800", 1767268800000):
        body = opened({**GOOD, "timestamp": time, "id": "alert-7"})
        assert (body.time, body.key) == (noon, "alert-7")
    assert opened(GOOD).time is None


def test_passwords_are_not_kept() -> None:
    body = {**GOOD, "passphrase": "hunter2", "api_key": "hunter2", "key": "hunter2"}
    assert "hunter2" not in opened(body).words
    assert "ticker: BTC" in opened(body).words


def test_unknown_markets_are_named() -> None:
    reading = read({**GOOD, "ticker": "CME_MINI:NQ1!"})
    assert reading.symbol is None
    assert reading.faults == ("CME_MINI:NQ1! is not among the markets here.",)


PUBLISHED = {
    "robswc": "nothing",
    "cryptognome": "ETH/USDT | long | 1120 | - | - | stop 0.5 % | A target in percent",
    "octobot-kv 1": "Placeholders were left unfilled: {{exchange}}, {{ticker}}.",
    "octobot-kv 2": "BTC/USDT | long | 30000 | 35000 | -",
    "octobot-kv 3": "“STOP_PRICE”: -3d is no price.",
    "octobot-kv 4": "cancel",
    "lth-elm": "Placeholders were left unfilled: {{ticker}}, {{exchange}}, {{timenow}}, "
    "{{strategy.order.action}}.",
    "edartmds-text 1": "- | long | 21402.25 | 21407.0445 21411.71 21416.44 | 21391.25",
    "edartmds-text 2": "- | short | 21400.00 | 21395.50 21391.00 21386.50 | 21410.00",
    "justtrades": "Placeholders were left unfilled: {{ticker}}, {{close}}, "
    "{{strategy.order.action}}, {{strategy.market_position}}.",
}


def test_published_examples_are_read_as_they_mean(shared_data: Path) -> None:
    lines = (shared_data / "text" / "tradingview_webhooks.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    names = [row["format"] for row in rows]
    found = {}
    for place, row in enumerate(rows):
        number = f" {names[: place + 1].count(row['format'])}"
        name = row["format"] + (number if names.count(row["format"]) > 1 else "")
        found[name] = outcome(row["body"], row["content_type"])
    assert found == PUBLISHED


def outcome(body: str, kind: str) -> str:
    try:
        reading = read(body, kind)
    except AskUser as refused:
        return str(refused)
    if reading.kind is SignalKind.NOTHING:
        return "nothing"
    if reading.kind is SignalKind.UPDATE:
        return reading.updates[0].kind.value
    if reading.stop_percent is not None:
        said = f"stop {reading.stop_percent} % | {reading.faults[0][:19]}"
        return f"{shown(reading)} | {said}"
    return shown(reading)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = "ticker symbol side action price entry sl stop tp tp1 targets time id leverage message"
KNOWN = st.sampled_from(
    f"{NAMES} order signal data market_position close_position {{{{x}}}}".split()
)


@given(
    st.dictionaries(KNOWN | st.text(max_size=6), VALUES, max_size=12), st.sampled_from([JSON, TEXT])
)
@settings(max_examples=300, deadline=None)
def test_any_json_is_read_or_refused(body: dict[str, Any], kind: str) -> None:
    _read_or_refused(json.dumps(body).encode(), kind)


@given(
    st.binary(max_size=2_000) | st.text(max_size=2_000).map(str.encode),
    st.sampled_from([JSON, TEXT]),
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(body: bytes, kind: str) -> None:
    _read_or_refused(body, kind)


def _read_or_refused(body: bytes, kind: str) -> None:
    try:
        found = open_body(body, kind, DEFAULT_UNIVERSE)
        _ = found.key, found.time
    except AskUser as refused:
        assert 0 < len(str(refused)) < 500
        return
    numbers = [*found.reading.entries, *(one.price for one in found.reading.targets)]
    assert all(isinstance(number, Decimal) and 0 < number < 10**12 for number in numbers)
