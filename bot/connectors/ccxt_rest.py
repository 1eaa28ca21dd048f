"""What is asked by REST, candles page after page, within what the exchange allows."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from agents.domain.errors import MarketUnavailable
from agents.domain.market import Timeframe
from bot.connectors.backoff import Backoff
from bot.connectors.ccxt_exchange import PublicExchange, Row

_log = logging.getLogger(__name__)
_PAGE = 1000
_AT_ONCE = 4
_TRIES = 3

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. `settle`: how long after its close a candle may still change. `news`: how long a
    stream may take to bring the last update. `ban`: the pause after 429 or 418 where the exchange
    names none. `retry`: before a failed request is sent again. `silence`: after which a stream
    counts as dead. `contact`: how long start waits for the first answer. `poll`: between two
    looks where an exchange has no stream. `relist`: between two readings of what is listed.
    `fresh`: after which a price is asked for where one is needed."""

    settle: float = 2.0
    news: float = 2.5
    ban: float = 30.0
    retry: float = 0.5
    silence: float = 90.0
    contact: float = 5.0
    poll: float = 2.0
    relist: float = 6 * 3600.0
    fresh: float = 5.0


class RestCandles:
    """Asks an exchange for candles. Raises MarketUnavailable when it does not answer."""

    def __init__(
        self,
        exchange: PublicExchange,
        patience: Patience,
        *,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exchange = exchange
        self._patience = patience
        self._elapsed = elapsed
        self._free_at = 0.0
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def span(
        self, symbol: str, timeframe: Timeframe, start: int, stop: int
    ) -> dict[int, Row]:
        """Rows by open time (ms) from `start` up to a row or more after `stop`, open ones too."""
        found: dict[int, Row] = {}
        since = start
        while since < stop:
            limit = min(_PAGE, (stop - since) // timeframe.ms + 1)
            page = await self._page(symbol, timeframe, since, limit)
            fresh = {int(row[0]): row for row in page if int(row[0]) >= since}
            found |= fresh
            since = max(fresh) + timeframe.ms if fresh else since + limit * timeframe.ms
        return found

    @property
    def held(self) -> float:
        """Seconds for which nothing may be asked."""
        return max(0.0, self._free_at - self._elapsed())

    def hold_back(self, seconds: float) -> None:
        """Ask for nothing that long."""
        self._free_at = max(self._free_at, self._elapsed() + seconds)

    async def _page(self, symbol: str, timeframe: Timeframe, since: int, limit: int) -> list[Row]:
        async def page() -> list[Row]:
            return list(await self._exchange.fetch_ohlcv(symbol, str(timeframe), since, limit))

        return await self.asked(page, f"candles of {symbol}")

    async def asked(self, ask: Callable[[], Awaitable[T]], wanted: str) -> T:
        """What `ask` answers, tried again where that can help; `wanted` says what is missed else.
        Raises MarketUnavailable."""
        again = Backoff(self._patience.retry, 8 * self._patience.retry)
        for left in reversed(range(_TRIES)):
            try:
                async with self._gate:
                    self._mind_ban()
                    return await ask()
            except MarketUnavailable:
                raise
            except Exception as fault:
                self._weigh(fault, wanted, left)
            await asyncio.sleep(again.failed())
        raise MarketUnavailable

    def _weigh(self, fault: Exception, wanted: str, left: int) -> None:
        """Raise unless trying again can help."""
        from ccxt.base.errors import DDoSProtection, OperationFailed, RateLimitExceeded

        name = self._exchange.name
        if isinstance(fault, DDoSProtection | RateLimitExceeded):
            pause = self._asked_pause()
            self.hold_back(pause)
            _log.warning("The exchange asks to wait.", extra={"exchange": name, "seconds": pause})
            raise MarketUnavailable(f"{name} asks to wait {pause:.0f} s.") from fault
        if left and isinstance(fault, OperationFailed):
            return
        raise MarketUnavailable(f"{name} gives no {wanted}: {brief(fault)}.") from fault

    def _mind_ban(self) -> None:
        """Asking on while banned makes the ban longer."""
        wait = self._free_at - self._elapsed()
        if wait > 0:
            raise MarketUnavailable(f"{self._exchange.name} asks to wait {wait:.0f} s more.")

    def _asked_pause(self) -> float:
        headers = getattr(self._exchange, "last_response_headers", None) or {}
        asked = str(headers.get("Retry-After", ""))
        return float(asked) if asked.isdecimal() else self._patience.ban


def brief(fault: BaseException) -> str:
    """A few words for people; what a library says goes to no user."""
    words = {
        "RequestTimeout": "no answer in time",
        "DDoSProtection": "it asks to wait",
        "RateLimitExceeded": "it asks to wait",
        "ExchangeNotAvailable": "it is not available",
        "OnMaintenance": "it is under maintenance",
        "NetworkError": "no connection",
        "OperationFailed": "it failed to answer",
        "BadSymbol": "it does not trade this",
        "TimeoutError": "no answer in time",
    }
    for kind in type(fault).__mro__:
        if kind.__name__ in words:
            return words[kind.__name__]
    return "no connection"
