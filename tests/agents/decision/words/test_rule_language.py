"""Text in the rule language is taken as it is, alone and within a sentence."""

from decimal import Decimal

from hypothesis import given, settings

from agents.decision.rules import parse_rule
from agents.decision.rules.tree import Condition
from agents.decision.words import checks, read
from agents.domain.symbols import DEFAULT_UNIVERSE
from tests.support.rule_trees import CONDITIONS


def possible(rule: Condition) -> bool:
    return checks.impossible(rule) is None


@given(CONDITIONS.filter(possible), CONDITIONS.filter(possible))
@settings(max_examples=120, deadline=None)
def test_lines_are_read_as_themselves(long: Condition, short: Condition) -> None:
    text = f"SOL/USDT 5m\nentry long: {long}\nentry short: {short}\nstop: 2%\ntarget: 50% at 1R"
    found = read(text, DEFAULT_UNIVERSE)
    assert found.entry_long == str(parse_rule(str(long), "5m"))
    assert found.entry_short == str(parse_rule(str(short), "5m"))
    assert (found.symbols, found.timeframe, found.stop) == (("SOL/USDT",), "5m", "2%")
    assert found.unread == ()


def test_lines_and_chat_mix() -> None:
    found = read(
        "eth 1h\nentry long: rsi(14) < 30 and close > ema(200)@4h\nstop: ema(50) - 0.5*atr(14)\n"
        "target: 50% at 1.5R, rest at 3R\ntrailing: breakeven after 1R\n"
        "risk 1%, 3x, max 2 positions, no weekends",
        DEFAULT_UNIVERSE,
    )
    assert found.entry_long == "rsi(14) < 30 and close > ema(200)@4h"
    assert found.stop == "ema(50) - 0.5*atr(14)"
    assert [str(one.share) for one in found.targets] == ["0.5", "0.5"]
    assert found.trailing == "breakeven after 1R"
    assert found.risk_percent == Decimal(1)
    assert (found.leverage, found.max_positions) == (3, 2)
    assert found.windows[0].days == ("mon", "tue", "wed", "thu", "fri")
    assert found.unread == ()
    assert found.spec() is not None


def test_a_rule_within_a_sentence_is_taken_whole() -> None:
    found = read(
        "long btc 1h if close > open and volume > 1.5 * volume[1], stop 1%, 2R", DEFAULT_UNIVERSE
    )
    assert found.entry_long == "close > open and volume > 1.5*volume[1]"


def test_a_faulty_line_is_told() -> None:
    found = read("BTC 15m\nentry long: rsi(14) < 30 and foo(3) > 2\nstop: 2%", DEFAULT_UNIVERSE)
    assert any("foo" in text for text in (*found.questions, *found.unread))
