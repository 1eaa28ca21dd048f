"""The four pillars: documented formulas, no side preferred, nothing made up for what is unknown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.decision.pillars import (
    GAUGES,
    STOP_DISTANCE,
    PillarName,
    higher_of,
    judged,
    looking,
    points,
    values_at,
)
from agents.decision.rules import Context, needs
from agents.domain.market import TIMEFRAMES, Timeframe
from agents.domain.strategy import Side, Sides, StrategySpec
from agents.extraction.frame import Frame
from tests.support.frames import flat, made, walk

RISING = {
    "close": 110.0,
    "ema(20)": 106.0,
    "ema(50)": 102.0,
    "atr(14)": 2.0,
    "adx(14)": 30.0,
    "adx(14).plus": 35.0,
    "adx(14).minus": 10.0,
    "rsi(14)": 68.0,
    "macd(12,26,9).hist": 0.25,
    "mom(10)": 6.0,
    "cmf(20)": 0.1,
    "obv": 900.0,
    "obv[10]": 500.0,
    "volume_sma(20)": 100.0,
    "rvol(20)": 1.5,
    "swing(5).trend": 1.0,
    "regime(50).trend": 0.0,
    "chop(14)": 50.0,
    "highest(20)": 104.5,
    "lowest(20)": 100.0,
    "highest(100)": 110.0,
    "lowest(100)": 100.0,
    STOP_DISTANCE: 4.0,
}


def scores(side: Side, **changes: float | None) -> dict[str, float | None]:
    """By pillar, without a higher timeframe unless it is among the values."""
    found = judged(side, {**RISING, **changes}, "1h")
    return {pillar.name.value: pillar.score for pillar in found.pillars}


def test_each_pillar_is_the_mean_of_its_known_gauges() -> None:
    found = scores(Side.LONG)
    # 4 and 2 ATR over the means, and DI 25 points apart: all count whole. The higher timeframe
    # is unknown.
    assert found["trend"] == 100
    # RSI 0.9, MACD histogram 0.125 of 0.25 ATR, 3 ATR of change
    assert found["momentum"] == pytest.approx((95 + 75 + 100) / 3)
    assert found["volume"] == pytest.approx((75 + 90 + 75) / 3)
    # swing 100, regime 50, choppiness 50, usual range, a stop of 2 ATR
    assert found["structure and volatility"] == pytest.approx((100 + 50 + 50 + 100 + 100) / 5)
    whole = judged(Side.LONG, RISING, "1h")
    assert whole.score == pytest.approx(sum(score or 0 for score in found.values()) / 4)


def test_the_other_side_gets_what_is_left_and_quality_counts_for_both() -> None:
    found = scores(Side.SHORT)
    assert found["trend"] == 0
    assert found["momentum"] == pytest.approx((5 + 25 + 0) / 3)
    assert found["volume"] == pytest.approx((25 + 10 + 75) / 3)
    assert found["structure and volatility"] == pytest.approx((0 + 50 + 50 + 100 + 100) / 5)


def test_what_is_unknown_is_named_and_not_counted_as_fifty() -> None:
    found = judged(Side.LONG, {**RISING, "rsi(14)": None}, "1h")
    trend, momentum, *_ = found.pillars
    assert trend.missing == ("ema(50)@1h", "atr(14)@1h")
    assert momentum.missing == ("rsi(14)", "rsi(14)@1h")
    assert momentum.score == pytest.approx((75 + 100) / 2)
    nothing = judged(Side.LONG, {}, "1h")
    assert nothing.score is None
    assert [pillar.score for pillar in nothing.pillars] == [None] * 4
    alone = judged(Side.LONG, {"cmf(20)": 0.2}, "1h")
    assert alone.score is None and alone.pillars[2].score == 100


def test_a_market_that_stands_still_divides_by_nothing() -> None:
    context = Context.of(flat(400))
    found = judged(Side.LONG, {**values_at(context), STOP_DISTANCE: 1.0}, "1h")
    for pillar in found.pillars:
        for reading in pillar.readings:
            assert reading.score is None or 0 <= reading.score <= 100


@pytest.mark.parametrize(
    ("distance", "score"),
    [(0.2, 0), (0.5, 0), (1.25, 50), (2, 100), (10, 100), (15, 50), (20, 0), (60, 0)],
)
def test_a_stop_in_the_noise_or_far_away_is_poor(distance: float, score: float) -> None:
    found = judged(Side.SHORT, {STOP_DISTANCE: distance, "atr(14)": 2.0}, "")
    [reading] = [one for one in found.pillars[3].readings if STOP_DISTANCE in one.values]
    assert reading.score == pytest.approx(score)


@given(st.integers(0, 10_000), st.integers(120, 900))
@settings(max_examples=30, deadline=None)
def test_a_mirrored_market_gives_the_other_side_the_same_score(seed: int, count: int) -> None:
    market = walk(seed, count, "15m")
    mirror = _mirrored(market)
    distance = float(np.mean(market.high - market.low))
    for side in Side:
        here = judged(side, {**values_at(Context.of(market)), STOP_DISTANCE: distance}, "1h")
        there = judged(
            side.opposite, {**values_at(Context.of(mirror)), STOP_DISTANCE: distance}, "1h"
        )
        for one, other in zip(here.pillars, there.pillars, strict=True):
            assert one.missing == other.missing
            assert other.score == pytest.approx(one.score, abs=1e-6)


def _mirrored(market: Frame) -> Frame:
    """Prices reflected at a level, so that each rise is as large a fall."""
    level = float(market.high.max() + market.low.min())
    o, h, low, c = (
        level - column for column in (market.open, market.low, market.high, market.close)
    )
    return made(str(market.timeframe), o, h, low, c, market.volume)


@given(
    st.dictionaries(
        st.sampled_from([name for gauge in GAUGES for name in gauge.operands("1h") or ()]),
        st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
    ),
    st.sampled_from(list(Side)),
)
def test_scores_stay_between_0_and_100_whatever_the_values(
    values: dict[str, float | None], side: Side
) -> None:
    found = judged(side, values, "1h")
    every = [found.score, *(pillar.score for pillar in found.pillars)]
    assert all(score is None or 0 <= score <= 100 for score in every)


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_the_points_are_those_of_the_catalogue_on_every_timeframe(timeframe: str) -> None:
    spec = StrategySpec(symbols=("*",), side=Sides.BOTH, timeframe=timeframe, stop="1.5 atr")
    counts = needs(looking(spec))
    assert counts[timeframe] <= 1_100
    higher = higher_of(timeframe)
    assert counts.keys() == ({timeframe, higher} if higher else {timeframe})
    assert not higher or Timeframe.parse(higher) > Timeframe.parse(timeframe)
    assert any("@" in name for name in points(timeframe)) is bool(higher)


def test_a_trend_is_seen_where_there_is_one() -> None:
    steps = np.arange(700.0)
    up = 100 + steps * 0.2 + np.sin(steps / 3)
    market = made("15m", up - 0.1, up + 0.5, up - 0.6, up, np.full(700, 10.0))
    context = Context.of(market)
    long, short = (judged(side, values_at(context), "1h") for side in Side)
    assert long.score is not None and short.score is not None and long.score > short.score + 20
    assert [pillar.name for pillar in long.pillars] == list(PillarName)
    assert not {"ema(50)@1h", "rsi(14)@1h"} & {n for p in long.pillars for n in p.missing}
