"""What a strategy may do by itself, proposals that count down, and what users set by name."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.autonomy import MANUAL, Act, Autonomy, AutonomyKind, Course
from agents.domain.ports import Memory
from agents.domain.proposal import ProposalState
from agents.domain.user import User
from tests.support.stored import HOUR, NOON, a_decision, a_proposal, a_strategy, proposal_of

VETO = Autonomy(AutonomyKind.VETO, window=300)
COURSE = str(Course(Act.RUNS, 300, "veto window"))


@pytest.mark.parametrize(
    "autonomy",
    [
        VETO,
        Autonomy(AutonomyKind.AUTOPILOT),
        Autonomy(AutonomyKind.ASSISTED, confidence=Decimal("0.725"), risk=Decimal("1.5")),
    ],
)
async def test_autonomy_is_kept_until_it_is_manual(
    memory: Memory, ann: User, autonomy: Autonomy
) -> None:
    strategy = await a_strategy(memory, ann.id)
    assert strategy.autonomy == MANUAL
    await memory.strategies.set_autonomy(ann.id, strategy.id, autonomy)
    assert await memory.strategies.get(ann.id, strategy.id) == replace(strategy, autonomy=autonomy)
    assert [one.autonomy for one in await memory.strategies.due("5m")] == [autonomy]
    await memory.strategies.revise(ann.id, strategy.id, 1, strategy.spec, "again", NOON)
    assert (await memory.strategies.get(ann.id, strategy.id)).autonomy == autonomy
    await memory.strategies.set_autonomy(ann.id, strategy.id, MANUAL)
    assert (await memory.strategies.get(ann.id, strategy.id)).autonomy == MANUAL


async def test_what_counts_down_is_found_next_one_first(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    assert await memory.proposals.counting() == []
    await a_proposal(memory, strategy)
    later, sooner, done = [
        await a_proposal(memory, strategy, runs_at=NOON + minutes * HOUR, autonomy=COURSE)
        for minutes in (2, 1, 3)
    ]
    assert (sooner.runs_at, sooner.course) == (NOON + HOUR, Course(Act.RUNS, 300, "veto window"))
    assert await memory.proposals.move(done, ProposalState.VETOED)
    assert await memory.proposals.counting() == [sooner, later]
    plain = replace(later, runs_at=None, autonomy=str(Course(Act.ASKS)))
    assert await memory.proposals.revise(later, plain)
    assert await memory.proposals.counting() == [sooner]
    asked = await memory.proposals.by_id(later.id)
    assert (asked.runs_at, asked.course, asked.version) == (None, Course(Act.ASKS), 2)


async def test_who_ran_by_itself_is_known_afterwards(memory: Memory, ann: User) -> None:
    strategy = await a_strategy(memory, ann.id)
    decision = await a_decision(memory, strategy)
    made = await memory.proposals.add(proposal_of(strategy, decision, runs_at=NOON))
    assert made is not None and not made.by_itself
    marks: dict[str, Any] = {"resolved_by": None, "resolved_at": NOON}
    assert await memory.proposals.move(made, ProposalState.APPROVED, **marks)
    assert (await memory.proposals.by_id(made.id)).by_itself


@pytest.mark.parametrize("value", [None, 0, [], {"at": "08:00", "days": ["mon"]}, "ü🙂"])
async def test_a_preference_is_read_as_it_was_written(
    memory: Memory, ann: User, value: Any
) -> None:
    assert await memory.preferences.read(ann.id, "quiet") is None
    await memory.preferences.write(ann.id, "quiet", {"old": True}, NOON)
    await memory.preferences.write(ann.id, "quiet", value, NOON + timedelta(seconds=1))
    assert await memory.preferences.read(ann.id, "quiet") == value


async def test_preferences_are_each_persons_own(memory: Memory, ann: User, bob: User) -> None:
    write = memory.preferences.write
    await write(bob.id, "digest", "daily", NOON)
    await write(ann.id, "digest", "weekly", NOON)
    await write(ann.id, "quiet", "night", NOON)
    assert await memory.preferences.everyone("digest") == [(ann.id, "weekly"), (bob.id, "daily")]
    await write(ann.id, "digest", None, NOON)
    assert await memory.preferences.everyone("digest") == [(bob.id, "daily")]
    assert await memory.preferences.read(bob.id, "quiet") is None
    assert await memory.preferences.read(ann.id, "digest") is None
