"""The same signals from plain TA-Lib and pandas, which share no code with the evaluator.

Each case states a strategy in the rule language and computes its entries, stops and targets from
the definitions in the documentation. Times and sides must be the same, prices to 1e-9.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib

from agents.decision.rules import parse_lines
from agents.domain.market import Universe
from agents.domain.strategy import Sides, StrategySpec
from agents.domain.symbols import resolve
from bot.commands.signals import Streams, run

Table = pd.DataFrame


def table_of(path: Path, rule: str | None = None) -> Table:
    """Candles indexed by open time; with `rule` resampled, unfinished ends left out."""
    raw = pd.read_parquet(path)
    raw.index = pd.to_datetime(raw["timestamp"], unit="ms", utc=True)
    raw = raw.drop(columns="timestamp")
    return raw if rule is None else longer(raw, rule)


def opens(table: Table) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(table.index)


def longer(table: Table, rule: str) -> Table:
    step = pd.Timedelta(table.index[1] - table.index[0])
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    made = table.resample(rule, label="left", closed="left", origin="epoch").agg(how).dropna()
    begun = made.index >= table.index[0]
    over = opens(made) + pd.Timedelta(rule) <= table.index[-1] + step
    return made[begun & over]


def known_at(table: Table, step: str, series: pd.Series, rule: str) -> pd.Series:
    """The last value of a longer timeframe that had closed by the close of each candle."""
    by_close = pd.Series(series.to_numpy(), pd.DatetimeIndex(series.index) + pd.Timedelta(rule))
    closes = opens(table) + pd.Timedelta(step)
    return pd.Series(by_close.reindex(closes, method="ffill").to_numpy(), index=table.index)


def both_known(*columns: "pd.Series | np.ndarray") -> np.ndarray:
    return np.logical_and.reduce([np.isfinite(np.asarray(column)) for column in columns])


def array(series: pd.Series) -> np.ndarray:
    return series.to_numpy(dtype=np.float64)


@dataclass(frozen=True)
class Expected:
    """Entries by candle, and the stop and targets that they would have (NaN: no such thing)."""

    long: np.ndarray
    short: np.ndarray
    stop_long: np.ndarray
    stop_short: np.ndarray
    targets: Callable[[float, float, int, int], list[float]]
    """Takes price, stop, sign of the side, and the candle."""


@dataclass(frozen=True)
class Case:
    text: str
    file: str
    step: str
    compute: Callable[[Table], Expected]
    resampled: bool = False


def r_multiples(*multiples: float) -> Callable[[float, float, int, int], list[float]]:
    return lambda price, stop, sign, at: [price + sign * r * abs(price - stop) for r in multiples]


def nothing(table: Table) -> np.ndarray:
    return np.zeros(len(table), dtype=bool)


# --- the cases --------------------------------------------------------------------------------


def pullback(t: Table) -> Expected:
    """rsi under 30 above the 4h average; stop in ranges."""
    close = array(t["close"])
    rsi = talib.RSI(close, 14)
    higher = longer(t, "4h")
    average = pd.Series(talib.EMA(array(higher["close"]), 200), index=higher.index)
    line = array(known_at(t, "15min", average, "4h"))
    atr = talib.ATR(array(t["high"]), array(t["low"]), close, 14)
    entry = both_known(rsi, line) & (rsi < 30) & (close > line)
    return Expected(entry, nothing(t), close - 1.5 * atr, close + 1.5 * atr, r_multiples(2))


def breakout(t: Table) -> Expected:
    """Crosses of the extremes of the candles before, both sides, with volume for the short."""
    close, volume = t["close"], t["volume"]
    top = array(t["high"].rolling(20).max().shift(1))
    floor = array(t["low"].rolling(20).min().shift(1))
    was, was_top, was_floor = array(close.shift(1)), _back(top), _back(floor)
    usual = array(volume.shift(1).rolling(20).mean())
    with np.errstate(all="ignore"):
        busy = array(volume) / usual > 1.5
    now = array(close)
    up = both_known(was, was_top, top) & (was <= was_top) & (now > top)
    down = both_known(was, was_floor, floor, usual) & (usual > 0)
    down &= (was >= was_floor) & (now < floor) & busy
    return Expected(up, down, now * 0.98, now * 1.02, lambda *_: [])


def quiet_reversal(t: Table) -> Expected:
    """not, between and a cross of two outputs, on hours made of five minutes."""
    high, low, close = array(t["high"]), array(t["low"]), array(t["close"])
    ema = talib.EMA(close, 50)
    k, d = talib.STOCH(high, low, close, 14, 3, slowd_period=3)
    adx = talib.ADX(high, low, close, 14)
    entry = both_known(ema, _back(k), _back(d), k, d, adx) & ~(close < ema)
    entry &= (_back(k) <= _back(d)) & (k > d) & (adx >= 20) & (adx <= 40)
    floor = array(t["low"].rolling(10).min().shift(1))
    return Expected(entry, nothing(t), floor, floor, r_multiples(3))


def sweep(t: Table) -> Expected:
    """Yesterday's low broken and taken back; the target is yesterday's high."""
    day = opens(t).floor("1D")
    whole = t.groupby(day).agg({"high": "max", "low": "min", "close": "last"})
    before = whole.shift(1, freq="1D").reindex(day)
    low_before, high_before = array(before["low"]), array(before["high"])
    entry = both_known(low_before) & (array(t["low"]) < low_before)
    entry &= array(t["close"]) > low_before
    close = array(t["close"])
    return Expected(
        entry, nothing(t), close * 0.99, close, lambda price, stop, sign, at: [high_before[at]]
    )


def under_the_average_price(t: Table) -> Expected:
    """Under the day's volume-weighted price while rsi falls three times in a row."""
    day = opens(t).floor("1D")
    typical = (t["high"] + t["low"] + t["close"]) / 3
    money = (typical * t["volume"]).groupby(day).cumsum()
    vwap = array(money / t["volume"].groupby(day).cumsum())
    rsi = pd.Series(talib.RSI(array(t["close"]), 14))
    changes = np.column_stack([array(rsi.shift(back).diff()) for back in range(3)])
    falling = both_known(*changes.T) & (changes < 0).all(axis=1)
    close = array(t["close"])
    short = both_known(vwap, rsi) & (close < vwap) & falling
    return Expected(
        nothing(t), short, close, close * 1.01, lambda price, stop, sign, at: [price * 0.98]
    )


