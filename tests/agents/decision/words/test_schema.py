"""What a model reads passes the same checks as what the built-in reader reads."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from agents.decision.words import ModelReading, from_model, missing
from agents.domain.symbols import DEFAULT_UNIVERSE

GOOD: dict[str, Any] = {
    "symbols": ["btcusdt"],
    "side": "long",
    "timeframe": "1h",
    "entry_long": "RSI(14)<30 and close>ema(200)@4h",
    "stop": "2 %",
    "targets": [{"at": "3R", "share": 1.0}],
    "risk_percent": 1,
    "leverage": 3,
    "windows": [{"from": "08:00", "to": "16:00", "tz": "UTC", "days": ["Monday"]}],
}


def reading(**more: Any):
    return from_model({**GOOD, **more}, DEFAULT_UNIVERSE, said="…")


def test_a_good_answer_is_a_strategy() -> None:
    found = reading()
    spec = found.spec()
    assert spec is not None
    assert spec.symbols == ("BTC/USDT",)
    assert spec.entry_long == "rsi(14) < 30 and close > ema(200)@4h"
    assert spec.stop == "2%"
    assert spec.risk_percent == Decimal(1)
    assert spec.windows[0].days == ("mon",)


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"leverage": 500}, "500"),
        ({"risk_percent": 200}, "200"),
        ({"risk_percent": float("nan")}, "limit"),
        ({"max_positions": 1000}, "1000"),
        ({"leverage": -1}, "-1"),
    ],
)
def test_limits_hold(more: dict[str, Any], word: str) -> None:
    found = reading(**more)
    assert any(word in text for text in found.refused)
    assert (found.risk_percent or 0) <= 2
    assert (found.leverage or 1) <= 20
    assert (found.max_positions or 1) <= 20


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"entry_long": "rsi(14) <"}, "entry"),
        ({"entry_long": "rsi(14) < 20 and rsi(14) > 80"}, "entry"),
        ({"symbols": ["NOPE/USDT"]}, "symbols"),
        ({"timeframe": "7m"}, "timeframe"),
        ({"stop": "tomorrow"}, "stop"),
        ({"stop": None}, "stop"),
        ({"side": None, "entry_long": None}, "side"),
    ],
)
def test_what_does_not_hold_is_asked(more: dict[str, Any], field: str) -> None:
    found = reading(**more)
    question = missing(found)
    assert found.spec() is None
    assert question is not None
    assert question.field == field


def test_too_many_shares_are_split_and_told() -> None:
    found = reading(targets=[{"at": "1R", "share": 0.9}, {"at": "2R", "share": 0.9}])
    assert sum(one.share for one in found.targets) <= 1
    assert any("equal" in note for note in found.assumptions)


def test_the_answer_must_follow_the_schema() -> None:
    with pytest.raises(ValidationError):
        from_model({"symbols": "BTC", "targets": 3}, DEFAULT_UNIVERSE)


def test_the_schema_has_every_field_of_a_reading() -> None:
    assert {"symbols", "entry_long", "refused", "unread"} <= set(ModelReading.model_fields)


def test_no_strategy_stays_empty() -> None:
    found = from_model({"is_strategy": False}, DEFAULT_UNIVERSE, said="hi")
    assert not found.is_strategy
    assert found.spec() is None


def test_steps_are_checked_as_rules_are() -> None:
    found = reading(manage=["CLOSE 50% when RSI>70", "long: stop to entry when close > ema(50)@4h"])
    assert [str(step) for step in found.manage] == [
        "close 50% when rsi(14) > 70",
        "stop to entry when close > ema(50)@4h",
    ]
    spec = found.spec()
    assert spec is not None
    assert spec.manage == found.manage


@pytest.mark.parametrize(
    "text",
    [
        "sell half when it feels toppy",
        "close 100% when rsi(14) > 70",
        "close 50% when rsi(14) > 170",
        "close 50% when rsi(14)@15m > 70",
        "short: close 50% when rsi(14) < 30",
    ],
)
def test_a_step_that_does_not_hold_is_named(text: str) -> None:
    found = reading(manage=["close 50% when rsi(14) > 70", text])
    assert [str(step) for step in found.manage] == ["close 50% when rsi(14) > 70"]
    assert text in found.unread
    assert any(question.field == "manage" and text in question.text for question in found.asks)
    assert found.spec() is not None


def test_six_steps_are_the_most() -> None:
    texts = [f"close 10% when rsi(14) > {level}" for level in range(60, 74)]
    found = reading(manage=[*texts, texts[0]])
    assert [str(step) for step in found.manage] == texts[:6]
    assert set(texts[6:]) <= set(found.unread)
