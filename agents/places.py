"""Groups, topics and channels that can't be written to any more: one clear notice to who set them
up, and nothing else stops."""

from datetime import datetime, timedelta

from agents.domain.desks import Role
from agents.domain.errors import NotFound
from agents.domain.ports import Clock, Memory
from agents.domain.user import Notice, NoticeKind, Place

_TO_CHANNEL = (
    "nothing is published there until I may post again and you /publish there anew; its record "
    "stays as it is"
)
_TO_DESK = (
    "the desk goes on: its members' rights and its trades are as they were, and I write there "
    "again as soon as I may; to be told elsewhere meanwhile, link another group to the desk"
)
_TO_PERSON = "what you are told comes here only; write to me there when I may write there again"
_A_WHILE = timedelta(days=2)


def _note(place: Place) -> str:
    return f"moved:{place}"


class Places:
    """What becomes of a place where a delivery was refused for good."""

    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock

    async def lost(self, owner_id: int, place: Place, reason: str) -> None:
        """`owner_id` is the account that was to be told there, `reason` a sentence."""
        async with self._memory.transactions.transaction():
            published = await self._lost_channel(place, reason)
            desk = await self._lost_desk(place, reason)
            if not (published or desk):
                await self._lost_home(owner_id, place, reason)

    async def _lost_channel(self, place: Place, reason: str) -> bool:
        if await self._memory.channels.at(place) is None:
            return False
        channel = await self._memory.channels.lost(place, reason, self._clock.wall())
        if channel is not None:
            published = await self._memory.channels.in_channel(channel.id)
            for user_id in sorted({channel.added_by, *(one.publisher_id for one in published)}):
                await self._tell(user_id, place, channel.title, reason, _TO_CHANNEL)
        return True

    async def _lost_desk(self, place: Place, reason: str) -> bool:
        desk = await self._memory.desks.at(place)
        if desk is None:
            return False
        for member in await self._memory.desks.members(desk.id):
            if member.role is Role.OWNER:
                await self._tell(member.user_id, place, desk.title, reason, _TO_DESK)
        return True

    async def _lost_home(self, owner_id: int, place: Place, reason: str) -> None:
        """A person's own chat: what is left of their places is where they learn of it."""
        try:
            known = await self._memory.users.places(owner_id)
        except NotFound:
            return
        if place in known:
            await self._memory.users.drop_place(owner_id, place)
            await self._tell(owner_id, place, place.platform.capitalize(), reason, _TO_PERSON)

    async def moved(self, old: Place, new: Place) -> None:
        """A group goes on under another id, and what is there went along. Its earlier messages
        can't be changed any more, which needs no words of its own."""
        await self._memory.notes.write(_note(new), self._clock.wall().isoformat())
        for user_id, title in await self._owners(new):
            facts = {
                "headline": f"📦 {title} has a new id: the platform made it another kind of group.",
                "reason": "Its desk, its publications and what waits for it went along",
                "next": "there is nothing to do",
            }
            key = f"moved:{old}:{new}:{user_id}"
            await self._memory.notices.tell(Notice(user_id, NoticeKind.PLACE_LOST, key, facts))

    async def reposted(self, place: Place, card: str) -> None:
        """A message of a group or channel is gone or can't be changed any more, and is sent anew:
        told once for each such message."""
        if await self._has_just_moved(place):
            return
        for user_id, title in await self._owners(place):
            what = "signal" if card.startswith("signal:") else "card"
            facts = {
                "headline": f"🗑 A {what} of mine in {title} was deleted.",
                "reason": "Or the platform lets nobody change it any more",
                "next": "I post it again with what followed; nothing of its record changes",
            }
            key = f"reposted:{place}:{card}:{user_id}"
            await self._memory.notices.tell(Notice(user_id, NoticeKind.PLACE_LOST, key, facts))

    async def _has_just_moved(self, place: Place) -> bool:
        moved_at = await self._memory.notes.read(_note(place))
        if moved_at is None:
            return False
        return self._clock.wall() - datetime.fromisoformat(moved_at) < _A_WHILE

    async def _owners(self, place: Place) -> list[tuple[int, str]]:
        """Who set up a channel or leads a desk there, with its title."""
        found: dict[int, str] = {}
        if (channel := await self._memory.channels.at(place)) is not None:
            found[channel.added_by] = channel.title
        if (desk := await self._memory.desks.at(place)) is not None:
            members = await self._memory.desks.members(desk.id)
            found |= {one.user_id: desk.title for one in members if one.role is Role.OWNER}
        return list(found.items())

    async def _tell(
        self, user_id: int, place: Place, title: str, reason: str, what_next: str
    ) -> None:
        """Once a day for each place and reason, however many messages were refused there."""
        day = self._clock.wall().date().isoformat()
        facts = {
            "headline": f"📭 I can't write in {title} any more.",
            "title": title,
            "reason": reason,
            "next": what_next,
        }
        key = f"lost:{place}:{user_id}:{day}:{reason}"
        await self._memory.notices.tell(Notice(user_id, NoticeKind.PLACE_LOST, key, facts))
