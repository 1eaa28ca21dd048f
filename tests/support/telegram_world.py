"""What Telegram knows: people, chats, messages, updates, and what a bot may do with them.

Every method named as one of the Bot API (in snake case) takes its parameters and gives its result,
or raises `ApiError` with the answer that the Bot API gives. Nothing here knows HTTP.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.telegram_html import BadMarkup, read_html
from tests.support.telegram_members import ABSENT, member, permitted

BOT_ID = 7_000_000_001
BOT_NAME = "ParleyTestBot"
TEXT_LIMIT, CAPTION_LIMIT, DATA_LIMIT = 4096, 1024, 64
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_ME = {"id": BOT_ID, "is_bot": True, "first_name": "Parley", "username": BOT_NAME}
_SAME = (
    "message is not modified: specified new message content and reply markup are exactly the "
    "same as a current content and reply markup of the message"
)


class ApiError(Exception):
    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad(reason: str, **parameters: int) -> ApiError:
    return ApiError(400, f"Bad Request: {reason}", **parameters)


def forbidden(reason: str) -> ApiError:
    return ApiError(403, f"Forbidden: {reason}")


@dataclass
class Chat:
    """`bot` is the bot's standing there: member, administrator, restricted, kicked (or blocked),
    left; `bot_posts` whether it may post where it is an administrator. `staff` are people who are
    more (or less) than members, `posters` those administrators of a channel who may post.
    `username` is the public name, `closed` are topics that were closed."""

    id: int
    type: str
    name: str
    forum: bool = False
    topics: set[int] = field(default_factory=set)
    bot: str = "member"
    migrated_to: int = 0
    username: str = ""
    bot_posts: bool = True
    staff: dict[int, str] = field(default_factory=dict)
    posters: set[int] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)
    muted: bool = False  # only the staff of this group may write

    def as_json(self) -> dict[str, Any]:
        called = {"first_name": self.name} if self.type == "private" else {"title": self.name}
        forum = {"is_forum": True} if self.forum else {}
        public = {"username": self.username} if self.username else {}
        return {"id": self.id, "type": self.type, **called, **forum, **public}


@dataclass
class Message:
    """As it stands now. `text` is the caption where there is a photo or document; `spans` are
    (tag, text) as the HTML had them."""

    id: int
    chat: Chat
    sender: Mapping[str, Any] | None
    text: str
    date: int
    thread: int = 0
    spans: list[tuple[str, str]] = field(default_factory=list)
    keyboard: list[list[dict[str, str]]] = field(default_factory=list)
    photo: bytes | None = None
    document: bytes | None = None
    reply_to: int = 0
    silent: bool = False
    edits: int = 0
    markup_edits: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def from_bot(self) -> bool:
        return bool(self.sender and self.sender["id"] == BOT_ID)

    @property
    def captioned(self) -> bool:
        return self.photo is not None or self.document is not None

    @property
    def buttons(self) -> list[str]:
        """The labels, row after row."""
        return [button["text"] for row in self.keyboard for button in row]

    def button(self, label: str) -> str:
        """The data of the first button whose label contains `label`."""
        for row in self.keyboard:
            for button in row:
                if label in button["text"]:
                    return button["callback_data"]
        raise AssertionError(f"message {self.id} has no button {label!r}, but {self.buttons}")

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "message_id": self.id,
            "chat": self.chat.as_json(),
            "date": self.date,
            **self.extra,
        }
        if self.sender:
            body["from"] = dict(self.sender)
        elif self.chat.type != "private":
            body["sender_chat"] = self.chat.as_json()
        if self.photo is not None:
            size = {"width": 90, "height": 90, "file_unique_id": f"u{self.id}"}
            body["photo"] = [{"file_id": f"photo-{self.id}", **size}]
        if self.document is not None:
            body["document"] = {"file_id": f"file-{self.id}", "file_unique_id": f"d{self.id}"}
        if self.text:
            body["caption" if self.captioned else "text"] = self.text
        if self.thread:
            body |= {"message_thread_id": self.thread, "is_topic_message": True}
        if self.keyboard:
            body["reply_markup"] = {"inline_keyboard": self.keyboard}
        if self.edits:
            body["edit_date"] = int(time.time())
        return body


Params = Mapping[str, Any]


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


class World:
    """All of Telegram's memory for one bot. `changed` is called after every change."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.changed = changed
        self.chats: dict[int, Chat] = {}
        self.people: dict[int, dict[str, Any]] = {}
        self.messages: dict[int, Message] = {}
        self.queries: dict[str, str] = {}  # callback query id: open, answered, expired
        self.commands: list[dict[str, str]] = []
        self.actions: list[tuple[int, str]] = []
        self.webhook: dict[str, Any] = {}
        self.methods: dict[str, Callable[[Params], Any]] = {
            name.replace("_", ""): getattr(self, name) for name in _METHODS
        }
        self.undeletable: set[int] = set()  # as those that are older than two days
        self.refuse_markup = False  # as if Telegram knew fewer tags than we think
        self._last_message = 100

    # --- people and chats ---------------------------------------------------------------------

    def chat(self, number: int) -> Chat:
        """The chat; a private one with that person is made when new."""
        if number not in self.chats and number > 0:
            self.chats[number] = Chat(number, "private", self.person(number)["first_name"])
        return self.chats[number]

    def person(self, number: int) -> dict[str, Any]:
        standard = {"id": number, "is_bot": False, "first_name": f"P{number}"}
        return self.people.setdefault(number, {**standard, "language_code": "en"})

    def add(self, chat: Chat, sender: Mapping[str, Any] | None, text: str, **rest: Any) -> Message:
        self._last_message += 1
        message = Message(self._last_message, chat, sender, text, int(time.time()), **rest)
        self.messages[message.id] = message
        self.changed()
        return message

    # --- methods of the Bot API ---------------------------------------------------------------

    def get_me(self, params: Params) -> Any:
        return {**_ME, "can_join_groups": True, "can_read_all_group_messages": False}

    def set_my_commands(self, params: Params) -> Any:
        commands = json.loads(params["commands"])
        for row in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", row["command"]):
                raise bad("BOT_COMMAND_INVALID")
            if not 1 <= len(row["description"]) <= 256:
                raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands = commands
        return True

    def send_message(self, params: Params) -> Any:
        chat, thread = self._target(params)
        text, spans = self._words(params, "text", TEXT_LIMIT)
        if not text:
            raise bad("message text is empty")
        return self._say(chat, thread, params, text, spans)

    def send_photo(self, params: Params) -> Any:
        chat, thread = self._target(params)
        text, spans = self._words(params, "caption", CAPTION_LIMIT)
        return self._say(chat, thread, params, text, spans, photo=_picture(params.get("photo")))

    def send_document(self, params: Params) -> Any:
        chat, thread = self._target(params)
        text, spans = self._words(params, "caption", CAPTION_LIMIT)
        if not isinstance(params.get("document"), bytes):
            raise bad("wrong file identifier/HTTP URL specified")
        return self._say(chat, thread, params, text, spans, document=params["document"])

    def send_chat_action(self, params: Params) -> Any:
        chat, _ = self._target(params)
        self.actions.append((chat.id, params["action"]))
        self.changed()
        return True

    def edit_message_text(self, params: Params) -> Any:
        message = self._own(params)
        if message.captioned:
            raise bad("there is no text in the message to edit")
        text, spans = self._words(params, "text", TEXT_LIMIT)
        if not text:
            raise bad("message text is empty")
        return self._edit(message, params, text=text, spans=spans)

    def edit_message_caption(self, params: Params) -> Any:
        message = self._own(params)
        if not message.captioned:
            raise bad("there is no caption in the message to edit")
        text, spans = self._words(params, "caption", CAPTION_LIMIT)
        return self._edit(message, params, text=text, spans=spans)

    def edit_message_media(self, params: Params) -> Any:
        message = self._own(params)
        media = json.loads(params["media"])
        source = media["media"]
        photo = _picture(params.get(source.removeprefix("attach://")))
        text, spans = self._words(media, "caption", CAPTION_LIMIT)
        return self._edit(message, params, text=text, spans=spans, photo=photo)

    def edit_message_reply_markup(self, params: Params) -> Any:
        message = self._own(params)
        message.markup_edits += 1
        return self._edit(message, params, text=message.text, spans=message.spans)

    def delete_message(self, params: Params) -> Any:
        if int(params["message_id"]) in self.undeletable:
            raise bad("message can't be deleted")
        message = self.messages.pop(int(params["message_id"]), None)
        if message is None or message.chat.id != int(params["chat_id"]):
            raise bad("message to delete not found")
        self.changed()
        return True

    def answer_callback_query(self, params: Params) -> Any:
        if utf16(params.get("text", "")) > 200:
            raise bad("MESSAGE_TOO_LONG")
        number = params["callback_query_id"]
        if self.queries.get(number) != "open":
            raise bad("query is too old and response timeout expired or query ID is invalid")
        self.queries[number] = "answered"
        self.changed()
        return True

    def get_chat(self, params: Params) -> Any:
        chat = self._known(params)
        gifts = dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription"), True
        )
        gifts["gifts_from_channels"] = True
        permissions = {"permissions": permitted(speaks=not chat.muted)}
        return {
            **chat.as_json(),
            **(permissions if chat.type in ("group", "supergroup") else {}),
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": gifts,
        }

    def get_chat_member(self, params: Params) -> Any:
        chat, number = self._known(params), int(params["user_id"])
        if number == BOT_ID:
            return member(chat.bot, _ME, posts=chat.bot_posts)
        if chat.type == "channel" and chat.bot != "administrator":
            raise bad("member list is inaccessible")
        user = self.people.get(number)
        if user is None:
            raise bad("user not found")
        plain = "left" if chat.type == "channel" else "member"
        return member(chat.staff.get(number, plain), user, posts=number in chat.posters)

    def set_message_reaction(self, params: Params) -> Any:
        if int(params["message_id"]) not in self.messages:
            raise bad("message to react not found")
        return True

    # --- what they have in common -------------------------------------------------------------

    def _known(self, params: Params) -> Chat:
        """A chat that the bot is in, by its id or its public name."""
        said = str(params["chat_id"])
        named = (one for one in self.chats.values() if f"@{one.username}" == said)
        chat = next(named, None) if said.startswith("@") else self.chats.get(int(said))
        if chat is None:
            raise bad("chat not found")
        if chat.migrated_to:
            raise bad(
                "group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.migrated_to,
            )
        if chat.bot in ABSENT:
            blocked = "bot was blocked by the user"
            away = f"bot was kicked from the {chat.type} chat"
            gone = f"bot is not a member of the {chat.type} chat"
            absent = away if chat.bot == "kicked" else gone
            raise forbidden(blocked if chat.type == "private" else absent)
        return chat

    def _target(self, params: Params) -> tuple[Chat, int]:
        """Where the bot writes or edits."""
        chat = self._known(params)
        if chat.type == "channel" and not (chat.bot == "administrator" and chat.bot_posts):
            raise bad("need administrator rights in the channel chat")
        if chat.bot == "restricted" or (chat.muted and chat.bot == "member"):
            raise bad("not enough rights to send text messages to the chat")
        thread = int(params.get("message_thread_id") or 0)
        if thread and thread not in chat.topics:
            raise bad("message thread not found")
        if thread in chat.closed and chat.bot != "administrator":
            raise bad("TOPIC_CLOSED")
        return chat, thread

    def _words(self, params: Params, name: str, limit: int) -> tuple[str, list[tuple[str, str]]]:
        raw, mode = str(params.get(name) or ""), params.get("parse_mode")
        if mode not in (None, "HTML"):
            raise bad("unsupported parse_mode")
        if mode and self.refuse_markup:
            raise bad("can't parse entities: Unsupported start tag")
        try:
            text, spans = read_html(raw) if mode else (raw, [])
        except BadMarkup as fault:
            raise bad(f"can't parse entities: {fault}") from fault
        text = text.strip()
        if utf16(text) > limit:
            raise bad("message is too long" if name == "text" else "message caption is too long")
        return text, spans

    def _say(
        self,
        chat: Chat,
        thread: int,
        params: Params,
        text: str,
        spans: list[tuple[str, str]],
        **file: bytes,
    ) -> Any:
        message = self.add(
            chat,
            _ME,
            text,
            thread=thread,
            spans=spans,
            **file,
            keyboard=_keyboard(params),
            reply_to=self._replied(chat, params),
            silent=str(params.get("disable_notification")).lower() == "true",
        )
        return message.as_json()

    def _replied(self, chat: Chat, params: Params) -> int:
        if not params.get("reply_parameters"):
            return 0
        wanted = json.loads(params["reply_parameters"])
        original = self.messages.get(wanted["message_id"])
        if original and original.chat is chat:
            return original.id
        if not wanted.get("allow_sending_without_reply"):
            raise bad("message to be replied not found")
        return 0

    def _own(self, params: Params) -> Message:
        chat, _ = self._target(params)
        message = self.messages.get(int(params["message_id"]))
        if message is None or message.chat is not chat:
            raise bad("message to edit not found")
        if not message.from_bot:
            raise bad("message can't be edited")
        return message

    def _edit(self, message: Message, params: Params, **changes: Any) -> Any:
        changes["keyboard"] = _keyboard(params)
        if all(getattr(message, name) == value for name, value in changes.items()):
            raise bad(_SAME)
        for name, value in changes.items():
            setattr(message, name, value)
        message.edits += 1
        self.changed()
        return message.as_json()


def _keyboard(params: Params) -> list[list[dict[str, str]]]:
    if not params.get("reply_markup"):
        return []
    rows = json.loads(params["reply_markup"]).get("inline_keyboard", [])
    for button in (button for row in rows for button in row):
        if not button.get("text"):
            raise bad("can't parse inline keyboard button: Text buttons are unallowed")
        if not 1 <= len(button.get("callback_data", "").encode()) <= DATA_LIMIT:
            raise bad("BUTTON_DATA_INVALID")
    return rows


def _picture(content: Any) -> bytes:
    if not isinstance(content, bytes):
        raise bad("wrong file identifier/HTTP URL specified")
    if not content.startswith(_PICTURES):
        raise bad("IMAGE_PROCESS_FAILED")
    return content


_METHODS = (
    *("get_me", "set_my_commands", "send_message", "send_photo", "send_document"),
    "send_chat_action",
    *("edit_message_text", "edit_message_caption", "edit_message_media"),
    *("edit_message_reply_markup", "delete_message", "answer_callback_query"),
    *("get_chat", "get_chat_member", "set_message_reaction"),
)
