"""One stored message becomes one message of a platform, or an edit of one that stands there."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from agents.domain.errors import DeliveryRefused, PlaceGone
from agents.domain.mail import CardMessage, Outbox, OutboxItem
from agents.domain.user import Place
from handlers.chat import Drawer, Outgoing, Platform, Reply, text

log = logging.getLogger(__name__)

Render = Callable[[OutboxItem], Awaitable[Reply | None]]

Reposting = Callable[[Place, str], Awaitable[None]]
"""Hears of a card that is gone from its place, or can't be changed there, and is sent anew."""

NOT_REMOVED = "\n⚠️ I could not delete your message: please delete it yourself."
NO_FILE = "\n⚠️ The file could not be made; ask for it again in a minute."
SHOWN_BELOW = "\n⬇️ Shown again below."
_REMEMBERED = 5_000  # messages whose present look is known


@dataclass(frozen=True, slots=True)
class Look:
    """What a message showed when it was drawn last, and when that was rendered."""

    words: int
    picture: str
    at: datetime


class Delivery:
    """Renders an item for its reader and brings it to the platform.

    `now` stamps what was drawn; `spend` is told of every call beyond an item's first.
    """

    def __init__(
        self,
        outbox: Outbox,
        platforms: Mapping[str, Platform],
        render: Render,
        draw: Drawer,
        now: Callable[[], datetime],
        spend: Callable[[Place], None],
        reposting: Reposting,
    ) -> None:
        self._outbox = outbox
        self._platforms = platforms
        self._render = render
        self._draw = draw
        self._now = now
        self._spend = spend
        self._reposting = reposting
        self._gone: set[tuple[Place, str]] = set()  # cards that stand nowhere until sent anew
        self._looks: dict[tuple[Place, str], Look] = {}
        self._begun: dict[int, str] = {}  # cards that stand already but may lack their buttons

    async def deliver(self, item: OutboxItem, *, resumed: bool) -> str:
        """The message's id; empty when there is nothing to say any more.

        `resumed` says that an earlier process may have sent a part. Raises DeliveryDelayed and
        DeliveryRefused as the platform does.
        """
        at = self._now()
        reply = await self._render(item)
        if reply is None:
            return ""
        if reply.removes:
            reply = await self._removed(item.place, reply)
        if reply.edits:
            edited = await self._redraw(item, reply, at)
            if edited or item.facts.get("only_edits"):
                return edited
        message_id = await self._send(item, reply, at, resumed=resumed)
        await self._told_of(item.place, _card(item, reply))
        return message_id

    async def _told_of(self, place: Place, card: str) -> None:
        """Only now: where nothing can be sent either, something else is wrong."""
        if (place, card) in self._gone:
            self._gone.discard((place, card))
            await self._reposting(place, card)

    def forget(self, item: OutboxItem) -> None:
        """The item is settled."""
        self._begun.pop(item.id, None)

    async def _removed(self, place: Place, reply: Reply) -> Reply:
        """The reply, which says so where the message had to stay."""
        self._spend(place)
        try:
            await self._platforms[place.platform].remove(place, reply.removes)
        except PlaceGone:
            raise
        except DeliveryRefused as no:
            log.info("A message can't be removed.", extra={"reason": str(no)})
            return replace(reply, words=reply.words + text(NOT_REMOVED))
        return reply

    # --- edits --------------------------------------------------------------------------------

    async def _redraw(self, item: OutboxItem, reply: Reply, at: datetime) -> str:
        """The id of the edited message; empty when there is none any more."""
        message_id = await self._standing(item, reply)
        if not message_id:
            return ""
        look = self._looks.get((item.place, message_id))
        wanted = _look(reply, at)
        if look and look.words == wanted.words and item.created_at <= look.at:
            return message_id  # drawn since the fact, from the same state: it shows it already
        picture = (
            None if look and look.picture == wanted.picture else await self._drawn(item, reply)
        )
        try:
            await self._edit(item.place, message_id, _outgoing(reply, picture))
        except PlaceGone:
            raise
        except DeliveryRefused as no:
            log.info("A message can't be edited; it is sent anew.", extra={"reason": str(no)})
            if card := _card(item, reply):
                await self._outbox.forget_card(card, item.place)
                self._gone.add((item.place, card))
            return ""
        self._remember(item.place, message_id, wanted)
        return message_id

    async def _standing(self, item: OutboxItem, reply: Reply) -> str:
        """The message that an edit is for: its card's, or the one that was tapped."""
        if not (card := _card(item, reply)):
            return str(item.facts.get("message_id", ""))
        shown = await self._shown(card, item.place)
        return shown.message_id if shown else ""

    async def _shown(self, card: str, place: Place) -> CardMessage | None:
        every = await self._outbox.cards(card)
        return next((message for message in every if message.place == place), None)

    async def _edit(self, place: Place, message_id: str, message: Outgoing) -> None:
        self._looks.pop((place, message_id), None)  # unknown until the platform has answered
        await self._platforms[place.platform].edit(place, message_id, message)

    # --- new messages -------------------------------------------------------------------------

    async def _send(self, item: OutboxItem, reply: Reply, at: datetime, *, resumed: bool) -> str:
        card, place = _card(item, reply), item.place
        before = await self._shown(card, place) if card else None
        begun = self._begun.get(item.id) or (before.message_id if before and resumed else "")
        if begun and await self._finish(item, begun, reply):
            return begun
        message = replace(_outgoing(reply, await self._drawn(item, reply)), key=_key(item))
        if before and not begun:
            await self._disarm(before, message)
        answered = await self._answered(item, reply)
        if not card:
            return await self._platforms[place.platform].send(place, message, answered)
        message_id = await self._send_card(item, reply, message, answered)
        self._remember(place, message_id, _look(reply, at))
        return message_id

    async def _send_card(
        self, item: OutboxItem, reply: Reply, message: Outgoing, answered: str
    ) -> str:
        """A card gets its buttons only when its message is known: what a crash leaves behind
        before that has none, so that no forgotten card can lie."""
        card, place = _card(item, reply), item.place
        platform = self._platforms[place.platform]
        two_steps = bool(reply.rows) and not platform.idempotent
        first = message.without_buttons() if two_steps else message
        message_id = self._begun[item.id] = await platform.send(place, first, answered)
        await self._outbox.remember_card(card, place, message_id, _version(reply))
        if two_steps:
            self._spend(place)
            await self._edit(place, message_id, replace(message, picture=None))
        return message_id

    async def _finish(self, item: OutboxItem, message_id: str, reply: Reply) -> bool:
        """Complete a card that was sent by an attempt which broke off; False when it is gone."""
        card, place = _card(item, reply), item.place
        await self._outbox.remember_card(card, place, message_id, _version(reply))
        try:
            await self._edit(place, message_id, _outgoing(reply, None))
        except PlaceGone:
            raise
        except DeliveryRefused as no:
            log.info("A begun card is gone; it is sent anew.", extra={"reason": str(no)})
            self._begun.pop(item.id, None)
            return False
        return True

    async def _disarm(self, before: CardMessage, message: Outgoing) -> None:
        """A card is shown again: its old message keeps no buttons that nobody would redraw."""
        self._spend(before.place)
        try:
            told = message.words + text(SHOWN_BELOW)
            plain = replace(message.without_buttons(), words=told, picture=None)
            await self._edit(before.place, before.message_id, plain)
        except PlaceGone:
            raise
        except DeliveryRefused as no:
            log.info("An old card can't be changed.", extra={"reason": str(no)})

    async def _answered(self, item: OutboxItem, reply: Reply) -> str:
        """The message, or the open interaction, that this one answers."""
        if item.facts.get("awaited"):
            return str(item.facts["reply_to"])
        card = reply.replies_to or item.replies_to
        shown = await self._shown(card, item.place) if card else None
        return shown.message_id if shown else str(item.facts.get("reply_to", ""))

    # --- both ---------------------------------------------------------------------------------

    async def _drawn(self, item: OutboxItem, reply: Reply) -> bytes | None:
        """The picture; the words go out also without it."""
        if reply.picture is None:
            return None
        try:
            return await self._draw(reply.picture, item.owner_id)
        except Exception:
            log.exception("A picture could not be drawn.", extra={"item": item.id})
            return None

    def _remember(self, place: Place, message_id: str, look: Look) -> None:
        self._looks[(place, message_id)] = look
        if len(self._looks) > _REMEMBERED:
            del self._looks[next(iter(self._looks))]


def _card(item: OutboxItem, reply: Reply) -> str:
    return reply.card or item.card


def _key(item: OutboxItem) -> str:
    """Of no other message, in no other database either."""
    return f"{item.id} {item.created_at.isoformat()} {item.key}"


def _outgoing(reply: Reply, picture: bytes | None) -> Outgoing:
    name = reply.picture.name if reply.picture else ""
    if name and picture is None:
        words = reply.words + text(NO_FILE)
        return Outgoing(words, reply.rows, None, reply.silent, reply.personal)
    return Outgoing(reply.words, reply.rows, picture, reply.silent, reply.personal, name)


def _look(reply: Reply, at: datetime) -> Look:
    picture = reply.picture
    facts = json.dumps(picture.as_json(), sort_keys=True) if picture else ""
    return Look(hash((reply.words, reply.rows)), facts, at)


def _version(reply: Reply) -> int:
    """The version that a card's buttons carry."""
    return max((button.version for row in reply.rows for button in row), default=0)
