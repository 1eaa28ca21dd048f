"""Coins that move together are found by the candles that are here, and nothing is guessed."""

import math
from decimal import Decimal

import pytest

from agents.domain.market import Candle, Candles, Timeframe
from agents.extraction.correlation import LEAST, Correlations
from agents.extraction.history import Frames
from tests.support.clock import ManualClock
from tests.support.market import ScriptedMarket

FIVE, HOUR = Timeframe.parse("5m"), Timeframe.parse("1h")


def series(symbol: str, closes: list[float], frame: Timeframe, clock: ManualClock) -> Candles:
    candles, last = Candles(symbol, frame), frame.floor(clock.now())
    for index, close in enumerate(closes):
        opened = last - frame.length * (len(closes) - index)
        candles.append(Candle(symbol, frame, opened, close, close + 1, close - 1, close, 1.0))
    return candles


async def seen(*known: Candles, clock: ManualClock) -> Correlations:
    market = ScriptedMarket(clock)
    frames = Frames(market)
    for candles in known:
        market.candles[candles.symbol, str(candles.timeframe)] = candles
        closed = candles.timeframe.floor(clock.now())
        await frames.ready(candles.symbol, candles.timeframe, closed, len(candles))
    return Correlations(frames)


WAVE = [100 * math.exp(0.01 * math.sin(index)) for index in range(80)]
OTHER = [100 * math.exp(0.01 * math.sin(index * index)) for index in range(80)]


@pytest.mark.parametrize(
    ("closes", "wanted"),
    [
        ([one * 7 for one in WAVE], Decimal(1)),
        ([10_000 / one for one in WAVE], Decimal(-1)),
        ([100.0] * 80, None),
    ],
    ids=["the same", "against it", "still"],
)
async def test_returns_that_go_together(closes: list[float], wanted: Decimal | None) -> None:
    clock = ManualClock()
    found = await seen(
        series("A/B", WAVE, FIVE, clock), series("C/D", closes, FIVE, clock), clock=clock
    )
    assert found("A/B", "C/D") == found("C/D", "A/B") == wanted


async def test_those_of_their_own_are_below_the_line() -> None:
    clock = ManualClock()
    found = await seen(
        series("A/B", WAVE, FIVE, clock), series("C/D", OTHER, FIVE, clock), clock=clock
    )
    between = found("A/B", "C/D")
    assert between is not None and abs(between) < Decimal("0.4")


async def test_nothing_is_said_of_too_few_candles_or_none_in_common() -> None:
    clock = ManualClock()
    few = series("C/D", WAVE[-LEAST:], FIVE, clock)
    found = await seen(
        series("A/B", WAVE, FIVE, clock), few, series("E/F", WAVE, HOUR, clock), clock=clock
    )
    assert found("A/B", "C/D") is None
    assert found("A/B", "E/F") is None
    assert found("A/B", "G/H") is None
    just = series("C/D", WAVE[-LEAST - 1 :], FIVE, clock)
    found = await seen(series("A/B", WAVE, FIVE, clock), just, clock=clock)
    assert found("A/B", "C/D") == 1
