"""The order in which parts wake and stop, and what happens when one of them does not."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from agents.domain.errors import MarketUnavailable, OperatorNeeded, TryAgain
from agents.domain.market import MarketHealth, MarketState
from agents.domain.proposal import ProposalState
from agents.domain.strategy import StrategyState
from agents.domain.user import NoticeKind
from bot.running import CLOCK_NOTE, MARKET_NOTE, Parley, Parts
from handlers.chat import PlatformHealth
from tests.support.clock import START
from tests.support.desk import World

SOON = 10.0
QUICK = 0.05
"""Seconds for a stop of a desk whose parts hang; nothing is measured."""


class Part:
    """Notes when it starts and stops; `stops` is what happens then."""

    name = "part"
    receive = None

    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self.log = log
        self.stops: Callable[[], Awaitable[None]] | None = None
        self.address = "http://127.0.0.1:8080"

    async def start(self, receiver: Any = None) -> None:
        self.log.append(f"{self.name} starts")

    async def stop(self) -> None:
        self.log.append(f"{self.name} stops")
        if self.stops is not None:
            await self.stops()

    def health(self) -> PlatformHealth:
        return PlatformHealth(self.name, connected=True)


class Timing(Part):
    def __init__(self, log: list[str]) -> None:
        super().__init__("timing", log)
        self.started = asyncio.Event()

    def start(self) -> None:  # type: ignore[override]
        self.log.append("timing starts")
        self.started.set()


class House:
    """A desk of recorded parts on a world that outlives it."""

    def __init__(self, world: World, market: str = "simulated", *, played: bool = True) -> None:
        self.log: list[str] = []
        self.world = world
        self.paused: list[float] = []
        names = ("web", "clerk", "postman", "telegram", "connection")
        self.part = {name: Part(name, self.log) for name in names}
        self.timing = Timing(self.log)
        self.begun: Any = None
        world.market.start = self._market_start  # type: ignore[method-assign]
        world.market.stop = self._market_stop  # type: ignore[method-assign]
        self.parley = Parley(
            world.memory,
            world.clock,
            world.market,
            world.desk,
            market_name=market,
            played=played,
            pause=self._pause,
        )
        self.parts = Parts(
            web=self.part["web"],
            clerk=self.part["clerk"],  # type: ignore[arg-type]
            postman=self.part["postman"],
            platforms={"telegram": self.part["telegram"]},  # type: ignore[dict-item]
            timing=self.timing,
            mail=(),
            closing=[self.part["connection"].stop],
            token="abc",
        )

    async def _market_start(self, resume_at=None) -> None:
        self.log.append("market starts")
        self.begun = resume_at

    async def _market_stop(self) -> None:
        self.log.append("market stops")

    async def _pause(self, seconds: float) -> None:
        self.paused.append(seconds)

    async def start(self) -> str:
        address = await self.parley.start(self.parts)
        async with asyncio.timeout(SOON):
            await self.timing.started.wait()
        return address


async def house(world: World | None = None, market: str = "simulated", **more: Any) -> House:
    world = world or World()
    await world.start()
    return House(world, market, **more)


# --- the order ------------------------------------------------------------------------------------


async def test_time_runs_only_once_everything_else_is_there() -> None:
    made = await house()
    assert await made.start() == "http://127.0.0.1:8080/?token=abc"
    assert made.log == [
        "web starts",
        "market starts",
        "telegram starts",
        "clerk starts",
        "postman starts",
        "timing starts",
    ]


async def test_what_brings_work_stops_before_what_does_it() -> None:
    made = await house()
    await made.start()
    made.log.clear()
    await made.parley.stop()
    assert made.log == [
        "timing stops",
        "telegram stops",
        "clerk stops",
        "market stops",
        "postman stops",
        "web stops",
        "connection stops",
    ]


@pytest.mark.parametrize("name", ["timing", "telegram", "clerk", "postman", "web", "connection"])
async def test_a_part_that_hangs_or_breaks_keeps_no_other_from_stopping(name: str) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    async def deaf() -> None:
        """Does not even hear that it is cancelled, for a while."""
        for _ in range(3):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    async def broken() -> None:
        raise RuntimeError("it is broken")

    for stops in (hang, deaf, broken):
        made = await house()
        await made.start()
        part = made.timing if name == "timing" else made.part[name]
        part.stops = stops
        made.parley.stop_seconds = QUICK
        made.log.clear()
        async with asyncio.timeout(SOON):
            await made.parley.stop()
        assert len(made.log) == 7, stops.__name__
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            for _ in range(4):
                task.cancel()
                await asyncio.wait({task}, timeout=0.001)


async def test_a_desk_that_never_started_stops_its_market() -> None:
    """As the doctor does: it looked at the market, and nothing else ran."""
    made = await house()
    await made.parley.stop()
    assert made.log == ["market stops"]


async def test_it_waits_for_a_market_that_is_away_and_for_any_other_fault() -> None:
    made = await house()
    faults: list[Exception] = [MarketUnavailable(), RuntimeError("of ours")]
    real = made.parley.watch_symbols

    async def watch_symbols() -> None:
        if faults:
            raise faults.pop()
        await real()

    made.parley.watch_symbols = watch_symbols  # type: ignore[method-assign]
    await made.start()
    assert made.parley.awake
    assert made.paused == [2.0, 2.0]
    await made.parley.stop()


# --- the market's time ---


async def test_a_played_market_goes_on_where_it_stopped() -> None:
    world = World()
    made = await house(world)
    await made.start()
    assert made.begun is None
    world.clock.advance(3_000)
    await made.parley.stop()
    again = await house(world)
    await again.start()
    assert again.begun == START + timedelta(seconds=3_000)
    await again.parley.stop()


async def test_after_a_kill_it_goes_on_at_the_last_second_that_was_noted() -> None:
    world = World()
    made = await house(world)
    await made.start()
    world.clock.advance(600)
    await made.parley.every_second()
    await world.kill()
    again = await house(world)
    await again.start()
    assert again.begun == START + timedelta(seconds=600)


async def test_a_real_market_has_everybodys_time() -> None:
    world = World()
    for _ in range(2):
        made = await house(world, "ccxt:binance", played=False)
        await made.start()
        assert made.begun is None
        await made.parley.stop()
    assert await world.memory.notes.read(CLOCK_NOTE) is None


# --- another market ---


async def traded(world: World) -> tuple[int, int]:
    """A strategy with an open position, on the market `simulated`; (owner, strategy)."""
    made = await house(world)
    await made.start()
    owner = await world.user()
    strategy = await world.strategy(owner)
    await world.opened(strategy)
    await made.parley.stop()
    return owner, strategy.id


async def test_open_positions_keep_the_desk_from_another_market() -> None:
    world = World()
    owner, number = await traded(world)
    made = await house(world, "replay:candles")
    with pytest.raises(OperatorNeeded) as caught:
        await made.parley.start(made.parts)
    assert str(caught.value) == (
        "1 position is open on the market 'simulated', and prices of 'replay:candles' mean nothing"
        " to that. Start with PARLEY_MARKET=simulated and close everything (/close all), or name"
        " another DATABASE_URL."
    )
    assert made.log == []
    assert await world.memory.notes.read(MARKET_NOTE) == "simulated"
    strategy = await world.memory.strategies.get(owner, number)
    assert strategy.state is StrategyState.ACTIVE


async def test_without_positions_strategies_are_paused_and_cards_cancelled() -> None:
    world = World()
    made = await house(world)
    await made.start()
    owner = await world.user()
    strategy = await world.strategy(owner)
    await world.propose(strategy)
    await made.parley.stop()
    made = await house(world, "replay:candles")
    await made.start()
    paused = await world.memory.strategies.get(owner, strategy.id)
    assert paused.state is StrategyState.PAUSED
    assert paused.pause_reason == "the market was changed from simulated to replay:candles"
    assert [one.state for one in world.proposals] == [ProposalState.CANCELLED]
    assert made.begun is None
    await made.parley.stop()


async def test_the_time_of_an_earlier_market_is_not_taken_for_this_ones() -> None:
    """From a market of today to a replay of long ago, and a restart of that."""
    world = World()
    made = await house(world)
    await made.start()
    world.clock.advance(86_400 * 1_000)
    await made.parley.stop()
    made = await house(world, "replay:candles")
    await made.start()
    assert made.begun is None
    world.clock.begin(START)
    world.clock.advance(500)
    await made.parley.stop()
    made = await house(world, "replay:candles")
    await made.start()
    assert made.begun == START + timedelta(seconds=500)
    await made.parley.stop()


# --- how it goes ---


async def test_health_has_a_line_for_each_part() -> None:
    made = await house()
    await made.start()
    able, parts = made.parley.health()
    assert able
    assert parts == {
        "market": "scripted is live",
        "database": "ok",
        "telegram": "connected",
        "model": "none: the rules alone decide",
    }
    await made.parley.stop()


async def test_health_tells_of_a_database_that_fails_and_of_its_recovery() -> None:
    made = await house()
    await made.start()
    made.world.database.fails = TryAgain("The disk of the database is full.")
    with pytest.raises(TryAgain):
        await made.parley.every_second()
    able, parts = made.parley.health()
    assert (able, parts["database"]) == (False, "The disk of the database is full.")
    made.world.database.fails = None
    await made.parley.every_second()
    assert made.parley.health()[0]
    await made.parley.stop()


async def test_whoever_trades_is_told_once_that_the_market_has_ended() -> None:
    made = await house()
    await made.start()
    owner = await made.world.user()
    await made.world.strategy(owner)
    ended = MarketHealth("scripted", MarketState.ENDED, "The replay ended.")
    made.world.market.health = lambda: ended  # type: ignore[method-assign]
    for _ in range(3):
        await made.parley.every_second()
    (told,) = made.world.told(NoticeKind.MARKET)
    assert told == {"state": "ended", "detail": "The replay ended."}
    await made.parley.stop()


async def test_ticks_are_wanted_of_all_that_strategies_look_at() -> None:
    made = await house()
    owner = await made.world.user()
    await made.world.strategy(owner, symbols=("ETH/USDT",))
    await made.start()
    assert "ETH/USDT" in made.world.market.watched
    await made.parley.stop()
