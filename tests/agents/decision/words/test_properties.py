"""What holds of any text: no fault, plain JSON, canonical rules, and no number lost in silence."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.decision.rules import (
    parse_rule,
    parse_step,
    parse_stop,
    parse_target_level,
    parse_trailing,
)
from agents.decision.words import Reading, answer, edit, missing, read
from agents.decision.words.phrases import spellings
from agents.decision.words.reading import Question
from agents.decision.words.scan import scan
from agents.decision.words.sentence import Sentence
from agents.decision.words.terms import plain
from agents.decision.words.tokens import Kind
from agents.domain.strategy import MAX_RISK_PERCENT, StrategySpec
from agents.domain.symbols import DEFAULT_UNIVERSE

RULES = ("entry_long", "entry_short", "exit_long", "exit_short")
KEYS = {
    "symbols", "side", "timeframe", *RULES, "stop", "targets", "trailing", "risk_percent", "size",
    "leverage", "max_positions", "windows", "guidance", "assumptions", "questions", "refused",
    "unread",
}  # fmt: skip

PHRASES = sorted({spelling for spelling, _ in spellings()})
EXTRAS = [
    "btc", "$sol", "ETH/USDT", "NEAR", "15m", "4h", "1d", "2%", "3R", "30", "1.5 atr", "59.5k",
    "$200", "(", ")", "[1]", "@4h", ",", ";", ".", "\n", "5x", "08:00", "1:3", "-3%", "1/3", "the",
    "moon", "i", "foo", "rsi(14) < 30", "ema(200)@4h", "close", "🚀", "stop: 2%", "entry long:",
]  # fmt: skip
WORDS = st.sampled_from([*PHRASES, *EXTRAS])
CHAT = st.lists(WORDS, min_size=1, max_size=25).map(" ".join)


def check(reading: Reading) -> None:
    found = reading.as_json()
    assert set(found) == KEYS | ({"manage"} if reading.manage else set())
    assert json.loads(json.dumps(found)) == found
    for name in RULES:
        if text := getattr(reading, name):
            assert str(parse_rule(text, reading.timeframe)) == text
    if reading.stop:
        assert str(parse_stop(reading.stop, reading.timeframe)) == reading.stop
    for target in reading.targets:
        assert str(parse_target_level(target.at, reading.timeframe)) == target.at
    if reading.trailing:
        assert str(parse_trailing(reading.trailing)) == reading.trailing
    for step in reading.manage:
        assert parse_step(str(step), reading.timeframe) == step
    assert sum((target.share for target in reading.targets), Decimal(0)) <= 1
    assert reading.risk_percent is None or 0 < reading.risk_percent <= MAX_RISK_PERCENT
    assert reading.leverage is None or 1 <= reading.leverage <= 20
    spec = reading.spec()
    assert (spec is None) or isinstance(spec, StrategySpec)
    assert spec is None or missing(reading) is None


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_without_a_fault(text: str) -> None:
    check(read(text, DEFAULT_UNIVERSE))


@given(CHAT)
@settings(max_examples=250, deadline=None)
def test_any_mix_of_traders_words_is_read_without_a_fault(text: str) -> None:
    check(read(text, DEFAULT_UNIVERSE))


@given(CHAT, st.text(max_size=40))
@settings(max_examples=80, deadline=None)
def test_any_answer_is_taken_without_a_fault(text: str, said: str) -> None:
    reading = read(text, DEFAULT_UNIVERSE)
    question = missing(reading)
    if question is not None:
        check(answer(reading, question, said or "1%", DEFAULT_UNIVERSE))


def spec_to_edit() -> StrategySpec:
    text = "BTC 15m long when rsi < 30 and close above ema 200, stop 2%, target 2R"
    spec = read(text, DEFAULT_UNIVERSE).spec()
    assert spec is not None
    return spec


@given(CHAT)
@settings(max_examples=120, deadline=None)
def test_any_edit_leaves_a_valid_strategy_or_none(text: str) -> None:
    done = edit(spec_to_edit(), text, DEFAULT_UNIVERSE)
    assert done.spec is None or StrategySpec.model_validate(done.spec.model_dump())
    assert done.spec is None or done.changes
    assert done.spec or done.questions or done.refused


@given(CHAT)
@settings(max_examples=150, deadline=None)
def test_every_word_belongs_to_exactly_one_item(text: str) -> None:
    """The account of the words: items follow each other without a gap or an overlap."""
    s = Sentence(text, DEFAULT_UNIVERSE)
    place = 0
    for item in scan(s).items:
        assert item.start == place
        assert item.end > item.start
        place = item.end
    assert place == len(s)


@given(CHAT)
@settings(max_examples=150, deadline=None)
def test_no_unknown_number_is_lost(text: str) -> None:
    """A number that no item could use is named, whatever else the sentence says."""
    reading = read(text, DEFAULT_UNIVERSE)
    if not reading.is_strategy:
        assert reading.unread or not text.strip()
        return
    s = Sentence(text, DEFAULT_UNIVERSE)
    said = json.dumps(reading.as_json(), ensure_ascii=False)
    for item in scan(s).items:
        if item.kind == "unknown" and s.at(item.start).kind is Kind.NUMBER:
            word = s.verbatim(item.start, item.end)
            assert word in said or plain(s.at(item.start).value) in said


LEVELS = st.decimals(min_value=Decimal("0.1"), max_value=Decimal(90), places=1)


@given(
    rsi=st.integers(min_value=3, max_value=97),
    period=st.integers(min_value=4, max_value=300),
    stop=LEVELS,
    target=LEVELS,
    risk=st.decimals(min_value=Decimal("0.1"), max_value=Decimal(2), places=1),
    side=st.sampled_from(["long", "short"]),
)
@settings(max_examples=80, deadline=None)
def test_numbers_keep_their_value(
    rsi: int, period: int, stop: Decimal, target: Decimal, risk: Decimal, side: str
) -> None:
    text = (
        f"{side} btc 15m when rsi is below {rsi} and price above the {period} ema,"
        f" stop {stop}%, tp {target}%, risk {risk}%"
    )
    found = read(text, DEFAULT_UNIVERSE)
    assert getattr(found, f"entry_{side}") == f"rsi(14) < {rsi} and close > ema({period})"
    assert found.stop == f"{plain(stop)}%"
    assert [one.at for one in found.targets] == [f"{plain(target)}%"]
    assert found.risk_percent == risk


@pytest.mark.parametrize(
    "text", ["1h ", "(", "ema ", "9,", "not ( ", "sl ", "a", "$ ", "> ", "50% at ", "x" * 5000]
)
def test_long_and_hostile_texts_are_read(text: str) -> None:
    check(read(text * (5000 // len(text)), DEFAULT_UNIVERSE))


def test_what_is_too_long_is_named() -> None:
    found = read("buy btc 15m when rsi < 30, stop 1%. " + "and so on " * 900, DEFAULT_UNIVERSE)
    assert found.entry_long == "rsi(14) < 30"
    assert any(note.startswith("Only the first") for note in found.assumptions)


def test_a_question_has_at_most_four_buttons() -> None:
    question = missing(read("buy", DEFAULT_UNIVERSE))
    assert isinstance(question, Question)
    assert 1 <= len(question.choices) <= 4
