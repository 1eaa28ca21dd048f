"""Percentages beside targets: the part of the position, or the gain that is promised."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from agents.domain.money import HUNDRED
from agents.domain.signal import SignalTarget
from agents.signals.reading.prices import Price

_WHOLE = (Decimal(99), Decimal(101))  # 16.667 % six times
_FEWEST = 3  # percentages that show a multiple
_MOST_STARTS = 4
_ALIKE = Decimal("1.03")
_CLOSE = Decimal("0.6")  # percent points, as authors round


def shares(
    targets: Sequence[Price], entries: Sequence[Decimal]
) -> tuple[tuple[SignalTarget, ...], str]:
    """The targets with their shares, and a fault where it is not clear what a percentage is."""
    plain = tuple(SignalTarget(price.value) for price in targets)
    percents = [price.percent for price in targets if price.percent is not None]
    if not percents or any(price.gain for price in targets) or _are_gains(targets, entries):
        return plain, ""
    whole, multiples = _WHOLE[0] <= sum(percents) <= _WHOLE[1], _are_multiples(targets, entries)
    if whole and not multiples:
        return tuple(SignalTarget(price.value, price.percent) for price in targets), ""
    unclear = "It is not clear what the percentages beside the targets are."
    return plain, unclear if whole or not multiples else ""


def _are_gains(targets: Sequence[Price], entries: Sequence[Decimal]) -> bool:
    """Whether each percentage is the way to its target, from an entry or the middle of them."""
    return any(
        all(abs(way - percent) <= _CLOSE for way, percent in ways)
        for ways in _ways(targets, entries)
    )


def _are_multiples(targets: Sequence[Price], entries: Sequence[Decimal]) -> bool:
    """Whether each is the same multiple of the way: gains with leverage."""
    for ways in _ways(targets, entries):
        factors = [percent / way for way, percent in ways if way]
        if len(factors) >= _FEWEST and 0 < max(factors) <= min(factors) * _ALIKE:
            return True
    return False


def _ways(
    targets: Sequence[Price], entries: Sequence[Decimal]
) -> Iterator[list[tuple[Decimal, Decimal]]]:
    """For each entry, and for their middle: ways to the targets in percent, and what is said."""
    starts = entries[:_MOST_STARTS]
    middle = [sum(starts, Decimal(0)) / len(starts)] if starts else []
    for start in (*starts, *middle):
        yield [
            (abs(price.value / start - 1) * HUNDRED, price.percent)
            for price in targets
            if price.percent is not None
        ]
