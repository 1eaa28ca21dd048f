"""Structured logs: a sentence plus fields, the decision in context, and no secret ever."""

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_context: ContextVar[dict[str, object]] = ContextVar("log_context", default={})  # noqa: B039
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_HIDDEN = "[secret]"
# At debug some of them print every update and request whole, with whatever people wrote.
_NOISY = (
    *("httpx", "httpx2", "httpcore", "httpcore2", "telegram", "discord", "anthropic"),
    *("aiosqlite", "matplotlib"),
)


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
        # The longest first: a secret that contains another must not leave its tail behind.
        self._secrets = sorted(filter(None, secrets), key=len, reverse=True)

    def hide(self, secret: str) -> None:
        """From now on also this one."""
        if secret and secret not in self._secrets:
            self._secrets = sorted((*self._secrets, secret), key=len, reverse=True)

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


def hide(secret: str) -> None:
    """Keep a secret that became known after the start out of the log."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, SentenceFormatter):
            handler.formatter.hide(secret)


def start_logging(level: str, secrets: Iterable[str] = ()) -> None:
    """Log to standard error; standard output is for the one line that names the page."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SentenceFormatter(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # A job that is late is made up for by the job itself; what fails in one is logged there.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
