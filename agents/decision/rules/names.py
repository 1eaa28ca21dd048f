"""What the words of an operand may be: columns, data points, their numbers and timeframes.

Each function answers the canonical form, or raises ValueError with a sentence for the user.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agents.decision.rules.faults import similar
from agents.decision.rules.tree import COLUMNS, number_text
from agents.domain.market import TIMEFRAMES, Timeframe
from agents.extraction import catalogue

if TYPE_CHECKING:
    from agents.extraction.datapoint import DataPoint, Parameter

OLDEST = 1000  # candles that an offset may look back
LONGEST_RUN = 100  # consecutive changes that rising and falling may ask for
LARGEST = 1e15
_DAY = Timeframe.parse("1d")
_WITH_NUMBER = re.compile(r"([a-z_]+)(\d+)")

# Words of traders for what the language calls otherwise.
_MEANT = {
    "price": "close", "last": "close", "o": "open", "h": "high", "l": "low", "c": "close",
    "v": "volume", "vol": "volume",
}  # fmt: skip


def data_point(name: str) -> DataPoint:
    """The catalogue's row for `name`."""
    if found := catalogue.lookup(name):
        return found
    raise ValueError(f"I know no data point called {name!r}.{_hint(name)}")


def _hint(name: str) -> str:
    """What may have been meant, as a sentence; empty when nothing comes near."""
    if why := catalogue.refusal(name):
        return f" It is pandas-ta's, but {why}."
    joined = _WITH_NUMBER.fullmatch(name)
    if joined and catalogue.lookup(joined[1]):
        return f" Write {joined[1]}({joined[2]})."
    if name in _MEANT:
        return f" Did you mean {_MEANT[name]}?"
    near = catalogue.suggest(name)
    return f" Did you mean {' or '.join(near)}?" if near else similar(name, COLUMNS)


def parameter(row: DataPoint, index: int, value: float) -> float:
    """`value` as parameter number `index` of `row`."""
    if index >= len(row.parameters):
        count = len(row.parameters)
        takes = f"{count} number{'s'[: count > 1]} at most" if count else "no numbers"
        raise ValueError(f"{row.name} takes {takes}.")
    wanted = row.parameters[index]
    if wanted.fault(value):
        raise ValueError(f"{row.name} needs {_range(wanted)}.")
    return value


def _range(wanted: Parameter) -> str:
    article = "an" if wanted.name[:1] in "aeiou" else "a"
    whole = "" if wanted.whole else ", with decimals if you like"
    low, high = number_text(wanted.low), number_text(wanted.high)
    return f"{article} {wanted.name} from {low} to {high}{whole}"


def output(row: DataPoint, said: str) -> str:
    """The output of `row` that `said` names; "" is the only or the main one."""
    for known in row.outputs or ("",):
        if known.lower() == said:
            return known
    named = [f".{one}" for one in row.outputs if one]
    if not named:
        raise ValueError(f"{row.name} has one value and no .{said}.")
    if not said:
        choice = " or ".join(f"{row.name}{one}" for one in named)
        raise ValueError(f"{row.name} has several values; write {choice}.")
    raise ValueError(f"{row.name} has no .{said}; it has {', '.join(named)}.")


def timeframe(word: str, base: Timeframe | None) -> str | None:
    """The canonical timeframe of `@word`; None when it is the strategy's own."""
    choice = ", ".join(TIMEFRAMES)
    try:
        found = Timeframe.parse(word)
    except ValueError:
        raise ValueError(f"{word!r} is no timeframe; use one of {choice}.") from None
    if str(found) not in TIMEFRAMES and _DAY.seconds % found.seconds:
        raise ValueError(f"Candles of {found} don't fit into a day; use one of {choice}.")
    if base is None:
        return str(found)
    if found < base:
        raise ValueError(f"@{found} is shorter than the strategy's {base}; use {base} or longer.")
    if found.seconds % base.seconds:
        raise ValueError(f"Candles of {found} can't be made of whole {base} candles.")
    return None if found == base else str(found)


def offset(value: float) -> int:
    """How many candles `[value]` looks back."""
    if value < 0:
        raise ValueError("An offset looks back: [1] is one candle earlier; it can't be negative.")
    if value != int(value) or value > OLDEST:
        raise ValueError(f"An offset is a whole number of candles up to {OLDEST}.")
    return int(value)


def run(value: float, direction: str) -> int:
    """How many consecutive changes `rising` or `falling` asks for."""
    if value != int(value) or not 1 <= value <= LONGEST_RUN:
        raise ValueError(f"{direction} needs a whole number of changes from 1 to {LONGEST_RUN}.")
    return int(value)


def number(text: str) -> float:
    """A number as written."""
    value = float(text)
    if value > LARGEST:
        raise ValueError("That number is too large.")
    return value
