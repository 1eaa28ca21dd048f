"""Every limit refuses by name and with its numbers, and lets pass what is within."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.errors import LimitBreach
from agents.domain.proposal import Plan, Trailing
from agents.domain.risk import Limits
from agents.domain.strategy import Side, Window
from agents.domain.windows import Hours
from agents.execution.bounds.accounts import AccountView
from agents.execution.bounds.limits import Bounds, Room, related
from tests.support.desk import spec
from tests.support.market import instrument

D = Decimal
VIEW = AccountView(equity=D(10_000), peak=D(10_000))
BOUNDS = Bounds(Limits(), leverage=D(5), max_positions=5)
NOON = datetime(2024, 3, 6, 12, tzinfo=UTC)  # a Wednesday


def plan(quantity: str = "0.1", entry: str = "60000", stop: str = "59400", **more: Any) -> Plan:
    return Plan(Side.LONG, D(entry), D(stop), (), Trailing(), D(quantity), **more)


def room(view: AccountView = VIEW, bounds: Bounds = BOUNDS, **more: Any) -> Room:
    return Room(view, bounds, "BTC/USDT", more.pop("at", NOON), **more)


def limited(**changes: Any) -> Bounds:
    return replace(BOUNDS, limits=replace(Limits(), **changes))


def refusal(
    view: AccountView = VIEW, wanted: Plan | None = None, bounds: Bounds = BOUNDS, **more: Any
) -> list[str]:
    found = room(view, bounds, **more).breach(wanted or plan())
    return [found.rule, str(found)] if found else []


def test_a_plan_within_all_limits_passes() -> None:
    assert refusal() == []


def test_risk_per_trade() -> None:
    assert refusal(VIEW, plan("0.33333")) == []
    assert refusal(VIEW, plan("0.34")) == [
        "risk per trade",
        "0.34 is more than the 0.33333 allowed by the risk limit of 2 % per trade",
    ]


def test_risk_is_measured_by_the_strategys_own_account() -> None:
    """Of several accounts that are looked at together."""
    small = replace(VIEW, own_equity=D(1_000))
    assert refusal(small, plan("0.03333")) == []
    assert refusal(small, plan("0.034"))[0] == "risk per trade"


def test_exposure_per_symbol_counts_what_is_held_there() -> None:
    held = replace(VIEW, exposure={"BTC/USDT": D(27_000)})
    assert refusal(held, plan("0.05")) == []
    assert refusal(held, plan("0.051"))[0] == "exposure per symbol"
    assert refusal(replace(VIEW, exposure={"ETH/USDT": D(27_000)}), plan("0.051")) == []


def test_exposure_per_coin_counts_it_in_every_currency() -> None:
    held = replace(VIEW, exposure={"BTC/USDC": D(12_000), "BTC/USDT": D(3_000)})
    bounds = limited(exposure_coin_percent=D(180))
    assert refusal(held, plan("0.05"), bounds) == []
    said = refusal(held, plan("0.051"), bounds)
    assert said[0] == "exposure per coin"
    assert "180 % per coin" in said[1]


def test_exposure_in_coins_that_move_together() -> None:
    held = replace(VIEW, exposure={"ETH/USDT": D(27_000), "SOL/USDT": D(10_000)})
    together = frozenset({"ETH/USDT", "SOL/USDT"})
    assert refusal(held, plan("0.05"), related=together) == []
    said = refusal(held, plan("0.051"), related=together)
    assert said[0] == "correlated exposure"
    assert "400 % in coins that move together" in said[1]
    assert refusal(held, plan("0.051"), related=frozenset({"ETH/USDT"})) == []


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


def test_the_leverage_that_the_exchange_is_told_has_the_same_limit() -> None:
    assert refusal(VIEW, plan(leverage=5)) == []
    assert refusal(VIEW, plan(leverage=6)) == [
        "leverage",
        "a leverage of 6x is more than the 5x allowed",
    ]


@pytest.mark.parametrize(("allowed", "whose"), [(5, "the strategy's"), (9, "the account's")])
def test_open_positions(allowed: int, whose: str) -> None:
    bounds = Bounds(replace(Limits(), open_positions=6), D(5), max_positions=allowed)
    most = min(allowed, 6)
    assert refusal(replace(VIEW, open_positions=most - 1), bounds=bounds) == []
    assert refusal(replace(VIEW, open_positions=most), bounds=bounds) == [
        "open positions",
        f"{most} positions are open or being opened; {whose} limit is {most}",
    ]


def test_a_strategys_own_limit_counts_its_own_positions() -> None:
    several = replace(VIEW, open_positions=3, own_held=0)
    assert refusal(several, bounds=replace(BOUNDS, max_positions=1)) == []
    said = refusal(replace(several, own_held=1), bounds=replace(BOUNDS, max_positions=1))
    assert said[1] == "1 position is open or being opened; the strategy's limit is 1"


def test_correlated_positions() -> None:
    held = replace(VIEW, held=("ETH/USDT", "BTC/USDC", "SOL/USDT"), open_positions=3)
    bounds = limited(correlated_positions=2)
    assert refusal(held, bounds=bounds, related=frozenset({"ETH/USDT"})) == []
    assert refusal(held, bounds=bounds, related=frozenset({"ETH/USDT", "BTC/USDC"})) == [
        "correlated positions",
        "2 positions are open or being opened in coins that move with BTC (BTC/USDC, ETH/USDT); "
        "the limit is 2",
    ]


def test_what_is_one_risk() -> None:
    """The same coin, what correlates above 0.8, and what nobody knows of."""
    known = {"ETH/USDT": D("0.81"), "SOL/USDT": D("0.8"), "XRP/USDT": D("-0.95")}
    others = ("BTC/USDC", "ETH/USDT", "SOL/USDT", "XRP/USDT", "NEW/USDT")
    found = related("BTC/USDT", others, lambda one, other: known.get(other))
    assert found == {"BTC/USDC", "ETH/USDT", "NEW/USDT"}


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


def test_weekly_loss() -> None:
    lost = replace(VIEW, equity=D(8_800), week_profit=D(-1_200))
    assert refusal(replace(lost, week_profit=D(-1_199), equity=D(8_801))) == []
    assert refusal(lost) == [
        "weekly loss",
        "this week's loss is 1,200.00 (12 %); the limit of 12 % a week holds until Monday, "
        "00:00 UTC",
    ]


def test_drawdown_from_the_peak() -> None:
    assert refusal(replace(VIEW, equity=D(9_700), peak=D(12_000))) == []
    assert refusal(replace(VIEW, equity=D(9_600), peak=D(12_000))) == [
        "drawdown",
        "the account is 20 % below its peak of 12,000.00; the drawdown limit is 20 %",
    ]


def test_cooldown_after_losses() -> None:
    bounds = limited(losses_in_a_row=3, cooldown_minutes=60)
    lost = replace(VIEW, losses=3, last_loss=NOON)
    assert refusal(replace(lost, losses=2), bounds=bounds) == []
    assert refusal(lost, bounds=bounds, at=NOON + timedelta(minutes=60)) == []
    assert refusal(lost, bounds=bounds, at=NOON + timedelta(minutes=60, seconds=-1)) == [
        "cooldown",
        "the last 3 trades lost money; after 3 in a row nothing is entered for 60 minutes, until "
        "13:00 UTC",
    ]


def test_allowed_symbols() -> None:
    assert refusal(bounds=limited(symbols=frozenset({"BTC"}))) == []
    assert refusal(bounds=limited(symbols=frozenset({"BTC/USDT"}))) == []
    assert refusal(bounds=limited(symbols=frozenset({"ETH", "BTC/USDC"}))) == [
        "symbols",
        "BTC/USDT is not among the allowed symbols: BTC/USDC, ETH",
    ]


def test_hours_end_earlier_by_the_grace_time() -> None:
    hours = Hours((Window(**{"from": "08:00", "to": "13:00"}),), grace=15)
    bounds = limited(hours=hours)
    assert refusal(bounds=bounds, at=NOON.replace(hour=8)) == []
    assert refusal(bounds=bounds, at=NOON.replace(minute=44, second=59)) == []
    assert refusal(bounds=bounds, at=NOON.replace(minute=45)) == [
        "hours",
        "the trading hours end within the grace time of 15 minutes",
    ]
    assert refusal(bounds=bounds, at=NOON.replace(hour=13)) == [
        "hours",
        "it is 13:00 UTC, outside of the trading hours",
    ]


def test_what_is_free_at_the_exchange() -> None:
    """With a margin: 99 % of what is free times the leverage, less what orders on their way
    will take."""
    bounds = replace(BOUNDS, leverage=D(2))
    assert refusal(VIEW, plan("0.165"), bounds, free=D(5_000)) == []
    said = refusal(VIEW, plan("0.16501"), bounds, free=D(5_000))
    assert said[0] == "free balance"
    assert "the 5,000.00 that is free" in said[1]
    opening = replace(VIEW, opening=D(3_000))
    assert refusal(opening, plan("0.11501"), bounds, free=D(5_000))[0] == "free balance"
    assert refusal(opening, plan("0.115"), bounds, free=D(5_000)) == []


def test_what_forbids_everything_comes_first() -> None:
    stop = LimitBreach("halt", "the operator has stopped all new trades")
    lost = replace(VIEW, trades_today=50)
    assert refusal(lost, stop=stop) == ["halt", "the operator has stopped all new trades"]


def test_an_account_without_money_is_halted() -> None:
    assert room(replace(VIEW, equity=D(0))).halted() is not None
    empty = room(AccountView(equity=D(0), peak=D(0)))
    assert {cap.quantity for cap in empty.caps(D(10), D(9))} == {0}


def test_what_caps_allow_is_no_breach() -> None:
    for stop in ("59999", "59900", "58000", "30000"):
        most = min(cap.quantity for cap in room().caps(D(60_000), D(stop)))
        assert refusal(VIEW, plan(str(most), stop=stop)) == []
        assert refusal(VIEW, plan(str(most + D("0.00001")), stop=stop))
