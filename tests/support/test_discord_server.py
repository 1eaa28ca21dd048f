"""The stand-in itself, with discord.py's own client at the other end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from tests.support.discord_limits import Limits
from tests.support.discord_markdown import read_markdown
from tests.support.discord_person import DiscordPerson
from tests.support.discord_rules import May
from tests.support.discord_server import TOKEN, DiscordServer

PNG = b"\x89PNG\r\n\x1a\n"
INTENTS = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
Asked = discord.Interaction[Any]


class Bot(discord.Client):
    """`hear` gives the messages of people; `taps` are what they did, the tests answer it."""

    def __init__(self, intents: discord.Intents = INTENTS) -> None:
        super().__init__(intents=intents, max_messages=None, guild_ready_timeout=0.01)
        self.tree = app_commands.CommandTree(self)
        self._heard: asyncio.Queue[str] = asyncio.Queue()
        self.taps: asyncio.Queue[Asked] = asyncio.Queue()

    async def on_message(self, message: discord.Message) -> None:
        if not message.author.bot:
            self._heard.put_nowait(message.content)

    async def hear(self, count: int = 1) -> list[str]:
        async with asyncio.timeout(20):
            return [await self._heard.get() for _ in range(count)]

    async def on_interaction(self, interaction: Asked) -> None:
        if interaction.type is not discord.InteractionType.application_command:
            self.taps.put_nowait(interaction)


@asynccontextmanager
async def joined(server: DiscordServer, bot: Bot, token: str = TOKEN) -> AsyncIterator[None]:
    running = asyncio.create_task(bot.start(token))
    try:
        await asyncio.wait({running, _soon(bot.wait_until_ready)}, return_when="FIRST_COMPLETED")
        if running.done():
            running.result()
        yield
    finally:
        await bot.close()
        await asyncio.gather(running, return_exceptions=True)


def _soon(wait: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    async def waited() -> None:
        try:
            await wait()
        except RuntimeError:  # never logged in
            await asyncio.Event().wait()

    return asyncio.create_task(waited())


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        monkeypatch.setattr(Route, "BASE", running.url)
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", URL(running.gateway.root))
        yield running


async def test_messages_both_ways(server: DiscordServer) -> None:
    ann = DiscordPerson(server, 42)
    guild = server.guild()
    desk = server.channel(guild)
    server.join(guild, 42)
    bot = Bot()
    async with joined(server, bot):
        ann.say("hello")
        ann.at(desk).say("not for the bot")
        ann.at(desk).say("@Parley listen")
        assert await bot.hear(3) == ["hello", "", "<@1000000000000000007> listen"]
        user = await bot.fetch_user(42)
        sent = await user.send("**Hi** `x_y` a\\_b", file=discord.File(BytesIO(PNG), "chart.png"))
        seen = await ann.see("Hi x_y a_b")
        assert seen.id == sent.id and seen.picture == PNG
        await sent.edit(content="Bye", attachments=[])
        assert (await ann.see("Bye")).picture is None
        await sent.delete()
        assert ann.messages == []


async def test_the_same_nonce_is_the_same_message(server: DiscordServer) -> None:
    bot, channel = Bot(), server.dm(42)
    async with joined(server, bot):
        body = {"content": "once", "nonce": "7", "enforce_nonce": True}
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id)
        first = await bot.http.request(route, json=body)
        assert await bot.http.request(route, json=body) == first
        server.rest.forget_nonces()
        assert (await bot.http.request(route, json=body))["id"] != first["id"]


REFUSED = [
    ({"content": "x" * 2001}, 50035),
    ({"embeds": [{"description": "x" * 4097}]}, 50035),
    ({"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]}, 50035),
    ({"content": ""}, 50006),
    ({"embeds": [{"image": {"url": "attachment://none.png"}}]}, 50035),
    ({"content": "a", "message_reference": {"message_id": "5"}}, 50035),
    ({"content": "a", "nonce": "n" * 26}, 50035),
]


def rows(*buttons: dict[str, Any], times: int = 1) -> dict[str, Any]:
    return {"content": "a", "components": [{"type": 1, "components": list(buttons)}] * times}


def button(custom_id: str = "id", label: str = "Go") -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": label, "custom_id": custom_id}


REFUSED += [
    (rows(button(label="x" * 81)), 50035),
    (rows(button("x" * 101)), 50035),
    (rows(button(), button()), 50035),
    (rows(*(button(str(n)) for n in range(6))), 50035),
    (rows(button(), times=6), 50035),
    (rows({"type": 4, "custom_id": "text"}), 50035),
]


@pytest.mark.parametrize(("body", "code"), REFUSED)
async def test_what_discord_refuses(server: DiscordServer, body: dict[str, Any], code: int) -> None:
    bot, channel = Bot(), server.dm(42)
    route = Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id)
    async with joined(server, bot):
        with pytest.raises(discord.HTTPException) as refused:
            await bot.http.request(route, json=body)
        assert refused.value.code == code
        assert server.messages(channel) == []


async def test_places_that_are_out_of_reach(server: DiscordServer) -> None:
    guild = server.guild()
    desk, secret = server.channel(guild), server.channel(guild, "secret")
    bot = Bot()

    async def code(channel: int) -> int:
        with pytest.raises(discord.HTTPException) as refused:
            await bot.get_partial_messageable(channel).send("a")
        return refused.value.code

    async with joined(server, bot):
        server.allow(desk, guild.id, May.VIEW, May.SEND)
        server.allow(secret, guild.id, May(0), May.VIEW)
        assert await code(desk.id) == 50013
        assert await code(secret.id) == 50001
        assert await code(12345) == 10003
        closed = server.dm(43)
        closed.closed = True
        assert await code(closed.id) == 50007
        with pytest.raises(discord.NotFound, match="10008"):
            await bot.get_partial_messageable(server.dm(42).id).fetch_message(5)
        server.throw_out(guild)
        assert await code(desk.id) == 50001


async def test_a_wrong_token_and_intents_that_were_not_granted(server: DiscordServer) -> None:
    with pytest.raises(discord.LoginFailure):
        async with joined(server, Bot(), "wrong"):
            pass
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with joined(server, Bot(discord.Intents.all())):
            pass
    assert server.gateway.closed == [4014]


async def test_what_was_missed_comes_with_the_resume(server: DiscordServer) -> None:
    ann, bot = DiscordPerson(server, 42), Bot()
    async with joined(server, bot):
        ann.say("one")
        assert await bot.hear() == ["one"]
        server.gateway.drop()
        ann.say("two")
        assert await bot.hear() == ["two"]
        server.gateway.ask_to_reconnect()
        ann.say("three")
        assert await bot.hear() == ["three"]
        assert server.gateway.paths[1:] == ["/gateway/resume"] * 2
        assert server.gateway.counts["identify"] == 1


async def test_commands_forms_and_their_deadlines(server: DiscordServer) -> None:
    ann, bot = DiscordPerson(server, 42), Bot()

    @bot.tree.command(name="hello", description="says hello")
    async def hello(interaction: Asked, text: str = "") -> None:
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="Go", custom_id="go", emoji="🚀"))
        await interaction.response.send_message(f"Hello {text}", view=view, ephemeral=True)

    async with joined(server, bot):
        await bot.tree.sync()
        assert server.rest.syncs == 1
        said = await ann.ask("/hello there", "Hello there")
        assert said.ephemeral and said.buttons == ["🚀 Go"]
        assert server.messages(ann.channel, reader=43) == []
        tapped = server.press(said, 42, "go")
        first = await bot.taps.get()
        await first.response.send_modal(_form())
        with pytest.raises(discord.HTTPException) as refused:
            await first.followup.send("x" * 2001)
        assert refused.value.code == 50035
        sent = server.fill(tapped, "words")
        second = await bot.taps.get()
        await second.response.edit_message(content="done", view=None)
        assert sent.acknowledged and said.text == "done" and said.buttons == []
        server.pass_time(900)
        with pytest.raises(discord.HTTPException) as refused:
            await second.edit_original_response(content="too late")
        assert refused.value.code == 50027
        server.press(said, 42, "go")
        server.pass_time(3)
        with pytest.raises(discord.NotFound) as late:
            await (await bot.taps.get()).response.defer()
        assert late.value.code == 10062


def _form() -> discord.ui.Modal:
    form = discord.ui.Modal(title="Change", custom_id="form")
    form.add_item(discord.ui.TextInput(label="What?", custom_id="text"))
    return form


async def test_limits(server: DiscordServer) -> None:
    bot, ann = Bot(), DiscordPerson(server, 42)
    async with joined(server, bot):
        server.flood(0.01, method="POST", everywhere=True)
        await bot.get_partial_messageable(ann.channel.id).send("patient")
        assert server.refused[-1][1:] == (429, 0)
        server.limits = Limits()
        message = await bot.get_partial_messageable(ann.channel.id).send("old")
        server.pass_time(3600)
        for number in range(3):
            await message.edit(content=f"edit {number}")
        server.limits = None
        with pytest.raises(discord.HTTPException) as refused:
            await message.edit(content="once more")
        assert refused.value.code == 30046


def test_markup_as_it_is_read() -> None:
    raw = "**bold *both*** a\\*b `rsi_(14)`\n```\nx ** y\n```"
    assert "".join(text for _, text in read_markdown(raw)) == "bold both a*b rsi_(14)\nx ** y\n"
    assert ("code", "rsi_(14)") in read_markdown(raw)
    assert read_markdown("snake_case_name 2*3*4")[0][0] == ""
