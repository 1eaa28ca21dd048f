"""Signals by webhook: `POST /hook/<secret>`. It is answered with 2xx only once it is stored.

The address is all that lets one in, so it is never logged, and a wrong one is answered like any
address that there is not.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from aiohttp import ClientError, web

from agents.domain.errors import AskUser, MarketUnavailable, OperatorNeeded, TryAgain
from agents.domain.heard import Heard
from agents.domain.hooks import Hook, hashed
from agents.domain.market import Universe
from agents.domain.ports import Clock, Market, Memory
from agents.domain.signal import SignalKind, SignalReading
from agents.signals.webhook import HookBody, UnknownType, Unreadable, open_body

log = logging.getLogger(__name__)

PATH = "/hook/{secret}"
BODY_LIMIT = 16 * 1024  # bytes
WINDOW = timedelta(minutes=5)  # how old a signal may be, and for how long the same one is known
PER_MINUTE = 30
MINUTE = timedelta(minutes=1)
_MOST_COUNTED = 1_000  # hooks whose requests are counted at once
_LONGEST_KEY = 200


class Signals(Protocol):
    """What takes signals in, as `agents.signals.desk.SignalDesk` does."""

    async def receive(
        self,
        owner_id: int,
        source: str,
        key: str,
        reading: SignalReading,
        words: str,
        *,
        said_at: datetime | None = None,
    ) -> Heard | None: ...


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """An HTTP status with a JSON body: what became of it, and a sentence."""

    status: int
    outcome: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)


UNKNOWN = HookAnswer(404, "unknown", "There is no such webhook.")
TOO_LARGE = HookAnswer(413, "refused", f"The body is larger than {BODY_LIMIT // 1024} KiB.")
NOT_GRANTED = HookAnswer(
    403, "refused", "The operator of this desk has not granted signals by webhook to its owner."
)
KNOWN = HookAnswer(200, "known", "This signal is known already; nothing was stored again.")
PACKED = HookAnswer(415, "refused", "Send the body without a Content-Encoding.")
BROKEN_OFF = HookAnswer(400, "refused", "The body broke off.")
STORED = HookAnswer(202, "stored", "The signal is stored, and judged next.")
AWAY = HookAnswer(
    503, "away", "It could not be stored at present; send it again.", {"Retry-After": "10"}
)
BROKEN = HookAnswer(500, "failed", "Something went wrong here; it has been logged.")
NO_SIGNAL = HookAnswer(422, "refused", "No signal was read in the body.")
FLOODED = HookAnswer(
    429, "refused", "This webhook has sent too many signals this hour.", {"Retry-After": "600"}
)
_STATUS: dict[type[AskUser], int] = {UnknownType: 415, Unreadable: 400}
OTHER = HookAnswer(
    409, "refused", "A signal with this id was stored before, and said something else."
)


class HookDoor:
    """What answers for the webhooks of one desk."""

    def __init__(
        self,
        memory: Memory,
        market: Market,
        clock: Clock,
        signals: Signals,
        allowed: Callable[[int], Awaitable[bool]],
    ) -> None:
        """`allowed` says whether the account with that id may get signals by webhook."""
        self._allowed = allowed
        self._memory = memory
        self._market = market
        self._clock = clock
        self._signals = signals
        self._pace = _Pace()

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [web.post(PATH, self._answer)]

    async def _answer(self, request: web.Request) -> web.Response:
        body = await _limited(request)
        if isinstance(body, HookAnswer):
            answer = body
        else:
            headers = {name.lower(): value for name, value in request.headers.items()}
            answer = await self.take(request.match_info["secret"], headers, body)
        return web.json_response(
            {"status": answer.outcome, "detail": answer.detail},
            status=answer.status,
            headers={**answer.headers, "Cache-Control": "no-store"},
        )

    async def take(self, secret: str, headers: Mapping[str, str], body: bytes) -> HookAnswer:
        """What is to be answered to one request; `headers` have names in small letters."""
        try:
            hook = await self._memory.hooks.by_secret(hashed(secret), self._clock.wall())
            return await self._of(hook, headers, body) if hook else UNKNOWN
        except (TryAgain, OperatorNeeded) as away:
            log.warning("A webhook's signal could not be stored.", extra={"reason": str(away)})
            return AWAY
        except Exception:
            log.exception("A webhook failed.")
            return BROKEN

    async def _of(self, hook: Hook, headers: Mapping[str, str], body: bytes) -> HookAnswer:
        if wait := self._pace.wait(hook.id, self._clock.wall()):
            return _too_many(wait)
        if not await self._allowed(hook.owner_id):
            return NOT_GRANTED
        try:
            kind = headers.get("content-type", "")
            found = await asyncio.to_thread(open_body, body, kind, await self._universe())
        except AskUser as wrong:
            return HookAnswer(_STATUS.get(type(wrong), 422), "refused", str(wrong))
        if stale := _untimely(found.time, self._clock.wall()):
            return stale
        if found.reading.kind is SignalKind.NOTHING:
            return NO_SIGNAL
        return await self._store(hook, found, headers.get("idempotency-key", ""), body)

    async def _store(self, hook: Hook, found: HookBody, header: str, body: bytes) -> HookAnswer:
        wall = self._clock.wall()
        named = (header.strip() or found.key)[:_LONGEST_KEY]
        key = f"id:{named}" if named else await self._key_of_content(hook, found, body)
        if not key:
            return KNOWN
        said_at = found.time or wall
        stored = await self._signals.receive(
            hook.owner_id, hook.source, key, found.reading, found.words, said_at=said_at
        )
        if stored is None:
            return await self._why_not(hook, key, found)
        await self._memory.hooks.used(hook.id, wall)
        return STORED

    async def _key_of_content(self, hook: Hook, found: HookBody, body: bytes) -> str:
        """Of the content and, where that names no time, the window in which it came; empty when
        it came before within it."""
        digest = sha256(body).hexdigest()[:40]
        if found.time is not None:  # it says itself when it is out of date
            return f"content:{digest}"
        wall = self._clock.wall()
        window = int(wall.timestamp() // WINDOW.total_seconds())
        earlier = await self._memory.heard.find(
            hook.owner_id, hook.source, f"content:{digest}:{window - 1}"
        )
        if earlier is not None and wall - earlier.said_at <= WINDOW:
            return ""
        return f"content:{digest}:{window}"

    async def _why_not(self, hook: Hook, key: str, found: HookBody) -> HookAnswer:
        known = await self._memory.heard.find(hook.owner_id, hook.source, key)
        if known is None:
            return FLOODED
        return KNOWN if known.reading == found.reading else OTHER

    async def _universe(self) -> Universe:
        try:
            return await self._market.universe()
        except MarketUnavailable:
            return Universe(())


def _too_many(wait: float) -> HookAnswer:
    detail = f"More than {PER_MINUTE} requests in a minute; wait {wait:.0f} s."
    return HookAnswer(429, "refused", detail, {"Retry-After": f"{wait:.0f}"})


def _untimely(time: datetime | None, wall: datetime) -> HookAnswer | None:
    if time is None:
        return None
    minutes = f"{WINDOW.total_seconds() / 60:.0f} minutes"
    if wall - time > WINDOW:
        return HookAnswer(409, "expired", f"The signal is older than {minutes}.")
    if time - wall > WINDOW:
        return HookAnswer(422, "refused", f"Its time is more than {minutes} in the future.")
    return None


async def _limited(request: web.Request) -> bytes | HookAnswer:
    """The body, or why it is not read to its end. What is packed may be any size unpacked."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        return PACKED
    if (request.content_length or 0) > BODY_LIMIT:
        return TOO_LARGE
    body = bytearray()
    try:
        async for chunk in request.content.iter_chunked(BODY_LIMIT):
            body += chunk
            if len(body) > BODY_LIMIT:
                return TOO_LARGE
    except (web.PayloadAccessError, ClientError, OSError, ValueError) as broken:
        log.info("A webhook's body broke off.", extra={"reason": type(broken).__name__})
        return BROKEN_OFF
    return bytes(body)


class _Pace:
    """When each hook was used within the last minute; those that were used last are kept."""

    def __init__(self) -> None:
        self._uses: OrderedDict[int, deque[datetime]] = OrderedDict()

    def wait(self, hook_id: int, wall: datetime) -> float:
        """Count a request; the seconds to wait, 0 when it is within the limit."""
        uses = self._uses.setdefault(hook_id, deque(maxlen=PER_MINUTE))
        self._uses.move_to_end(hook_id)
        if len(self._uses) > _MOST_COUNTED:
            self._uses.popitem(last=False)
        if len(uses) == PER_MINUTE and wall - uses[0] < MINUTE:
            return max(1.0, (MINUTE - (wall - uses[0])).total_seconds())
        uses.append(wall)
        return 0.0
