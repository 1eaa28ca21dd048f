"""Column types that keep values exactly, and alike on SQLite and PostgreSQL."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from tortoise.fields.base import Field

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@lru_cache(maxsize=4096)
def to_micros(at: datetime) -> int:
    """Microseconds since the epoch, exact. ValueError on a datetime without a zone.

    Kept for a while, since all that happens at one candle's close shares its times.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone; times are aware UTC")
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of `micros` microseconds since the epoch, exact."""
    return _EPOCH + timedelta(microseconds=micros)


def clean(text: str) -> str:
    """Without what a database refuses to store: NUL characters and half surrogate pairs."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def to_document(value: Any) -> str:
    """JSON in ASCII, so that no character of a chat is refused; decimals become strings."""
    return json.dumps(value, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    """What json can't write itself: decimals and times as text, mappings as objects."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} can't be stored as JSON")


class Money(Field[Decimal]):
    """A decimal, stored as the text it prints as: SQLite's numbers are floats. TypeError when it
    is handed a float, which has lost digits already."""

    field_type = Decimal
    SQL_TYPE = "TEXT"

    def to_db_value(self, value: Any, instance: Any) -> str | None:
        if isinstance(value, float):
            raise TypeError(f"{value!r} is a float; money is a Decimal")
        return None if value is None else str(value)

    def to_python_value(self, value: Any) -> Decimal | None:
        return None if value is None else Decimal(value)


class Moment(Field[datetime]):
    """An instant, stored as microseconds since the epoch: exact, and ordered as a number."""

    field_type = datetime
    SQL_TYPE = "BIGINT"

    def to_db_value(self, value: Any, instance: Any) -> int | None:
        return None if value is None else to_micros(value)

    def to_python_value(self, value: Any) -> datetime | None:
        return from_micros(value) if isinstance(value, int) else value


class Words(Field[str]):
    """Text of any length that can be indexed; enumerations are stored as their values."""

    field_type = str
    SQL_TYPE = "TEXT"

    def to_db_value(self, value: Any, instance: Any) -> str | None:
        return None if value is None else clean(str(value))


class Document(Field[Any]):
    """Any JSON value, as text: what is read is what was written, key order included."""

    field_type = object
    SQL_TYPE = "TEXT"
    indexable = False

    def to_db_value(self, value: Any, instance: Any) -> str:
        return to_document(value)

    def to_python_value(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value
