"""The books of a desk, read from its SQLite file by plain SQL and checked from fills alone."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any


class Books:
    """What one database file says; nothing of the program's own reading is used."""

    def __init__(self, path: Path) -> None:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            self.tables = {
                name: [dict(row) for row in connection.execute(f"SELECT * FROM {name} ORDER BY id")]
                for name in (
                    *("accounts", "orders", "fills", "positions", "proposals", "outbox"),
                    "funding",
                )
            }

    def __getitem__(self, table: str) -> list[dict[str, Any]]:
        return self.tables[table]

    def faults(self) -> list[str]:
        """Everything that does not add up; empty when all does."""
        return [
            *self._orders(),
            *self._positions(),
            *self._accounts(),
            *self._proposals(),
            *self._messages(),
        ]

    def _fills_of(self, client_id: str) -> list[dict[str, Any]]:
        return [fill for fill in self["fills"] if fill["client_id"] == client_id]

    def _orders(self) -> Iterator[str]:
        keys = [order["key"] for order in self["orders"]]
        if len(keys) != len(set(keys)):
            yield "an intent is stored twice"
        for order in self["orders"]:
            filled = sum(
                (Decimal(f["quantity"]) for f in self._fills_of(order["client_id"])), Decimal(0)
            )
            if filled > Decimal(order["quantity"]) or filled != Decimal(order["filled"]):
                yield f"order {order['key']}: filled {filled} of {order['quantity']}"
            if order["state"] == "filled" and filled != Decimal(order["quantity"]):
                yield f"order {order['key']} is called filled with {filled}"

    def _positions(self) -> Iterator[str]:
        for position in self["positions"]:
            entered, left = self._moved(position)
            if entered != Decimal(position["entered"]):
                said = position["entered"]
                yield f"position {position['id']} entered {said}, fills say {entered}"
            if left != Decimal(position["quantity"]) or left < 0:
                yield f"position {position['id']} holds {position['quantity']}, fills say {left}"
            if (position["state"] == "closed") != (left == 0):
                yield f"position {position['id']} is {position['state']} with {left} open"

    def _moved(self, position: dict[str, Any]) -> tuple[Decimal, Decimal]:
        """(entered, still open) of a position, by its fills."""
        entered = left = Decimal(0)
        for order in self["orders"]:
            enters = order["purpose"] == "entry"
            mine = order["proposal_id"] if enters else order["position_id"]
            if mine != (position["proposal_id"] if enters else position["id"]):
                continue
            for fill in self._fills_of(order["client_id"]):
                entered += Decimal(fill["quantity"]) if enters else 0
                left += Decimal(fill["quantity"]) * (1 if enters else -1)
        return entered, left

    def _accounts(self) -> Iterator[str]:
        """start + what was sold - what was bought - fees + funding, plus open lots at their entry
        price."""
        for account in self["accounts"]:
            cash = Decimal(account["start"])
            for fill in (f for f in self["fills"] if f["account_id"] == account["id"]):
                value = Decimal(fill["price"]) * Decimal(fill["quantity"])
                cash += value if fill["side"] == "sell" else -value
                cash -= Decimal(fill["fee"])
            for paid in (f for f in self["funding"] if f["account_id"] == account["id"]):
                cash += Decimal(paid["amount"])
            for position in (p for p in self["positions"] if p["account_id"] == account["id"]):
                lot = Decimal(position["entry_price"]) * Decimal(position["quantity"])
                cash += lot if position["side"] == "long" else -lot
            if cash != Decimal(account["balance"]):
                yield f"account {account['id']}: balance {account['balance']}, fills say {cash}"

    def _proposals(self) -> Iterator[str]:
        entries: dict[int, int] = defaultdict(int)
        for order in self["orders"]:
            if order["purpose"] == "entry":
                entries[order["proposal_id"]] += 1
        for proposal in self["proposals"]:
            ordered = proposal["state"] in ("ordered", "filled")
            count = entries[proposal["id"]]
            if count > 1 or (ordered and not count):
                yield f"proposal {proposal['id']} is {proposal['state']} with {count} orders"

    def _messages(self) -> Iterator[str]:
        """Each fill is told, once."""
        told: dict[str, int] = defaultdict(int)
        for item in self["outbox"]:
            if item["kind"] in ("filled", "partly_closed", "closed"):
                told[json.loads(item["facts"])["trade_id"]] += 1
        for fill in self["fills"]:
            if told[fill["trade_id"]] != 1:
                yield f"fill {fill['trade_id']} is told {told[fill['trade_id']]} times"

    def undelivered(self) -> list[dict[str, Any]]:
        return [item for item in self["outbox"] if item["state"] in ("waiting", "sending")]

    def unsettled(self) -> list[dict[str, Any]]:
        done = ("filled", "cancelled", "rejected", "expired")
        return [order for order in self["orders"] if order["state"] not in done]
