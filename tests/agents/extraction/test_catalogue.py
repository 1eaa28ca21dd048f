"""Every row of the catalogue: its shape, its past and what it does when nothing moves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.domain.market import TIMEFRAMES, Timeframe
from agents.extraction.catalogue import CATALOGUE, lookup, names, refusal, suggest
from agents.extraction.datapoint import Category, DataPoint, Parameter
from agents.extraction.frame import Frame
from tests.support.frames import MONDAY, flat, made, walk

ROWS = tuple(CATALOGUE.values())
LONG = walk(11, 1500, "15m")
LAST = walk(12, 1500, "15m", step=0.05)

# What the rule language promises: defaults and outputs ("" is the bare name).
PROMISED = {
    "sma": ((20,), ()),
    "ema": ((20,), ()),
    "wma": ((20,), ()),
    "hma": ((20,), ()),
    "rsi": ((14,), ()),
    "macd": ((12, 26, 9), ("line", "signal", "hist")),
    "bb": ((20, 2), ("upper", "middle", "lower", "width")),
    "atr": ((14,), ()),
    "natr": ((14,), ()),
    "adx": ((14,), ("", "plus", "minus")),
    "stoch": ((14, 3, 3), ("k", "d")),
    "stochrsi": ((14, 14, 3, 3), ("k", "d")),
    "cci": ((20,), ()),
    "mfi": ((14,), ()),
    "willr": ((14,), ()),
    "roc": ((10,), ()),
    "obv": ((), ()),
    "cmf": ((20,), ()),
    "donchian": ((20,), ("upper", "middle", "lower")),
    "keltner": ((20, 2), ("upper", "middle", "lower")),
    "supertrend": ((10, 3), ("line", "direction")),
    "ichimoku": ((9, 26, 52), ("tenkan", "kijun", "span_a", "span_b")),
    "psar": ((0.02, 0.2), ()),
    "highest": ((20,), ()),
    "lowest": ((20,), ()),
    "rvol": ((20,), ()),
    "vwap": ((), ()),
    "change": ((1,), ()),
    "body": ((), ()),
    "range": ((), ()),
    "prev_day": ((), ("high", "low", "close")),
}


def columns(row: DataPoint, frame: Frame) -> dict[str, np.ndarray]:
    return row.columns(frame, row.fill(()))


@pytest.mark.parametrize("name", PROMISED)
def test_the_language_has_what_it_promises(name: str) -> None:
    defaults, outputs = PROMISED[name]
    row = CATALOGUE[name]
    assert tuple(parameter.default for parameter in row.parameters) == defaults
    assert set(outputs) <= set(row.outputs)
    assert bool(outputs) == bool(row.outputs)


def test_there_are_many_rows_in_many_families() -> None:
    assert len(names()) >= 60
    families = {row.category for row in ROWS}
    assert families == set(Category) - {Category.LONG_TAIL}
    assert len(families) >= 7


@pytest.mark.parametrize("row", ROWS, ids=names())
def test_a_row_is_well_formed(row: DataPoint) -> None:
    assert row.name == row.name.lower()
    assert row.name.replace("_", "").isalnum()
    assert row.description[-1] not in ".!"
    assert len(row.description) <= 90
    assert len(set(row.outputs)) == len(row.outputs) != 1
    for parameter in row.parameters:
        assert parameter.low <= parameter.default <= parameter.high
        assert parameter.fault(parameter.default) is None
    assert row.lookback(row.fill(())) >= 0
    assert row.settle(row.fill(())) >= 0


@pytest.mark.parametrize("row", ROWS, ids=names())
def test_columns_are_as_long_as_the_frame_and_never_infinite(row: DataPoint) -> None:
    for length in (0, 1, 2, 3, 40, 400):
        found = columns(row, LONG.part(0, length))
        assert tuple(found) == (row.outputs or ("",))
        for column in found.values():
            assert column.shape == (length,)
            assert column.dtype == np.float64
            assert not np.isinf(column).any()


WINDOWED = [row for row in ROWS if not row.calendar and row.name != "swing"]


@pytest.mark.parametrize("row", WINDOWED, ids=[row.name for row in WINDOWED])
def test_values_are_known_from_the_look_back_on(row: DataPoint) -> None:
    lookback = row.lookback(row.fill(()))
    found = columns(row, LONG)
    known = np.array([~np.isnan(column) for column in found.values()])
    assert known[:, lookback:].all()
    assert not known[:, :lookback].all(axis=0).any()


LOWEST = [row for row in WINDOWED if row.parameters]


@pytest.mark.parametrize("row", LOWEST, ids=[row.name for row in LOWEST])
@pytest.mark.parametrize("end", ["low", "high"])
def test_the_ends_of_the_ranges_can_be_computed(row: DataPoint, end: str) -> None:
    params = tuple(float(getattr(parameter, end)) for parameter in row.parameters)
    lookback = row.lookback(params)
    frame = walk(13, lookback + 30)
    for column in row.columns(frame, params).values():
        assert not np.isnan(column[lookback:]).any()


@pytest.mark.parametrize("row", ROWS, ids=names())
def test_nothing_looks_ahead(row: DataPoint) -> None:
    """The value at candle n is the same to the bit, whether or not later candles are there."""
    for frame in (LONG, LAST):
        whole = columns(row, frame)
        for stop in (1, 2, 33, 34, 101, 350, 351, 773, 1201, 1499):
            for output, column in columns(row, frame.part(0, stop)).items():
                assert np.array_equal(column, whole[output][:stop], equal_nan=True), (output, stop)


@pytest.mark.parametrize("row", ROWS, ids=names())
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), stop=st.integers(1, 400), step=st.sampled_from([0.0, 0.5]))
def test_nothing_looks_ahead_on_any_walk(row: DataPoint, seed: int, stop: int, step: float) -> None:
    frame = walk(seed, 400, "1h", step)
    whole = columns(row, frame)
    for output, column in columns(row, frame.part(0, stop)).items():
        assert np.array_equal(column, whole[output][:stop], equal_nan=True)


def test_a_point_that_is_0_by_0_is_unknown() -> None:
    """Where TA-Lib answers 0 for a market without movement, nothing is known about it."""
    still = flat(400)
    undefined = (
        "rsi", "cmo", "stoch", "stochrsi", "cci", "willr", "mfi", "cmf", "rvol", "adx", "vortex",
        "ultosc", "imi", "zscore", "percent_b", "chop", "vwma", "vwap", "avwap",
    )  # fmt: skip
    for name in undefined:
        for output, column in columns(CATALOGUE[name], still).items():
            assert np.isnan(column).all(), (name, output)


def test_a_pause_without_trades_is_unknown_and_then_over() -> None:
    """Running sums would answer rests of what they once held."""
    frame, pause = walk(4, 400), slice(150, 250)
    prices = [column.copy() for column in frame.prices]
    for column in prices[:4]:
        column[pause] = prices[3][149]
    prices[4][pause] = 0
    quiet = made("5m", *prices)
    for name in ("stoch", "cci", "willr", "mfi", "cmf", "rvol", "zscore", "percent_b", "ultosc"):
        for output, column in columns(CATALOGUE[name], quiet).items():
            assert np.isnan(column[200:250]).all(), (name, output)
            assert not np.isnan(column[290:]).any(), (name, output)


SCALED = ("rsi", "adx", "stoch", "cci", "willr", "mfi", "cmf", "natr", "roc", "ultosc", "trix")


@pytest.mark.parametrize("name", SCALED)
def test_the_smallest_coins_have_indicators_too(name: str) -> None:
    frame = walk(8, 500)
    tiny = made("5m", *(column * 2.0**-33 for column in frame.prices[:4]), frame.volume)
    for output, column in columns(CATALOGUE[name], tiny).items():
        expected = frame.point(name, (), output)
        assert column == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_what_is_needed_is_enough_for_calendar_points(timeframe: str) -> None:
    length = Timeframe.parse(timeframe)
    for row in (row for row in ROWS if row.calendar <= 172_800 and row.calendar):
        need = row.need(row.fill(()), length)
        if timeframe == "1w" and row.name == "prev_day":
            continue
        for late in (0, 1, 7):
            begin = MONDAY + late * length.ms
            ones = np.ones(need)
            frame = made(timeframe, ones, ones, ones, ones, ones, begin=begin)
            if row.name == "opening_range" and length.seconds > 3600:
                continue
            if row.name == "opening_range" and frame.closed[-1] % 86_400_000 < 3_600_000:
                continue
            for column in columns(row, frame).values():
                assert not np.isnan(column[-1]), (row.name, late)


def test_names_that_are_nearly_right_are_suggested() -> None:
    assert "supertrend" in suggest("supertrnd")
    assert "stochrsi" in suggest("StochRSI")
    assert "rsi" in suggest("rsii")
    assert len(suggest("stoc")) <= 3
    assert suggest("xqzzw") == ()
    assert lookup("xqzzw") is None
    assert refusal("xqzzw") is None
    assert refusal("rsi") is None


def test_a_parameter_names_its_fault() -> None:
    factor = Parameter("factor", 2, 0.1, 20, whole=False)
    assert factor.fault(2.5) is None
    assert factor.fault(21) == "factor goes from 0.1 to 20"
    assert factor.fault(float("nan")) == "factor goes from 0.1 to 20"
    assert Parameter("length", 14, 2, 500).fault(3.5) == "length is a whole number"
    assert Parameter("length", 14, 2, 500).fault(float("inf")) == "length goes from 2 to 500"
