"""The browser page as a chat platform: a stored conversation and a WebSocket to each open page.

Who has the token in the address is the owner of the desk. The page shows text only by the DOM's
own means, so nothing here is markup.
"""

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMsgType, web

from agents.domain.errors import DeliveryRefused, ParleyError
from agents.domain.mail import PageMessage, Transcript
from agents.domain.user import Identity, Membership, Place, Standing
from handlers.chat import Incoming, Outgoing, Pace, PlatformHealth, Receiver, Tap, italic

log = logging.getLogger(__name__)

OWNER = Identity("browser", "owner")
HOME = Place("browser", "home")
COOKIE = "parley_token"
PAGE = Path(__file__).parent / "page"
FILES = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
SHOWN = 60  # messages that a page gets at once
PNG = b"\x89PNG"
LONGEST = 8_000  # characters of one message
_MESSAGE_BYTES = 64_000
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


async def _as_said(said: str) -> str:
    return said


class BrowserPlatform:
    """`status` gives the line at the top of the page; `commands` feed its menu. `shown` is what
    of a person's text may be kept."""

    name = "browser"
    idempotent = False

    def __init__(
        self,
        token: str,
        transcript: Transcript,
        wall: Callable[[], datetime],
        commands: Sequence[tuple[str, str]],
        status: Callable[[], Mapping[str, str]],
        shown: Callable[[str], Awaitable[str]] = _as_said,
    ) -> None:
        self._token = token
        self._transcript = transcript
        self._wall = wall
        self._commands = [list(row) for row in commands]
        self._status = status
        self._as_shown = shown
        self._pages: set[web.WebSocketResponse] = set()
        self._receive: Receiver | None = None
        self._ticker: asyncio.Task[None] | None = None

    # --- the port ---------------------------------------------------------------------------

    async def start(self, receive: Receiver) -> None:
        self._receive = receive
        self._ticker = asyncio.create_task(self._tell_status())

    async def stop(self) -> None:
        self._receive = None
        if self._ticker is not None:
            self._ticker.cancel()
        for page in tuple(self._pages):
            await page.close(code=1001, message=b"Parley is stopping")

    async def send(self, place: Place, message: Outgoing, reply_to: str = "") -> str:
        answers = int(reply_to) if reply_to.isdecimal() else 0
        body, at = _body(message), self._wall()
        number = await self._transcript.add(
            "", body, mine=False, at=at, picture=message.picture, reply_to=answers
        )
        if number is None:
            raise DeliveryRefused
        shown = PageMessage(number, "", False, body, message.picture is not None, answers, at)
        await self._push({"kind": "message", "message": _shown(shown), "silent": message.silent})
        return str(number)

    async def edit(self, place: Place, message_id: str, message: Outgoing) -> None:
        number = int(message_id) if message_id.isdecimal() else 0
        changed = await self._transcript.replace(number, _body(message), message.picture)
        if changed is None:
            raise DeliveryRefused("The message is gone.")
        await self._push({"kind": "edit", "message": _shown(changed)})

    async def remove(self, place: Place, message_id: str) -> None:
        await self.edit(place, message_id, Outgoing(italic("(removed)")))

    async def typing(self, place: Place) -> None:
        await self._push({"kind": "typing"})

    async def standing(self, place: Place, person: Identity) -> Standing:
        return Standing("the page", "private", True, Membership.OWNER, True)

    async def find_place(self, said: str) -> Place | None:
        return None

    def start_link(self, words: str) -> str:
        return ""  # the page's address is its owner's alone

    def health(self) -> PlatformHealth:
        return PlatformHealth(self.name, True, f"{len(self._pages)} open")

    def paces(self, place: Place, *, edit: bool = False) -> Sequence[Pace]:
        return ()

    # --- the web ----------------------------------------------------------------------------

    def routes(self) -> list[web.AbstractRouteDef]:
        """What the web server mounts."""
        return [
            web.get("/", self._index),
            web.get("/page/{name}", self._file),
            web.get("/picture/{number:\\d+}", self._picture),
            web.get("/file/{number:\\d+}/{name:[\\w.-]+}", self._kept),
            web.get("/socket", self._socket),
        ]

    async def _index(self, request: web.Request) -> web.StreamResponse:
        if "token" in request.query:
            if not self._right(request.query["token"]):
                return self._closed_door()
            answer = web.Response(status=303, headers={**HEADERS, "Location": "/"})
            answer.set_cookie(COOKIE, self._token, httponly=True, samesite="Strict", path="/")
            return answer
        if not self._allowed(request):
            return self._closed_door()
        return web.FileResponse(PAGE / "index.html", headers=HEADERS)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        kind = FILES.get(request.match_info["name"])
        if kind is None:
            raise web.HTTPNotFound
        headers = {**HEADERS, "Content-Type": kind, "Cache-Control": "no-cache"}
        return web.FileResponse(PAGE / request.match_info["name"], headers=headers)

    async def _picture(self, request: web.Request) -> web.Response:
        if not self._allowed(request):
            raise web.HTTPForbidden
        png = await self._transcript.picture(int(request.match_info["number"]))
        if png is None or not png.startswith(PNG):
            raise web.HTTPNotFound
        return web.Response(body=png, content_type="image/png", headers=HEADERS)

    async def _kept(self, request: web.Request) -> web.Response:
        """A file of a message, to be kept."""
        if not self._allowed(request):
            raise web.HTTPForbidden
        content = await self._transcript.picture(int(request.match_info["number"]))
        if content is None or content.startswith(PNG):
            raise web.HTTPNotFound
        named = f'attachment; filename="{request.match_info["name"]}"'
        headers = {**HEADERS, "Content-Disposition": named}
        return web.Response(body=content, content_type="text/csv", charset="utf-8", headers=headers)

    def _closed_door(self) -> web.Response:
        words = (
            "This page belongs to the operator of this desk. Open the address that Parley printed"
            " when it started: it ends in ?token=...\n"
        )
        return web.Response(status=403, text=words, headers=HEADERS)

    def _right(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._token.encode())

    def _allowed(self, request: web.Request) -> bool:
        return self._right(request.cookies.get(COOKIE, ""))

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        origin = urlsplit(request.headers.get("Origin", "")).netloc
        if not self._allowed(request) or origin != request.host:
            raise web.HTTPForbidden
        page = web.WebSocketResponse(heartbeat=20, max_msg_size=_MESSAGE_BYTES)
        await page.prepare(request)
        self._pages.add(page)
        try:
            await self._greet(page)
            async for message in page:
                if message.type is WSMsgType.TEXT:
                    await self._heard(page, message.data)
        except ParleyError as error:
            # The page comes back by itself and says again what was not stored.
            log.warning("A page is sent away for a while.", extra={"why": str(error)})
            await page.close(code=WSCloseCode.TRY_AGAIN_LATER, message=str(error).encode()[:120])
        finally:
            self._pages.discard(page)
        return page

    # --- the conversation -------------------------------------------------------------------

    async def _greet(self, page: web.WebSocketResponse) -> None:
        messages = await self._transcript.last(SHOWN)
        hello = {
            "kind": "hello",
            "messages": [_shown(message) for message in messages],
            "commands": self._commands,
            "status": dict(self._status()),
        }
        await page.send_json(hello)
        if not messages:
            await self._take("first-visit", text="/start")

    async def _heard(self, page: web.WebSocketResponse, raw: str) -> None:
        try:
            said = json.loads(raw)
            act = _ACTS[said["kind"]]
        except (ValueError, TypeError, KeyError):
            await page.send_json({"kind": "refused", "key": "", "why": "I can't read that."})
            return
        await act(self, page, said)

    async def _say(self, page: web.WebSocketResponse, said: Mapping[str, Any]) -> None:
        key, content = str(said.get("key", ""))[:64], str(said.get("text", ""))[:LONGEST]
        if not key or not content.strip():
            why = "There was nothing in that message."
            await page.send_json({"kind": "refused", "key": key, "why": why})
            return
        at = self._wall()
        body = {"words": [[await self._as_shown(content), "plain"]], "rows": []}
        number = await self._transcript.add(key, body, mine=True, at=at)
        await self._take(key, text=content, message_id=str(number or ""))
        if number is not None:
            shown = PageMessage(number, key, True, body, False, 0, at)
            await self._push({"kind": "message", "message": _shown(shown), "silent": True})
        await page.send_json({"kind": "stored", "key": key})

    async def _tap(self, page: web.WebSocketResponse, said: Mapping[str, Any]) -> None:
        key, data = str(said.get("key", ""))[:64], str(said.get("data", ""))[:128]
        if not key:
            return
        # Acknowledged once it can't be lost; what came of it arrives as an edit of the card.
        await self._take(key, data=data, message_id=str(said.get("message", "")))
        await page.send_json({"kind": "stored", "key": key})

    async def _earlier(self, page: web.WebSocketResponse, said: Mapping[str, Any]) -> None:
        before = said.get("before")
        if isinstance(before, int):
            messages = await self._transcript.last(SHOWN, before)
            shown = [_shown(message) for message in messages]
            await page.send_json({"kind": "earlier", "messages": shown})

    async def _take(
        self, key: str, *, text: str = "", data: str = "", message_id: str = ""
    ) -> None:
        """Hand an update on; it is stored when this returns."""
        if self._receive is None:
            return
        incoming = Incoming(
            key=key,
            place=HOME,
            sender=OWNER,
            sender_name="",
            sent_at=self._wall(),
            text=text or None,
            tap=Tap.parse(data) if data else None,
            tap_data=data,
            message_id=message_id,
        )
        await self._receive(incoming)

    async def _push(self, event: Mapping[str, Any]) -> None:
        """To every open page; one that does not listen any more is no fault."""
        for page in tuple(self._pages):
            with suppress(ConnectionError):
                await page.send_json(event)

    async def _tell_status(self) -> None:
        while True:
            await asyncio.sleep(1)
            await self._push({"kind": "status", "status": dict(self._status())})


Act = Callable[[BrowserPlatform, web.WebSocketResponse, Mapping[str, Any]], Awaitable[None]]
_ACTS: dict[str, Act] = {
    "say": BrowserPlatform._say,
    "tap": BrowserPlatform._tap,
    "earlier": BrowserPlatform._earlier,
}


def _body(message: Outgoing) -> dict[str, Any]:
    """The message as the page draws it."""
    return {
        "words": [[span.text, span.style.value] for span in message.words.spans],
        "rows": [[[button.label, button.data] for button in row] for row in message.rows],
        **({"file": message.file_name} if message.file_name else {}),
    }


def _shown(message: PageMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "key": message.key,
        "mine": message.mine,
        **message.body,
        "pictured": message.pictured,
        "reply_to": message.reply_to,
        "at": message.at.isoformat(),
    }
