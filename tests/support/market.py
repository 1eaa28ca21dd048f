"""A market whose ticks and candles a test writes."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from agents.domain.errors import MarketUnavailable, UnknownSymbol
from agents.domain.market import (
    Candles,
    FundingRate,
    Instrument,
    MarketHealth,
    MarketState,
    Tick,
    Timeframe,
    Universe,
    to_ms,
)
from agents.domain.ports import TickListener
from agents.domain.symbols import suggestions
from tests.support.clock import ManualClock

_FRESH = timedelta(seconds=5)


def instrument(symbol: str = "BTC/USDT", **changes: object) -> Instrument:
    """Steps as a large exchange has them for BTC/USDT."""
    base, quote = symbol.split("/")
    steps: dict[str, object] = {
        "price_step": Decimal("0.01"),
        "amount_step": Decimal("0.00001"),
        "min_amount": Decimal("0.0001"),
        "min_cost": Decimal(5),
    }
    return Instrument(symbol, base, quote, **{**steps, **changes})  # type: ignore[arg-type]


class ScriptedMarket:
    """Says what it is told to say. `candles` is by (symbol, timeframe as text), `asked` is what a
    symbol trades at when its price is asked for; else at its last tick's price."""

    name = "scripted"

    def __init__(self, clock: ManualClock, *instruments: Instrument) -> None:
        self.clock = clock
        self.instruments = instruments or (instrument(), instrument("ETH/USDT"))
        self.candles: dict[tuple[str, str], Candles] = {}
        self.asked: dict[str, Decimal] = {}
        self.rates: list[FundingRate] = []
        self.state = MarketState.LIVE
        self.watched: frozenset[str] = frozenset()
        self.reachable = True
        self._universe = Universe(self.instruments)
        self._listeners: list[TickListener] = []
        self._last: dict[str, Tick] = {}

    async def start(self, resume_at: datetime | None = None) -> None:
        self.state = MarketState.LIVE

    async def stop(self) -> None:
        self.state = MarketState.ENDED

    async def universe(self) -> Universe:
        if not self.reachable:
            raise MarketUnavailable
        return self._universe

    async def history(
        self, symbol: str, timeframe: Timeframe, until: datetime, count: int
    ) -> Candles:
        if not self.reachable:
            raise MarketUnavailable
        candles = self.candles.get((symbol, str(timeframe)), Candles(symbol, timeframe))
        closed = [index for index in range(len(candles)) if _closed(candles, index) <= to_ms(until)]
        stop = closed[-1] + 1 if closed else 0
        return candles.part(max(0, stop - count), stop)

    async def funding(self, symbol: str, since: datetime) -> Sequence[FundingRate]:
        if not self.reachable:
            raise MarketUnavailable
        now = self.clock.now()
        return [rate for rate in self.rates if rate.symbol == symbol and since <= rate.at <= now]

    async def price(self, symbol: str) -> Tick:
        if not self.reachable:
            raise MarketUnavailable
        if symbol not in self._universe:
            raise UnknownSymbol(symbol, suggestions(symbol, self._universe))
        known, now = self._last.get(symbol), self.clock.now()
        if known is not None and now - known.at <= _FRESH:
            return known
        if symbol in self.asked:
            known = Tick(symbol, now, self.asked[symbol])
        if known is None:
            raise MarketUnavailable(f"There is no price of {symbol} yet.")
        found = self._last[symbol] = replace(known, at=now)
        return found

    def listen(self, listener: TickListener) -> None:
        self._listeners.append(listener)

    def watch(self, symbols: Collection[str]) -> None:
        self.watched = frozenset(symbols)

    def last(self, symbol: str) -> Tick | None:
        return self._last.get(symbol)

    def health(self) -> MarketHealth:
        newest = max((tick.at for tick in self._last.values()), default=None)
        return MarketHealth(self.name, self.state, "", newest)

    def forget_listeners(self) -> None:
        """The process that listened is gone."""
        self._listeners.clear()

    def tick(
        self,
        price: Decimal | str | int,
        symbol: str = "BTC/USDT",
        *,
        bid: Decimal | str | None = None,
        ask: Decimal | str | None = None,
        after: float = 1,
    ) -> Tick:
        """Let `after` seconds pass, then trade at `price`."""
        self.clock.advance(after)
        tick = Tick(symbol, self.clock.now(), Decimal(price), _decimal(bid), _decimal(ask))
        self._last[symbol] = tick
        for listener in list(self._listeners):
            listener(tick)
        return tick


def _decimal(value: Decimal | str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _closed(candles: Candles, index: int) -> int:
    return candles.opened[index] + candles.timeframe.ms
