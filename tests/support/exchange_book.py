"""What the loopback exchange knows: made-up one-minute candles, shown as far as its clock is."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from agents.domain.market import Candles, Timeframe, from_ms, to_ms
from agents.domain.ports import Clock
from agents.extraction.resample import candles_of, resample

MINUTE = Timeframe(60)


def walked(symbol: str, start: datetime, minutes: int, price: float, seed: int = 1) -> Candles:
    """One-minute candles of a random walk from `price`, with two decimals."""
    luck = np.random.default_rng(seed)
    close = np.round(price * np.exp(np.cumsum(luck.normal(0, 0.0006, minutes))), 2)
    first = np.concatenate(([price], close[:-1]))
    wick = np.abs(luck.normal(0, 0.0004, (2, minutes)))
    high = np.round(np.maximum(first, close) * (1 + wick[0]), 2)
    low = np.round(np.minimum(first, close) * (1 - wick[1]), 2)
    volume = np.round(luck.lognormal(2, 0.5, minutes), 3)
    opened = to_ms(start) + np.arange(minutes, dtype=np.int64) * MINUTE.ms
    return candles_of(symbol, MINUTE, opened, np.array([first, high, low, close, volume]))


@dataclass(frozen=True)
class Shown:
    """A candle as the exchange tells it; `closed` says whether it may still change."""

    opened: int
    prices: tuple[float, float, float, float]
    volume: float
    closed: bool


@dataclass
class ExchangeBook:
    """Minutes by the exchange's own symbol (BTCUSDT); minutes may be left out as gaps."""

    clock: Clock
    minutes: dict[str, Candles] = field(default_factory=dict)

    def now(self) -> int:
        return to_ms(self.clock.now())

    def candles(self, market: str, timeframe: Timeframe) -> list[Shown]:
        """All of a market up to now, the open one last."""
        seen = self._seen(market)
        if not len(seen):
            return []
        whole = to_ms(self.clock.now() + timedelta(days=8))
        padded = resample(_aligned(seen, timeframe), timeframe, from_ms(whole))
        now = self.now()
        return [
            Shown(
                padded.opened[n],
                (padded.open[n], padded.high[n], padded.low[n], padded.close[n]),
                padded.volume[n],
                padded.opened[n] + timeframe.ms <= now,
            )
            for n in range(len(padded))
        ]

    def price(self, market: str) -> float:
        return self._seen(market).close[-1]

    def _seen(self, market: str) -> Candles:
        """Minutes up to now; of the open one half of its way, which it does not keep."""
        known, now = self.minutes[market], self.now()
        begun = sum(1 for opened in known.opened if opened <= now)
        seen = known.part(0, begun)
        if begun and seen.opened[-1] + MINUTE.ms > now:
            first, last = seen.open[-1], seen.close[-1]
            half = round((first + last) / 2, 2)
            seen.high[-1], seen.low[-1] = max(first, half), min(first, half)
            seen.close[-1], seen.volume[-1] = half, round(seen.volume[-1] / 2, 3)
        return seen


def _aligned(seen: Candles, timeframe: Timeframe) -> Candles:
    """From the first whole candle of `timeframe` on."""
    start = next((n for n, at in enumerate(seen.opened) if at == timeframe.floor_ms(at)), len(seen))
    return seen.part(start, len(seen))
