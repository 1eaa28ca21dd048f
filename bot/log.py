"""Structured logs: a sentence plus fields, the decision in context, and no secret ever."""

import json
import logging
import re
import sys
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any
from urllib.parse import quote, quote_plus

log = logging.getLogger(__name__)

_context: ContextVar[dict[str, object]] = ContextVar("log_context", default={})  # noqa: B039
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_HIDDEN = "[secret]"
# What logs at the level that was asked for. Libraries warn and no more: at debug some of them
# print every update, request and statement whole, with whatever people wrote.
_OURS = ("agents", "bot", "handlers", "storage", "__main__")
_LEAST = 6  # characters of what is hidden: shorter ones stand in every second line by chance
_WORD = 8  # and of a single word that nobody says is a secret
_PIECE = 12


@contextmanager
def about(**fields: object) -> Iterator[None]:
    """Add `fields` (decision=7, strategy=3) to every record logged inside, also across awaits."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


class SentenceFormatter(logging.Formatter):
    """`2026-01-02T03:04:05Z info Order sent. order=7 symbol=BTC/USDT`, secrets replaced."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        import time

        self.converter = time.gmtime
        self._known: set[str] = set()
        self._secrets: list[str] = []
        for secret in secrets:
            self.hide(secret)

    def hide(self, secret: str) -> None:
        """From now on also this one, in all its forms."""
        if secret not in self._known:
            self._known.add(secret)
            # The longest first: a secret that contains another must not leave its tail behind.
            self._secrets = sorted({*self._secrets, *forms(secret)}, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        record.levelname = record.levelname.lower()
        line = super().format(record) + "".join(
            f" {name}={value}" for name, value in self._fields(record).items()
        )
        for secret in self._secrets:
            line = line.replace(secret, _HIDDEN)
        return line

    @staticmethod
    def _fields(record: logging.LogRecord) -> dict[str, object]:
        own = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        return {**_context.get(), **own}


# --- what is hidden -------------------------------------------------------------------------------


def forms(secret: str) -> set[str]:
    """A secret as it may turn up: as it is, in an address, in JSON, in base64, in hex."""
    if not secret:
        return set()
    raw = secret.encode()
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        b64encode(raw).decode().rstrip("="),
        urlsafe_b64encode(raw).decode().rstrip("="),
        raw.hex(),
    }


def secrets_in(text: str) -> list[str]:
    """What is to be hidden of a text that was sealed or opened: all values of an exchange key
    (a JSON list); a word that can't be one of a language; of a sentence, such words in it."""
    if listed := _listed(text):
        return [one for one in listed if len(one) >= _LEAST]
    words = text.split()
    if len(words) == 1:
        [word] = words
        plain = word.isalpha() and word[1:].islower() and len(word) < 2 * _WORD
        return [] if plain or len(word) < _WORD else [word]
    mixed = [word for word in words if len(word) >= _PIECE and re.search(r"\d", word)]
    return [*mixed, *([text] if "-----BEGIN" in text else [])]


def _listed(text: str) -> list[str]:
    if not text.startswith("["):
        return []
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return [one for one in found if isinstance(one, str)]


def hide_keys_in(text: str) -> None:
    """Keep the secrets of a text that was sealed or opened out of the log."""
    for secret in secrets_in(text):
        hide(secret)


def hide(secret: str) -> None:
    """Keep a secret that became known after the start out of the log."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, SentenceFormatter):
            handler.formatter.hide(secret)


# --- where it is written --------------------------------------------------------------------------


class _Lines(logging.StreamHandler[Any]):
    """Says of a record that can't be written that it can't, and nothing of what was in it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's own
        sys.stderr.write(f"A record of {record.name}, line {record.lineno}, can't be written.\n")


def start_logging(level: str, secrets: Iterable[str] = ()) -> None:
    """Log to standard error; standard output is for the one line that names the page."""
    handler = _Lines(sys.stderr)
    handler.setFormatter(SentenceFormatter(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    wanted = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(wanted, logging.WARNING))
    for name in _OURS:
        logging.getLogger(name).setLevel(wanted)
    # A job that is late is made up for by the job itself; what fails in one is logged there.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _in_a_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A last traceback, through the same sieve as every line."""
    log.critical("The process ends with a fault.", exc_info=(kind, error, trace))


def _unraisable(found: "sys.UnraisableHookArgs") -> None:
    error = found.exc_value or found.exc_type()
    log.error(
        "A fault that nobody could catch.", exc_info=(type(error), error, found.exc_traceback)
    )


def _in_a_thread(found: "threading.ExceptHookArgs") -> None:
    error = found.exc_value or found.exc_type()
    log.error("A thread ends with a fault.", exc_info=(type(error), error, found.exc_traceback))
