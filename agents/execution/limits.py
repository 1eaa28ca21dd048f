"""Limits in code. Each refusal names its rule and the numbers; no text can change them."""

from dataclasses import dataclass
from decimal import Decimal

from agents.domain.errors import LimitBreach
from agents.domain.market import Instrument
from agents.domain.money import HUNDRED, ZERO
from agents.domain.proposal import Plan
from agents.domain.risk import Limits
from agents.domain.strategy import StrategySpec
from agents.execution.accounts import AccountView
from agents.execution.figures import money, percent, plain, significant
from agents.execution.sizing import Cap

DRAWDOWN = "drawdown"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of one trade: the account's, tightened by what the strategy says."""

    limits: Limits
    leverage: Decimal
    max_positions: int

    @classmethod
    def of(cls, limits: Limits, spec: StrategySpec, instrument: Instrument) -> "Bounds":
        leverage = min(limits.leverage, Decimal(spec.leverage), Decimal(instrument.max_leverage))
        return cls(limits, leverage, spec.max_positions)


def halted(view: AccountView, bounds: Bounds) -> LimitBreach | None:
    """The limit that allows no new trade of any size at present."""
    return (
        _drawdown(view, bounds.limits)
        or _daily_loss(view, bounds.limits)
        or _trades(view, bounds.limits)
        or _positions(view, bounds)
    )


def _drawdown(view: AccountView, limits: Limits) -> LimitBreach | None:
    if view.drawdown_percent < limits.drawdown_percent:
        return None
    return LimitBreach(
        DRAWDOWN,
        f"the account is {percent(view.drawdown_percent)} below its peak of {money(view.peak)}; "
        f"the drawdown limit is {percent(limits.drawdown_percent)}",
    )


def _daily_loss(view: AccountView, limits: Limits) -> LimitBreach | None:
    if view.day_loss_percent < limits.daily_loss_percent:
        return None
    return LimitBreach(
        "daily loss",
        f"today's loss is {money(-view.day_profit)} ({percent(view.day_loss_percent)}); the limit "
        f"of {percent(limits.daily_loss_percent)} a day holds until 00:00 UTC",
    )


def _trades(view: AccountView, limits: Limits) -> LimitBreach | None:
    if view.trades_today < limits.trades_a_day:
        return None
    return LimitBreach(
        "trades a day",
        f"{view.trades_today} trades were made today; the limit of {limits.trades_a_day} a day "
        f"holds until 00:00 UTC",
    )


def _positions(view: AccountView, bounds: Bounds) -> LimitBreach | None:
    allowed = min(bounds.limits.open_positions, bounds.max_positions)
    if view.open_positions < allowed:
        return None
    whose = "the strategy's" if allowed == bounds.max_positions else "the account's"
    return LimitBreach(
        "open positions",
        f"{_counted(view.open_positions)} open or being opened; {whose} limit is {allowed}",
    )


def _counted(positions: int) -> str:
    return "1 position is" if positions == 1 else f"{positions} positions are"


def caps(
    view: AccountView, symbol: str, entry: Decimal, stop: Decimal, bounds: Bounds
) -> tuple[Cap, ...]:
    """How much each limit on size still allows at this entry and stop."""
    limits = bounds.limits
    risk = view.equity * limits.risk_percent / HUNDRED
    in_symbol = view.equity * limits.exposure_symbol_percent / HUNDRED
    in_all = view.equity * limits.exposure_total_percent / HUNDRED
    levered = view.equity * bounds.leverage
    room_in_symbol = in_symbol - view.exposure.get(symbol, ZERO)
    return (
        Cap(
            "risk per trade",
            risk / abs(entry - stop),
            f"the risk limit of {percent(limits.risk_percent)} per trade",
        ),
        Cap(
            "exposure per symbol",
            room_in_symbol / entry,
            f"the exposure limit of {percent(limits.exposure_symbol_percent)} per symbol",
        ),
        Cap(
            "total exposure",
            (in_all - view.total_exposure) / entry,
            f"the exposure limit of {percent(limits.exposure_total_percent)} in all",
        ),
        Cap(
            "leverage",
            (levered - view.total_exposure) / entry,
            f"the leverage limit of {plain(bounds.leverage)}x",
        ),
    )


def breach(view: AccountView, symbol: str, plan: Plan, bounds: Bounds) -> LimitBreach | None:
    """The limit that this plan breaks as it stands."""
    if stop := halted(view, bounds):
        return stop
    for cap in caps(view, symbol, plan.entry, plan.stop, bounds):
        if plan.quantity > cap.quantity:
            allowed = significant(max(cap.quantity, ZERO), 5)
            words = f"{plain(plan.quantity)} is more than the {allowed} allowed by {cap.phrase}"
            return LimitBreach(cap.rule, words)
    return None
