"""A strict Telegram on loopback: answers as the Bot API does, and lets tests be its people.

In a test's own loop: `async with TelegramServer() as server`. As a process of its own, for tests
that kill and must survive: `python -m tests.support.telegram_server --port 8081`, then
`TelegramRemote` (telegram_remote.py) is the same people over HTTP.
"""

import argparse
import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.support.telegram_members import member
from tests.support.telegram_world import (
    BOT_ID,
    BOT_NAME,
    ApiError,
    Chat,
    Message,
    Params,
    World,
    bad,
)

TOKEN = f"{BOT_ID}:TEST-token_of-the-loopback-server"
TERMINATED = (
    "terminated by other getUpdates request; make sure that only one bot instance is running"
)
HOOKED = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook "
    "first"
)
_SENDS = ("sendmessage", "sendphoto", "senddocument", "editmessage")


@dataclass(frozen=True)
class Call:
    method: str
    params: Params
    at: float


@dataclass
class Flood:
    """The next `times` calls of `method` (any send when empty) to `chat` (any when 0) get 429."""

    seconds: int
    times: int = 1
    method: str = ""
    chat: int = 0

    def hits(self, method: str, params: Params) -> bool:
        named = method == self.method.lower() if self.method else method.startswith(_SENDS)
        there = not self.chat or str(params.get("chat_id")) == str(self.chat)
        return self.times > 0 and named and there


