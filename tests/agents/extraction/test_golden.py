"""Values that others computed. docs/datapoints.md says where a definition differs, and why."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from agents.extraction.frame import Frame
from tests.support.frames import load, made

TALIB = {
    "sma_9": ("sma", (9,), ""),
    "sma_20": ("sma", (), ""),
    "sma_50": ("sma", (50,), ""),
    "sma_200": ("sma", (200,), ""),
    "ema_9": ("ema", (9,), ""),
    "ema_20": ("ema", (), ""),
    "ema_50": ("ema", (50,), ""),
    "ema_200": ("ema", (200,), ""),
    "wma_20": ("wma", (), ""),
    "dema_20": ("dema", (), ""),
    "tema_20": ("tema", (), ""),
    "kama_30": ("kama", (30,), ""),
    "rsi_7": ("rsi", (7,), ""),
    "rsi_14": ("rsi", (), ""),
    "macd": ("macd", (), "line"),
    "macd_signal": ("macd", (), "signal"),
    "macd_hist": ("macd", (), "hist"),
    "atr_14": ("atr", (), ""),
    "natr_14": ("natr", (), ""),
    "trange": ("tr", (), ""),
    "bb_upper": ("bb", (), "upper"),
    "bb_mid": ("bb", (), "middle"),
    "bb_lower": ("bb", (), "lower"),
    "adx_14": ("adx", (), ""),
    "plus_di_14": ("adx", (), "plus"),
    "minus_di_14": ("adx", (), "minus"),
    "stoch_k": ("stoch", (), "k"),
    "stoch_d": ("stoch", (), "d"),
    "stochrsi_k": ("stochrsi", (14, 3, 1, 3), "k"),  # TA-Lib's with fastk 3, fastd 3
    "stochrsi_d": ("stochrsi", (14, 3, 1, 3), "d"),
    "cci_20": ("cci", (), ""),
    "mfi_14": ("mfi", (), ""),
    "obv": ("obv", (), ""),
    "willr_14": ("willr", (), ""),
    "roc_10": ("roc", (), ""),
    "mom_10": ("mom", (), ""),
    "sar": ("psar", (), ""),
    "aroon_down": ("aroon", (), "down"),
    "aroon_up": ("aroon", (), "up"),
    "ad": ("ad", (), ""),
    "ultosc": ("ultosc", (), ""),
    "linreg_14": ("linreg", (), ""),
    "stddev_20": ("stddev", (), ""),
    "trix_15": ("trix", (15,), ""),
    "ppo": ("ppo", (), ""),
    "cdldoji": ("doji", (), ""),
    "cdlengulfing": ("engulfing", (), ""),
    "cdlhammer": ("hammer", (), ""),
    "cdlshootingstar": ("shooting_star", (), ""),
    "cdlmorningstar": ("morning_star", (), ""),
    "cdleveningstar": ("evening_star", (), ""),
    "cdl3whitesoldiers": ("three_soldiers", (), ""),
    "cdl3blackcrows": ("three_crows", (), ""),
    "cdlharami": ("harami", (), ""),
}

# File, column, data point, parameters, output, tolerance (their rounding), candles left out at
# the beginning (another first value of a recursion).
SHEETS = [
    ("spy_aroon_oscillator.txt", "Aroon Oscillator 14", "aroon", (14,), "osc", 1e-6, 0),
    ("spy_atr_wilder.txt", "Average True Range 14", "atr", (14,), "", 1e-5, 200),
    ("spy_bollinger_bands.txt", "Moving Average 20", "bb", (20, 2), "middle", 1e-9, 0),
    ("spy_bollinger_bands.txt", "Bollinger Bands® 20 2 Top", "bb", (20, 2), "upper", 1e-6, 0),
    ("spy_bollinger_bands.txt", "BandWidth", "bb", (20, 2), "width", 1e-4, 0),
    ("spy_bollinger_bands.txt", "%B", "percent_b", (20, 2), "", 1e-4, 0),
    ("spy_cmf.txt", "CMF_20", "cmf", (20,), "", 1e-4, 0),
    ("spy_dema.txt", "DEMA_5", "dema", (5,), "", 1e-9, 0),
    ("spy_tema.txt", "TEMA_5", "tema", (5,), "", 1e-9, 0),
    ("spy_hma.txt", "HMA_16", "hma", (16,), "", 1e-9, 0),
    ("spy_kama.txt", "KAMA_5", "kama", (5,), "", 1e-9, 0),
    ("spy_mfi.txt", "Money Flow Index 20", "mfi", (20,), "", 1e-6, 0),
    ("spy_with_StochRSI.csv", "k", "stochrsi", (14, 14, 3, 3), "k", 1e-9, 0),
    ("spy_with_StochRSI.csv", "d", "stochrsi", (14, 14, 3, 3), "d", 1e-9, 0),
    ("spy_with_adx.txt", "ADX 14", "adx", (14,), "", 1e-5, 300),
    ("spy_with_adx.txt", "+DI14", "adx", (14,), "plus", 1e-4, 300),
    ("spy_with_adx.txt", "-DI14", "adx", (14,), "minus", 1e-4, 300),
    ("spy_with_cci.txt", "Commodity Channel Index (CCI) 14", "cci", (14,), "", 1e-4, 0),
    ("spy_with_don50.txt", "Donchian Channels 50 Top", "donchian", (50,), "upper", 1e-9, 0),
    ("spy_with_don50.txt", "Donchian Channels 50 Bottom", "donchian", (50,), "lower", 1e-9, 0),
    ("spy_with_ichimoku.csv", "Tenkan", "ichimoku", (9, 26, 52), "tenkan", 1e-9, 0),
    ("spy_with_ichimoku.csv", "Kijun", "ichimoku", (9, 26, 52), "kijun", 1e-9, 0),
    ("spy_with_ichimoku.csv", "Senkou A", "ichimoku", (9, 26, 52), "span_a", 1e-9, 0),
    ("spy_with_ichimoku.csv", "Senkou B", "ichimoku", (9, 26, 52), "span_b", 1e-9, 0),
    ("spy_with_indicators.txt", "SMA14", "sma", (14,), "", 1e-6, 0),
    ("spy_with_indicators.txt", "EMA14", "ema", (14,), "", 1e-6, 0),
    ("spy_with_indicators.txt", "MACD 12 26", "macd", (12, 26, 9), "line", 1e-5, 200),
    ("spy_with_indicators.txt", "RSI 14 Wilder", "rsi", (14,), "", 1e-6, 0),
    ("spy_with_macd.txt", "MACD", "macd", (12, 26, 9), "line", 1e-5, 0),
    ("spy_with_macd.txt", "Signal", "macd", (12, 26, 9), "signal", 1e-5, 0),
    ("spy_with_obv.txt", "OBV", "obv", (), "", 1e-4, 0),
    ("spy_with_stoch12k3.txt", "Stochastics 12 %K 3", "stoch", (12, 3, 5), "k", 1e-5, 0),
    ("spy_with_stoch12k3.txt", "%D 5", "stoch", (12, 3, 5), "d", 1e-5, 0),
    ("spy_with_vtx.csv", "plus_vtx", "vortex", (14,), "plus", 1e-9, 0),
    ("spy_with_vtx.csv", "minus_vtx", "vortex", (14,), "minus", 1e-9, 0),
    ("spy_with_williamsR14.txt", "Williams %R 14", "willr", (14,), "", 1e-4, 0),
    ("spy_sarext.txt", "SAR", "psar", (0.02, 0.2), "", 1e-9, 0),
    ("spy_candle_patterns.txt", "CDLDOJI", "doji", (), "", 1e-9, 0),
    ("spy_candle_patterns.txt", "CDLHAMMER", "hammer", (), "", 1e-9, 0),
    ("spy_candle_patterns.txt", "CDLENGULFING", "engulfing", (), "", 1e-9, 0),
    ("spy_candle_patterns.txt", "CDLMORNINGSTAR", "morning_star", (), "", 1e-9, 0),
    ("spy_candle_patterns.txt", "CDLPIERCING", "piercing", (), "", 1e-9, 0),
    ("cs-accum.csv", "ADLine", "ad", (), "", 1e-7, 0),
    ("cs-adx.csv", "ADX", "adx", (14,), "", 1e-6, 300),
    ("cs-adx.csv", "+DI14", "adx", (14,), "plus", 1e-6, 300),
    ("cs-bbands.csv", "HighBand", "bb", (20, 2), "upper", 1e-7, 0),
    ("cs-bbands.csv", "WidthBand", "bb", (20, 2), "width", 1e-6, 0),
    ("cs-cci.csv", "CCI", "cci", (20,), "", 1e-5, 0),
    ("cs-dc.csv", "upper_band", "donchian", (20,), "upper", 1e-9, 0),
    ("cs-kama.csv", "KAMA", "kama", (10,), "", 1e-7, 0),
    ("cs-percentr.csv", "Williams_%R", "willr", (14,), "", 1e-7, 0),
    ("cs-psar.csv", "psar_up", "psar", (0.02, 0.2), "", 1e-7, 0),
    ("cs-roc.csv", "ROC", "roc", (12,), "", 1e-7, 0),
    ("cs-soo.csv", "SO", "stoch", (14, 1, 3), "k", 1e-6, 0),
    ("cs-soo.csv", "SO_SIG", "stoch", (14, 1, 3), "d", 1e-6, 0),
    ("cs-ultosc.csv", "Ult_Osc", "ultosc", (7, 14, 28), "", 1e-7, 0),
    ("cs-vortex.csv", "+VI14", "vortex", (14,), "plus", 1e-6, 0),
    ("cs-wma.csv", "WMA", "wma", (9,), "", 1e-6, 0),
]  # fmt: skip

# The last value over one of their fixtures, rounded as they round it.
JESSE = [
    ("19", 6346031, 0, "ad", (), ""),
    ("10", 26, 0, "adx", (14,), ""),
    ("19", 10.80, 2, "adx", (14,), "plus"),
    ("19", 45.3, 1, "adx", (14,), "minus"),
    ("19", -46, 0, "ao", (), ""),
    ("19", 100, 2, "aroon", (14,), "down"),
    ("19", 64.29, 2, "aroon", (14,), "up"),
    ("19", -35.71, 2, "aroon", (14,), "osc"),
    ("2", 2.8, 1, "atr", (14,), ""),
    ("11", 145.8, 1, "bb", (20, 2), "upper"),
    ("11", 141.2, 1, "bb", (20, 2), "middle"),
    ("11", 136.7, 1, "bb", (20, 2), "lower"),
    ("12", 7.71, 2, "bb", (20, 2), "width"),
    ("19", -285.29, 2, "cci", (14,), ""),
    ("19", 28.82, 2, "chop", (14,), ""),
    ("19", -70, 0, "cmo", (9,), ""),
    ("18", 165, 0, "dema", (9,), ""),
    ("19", 277.2, 2, "donchian", (20,), "upper"),
    ("19", 189.2, 2, "donchian", (20,), "middle"),
    ("19", 134, 0, "hma", (5,), ""),
    ("18", 202, 0, "kama", (10,), ""),
    ("19", 179.56, 2, "linreg", (14,), ""),
    ("19", -15.32, 2, "macd", (12, 26, 9), "line"),
    ("19", -4.10, 2, "macd", (12, 26, 9), "signal"),
    ("19", -11.22, 2, "macd", (12, 26, 9), "hist"),
    ("19", 31.2, 1, "mfi", (9,), ""),
    ("19", -116.09, 2, "mom", (9,), ""),
    ("19", 22.55, 2, "natr", (14,), ""),
    ("19", -7, 0, "ppo", (12, 26), ""),
    ("19", 243.15, 2, "psar", (), ""),
    ("19", 192.11, 2, "rma", (5,), ""),
    ("19", -52.67, 2, "roc", (14,), ""),
    ("14", 57.84, 2, "rsi", (14,), ""),
    ("19", 37, 0, "stddev", (5,), ""),
    ("3", 53.68, 2, "stoch", (14, 3, 3), "k"),
    ("3", 49.08, 2, "stoch", (14, 3, 3), "d"),
    ("4", 21.36, 2, "stochrsi", (14, 14, 3, 3), "k"),
    ("4", 12.4, 2, "stochrsi", (14, 14, 3, 3), "d"),
    ("19", 228.45, 2, "supertrend", (10, 3), "line"),
    ("17", 213.2, 2, "tema", (9,), ""),
    ("19", 94.35, 2, "tr", (), ""),
    ("19", 211, 0, "trima", (9,), ""),
    ("19", 31.37, 2, "ultosc", (), ""),
    ("19", 0.66, 2, "vortex", (14,), "plus"),
    ("19", 1.13, 2, "vortex", (14,), "minus"),
    ("19", 134.86, 2, "vwap", (), ""),
    ("16", 195.86, 2, "vwma", (20,), ""),
    ("19", -95.61, 2, "willr", (9,), ""),
    ("19", 189.13, 2, "wma", (9,), ""),
    ("19", -3.2, 1, "zscore", (14,), ""),
]


@pytest.mark.parametrize("file", ["binance_BTCUSDT_15m_2023", "binance_ETHUSDT_5m_2024"])
def test_talib_agrees_to_1e9_after_the_same_warm_up(shared_data: Path, file: str) -> None:
    path = shared_data / f"golden/talib/{file}_talib.parquet"
    table, frame = pq.read_table(path), load(path)
    assert set(table.column_names[6:]) == set(TALIB)
    for column, (name, params, output) in TALIB.items():
        expected, found = table[column].to_numpy(), frame.point(name, params, output)
        if not column.startswith("cdl"):  # TA-Lib says 0, not unknown, before a shape can be seen
            first = int(np.argmax(~np.isnan(expected)))
            first -= 2 if column == "stochrsi_k" else 0  # TA-Lib begins .k where .d begins
            assert np.argmax(~np.isnan(found)) == first, column
        known = ~np.isnan(found) & ~np.isnan(expected)
        assert found[known] == pytest.approx(expected[known], rel=1e-9, abs=1e-12), column


def number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan


def sheet(path: Path) -> dict[str, np.ndarray]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        head, *rows = [row for row in csv.reader(lines) if len(row) > 1]
    cells = np.array([[number(cell) for cell in row[: len(head)]] for row in rows])
    return {name.strip(): cells[:, index].copy() for index, name in enumerate(head)}


def folder_of(shared_data: Path, file: str) -> Path:
    return shared_data / "golden" / ("ta_stockcharts" if file.startswith("cs-") else "lean_spy")


def frame_of(columns: dict[str, np.ndarray]) -> Frame:
    """A sheet's candles; high or close stand for prices that it does not have."""
    lower = {name.lower(): column for name, column in columns.items()}
    close = np.where(np.isnan(lower["close"]), lower.get("high", 1.0), lower["close"])
    prices = [lower.get(name, close) for name in ("open", "high", "low")]
    prices = [np.where(np.isnan(column), close, column) for column in prices]
    volume = lower.get("volume", np.ones(len(close)))
    return made("1d", *prices, close, np.nan_to_num(volume))


