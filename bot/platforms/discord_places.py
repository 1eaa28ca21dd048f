"""Servers, channels and threads of Discord: who may do what there, and which one is meant.

Discord tells a bot of the members of a server only with a privileged right, so that each is asked
for, and what they may do is computed from their roles as Discord does.
https://discord.com/developers/docs/topics/permissions
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from discord import ChannelType, Permissions

from agents.domain.errors import DeliveryRefused, PlaceGone
from agents.domain.user import Hearing, Identity, Membership, Place, Standing
from bot.platforms.discord_events import NAME
from bot.platforms.discord_faults import UNKNOWN_MEMBER, UNKNOWN_USER, Closed, Rejected

Json = Mapping[str, Any]
Ask = Callable[..., Awaitable[Any]]
"""`ask(method, path, **named)`; raises DeliveryDelayed and DeliveryRefused."""

NO_TEXT = "Nothing can be posted there; name a text channel or a thread."
_SAID = re.compile(
    r"<#(\d{15,21})>|https?://(?:\w+\.)?discord(?:app)?\.com/channels/(?:\d+|@me)/(\d{15,21})\S*"
    r"|(\d{15,21})"
)
_THREADS = {
    ChannelType.public_thread.value,
    ChannelType.private_thread.value,
    ChannelType.news_thread.value,
}
_TEXTS = {ChannelType.text.value, ChannelType.news.value, *_THREADS}
_STAFF = Permissions(manage_guild=True, manage_channels=True)


async def standing(ask: Ask, me: int, place: Place, person: Identity) -> Standing:
    """Raises DeliveryDelayed and DeliveryRefused; Closed for a thread that is not open."""
    channel = await _channel(ask, place.thread or place.chat)
    if "guild_id" not in channel:
        return _private(channel, person)
    if channel["type"] not in _TEXTS:
        raise DeliveryRefused(NO_TEXT)
    is_thread = channel["type"] in _THREADS
    if is_thread:
        _open(channel)
    parent = await _channel(ask, channel["parent_id"]) if is_thread else channel
    guild = await ask("GET", "/guilds/{guild_id}", guild_id=channel["guild_id"])
    mine = await _member(ask, guild, str(me))
    theirs = await _member(ask, guild, person.account) if person.platform == NAME else None
    hidden = channel["type"] == ChannelType.private_thread.value
    rights = [_rights(guild, parent, member) for member in (mine, theirs)]
    may_post = [_may_post(right, is_thread=is_thread) for right in rights]
    if hidden and theirs and not rights[1].manage_threads:
        may_post[1] = may_post[1] and await _takes_part(ask, channel, person.account)
    return Standing(
        title=f"#{channel.get('name') or place.chat}",
        kind="channel" if parent["type"] == ChannelType.news.value else "group",
        bot_may_post=may_post[0],
        membership=_membership(guild, theirs, rights[1]),
        person_may_post=may_post[1],
        hears=Hearing.NEVER,  # that would take the intent of message content
    )


async def find_place(ask: Ask, said: str) -> Place | None:
    """`<#id>`, a link to a channel, or a channel's number. Raises DeliveryDelayed, and Closed for
    a thread that is not open."""
    found = _SAID.fullmatch(said.strip())
    if found is None:
        return None
    try:
        channel = await _channel(ask, next(filter(None, found.groups())))
    except DeliveryRefused:
        return None
    if "guild_id" in channel and channel["type"] not in _TEXTS:
        return None
    if channel["type"] in _THREADS:
        _open(channel)
        return Place(NAME, str(channel["parent_id"]), str(channel["id"]))
    return Place(NAME, str(channel["id"]))


async def _channel(ask: Ask, channel: str) -> Json:
    if not str(channel).isdecimal():
        raise PlaceGone(f"There is no channel {channel!r} on Discord.")
    found: Json = await ask("GET", "/channels/{channel_id}", channel_id=channel)
    return found


def _private(channel: Json, person: Identity) -> Standing:
    recipients = channel.get("recipients", ())
    present = any(one["id"] == person.account for one in recipients)
    name = next((one.get("global_name") or one.get("username") for one in recipients), None)
    membership = Membership.MEMBER if present else Membership.ABSENT
    return Standing(str(name or channel["id"]), "private", True, membership, present)


def _open(thread: Json) -> None:
    about = thread.get("thread_metadata", {})
    if about.get("locked"):
        raise Closed("The thread is locked; unlock it.")
    if about.get("archived"):
        raise Closed("The thread is archived; open it again.")


async def _member(ask: Ask, guild: Json, account: str) -> Json | None:
    """None for who is not in the server."""
    if not account.isdecimal():
        return None
    path = "/guilds/{guild_id}/members/{user_id}"
    try:
        member: Json = await ask("GET", path, guild_id=guild["id"], user_id=account)
    except Rejected as no:
        if no.code not in {UNKNOWN_MEMBER, UNKNOWN_USER}:
            raise
        return None
    return member


async def _takes_part(ask: Ask, thread: Json, account: str) -> bool:
    path = "/channels/{channel_id}/thread-members/{user_id}"
    try:
        await ask("GET", path, channel_id=thread["id"], user_id=account)
    except Rejected:
        return False
    return True


# --- rights -----------------------------------------------------------------------------------


def _rights(guild: Json, channel: Json, member: Json | None) -> Permissions:
    """What a member may do in a channel; nothing for who is not there."""
    if member is None:
        return Permissions.none()
    account = str(member["user"]["id"])
    roles = {str(role) for role in member.get("roles", ())}
    everyone = str(guild["id"])
    granted = [
        int(role["permissions"]) for role in guild["roles"] if str(role["id"]) in {everyone, *roles}
    ]
    rights = Permissions.none()
    for one in granted:
        rights |= Permissions(one)
    if account == str(guild["owner_id"]) or rights.administrator:
        return Permissions.all()
    layers = channel.get("permission_overwrites", ())
    rights = _over(rights, [one for one in layers if str(one["id"]) == everyone])
    rights = _over(rights, [one for one in layers if str(one["id"]) in roles - {everyone}])
    rights = _over(rights, [one for one in layers if str(one["id"]) == account])
    return _timed_out(rights) if _is_silenced(member) else rights


def _over(rights: Permissions, layers: Sequence[Json]) -> Permissions:
    """One layer at a time: what it denies is taken, then what it allows is given."""
    denied, allowed = 0, 0
    for one in layers:
        denied |= int(one["deny"])
        allowed |= int(one["allow"])
    return Permissions((rights.value & ~denied) | allowed)


def _is_silenced(member: Json) -> bool:
    until = member.get("communication_disabled_until")
    return bool(until) and datetime.fromisoformat(str(until)) > datetime.now(UTC)


def _timed_out(rights: Permissions) -> Permissions:
    return rights & Permissions(view_channel=True, read_message_history=True)


def _may_post(rights: Permissions, *, is_thread: bool) -> bool:
    writes = rights.send_messages_in_threads if is_thread else rights.send_messages
    return rights.view_channel and writes


def _membership(guild: Json, member: Json | None, rights: Permissions) -> Membership:
    if member is None:
        return Membership.ABSENT
    if str(member["user"]["id"]) == str(guild["owner_id"]):
        return Membership.OWNER
    if rights.administrator or rights.value & _STAFF.value:
        return Membership.ADMIN
    # Whoever can't see the channel is in the server, and not here.
    return Membership.MEMBER if rights.view_channel else Membership.ABSENT
