"""Discord over a real socket: nothing is lost when the line breaks, and nothing comes twice."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from agents.domain.errors import DeliveryDelayed, DeliveryRefused, PlaceGone
from agents.domain.user import Identity, Place
from bot.platforms.discord import DiscordPlatform
from handlers.chat import Button, Glance, Incoming, MenuCommand, Outgoing, Tap, text
from tests.support.discord_gateway import PRIVILEGED
from tests.support.discord_person import DiscordPerson
from tests.support.discord_rules import May
from tests.support.discord_server import TOKEN, DiscordServer
from tests.support.discord_world import Channel

ANN = 42
MENU = (
    MenuCommand("status", "what is watched"),
    MenuCommand("close", "close a trade", "SYMBOL, N or all", "positions"),
)
CARD = Outgoing(text("Buy BTC?"), rows=((Button("✅ Approve", "approve", 7, 2),),))
EDIT = Outgoing(text("A draft"), rows=((Button("✏️ Edit", "edit", 3, 1),),))


@dataclass
class Desk:
    """The adapter with what came through it, and how long it wanted to wait."""

    server: DiscordServer
    platform: DiscordPlatform = field(init=False)
    received: list[Incoming] = field(default_factory=list)
    gone: list[tuple[Identity, Place]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    glance: Glance = field(default_factory=Glance)
    store: asyncio.Event = field(default_factory=asyncio.Event)  # cleared: a slow database
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def receive(self, incoming: Incoming) -> Glance:
        await self.store.wait()
        self.received.append(incoming)
        await self._tell()
        return self.glance

    async def _tell(self) -> None:
        async with self.news:
            self.news.notify_all()

    async def on_gone(self, by: Identity, place: Place) -> None:
        self.gone.append((by, place))
        await self._tell()

    async def pause(self, seconds: float) -> None:
        """Hours pass in a moment."""
        self.pauses.append(seconds)
        await self._tell()
        await asyncio.sleep(0.01)

    async def until(self, come: Callable[[], Any]) -> None:
        async with asyncio.timeout(20), self.news:
            await self.news.wait_for(come)

    async def heard(self, count: int = 1) -> Sequence[str | None]:
        """The texts of everything received, once there are so many."""
        await self.until(lambda: len(self.received) >= count)
        return [incoming.text for incoming in self.received]

    async def well(self) -> None:
        await self._health(lambda: self.platform.health().connected)

    async def ailing(self, words: str) -> None:
        await self._health(lambda: words in self.platform.health().detail)

    async def _health(self, come: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not come():  # noqa: ASYNC110  # nothing announces it
                await asyncio.sleep(0)


MakeDesk = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


@pytest.fixture
def make_desk(server: DiscordServer) -> MakeDesk:
    @asynccontextmanager
    async def make(token: str = TOKEN, **options: Any) -> AsyncIterator[Desk]:
        desk = Desk(server)
        desk.store.set()
        told: dict[str, Any] = {"commands": MENU, "forms": {"edit": "What else?"}, **options}
        desk.platform = DiscordPlatform(
            token, server.url, on_gone=desk.on_gone, pause=desk.pause, **told
        )
        await desk.platform.start(desk.receive)
        try:
            yield desk
        finally:
            desk.store.set()
            await desk.platform.stop()

    return make


@pytest.fixture
async def desk(make_desk: MakeDesk) -> AsyncIterator[Desk]:
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


# --- coming -------------------------------------------------------------------------------------


async def test_login_asks_for_nothing_that_needs_permission(desk: Desk) -> None:
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
    async with make_desk("a.wrong.token") as desk:
        await desk.ailing("DISCORD_BOT_TOKEN")
        await desk.until(lambda: 30.0 in desk.pauses)
        assert not desk.platform.health().connected
    assert "a.wrong.token" not in caplog.text and "Traceback" not in caplog.text
    told = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert sum("DISCORD_BOT_TOKEN" in one.getMessage() for one in told) == 1


# --- the line breaks ----------------------------------------------------------------------------


async def test_op_7_is_followed_by_a_resume(desk: Desk, ann: DiscordPerson) -> None:
    ann.say("before")
    await desk.heard(1)
    desk.server.gateway.ask_to_reconnect()
    ann.say("in between")
    assert await desk.heard(2) == ["before", "in between"]
    ann.say("after")
    assert await desk.heard(3) == ["before", "in between", "after"]
    assert desk.server.gateway.counts["identify"] == 1
    assert desk.server.gateway.paths == ["/gateway", "/gateway/resume"]


async def test_what_was_missed_arrives_once_and_in_its_order(
    desk: Desk, ann: DiscordPerson
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
    desk: Desk, ann: DiscordPerson
) -> None:
    desk.server.gateway.ask_to_reconnect()  # so that it last connected to another address
    await desk.server.wait_for(lambda: desk.server.gateway.counts["resume"] == 1)
    desk.server.gateway.invalidate()
    await desk.server.wait_for(lambda: desk.server.gateway.counts["identify"] == 2)
    ann.say("still there?")
    assert await desk.heard() == ["still there?"]
    assert desk.server.gateway.paths == ["/gateway", "/gateway/resume", "/gateway"]


async def test_a_session_that_is_merely_interrupted_is_resumed(
    desk: Desk, ann: DiscordPerson
) -> None:
    desk.server.gateway.invalidate(resumable=True)
    ann.say("still there?")
    assert await desk.heard() == ["still there?"]
    assert desk.server.gateway.counts["identify"] == 1


async def test_a_session_that_was_forgotten_meanwhile(desk: Desk, ann: DiscordPerson) -> None:
    desk.server.gateway.forget()
    desk.server.gateway.drop()
    await desk.server.wait_for(lambda: desk.server.gateway.counts["identify"] == 2)
    ann.say("hello again")
    assert await desk.heard() == ["hello again"]


async def test_an_outage(desk: Desk, ann: DiscordPerson) -> None:
    await desk.server.set_outage("refuse")
    await desk.ailing("can't be reached")
    with pytest.raises(DeliveryDelayed):
        await desk.platform.send(place(ann.channel), CARD)
    ann.say("anybody there?")
    await desk.server.set_outage("")
    assert await desk.heard() == ["anybody there?"]
    await desk.well()
    assert desk.server.gateway.counts["identify"] == 1


async def test_an_update_that_cant_be_stored_yet_is_not_lost(
    desk: Desk, ann: DiscordPerson
) -> None:
    desk.store.clear()
    ann.say("one")
    ann.say("two")
    desk.server.gateway.drop()
    await desk.server.wait_for(lambda: desk.server.gateway.counts["resume"] == 1)
    desk.store.set()
    assert await desk.heard(2) == ["one", "two"]


async def test_a_server_that_removes_the_bot(desk: Desk) -> None:
    guild = desk.server.guild(owner=ANN)
    channel = desk.server.channel(guild)
    desk.server.throw_out(guild)
    await desk.until(lambda: desk.gone)
    assert desk.gone == [(Identity("discord", str(ANN)), place(channel))]
    with pytest.raises(PlaceGone):
        await desk.platform.send(place(channel), CARD)


# --- limits -------------------------------------------------------------------------------------


async def test_a_global_limit_holds_everything_and_asks_nothing_meanwhile(
    desk: Desk, ann: DiscordPerson
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
    desk: Desk, ann: DiscordPerson
) -> None:
    sent = await desk.platform.send(place(ann.channel), CARD)
    desk.server.flood(60.0, everywhere=True)
    with pytest.raises(DeliveryDelayed):
        await desk.platform.send(place(ann.channel), CARD)
    await ann.press(desk.server.world.messages[int(sent)], "Approve")
    await desk.heard()
    assert desk.received[0].tap == Tap("approve", 7, 2)


async def test_a_channels_limit_is_its_own(desk: Desk, ann: DiscordPerson) -> None:
    bob = DiscordPerson(desk.server, 43, "Bob")
    desk.server.flood(60.0, path=f"/channels/{ann.channel.id}")
    with pytest.raises(DeliveryDelayed) as delayed:
        await desk.platform.send(place(ann.channel), CARD)
    assert delayed.value.retry_after == 60
    await desk.platform.send(place(bob.channel), CARD)
    assert bob.messages


async def test_a_lost_answer_is_asked_for_again_and_shows_once(
    desk: Desk, ann: DiscordPerson
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


async def test_an_old_message_that_was_edited_too_often(desk: Desk, ann: DiscordPerson) -> None:
    """It may take hours until it can be edited again: a new one has to take its place."""
    sent = await desk.platform.send(place(ann.channel), CARD)
    desk.server.pass_time(3600)
    with pytest.raises(DeliveryRefused):
        for number in range(10):
            await desk.platform.edit(place(ann.channel), sent, Outgoing(text(f"edit {number}")))
    assert ann.messages[0].text == "edit 2"


# --- interactions -------------------------------------------------------------------------------


async def test_a_command_and_its_answer(desk: Desk, ann: DiscordPerson) -> None:
    asked = ann.run("status")
    assert await desk.heard() == ["/status"]
    [incoming] = desk.received
    assert (incoming.private, incoming.place) == (True, place(ann.channel))
    sent = await desk.platform.send(incoming.place, CARD, incoming.reply_to)
    assert asked.response == int(sent) and asked.answered == 5
    [shown] = ann.messages
    assert (shown.text, shown.buttons) == ("Buy BTC?", ["✅ Approve"])
    await desk.platform.edit(incoming.place, sent, Outgoing(text("Done.")))
    assert (shown.text, shown.buttons) == ("Done.", [])


async def test_the_acknowledgement_does_not_wait_for_the_store(
    desk: Desk, ann: DiscordPerson
) -> None:
    """A database that hangs: tap and command are acknowledged all the same, in Discord's time."""
    card = desk.server.world.messages[int(await desk.platform.send(place(ann.channel), CARD))]
    desk.server.interactions.hurried = True
    desk.store.clear()
    tapped = await ann.press(card, "Approve")
    asked = ann.run("close", "BTC")
    await desk.server.wait_for(lambda: asked.acknowledged)
    assert not desk.received and not tapped.late and not asked.late
    desk.store.set()
    assert sorted(await desk.heard(2), key=str) == ["/close BTC", None]


