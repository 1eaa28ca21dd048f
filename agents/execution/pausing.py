"""What stops a strategy by itself: its drawdown limit, and the end of its one trade."""

from agents.domain.errors import LimitBreach
from agents.domain.ports import Clock, Memory
from agents.domain.position import Position
from agents.domain.strategy import RunKind, Strategy, StrategyState
from agents.execution.limits import DRAWDOWN
from agents.execution.telling import strategy_paused


async def pause_after(
    memory: Memory, clock: Clock, strategy: Strategy, breach: LimitBreach
) -> None:
    """Pause and tell when the breach is one that waiting does not mend."""
    if breach.rule != DRAWDOWN:
        return
    reason = f"Paused: {breach}."
    await _pause(memory, clock, strategy, reason, f"drawdown:{clock.now().isoformat()}")


async def pause_once_done(memory: Memory, clock: Clock, position: Position) -> None:
    """A strategy that trades once is paused when its trade is closed; resumed, it trades again."""
    strategy = await memory.strategies.get(position.owner_id, position.strategy_id)
    if strategy.run is RunKind.ONCE:
        reason = "It trades once, and that trade is closed."
        await _pause(memory, clock, strategy, reason, f"once:{position.id}")


async def _pause(memory: Memory, clock: Clock, strategy: Strategy, reason: str, key: str) -> None:
    async with memory.transactions.transaction():
        moved = await memory.strategies.move(
            strategy.owner_id, strategy.id, StrategyState.PAUSED, clock.now(), reason=reason
        )
        if moved:
            notice = strategy_paused(strategy.owner_id, strategy.id, reason, key)
            await memory.notices.tell(notice)
