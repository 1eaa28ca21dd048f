"""The long tail: every other indicator of pandas-ta, by its own name and parameters.

Outputs are the library's columns in lower case without the parameters in their names
(`VTXP_14` is `.vtxp`). pandas and pandas-ta are imported when one is first computed.
"""

import inspect
import math
import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from agents.extraction.datapoint import (
    Category,
    Column,
    DataPoint,
    Parameter,
    Params,
    unknown,
)
from agents.extraction.frame import Frame
from agents.extraction.longtail_rows import TEXT

_OTHER_MARKET = "it compares two markets, and a rule sees one"
_OTHER_SERIES = "it needs other series as its input, which a rule can't hand over"
REFUSED = {
    "beta": _OTHER_MARKET,
    "cdl_pattern": "it takes a word; the candle shapes have names of their own, like engulfing",
    "correl": _OTHER_MARKET,
    "cpr": "it rests on calendar days; use prev_day",
    "drawdown": "it counts from the first candle of the data; use highest(n)",
    "long_run": _OTHER_SERIES,
    "ma": "it takes a word; use sma, ema, wma, hma and the other averages themselves",
    "mavp": _OTHER_SERIES,
    "short_run": _OTHER_SERIES,
    "tos_stdevall": "it looks ahead: its line is drawn through later candles too",
    "tsignals": _OTHER_SERIES,
    "vp": "it looks ahead: it cuts the whole data into parts, later candles too",
    "xsignals": _OTHER_SERIES,
}
_PRICES = ("open", "high", "low", "close", "volume")
_FIXED: dict[str, Any] = {"talib": False, "centered": False}  # dpo looks ahead when centred


def names() -> tuple[str, ...]:
    """Every name of pandas-ta that is on offer."""
    return tuple(_rows())


def lookup(name: str) -> DataPoint | None:
    """The data point of that name, without importing pandas-ta."""
    return _rows().get(name)


@cache
def _rows() -> dict[str, DataPoint]:
    rows = (_row(line) for line in TEXT.strip().replace("\n  ", " ").splitlines())
    return {row.name: row for row in rows}


def _row(line: str) -> DataPoint:
    name, numbers, outputs, lookback, settle = (cell.strip() for cell in line.split("|"))
    parameters = tuple(_parameter(*number.split("=")) for number in numbers.split())
    known = max(int(lookback), max((_length(one, one.default) for one in parameters), default=0))
    cumulative = settle == "-"
    return DataPoint(
        name,
        Category.LONG_TAIL,
        f"{name} of pandas-ta" + ", counted from the first candle held" * cumulative,
        parameters,
        tuple(outputs.split()),
        partial(_scaled, parameters, known),
        partial(_scaled, parameters, 0 if cumulative else int(settle)),
        partial(_compute, name, parameters, len(outputs.split()) or 1),
        cumulative=cumulative,
    )


def _parameter(name: str, default: str) -> Parameter:
    if "." in default:
        return Parameter(name, float(default), 0.001, 1000, whole=False)
    return Parameter(name, int(default), 1, 1000)


def _length(parameter: Parameter, value: float) -> int:
    return int(value) - 1 if parameter.whole else 0


def _scaled(parameters: tuple[Parameter, ...], count: int, params: Params) -> int:
    """`count`, which holds for the defaults, for parameters that are longer."""
    longer = [
        value / parameter.default
        for parameter, value in zip(parameters, params, strict=True)
        if parameter.whole
    ]
    return math.ceil(count * max(1.0, *longer, 1.0))


def _compute(
    name: str, parameters: tuple[Parameter, ...], width: int, frame: Frame, params: Params
) -> tuple[Column, ...]:
    """The columns of pandas-ta as numbers; the longest window's first candles are unknown."""
    numbers = {
        parameter.name: int(value) if parameter.whole else value
        for parameter, value in zip(parameters, params, strict=True)
    }
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        table = _ask(name, frame, numbers)
    if table is None:
        return tuple(unknown(len(frame)) for _ in range(width))
    before = max((_length(*pair) for pair in zip(parameters, params, strict=True)), default=0)
    return tuple(_numbers(table[column], before) for column in table.columns)


def _ask(name: str, frame: Frame, numbers: dict[str, Any]) -> Any:
    """pandas-ta's answer as a DataFrame; None when it has too few candles to give one."""
    import pandas as pd
    import pandas_ta_classic

    function: Callable[..., Any] = getattr(pandas_ta_classic, name)
    index = pd.to_datetime(frame.opened, unit="ms")
    series = {
        column: pd.Series(values.copy(), index=index)
        for column, values in zip(_PRICES, frame.prices, strict=True)
    }
    wanted = inspect.signature(function).parameters
    given = {**series, "open_": series["open"], **_FIXED, **numbers}
    answer = function(**{key: value for key, value in given.items() if key in wanted})
    return answer.to_frame() if isinstance(answer, pd.Series) else answer


def _numbers(column: Any, before: int) -> Column:
    import pandas as pd

    values: Column = np.array(pd.to_numeric(column, errors="coerce"), dtype=np.float64)
    values[:before] = np.nan
    return values
