"""SIGKILL, again and again: no intent twice, no fill lost, no balance off, no message lost.

PARLEY_KILLS says how often (8 unless set); `make crash` takes 200.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from agents.execution.checkpoints import POINTS
from tests.support.books import Books
from tests.support.forking import Nursery
from tests.support.telegram_server import TelegramServer
from tests.support.trader import CHATS, Trader

KILLS = int(os.environ.get("PARLEY_KILLS", "8"))
SPEED = {"PARLEY_SPEED": "900", "PARLEY_APPROVAL_SECONDS": "20"}
# A paper broker always answers, and never refuses: these are passed beside the services alone.
NEVER_ON_PAPER = {
    *("order.unknown", "order.failing", "vote.casting", "vote.cast", "exit.released"),
    *(point for point in POINTS if point.startswith(("guard.", "funding.", "rest."))),
    *("look.seen", "adopt.done", "missing.stored"),
}
PANIC = ("panic.marking", "panic.marked", "panic.flat")
PATIENCE = 150
"""Seconds for a point to be passed, which takes twenty at most where nothing else runs."""
SOONER = {"expiry.moving": {"PARLEY_APPROVAL_SECONDS": "10"}}


@asynccontextmanager
async def trading(folder: Path, market: dict[str, str]) -> AsyncIterator[Trader]:
    async with Nursery() as nursery, TelegramServer() as server:
        trader = Trader(folder, nursery, server, {**SPEED, **market})
        await trader.start()
        await trader.begin()
        tapping = asyncio.create_task(trader.keep_tapping())
        try:
            yield trader
        finally:
            tapping.cancel()
            with suppress(asyncio.CancelledError):
                await tapping
            await trader.kill()


async def settled(trader: Trader) -> Books:
    await trader.settle()
    assert await trader.stop() == 0
    return Books(trader.database)


async def dies(trader: Trader, point: str) -> None:
    """Killed at the point, not ended by a fault before it."""
    assert not await trader.lives(PATIENCE), f"{point} was never passed"
    assert trader.desk and trader.desk.code == -signal.SIGKILL, f"{point}: it ended by itself"


def market_of(shared: Path | None) -> dict[str, str]:
    if shared is None:
        return {"PARLEY_MARKET": "simulated"}
    folder = shared / "replay_5m_2022"
    return {"PARLEY_MARKET": f"replay:{folder}", "PARLEY_REPLAY_START": "2022-01-20T00:00:00Z"}


@pytest.fixture
def shared(request: pytest.FixtureRequest) -> Path | None:
    """The real candles where they are; the simulated market otherwise."""
    try:
        return Path(request.getfixturevalue("shared_data"))
    except pytest.skip.Exception:
        return None


@pytest.mark.timeout(120 + 12 * KILLS)
async def test_killed_at_random_moments(tmp_path: Path, shared: Path | None) -> None:
    chance = random.Random(11)
    async with trading(tmp_path, market_of(shared)) as trader:
        await trader.answer("Filled")
        for _ in range(KILLS):
            await trader.lives(chance.uniform(0.05, 6))
            await trader.kill()
            await trader.start()
        books = await settled(trader)
        assert books.faults() == []
        assert trader.lying_cards() == []
        assert len(books["fills"]) > KILLS // 4


@pytest.mark.timeout(600)
async def test_killed_between_any_two_writes(tmp_path: Path, shared: Path | None) -> None:
    async with trading(tmp_path, market_of(shared)) as trader:
        for point in (p for p in POINTS if p not in NEVER_ON_PAPER and p not in PANIC):
            await trader.kill()
            await trader.start(crash_at=point, **SOONER.get(point, {}))
            await dies(trader, point)
        for point in PANIC:
            await trader.kill()
            await trader.start(crash_at=point)
            if point == PANIC[0]:  # the later ones are passed when the panic is carried on
                await trader.panic(CHATS[0])
            await dies(trader, point)
        await trader.start()
        books = await settled(trader)
        assert books.faults() == []
        assert trader.lying_cards() == []