class Limits:
    """Telegram's real limits: 30 a second, about one a second in a chat (edits have a limit of
    their own), 20 a minute in a group."""

    def __init__(self) -> None:
        self._sent: dict[str, deque[float]] = {}

    def check(self, chat: str, *, edit: bool = False) -> None:
        now = time.monotonic()
        rules = [("all", 30, 1.0), (f"edits {chat}", 5, 5.0) if edit else (chat, 3, 3.0)]
        if chat.startswith("-"):
            rules.append((f"{chat} minute", 20, 60.0))
        for name, count, span in rules:
            times = self._sent.setdefault(name, deque())
            while times and times[0] <= now - span:
                times.popleft()
            if len(times) >= count:
                wait = max(1, round(times[0] + span - now + 0.5))
                raise ApiError(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        for name, _, _ in rules:
            self._sent[name].append(now)


class TelegramServer:
    """The people's side is here: `say`, `tap`, `messages`, `wait_for`, faults and counters."""

    def __init__(self, port: int = 0, token: str = TOKEN) -> None:
        self.port = port
        self.token = token
        self.privacy = True  # as BotFather sets it: in groups only what is meant for the bot
        self.outage = ""  # "", "refuse", "502" or "hang"
        self.limits: Limits | None = None
        self.calls: list[Call] = []
        self.counts: Counter[str] = Counter()
        self.floods: list[Flood] = []
        self.lost_answers: Counter[str] = Counter()  # method -> answers that will not arrive
        self.version = 0
        self.world = World(self._changed)
        self._condition = asyncio.Condition()
        self._notifying: asyncio.Task[None] | None = None
        self._updates: deque[dict[str, Any]] = deque()
        self._confirmed: list[dict[str, Any]] = []
        self._last_update = 5000
        self._poll: object = None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._pushing: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """What TELEGRAM_API_URL must be."""
        return f"http://127.0.0.1:{self.port}"

    # --- life ---------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        self.add_control(app)
        await self._runner.setup()
        await self._listen()
        return self

    def add_control(self, app: web.Application) -> None:
        """Filled by the process form; in a test's own loop there is nothing to control."""

    async def __aexit__(self, *_: object) -> None:
        self.outage = ""
        self._changed()
        if self._pushing:
            self._pushing.cancel()
        if self._runner:
            await self._runner.cleanup()

    async def _listen(self) -> None:
        assert self._runner
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await self._site.start()
        if not self.port:
            self.port = self._runner.addresses[0][1]

    async def set_outage(self, kind: str) -> None:
        """ "refuse" (no connection), "502", "hang" (no answer), or "" for none."""
        if self._site and (kind == "refuse") != (self.outage == "refuse"):
            if kind == "refuse":
                await self._site.stop()
            else:
                await self._listen()
        self.outage = kind
        self._changed()

    # --- people -------------------------------------------------------------------------------

    def private(self, user: int, name: str = "Ann", language: str = "en") -> Chat:
        self.world.person(user).update(first_name=name, language_code=language)
        return self.world.chat(user)

    def group(self, number: int, name: str = "Desk", *, forum: bool = False) -> Chat:
        kind = "supergroup" if forum or number < -(10**12) else "group"
        chat = self.world.chats[number] = Chat(number, kind, name, forum=forum)
        return chat

    def channel(self, number: int, name: str = "Signals", username: str = "") -> Chat:
        """A channel in which the bot is an administrator who may post."""
        chat = Chat(number, "channel", name, username=username, bot="administrator")
        self.world.chats[number] = chat
        return chat

    def promote(self, chat: int, user: int, status: str = "administrator") -> None:
        """Make a person one of the staff, who may post in a channel."""
        self.world.person(user)
        self.world.chat(chat).staff[user] = status
        self.world.chat(chat).posters.add(user)

    def delete(self, message_id: int) -> None:
        """Somebody of the staff deletes a message of the bot."""
        del self.world.messages[message_id]
        self._changed()

    def topic(self, chat: int) -> int:
        """Open a topic; its id."""
        opened = self.world.add(self.world.chat(chat), self.world.person(1), "")
        self.world.chat(chat).topics.add(opened.id)
        return opened.id

    def say(
        self, chat: int, user: int, text: str, *, thread: int = 0, reply_to: int = 0, **extra: Any
    ) -> Message:
        """A person writes (in a channel: the channel does). `extra` joins the message's JSON."""
        room = self.world.chat(chat)
        if reply_to:
            extra["reply_to_message"] = self.world.messages[reply_to].as_json()
        speaker = None if room.type == "channel" else self.world.person(user)
        message = self.world.add(room, speaker, text, thread=thread, extra=extra)
        if self._is_shown(message, reply_to):
            kind = "channel_post" if room.type == "channel" else "message"
            self.push({kind: message.as_json()})
        return message

    def _is_shown(self, message: Message, reply_to: int) -> bool:
        """Privacy mode: what a bot in a group is shown."""
        original = self.world.messages.get(reply_to)
        meant = message.text.startswith("/") or f"@{BOT_NAME}".lower() in message.text.lower()
        answers = bool(original and original.from_bot)
        return meant or answers or not self.privacy or message.chat.type in ("private", "channel")

    def tap(self, chat: int, user: int, message_id: int, label: str) -> str:
        """Press a button that the message has now; the id of the callback query."""
        return self.tap_data(chat, user, message_id, self.world.messages[message_id].button(label))

    def tap_data(self, chat: int, user: int, message_id: int, data: str) -> str:
        """Press a button that carries `data`, also one that the message no longer has."""
        message = self.world.messages[message_id]
        assert message.chat.id == chat
        number = f"q{len(self.world.queries) + 1}"
        self.world.queries[number] = "open"
        body = {"id": number, "from": self.world.person(user), "chat_instance": "1", "data": data}
        self.push({"callback_query": {**body, "message": message.as_json()}})
        return number

    def block(self, chat: int, user: int, status: str = "kicked") -> None:
        """A person blocks the bot, or an administrator removes it."""
        room = self.world.chat(chat)
        before, room.bot = room.bot, status
        bot = {"id": BOT_ID, "is_bot": True, "first_name": "Parley", "username": BOT_NAME}
        change = {
            "chat": room.as_json(),
            "from": self.world.person(user),
            "date": int(time.time()),
            "old_chat_member": member(before, bot, posts=True),
            "new_chat_member": member(status, bot, posts=room.bot_posts),
        }
        self.push({"my_chat_member": change})

    def migrate(self, chat: int, new: int) -> None:
        """A group becomes a supergroup."""
        old = self.world.chat(chat)
        self.group(new, old.name)
        service = self.world.add(old, self.world.person(1), "", extra={"migrate_to_chat_id": new})
        old.migrated_to = new
        self.push({"message": service.as_json()})

    def messages(self, chat: int, thread: int = 0) -> list[Message]:
        """The bot's messages in a chat as they stand now, oldest first."""
        every = [m for m in self.world.messages.values() if m.chat.id == chat and m.from_bot]
        return [m for m in every if not thread or m.thread == thread]

    def last(self, chat: int) -> Message:
        return self.messages(chat)[-1]

    # --- updates ------------------------------------------------------------------------------

    def push(self, update: dict[str, Any]) -> None:
        self._last_update += 1
        # As JSON, so that later changes of a message don't change what was said of it.
        self._updates.append(json.loads(json.dumps({"update_id": self._last_update, **update})))
        self._changed()

    def repeat(self) -> None:
        """Send everything again, as Telegram may."""
        self._updates.extendleft(reversed(self._confirmed))
        self._confirmed.clear()
        self._changed()

    @property
    def unconfirmed(self) -> int:
        return len(self._updates)

    def expire_queries(self) -> None:
        self.world.queries = dict.fromkeys(self.world.queries, "expired")

    def flood(self, seconds: int, *, times: int = 1, method: str = "", chat: int = 0) -> None:
        self.floods.append(Flood(seconds, times, method, chat))

    # --- waiting ------------------------------------------------------------------------------

    async def wait_for(self, predicate: Callable[[], Any], seconds: float = 20) -> Any:
        """The first true value of `predicate`, looked at after every change."""
        async with asyncio.timeout(seconds), self._condition:
            await self._condition.wait_for(predicate)
        return predicate()

    def touch(self) -> None:
        """Something that a test waits for may have changed."""
        self._changed()

    def _changed(self) -> None:
        self.version += 1
        if self._notifying is None:
            self._notifying = asyncio.ensure_future(self._notify())

    async def _notify(self) -> None:
        self._notifying = None
        async with self._condition:
            self._condition.notify_all()

    # --- the Bot API --------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.outage:
            return await self._fail(request)
        method = request.match_info["method"].lower()
        params = await _params(request)
        self.counts[method] += 1
        self.calls.append(Call(method, params, time.monotonic()))
        try:
            result = await self._perform(request.match_info["token"], method, params)
        except ApiError as fault:
            return _fault(fault)
        finally:
            self._changed()
        if self.lost_answers[method] > 0:
            self.lost_answers[method] -= 1
            _hang_up(request)
        return web.json_response({"ok": True, "result": result})

    async def _fail(self, request: web.Request) -> web.Response:
        if self.outage == "502":
            return web.Response(status=502, text="<html><h1>502 Bad Gateway</h1></html>")
        if self.outage == "hang":
            await self.wait_for(lambda: self.outage != "hang", seconds=600)
        _hang_up(request)
        return web.Response(status=500)

    async def _perform(self, token: str, method: str, params: Params) -> Any:
        if token != self.token:
            raise ApiError(401, "Unauthorized")
        for flood in self.floods:
            if flood.hits(method, params):
                flood.times -= 1
                wait = flood.seconds
                raise ApiError(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        if self.limits and method.startswith(_SENDS):
            self.limits.check(str(params.get("chat_id")), edit=method.startswith("edit"))
        own = {
            "getupdates": self._get_updates,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._webhook_info,
        }
        if method in own:
            return await own[method](params)
        if method not in self.world.methods:
            raise ApiError(404, "Not Found")
        return self.world.methods[method](params)

    async def _get_updates(self, params: Params) -> Any:
        if self.world.webhook:
            raise ApiError(409, f"Conflict: {HOOKED}")
        mine = self._poll = object()  # whoever polled before is terminated
        self._changed()
        offset = int(params.get("offset") or 0)
        while self._updates and self._updates[0]["update_id"] < offset:
            self._confirmed.append(self._updates.popleft())
        wanted = json.loads(params.get("allowed_updates") or "[]")
        wait = float(params.get("timeout") or 0)
        if wait and not self._offered(wanted):
            await self._news(lambda: self._poll is not mine or self._offered(wanted), wait)
        if self._poll is not mine:
            raise ApiError(409, f"Conflict: {TERMINATED}")
        return self._offered(wanted)[: int(params.get("limit") or 100)]

    async def _news(self, come: Callable[[], Any], seconds: float) -> bool:
        try:
            return bool(await self.wait_for(lambda: come() or self.outage, seconds))
        except TimeoutError:
            return False

    def _offered(self, wanted: list[str]) -> list[dict[str, Any]]:
        return [u for u in self._updates if not wanted or any(kind in u for kind in wanted)]

    # --- webhook ------------------------------------------------------------------------------

    async def _set_webhook(self, params: Params) -> Any:
        url = params.get("url", "")
        if not url.startswith(("https://", "http://127.0.0.1")):
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        self.world.webhook = {"url": url, "secret": params.get("secret_token", "")}
        if self._pushing is None:
            self._pushing = asyncio.create_task(self._push_updates())
        return True

    async def _delete_webhook(self, params: Params) -> Any:
        self.world.webhook = {}
        if self._pushing:
            self._pushing.cancel()
            self._pushing = None
        return True

    async def _webhook_info(self, params: Params) -> Any:
        hook = self.world.webhook
        info = {
            "url": hook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self._updates),
        }
        if "error" in hook:
            info |= {"last_error_date": int(time.time()), "last_error_message": hook["error"]}
        return info

    async def _push_updates(self) -> None:
        """One after the other; an update that is not answered with 2xx is sent again."""
        async with aiohttp.ClientSession() as session:
            while True:
                await self.wait_for(lambda: self._updates, seconds=3600)
                if await self._push_one(session, self._updates[0]):
                    self._confirmed.append(self._updates.popleft())
                    self.world.webhook.pop("error", None)
                    self._changed()
                else:
                    await asyncio.sleep(0.05)

    async def _push_one(self, session: aiohttp.ClientSession, update: Mapping[str, Any]) -> bool:
        hook = self.world.webhook
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook["secret"]} if hook["secret"] else {}
        try:
            async with session.post(hook["url"], json=update, headers=headers) as answer:
                if answer.ok:
                    return True
                hook["error"] = f"Wrong response from the webhook: {answer.status}"
        except aiohttp.ClientError:
            hook["error"] = "Connection refused"
        return False


