"""The evaluator against a slow one, and its fast path against its columns."""

import numpy as np
import pytest
from hypothesis import given, settings

from agents.decision.rules import Context, Rule, evaluate, evaluate_last, parse_rule
from agents.decision.rules.tree import Condition
from agents.domain.market import Timeframe
from agents.extraction.frame import Frame, resample
from tests.support.rule_trees import (
    CONDITIONS,
    FIVE_MINUTES,
    FRAMES,
    LEAVES,
    START,
    SlowRules,
    candles,
)

SAID = {1: "true", 0: "false", -1: "unknown"}


def truths(text: str, frame: Frame) -> list[int]:
    return [int(truth) for truth in evaluate(parse_rule(text, "5m"), Context.of(frame))]


def frame_of(closes: list[float], volumes: list[float] | None = None) -> Frame:
    close = np.array(closes, dtype=np.float64)
    volume = np.array(volumes or [1.0] * len(closes), dtype=np.float64)
    opened = START + FIVE_MINUTES.ms * np.arange(len(close), dtype=np.int64)
    return Frame("BTC/USDT", FIVE_MINUTES, opened, (close, close, close, close, volume))


@given(CONDITIONS, FRAMES)
@settings(deadline=None, max_examples=150)
def test_columns_agree_with_the_slow_evaluator(condition: Condition, frame: Frame) -> None:
    slow = SlowRules(frame)
    found = evaluate(Rule(condition), Context.of(frame))
    places = sorted({*range(0, len(frame), 1 + len(frame) // 12), len(frame) - 1})
    assert [SAID[int(found[at])] for at in places] == [slow.truth(condition, at) for at in places]


@given(CONDITIONS, FRAMES)
@settings(deadline=None, max_examples=150)
def test_the_last_candle_alone_agrees_with_the_column(condition: Condition, frame: Frame) -> None:
    rule = Rule(condition)
    verdict = evaluate_last(rule, Context.of(frame))
    assert verdict.truth == evaluate(rule, Context.of(frame))[-1]
    assert verdict.truth == rule.truth(Context.of(frame))


@given(LEAVES, FRAMES)
@settings(deadline=None)
def test_a_single_condition_is_met_when_its_rule_is_true(
    condition: Condition, frame: Frame
) -> None:
    verdict = evaluate_last(Rule(condition), Context.of(frame))
    (check,) = verdict.checks
    assert check.met == {1: True, 0: False, -1: None}[verdict.truth]


@given(CONDITIONS, FRAMES)
@settings(deadline=None)
def test_later_candles_change_nothing(condition: Condition, frame: Frame) -> None:
    whole = evaluate(Rule(condition), Context.of(frame))
    half = len(frame) // 2 + 1
    early = evaluate(Rule(condition), Context.of(frame.part(0, half)))
    assert np.array_equal(early, whole[:half])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the comparison of an unknown average is unknown, and three-valued logic goes on with it
        ("sma(3) > 0", [-1, -1, 1, 1]),
        ("not (sma(3) > 0)", [-1, -1, 0, 0]),
        ("sma(3) > 0 or close > 0", [1, 1, 1, 1]),
        ("sma(3) > 0 and close < 0", [0, 0, 0, 0]),
        ("sma(3) > 0 and close > 0", [-1, -1, 1, 1]),
        ("sma(3) > 0 or close < 0", [-1, -1, 1, 1]),
        # a value that can't be compared away: unknown in any of three
        ("close between sma(3) and 9", [-1, -1, 0, 1]),
        ("close / (close - close) > 0", [-1, -1, -1, -1]),
        ("close/0 > 0 or 1 < 2", [1, 1, 1, 1]),
    ],
)
def test_three_valued_logic(text: str, expected: list[int]) -> None:
    assert truths(text, frame_of([3, 2, 1, 4])) == expected


@pytest.mark.parametrize(
    ("text", "closes", "expected"),
    [
        ("close crosses above 2", [1, 2, 3, 3, 1, 3], [-1, 0, 1, 0, 0, 1]),
        ("close crosses below 2", [3, 2, 1, 1, 3, 1], [-1, 0, 1, 0, 0, 1]),
        ("close rising 2", [1, 2, 3, 3, 4, 5], [-1, -1, 1, 0, 0, 1]),
        ("close falling 1", [2, 1, 1, 0], [-1, 1, 0, 1]),
        ("close[2] == 1".replace("==", ">="), [1, 2, 3, 0], [-1, -1, 1, 1]),
        ("close between 1 and 2", [0, 1, 2, 3], [0, 1, 1, 0]),
        ("close > 1 and close < 3 or close > 5", [2, 4, 6], [1, 0, 1]),
        ("not close > 1 and close < 3", [0, 2, 4], [1, 0, 0]),
    ],
)
def test_the_words_of_the_language(text: str, closes: list[float], expected: list[int]) -> None:
    assert truths(text, frame_of(closes)) == expected


def test_a_longer_candle_counts_once_it_has_closed() -> None:
    """15m candles of 5m ones: known from the third candle's close, offsets count 15m candles."""
    frame = frame_of([float(number) for number in range(1, 10)])
    assert truths("close@15m >= 3", frame) == [-1, -1, 1, 1, 1, 1, 1, 1, 1]
    assert truths("close@15m >= 6", frame) == [-1, -1, 0, 0, 0, 1, 1, 1, 1]
    assert truths("close@15m[1] >= 3", frame) == [-1] * 5 + [1] * 4
    assert truths("close@15m rising 1", frame) == [-1] * 5 + [1] * 4
    # one candle of the strategy earlier, not one of the 15m candles
    assert truths("close@15m crosses above 5", frame) == [-1, -1, -1, 0, 0, 1, 0, 0, 0]


def test_a_longer_candle_that_the_data_begins_inside_is_left_out() -> None:
    frame = candles(1, 30, START + FIVE_MINUTES.ms)
    first = int(np.argmax(np.array(truths("close@1h > 0", frame)) == 1))
    assert frame.closed[first] == START + 2 * Timeframe.parse("1h").ms


def test_frames_that_are_handed_in_are_used_as_known_by_the_close() -> None:
    base = candles(3, 100)
    later = candles(3, 140)
    context = Context(base, lambda text: resample(later, Timeframe.parse(text)))
    rule = parse_rule("close@1h > ema(3)@1h and close > close@15m[2]", "5m")
    assert np.array_equal(evaluate(rule, context), evaluate(rule, Context.of(base)))
    assert rule.truth(context) == evaluate(rule, context)[-1]


def test_a_verdict_tells_how_near_each_condition_is() -> None:
    context = Context.of(frame_of([3, 2, 1, 4]))
    rule = parse_rule("close < 3 and 5 > sma(2) and not (close crosses above sma(3))", "5m")
    verdict = evaluate_last(rule, context)
    assert not verdict.passed
    assert [check.as_json() for check in verdict.checks] == [
        {"text": "close", "value": 4.0, "waits_for": "< 3", "met": False, "level": None},
        {"text": "sma(2)", "value": 2.5, "waits_for": "< 5", "met": True, "level": None},
        {
            "text": "close",
            "value": 4.0,
            "waits_for": "not crosses above sma(3)",
            "met": False,
            "level": pytest.approx(7 / 3),
        },
    ]
    assert context.seen.keys() == {"close", "sma(2)", "sma(3)"}


def test_an_empty_frame_knows_nothing() -> None:
    frame = candles(1, 1).part(0, 0)
    rule = parse_rule("close > 0 and close crosses above ema(3)@1h", "5m")
    assert evaluate_last(rule, Context.of(frame)).unknown
    assert len(evaluate(rule, Context.of(frame))) == 0
