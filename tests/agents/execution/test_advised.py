"""The advisor's numbers are used where they make sense and refused by name where not."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.domain.decision import Advice
from agents.domain.proposal import PlannedTarget
from agents.domain.strategy import Side
from agents.execution.proposals.advised import checked, declines
from agents.execution.proposals.levels import PriceLevels, fault, on_steps
from tests.support.desk import BTC, levels
from tests.support.market import instrument

D = Decimal


def advice(**changes: object) -> Advice:
    return Advice.model_validate({"action": "enter_long", "confidence": 0.7, **changes})


@pytest.mark.parametrize(
    ("action", "side", "why"),
    [
        ("enter_long", Side.LONG, ""),
        ("enter_short", Side.SHORT, ""),
        ("enter_short", Side.LONG, "the advisor answered short where the rules say long"),
        ("hold", Side.LONG, "the advisor says hold: volume is thin"),
        ("wait", Side.SHORT, "the advisor says wait: volume is thin"),
    ],
)
def test_only_agreement_trades(action: str, side: Side, why: str) -> None:
    assert declines(advice(action=action, reasons=("volume is thin",)), side) == why


def test_sensible_levels_are_taken_on_price_steps() -> None:
    verdict = checked(levels(), advice(stop="59500.123", targets=["61000.129"]), BTC)
    assert verdict.levels.stop == D("59500.12")
    assert verdict.levels.targets == (PlannedTarget(D("61000.13"), D(1)),)
    assert verdict.notes == ()


@pytest.mark.parametrize(
    ("side", "stop", "why"),
    [
        (Side.LONG, "60000", "the advisor's stop 60,000 is on the wrong side of the price"),
        (Side.LONG, "71000", "the advisor's stop 71,000 is on the wrong side of the price"),
        (Side.LONG, "59990", "the advisor's stop 59,990 is too near to the price"),
        (Side.LONG, "50000", "the advisor's stop 50,000 is too far from the price"),
        (Side.SHORT, "59000", "the advisor's stop 59,000 is on the wrong side of the price"),
        (Side.SHORT, "70000", "the advisor's stop 70,000 is too far from the price"),
    ],
)
def test_a_stop_that_is_off_is_refused_and_the_rules_stop_stays(
    side: Side, stop: str, why: str
) -> None:
    ours = levels(side, stop="59400" if side is Side.LONG else "60600", targets=())
    verdict = checked(ours, advice(stop=stop), BTC)
    assert verdict.levels.stop == ours.stop
    assert verdict.notes == (f"{why}: not used",)


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("59000", "59,000 is on the wrong side of the price"),
        ("90000", "90,000 is more than 20 R away"),
    ],
)
def test_a_target_that_is_off_refuses_them_all(target: str, why: str) -> None:
    verdict = checked(levels(), advice(targets=["61000", target]), BTC)
    assert verdict.levels.targets == levels().targets
    assert verdict.notes == (f"the advisor's target {why}: not used",)


def test_other_counts_of_targets_share_equally_and_close_all() -> None:
    verdict = checked(levels(), advice(targets=["63000", "61000", "62000"]), BTC)
    assert [target.price for target in verdict.levels.targets] == [61_000, 62_000, 63_000]
    assert sum(target.share for target in verdict.levels.targets) == 1


def test_what_rounds_to_the_price_is_no_stop_and_no_target() -> None:
    coarse = instrument(price_step=D(1))
    ours = levels(price="100", stop="99", targets=(("102", "1"),))
    said = checked(ours, advice(stop="99.7", targets=["100.3"]), coarse)
    assert said.levels == ours
    assert len(said.notes) == 2


@given(
    stop=some.decimals("0.01", "200000", places=3),
    targets=some.lists(some.decimals("0.01", "200000", places=3), max_size=5),
    side=some.sampled_from(Side),
)
def test_whatever_it_says_the_levels_can_be_traded(
    stop: Decimal, targets: list[Decimal], side: Side
) -> None:
    ours = levels(side, stop="59400" if side is Side.LONG else "60600", targets=())
    said = checked(ours, advice(stop=stop, targets=targets), BTC).levels
    assert fault(said) == ""
    assert D("0.24") * ours.distance < said.distance <= D("3.01") * ours.distance


def test_levels_on_the_wrong_side_are_a_fault() -> None:
    wrong = PriceLevels(Side.LONG, D(100), D(101))
    assert fault(on_steps(wrong, BTC)) == "the stop 101 is on the wrong side of the price 100"
    assert fault(levels(targets=(("59000", "1"),))).startswith("the target 59,000")
    assert fault(PriceLevels(Side.LONG, D(0), D(-1))) == "a price of zero or less"
    assert fault(levels()) == ""
