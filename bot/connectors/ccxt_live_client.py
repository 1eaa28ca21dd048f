"""ccxt's exchanges as a desk with keys uses them: at the shared pace, and at peace when closed."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from bot.connectors.ccxt_dialect import Dialect, Reply
from bot.connectors.ccxt_live_faults import REPLY
from bot.connectors.ccxt_live_pace import Pace


@dataclass
class Call:
    """One request of ours. `sent` becomes true when it leaves."""

    urgent: bool = False
    sent: bool = False


calling: ContextVar[Call] = ContextVar("call", default=Call())  # noqa: B039  # nobody reads it


def live(kind: Any, dialect: Dialect, pace: Pace) -> Any:
    """`kind` of ccxt, asking at the shared pace, and noting what refusals were made of."""
    kind = _renewing(_in_turn(kind) if dialect.in_turn else kind)

    class Live(kind):  # type: ignore[misc]
        # Not in the tree of loggers: requests are written to it with key and signature.
        logger = logging.Logger("exchange", logging.CRITICAL + 1)

        async def throttle(self, cost: float | None = None) -> None:
            seconds = (1 if cost is None else cost) * self.rateLimit / 1000
            await pace.turn(seconds, urgent=calling.get().urgent)

        async def fetch(self, *asked: Any, **named: Any) -> Any:
            calling.get().sent = True
            return await super().fetch(*asked, **named)

        def handle_errors(self, code: int, *rest: Any) -> Any:
            headers, body = rest[3], rest[5]
            return _noting(dialect, code, headers, body, super().handle_errors, code, *rest)

        def handle_http_status_code(self, code: int, *rest: Any) -> Any:
            return _noting(dialect, code, {}, None, super().handle_http_status_code, code, *rest)

    Live.__name__ = kind.__name__
    return Live


def _renewing(kind: Any) -> Any:
    """`kind` with one row of renewals of each sort. By itself ccxt begins another one with each key
    of a stream, and the next one comes with the user's key long after `close`."""

    class Renewing(kind):  # type: ignore[misc]
        def delay(self, timeout: float, method: Callable[..., Any], *asked: Any) -> None:
            waiting: dict[str, asyncio.TimerHandle] = self.__dict__.setdefault("renewals", {})
            if earlier := waiting.get(method.__name__):
                earlier.cancel()
            waiting[method.__name__] = super().delay(timeout, method, *asked)

        async def close(self, *rest: Any) -> None:
            for one in self.__dict__.get("renewals", {}).values():
                one.cancel()
            await super().close(*rest)

    Renewing.__name__ = kind.__name__
    return Renewing


def _in_turn(kind: Any) -> Any:
    """`kind` with its requests sent one after the other: each has a higher number than the last,
    and one that overtook another would have that refused."""
    gate = asyncio.Lock()

    class InTurn(kind):  # type: ignore[misc]
        async def fetch(self, *asked: Any, **named: Any) -> Any:
            async with gate:
                return await super().fetch(*asked, **named)

    InTurn.__name__ = kind.__name__
    return InTurn


def _noting(
    dialect: Dialect,
    status: int,
    headers: Mapping[str, str],
    body: Any,
    check: Callable[..., Any],
    *asked: Any,
) -> Any:
    try:
        return check(*asked)
    except Exception as fault:
        code, message = dialect.reading(body)
        setattr(fault, REPLY, Reply(status, code, message, _retry_after(headers)))
        raise


def _retry_after(headers: Mapping[str, str]) -> float | None:
    for name, value in headers.items():
        if name.lower() == "retry-after" and str(value).strip().isdecimal():
            return float(value)
    return None
