"""Three people vote from two places under "2 of 3", while processes are killed: one outcome each.

PARLEY_ROUNDS says how many proposals (40 unless set).
"""

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import asyncpg
import pytest

from agents.domain.desks import Ballot, Role, Rule
from agents.domain.proposal import ProposalState
from storage.database import open_database
from tests.agents.execution.test_voting import Room
from tests.support.desk import World
from tests.support.ledger import check_balances, check_orders
from tests.support.memory import Killed
from tests.support.sources import ROOT
from tests.support.voter import FINISH, HERE, MEMBERS, RULE, THERE, offered, opened

ROUNDS = int(os.environ.get("PARLEY_ROUNDS", "40"))
AT_ONCE = 20  # proposals that two processes vote on at the same time
POINTS = {  # where one of two processes dies, and at which passing of it at the latest
    **dict.fromkeys(("vote.casting", "vote.cast"), 9),
    **dict.fromkeys(("expiry.moving", "expiry.moved", "approval.marked", "approval.ordering"), 2),
    **dict.fromkeys(("approval.ordered", "order.sending", "order.submitted"), 1),
}
Row = Mapping[str, Any]


# --- in one process, with a memory that dies ------------------------------------------------------


async def test_votes_at_once_with_kills_in_between() -> None:
    desk = await Room().open(Rule(2, 1))
    await desk.world.memory.desks.seat(
        desk.group.id, desk.people["Bob"], Role.APPROVER, desk.world.clock.wall()
    )
    chance = random.Random(3)
    other = await _another(desk.world)
    for number in range(ROUNDS):
        proposal = await desk.proposal()
        before = len(desk.world.orders)
        killed = desk.world if number % 2 else other
        killed.dies_at = len(killed.points) + chance.randrange(9)
        ballots = {name: chance.choice("aaaav") for name in MEMBERS}
        taps = [
            _tapped(where, desk, proposal, name, ballots[name])
            for name in MEMBERS
            for where in (desk.world, other)
        ]
        chance.shuffle(taps)
        await asyncio.gather(*taps)
        if killed.memory.session.dead:
            await killed.kill()
            await killed.start()
        killed.dies_at = -1
        for name in MEMBERS:  # what a kill kept from being handled is handled again
            await _tapped(desk.world, desk, proposal, name, ballots[name])
        await desk.world.desk.every_minute()
        now = await desk.now(proposal)
        votes = await desk.world.memory.desks.votes(proposal.id, 1)
        given = Counter(vote.ballot for vote in votes)
        approved = now.state in {ProposalState.ORDERED, ProposalState.FILLED}
        assert approved or now.state is ProposalState.VETOED, (number, now.state)
        assert len({vote.user_id for vote in votes}) == len(votes)
        assert given[Ballot.APPROVE] >= 2 if approved else given[Ballot.VETO] == 1
        assert len(desk.world.orders) - before == approved
        await desk.world.tick("60000")


async def _another(world: World) -> World:
    """A second process on the same database and market."""
    other = World(database=world.database, clock=world.clock)
    other.market = world.market
    await other.start()
    return other


async def _tapped(where: World, desk: Room, proposal: Any, name: str, ballot: str) -> None:
    approvals, who = where.desk.approvals, desk.people[name]
    mine = (proposal.owner_id, proposal.id, proposal.version)
    try:
        if ballot == "v":
            await approvals.veto(*mine, by=who)
        else:
            await approvals.approve(*mine, where.clock.wall(), by=who)
    except Killed:
        await asyncio.sleep(0)


# --- two processes on a real database -------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "postgres":
        found: str = request.getfixturevalue("postgres_with_tables")
        return found
    return str(request.getfixturevalue("sqlite_with_tables"))


