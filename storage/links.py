"""Codes that link accounts, and the joining of two users into one."""

from collections.abc import Sequence
from datetime import datetime

from agents.domain.desks import Role
from agents.domain.user import Identity
from storage.models import IdentityRow, UserRow
from storage.models_groups import DeskMemberRow, LinkCodeRow
from storage.models_venues import ConnectionRow
from storage.rows import Repository

# Columns that name a user and simply change hands.
MOVED: tuple[tuple[str, str], ...] = (
    ("identities", "user_id"),
    ("invitations", "invited_by"),
    ("decisions", "owner_id"),
    ("proposals", "owner_id"),
    ("proposals", "resolved_by"),
    ("accounts", "owner_id"),
    ("orders", "owner_id"),
    ("positions", "owner_id"),
    ("model_calls", "owner_id"),
    ("outbox", "owner_id"),
    ("audit", "owner_id"),
    ("desks", "created_by"),
    ("link_codes", "user_id"),
    ("shares", "owner_id"),
    ("grants", "granted_by"),
    ("channels", "added_by"),
    ("publications", "owner_id"),
    ("publications", "publisher_id"),
    ("signals", "owner_id"),
    ("listens", "created_by"),
    ("connections", "owner_id"),
)
# Columns that are unique together with others: what the one who stays has, stays.
UNIQUE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("places", "user_id", ("platform", "chat", "thread")),
    ("desk_members", "user_id", ("desk_id",)),
    ("votes", "user_id", ("proposal_id", "version")),
    ("preferences", "user_id", ("name",)),
    ("grants", "user_id", ("feature",)),
    ("listens", "owner_id", ("platform", "chat", "thread")),
    ("heard", "owner_id", ("source", "key")),
    ("findings", "owner_id", ("key",)),
)
_RANK = {role.value: rank for rank, role in enumerate(Role)}  # the owner first
# Tables whose rows are numbered for their owner, from 1.
NUMBERED = ("strategies", "hooks")
# A desk's account is no person, and never linked.
NEVER = (("desks", "account_id"),)


class Links(Repository):
    """Satisfies `agents.domain.linking.Links`."""

    async def offer(self, code: str, user_id: int, at: datetime) -> None:
        await self.insert(LinkCodeRow, ("code",), code=code, user_id=user_id, created_at=at)

    async def holder(self, code: str, since: datetime) -> int | None:
        row = await LinkCodeRow.get_or_none(
            code=code, used_at__isnull=True, created_at__gte=since, using_db=self.db
        )
        return row.user_id if row else None

    async def use(self, code: str, identity: Identity, at: datetime) -> bool:
        unused = LinkCodeRow.filter(code=code, used_at__isnull=True).using_db(self.db)
        return await unused.update(used_by=str(identity), used_at=at) == 1

    async def identities(self, user_id: int) -> Sequence[Identity]:
        rows = await IdentityRow.filter(user_id=user_id).using_db(self.db).order_by("id")
        return [Identity(row.platform, row.account) for row in rows]

    async def add(self, user_id: int, identity: Identity) -> bool:
        number = await self.insert(
            IdentityRow,
            ("platform", "account"),
            user_id=user_id,
            platform=identity.platform,
            account=identity.account,
        )
        return number is not None

    async def remove(self, user_id: int, identity: Identity) -> None:
        mine = IdentityRow.filter(
            user_id=user_id, platform=identity.platform, account=identity.account
        )
        await mine.using_db(self.db).delete()

    async def hold(self, joining: int, keeping: int) -> None:
        # Whoever writes a row for `joining` from here on waits, and then may find no such user.
        both = UserRow.filter(id__in=[joining, keeping]).using_db(self.db).order_by("id")
        await both.select_for_update()

    async def merge(self, joining: int, keeping: int) -> None:
        async with self._transactions.transaction():
            await self.hold(joining, keeping)
            both = ConnectionRow.filter(owner_id__in=[joining, keeping]).using_db(self.db)
            if await both.count() > 1:
                raise ValueError("both users have a connected exchange account")
            await self._keep_best_roles(joining, keeping)
            await self._rename_hooks(joining, keeping)
            for table in NUMBERED:
                await self._number_on(table, joining, keeping)
            for table, column, others in UNIQUE:
                await self._drop_doubles(table, column, others, joining, keeping)
                await self._hand_over(table, column, joining, keeping)
            for table, column in MOVED:
                await self._hand_over(table, column, joining, keeping)
            await UserRow.filter(id=joining).using_db(self.db).delete()

    async def _keep_best_roles(self, joining: int, keeping: int) -> None:
        """At desks of both: who stays must not be less there, or a desk may lose its owner."""
        mine = DeskMemberRow.filter(user_id=keeping).using_db(self.db)
        known = {row.desk_id: row for row in await mine}
        theirs = DeskMemberRow.filter(user_id=joining, left_at__isnull=True).using_db(self.db)
        for row in await theirs:
            kept = known.get(row.desk_id)
            if kept is None:
                continue
            if kept.left_at is not None or _RANK[row.role] < _RANK[kept.role]:
                same = DeskMemberRow.filter(id=kept.id).using_db(self.db)
                await same.update(role=row.role, since=row.since, left_at=None)

    async def _hand_over(self, table: str, column: str, joining: int, keeping: int) -> None:
        sql = f'UPDATE "{table}" SET "{column}" = ? WHERE "{column}" = ?'  # noqa: S608
        await self.change(sql, [keeping, joining])

    async def _rename_hooks(self, joining: int, keeping: int) -> None:
        """What came through a hook is known by the hook's number, which is about to change."""
        sql = (
            "UPDATE heard SET source = 'hook:' || CAST(CAST(substr(source, 6) AS INTEGER) + "
            "(SELECT COALESCE(MAX(number), 0) FROM hooks WHERE owner_id = ?) AS TEXT) "
            "WHERE owner_id = ? AND source LIKE 'hook:%'"
        )
        await self.change(sql, [keeping, joining])

    async def _number_on(self, table: str, joining: int, keeping: int) -> None:
        sql = (
            f'UPDATE "{table}" SET owner_id = ?, number = number + '  # noqa: S608
            f'(SELECT COALESCE(MAX(number), 0) FROM "{table}" WHERE owner_id = ?) '
            "WHERE owner_id = ?"
        )
        await self.change(sql, [keeping, keeping, joining])

    async def _drop_doubles(
        self, table: str, column: str, others: tuple[str, ...], joining: int, keeping: int
    ) -> None:
        same = " AND ".join(f'kept."{other}" = gone."{other}"' for other in others)
        sql = (
            f'DELETE FROM "{table}" AS gone WHERE gone."{column}" = ? AND EXISTS '  # noqa: S608
            f'(SELECT 1 FROM "{table}" AS kept WHERE kept."{column}" = ? AND {same})'
        )
        await self.change(sql, [joining, keeping])
