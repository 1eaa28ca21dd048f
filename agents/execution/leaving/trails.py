"""Trailing stops without looking at every position at every tick.

Positions on one side of one symbol that have seen the same best price form a group. A tick
beyond the best of some groups makes them one group with the new best; all other groups, and all
other ticks, are left alone. Within a group the stops are ordered by distance, so the nearest one
stands for the group. Merging moves the smaller group into the larger: a position is moved at
most log2(n) times, however long the price runs.

Prices here are signed (long: as they are, short: negated), so that better is always greater.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from sortedcontainers import SortedDict, SortedList

from agents.domain.proposal import Trailing


@dataclass(slots=True, eq=False)
class Group:
    """Positions with the same signed best price, by their distance or percentage, and id."""

    best: Decimal
    distances: SortedList = field(default_factory=SortedList)
    percents: SortedList = field(default_factory=SortedList)
    stop: Decimal | None = None  # as entered into Trails._stops

    def __len__(self) -> int:
        return len(self.distances) + len(self.percents)

    def nearest(self) -> Decimal | None:
        """The signed stop that is hit first."""
        stops = []
        if self.distances:
            stops.append(self.best - self.distances[0][0])
        if self.percents:
            stops.append(self.best - abs(self.best) * self.percents[0][0] / 100)
        return max(stops, default=None)

    def members(self) -> Iterator[int]:
        return (entry[1] for column in (self.distances, self.percents) for entry in column)


class Trails:
    """The trailing stops of one side of one symbol."""

    def __init__(self) -> None:
        self._groups: SortedDict = SortedDict()  # signed best → Group
        self._stops: SortedList = SortedList()  # (signed stop, signed best)
        self._home: dict[int, Group] = {}
        self._risen: set[Group] = set()

    def __len__(self) -> int:
        return len(self._home)

    @property
    def lowest_best(self) -> Decimal | None:
        """A signed price above this moves at least one group."""
        return self._groups.peekitem(0)[0] if self._groups else None

    @property
    def highest_stop(self) -> Decimal | None:
        """A signed price at or below this hits at least one stop."""
        return self._stops[-1][0] if self._stops else None

    def add(self, position_id: int, best: Decimal, trailing: Trailing) -> None:
        group = self._groups.get(best)
        if group is None:
            group = self._groups[best] = Group(best)
        column, entry = _place(group, position_id, trailing)
        column.add(entry)
        self._home[position_id] = group
        self._enter(group)

    def remove(self, position_id: int, trailing: Trailing) -> None:
        group = self._home.pop(position_id)
        column, entry = _place(group, position_id, trailing)
        column.remove(entry)
        self._enter(group)
        if not len(group):
            del self._groups[group.best]
            self._risen.discard(group)

    def rise(self, price: Decimal) -> None:
        """The market traded at the signed `price`: raise every group whose best is below."""
        below = list(self._groups.irange(maximum=price, inclusive=(True, False)))
        if not below:
            return
        groups = [self._groups.pop(best) for best in below]
        if price in self._groups:
            groups.append(self._groups.pop(price))
        for group in groups:
            self._leave(group)
            self._risen.discard(group)
        largest = max(groups, key=len)
        for group in groups:
            if group is not largest:
                self._merge(group, largest)
        largest.best = price
        self._groups[price] = largest
        self._risen.add(largest)
        self._enter(largest)

    def hit(self, price: Decimal) -> list[int]:
        """The positions whose stop is at or above the signed `price`; they stay until removed."""
        found: list[int] = []
        for stop, best in reversed(self._stops):
            if stop < price:
                break
            found.extend(_hit(self._groups[best], price))
        return found

    def best_of(self, position_id: int) -> Decimal:
        """Signed."""
        return self._home[position_id].best

    def risen(self) -> list[int]:
        """The positions whose best has changed since this was last called."""
        members = [member for group in self._risen for member in group.members()]
        self._risen.clear()
        return members

    def _merge(self, small: Group, large: Group) -> None:
        for member in small.members():
            self._home[member] = large
        large.distances.update(small.distances)
        large.percents.update(small.percents)

    def _enter(self, group: Group) -> None:
        """Put the group's nearest stop where its present members have it."""
        nearest = group.nearest()
        if nearest == group.stop:
            return
        self._leave(group)
        if nearest is not None:
            self._stops.add((nearest, group.best))
        group.stop = nearest

    def _leave(self, group: Group) -> None:
        if group.stop is not None:
            self._stops.remove((group.stop, group.best))
        group.stop = None


def signed_stop(best: Decimal, trailing: Trailing) -> Decimal:
    """Where a signed best price puts the signed stop."""
    if trailing.distance is not None:
        return best - trailing.distance
    return best - abs(best) * (trailing.percent or Decimal(0)) / 100


def _place(
    group: Group, position_id: int, trailing: Trailing
) -> tuple[SortedList, tuple[Decimal, int]]:
    if trailing.distance is not None:
        return group.distances, (trailing.distance, position_id)
    return group.percents, (trailing.percent or Decimal(0), position_id)


def _hit(group: Group, price: Decimal) -> Iterator[int]:
    for distance, member in group.distances:
        if group.best - distance < price:
            break
        yield member
    for percent, member in group.percents:
        if group.best - abs(group.best) * percent / 100 < price:
            break
        yield member
