"""The books of a SQLite database, reckoned again from its fills alone and by nobody else's code."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Books:
    """Accounts by id: what the fills make of them, and what is stored."""

    reckoned: dict[int, Decimal]
    stored: dict[int, Decimal]
    entries: dict[int, int]
    """Entry orders by proposal."""


def rows(database: Path, query: str, *values: Any) -> list[sqlite3.Row]:
    """Read beside a running process."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as raw:
        raw.row_factory = sqlite3.Row
        return raw.execute(query, values).fetchall()


def books(database: Path) -> Books:
    """Positions that are still open are reckoned at what was paid for them."""
    accounts = rows(database, "SELECT id, start, balance FROM accounts")
    with localcontext(prec=60):
        reckoned = {
            row["id"]: Decimal(row["start"]) + sum(_changes(database, row["id"]), Decimal(0))
            for row in accounts
        }
    return Books(
        reckoned,
        {row["id"]: Decimal(row["balance"]) for row in accounts},
        {
            row["proposal_id"]: row["made"]
            for row in rows(
                database,
                "SELECT proposal_id, count(*) AS made FROM orders"
                " WHERE purpose = 'entry' GROUP BY proposal_id",
            )
        },
    )


def _changes(database: Path, account: int) -> Iterator[Decimal]:
    """Every fill's cash and fee, and what open positions cost."""
    for fill in rows(database, "SELECT * FROM fills WHERE account_id = ?", account):
        assert not fill["symbol"].startswith(f"{fill['fee_currency']}/"), "fees are paid in quote"
        cash = Decimal(fill["price"]) * Decimal(fill["quantity"])
        yield cash if fill["side"] == "sell" else -cash
        yield -Decimal(fill["fee"])
    for position in rows(database, "SELECT * FROM positions WHERE account_id = ?", account):
        cost = Decimal(position["entry_price"]) * Decimal(position["quantity"])
        yield cost if position["side"] == "long" else -cost


def check_books(database: Path) -> Books:
    """Balances agree to the last decimal, and no proposal was traded twice."""
    found = books(database)
    assert found.reckoned == found.stored
    assert all(made == 1 for made in found.entries.values()), found.entries
    return found
