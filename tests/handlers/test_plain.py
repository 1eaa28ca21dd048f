"""Rules in plain words."""

import pytest
from hypothesis import given

from agents.decision.rules.tree import Condition
from handlers.plain import _said, in_words
from tests.support.rule_trees import CONDITIONS


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("rsi(14) < 35", "RSI(14) is below 35"),
        (
            "close crosses below lowest(20)[1] and rvol(20) > 1.5",
            "the close crosses below the lowest low of the 20 candles before and the volume "
            "relative to the last 20 candles is above 1.5",
        ),
        ("ema(9) crosses above ema(21)", "EMA(9) crosses above EMA(21)"),
        ("close > ema(200)@4h", "the close is above EMA(200) on 4h"),
        ("macd(12,26,9).hist >= 0", "MACD(12,26,9) histogram is at least 0"),
        ("adx(14) between 20 and 40", "ADX(14) is between 20 and 40"),
        (
            "close > highest(20)@1d[1] or high[2] >= highest(5)",
            "the close is above the highest high of the 20 candles before on 1d, or the high 2 "
            "candles ago is at least the highest high of 5 candles",
        ),
        ("rsi(14) falling 3", "RSI(14) is falling for 3 candles in a row"),
        ("not (close < ema(50))", "the close is not below EMA(50)"),
        (
            "rsi(14) < 30 or (rsi(14) < 40 and close > open)",
            "RSI(14) is below 30, or RSI(14) is below 40 and the close is above the open",
        ),
        (
            "(rsi(14) < 30 or rsi(14) > 70) and close > open",
            "(RSI(14) is below 30, or RSI(14) is above 70) and the close is above the open",
        ),
        ("close < bb(20,2).lower", "the close is below lower Bollinger Band(20,2)"),
        ("close > ema(50) - 0.5*atr(14)", "the close is above EMA(50) minus 0.5 × ATR(14)"),
    ],
)
def test_a_rule_is_said(rule, said) -> None:
    assert in_words(rule, "5m") == said


def test_what_can_not_be_read_is_shown_as_it_is() -> None:
    assert in_words("rsi(14 <", "5m") == "rsi(14 <"


@given(CONDITIONS)
def test_every_rule_can_be_said(condition: Condition) -> None:
    assert _said(condition)
