"""The real ccxt of exchanges for which there is no stand-in: requests are built and signed, and go
nowhere; answers are those that its source and the exchange's documents show."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from agents.domain.errors import ParleyError
from agents.domain.venue import Credentials
from bot.connectors.ccxt_dialect import dialect_of
from bot.connectors.ccxt_exchange import exchange_class
from bot.connectors.ccxt_instruments import listing
from bot.connectors.ccxt_live_client import live
from bot.connectors.ccxt_live_pace import Pace
from bot.connectors.ccxt_live_session import Session, settings_of

SECRET = b64encode(b"a secret of the length that exchanges have").decode()
KEY = Credentials("AKeyThatNobodyMaySee0123456789abcd", SECRET, "a passphrase")
PRICES: dict[str, Any] = {"amount": 0.00000001, "price": 0.1}


@dataclass(frozen=True, slots=True)
class Sent:
    """`path` is the last part of the address; `fields` what it and the body say."""

    path: str
    fields: Mapping[str, Any]


@dataclass
class Wire:
    """`answers` are by the last part of an address, the last of them for as long as it is asked;
    (status, JSON) or JSON. `most`: requests that were under way at once."""

    answers: dict[str, list[Any]] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    flying: int = 0
    most: int = 0

    def says(self, path: str, *answers: Any) -> None:
        self.answers[path] = list(answers)

    def of(self, path: str) -> list[Mapping[str, Any]]:
        """What was asked there."""
        return [one.fields for one in self.sent if one.path == path]

    def take(self, url: str, body: Any) -> tuple[int, Any]:
        parts = urlsplit(url)
        path = parts.path.rsplit("/", 1)[-1]
        self.sent.append(Sent(path, {**dict(parse_qsl(parts.query)), **_fields(body)}))
        waiting = self.answers[path]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return answer if isinstance(answer, tuple) else (200, answer)


def _fields(body: Any) -> dict[str, Any]:
    if not body:
        return {}
    if not str(body).startswith(("{", "[")):
        return dict(parse_qsl(str(body)))
    said = json.loads(body)
    return said[0] if isinstance(said, list) else said


def _played(kind: Any, wire: Wire) -> Any:
    class Played(kind):  # type: ignore[misc]
        async def fetch(
            self, url: str, method: str = "GET", headers: Any = None, body: Any = None
        ) -> Any:
            wire.flying += 1
            wire.most = max(wire.most, wire.flying)
            await asyncio.sleep(0)
            wire.flying -= 1
            status, said = wire.take(url, body)
            text = json.dumps(said)
            self.last_http_response = text
            self.handle_errors(status, "", url, method, {}, text, said, headers, body)
            self.handle_http_status_code(status, "", url, method, text)
            return said

    Played.__name__ = kind.__name__
    return Played


@asynccontextmanager
async def played(
    name: str, wire: Wire, markets: Sequence[Mapping[str, Any]]
) -> AsyncIterator[Session]:
    """A user's session at an exchange that answers as `wire` says."""
    dialect = dialect_of(name)
    kind = _played(await exchange_class(name), wire)
    pace = Pace(cost=0.0)
    exchange = live(kind, dialect, pace)(settings_of(KEY, dialect))
    exchange.timeout_on_exit = 0
    described = [exchange.safe_market_structure(dict(one)) for one in markets]
    exchange.set_markets(described)

    async def unheard(session: Session, problem: ParleyError) -> None: ...

    listed = listing(exchange.markets.values(), exchange.precisionMode)
    session = Session(1, dialect, listed, pace, exchange, unheard)
    try:
        yield session
    finally:
        await session.close()
