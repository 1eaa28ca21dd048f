"""Strategies that are shared by a code: their rules, and nothing of whoever shared them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agents.domain.strategy import StrategySpec


@dataclass(frozen=True, slots=True)
class Share:
    """A strategy's rules as they were when they were shared, for whoever has the code.

    `by` is the sharer's name where it may be told, else empty; `opened` counts the drafts that
    were made of it. `version` is the strategy's when it was shared.
    """

    code: str
    owner_id: int
    strategy_id: int
    version: int
    name: str
    spec: StrategySpec
    created_at: datetime
    by: str = ""
    opened: int = 0


class Shares(Protocol):
    async def add(self, share: Share) -> bool:
        """False when there is such a code already: take another one."""

    async def of_strategy(self, owner_id: int, strategy_id: int) -> Sequence[Share]:
        """Those that still open, oldest first."""

    async def of(self, owner_id: int) -> Sequence[Share]:
        """All of an owner's that still open, oldest first."""

    async def end(self, owner_id: int, strategy_id: int, at: datetime) -> int:
        """No code of a strategy opens any more; how many there were."""

    async def peek(self, code: str) -> Share | None:
        """What a code opens; None when it is unknown or ended."""

    async def count(self, code: str) -> bool:
        """One opening more; False when it does not open any more."""
