"""Group desks, their members and votes."""

from collections.abc import Sequence
from datetime import datetime

from agents.domain.desks import Ballot, GroupDesk, Member, Role, Rule, Vote
from agents.domain.user import Identity, Place, User
from storage.models import IdentityRow, PlaceRow, UserRow
from storage.models_groups import DeskMemberRow, DeskRow, VoteRow
from storage.rows import Repository
from storage.transactions import Transactions
from storage.users import Users

_PLACE = ("platform", "chat", "thread")
_OPEN = 0  # in `ended`

# A place is a desk's where the desk's account is told, or where it was opened: the bot may have
# been sent away and come back since.
_AT = """
SELECT d.id FROM places p JOIN desks d ON d.account_id = p.user_id
WHERE p.platform = ? AND p.chat = ? AND p.thread = ? AND d.ended = 0
UNION
SELECT d.id FROM desks d WHERE d.platform = ? AND d.chat = ? AND d.thread = ? AND d.ended = 0
"""


class Desks(Repository):
    """Satisfies `agents.domain.desks.Desks`."""

    def __init__(self, transactions: Transactions, users: Users) -> None:
        super().__init__(transactions)
        self._users = users

    async def open(
        self, place: Place, title: str, owner_id: int, rule: Rule, at: datetime
    ) -> GroupDesk | None:
        async with self._transactions.transaction():
            if await self.at(place) is not None:
                return None
            account = await self._account(title, at)
            number = await self.insert(
                DeskRow,
                (*_PLACE, "ended"),
                account_id=account,
                platform=place.platform,
                chat=place.chat,
                thread=place.thread,
                title=title,
                approvals_needed=rule.approvals,
                vetoes_needed=rule.vetoes,
                created_by=owner_id,
                created_at=at,
                closed_at=None,
                ended=_OPEN,
            )
            if number is None:  # another process was faster
                await UserRow.filter(id=account).using_db(self.db).delete()
                return None
            await self._users.add_place(account, place)
            await self.seat(number, owner_id, Role.OWNER, at)
            return await self._get(number)

    async def _account(self, title: str, at: datetime) -> int:
        number = await self.insert(
            UserRow, name=title, zone="UTC", operator=False, notices={}, created_at=at
        )
        return number or 0

    async def _get(self, desk_id: int) -> GroupDesk | None:
        row = await DeskRow.get_or_none(id=desk_id, ended=_OPEN, using_db=self.db)
        return _desk(row) if row else None

    async def at(self, place: Place) -> GroupDesk | None:
        where = [place.platform, place.chat, place.thread]
        found = await self.fetch(_AT, [*where, *where])
        return await self._get(min(row["id"] for row in found)) if found else None

    async def of_account(self, account_id: int) -> GroupDesk | None:
        row = await DeskRow.get_or_none(account_id=account_id, ended=_OPEN, using_db=self.db)
        return _desk(row) if row else None

    async def members(self, desk_id: int) -> Sequence[Member]:
        rows = DeskMemberRow.filter(desk_id=desk_id, left_at__isnull=True).using_db(self.db)
        return [
            Member(row.desk_id, row.user_id, Role(row.role), row.since)
            for row in await rows.order_by("since", "id")
        ]

    async def seat(self, desk_id: int, user_id: int, role: Role, at: datetime) -> None:
        async with self._transactions.transaction():
            mine = DeskMemberRow.filter(desk_id=desk_id, user_id=user_id)
            present = mine.filter(left_at__isnull=True).using_db(self.db)
            if await present.update(role=role.value):
                return
            await self.upsert(
                DeskMemberRow,
                ("desk_id", "user_id"),
                desk_id=desk_id,
                user_id=user_id,
                role=role.value,
                since=at,
                left_at=None,
            )

    async def leave(self, desk_id: int, user_id: int, at: datetime) -> bool:
        present = DeskMemberRow.filter(desk_id=desk_id, user_id=user_id, left_at__isnull=True)
        return await present.using_db(self.db).update(left_at=at) == 1

    async def let_in(self, identity: Identity, name: str, at: datetime) -> User:
        async with self._transactions.transaction():
            known = await self._users.find(identity)
            if known is not None:
                return known
            return await self._users.get(await self._new(identity, name, at))

    async def _new(self, identity: Identity, name: str, at: datetime) -> int:
        number = await self._account(name, at)
        mine = await self.insert(
            IdentityRow,
            ("platform", "account"),
            user_id=number,
            platform=identity.platform,
            account=identity.account,
        )
        if mine is not None:
            return number
        # Another process made this user in the meantime.
        await UserRow.filter(id=number).using_db(self.db).delete()
        row = await IdentityRow.get(
            platform=identity.platform, account=identity.account, using_db=self.db
        )
        return row.user_id

    async def set_rule(self, desk_id: int, rule: Rule) -> None:
        mine = DeskRow.filter(id=desk_id).using_db(self.db)
        await mine.update(approvals_needed=rule.approvals, vetoes_needed=rule.vetoes)

    async def close(self, desk_id: int, at: datetime) -> bool:
        async with self._transactions.transaction():
            desk = await self._get(desk_id)
            mine = DeskRow.filter(id=desk_id, ended=_OPEN).using_db(self.db)
            if desk is None or not await mine.update(ended=desk_id, closed_at=at):
                return False
            await PlaceRow.filter(user_id=desk.account_id).using_db(self.db).delete()
            return True

    async def cast(self, vote: Vote) -> None:
        await self.upsert(
            VoteRow,
            ("proposal_id", "version", "user_id"),
            proposal_id=vote.proposal_id,
            version=vote.version,
            user_id=vote.user_id,
            vote=vote.ballot.value,
            at=vote.at,
        )

    async def votes(self, proposal_id: int, version: int) -> Sequence[Vote]:
        rows = VoteRow.filter(proposal_id=proposal_id, version=version).using_db(self.db)
        return [
            Vote(row.proposal_id, row.version, row.user_id, Ballot(row.vote), row.at)
            for row in await rows.order_by("at", "id")
        ]


def _desk(row: DeskRow) -> GroupDesk:
    return GroupDesk(
        id=row.id,
        account_id=row.account_id,
        place=Place(row.platform, row.chat, row.thread),
        title=row.title,
        rule=Rule(row.approvals_needed, row.vetoes_needed),
        created_by=row.created_by,
        created_at=row.created_at,
        closed_at=row.closed_at,
    )
