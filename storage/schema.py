"""Where the database is, and bringing its tables up to date."""

import pkgutil
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from tortoise import context as tortoise_context
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.exceptions import ConfigurationError

from agents.domain.errors import OperatorNeeded
from storage import migrations
from storage.client import POSTGRES, SQLITE, Client
from storage.transactions import Transactions

APP = "storage"
_PRAGMAS: dict[str, Any] = {
    "journal_mode": "WAL",
    "synchronous": "NORMAL",
    "wal_autocheckpoint": 20_000,  # pages, in a commit; `storage.sqlite` is there long before
    "busy_timeout": 5000,  # milliseconds in which SQLite tries again by itself
    "foreign_keys": "ON",
}
_POOL: dict[str, Any] = {
    "minsize": 1,
    "maxsize": 10,
    "timeout": 10,  # seconds for a connection
    "server_settings": {"jit": "off"},  # compiling costs 100 ms where running takes 10
}
_UPGRADING = 60_000  # milliseconds that one process waits for another's upgrade
_MIGRATING = 7_265_539  # the key of PostgreSQL's advisory lock; any number that is always the same
_ENGINES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "tortoise.backends.sqlite": (SQLITE, "storage.sqlite", _PRAGMAS),
    "tortoise.backends.asyncpg": (POSTGRES, "storage.postgres", _POOL),
}


_NOWHERE = {SQLITE: "sqlite://:memory:", POSTGRES: "postgres://nobody@localhost/none"}


def config(url: str) -> dict[str, Any]:
    """Tortoise's configuration of a database address. What follows a `?` in it is handed on: to
    SQLite as pragmas, to PostgreSQL's pool as options.

    Raises OperatorNeeded when the address can't be read. It may contain a password, so that the
    sentence does not repeat it.
    """
    try:
        given = expand_db_url(url)
        name, engine, defaults = _ENGINES[given["engine"]]
    except (ConfigurationError, KeyError, ValueError):
        raise OperatorNeeded(
            "DATABASE_URL can't be read: write it like sqlite://var/parley.db or "
            "postgres://user:password@host:5432/database."
        ) from None
    credentials = {**defaults, **given["credentials"]}
    return {
        "connections": {name: {"engine": engine, "credentials": credentials}},
        "apps": {
            APP: {
                "models": [
                    "storage.models",
                    "storage.models_mail",
                    "storage.models_page",
                    "storage.models_groups",
                    "storage.models_signals",
                    "storage.models_venues",
                ],
                "default_connection": name,
                "migrations": "storage.migrations",
            }
        },
    }


TOOL = config("sqlite://:memory:")  # for tortoise's command line


def client_of(settings: dict[str, Any]) -> Client:
    """The client of a configuration, not yet connected."""
    name = next(iter(settings["connections"]))
    connection = settings["connections"][name]
    kind: type[Client] = import_module(connection["engine"]).client_class
    return kind(connection_name=name, **connection["credentials"])


def file_of(url: str) -> Path | None:
    """The file of a SQLite address; None for PostgreSQL and for a database in memory."""
    credentials = next(iter(config(url)["connections"].values()))["credentials"]
    path = credentials.get("file_path")
    return Path(path) if path and path != ":memory:" else None


class _Bound:
    """Tortoise's models speak one dialect at a time in a process."""

    dialect = ""


async def bind_models(client: Client) -> None:
    """Make the models speak the client's dialect, whichever task uses them.

    Repositories name the connection of each statement, so that several databases of one dialect
    can be open; the context's own client is there for its dialect and never connects.
    """
    dialect = client.connection_name
    if _Bound.dialect == dialect:
        return
    _Bound.dialect = dialect
    context = TortoiseContext()
    with context:
        await context.init(config=config(_NOWHERE[dialect]))  # does not wait for anything
    # Its setter refuses a second one, and its way to drop the first one waits: others who open a
    # database at the same moment would find none.
    tortoise_context._global_context = context


def known_migrations() -> list[str]:
    """Names of the migrations that this program has, oldest first."""
    return sorted(name for _, name, _ in pkgutil.iter_modules(migrations.__path__))


async def applied_migrations(client: Client) -> list[str]:
    """Names of those that a database has had; empty when it is new.

    Raises OperatorNeeded when its tables are another program's.
    """
    tables = await _tables(client)
    if "tortoise_migrations" in tables:
        rows = await client.execute_query_dict(
            f"SELECT name FROM tortoise_migrations WHERE app = '{APP}'"  # noqa: S608
        )
        return sorted(row["name"] for row in rows)
    if tables:
        raise OperatorNeeded(
            "The database in DATABASE_URL holds the tables of another program: name an empty one."
        )
    return []


async def _tables(client: Client) -> set[str]:
    query = (
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"
        if client.is_postgres
        else "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    return {row["name"] for row in await client.execute_query_dict(query)}


def pending(applied: Iterable[str]) -> list[str]:
    """What a database lacks. Raises OperatorNeeded when a newer program has been on it."""
    known = known_migrations()
    if newer := sorted(set(applied) - set(known)):
        raise OperatorNeeded(
            f"The database was made by a newer Parley (it has {newer[-1]}): install that version, "
            "or name another database in DATABASE_URL."
        )
    return [name for name in known if name not in applied]


async def upgrade(
    url: str, target: str | None = None, *, module: str = "storage.migrations"
) -> list[str]:
    """Apply what is missing of the migrations in `module`, up to `target`: all or nothing.
    Answers the names of what was applied.

    On a connection of its own: SQLite checks references only at the end, since a table that is
    rebuilt is dropped for a moment, which would otherwise delete what refers to it.
    """
    settings = config(url)
    connection, app = settings["connections"], settings["apps"][APP]
    app["migrations"] = module
    if SQLITE in connection:
        connection[SQLITE]["credentials"] |= {"foreign_keys": "OFF", "busy_timeout": _UPGRADING}
    client = client_of(settings)
    await client.open()
    try:
        return await _apply(client, settings, target or "__latest__")
    finally:
        await client.close()


async def _apply(client: Client, settings: dict[str, Any], target: str) -> list[str]:
    """Two processes that start at once apply them one after the other: the second finds nothing
    left to do."""
    transactions = Transactions(client)
    async with transactions.transaction():
        db = transactions.db
        if client.is_postgres:
            await db.execute_query(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
        # Never initialised: that would bind the models to this dialect, under whoever uses them
        # with the other one. A migration changes tables and runs SQL, and asks no model for rows.
        with TortoiseContext() as context:
            context.connections.set(client.connection_name, db)
            applied = await _run_steps(db, settings["apps"], target)
        if not client.is_postgres:
            await _check_references(db)
    return applied


async def _run_steps(db: BaseDBAsyncClient, apps: dict[str, Any], target: str) -> list[str]:
    """What tortoise's own command does, without a commit between a change and its record."""
    from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

    executor = MigrationExecutor(db, apps)
    editor = executor._schema_editor(atomic=True)
    await executor.recorder.ensure_schema(editor)
    steps = await executor.plan([MigrationTarget(APP, target)])
    state = await executor._project_state(executor.loader.applied_migrations)
    for step in steps:
        await step.migration.apply(state, schema_editor=editor)
        await executor.recorder.record_applied(APP, step.migration.name)
    return [step.migration.name for step in steps]


async def _check_references(db: BaseDBAsyncClient) -> None:
    broken = await db.execute_query_dict("PRAGMA foreign_key_check")
    if broken:
        raise OperatorNeeded(
            f"The database could not be upgraded: rows of {broken[0]['table']} refer to what is "
            "not there. It is as it was; put a backup in its place or ask for help."
        )
