"""Groups, topics and channels that can't be written to any more: one clear notice to who set them
up, and nothing else stops."""

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

    async def _tell(
        self, user_id: int, place: Place, title: str, reason: str, what_next: str
    ) -> None:
        """Once a day for each place and reason, however many messages were refused there."""
        day = self._clock.wall().date().isoformat()
        facts = {"title": title, "reason": reason, "next": what_next, "place": str(place)}
        key = f"lost:{place}:{user_id}:{day}:{reason}"
        await self._memory.notices.tell(Notice(user_id, NoticeKind.PLACE_LOST, key, facts))
