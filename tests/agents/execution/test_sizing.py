"""How much: risk by stop distance, fixed amounts, steps, minimums and caps."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.domain.errors import LimitBreach
from agents.execution.bounds.sizing import Cap, Wish, size
from tests.support.market import instrument

D = Decimal
BTC = instrument()


def wish(**changes: object) -> Wish:
    told = {
        "equity": D(10_000),
        "entry": D(60_000),
        "stop": D(59_400),
        "instrument": BTC,
        "risk_percent": D(1),
    }
    return Wish(**{**told, **changes})  # type: ignore[arg-type]


def test_one_percent_of_equity_is_lost_at_the_stop() -> None:
    sized = size(wish())
    assert sized.quantity == D("0.16666")
    assert sized.quantity * 600 <= 100
    assert sized.notes == ()


def test_a_short_is_sized_by_its_distance_too() -> None:
    assert size(wish(stop=D(60_600))).quantity == D("0.16666")


def test_a_fixed_amount_replaces_the_risk() -> None:
    assert size(wish(fixed=D(3_000))).quantity == D("0.05")


def test_the_advisor_can_only_shrink_it_and_says_so() -> None:
    sized = size(wish(factor=D("0.5")))
    assert sized.quantity == D("0.08333")
    assert sized.notes == ("size × 0.5 on the advisor's word",)


def test_a_cap_cuts_and_says_from_what_to_what_and_why() -> None:
    cap = Cap("exposure per symbol", D("0.08"), "the exposure limit of 300 % per symbol")
    sized = size(wish(equity=D(7_200)), [cap])
    assert sized.quantity == D("0.08")
    assert sized.notes == (
        "size cut from 0.12 to 0.08 BTC by the exposure limit of 300 % per symbol",
    )


def test_the_tightest_cap_counts() -> None:
    caps = [Cap("leverage", D("0.1"), "the leverage limit of 1x"), Cap("x", D("0.05"), "x")]
    assert size(wish(), caps).quantity == D("0.05")


def test_a_cut_by_rounding_is_not_worth_a_note() -> None:
    assert size(wish(), [Cap("leverage", D("0.16665"), "y")]).notes == ()


def test_below_the_minimum_amount_is_refused_with_the_numbers() -> None:
    with pytest.raises(LimitBreach) as refusal:
        size(wish(equity=D(5)))
    assert refusal.value.rule == "minimum size"
    assert str(refusal.value) == ("0.00008 BTC is below the exchange's minimum of 0.0001 BTC")


def test_below_the_minimum_cost_is_refused_with_the_numbers() -> None:
    cheap = instrument("X/USDT", amount_step=D("0.1"), min_amount=D("0.1"))
    with pytest.raises(LimitBreach, match=r"4\.00 USDT is below .* 5\.00 USDT"):
        size(wish(entry=D(1), stop=D("0.5"), fixed=D(4), instrument=cheap))


def test_no_room_at_all_names_the_limit() -> None:
    cap = Cap("total exposure", D(0), "the exposure limit of 500 % in all")
    with pytest.raises(LimitBreach, match="no room is left by the exposure limit") as refusal:
        size(wish(), [cap])
    assert refusal.value.rule == "total exposure"


def test_a_cap_that_leaves_less_than_the_minimum_is_the_rule_that_refuses() -> None:
    cap = Cap("total exposure", D("0.00005"), "the exposure limit of 500 % in all")
    with pytest.raises(LimitBreach) as refusal:
        size(wish(), [cap])
    assert refusal.value.rule == "total exposure"


prices = some.decimals("0.00001", "100000", places=8, allow_nan=False)


@given(
    entry=prices,
    distance=some.decimals("0.001", "0.5", places=4),
    equity=some.decimals("10", "1000000", places=2),
    percent=some.decimals("0.1", "2", places=2),
    room=some.decimals("0", "100000", places=5),
)
def test_never_more_than_asked_for_nor_than_the_cap(
    entry: Decimal, distance: Decimal, equity: Decimal, percent: Decimal, room: Decimal
) -> None:
    stop = entry * (1 - distance)
    asked = wish(equity=equity, entry=entry, stop=stop, risk_percent=percent)
    try:
        sized = size(asked, [Cap("room", room, "the room")])
    except LimitBreach:
        return
    assert 0 < sized.quantity <= min(asked.quantity, room)
    assert sized.quantity % BTC.amount_step == 0
    assert sized.quantity >= BTC.min_amount
    assert sized.quantity * entry >= BTC.min_cost
    assert sized.quantity * (entry - stop) <= equity * percent / 100
