"""Takes named values out of the environment and collects what is wrong with them."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")


class Reader:
    """`faults` holds a sentence for each value that can't be used."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.faults: list[str] = []

    def take(self, name: str, default: T, parse: Callable[[str], T], wanted: str) -> T:
        raw = self._values.get(name, "").strip()
        if not raw:
            return default
        try:
            return parse(raw)
        except (ValueError, InvalidOperation):
            self.faults.append(f"{name}: {wanted}.")
            return default

    def text(self, name: str, default: str = "") -> str:
        return self.take(name, default, str, "any text")

    def url(self, name: str) -> str:
        return self.take(name, "", url, "needs an address such as https://example.org")


def url(raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme not in {"http", "https", "ws", "wss"} or not parts.hostname:
        raise ValueError(raw)
    return raw.rstrip("/")


def amount(low: str, high: str) -> Callable[[str], Decimal]:
    def parse(raw: str) -> Decimal:
        value = Decimal(raw)
        if not (value.is_finite() and Decimal(low) <= value <= Decimal(high)):
            raise ValueError(raw)
        return value

    return parse


def count(low: int, high: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        value = int(raw)
        if not low <= value <= high:
            raise ValueError(raw)
        return value

    return parse


def flag(raw: str) -> bool:
    if raw.lower() not in {"0", "1", "false", "true", "no", "yes", "off", "on"}:
        raise ValueError(raw)
    return raw.lower() in {"1", "true", "yes", "on"}
