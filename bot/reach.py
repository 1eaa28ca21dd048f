"""Platforms that can't be reached: what is about money goes to a person's other platform."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from agents.domain.errors import NotFound
from agents.domain.mail import Outbox, OutboxItem
from agents.domain.ports import Users
from agents.domain.user import NoticeKind, Place
from handlers.chat import Platform, Reply, italic, text
from handlers.times import moment

log = logging.getLogger(__name__)

AWAY = 120.0  # seconds from when on a platform counts as out of reach
_PAGE = 200
_POSTS = {NoticeKind.SIGNAL_POST, NoticeKind.SIGNAL_CHANGED, NoticeKind.SIGNAL_UPDATE}
_MONEY = frozenset(NoticeKind) - _POSTS
_OF_ONE_PLATFORM = ("message_id", "reply_to")  # facts that mean nothing elsewhere
_ANSWERS = frozenset({"yes", "no", "pick", "as_strategy"})  # to a question, numbered in its place


class Reach:
    """Looks now and then which platforms answer.

    Notices stand in every place of a person anyway; while one platform is away those on the others
    say so. Answers are given where was asked: those that can't arrive there are told elsewhere.
    """

    def __init__(
        self,
        platforms: Mapping[str, Platform],
        outbox: Outbox,
        users: Users,
        wall: Callable[[], datetime],
        away: float = AWAY,
    ) -> None:
        self._limit = timedelta(seconds=away)
        self._platforms = platforms
        self._outbox = outbox
        self._users = users
        self._wall = wall
        self._since: dict[str, datetime] = {}
        self._said: set[str] = set()

    def away(self) -> Mapping[str, datetime]:
        """The platforms that could not be reached for a while, and since when."""
        long_ago = self._wall() - self._limit
        return {name: since for name, since in self._since.items() if since <= long_ago}

    async def look(self) -> None:
        """See which platforms answer, and bring elsewhere what waits for one that does not."""
        for name, platform in self._platforms.items():
            if platform.health().connected:
                self._back(name)
            else:
                self._since.setdefault(name, self._wall())
        for name, since in self.away().items():
            if name not in self._said:
                self._said.add(name)
                log.error("A platform can't be reached.", extra={"platform": name, "since": since})
            await self._bring_elsewhere(name)

    def _back(self, name: str) -> None:
        self._since.pop(name, None)
        if name in self._said:
            self._said.discard(name)
            log.warning("A platform is back.", extra={"platform": name})

    async def marked(self, item: OutboxItem, reply: Reply | None) -> Reply | None:
        """The reply, saying so where its reader can't be reached on another platform."""
        away = self.away()
        if reply is None or reply.edits or not away or item.kind not in _MONEY:
            return reply
        missing = sorted({place.platform for place in await self._places(item)} & away.keys())
        if not missing or (item.kind is NoticeKind.REPLY and "meant_for" not in item.facts):
            return reply
        zone = (await self._users.get(item.owner_id)).zone
        since = moment(min(away[name] for name in missing), zone, self._wall())
        names = " and ".join(name.capitalize() for name in missing)
        mark = italic(f"📡 {names} can't be reached since {since}, so I tell you here.")
        return replace(reply, words=mark + text("\n") + reply.words)

    async def _places(self, item: OutboxItem) -> list[Place]:
        try:
            places = await self._users.places(item.owner_id)
        except NotFound:
            return []
        return [place for place in places if place.platform != item.place.platform]

    async def _bring_elsewhere(self, name: str) -> None:
        """Once: what is there already under its key is left alone."""
        waiting = await self._outbox.overdue(name, self._wall() - self._limit, _PAGE)
        for item in waiting:
            if item.kind not in _MONEY or item.facts.get("edits") or item.facts.get("only_edits"):
                continue
            if item.kind is NoticeKind.PROPOSAL_CHANGED:
                continue  # a redraw of what stands there
            for place in await self._others(item):
                await self._tell_at(item, place)

    async def _others(self, item: OutboxItem) -> list[Place]:
        """Where else the person can be told; nowhere for what was said in a group."""
        try:
            own = await self._users.places(item.owner_id)
        except NotFound:
            return []
        if item.place not in own:
            return []
        return [place for place in own if place.platform not in self.away()]

    async def _tell_at(self, item: OutboxItem, place: Place) -> None:
        kept = {key: fact for key, fact in item.facts.items() if key not in _OF_ONE_PLATFORM}
        if rows := kept.get("rows"):
            kept["rows"] = _without_answers(rows)
        await self._outbox.put(
            item.owner_id,
            place,
            item.kind,
            item.key,
            {**kept, "meant_for": item.place.platform},
            at=self._wall(),
            card=item.card,
            replies_to=item.replies_to,
        )


def _without_answers(rows: Sequence[Sequence[Sequence[Any]]]) -> list[list[Sequence[Any]]]:
    """Rows of buttons (label, verb, id, version), those that can be tapped anywhere."""
    left = [[button for button in row if button[1] not in _ANSWERS] for row in rows]
    return [row for row in left if row]
