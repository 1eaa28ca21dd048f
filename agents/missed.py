"""Candles that closed while nobody was looking are recorded, never decided late."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from agents.domain.decision import Action, Decision
from agents.domain.market import Timeframe
from agents.domain.strategy import Strategy

NOT_RUNNING = "it closed while Parley was not running"
BUSY = "it closed while Parley was busy with an earlier one"
MOST = 50  # rows for one strategy and symbol; what is older is told in the oldest row's reason


def missed(
    strategies: Sequence[Strategy],
    last: Mapping[tuple[int, str], datetime],
    timeframe: Timeframe,
    closed: datetime,
    now: datetime,
    why: str = NOT_RUNNING,
) -> Iterator[Decision]:
    """A MISSED decision for each candle between the last decided one and the present one.

    `last` maps (strategy id, symbol) to the close that was decided last; a strategy that never
    decided counts from its activation. Times are market times.
    """
    for strategy in strategies:
        for symbol in strategy.spec.symbols:
            since = last.get((strategy.id, symbol))
            if strategy.activated_at is not None:
                since = max(filter(None, (since, timeframe.floor(strategy.activated_at))))
            if since is not None:
                yield from _between(strategy, symbol, timeframe, (since, closed), now, why)


def _between(
    strategy: Strategy,
    symbol: str,
    timeframe: Timeframe,
    between: tuple[datetime, datetime],
    now: datetime,
    why: str,
) -> Iterator[Decision]:
    since, closed = between
    count = (closed - since) // timeframe.length - 1
    for back in range(min(count, MOST), 0, -1):
        reason = why
        if back == MOST < count:
            older = count - MOST
            before = "candle" if older == 1 else f"{older} candles"
            reason += f", as did the {before} before it"
        yield Decision(
            strategy_id=strategy.id,
            owner_id=strategy.owner_id,
            version=strategy.version,
            symbol=symbol,
            timeframe=str(timeframe),
            closed=closed - timeframe.length * back,
            action=Action.MISSED,
            reason=reason,
            decided_at=now,
        )
