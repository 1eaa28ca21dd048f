"""Frames for decisions: fetched once, shared, kept, and never other than the whole history."""

import asyncio
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.domain.errors import MarketUnavailable
from agents.domain.market import Candles, Timeframe, from_ms, to_ms
from agents.extraction.catalogue import CATALOGUE
from agents.extraction.frame import Frame
from agents.extraction.history import Frames
from agents.extraction.quality import Fault, FaultKind
from tests.support.frames import candles, equal, walk

M5 = Timeframe.parse("5m")


class Shop:
    """A market's history: the candles of one frame, and what was asked of it."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.asked: list[tuple[int, int]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False

    async def history(
        self, symbol: str, timeframe: Timeframe, until: datetime, count: int
    ) -> Candles:
        stop = int(np.searchsorted(self.frame.closed, to_ms(until), side="right"))
        self.asked.append((stop, count))
        await self.open.wait()
        if self.broken:
            raise MarketUnavailable
        return candles(self.frame.part(max(0, stop - count), stop))

    def close(self, index: int) -> datetime:
        return from_ms(int(self.frame.closed[index]))


async def frame_of(frames: Frames, shop: Shop, index: int, need: int) -> Frame:
    answer = await frames.ready("TEST/USDT", M5, shop.close(index), need)
    assert isinstance(answer, Frame), answer
    assert answer.closed[-1] == shop.frame.closed[index]
    return answer


async def fault_of(frames: Frames, shop: Shop, index: int, need: int = 50) -> Fault:
    answer = await frames.ready("TEST/USDT", M5, shop.close(index), need)
    assert isinstance(answer, Fault)
    return answer


def without(frame: Frame, *missing: int) -> Frame:
    kept = np.delete(np.arange(len(frame)), missing)
    prices = [column[kept] for column in frame.prices]
    return Frame(frame.symbol, frame.timeframe, frame.opened[kept], prices)


async def test_first_what_is_needed_then_the_newest_alone() -> None:
    shop = Shop(walk(1, 500))
    frames = Frames(shop)
    for index in range(300, 310):
        frame = await frame_of(frames, shop, index, 100)
        assert equal(frame, shop.frame.part(201, index + 1))
    assert shop.asked == [(301, 100)] + [(index + 1, 1) for index in range(301, 310)]


async def test_everyone_shares_one_frame_and_what_it_has_computed() -> None:
    shop = Shop(walk(1, 500))
    frames = Frames(shop)
    first = await frame_of(frames, shop, 300, 100)
    again = await frame_of(frames, shop, 300, 80)
    assert again is first
    assert again.point("rsi") is first.point("rsi")
    assert len(shop.asked) == 1


async def test_many_who_ask_at_once_are_one_fetch() -> None:
    shop = Shop(walk(1, 500))
    frames = Frames(shop)
    shop.open.clear()
    asking = [asyncio.ensure_future(frame_of(frames, shop, 300, 100)) for _ in range(50)]
    await asyncio.sleep(0)
    shop.open.set()
    answers = await asyncio.gather(*asking)
    assert all(answer is answers[0] for answer in answers)
    assert len(shop.asked) == 1


async def test_many_who_ask_a_broken_market_are_one_fetch_too() -> None:
    shop = Shop(walk(1, 500))
    frames = Frames(shop)
    shop.broken = True
    shop.open.clear()
    asking = [asyncio.ensure_future(fault_of(frames, shop, 300)) for _ in range(50)]
    await asyncio.sleep(0)
    shop.open.set()
    assert {fault.kind for fault in await asyncio.gather(*asking)} == {FaultKind.UNAVAILABLE}
    assert len(shop.asked) == 1
    [present] = frames.faults()
    assert str(present).startswith("TEST/USDT 5m: The market can't be reached")
    shop.broken = False
    await frame_of(frames, shop, 300, 100)
    assert frames.faults() == []


async def test_who_needs_more_gets_older_candles() -> None:
    shop = Shop(walk(1, 900))
    frames = Frames(shop)
    short = await frame_of(frames, shop, 800, 100)
    obv = short.point("obv").copy()
    long = await frame_of(frames, shop, 800, 700)
    assert equal(long, shop.frame.part(101, 801))
    assert shop.asked == [(801, 100), (701, 600)]
    assert np.array_equal(short.point("obv"), obv)
    assert long.point("obv")[-100:] == pytest.approx(obv)


async def test_all_there_is_is_enough() -> None:
    shop = Shop(walk(1, 60))
    frames = Frames(shop)
    for index in range(40, 50):
        frame = await frame_of(frames, shop, index, 300)
        assert equal(frame, shop.frame.part(0, index + 1))
    assert len(shop.asked) == 10
    assert np.isnan(frame.point("sma", (100,))).all()


async def test_a_missed_close_is_made_up_for() -> None:
    shop = Shop(walk(1, 500))
    frames = Frames(shop)
    await frame_of(frames, shop, 300, 100)
    assert equal(await frame_of(frames, shop, 307, 100), shop.frame.part(201, 308))
    assert shop.asked[-1] == (308, 7)
    early = await frame_of(frames, shop, 303, 100)
    assert equal(early, shop.frame.part(201, 304))
    assert len(shop.asked) == 2


async def test_after_a_long_absence_it_begins_anew() -> None:
    shop = Shop(walk(1, 900))
    frames = Frames(shop)
    await frame_of(frames, shop, 300, 100)
    assert equal(await frame_of(frames, shop, 800, 100), shop.frame.part(701, 801))
    assert shop.asked[-1] == (801, 100)


async def test_an_earlier_close_than_all_that_is_here() -> None:
    shop = Shop(walk(1, 900))
    frames = Frames(shop)
    await frame_of(frames, shop, 800, 100)
    frame = await frame_of(frames, shop, 500, 100)
    assert equal(frame.part(len(frame) - 100, len(frame)), shop.frame.part(401, 501))


async def test_a_candle_that_has_not_come_is_no_decision() -> None:
    shop = Shop(walk(1, 500).part(0, 301))
    frames = Frames(shop)
    await frame_of(frames, shop, 300, 100)
    late = shop.frame.closed[-1] + M5.ms
    answer = await frames.ready("TEST/USDT", M5, from_ms(int(late)), 100)
    assert isinstance(answer, Fault)
    assert answer.kind is FaultKind.STALE
    assert str(answer) == (
        "TEST/USDT 5m: the candle of 2024-01-02 01:10 UTC has not come; "
        "the newest is that of 2024-01-02 01:05 UTC."
    )
    shop.frame = walk(1, 500)
    assert isinstance(await frames.ready("TEST/USDT", M5, from_ms(int(late)), 100), Frame)


async def test_nothing_at_all_is_no_decision() -> None:
    shop = Shop(walk(1, 500))
    frames = Frames(shop)
    early = from_ms(int(shop.frame.opened[0]))
    answer = await frames.ready("TEST/USDT", M5, early, 100)
    assert isinstance(answer, Fault)
    assert answer.detail == "there are no candles yet."


async def test_the_candle_after_a_hole_is_no_decision_and_the_next_one_is() -> None:
    shop = Shop(without(walk(1, 500), 301, 302))
    frames = Frames(shop)
    await frame_of(frames, shop, 300, 100)
    fault = await fault_of(frames, shop, 301)
    assert fault.kind is FaultKind.GAP
    assert fault.detail.startswith("2 candles are missing before the one of")
    frame = await frame_of(frames, shop, 302, 100)
    assert equal(frame, shop.frame.part(201, 303))
    missing = from_ms(int(shop.frame.closed[300]) + M5.ms)
    answer = await frames.ready("TEST/USDT", M5, missing, 50)
    assert isinstance(answer, Fault)
    assert answer.detail.startswith("no candle closed at")


async def test_an_outlier_is_no_decision_and_spoils_nothing() -> None:
    frame = walk(1, 500)
    high = frame.high.copy()
    high[301] *= 10
    prices = [frame.open, high, *frame.prices[2:]]
    shop = Shop(Frame(frame.symbol, frame.timeframe, frame.opened, prices))
    frames = Frames(shop)
    await frame_of(frames, shop, 300, 100)
    fault = await fault_of(frames, shop, 301)
    assert fault.kind is FaultKind.OUTLIER
    assert (await fault_of(frames, shop, 302)).kind is FaultKind.GAP
    clean = await frame_of(frames, shop, 303, 100)
    assert clean.point("atr")[-1] < 2 * frame.point("atr")[300]


async def test_candles_that_nobody_needs_are_let_go() -> None:
    shop = Shop(walk(1, 4000))
    frames = Frames(shop)
    lengths = [len(await frame_of(frames, shop, index, 200)) for index in range(1000, 3900)]
    assert max(lengths) <= 1300
    assert min(lengths) >= 200
    frames.forget("TEST/USDT", M5)
    assert len(await frame_of(frames, shop, 3900, 200)) == 200


async def test_frames_that_were_handed_out_stay_as_they_are() -> None:
    shop = Shop(walk(1, 3000))
    frames = Frames(shop)
    kept: list[tuple[int, Frame, np.ndarray]] = []
    for index in range(500, 2900, 7):
        frame = await frame_of(frames, shop, index, 150)
        kept.append((index, frame, frame.point("ema", (20,)).copy()))
    for index, frame, average in kept:
        assert equal(frame, shop.frame.part(index + 1 - len(frame), index + 1))
        fresh = Frame(frame.symbol, frame.timeframe, frame.opened, frame.prices)
        assert np.array_equal(fresh.point("ema", (20,)), average, equal_nan=True)


async def test_cumulative_points_go_on_where_they_were() -> None:
    """Their level counts from the first candle held, and stays when that one is let go."""
    shop = Shop(walk(1, 4000))
    frames = Frames(shop)
    whole = {name: shop.frame.part(801, 4000).point(name) for name in ("obv", "ad")}
    for index in (*range(1000, 2300, 150), 2301, *range(2310, 3900, 170)):
        frame = await frame_of(frames, shop, index, 200 if index < 2301 else 900)
        for name, column in whole.items():
            assert frame.point(name)[-1] == pytest.approx(column[index - 801], rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1000),
    jumps=st.lists(st.integers(1, 400), min_size=3, max_size=8),
    wide=st.integers(0, 2000),
)
async def test_live_is_the_whole_history(seed: int, jumps: list[int], wide: int) -> None:
    """Whatever was held before: at each close every settled value is that of the history."""
    rows = [row for row in CATALOGUE.values() if not row.cumulative and not row.calendar]
    rows = [row for row in rows if row.name != "kama"]
    shop = Shop(walk(seed, 5500))
    frames = Frames(shop)
    need = max(row.need(row.fill(()), M5) for row in rows)
    index = need + 50
    for number, jump in enumerate(jumps):
        index += jump
        frame = await frame_of(frames, shop, index, need + (wide if number > 1 else 0))
        for row in rows:
            for output in row.outputs or ("",):
                live, history = (
                    frame.point(row.name, (), output),
                    shop.frame.point(row.name, (), output),
                )
                scale = float(np.nanmedian(np.abs(history)))
                assert live[-1] == pytest.approx(
                    history[index], rel=1e-9, abs=1e-9 * scale, nan_ok=True
                ), row.name
