"""The conversation without a platform: what comes in, what goes out, and the port between.

Adapters in bot/platforms turn an update into `Incoming` and deliver `Outgoing`; no handler knows
which platform it serves.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from agents.domain.user import Identity, Place, Standing

BUTTON_DATA_LIMIT = 64  # bytes, the smallest of the platforms


class Style(StrEnum):
    """How a run of text looks; adapters escape the text and add their own markup."""

    PLAIN = "plain"
    BOLD = "bold"
    ITALIC = "italic"
    CODE = "code"
    PRE = "pre"  # a block in a fixed-width font: tables, rules


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style. Line breaks are in the text."""

    text: str
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class Words:
    """Text for a person: spans in order. Add them to join."""

    spans: tuple[Span, ...] = ()

    def __add__(self, other: "Words") -> "Words":
        return Words(self.spans + other.spans)

    def plain(self) -> str:
        """The text without its styles."""
        return "".join(span.text for span in self.spans)


def text(content: str) -> Words:
    return Words((Span(content),))


def bold(content: str) -> Words:
    return Words((Span(content, Style.BOLD),))


def italic(content: str) -> Words:
    return Words((Span(content, Style.ITALIC),))


def code(content: str) -> Words:
    return Words((Span(content, Style.CODE),))


def pre(content: str) -> Words:
    return Words((Span(content, Style.PRE),))


def lines(*parts: Words | str) -> Words:
    """The parts, each on a line of its own."""
    joined = Words()
    for index, part in enumerate(parts):
        joined += text("\n") if index else Words()
        joined += text(part) if isinstance(part, str) else part
    return joined


@dataclass(frozen=True, slots=True)
class Button:
    """A tap. `data` is `verb:id:version`, at most 64 bytes, and carries nothing else."""

    label: str
    verb: str
    id: int = 0
    version: int = 0

    @property
    def data(self) -> str:
        return f"{self.verb}:{self.id}:{self.version}"


@dataclass(frozen=True, slots=True)
class Tap:
    """A pressed button, read back from its data."""

    verb: str
    id: int
    version: int

    @classmethod
    def parse(cls, data: str) -> "Tap | None":
        """None when `data` was not made by a Button."""
        verb, _, rest = data.partition(":")
        number, _, version = rest.partition(":")
        if not (verb.isidentifier() and number.isdecimal() and version.isdecimal()):
            return None
        if len(data.encode()) > BUTTON_DATA_LIMIT:
            return None
        return cls(verb, int(number), int(version))


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to be drawn at delivery: `kind` (`proposal`, `position`, `chart`, `equity`) and
    the facts that its drawer needs, as JSON values. With a `name` it is a file to be kept, and
    shown as one."""

    kind: str
    facts: Mapping[str, Any]
    name: str = ""

    def as_json(self) -> list[Any]:
        return [self.kind, dict(self.facts), self.name]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, before a platform has seen it.

    `card` names the card that this message is (`proposal:7`, `strategy:3`): edits find it again.
    `replies_to` names a card that it answers. `edits` True replaces the card's present message
    (or, without a card, the tapped message) instead of sending a new one. `removes` is the id of a
    message that must not stand there any more: the one that carried a secret. `personal` is for
    the eyes of the person who is answered, where others can read the place.
    """

    words: Words
    rows: Rows = ()
    picture: Picture | None = None
    card: str = ""
    replies_to: str = ""
    edits: bool = False
    silent: bool = False
    removes: str = ""
    personal: bool = False

    def as_json(self) -> dict[str, Any]:
        """JSON values, as stored in the outbox; read back by `reply_from_json`."""
        return {
            "words": [[span.text, span.style.value] for span in self.words.spans],
            "rows": [[[b.label, b.verb, b.id, b.version] for b in row] for row in self.rows],
            "picture": self.picture.as_json() if self.picture else None,
            "card": self.card,
            "replies_to": self.replies_to,
            "edits": self.edits,
            "silent": self.silent,
            "removes": self.removes,
            "personal": self.personal,
        }


def reply_from_json(stored: Mapping[str, Any]) -> Reply:
    picture = stored.get("picture")
    return Reply(
        words=Words(tuple(Span(content, Style(style)) for content, style in stored["words"])),
        rows=tuple(tuple(Button(*fields) for fields in row) for row in stored.get("rows", ())),
        picture=Picture(*picture) if picture else None,
        card=stored.get("card", ""),
        replies_to=stored.get("replies_to", ""),
        edits=stored.get("edits", False),
        silent=stored.get("silent", False),
        removes=stored.get("removes", ""),
        personal=stored.get("personal", False),
    )


@dataclass(frozen=True, slots=True)
class Incoming:
    """One update of a platform, in its stored form.

    `key` is the platform's own id of the update, unique on the platform: a second arrival is the
    same update. One of `text` and `tap` is set, and both where a form that a tap opened was filled
    in; `tap_data` keeps what was received when the button is not ours. `message_id` is the message
    that was tapped (or sent). `sent_at` is the platform's time of the message, human time.
    `private` is false in groups and channels; `addressed` is true when a group message names the
    bot or is a command. `discreet` is true in a group whose platform can answer so that nobody but
    the sender sees it. `answers` is the message that this one replies to; `forwarded` names where
    it came from, and `written_at` when it was first written. `reply_to` is what an answer names
    where a platform waits for one in its own way (an open interaction), in private chats too.
    """

    key: str
    place: Place
    sender: Identity
    sender_name: str
    sent_at: datetime
    private: bool = True
    addressed: bool = True
    text: str | None = None
    tap: Tap | None = None
    tap_data: str = ""
    message_id: str = ""
    language: str = ""
    discreet: bool = False
    answers: str = ""
    forwarded: str = ""
    reply_to: str = ""
    written_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """JSON values, as stored in the inbox; read back by `incoming_from_json`."""
        return {
            "key": self.key,
            "place": [self.place.platform, self.place.chat, self.place.thread],
            "sender": [self.sender.platform, self.sender.account],
            "sender_name": self.sender_name,
            "sent_at": self.sent_at.isoformat(),
            "private": self.private,
            "addressed": self.addressed,
            "text": self.text,
            "tap": [self.tap.verb, self.tap.id, self.tap.version] if self.tap else None,
            "tap_data": self.tap_data,
            "message_id": self.message_id,
            "language": self.language,
            "discreet": self.discreet,
            "answers": self.answers,
            "forwarded": self.forwarded,
            "reply_to": self.reply_to,
            "written_at": self.written_at.isoformat() if self.written_at else None,
        }


