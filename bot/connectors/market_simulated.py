"""The simulated market: seeded, offline, twelve coins, alive from the first second."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from agents.domain.errors import MarketUnavailable, UnknownSymbol
from agents.domain.market import (
    Candles,
    FundingRate,
    MarketHealth,
    MarketState,
    Tick,
    Timeframe,
    Universe,
    to_ms,
)
from agents.domain.ports import TickListener
from agents.domain.symbols import suggestions
from bot.connectors.clocks import PlayedClock
from bot.connectors.played import Path, Player, path_of
from bot.connectors.simulated_candles import SimulatedCandles
from bot.connectors.simulated_coins import COINS, Coin
from bot.connectors.simulated_funding import funding_rates
from bot.connectors.simulated_prices import FIRST_DAY, GENESIS, Prices
from bot.connectors.tick_feed import TickFeed

DEFAULT_SEED = 7
_MINUTE = 60_000
_AT_HAND = 4
"""Days that are made within a turn of the loop; more of them are made in a thread."""


class SimulatedMarket:
    """Market of a seed: prices depend on seed, coin and minute alone.

    A first run begins at the clock's time, a later one where the earlier stopped; what has been
    is never different afterwards. Ticks come every five seconds of market time.
    """

    name = "simulated"

    def __init__(self, clock: PlayedClock, seed: int = DEFAULT_SEED) -> None:
        self._clock = clock
        self._coins = {coin.symbol: coin for coin in COINS}
        self._universe = Universe(tuple(coin.instrument for coin in COINS))
        self._seed = seed
        self._candles = SimulatedCandles(Prices(seed))
        self._feed = TickFeed()
        self._paths: dict[str, Path] = {}
        self._player = Player(clock, self, self._feed)
        self._started = False

    async def start(self, resume_at: datetime | None = None) -> None:
        begin = max(resume_at or self._clock.now(), GENESIS)
        self._clock.begin(begin)
        self._player.begin(begin)
        self._player.start()
        self._started = True

    async def stop(self) -> None:
        await self._player.stop()

    async def universe(self) -> Universe:
        return self._universe

    async def history(
        self, symbol: str, timeframe: Timeframe, until: datetime, count: int
    ) -> Candles:
        coin = self._coin(symbol)
        limit = to_ms(min(until, self._clock.now()))
        need = self._candles.missing(coin, timeframe, limit, count)
        if len(need[2]) > _AT_HAND:
            self._candles.keep(need, await asyncio.to_thread(self._candles.make, need))
        return self._candles.candles(coin, timeframe, limit, count)

    async def funding(self, symbol: str, since: datetime) -> Sequence[FundingRate]:
        """Every eight hours; mostly the longs pay."""
        self._coin(symbol)
        return funding_rates(self._seed, symbol, since, self._clock.now())

    async def price(self, symbol: str) -> Tick:
        self._coin(symbol)
        tick = self._player.price(symbol) if self._started else None
        if tick is None:
            raise MarketUnavailable(f"There is no price of {symbol} yet.")
        return tick

    def listen(self, listener: TickListener) -> None:
        self._feed.listen(listener)

    def watch(self, symbols: Collection[str]) -> None:
        self._feed.watch(symbols)

    def last(self, symbol: str) -> Tick | None:
        return self._player.last(symbol) if self._started and symbol in self._coins else None

    def health(self) -> MarketHealth:
        state = MarketState.LIVE if self._started else MarketState.STARTING
        newest = self._feed.newest
        return MarketHealth(self.name, state, last_tick=newest.at if newest else None)

    def pump(self) -> None:
        """Emit all that is due by the clock; the market does so itself eight times a second."""
        self._player.pump()

    def paths(self, symbol: str, after: int, until: int) -> Iterator[Path]:
        """As PathSource."""
        if symbol in self._coins:
            for opened in range(after // _MINUTE * _MINUTE, until + 1, _MINUTE):
                yield self._path(symbol, opened)

    def path_at(self, symbol: str, at: int) -> Path | None:
        """As PathSource."""
        before = at < FIRST_DAY * 86_400_000
        return None if before else self._path(symbol, at // _MINUTE * _MINUTE)

    def _path(self, symbol: str, opened: int) -> Path:
        known = self._paths.get(symbol)
        if known is None or known.opened != opened:
            known = self._paths[symbol] = self._drawn(self._coins[symbol], opened)
        return known

    def _drawn(self, coin: Coin, opened: int) -> Path:
        minute = self._candles.minute(coin, opened)
        first, high, low, last = (round(price * 10**coin.places) for price in minute[:4])
        step = self._universe.by_symbol[coin.symbol].price_step
        spread = max(1, round(first * coin.spread))
        return path_of(coin.symbol, opened, 60, (first, high, low, last), step, spread)

    def _coin(self, symbol: str) -> Coin:
        try:
            return self._coins[symbol]
        except KeyError:
            raise UnknownSymbol(symbol, suggestions(symbol, self._universe)) from None