def daily_trend(t: Table) -> Expected:
    """Above a rising daily average; hours bought on the cross of MACD; shares at two targets."""
    days = longer(t, "24h")
    average = pd.Series(talib.EMA(array(days["close"]), 20), index=days.index)
    line = array(known_at(t, "1h", average, "24h"))
    rising = array(known_at(t, "1h", _rising(average, 1), "24h"))
    close = array(t["close"])
    macd, signal, _ = talib.MACD(close, 12, 26, 9)
    entry = both_known(line, rising, _back(macd), _back(signal)) & (close > line) & (rising == 1)
    entry &= (_back(macd) <= _back(signal)) & (macd > signal)
    floor = array(t["low"].rolling(10).min())
    return Expected(entry, nothing(t), floor, floor, r_multiples(1.5, 3))


def warm_up(t: Table) -> Expected:
    """Three-valued: a true half of an `or` decides while the other half is not known yet."""
    close = array(t["close"])
    average = talib.SMA(close, 500)
    change = (close / _back(close) - 1) * 100
    known = np.isfinite(average)
    high = known & (close > average * 1.05)
    drop = both_known(change) & (change < -1)
    entry = drop | high
    shorts = both_known(_back(close, 3)) & (close > _back(close, 3) * 1.02) & known
    shorts &= ~(close < average)
    return Expected(
        entry & ~shorts,
        shorts & ~entry,
        close * 0.97,
        np.maximum.reduce([array(t["high"]), _back(array(t["high"]))]),
        r_multiples(2),
    )


