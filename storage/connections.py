"""Connected exchange accounts, one for each user at most."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from agents.domain.errors import NotFound
from agents.domain.money import ZERO, exactly
from agents.domain.venue import Connection, ConnectionState
from storage.models import UserRow
from storage.models_venues import ConnectionRow
from storage.rows import Repository


class Connections(Repository):
    """Satisfies `agents.domain.venue.Connections`."""

    async def connect(self, connection: Connection) -> Connection:
        """Raises NotFound for a user who is no more."""
        async with self._transactions.transaction():
            # Two accounts that are being joined are locked meanwhile; see Links.hold.
            owner = UserRow.filter(id=connection.owner_id).using_db(self.db)
            if await owner.select_for_update().first() is None:
                raise NotFound("There is no such user.")
            await self.upsert(
                ConnectionRow,
                ("owner_id",),
                owner_id=connection.owner_id,
                exchange=connection.exchange,
                sealed=connection.sealed,
                ends=connection.ends,
                state=connection.state.value,
                why=connection.why,
                baseline=dict(connection.baseline),
                restricted=connection.restricted,
                connected_at=connection.connected_at,
                seen_until=connection.seen_until,
            )
            row = await ConnectionRow.get(owner_id=connection.owner_id, using_db=self.db)
            return replace(connection, id=row.id)

    async def of(self, owner_id: int) -> Connection | None:
        row = await self._of(owner_id).first()
        return _connection(row) if row else None

    async def all(self) -> Sequence[Connection]:
        """In the order of their first connection."""
        rows = await ConnectionRow.all().using_db(self.db).order_by("id")
        return [_connection(row) for row in rows]

    async def disconnect(self, owner_id: int) -> bool:
        return await self._of(owner_id).delete() == 1

    async def set_state(
        self, owner_id: int, was: ConnectionState, to: ConnectionState, why: str
    ) -> bool:
        present = self._of(owner_id).filter(state=was.value)
        return await present.update(state=to.value, why=why) == 1

    async def change_baseline(
        self, owner_id: int, name: str, change: Decimal, was: Decimal | None = None
    ) -> Decimal | None:
        async with self._transactions.transaction():
            row = await self._of(owner_id).select_for_update().first()
            if row is None:
                return None
            now = Decimal(row.baseline.get(name, 0))
            if was is not None and now != was:
                return None
            with exactly():
                amount = max(now + change, ZERO)
            await self._of(owner_id).update(baseline={**row.baseline, name: amount})
            return amount

    async def seen(self, owner_id: int, until: datetime) -> None:
        """Never back: of two looks that overlap the farther one counts."""
        earlier = Q(seen_until__isnull=True) | Q(seen_until__lt=until)
        await self._of(owner_id).filter(earlier).update(seen_until=until)

    def _of(self, owner_id: int) -> QuerySet[ConnectionRow]:
        return ConnectionRow.filter(owner_id=owner_id).using_db(self.db)


def _connection(row: ConnectionRow) -> Connection:
    return Connection(
        owner_id=row.owner_id,
        exchange=row.exchange,
        sealed=row.sealed,
        ends=row.ends,
        state=ConnectionState(row.state),
        why=row.why,
        baseline={coin: Decimal(amount) for coin, amount in row.baseline.items()},
        restricted=row.restricted,
        connected_at=row.connected_at,
        seen_until=row.seen_until,
        id=row.id,
    )
