"""Percentages beside targets: the part of the position, or the gain that is promised."""

from collections.abc import Sequence
from decimal import Decimal

from agents.domain.money import HUNDRED, ONE
from agents.domain.signal import SignalTarget
from agents.signals.reading.prices import Price

_WHOLE = (Decimal(99), Decimal(101))  # 16.667 % six times
_FEWEST = 3  # percentages that show a multiple
_ALIKE = Decimal("1.03")
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
    """Whether each percentage is the way to its target, from an entry or the middle of them."""
    pairs = [(price.value, price.percent) for price in targets if price.percent is not None]
    if not entries:
        return False
    starts = [*entries, sum(entries, Decimal(0)) / len(entries)]
    return any(
        all(abs(abs(value / start - 1) * HUNDRED - percent) <= _CLOSE for value, percent in pairs)
        or _are_multiples(pairs, start)
        for start in starts
    )


def _are_multiples(pairs: Sequence[tuple[Decimal, Decimal]], start: Decimal) -> bool:
    """Whether each is the same multiple of the way: gains with leverage."""
    ways = [abs(value / start - 1) * HUNDRED for value, _ in pairs]
    if len(pairs) < _FEWEST or not all(ways):
        return False
    factors = [percent / way for (_, percent), way in zip(pairs, ways, strict=True)]
    return min(factors) > ONE and max(factors) <= min(factors) * _ALIKE
