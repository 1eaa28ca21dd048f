"""Candles of the stand-in exchange: made-up minutes until it opened, since then its own price."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import numpy as np

from agents.domain.market import Candles, from_ms, to_ms
from agents.extraction.resample import candles_of
from tests.support.exchange_book import MINUTE, ExchangeBook, walked
from tests.support.venue.engine import Engine
from tests.support.venue.records import Event, What

HISTORY = timedelta(minutes=3_000)


class VenueBook(ExchangeBook):
    """The engine's price always wins: the made-up minutes end at it, and later minutes are the
    moves that tests made, flat where there were none."""

    def __init__(
        self, engine: Engine, minutes: Mapping[str, Candles] | None = None,
        history: timedelta = HISTORY,
    ) -> None:  # fmt: skip
        super().__init__(engine.ledger.clock)
        self._engine = engine
        self._opened = MINUTE.floor_ms(to_ms(self.clock.now()))
        self._since: dict[str, dict[int, list[float]]] = {}
        self._first: dict[str, float] = {}
        for seed, symbol in enumerate(engine.quotes, 1):
            given = (minutes or {}).get(symbol)
            self.minutes[symbol] = (
                self._before(given) if given is not None else self._made(symbol, history, seed)
            )
            self._first[symbol] = float(engine.price(symbol))
        engine.listeners.append(self._hear)

    def now(self) -> int:
        return self._engine.now()

    def price(self, market: str) -> float:
        return float(self._engine.price(market))

    def _made(self, symbol: str, history: timedelta, seed: int) -> Candles:
        """A walk that ends at the price, with no more digits than it."""
        price = self._engine.price(symbol)
        count = int(history / timedelta(minutes=1))
        start = from_ms(self._opened - count * MINUTE.ms)
        walk = walked(symbol, start, count, 100_000.0, seed)
        share = float(price) / walk.close[-1]
        places = _places(self._engine.quotes[symbol].gap)
        prices = np.array([walk.open, walk.high, walk.low, walk.close]) * share
        rows = np.vstack([np.round(prices, places), [walk.volume]])
        return candles_of(symbol, MINUTE, np.array(walk.opened), rows)

    def _before(self, given: Candles) -> Candles:
        """What had closed when the exchange opened."""
        return given.part(0, sum(1 for opened in given.opened if opened < self._opened))

    def _hear(self, event: Event) -> None:
        if event.what is not What.MOVED:
            return
        price = float(self._engine.price(event.symbol))
        bucket = self._since.setdefault(event.symbol, {})
        minute = MINUTE.floor_ms(event.at)
        known = bucket.get(minute)
        if known is None:
            first = self._last(event.symbol, minute)
            bucket[minute] = [first, max(first, price), min(first, price), price]
        else:
            known[1], known[2], known[3] = max(known[1], price), min(known[2], price), price

    def _last(self, symbol: str, minute: int) -> float:
        """The price at which a minute began."""
        before = [at for at in self._since.get(symbol, {}) if at < minute]
        return self._since[symbol][max(before)][3] if before else self._first[symbol]

    def _seen(self, market: str) -> Candles:
        history = self.minutes[market]
        seen = history.part(0, len(history))
        bucket, last = self._since.get(market, {}), self._first[market]
        now = to_ms(self.clock.now())
        for minute in range(self._opened, now + 1, MINUTE.ms):
            prices = bucket.get(minute, [last] * 4)
            last = prices[3]
            columns = (seen.open, seen.high, seen.low, seen.close)
            seen.opened.append(minute)
            seen.volume.append(1.0)
            for column, price in zip(columns, prices, strict=True):
                column.append(price)
        return seen


def _places(tick: Decimal) -> int:
    exponent = tick.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 2
