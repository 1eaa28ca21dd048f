"""A market of made-up candles in memory: 100 symbols, four timeframes, no network."""

from array import array
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from zlib import crc32

import numpy as np

from agents.domain.errors import MarketUnavailable
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

TIMEFRAMES = ("5m", "15m", "1h", "4h")
SYMBOLS = tuple(f"C{number:02d}/USDT" for number in range(100))
CLOSE = datetime(2025, 6, 2, 0, 0, tzinfo=UTC)  # a boundary of all four
DEPTH = 3_000


def instrument(symbol: str) -> Instrument:
    base, quote = symbol.split("/")
    step = Decimal("0.01")
    return Instrument(symbol, base, quote, step, Decimal("0.0001"), Decimal("0.0001"), Decimal(5))


def made_up(symbol: str, timeframe: Timeframe, until: datetime, count: int) -> Candles:
    """A seeded random walk that ends at `until`."""
    random = np.random.default_rng(crc32(f"{symbol} {timeframe}".encode()))
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.004, count)))
    open_ = np.concatenate([[100.0], close[:-1]])
    spread = np.abs(random.normal(0, 0.002, count)) * close
    opened = to_ms(until) - timeframe.ms * np.arange(count, 0, -1, dtype=np.int64)
    columns = (
        open_,
        np.maximum(open_, close) + spread,
        np.minimum(open_, close) - spread,
        close,
        random.lognormal(3, 1, count),
    )
    doubles = [array("d", column.tobytes()) for column in columns]
    return Candles(symbol, timeframe, array("q", opened.tobytes()), *doubles)


class MadeUpMarket:
    """Satisfies the Market port; every candle is there from the beginning."""

    name = "bench"

    def __init__(self, *, candles: bool = True) -> None:
        self._universe = Universe(tuple(instrument(symbol) for symbol in SYMBOLS))
        self._candles = {
            (symbol, name): made_up(symbol, Timeframe.parse(name), CLOSE, DEPTH)
            for symbol in SYMBOLS
            for name in TIMEFRAMES
            if candles
        }
        self._listeners: list[TickListener] = []
        self._last: dict[str, Tick] = {}

    async def start(self, resume_at: datetime | None = None) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def universe(self) -> Universe:
        return self._universe

    async def history(
        self, symbol: str, timeframe: Timeframe, until: datetime, count: int
    ) -> Candles:
        candles = self._candles[symbol, str(timeframe)]
        last = to_ms(until) - timeframe.ms
        stop = (last - candles.opened[0]) // timeframe.ms + 1
        return candles.part(max(0, stop - count), stop)

    def candles(self, symbol: str, timeframe: str) -> Candles:
        """All of them, up to the close."""
        return self._candles[symbol, timeframe]

    async def funding(self, symbol: str, since: datetime) -> Sequence[FundingRate]:
        return []

    async def price(self, symbol: str) -> Tick:
        if symbol not in self._last:
            raise MarketUnavailable(f"There is no price of {symbol} yet.")
        return self._last[symbol]

    def listen(self, listener: TickListener) -> None:
        self._listeners.append(listener)

    def watch(self, symbols: Collection[str]) -> None:
        """Every symbol is watched."""

    def last(self, symbol: str) -> Tick | None:
        return self._last.get(symbol)

    def health(self) -> MarketHealth:
        return MarketHealth(self.name, MarketState.LIVE)

    def say(self, tick: Tick) -> None:
        """One tick to every listener."""
        self._last[tick.symbol] = tick
        for listener in self._listeners:
            listener(tick)
