"""Who stands where on Discord, and which place is meant."""

from collections.abc import AsyncIterator

import pytest

from agents.domain.errors import DeliveryDelayed, DeliveryRefused, PlaceGone
from agents.domain.user import Hearing, Identity, Membership, Place, Standing
from tests.support.discord_desk import DiscordDesk, discord_desk
from tests.support.discord_person import DiscordPerson
from tests.support.discord_rules import EVERYONE, May
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ANNOUNCEMENT, Channel, Guild

OWNER, ANN, BOB = 41, 42, 43


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


@pytest.fixture
async def desk(server: DiscordServer) -> AsyncIterator[DiscordDesk]:
    async with discord_desk(server) as running:
        await running.well()
        yield running


@pytest.fixture
def guild(server: DiscordServer) -> Guild:
    guild = server.guild(owner=OWNER)
    server.join(guild, ANN, "Ann")
    return guild


@pytest.fixture
def channel(server: DiscordServer, guild: Guild) -> Channel:
    return server.channel(guild, "desk")


def place(channel: Channel) -> Place:
    if channel.parent:
        return Place("discord", str(channel.parent.id), str(channel.id))
    return Place("discord", str(channel.id))


def who(account: int) -> Identity:
    return Identity("discord", str(account))


async def test_everybody_in_a_channel(desk: DiscordDesk, channel: Channel) -> None:
    ann = await desk.platform.standing(place(channel), who(ANN))
    assert ann == Standing("#desk", "group", True, Membership.MEMBER, True, Hearing.NEVER)
    owner = await desk.platform.standing(place(channel), who(OWNER))
    assert owner.membership is Membership.OWNER
    for stranger in (who(BOB), Identity("telegram", str(ANN)), Identity("discord", "x")):
        nobody = await desk.platform.standing(place(channel), stranger)
        assert (nobody.membership, nobody.person_may_post) == (Membership.ABSENT, False)


async def test_who_left_has_no_standing(
    server: DiscordServer, desk: DiscordDesk, guild: Guild, channel: Channel
) -> None:
    server.leave(guild, ANN)
    gone = await desk.platform.standing(place(channel), who(ANN))
    assert gone.membership is Membership.ABSENT


async def test_rights_come_from_roles_and_layers(
    server: DiscordServer, desk: DiscordDesk, guild: Guild, channel: Channel
) -> None:
    server.join(guild, BOB, "Bob", EVERYONE | May.MANAGE_CHANNELS)
    [role] = guild.members[BOB]
    server.allow(channel, guild.id, May(0), May.SEND)
    server.allow(channel, role, May.SEND)
    ann = await desk.platform.standing(place(channel), who(ANN))
    bob = await desk.platform.standing(place(channel), who(BOB))
    assert (ann.membership, ann.person_may_post) == (Membership.MEMBER, False)
    assert (bob.membership, bob.person_may_post) == (Membership.ADMIN, True)
    assert not ann.bot_may_post
    server.allow(channel, ANN, May.SEND)
    assert (await desk.platform.standing(place(channel), who(ANN))).person_may_post


async def test_who_can_not_see_a_channel_is_not_there(
    server: DiscordServer, desk: DiscordDesk, channel: Channel
) -> None:
    server.allow(channel, ANN, May(0), May.VIEW)
    hidden = await desk.platform.standing(place(channel), who(ANN))
    assert (hidden.membership, hidden.person_may_post) == (Membership.ABSENT, False)


async def test_an_announcement_channel_is_a_channel(
    server: DiscordServer, desk: DiscordDesk, guild: Guild
) -> None:
    news = server.channel(guild, "signals", ANNOUNCEMENT)
    assert (await desk.platform.standing(place(news), who(ANN))).kind == "channel"


async def test_a_thread_has_its_channels_rights(
    server: DiscordServer, desk: DiscordDesk, channel: Channel
) -> None:
    thread = server.thread(channel, "btc")
    server.allow(channel, ANN, May(0), May.SEND)  # threads have a right of their own
    ann = await desk.platform.standing(place(thread), who(ANN))
    assert (ann.title, ann.kind, ann.person_may_post) == ("#btc", "group", True)
    server.allow(channel, ANN, May(0), May.SEND_IN_THREADS)
    assert not (await desk.platform.standing(place(thread), who(ANN))).person_may_post


@pytest.mark.parametrize(("locked", "word"), [(False, "archived"), (True, "locked")])
async def test_a_thread_that_is_not_open(
    server: DiscordServer, desk: DiscordDesk, channel: Channel, locked: bool, word: str
) -> None:
    thread = server.thread(channel)
    server.archive(thread, locked=locked)
    with pytest.raises(DeliveryRefused, match=word):
        await desk.platform.standing(place(thread), who(ANN))
    with pytest.raises(DeliveryRefused, match=word):
        await desk.platform.find_place(f"<#{thread.id}>")


async def test_direct_messages_are_of_two(desk: DiscordDesk, server: DiscordServer) -> None:
    channel = DiscordPerson(server, ANN, "Ann").channel
    ann = await desk.platform.standing(place(channel), who(ANN))
    assert ann == Standing("Ann", "private", True, Membership.MEMBER, True)
    bob = await desk.platform.standing(place(channel), who(BOB))
    assert bob.membership is Membership.ABSENT


async def test_places_that_are_gone(
    server: DiscordServer, desk: DiscordDesk, guild: Guild, channel: Channel
) -> None:
    server.throw_out(guild)
    with pytest.raises(PlaceGone):
        await desk.platform.standing(place(channel), who(ANN))
    with pytest.raises(PlaceGone):
        await desk.platform.standing(Place("discord", "nowhere"), who(ANN))


async def test_what_a_place_may_be_called(
    server: DiscordServer, desk: DiscordDesk, guild: Guild, channel: Channel
) -> None:
    thread = server.thread(channel)
    for said in (
        f"<#{channel.id}>",
        f" {channel.id} ",
        f"https://discord.com/channels/{guild.id}/{channel.id}",
        f"https://ptb.discord.com/channels/{guild.id}/{channel.id}/{thread.id}",
    ):
        assert await desk.platform.find_place(said) == place(channel)
    assert await desk.platform.find_place(f"<#{thread.id}>") == place(thread)
    for said in ("#desk", "desk", "<#1>", f"<#{guild.id}>", "@bob", ""):
        assert await desk.platform.find_place(said) is None


async def test_an_outage_is_no_answer(
    server: DiscordServer, desk: DiscordDesk, channel: Channel
) -> None:
    await server.set_outage("503")
    with pytest.raises(DeliveryDelayed):
        await desk.platform.standing(place(channel), who(ANN))
    with pytest.raises(DeliveryDelayed):
        await desk.platform.find_place(f"<#{channel.id}>")
