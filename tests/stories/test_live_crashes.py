"""Real money, killed again and again while its exchange fails: nothing doubled, lost or bare.

PARLEY_LIVE_KILLS says how many rounds (4 of each market unless set), PARLEY_LIVE_SEED where chance
begins; `make crash` takes a thousand. What is true after each round is in `live_checks` and
`live_bareness`.
"""

import logging
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.forking import Nursery
from tests.support.live_crew import LiveCrew, exchange
from tests.support.live_rounds import Rounds
from tests.support.telegram_server import TelegramServer
from tests.support.venue.records import Kind
from tests.support.venue.server import venue_server

ROUNDS = int(os.environ.get("PARLEY_LIVE_KILLS", "4"))
SEED = int(os.environ.get("PARLEY_LIVE_SEED", "11"))


log = logging.getLogger(__name__)


@asynccontextmanager
async def trading(folder: Path, kind: Kind) -> AsyncIterator[Rounds]:
    async with (
        Nursery() as nursery,
        TelegramServer() as telegram,
        venue_server(exchange(), beat=0.5) as venue,
    ):
        trails = random.Random(f"{kind} {SEED}").random() < 0.5
        crew = LiveCrew(folder, kind, nursery, telegram, venue, random.Random(SEED), trails)
        rounds = Rounds(crew, SEED)
        await rounds.begin()
        yield rounds
        await crew.kill()


@pytest.mark.timeout(240 + 40 * ROUNDS)
@pytest.mark.parametrize("kind", list(Kind), ids=str)
async def test_killed_while_the_exchange_fails(tmp_path: Path, kind: Kind) -> None:
    async with trading(tmp_path, kind) as rounds:
        for _ in range(ROUNDS):
            await rounds.round()
            log.info(rounds.told)
        books = await rounds.finish()
        assert await rounds.crew.stop() == 0
        log.info("%s rounds, %s fills: %s", ROUNDS, len(books["fills"]), rounds.counts)
        assert len(books["fills"]) > ROUNDS // 3
