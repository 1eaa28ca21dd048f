"""The open positions that a rule of exit or management may be about, also those of strategies that
are paused."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.domain.market import Instrument, Timeframe, Universe
from agents.domain.ports import Memory
from agents.domain.position import Position, PositionState
from agents.domain.strategy import Step, Strategy
from agents.execution.leaving.closing import was_made
from agents.managing import Held


@dataclass(frozen=True, slots=True)
class Holding:
    """Positions by (strategy id, symbol). `leaving` are by symbol the strategies that hold one
    and may not enter: a pause leaves their rules of exit and management as they are."""

    positions: Mapping[tuple[int, str], Sequence[Held]]
    leaving: Mapping[str, Sequence[Strategy]]


async def holding(
    memory: Memory, timeframe: Timeframe, due: Sequence[Strategy], universe: Universe
) -> Holding:
    """What is held by `due`, and by others of `timeframe` that have such a rule."""
    known = {strategy.id: strategy for strategy in due}
    entering = set(known)
    positions: dict[tuple[int, str], list[Held]] = defaultdict(list)
    leaving: dict[str, list[Strategy]] = defaultdict(list)
    for position in await memory.positions.still_open(str(timeframe)):
        number, symbol = position.strategy_id, position.symbol
        if position.state is not PositionState.OPEN:
            continue
        if number not in known:
            if position.timeframe != str(timeframe):
                continue
            known[number] = await memory.strategies.get(position.owner_id, number)
        spec = known[number].spec
        if not spec.watches(position.side):
            continue
        if number not in entering and (number, symbol) not in positions:
            leaving[symbol].append(known[number])
        instrument = universe.by_symbol.get(symbol)
        steps = await _to_do(memory, position, instrument, spec.steps(position.side))
        positions[number, symbol].append(Held(position, steps))
    return Holding(positions, leaving)


async def _to_do(
    memory: Memory, position: Position, instrument: Instrument | None, steps: Sequence[Step]
) -> tuple[Step, ...]:
    """Each is done once: a part that was closed, or is being closed, is so for good, and a stop
    that stands at the entry or beyond it is not moved back."""
    if not steps:
        return ()
    orders = await memory.orders.of_position(position.id)
    entry = instrument.price(position.entry_price) if instrument else position.entry_price
    at_entry = (position.stop - entry) * position.side.sign >= 0
    return tuple(
        step
        for step in steps
        if not (at_entry if step.close is None else any(was_made(one, step) for one in orders))
    )
