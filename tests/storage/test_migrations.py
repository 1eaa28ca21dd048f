"""The schema after every way to it, on both databases, and what a failed upgrade leaves."""

import asyncio
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tortoise.context import require_context

from agents.domain.errors import OperatorNeeded
from storage import migrations
from storage.database import migrate, open_database
from storage.schema import APP, bind_models, client_of, config, known_migrations, upgrade
from tests.support.schemas import differences, fill, of_database, of_models
from tests.support.stored import a_user


async def _unlike_the_models(url: str) -> list[str]:
    """What differs between a database, opened once, and the models."""
    await (await open_database(url)).close()
    return differences(of_models(url.partition(":")[0]), await of_database(url))


async def _count(url: str, table: str) -> int:
    database = await open_database(url)
    try:
        rows = await database._notes.fetch(f"SELECT COUNT(*) AS number FROM {table}")
        return int(rows[0]["number"])
    finally:
        await database.close()


# --- ways to the present schema ---------------------------------------------------------------


async def test_a_new_database_is_as_the_models_want_it(empty_url: str) -> None:
    assert await migrate(empty_url) == known_migrations()
    assert await migrate(empty_url) == []
    assert await _unlike_the_models(empty_url) == []


@pytest.mark.parametrize("start", known_migrations())
async def test_each_earlier_database_becomes_the_present_one(empty_url: str, start: str) -> None:
    """With a row in each table it had; the rows are still there afterwards."""
    done = await upgrade(empty_url, start)
    assert done == [name for name in known_migrations() if name <= start]
    tables = await fill(empty_url)
    later = await migrate(empty_url)
    assert later == [name for name in known_migrations() if name > start]
    assert await _unlike_the_models(empty_url) == []
    for table in tables:
        if table in await of_database(empty_url):
            assert await _count(empty_url, table) == 1


async def test_models_and_migrations_agree() -> None:
    """`tortoise makemigrations` has nothing to write."""
    from tortoise.migrations.autodetector import MigrationAutodetector

    settings = config("sqlite://:memory:")
    await bind_models(client_of(settings))
    apps = require_context().apps
    assert apps is not None
    changes = await MigrationAutodetector(apps, settings["apps"]).changes()
    assert [writer.as_string() for writer in changes] == []


async def test_several_may_open_a_new_database_at_once(empty_url: str) -> None:
    opened = await asyncio.gather(*(open_database(empty_url) for _ in range(4)))
    for database in opened:
        await database.notes.write("a", 1)
        await database.close()
    assert await _unlike_the_models(empty_url) == []


async def test_an_upgrade_leaves_an_open_database_of_the_other_kind_alone(
    sqlite_with_tables: str, postgres_url: str
) -> None:
    database = await open_database(sqlite_with_tables)
    try:
        await upgrade(postgres_url)
        assert (await a_user(database)).name == "User 1"
    finally:
        await database.close()


def test_names_are_numbered_and_follow_each_other() -> None:
    numbers = [int(name.split("_")[0]) for name in known_migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


# --- the check itself -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        ("DROP INDEX {}", "proposals.indexes lacks ('state', 'expires_at')"),
        ("CREATE TABLE extra (id INT)", "table extra is too many"),
        ("ALTER TABLE notes ADD COLUMN more TEXT", "notes.columns has ('more', ('TEXT', True))"),
        ("DROP TABLE notes", "table notes is missing"),
    ],
)
async def test_what_is_missing_is_noticed(
    migrated_file: Path, tmp_path: Path, statement: str, difference: str
) -> None:
    path = shutil.copy(migrated_file, tmp_path / "parley.db")
    url = f"sqlite://{path}"
    await bind_models(client_of(config(url)))
    with sqlite3.connect(path) as file:
        (index,) = file.execute(
            'SELECT name FROM sqlite_master WHERE sql LIKE \'%"proposals"%"expires_at")%\''
            " AND type = 'index'"
        ).fetchone()
        file.execute(statement.format(index))
    file.close()
    assert differences(of_models("sqlite"), await of_database(url)) == [difference]


