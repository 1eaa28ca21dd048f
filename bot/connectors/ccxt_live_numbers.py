"""Numbers on their way through ccxt, which works with floats: none loses a digit.

ccxt looks for exactly `str`, `float` and `int`, and takes what is of any other class for nothing,
so its own numbers stay floats. A float holds 15 digits for sure; all of them are looked up in the
exchange's own words, which ccxt hands on as `info`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agents.domain.money import exact


class _Handed(float):
    """A float to ccxt, which writes an amount that it is handed with `str`."""

    text: str

    def __str__(self) -> str:
        return self.text


def handed(value: Decimal) -> float:
    """`value` as `create_order` may have it: with all its digits, and without an exponent."""
    made = _Handed(value)
    made.text = f"{value:f}"
    return made


def told(value: Any, info: Any = None) -> Decimal | None:
    """The exact decimal of a number of ccxt; None for none. `info` is what it was read from."""
    if value is None or value == "":
        return None
    if not isinstance(value, float):
        return exact(value)
    return next((raw for raw in _written(info) if float(raw) == value), exact(value))


def _written(info: Any) -> list[Decimal]:
    """Every number that is written as text in `info`."""
    texts = info.values() if isinstance(info, Mapping) else ()
    return [Decimal(one) for one in texts if isinstance(one, str) and _numeric(one)]


def _numeric(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdecimal()
