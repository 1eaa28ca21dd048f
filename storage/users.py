"""Users, who they are on each platform, where they are reached, and invitations."""

from collections.abc import Sequence
from datetime import datetime

from agents.domain.errors import NotFound
from agents.domain.user import Identity, Place, User
from storage.models import IdentityRow, InvitationRow, PlaceRow, UserRow
from storage.rows import Repository

_PLACE = ("user_id", "platform", "chat", "thread")


class Users(Repository):
    """Satisfies `agents.domain.ports.Users`."""

    async def find(self, identity: Identity) -> User | None:
        known = await IdentityRow.get_or_none(
            platform=identity.platform, account=identity.account, using_db=self.db
        )
        return await self.get(known.user_id) if known else None

    async def get(self, user_id: int) -> User:
        return _user(await self._row(user_id))

    async def everyone(self) -> Sequence[User]:
        return [_user(row) for row in await UserRow.all(using_db=self.db).order_by("id")]

    async def join(
        self, identity: Identity, name: str, home: Place, *, operator: bool, at: datetime
    ) -> User:
        """A user who is known keeps the zone and the notices; name and role are as given now."""
        async with self._transactions.transaction():
            known = await self.find(identity)
            user_id = known.id if known else await self._new(identity, name, operator, at)
            await UserRow.filter(id=user_id).using_db(self.db).update(name=name, operator=operator)
            await self.add_place(user_id, home)
            return await self.get(user_id)

    async def _new(self, identity: Identity, name: str, operator: bool, at: datetime) -> int:
        user_id = await self.insert(
            UserRow, name=name, zone="UTC", operator=operator, notices={}, created_at=at
        )
        mine = await self.insert(
            IdentityRow,
            ("platform", "account"),
            user_id=user_id,
            platform=identity.platform,
            account=identity.account,
        )
        if mine is not None and user_id is not None:
            return user_id
        # Another process made this user in the meantime.
        await UserRow.filter(id=user_id).using_db(self.db).delete()
        return (
            await IdentityRow.get(
                platform=identity.platform, account=identity.account, using_db=self.db
            )
        ).user_id

    async def places(self, user_id: int) -> Sequence[Place]:
        rows = await PlaceRow.filter(user_id=user_id).using_db(self.db).order_by("id")
        return [Place(row.platform, row.chat, row.thread) for row in rows]

    async def add_place(self, user_id: int, place: Place) -> None:
        await self.insert(
            PlaceRow,
            _PLACE,
            user_id=user_id,
            platform=place.platform,
            chat=place.chat,
            thread=place.thread,
        )

    async def drop_place(self, user_id: int, place: Place) -> None:
        await (
            PlaceRow.filter(
                user_id=user_id, platform=place.platform, chat=place.chat, thread=place.thread
            )
            .using_db(self.db)
            .delete()
        )

    async def set_zone(self, user_id: int, zone: str) -> None:
        await self._row(user_id)
        await UserRow.filter(id=user_id).using_db(self.db).update(zone=zone)

    async def set_notice(self, user_id: int, kind: str, level: str) -> None:
        async with self._transactions.transaction():
            row = await self._row(user_id, for_update=True)
            notices = {**row.notices, kind: level}
            await UserRow.filter(id=user_id).using_db(self.db).update(notices=notices)

    async def invite(self, code: str, by: int, at: datetime) -> None:
        await self.insert(InvitationRow, ("code",), code=code, invited_by=by, created_at=at)

    async def redeem(self, code: str, identity: Identity, at: datetime) -> bool:
        used = (
            await InvitationRow.filter(code=code, used_at__isnull=True)
            .using_db(self.db)
            .update(used_by=str(identity), used_at=at)
        )
        return used == 1

    async def _row(self, user_id: int, *, for_update: bool = False) -> UserRow:
        query = UserRow.filter(id=user_id).using_db(self.db)
        row = await (query.select_for_update() if for_update else query).first()
        if row is None:
            raise NotFound("There is no such user.")
        return row


def _user(row: UserRow) -> User:
    return User(row.id, row.name, row.zone, row.operator, row.created_at, row.notices)
