"""Two processes on one PostgreSQL: whatever both do at once happens once."""

import asyncio
import itertools
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from agents.domain.order import OrderState
from agents.domain.proposal import ProposalState
from storage.database import open_database
from tests.support.desk import World
from tests.support.ledger import check_balances, check_orders
from tests.support.page_client import page_of
from tests.support.running import Running, running
from tests.support.sources import ROOT

PROPOSALS, TAPS_EACH = 25, 20  # by two processes: a thousand taps
MINUTE = 60_000_000  # microseconds, as times are stored
SENTENCES = (
    "Buy BTC when RSI(14) on 1m is below 70, stop 0.5%, target 1R, risk 1%",
    "Short ETH when RSI(14) on 1m is above 30, stop 0.5%, target 1R, risk 1%",
)


async def test_a_thousand_taps_on_the_same_cards(postgres_url: str) -> None:
    await offered(postgres_url)
    verdicts = await raced(postgres_url)
    assert sum(verdicts.values()) == 2 * PROPOSALS * TAPS_EACH == 1_000
    assert set(verdicts) <= {"done", "already", "stale_version"}, verdicts
    proposals = await asked(postgres_url, "SELECT * FROM proposals")
    entries = await asked(postgres_url, "SELECT * FROM orders WHERE purpose = 'entry'")
    ended = Counter(row["state"] for row in proposals)
    halved = sum(row["version"] > 1 for row in proposals)
    assert set(ended) <= {ProposalState.FILLED, ProposalState.VETOED, ProposalState.PENDING}
    assert all(row["version"] > 1 for row in proposals if row["state"] == ProposalState.PENDING)
    # Each tap that was told "done" moved one card once: to a half size, a veto or an order.
    assert verdicts["done"] == ended["filled"] + ended["vetoed"] + halved
    assert len(entries) == len({row["proposal_id"] for row in entries}) == ended["filled"] > 0
    assert {row["state"] for row in entries} == {OrderState.FILLED}
    await reconciled(postgres_url)


async def offered(url: str) -> None:
    """One proposal for each of as many strategies, of one owner."""
    memory = await open_database(url)
    try:
        world = World()
        await world.start(memory)
        owner = await world.user()
        for _ in range(PROPOSALS):
            await world.propose(await world.strategy(owner))
    finally:
        await memory.close()


async def raced(url: str) -> Counter[str]:
    """Both processes tap from the same moment on; the verdicts of both."""
    tappers = [await tapper(url, seed) for seed in range(2)]
    for one in tappers:
        assert one.stdout and (await one.stdout.readline()).strip() == b"ready"
    said = await asyncio.gather(*(one.communicate(b"go\n") for one in tappers))
    assert not any(errors for _, errors in said), said
    return sum((Counter(json.loads(out)) for out, _ in said), Counter())


async def tapper(url: str, seed: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.tapper", url, str(seed), str(TAPS_EACH)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def asked(url: str, query: str) -> Sequence[Mapping[str, Any]]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


async def reconciled(url: str) -> None:
    """Every account is what its fills make of it, and every filled order has one fill."""
    accounts, fills, positions, orders, funding = [
        await asked(url, f"SELECT * FROM {table}")
        for table in ("accounts", "fills", "positions", "orders", "funding")
    ]
    check_balances(accounts, fills, positions, funding)
    check_orders(orders, fills)


async def test_two_desks_share_the_work(tmp_path: Path, postgres_url: str) -> None:
    """Both look at every candle and at every order, and each is decided and filled once."""
    shared = {"DATABASE_URL": postgres_url, "PARLEY_SPEED": "300"}
    async with two_desks(tmp_path, shared) as desks:
        await anywhere(desks, "Welcome")
        for sentence in SENTENCES:
            async with page_of(desks[0]) as page:
                await page.say(sentence)
            await anywhere(desks, sentence.split()[1] + "/USDT", "stop: 0.5%", press="Activate")
        while not await traded(postgres_url):
            for desk in desks:
                await approved(desk)
        for desk in desks:
            assert await desk.terminate() == 0
            assert "Traceback" not in desk.log and " error " not in desk.log
    await decided_once(postgres_url)
    await reconciled(postgres_url)


@asynccontextmanager
async def two_desks(folder: Path, settings: dict[str, str]) -> AsyncIterator[list[Running]]:
    for name in ("one", "two"):
        (folder / name).mkdir()
    async with (
        running(folder / "one", **settings) as one,
        running(folder / "two", **settings) as two,
    ):
        yield [one, two]


async def anywhere(desks: list[Running], *words: str, press: str = "") -> None:
    """Look at the pages of both until the words are there, and press the button there."""
    for desk in itertools.cycle(desks):
        async with page_of(desk) as page:
            for number, text in page.texts().items():
                told = all(word in text for word in words)
                if told and (not press or await page.press_on(number, press)):
                    return
            await page.hear()


async def approved(desk: Running) -> None:
    """Tap Approve on every card that this page shows, as an owner at two screens might."""
    async with page_of(desk) as page:
        for number in page.texts():
            await page.press_on(number, "Approve")
        await page.hear()


async def traded(url: str) -> bool:
    """Both strategies have a closed trade and another one after it."""
    found = await asked(url, "SELECT count(*) AS n FROM fills GROUP BY account_id")
    return len(found) == len(SENTENCES) and all(row["n"] >= 3 for row in found)


async def decided_once(url: str) -> None:
    """By both processes together: no candle twice, none left out once they ran."""
    decisions = await asked(url, "SELECT * FROM decisions ORDER BY strategy_id, closed")
    keys = [(row["strategy_id"], row["symbol"], row["closed"]) for row in decisions]
    assert len(keys) == len(set(keys)) > 20
    for strategy in {row["strategy_id"] for row in decisions}:
        closes = [closed for owner, _, closed in keys if owner == strategy]
        assert all(b - a == MINUTE for a, b in itertools.pairwise(closes))
