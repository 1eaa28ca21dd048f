"""What goes out to people and what came in from them, as rows that outlive a crash.

A message is put into the outbox in the transaction of the fact that it tells, and delivered
afterwards; an update of a platform is put into the inbox before it is handled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from agents.domain.user import NoticeKind, Place


class OutboxState(StrEnum):
    """SENDING was handed to the platform and has no answer yet; after a crash such an item may
    or may not have arrived. SENT and FAILED are final."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class InboxState(StrEnum):
    NEW = "new"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One message for one place. `id` is 0 until stored.

    `facts` say what happened (a text is made of them at delivery); `silent` among them asks for
    no sound. `card` names the card that this message is, `replies_to` the card that it answers;
    both are empty where there is none. Times are wall clock. `message_id` is the platform's.
    """

    owner_id: int
    place: Place
    kind: NoticeKind
    key: str
    facts: Mapping[str, Any]
    created_at: datetime
    next_try_at: datetime
    card: str = ""
    replies_to: str = ""
    attempts: int = 0
    state: OutboxState = OutboxState.WAITING
    message_id: str = ""
    error: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class CardMessage:
    """Where a card is shown: one message in one place, drawn from version `version`."""

    card: str
    place: Place
    message_id: str
    version: int


@dataclass(frozen=True, slots=True)
class InboxItem:
    """One update of a platform, as it came. `key` is the platform's own id of it."""

    platform: str
    key: str
    payload: Any
    received_at: datetime
    state: InboxState = InboxState.NEW
    attempts: int = 0
    error: str = ""
    id: int = 0


class Outbox(Protocol):
    """Messages to deliver. Within one place they leave in the order in which they were put."""

    async def put(
        self,
        owner_id: int,
        place: Place,
        kind: NoticeKind,
        key: str,
        facts: Mapping[str, Any],
        *,
        at: datetime,
        card: str = "",
        replies_to: str = "",
        not_before: datetime | None = None,
    ) -> bool:
        """False when the place was told `key` already. What must wait until `not_before` joins its
        place's queue only then: it holds up nothing that is put meanwhile."""

    async def due(self, platform: str, wall: datetime, limit: int) -> Sequence[OutboxItem]:
        """Of each place the oldest undelivered item, where that is waiting and its time has
        come. A place whose oldest item is being sent or waits for a later try gives none. Items
        never tried whose time has not come don't count."""

    async def take(self, item: OutboxItem) -> bool:
        """WAITING to SENDING, counting an attempt; False when another had it first."""

    async def sent(self, item: OutboxItem, message_id: str) -> None: ...
    async def retry(self, item: OutboxItem, at: datetime, error: str) -> None:
        """Back to WAITING until `at`."""

    async def release(self, item: OutboxItem) -> bool:
        """SENDING back to WAITING, as at once due: whoever sent it is no more. False when the
        item has moved on since `item` was read."""

    async def failed(self, item: OutboxItem, error: str) -> None:
        """Given up; the place's next item becomes the oldest."""

    async def stuck(self, platform: str) -> Sequence[OutboxItem]:
        """Items in SENDING, oldest first: at start, those that a killed process left."""

    async def overdue(self, platform: str, before: datetime, limit: int) -> Sequence[OutboxItem]:
        """Items put before that moment and still not delivered, oldest first."""

    async def waiting(self, platform: str) -> int:
        """How many items are neither sent nor failed."""

    async def cards(self, card: str) -> Sequence[CardMessage]: ...
    async def remember_card(self, card: str, place: Place, message_id: str, version: int) -> None:
        """Store where `card` is shown, replacing what was known of that place."""

    async def forget_card(self, card: str, place: Place) -> None: ...
    async def move_place(self, old: Place, new: Place) -> None:
        """The chat of `old` has become the chat of `new`: undelivered items, cards and places of
        delivery follow, with their threads."""

    async def history(
        self, place: Place, limit: int, before_id: int | None = None
    ) -> Sequence[OutboxItem]:
        """The last `limit` messages delivered to a place before an id, oldest first. A message
        that was edited appears once, where it was first said, as it was said last."""

    async def prune(self, before: datetime) -> int:
        """Delete delivered and failed items put before that moment, and answer how many."""


class Inbox(Protocol):
    """Updates that came in. Each is handled once, in the order in which they came."""

    async def store(self, platform: str, key: str, payload: Any, at: datetime) -> bool:
        """False when this update was seen already."""

    async def pending(self, limit: int, platform: str | None = None) -> Sequence[InboxItem]:
        """Updates not yet handled, oldest first."""

    async def begin(self, item: InboxItem) -> bool:
        """Count an attempt before handling, so that an update that kills the process is seen to;
        False when the item is no longer new or another process began it since it was read."""

    async def done(self, item: InboxItem) -> None: ...
    async def failed(self, item: InboxItem, error: str) -> None:
        """Given up; it is not pending any more."""

    async def prune(self, before: datetime) -> int:
        """Delete handled updates received before that moment, and answer how many."""


@dataclass(frozen=True, slots=True)
class PageMessage:
    """One message of the page's conversation. `mine` is true for what the person at the page said;
    `body` holds `words` and `rows` as JSON values."""

    id: int
    key: str
    mine: bool
    body: Mapping[str, Any]
    pictured: bool
    reply_to: int
    at: datetime


class Transcript(Protocol):
    """The browser page's conversation."""

    async def add(
        self,
        key: str,
        body: Mapping[str, Any],
        *,
        mine: bool,
        at: datetime,
        picture: bytes | None = None,
        reply_to: int = 0,
    ) -> int | None:
        """The new message's id; None when `key` (if not empty) is there already."""

    async def replace(
        self, message_id: int, body: Mapping[str, Any], picture: bytes | None
    ) -> PageMessage | None:
        """Replace the body (and the picture when given); None when there is no such message."""

    async def last(self, limit: int, before: int | None = None) -> Sequence[PageMessage]:
        """The newest `limit` messages with an id below `before`, oldest first."""

    async def picture(self, message_id: int) -> bytes | None: ...
