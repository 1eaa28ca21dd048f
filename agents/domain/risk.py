"""Limits on what may be traded, and the costs that a simulated fill carries."""

from dataclasses import dataclass
from decimal import Decimal

from agents.domain.windows import Hours


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits in code. Percents are of equity (10 means 10 %), but for `slippage_percent`, which is
    of the price.

    In live trading all live accounts of an owner are one, but for the risk of a trade, which is
    measured by its strategy's own account; in other modes each account is alone. `symbols` are
    coins or symbols, None for all. After `losses_in_a_row` losing trades nothing is entered for
    `cooldown_minutes` of market time. With a `flatten` the open positions are closed, too.
    """

    risk_percent: Decimal = Decimal(2)
    exposure_symbol_percent: Decimal = Decimal(300)
    exposure_coin_percent: Decimal = Decimal(300)
    exposure_correlated_percent: Decimal = Decimal(400)
    exposure_total_percent: Decimal = Decimal(500)
    leverage: Decimal = Decimal(5)
    open_positions: int = 5
    correlated_positions: int = 4
    trades_a_day: int = 50
    daily_loss_percent: Decimal = Decimal(6)
    daily_loss_flatten: bool = False
    weekly_loss_percent: Decimal = Decimal(12)
    weekly_loss_flatten: bool = False
    drawdown_percent: Decimal = Decimal(20)
    drawdown_flatten: bool = False
    slippage_percent: Decimal = Decimal(1)
    losses_in_a_row: int = 5
    cooldown_minutes: int = 60
    symbols: frozenset[str] | None = None
    hours: Hours | None = None


@dataclass(frozen=True, slots=True)
class Costs:
    """What a paper fill costs. All are fractions: 0.0006 is 0.06 %.

    Slippage is max(`slippage_floor` x price, `slippage_of_range` x the last candle's range), and
    `impact` is what the first 100,000 of quote currency cost beyond what is offered at the best
    price; half of `spread` is paid where the market gives no bid and ask.
    """

    fee: Decimal = Decimal("0.0006")
    spread: Decimal = Decimal("0.0002")
    slippage_floor: Decimal = Decimal("0.0003")
    slippage_of_range: Decimal = Decimal("0.15")
    impact: Decimal = Decimal("0.0003")


@dataclass(frozen=True, slots=True)
class Simulation:
    """The trouble that simulated orders have. `slippage` is the usual one, a fraction of the
    price; `partial` and `reject` the shares of orders that are filled in two parts and refused;
    `latency` is in seconds of market time, from the order to its fill."""

    slippage: Decimal = Decimal("0.0005")
    partial: Decimal = Decimal("0.2")
    reject: Decimal = Decimal("0.05")
    latency: Decimal = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class TapRules:
    """When an approval asks again instead of trading.

    `price_tolerance` is the part of the stop distance that the price may have moved between
    proposal and tap; `stale_seconds` how old (wall clock) a tap or command about money may be.
    """

    price_tolerance: Decimal = Decimal("0.4")
    stale_seconds: int = 120
    expiry_seconds: int = 900
