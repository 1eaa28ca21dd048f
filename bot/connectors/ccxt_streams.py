"""Follows an exchange's streams of tickers and candles, and comes back when they break.

A watch method of ccxt is used only as an alarm clock: it answers with one of many messages, so
after it woke us everything that has arrived is read from ccxt's caches.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from bot.connectors.backoff import Backoff
from bot.connectors.ccxt_exchange import PublicExchange
from bot.connectors.ccxt_rest import Patience, brief

_log = logging.getLogger(__name__)
_BREATH = 0.05
"""Seconds between two looks at the caches: messages that come together are read together."""
_AT_ONCE = 100
"""Symbols of one subscription."""

Alarm: TypeAlias = Callable[[], Awaitable[object]]


class Stream:
    """One kind of stream (tickers or candles): a task for each alarm, restarted when it breaks."""

    def __init__(
        self,
        name: str,
        patience: Patience,
        backoff: Callable[[], Backoff],
        *,
        hang_up: Callable[[], Awaitable[None]],
        read: Callable[[], None],
        lost: Callable[[str], None],
        found: Callable[[], None],
    ) -> None:
        """`hang_up` closes connections; `read` looks at what has come; `lost` is told why it
        broke, and `found` is called when it is back."""
        self._name = name
        self._patience = patience
        self._backoff = backoff
        self._hang_up = hang_up
        self._read, self._lost, self._found = read, lost, found
        self._tasks: list[asyncio.Task[None]] = []
        self._down: set[int] = set()
        self.live = False

    @property
    def broken(self) -> bool:
        return bool(self._down)

    def follow(self, alarms: Sequence[Alarm]) -> None:
        """Replace what is followed."""
        for task in self._tasks:
            task.cancel()
        self._down.clear()
        self._tasks = [
            asyncio.create_task(self._keep(number, alarm), name=f"{self._name} stream {number}")
            for number, alarm in enumerate(alarms)
        ]
        self.live = self.live and bool(alarms)

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, number: int, alarm: Alarm) -> None:
        backoff = self._backoff()
        while True:
            try:
                await self._wake(alarm)
                backoff.succeeded()
                self._works(number)
                self._read()
                await asyncio.sleep(_BREATH)
                self._read()  # what came in the meantime rang no alarm
            except Exception as fault:
                self._broke(number, fault)
                await asyncio.sleep(backoff.failed())

    async def _wake(self, alarm: Alarm) -> None:
        """Raises TimeoutError after a silence; a connection may be dead and not know it."""
        try:
            async with asyncio.timeout(self._patience.silence):
                await alarm()
        except TimeoutError:
            await self._hang_up()
            raise

    def _broke(self, number: int, fault: Exception) -> None:
        self._down.add(number)
        self.live = False
        _log.debug(
            "A market stream broke; it is opened again.",
            extra={"stream": self._name, "fault": repr(fault)},
        )
        self._lost(brief(fault))

    def _works(self, number: int) -> None:
        was_down = number in self._down
        self._down.discard(number)
        if self._down or (self.live and not was_down):
            return
        self.live = True
        self._found()


def ticker_alarms(
    exchange: PublicExchange, symbols: Sequence[str], patience: Patience
) -> list[Alarm]:
    """What to await for news of prices, by what the exchange has."""
    if exchange.has.get("watchTickers"):
        return [
            lambda part=part: exchange.watch_tickers(part)  # type: ignore[misc]
            for part in _parts(symbols)
        ]
    if exchange.has.get("watchTicker"):
        return [
            lambda symbol=symbol: exchange.watch_ticker(symbol)  # type: ignore[misc]
            for symbol in symbols
        ]
    return [_polling(exchange, part, patience) for part in _parts(symbols)]


def candle_alarms(exchange: PublicExchange, wanted: Sequence[tuple[str, str]]) -> list[Alarm]:
    """What to await for news of candles; nothing where the exchange streams none."""
    pairs = [list(pair) for pair in wanted]
    if exchange.has.get("watchOHLCVForSymbols"):
        return [
            lambda part=part: exchange.watch_ohlcv_for_symbols(part)  # type: ignore[misc]
            for part in _parts(pairs)
        ]
    if exchange.has.get("watchOHLCV"):
        return [
            lambda pair=pair: exchange.watch_ohlcv(*pair)  # type: ignore[misc]
            for pair in pairs
        ]
    return []


def _parts(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[n : n + _AT_ONCE] for n in range(0, len(items), _AT_ONCE)]


def _polling(exchange: PublicExchange, symbols: Sequence[str], patience: Patience) -> Alarm:
    pause = 0.0

    async def look() -> Mapping[str, Any]:
        nonlocal pause
        await asyncio.sleep(pause)  # before it is asked: what it answers is read at once
        pause = patience.poll
        found = await exchange.fetch_tickers(symbols)
        exchange.tickers = {**exchange.tickers, **found}  # ccxt keeps those of streams only
        return found

    return look
