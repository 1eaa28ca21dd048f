"""The shape of a database's tables: as the models want it, and as it is found."""

import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import asyncpg
from tortoise.indexes import Index
from tortoise.models import Model

from storage.schema import APP, TOOL

_POSTGRES_NAMES = {
    "BIGINT": "bigint",
    "INT": "integer",
    "TEXT": "text",
    "BOOL": "boolean",
    "BYTEA": "bytea",
}


@dataclass
class Table:
    """`columns` maps a name to its type and whether it may be null, `references` a column to the
    table it refers to; indexes and uniques are lists of columns in order."""

    columns: dict[str, tuple[str, bool]] = field(default_factory=dict)
    uniques: set[tuple[str, ...]] = field(default_factory=set)
    indexes: set[tuple[str, ...]] = field(default_factory=set)
    references: dict[str, str] = field(default_factory=dict)


Schema = dict[str, Table]


def differences(wanted: Schema, found: Schema) -> list[str]:
    """A line for each thing that is not as it is wanted; none when all is."""
    lines = [f"table {name} is missing" for name in wanted.keys() - found.keys()]
    lines += [f"table {name} is too many" for name in found.keys() - wanted.keys()]
    for name in wanted.keys() & found.keys():
        for part in ("columns", "uniques", "indexes", "references"):
            lines += _apart(
                f"{name}.{part}", getattr(wanted[name], part), getattr(found[name], part)
            )
    return sorted(lines)


def _apart(where: str, wanted: Any, found: Any) -> list[str]:
    wanted = set(wanted.items()) if isinstance(wanted, dict) else wanted
    found = set(found.items()) if isinstance(found, dict) else found
    return [f"{where} lacks {item}" for item in wanted - found] + [
        f"{where} has {item}" for item in found - wanted
    ]


# --- wanted -----------------------------------------------------------------------------------


def row_models() -> list[type[Model]]:
    """Every model, by table."""
    modules = [import_module(name) for name in TOOL["apps"][APP]["models"]]
    found = {
        row
        for module in modules
        for row in vars(module).values()
        if isinstance(row, type) and issubclass(row, Model) and row is not Model
    }
    return sorted(found, key=lambda row: row._meta.db_table)


def of_models(dialect: str) -> Schema:
    """What the models want. They must have been bound by opening a database."""
    return {row._meta.db_table: _of_model(row, dialect) for row in row_models()}


def _of_model(row: type[Model], dialect: str) -> Table:
    meta, table = row._meta, Table()
    for name, column in meta.fields_db_projection.items():
        kind = meta.fields_map[name]
        table.columns[column] = (_type(kind, dialect), kind.null)
        if kind.unique and not kind.pk:
            table.uniques.add((column,))
        if kind.index and not kind.pk:
            table.indexes.add((column,))
    for name in meta.fk_fields:
        relation: Any = meta.fields_map[name]
        table.references[relation.source_field] = relation.related_model._meta.db_table
    table.uniques.update(tuple(columns) for columns in meta.unique_together)
    for index in meta.indexes:
        table.indexes.add(tuple(index.fields if isinstance(index, Index) else index))
    return table


def _type(kind: Any, dialect: str) -> str:
    name: str = kind.get_for_dialect(dialect, "SQL_TYPE")
    if dialect == "postgres":
        return _POSTGRES_NAMES[name]
    return "INTEGER" if kind.pk and kind.generated else name


# --- found ------------------------------------------------------------------------------------


async def of_database(url: str) -> Schema:
    """What is there, without tortoise's own table of migrations."""
    found = await _of_postgres(url) if url.startswith("postgres") else _of_sqlite(url)
    return {name: table for name, table in found.items() if name != "tortoise_migrations"}


def _of_sqlite(url: str) -> Schema:
    connection = sqlite3.connect(url.removeprefix("sqlite://"))
    try:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {name: _sqlite_table(connection, name) for (name,) in names}
    finally:
        connection.close()


def _sqlite_table(connection: sqlite3.Connection, name: str) -> Table:
    table = Table()
    for _, column, kind, not_null, _, key in connection.execute(f"PRAGMA table_info({name})"):
        table.columns[column] = (kind, not (not_null or key))
    for _, index, unique, origin, _ in connection.execute(f"PRAGMA index_list({name})").fetchall():
        rows = connection.execute(f"PRAGMA index_info({index})")
        columns = tuple(column for _, _, column in rows)
        if origin != "pk":
            (table.uniques if unique else table.indexes).add(columns)
    for row in connection.execute(f"PRAGMA foreign_key_list({name})"):
        table.references[row[3]] = row[2]
    return table


async def _of_postgres(url: str) -> Schema:
    connection = await asyncpg.connect(url)
    try:
        tables: Schema = defaultdict(Table)
        for row in await connection.fetch(_COLUMNS):
            tables[row["t"]].columns[row["c"]] = (row["kind"], row["nullable"])
        for row in await connection.fetch(_INDEXES):
            table = tables[row["t"]]
            (table.uniques if row["is_unique"] else table.indexes).add(tuple(row["columns"]))
        for row in await connection.fetch(_REFERENCES):
            tables[row["t"]].references[row["c"]] = row["other"]
        return dict(tables)
    finally:
        await connection.close()


_COLUMNS = """
SELECT table_name AS t, column_name AS c, data_type AS kind, is_nullable = 'YES' AS nullable
FROM information_schema.columns WHERE table_schema = 'public'
"""
_INDEXES = """
SELECT t.relname AS t, i.indisunique AS is_unique, ARRAY(
    SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS k(number, place)
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number ORDER BY k.place
) AS columns
FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public'
WHERE NOT i.indisprimary
"""
_REFERENCES = """
SELECT t.relname AS t, a.attname AS c, other.relname AS other
FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
JOIN pg_class other ON other.oid = k.confrelid
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1] WHERE k.contype = 'f'
"""


# --- rows -------------------------------------------------------------------------------------


async def fill(url: str) -> list[str]:
    """One row in each table that is found, referring to each other; the tables' names."""
    schema = await of_database(url)
    order = _parents_first(schema)
    statements = [_insertion(name, schema[name]) for name in order]
    if url.startswith("postgres"):
        connection = await asyncpg.connect(url)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()
    else:
        with sqlite3.connect(url.removeprefix("sqlite://")) as file:
            file.execute("PRAGMA foreign_keys = ON")
            for statement in statements:
                file.execute(statement)
        file.close()
    return order


def _parents_first(schema: Schema) -> list[str]:
    order: list[str] = []
    while len(order) < len(schema):
        order += [
            name
            for name, table in sorted(schema.items())
            if name not in order and set(table.references.values()) - {name} <= set(order)
        ]
    return order


def _insertion(name: str, table: Table) -> str:
    values = [_value(kind) for kind, _ in table.columns.values()]
    columns = ", ".join(f'"{column}"' for column in table.columns)
    return f'INSERT INTO "{name}" ({columns}) VALUES ({", ".join(values)})'


def _value(kind: str) -> str:
    """A one, or text that is a number, a word and JSON."""
    if "INT" in kind.upper():
        return "1"
    return "TRUE" if "BOOL" in kind.upper() else "'1'"
