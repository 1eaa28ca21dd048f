"""No question that is asked all day reads a whole table: SQLite's own plans say so."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agents.domain.grants import Feature
from agents.domain.heard import HeardState
from agents.domain.mail import InboxItem
from agents.domain.order import UNSETTLED
from agents.domain.proposal import ProposalState
from agents.domain.strategy import Mode
from agents.domain.user import Identity, NoticeKind, Place
from agents.domain.venue import ConnectionState
from storage.database import Database, open_database
from tests.support.stored import (
    CANDLE,
    NOON,
    SPEC,
    a_position,
    a_strategy,
    a_user,
    connection_of,
    fill_of,
    finding_of,
    intent_of,
)

HOME = Place("telegram", "1")
Question = Callable[[Database], Awaitable[Any]]

QUESTIONS: dict[str, Question] = {
    "who is it": lambda d: d.users.find(Identity("telegram", "1")),
    "where to tell": lambda d: d.users.places(1),
    "invitation": lambda d: d.users.redeem("plum", Identity("telegram", "1"), NOON),
    "my strategies": lambda d: d.strategies.of(1),
    "due strategies": lambda d: d.strategies.due("5m"),
    "a new number": lambda d: d.strategies.draft(1, "x", SPEC, "x", Mode.PAPER, NOON),
    "decided": lambda d: d.decisions.decided([1, 2], "BTC/USDT", CANDLE),
    "last closed": lambda d: d.decisions.last_closed([1, 2]),
    "recent decisions": lambda d: d.decisions.recent(1, 1, 10),
    "a snapshot": lambda d: d.decisions.snapshot("BTC/USDT", "5m", CANDLE),
    "my webhooks": lambda d: d.hooks.of(1),
    "a webhook by its secret": lambda d: d.hooks.by_secret("a" * 64, NOON),
    "my proposals": lambda d: d.proposals.of(1),
    "proposals in a state": lambda d: d.proposals.in_state(ProposalState.APPROVED),
    "expired proposals": lambda d: d.proposals.expired(NOON),
    "unsettled orders": lambda d: d.orders.in_states(UNSETTLED),
    "an order by its id": lambda d: d.orders.by_client_id("pl00"),
    "orders of a position": lambda d: d.orders.of_position(1),
    "entries today": lambda d: d.orders.entries_since(1, NOON),
    "resting orders of a position": lambda d: d.orders.resting(1),
    "orders of an account": lambda d: d.orders.of_account(1, NOON),
    "an order by the exchange's name": lambda d: d.orders.by_venue_id(1, "v1", "BTC/USDT"),
    "my entries today": lambda d: d.orders.entries_of_owner_since(1, Mode.LIVE, NOON),
    "my unsettled orders": lambda d: d.orders.unsettled_of(1, Mode.LIVE),
    "my positions of a day": lambda d: d.positions.of_owner_mode(1, Mode.LIVE, NOON),
    "a mode": lambda d: d.strategies.set_mode(1, 1, Mode.PAPER, Mode.LIVE),
    "funding of an account": lambda d: d.accounts.funding(1),
    "a connection": lambda d: d.connections.of(1),
    "a connection is paused": lambda d: d.connections.set_state(
        1, ConnectionState.READY, ConnectionState.PAUSED, "x"
    ),
    "a connection was read": lambda d: d.connections.seen(1, NOON),
    "a finding": lambda d: d.findings.note(finding_of(1)),
    "open findings": lambda d: d.findings.open(1),
    "a fill": lambda d: d.orders.fill("pl00", "t1"),
    "fills of an account": lambda d: d.orders.fills(1),
    "open positions": lambda d: d.positions.still_open(),
    "open positions on a timeframe": lambda d: d.positions.still_open("5m"),
    "positions held since": lambda d: d.positions.held_since(NOON),
    "how many positions are open": lambda d: d.positions.count_open(),
    "positions of a day": lambda d: d.positions.of_account(1, since=NOON),
    "my positions": lambda d: d.positions.of(1),
    "position of a proposal": lambda d: d.positions.by_proposal(1),
    "positions of an account": lambda d: d.positions.of_account(1, open_only=True),
    "my accounts": lambda d: d.accounts.of(1),
    "an account": lambda d: d.accounts.open(1, 1, Mode.PAPER, SPEC.risk_percent, NOON),
    "model costs": lambda d: d.model_calls.of(1, NOON),
    "audit": lambda d: d.audit.recent(1, 10),
    "a record": lambda d: d.record.entries(1),
    "head of a record": lambda d: d.record.head(1),
    "an entry of a record": lambda d: d.record.append(1, "k", "filled", {}, NOON),
    "a share": lambda d: d.shares.peek("plum"),
    "a share opened": lambda d: d.shares.count("plum"),
    "my shares": lambda d: d.shares.of(1),
    "a grant": lambda d: d.grants.has(1, Feature.FEEDS),
    "a note": lambda d: d.notes.read("market_clock"),
    "desk of a place": lambda d: d.desks.at(HOME),
    "desk of an account": lambda d: d.desks.of_account(1),
    "members of a desk": lambda d: d.desks.members(1),
    "votes on a proposal": lambda d: d.desks.votes(1, 1),
    "due messages": lambda d: d.outbox.due("telegram", NOON, 10),
    "waiting messages": lambda d: d.outbox.waiting("telegram"),
    "stuck messages": lambda d: d.outbox.stuck("telegram"),
    "cards": lambda d: d.outbox.cards("proposal:1"),
    "what was said": lambda d: d.outbox.history(HOME, 20),
    "old messages": lambda d: d.outbox.prune(NOON),
    "pending updates": lambda d: d.inbox.pending(10),
    "an update is done": lambda d: d.inbox.done(InboxItem("telegram", "1", {}, NOON)),
    "old updates": lambda d: d.inbox.prune(NOON),
    "signals to judge": lambda d: d.heard.in_state(HeardState.NEW, 10),
    "signals heard": lambda d: d.heard.recent(1, 10),
    "a signal by its key": lambda d: d.heard.find(1, "pasted", "u1"),
    "signal of a proposal": lambda d: d.heard.of_proposal(1, 1),
    "where is listened": lambda d: d.heard.listeners(HOME),
    "my groups": lambda d: d.heard.listens(1),
    "where it is published": lambda d: d.channels.of_proposal(1),
    "what is published": lambda d: d.channels.signals_of(1),
    "my publications": lambda d: d.channels.publications(1),
    "a channel": lambda d: d.channels.at(HOME),
    "market time": lambda d: d.last_market_time(),
}


@pytest.fixture
async def filled(migrated_file: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A little of everything, so that each question goes its whole way."""
    database = await open_database(f"sqlite://{shutil.copy(migrated_file, tmp_path / 'parley.db')}")
    strategy = await a_strategy(database, (await a_user(database)).id)
    position = await a_position(database, strategy)
    proposal = await database.proposals.by_id(position.proposal_id)
    account = await database.accounts.get(position.account_id)
    intent = await database.orders.add(intent_of(proposal, account))
    assert intent is not None
    await database.orders.add_fill(intent, fill_of(intent))
    await database.connections.connect(connection_of(strategy.owner_id))
    await database.findings.note(finding_of(strategy.owner_id))
    await database.outbox.put(1, HOME, NoticeKind.FILLED, "k", {}, at=NOON)
    await database.inbox.store("telegram", "1", {}, NOON)
    yield database
    await database.close()


async def _statements(database: Database, question: Question) -> list[str]:
    """What SQLite is asked, with the values."""
    connection: Any = database._client._connection
    asked: list[str] = []
    await connection.set_trace_callback(asked.append)
    await question(database)
    await connection.set_trace_callback(None)
    return [text for text in asked if text.split()[0] in {"SELECT", "UPDATE", "DELETE", "WITH"}]


def _reads_all(step: str) -> bool:
    """`SCAN table`, but not of an intermediate result; and all that a platform ever sent."""
    if step.endswith("(platform=?)"):
        return True
    return step.startswith("SCAN ") and step.split()[1] not in {"seen", "stamps", "CONSTANT"}


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_question_is_answered_from_an_index(filled: Database, question: str) -> None:
    statements = await _statements(filled, QUESTIONS[question])
    assert statements
    for statement in statements:
        plan = await filled._notes.fetch(f"EXPLAIN QUERY PLAN {statement}")
        assert [row["detail"] for row in plan if _reads_all(row["detail"])] == [], statement
