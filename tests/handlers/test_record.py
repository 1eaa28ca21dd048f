"""/record: honest totals, whether the record is whole, and corrections that stay."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.chain import verify_chain
from agents.domain.errors import PlaceGone
from agents.domain.publishing import Channel, Moment
from agents.domain.record import Entry, RecordKind
from agents.domain.user import Identity, Place
from agents.reporting.record import totals
from handlers import numbers
from tests.handlers.test_publishing import desk as publishing_desk
from tests.support.chains import a_chain
from tests.support.conversation import ADA, Conversation, plain
from tests.support.desk import levels

GROUP = Place("chatter", "the-group")
SEEN: dict[str, Any] = {"private": False, "chat": "the-group"}


async def a_channel(
    talk: Conversation, place: Place = GROUP, title: str = "Calls", delay: int = 0
) -> Channel:
    user = await talk.user()
    at = talk.world.clock.wall()
    return await talk.desk.memory.channels.open(place, title, user.id, delay, at)


async def fill(talk: Conversation, channel: Channel, length: int = 40) -> list[Entry]:
    """A made-up record, all of it older than a day."""
    began = talk.world.clock.wall() - timedelta(days=40)
    chain = a_chain(length)
    for number, entry in enumerate(chain):
        at = began + (entry.at - chain[0].at)
        await talk.desk.memory.record.append(
            channel.id, f"k{number}", entry.kind, {"mode": "paper", **entry.body}, at
        )
    return list(await talk.desk.memory.record.entries(channel.id))


async def say(talk: Conversation, text: str, who: Identity = ADA, **more: Any) -> str:
    return plain(await talk.say(text, who, **more))


async def test_totals_of_the_only_channel(talk: Conversation) -> None:
    entries = await fill(talk, await a_channel(talk))
    said = await say(talk, "/record")
    assert "📒 Calls · 📄 Paper · since " in said
    signals = sum(entry.kind == RecordKind.SIGNAL for entry in entries)
    assert re.search(rf"Signals +{signals}\n", said)
    for name in ("closed", "open", "waiting", "not taken", "Average", "Median", "Worst run"):
        assert name in said
    assert re.search(r"Deepest fall +-\d", said)
    picture = talk.shown[-1].picture
    assert picture is not None
    drawn = await talk.pictures(picture, (await talk.user()).id)
    assert drawn.startswith(b"\x89PNG")


async def test_nothing_is_recorded_yet(talk: Conversation) -> None:
    assert "Nothing is published here" in await say(talk, "/record")
    await a_channel(talk)
    assert "Nothing is in its record yet" in await say(talk, "/record")
    assert "Nothing is in its record yet" in await say(talk, "/record verify")


async def test_a_record_without_closed_signals_has_no_picture(talk: Conversation) -> None:
    channel = await a_channel(talk)
    at = talk.world.clock.wall()
    await talk.desk.memory.record.append(channel.id, "a", "signal", {"signal": 1}, at)
    said = await say(talk, "/record")
    assert re.search(r"Signals +1\n", said) and "Won" not in said
    assert talk.shown[-1].picture is None


async def test_which_channel(talk: Conversation) -> None:
    calls = await a_channel(talk)
    other = await a_channel(talk, Place("chatter", "paid"), "Paid calls")
    await fill(talk, calls, 4)
    await fill(talk, other, 4)
    said = await say(talk, "/record")
    assert f"/record {calls.id} Calls" in said and f"/record {other.id} Paid calls" in said
    for name in (str(other.id), f"#{other.id}", "paid calls"):
        assert "Paid calls ·" in await say(talk, f"/record {name}")
    talk.people.names["@paid"] = other.place
    assert "Paid calls ·" in await say(talk, "/record @paid")
    assert "📒 Calls" in await say(talk, "/record", **SEEN)
    assert "no channel 99" in await say(talk, "/record 99")
    assert "no channel" in await say(talk, f"/record {10**30}")
    assert "I see no channel '@nowhere'" in await say(talk, "/record @nowhere")
    talk.people.refused["@left"] = PlaceGone("I was removed from it.")
    assert "I see no channel '@left'" in await say(talk, "/record @left")


async def test_everybody_may_look_at_a_record(talk: Conversation) -> None:
    channel = await a_channel(talk)
    await fill(talk, channel)
    bob = await talk.stranger_in()
    assert "You have no channel" in await say(talk, f"/record {channel.id}", bob)
    talk.people.names["@calls"] = GROUP
    assert "📒 Calls" in await say(talk, "/record @calls", bob)
    assert "📒 Calls" in await say(talk, "/record", bob, **SEEN)


async def test_what_is_too_young_is_for_its_owner_alone(talk: Conversation) -> None:
    channel = await a_channel(talk, delay=900)
    await fill(talk, channel, 6)
    before = await talk.desk.memory.record.head(channel.id)
    now = talk.world.clock.wall()
    young = await talk.desk.memory.record.append(
        channel.id, "young", "signal", {"signal": 77}, now - timedelta(minutes=14)
    )
    assert young is not None
    bob = await talk.stranger_in()
    talk.people.names["@calls"] = GROUP
    for who, more in ((bob, {}), (bob, SEEN), (ADA, SEEN)):
        said = await say(talk, "/record @calls verify", who, **more)
        assert before in said and young.hash not in said
        assert "younger than 15 min is not shown yet" in said
        assert "6 entries" in said
    whole = await say(talk, f"/record {channel.id} verify")
    assert young.hash in whole and "others see each entry 15 min later" in whole
    talk.world.clock.advance(61)
    assert young.hash in await say(talk, "/record @calls verify", bob)


async def test_verify_tells_head_count_and_address(talk: Conversation) -> None:
    channel = await a_channel(talk)
    entries = await fill(talk, channel)
    said = await say(talk, "/record verify")
    assert "✅ The record of Calls is whole: 40 entries." in said
    assert f"Head: {entries[-1].hash}" in said
    assert f"/record/{channel.id}-{entries[0].hash[:16]}.jsonl" in said


async def test_a_record_that_somebody_wrote_in_is_told(talk: Conversation) -> None:
    channel = await a_channel(talk)
    await fill(talk, channel)
    table = talk.world.memory.database.table("record")
    del table.rows[channel.id, "k7"]
    said = await say(talk, "/record verify")
    assert "⛔ The record of Calls is broken" in said
    assert "entry 8 is missing" in said


async def test_a_correction_is_one_more_entry(talk: Conversation) -> None:
    channel = await a_channel(talk)
    entries = await fill(talk, channel)
    said = await say(talk, "/record correct #2  The stop was\nmeant to be 5 % away.")
    assert "Signal #2 of Calls is corrected" in said
    after = await talk.desk.memory.record.entries(channel.id)
    assert list(after[:-1]) == entries
    assert after[-1].kind == "correction"
    assert after[-1].body == {"signal": 2, "text": "The stop was meant to be 5 % away."}
    assert "✏️ #2: The stop was meant to be 5 % away." in await say(talk, "/record")
    assert "✅" in await say(talk, "/record verify")
    user = await talk.user()
    (newest,) = await talk.desk.memory.audit.recent(user.id, 1)
    assert newest["what"] == "record_corrected"


async def test_the_same_message_corrects_once(talk: Conversation) -> None:
    channel = await a_channel(talk)
    await fill(talk, channel)
    for _ in range(2):
        await say(talk, "/record correct 2 Sorry.", key="twice")
    assert len(await talk.desk.memory.record.entries(channel.id)) == 41


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("correct", "Say which signal"),
        ("correct 2", "Say which signal"),
        ("correct all of it", "Say which signal"),
        ("correct 999 x", "There is no signal #999"),
        ("correct 2 " + "x" * 501, "501 characters"),
    ],
)
async def test_a_bad_correction_gets_a_sentence(
    talk: Conversation, words: str, answer: str
) -> None:
    channel = await a_channel(talk)
    await fill(talk, channel)
    assert answer in await say(talk, f"/record {words}")
    assert len(await talk.desk.memory.record.entries(channel.id)) == 40


async def test_only_who_publishes_there_corrects(talk: Conversation) -> None:
    channel = await a_channel(talk)
    await fill(talk, channel)
    bob = await talk.stranger_in()
    talk.people.names["@calls"] = GROUP
    said = await say(talk, "/record @calls correct 2 It was fine.", bob)
    assert "Only who publishes" in said
    assert len(await talk.desk.memory.record.entries(channel.id)) == 40
    user = await talk.user(bob)
    at = talk.world.clock.wall()
    strategy = await talk.world.strategy(user.id)
    await talk.desk.memory.channels.publish(
        user.id, channel.id, strategy.id, user.id, bob, Moment.PROPOSAL, at
    )
    assert "is corrected" in await say(talk, "/record correct 2 It was fine.", bob)


@pytest.mark.parametrize("words", ["remove 2", "delete 2", "clear", "edit 2 x", "correct 2"])
async def test_no_words_remove_an_entry(talk: Conversation, words: str) -> None:
    channel = await a_channel(talk)
    entries = await fill(talk, channel)
    await say(talk, f"/record {words}")
    await say(talk, f"/record {channel.id} {words}")
    assert list(await talk.desk.memory.record.entries(channel.id)) == entries


async def test_the_record_of_real_trades_says_what_the_books_say() -> None:
    talk = await publishing_desk()
    await talk.say("/publish 1 @signals")
    [strategy] = talk.world.memory.rows("strategies")
    targets = (("60600", "0.25"), ("61200", "0.35"), ("63000", "0.4"))
    await talk.world.opened(strategy, levels(targets=targets))
    for price in ("60600", "60600", "61200", "61200", "63000", "63000"):
        await talk.world.tick(price)
    await talk.world.propose(strategy)
    [channel] = talk.world.memory.rows("channels")
    entries = await talk.desk.memory.record.entries(channel.id)
    assert verify_chain(entries) == []
    found = totals(entries)
    [position] = talk.world.positions
    assert (found.signals, found.closed, found.waiting) == (2, 1, 1)
    assert abs(found.total - position.r_multiple()) < Decimal("0.0001")
    said = await say(talk, "/record")
    assert re.search(rf"Sum +{re.escape(numbers.multiple(found.total))}\n", said)
