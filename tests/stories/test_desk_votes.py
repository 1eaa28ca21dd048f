"""One desk in a Telegram group and a Discord channel, killed while three people vote from both.

The real process with both client libraries. PARLEY_ROUNDS says how many proposals: a twelfth of
it, for a group takes 20 messages a minute.
"""

import asyncio
import os
import random
import re
import string
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.stories.test_votes import Row, check_proposals
from tests.support.crew import GROUP, PEOPLE, Crew
from tests.support.discord_server import TOKEN as DISCORD_TOKEN
from tests.support.discord_server import DiscordServer
from tests.support.ledger import check_books, rows
from tests.support.running import Running, running
from tests.support.telegram_server import TOKEN, TelegramServer

ROUNDS = max(3, int(os.environ.get("PARLEY_ROUNDS", "40")) // 12)
OUTCOME = re.compile(r"(?:✅ Approved|❌ Vetoed|⌛ Expired|⛔ Refused|🚫 Cancelled)[^\n]*")
BALLOTS = re.compile(r"🗳[^\n]*")
TABLES = ("proposals", "votes", "audit", "orders")
FINAL = {"filled", "vetoed", "expired", "refused", "cancelled"}


@pytest.fixture
async def crew() -> AsyncIterator[Crew]:
    async with TelegramServer() as telegram, DiscordServer() as discord:
        yield Crew(telegram, discord)


def settings(crew: Crew) -> dict[str, str]:
    return {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": crew.telegram.url,
        "DISCORD_BOT_TOKEN": DISCORD_TOKEN,
        "DISCORD_API_URL": crew.discord.url,
        "PARLEY_ADMINS": ",".join(f"telegram:{here}" for here, _ in PEOPLE.values()),
        "PARLEY_SPEED": "600",
        "PARLEY_PRICE_TOLERANCE": "1",
        "PARLEY_MAX_SLIPPAGE_PERCENT": "100",
        "PARLEY_APPROVAL_SECONDS": "300",
    }


@pytest.mark.timeout(240 + 30 * ROUNDS)
async def test_killed_while_a_desk_votes(home: Path, crew: Crew) -> None:
    chance = random.Random(11)
    async with running(home, **settings(crew)) as desk:
        await crew.begin()
        kills = 0
        while decided(desk) < ROUNDS:
            await crew.tapped()
            if chance.random() < 0.5 and await lives(desk, chance.uniform(0, 0.4)):
                await desk.kill()
                await desk.start()
                await crew.discord.connected()
                crew.tap_all(again=True)
                kills += 1
        await settled(desk, crew)
        assert await desk.terminate() == 0
        assert kills and "Traceback" not in desk.log
        check_books(desk.database)
        tables = {name: rows(desk.database, f"SELECT * FROM {name}") for name in TABLES}
        check_proposals(tables, len(PEOPLE))
        check_cards(desk, crew)


def decided(desk: Running) -> int:
    """Proposals that were voted on and have their outcome."""
    states = rows(
        desk.database,
        "SELECT state FROM proposals WHERE id IN (SELECT proposal_id FROM votes)",
    )
    return sum(row["state"] in FINAL for row in states)


async def lives(desk: Running, seconds: float) -> bool:
    """Whether it is still running after so long."""
    assert desk._process
    try:
        await asyncio.wait_for(desk._process.wait(), seconds)
    except TimeoutError:
        return True
    return False


async def settled(desk: Running, crew: Crew) -> None:
    """Nothing new is proposed, everything has its outcome, and both places were told of it."""
    await crew.there("Ann").ask("/pause all", "paused")
    while waiting(desk):
        await crew.tapped()


def waiting(desk: Running) -> Sequence[Row]:
    return [
        *rows(desk.database, "SELECT id FROM proposals WHERE state IN ('pending', 'approved')"),
        *rows(desk.database, "SELECT id FROM proposals WHERE state = 'ordered'"),
        *rows(desk.database, "SELECT id FROM outbox WHERE state IN ('waiting', 'sending')"),
        *rows(desk.database, "SELECT id FROM inbox WHERE state = 'new'"),
    ]


def check_cards(desk: Running, crew: Crew) -> None:
    """Each card says the same on both platforms, and offers nothing any more."""
    shown: dict[str, dict[str, Any]] = defaultdict(dict)
    here = {str(message.id): message for message in crew.telegram.messages(GROUP)}
    there = {str(message.id): message for message in crew.discord.messages(crew.channel)}
    for row in rows(desk.database, "SELECT * FROM cards WHERE card LIKE 'proposal:%'"):
        known = here if row["platform"] == "telegram" else there
        number = row["message_id"].strip(string.ascii_letters)
        shown[row["card"]][row["platform"]] = known[number]
    assert len(shown) >= ROUNDS
    for card, places in shown.items():
        assert places.keys() == {"telegram", "discord"}, card
        assert not places["telegram"].keyboard and not places["discord"].buttons, card
        texts = [places[name].text for name in ("telegram", "discord")]
        outcomes = [OUTCOME.findall(text) for text in texts]
        assert outcomes[0] == outcomes[1] and len(outcomes[0]) == 1, (card, texts)
        ballots = [BALLOTS.findall(text) for text in texts]
        assert ballots[0] == ballots[1], (card, texts)
