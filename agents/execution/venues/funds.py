"""What exchange accounts hold in quote currency, as it was seen last."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from agents.domain.ports import Clock
from agents.domain.venue import VenueState
from agents.execution.bounds.limits import Holding

FRESH = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Standing:
    """An account's worth and what of it is free, in `quote`; `seen_at` is human time. `by_hand`
    is what it holds of perpetuals, by symbol, that no trade here knows."""

    exchange: str
    quote: str
    equity: Decimal
    free: Decimal
    seen_at: datetime
    by_hand: Mapping[str, Holding] = field(default_factory=dict)


class KnownFunds:
    """Filled by every look at an account. `looks` has one looked at, and waits for that."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.looks: Callable[[int], Awaitable[None]] | None = None
        self._seen: dict[int, Standing] = {}

    def note(
        self, owner_id: int, exchange: str, state: VenueState, by_hand: Mapping[str, Holding]
    ) -> None:
        now = self._clock.wall()
        self._seen[owner_id] = Standing(
            exchange, state.quote, state.equity, state.free, now, by_hand
        )

    def forget(self, owner_id: int) -> None:
        self._seen.pop(owner_id, None)

    def free(self, owner_id: int) -> Decimal | None:
        """What may be spent, quote currency; None when nobody looked within two minutes."""
        standing = self.standing(owner_id)
        return standing.free if standing else None

    def by_hand(self, owner_id: int, symbol: str) -> Holding | None:
        """What the account holds of a perpetual besides our trades."""
        standing = self.standing(owner_id)
        return standing.by_hand.get(symbol) if standing else None

    async def ask(self, owner_id: int) -> None:
        if self.looks is not None:
            await self.looks(owner_id)

    def standing(self, owner_id: int) -> Standing | None:
        found = self._seen.get(owner_id)
        if found is None or self._clock.wall() - found.seen_at > FRESH:
            return None
        return found
