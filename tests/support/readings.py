"""What was read of a signal, as short texts to compare."""

from collections.abc import Sequence
from decimal import Decimal

from agents.domain.signal import SignalReading
from agents.domain.symbols import DEFAULT_UNIVERSE
from agents.signals.reading import read_signal

Shown = tuple[str | None, str, str, str, str, str]


def read(text: str) -> SignalReading:
    return read_signal(text, DEFAULT_UNIVERSE)


def numbers(values: Sequence[Decimal | None]) -> str:
    return " ".join(f"{value.normalize():f}" for value in values if value is not None)


def shown(reading: SignalReading) -> Shown:
    """Symbol, side, entries, targets, stop (with % where it is one), leverage."""
    stop = numbers([reading.stop]) or (numbers([reading.stop_percent]) + "%").strip("%")
    if reading.stop_percent is not None:
        stop += "%"
    entries = " ".join(filter(None, ("market" if reading.market else "", numbers(reading.entries))))
    return (
        reading.symbol,
        reading.side.value if reading.side else "",
        entries,
        numbers([target.price for target in reading.targets]),
        stop,
        numbers([reading.leverage, reading.leverage_high]),
    )