async def _params(request: web.Request) -> dict[str, Any]:
    """Query, form, multipart or JSON, as the Bot API takes them; files as bytes."""
    found: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        return found | await request.json()
    if request.content_type.startswith("multipart/"):
        return found | await _parts(request)
    return found | dict(await request.post())


async def _parts(request: web.Request) -> dict[str, Any]:
    """Read by hand: a client that is killed in the middle leaves no open file behind."""
    found: dict[str, Any] = {}
    async for part in await request.multipart():
        assert isinstance(part, aiohttp.BodyPartReader)
        content = bytes(await part.read())
        found[part.name or ""] = content if part.filename else content.decode()
    return found


def _fault(fault: ApiError) -> web.Response:
    body: dict[str, Any] = {
        "ok": False,
        "error_code": fault.code,
        "description": fault.description,
    }
    if fault.parameters:
        body["parameters"] = fault.parameters
    return web.json_response(body, status=fault.code)


def _hang_up(request: web.Request) -> None:
    if request.transport:
        request.transport.abort()


def main() -> None:
    from tests.support.telegram_remote import serve

    parser = argparse.ArgumentParser(description="A strict Telegram server on loopback.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=TOKEN)
    chosen = parser.parse_args()
    asyncio.run(serve(chosen.port, chosen.token))


if __name__ == "__main__":
    main()