@pytest.mark.timeout(120 + 10 * ROUNDS)
async def test_two_processes_one_of_which_is_killed(url: str) -> None:
    chance, kills = random.Random(5), 0
    memory = await open_database(url)
    group = await opened(memory)
    try:
        for batch in range(-(-ROUNDS // AT_ONCE)):
            await offered(memory, group, AT_ONCE)
            point = chance.choice(list(POINTS))
            dies = f"{point}:{chance.randint(1, POINTS[point])}"
            kills += await _raced(url, (batch + 2000, "vote.casting:5"))  # alone, it dies surely
            kills += await _raced(url, (batch, ""), (batch + 1000, dies))
            await _raced(url, (0, FINISH))
    finally:
        await memory.close()
    assert kills >= ROUNDS // AT_ONCE
    check_votes(await _tables(url), len(MEMBERS))


async def _raced(url: str, *each: tuple[int, str]) -> int:
    """Processes that all go at the same moment, until all have ended; how many were killed."""
    begun = [await _begun(url, seed, crash_at) for seed, crash_at in each]
    for one in begun:
        assert one.stdout is not None
        await one.stdout.readline()
    said = await asyncio.gather(*(one.communicate(b"go\n") for one in begun))
    for one, (_, errors), (_, crash_at) in zip(begun, said, each, strict=True):
        assert not errors, errors.decode()
        assert one.returncode == 0 or (crash_at and one.returncode == -signal.SIGKILL)
    return sum(one.returncode != 0 for one in begun)


async def _begun(url: str, seed: int, crash_at: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.voter", url, str(seed), crash_at),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


TABLES = ("proposals", "votes", "audit", "orders", "fills", "positions", "accounts", "outbox")


async def _tables(url: str) -> dict[str, Sequence[Row]]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite://"))) as raw:
            raw.row_factory = sqlite3.Row
            return {
                name: [dict(row) for row in raw.execute(f"SELECT * FROM {name} ORDER BY id")]
                for name in TABLES
            }
    connection = await asyncpg.connect(url)
    try:
        found = {
            name: await connection.fetch(f"SELECT * FROM {name} ORDER BY id") for name in TABLES
        }
    finally:
        await connection.close()
    return {name: [dict(row) for row in rows] for name, rows in found.items()}


def check_votes(tables: Mapping[str, Sequence[Row]], people: int) -> None:
    """Each proposal has one outcome, which its votes explain, and which every place was told."""
    check_balances(tables["accounts"], tables["fills"], tables["positions"])
    check_orders(tables["orders"], tables["fills"])
    assert {row["state"] for row in tables["proposals"]} == {"filled", "vetoed"}
    check_proposals(tables, people)
    _check_places(tables["outbox"])


def check_proposals(tables: Mapping[str, Sequence[Row]], people: int) -> None:
    entries = Counter(row["proposal_id"] for row in tables["orders"] if row["purpose"] == "entry")
    audit = defaultdict(list)
    for row in tables["audit"]:
        facts = json.loads(row["facts"])
        if row["what"] in {"vote", "order", "outcome"}:
            audit[facts["proposal_id"]].append((row["what"], row["actor"], facts))
    for proposal in tables["proposals"]:
        _check_proposal(proposal, tables["votes"], audit[proposal["id"]], people)
        assert entries[proposal["id"]] <= 1
        assert proposal["state"] != "filled" or entries[proposal["id"]] == 1


def _check_proposal(
    proposal: Row, votes: Sequence[Row], audit: Sequence[tuple[str, str, Any]], people: int
) -> None:
    now = (proposal["id"], proposal["version"])
    mine = [vote for vote in votes if (vote["proposal_id"], vote["version"]) == now]
    voters = Counter(vote["user_id"] for vote in mine)
    assert set(voters.values()) <= {1} and len(voters) <= people
    given = Counter(vote["vote"] for vote in mine)
    outcomes = [what for what, _, _ in audit if what in {"order", "outcome"}]
    # An order may still be refused by a limit when it is to be sent.
    late = [["order", "outcome"]] if proposal["state"] in {"refused", "cancelled"} else []
    expected = ["order"] if proposal["state"] == "filled" else ["outcome"]
    assert outcomes in [expected, *late], outcomes
    noted = {
        actor: facts["ballot"]
        for what, actor, facts in audit
        if what == "vote" and facts["version"] == proposal["version"]
    }
    assert noted == {f"user:{vote['user_id']}": vote["vote"] for vote in mine}
    if proposal["state"] == "filled":
        assert given["approve"] >= RULE.approvals and not given["veto"], given
    elif proposal["state"] == "vetoed":
        assert given["veto"] == RULE.vetoes, given
    if proposal["state"] in {"filled", "vetoed"}:
        last = [actor for what, actor, _ in audit if what == "vote"][-1]
        assert last == f"user:{proposal['resolved_by']}"


def _check_places(outbox: Sequence[Row]) -> None:
    """Whatever one place was told of a card, the other one was told as well."""
    told = defaultdict(set)
    for row in outbox:
        if row["kind"] in {"proposal", "proposal_changed", "filled"}:
            told[row["key"]].add((row["platform"], row["chat"]))
    both = {(HERE.platform, HERE.chat), (THERE.platform, THERE.chat)}
    assert told and all(places == both for places in told.values())
