"""When the price has moved too far, and what the plan becomes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.domain.proposal import Plan, PlannedTarget, Trailing
from agents.domain.risk import TapRules
from agents.domain.strategy import Side
from agents.execution.proposals.levels import PriceLevels
from agents.execution.proposals.outcomes import Verdict
from agents.execution.proposals.repricing import anew, moved
from tests.support.desk import BTC, World, levels

D = Decimal
RULES = TapRules(price_tolerance=D("0.3"))


def plan(side: Side = Side.LONG) -> Plan:
    sign = side.sign
    targets = (
        PlannedTarget(D(60_000 + 600 * sign), D("0.5")),
        PlannedTarget(D(60_000 + 1_200 * sign), D("0.5")),
    )
    return Plan(side, D(60_000), D(60_000 - 600 * sign), targets, Trailing(), D("0.16666"))


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("change", [0, 179, 180, -179, -180])
def test_within_the_tolerance_it_fits(side: Side, change: int) -> None:
    assert moved(plan(side), D(60_000 + change), RULES) == ""


@pytest.mark.parametrize(
    ("price", "why"),
    [
        ("60181", "the price went up to 60,181, by 30.17 % of the stop distance"),
        ("59819", "the price went down to 59,819, by 30.17 % of the stop distance"),
        ("59400", "the price 59,400 is through the stop 59,400"),
        ("59000", "the price 59,000 is through the stop 59,400"),
        ("60600", "the price 60,600 is already at the first target 60,600"),
    ],
)
def test_beyond_it_says_why(price: str, why: str) -> None:
    assert moved(plan(), D(price), RULES) == why


def test_a_short_is_through_its_stop_above() -> None:
    assert "through the stop" in moved(plan(Side.SHORT), D(60_600), RULES)
    assert "first target" in moved(plan(Side.SHORT), D(59_400), RULES)


def test_a_stop_with_room_stays_and_the_risk_in_money_too() -> None:
    new = anew(plan(), D(60_200), BTC, fixed=False)
    assert (new.entry, new.stop) == (D(60_200), D(59_400))
    assert new.quantity == D("0.12499")
    assert [target.price for target in new.targets] == [60_600, 61_200]


def test_a_stop_that_was_passed_keeps_its_distance() -> None:
    new = anew(plan(), D(59_000), BTC, fixed=False)
    assert new.stop == D(58_400)
    assert new.quantity == D("0.16666")


def test_when_a_target_was_passed_all_keep_their_distance() -> None:
    new = anew(plan(), D(60_700), BTC, fixed=False)
    assert [target.price for target in new.targets] == [61_300, 61_900]


def test_a_fixed_amount_stays_the_same_money() -> None:
    new = anew(plan(), D(59_900), BTC, fixed=True)
    assert new.quantity == BTC.amount(plan().notional / D(59_900))


@given(side=some.sampled_from(Side), price=some.decimals("50000", "70000", places=3))
def test_new_plans_make_sense_and_risk_no_more(side: Side, price: Decimal) -> None:
    old = plan(side)
    new = anew(old, price, BTC, fixed=False)
    assert (new.entry - new.stop) * side.sign > 0
    assert all((target.price - new.entry) * side.sign > 0 for target in new.targets)
    assert new.risk <= old.risk
    assert new.risk_per_unit >= old.risk_per_unit * D("0.49")
    assert moved(new, new.entry, RULES) == ""


@pytest.mark.parametrize(
    ("wanted", "price", "why"),
    [
        (levels(stop="36000"), "21000", "a price of zero or less"),
        (levels(Side.SHORT, stop="66000", targets=(("48000", "1"),)), "9000", "a price of zero"),
    ],
    ids=["stop", "target"],
)
async def test_a_price_that_fell_too_far_for_such_levels_ends_the_proposal(
    wanted: PriceLevels, price: str, why: str
) -> None:
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user(), leverage=1)
    proposal = await world.propose(strategy, wanted)
    world.market.tick(price)
    outcome = await world.approve(proposal)
    assert (outcome.verdict, outcome.rule) == (Verdict.REFUSED, "price")
    assert why in outcome.reason
    assert world.orders == []
