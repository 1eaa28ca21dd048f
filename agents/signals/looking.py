"""The market as a signal meets it: its price by now, and the candles that the pillars stand on."""

from datetime import timedelta
from decimal import Decimal

from agents.decision.pillars import looking
from agents.decision.rules import Context
from agents.decision.sight import Sights
from agents.domain.errors import MarketUnavailable
from agents.domain.market import MarketState, Timeframe
from agents.domain.ports import Clock, Market
from agents.domain.strategy import StrategySpec
from agents.extraction.quality import Fault, FaultKind

FRESH = timedelta(minutes=2)  # of a tick, human time


class Looking:
    def __init__(self, market: Market, clock: Clock, sights: Sights) -> None:
        self._market = market
        self._clock = clock
        self._sights = sights

    async def price(self, symbol: str) -> Decimal:
        """Of now, whether anybody watches the symbol or not. Raises MarketUnavailable: by an older
        price a signal would be dropped, or proposed, at a level that is gone."""
        health = self._market.health()
        if health.state is not MarketState.LIVE:
            raise MarketUnavailable(health.detail or f"The market is {health.state}.")
        tick = await self._market.price(symbol)
        if self._clock.wall() - self._clock.wall_at(tick.at) > FRESH:
            raise MarketUnavailable(f"There is no price of {symbol} at present.")
        return tick.price

    async def context(self, symbol: str, spec: StrategySpec) -> Context | Fault:
        """What the pillars can see at the last closed candle; one that is about to come is not
        waited for. Raises MarketUnavailable while candles can't be asked for."""
        timeframe, wanted = Timeframe.parse(spec.timeframe), looking(spec)
        closed = timeframe.floor(self._clock.now())
        found = await self._sights.of_spec(symbol, closed, wanted)
        if isinstance(found, Fault) and found.kind is FaultKind.STALE:
            found = await self._sights.of_spec(symbol, closed - timeframe.length, wanted)
        if isinstance(found, Fault) and found.kind is FaultKind.UNAVAILABLE:
            raise MarketUnavailable(str(found))
        return found
