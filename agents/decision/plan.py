"""From a strategy's levels to prices: stop, targets and trailing at the close of a candle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context as DecimalContext
from decimal import Decimal
from typing import TypeAlias

from agents.decision.rules import (
    At,
    Context,
    Fixed,
    Level,
    Percent,
    Ranges,
    Stop,
    Trail,
    parse_stop,
    parse_target_level,
    parse_trailing,
)
from agents.decision.rules.levels import ATR
from agents.decision.rules.moment import getter
from agents.decision.rules.tree import Value
from agents.domain.market import Instrument
from agents.domain.money import HUNDRED, exact
from agents.domain.proposal import PlannedTarget, Trailing
from agents.domain.strategy import Side, StrategySpec

Reader: TypeAlias = Callable[[Value], float]
"""The value of an expression at the signal candle; NaN is unknown."""

_FEW_DIGITS = DecimalContext(prec=7)


@dataclass(frozen=True, slots=True)
class Levels:
    """Where a trade would get out, in quote currency; trailing distances are per unit.

    Targets that are unknown at the candle are left out. A target may be on the wrong side of the
    price: whoever proposes the trade says so.
    """

    side: Side
    price: Decimal
    stop: Decimal
    targets: tuple[PlannedTarget, ...]
    trailing: Trailing


@dataclass(frozen=True, slots=True)
class NoLevels:
    """Why a signal has no usable stop, in words."""

    reason: str


@dataclass(frozen=True, slots=True)
class ExitPlan:
    """The levels of a strategy, parsed."""

    stop: Stop | None
    targets: tuple[tuple[Level, Decimal], ...]
    trail: Trail

    @classmethod
    def of(cls, spec: StrategySpec) -> ExitPlan:
        """Raises RuleError when a level of `spec` can't be read."""
        stop = parse_stop(spec.stop, spec.timeframe) if spec.stop else None
        trail = parse_trailing(spec.trailing, spec.timeframe) if spec.trailing else Trail()
        targets = tuple(
            (parse_target_level(target.at, spec.timeframe), target.share) for target in spec.targets
        )
        return cls(stop, targets, trail)

    @property
    def has_stop(self) -> bool:
        return self.stop is not None or self.trail.distance is not None

    def first_stop(self, side: Side) -> Level | None:
        """The stop of `side`; where none was said, a trailing distance is the first stop too."""
        return self.stop.of(side) if self.stop else self.trail.distance


def levels(
    spec: StrategySpec,
    side: Side,
    context: Context,
    price: Decimal,
    instrument: Instrument | None = None,
) -> Levels | NoLevels:
    """The levels of a trade at `price` when the context's last candle has closed.

    With an instrument the prices are on its steps, and R is measured to the rounded stop.
    """

    def read(value: Value) -> float:
        return getter(value)(context, 0, 0)

    return planned(ExitPlan.of(spec), side, price, read, instrument)


def planned(
    plan: ExitPlan,
    side: Side,
    price: Decimal,
    read: Reader,
    instrument: Instrument | None = None,
) -> Levels | NoLevels:
    """As levels, for a parsed plan and any way to read values."""
    stop = stop_price(plan, side, price, read, instrument)
    if isinstance(stop, NoLevels):
        return stop
    trailing = trailing_of(plan, read)
    if isinstance(trailing, NoLevels):
        return trailing
    prices = target_prices(plan, side, price, stop, read, instrument)
    known = tuple(
        PlannedTarget(found, share)
        for found, (_, share) in zip(prices, plan.targets, strict=True)
        if found is not None
    )
    return Levels(side, price, stop, known, trailing)


def stop_price(
    plan: ExitPlan,
    side: Side,
    price: Decimal,
    read: Reader,
    instrument: Instrument | None = None,
) -> Decimal | NoLevels:
    """The price of the stop, or why there is none."""
    level = plan.first_stop(side)
    if level is None:
        return NoLevels(f"the strategy has no stop for a {side} trade")
    stop = _away(level, price, -side.sign, None, read)
    if stop is None:
        return NoLevels(f"the stop ({level}) is not known yet")
    if instrument:
        stop = instrument.price(stop)
    if stop <= 0 or (price - stop) * side.sign <= 0:
        below = "below" if side is Side.LONG else "above"
        prices = f"at {_readable(stop)} is not {below} the price {_readable(price)}"
        return NoLevels(f"the stop ({level}) {prices}")
    return stop


def target_prices(
    plan: ExitPlan,
    side: Side,
    price: Decimal,
    stop: Decimal | None,
    read: Reader,
    instrument: Instrument | None = None,
) -> tuple[Decimal | None, ...]:
    """The price of each target, None where it is unknown (as R is without a stop)."""
    distance = None if stop is None else abs(price - stop)
    found = (_away(level, price, side.sign, distance, read) for level, _ in plan.targets)
    return tuple(
        instrument.price(target) if instrument and target is not None else target
        for target in found
    )


def _away(
    level: Level, price: Decimal, sign: int, distance: Decimal | None, read: Reader
) -> Decimal | None:
    """The price of a level; distances count from `price`, upwards for `sign` 1. None is unknown."""
    match level:
        case Percent(amount):
            return price + sign * price * amount / HUNDRED
        case Fixed(amount):
            return amount
        case At(value):
            return _decimal(read(value))
        case Ranges(amount):
            atr = _decimal(read(ATR))
            return None if atr is None else price + sign * amount * atr
        case _:
            return None if distance is None else price + sign * level.amount * distance


def trailing_of(plan: ExitPlan, read: Reader) -> Trailing | NoLevels:
    """How the stop follows from this candle on, or why that can't be said."""
    trail = plan.trail
    match trail.distance:
        case Percent(amount):
            return Trailing(percent=amount, breakeven_r=trail.breakeven)
        case Ranges(amount):
            atr = _decimal(read(ATR))
            if atr is None:
                return NoLevels(f"the trailing distance ({trail.distance}) is not known yet")
            return Trailing(distance=amount * atr, breakeven_r=trail.breakeven)
        case None:
            return Trailing(breakeven_r=trail.breakeven)


def _readable(price: Decimal) -> str:
    """A price with as many digits as a person reads."""
    return format(_FEW_DIGITS.create_decimal(price).normalize(), "f")


def _decimal(value: float) -> Decimal | None:
    """A computed price as a decimal; None when it is unknown."""
    return exact(value) if value == value else None  # noqa: PLR0124  # NaN differs from itself
