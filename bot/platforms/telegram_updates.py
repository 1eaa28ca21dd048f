"""What arrives from Telegram, as the conversation knows it."""

import re
from dataclasses import dataclass
from datetime import datetime

from telegram import (
    CallbackQuery,
    Chat,
    ChatMember,
    Message,
    MessageEntity,
    MessageOrigin,
    MessageOriginChannel,
    MessageOriginChat,
    MessageOriginHiddenUser,
    MessageOriginUser,
    Update,
    User,
)

from agents.domain.user import Identity, Place
from handlers.chat import Incoming, Tap

NAME = "telegram"
KINDS = ("message", "channel_post", "callback_query", "my_chat_member")

_COMMAND = re.compile(r"/(\w+)(?:@(\w+))?(?=\s|$)", re.ASCII)
_ABSENT = (ChatMember.BANNED, ChatMember.LEFT)


@dataclass(frozen=True, slots=True)
class Migrated:
    """A group became a supergroup and has a new id."""

    old: Place
    new: Place


@dataclass(frozen=True, slots=True)
class Gone:
    """The bot was blocked by `by`, or removed from a group."""

    by: Identity
    place: Place


Read = Incoming | Migrated | Gone | None


def read_update(update: Update, me: User, tapped_after: datetime | None) -> Read:
    """None for what is not for the bot.

    Telegram does not say when a button was pressed. `tapped_after` is a time before which this
    press can't have been (None: unknown); the age of a tap is counted from there, or from the
    card's own time, so that it is never taken for younger than it may be.
    """
    key = f"{me.id}:{update.update_id}"  # update ids are unique within one bot
    if update.callback_query:
        return _tap(key, update.callback_query, tapped_after)
    if update.my_chat_member:
        change = update.my_chat_member
        left = change.new_chat_member.status in _ABSENT
        return Gone(_identity(change.from_user.id), _place(change.chat.id)) if left else None
    message = update.message or update.channel_post
    return _message(key, message, me) if message else None


def _identity(account: int) -> Identity:
    return Identity(NAME, str(account))


def _place(chat: int, thread: int | None = None) -> Place:
    return Place(NAME, str(chat), str(thread or ""))


def _place_of(message: Message) -> Place:
    """Replies outside forums carry a thread id too, which is no topic."""
    return _place(message.chat.id, message.message_thread_id if message.is_topic_message else None)


def _message(key: str, message: Message, me: User) -> Read:
    if message.migrate_to_chat_id:
        return Migrated(_place(message.chat.id), _place(message.migrate_to_chat_id))
    spoken = _spoken(message, me)
    if spoken is None:
        return None
    text, addressed = spoken
    sender, name, language = _sender(message)
    return Incoming(
        key=key,
        place=_place_of(message),
        sender=sender,
        sender_name=name,
        sent_at=message.date,
        private=message.chat.type == Chat.PRIVATE,
        addressed=addressed,
        text=text,
        message_id=message_id(message),
        language=language,
        answers=_answered(message),
        forwarded=_origin(message.forward_origin),
        written_at=message.forward_origin.date if message.forward_origin else None,
    )


def _answered(message: Message) -> str:
    """The message that it replies to; in a topic every message names the one that opened it."""
    original = message.reply_to_message
    return message_id(original) if original and not original.forum_topic_created else ""


def _origin(origin: MessageOrigin | None) -> str:
    """Who wrote what is forwarded, as far as Telegram says: a channel, a group, or a person."""
    match origin:
        case MessageOriginChannel():
            return origin.chat.effective_name or str(origin.chat.id)
        case MessageOriginChat():
            return origin.sender_chat.effective_name or str(origin.sender_chat.id)
        case MessageOriginUser():
            return origin.sender_user.full_name
        case MessageOriginHiddenUser():
            return origin.sender_user_name
        case _:
            return ""


def _sender(message: Message) -> tuple[Identity, str, str]:
    """Who speaks, under which name, in which language. Anonymous administrators and channels
    speak as their chat, which is nobody's account."""
    if message.sender_chat:
        return _identity(message.sender_chat.id), message.sender_chat.effective_name or "", ""
    if message.from_user:
        user = message.from_user
        return _identity(user.id), user.full_name, user.language_code or ""
    return _identity(message.chat.id), message.chat.effective_name or "", ""


def _spoken(message: Message, me: User) -> tuple[str, bool] | None:
    """The text and whether it is meant for the bot; None when it is not even to be looked at."""
    text = message.text or message.caption
    private = message.chat.type == Chat.PRIVATE
    if message.from_user and message.from_user.is_bot and not message.sender_chat:
        return None
    if text is None:  # a sticker or a voice message deserves an answer, a service message none
        return ("", True) if private and message.effective_attachment else None
    if message.is_automatic_forward:  # a channel's post in its discussion group: nobody's command
        return text, False
    command = _COMMAND.match(text)
    if command:
        return _command(text, command, me)
    if message.chat.type == Chat.CHANNEL:
        return text, False
    named = _without_mention(text, me)
    addressed = private or named != text or _answers(message, me) or _mentions(message, me)
    return named, addressed


def _command(text: str, command: re.Match[str], me: User) -> tuple[str, bool] | None:
    """`/status@ParleyBot now` becomes `/status now`; another bot's command is none of ours."""
    other = command[2]
    if other and other.lower() != (me.username or "").lower():
        return None
    return f"/{command[1]}{text[command.end() :]}", True


def _without_mention(text: str, me: User) -> str:
    """`@ParleyBot, buy BTC` becomes `buy BTC`."""
    if not me.username:
        return text
    called = re.compile(rf"(?<!\w)@{re.escape(me.username)}\b[,:]?", re.IGNORECASE)
    return called.sub("", text).strip() if called.search(text) else text


def _answers(message: Message, me: User) -> bool:
    original = message.reply_to_message
    # In a topic every message answers the one that opened it.
    opened = original is not None and original.forum_topic_created is not None
    return bool(original and not opened and original.from_user and original.from_user.id == me.id)


def _mentions(message: Message, me: User) -> bool:
    entities = (*message.entities, *message.caption_entities)
    return any(
        entity.type == MessageEntity.TEXT_MENTION and entity.user and entity.user.id == me.id
        for entity in entities
    )


def message_id(message: Message) -> str:
    """`p7` for a picture with a caption, `7` for a text: they are edited differently."""
    return f"p{message.message_id}" if message.photo else str(message.message_id)


def _tap(key: str, query: CallbackQuery, tapped_after: datetime | None) -> Read:
    card = query.message
    if card is None:  # sent through another chat's inline mode, which this bot has not
        return None
    whole = card if isinstance(card, Message) else None
    data = query.data or ""
    times = [time for time in (card.date, whole and whole.edit_date, tapped_after) if time]
    return Incoming(
        key=key,
        place=_place_of(whole) if whole else _place(card.chat.id),
        sender=_identity(query.from_user.id),
        sender_name=query.from_user.full_name,
        sent_at=max(times),
        private=card.chat.type == Chat.PRIVATE,
        tap=Tap.parse(data),
        tap_data=data,
        message_id=message_id(whole) if whole else str(card.message_id),
        language=query.from_user.language_code or "",
    )
