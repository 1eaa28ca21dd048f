"""What the language accepts, how it prints it, and how it points at what it can't read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.decision.rules import parse_rule, parse_value
from agents.domain.errors import RuleError

ACCEPTED = [
    ("rsi(14) < 30 and close > ema(200)@4h", None),
    ("RSI<30 AND Close > EMA( 200 ) @4H", "rsi(14) < 30 and close > ema(200)@4h"),
    ("macd.hist < 0", "macd(12,26,9).hist < 0"),
    ("macd(5).hist < 0", "macd(5,26,9).hist < 0"),
    ("adx > 25 and adx.plus > adx(14).minus", "adx(14) > 25 and adx(14).plus > adx(14).minus"),
    ("close > bb.upper", "close > bb(20,2).upper"),
    ("close > bb(20,2.5).upper", None),
    ("close < prev_day.low and close > vwap and body > 1 and range() > 2 and obv rising 5",
     "close < prev_day.low and close > vwap and body > 1 and range > 2 and obv rising 5"),
    ("stochrsi.k crosses above stochrsi.d", "stochrsi(14,14,3,3).k crosses above "
     "stochrsi(14,14,3,3).d"),
    ("supertrend.direction > 0", "supertrend(10,3).direction > 0"),
    ("close > ichimoku.span_a", "close > ichimoku(9,26,52).span_a"),
    ("close > highest(20)[1]", None),
    ("close[0] > open[12]", "close > open[12]"),
    ("ema(20)[2]@1h > 0", "ema(20)@1h[2] > 0"),
    ("close@60m > 1", "close@1h > 1"),
    ("close@5m > 1", "close > 1"),
    ("ema(20) > ema(50) > ema(200)", "ema(20) > ema(50) and ema(50) > ema(200)"),
    ("1 < rsi ≤ 30", "1 < rsi(14) and rsi(14) <= 30"),
    ("adx(14) between 20 and 40 and close > 1", None),
    ("not close < 1 and close > 2", "not (close < 1) and close > 2"),
    ("not not (close < 1)", "not (not (close < 1))"),
    ("((close < 1))", "close < 1"),
    ("(close < 1 or close > 2) and close > 3", None),
    ("close < 1 or (close > 2 and close > 3)", "close < 1 or close > 2 and close > 3"),
    ("(close < 1 and close < 2) and close < 3", "close < 1 and close < 2 and close < 3"),
    ("close - (open - 1) > 0", "close - (open - 1) > 0"),
    ("(close - open) - 1 > 0", "close - open - 1 > 0"),
    ("close / (open * 2) > 0", "close/(open*2) > 0"),
    ("close > ema(50) - 0.5 * atr(14)", "close > ema(50) - 0.5*atr(14)"),
    ("-(close - 1) < -5", None),
    ("- -5 < .5", "5 < 0.5"),
    ("close > 1e-5", "close > 0.00001"),
    ("change(24) <= −5", "change(24) <= -5"),
    ("(ema(20) - ema(50)) rising 3", "ema(20) - ema(50) rising 3"),
    ("close\n  > open\n\tand close < 3", "close > open and close < 3"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "printed"), ACCEPTED)
def test_a_rule_is_printed_in_its_canonical_form(text: str, printed: str | None) -> None:
    rule = parse_rule(text, "5m")
    assert str(rule) == (printed or text)
    assert parse_rule(str(rule), "5m") == rule


REFUSED = [
    ("rsy(14) < 30", "rsy", "Did you mean rsi"),
    ("price > 3", "price", "Did you mean close?"),
    ("ema9 > close", "ema9", "Write ema(9)."),
    ("sma 20 > close", "20", "a parameter stands in brackets: sma(20)"),
    ("vp(10) > close", "vp", "It is pandas-ta's, but it looks ahead"),
    ("close > emaa(20)", "emaa", "Did you mean ema"),
    ("rsi(1) < 30", "1", "rsi needs a length from 2 to"),
    ("rsi(1.5) < 30", "1.5", "rsi needs a length from 2 to"),
    ("rsi(-14) < 30", "-14", "rsi needs a length from 2 to"),
    ("close > sma(99999)", "99999", "sma needs a length from 1 to 1000"),
    ("rsi(14,3) < 30", "3", "rsi takes 1 number at most"),
    ("vwap(5) < close", "5", "vwap takes no numbers"),
    ("macd < 0", "macd", "macd.line or macd.signal or macd.hist"),
    ("macd.histo < 0", ".histo", "it has .line, .signal, .hist"),
    ("rsi.k < 0", ".k", "rsi has one value"),
    ("close(3) < 4", "close", "close is a column"),
    ("close.high < 4", "close.high", "close is a column"),
    ("close@3m < 1", "@3m", "shorter than the strategy's 5m"),
    ("close@12m < 1", "@12m", "can't be made of whole 5m"),
    ("close@7h < 1", "@7h", "don't fit into a day"),
    ("close@daily < 1", "@daily", "use one of 1m, 3m"),
    ("close@1M < 1", "@1M", "no candles of a month"),
    ("close@1h@4h < 1", "@4h", "One @timeframe"),
    ("close[1][2] < 1", "2", "one [n]"),
    ("close[-1] < 1", "-1", "it can't be negative"),
    ("close[1.5] < 1", "1.5", "whole number of candles"),
    ("close[5000] < 1", "5000", "up to 1000"),
    ("close[x] < 1", "x", "an offset looks like [1]"),
    ("rsi rising 0", "0", "from 1 to 100"),
    ("rsi rising 2.5", "2.5", "from 1 to 100"),
    ("rsi rising 101", "101", "from 1 to 100"),
    ("rsi rising", "rising", "say how many"),
    ("rsi(14) = 30", "=", "compare with <"),
    ("rsi(14) == 30", "==", "compare with <"),
    ("rsi(14) != 30", "!=", "compare with <"),
    ("rsi(14) => 30", "=>", "write >="),
    ("rsi < 30 & close > 1", "&", "write 'and'"),
    ("rsi < 30 || close > 1", "||", "write 'or'"),
    ("rsi < 30%", "%", "as a number"),
    ("rsi < 30 close > 1", "close", "join conditions with 'and' or 'or'"),
    ("rsi < 30 adn close > 1", "adn", "join conditions with 'and' or 'or'"),
    ("rsi < 30 and and close > 1", "and", "a number or a data point is expected"),
    ("rsi crosses 30", "30", "write 'crosses above' or 'crosses below'"),
    ("rsi crosses over 30", "over", "write 'crosses above' or 'crosses below'"),
    ("rsi croses above 30", "croses", "Did you mean crosses?"),
    ("rsi below 30", "below", "write '<' or 'crosses below'"),
    ("if rsi < 30", "if", "leave it out"),
    ("rsi between 20", "20", "two ends"),
    ("rsi <", "<", "is missing after '<'"),
    ("rsi", "rsi", "neither true nor false"),
    ("rsi(14) and close > 1", "and", "I can't use 'and'"),
    ("(rsi < 30", "30", "A closing ) is missing"),
    ("rsi < 30)", ")", "no bracket is open"),
    ("rsi(14 < 30", "<", "a closing ) is missing"),
    ("rsi(n) < 30", "n", "a plain number is expected"),
    ("close > 61,000", ",", "write 61000 rather than 61,000"),
    ("close > 1e300", "1e300", "too large"),
    ("rsi < 30 🚀", "🚀", "I can't use '🚀'"),
    ("", "", "There is nothing here"),
    ("  \n ", "", "There is nothing here"),
]


@pytest.mark.parametrize(("text", "word", "says"), REFUSED)
def test_an_error_points_at_the_word(text: str, word: str, says: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule(text, "5m")
    fault = caught.value
    assert says in str(fault)
    assert fault.text == text
    assert fault.word == word
    assert text[fault.position : fault.position + len(word)] == word
    assert str(fault).endswith((".", "?"))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 400 + "1" + ")" * 400 + " < 2",
        "not " * 450 + "close < 2",
        "1" + " + 1" * 400 + " < 2",
        "-" * 1500 + "1 < 2",
        "close < 1 and " * 200,
        "close" + "[1]" * 500 + " < 1",
        "[" * 1999,
        "x" * 2001,
    ],
)
def test_absurd_sizes_are_refused_in_words(text: str) -> None:
    with pytest.raises(RuleError):
        parse_rule(text)


def test_many_conditions_side_by_side_are_fine() -> None:
    text = " or ".join(f"close < {number}" for number in range(1, 120))
    assert str(parse_rule(text)) == text


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_rule(text, "5m")
    except RuleError as refused:
        assert 0 <= refused.position <= len(text)


WORDS = (
    "rsi ( ) 14 , < > and or not close @ 1h [ ] - crosses above between rising . hist macd % atr"
    " r ; :"
)


@given(st.lists(st.sampled_from(WORDS.split()), max_size=14))
def test_any_words_are_read_or_refused(words: list[str]) -> None:
    text = " ".join(words)
    try:
        rule = parse_rule(text, "5m")
    except RuleError as refused:
        assert text[refused.position :].startswith(refused.word)
    else:
        assert parse_rule(str(rule), "5m") == rule


def test_without_a_timeframe_every_timeframe_is_accepted() -> None:
    assert str(parse_rule("close@1m > close@3m")) == "close@1m > close@3m"


def test_an_unreadable_timeframe_of_the_strategy_is_the_users_error() -> None:
    with pytest.raises(RuleError, match="no timeframe"):
        parse_rule("close > 1", "soon")


def test_values_stand_alone_too() -> None:
    assert str(parse_value("ema(50) - 0.5 * atr")) == "ema(50) - 0.5*atr(14)"
    with pytest.raises(RuleError, match="I can't use '3'"):
        parse_value("close 3")


def test_the_same_text_is_the_same_rule() -> None:
    assert parse_rule("rsi(14) < 31", "5m") is parse_rule("rsi(14) < 31", "5m")


def test_an_error_in_a_text_of_several_lines_is_shown_in_its_line() -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule("close > 1 and\nrsy(14) < 30 and\nclose < 5")
    assert caught.value.pointed().splitlines()[1:] == ["rsy(14) < 30 and", "^^^"]


def test_operands_are_listed_once() -> None:
    rule = parse_rule("close > ema(20)@1h and close < ema(20) and ema(20)@1h rising 2", "5m")
    assert [str(operand) for operand in rule.operands] == ["close", "ema(20)@1h", "ema(20)"]