async def test_what_is_acknowledged_too_late_counts_all_the_same(
    desk: Desk, ann: DiscordPerson
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


async def test_an_interaction_that_comes_twice(desk: Desk, ann: DiscordPerson) -> None:
    card = desk.server.world.messages[int(await desk.platform.send(place(ann.channel), CARD))]
    await ann.press(card, "Approve")
    desk.server.gateway.repeat("INTERACTION_CREATE")
    ann.say("and then")
    await desk.until(lambda: "and then" in [incoming.text for incoming in desk.received])
    await desk.platform.stop()  # everything that was begun is done
    assert len({incoming.key for incoming in desk.received}) == 2
    name = "POST /interactions/#/token/callback"
    assert desk.server.counts[name] == 1 and not desk.server.refused


async def test_after_a_quarter_of_an_hour_the_bot_answers_as_itself(
    desk: Desk, ann: DiscordPerson
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


async def test_an_answer_for_one_persons_eyes(desk: Desk, ann: DiscordPerson) -> None:
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


def guild_channel(desk: Desk) -> Channel:
    guild = desk.server.guild()
    desk.server.join(guild, ANN, "Ann")
    desk.server.join(guild, 43, "Bob")
    return desk.server.channel(guild)


async def test_a_tap_that_will_do_nothing_is_told_so_privately(
    desk: Desk, ann: DiscordPerson
) -> None:
    room = guild_channel(desk)
    sent = await desk.platform.send(place(room), CARD)
    desk.glance = Glance(words="You may look, not vote.")
    await ann.at(room).press(desk.server.world.messages[int(sent)], "Approve")
    told = await ann.at(room).see("You may look, not vote.")
    assert told.ephemeral
    assert desk.server.messages(room, reader=43) == [desk.server.world.messages[int(sent)]]


async def test_a_form(desk: Desk, ann: DiscordPerson) -> None:
    sent = await desk.platform.send(place(ann.channel), EDIT)
    opened = await ann.press(desk.server.world.messages[int(sent)], "Edit")
    assert opened.form["title"] == "What else?" and not desk.received
    await ann.fill(opened, "stop 2%")
    assert await desk.heard() == ["stop 2%"]
    assert desk.received[0].tap == Tap("edit", 3, 1)


async def test_a_menu_of_many_buttons(desk: Desk, ann: DiscordPerson) -> None:
    rows = tuple((Button(f"🔹 Number {n}", "strategy", n),) for n in range(1, 9))
    sent = await desk.platform.send(place(ann.channel), Outgoing(text("Which?"), rows=rows))
    await ann.choose(desk.server.world.messages[int(sent)], "Number 7")
    await desk.heard()
    assert desk.received[0].tap == Tap("strategy", 7, 0)


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


# --- places -------------------------------------------------------------------------------------


async def test_in_a_server_only_what_is_meant_for_the_bot_is_heard(
    desk: Desk, ann: DiscordPerson
) -> None:
    room = guild_channel(desk)
    thread = desk.server.thread(room)
    here = ann.at(room)
    sent = await desk.platform.send(place(room), CARD)
    here.say("lunch?")
    here.say("@Parley buy BTC")
    here.say("why?", reply_to=int(sent))
    ann.at(thread).say("@Parley in a thread")
    found = [(one.text, one.addressed, one.place) for one in await received(desk, 3)]
    assert found == [
        ("buy BTC", True, place(room)),
        ("why?", True, place(room)),
        ("in a thread", True, place(thread)),
    ]
    assert await desk.platform.send(place(thread), CARD)
    assert desk.server.messages(thread)


async def received(desk: Desk, count: int) -> list[Incoming]:
    await desk.heard(count)
    return desk.received


async def test_who_stands_where(desk: Desk, ann: DiscordPerson) -> None:
    room = guild_channel(desk)
    me, stranger = Identity("discord", str(ANN)), Identity("discord", "99")
    standing = await desk.platform.standing(place(room), me)
    assert (standing.kind, standing.membership, standing.bot_may_post) == ("group", "member", True)
    assert (await desk.platform.standing(place(room), stranger)).membership == "absent"
    assert room.guild
    desk.server.allow(room, room.guild.id, May.VIEW, May.SEND)
    standing = await desk.platform.standing(place(room), me)
    assert not standing.bot_may_post and not standing.person_may_post
    assert await desk.platform.find_place(f"<#{room.id}>") == place(room)
    assert await desk.platform.find_place("123456789012345678") is None
    desk.server.leave(room.guild, ANN)
    assert (await desk.platform.standing(place(room), me)).membership == "absent"
