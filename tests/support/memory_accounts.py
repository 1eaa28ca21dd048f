"""Accounts and the funding that was paid into them, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from agents.domain.money import exactly
from agents.domain.position import Account
from agents.domain.strategy import Mode
from agents.domain.venue import FundingPaid
from tests.support.memory_core import Repository, Table, statement
from tests.support.memory_trading import known, owned


class MemoryAccounts(Repository):
    @property
    def _rows(self) -> Table[int, Account]:
        return self.table("accounts")

    @statement
    def open(
        self, owner_id: int, strategy_id: int, mode: Mode, start: Decimal, at: datetime
    ) -> Account:
        strategy = owned(self.table("strategies"), owner_id, strategy_id)
        for row in self._rows:
            if (row.strategy_id, row.mode) == (strategy_id, mode):
                return row
        number = self._rows.next_id()
        coin = strategy.spec.symbols[0].partition("/")[2] or "USDT"
        account = Account(owner_id, strategy_id, mode, coin, start, start, start, at, number)
        return self._rows.put(number, account)

    @statement
    def get(self, account_id: int) -> Account:
        return known(self._rows, account_id)

    @statement
    def of(self, owner_id: int) -> Sequence[Account]:
        return [row for row in self._rows if row.owner_id == owner_id]

    @statement
    def add_funding(self, account_id: int, position_id: int, paid: FundingPaid) -> bool:
        key = (account_id, paid.venue_id)
        if key in self.table("funding").rows:
            return False
        self.table("funding").put(key, (position_id, paid))
        return True

    @statement
    def funding(self, account_id: int) -> Sequence[tuple[int, FundingPaid]]:
        rows = self.table("funding").rows.items()
        mine = [found for (account, _), found in rows if account == account_id]
        return sorted(mine, key=lambda found: found[1].at)

    @statement
    def book(self, account_id: int, change: Decimal) -> Account:
        row: Account = known(self._rows, account_id)
        with exactly():
            balance = row.balance + change
        return self._rows.put(row.id, replace(row, balance=balance, peak=max(row.peak, balance)))

    @statement
    def allot(self, owner_id: int, account_id: int, amount: Decimal) -> Account:
        row: Account = owned(self._rows, owner_id, account_id)
        return self._rows.put(row.id, row.allotted(amount))

    @statement
    def reset_peak(self, owner_id: int, account_id: int) -> Account:
        row: Account = owned(self._rows, owner_id, account_id)
        return self._rows.put(row.id, replace(row, peak=row.balance))
