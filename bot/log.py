"""Structured logs: a sentence plus fields on one line, and no secret ever.

What a line is about stands in its own fields (`agents.domain.trail`), and in no context that tasks
would inherit: a stream that is opened while an order is sent outlives that order.
"""

import json
import logging
import re
import sys
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable
from types import TracebackType
from typing import Any
from urllib.parse import quote, quote_plus

log = logging.getLogger(__name__)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_HIDDEN = "[secret]"
# What logs at the level that was asked for. Libraries warn and no more: at debug some of them
# print every update, request and statement whole, with whatever people wrote.
_OURS = ("agents", "bot", "handlers", "storage", "__main__")
_LEAST = 6  # characters of what is hidden: shorter ones stand in every second line by chance
_WORD = 8  # and of a single word that nobody says is a secret
_PIECE = 12
_PLAIN = re.compile(r"[^\s\"=]+")


class SentenceFormatter(logging.Formatter):
    """`2026-01-02T03:04:05Z info Order sent. order=pl1f symbol=BTC/USDT`, secrets replaced.

    A value that is more than a word is quoted, and a line break is written as `\\n`: each record
    is one line, found by any of its fields; only a traceback follows below it.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__("%(asctime)s", "%Y-%m-%dT%H:%M:%SZ")
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
        return self._veiled(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own
        sentence = _on_one_line(self._veiled(record.message))
        own = (name for name in vars(record) if name not in _STANDARD)
        fields = (f" {name}={_value(self._veiled(str(vars(record)[name])))}" for name in own)
        return f"{record.asctime} {record.levelname.lower()} {sentence}{''.join(fields)}"

    def _veiled(self, text: str) -> str:
        """Asked before a text is quoted, which may give a secret yet another form, and after."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text


def _on_one_line(text: str) -> str:
    return "\\n".join(text.splitlines())


def _value(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


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