def incoming_from_json(stored: Mapping[str, Any]) -> Incoming:
    fields = dict(stored)
    fields["place"] = Place(*stored["place"])
    fields["sender"] = Identity(*stored["sender"])
    fields["sent_at"] = datetime.fromisoformat(stored["sent_at"])
    fields["tap"] = Tap(*stored["tap"]) if stored.get("tap") else None
    written = stored.get("written_at")
    fields["written_at"] = datetime.fromisoformat(written) if written else None
    return Incoming(**fields)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready for an adapter: words to mark up, buttons, and a drawn picture (PNG), or,
    where `file_name` is set, the content of a file of that name.

    `personal` ones may be seen by nobody but the person who is answered. `key` is the same when a
    message is sent again because nobody knows whether it arrived; platforms that can tell show it
    once.
    """

    words: Words
    rows: Rows = ()
    picture: bytes | None = field(default=None, repr=False)
    silent: bool = False
    personal: bool = False
    file_name: str = ""
    key: str = field(default="", compare=False)

    def without_buttons(self) -> "Outgoing":
        return replace(self, rows=())


@dataclass(frozen=True, slots=True)
class PlatformHealth:
    """For /health: whether the platform answers, and a sentence when it does not."""

    name: str
    connected: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Glance:
    """What can be said of an update at once, before it is handled.

    `words` are for the person alone, with the acknowledgement of a tap: why it will do nothing.
    `personal` is true when the answer will be personal.
    """

    words: str = ""
    personal: bool = False


Receiver = Callable[[Incoming], Awaitable[Glance]]
"""Stores an update; when it returns, the update can't be lost any more."""


@dataclass(frozen=True, slots=True)
class MenuCommand:
    """A row of a platform's own menu of commands. `usage` is how its words go (`[N]` where they
    may be left out); `suggests` names what is proposed while they are typed."""

    name: str
    description: str
    usage: str = ""
    suggests: str = ""


Suggest = Callable[[Identity, Place, str, str], Awaitable[Sequence[tuple[str, str]]]]
"""(person, place, command, what was typed so far) to at most 25 pairs of a label and the words
that it stands for."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A platform's limit: at most `count` messages within any `seconds`. Limits of one `name`
    are one limit, whichever places count towards it."""

    name: str
    count: int
    seconds: float


class Platform(Protocol):
    """A chat platform. A new one is one adapter file and one row in bot/app.

    Every method that talks to the platform raises DeliveryDelayed (try again, perhaps after
    `retry_after` seconds) or DeliveryRefused (never), and nothing else of the platform's own.
    PlaceMoved and PlaceGone are the two that say something about the place itself.

    `idempotent` is false where sending twice shows twice: a card then gets its buttons only after
    its message id is stored, so that no forgotten card has live ones.
    """

    name: str
    idempotent: bool

    async def start(self, receive: Receiver) -> None:
        """Begin to receive in the background; an unreachable server does not raise."""

    async def stop(self) -> None: ...

    async def send(self, place: Place, message: Outgoing, reply_to: str = "") -> str:
        """Deliver a new message, answering `reply_to` where that still exists; its id."""

    async def edit(self, place: Place, message_id: str, message: Outgoing) -> None:
        """Replace text and buttons (and the picture when given) of a message of the bot's own.

        An edit that changes nothing is a success.
        """

    async def remove(self, place: Place, message_id: str) -> None:
        """Take away a message that a person wrote; one that is gone already is a success."""

    async def typing(self, place: Place) -> None:
        """A sign of life while something takes longer than a moment; never raises."""

    async def standing(self, place: Place, person: Identity) -> Standing:
        """How the bot and a person stand in a place, asked now."""

    async def find_place(self, said: str) -> Place | None:
        """The chat that a name, a mention or a link means; None where the bot knows none."""

    def start_link(self, words: str) -> str:
        """An address that opens a chat with the bot, where one tap says `/start WORDS` (letters,
        digits, `_` and `-`, at most 64); empty where the platform has none."""

    def health(self) -> PlatformHealth: ...

    def paces(self, place: Place, *, edit: bool = False) -> Sequence[Pace]:
        """The limits that a message to `place`, or an edit there, counts towards."""


Drawer = Callable[[Picture, int], Awaitable[bytes]]
"""Draws a picture for the user with that id (owner checks included)."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Rows of a long list cut into pages that each fit a message."""

    title: Words
    items: Sequence[Words]
    per_page: int = 8

    @property
    def count(self) -> int:
        return max(1, -(-len(self.items) // self.per_page))

    def page(self, number: int) -> Words:
        """Page `number` from 0; the last one when there are fewer."""
        number = min(max(0, number), self.count - 1)
        part = self.items[number * self.per_page : (number + 1) * self.per_page]
        return lines(self.title, *part)
