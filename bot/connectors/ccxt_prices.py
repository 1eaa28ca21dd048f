"""Prices that are asked for: of coins that nobody watches, and of those that have gone quiet."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from agents.domain.errors import MarketUnavailable
from agents.domain.market import Tick
from agents.domain.money import exact
from bot.connectors.ccxt_exchange import PublicExchange
from bot.connectors.ccxt_rest import Patience, RestCandles
from bot.connectors.tick_feed import TickFeed

_KEPT = timedelta(minutes=1)
"""How long a price counts as the last one that nothing renews: asked, or watched no more."""


class AskedPrices:
    """One request for all who ask for a symbol at once. Who listens to ticks hears of none."""

    def __init__(
        self,
        exchange: PublicExchange,
        rest: RestCandles,
        feed: TickFeed,
        patience: Patience,
        now: Callable[[], datetime],
    ) -> None:
        """`now` is the market's time."""
        self._exchange = exchange
        self._rest = rest
        self._feed = feed
        self._fresh = timedelta(seconds=patience.fresh)
        self._now = now
        self._found: dict[str, Tick] = {}
        self._asking: dict[str, asyncio.Task[Tick]] = {}

    async def price(self, symbol: str, spelling: str) -> Tick:
        """`spelling` is ccxt's name of `symbol`. Raises MarketUnavailable."""
        if (known := self._fresh_tick(symbol)) is not None:
            return known
        asking = self._asking.get(symbol) or self._ask(symbol, spelling)
        await asyncio.wait([asking])  # who gives up waiting does not spoil it for the others
        if (known := self._fresh_tick(symbol)) is not None:
            return known  # streamed meanwhile, whatever became of the request
        if asking.cancelled():
            raise MarketUnavailable
        found = asking.result()
        return self._newest(symbol) or found

    def last(self, symbol: str) -> Tick | None:
        """The newest tick, streamed or asked; one that nothing renews for a while only."""
        newest, streamed = self._newest(symbol), self._feed.last(symbol)
        watched = symbol in self._feed.watched
        if newest is None or (watched and newest is streamed):
            return newest
        if self._now() - newest.at > _KEPT:
            return streamed if watched else None
        return newest

    async def stop(self) -> None:
        asking = tuple(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    def _newest(self, symbol: str) -> Tick | None:
        streamed, asked = self._feed.last(symbol), self._found.get(symbol)
        if asked is None or (streamed is not None and streamed.at >= asked.at):
            return streamed
        return asked

    def _fresh_tick(self, symbol: str) -> Tick | None:
        known = self._newest(symbol)
        return known if known and self._now() - known.at <= self._fresh else None

    def _ask(self, symbol: str, spelling: str) -> asyncio.Task[Tick]:
        def answered(task: asyncio.Task[Tick]) -> None:
            del self._asking[symbol]
            if not task.cancelled():
                task.exception()  # seen, also where nobody waits any more

        asking = asyncio.create_task(self._fetch(symbol, spelling), name=f"price of {symbol}")
        asking.add_done_callback(answered)
        self._asking[symbol] = asking
        return asking

    async def _fetch(self, symbol: str, spelling: str) -> Tick:
        async def ask() -> Tick | None:
            at = self._now()  # what is answered is no older; what streams meanwhile is newer
            return tick_of(symbol, await self._ticker(spelling), at)

        found = await self._rest.asked(ask, f"price of {symbol}")
        if found is None:
            raise MarketUnavailable(f"There is no price of {symbol} yet.")
        self._found[symbol] = found
        return found

    async def _ticker(self, spelling: str) -> Mapping[str, Any]:
        if self._exchange.has.get("fetchTicker"):
            return await self._exchange.fetch_ticker(spelling)
        if self._exchange.has.get("fetchTickers"):
            return (await self._exchange.fetch_tickers([spelling])).get(spelling) or {}
        raise MarketUnavailable(f"{self._exchange.name} tells no prices.")


def tick_of(symbol: str, ticker: Mapping[str, Any], at: datetime) -> Tick | None:
    """A ticker of ccxt as a tick; None where it has no price."""
    price = ticker.get("last") or ticker.get("close")
    if not price or price <= 0:
        return None
    bid, ask = ticker.get("bid") or 0, ticker.get("ask") or 0
    if not 0 < bid <= ask:
        return Tick(symbol, at, exact(price))
    offered = (ticker.get("bidVolume"), ticker.get("askVolume"))
    sizes = (exact(size) if size else None for size in offered)
    return Tick(symbol, at, exact(price), exact(bid), exact(ask), *sizes)
