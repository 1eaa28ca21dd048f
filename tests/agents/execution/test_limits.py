"""Every limit refuses by name and with its numbers, and lets pass what is within."""

from dataclasses import replace
from decimal import Decimal

import pytest

from agents.domain.proposal import Plan, Trailing
from agents.domain.risk import Limits
from agents.domain.strategy import Side
from agents.execution.accounts import AccountView
from agents.execution.limits import Bounds, breach, caps, halted
from tests.support.desk import spec
from tests.support.market import instrument

D = Decimal
VIEW = AccountView(equity=D(10_000), peak=D(10_000))
BOUNDS = Bounds(Limits(), leverage=D(5), max_positions=5)


def plan(quantity: str = "0.1", entry: str = "60000", stop: str = "59400") -> Plan:
    return Plan(Side.LONG, D(entry), D(stop), (), Trailing(), D(quantity))


def refusal(view: AccountView, wanted: Plan | None = None, bounds: Bounds = BOUNDS) -> list[str]:
    found = breach(view, "BTC/USDT", wanted or plan(), bounds)
    return [found.rule, str(found)] if found else []


def test_a_plan_within_all_limits_passes() -> None:
    assert refusal(VIEW) == []


def test_risk_per_trade() -> None:
    assert refusal(VIEW, plan("0.33333")) == []
    assert refusal(VIEW, plan("0.34")) == [
        "risk per trade",
        "0.34 is more than the 0.33333 allowed by the risk limit of 2 % per trade",
    ]


def test_exposure_per_symbol_counts_what_is_held_there() -> None:
    held = replace(VIEW, exposure={"BTC/USDT": D(27_000)})
    assert refusal(held, plan("0.05")) == []
    assert refusal(held, plan("0.051"))[0] == "exposure per symbol"
    assert refusal(replace(VIEW, exposure={"ETH/USDT": D(27_000)}), plan("0.051")) == []


def test_exposure_in_all() -> None:
    held = replace(VIEW, exposure={"ETH/USDT": D(29_000), "SOL/USDT": D(18_000)})
    assert refusal(held, plan("0.05")) == []
    said = refusal(held, plan("0.051"))
    assert said[0] == "total exposure"
    assert "500 % in all" in said[1]


def test_leverage_is_the_smallest_of_limit_strategy_and_instrument() -> None:
    bounds = Bounds.of(Limits(), spec(leverage=1), instrument())
    assert refusal(VIEW, plan("0.16666"), bounds) == []
    assert refusal(VIEW, plan("0.17"), bounds) == [
        "leverage",
        "0.17 is more than the 0.16667 allowed by the leverage limit of 1x",
    ]
    assert Bounds.of(Limits(), spec(leverage=20), instrument()).leverage == D(5)
    assert Bounds.of(Limits(), spec(leverage=20), instrument(max_leverage=3)).leverage == D(3)


@pytest.mark.parametrize(("allowed", "whose"), [(5, "the strategy's"), (9, "the account's")])
def test_open_positions(allowed: int, whose: str) -> None:
    bounds = Bounds(replace(Limits(), open_positions=6), D(5), max_positions=allowed)
    most = min(allowed, 6)
    assert refusal(replace(VIEW, open_positions=most - 1), bounds=bounds) == []
    assert refusal(replace(VIEW, open_positions=most), bounds=bounds) == [
        "open positions",
        f"{most} positions are open or being opened; {whose} limit is {most}",
    ]


def test_trades_a_day() -> None:
    assert refusal(replace(VIEW, trades_today=49)) == []
    assert refusal(replace(VIEW, trades_today=50)) == [
        "trades a day",
        "50 trades were made today; the limit of 50 a day holds until 00:00 UTC",
    ]


def test_daily_loss_is_measured_on_the_equity_without_it() -> None:
    lost = replace(VIEW, equity=D(9_400), day_profit=D(-600))
    assert refusal(replace(lost, day_profit=D(-599), equity=D(9_401))) == []
    assert refusal(lost) == [
        "daily loss",
        "today's loss is 600.00 (6 %); the limit of 6 % a day holds until 00:00 UTC",
    ]


def test_drawdown_from_the_peak() -> None:
    assert refusal(replace(VIEW, equity=D(9_700), peak=D(12_000))) == []
    assert refusal(replace(VIEW, equity=D(9_600), peak=D(12_000))) == [
        "drawdown",
        "the account is 20 % below its peak of 12,000.00; the drawdown limit is 20 %",
    ]


def test_an_account_without_money_is_halted() -> None:
    assert halted(replace(VIEW, equity=D(0)), BOUNDS) is not None
    empty = AccountView(equity=D(0), peak=D(0))
    assert [cap.quantity for cap in caps(empty, "BTC/USDT", D(10), D(9), BOUNDS)] == [0, 0, 0, 0]


def test_what_caps_allow_is_no_breach() -> None:
    for stop in ("59999", "59900", "58000", "30000"):
        room = min(cap.quantity for cap in caps(VIEW, "BTC/USDT", D(60_000), D(stop), BOUNDS))
        assert refusal(VIEW, plan(str(room), stop=stop)) == []
        assert refusal(VIEW, plan(str(room + D("0.00001")), stop=stop))
