"""What /status looks at: how near each rule is, without anybody waiting for a late candle."""

from datetime import timedelta

import pytest

from agents.decision.sight import Sights
from agents.domain.strategy import Sides, Window
from agents.extraction.history import Frames
from agents.watch import Watch
from tests.support.desk import World
from tests.support.line import BTC, ETH, Line, line


@pytest.fixture
async def desk() -> Line:
    return await line()


def watch(desk: Line, slept: list[float] | None = None) -> Watch:
    naps = [] if slept is None else slept

    async def pause(seconds: float) -> None:
        naps.append(seconds)

    return Watch(Sights(Frames(desk.world.market), (0.5, 1.0), pause), desk.world.clock)


async def test_a_look_for_each_symbol_and_side(desk: Line) -> None:
    strategy = await desk.strategy(
        symbols=(BTC, ETH), side=Sides.BOTH, entry_short="close < 100 and volume > 1"
    )
    desk.close(60_050)
    desk.world.clock.advance(60)
    looks = await watch(desk).look(strategy)
    assert [(one.symbol, one.side) for one in looks] == [
        (BTC, "long"),
        (BTC, "short"),
        (ETH, "long"),
        (ETH, "short"),
    ]
    (near,) = looks[0].conditions
    assert (near.text, near.value, near.waits_for, near.met) == (
        "close",
        60_050,
        "> 60100",
        False,
    )
    assert [check.met for check in looks[1].conditions] == [False, True]


async def test_the_next_look_is_the_next_close_in_both_times() -> None:
    world = World()
    world.clock.speed = 60
    await world.start()
    desk = Line(world, world.memory)
    strategy = await desk.strategy()
    desk.close()
    world.clock.advance(60)
    (look,) = await watch(desk).look(strategy)
    assert look.next_look - world.clock.now() == timedelta(minutes=4)
    assert look.next_look_wall - world.clock.wall() == timedelta(seconds=4)


async def test_hours_are_those_of_the_next_look(desk: Line) -> None:
    strategy = await desk.strategy(windows=(Window(from_="12:10", to="12:11"),))
    desk.close()
    (look,) = await watch(desk).look(strategy)
    assert look.in_hours
    desk.close()
    (look,) = await watch(desk).look(strategy)
    assert not look.in_hours


async def test_guidance_alone_has_no_conditions(desk: Line) -> None:
    strategy = await desk.strategy(entry_long=None, guidance="when it feels calm")
    desk.close()
    (look,) = await watch(desk).look(strategy)
    assert (look.side, look.conditions, look.fault) == (None, (), "")


async def test_a_candle_that_may_yet_come_shows_the_one_before(desk: Line) -> None:
    strategy = await desk.strategy()
    desk.close(60_050)
    desk.world.clock.advance(301)
    slept: list[float] = []
    (look,) = await watch(desk, slept).look(strategy)
    assert look.fault == ""
    assert look.conditions[0].value == 60_050
    assert slept == []


async def test_a_candle_that_does_not_come_is_named_and_nobody_waits(desk: Line) -> None:
    strategy = await desk.strategy()
    desk.close(60_050)
    desk.world.clock.advance(360)
    slept: list[float] = []
    (look,) = await watch(desk, slept).look(strategy)
    assert "the candle of 2026-03-02 12:10 UTC has not come" in look.fault
    assert slept == []


async def test_the_cycle_waits_for_a_late_candle(desk: Line) -> None:
    strategy = await desk.strategy()
    slept: list[float] = []

    async def pause(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            desk.world.clock.advance(-300)
            desk.close(60_500)

    sights = Sights(Frames(desk.world.market), (0.5, 1.0, 2.0), pause)
    desk.world.clock.advance(300)
    sight = await sights.see(BTC, desk.timeframe, desk.closed, (strategy,))
    assert not isinstance(sight.of(strategy), str)
    assert slept == [0.5, 1.0]


async def test_the_cycle_waits_for_a_market_that_did_not_answer(desk: Line) -> None:
    strategy = await desk.strategy()
    desk.close(60_500)
    desk.world.market.reachable = False

    async def pause(seconds: float) -> None:
        desk.world.market.reachable = seconds > 0.5

    sights = Sights(Frames(desk.world.market), (0.5, 1.0, 2.0), pause)
    sight = await sights.see(BTC, desk.timeframe, desk.closed, (strategy,))
    assert not isinstance(sight.of(strategy), str)


async def test_a_market_out_of_reach_is_a_sentence(desk: Line) -> None:
    strategy = await desk.strategy()
    desk.world.market.reachable = False
    (look,) = await watch(desk).look(strategy)
    assert look.fault == (
        "BTC/USDT 5m: The market can't be reached at the moment; it keeps being tried."
    )


async def test_frames_are_shared_by_all_who_look(desk: Line) -> None:
    """Ten looks at one candle ask the market once."""
    asked: list[int] = []
    real = desk.world.market.history

    class Counting:
        async def history(self, symbol, timeframe, until, count):
            asked.append(count)
            return await real(symbol, timeframe, until, count)

    sights = Sights(Frames(Counting()))
    found = [await desk.strategy(entry_long=f"rsi(14) < {30 + n}") for n in range(10)]
    desk.close()
    sight = await sights.see(BTC, desk.timeframe, desk.closed, found)
    contexts = {id(sight.of(strategy)) for strategy in found}
    assert len(contexts) == 1
    assert len(asked) == 1
