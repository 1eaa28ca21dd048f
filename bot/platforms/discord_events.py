"""What arrives from Discord, as the conversation knows it."""

import re
from dataclasses import dataclass
from typing import Any

import discord

from agents.domain.user import Identity, Place
from bot.platforms.discord_commands import words_of
from bot.platforms.discord_components import filled, pressed
from handlers.chat import Incoming, Tap

NAME = "discord"

_SPOKEN = (discord.MessageType.default, discord.MessageType.reply)
_REFERENCE = re.compile(r"(p?)(\d+)")
_OPEN = re.compile(r"([ih])(\d+)u(\d+)")
_OWN_EYES = re.compile(r"e(p?)(\d+)u(\d+)")


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of a channel; `pictured` when it shows a picture. `p12` or `12`."""

    id: int
    pictured: bool = False

    def __str__(self) -> str:
        return f"{'p' if self.pictured else ''}{self.id}"


@dataclass(frozen=True, slots=True)
class Open:
    """An interaction that waits for its response, and who began it. `i7u42`; `h7u42` where it was a
    tap on what nobody else sees, whose answers nobody else is to see either."""

    interaction: int
    user: int
    hidden: bool = False

    def __str__(self) -> str:
        return f"{'h' if self.hidden else 'i'}{self.interaction}u{self.user}"


@dataclass(frozen=True, slots=True)
class Whispered:
    """A message that one person alone can see. `e12u42`."""

    id: int
    user: int
    pictured: bool = False

    def __str__(self) -> str:
        return f"e{'p' if self.pictured else ''}{self.id}u{self.user}"


Reference = Shown | Open | Whispered


def parse(message_id: str) -> Reference | None:
    """None for what is no id of ours."""
    if found := _REFERENCE.fullmatch(message_id):
        return Shown(int(found[2]), bool(found[1]))
    if found := _OPEN.fullmatch(message_id):
        return Open(int(found[2]), int(found[3]), found[1] == "h")
    if found := _OWN_EYES.fullmatch(message_id):
        return Whispered(int(found[2]), int(found[3]), bool(found[1]))
    return None


def identity(account: int) -> Identity:
    return Identity(NAME, str(account))


def place_of(channel: Any, channel_id: int) -> Place:
    """Of a thread, the channel that it belongs to with the thread's own id."""
    if isinstance(channel, discord.Thread):
        return Place(NAME, str(channel.parent_id), str(channel.id))
    return Place(NAME, str(channel_id))


# --- messages ---------------------------------------------------------------------------------


def read_message(
    message: discord.Message, place: Place, me: int, forwarded: str = ""
) -> Incoming | None:
    """None for what is not to be looked at: other bots, service messages, and what Discord does
    not show to a bot that may not read along."""
    if message.author.bot or message.webhook_id or message.type not in _SPOKEN:
        return None
    private = message.guild is None
    text = _snapshot(message) if forwarded else message.content
    addressed = private or _addressed(message, me)
    spoken = without_mention(text, me)
    if not (spoken or private or text):
        return None
    answered = message.reference if message.type is discord.MessageType.reply else None
    return Incoming(
        key=f"m{message.id}",
        place=place,
        sender=identity(message.author.id),
        sender_name=message.author.display_name,
        sent_at=message.created_at,
        private=private,
        addressed=addressed,
        text=spoken,
        message_id=str(message.id),
        answers=str(answered.message_id) if answered and answered.message_id else "",
        forwarded=forwarded,
    )


def without_mention(text: str, me: int) -> str:
    """`<@7>, buy BTC` becomes `buy BTC`."""
    return re.sub(rf"<@!?{me}>[,:]?", "", text).strip()


def _addressed(message: discord.Message, me: int) -> bool:
    if any(user.id == me for user in message.mentions) or re.search(rf"<@!?{me}>", message.content):
        return True
    original = message.reference.resolved if message.reference else None
    return isinstance(original, discord.Message) and original.author.id == me


def origin(message: discord.Message, channel: Any) -> str:
    """Where a forwarded message came from; empty for any other. `channel` is that one where the
    bot knows it."""
    if not message.message_snapshots:
        return ""
    name = getattr(channel, "name", "")
    guild = getattr(channel, "guild", None)
    if not name:
        return "another channel"
    return f"#{name} ({guild.name})" if guild and guild.name else f"#{name}"


def _snapshot(message: discord.Message) -> str:
    """The words of a forwarded message, those of its embeds too: signals often stand there."""
    pieces = []
    for one in message.message_snapshots:
        pieces.append(one.content)
        for embed in one.embeds:
            pieces += [embed.title or "", embed.description or ""]
    return "\n".join(filter(None, pieces))


# --- interactions -----------------------------------------------------------------------------


def read_interaction(interaction: discord.Interaction[Any]) -> Incoming | None:
    """None for kinds that are none of ours."""
    data: dict[str, Any] = dict(interaction.data or {})
    message = touched(interaction)
    opened = Open(interaction.id, interaction.user.id, isinstance(message, Whispered))
    text: str | None = None
    tap, tapped, message_id = None, "", str(opened)
    if interaction.type is discord.InteractionType.application_command:
        text = words_of(data)
    elif interaction.type is discord.InteractionType.component:
        tapped = pressed(data)
        tap = Tap.parse(tapped)
        message_id = str(message or opened)
    elif interaction.type is discord.InteractionType.modal_submit:
        tap, tapped, text = filled(data)
    else:
        return None
    private = interaction.guild_id is None
    return Incoming(
        key=f"i{interaction.id}",
        place=place_of(interaction.channel, interaction.channel_id or 0),
        sender=identity(interaction.user.id),
        sender_name=interaction.user.display_name,
        sent_at=interaction.created_at,
        private=private,
        text=text,
        tap=tap,
        tap_data=tapped,
        message_id=message_id,
        language=str(interaction.locale).partition("-")[0],
        # An answer to a button takes the place of what was tapped, which others may see.
        discreet=not private and (message is None or isinstance(message, Whispered)),
        reply_to=str(opened),
    )


def touched(interaction: discord.Interaction[Any]) -> Shown | Whispered | None:
    """The message whose button was tapped."""
    message = interaction.message
    if message is None:
        return None
    pictured = bool(message.attachments or any(embed.image.url for embed in message.embeds))
    if message.flags.ephemeral:
        return Whispered(message.id, interaction.user.id, pictured)
    return Shown(message.id, pictured)
