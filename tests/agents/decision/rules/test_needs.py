"""A short history decides exactly as the whole one does."""

import math

import pytest

from agents.decision.rules import Context, evaluate_last, needs, operands, parse_rule
from agents.decision.rules.needs import rules_of
from agents.domain.market import Timeframe
from agents.domain.strategy import Sides, StrategySpec, Target
from agents.extraction.frame import Frame, resample
from tests.support.rule_trees import candles


def spec(entry: str, **more: object) -> StrategySpec:
    return StrategySpec.model_validate(
        {"symbols": ("BTC/USDT",), "side": Sides.LONG, "timeframe": "5m", "entry_long": entry}
        | more
    )


def test_needs_count_the_offset_the_run_and_the_cross() -> None:
    assert needs(spec("close > 1")) == {"5m": 2}
    assert needs(spec("close[7] > 1")) == {"5m": 8}
    assert needs(spec("close rising 3")) == {"5m": 4}
    assert needs(spec("sma(20) > 1")) == {"5m": 20}
    assert needs(spec("sma(20)[2] crosses above 1")) == {"5m": 23}
    assert needs(spec("sma(20)@1h crosses above close@4h[3]")) == {"5m": 2, "1h": 21, "4h": 5}


def test_needs_count_days_for_what_is_anchored_to_them() -> None:
    assert needs(spec("close > vwap"))["5m"] >= 288
    assert needs(spec("close > prev_day.high"))["5m"] >= 576


def test_needs_count_exits_and_levels_too() -> None:
    whole = spec(
        "close > 1",
        exit_long="close < sma(30)",
        stop="below lowest(40)",
        targets=(Target(at="sma(50)@1h"),),
        trailing="trail 2 atr",
    )
    needed = needs(whole)
    assert needed["1h"] == 50
    assert needed["5m"] == needs(spec("close > atr(14)"))["5m"] > 40
    assert {str(operand) for operand in operands(whole)} == {
        "close", "sma(30)", "lowest(40)", "sma(50)@1h", "atr(14)",
    }  # fmt: skip


def test_a_rule_that_can_not_be_read_is_told() -> None:
    with pytest.raises(ValueError, match="no timeframe"):
        spec("close > 1", timeframe="soon")


RULES = [
    "ema(50) > sma(20) and close[3] < bb(20,2).upper",
    "rsi(14) between 30 and 70 and adx(14).plus > adx(14).minus",
    "macd(12,26,9).hist crosses above 0 and atr(14) rising 3",
    "ema(20)@1h > ema(20) and rsi(7)@15m[2] < 60",
    "close > vwap and close > prev_day.low and stochrsi(14,14,3,3).k < 80",
    "supertrend(10,3).direction > 0 or keltner(20,2).lower > close or psar > close",
]


@pytest.mark.parametrize("text", RULES)
def test_a_short_history_agrees_with_the_whole_one(text: str) -> None:
    whole = candles(7, 9_000)
    stated = spec(text, stop="2 atr")
    needed = needs(stated)
    (rule,) = rules_of(stated)
    for end in (9_000, 8_123, 7_777):
        base = whole.part(0, end)
        long = Context.of(base)
        short = _short(base, needed)
        assert evaluate_last(rule, long).truth == evaluate_last(rule, short).truth
        assert long.seen.keys() == short.seen.keys()
        for operand, value in long.seen.items():
            assert not math.isnan(value)
            assert short.seen[operand] == pytest.approx(value, rel=1e-9, abs=1e-9), operand


def test_the_rules_of_a_spec() -> None:
    rules = rules_of(spec("close > 1", exit_long="close < 1"))
    assert rules == (parse_rule("close > 1", "5m"), parse_rule("close < 1", "5m"))


def _short(base: Frame, needed: dict[str, int]) -> Context:
    """What live looks at: as few candles of each timeframe as are needed."""

    def higher(timeframe: str) -> Frame:
        return _last(resample(base, Timeframe.parse(timeframe)), needed[timeframe])

    return Context(_last(base, needed["5m"]), higher)


def _last(frame: Frame, count: int) -> Frame:
    return frame.part(max(0, len(frame) - count), len(frame))
