"""The adapter on simcord, a second and foreign stand-in for Discord."""

from dataclasses import dataclass, field

import discord
import pytest
import simcord

from agents.domain.errors import DeliveryDelayed, DeliveryRefused, PlaceGone
from agents.domain.user import Identity, Membership, Place
from bot.platforms.discord import DiscordPlatform
from handlers.chat import Button, Glance, Incoming, Outgoing, Tap, text
from tests.support.discord_desk import COMMANDS, FORMS

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
CARD = Outgoing(
    text("Long BTC"),
    ((Button("✅ Approve", "approve", 7, 1), Button("✏️ Edit", "edit", 7, 1)),),
)


@dataclass
class Desk:
    """What one process of the bot heard."""

    platform: DiscordPlatform = field(
        default_factory=lambda: DiscordPlatform("token", commands=COMMANDS, forms=FORMS)
    )
    received: list[Incoming] = field(default_factory=list)
    glance: Glance = field(default_factory=Glance)

    def client(self) -> discord.Client:
        return self.platform.bot(self.receive)

    async def receive(self, incoming: Incoming) -> Glance:
        self.received.append(incoming)
        return self.glance


@pytest.fixture
def desk() -> Desk:
    return Desk()


def place(channel: simcord.ChannelHandle) -> Place:
    return Place("discord", str(channel.id))


async def test_it_connects(desk: Desk) -> None:
    async with simcord.run(desk.client()) as env:
        assert desk.platform.health().connected
        assert set(env.create_user("ann").available_commands()) == {row.name for row in COMMANDS}


async def test_direct_messages(desk: Desk) -> None:
    async with simcord.run(desk.client()) as env:
        ann = env.create_user("ann")
        await ann.send_dm("buy BTC")
        [heard] = desk.received
        assert (heard.text, heard.private) == ("buy BTC", True)
        number = await desk.platform.send(heard.place, Outgoing(CARD.words, CARD.rows, PNG))
        shown = ann.dm_channel.last_message
        assert shown is not None
        assert number == f"p{shown.id}"
        assert shown.embeds[0].description == "Long BTC"
        await desk.platform.edit(heard.place, number, Outgoing(text("Approved.")))
        shown = ann.dm_channel.last_message
        assert shown is not None
        assert shown.embeds[0].description == "Approved."
        assert not shown.components


async def test_a_command_is_answered_by_its_own_response(desk: Desk) -> None:
    async with simcord.run(desk.client()) as env:
        ann = env.create_user("ann")
        asked = await ann.slash("new", text="rsi < 30")
        assert asked.deferred
        [heard] = desk.received
        assert heard.text == "/new rsi < 30"
        await desk.platform.send(heard.place, CARD, heard.reply_to)
        await desk.platform.send(heard.place, Outgoing(text("More.")), heard.reply_to)
        assert asked.response is not None
        assert asked.response.embeds[0].description == "Long BTC"
        assert [one.content for one in asked.followups] == ["More."]


async def test_the_words_of_new_are_required(desk: Desk) -> None:
    async with simcord.run(desk.client()) as env:
        with pytest.raises(simcord.OptionError):
            await env.create_user("ann").slash("new")
        assert desk.received == []


async def test_personal_answers_in_a_guild(desk: Desk) -> None:
    async with simcord.run(desk.client()) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("desk")
        ann = guild.add_member(env.create_user("ann"))
        desk.glance = Glance(personal=True)
        asked = await ann.slash(channel, "status")
        assert asked.ephemeral
        [heard] = desk.received
        assert (heard.private, heard.discreet) == (False, True)
        answer = Outgoing(text("Yours."), CARD.rows, personal=True)
        number = await desk.platform.send(heard.place, answer, heard.reply_to)
        assert asked.response is not None
        assert asked.response.ephemeral
        tapped = await ann.click(asked.response, label="✅ Approve")
        assert tapped.acknowledged
        done = Outgoing(text("Done."), personal=True)
        await desk.platform.edit(heard.place, number, done)
        assert asked.response.content == "Done."
        assert channel.history() == []


async def test_buttons_work_after_a_restart(desk: Desk) -> None:
    async with simcord.run(desk.client()) as env:
        ann = env.create_user("ann")
        await ann.send_dm("hello")
        await desk.platform.send(desk.received[0].place, CARD)
        after = Desk()
        await env.restart_bot(after.client())
        card = ann.dm_channel.last_message
        assert card is not None
        tapped = await ann.click(card, label="✅ Approve")
        assert tapped.acknowledged
        assert [heard.tap for heard in after.received] == [Tap("approve", 7, 1)]


async def test_a_form(desk: Desk) -> None:
    async with simcord.run(desk.client()) as env:
        ann = env.create_user("ann")
        await ann.send_dm("hello")
        await desk.platform.send(desk.received[0].place, CARD)
        card = ann.dm_channel.last_message
        assert card is not None
        opened = await ann.click(card, label="✏️ Edit")
        assert opened.modal is not None
        sent = await ann.submit_modal(opened, {"answer": "half the risk"})
        heard = desk.received[-1]
        assert (heard.tap, heard.text) == (Tap("edit", 7, 1), "half the risk")
        await desk.platform.send(heard.place, Outgoing(text("Changed.")), heard.reply_to)
        assert sent.response is not None
        assert sent.response.content == "Changed."


async def test_who_may_what(desk: Desk) -> None:
    async with simcord.run(desk.client()) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("desk")
        ann = guild.add_member(env.create_user("ann"))
        bob = env.create_user("bob")
        there = await desk.platform.standing(place(channel), Identity("discord", str(ann.id)))
        assert (there.membership, there.bot_may_post) == (Membership.MEMBER, True)
        absent = await desk.platform.standing(place(channel), Identity("discord", str(bob.id)))
        assert absent.membership is Membership.ABSENT
        assert await desk.platform.find_place(channel.mention) == place(channel)


async def test_what_is_overheard(desk: Desk) -> None:
    async with simcord.run(desk.client()) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("desk")
        ann = guild.add_member(env.create_user("ann"))
        await ann.send(channel, "just talking")
        assert [heard.addressed for heard in desk.received] == []


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (500, 0, DeliveryDelayed),
        (403, 50007, PlaceGone),
        (404, 10003, PlaceGone),
        (403, 50001, PlaceGone),
        (400, 50035, DeliveryRefused),
        (401, 0, DeliveryDelayed),
    ],
)
async def test_faults(desk: Desk, status: int, code: int, kind: type[Exception]) -> None:
    async with simcord.run(desk.client()) as env:
        ann = env.create_user("ann")
        await ann.send_dm("hello")
        env.inject_error("POST", "/channels/*/messages", status=status, code=code, times=None)
        with pytest.raises(kind):
            await desk.platform.send(desk.received[0].place, Outgoing(text("Yes?")))


async def test_a_forwarded_message(desk: Desk) -> None:
    async with simcord.run(desk.client()) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("signals")
        ann = guild.add_member(env.create_user("ann"))
        signal = await ann.send(channel, "BTC long 61,000 sl 60,000")
        await ann.forward(signal, ann.user.dm_channel)
        [heard] = desk.received
        assert heard.text == "BTC long 61,000 sl 60,000"
        assert heard.forwarded == f"#signals ({guild.name})"
        assert heard.answers == ""