@pytest.mark.parametrize("case", SHEETS, ids=[f"{case[0]}-{case[1]}" for case in SHEETS])
def test_sheets_agree_to_their_own_rounding(shared_data: Path, case: tuple) -> None:
    file, column, name, params, output, tolerance, skipped = case
    columns = sheet(folder_of(shared_data, file) / file)
    expected, found = columns[column], frame_of(columns).point(name, params, output)
    known = ~np.isnan(expected) & ~np.isnan(found)
    known[:skipped] = False
    if "don50" in file:
        known[:50] = False  # they answer before the window is full
    assert known.sum() >= 2
    scale = np.median(np.abs(expected[known])) or 1.0
    assert found[known] == pytest.approx(expected[known], rel=tolerance, abs=tolerance * scale)


@pytest.mark.parametrize("case", JESSE, ids=[f"{case[3]}{case[5]}" for case in JESSE])
def test_jesse_agrees_to_the_decimals_it_states(shared_data: Path, case: tuple) -> None:
    fixture, expected, decimals, name, params, output = case
    cases = json.loads((shared_data / "golden/jesse/cases.json").read_text(encoding="utf-8"))
    rows = np.array(cases["candles"][f"test_candles_{fixture}"], dtype=float)
    _, first, close, high, low, volume = rows.T
    frame = made("1d", first.copy(), high.copy(), low.copy(), close.copy(), volume.copy())
    assert round(frame.point(name, params, output)[-1], decimals) == expected


def test_where_they_differ_they_differ(shared_data: Path) -> None:
    """If one of these begins to agree, the table in docs/datapoints.md is out of date."""
    for file, column, name, params, output in (
        ("spy_with_keltner.csv", "Keltner Channels 20 Top", "keltner", (20, 2), "upper"),
        ("spy_atr.txt", "Average True Range 14", "atr", (14,), ""),
        ("spy_with_indicators.txt", "RSI 14", "rsi", (14,), ""),
        ("spy_with_vwap.txt", "Moving VWAP 50", "vwma", (50,), ""),
        ("cs-rsi.csv", "RSI", "rsi", (14,), ""),
        ("cs-vwap.csv", "vwap", "vwap", (), ""),
    ):
        columns = sheet(folder_of(shared_data, file) / file)
        expected, found = columns[column], frame_of(columns).point(name, params, output)
        known = ~np.isnan(expected) & ~np.isnan(found)
        assert np.abs(found[known] / expected[known] - 1).max() > 1e-3, file
