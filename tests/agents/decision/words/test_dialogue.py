"""Asking for what is missing until a strategy stands."""

import pytest

from agents.decision.words import Reading, answer, answer_line, missing, read
from agents.domain.strategy import Sides
from agents.domain.symbols import DEFAULT_UNIVERSE


def answered(sentence: str, *texts: str) -> Reading:
    found = read(sentence, DEFAULT_UNIVERSE)
    for text in texts:
        question = missing(found)
        assert question is not None
        found = answer(found, question, text, DEFAULT_UNIVERSE)
    assert missing(found) is None
    return found


@pytest.mark.parametrize(
    ("sentence", "answers", "rule"),
    [
        ("buy when rsi below 30", ("ETH/USDT", "15m", "1%"), "rsi(14) < 30"),
        ("btc rsi < 30", ("Long", "1h", "Stop 2%"), "rsi(14) < 30"),
        ("go long btc 15m, stop 1%", ("rsi below 35",), "rsi(14) < 35"),
        ("buy doge 5m", ("EMA 9 crosses above EMA 21", "1.5 ATR"), "ema(9) crosses above ema(21)"),
        ("buy btc 15m when rsi above 70 and below 30, sl 1%", ("rsi below 30",), "rsi(14) < 30"),
        ("eth 15m long rsi<30 no stop loss", ("2 atr",), "rsi(14) < 30"),
        ("btc 7m long rsi<30 sl 1%", ("15m",), "rsi(14) < 30"),
    ],
)
def test_answers_complete_a_strategy(sentence: str, answers: tuple[str, ...], rule: str) -> None:
    spec = answered(sentence, *answers).spec()
    assert spec is not None
    assert spec.entry_long == rule
    assert spec.side is Sides.LONG


def test_each_first_choice_is_an_answer() -> None:
    found = read("buy", DEFAULT_UNIVERSE)
    for _ in range(8):
        question = missing(found)
        if question is None:
            break
        found = answer(found, question, question.choices[0], DEFAULT_UNIVERSE)
    assert found.spec() is not None


def test_a_short_gets_a_short_rule_to_choose() -> None:
    question = missing(read("short btc 15m, stop 1%", DEFAULT_UNIVERSE))
    assert question is not None
    assert question.choices[0] == "RSI above 70"


def test_an_answer_that_says_nothing_is_asked_again() -> None:
    found = read("buy btc 15m rsi < 30", DEFAULT_UNIVERSE)
    question = missing(found)
    assert question is not None
    assert question.field == "stop"
    assert missing(answer(found, question, "whatever", DEFAULT_UNIVERSE)) is not None


def test_of_two_strategies_the_first_can_be_kept() -> None:
    found = read("long btc 15m rsi<30 sl 1% tp 2% and short eth 1h rsi>70 sl 2%", DEFAULT_UNIVERSE)
    question = missing(found)
    assert question is not None
    assert question.field == "strategies"
    spec = answer(found, question, "Only the first", DEFAULT_UNIVERSE).spec()
    assert spec is not None
    assert spec.symbols == ("BTC/USDT",)


@pytest.mark.parametrize(
    ("field", "text", "line"),
    [
        ("stop", "1%", "stop 1%"),
        ("stop", "Stop 1.5 ATR", "Stop 1.5 ATR"),
        ("targets", "2R", "target 2R"),
        ("exit", "exit when rsi > 70", "exit when rsi > 70"),
        ("timeframe", "15", "15m"),
        ("entry", "rsi < 30", "enter when rsi < 30"),
        ("risk", "1%", "risk 1%"),
    ],
)
def test_an_answer_says_what_it_is_for(field: str, text: str, line: str) -> None:
    assert answer_line(field, text) == line


def test_no_strategy_asks_nothing() -> None:
    assert missing(read("hi", DEFAULT_UNIVERSE)) is None