def bands(t: Table) -> Expected:
    """Bands, an offset on a longer timeframe, arithmetic in the rule and in the stop."""
    close = array(t["close"])
    upper, middle, lower = talib.BBANDS(close, 20, 2, 2)
    hours = longer(t, "1h")
    earlier = array(known_at(t, "5min", hours["close"].shift(2), "1h"))
    atr = talib.ATR(array(t["high"]), array(t["low"]), close, 14)
    ema = talib.EMA(close, 50)
    entry = both_known(lower, upper, earlier) & (close < lower + 0.1 * (upper - lower))
    entry &= close > earlier * 0.99
    return Expected(
        entry,
        nothing(t),
        ema - 3 * atr,
        close,
        lambda price, stop, sign, at: [middle[at], 70000.0],
    )


def weekly_momentum(t: Table) -> Expected:
    """Weeks from Monday, runs of longer candles, chained comparisons, both sides with stops."""
    weeks = longer_weeks(t)
    average = pd.Series(talib.SMA(array(weeks["close"]), 5), index=weeks.index)
    line = array(known_at(t, "4h", average, "7D"))
    days = longer(t, "24h")
    runs = array(known_at(t, "4h", _rising(days["close"], 3), "24h"))
    drops = array(known_at(t, "4h", _rising(-days["close"], 3), "24h"))
    close = array(t["close"])
    long = both_known(line, runs) & (close > line) & (runs == 1)
    short = both_known(line, drops) & (close < line) & (drops == 1)
    top = array(t["high"].rolling(6).max())
    return Expected(long, short, close * 0.95, top, r_multiples(2))


def longer_weeks(t: Table) -> Table:
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    made = t.resample("W-MON", label="left", closed="left").agg(how).dropna()
    step = pd.Timedelta(t.index[1] - t.index[0])
    over = opens(made) + pd.Timedelta("7D") <= t.index[-1] + step
    return made[(made.index >= t.index[0]) & over]


def _rising(series: pd.Series, count: int) -> pd.Series:
    changes = pd.concat([series.shift(back).diff() for back in range(count)], axis=1)
    result = (changes > 0).all(axis=1).astype(float)
    return result.where(changes.notna().all(axis=1))


def _back(values: np.ndarray, count: int = 1) -> np.ndarray:
    return np.concatenate([np.full(count, np.nan), values[:-count]])


