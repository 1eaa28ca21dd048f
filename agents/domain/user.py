"""Users, where they can be reached, and what they are told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is on one platform (`telegram`, `discord`, `browser`)."""

    platform: str
    account: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.account}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes: a chat on a platform, with a topic or thread where it has one."""

    platform: str
    chat: str
    thread: str = ""

    def __str__(self) -> str:
        return f"{self.platform}:{self.chat}" + (f":{self.thread}" if self.thread else "")


@dataclass(frozen=True, slots=True)
class User:
    """A stored user. `zone` is an IANA time zone name; `notices` maps a kind to on/silent/off."""

    id: int
    name: str
    zone: str
    operator: bool
    created_at: datetime
    notices: Mapping[str, str] = field(default_factory=dict)


class Membership(StrEnum):
    """What a person is in a group or channel. ADMIN may post where only the staff may."""

    ABSENT = "absent"
    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"


class Hearing(StrEnum):
    """Whether the bot is shown what people write there to each other."""

    ALL = "all"
    STAFF = "staff"  # once it is an administrator
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Standing:
    """A group, channel or thread as one person and the bot stand in it, asked of the platform.

    `kind` is `private`, `group` or `channel`. `person_may_post` is true for who may publish there:
    in a channel its staff, in a group whoever may write.
    """

    title: str
    kind: str
    bot_may_post: bool
    membership: Membership
    person_may_post: bool
    hears: Hearing = Hearing.ALL


class NoticeKind(StrEnum):
    """What happened, as told to a user; handlers render it at delivery for that reader."""

    REPLY = "reply"  # facts: a Reply as JSON
    PROPOSAL = "proposal"  # a new card: proposal_id, version
    PROPOSAL_CHANGED = "proposal_changed"  # redraw every card of proposal_id
    ORDER_SENT = "order_sent"  # "Exiting ...": intent_id
    FILLED = "filled"  # position_id, client_id, trade_id
    POSITION_CHANGED = "position_changed"  # redraw the card of position_id, where it stands
    PARTLY_CLOSED = "partly_closed"  # position_id, client_id, trade_id
    CLOSED = "closed"  # position_id, client_id, trade_id
    STOP_MOVED = "stop_moved"  # position_id, stop, why
    ORDER_FAILED = "order_failed"  # intent_id, reason
    STRATEGY_PAUSED = "strategy_paused"  # strategy_id, reason
    MARKET = "market"  # state, detail
    PANIC = "panic"  # progress of a panic: facts as counted
    PLACE_LOST = "place_lost"  # a group or channel can't be written to: place, title, reason
    OPERATOR = "operator"  # something is wrong with the machine: summary, detail
    DIGEST = "digest"  # the day or the week: period, since, until
    SIGNAL_POST = "signal_post"  # in a channel: a published signal, signal_id
    SIGNAL_CHANGED = "signal_changed"  # redraw the post of signal_id
    SIGNAL_UPDATE = "signal_update"  # under its post: signal_id, entry (of the record)
    SIGNAL_HEARD = "signal_heard"  # what became of a signal that came in: heard_id
    ALARM = "alarm"  # money is in danger: summary, what is done; never silent, never off
    RECEIPT = "receipt"  # what was found at the exchange that the book does not know: receipt_id
    ACCOUNT = "account"  # an exchange account was paused, resumed, refused: summary
    ANOMALY = "anomaly"  # something is outside what history says: summary
    LIMIT = "limit"  # a limit closed positions, or a raised one holds from now on: what, ...
    HALT = "halt"  # the operator stopped or resumed all trading: on, reason


@dataclass(frozen=True, slots=True)
class Notice:
    """A fact to be told to `owner_id`, in every place where the owner can be reached.

    `card` names the card that this message is (`proposal:7`), `replies_to` the card it answers.
    `key` is unique: the same fact is never told twice.
    """

    owner_id: int
    kind: NoticeKind
    key: str
    facts: Mapping[str, Any]
    card: str = ""
    replies_to: str = ""
