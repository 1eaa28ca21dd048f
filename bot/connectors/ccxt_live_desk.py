"""Everything of live trading at one exchange, joined."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from agents.domain.ports import Clock, Memory
from bot.connectors.backoff import Backoff
from bot.connectors.ccxt_live import LiveBroker
from bot.connectors.ccxt_live_following import Following
from bot.connectors.ccxt_live_keys import CcxtKeyCheck
from bot.connectors.ccxt_live_lookup import Lookup
from bot.connectors.ccxt_live_session import Refusal, Seals, Sessions, Traded
from bot.connectors.ccxt_live_stream import LivePatience
from bot.connectors.ccxt_live_venue import LiveVenue


@dataclass(frozen=True)
class LiveDesk:
    """`follow` runs as long as the desk does; `close` ends every session."""

    broker: LiveBroker
    venue: LiveVenue
    key_check: CcxtKeyCheck
    sessions: Sessions
    following: Following

    async def follow(self) -> None:
        await self.following.run()

    async def close(self) -> None:
        await self.following.stop()
        await self.sessions.close()

    def when_refused(self, listener: Refusal) -> None:
        self.sessions.when_refused(listener)


def open_live(
    traded: Traded,
    memory: Memory,
    seals: Seals,
    clock: Clock,
    *,
    patience: LivePatience | None = None,
    backoff: Callable[[], Backoff] = Backoff,
    elapsed: Callable[[], float] = time.monotonic,
) -> LiveDesk:
    """Nothing is asked of the exchange yet. `elapsed` counts seconds."""
    patience = patience or LivePatience()
    sessions = Sessions(traded, memory.connections, seals, elapsed, patience.cost)
    lookup = Lookup(traded, memory.orders, clock, elapsed=elapsed)
    broker = LiveBroker(sessions, traded, memory, lookup)
    venue = LiveVenue(sessions, traded, lookup, clock)
    following = Following(
        sessions,
        broker,
        lookup,
        memory,
        clock,
        venue.back,
        patience,
        backoff=backoff,
        elapsed=elapsed,
    )
    keys = CcxtKeyCheck(sessions, traded, clock)
    return LiveDesk(broker, venue, keys, sessions, following)
