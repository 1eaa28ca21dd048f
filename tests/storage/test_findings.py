"""What was found at an exchange: noted once, and answered once."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from agents.domain.errors import NotFound
from agents.domain.ports import Memory
from agents.domain.user import User
from agents.domain.venue import Finding, FindingKind, FindingState
from storage.database import Database, open_database
from tests.support.stored import HOUR, NOON, a_user, finding_of

S = FindingState


async def _noted(memory: Memory, finding: Finding) -> Finding:
    stored = await memory.findings.note(finding)
    assert stored is not None
    return stored


async def test_a_finding_is_stored_whole(memory: Memory, ann: User) -> None:
    asked = finding_of(
        ann.id,
        key="missing:7",
        kind=FindingKind.MISSING,
        quantity=Decimal("1E-8"),
        price=None,
        position_id=7,
        venue_id="28457",
    )
    stored = await _noted(memory, asked)
    assert stored == replace(asked, id=stored.id)
    found = await memory.findings.get(ann.id, stored.id)
    assert found == stored and str(found.quantity) == "1E-8"
    with pytest.raises(NotFound):
        await memory.findings.get(ann.id, 99)


async def test_what_is_known_is_not_noted_again(memory: Memory, ann: User, bob: User) -> None:
    stored = await _noted(memory, finding_of(ann.id))
    later = finding_of(ann.id, found_at=NOON + HOUR, price=Decimal(1), quantity=Decimal("0.05"))
    assert await memory.findings.note(later) is None
    assert await memory.findings.move(stored, S.IGNORED)
    assert await memory.findings.note(later) is None
    assert (await memory.findings.get(ann.id, stored.id)).found_at == NOON
    assert await _noted(memory, finding_of(bob.id))


@pytest.mark.parametrize("state", [S.OPEN, S.IGNORED])
async def test_another_quantity_is_a_new_question(
    memory: Memory, ann: User, state: FindingState
) -> None:
    stored = await _noted(memory, finding_of(ann.id))
    if state is not S.OPEN:
        assert await memory.findings.move(stored, state)
    more = finding_of(ann.id, quantity=Decimal("0.06"), found_at=NOON + HOUR)
    again = await _noted(memory, more)
    assert again == replace(more, id=stored.id, version=2)
    assert await memory.findings.open(ann.id) == [again]
    assert not await memory.findings.move(replace(stored, state=S.OPEN), S.CLOSED)
    assert await memory.findings.move(again, S.CLOSED)


@pytest.mark.parametrize("state", [S.ADOPTED, S.CLOSED, S.GONE])
async def test_what_was_settled_and_is_there_again_is_new(
    memory: Memory, ann: User, state: FindingState
) -> None:
    stored = await _noted(memory, finding_of(ann.id))
    assert await memory.findings.move(stored, state)
    assert await memory.findings.open(ann.id) == []
    again = await _noted(memory, finding_of(ann.id))
    assert (again.id, again.version, again.state) == (stored.id, 2, S.OPEN)


async def test_the_second_answer_loses(memory: Memory, ann: User, bob: User) -> None:
    stored = await _noted(memory, finding_of(ann.id))
    assert not await memory.findings.move(replace(stored, owner_id=bob.id), S.CLOSED)
    assert await memory.findings.move(stored, S.ADOPTED)
    assert not await memory.findings.move(stored, S.CLOSED)
    assert (await memory.findings.get(ann.id, stored.id)).state is S.ADOPTED


async def test_found_by_state(memory: Memory, ann: User, bob: User) -> None:
    one, two, three = [await _noted(memory, finding_of(ann.id, key=f"k{n}")) for n in range(3)]
    await _noted(memory, finding_of(bob.id))
    assert await memory.findings.move(two, S.IGNORED)
    assert await memory.findings.move(three, S.GONE)
    ignored, gone = replace(two, state=S.IGNORED), replace(three, state=S.GONE)
    assert await memory.findings.open(ann.id) == [one]
    assert await memory.findings.of(ann.id, [S.OPEN, S.IGNORED]) == [one, ignored]
    assert await memory.findings.of(ann.id, list(S)) == [one, ignored, gone]
    assert await memory.findings.of(ann.id, []) == []


async def test_two_looks_note_it_once_and_one_tap_wins(database: Database, url: str) -> None:
    ann = await a_user(database)
    other = await open_database(url)
    both = [database, other] * 6
    try:
        noted = await asyncio.gather(*(w.findings.note(finding_of(ann.id)) for w in both))
        (stored,) = [one for one in noted if one is not None]
        states = [S.ADOPTED, S.CLOSED, S.IGNORED] * 4
        taps = zip(both, states, strict=True)
        moved = await asyncio.gather(*(w.findings.move(stored, to) for w, to in taps))
        assert sum(moved) == 1
        settled = await database.findings.get(ann.id, stored.id)
        assert settled.state is states[moved.index(True)]
        more = finding_of(ann.id, quantity=Decimal(2))
        again = await asyncio.gather(*(w.findings.note(more) for w in both))
    finally:
        await other.close()
    assert [one.version for one in again if one is not None] == [2]