# --- known faults of the tool, with what to do instead ----------------------------------------

LATER = """
from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from storage.columns import Words

class Migration(migrations.Migration):
    dependencies = [("storage", "{before}")]
    operations = [{operations}]
"""
ADD_STRICT = """
    ops.AddField("NoteRow", "{name}", Words({options})),
"""


@pytest.fixture(params=["sqlite", "postgres"])
def own_url(request: pytest.FixtureRequest) -> str:
    """Of a database with all tables, which a test may change."""
    found: str = request.getfixturevalue(f"{request.param}_with_tables")
    return found


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type["Later"]]:
    """Writes migrations that follow the present ones, in a package of their own."""
    package = tmp_path / "later_migrations"
    shutil.copytree(Path(migrations.__path__[0]), package)
    monkeypatch.syspath_prepend(tmp_path)
    Later.package = package
    yield Later
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        del sys.modules[name]


class Later:
    package = Path()

    @classmethod
    async def upgrade(cls, url: str, operations: str) -> None:
        text = LATER.format(before=known_migrations()[-1], operations=operations)
        (cls.package / "9000_later.py").write_text(text)
        await upgrade(url, module=cls.package.name)


async def test_an_upgrade_that_fails_leaves_everything(own_url: str, later: type[Later]) -> None:
    await fill(own_url)
    before = await of_database(own_url)
    with pytest.raises(Exception, match=r"NOT NULL|null values"):
        await later.upgrade(
            own_url,
            ADD_STRICT.format(name="mood", options="null=True")
            + ADD_STRICT.format(name="temper", options="default='x'"),
        )
    assert differences(before, await of_database(own_url)) == []
    assert await migrate(own_url) == []
    assert await _count(own_url, "notes") == 1


async def test_strict_additions_need_a_default_in_the_database(
    own_url: str, later: type[Later]
) -> None:
    await fill(own_url)
    await later.upgrade(own_url, ADD_STRICT.format(name="mood", options="db_default='calm'"))
    found = await of_database(own_url)
    assert found["notes"].columns["mood"][1] is False
    with pytest.raises(OperatorNeeded, match="newer Parley"):
        await open_database(own_url)


async def test_an_added_column_is_indexed_by_an_operation_of_its_own(
    own_url: str, later: type[Later]
) -> None:
    await later.upgrade(
        own_url,
        ADD_STRICT.format(name="one", options="null=True, db_index=True")
        + ADD_STRICT.format(name="two", options="null=True")
        + "ops.AddIndex('NoteRow', Index(fields=['two'])),",
    )
    found = await of_database(own_url)
    assert found["notes"].indexes == {("two",)}


async def test_altering_a_column_costs_indexes_on_sqlite(own_url: str, later: type[Later]) -> None:
    """So such a migration must make them again; the schema test above notices when it doesn't."""
    await fill(own_url)
    before = await of_database(own_url)
    await later.upgrade(own_url, "ops.AlterField('ProposalRow', 'outcome', Words(null=True)),")
    lost = differences(before, await of_database(own_url))
    expected = "proposals.indexes lacks ('state', 'expires_at')"
    assert (expected in lost) is own_url.startswith("sqlite")
    assert any("outcome" in line for line in lost)
    assert (await of_database(own_url)).keys() == before.keys()


async def test_rows_that_refer_to_a_rebuilt_table_stay(
    sqlite_with_tables: str, later: type[Later]
) -> None:
    tables = await fill(sqlite_with_tables)
    await later.upgrade(sqlite_with_tables, "ops.AlterField('UserRow', 'name', Words(null=True)),")
    with sqlite3.connect(sqlite_with_tables.removeprefix("sqlite://")) as file:
        counts = {t: file.execute(f"SELECT COUNT(*) FROM {t}").fetchone()[0] for t in tables}
    file.close()
    assert counts == dict.fromkeys(tables, 1)


def test_the_app_is_named_once() -> None:
    assert config("sqlite://:memory:")["apps"].keys() == {APP}
