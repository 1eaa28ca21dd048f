"""Notes, the audit, and what models were asked."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.decision import ModelCall
from agents.domain.errors import NotFound
from agents.domain.ports import Memory
from agents.domain.user import User
from tests.support.stored import NOON

CALL = ModelCall(
    purpose="advise",
    model="claude",
    owner_id=1,
    strategy_id=None,
    asked_at=NOON,
    outcome="ok",
    input_tokens=1200,
    output_tokens=90,
    cached_tokens=1000,
    cost=Decimal("0.001234567"),
    milliseconds=812,
    prompt="the question",
    answer='{"action": "hold"}',
)


@pytest.mark.parametrize(
    "value", [None, 0, "", "2026-03-01T12:00:00+00:00", [1, 2.5, None], {"b": {"a": "ü🙂"}, "a": 1}]
)
async def test_a_note_is_read_as_it_was_written(memory: Memory, value: Any) -> None:
    await memory.notes.write("dialogue:7", value)
    assert await memory.notes.read("dialogue:7") == value


async def test_notes_are_overwritten_and_erased(memory: Memory) -> None:
    assert await memory.notes.read("clock") is None
    await memory.notes.write("clock", {"at": 1})
    await memory.notes.write("clock", {"at": 2})
    await memory.notes.write("other", True)
    assert await memory.notes.read("clock") == {"at": 2}
    await memory.notes.erase("clock")
    await memory.notes.erase("clock")
    assert await memory.notes.read("clock") is None
    assert await memory.notes.read("other") is True


async def test_what_is_read_is_not_the_note_itself(memory: Memory) -> None:
    await memory.notes.write("steps", {"done": [1]})
    read = await memory.notes.read("steps")
    read["done"].append(2)
    assert await memory.notes.read("steps") == {"done": [1]}


async def test_model_calls_belong_to_an_owner(memory: Memory, ann: User, bob: User) -> None:
    first = await memory.model_calls.add(replace(CALL, owner_id=ann.id))
    later = await memory.model_calls.add(
        replace(CALL, owner_id=ann.id, asked_at=NOON + timedelta(hours=1), strategy_id=3)
    )
    assert first == replace(CALL, owner_id=ann.id, id=first.id)
    assert await memory.model_calls.get(ann.id, later.id) == later
    assert await memory.model_calls.of(ann.id, NOON) == [first, later]
    assert await memory.model_calls.of(ann.id, NOON + timedelta(seconds=1)) == [later]
    assert await memory.model_calls.of(bob.id, NOON) == []
    with pytest.raises(NotFound):
        await memory.model_calls.get(bob.id, first.id)


async def test_the_audit_is_newest_first(memory: Memory, ann: User, bob: User) -> None:
    for number in range(3):
        await memory.audit.record(ann.id, "telegram:1", f"approve {number}", {"proposal": number})
    await memory.audit.record(bob.id, "telegram:2", "panic", {})
    newest = await memory.audit.recent(ann.id, 2)
    assert [(row["actor"], row["what"], row["facts"]) for row in newest] == [
        ("telegram:1", "approve 2", {"proposal": 2}),
        ("telegram:1", "approve 1", {"proposal": 1}),
    ]
    assert len(await memory.audit.recent(bob.id, 9)) == 1
