"""What stops a strategy by itself: its drawdown limit, and the end of its one trade."""

from dataclasses import replace

from agents.domain.errors import LimitBreach
from agents.domain.ports import Clock, Memory
from agents.domain.position import Position
from agents.domain.strategy import Mode, RunKind, Strategy, StrategyState
from agents.execution.bounds.limits import DRAWDOWN
from agents.execution.telling import strategy_paused


async def pause_after(
    memory: Memory,
    clock: Clock,
    strategy: Strategy,
    breach: LimitBreach,
    *,
    closing: bool = False,
) -> bool:
    """Pause and tell when the breach is one that waiting does not mend; False when nothing was
    paused. `closing`: what is open is being closed, which is told with it."""
    if breach.rule != DRAWDOWN:
        return False
    which = "" if strategy.mode is Mode.LIVE else f" {strategy.number}"
    reason = f"Paused: {breach}. To measure it from here on: /limits drawdown anew{which}"
    key = f"drawdown:{clock.now().isoformat()}"
    return await _pause(memory, clock, strategy, reason, key, closing=closing)


async def pause_once_done(memory: Memory, clock: Clock, position: Position) -> None:
    """A strategy that trades once is paused when its trade is closed; resumed, it trades again."""
    strategy = await memory.strategies.get(position.owner_id, position.strategy_id)
    if strategy.run is RunKind.ONCE:
        reason = "It trades once, and that trade is closed."
        await _pause(memory, clock, strategy, reason, f"once:{position.id}")


async def _pause(
    memory: Memory,
    clock: Clock,
    strategy: Strategy,
    reason: str,
    key: str,
    *,
    closing: bool = False,
) -> bool:
    async with memory.transactions.transaction():
        moved = await memory.strategies.move(
            strategy.owner_id, strategy.id, StrategyState.PAUSED, clock.now(), reason=reason
        )
        if moved:
            told = strategy_paused(strategy.owner_id, strategy.id, reason, key)
            facts = {**told.facts, "closing": True} if closing else told.facts
            await memory.notices.tell(replace(told, facts=facts))
    return moved
