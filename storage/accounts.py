"""Isolated accounts: one for each strategy and mode, booked to the last decimal."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Context, Decimal, Inexact

from agents.domain.errors import NotFound, TryAgain
from agents.domain.position import Account
from agents.domain.strategy import Mode
from agents.domain.venue import FundingPaid
from storage.models import AccountRow, StrategyRow, StrategyVersionRow
from storage.models_venues import FundingRow
from storage.rows import Repository
from storage.specs import parsed

_EXACT = Context(prec=200, traps=[Inexact])  # a sum that would have to be rounded is an error
_TRIES = 20
_BUSY = "The account is being booked by others; it is tried again by itself."


class Accounts(Repository):
    """Satisfies `agents.domain.ports.Accounts`."""

    async def open(
        self, owner_id: int, strategy_id: int, mode: Mode, start: Decimal, at: datetime
    ) -> Account:
        """In the quote currency of the strategy's first symbol."""
        currency = await self._currency(owner_id, strategy_id)
        await self.insert(
            AccountRow,
            ("strategy_id", "mode"),
            owner_id=owner_id,
            strategy_id=strategy_id,
            mode=mode,
            currency=currency,
            start=start,
            balance=start,
            peak=start,
            opened_at=at,
        )
        row = await AccountRow.get(strategy_id=strategy_id, mode=str(mode), using_db=self.db)
        return _account(row)

    async def _currency(self, owner_id: int, strategy_id: int) -> str:
        strategy = await StrategyRow.get_or_none(
            id=strategy_id, owner_id=owner_id, using_db=self.db
        )
        if strategy is None:
            raise NotFound("There is no such strategy, or it is not yours.")
        version = await StrategyVersionRow.get(
            strategy_id=strategy_id, version=strategy.version, using_db=self.db
        )
        return parsed(version.spec).symbols[0].partition("/")[2] or "USDT"

    async def get(self, account_id: int) -> Account:
        row = await AccountRow.get_or_none(id=account_id, using_db=self.db)
        if row is None:
            raise NotFound("There is no such account.")
        return _account(row)

    async def of(self, owner_id: int) -> Sequence[Account]:
        rows = await AccountRow.filter(owner_id=owner_id).using_db(self.db).order_by("id")
        return [_account(row) for row in rows]

    async def add_funding(self, account_id: int, position_id: int, paid: FundingPaid) -> bool:
        number = await self.insert(
            FundingRow,
            ("account_id", "venue_id"),
            account_id=account_id,
            position_id=position_id,
            venue_id=paid.venue_id,
            symbol=paid.symbol,
            amount=paid.amount,
            rate=paid.rate,
            at=paid.at,
        )
        return number is not None

    async def funding(self, account_id: int) -> Sequence[tuple[int, FundingPaid]]:
        rows = FundingRow.filter(account_id=account_id).using_db(self.db).order_by("at", "id")
        return [(row.position_id, _paid(row)) for row in await rows]

    async def book(self, account_id: int, change: Decimal) -> Account:
        for _ in range(_TRIES):
            now = await self.get(account_id)
            balance = _EXACT.add(now.balance, change)
            booked = (
                await AccountRow.filter(id=account_id, balance=now.balance, peak=now.peak)
                .using_db(self.db)
                .update(balance=balance, peak=max(now.peak, balance))
            )
            if booked:
                return await self.get(account_id)
        raise TryAgain(_BUSY)

    async def allot(self, owner_id: int, account_id: int, amount: Decimal) -> Account:
        for _ in range(_TRIES):
            mine = AccountRow.filter(id=account_id, owner_id=owner_id).using_db(self.db)
            now = await mine.first()
            if now is None:
                raise NotFound("There is no such account, or it is not yours.")
            after = _account(now).allotted(amount)
            changes = {"start": after.start, "balance": after.balance, "peak": after.peak}
            if await mine.filter(balance=now.balance, peak=now.peak).update(**changes):
                return await self.get(account_id)
        raise TryAgain(_BUSY)

    async def reset_peak(self, owner_id: int, account_id: int) -> Account:
        for _ in range(_TRIES):
            mine = AccountRow.filter(id=account_id, owner_id=owner_id).using_db(self.db)
            now = await mine.first()
            if now is None:
                raise NotFound("There is no such account, or it is not yours.")
            if await mine.filter(balance=now.balance, peak=now.peak).update(peak=now.balance):
                return await self.get(account_id)
        raise TryAgain(_BUSY)


def _account(row: AccountRow) -> Account:
    return Account(
        owner_id=row.owner_id,
        strategy_id=row.strategy_id,
        mode=Mode(row.mode),
        currency=row.currency,
        start=row.start,
        balance=row.balance,
        peak=row.peak,
        opened_at=row.opened_at,
        id=row.id,
    )


def _paid(row: FundingRow) -> FundingPaid:
    return FundingPaid(row.venue_id, row.symbol, row.amount, row.at, row.rate)
