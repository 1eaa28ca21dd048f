"""Channels of Telegram that go wrong: one clear notice, and what waits behind goes on."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from agents.domain.mail import OutboxState
from agents.domain.user import Identity, NoticeKind, Place
from tests.support.channel_room import ADA_THERE, ChannelRoom, channel_room
from tests.support.conversation import plain

VIP, FREE = -1_001_000_000_001, -1_001_000_000_002
GROUP, UPGRADED = -500, -1_001_000_000_500
FORUM = -1_001_000_000_009


@pytest.fixture
async def room() -> AsyncIterator[ChannelRoom]:
    async with channel_room() as made:
        for number, name in ((VIP, "vip_signals"), (FREE, "free_signals")):
            made.server.channel(number, name.replace("_", " ").title(), name)
            made.server.promote(number, ADA_THERE)
        made.server.group(GROUP, "Friends")
        yield made


async def test_a_published_trade_stands_in_its_channel(room: ChannelRoom) -> None:
    await room.published("@vip_signals")
    await room.opened()
    await room.delivered()
    post = room.post(VIP)
    assert post.photo and post.photo.startswith(b"\x89PNG")
    assert post.text.startswith("📄 Paper · LONG BTC/USDT\nEntry: 60000.00\n")
    assert "✅ Filled at 60000.00" in post.text and not post.keyboard
    await room.prices("61200", "61200")
    await room.delivered()
    assert "🟢 Closed at 61200.00: +2.00R (target)" in room.post(VIP).text
    _, *updates = room.server.messages(VIP)
    assert all(update.reply_to == post.id for update in updates)
    assert [update.text.splitlines()[1][:8] for update in updates] == ["✅ Filled", "🟢 Closed"]
    assert room.lost() == []


@pytest.mark.parametrize("how", ["demoted", "kicked", "left"])
async def test_a_bot_that_lost_its_right_tells_once_and_goes_on(
    room: ChannelRoom, how: str
) -> None:
    lost = await room.published("@vip_signals")
    await room.talk.say("/publish 1 @free_signals")
    await room.opened()
    chat = room.server.world.chats[VIP]
    if how == "demoted":
        chat.bot_posts = False
    else:
        chat.bot = how
    await room.prices("61200", "61200")
    await room.delivered()
    assert room.texts(VIP) == []
    assert len(room.texts(FREE)) == 3
    [told] = room.lost()
    assert told["title"] == "Vip Signals"
    assert (await room.world.memory.channels.get(lost.id)).lost_at is not None
    refused = [row for row in room.world.memory.rows("outbox") if row.state is OutboxState.FAILED]
    assert {row.place.chat for row in refused} == {str(VIP)}


async def test_everybody_who_publishes_in_a_lost_channel_learns_of_it(room: ChannelRoom) -> None:
    await room.published("@vip_signals")
    bob = await room.talk.stranger_in()
    user = await room.talk.user(bob)
    there = Identity("telegram", "43")
    await room.world.memory.links.add(user.id, there)
    room.server.promote(VIP, 43)
    await room.world.strategy(user.id)
    assert "is published" in plain(await room.talk.say("/publish 1 @vip_signals", bob))
    room.server.world.chats[VIP].bot = "kicked"
    await room.opened()
    await room.delivered()
    told = [one for one in room.world.memory.told if one.kind is NoticeKind.PLACE_LOST]
    assert {one.owner_id for one in told} == {(await room.talk.user()).id, user.id}
    assert len(told) == 2


async def test_a_right_that_comes_back_is_used_after_the_next_publish(room: ChannelRoom) -> None:
    channel = await room.published("@vip_signals")
    room.server.world.chats[VIP].bot_posts = False
    await room.opened()
    await room.delivered()
    assert len(room.lost()) == 1
    assert "I may not post" in plain(await room.talk.say("/publish 1 @vip_signals"))
    room.server.world.chats[VIP].bot_posts = True
    assert "is published" in plain(await room.talk.say("/publish 1 @vip_signals"))
    assert (await room.world.memory.channels.get(channel.id)).lost_at is None
    await room.prices("61200", "61200")
    await room.delivered()
    post, closed = room.server.messages(VIP)  # the post itself comes with what has become of it
    assert "Entry: 60000.00" in post.text and "Closed at 61200.00" in post.text
    assert closed.reply_to == post.id


@pytest.mark.parametrize(
    ("bot", "person", "wanted"),
    [
        ("member", "member", "I may not post in Friends"),
        ("administrator", "member", "You may not post in Friends"),
        ("administrator", "administrator", "is published in Friends"),
        ("restricted", "administrator", "I may not post in Friends"),
    ],
)
async def test_in_a_group_where_only_the_staff_writes(
    room: ChannelRoom, bot: str, person: str, wanted: str
) -> None:
    group = room.server.world.chats[GROUP]
    group.muted, group.bot, group.staff[ADA_THERE] = True, bot, person
    await room.talk.strategy()
    assert wanted in plain(await room.talk.say(f"/publish 1 {GROUP}"))


@pytest.mark.parametrize("bot", ["member", "restricted"])
async def test_a_group_that_silences_the_bot_is_lost(room: ChannelRoom, bot: str) -> None:
    await room.published(str(GROUP))
    await room.opened()
    await room.delivered()
    group = room.server.world.chats[GROUP]
    group.muted, group.bot = True, bot
    await room.prices("61200", "61200")
    await room.delivered()
    assert len(room.texts(GROUP)) == 2 and len(room.lost()) == 1


async def test_a_person_who_lost_the_right_publishes_no_more(room: ChannelRoom) -> None:
    await room.published("@vip_signals")
    await room.talk.say("/publish 1 @free_signals")
    room.server.world.chats[VIP].posters.clear()
    await room.opened()
    await room.prices("61200", "61200")
    await room.delivered()
    assert room.texts(VIP) == []
    assert len(room.texts(FREE)) == 3
    told = [one for one in room.world.memory.told if one.key.startswith("unpublished:")]
    assert len(told) == 1 and room.lost() == []


async def test_a_post_that_was_deleted_is_sent_anew_with_the_next_follow_up(
    room: ChannelRoom,
) -> None:
    await room.published("@vip_signals")
    await room.opened()
    await room.delivered()
    gone = room.post(VIP)
    room.server.delete(gone.id)
    await room.prices("61200", "61200")
    await room.delivered()
    post = room.post(VIP)
    assert post.id != gone.id and post.photo
    assert "Filled at" in post.text and "Closed at 61200.00" in post.text
    assert room.server.last(VIP).reply_to == post.id
    [told] = room.lost()
    assert told["headline"] == "🗑 A signal of mine in Vip Signals was deleted."
    assert room.waiting() == []


async def test_a_topic_that_was_closed_tells_once_and_the_group_goes_on(
    room: ChannelRoom,
) -> None:
    forum = room.server.group(FORUM, "Forum", forum=True)
    topic = room.server.topic(FORUM)
    made = await room.talk.strategy()
    await _here(room, FORUM, topic)
    await room.talk.say(f"/publish {made.number} @free_signals")
    await room.opened()
    await room.delivered()
    assert "Entry:" in room.texts(FORUM)[0]
    forum.closed.add(topic)
    await room.prices("61200", "61200")
    await room.delivered()
    [told] = room.lost()
    assert "topic was closed" in str(told["reason"])
    assert len(room.texts(FREE)) == 3
    assert room.waiting() == []


async def _here(room: ChannelRoom, chat: int, topic: int = 0) -> None:
    """/publish 1 here, said in a group of Telegram."""
    who = Identity("telegram", str(ADA_THERE))
    incoming = room.talk.incoming(who, text="/publish 1 here", private=False)
    there = Place("telegram", str(chat), str(topic or ""))
    said = plain(await room.talk.handle(replace(incoming, place=there)))
    assert "is published in" in said, said


async def test_a_group_with_a_new_id_is_followed_there(room: ChannelRoom) -> None:
    await room.talk.strategy()
    await _here(room, GROUP)
    await room.opened()
    await room.delivered()
    room.server.migrate(GROUP, UPGRADED)
    await room.prices("61200", "61200")
    await room.delivered()
    [channel] = room.world.memory.rows("channels")
    assert channel.place.chat == str(UPGRADED)
    said = room.texts(UPGRADED)
    assert "Closed at 61200.00" in said[0] and "Entry:" in said[0]
    assert said[1].splitlines()[1].startswith("🟢 Closed")
    await room.prices("60000")
    await room.opened()
    await room.delivered()
    assert "#2 · record" in room.post(UPGRADED).text
    [told] = room.lost()
    assert "has a new id" in str(told["headline"])
