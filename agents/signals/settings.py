"""What an account wants of signals besides its strategy: from which score on, and how old."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from agents.domain.ports import Memory
from agents.domain.strategy import (
    ANY_SYMBOL,
    Mode,
    RunKind,
    Sides,
    Strategy,
    StrategySpec,
    StrategyState,
    Target,
)
from agents.execution.venues.adopting import ADOPTED

PREFERENCE = "signals"
NAME = "Signals"
SENTENCE = "Signals that come in"


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """`above` is the score (0 to 100) from which on a signal is proposed; one that is older than
    `minutes` has expired."""

    above: int = 50
    minutes: int = 30

    @property
    def longest(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    def as_json(self) -> dict[str, Any]:
        return {"above": self.above, "minutes": self.minutes}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> "SignalSettings":
        return cls(**stored) if stored else cls()


def first_spec() -> StrategySpec:
    """What a strategy for signals says until its owner says otherwise. Stop and target are for
    signals that name none."""
    return StrategySpec(
        symbols=(ANY_SYMBOL,),
        side=Sides.BOTH,
        timeframe="15m",
        stop="1.5 atr",
        targets=(Target(at="2R"),),
        risk_percent=Decimal("0.5"),
        leverage=5,
        max_positions=3,
    )


async def settings_of(memory: Memory, owner_id: int) -> SignalSettings:
    return SignalSettings.from_json(await memory.preferences.read(owner_id, PREFERENCE))


async def standing(memory: Memory, owner_id: int) -> Strategy | None:
    """The account's strategy for signals: the newest that is active, else the newest paused. Those
    that hold what was taken over from an exchange are none."""
    states = (StrategyState.ACTIVE, StrategyState.PAUSED)
    mine = [
        one
        for one in await memory.strategies.of(owner_id, states)
        if one.run is RunKind.ON_SIGNAL and not one.sentence.startswith(ADOPTED)
    ]
    return max(mine, key=lambda one: (one.state is StrategyState.ACTIVE, one.number), default=None)


async def opened(memory: Memory, owner_id: int, at: datetime) -> tuple[Strategy, bool]:
    """The account's strategy for signals, made and active when there is none, and whether it was
    made now. It only proposes, as every new strategy does."""
    async with memory.transactions.transaction():
        found = await standing(memory, owner_id)
        if found is not None:
            return found, False
        drafted = await memory.strategies.draft(
            owner_id, NAME, first_spec(), SENTENCE, Mode.PAPER, at
        )
        await memory.strategies.set_run(owner_id, drafted.id, RunKind.ON_SIGNAL.value)
        await memory.strategies.move(owner_id, drafted.id, StrategyState.ACTIVE, at)
        return await memory.strategies.get(owner_id, drafted.id), True
