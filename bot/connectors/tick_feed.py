"""Who listens to ticks, and which symbols they want."""

import logging
from collections.abc import Collection

from agents.domain.market import Tick
from agents.domain.ports import TickListener

_log = logging.getLogger(__name__)


class TickFeed:
    """Hands each tick to every listener in the same turn; keeps the newest of each symbol."""

    def __init__(self) -> None:
        self.watched: frozenset[str] = frozenset()
        self.newest: Tick | None = None
        self._listeners: list[TickListener] = []
        self._last: dict[str, Tick] = {}

    def listen(self, listener: TickListener) -> None:
        self._listeners.append(listener)

    def watch(self, symbols: Collection[str]) -> None:
        self.watched = frozenset(symbols)

    def last(self, symbol: str) -> Tick | None:
        return self._last.get(symbol)

    def emit(self, tick: Tick) -> None:
        """A listener that raises is logged and stops neither the others nor the feed."""
        self._last[tick.symbol] = self.newest = tick
        for listener in tuple(self._listeners):
            try:
                listener(tick)
            except Exception:
                _log.exception("A listener could not take a tick.", extra={"symbol": tick.symbol})
