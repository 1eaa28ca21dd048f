"""Discord over a real socket: nothing is lost when the line breaks, and nothing comes twice."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial

import pytest

from agents.domain.errors import DeliveryDelayed
from agents.domain.user import Identity, Place
from handlers.chat import Button, Glance, MenuCommand, Outgoing, Tap, text
from tests.support.discord_desk import DiscordDesk, discord_desk
from tests.support.discord_gateway import PRIVILEGED
from tests.support.discord_person import DiscordPerson
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import Channel

ANN = 42
MENU = (
    MenuCommand("status", "what is watched"),
    MenuCommand("close", "close a trade", "SYMBOL, N or all", "positions"),
)
CARD = Outgoing(text("Buy BTC?"), rows=((Button("✅ Approve", "approve", 7, 2),),))


MakeDesk = Callable[..., AbstractAsyncContextManager[DiscordDesk]]


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


@pytest.fixture
def make_desk(server: DiscordServer) -> MakeDesk:
    return partial(discord_desk, server, commands=MENU)


@pytest.fixture
async def desk(make_desk: MakeDesk) -> AsyncIterator[DiscordDesk]:
    async with make_desk() as running:
        await running.well()
        yield running


@pytest.fixture
def ann(server: DiscordServer) -> DiscordPerson:
    return DiscordPerson(server, ANN)


def place(channel: Channel) -> Place:
    if channel.parent:
        return Place("discord", str(channel.parent.id), str(channel.id))
    return Place("discord", str(channel.id))


async def texts(desk: DiscordDesk, count: int = 1) -> Sequence[str | None]:
    """Of everything received, once there is so much."""
    return [incoming.text for incoming in await desk.heard(count)]


# --- coming -------------------------------------------------------------------------------------


async def test_login_asks_for_nothing_that_needs_permission(desk: DiscordDesk) -> None:
    [session] = desk.server.gateway.sessions.values()
    assert not session.intents & PRIVILEGED
    assert desk.server.gateway.paths == ["/gateway"]
    assert desk.server.counts["GET /gateway/bot"] == 1
    assert [row["name"] for row in desk.server.rest.commands] == ["status", "close"]


async def test_commands_are_told_when_they_changed_and_only_then(make_desk: MakeDesk) -> None:
    async with make_desk() as first:
        await first.well()
        assert first.server.rest.syncs == 1
        await first.platform.stop()
        async with make_desk() as second:
            await second.well()
            assert second.server.rest.syncs == 1
        async with make_desk(commands=MENU[:1]) as third:
            await third.well()
            assert third.server.rest.syncs == 2
            assert [row["name"] for row in third.server.rest.commands] == ["status"]


async def test_a_wrong_token_is_tried_rarely(
    make_desk: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    async with make_desk(token="a.wrong.token") as desk:
        assert "DISCORD_BOT_TOKEN" in await desk.ailing()
        await desk.server.wait_for(lambda: 30.0 in desk.pauses)
        assert not desk.platform.health().connected
    assert "a.wrong.token" not in caplog.text and "Traceback" not in caplog.text
    told = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert sum("DISCORD_BOT_TOKEN" in one.getMessage() for one in told) == 1


# --- the line breaks ----------------------------------------------------------------------------


async def test_op_7_is_followed_by_a_resume(desk: DiscordDesk, ann: DiscordPerson) -> None:
    ann.say("before")
    await desk.heard(1)
    desk.server.gateway.ask_to_reconnect()
    ann.say("in between")
    assert await texts(desk, 2) == ["before", "in between"]
    ann.say("after")
    assert await texts(desk, 3) == ["before", "in between", "after"]
    assert desk.server.gateway.counts["identify"] == 1
    assert desk.server.gateway.paths == ["/gateway", "/gateway/resume"]


async def test_what_was_missed_arrives_once_and_in_its_order(
    desk: DiscordDesk, ann: DiscordPerson
) -> None:
    sent = await desk.platform.send(place(ann.channel), CARD)
    card = desk.server.world.messages[int(sent)]
    for number in range(3):
        desk.server.gateway.drop()
        ann.say(f"missed {number}")
        desk.server.press(card, ANN, card.button("Approve"))
        await desk.heard(2 * number + 2)
    taps = [incoming.tap for incoming in desk.received if incoming.tap]
    assert taps == [Tap("approve", 7, 2)] * 3
    texts = [incoming.text for incoming in desk.received if incoming.text]
    assert texts == ["missed 0", "missed 1", "missed 2"]
    assert len({incoming.key for incoming in desk.received}) == 6
    assert desk.server.gateway.counts["identify"] == 1


async def test_an_invalid_session_begins_anew_at_the_right_address(
    desk: DiscordDesk, ann: DiscordPerson
) -> None:
    desk.server.gateway.ask_to_reconnect()  # so that it last connected to another address
    await desk.server.wait_for(lambda: desk.server.gateway.counts["resume"] == 1)
    desk.server.gateway.invalidate()
    await desk.server.wait_for(lambda: desk.server.gateway.counts["identify"] == 2)
    ann.say("still there?")
    assert await texts(desk) == ["still there?"]
    assert desk.server.gateway.paths == ["/gateway", "/gateway/resume", "/gateway"]


async def test_a_session_that_is_merely_interrupted_is_resumed(
    desk: DiscordDesk, ann: DiscordPerson
) -> None:
    desk.server.gateway.invalidate(resumable=True)
    ann.say("still there?")
    assert await texts(desk) == ["still there?"]
    assert desk.server.gateway.counts["identify"] == 1


async def test_a_session_that_was_forgotten_meanwhile(
    desk: DiscordDesk, ann: DiscordPerson
) -> None:
    desk.server.gateway.forget()
    desk.server.gateway.drop()
    await desk.server.wait_for(lambda: desk.server.gateway.counts["identify"] == 2)
    ann.say("hello again")
    assert await texts(desk) == ["hello again"]


async def test_an_outage(desk: DiscordDesk, ann: DiscordPerson) -> None:
    await desk.server.set_outage("refuse")
    assert "can't be reached" in await desk.ailing()
    with pytest.raises(DeliveryDelayed):
        await desk.platform.send(place(ann.channel), CARD)
    ann.say("anybody there?")
    await desk.server.set_outage("")
    assert await texts(desk) == ["anybody there?"]
    await desk.well()
    assert desk.server.gateway.counts["identify"] == 1


async def test_an_update_that_cant_be_stored_yet_is_not_lost(
    desk: DiscordDesk, ann: DiscordPerson
) -> None:
    database = asyncio.Event()
    desk.held = database.wait
    ann.say("one")
    ann.say("two")
    desk.server.gateway.drop()
    await desk.server.wait_for(lambda: desk.server.gateway.counts["resume"] == 1)
    database.set()
    assert await texts(desk, 2) == ["one", "two"]


# --- limits -------------------------------------------------------------------------------------


async def test_a_global_limit_holds_everything_and_asks_nothing_meanwhile(
    desk: DiscordDesk, ann: DiscordPerson
) -> None:
    bob = DiscordPerson(desk.server, 43, "Bob")
    desk.server.flood(60.0, everywhere=True)
    with pytest.raises(DeliveryDelayed) as delayed:
        await desk.platform.send(place(ann.channel), CARD)
    assert delayed.value.retry_after == 60
    asked = len(desk.server.calls)
    with pytest.raises(DeliveryDelayed) as delayed:
        await desk.platform.send(place(bob.channel), CARD)
    assert delayed.value.retry_after and 50 < delayed.value.retry_after <= 60
    assert len(desk.server.calls) == asked
    assert not ann.messages and not bob.messages


async def test_taps_are_acknowledged_while_a_global_limit_holds(
    desk: DiscordDesk, ann: DiscordPerson
) -> None:
    sent = await desk.platform.send(place(ann.channel), CARD)
    desk.server.flood(60.0, everywhere=True)
    with pytest.raises(DeliveryDelayed):
        await desk.platform.send(place(ann.channel), CARD)
    await ann.press(desk.server.world.messages[int(sent)], "Approve")
    await desk.heard()
    assert desk.received[0].tap == Tap("approve", 7, 2)


async def test_a_lost_answer_is_asked_for_again_and_shows_once(
    desk: DiscordDesk, ann: DiscordPerson
) -> None:
    first, second = replace(CARD, key="card 1"), replace(CARD, key="card 2")
    desk.server.lost_answers["POST /channels/#/messages"] = 1
    with pytest.raises(DeliveryDelayed):
        await desk.platform.send(place(ann.channel), first)
    sent = await desk.platform.send(place(ann.channel), first)
    [shown] = ann.messages
    assert str(shown.id) == sent
    await desk.platform.send(place(ann.channel), second)
    assert len(ann.messages) == 2


# --- interactions -------------------------------------------------------------------------------


async def test_a_command_and_its_answer(desk: DiscordDesk, ann: DiscordPerson) -> None:
    asked = ann.run("status")
    assert await texts(desk) == ["/status"]
    [incoming] = desk.received
    assert (incoming.private, incoming.place) == (True, place(ann.channel))
    sent = await desk.platform.send(incoming.place, CARD, incoming.reply_to)
    assert asked.response == int(sent) and asked.answered == 5
    [shown] = ann.messages
    assert (shown.text, shown.buttons) == ("Buy BTC?", ["✅ Approve"])
    await desk.platform.edit(incoming.place, sent, Outgoing(text("Done.")))
    assert (shown.text, shown.buttons) == ("Done.", [])


async def test_the_acknowledgement_does_not_wait_for_the_store(
    desk: DiscordDesk, ann: DiscordPerson
) -> None:
    """A database that hangs: tap and command are acknowledged all the same, in Discord's time."""
    card = desk.server.world.messages[int(await desk.platform.send(place(ann.channel), CARD))]
    desk.server.interactions.hurried = True
    database = asyncio.Event()
    desk.held = database.wait
    tapped = await ann.press(card, "Approve")
    asked = ann.run("close", "BTC")
    await desk.server.wait_for(lambda: asked.acknowledged)
    assert not desk.received and not tapped.late and not asked.late
    database.set()
    assert sorted(await texts(desk, 2), key=str) == ["/close BTC", None]


