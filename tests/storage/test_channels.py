"""Channels, publications and signals: one row for each, whoever asks and however often."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from agents.domain.desks import Rule
from agents.domain.errors import NotFound
from agents.domain.heard import Listen
from agents.domain.ports import Memory
from agents.domain.publishing import Channel, Moment, Publication, Signal, SignalState
from agents.domain.user import Identity, Notice, NoticeKind, Place, User
from storage.database import Database
from tests.storage.conftest import Mail
from tests.support.stored import NOON, a_proposal, a_strategy, a_user

HERE = Place("telegram", "-100")
TOPIC = Place("telegram", "-100", "7")
ANN_THERE = Identity("telegram", "1")
LATER = NOON + timedelta(minutes=1)


async def a_channel(memory: Memory, place: Place = HERE) -> Channel:
    return await memory.channels.open(place, "Signals", 1, 0, NOON)


async def a_publication(memory: Memory, owner: User, channel: Channel) -> Publication:
    strategy = await a_strategy(memory, owner.id)
    return await memory.channels.publish(
        owner.id, channel.id, strategy.id, owner.id, ANN_THERE, Moment.PROPOSAL, NOON
    )


def signal_of(channel: Channel, proposal_id: int = 1, **changes: object) -> Signal:
    made = Signal(
        channel_id=channel.id,
        owner_id=1,
        strategy_id=1,
        proposal_id=proposal_id,
        state=SignalState.WAITING,
        facts={"levels": {"entry": "1.50"}, "story": []},
        created_at=NOON,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


async def test_a_place_is_one_channel(memory: Memory) -> None:
    made = await memory.channels.open(HERE, "Signals", 1, 900, NOON)
    assert (made.place, made.title, made.added_by, made.delay) == (HERE, "Signals", 1, 900)
    again = await memory.channels.open(HERE, "Renamed", 2, 0, LATER)
    assert again == replace(made, title="Renamed")
    assert await memory.channels.at(HERE) == again == await memory.channels.get(made.id)
    assert await memory.channels.at(TOPIC) is None
    assert list(await memory.channels.added_by(1)) == [again]
    await memory.channels.set_delay(made.id, 60)
    assert (await memory.channels.get(made.id)).delay == 60
    with pytest.raises(NotFound):
        await memory.channels.get(made.id + 1)


async def test_a_channel_is_lost_once_and_found_again(memory: Memory) -> None:
    made = await a_channel(memory)
    lost = await memory.channels.lost(HERE, "bot was kicked", LATER)
    assert lost == replace(made, lost_at=LATER, lost_reason="bot was kicked")
    assert await memory.channels.lost(HERE, "again", LATER) is None
    assert await memory.channels.lost(TOPIC, "never known", LATER) is None
    assert await a_channel(memory) == made


async def test_a_publication_begins_ends_and_begins_again(memory: Memory, ann: User) -> None:
    channel = await a_channel(memory)
    made = await a_publication(memory, ann, channel)
    assert (made.identity, made.moment, made.ended_at) == (ANN_THERE, Moment.PROPOSAL, None)
    assert list(await memory.channels.publications(ann.id)) == [made]
    assert list(await memory.channels.in_channel(channel.id)) == [made]
    assert await memory.channels.end(ann.id, made.id, LATER)
    assert not await memory.channels.end(ann.id, made.id, LATER)
    assert not await memory.channels.publications(ann.id)
    assert not await memory.channels.in_channel(channel.id)
    assert (await memory.channels.publication(ann.id, made.id)).ended_at == LATER
    again = await memory.channels.publish(
        ann.id, channel.id, made.strategy_id, ann.id, ANN_THERE, Moment.APPROVAL, LATER
    )
    assert again == replace(made, moment=Moment.APPROVAL, created_at=LATER)


async def test_nobody_publishes_what_is_anothers(memory: Memory, ann: User, bob: User) -> None:
    channel = await a_channel(memory)
    theirs = await a_strategy(memory, ann.id)
    with pytest.raises(NotFound):
        await memory.channels.publish(
            bob.id, channel.id, theirs.id, bob.id, ANN_THERE, Moment.PROPOSAL, NOON
        )
    assert not await memory.channels.in_channel(channel.id)


async def test_a_proposal_knows_where_it_is_published(memory: Memory, ann: User) -> None:
    second, first = await a_channel(memory, TOPIC), await a_channel(memory)
    strategy = await a_strategy(memory, ann.id)
    for channel in (first, second):
        await memory.channels.publish(
            ann.id, channel.id, strategy.id, ann.id, ANN_THERE, Moment.PROPOSAL, NOON
        )
    proposal = await a_proposal(memory, strategy)
    found = await memory.channels.of_proposal(proposal.id)
    assert [one.channel_id for one in found] == [second.id, first.id]
    await memory.channels.end(ann.id, found[0].id, LATER)
    assert list(await memory.channels.of_proposal(proposal.id)) == [found[1]]
    elsewhere = await a_proposal(memory, await a_strategy(memory, ann.id))
    assert not await memory.channels.of_proposal(elsewhere.id)


async def test_signals_are_counted_in_their_channel(memory: Memory) -> None:
    one, other = await a_channel(memory), await a_channel(memory, TOPIC)
    first = await memory.channels.add_signal(signal_of(one))
    assert first is not None and first.number == 1 and first.id
    assert await memory.channels.add_signal(signal_of(one)) is None
    second = await memory.channels.add_signal(signal_of(one, 2))
    there = await memory.channels.add_signal(signal_of(other))
    assert second is not None and there is not None
    assert (second.number, there.number) == (2, 1)
    assert list(await memory.channels.signals_of(1)) == [first, there]
    assert await memory.channels.signal(second.id) == second
    with pytest.raises(NotFound):
        await memory.channels.signal(99)


async def test_a_signal_moves_along_its_states_only(memory: Memory) -> None:
    stored = await memory.channels.add_signal(signal_of(await a_channel(memory)))
    assert stored is not None
    change = memory.channels.change_signal
    assert not await change(stored, SignalState.CLOSED)
    facts = {"levels": {}, "story": [["filled", {"price": "1"}]]}
    assert await change(stored, SignalState.FILLED, position_id=5, facts=facts)
    assert not await change(stored, SignalState.NOT_TAKEN)  # it is not WAITING any more
    filled = await memory.channels.signal(stored.id)
    assert filled == replace(stored, state=SignalState.FILLED, position_id=5, facts=facts)
    assert await change(filled, SignalState.CLOSED)
    closed = await memory.channels.signal(stored.id)
    assert not await change(closed, SignalState.FILLED)


async def test_many_at_once_get_numbers_without_a_gap(memory: Memory) -> None:
    channel = await a_channel(memory)
    added = (memory.channels.add_signal(signal_of(channel, number % 8)) for number in range(24))
    stored = [one for one in await asyncio.gather(*added) if one]
    assert sorted(one.number for one in stored) == list(range(1, 9))


async def test_a_chat_that_moves_takes_its_channels_along(memory: Memory) -> None:
    new = Place("telegram", "-1001")
    whole, topic = await a_channel(memory), await a_channel(memory, TOPIC)
    taken = await a_channel(memory, replace(new, thread="7"))
    await memory.channels.move_place(HERE, new)
    assert (await memory.channels.get(whole.id)).place == new
    assert (await memory.channels.get(topic.id)).place == TOPIC  # the new chat has one already
    assert (await memory.channels.get(taken.id)).place == replace(new, thread="7")


async def test_the_outbox_takes_channels_desks_and_listening_along(database: Database) -> None:
    new = Place("telegram", "-1001")
    channel, ann = await a_channel(database), await a_user(database)
    desk = await database.desks.open(HERE, "Desk", ann.id, Rule(), NOON)
    assert desk is not None
    await database.heard.listen(Listen(ann.id, TOPIC, "Calls", ann.id, NOON))
    await database.outbox.move_place(HERE, new)
    assert (await database.channels.get(channel.id)).place == new
    assert await database.desks.at(new) == replace(desk, place=new)
    assert await database.desks.at(HERE) is None
    [listen] = await database.heard.listens(ann.id)
    assert listen.place == replace(new, thread="7")


async def test_listeners_hear_of_every_notice_in_its_transaction(memory: Memory, ann: User) -> None:
    heard: list[Notice] = []

    async def listen(notice: Notice) -> None:
        heard.append(notice)
        await memory.notes.write("heard", notice.key)
        if notice.key == "bad":
            raise RuntimeError("it goes wrong after it was written")

    memory.when_told(listen)
    await memory.users.set_notice(ann.id, "filled", "off")
    await memory.notices.tell(Notice(ann.id, NoticeKind.FILLED, "good", {}))
    assert [notice.key for notice in heard] == ["good"]
    with pytest.raises(RuntimeError):
        await memory.notices.tell(Notice(ann.id, NoticeKind.CLOSED, "bad", {}))
    assert await memory.notes.read("heard") == "good"


async def test_what_waits_holds_nothing_up(mail: Mail) -> None:
    async def due(seconds: float) -> list[str]:
        items = await mail.outbox.due("telegram", NOON + timedelta(seconds=seconds), 10)
        return [item.key for item in items]

    until = NOON + timedelta(seconds=60)
    put = mail.outbox.put
    assert await put(1, HERE, NoticeKind.SIGNAL_POST, "post", {}, at=NOON, not_before=until)
    assert await put(1, HERE, NoticeKind.REPLY, "answer", {}, at=NOON)
    assert await due(59) == ["answer"]
    [item] = await mail.outbox.due("telegram", NOON, 1)
    await mail.outbox.take(item)
    await mail.outbox.sent(item, "1")
    assert await due(59) == []
    assert await due(60) == ["post"]
    [item] = await mail.outbox.due("telegram", until, 1)
    assert await put(1, HERE, NoticeKind.SIGNAL_UPDATE, "update", {}, at=until)
    await mail.outbox.take(item)
    await mail.outbox.retry(item, until + timedelta(seconds=5), "once more")
    assert await due(61) == []  # what was tried keeps its place
    assert await due(65) == ["post"]
