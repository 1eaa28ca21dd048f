"""Sending and editing messages on Discord: by an open interaction's token, or as the bot itself."""

import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import discord
from discord.http import Route

from agents.domain.errors import DeliveryDelayed, DeliveryRefused, PlaceGone
from agents.domain.user import Place
from bot.platforms.discord_bodies import HIDDEN, NO_LONGER_FITS, Piece, fits, pieces
from bot.platforms.discord_events import Open, Reference, Shown, Whispered, parse
from bot.platforms.discord_faults import (
    TOKEN_IS_OVER,
    UNKNOWN_INTERACTION,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    UNREACHABLE,
    Closed,
    NoRight,
    Rejected,
    delivery,
)
from bot.platforms.discord_tokens import Token, Tokens
from handlers.chat import Outgoing, text

T = TypeVar("T")
Json = dict[str, Any]
log = logging.getLogger(__name__)

NOBODY_TO_TELL = "A message for one person alone can't be shown to everybody in the channel."

_PATIENCE = 5  # attempts at the later parts of a message whose first part stands already
_REMEMBERED = 2_000
_OVER = {UNKNOWN_INTERACTION, UNKNOWN_WEBHOOK, TOKEN_IS_OVER}
_MESSAGES = "/channels/{channel_id}/messages"
_FOLLOW_UPS = "/webhooks/{webhook_id}/{webhook_token}"
_ORIGINAL = _FOLLOW_UPS + "/messages/@original"


def channel_of(place: Place) -> str:
    return place.thread or place.chat


