"""What is done with an open position, in the rule language."""

from decimal import Decimal

import pytest

from agents.decision.rules import parse_step
from agents.domain.errors import RuleError
from agents.domain.strategy import Side, Step

RULE = "rsi(14) > 70"


@pytest.mark.parametrize(
    ("text", "step", "printed"),
    [
        ("close 50% when rsi>70", Step(when=RULE, close=Decimal("0.5")), None),
        ("CLOSE 12.5 % WHEN RSI > 70", Step(when=RULE, close=Decimal("0.125")),
         "close 12.5% when rsi(14) > 70"),
        ("close 33.33% when rsi > 70", Step(when=RULE, close=Decimal("0.3333")), None),
        ("stop to entry when rsi > 70", Step(when=RULE), None),
        (" long : close 5% when rsi > 70 ", Step(when=RULE, close=Decimal("0.05"), side=Side.LONG),
         "long: close 5% when rsi(14) > 70"),
        ("Short: stop to entry when rsi > 70", Step(when=RULE, side=Side.SHORT), None),
    ],
)  # fmt: skip
def test_steps(text: str, step: Step, printed: str | None) -> None:
    found = parse_step(text)
    assert found == step
    assert parse_step(str(found)) == found
    assert printed is None or str(found) == printed


@pytest.mark.parametrize(
    ("text", "position", "word"),
    [
        ("close 0% when rsi > 70", 6, ""),
        ("close 100% when rsi > 70", 6, ""),
        ("close 50% when rsy > 70", 15, "rsy"),
        ("long: close half when rsi > 70", 0, ""),
        ("close 50% at 2R", 0, ""),
        ("", 0, ""),
    ],
)
def test_what_is_wrong_is_pointed_at(text: str, position: int, word: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_step(text)
    assert (caught.value.position, caught.value.word or "") == (position, word)


def test_the_timeframe_of_the_strategy_counts() -> None:
    assert parse_step("close 50% when rsi(14)@1h > 70", "15m").when == "rsi(14)@1h > 70"
    with pytest.raises(RuleError):
        parse_step("close 50% when rsi(14)@15m > 70", "1h")
