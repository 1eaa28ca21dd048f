"""Discord's REST interface over a `World`: each method takes the call and the ids of its path, and
gives the JSON of the answer (None for 204) or raises `ApiError`. Nothing here knows HTTP."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.discord_checks import check_commands, check_file, check_message
from tests.support.discord_rules import EVERYONE, ApiError, May, invalid
from tests.support.discord_world import (
    BOT_ID,
    DM,
    EPHEMERAL,
    SILENT,
    THREADS,
    Channel,
    Guild,
    Message,
    World,
)

_OLD = 3600.0  # seconds after which edits of a message are counted
_OLD_EDITS = 3
_FEW = 3600  # members that a guild may list at most without more questions


@dataclass(frozen=True)
class Call:
    """`path` is without the root; `body` is the JSON, `files` what came beside it; `at` is real
    time. `status` is what was answered."""

    method: str
    path: str
    body: Any = None
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    at: float = 0


Method = Callable[..., Any]


def unknown(code: int, what: str) -> ApiError:
    return ApiError(404, code, f"Unknown {what}")


class Rest:
    def __init__(self, world: World, gateway: Callable[[], str]) -> None:
        self.world = world
        self.gateway = gateway
        self.commands: list[dict[str, Any]] = []
        self.syncs = 0
        self.undeletable: set[int] = set()
        self._old_edits: dict[int, int] = {}
        self._nonces: dict[tuple[int, str], int] = {}
        routes: list[tuple[str, str, Method]] = [
            ("GET", "/gateway/bot", self.gateway_bot),
            ("GET", "/users/@me", self.me),
            ("GET", "/users/{id}", self.user),
            ("POST", "/users/@me/channels", self.open_dm),
            ("GET", "/oauth2/applications/@me", self.application),
            ("GET", "/applications/@me", self.application),
            ("GET", "/applications/{id}/commands", self.get_commands),
            ("PUT", "/applications/{id}/commands", self.put_commands),
            ("GET", "/guilds/{id}", self.get_guild),
            ("GET", "/guilds/{id}/channels", self.guild_channels),
            ("GET", "/guilds/{id}/roles", self.roles),
            ("GET", "/guilds/{id}/members", self.members),
            ("GET", "/guilds/{id}/members/{id}", self.member),
            ("GET", "/channels/{id}", self.get_channel),
            ("GET", "/channels/{id}/thread-members/{id}", self.thread_member),
            ("POST", "/channels/{id}/typing", self.typing),
            ("POST", "/channels/{id}/messages", self.create),
            ("GET", "/channels/{id}/messages", self.history),
            ("GET", "/channels/{id}/messages/{id}", self.get_message),
            ("PATCH", "/channels/{id}/messages/{id}", self.edit),
            ("DELETE", "/channels/{id}/messages/{id}", self.delete),
        ]
        self.routes = [(verb, _pattern(path), method) for verb, path, method in routes]

    def forget_nonces(self) -> None:
        """Some minutes have passed."""
        self._nonces.clear()

    # --- itself -------------------------------------------------------------------------------

    def gateway_bot(self, call: Call) -> Any:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        return {"url": self.gateway(), "shards": 1, "session_start_limit": limit}

    def me(self, call: Call) -> Any:
        return self.world.users[BOT_ID]

    def application(self, call: Call) -> Any:
        told = {"id": str(BOT_ID), "name": "Parley", "icon": None, "description": "", "flags": 0}
        doors = {"bot_public": True, "bot_require_code_grant": False, "verify_key": "0" * 64}
        return {**told, **doors, "owner": self.world.user(1, "Owner"), "team": None}

    def get_commands(self, call: Call, application: int) -> Any:
        return self.commands

    def put_commands(self, call: Call, application: int) -> Any:
        check_commands(call.body)
        self.syncs += 1
        known = {row["name"]: row["id"] for row in self.commands}
        self.commands = [self._stored(row, known.get(row["name"])) for row in call.body]
        return self.commands

    def _stored(self, row: dict[str, Any], number: str | None) -> dict[str, Any]:
        standard = {"type": 1, "options": [], "default_member_permissions": None, "nsfw": False}
        more = {"dm_permission": True, "contexts": None, "integration_types": [0]}
        own = {"id": number or str(self.world.snowflake()), "application_id": str(BOT_ID)}
        return {**standard, **more, **row, **own, "version": str(self.world.snowflake())}

    # --- people and guilds --------------------------------------------------------------------

    def user(self, call: Call, number: int) -> Any:
        if number not in self.world.users:
            raise unknown(10013, "User")
        return self.world.users[number]

    def open_dm(self, call: Call) -> Any:
        person = int(call.body["recipient_id"])
        if person not in self.world.users or person == BOT_ID:
            raise ApiError(400, 50033, "Invalid Recipient(s)")
        return self.world.channel_json(self.world.dm(person))

    def get_guild(self, call: Call, number: int) -> Any:
        return self.world.guild_json(self.guild(number))

    def guild_channels(self, call: Call, number: int) -> Any:
        guild = self.guild(number)
        mine = [one for one in self.world.channels.values() if one.guild is guild]
        return [self.world.channel_json(one) for one in mine if one.type not in THREADS]

    def roles(self, call: Call, number: int) -> Any:
        guild = self.guild(number)
        return [self.world.role_json(guild, role) for role in guild.roles]

    def members(self, call: Call, number: int) -> Any:
        """Wants the privileged intent, which the product does not have."""
        raise ApiError(403, 50001, "Missing Access")

    def member(self, call: Call, number: int, person: int) -> Any:
        guild = self.guild(number)
        if person not in self.world.users:
            raise unknown(10013, "User")
        if person not in guild.members:
            raise unknown(10007, "Member")
        return self.world.member_json(guild, person)

    def guild(self, number: int) -> Guild:
        guild = self.world.guilds.get(number)
        if guild is None or not guild.bot:
            raise unknown(10004, "Guild")
        return guild

    # --- channels -----------------------------------------------------------------------------

    def get_channel(self, call: Call, number: int) -> Any:
        return self.world.channel_json(self.channel(number))

    def thread_member(self, call: Call, number: int, person: int) -> Any:
        if person not in self.channel(number).members:
            raise unknown(10007, "Member")
        return {"id": str(number), "user_id": str(person), "flags": 0}

    def channel(self, number: int, *needed: May) -> Channel:
        """The channel, where the bot may do all that is needed."""
        channel = self.world.channels.get(number)
        if channel is None:
            raise unknown(10003, "Channel")
        granted = self.world.permissions(channel, BOT_ID)
        if May.VIEW not in granted:
            raise ApiError(403, 50001, "Missing Access")
        if any(one not in granted for one in needed):
            raise ApiError(403, 50013, "Missing Permissions")
        if needed and channel.closed:
            raise ApiError(403, 50007, "Cannot send messages to this user")
        return channel

    def sending(self, number: int) -> Channel:
        channel = self.world.channels.get(number)
        in_thread = channel is not None and channel.type in THREADS
        found = self.channel(number, May.SEND_IN_THREADS if in_thread else May.SEND)
        if found.archived and found.locked:
            raise ApiError(403, 50013, "Missing Permissions")
        found.archived = False  # a message opens a thread again
        return found

    def typing(self, call: Call, number: int) -> None:
        self.world.typed.append(self.sending(number).id)
        self.world.changed()

    # --- messages -----------------------------------------------------------------------------

    def create(self, call: Call, number: int) -> Any:
        channel = self.sending(number)
        check_message(call.body)
        nonce = str(call.body.get("nonce") or "")
        known = self._nonces.get((number, nonce)) if call.body.get("enforce_nonce") else None
        if nonce and known in self.world.messages:
            return self.world.messages[known].as_json()
        message = Message(self.world.snowflake(), channel, self.world.users[BOT_ID], nonce=nonce)
        message.reply_to = self._replied(channel, call.body)
        message.flags = int(call.body.get("flags") or 0) & SILENT
        self.fill(message, call, may=self.world.permissions(channel, BOT_ID))
        self.world.add(message)
        self._nonces[number, nonce] = message.id
        return message.as_json()

    def fill(self, message: Message, call: Call, body: Any = None, may: May = EVERYONE) -> None:
        """Put what a call says into a message, new or old. What is not named stays."""
        body = call.body if body is None else body
        check_message(body)
        if (call.files and May.ATTACH not in may) or (body.get("embeds") and May.EMBED not in may):
            raise ApiError(403, 50013, "Missing Permissions")
        _keep_attachments(message, body, call)
        for name, content in call.files.values():
            check_file(name, content)
            self.world.attach(message, name, content)
        for name in ("content", "embeds", "components"):
            if name in body:
                setattr(message, name, body[name] or ("" if name == "content" else []))
        for embed in message.embeds:
            wanted = (embed.get("image") or {}).get("url", "")
            if wanted.startswith("attachment://") and wanted[13:] not in message.files:
                raise invalid("embeds.0.image.url", f"{wanted} is not attached.")
        if not (message.content or message.embeds or message.files or message.components):
            raise ApiError(400, 50006, "Cannot send an empty message")

    def _replied(self, channel: Channel, body: Mapping[str, Any]) -> int:
        reference = body.get("message_reference")
        if not reference:
            return 0
        original = self.world.messages.get(int(reference["message_id"]))
        if original and original.channel is channel and not original.ephemeral:
            return original.id
        if reference.get("fail_if_not_exists", True):
            raise invalid("message_reference", "Unknown message")
        return 0

    def _own(self, channel: int, number: int) -> Message:
        """Ephemeral messages are out of the bot's own reach."""
        message = self.world.messages.get(number)
        if message is None or message.channel.id != channel or message.ephemeral:
            raise unknown(10008, "Message")
        return message

    def history(self, call: Call, number: int) -> Any:
        """The newest first, from `before` and to `after`."""
        channel = self.channel(number, May.HISTORY)
        before, after = (int(call.query.get(name, 0)) for name in ("before", "after"))
        every = [one for one in self.world.messages.values() if one.channel is channel]
        shown = [one for one in every if not one.ephemeral and one.id > after]
        shown = [one for one in shown if not before or one.id < before]
        newest = sorted(shown, key=lambda one: -one.id)[: int(call.query.get("limit", 50))]
        return [one.as_json() for one in newest]

    def get_message(self, call: Call, channel: int, number: int) -> Any:
        self.channel(channel, May.HISTORY)
        return self._own(channel, number).as_json()

    def edit(self, call: Call, channel: int, number: int) -> Any:
        room = self.channel(channel)
        message = self._own(channel, number)
        if not message.from_bot:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        if room.archived:
            raise ApiError(400, 50083, "Thread is archived")
        self._count_old(message)
        self.fill(message, call, may=self.world.permissions(room, BOT_ID))
        self.changed(message)
        return message.as_json()

    def _count_old(self, message: Message) -> None:
        if self.world.elapsed - message.born < _OLD:
            return
        done = self._old_edits[message.id] = self._old_edits.get(message.id, 0) + 1
        if done > _OLD_EDITS:
            said = "Maximum number of edits to messages older than 1 hour reached. Try again later"
            raise ApiError(429, 30046, said, retry_after=0.1)

    def changed(self, message: Message) -> None:
        message.edits += 1
        if not message.ephemeral:
            self.world.emit("MESSAGE_UPDATE", self.world.message_event(message))
        self.world.changed()

    def delete(self, call: Call, channel: int, number: int) -> None:
        room = self.channel(channel)
        message = self._own(channel, number)
        if not message.from_bot and room.type == DM:
            raise ApiError(403, 50003, "Cannot execute action on a DM channel")
        mine = message.from_bot or May.MANAGE_MESSAGES in self.world.permissions(room, BOT_ID)
        if not mine or number in self.undeletable:
            raise ApiError(403, 50013, "Missing Permissions")
        self.remove(message)

    def remove(self, message: Message) -> None:
        del self.world.messages[message.id]
        if not message.flags & EPHEMERAL:
            told = {"id": str(message.id), "channel_id": str(message.channel.id)}
            guild = message.channel.guild
            more = {"guild_id": str(guild.id)} if guild else {}
            self.world.emit("MESSAGE_DELETE", told | more)
        self.world.changed()


def _keep_attachments(message: Message, body: Mapping[str, Any], call: Call) -> None:
    """Of the old ones those that are listed stay; all, where nothing is listed."""
    if body.get("attachments") is None:
        return
    listed = {str(one["id"]) for one in body["attachments"]}
    gone = [one for one in message.attachments if one["id"] not in listed]
    known = {one["id"] for one in message.attachments}
    for number in listed - known:
        if f"files[{number}]" not in call.files:
            raise invalid("attachments", f"There is no file {number}.")
    for one in gone:
        message.attachments.remove(one)
        message.files.pop(one["filename"], None)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.escape(path).replace(r"\{id\}", r"(\d+)"))