class Messages:
    """Raises DeliveryDelayed and DeliveryRefused, and nothing of the library's. `client` gives the
    client of the moment, None before the first connection."""

    def __init__(
        self,
        client: Callable[[], discord.Client | None],
        tokens: Tokens,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._pause = pause
        self._private: dict[int, str] = {}  # direct message channels, by person
        self._stand_ins: dict[int, int] = {}  # direct messages in place of whispered ones
        self._pictured: dict[int, None] = {}  # texts that got a picture by an edit

    # --- new ones -----------------------------------------------------------------------------

    async def send(self, place: Place, message: Outgoing, reply_to: str = "") -> str:
        answered = parse(reply_to)
        if isinstance(answered, Open):
            return await self._answer(place, message, answered)
        if isinstance(answered, Whispered):
            return await self._whisper(message, answered.user)
        if message.personal and (person := await self._whom(place, answered)):
            return await self._whisper(message, person)
        return str(await self._say(place, message, answered))

    async def _say(
        self, place: Place, message: Outgoing, answered: Reference | None = None
    ) -> Shown:
        try:
            return await self._post(channel_of(place), message, answered)
        except NoRight:
            if place.thread and await self._is_locked(place.thread):
                raise Closed("The thread is locked; unlock it.") from None
            raise

    async def _is_locked(self, thread: str) -> bool:
        found = await self.call("GET", "/channels/{channel_id}", channel_id=thread)
        return bool(found.get("thread_metadata", {}).get("locked"))

    async def _answer(self, place: Place, message: Outgoing, opened: Open) -> str:
        message = replace(message, personal=message.personal or opened.hidden)
        token = self._tokens.find(opened)
        if token and await token.ready():
            try:
                return await self._by_token(token, message)
            except Rejected as no:
                if no.code not in _OVER:
                    raise
                self._tokens.drop(token)
        if message.personal:
            return await self._whisper(message, opened.user)
        return str(await self._say(place, message))

    async def _whisper(self, message: Outgoing, person: int) -> str:
        """To the person's direct messages. Where those are closed, the place that it was meant for
        is not lost for that."""
        try:
            shown = await self._post(await self._channel_with(person), message)
        except PlaceGone as gone:
            raise DeliveryRefused(str(gone)) from gone
        return str(Whispered(shown.id, person, shown.pictured))

    async def _whom(self, place: Place, answered: Reference | None) -> int:
        """Who is meant by a personal message where no interaction says so; 0 where the place is
        that person's own."""
        channel = await self.call("GET", "/channels/{channel_id}", channel_id=channel_of(place))
        if "guild_id" not in channel:
            return 0
        if not isinstance(answered, Shown):
            raise DeliveryRefused(NOBODY_TO_TELL)
        said = await self._one("GET", channel_of(place), answered.id)
        author = said["author"]
        if author.get("bot"):
            raise DeliveryRefused(NOBODY_TO_TELL)
        return int(author["id"])

    async def _channel_with(self, person: int) -> str:
        if person not in self._private:
            found = await self.call(
                "POST", "/users/@me/channels", sent={"json": {"recipient_id": str(person)}}
            )
            self._private[person] = str(found["id"])
        return self._private[person]

    # --- as the bot itself --------------------------------------------------------------------

    async def _post(
        self, channel: str, message: Outgoing, answered: Reference | None = None
    ) -> Shown:
        async def post(piece: Piece, *, first: bool) -> Shown:
            body = piece.body() | {"flags": piece.flags()}
            if first and isinstance(answered, Shown):
                reference = {"message_id": str(answered.id), "fail_if_not_exists": False}
                body["message_reference"] = reference
            return await self._posted(channel, piece, body)

        return await self._each(message, post)

    async def _posted(self, channel: str, piece: Piece, body: Json) -> Shown:
        """With a nonce: for some minutes a second try after a lost answer or a restart finds the
        message of the first."""
        sent = piece.sent(body | {"nonce": _nonce(channel, piece), "enforce_nonce": True})
        made = await self.call("POST", _MESSAGES, sent=sent, channel_id=channel)
        return Shown(int(made["id"]), piece.pictured)

    async def _each(self, message: Outgoing, send: Callable[..., Awaitable[T]]) -> T:
        """Every piece of a message; what the last one became. Without what is refused of it: the
        picture, or all embeds where the bot may not send them."""
        try:
            return await self._in_order(pieces(message), send)
        except NoRight:
            return await self._in_order(pieces(message, plain=True), send)
        except Rejected as no:
            if message.picture is None or no.code in _OVER:
                raise
            log.warning("Discord refused a picture.", extra={"reason": str(no)})
            return await self._in_order(pieces(replace(message, picture=None)), send)

    async def _in_order(self, parts: Sequence[Piece], send: Callable[..., Awaitable[T]]) -> T:
        last = await send(parts[0], first=True)
        for part in parts[1:]:
            last = await self._patiently(send, part)
        return last

    async def _patiently(self, send: Callable[..., Awaitable[T]], part: Piece) -> T:
        """The rest of a message: waiting here is better than saying its beginning twice."""
        for _ in range(_PATIENCE):
            try:
                return await send(part, first=False)
            except DeliveryDelayed as delay:
                await self._pause(delay.retry_after or 1.0)
        return await send(part, first=False)

    # --- by a token ---------------------------------------------------------------------------

    async def _by_token(self, token: Token, message: Outgoing) -> str:
        """The response that is waited for, or a message after it. Whether others can see a
        response was settled with the acknowledgement: one of the other kind takes its place."""
        hidden = message.personal and not token.private
        if token.waits and hidden is not token.hidden and not token.private:
            await self.withdraw(token)

        async def send(piece: Piece, *, first: bool) -> Shown | Whispered:
            return await self._respond(token, piece, hidden=hidden)

        return str(await self._each(message, send))

    async def _respond(self, token: Token, piece: Piece, *, hidden: bool) -> Shown | Whispered:
        made = await self._fulfilled(token, piece) if token.waits else None
        if made is None:
            flags = piece.flags() | (HIDDEN if hidden else 0)
            sent = piece.sent(piece.body() | {"flags": flags})
            made = await self.call("POST", _FOLLOW_UPS, sent=sent, **token.address)
        number = int(made["id"])
        self._tokens.shown(number, token)
        if hidden:
            return Whispered(number, token.opened.user, piece.pictured)
        return Shown(number, piece.pictured)

    async def _fulfilled(self, token: Token, piece: Piece) -> Json | None:
        """The response that was waited for; None when it was taken away meanwhile."""
        try:
            made: Json = await self._change_by(token, "", piece)
        except Rejected as no:
            if no.code != UNKNOWN_MESSAGE:
                raise
            token.waits = False
            return None
        token.waits, token.original = False, int(made["id"])
        return made

    async def _change_by(self, token: Token, message: str, piece: Piece) -> Any:
        """Without a message the interaction's own: its response, or what was tapped."""
        path = _FOLLOW_UPS + "/messages/{message}" if message else _ORIGINAL
        sent = piece.sent(piece.body())
        return await self.call("PATCH", path, sent=sent, message=message, **token.address)

    async def withdraw(self, token: Token) -> None:
        """Take the response away that a person waits for."""
        try:
            await self.call("DELETE", _ORIGINAL, **token.address)
        except Rejected as no:
            log.info("A response could not be withdrawn.", extra={"reason": str(no)})
        token.waits = False

    async def tell(self, token: Token, words: str) -> None:
        """A sentence for the one who tapped or filled in a form, and nobody else."""
        if token.waits:
            await self._by_token(token, Outgoing(text(words), personal=True))
            return
        body = {"content": words, "flags": HIDDEN, "allowed_mentions": {"parse": []}}
        await self.call("POST", _FOLLOW_UPS, sent={"json": body}, **token.address)

    # --- changed ones -------------------------------------------------------------------------

    async def edit(self, place: Place, message_id: str, message: Outgoing) -> None:
        shown = parse(message_id)
        if isinstance(shown, Whispered):
            return await self._edit_whispered(shown, message)
        if not isinstance(shown, Shown):
            raise DeliveryRefused(f"There is no message {message_id!r} on Discord.")
        if not fits(message):
            await self._disarm(place, shown)
            raise DeliveryRefused(NO_LONGER_FITS)
        try:
            await self._edit(channel_of(place), shown, message)
        except Closed as no:
            raise DeliveryRefused(str(no)) from no
        except PlaceGone:
            # Where the bot can't see the channel, a tap's token still reaches the message.
            token = self._tokens.of_message(shown.id)
            if token is None or not await token.ready():
                raise
            await self._edit_by(token, shown, message)

    async def _edit(self, channel: str, shown: Shown, message: Outgoing) -> None:
        piece = self._piece(shown, message)
        await self._one("PATCH", channel, shown.id, sent=piece.sent(piece.body()))

    def _piece(self, shown: Shown | Whispered, message: Outgoing) -> Piece:
        if message.picture is not None:
            _remember(self._pictured, shown.id, None)
        return Piece(message, pictured=shown.pictured or shown.id in self._pictured)

    async def _edit_by(self, token: Token, shown: Shown | Whispered, message: Outgoing) -> None:
        own = shown.id in (token.message_id, token.original)
        name = "" if own else str(shown.id)
        await self._change_by(token, name, self._piece(shown, message))

    async def _edit_whispered(self, shown: Whispered, message: Outgoing) -> None:
        """While a token lives; afterwards a direct message stands in for it."""
        token = self._tokens.of_message(shown.id)
        if token and await token.ready():
            try:
                return await self._edit_by(token, shown, message)
            except Rejected as no:
                if no.code not in {*_OVER, UNKNOWN_MESSAGE}:
                    raise
                self._tokens.drop(token)
        try:
            await self._stand_in(shown, message)
        except PlaceGone as gone:  # refused, it would be sent anew to where all can see it
            log.info("A personal message stays as it was.", extra={"reason": str(gone)})

    async def _stand_in(self, shown: Whispered, message: Outgoing) -> None:
        channel = await self._channel_with(shown.user)
        instead = Shown(self._stand_ins.get(shown.id, shown.id), shown.pictured)
        try:
            await self._edit(channel, instead, message)
        except Rejected:
            made = await self._post(channel, message)
            _remember(self._stand_ins, shown.id, made.id)

    async def _disarm(self, place: Place, shown: Shown) -> None:
        """Take the buttons away from a message that can't be brought up to date."""
        try:
            await self._one("PATCH", channel_of(place), shown.id, sent={"json": {"components": []}})
        except Rejected as no:
            log.info("Old buttons could not be removed.", extra={"reason": str(no)})

    async def remove(self, place: Place, message_id: str) -> None:
        shown = parse(message_id)
        if not isinstance(shown, Shown):
            return  # the words of a slash command or a form stand in no message
        try:
            await self._one("DELETE", channel_of(place), shown.id)
        except Rejected as no:
            if no.code != UNKNOWN_MESSAGE:
                raise
        except NoRight as no:
            raise DeliveryRefused(str(no)) from no

    # --- all ----------------------------------------------------------------------------------

    async def _one(self, method: str, channel: str, message: int, sent: Json | None = None) -> Any:
        path = _MESSAGES + "/{message_id}"
        return await self.call(method, path, sent=sent, channel_id=channel, message_id=message)

    async def call(self, method: str, path: str, *, sent: Json | None = None, **named: Any) -> Any:
        client = self._client()
        if client is None:
            raise DeliveryDelayed(UNREACHABLE)
        with delivery():
            return await client.http.request(Route(method, path, **named), **(sent or {}))


def _nonce(channel: str, piece: Piece) -> str:
    """At most 25 characters."""
    if not piece.message.key:
        return secrets.token_hex(12)
    named = f"{channel} {piece.number} {piece.message.key}"
    return hashlib.sha256(named.encode()).hexdigest()[:24]


def _remember(known: dict[Any, Any], key: Any, value: Any) -> None:
    known[key] = value
    if len(known) > _REMEMBERED:
        del known[next(iter(known))]
