"""The open positions that an exit rule may close, also those of strategies that are paused."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.domain.market import Timeframe
from agents.domain.ports import Memory
from agents.domain.position import Position, PositionState
from agents.domain.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Holding:
    """Positions by (strategy id, symbol). `leaving` are by symbol the strategies that hold one
    and may not enter: a pause leaves an exit rule as it is."""

    positions: Mapping[tuple[int, str], Sequence[Position]]
    leaving: Mapping[str, Sequence[Strategy]]


async def holding(memory: Memory, timeframe: Timeframe, due: Sequence[Strategy]) -> Holding:
    """What is held by `due`, and by others of `timeframe` that have an exit rule."""
    known = {strategy.id: strategy for strategy in due}
    entering = set(known)
    positions: dict[tuple[int, str], list[Position]] = defaultdict(list)
    leaving: dict[str, list[Strategy]] = defaultdict(list)
    for position in await memory.positions.still_open(str(timeframe)):
        number, symbol = position.strategy_id, position.symbol
        if position.state is not PositionState.OPEN:
            continue
        if number not in known:
            if position.timeframe != str(timeframe):
                continue
            known[number] = await memory.strategies.get(position.owner_id, number)
        if known[number].spec.exit(position.side) is None:
            continue
        if number not in entering and (number, symbol) not in positions:
            leaving[symbol].append(known[number])
        positions[number, symbol].append(position)
    return Holding(positions, leaving)
