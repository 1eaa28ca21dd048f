"""Signals that came in: once from each source, moved once, listened to where it was asked for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agents.domain.errors import NotFound
from agents.domain.heard import HEARD_MOVES, HeardState, Listen
from agents.domain.ports import Memory
from agents.domain.signal import SignalKind, SignalReading
from agents.domain.user import Place, User
from tests.support.stored import GROUP, NOON, heard_of


async def test_a_signal_is_read_as_it_was_stored(memory: Memory, ann: User) -> None:
    whole = heard_of(ann.id, source=str(GROUP), answers="41", place=GROUP)
    stored = await memory.heard.add(whole)
    assert stored == replace(whole, id=stored.id if stored else 0)
    assert await memory.heard.get(ann.id, stored.id) == stored
    assert await memory.heard.by_id(stored.id) == stored
    assert await memory.heard.find(ann.id, str(GROUP), "u1") == stored
    assert await memory.heard.recent(ann.id, 5) == [stored]


async def test_nothing_comes_twice_from_one_source(memory: Memory, ann: User, bob: User) -> None:
    first = await memory.heard.add(heard_of(ann.id))
    assert first is not None
    assert await memory.heard.add(heard_of(ann.id, words="edited")) is None
    others = [
        await memory.heard.add(heard_of(ann.id, key="u2")),
        await memory.heard.add(heard_of(ann.id, source="hook:1")),
        await memory.heard.add(heard_of(bob.id)),
    ]
    assert len({one.id for one in others if one} | {first.id}) == 4
    assert await memory.heard.recent(ann.id, 9, "hook:1") == [others[1]]
    assert await memory.heard.recent(ann.id, 9, first.source) == [others[0], first]
    assert (await memory.heard.get(ann.id, first.id)).words == heard_of(ann.id).words


@pytest.mark.parametrize("state", HeardState)
async def test_moves_follow_the_table_and_happen_once(
    memory: Memory, ann: User, state: HeardState
) -> None:
    stored = await memory.heard.add(heard_of(ann.id, state=state))
    assert stored is not None
    for to in HeardState:
        if to not in HEARD_MOVES[state]:
            with pytest.raises(ValueError, match="nothing heard goes from"):
                await memory.heard.move(stored, to)
    for to in sorted(HEARD_MOVES[state] - {state})[:1]:
        assert await memory.heard.move(stored, to, reason="why", verdict={"score": 64})
        assert not await memory.heard.move(stored, to)
        after = await memory.heard.get(ann.id, stored.id)
        assert after == replace(stored, state=to, reason="why", verdict={"score": 64})


async def test_what_waits_is_found_oldest_first(memory: Memory, ann: User, bob: User) -> None:
    made = [
        await memory.heard.add(heard_of(owner, key=f"u{number}"))
        for number, owner in enumerate((ann.id, bob.id, ann.id))
    ]
    assert await memory.heard.in_state(HeardState.NEW, 2) == made[:2]
    assert made[0] is not None
    changes: dict[str, Any] = {"strategy_id": 3, "decision_id": 4, "proposal_id": 5}
    assert await memory.heard.move(made[0], HeardState.JUDGING)
    judged = await memory.heard.get(ann.id, made[0].id)
    assert await memory.heard.move(judged, HeardState.PROPOSED, **changes)
    assert await memory.heard.in_state(HeardState.NEW, 9) == made[1:]
    found = await memory.heard.of_proposal(ann.id, 5)
    assert found == replace(judged, state=HeardState.PROPOSED, **changes)
    assert await memory.heard.of_proposal(bob.id, 5) is None


async def test_any_text_of_a_chat_can_be_stored(memory: Memory, ann: User) -> None:
    odd = SignalReading(kind=SignalKind.NOTHING, written="\x00\ud800'; --", faults=("مرحبا 🚀",))
    stored = await memory.heard.add(heard_of(ann.id, words="'; DROP TABLE heard; --", reading=odd))
    assert stored is not None
    read = await memory.heard.get(ann.id, stored.id)
    assert read.words == "'; DROP TABLE heard; --" and read.reading.faults == ("مرحبا 🚀",)


async def test_listening_begins_and_ends(memory: Memory, ann: User, bob: User) -> None:
    elsewhere = Place("telegram", "-100", "8")
    mine = Listen(ann.id, GROUP, "Calls", ann.id, NOON)
    theirs = Listen(bob.id, GROUP, "Calls", bob.id, NOON)
    assert await memory.heard.listen(mine) and await memory.heard.listen(theirs)
    assert not await memory.heard.listen(mine)
    assert await memory.heard.listen(replace(mine, place=elsewhere))
    assert await memory.heard.listeners(GROUP) == [mine, theirs]
    assert await memory.heard.listeners(Place("telegram", "-100")) == []
    assert await memory.heard.listens(ann.id) == [mine, replace(mine, place=elsewhere)]
    assert await memory.heard.unlisten(ann.id, GROUP, NOON)
    assert not await memory.heard.unlisten(ann.id, GROUP, NOON)
    assert await memory.heard.listeners(GROUP) == [theirs]
    again = replace(mine, title="Calls 2", created_at=NOON + timedelta(days=1))
    assert await memory.heard.listen(again)
    assert again in await memory.heard.listens(ann.id)


async def test_a_number_of_nothing(memory: Memory, ann: User) -> None:
    for number in (0, -1, 2**40):
        with pytest.raises(NotFound):
            await memory.heard.get(ann.id, number)
        with pytest.raises(NotFound):
            await memory.heard.by_id(number)
