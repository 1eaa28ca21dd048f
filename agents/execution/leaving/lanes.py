"""The triggers of one symbol, sorted by price; the nearest ones bound a zone of quiet."""

from decimal import Decimal

from sortedcontainers import SortedList

from agents.domain.money import ZERO
from agents.domain.strategy import Side
from agents.execution.leaving.trails import Trails

FAR = Decimal("Infinity")
# Codes of triggers; from 0 on the index of a target.
STOP, BREAK_EVEN, LIQUIDATION, OVERDUE = -1, -2, -3, -4
AGAINST = (STOP, LIQUIDATION, OVERDUE)

Entry = tuple[Decimal, int, int]  # price, position id, code


class Lane:
    """The triggers of one symbol."""

    __slots__ = ("above", "below", "high", "long", "low", "short")

    def __init__(self) -> None:
        self.below: SortedList = SortedList()
        self.above: SortedList = SortedList()
        self.long = Trails()
        self.short = Trails()
        self.low = self.high = ZERO
        self.unbound()

    def unbound(self) -> None:
        """Something changed: the next tick finds the quiet zone anew."""
        self.low, self.high = FAR, -FAR

    def bind(self) -> None:
        low = self.below[-1][0] if self.below else -FAR
        high = self.above[0][0] if self.above else FAR
        if self.long:
            low = max(low, self.long.highest_stop or -FAR)
            high = min(high, self.long.lowest_best or FAR)
        if self.short:
            low = max(low, -(self.short.lowest_best or FAR))
            high = min(high, -(self.short.highest_stop or -FAR))
        self.low, self.high = low, high

    def column(self, side: Side, code: int) -> SortedList:
        """Longs stop below and gain above; shorts the other way round."""
        return self.below if (side is Side.LONG) == (code in AGAINST) else self.above

    @property
    def sides(self) -> tuple[Trails, Trails]:
        return self.long, self.short

    def trails(self, side: Side) -> Trails:
        return self.long if side is Side.LONG else self.short

    def reached(self, price: Decimal) -> list[Entry]:
        """Every entry that `price` is at or beyond."""
        found: list[Entry] = []
        for entry in reversed(self.below):
            if entry[0] < price:
                break
            found.append(entry)
        for entry in self.above:
            if entry[0] > price:
                break
            found.append(entry)
        return found
