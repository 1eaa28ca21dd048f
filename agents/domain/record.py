"""A channel's public record: a chain of hashes that anybody can check without this program.

Each entry is one JSON object of five fields, `at`, `body`, `channel`, `kind` and `number`, printed
as canonical JSON (see `canonical`). Its hash is

    SHA-256( previous hash as 64 lowercase hexadecimal characters + canonical JSON, in UTF-8 )

written as 64 lowercase hexadecimal characters. `previous` of entry 1 is GENESIS, 64 zeros; that of
any other is the hash of the entry before. `channel` is the number of the channel on this desk,
`number` counts its entries from 1 without a gap, and `at` is the human time at which the entry was
made, `YYYY-MM-DDTHH:MM:SS.ffffffZ` in UTC. `body` holds the facts, by `kind`.

Whoever knows the hash of the last entry (the head) knows them all: no earlier entry can be edited,
dropped, added or moved without changing it. What was cut off at the end, or written anew from some
entry to the end, is seen only by comparing with a head that was written down elsewhere: the one in
each published signal.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Any, Protocol

GENESIS = "0" * 64
LARGEST = 2**53 - 1  # of a whole number that every JSON reader keeps exact


class RecordKind(StrEnum):
    """What happened. Every body but a correction's begins with the `signal`, the number of the
    signal in its channel. Prices, shares and R multiples are decimals as text.

    * signal: symbol, side, entry, stop, targets ([[price, share]]), and more as published
    * filled: price
    * target: a target was reached: target (which, from 1), price, share
    * stop_moved: stop
    * closed: price, r (the whole trade in R, after fees), reason
    * not_taken: reason
    * correction: text, and `signal` where it is about one
    """

    SIGNAL = "signal"
    FILLED = "filled"
    TARGET = "target"
    STOP_MOVED = "stop_moved"
    CLOSED = "closed"
    NOT_TAKEN = "not_taken"
    CORRECTION = "correction"


def canonical(value: Any) -> str:
    """The one way to write a JSON value: names sorted by code point, no spaces, nothing escaped but
    quotation mark, backslash and control characters (\\b \\t \\n \\f \\r, else \\u00xx).

    Decimals become text without an exponent, times text in UTC with six digits of a second. Text
    that is no Unicode (half of a pair) loses it to a question mark. TypeError for a float and
    ValueError for what another reader might read differently.
    """
    return json.dumps(
        plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def plain(value: Any) -> Any:
    """`value` out of dicts, lists, text, whole numbers, booleans and None, as a reader of the
    canonical JSON finds it."""
    if isinstance(value, Mapping):
        return {_name(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, bool) else _single(value)


def _single(value: Any) -> str | int:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, datetime):
        return moment_text(value)
    raise TypeError(f"{type(value).__name__} has no place in a record: {value!r}")


def _text(value: str) -> str:
    return str(value) if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} names nothing; names are text")
    return _text(value)


def _whole(value: int) -> int:
    if abs(value) > LARGEST:
        raise ValueError(f"{value} is too large for a whole number; write it as text")
    return value


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is no number")
    return format(value, "f")


def moment_text(at: datetime) -> str:
    """`2026-03-01T12:00:00.000000Z`. ValueError without a time zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone; times are aware UTC")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(text: str) -> datetime:
    """The time that `moment_text` wrote. ValueError for any other spelling."""
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    if moment_text(at) != text:
        raise ValueError(f"{text!r} is not written as a time of a record")
    return at


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a channel's chain. `body` is plain JSON, as `plain` answers it."""

    channel: int
    number: int
    kind: str
    at: datetime
    body: Mapping[str, Any]
    previous: str
    hash: str

    def computed(self) -> str:
        """What the hash has to be."""
        return entry_hash(self.previous, self.channel, self.number, self.kind, self.at, self.body)


def entry_hash(
    previous: str, channel: int, number: int, kind: str, at: datetime, body: Mapping[str, Any]
) -> str:
    """The hash as this module's docstring defines it."""
    content = {"at": at, "body": body, "channel": channel, "kind": kind, "number": number}
    return sha256((previous + canonical(content)).encode("utf-8")).hexdigest()


def follow(
    last: Entry | None, channel: int, kind: str, facts: Mapping[str, Any], at: datetime
) -> Entry:
    """The entry that comes after `last`, or the first one."""
    previous, number = (last.hash, last.number + 1) if last else (GENESIS, 1)
    body = plain(facts)
    hashed = entry_hash(previous, channel, number, str(kind), at, body)
    return Entry(channel, number, str(kind), at.astimezone(UTC), body, previous, hashed)


def record_key(entries: Sequence[Entry]) -> str:
    """What makes the address of a channel's record hard to guess: it is told in the channel, and
    stays. Empty before the first entry."""
    return entries[0].hash[:16] if entries else ""


class Record(Protocol):
    """The chains of all channels. Entries are added; nothing changes or removes one."""

    async def append(
        self, channel_id: int, key: str, kind: str, facts: Mapping[str, Any], at: datetime
    ) -> Entry | None:
        """The new entry, whose hash is the head now; None when the channel has an entry of that
        `key` already. Writers of one channel come one after the other, each until its
        transaction's end: append to several channels in the order of their ids."""

    async def head(self, channel_id: int) -> str:
        """The hash of the last entry; GENESIS before the first."""

    async def entries(self, channel_id: int, until: datetime | None = None) -> Sequence[Entry]:
        """From the first on; with `until` only up to the last one before the first that was made
        later, so that what is shown is always a whole chain."""
