"""What comes in from Discord: words, commands, taps, forms, and how each is answered."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from agents.domain.errors import DeliveryDelayed, DeliveryRefused, PlaceGone
from agents.domain.user import Identity, Place
from handlers.chat import Button, Glance, MenuCommand, Outgoing, Tap, text
from tests.support.discord_desk import COMMANDS, DiscordDesk, discord_desk
from tests.support.discord_interactions import ASK, THINK, WAIT, Interaction
from tests.support.discord_person import DiscordPerson
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import Channel, Guild

ANN, BOB = 42, 43
CARD = Outgoing(
    text("Long BTC"),
    ((Button("✅ Approve", "approve", 7, 1), Button("✏️ Edit", "edit", 7, 1)),),
)


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


@pytest.fixture
def guild(server: DiscordServer) -> Guild:
    guild = server.guild()
    server.join(guild, ANN, "Ann")
    server.join(guild, BOB, "Bob")
    return guild


@pytest.fixture
def channel(server: DiscordServer, guild: Guild) -> Channel:
    return server.channel(guild)


def place(channel: Channel) -> Place:
    if channel.parent:
        return Place("discord", str(channel.parent.id), str(channel.id))
    return Place("discord", str(channel.id))


async def acknowledged(server: DiscordServer, one: Interaction) -> Interaction:
    await server.wait_for(lambda: one.acknowledged)
    return one


# --- words ----------------------------------------------------------------------------------------


async def test_a_direct_message(desk: DiscordDesk, ann: DiscordPerson) -> None:
    number = ann.say("buy BTC when rsi < 30")
    [heard] = await desk.heard()
    assert heard.key == f"m{number}"
    assert (heard.place, heard.sender) == (place(ann.channel), Identity("discord", "42"))
    assert (heard.text, heard.sender_name, heard.private) == ("buy BTC when rsi < 30", "Ann", True)
    assert (heard.message_id, heard.reply_to, heard.discreet) == (str(number), "", False)


async def test_a_message_that_comes_twice_has_one_key(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson
) -> None:
    ann.say("hello")
    server.gateway.repeat("MESSAGE_CREATE")
    assert len({heard.key for heard in await desk.heard(2)}) == 1


async def test_what_names_the_bot_in_a_channel(
    desk: DiscordDesk, ann: DiscordPerson, channel: Channel
) -> None:
    ann.at(channel).say("@Parley, status please")
    [heard] = await desk.heard()
    assert (heard.text, heard.addressed, heard.private) == ("status please", True, False)


async def test_an_answer_to_the_bot_is_meant_for_it(
    desk: DiscordDesk, ann: DiscordPerson, channel: Channel
) -> None:
    number = await desk.platform.send(place(channel), Outgoing(text("Which one?")))
    ann.at(channel).say("the first", reply_to=int(number))
    [heard] = await desk.heard()
    assert (heard.text, heard.addressed, heard.answers) == ("the first", True, number)


async def test_what_discord_hides_is_passed_over(
    desk: DiscordDesk, ann: DiscordPerson, channel: Channel
) -> None:
    ann.at(channel).say("not for the bot")
    ann.say("after it")
    assert [heard.text for heard in await desk.heard()] == ["after it"]


async def test_a_thread_has_its_channel_and_its_own_id(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson, channel: Channel
) -> None:
    thread = server.thread(channel)
    ann.at(thread).say("@Parley hello")
    ann.at(thread).run("status")
    heard = await desk.heard(2)
    assert {one.place for one in heard} == {Place("discord", str(channel.id), str(thread.id))}


async def test_a_fault_of_the_store_loses_nothing(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson
) -> None:
    desk.broken = True
    ann.say("one")
    tapped = ann.run("status")
    ann.say("two")
    await acknowledged(server, tapped)
    await server.wait_for(lambda: "can't be stored" in desk.platform.health().detail)
    desk.broken = False
    assert {heard.text for heard in await desk.heard(3)} == {"one", "/status", "two"}
    await server.wait_for(lambda: not desk.platform.health().detail)


# --- the menu -------------------------------------------------------------------------------------


async def test_commands_are_told_once(server: DiscordServer, desk: DiscordDesk) -> None:
    assert server.counts["PUT /applications/#/commands"] == 1
    rows = {row["name"]: row["options"][0] for row in server.rest.commands}
    assert set(rows) == {row.name for row in COMMANDS}
    assert {name for name, option in rows.items() if option.get("required")} == {"new"}
    assert {name for name, option in rows.items() if option.get("autocomplete")} == {"why"}
    async with discord_desk(server) as again:
        await again.well()
    assert server.counts["PUT /applications/#/commands"] == 1
    changed = (*COMMANDS[:-1], MenuCommand("why", "something else"))
    async with discord_desk(server, commands=changed) as other:
        await other.well()
    assert server.counts["PUT /applications/#/commands"] == 2


async def test_suggestions(server: DiscordServer, ann: DiscordPerson) -> None:
    async def suggest(
        person: Identity, where: Place, command: str, typed: str
    ) -> list[tuple[str, str]]:
        assert (person, where) == (Identity("discord", "42"), place(ann.channel))
        assert (command, typed) == ("why", "b")
        return [(f"BTC {number}" + "x" * 200, f"btc {number}") for number in range(40)]

    async with discord_desk(server, suggest=suggest) as desk:
        await desk.well()
        offered = await ann.suggested("why", "b")
        assert len(offered) == 25
        assert offered[0][1] == "btc 0"


async def test_a_fault_in_suggestions_suggests_nothing(
    server: DiscordServer, ann: DiscordPerson
) -> None:
    async def suggest(*_: object) -> list[tuple[str, str]]:
        raise OSError("no database")

    async with discord_desk(server, suggest=suggest) as desk:
        await desk.well()
        assert await ann.suggested("why", "b") == []


# --- commands -------------------------------------------------------------------------------------


async def test_a_command_is_answered_in_its_place(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson
) -> None:
    asked = ann.run("new", "rsi < 30")
    [heard] = await desk.heard()
    assert (heard.text, heard.key) == ("/new rsi < 30", f"i{asked.id}")
    await acknowledged(server, asked)
    first = await desk.platform.send(heard.place, CARD, heard.reply_to)
    second = await desk.platform.send(heard.place, Outgoing(text("And more.")), heard.reply_to)
    assert ann.answer_to(asked) is ann.messages[0]
    assert [str(message.id) for message in ann.messages] == [first, second]
    await desk.platform.edit(heard.place, first, Outgoing(text("Done.")))
    assert ann.messages[0].text == "Done."


async def test_what_is_personal_is_seen_by_one(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson, channel: Channel
) -> None:
    desk.glance = Glance(personal=True)
    asked = ann.at(channel).run("status")
    [heard] = await desk.heard()
    assert heard.discreet
    answer = Outgoing(text("Your 5 trades"), CARD.rows, personal=True)
    number = await desk.platform.send(heard.place, answer, heard.reply_to)
    assert server.messages(channel, BOB) == []
    [seen] = server.messages(channel, ANN)
    assert (seen.id, seen.only_for) == (asked.response, ANN)
    await desk.platform.edit(heard.place, number, Outgoing(text("4 trades"), personal=True))
    assert seen.text == "4 trades"


@pytest.mark.parametrize("expected", [True, False])
async def test_an_answer_of_the_other_kind_than_expected(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson, channel: Channel, expected: bool
) -> None:
    """ "thinking…" shows it to all or to one, and the answer is for the others."""
    desk.glance = Glance(personal=expected)
    ann.at(channel).run("status")
    [heard] = await desk.heard()
    answer = Outgoing(text("So it is."), personal=not expected)
    await desk.platform.send(heard.place, answer, heard.reply_to)
    [seen] = server.messages(channel, ANN)
    assert bool(seen.only_for) is not expected
    assert len(server.messages(channel, BOB)) == int(expected)


async def test_a_slow_store_does_not_hold_the_acknowledgement(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson, channel: Channel
) -> None:
    server.interactions.hurried = True
    release = asyncio.Event()
    desk.held = release.wait
    asked = await acknowledged(server, ann.at(channel).run("status"))
    assert asked.answered == THINK
    assert server.world.messages[asked.response].only_for == ANN  # safe when nothing is known
    assert not desk.received
    release.set()
    await desk.heard()


async def test_a_command_that_comes_twice(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson
) -> None:
    asked = ann.run("status")
    server.gateway.repeat("INTERACTION_CREATE")
    heard = await desk.heard(2)
    assert len({one.key for one in heard}) == 1
    await acknowledged(server, asked)
    await desk.platform.send(heard[0].place, Outgoing(text("Quiet.")), heard[0].reply_to)
    assert [message.text for message in ann.messages] == ["Quiet."]


async def test_after_the_token_the_bot_speaks_as_itself(
    server: DiscordServer, ann: DiscordPerson, channel: Channel
) -> None:
    minutes = [0.0]
    async with discord_desk(server, elapsed=lambda: minutes[0] * 60) as desk:
        await desk.well()
        await acknowledged(server, ann.at(channel).run("status"))
        [heard] = await desk.heard()
        first = await desk.platform.send(heard.place, CARD, heard.reply_to)
        minutes[0] = 15.0
        server.pass_time(901)
        await desk.platform.edit(heard.place, first, Outgoing(text("Later.")))
        await desk.platform.send(heard.place, Outgoing(text("New.")), heard.reply_to)
        secret = Outgoing(text("Yours."), personal=True)
        whispered = await desk.platform.send(heard.place, secret, heard.reply_to)
        await desk.platform.edit(
            heard.place, whispered, Outgoing(text("Yours still."), personal=True)
        )
    assert [message.text for message in server.messages(channel, BOB)] == ["Later.", "New."]
    assert [message.text for message in ann.messages] == ["Yours still."]


async def test_a_token_that_discord_ends_early(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson, channel: Channel
) -> None:
    await acknowledged(server, ann.at(channel).run("status"))
    [heard] = await desk.heard()
    server.pass_time(901)
    await desk.platform.send(heard.place, Outgoing(text("New.")), heard.reply_to)
    assert [message.text for message in server.messages(channel, BOB)] == ["New."]


async def test_after_a_restart_a_personal_answer_is_a_direct_message(
    server: DiscordServer, ann: DiscordPerson, channel: Channel
) -> None:
    async with discord_desk(server) as desk:
        await desk.well()
        ann.at(channel).run("status")
        [heard] = await desk.heard()
    async with discord_desk(server) as desk:
        await desk.well()
        secret = Outgoing(text("Yours."), personal=True)
        await desk.platform.send(heard.place, secret, heard.reply_to)
        ann.channel.closed = True
        with pytest.raises(DeliveryRefused) as no:
            await desk.platform.send(heard.place, secret, heard.reply_to)
        assert not isinstance(no.value, PlaceGone)  # the channel is not lost for that
    assert server.messages(channel, BOB) == []
    assert [message.text for message in ann.messages] == ["Yours."]


async def test_nobody_is_left_with_thinking(server: DiscordServer, ann: DiscordPerson) -> None:
    seconds = [0.0]
    async with discord_desk(server, elapsed=lambda: seconds[0]) as desk:
        await desk.well()
        asked = await acknowledged(server, ann.run("status"))
        seconds[0] = 60.0
        await server.wait_for(lambda: asked.response not in server.world.messages)
        [heard] = await desk.heard()
        await desk.platform.send(heard.place, Outgoing(text("At last.")), heard.reply_to)
        assert [message.text for message in ann.messages] == ["At last."]


async def test_the_end_leaves_nobody_with_thinking(
    server: DiscordServer, ann: DiscordPerson
) -> None:
    async with discord_desk(server) as desk:
        await desk.well()
        asked = await acknowledged(server, ann.run("status"))
        await desk.heard()
    assert asked.response not in server.world.messages


# --- taps -----------------------------------------------------------------------------------------


async def test_a_tap(desk: DiscordDesk, ann: DiscordPerson) -> None:
    number = await desk.platform.send(place(ann.channel), CARD)
    tapped = await ann.press(ann.messages[0], "Approve")
    [heard] = await desk.heard()
    assert tapped.answered == WAIT
    assert (heard.tap, heard.text, heard.message_id) == (Tap("approve", 7, 1), None, number)


async def test_a_tap_on_a_picture_names_it_as_one(desk: DiscordDesk, ann: DiscordPerson) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(64)
    sent = Outgoing(CARD.words, CARD.rows, picture)
    number = await desk.platform.send(place(ann.channel), sent)
    await ann.press(ann.messages[0], "Approve")
    assert (await desk.heard())[0].message_id == number


async def test_a_tap_after_a_restart(server: DiscordServer, ann: DiscordPerson) -> None:
    async with discord_desk(server) as desk:
        await desk.well()
        await desk.platform.send(place(ann.channel), CARD)
    async with discord_desk(server) as desk:
        await desk.well()
        await ann.press(ann.messages[0], "Approve")
        assert (await desk.heard())[0].tap == Tap("approve", 7, 1)


async def test_what_is_said_of_a_tap_is_for_the_tapper(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson, channel: Channel
) -> None:
    desk.glance = Glance(words="You may look, and not approve.")
    await desk.platform.send(place(channel), CARD)
    [card] = server.messages(channel)
    await ann.at(channel).press(card, "Approve")
    said = await ann.at(channel).see("You may look")
    assert said.only_for == ANN
    assert server.messages(channel, BOB) == [card]


async def test_a_tap_is_acknowledged_while_it_is_stored(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson
) -> None:
    server.interactions.hurried = True
    await desk.platform.send(place(ann.channel), CARD)
    release = asyncio.Event()
    desk.held = release.wait
    await ann.press(ann.messages[0], "Approve")
    assert not desk.received
    release.set()
    await desk.heard()


async def test_a_tap_counts_when_discord_takes_no_acknowledgement(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson
) -> None:
    await desk.platform.send(place(ann.channel), CARD)
    tapped = server.press(ann.messages[0], ANN, "approve:7:1")
    server.pass_time(4)
    assert (await desk.heard())[0].tap == Tap("approve", 7, 1)
    assert not tapped.acknowledged


async def test_a_tap_on_what_one_person_sees(
    server: DiscordServer, ann: DiscordPerson, channel: Channel
) -> None:
    minutes = [0.0]
    async with discord_desk(server, elapsed=lambda: minutes[0] * 60) as desk:
        await desk.well()
        desk.glance = Glance(personal=True)
        ann.at(channel).run("status")
        [asked] = await desk.heard()
        mine = Outgoing(text("Which?"), CARD.rows, personal=True)
        await desk.platform.send(asked.place, mine, asked.reply_to)
        [shown] = server.messages(channel, ANN)
        minutes[0] = 20.0
        server.pass_time(1200)
        await ann.at(channel).press(shown, "Approve")  # it brings a token of its own
        tapped = (await desk.heard(2))[1]
        done = Outgoing(text("Taken."), personal=True)
        await desk.platform.edit(tapped.place, tapped.message_id, done)
        assert (shown.text, shown.buttons) == ("Taken.", [])
        more = Outgoing(text("And this."))  # about what nobody else sees
        await desk.platform.send(tapped.place, more, tapped.reply_to)
        assert (await ann.at(channel).see("And this.")).only_for == ANN
        minutes[0] = 40.0
        server.pass_time(1200)
        await desk.platform.edit(tapped.place, tapped.message_id, Outgoing(text("Late.")))
    assert [message.text for message in ann.messages] == ["Late."]
    assert server.messages(channel, BOB) == []


async def test_a_strange_button_is_passed_on_as_such(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson
) -> None:
    await desk.platform.send(place(ann.channel), CARD)
    await ann.press_id(ann.messages[0], "who:knows")
    [heard] = await desk.heard()
    assert (heard.tap, heard.tap_data) == (None, "who:knows")


# --- forms ----------------------------------------------------------------------------------------


async def test_a_tap_that_asks_opens_a_form(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson
) -> None:
    await desk.platform.send(place(ann.channel), CARD)
    opened = await ann.press(ann.messages[0], "Edit")
    assert opened.answered == ASK
    assert not desk.received
    filled = await ann.fill(opened, "half the risk")
    [heard] = await desk.heard()
    assert (heard.tap, heard.text) == (Tap("edit", 7, 1), "half the risk")
    await desk.platform.send(heard.place, Outgoing(text("Changed.")), heard.reply_to)
    answer = ann.answer_to(filled)
    assert answer is not None
    assert answer.text == "Changed."


async def test_what_is_said_of_a_form_is_for_its_writer(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson, channel: Channel
) -> None:
    desk.glance = Glance(words="You may look, and change nothing.")
    await desk.platform.send(place(channel), CARD)
    [card] = server.messages(channel)
    await ann.at(channel).fill(await ann.at(channel).press(card, "Edit"), "half the risk")
    said = await ann.at(channel).see("You may look")
    assert said.only_for == ANN
    assert server.messages(channel, BOB) == [card]


# --- places ---------------------------------------------------------------------------------------


async def test_a_server_that_removes_the_bot(
    server: DiscordServer, desk: DiscordDesk, guild: Guild, channel: Channel, ann: DiscordPerson
) -> None:
    ann.at(channel).say("@Parley hello")
    await desk.heard()
    server.throw_out(guild)
    await server.wait_for(lambda: desk.gone)
    assert place(channel) in [where for _, where in desk.gone]


async def test_typing(server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson) -> None:
    await desk.platform.typing(place(ann.channel))
    assert server.world.typed == [ann.channel.id]
    await desk.platform.typing(Place("discord", "99"))  # never raises


async def test_a_personal_message_without_a_reader_is_kept_back(
    server: DiscordServer, desk: DiscordDesk, ann: DiscordPerson, channel: Channel
) -> None:
    said = ann.at(channel).say("@Parley what are my trades?")
    secret = Outgoing(text("Yours."), personal=True)
    await desk.platform.send(place(channel), secret, str(said))
    assert [message.text for message in ann.messages] == ["Yours."]
    assert server.messages(channel, BOB) == []
    with pytest.raises(Exception, match="one person alone") as no:
        await desk.platform.send(place(channel), secret)
    assert not isinstance(no.value, DeliveryDelayed)


# --- what was said while nobody listened ----------------------------------------------------------


async def test_what_was_said_while_the_bot_was_away(
    server: DiscordServer, ann: DiscordPerson, channel: Channel
) -> None:
    async def known() -> list[Place]:
        return [place(ann.channel), place(channel), Place("discord", "99")]

    async with discord_desk(server, known=known) as desk:
        await desk.well()
        ann.say("before")
        await desk.heard()
        await desk.platform.send(place(ann.channel), CARD)
    ann.say("while away")
    ann.at(channel).say("@Parley status")
    ann.at(channel).say("not for the bot")
    async with discord_desk(server, known=known) as desk:
        await desk.well()
        heard = await desk.heard(3)
        assert [one.text for one in heard] == ["before", "while away", "status"]
        assert [one.private for one in heard] == [True, True, False]
        assert heard[0].key == f"m{heard[0].message_id}"


async def test_what_was_said_while_a_session_was_lost(
    server: DiscordServer, ann: DiscordPerson
) -> None:
    async def known() -> list[Place]:
        return [place(ann.channel)]

    async with discord_desk(server, known=known) as desk:
        await desk.well()
        server.gateway.forget()
        server.gateway.drop()
        ann.say("into the gap")
        assert (await desk.heard())[0].text == "into the gap"
