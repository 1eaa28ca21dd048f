"""What Discord knows: people, guilds, channels and messages, and who may do what where."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.discord_markdown import read_markdown
from tests.support.discord_rules import EVERYONE, May

BOT_ID = 1_000_000_000_000_000_007
BOT_NAME = "Parley"
EPHEMERAL, LOADING, SILENT = 1 << 6, 1 << 7, 1 << 12  # flags of messages
TEXT, DM, ANNOUNCEMENT, THREAD, PRIVATE_THREAD = 0, 1, 5, 11, 12  # types of channels
THREADS = (10, THREAD, PRIVATE_THREAD)
_EPOCH = 1_420_070_400_000  # Discord's, in milliseconds
_CDN = "https://cdn.discordapp.com/attachments"

Emit = Callable[[str, dict[str, Any]], None]


@dataclass
class Guild:
    """`members` maps people to the ids of their roles; `roles` maps ids to permissions. The role
    with the guild's own id is everybody's. `bot` is false once the bot was thrown out."""

    id: int
    name: str
    owner: int
    roles: dict[int, May] = field(default_factory=dict)
    members: dict[int, set[int]] = field(default_factory=dict)
    bot: bool = True


@dataclass
class Channel:
    """`overwrites` maps the id of a role or member to (allowed, denied). `person` is the other end
    of a direct message, which `closed` keeps the bot out of. `archived` and `locked` are of
    threads, whose `parent` is a channel and in which `members` take part."""

    id: int
    type: int
    name: str = ""
    guild: Guild | None = None
    parent: "Channel | None" = None
    person: int = 0
    overwrites: dict[int, tuple[May, May]] = field(default_factory=dict)
    closed: bool = False
    archived: bool = False
    locked: bool = False
    members: set[int] = field(default_factory=set)


@dataclass
class Message:
    """As it stands now. `only_for` is the person who alone sees it; `token` is of the interaction
    that it answers; `files` are the bytes by file name."""

    id: int
    channel: Channel
    author: Mapping[str, Any]
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    flags: int = 0
    reply_to: int = 0
    only_for: int = 0
    token: str = ""
    nonce: str = ""
    mentions: list[int] = field(default_factory=list)
    edits: int = 0
    born: float = 0

    @property
    def from_bot(self) -> bool:
        return bool(self.author["id"] == str(BOT_ID))

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """ "Parley is thinking...": nothing to read yet."""
        return bool(self.flags & LOADING)

    @property
    def silent(self) -> bool:
        return bool(self.flags & SILENT)

    @property
    def raw(self) -> str:
        """Everything written, with its markup."""
        parts = [self.content]
        for embed in self.embeds:
            parts += [embed.get("title", ""), embed.get("description", "")]
            parts += [f"{one['name']}\n{one['value']}" for one in embed.get("fields", ())]
            parts.append(embed.get("footer", {}).get("text", ""))
        return "\n".join(part for part in parts if part)

    @property
    def text(self) -> str:
        """What a person reads."""
        return "".join(text for _, text in self.spans)

    @property
    def spans(self) -> list[tuple[str, str]]:
        """(style, text): "" for plain, else bold, italic, code or pre."""
        return read_markdown(self.raw)

    @property
    def picture(self) -> bytes | None:
        return next(iter(self.files.values()), None)

    @property
    def controls(self) -> list[dict[str, Any]]:
        """Buttons and menus that can be used, row after row."""
        every = [one for row in self.components for one in row.get("components", ())]
        return [one for one in every if not one.get("disabled")]

    @property
    def buttons(self) -> list[str]:
        """The labels, row after row."""
        return [label_of(one) for one in self.controls if one["type"] == 2]

    def button(self, label: str) -> str:
        """The custom_id of the first button whose label contains `label`."""
        for one in self.controls:
            if one["type"] == 2 and label in label_of(one):
                return str(one["custom_id"])
        raise AssertionError(f"message {self.id} has no button {label!r}, but {self.buttons}")

    def option(self, label: str) -> tuple[str, str]:
        """(custom_id, value) of the first option of a menu whose label contains `label`."""
        for one in self.controls:
            for option in one.get("options", ()):
                if label in option["label"]:
                    return str(one["custom_id"]), str(option["value"])
        raise AssertionError(f"message {self.id} has no option {label!r}")

    def as_json(self, *, to_bot: bool = True) -> dict[str, Any]:
        """To the bot, which was not allowed to read what is not meant for it."""
        hidden = to_bot and not self._meant_for_bot()
        body: dict[str, Any] = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "author": dict(self.author),
            "content": "" if hidden else self.content,
            "embeds": [] if hidden else self.embeds,
            "components": [] if hidden else self.components,
            "attachments": [] if hidden else self.attachments,
            "timestamp": moment(),
            "edited_timestamp": moment() if self.edits else None,
            "type": 19 if self.reply_to else 0,
            "flags": self.flags,
            "nonce": self.nonce or None,
            **dict.fromkeys(("tts", "mention_everyone", "pinned"), False),
            "mention_roles": [],
            "mentions": [{"id": str(one), **_A_USER} for one in self.mentions],
        }
        if self.reply_to:
            reference = {"message_id": str(self.reply_to), "channel_id": body["channel_id"]}
            body["message_reference"] = {"type": 0, **reference}
        return body

    def _meant_for_bot(self) -> bool:
        return self.from_bot or self.channel.type == DM or BOT_ID in self.mentions


_A_USER = {"username": "someone", "discriminator": "0", "avatar": None, "global_name": None}


def _nobody(event: str, data: dict[str, Any]) -> None:
    """Where nobody listens."""


def label_of(button: Mapping[str, Any]) -> str:
    emoji = (button.get("emoji") or {}).get("name") or ""
    return f"{emoji} {button.get('label') or ''}".strip()


def moment() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00", time.gmtime())


class World:
    """Discord's memory for one bot. `emit` tells an event to the gateway, once there is one, and
    `changed` tells the tests.

    `elapsed` is Discord's time in seconds as far as its rules go: it stands still, and tests move
    it on.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.changed = changed
        self.emit: Emit = _nobody
        self.users: dict[int, dict[str, Any]] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}
        self.typed: list[int] = []
        self.elapsed = 0.0
        self._last = 0
        self.user(BOT_ID, BOT_NAME).update(bot=True, flags=0, verified=True, mfa_enabled=False)

    def snowflake(self) -> int:
        """An id of now, larger than every one before."""
        self._last = max((int(time.time() * 1000) - _EPOCH) << 22, self._last + 1)
        return self._last

    # --- people and places --------------------------------------------------------------------

    def user(self, number: int, name: str = "") -> dict[str, Any]:
        known = self.users.setdefault(number, {"id": str(number), **_A_USER})
        if name:
            known |= {"username": name.lower().replace(" ", "_")[:32], "global_name": name}
        return known

    def dm(self, person: int) -> Channel:
        for channel in self.channels.values():
            if channel.person == person:
                return channel
        self.user(person)
        return self.add_channel(Channel(self.snowflake(), DM, person=person))

    def add_channel(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        if channel.guild:
            thread = channel.type in THREADS
            self.emit("THREAD_CREATE" if thread else "CHANNEL_CREATE", self.channel_json(channel))
        return channel

    def permissions(self, channel: Channel, person: int) -> May:
        """As Discord computes them: roles, then the channel's overwrites; a thread has its
        parent's. https://discord.com/developers/docs/topics/permissions"""
        guild = channel.guild
        if guild is None:
            return EVERYONE
        everything = ~May(0)
        if person == guild.owner:
            return everything
        if person not in guild.members or (person == BOT_ID and not guild.bot):
            return May(0)
        mine = guild.members[person]
        granted = guild.roles[guild.id]
        for role in mine:
            granted |= guild.roles[role]
        if May.ADMINISTRATOR in granted:
            return everything
        overwrites = (channel.parent or channel).overwrites
        for group in ([guild.id], [role for role in mine if role in overwrites], [person]):
            found = [overwrites[one] for one in group if one in overwrites]
            for _, denied in found:
                granted &= ~denied
            for allowed, _ in found:
                granted |= allowed
        return granted if May.VIEW in granted else May(0)

    # --- as JSON ------------------------------------------------------------------------------

    def channel_json(self, channel: Channel) -> dict[str, Any]:
        body: dict[str, Any] = {"id": str(channel.id), "type": channel.type}
        if channel.guild is None:
            return body | {"recipients": [self.user(channel.person)], "last_message_id": None}
        body |= {"guild_id": str(channel.guild.id), "name": channel.name}
        if channel.type in THREADS:
            assert channel.parent
            return body | {
                "parent_id": str(channel.parent.id),
                "owner_id": str(channel.guild.owner),
                **dict.fromkeys(("message_count", "member_count", "rate_limit_per_user"), 1),
                "thread_metadata": {
                    "archived": channel.archived,
                    "locked": channel.locked,
                    "auto_archive_duration": 1440,
                    "archive_timestamp": moment(),
                },
            }
        return body | {
            "position": 0,
            "nsfw": False,
            "topic": None,
            "parent_id": None,
            "permission_overwrites": [
                {"id": str(one), "type": int(one not in channel.guild.roles)}
                | {"allow": str(int(allowed)), "deny": str(int(denied))}
                for one, (allowed, denied) in channel.overwrites.items()
            ],
        }

    def role_json(self, guild: Guild, role: int) -> dict[str, Any]:
        name = "@everyone" if role == guild.id else f"role {role}"
        return {
            "id": str(role),
            "name": name,
            "permissions": str(int(guild.roles[role])),
            **dict.fromkeys(("position", "color", "flags"), 0),
            **dict.fromkeys(("hoist", "managed", "mentionable"), False),
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        }

    def member_json(self, guild: Guild, person: int) -> dict[str, Any]:
        return {
            "user": self.user(person),
            "roles": [str(role) for role in guild.members[person]],
            "joined_at": moment(),
            **dict.fromkeys(("deaf", "mute"), False),
            "flags": 0,
        }

    def guild_json(self, guild: Guild) -> dict[str, Any]:
        levels = ("verification_level", "default_message_notifications", "explicit_content_filter")
        more = ("mfa_level", "premium_tier", "system_channel_flags", "nsfw_level", "afk_timeout")
        return {
            "id": str(guild.id),
            "name": guild.name,
            "owner_id": str(guild.owner),
            "roles": [self.role_json(guild, role) for role in guild.roles],
            **dict.fromkeys(("emojis", "stickers", "features"), ()),
            **dict.fromkeys((*levels, *more), 0),
            "preferred_locale": "en-US",
        }

    def guild_create(self, guild: Guild) -> dict[str, Any]:
        """As the gateway tells of it: without the privileged intent, the bot alone is a member."""
        mine = [one for one in self.channels.values() if one.guild is guild]
        seen = [one for one in mine if May.VIEW in self.permissions(one, BOT_ID)]
        lists = ("voice_states", "presences", "stage_instances", "guild_scheduled_events")
        return self.guild_json(guild) | {
            "channels": [self.channel_json(one) for one in seen if one.type not in THREADS],
            "threads": [
                self.channel_json(one) for one in seen if one.type in THREADS and not one.archived
            ],
            "members": [self.member_json(guild, BOT_ID)],
            "member_count": len(guild.members),
            "joined_at": moment(),
            "large": False,
            "unavailable": False,
            **dict.fromkeys((*lists, "soundboard_sounds"), ()),
        }

    # --- messages -----------------------------------------------------------------------------

    def add(self, message: Message) -> Message:
        message.born = self.elapsed
        self.messages[message.id] = message
        if not message.ephemeral and May.VIEW in self.permissions(message.channel, BOT_ID):
            self.emit("MESSAGE_CREATE", self.message_event(message))
        self.changed()
        return message

    def message_event(self, message: Message) -> dict[str, Any]:
        body, guild = message.as_json(), message.channel.guild
        if message.reply_to:
            answered = self.messages.get(message.reply_to)
            body["referenced_message"] = answered.as_json() if answered else None
        body["mentions"] = [self.user(one) for one in message.mentions]
        if guild:
            body["guild_id"] = str(guild.id)
            if (person := int(message.author["id"])) in guild.members:
                member = self.member_json(guild, person)
                body["member"] = {key: value for key, value in member.items() if key != "user"}
        return body

    def attach(self, message: Message, name: str, content: bytes) -> None:
        number = self.snowflake()
        url = f"{_CDN}/{message.channel.id}/{number}/{name}"
        body = {"id": str(number), "filename": name, "size": len(content), "url": url}
        message.attachments.append(body | {"proxy_url": url, "content_type": "image/png"})
        message.files[name] = content
