"""Four pillars on which a signal is judged: trend, momentum, volume, structure and volatility.

Each pillar is the mean of its gauges, 0 (all against the signal's side) to 100 (all for it). A
gauge reads data points of the catalogue at the last closed candle. A directed one answers -1 (down)
to 1 (up), which counts 50 + 50 x for a long and 50 - 50 x for a short, so that a mirrored market
gives the other side the same score. An undirected one answers 0 (poor) to 1 (good) for both sides.
What is unknown is left out and named; nothing stands in for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite, log, nan
from typing import Any

from agents.decision.rules import Context, parse_value
from agents.decision.rules.moment import getter
from agents.domain.strategy import Side, StrategySpec

STOP_DISTANCE = "stop distance"  # from price to stop, quote currency: the signal's, no data point
LEAST_PILLARS = 2  # with fewer known ones there is no score

_HIGHER = {
    "1m": "15m",
    "3m": "30m",
    "5m": "1h",
    "15m": "1h",
    "30m": "4h",
    "1h": "4h",
    "2h": "12h",
    "4h": "1d",
    "6h": "1d",
    "12h": "1w",
    "1d": "1w",
}


class PillarName(StrEnum):
    TREND = "trend"
    MOMENTUM = "momentum"
    VOLUME = "volume"
    STRUCTURE = "structure and volatility"


@dataclass(frozen=True, slots=True)
class Gauge:
    """`points` are operands of the rule language, `{H}` in them is the higher timeframe. `reads`
    takes their values in this order."""

    pillar: PillarName
    says: str
    points: tuple[str, ...]
    reads: Callable[..., float]
    directed: bool = True

    def operands(self, higher: str) -> tuple[str, ...] | None:
        """None where it takes a higher timeframe and there is none."""
        if not higher and any("{H}" in point for point in self.points):
            return None
        return tuple(point.replace("{H}", higher) for point in self.points)


def _direction(plus: float, minus: float, strength: float) -> float:
    """How far +DI and -DI are apart (20 points count whole), as far as ADX says trend (25)."""
    return (plus - minus) / 20 * min(1.0, strength / 25)


def _usual(high: float, low: float, highest: float, lowest: float) -> float:
    """1 where the range of 20 candles is 0.45 of that of 100, as in a random walk (the root of
    20 / 100); 0 where it is 2.5 times or 1 / 2.5 of that: wild, or asleep."""
    return 1 - abs(log((high - low) / (highest - lowest) / 0.45)) / log(2.5)


def _room(distance: float, atr: float) -> float:
    """1 for a stop 1 to 5 ATR away; nearer than 0.25 it is within the noise, beyond 10 too far."""
    ranges = distance / atr
    return min((ranges - 0.25) / 0.75, (10 - ranges) / 5)


_T, _M, _V, _S = PillarName
GAUGES: tuple[Gauge, ...] = (
    Gauge(
        _T,
        "close over ema(50), 2 ATR count whole",
        ("close", "ema(50)", "atr(14)"),
        lambda close, mean, atr: (close - mean) / atr / 2,
    ),
    Gauge(
        _T,
        "ema(20) over ema(50), 1 ATR counts whole",
        ("ema(20)", "ema(50)", "atr(14)"),
        lambda fast, slow, atr: (fast - slow) / atr,
    ),
    Gauge(
        _T,
        "close over ema(50) of the higher timeframe, 2 of its ATR count whole",
        ("close", "ema(50)@{H}", "atr(14)@{H}"),
        lambda close, mean, atr: (close - mean) / atr / 2,
    ),
    Gauge(
        _T,
        "+DI over -DI, 20 points count whole, times ADX up to 25",
        ("adx(14).plus", "adx(14).minus", "adx(14)"),
        _direction,
    ),
    Gauge(_M, "RSI from 50, 20 points count whole", ("rsi(14)",), lambda rsi: (rsi - 50) / 20),
    Gauge(
        _M,
        "MACD histogram, 0.25 ATR counts whole",
        ("macd(12,26,9).hist", "atr(14)"),
        lambda histogram, atr: histogram / atr / 0.25,
    ),
    Gauge(
        _M,
        "change over 10 candles, 3 ATR count whole",
        ("mom(10)", "atr(14)"),
        lambda change, atr: change / atr / 3,
    ),
    Gauge(
        _M,
        "RSI of the higher timeframe from 50, 20 points count whole",
        ("rsi(14)@{H}",),
        lambda rsi: (rsi - 50) / 20,
    ),
    Gauge(_V, "Chaikin money flow, 0.2 counts whole", ("cmf(20)",), lambda flow: flow / 0.2),
    Gauge(
        _V,
        "OBV over 10 candles, half of what was traded counts whole",
        ("obv", "obv[10]", "volume_sma(20)"),
        lambda now, before, mean: (now - before) / (10 * mean) / 0.5,
    ),
    Gauge(
        _V,
        "volume over its mean, twice counts whole",
        ("rvol(20)",),
        lambda volume: volume / 2,
        directed=False,
    ),
    Gauge(_S, "the side on which the last swing broke", ("swing(5).trend",), float),
    Gauge(_S, "the regime over 50 candles", ("regime(50).trend",), float),
    Gauge(
        _S,
        "choppiness, 38.2 and less counts whole, from 61.8 nothing",
        ("chop(14)",),
        lambda chop: (61.8 - chop) / (61.8 - 38.2),
        directed=False,
    ),
    Gauge(
        _S,
        "range of 20 candles against that of 100, the usual counts whole",
        ("highest(20)", "lowest(20)", "highest(100)", "lowest(100)"),
        _usual,
        directed=False,
    ),
    Gauge(
        _S,
        "the signal's stop, 1 to 5 ATR away counts whole",
        (STOP_DISTANCE, "atr(14)"),
        _room,
        directed=False,
    ),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A gauge as it was read. `score` is 0 to 100 for the side, None where a value is unknown."""

    says: str
    values: Mapping[str, float | None]
    score: float | None


