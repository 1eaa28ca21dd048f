"""Many want the same rows at once, in one process and in two: each has exactly one winner."""

import asyncio
import json
import sys
from dataclasses import replace
from decimal import Decimal

from agents.domain.decision import Snapshot
from agents.domain.order import OrderState
from agents.domain.proposal import ProposalState
from agents.domain.strategy import Mode
from agents.domain.user import Identity, NoticeKind, Place
from storage.database import Database, open_database
from tests.support.racing import race
from tests.support.sources import ROOT
from tests.support.stored import (
    CANDLE,
    NOON,
    SPEC,
    a_proposal,
    a_strategy,
    a_user,
    an_account,
    decision_of,
    intent_of,
)

PROPOSALS = 50


async def _pending(database: Database) -> list[int]:
    strategy = await a_strategy(database, (await a_user(database)).id)
    return [(await a_proposal(database, strategy)).id for _ in range(PROPOSALS)]


async def _outcomes_are_whole(database: Database, ids: list[int]) -> None:
    """The winner that a proposal names is the one whose transaction was committed."""
    for number in ids:
        proposal = await database.proposals.by_id(number)
        winner = await database.notes.read(f"won:{number}")
        assert proposal.outcome == f"{proposal.state} by {winner}"


async def test_many_tasks_tap_the_same_cards(database: Database) -> None:
    ids = await _pending(database)
    won = await race(database, "task", 20)
    assert sorted(won) == ids
    await _outcomes_are_whole(database, ids)


async def test_two_processes_tap_the_same_cards(database: Database, url: str) -> None:
    ids = await _pending(database)
    racers = [await _start(url, f"process{number}") for number in range(2)]
    for racer in racers:
        assert racer.stdout is not None
        await racer.stdout.readline()
    lines = await asyncio.gather(*(racer.communicate(b"go\n") for racer in racers))
    won = [json.loads(out) for out, _ in lines]
    assert sorted(won[0] + won[1]) == ids
    await _outcomes_are_whole(database, ids)


async def _start(url: str, name: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.racing", url, name, "10"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def test_two_looks_at_one_candle_decide_once(database: Database, url: str) -> None:
    strategies = [await a_strategy(database, (await a_user(database)).id) for _ in range(20)]
    decisions = [decision_of(item, symbol=f"S{n}/USDT") for item in strategies for n in range(40)]
    snapshots = [Snapshot(f"S{n}/USDT", "5m", CANDLE, {f"x{n}": 1.0}) for n in range(40)]
    other = await open_database(url)
    try:
        answers = await asyncio.gather(
            database.decisions.store(snapshots, decisions),
            other.decisions.store(snapshots[::-1], decisions[::-1]),
            other.decisions.store(snapshots, decisions),
        )
    finally:
        await other.close()
    stored = [decision for answer in answers for decision in answer]
    assert sorted((d.strategy_id, d.symbol) for d in stored) == sorted(
        (d.strategy_id, d.symbol) for d in decisions
    )


async def test_snapshots_of_two_processes_merge(database: Database, url: str) -> None:
    other = await open_database(url)
    try:
        await asyncio.gather(
            *(
                where.decisions.store([Snapshot("BTC/USDT", "5m", CANDLE, {f"x{n}": float(n)})], ())
                for n, where in enumerate([database, other] * 5)
            )
        )
    finally:
        await other.close()
    stored = await database.decisions.snapshot("BTC/USDT", "5m", CANDLE)
    assert stored is not None
    assert stored.values == {f"x{n}": float(n) for n in range(10)}


async def test_one_of_many_changes_of_a_mode_wins(database: Database, url: str) -> None:
    strategy = await a_strategy(database, (await a_user(database)).id)
    other = await open_database(url)
    modes = [Mode.LIVE, Mode.SIMULATION, Mode.VALIDATION] * 4
    try:
        won = await asyncio.gather(
            *(
                where.strategies.set_mode(strategy.owner_id, strategy.id, Mode.PAPER, to)
                for where, to in zip([database, other] * 6, modes, strict=True)
            )
        )
    finally:
        await other.close()
    stored = await database.strategies.get(strategy.owner_id, strategy.id)
    assert sum(won) == 1
    assert stored.mode is modes[won.index(True)]


async def test_one_cause_makes_one_order_and_one_sender(database: Database, url: str) -> None:
    strategy = await a_strategy(database, (await a_user(database)).id)
    account = await an_account(database, strategy)
    intent = intent_of(await a_proposal(database, strategy), account)
    other = await open_database(url)
    both = [database, other] * 10
    try:
        added = await asyncio.gather(*(where.orders.add(intent) for where in both))
        (stored,) = [item for item in added if item is not None]
        sent = await asyncio.gather(
            *(where.orders.move(stored, OrderState.SENDING) for where in both)
        )
    finally:
        await other.close()
    assert sum(sent) == 1


async def test_bookings_of_two_processes_add_up(database: Database, url: str) -> None:
    strategy = await a_strategy(database, (await a_user(database)).id)
    account = await an_account(database, strategy)
    other = await open_database(url)
    try:
        await asyncio.gather(
            *(
                where.accounts.book(account.id, Decimal("0.00000001") * number)
                for number, where in enumerate([database, other] * 8)
            )
        )
    finally:
        await other.close()
    stored = await database.accounts.get(account.id)
    assert stored.balance == Decimal("10000.00000120")


async def test_two_at_once_join_draft_and_redeem(database: Database, url: str) -> None:
    other = await open_database(url)
    both = [database, other] * 5
    identity, home = Identity("telegram", "9"), Place("telegram", "9")
    try:
        users = await asyncio.gather(
            *(w.users.join(identity, "Eve", home, operator=False, at=NOON) for w in both)
        )
        assert len({user.id for user in users}) == 1
        owner = users[0].id
        drafts = await asyncio.gather(
            *(w.strategies.draft(owner, "x", SPEC, "x", Mode.PAPER, NOON) for w in both)
        )
        assert sorted(draft.number for draft in drafts) == list(range(1, 11))
        await database.users.invite("plum", owner, NOON)
        used = await asyncio.gather(*(w.users.redeem("plum", identity, NOON) for w in both))
        assert sum(used) == 1
        accounts = await asyncio.gather(*(an_account(w, drafts[0]) for w in both))
        assert len({account.id for account in accounts}) == 1
    finally:
        await other.close()
    assert len(await database.users.everyone()) == 1


async def test_one_deliverer_takes_an_item(database: Database, url: str) -> None:
    await database.outbox.put(1, Place("telegram", "1"), NoticeKind.FILLED, "k", {}, at=NOON)
    (item,) = await database.outbox.due("telegram", NOON, 10)
    other = await open_database(url)
    try:
        taken = await asyncio.gather(*(w.outbox.take(item) for w in [database, other] * 5))
    finally:
        await other.close()
    assert sum(taken) == 1


async def test_a_revised_card_beats_the_old_button(database: Database) -> None:
    strategy = await a_strategy(database, (await a_user(database)).id)
    proposal = await a_proposal(database, strategy)
    moves = [database.proposals.move(proposal, ProposalState.APPROVED) for _ in range(5)]
    edits = [
        database.proposals.revise(proposal, replace(proposal, changes=("half size",)))
        for _ in range(5)
    ]
    assert sum(await asyncio.gather(*moves, *edits)) == 1
