"""The prices of a trade before it has a size."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from agents.domain.market import Instrument
from agents.domain.proposal import PlannedTarget, Trailing
from agents.domain.strategy import Side
from agents.execution.figures import plain


class Levels(Protocol):
    """What the signal gives: prices in quote currency, targets with the share closed there."""

    @property
    def side(self) -> Side: ...
    @property
    def price(self) -> Decimal: ...
    @property
    def stop(self) -> Decimal: ...
    @property
    def targets(self) -> Sequence[PlannedTarget]: ...
    @property
    def trailing(self) -> Trailing: ...


@dataclass(frozen=True, slots=True)
class PriceLevels:
    """Levels on the price steps of an instrument."""

    side: Side
    price: Decimal
    stop: Decimal
    targets: tuple[PlannedTarget, ...] = ()
    trailing: Trailing = field(default_factory=Trailing)

    @property
    def distance(self) -> Decimal:
        """From the price to the stop, quote currency per unit."""
        return abs(self.price - self.stop)


def on_steps(levels: Levels, instrument: Instrument) -> PriceLevels:
    """`levels` rounded to what the instrument can be traded at."""
    targets = tuple(
        PlannedTarget(instrument.price(target.price), target.share) for target in levels.targets
    )
    return PriceLevels(
        levels.side,
        instrument.price(levels.price),
        instrument.price(levels.stop),
        targets,
        levels.trailing,
    )


def fault(levels: PriceLevels) -> str:
    """Why these prices can't be traded; empty when they can."""
    sign, price = levels.side.sign, plain(levels.price)
    if min(levels.price, levels.stop, *(target.price for target in levels.targets)) <= 0:
        return "a price of zero or less"
    if (levels.price - levels.stop) * sign <= 0:
        return f"the stop {plain(levels.stop)} is on the wrong side of the price {price}"
    wrong = [item for item in levels.targets if (item.price - levels.price) * sign <= 0]
    if wrong:
        return f"the target {plain(wrong[0].price)} is on the wrong side of the price {price}"
    return ""