@dataclass(frozen=True, slots=True)
class Pillar:
    name: PillarName
    readings: tuple[Reading, ...]

    @property
    def score(self) -> float | None:
        """0 to 100; None when nothing is known."""
        return _mean([one.score for one in self.readings])

    @property
    def missing(self) -> tuple[str, ...]:
        """The data points that are unknown."""
        found = [one.values for one in self.readings]
        return tuple(
            dict.fromkeys(
                name for values in found for name, value in values.items() if value is None
            )
        )


@dataclass(frozen=True, slots=True)
class Pillars:
    """What the market says of a trade on `side`."""

    side: Side
    pillars: tuple[Pillar, ...]

    @property
    def score(self) -> float | None:
        """The mean of the pillars, 0 to 100; None with fewer than LEAST_PILLARS known ones."""
        scores = [one.score for one in self.pillars]
        known = sum(score is not None for score in scores)
        return _mean(scores) if known >= LEAST_PILLARS else None

    @property
    def values(self) -> dict[str, float | None]:
        """Every data point that was looked at, by its text."""
        return {
            name: value
            for pillar in self.pillars
            for reading in pillar.readings
            for name, value in reading.values.items()
        }

    def as_json(self) -> list[dict[str, Any]]:
        """Plain values, as stored with the signal."""
        return [
            {
                "name": pillar.name.value,
                "score": pillar.score,
                "readings": [
                    {"says": one.says, "values": dict(one.values), "score": one.score}
                    for one in pillar.readings
                ],
            }
            for pillar in self.pillars
        ]


def judged(side: Side, values: Mapping[str, float | None], higher: str) -> Pillars:
    """The pillars from the values of data points by their text; what is not among them is
    unknown. `higher` is the timeframe that `{H}` stands for, empty where there is none."""
    pillars = []
    for name in PillarName:
        gauges = [gauge for gauge in GAUGES if gauge.pillar is name]
        readings = [_read(gauge, side, values, higher) for gauge in gauges]
        pillars.append(Pillar(name, tuple(one for one in readings if one is not None)))
    return Pillars(side, tuple(pillars))


def _read(
    gauge: Gauge, side: Side, values: Mapping[str, float | None], higher: str
) -> Reading | None:
    operands = gauge.operands(higher)
    if operands is None:
        return None
    known = {name: values.get(name) for name in operands}
    return Reading(gauge.says, known, _score(gauge, side, list(known.values())))


def _score(gauge: Gauge, side: Side, values: list[float | None]) -> float | None:
    if None in values:
        return None
    try:
        found = gauge.reads(*values)
    except (ZeroDivisionError, ValueError):  # a market that does not move: the ratio is unknown
        return None
    if not isfinite(found):
        return None
    if gauge.directed:
        return 50 + 50 * side.sign * min(1.0, max(-1.0, found))
    return 100 * min(1.0, max(0.0, found))


def _mean(scores: list[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else None


# --- where the values come from -----------------------------------------------------------------


def higher_of(timeframe: str) -> str:
    """The longer timeframe that is looked at beside `timeframe`; empty where there is none."""
    return _HIGHER.get(timeframe, "")


def points(timeframe: str) -> tuple[str, ...]:
    """The operands that all gauges look at, once each."""
    higher = higher_of(timeframe)
    found = [gauge.operands(higher) or () for gauge in GAUGES]
    named = dict.fromkeys(name for operands in found for name in operands)
    return tuple(name for name in named if name != STOP_DISTANCE)


def looking(spec: StrategySpec) -> StrategySpec:
    """`spec` as one that needs every point of the gauges, besides those of its own levels."""
    rule = " or ".join(f"{name} > 0" for name in points(spec.timeframe))
    return spec.model_copy(update={"entry_long": rule, "entry_short": None})


def values_at(context: Context) -> dict[str, float | None]:
    """The gauges' data points at the context's last candle; None is unknown."""
    timeframe = str(context.base.timeframe)
    return {name: _known(_value(context, name, timeframe)) for name in points(timeframe)}


def _value(context: Context, name: str, timeframe: str) -> float:
    return getter(parse_value(name, timeframe))(context, 0, 0) if len(context.base) else nan


def _known(value: float) -> float | None:
    return value if isfinite(value) else None
