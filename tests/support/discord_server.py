"""A strict Discord on loopback: REST and gateway as the real one, and tests are its people.

`async with DiscordServer() as server`: `server.url` is what DISCORD_API_URL must be, `server.token`
the bot's token. People are moved by `DiscordPerson` (discord_person.py) or by the methods here.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.support.discord_gateway import Gateway
from tests.support.discord_interactions import (
    COMMAND,
    COMPLETION,
    COMPONENT,
    FORM,
    Interaction,
    Interactions,
)
from tests.support.discord_limits import Flood, Limits
from tests.support.discord_rest import Call, Rest
from tests.support.discord_rules import EVERYONE, NOTHING, ApiError, May
from tests.support.discord_world import BOT_ID, TEXT, THREAD, Channel, Guild, Message, World

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAwNw.TEST-token.of-the-loopback-server"
ROOT = "/api/v10"
_MENTION = f"<@{BOT_ID}>"
_STRING = 3  # type of an option
_OPEN_TO_ALL = ("/interactions/", "/webhooks/")


class DiscordServer:
    """The people's side is here: places, `say`, `slash`, `press`, faults, counters, `wait_for`."""

    def __init__(self, port: int = 0, token: str = TOKEN) -> None:
        self.port = port
        self.token = token
        self.outage = ""  # "", "refuse", "503" or "hang"
        self.limits: Limits | None = None
        self.calls: list[Call] = []
        self.counts: Counter[str] = Counter()  # "POST /channels/#/messages" and so on
        self.refused: list[tuple[Call, int, int]] = []  # call, status, Discord's code
        self.floods: list[Flood] = []
        self.lost_answers: Counter[str] = Counter()  # as `counts`: answers that will not arrive
        self.world = World(self._changed)
        self.gateway = Gateway(self.world, token)
        self.rest = Rest(self.world, lambda: self.gateway.root)
        self.interactions = Interactions(self.world, self.rest)
        self._condition = asyncio.Condition()
        self._notifying: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    @property
    def url(self) -> str:
        """What DISCORD_API_URL must be."""
        return f"http://127.0.0.1:{self.port}{ROOT}"

    # --- life ---------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        for path in ("/gateway", "/gateway/", "/gateway/resume"):
            app.router.add_get(path, self.gateway.handle)
        app.router.add_route("*", ROOT + "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.outage = ""
        self._changed()
        self.gateway.drop()
        if self._runner:
            await self._runner.cleanup()

    async def _listen(self) -> None:
        assert self._runner
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await self._site.start()
        if not self.port:
            self.port = self._runner.addresses[0][1]
        self.gateway.root = f"ws://127.0.0.1:{self.port}/gateway"

    async def set_outage(self, kind: str) -> None:
        """ "refuse" (no connection, and none stays), "503", "hang" (no answer), "" for none."""
        if self._site and (kind == "refuse") != (self.outage == "refuse"):
            if kind == "refuse":
                await self._site.stop()
                self.gateway.drop()
            else:
                await self._listen()
        self.outage = kind
        self._changed()

    # --- places -------------------------------------------------------------------------------

    def dm(self, person: int, name: str = "", language: str = "en-US") -> Channel:
        self.world.user(person, name)["locale"] = language
        return self.world.dm(person)

    def guild(self, name: str = "Traders", *, owner: int = 1, bot_may: May = EVERYONE) -> Guild:
        """A guild with the bot in it, whose role may what is said and everybody EVERYONE."""
        number = self.world.snowflake()
        role = self.world.snowflake()
        guild = Guild(number, name, owner, {number: EVERYONE, role: bot_may})
        self.world.guilds[number] = guild
        self.world.user(owner)
        guild.members |= {BOT_ID: {role}, owner: set()}
        self.gateway.emit("GUILD_CREATE", self.world.guild_create(guild))
        return guild

    def channel(self, guild: Guild, name: str = "desk", kind: int = TEXT) -> Channel:
        return self.world.add_channel(Channel(self.world.snowflake(), kind, name, guild))

    def thread(self, parent: Channel, name: str = "thread") -> Channel:
        number = self.world.snowflake()
        return self.world.add_channel(Channel(number, THREAD, name, parent.guild, parent))

    def remove_channel(self, channel: Channel) -> None:
        told = self.world.channel_json(channel)
        del self.world.channels[channel.id]
        self.gateway.emit("THREAD_DELETE" if channel.parent else "CHANNEL_DELETE", told)

    def archive(self, thread: Channel, *, locked: bool = False) -> None:
        thread.archived, thread.locked = True, locked
        self.gateway.emit("THREAD_UPDATE", self.world.channel_json(thread))

    def join(self, guild: Guild, person: int, name: str = "", may: May | None = None) -> None:
        """A person comes, with a role of their own where they may more than everybody."""
        self.world.user(person, name)
        guild.members[person] = set()
        if may is not None:
            role = self.world.snowflake()
            guild.roles[role] = may
            guild.members[person] = {role}

    def leave(self, guild: Guild, person: int) -> None:
        del guild.members[person]

    def throw_out(self, guild: Guild) -> None:
        """The bot is removed from a guild."""
        guild.bot = False
        guild.members.pop(BOT_ID, None)
        self.gateway.emit("GUILD_DELETE", {"id": str(guild.id)})
        self._changed()

    def allow(self, channel: Channel, who: int, may: May, denied: May = NOTHING) -> None:
        """Set what a role or member may and may not in a channel."""
        channel.overwrites[who] = (may, denied)
        self.gateway.emit("CHANNEL_UPDATE", self.world.channel_json(channel))
        self._changed()

    # --- people -------------------------------------------------------------------------------

    def say(self, channel: Channel, person: int, text: str, *, reply_to: int = 0) -> Message:
        """A person writes; "@Parley" in it mentions the bot."""
        content = text.replace("@Parley", _MENTION)
        message = Message(self.world.snowflake(), channel, self.world.user(person), content)
        message.reply_to = reply_to
        replied = self.world.messages.get(reply_to)
        if _MENTION in content or (replied and replied.from_bot):
            message.mentions.append(BOT_ID)
        return self.world.add(message)

    def slash(self, channel: Channel, person: int, name: str, **options: Any) -> Interaction:
        """Run a command, as far as Discord knows it and its options."""
        row = self._command(name, options, in_dm=channel.guild is None)
        wanted = [one["name"] for one in row["options"] if one.get("required")]
        assert set(wanted) <= set(options), f"/{name} requires {wanted}"
        data = self._data(row, options)
        return self.interactions.begin(COMMAND, person, channel, data)

    def complete(
        self, channel: Channel, person: int, name: str, typed: str, option: str = "text"
    ) -> Interaction:
        """Type into an option; the interaction's `choices` are what is suggested."""
        row = self._command(name, {option: typed}, in_dm=channel.guild is None)
        known = {one["name"]: one for one in row["options"]}
        assert known[option].get("autocomplete"), f"/{name} suggests nothing for {option}"
        data = self._data(row, {option: typed})
        data["options"][0]["focused"] = True
        return self.interactions.begin(COMPLETION, person, channel, data)

    def _command(self, name: str, options: Mapping[str, Any], *, in_dm: bool) -> dict[str, Any]:
        row = next((one for one in self.rest.commands if one["name"] == name), None)
        assert row, f"there is no /{name}, but {[one['name'] for one in self.rest.commands]}"
        unknown = set(options) - {one["name"] for one in row["options"]}
        assert not unknown, f"/{name} has no {unknown}"
        contexts = row["contexts"]
        here = 1 if in_dm else 0
        assert contexts is None or here in contexts, f"/{name} is not offered here"
        return row

    def _data(self, row: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
        types = {one["name"]: one["type"] for one in row["options"]}
        given = [{"name": name, "type": types[name], "value": v} for name, v in options.items()]
        return {"id": row["id"], "name": row["name"], "type": 1, "options": given}

    def press(self, message: Message, person: int, custom_id: str) -> Interaction:
        """Press a button, also one that the message no longer has."""
        assert not message.only_for or message.only_for == person, "nobody else sees it"
        data = {"custom_id": custom_id, "component_type": 2}
        return self.interactions.begin(COMPONENT, person, message.channel, data, message)

    def choose(self, message: Message, person: int, label: str) -> Interaction:
        """Choose from a menu."""
        custom_id, value = message.option(label)
        data = {"custom_id": custom_id, "component_type": _STRING, "values": [value]}
        return self.interactions.begin(COMPONENT, person, message.channel, data, message)

    def fill(self, opened: Interaction, words: str) -> Interaction:
        """Write into the (only) field of the form that an interaction opened, and send it."""
        assert opened.form, "no form was opened"
        [row] = opened.form["components"]
        inner = row["component"] if "component" in row else row["components"][0]
        field = {"type": 4, "id": 2, "custom_id": inner["custom_id"], "value": words}
        filled: dict[str, Any] = {"type": row["type"], "id": 1}
        filled |= {"component": field} if "component" in row else {"components": [field]}
        data = {"custom_id": opened.form["custom_id"], "components": [filled]}
        return self.interactions.begin(FORM, opened.person, opened.channel, data, opened.tapped)

    def messages(self, channel: Channel, reader: int = 0) -> list[Message]:
        """The bot's messages as they stand now, oldest first; those for `reader` alone, too."""
        every = [m for m in self.world.messages.values() if m.channel is channel and m.from_bot]
        mine = [m for m in every if not m.only_for or m.only_for == reader]
        return sorted((m for m in mine if not m.loading), key=lambda message: message.id)

    # --- time and trouble ---------------------------------------------------------------------

    def pass_time(self, seconds: float) -> None:
        """Discord's rules about time see so much of it gone."""
        self.world.elapsed += seconds

    def flood(self, retry_after: float, **which: Any) -> None:
        """See Flood."""
        self.floods.append(Flood(retry_after, **which))

    # --- waiting ------------------------------------------------------------------------------

    async def wait_for(self, predicate: Callable[[], Any], seconds: float = 20) -> Any:
        """The first true value of `predicate`, looked at after every change."""
        async with asyncio.timeout(seconds), self._condition:
            await self._condition.wait_for(predicate)
        return predicate()

    async def connected(self) -> None:
        """Until a bot is there."""
        await self.wait_for(lambda: self.gateway.connected, 60)

    def _changed(self) -> None:
        if self._notifying is None:
            self._notifying = asyncio.ensure_future(self._notify())

    async def _notify(self) -> None:
        self._notifying = None
        async with self._condition:
            self._condition.notify_all()

    # --- HTTP ---------------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.outage:
            return await self._fail(request)
        call = await _call(request)
        name = _name(call)
        self.counts[name] += 1
        self.calls.append(call)
        try:
            headers = self._admit(call, request.headers.get("Authorization", ""))
            result = self._perform(call)
        except ApiError as fault:
            self.refused.append((call, fault.status, fault.body["code"]))
            return _refusal(fault)
        finally:
            self._changed()
        if self.lost_answers[name] > 0:
            self.lost_answers[name] -= 1
            _hang_up(request)
        if result is None:
            return web.Response(status=204, headers=headers)
        return _json(result, 200, headers)

    def _admit(self, call: Call, shown: str) -> dict[str, str]:
        """Who calls, and how often; the headers about it."""
        if not call.path.startswith(_OPEN_TO_ALL) and shown != f"Bot {self.token}":
            raise ApiError(401, 0, "401: Unauthorized")
        for flood in self.floods:
            if flood.hits(call):
                raise flood.answer()
        return self.limits.check(call) if self.limits else {}

    def _perform(self, call: Call) -> Any:
        for verb, path, method in (*self.rest.routes, *self.interactions.routes):
            if verb == call.method and (found := path.fullmatch(call.path)):
                own = call.path.startswith(_OPEN_TO_ALL)
                ids = found.groups() if own else tuple(int(one) for one in found.groups())
                if own and call.path.startswith("/interactions/"):
                    ids = (int(ids[0]), *ids[1:])
                return method(call, *ids)
        raise ApiError(404, 0, "404: Not Found")

    async def _fail(self, request: web.Request) -> web.Response:
        if self.outage == "503":
            return web.Response(status=503, text="upstream connect error")
        if self.outage == "hang":
            await self.wait_for(lambda: self.outage != "hang", seconds=600)
        _hang_up(request)
        return web.Response(status=500)


def _name(call: Call) -> str:
    parts = ["#" if part.isdigit() else part for part in call.path.split("/")]
    if call.path.startswith(_OPEN_TO_ALL):
        parts[3] = "token"
    return f"{call.method} {'/'.join(parts)}"


async def _call(request: web.Request) -> Call:
    path = request.path.removeprefix(ROOT)
    told: dict[str, Any] = {"query": dict(request.query), "at": time.monotonic()}
    if not request.content_type.startswith("multipart/"):
        raw = await request.read()
        return Call(request.method, path, json.loads(raw) if raw else None, **told)
    body, files = None, {}
    async for part in await request.multipart():
        assert isinstance(part, aiohttp.BodyPartReader)
        content = bytes(await part.read())
        if part.name == "payload_json":
            body = json.loads(content)
        else:
            files[part.name or ""] = (part.filename or "", content)
    return Call(request.method, path, body, files, **told)


def _refusal(fault: ApiError) -> web.Response:
    headers = {}
    if fault.status == 429:
        wait = fault.body.get("retry_after", 0)
        headers = {"Via": "1.1 google", "Retry-After": f"{wait:.3f}"}
        if fault.body.get("global"):
            headers |= {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
    return _json(fault.body, fault.status, headers)


def _json(body: Any, status: int, headers: Mapping[str, str]) -> web.Response:
    """Without a charset, as Discord answers; its clients look for just this."""
    told = {"Content-Type": "application/json", **headers}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=told)


def _hang_up(request: web.Request) -> None:
    if request.transport:
        request.transport.abort()
