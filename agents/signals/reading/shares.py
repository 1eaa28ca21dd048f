"""Percentages beside targets: the part of the position, or the gain that is promised."""

from collections.abc import Sequence
from decimal import Decimal

from agents.domain.money import HUNDRED
from agents.domain.signal import SignalTarget
from agents.signals.reading.levels import Price

_WHOLE = (Decimal(99), Decimal(101))  # 16.667 % six times
_CLOSE = Decimal("0.6")  # percent points, as authors round


def shares(
    targets: Sequence[Price], entries: Sequence[Decimal]
) -> tuple[tuple[SignalTarget, ...], str]:
    """The targets with their shares, and a fault where it is not clear what a percentage is."""
    percents = [price.percent for price in targets if price.percent is not None]
    if not percents or any(price.gain for price in targets) or _are_gains(targets, entries):
        return tuple(SignalTarget(price.value) for price in targets), ""
    if _WHOLE[0] <= sum(percents) <= _WHOLE[1]:
        return tuple(SignalTarget(price.value, price.percent) for price in targets), ""
    plain = tuple(SignalTarget(price.value) for price in targets)
    return plain, "It is not clear what the percentages beside the targets are."


def _are_gains(targets: Sequence[Price], entries: Sequence[Decimal]) -> bool:
    """Whether each percentage is the way from an entry to its target."""
    pairs = [(price.value, price.percent) for price in targets if price.percent is not None]
    return any(
        all(abs(abs(value / entry - 1) * HUNDRED - percent) <= _CLOSE for value, percent in pairs)
        for entry in entries
    )
