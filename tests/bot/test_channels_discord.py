"""The same posts on Discord, also beside a channel of Telegram; and rights taken away there."""

from collections.abc import AsyncIterator

import pytest

from agents.domain.user import NoticeKind, Place
from handlers.chat import Reply, text
from tests.support.channel_room import ADA_THERE, ChannelRoom, channel_room
from tests.support.conversation import plain
from tests.support.discord_rules import NOTHING, May
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import Channel, Guild, Message
from tests.support.memory_mail import MemoryOutbox

VIP = -1_001_000_000_001


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


@pytest.fixture
def guild(discord: DiscordServer) -> Guild:
    made = discord.guild("Traders", owner=1)
    discord.join(made, ADA_THERE, "Ada")
    return made


@pytest.fixture
def signals(discord: DiscordServer, guild: Guild) -> Channel:
    return discord.channel(guild, "signals")


@pytest.fixture
async def room(discord: DiscordServer) -> AsyncIterator[ChannelRoom]:
    async with channel_room(discord) as made:
        made.server.channel(VIP, "Vip", "vip_signals")
        made.server.promote(VIP, ADA_THERE)
        yield made


def mention(channel: Channel) -> str:
    return f"<#{channel.id}>"


def bots(discord: DiscordServer, channel: Channel) -> list[Message]:
    return [message for message in discord.messages(channel) if message.from_bot]


async def test_one_strategy_in_channels_of_two_platforms(
    room: ChannelRoom, discord: DiscordServer, signals: Channel
) -> None:
    await room.published("@vip_signals")
    assert "is published in #signals" in plain(
        await room.talk.say(f"/publish 1 {mention(signals)}")
    )
    await room.opened()
    await room.prices("61200", "61200")
    await room.delivered()
    post, filled, closed = bots(discord, signals)
    there = room.post(VIP)
    for words in ("LONG BTC/USDT", "Entry: 60000.00", "Closed at 61200.00: +2.00R (target)"):
        assert words in post.text and words in there.text
    assert post.picture and post.picture.startswith(b"\x89PNG")
    assert post.buttons == []
    assert (filled.reply_to, closed.reply_to) == (post.id, post.id)
    assert "✅ Filled at" in filled.text and "Closed at" in closed.text


async def test_a_deleted_post_is_sent_anew(
    room: ChannelRoom, discord: DiscordServer, signals: Channel
) -> None:
    await room.published(mention(signals))
    await room.opened()
    await room.delivered()
    [post, _] = bots(discord, signals)
    del discord.world.messages[post.id]
    await room.prices("61200", "61200")
    await room.delivered()
    _, again, closed = bots(discord, signals)
    assert "Entry: 60000.00" in again.text and "Closed at" in again.text
    assert closed.reply_to == again.id
    [told] = room.lost()
    assert "was deleted" in str(told["headline"])


@pytest.mark.parametrize("how", ["no right", "thrown out", "channel deleted"])
async def test_a_bot_that_lost_its_right_tells_once_and_goes_on(
    room: ChannelRoom, discord: DiscordServer, signals: Channel, guild: Guild, how: str
) -> None:
    await room.published(mention(signals))
    assert "is published" in plain(await room.talk.say("/publish 1 @vip_signals"))
    if how == "no right":
        discord.allow(signals, guild.id, NOTHING, May.SEND)
    elif how == "thrown out":
        discord.throw_out(guild)
    else:
        discord.remove_channel(signals)
    await room.opened()
    await room.prices("61200", "61200")
    await room.delivered()
    assert len(room.texts(VIP)) == 3
    assert [told["title"] for told in room.lost()] == ["#signals"]
    assert room.waiting() == []


async def test_a_blocked_chat_is_one_notice_and_the_rest_goes_on(
    room: ChannelRoom, discord: DiscordServer, signals: Channel
) -> None:
    ada, direct = await room.talk.user(), discord.dm(ADA_THERE, "Ada")
    blocked, other = Place("telegram", str(ADA_THERE)), Place("discord", str(direct.id))
    for place in (blocked, other):
        await room.world.memory.users.add_place(ada.id, place)
    await room.published(mention(signals))
    room.server.block(ADA_THERE, ADA_THERE)
    outbox = MemoryOutbox(room.world.memory.session)
    for number in range(3):
        for place in (blocked, other):
            facts = Reply(text(f"Closed #{number}")).as_json()
            at = room.world.clock.wall()
            await outbox.put(ada.id, place, NoticeKind.REPLY, f"k{number}", facts, at=at)
    await room.opened()
    await room.prices("61200", "61200")
    await room.delivered()
    [lost] = room.lost()
    assert (lost["title"], lost["reason"]) == ("Telegram", "I was blocked there.")
    assert [one.text for one in bots(discord, direct)] == ["Closed #0", "Closed #1", "Closed #2"]
    assert len(bots(discord, signals)) == 3
    places = await room.world.memory.users.places(ada.id)
    assert other in places and blocked not in places


async def test_a_person_who_left_publishes_no_more(
    room: ChannelRoom, discord: DiscordServer, signals: Channel, guild: Guild
) -> None:
    await room.published(mention(signals))
    discord.leave(guild, ADA_THERE)
    await room.opened()
    await room.delivered()
    assert bots(discord, signals) == []
    told = [one for one in room.world.memory.told if one.key.startswith("unpublished:")]
    assert len(told) == 1 and room.lost() == []


async def test_a_thread_that_was_locked_tells_once(
    room: ChannelRoom, discord: DiscordServer, signals: Channel
) -> None:
    thread = discord.thread(signals, "dips")
    await room.published(mention(thread))
    await room.opened()
    await room.delivered()
    assert len(bots(discord, thread)) == 2
    discord.archive(thread, locked=True)
    await room.prices("61200", "61200")
    await room.delivered()
    assert len(room.lost()) == 1 and room.waiting() == []