async def test_what_is_acknowledged_too_late_counts_all_the_same(
    desk: DiscordDesk, ann: DiscordPerson
) -> None:
    card = desk.server.world.messages[int(await desk.platform.send(place(ann.channel), CARD))]
    tapped = desk.server.press(card, ANN, card.button("Approve"))
    desk.server.pass_time(3)
    await desk.heard(1)
    asked = ann.run("status")
    desk.server.pass_time(3)
    await desk.heard(2)
    assert not tapped.acknowledged and not asked.acknowledged
    assert desk.received[0].tap == Tap("approve", 7, 2)
    last = desk.received[-1]
    sent = await desk.platform.send(last.place, Outgoing(text("As the bot.")), last.reply_to)
    assert ann.messages[-1].id == int(sent) and ann.messages[-1].text == "As the bot."


async def test_an_interaction_that_comes_twice(desk: DiscordDesk, ann: DiscordPerson) -> None:
    card = desk.server.world.messages[int(await desk.platform.send(place(ann.channel), CARD))]
    await ann.press(card, "Approve")
    desk.server.gateway.repeat("INTERACTION_CREATE")
    ann.say("and then")
    await desk.server.wait_for(lambda: "and then" in [incoming.text for incoming in desk.received])
    await desk.platform.stop()  # everything that was begun is done
    assert len({incoming.key for incoming in desk.received}) == 2
    name = "POST /interactions/#/token/callback"
    assert desk.server.counts[name] == 1 and not desk.server.refused


