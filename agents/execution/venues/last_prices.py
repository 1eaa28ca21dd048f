"""The newest price of a symbol, also of one that nobody listens to."""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal

from agents.domain.errors import MarketUnavailable, UnknownSymbol
from agents.domain.market import Timeframe, Universe
from agents.domain.money import exact
from agents.domain.ports import Clock, Market

GOOD_FOR = timedelta(hours=1)  # the price of an unwatched coin, which only tells dust from more
_MINUTE = Timeframe(60)


class LastPrices:
    def __init__(self, market: Market, clock: Clock) -> None:
        self._market = market
        self._clock = clock
        self._closes: dict[str, tuple[datetime, Decimal | None]] = {}

    async def of(self, symbols: Collection[str], universe: Universe) -> dict[str, Decimal | None]:
        """By symbol, of those that the market offers; None where there is no price."""
        return {one: await self.price(one) for one in sorted(symbols) if one in universe}

    async def price(self, symbol: str) -> Decimal | None:
        """Of the last trade; where nobody listens to a symbol, of its last minute."""
        if tick := self._market.last(symbol):
            return tick.price
        now = self._clock.now()
        known = self._closes.get(symbol)
        if known is None or now - known[0] > GOOD_FOR:
            known = self._closes[symbol] = (now, await self.last_close(symbol))
        return known[1]

    async def now(self, symbol: str) -> Decimal | None:
        """As `price`, and never older than the last minute."""
        tick = self._market.last(symbol)
        return tick.price if tick else await self.last_close(symbol)

    async def last_close(self, symbol: str) -> Decimal | None:
        """Of the last whole minute, asked anew."""
        try:
            candles = await self._market.history(symbol, _MINUTE, self._clock.now(), 1)
        except (MarketUnavailable, UnknownSymbol):
            return None
        return exact(candles.close[-1]) if len(candles) else None
