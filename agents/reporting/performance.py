"""How the trading goes: totals, rates and R multiples out of position rows.

Money is in quote currency and net of fees and funding unless a name says gross. A number that
can't be known (no closed trade, no loss) is None, never a zero that lies.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from statistics import median
from zoneinfo import ZoneInfo

from agents.domain.money import ZERO
from agents.domain.position import Position, PositionState


@dataclass(frozen=True, slots=True)
class Performance:
    """Closed trades summed up.

    `win_rate` is wins / trades (fraction); `profit_factor` is sum of profits / sum of losses;
    `expectancy` the mean net profit of a trade; `drawdown` the largest fall of the running sum
    of net profits from its highest point so far (which is at least zero).
    """

    trades: int
    net: Decimal
    fees: Decimal
    funding: Decimal
    wins: int
    losses: int
    win_rate: Decimal | None
    profit_factor: Decimal | None
    expectancy: Decimal | None
    average_r: Decimal | None
    median_r: Decimal | None
    best: Decimal | None
    worst: Decimal | None
    drawdown: Decimal


def closed(positions: Iterable[Position]) -> list[Position]:
    """The closed ones, in the order in which they closed."""
    done = [p for p in positions if p.state is PositionState.CLOSED and p.closed_at is not None]
    return sorted(done, key=lambda p: (p.closed_at or p.opened_at, p.id))


def performance(positions: Iterable[Position]) -> Performance:
    """Sum up the closed ones among `positions`; open ones are left out."""
    done = closed(positions)
    results = [position.net() for position in done]
    multiples = [position.r_multiple() for position in done]
    gains = [result for result in results if result > 0]
    falls = [result for result in results if result < 0]
    return Performance(
        trades=len(done),
        net=sum(results, ZERO),
        fees=sum((position.fees for position in done), ZERO),
        funding=sum((position.funding for position in done), ZERO),
        wins=len(gains),
        losses=len(falls),
        win_rate=Decimal(len(gains)) / len(done) if done else None,
        profit_factor=sum(gains, ZERO) / -sum(falls, ZERO) if falls else None,
        expectancy=sum(results, ZERO) / len(done) if done else None,
        average_r=sum(multiples, ZERO) / len(done) if done else None,
        median_r=median(multiples) if done else None,
        best=max(results, default=None),
        worst=min(results, default=None),
        drawdown=drawdown(results),
    )


def drawdown(results: Sequence[Decimal]) -> Decimal:
    """The largest fall of the running sum below its highest point so far, as a positive sum."""
    total = peak = deepest = ZERO
    for result in results:
        total += result
        peak = max(peak, total)
        deepest = max(deepest, peak - total)
    return deepest


def daily(positions: Iterable[Position], zone: str) -> list[tuple[date, int, Decimal]]:
    """(day in `zone`, trades closed, net profit) for each day with a closed trade, newest first."""
    local = ZoneInfo(zone)
    days: dict[date, list[Decimal]] = defaultdict(list)
    for position in closed(positions):
        assert position.closed_at is not None  # noqa: S101  # closed() keeps no other
        days[position.closed_at.astimezone(local).date()].append(position.net())
    return [(day, len(days[day]), sum(days[day], ZERO)) for day in sorted(days, reverse=True)]


def equity_curve(
    positions: Iterable[Position], start: Decimal, opened: datetime
) -> list[tuple[datetime, Decimal]]:
    """The balance after each closed trade, beginning with `start` at `opened`."""
    points, balance = [(opened, start)], start
    for position in closed(positions):
        balance += position.net()
        points.append((position.closed_at or position.opened_at, balance))
    return points


def grouped(
    positions: Iterable[Position], key: Callable[[Position], str]
) -> dict[str, Performance]:
    """Performance for each value of `key`: by symbol, strategy, side, mode."""
    groups: dict[str, list[Position]] = defaultdict(list)
    for position in positions:
        groups[key(position)].append(position)
    return {name: performance(groups[name]) for name in sorted(groups)}
