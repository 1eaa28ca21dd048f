"""Groups and channels of Telegram: who may do what there, and which one a name means."""

import re

from telegram import Bot, Chat, ChatFullInfo, ChatMember, ChatMemberAdministrator
from telegram.error import BadRequest

from agents.domain.errors import DeliveryRefused
from agents.domain.user import Hearing, Identity, Membership, Place, Standing
from bot.platforms.telegram_faults import delivery
from bot.platforms.telegram_updates import NAME

_NAMED = re.compile(r"(?:https?://)?(?:t\.me/|telegram\.me/|@)([A-Za-z]\w{3,31})/?", re.ASCII)
_NUMBERED = re.compile(r"-?\d{1,20}")
_KINDS = {Chat.PRIVATE: "private", Chat.CHANNEL: "channel"}
_STAFF = {ChatMember.OWNER: Membership.OWNER, ChatMember.ADMINISTRATOR: Membership.ADMIN}
_GONE = {ChatMember.LEFT, ChatMember.BANNED}
_HIDDEN = "I am not told who is in this group: make me an administrator of it."


async def standing(bot: Bot, place: Place, person: Identity) -> Standing:
    """Raises DeliveryDelayed and DeliveryRefused."""
    chat_id = int(place.chat)
    with delivery():
        chat = await bot.get_chat(chat_id)
        mine = await bot.get_chat_member(chat_id, own_id(bot))
    theirs = await _member(bot, chat, mine, person)
    kind = _KINDS.get(chat.type, "group")
    return Standing(
        title=chat.effective_name or place.chat,
        kind=kind,
        bot_may_post=kind == "private" or _may_post(chat, mine),
        membership=_membership(theirs),
        person_may_post=kind == "private" or (theirs is not None and _may_post(chat, theirs)),
        hears=Hearing.ALL if kind == "private" else _hearing(bot, mine),
    )


def _hearing(bot: Bot, mine: ChatMember) -> Hearing:
    """https://core.telegram.org/bots/features#privacy-mode"""
    if mine.status in _STAFF:
        return Hearing.ALL
    try:
        reads_all = bot.can_read_all_group_messages
    except RuntimeError:  # it has not been asked who it is yet
        reads_all = False
    return Hearing.ALL if reads_all else Hearing.STAFF


def own_id(bot: Bot) -> int:
    """The bot's own number, from its token: known before Telegram was ever reached."""
    return int(bot.token.partition(":")[0])


async def find_place(bot: Bot, said: str) -> Place | None:
    """`@name`, a link to it, or a chat's number. Raises DeliveryDelayed."""
    named, bare = _NAMED.fullmatch(said.strip()), said.strip()
    if named is None and not _NUMBERED.fullmatch(bare):
        return None
    with delivery():
        try:
            chat = await bot.get_chat(f"@{named[1]}" if named else int(bare))
        except BadRequest:
            return None
    return Place(NAME, str(chat.id))


async def _member(
    bot: Bot, chat: ChatFullInfo, mine: ChatMember, person: Identity
) -> ChatMember | None:
    """None for who was never there, or for an account of another platform. Raises DeliveryRefused
    where Telegram does not say it: of a supergroup's hidden members it speaks to the staff alone,
    and to others as if nobody of that name were there."""
    if person.platform != NAME or not person.account.isdecimal():
        return None
    with delivery():
        try:
            return await bot.get_chat_member(chat.id, int(person.account))
        except BadRequest as no:
            if chat.type == Chat.SUPERGROUP and mine.status not in _STAFF:
                raise DeliveryRefused(_HIDDEN) from no
            return None


def _membership(member: ChatMember | None) -> Membership:
    if member is None or member.status in _GONE:
        return Membership.ABSENT
    if member.status == ChatMember.RESTRICTED and not getattr(member, "is_member", True):
        return Membership.ABSENT
    return _STAFF.get(member.status, Membership.MEMBER)


def _may_post(chat: ChatFullInfo, member: ChatMember) -> bool:
    if member.status in _GONE:
        return False
    if chat.type == Chat.CHANNEL:
        posts = isinstance(member, ChatMemberAdministrator) and member.can_post_messages
        return bool(posts) or member.status == ChatMember.OWNER
    if member.status == ChatMember.RESTRICTED:
        return bool(getattr(member, "can_send_messages", False))
    muted = chat.permissions is not None and not chat.permissions.can_send_messages
    return member.status in _STAFF or not muted
