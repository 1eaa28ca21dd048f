"""What goes out to Discord: layout, edits, limits, and what is refused."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from agents.domain.errors import DeliveryDelayed, DeliveryRefused, PlaceGone
from agents.domain.user import Place
from handlers.chat import Button, Outgoing, bold, pre, text
from tests.support.discord_desk import DiscordDesk, discord_desk
from tests.support.discord_person import DiscordPerson
from tests.support.discord_rules import EVERYONE, May
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ANNOUNCEMENT, Channel

ANN = 42
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
APPROVE = Button("✅ Approve", "approve", 7, 1)
VETO = Button("🛑 Veto", "veto", 7, 1)
CARD = Outgoing(bold("Long BTC") + text(" at 61,000"), ((APPROVE, VETO),))


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
def ann(server: DiscordServer) -> DiscordPerson:
    return DiscordPerson(server, ANN)


def place(channel: Channel) -> Place:
    if channel.parent:
        return Place("discord", str(channel.parent.id), str(channel.id))
    return Place("discord", str(channel.id))


# --- layout ---------------------------------------------------------------------------------------


async def test_words_are_a_plain_message(desk: DiscordDesk, ann: DiscordPerson) -> None:
    await desk.platform.send(place(ann.channel), Outgoing(bold("Paused") + text(" *#1* <@42>")))
    [message] = ann.messages
    assert message.spans == [("bold", "Paused"), ("", " *#1* <@42>")]
    assert not message.embeds


async def test_a_card_is_an_embed_with_its_picture(desk: DiscordDesk, ann: DiscordPerson) -> None:
    sent = Outgoing(CARD.words, CARD.rows, PNG, silent=True)
    await desk.platform.send(place(ann.channel), sent)
    [message] = ann.messages
    [embed] = message.embeds
    assert embed["description"] == "**Long BTC** at 61,000"
    assert embed["image"] == {"url": "attachment://picture.png"}
    assert message.picture == PNG
    assert message.silent
    assert message.buttons == ["✅ Approve", "🛑 Veto"]
    assert message.button("Approve") == APPROVE.data


async def test_a_file_hangs_on_its_message(desk: DiscordDesk, ann: DiscordPerson) -> None:
    file = Outgoing(text("Your journal"), (), b"id,net\n", file_name="journal.csv")
    await desk.platform.send(place(ann.channel), file)
    [message] = ann.messages
    assert (message.text, message.embeds) == ("Your journal", [])
    assert [one["filename"] for one in message.attachments] == ["journal.csv"]
    assert message.files["journal.csv"] == b"id,net\n"


async def test_an_outcome_keeps_the_picture(desk: DiscordDesk, ann: DiscordPerson) -> None:
    where = place(ann.channel)
    number = await desk.platform.send(where, Outgoing(CARD.words, CARD.rows, PNG))
    await desk.platform.edit(where, number, Outgoing(text("Vetoed.")))
    [message] = ann.messages
    assert (message.text, message.buttons, message.picture) == ("Vetoed.", [], PNG)
    assert message.embeds[0]["image"]["url"] == "attachment://picture.png"


async def test_a_text_gets_a_picture_and_keeps_it(desk: DiscordDesk, ann: DiscordPerson) -> None:
    where = place(ann.channel)
    number = await desk.platform.send(where, Outgoing(text("Drawing.")))
    await desk.platform.edit(where, number, Outgoing(text("Drawn."), picture=PNG))
    await desk.platform.edit(where, number, Outgoing(text("Done.")))
    [message] = ann.messages
    assert (message.text, message.picture) == ("Done.", PNG)
    assert "image" in message.embeds[0]


async def test_long_words_become_several_messages(desk: DiscordDesk, ann: DiscordPerson) -> None:
    every = "\n".join(f"line {number} of *many*" for number in range(600))
    number = await desk.platform.send(place(ann.channel), Outgoing(text(every), CARD.rows, PNG))
    messages = ann.messages
    assert "\n".join(message.text for message in messages) == every
    assert [bool(message.buttons) for message in messages] == [False] * (len(messages) - 1) + [True]
    assert number == f"p{messages[-1].id}"


async def test_many_buttons_of_a_kind_are_a_menu(desk: DiscordDesk, ann: DiscordPerson) -> None:
    rows = tuple((Button(f"📄 Strategy {n}", "strategy", n, 0),) for n in range(30))
    more = ((Button("➡️ More", "strategies", 1, 0),),)
    await desk.platform.send(place(ann.channel), Outgoing(text("Which?"), rows + more))
    [message] = ann.messages
    assert message.buttons == ["➡️ More"]
    await ann.choose(message, "Strategy 29")
    [tapped] = await desk.heard()
    assert tapped.tap is not None
    assert (tapped.tap.verb, tapped.tap.id) == ("strategy", 29)


async def test_forty_different_buttons_fit(desk: DiscordDesk, ann: DiscordPerson) -> None:
    rows = tuple((Button(f"🔹 {n}", f"verb{n}", n, 0),) for n in range(40))
    await desk.platform.send(place(ann.channel), Outgoing(text("Which?"), rows))
    [message] = ann.messages
    await ann.choose(message, "🔹 39")
    assert (await desk.heard())[0].tap_data == "verb39:39:0"


async def test_a_message_without_anything_is_refused(desk: DiscordDesk, ann: DiscordPerson) -> None:
    with pytest.raises(DeliveryRefused):
        await desk.platform.send(place(ann.channel), Outgoing(text(" \n")))


async def test_an_answer_names_what_it_answers(desk: DiscordDesk, ann: DiscordPerson) -> None:
    where, said = place(ann.channel), ann.say("hello")
    await desk.platform.send(where, Outgoing(text("Yes?")), str(said))
    await desk.platform.send(where, Outgoing(text("Hm.")), "12345")
    assert [message.reply_to for message in ann.messages] == [said, 0]


# --- edits ----------------------------------------------------------------------------------------


async def test_a_deleted_message_can_not_be_edited(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson
) -> None:
    number = await desk.platform.send(place(ann.channel), CARD)
    server.rest.remove(ann.messages[0])
    with pytest.raises(DeliveryRefused) as no:
        await desk.platform.edit(place(ann.channel), number, CARD)
    assert not isinstance(no.value, PlaceGone)


async def test_too_many_edits_of_an_old_message_are_refused_for_good(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson
) -> None:
    number = await desk.platform.send(place(ann.channel), CARD)
    server.pass_time(4000)
    with pytest.raises(DeliveryRefused):
        for count in range(5):
            await desk.platform.edit(place(ann.channel), number, Outgoing(text(f"{count}")))


async def test_an_edit_that_is_too_long_takes_the_buttons_away(
    desk: DiscordDesk, ann: DiscordPerson
) -> None:
    number = await desk.platform.send(place(ann.channel), CARD)
    with pytest.raises(DeliveryRefused):
        await desk.platform.edit(place(ann.channel), number, Outgoing(text("x" * 5000)))
    assert ann.messages[0].buttons == []


# --- removing -------------------------------------------------------------------------------------


async def test_what_a_person_wrote_is_removed_where_that_is_allowed(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson
) -> None:
    guild = server.guild(bot_may=EVERYONE | May.MANAGE_MESSAGES)
    server.join(guild, ANN)
    channel = server.channel(guild)
    said = ann.at(channel).say("@Parley my key is abc")
    await desk.platform.remove(place(channel), str(said))
    assert said not in server.world.messages
    await desk.platform.remove(place(channel), str(said))  # gone already is a success
    with pytest.raises(DeliveryRefused) as no:
        await desk.platform.remove(place(ann.channel), str(ann.say("my key")))
    assert not isinstance(no.value, PlaceGone)


# --- trouble --------------------------------------------------------------------------------------


@pytest.mark.parametrize("everywhere", [False, True])
async def test_a_limit_is_told_at_once(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson, everywhere: bool
) -> None:
    server.flood(30.0, path="/messages", everywhere=everywhere)
    with pytest.raises(DeliveryDelayed) as delay:
        await desk.platform.send(place(ann.channel), CARD)
    assert delay.value.retry_after == pytest.approx(30, abs=1)
    before = len(server.calls)
    with pytest.raises(DeliveryDelayed):  # and Discord is not asked again before
        await desk.platform.send(place(ann.channel), CARD)
    assert len(server.calls) == before


@pytest.mark.parametrize("kind", ["refuse", "503"])
async def test_an_outage_delays(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson, kind: str
) -> None:
    await server.set_outage(kind)
    with pytest.raises(DeliveryDelayed):
        await desk.platform.send(place(ann.channel), CARD)
    await server.set_outage("")
    await desk.well()
    await desk.platform.send(place(ann.channel), CARD)
    assert len(ann.messages) == 1


async def test_a_lost_answer_does_not_say_it_twice(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson
) -> None:
    server.lost_answers["POST /channels/#/messages"] = 1
    where, card = place(ann.channel), replace(CARD, key="notice 7")
    with pytest.raises(DeliveryDelayed):
        await desk.platform.send(where, card)
    number = await desk.platform.send(where, card)
    async with discord_desk(server) as again:  # as after a restart
        await again.well()
        assert await again.platform.send(where, card) == number
    assert [str(message.id) for message in ann.messages] == [number]
    await desk.platform.send(where, CARD)  # the same words, meant anew
    await desk.platform.send(where, CARD)
    assert len(ann.messages) == 3


async def test_a_person_who_takes_no_messages(desk: DiscordDesk, ann: DiscordPerson) -> None:
    ann.channel.closed = True
    with pytest.raises(PlaceGone) as gone:
        await desk.platform.send(place(ann.channel), CARD)
    assert "takes no direct messages" in str(gone.value)


async def test_a_channel_that_is_gone_or_closed_to_the_bot(
    server: DiscordServer, desk: DiscordDesk
) -> None:
    guild = server.guild()
    channel, other = server.channel(guild), server.channel(guild)
    server.remove_channel(channel)
    with pytest.raises(PlaceGone):
        await desk.platform.send(place(channel), CARD)
    server.allow(other, guild.id, May(0), May.SEND)
    with pytest.raises(PlaceGone) as gone:
        await desk.platform.send(place(other), CARD)
    assert "may not write" in str(gone.value)
    server.throw_out(guild)
    with pytest.raises(PlaceGone):
        await desk.platform.send(place(other), CARD)


async def test_without_embeds_the_words_go_as_they_are(
    server: DiscordServer, desk: DiscordDesk
) -> None:
    guild = server.guild()
    channel = server.channel(guild)
    server.allow(channel, guild.id, May(0), May.EMBED | May.ATTACH)
    long = Outgoing(text("word " * 600), CARD.rows, PNG)
    number = await desk.platform.send(place(channel), long)
    shown = server.messages(channel)
    assert (len(shown), str(shown[-1].id)) == (2, number)
    assert shown[-1].buttons
    assert not shown[-1].embeds


async def test_a_thread_is_written_to_and_a_locked_one_refuses(
    server: DiscordServer, desk: DiscordDesk
) -> None:
    guild = server.guild()
    thread = server.thread(server.channel(guild))
    number = await desk.platform.send(place(thread), CARD)
    server.archive(thread)
    with pytest.raises(DeliveryRefused) as no:
        await desk.platform.edit(place(thread), number, CARD)
    assert not isinstance(no.value, PlaceGone)
    await desk.platform.send(place(thread), CARD)  # a message opens it again
    server.archive(thread, locked=True)
    with pytest.raises(PlaceGone) as gone:
        await desk.platform.send(place(thread), CARD)
    assert "locked" in str(gone.value)


async def test_an_announcement_channel_takes_posts(
    server: DiscordServer, desk: DiscordDesk
) -> None:
    channel = server.channel(server.guild(), "signals", ANNOUNCEMENT)
    await desk.platform.send(place(channel), Outgoing(pre("BTC/USDT long"), picture=PNG))
    [message] = server.messages(channel)
    assert [(style, said.strip()) for style, said in message.spans] == [("pre", "BTC/USDT long")]


async def test_nothing_is_sent_before_the_first_connection(server: DiscordServer) -> None:
    await server.set_outage("503")
    async with discord_desk(server) as desk:
        assert "can't be reached" in await desk.ailing()
        with pytest.raises(DeliveryDelayed):
            await desk.platform.send(Place("discord", "123"), CARD)
        assert not (await desk.platform.check()).connected
        await server.set_outage("")
        await desk.well()
        assert (await desk.platform.check()).connected


async def test_a_wrong_token_is_said_and_not_shown(
    server: DiscordServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with discord_desk(server, token="wrong.secret.token") as desk:
        assert "DISCORD_BOT_TOKEN" in await desk.ailing()
    assert "wrong.secret.token" not in caplog.text
