"""Discord's gateway: sessions with numbered events, which a client that comes back catches up on.

https://discord.com/developers/docs/events/gateway
"""

import asyncio
import json
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.support.discord_world import BOT_ID, World

DISPATCH, HEARTBEAT, IDENTIFY, RESUME = 0, 1, 2, 6
RECONNECT, INVALID_SESSION, HELLO, ACK = 7, 9, 10, 11
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15  # members, presences, message content
_GUILDS, _GUILD_MESSAGES, _DIRECT_MESSAGES = 1 << 0, 1 << 9, 1 << 12
_ALWAYS = {"READY", "RESUMED", "INTERACTION_CREATE"}
_HEARTBEAT = 41_250  # milliseconds, as Discord says
_SYNC = b"\x00\x00\xff\xff"


class Connection:
    """One websocket. What is sent goes out in order, compressed if the client asked for it."""

    def __init__(self, socket: web.WebSocketResponse, *, compressed: bool) -> None:
        self.socket = socket
        self.session: Session | None = None
        self._zlib = zlib.compressobj() if compressed else None
        self._waiting: asyncio.Queue[Any] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    def send(self, op: int, data: Any, seq: int | None = None, event: str | None = None) -> None:
        self._waiting.put_nowait({"op": op, "d": data, "s": seq, "t": event})

    def close(self, code: int) -> None:
        self._waiting.put_nowait(code)

    async def _write(self) -> None:
        while True:
            one = await self._waiting.get()
            try:
                if isinstance(one, int):
                    await self.socket.close(code=one)
                    return
                await self._send(json.dumps(one))
            except (ConnectionError, RuntimeError):  # gone; the session keeps what was said
                return

    async def _send(self, text: str) -> None:
        if self._zlib is None:
            await self.socket.send_str(text)
            return
        packed = self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
        assert packed.endswith(_SYNC)
        await self.socket.send_bytes(packed)

    def gone(self) -> None:
        self._writer.cancel()


@dataclass
class Session:
    """`said` is every event with its number; a client that comes back names the last it knows."""

    id: str
    intents: int
    connection: Connection | None = None
    said: list[tuple[int, str, Any]] = field(default_factory=list)

    def dispatch(self, event: str, data: Any) -> None:
        self.said.append((len(self.said) + 1, event, json.loads(json.dumps(data))))
        if self.connection:
            seq, event, data = self.said[-1]
            self.connection.send(DISPATCH, data, seq, event)

    def replay(self, after: int) -> None:
        assert self.connection
        for seq, event, data in self.said[after:]:
            self.connection.send(DISPATCH, data, seq, event)
        self.dispatch("RESUMED", {})


