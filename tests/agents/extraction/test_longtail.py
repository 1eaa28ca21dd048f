"""pandas-ta's own indicators: all of them, and none that looks ahead."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pandas_ta_classic
import pytest

from agents.extraction import longtail
from agents.extraction.catalogue import CATALOGUE, lookup, refusal, suggest
from agents.extraction.datapoint import Category
from tests.support.frames import load, walk
from tests.support.sources import ROOT

NAMES = longtail.names()
FRAME = walk(31, 3000, "1h")


def test_every_indicator_is_a_row_or_refused() -> None:
    theirs = {name for names in pandas_ta_classic.Category.values() for name in names}
    assert set(NAMES) | set(longtail.REFUSED) | (set(CATALOGUE) & theirs) == theirs
    assert not set(NAMES) & (set(longtail.REFUSED) | set(CATALOGUE))


def test_knowing_the_names_does_not_import_the_library() -> None:
    """It takes a second and 80 MB, and most never need it."""
    code = (
        "import sys; from agents.extraction.catalogue import lookup, suggest;"
        "assert lookup('vhf') and not lookup('vxyz'); suggest('vxyz');"
        "print([name for name in ('pandas', 'pandas_ta_classic') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", NAMES)
def test_it_looks_at_the_past_alone(name: str) -> None:
    row = lookup(name)
    assert row is not None
    assert row.category is Category.LONG_TAIL
    whole = row.columns(FRAME, row.fill(()))
    assert tuple(whole) == (row.outputs or ("",))
    for stop in (401, 1203):
        for output, column in row.columns(FRAME.part(0, stop), row.fill(())).items():
            allowed = pytest.approx(whole[output][:stop], rel=1e-9, abs=1e-9, nan_ok=True)
            assert column == allowed, output


SETTLING = [name for name in NAMES if not longtail._rows()[name].cumulative]


@pytest.mark.parametrize("name", SETTLING)
def test_the_tail_is_enough(name: str) -> None:
    row = longtail._rows()[name]
    params = row.fill(())
    need = row.need(params, FRAME.timeframe)
    whole = row.columns(FRAME, params)
    for stop in (1900, 2999):
        tail = row.columns(FRAME.part(stop - need, stop), params)
        for output, column in whole.items():
            scale = float(np.nanmedian(np.abs(column)))
            expected = pytest.approx(column[stop - 1], rel=1e-9, abs=1e-9 * scale, nan_ok=True)
            assert tail[output][-1] == expected, output


def canonical(column: str) -> str:
    parts = [part for part in column.split("_") if not re.fullmatch(r"\d+(\.\d+)?", part)]
    return "_".join(parts).lower()


@pytest.mark.parametrize("name", [name for name in NAMES if longtail._rows()[name].outputs])
def test_outputs_are_the_columns_of_the_library(name: str) -> None:
    row = longtail._rows()[name]
    numbers = {one.name: int(one.default) if one.whole else one.default for one in row.parameters}
    columns = longtail._ask(name, FRAME, numbers).columns
    assert [canonical(column) for column in columns] == [canonical(one) for one in row.outputs]


def test_parameters_reach_the_library() -> None:
    assert not np.array_equal(FRAME.point("vhf", (10,)), FRAME.point("vhf"), equal_nan=True)
    frame = FRAME.part(0, 400)
    slow = frame.point("tsi", (20, 40, 10), "tsi")
    assert np.isnan(slow[:39]).all()
    assert not np.isnan(slow[-1])


def test_dpo_is_the_one_that_is_not_centred() -> None:
    close = FRAME.close
    average = np.convolve(close, np.ones(20) / 20, "valid")
    assert FRAME.point("dpo")[-1] == pytest.approx(close[-1] - average[-12], rel=1e-9)


def test_who_looks_ahead_is_refused_by_name() -> None:
    assert lookup("vp") is None
    assert refusal("vp") == "it looks ahead: it cuts the whole data into parts, later candles too"
    assert "it looks ahead" in (refusal("tos_stdevall") or "")
    assert refusal("beta") is not None
    assert refusal("vhf") is None
    assert "vortex" in suggest("vortx")


def test_too_few_candles_are_unknown() -> None:
    for name in NAMES:
        row = longtail._rows()[name]
        for column in row.columns(FRAME.part(0, 2), row.fill(())).values():
            assert len(column) == 2


def test_real_candles_agree_with_our_own_rows(shared_data) -> None:
    """Where the library has our definition under another name."""
    frame = load(shared_data / "candles/binance_BTCUSDT_15m_2023.parquet").part(0, 2000)
    for theirs, ours in (
        (("uo", (), ""), ("ultosc", (), "")),
        (("bbands", (20, 2.0), "bbu"), ("bb", (), "upper")),
        (("true_range", (), ""), ("tr", (), "")),
        (("stdev", (20,), ""), ("stddev", (), "")),
    ):
        expected, found = frame.point(*ours), frame.point(*theirs)
        known = ~np.isnan(expected) & ~np.isnan(found)
        assert known.sum() > 1900
        assert found[known] == pytest.approx(expected[known], rel=1e-6)


# Our point; pandas-ta's function, its parameters, the column of its answer, and what it is given.
# Its formulas are its own when TA-Lib is switched off: a second implementation of each.
TWICE = [
    (("rsi", (14,), ""), "rsi", (14,), 0, "close"),
    (("atr", (14,), ""), "atr", (14,), 0, "high low close"),
    (("adx", (14,), ""), "adx", (14,), 0, "high low close"),
    (("adx", (14,), "plus"), "adx", (14,), 1, "high low close"),
    (("adx", (14,), "minus"), "adx", (14,), 2, "high low close"),
    (("cci", (20,), ""), "cci", (20,), 0, "high low close"),
    (("mfi", (14,), ""), "mfi", (14,), 0, "high low close volume"),
    (("cmf", (20,), ""), "cmf", (), 0, "high low close volume"),
    (("kama", (10,), ""), "kama", (10,), 0, "close"),
    (("hma", (20,), ""), "hma", (20,), 0, "close"),
    (("chop", (14,), ""), "chop", (14,), 0, "high low close"),
    (("stochrsi", (14, 14, 3, 3), "k"), "stochrsi", (14, 14, 3, 3), 0, "close"),
    (("stochrsi", (14, 14, 3, 3), "d"), "stochrsi", (14, 14, 3, 3), 1, "close"),
    (("vortex", (14,), "plus"), "vortex", (14,), 0, "high low close"),
    (("willr", (14,), ""), "willr", (14,), 0, "high low close"),
    (("macd", (12, 26, 9), "hist"), "macd", (12, 26, 9), 1, "close"),
    (("supertrend", (10, 3), "direction"), "supertrend", (10, 3.0), 1, "high low close"),
]


@pytest.mark.parametrize("case", TWICE, ids=[f"{case[0][0]}{case[0][2]}" for case in TWICE])
def test_a_second_implementation_agrees_once_settled(shared_data, case) -> None:
    ours, name, params, column, given = case
    frame = load(shared_data / "candles/binance_BTCUSDT_15m_2023.parquet").part(0, 3000)
    series = [pd.Series(getattr(frame, one).copy()) for one in given.split()]
    answer = getattr(pandas_ta_classic, name)(*series, *params, talib=False)
    theirs = answer if isinstance(answer, pd.Series) else answer.iloc[:, column]
    expected, found = theirs.to_numpy(dtype=float)[1500:], frame.point(*ours)[1500:]
    scale = np.median(np.abs(expected))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9 * scale)
