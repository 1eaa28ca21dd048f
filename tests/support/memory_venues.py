"""Connected accounts, what was found there, and all that is sealed, in memory."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from agents.domain.errors import NotFound, OperatorNeeded
from agents.domain.money import exactly
from agents.domain.sealing import SEALED_TEXT, SealedItem
from agents.domain.venue import Connection, ConnectionState, Finding, FindingState
from tests.support.memory_core import Repository, Table, statement
from tests.support.memory_trading import owned

_CHATS = {"inbox": "payload", "outbox": "facts"}
_KEY = "model_key:"


class MemoryConnections(Repository):
    """By owner."""

    @property
    def _rows(self) -> Table[int, Connection]:
        return self.table("connections")

    @statement
    def connect(self, connection: Connection) -> Connection:
        if connection.owner_id not in self.table("users").rows:
            raise NotFound
        earlier = self._rows.rows.get(connection.owner_id)
        number = earlier.id if earlier else self._rows.next_id()
        return self._rows.put(connection.owner_id, replace(connection, id=number))

    @statement
    def of(self, owner_id: int) -> Connection | None:
        return self._rows.rows.get(owner_id)

    @statement
    def all(self) -> Sequence[Connection]:
        return sorted(self._rows, key=lambda row: row.id)

    @statement
    def disconnect(self, owner_id: int) -> bool:
        if owner_id not in self._rows.rows:
            return False
        self._rows.drop(owner_id)
        return True

    @statement
    def set_state(self, owner_id: int, was: ConnectionState, to: ConnectionState, why: str) -> bool:
        row = self._rows.rows.get(owner_id)
        if row is None or row.state is not was:
            return False
        self._change(owner_id, state=to, why=why)
        return True

    @statement
    def change_baseline(
        self, owner_id: int, name: str, change: Decimal, was: Decimal | None = None
    ) -> Decimal | None:
        row = self._rows.rows.get(owner_id)
        if row is None:
            return None
        now = row.baseline.get(name, Decimal(0))
        if was is not None and now != was:
            return None
        with exactly():
            amount = max(now + change, Decimal(0))
        self._change(owner_id, baseline={**row.baseline, name: amount})
        return amount

    @statement
    def seen(self, owner_id: int, until: datetime) -> None:
        row = self._rows.rows.get(owner_id)
        if row is not None and (row.seen_until is None or row.seen_until < until):
            self._change(owner_id, seen_until=until)

    def _change(self, owner_id: int, **changes: Any) -> None:
        if owner_id in self._rows.rows:
            self._rows.put(owner_id, replace(self._rows.rows[owner_id], **changes))


class MemoryFindings(Repository):
    @property
    def _rows(self) -> Table[int, Finding]:
        return self.table("findings")

    @statement
    def note(self, finding: Finding) -> Finding | None:
        same = (finding.owner_id, finding.key)
        known = next((row for row in self._rows if (row.owner_id, row.key) == same), None)
        if known is None:
            new = replace(finding, id=self._rows.next_id(), state=FindingState.OPEN, version=1)
            return self._rows.put(new.id, new)
        waits = known.state in {FindingState.OPEN, FindingState.IGNORED}
        if waits and known.quantity == finding.quantity:
            return None
        version = known.version + 1
        new = replace(finding, id=known.id, state=FindingState.OPEN, version=version)
        return self._rows.put(new.id, new)

    @statement
    def get(self, owner_id: int, finding_id: int) -> Finding:
        return owned(self._rows, owner_id, finding_id)

    @statement
    def open(self, owner_id: int) -> Sequence[Finding]:
        return self._of(owner_id, [FindingState.OPEN])

    @statement
    def of(self, owner_id: int, states: Sequence[FindingState]) -> Sequence[Finding]:
        return self._of(owner_id, states)

    def _of(self, owner_id: int, states: Sequence[FindingState]) -> list[Finding]:
        return [row for row in self._rows if row.owner_id == owner_id and row.state in states]

    @statement
    def move(self, finding: Finding, to: FindingState) -> bool:
        row = self._rows.rows.get(finding.id)
        if row is None or _place(row) != _place(finding):
            return False
        self._rows.put(row.id, replace(row, state=to))
        return True


def _place(row: Finding) -> tuple[int, int, FindingState]:
    return row.owner_id, row.version, row.state


class MemorySealed(Repository):
    @statement
    def each(self) -> Sequence[SealedItem]:
        rows = self.table("connections")
        found = [SealedItem(f"connection:{row.owner_id}", row.sealed) for row in rows]
        found += [SealedItem(name, value["sealed"]) for name, value in self._model_keys()]
        for name, _, _, text in self._chats():
            for match in SEALED_TEXT.finditer(text):
                found.append(SealedItem(name, match[0], sure=False))
        return found

    @statement
    def reseal_all(self, change: Callable[[str], str]) -> int:
        connections, notes, count = self.table("connections"), self.table("notes"), 0
        for owner, row in list(connections.rows.items()):
            connections.put(owner, replace(row, sealed=change(row.sealed)))
            count += 1
        for name, value in self._model_keys():
            notes.put(name, json.dumps({**value, "sealed": change(value["sealed"])}))
            count += 1
        for _, table, key, text in self._chats():
            found = {match[0] for match in SEALED_TEXT.finditer(text)}
            known = {sealed: new for sealed in found if (new := _opened(sealed, change))}
            count += sum(text.count(sealed) for sealed in known)
            self._store(table, key, _replaced(text, known))
        return count

    def _model_keys(self) -> list[tuple[str, Any]]:
        notes = sorted(self.table("notes").rows.items())
        return [(name, json.loads(text)) for name, text in notes if name.startswith(_KEY)]

    def _chats(self) -> list[tuple[str, str, Any, str]]:
        """Name, table, key and text of each."""
        notes = sorted(self.table("notes").rows.items())
        found = [(name, "notes", name, text) for name, text in notes if not name.startswith(_KEY)]
        for table, field in _CHATS.items():
            for key, row in self.table(table).rows.items():
                text = json.dumps(getattr(row, field), default=str)
                found.append((f"{table}:{row.id}", table, key, text))
        return found

    def _store(self, name: str, key: Any, text: str) -> None:
        table = self.table(name)
        if name == "notes":
            table.put(key, text)
        else:
            table.put(key, replace(table.rows[key], **{_CHATS[name]: json.loads(text)}))


def _opened(sealed: str, change: Callable[[str], str]) -> str:
    try:
        return change(sealed)
    except OperatorNeeded:
        return ""


def _replaced(text: str, known: Mapping[str, str]) -> str:
    def new(sealed: str) -> str:
        return json.dumps(known[sealed])[1:-1] if sealed in known else sealed

    return SEALED_TEXT.sub(lambda match: new(match[0]), text)
