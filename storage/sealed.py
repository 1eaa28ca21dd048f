"""All that is stored encrypted: keys of accounts and models, and words that carried one."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from agents.domain.errors import OperatorNeeded
from agents.domain.sealing import SEALED_TEXT, SealedItem
from storage.models import NoteRow
from storage.models_venues import ConnectionRow
from storage.rows import Repository

_MODEL_KEY = "model_key:"
# Where words of a chat are kept: what it is called, table, key and text.
_CHATS = (
    ("note", "notes", "name", "value"),
    ("inbox", "inbox", "id", "payload"),
    ("outbox", "outbox", "id", "facts"),
    ("page", "page_messages", "id", "body"),
)
_START = "%gAAAA%"  # of every sealed text, for a first look
Change = Callable[[str], str]


class Sealed(Repository):
    """Satisfies `agents.domain.sealing.Sealed`."""

    async def each(self) -> Sequence[SealedItem]:
        found = [
            SealedItem(f"connection:{row.owner_id}", row.sealed)
            for row in await self._connections()
        ]
        found += [SealedItem(row.name, row.value["sealed"]) for row in await self._model_keys()]
        for called, table, key, column in _CHATS:
            for row in await self._chats(table, key, column):
                for match in SEALED_TEXT.finditer(row[column]):
                    found.append(SealedItem(_named(called, row[key]), match[0], sure=False))
        return found

    async def reseal_all(self, change: Change) -> int:
        async with self._transactions.transaction():
            count = await self._change_connections(change)
            count += await self._change_model_keys(change)
            for _, table, key, column in _CHATS:
                count += await self._change_chats(table, key, column, change)
            return count

    async def _change_connections(self, change: Change) -> int:
        rows = await self._connections()
        for row in rows:
            present = ConnectionRow.filter(id=row.id).using_db(self.db)
            await present.update(sealed=change(row.sealed))
        return len(rows)

    async def _change_model_keys(self, change: Change) -> int:
        rows = await self._model_keys()
        for row in rows:
            value = {**row.value, "sealed": change(row.value["sealed"])}
            await NoteRow.filter(name=row.name).using_db(self.db).update(value=value)
        return len(rows)

    async def _change_chats(self, table: str, key: str, column: str, change: Change) -> int:
        count = 0
        for row in await self._chats(table, key, column):
            text, changed = _changed(row[column], change)
            if changed:
                sql = f'UPDATE "{table}" SET "{column}" = ? WHERE "{key}" = ?'  # noqa: S608
                await self.change(sql, [text, row[key]])
            count += changed
        return count

    async def _connections(self) -> Sequence[ConnectionRow]:
        return await ConnectionRow.all().using_db(self.db).order_by("id")

    async def _model_keys(self) -> Sequence[NoteRow]:
        query = NoteRow.filter(name__startswith=_MODEL_KEY).using_db(self.db)
        return await query.order_by("name")

    async def _chats(self, table: str, key: str, column: str) -> list[Any]:
        sql = (
            f'SELECT "{key}", "{column}" FROM "{table}" '  # noqa: S608
            f"""WHERE "{column}" LIKE '{_START}' ORDER BY "{key}" """
        )
        rows = await self.fetch(sql)
        return [row for row in rows if not str(row[key]).startswith(_MODEL_KEY)]


def _named(called: str, key: Any) -> str:
    return str(key) if called == "note" else f"{called}:{key}"


def _changed(document: str, change: Change) -> tuple[str, int]:
    """A JSON text with what looks sealed in it changed, where it can be; and how often it was."""
    count, done = 0, []
    last = 0
    for match in SEALED_TEXT.finditer(document):
        try:
            new = change(match[0])
        except OperatorNeeded:  # somebody wrote it: it was sealed by nobody here
            continue
        done += [document[last : match.start()], json.dumps(new)[1:-1]]
        last, count = match.end(), count + 1
    return "".join([*done, document[last:]]), count
