"""The books of a database, reckoned again from its fills alone and by nobody else's code."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


def balances(
    accounts: Iterable[Row],
    fills: Iterable[Row],
    positions: Iterable[Row],
    funding: Iterable[Row] = (),
) -> Any:
    """What fills and fundings make of each account, by its id; positions that are still open are
    reckoned at what was paid for them."""
    with localcontext(prec=60):
        found = {row["id"]: Decimal(row["start"]) for row in accounts}
        for fill in fills:
            assert not fill["symbol"].startswith(f"{fill['fee_currency']}/"), "fees are in quote"
            cash = Decimal(fill["price"]) * Decimal(fill["quantity"])
            found[fill["account_id"]] += cash if fill["side"] == "sell" else -cash
            found[fill["account_id"]] -= Decimal(fill["fee"])
        for paid in funding:
            found[paid["account_id"]] += Decimal(paid["amount"])
        for one in positions:
            cost = Decimal(one["entry_price"]) * Decimal(one["quantity"])
            found[one["account_id"]] += cost if one["side"] == "long" else -cost
    return found


def check_balances(
    accounts: Iterable[Row],
    fills: Iterable[Row],
    positions: Iterable[Row],
    funding: Iterable[Row] = (),
) -> None:
    """Stored and reckoned balances agree to the last decimal."""
    stored = {row["id"]: Decimal(row["balance"]) for row in accounts}
    assert balances(accounts, fills, positions, funding) == stored


def check_orders(orders: Iterable[Row], fills: Iterable[Row]) -> None:
    """At most one entry for each proposal, and paper's one fill for each filled order."""
    entries = [row["proposal_id"] for row in orders if row["purpose"] == "entry"]
    assert len(entries) == len(set(entries)), entries
    filled = sorted(row["id"] for row in orders if row["state"] == "filled")
    assert filled == sorted(row["order_id"] for row in fills)


def rows(database: Path, query: str, *values: Any) -> list[Row]:
    """Of a file of SQLite, beside a running process."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as raw:
        raw.row_factory = sqlite3.Row
        return [dict(row) for row in raw.execute(query, values)]


def check_books(database: Path) -> None:
    """All of the above on a file of SQLite."""
    accounts, fills, positions, orders, funding = (
        rows(database, f"SELECT * FROM {table}")
        for table in ("accounts", "fills", "positions", "orders", "funding")
    )
    check_balances(accounts, fills, positions, funding)
    check_orders(orders, fills)
