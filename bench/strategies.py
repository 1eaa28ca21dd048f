"""Strategies of many users, on every symbol and timeframe."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import cycle

from agents.domain.strategy import Sides, StrategySpec, Target
from bench.market import SYMBOLS, TIMEFRAMES

RULES = (
    "rsi({n}) < {low} and close > ema(200)",
    "ema({n}) crosses above ema(50) and adx(14) > 25",
    "close > highest(20)[1] and rvol(20) > 2",
    "close < bb(20,2).lower and rsi({n}) < {low}",
    "macd(12,26,9).hist crosses above 0 and close > sma(100)",
    "stoch(14,3,3).k < {low} and close > vwap",
    "supertrend(10,3).direction > 0 and rsi({n}) rising 3 and mfi(14) < {low}",
    "cci(20) < -100 and natr(14) > 0.4 and close > ema({n})",
)


@dataclass(frozen=True)
class Idea:
    """A strategy before it is written down: the place of its rule, and the rule's numbers."""

    symbol: str
    timeframe: str
    rule: int
    n: int
    low: int

    def spec(self) -> StrategySpec:
        return StrategySpec(
            symbols=(self.symbol,),
            side=Sides.LONG,
            timeframe=self.timeframe,
            entry_long=RULES[self.rule].format(n=self.n, low=self.low),
            stop="1.5 atr",
            targets=(Target(at="2R", share=Decimal(1)),),
        )


def ideas(count: int) -> Iterator[Idea]:
    """`count` strategies; their rules share data points as those of real users do."""
    places = cycle((symbol, timeframe) for timeframe in TIMEFRAMES for symbol in SYMBOLS)
    for number, (symbol, timeframe) in zip(range(count), places, strict=False):
        turn = number // (len(SYMBOLS) * len(TIMEFRAMES))
        yield Idea(symbol, timeframe, turn % len(RULES), (9, 14, 21)[turn % 3], 2 + turn % 4)


def specs(count: int) -> Iterator[StrategySpec]:
    return (idea.spec() for idea in ideas(count))
