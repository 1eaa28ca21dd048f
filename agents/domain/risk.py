"""Limits on what may be traded, and the costs that a simulated fill carries."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits in code, per account. Percents are of equity (10 means 10 %)."""

    risk_percent: Decimal = Decimal(2)
    exposure_symbol_percent: Decimal = Decimal(300)
    exposure_total_percent: Decimal = Decimal(500)
    leverage: Decimal = Decimal(5)
    open_positions: int = 5
    trades_a_day: int = 50
    daily_loss_percent: Decimal = Decimal(6)
    drawdown_percent: Decimal = Decimal(20)


@dataclass(frozen=True, slots=True)
class Costs:
    """What a paper fill costs. All are fractions: 0.0006 is 0.06 %.

    Slippage is max(`slippage_floor` x price, `slippage_of_range` x the last candle's range);
    half of `spread` is paid where the market gives no bid and ask.
    """

    fee: Decimal = Decimal("0.0006")
    spread: Decimal = Decimal("0.0002")
    slippage_floor: Decimal = Decimal("0.0003")
    slippage_of_range: Decimal = Decimal("0.15")


@dataclass(frozen=True, slots=True)
class TapRules:
    """When an approval asks again instead of trading.

    `price_tolerance` is the part of the stop distance that the price may have moved between
    proposal and tap; `stale_seconds` how old (wall clock) a tap or command about money may be.
    """

    price_tolerance: Decimal = Decimal("0.4")
    stale_seconds: int = 120
    expiry_seconds: int = 900
