"""What the pass over the levels of a text gathers."""

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(slots=True)
class Price:
    """A price under a label. `place` is its item; `joined` to the one before as a range."""

    value: Decimal
    place: int
    index: int | None = None
    joined: bool = False
    ticked: bool = False
    percent: Decimal | None = None
    gain: bool = False


@dataclass(slots=True)
class Levels:
    """What stands under the labels of a text. `strays` are the places of numbers under none."""

    entries: list[Price] = field(default_factory=list)
    inline: list[Price] = field(default_factory=list)  # right behind the side: "BUY 4450"
    prices: list[Price] = field(default_factory=list)  # "Price: 4450", where nothing else is said
    targets: list[Price] = field(default_factory=list)
    stops: list[Price] = field(default_factory=list)
    stop_percents: list[Decimal] = field(default_factory=list)
    leverages: list[Decimal] = field(default_factory=list)
    loose_leverages: list[Decimal] = field(default_factory=list)
    market: bool = False
    strays: list[int] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    orphans: list[int] = field(default_factory=list)  # the 2 of "rest at TP2": no price is said
    ticks_before: int = 0  # of target labels: bullets, not results
    crossed: bool = False  # the stop carries a cross, as ornament
    labels: int = 0  # of targets
