"""The market as the trading sees it: timeframes, instruments, candles and ticks."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Self

from agents.domain.money import floor_to, round_to

_EPOCH_MONDAY_MS = 4 * 86_400_000  # 1970-01-05, the first Monday of the epoch
_UNIT_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def to_ms(at: datetime) -> int:
    """Milliseconds since the epoch of an aware datetime."""
    return round(at.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    """The aware UTC datetime of `ms` milliseconds since the epoch."""
    return datetime.fromtimestamp(ms / 1000, UTC)


@dataclass(frozen=True, slots=True, order=True)
class Timeframe:
    """A candle length that follows the UTC clock (weeks start on Monday)."""

    seconds: int

    def __post_init__(self) -> None:
        if self.seconds < 60 or self.seconds % 60:
            raise ValueError("a timeframe is a whole number of minutes")

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `5m`, `4h`, `1d`, `1w`; ValueError on anything else."""
        number, unit = text[:-1], text[-1:]
        if not number.isdecimal() or unit not in _UNIT_SECONDS or int(number) == 0:
            raise ValueError(f"{text!r} is no timeframe; write it like 5m, 4h, 1d or 1w")
        return cls(int(number) * _UNIT_SECONDS[unit])

    def __str__(self) -> str:
        for unit in ("w", "d", "h"):
            if self.seconds % _UNIT_SECONDS[unit] == 0:
                return f"{self.seconds // _UNIT_SECONDS[unit]}{unit}"
        return f"{self.seconds // 60}m"

    @property
    def ms(self) -> int:
        """Length in milliseconds."""
        return self.seconds * 1000

    @property
    def length(self) -> timedelta:
        return timedelta(seconds=self.seconds)

    def floor_ms(self, ms: int) -> int:
        """Open time (ms) of the candle that contains `ms`."""
        origin = _EPOCH_MONDAY_MS if self.seconds % _UNIT_SECONDS["w"] == 0 else 0
        return (ms - origin) // self.ms * self.ms + origin

    def floor(self, at: datetime) -> datetime:
        """Open time of the candle that contains `at`: the last boundary not after it."""
        return from_ms(self.floor_ms(to_ms(at)))

    def next_close(self, at: datetime) -> datetime:
        """The first boundary after `at`."""
        return self.floor(at) + self.length


TIMEFRAMES: tuple[str, ...] = (
    "1m",
    "3m",
    "5m",
    "15m",
    "30m",
    "1h",
    "2h",
    "4h",
    "6h",
    "12h",
    "1d",
    "1w",
)


class InstrumentKind(StrEnum):
    SPOT = "spot"
    LINEAR = "linear"


@dataclass(frozen=True, slots=True)
class Instrument:
    """What can be traded and in which steps. `symbol` is `BASE/QUOTE`, as in `BTC/USDT`.

    `maintenance` is the margin that an open perpetual needs at least, as a part of its value.
    """

    symbol: str
    base: str
    quote: str
    price_step: Decimal
    amount_step: Decimal
    min_amount: Decimal
    min_cost: Decimal
    kind: InstrumentKind = InstrumentKind.LINEAR
    max_leverage: int = 50
    maintenance: Decimal = Decimal("0.005")

    @property
    def top_leverage(self) -> int:
        """On spot nothing is borrowed."""
        return 1 if self.kind is InstrumentKind.SPOT else self.max_leverage

    def price(self, value: Decimal) -> Decimal:
        """`value` rounded to the price step."""
        return round_to(value, self.price_step)

    def amount(self, value: Decimal) -> Decimal:
        """`value` rounded down to the amount step (base currency)."""
        return floor_to(value, self.amount_step)


@dataclass(frozen=True, slots=True)
class FundingRate:
    """What longs of a perpetual paid shorts at `at` (negative: received), as a part of the
    position's value."""

    symbol: str
    at: datetime
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Tick:
    """A trade or quote. Prices in quote currency; bid and ask where the market has them, and how
    much is offered there, base currency, where it says that."""

    symbol: str
    at: datetime
    price: Decimal
    bid: Decimal | None = None
    ask: Decimal | None = None
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Candle:
    """One closed candle. Prices in quote currency, volume in base currency; `opened` is UTC."""

    symbol: str
    timeframe: Timeframe
    opened: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float

    @property
    def closed(self) -> datetime:
        """The instant from which the candle may be used."""
        return self.opened + self.timeframe.length


def _doubles() -> "array[float]":
    return array("d")


def _longs() -> "array[int]":
    return array("q")


@dataclass
class Candles:
    """Closed candles of one symbol and timeframe, oldest first, as columns of equal length.

    `opened` holds open times in milliseconds (int64), the others float64; numpy reads each
    without a copy by `numpy.frombuffer(candles.close)`. Treat as immutable once handed out.
    """

    symbol: str
    timeframe: Timeframe
    opened: "array[int]" = field(default_factory=_longs)
    open: "array[float]" = field(default_factory=_doubles)
    high: "array[float]" = field(default_factory=_doubles)
    low: "array[float]" = field(default_factory=_doubles)
    close: "array[float]" = field(default_factory=_doubles)
    volume: "array[float]" = field(default_factory=_doubles)

    def __len__(self) -> int:
        return len(self.opened)

    def __getitem__(self, index: int) -> Candle:
        return Candle(
            self.symbol,
            self.timeframe,
            from_ms(self.opened[index]),
            self.open[index],
            self.high[index],
            self.low[index],
            self.close[index],
            self.volume[index],
        )

    def __iter__(self) -> Iterator[Candle]:
        return (self[index] for index in range(len(self)))

    def append(self, candle: Candle) -> None:
        """Add `candle` at the end; the caller keeps the order."""
        self.opened.append(to_ms(candle.opened))
        for name in ("open", "high", "low", "close", "volume"):
            getattr(self, name).append(getattr(candle, name))

    def part(self, start: int, stop: int) -> "Candles":
        """A copy of candles `start` to `stop - 1`."""
        return Candles(
            self.symbol,
            self.timeframe,
            self.opened[start:stop],
            self.open[start:stop],
            self.high[start:stop],
            self.low[start:stop],
            self.close[start:stop],
            self.volume[start:stop],
        )


class MarketState(StrEnum):
    STARTING = "starting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class MarketHealth:
    """What /status and /health say of the market: its state, and a sentence when not live."""

    name: str
    state: MarketState
    detail: str = ""
    last_tick: datetime | None = None


@dataclass(frozen=True)
class Universe:
    """The instruments a market offers, by symbol."""

    instruments: tuple[Instrument, ...]

    @cached_property
    def by_symbol(self) -> dict[str, Instrument]:
        return {instrument.symbol: instrument for instrument in self.instruments}

    @cached_property
    def by_base(self) -> dict[str, tuple[Instrument, ...]]:
        """The instruments of each base currency, in the order of the market."""
        found: dict[str, tuple[Instrument, ...]] = {}
        for instrument in self.instruments:
            found[instrument.base] = (*found.get(instrument.base, ()), instrument)
        return found

    def __contains__(self, symbol: object) -> bool:
        return symbol in self.by_symbol