async def test_after_a_quarter_of_an_hour_the_bot_answers_as_itself(
    desk: DiscordDesk, ann: DiscordPerson
) -> None:
    asked = ann.run("status")
    await desk.heard()
    [incoming] = desk.received
    await desk.server.wait_for(lambda: asked.acknowledged)
    desk.server.pass_time(900)
    sent = await desk.platform.send(incoming.place, CARD, incoming.reply_to)
    assert [one.id for one in ann.messages] == [int(sent)]
    await desk.platform.edit(incoming.place, sent, Outgoing(text("Done.")))
    assert ann.messages[0].text == "Done."


async def test_an_answer_for_one_persons_eyes(desk: DiscordDesk, ann: DiscordPerson) -> None:
    """Ephemeral in the server; once its token is over, the direct message stands in for it."""
    room, bob = guild_channel(desk), DiscordPerson(desk.server, 43, "Bob")
    here = ann.at(room)
    desk.glance = Glance(personal=True)
    here.run("status")
    await desk.heard()
    [incoming] = desk.received
    assert incoming.discreet and not incoming.private
    secret = Outgoing(text("12,345 USDT"), personal=True)
    sent = await desk.platform.send(incoming.place, secret, incoming.reply_to)
    [seen] = here.messages
    assert seen.text == "12,345 USDT" and seen.ephemeral
    assert bob.at(room).messages == []
    await desk.platform.edit(incoming.place, sent, Outgoing(text("12,346 USDT"), personal=True))
    assert seen.text == "12,346 USDT"
    desk.server.pass_time(900)
    await desk.platform.edit(incoming.place, sent, Outgoing(text("12,347 USDT"), personal=True))
    assert [one.text for one in ann.messages] == ["12,347 USDT"]
    assert bob.at(room).messages == []


def guild_channel(desk: DiscordDesk) -> Channel:
    guild = desk.server.guild()
    desk.server.join(guild, ANN, "Ann")
    desk.server.join(guild, 43, "Bob")
    return desk.server.channel(guild)


async def test_a_button_pressed_after_a_restart(make_desk: MakeDesk, ann: DiscordPerson) -> None:
    async with make_desk() as before:
        await before.well()
        sent = await before.platform.send(place(ann.channel), CARD)
    card = ann.server.world.messages[int(sent)]
    ann.server.pass_time(100_000)
    async with make_desk() as desk:
        await desk.well()
        await ann.press(card, "Approve")
        await desk.heard()
        [incoming] = desk.received
        assert (incoming.tap, incoming.message_id) == (Tap("approve", 7, 2), sent)
        await desk.platform.edit(place(ann.channel), sent, Outgoing(text("Approved.")))
        assert (card.text, card.buttons) == ("Approved.", [])


# --- suggestions --------------------------------------------------------------------------------


async def proposed(
    person: Identity, where: Place, command: str, typed: str
) -> Sequence[tuple[str, str]]:
    if typed == "broken":
        raise OSError("a fault of ours")
    if typed == "slow":
        await asyncio.Event().wait()
    return [(f"{command} {typed} of {person.account} {'x' * 200}", "7")] * 30


async def test_suggestions(make_desk: MakeDesk, ann: DiscordPerson) -> None:
    ann.server.interactions.hurried = True
    async with make_desk(suggest=proposed) as desk:
        await desk.well()
        offered = await ann.suggested("close", "b")
        assert len(offered) == 25
        assert offered[0][0].startswith("close b of 42") and offered[0][1] == "7"
        assert await ann.suggested("close", "broken") == []
        assert await ann.suggested("close", "slow") == []
        assert not desk.received and not desk.server.refused