class Gateway:
    """`counts` are the operations that clients asked for; `paths` where they connected."""

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        world.emit = self.emit
        self.token = token
        self.root = ""
        self.sessions: dict[str, Session] = {}
        self.counts: Counter[str] = Counter()
        self.closed: list[int] = []  # codes with which we closed connections
        self.paths: list[str] = []
        self.connections: set[Connection] = set()

    @property
    def connected(self) -> bool:
        """Whether a session has its client."""
        return any(one.connection for one in self.sessions.values())

    def emit(self, event: str, data: dict[str, Any]) -> None:
        for session in list(self.sessions.values()):
            if _wants(session.intents, event, data):
                session.dispatch(event, data)
        self.world.changed()

    # --- what may happen ----------------------------------------------------------------------

    def ask_to_reconnect(self) -> None:
        """Op 7, as before Discord restarts a node."""
        for connection in self.connections:
            connection.send(RECONNECT, None)

    def drop(self) -> None:
        """The line breaks; sessions stay and remember what is missed."""
        for connection in list(self.connections):
            self._detach(connection)
            if transport := connection.socket._req and connection.socket._req.transport:
                transport.abort()

    def invalidate(self, *, resumable: bool = False) -> None:
        """Op 9. Not resumable: the sessions are over."""
        for connection in list(self.connections):
            if not resumable and connection.session:
                self.sessions.pop(connection.session.id, None)
                connection.session = None
            connection.send(INVALID_SESSION, resumable)

    def forget(self) -> None:
        """Sessions are over without a word; who resumes one learns it then."""
        self.sessions.clear()

    def repeat(self, event: str) -> None:
        """Tell the last such event again."""
        for session in self.sessions.values():
            data = next(data for _, name, data in reversed(session.said) if name == event)
            session.dispatch(event, data)

    # --- the protocol -------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        compressed = request.query.get("compress") == "zlib-stream"
        connection = Connection(socket, compressed=compressed)
        self.connections.add(connection)
        self.paths.append(request.path)
        connection.send(HELLO, {"heartbeat_interval": _HEARTBEAT})
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._receive(connection, json.loads(message.data))
        finally:
            self._gone(connection)
        return socket

    def _gone(self, connection: Connection) -> None:
        session = connection.session
        self._detach(connection)
        connection.gone()
        if connection.socket.close_code in (1000, 1001) and session:
            self.sessions.pop(session.id, None)  # the client has said goodbye
        self.world.changed()

    def _detach(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if connection.session and connection.session.connection is connection:
            connection.session.connection = None

    def _receive(self, connection: Connection, message: dict[str, Any]) -> None:
        op, data = message["op"], message.get("d") or {}
        if op == HEARTBEAT:
            self.counts["heartbeat"] += 1
            return connection.send(ACK, None)
        if op == IDENTIFY:
            return self._identify(connection, data)
        if op == RESUME:
            return self._resume(connection, data)
        if connection.session is None:
            self._refuse(connection, 4003)
        return None

    def _refuse(self, connection: Connection, code: int) -> None:
        self.closed.append(code)
        connection.close(code)
        self.world.changed()

    def _identify(self, connection: Connection, data: dict[str, Any]) -> None:
        self.counts["identify"] += 1
        if connection.session:
            return self._refuse(connection, 4005)
        if data["token"] != self.token:
            return self._refuse(connection, 4004)
        if data["intents"] & PRIVILEGED:
            return self._refuse(connection, 4014)
        session = Session(f"session{self.counts['identify']}", data["intents"])
        self.sessions[session.id] = session
        self._attach(connection, session)
        guilds = [one for one in self.world.guilds.values() if one.bot]
        session.dispatch("READY", self._ready(session, [one.id for one in guilds]))
        for guild in guilds:
            if session.intents & _GUILDS:
                session.dispatch("GUILD_CREATE", self.world.guild_create(guild))
        return self.world.changed()

    def _ready(self, session: Session, guilds: list[int]) -> dict[str, Any]:
        return {
            "v": 10,
            "user": self.world.users[BOT_ID],
            "guilds": [{"id": str(one), "unavailable": True} for one in guilds],
            "session_id": session.id,
            "resume_gateway_url": f"{self.root}/resume",
            "application": {"id": str(BOT_ID), "flags": 0},
        }

    def _attach(self, connection: Connection, session: Session) -> None:
        connection.session = session
        session.connection = connection

    def _resume(self, connection: Connection, data: dict[str, Any]) -> None:
        self.counts["resume"] += 1
        if data["token"] != self.token:
            return self._refuse(connection, 4004)
        session = self.sessions.get(data["session_id"])
        if session is None:
            return connection.send(INVALID_SESSION, False)
        if not 0 <= int(data["seq"] or 0) <= len(session.said):
            return self._refuse(connection, 4007)
        self._attach(connection, session)
        session.replay(int(data["seq"] or 0))
        return self.world.changed()


def _wants(intents: int, event: str, data: dict[str, Any]) -> bool:
    if event in _ALWAYS:
        return True
    if event.startswith("MESSAGE_"):
        return bool(intents & (_GUILD_MESSAGES if "guild_id" in data else _DIRECT_MESSAGES))
    if event.startswith("GUILD_MEMBER_"):
        return bool(intents & PRIVILEGED & 1 << 1)
    return bool(intents & _GUILDS)