CASES = {
    "multi-timeframe": Case(
        "BTC/USDT 15m\nentry long: rsi(14) < 30 and close > ema(200)@4h\nstop: 1.5 atr\ntarget: 2R",
        "candles/binance_BTCUSDT_15m_2023.parquet", "15min", pullback,
    ),
    "crosses with offsets": Case(
        "SOL/USDT 5m entry long: close crosses above highest(20)[1] entry short: close crosses"
        " below lowest(20)[1] and rvol(20) > 1.5 stop: 2%",
        "candles/binance_SOLUSDT_5m_2024.parquet", "5min", breakout,
    ),
    "resampled": Case(
        "ETHUSDT, 1h. Entry Long: NOT (close < ema(50)) AND stoch(14,3,3).k crosses above"
        " stoch(14,3,3).d AND adx(14) between 20 and 40; stop below lowest(10)[1]; 3R",
        "candles/binance_ETHUSDT_5m_2024.parquet", "1h", quiet_reversal, resampled=True,
    ),
    "the day before": Case(
        "BTC 15m entry long: low < prev_day.low and close > prev_day.low stop: 1%"
        " target: prev_day.high",
        "candles/binance_BTCUSDT_15m_2023.parquet", "15min", sweep,
    ),
    "vwap and falling": Case(
        "SOL 5m entry short: close < vwap and rsi(14) falling 3; stop 1%; target 2%",
        "candles/binance_SOLUSDT_5m_2024.parquet", "5min", under_the_average_price,
    ),
    "daily trend": Case(
        "BTC 1h entry long: close > ema(20)@1d and ema(20)@1d rising 1 and macd.line crosses above"
        " macd.signal stop: below lowest(10) target: 50% at 1.5R, rest at 3R",
        "candles/binance_BTCUSDT_15m_2023.parquet", "1h", daily_trend, resampled=True,
    ),
    "warm-up": Case(
        "BTC 5m entry long: (change(1) < -1 or close > sma(500)*1.05) and"
        " not (close > close[3]*1.02 and not (close < sma(500)))"
        " entry short: close > close[3]*1.02 and not (close < sma(500)) and"
        " not (change(1) < -1 or close > sma(500)*1.05)"
        " stop: long 3%, short above highest(2) target: 2R",
        "candles/binance_BTCUSDT_5m_2024.parquet", "5min", warm_up,
    ),
    "bands and arithmetic": Case(
        "BTC 5m entry long: close < bb(20,2).lower + 0.1*(bb.upper - bb.lower) and"
        " close > close@1h[2]*0.99 stop: ema(50) - 3*atr(14)"
        " target: 50% at bb.middle, rest at price 70000",
        "candles/binance_BTCUSDT_5m_2024.parquet", "5min", bands,
    ),
    "weeks": Case(
        "BTC 4h entry long: close > sma(5)@1w and close@1d rising 3 entry short: close < sma(5)@1w"
        " and close@1d falling 3 stop: long 5%, short above highest(6) target: 2R",
        "candles/binance_BTCUSDT_5m_2024.parquet", "4h", weekly_momentum, resampled=True,
    ),
}  # fmt: skip


def understand(text: str, universe: Universe) -> StrategySpec:
    """The rule language alone, so that only its evaluation is compared."""
    lines = parse_lines(text)
    symbol = resolve(lines.header.replace(",", " ").split()[0], universe).symbol
    said = {name: rule for name, rule in lines.lines.items() if name != "target"}
    return StrategySpec.model_validate(
        {"symbols": [symbol], "side": Sides.BOTH, "timeframe": lines.timeframe}
        | {"targets": lines.targets}
        | said
    )


def signals(expected: Expected, table: Table, step: str) -> list[dict[str, object]]:
    """What the command should print."""
    close = array(table["close"])
    rows: list[dict[str, object]] = []
    closes = opens(table) + pd.Timedelta(step)
    for at in map(int, np.flatnonzero(expected.long != expected.short)):
        side, sign = ("long", 1) if expected.long[at] else ("short", -1)
        stop = (expected.stop_long if sign > 0 else expected.stop_short)[at]
        if not np.isfinite(stop) or (close[at] - stop) * sign <= 0:
            continue
        rows.append(
            {
                "time": closes[at].isoformat(),
                "side": side,
                "price": close[at],
                "stop": stop,
                "targets": expected.targets(close[at], stop, sign, at),
            }
        )
    return rows


@pytest.mark.parametrize("name", CASES)
def test_signals_agree_with_plain_talib_and_pandas(name: str, shared_data: Path) -> None:
    case = CASES[name]
    path = shared_data / case.file
    table = table_of(path, case.step if case.resampled else None)
    expected = signals(case.compute(table), table, case.step)
    assert len(expected) > 20, "a case without signals shows nothing"

    out, err = StringIO(), StringIO()
    code = run([case.text, "--candles", str(path)], understand, Streams(out, err))
    assert (code, err.getvalue()) == (0, "")
    found = [json.loads(line) for line in out.getvalue().splitlines()]

    assert [(row["time"], row["side"]) for row in found] == [
        (row["time"], row["side"]) for row in expected
    ]
    for mine, theirs in zip(found, expected, strict=True):
        assert mine["price"] == theirs["price"]
        assert mine["stop"] == pytest.approx(theirs["stop"], rel=1e-9)
        assert mine["targets"] == pytest.approx(theirs["targets"], rel=1e-9)
