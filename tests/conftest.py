"""What any test may ask for, and a reason for skipping where this machine has it not."""

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.lanes import Lanes, place_of
from tests.support.postgres import PostgresMissing, PostgresServer, postgres_server, run
from tests.support.sources import ROOT

DATA_SETTING = "PARLEY_TEST_DATA"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")

# A slow machine is no fault of what is tested.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """What is collected lives to the end: nobody shall look through it for garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: place_of(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes | None:
    return Lanes(config, log) if config.getvalue("dist") == "load" else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real candles, texts and golden values; its README says what is in it."""
    named = os.environ.get(DATA_SETTING)
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}: set {DATA_SETTING} to its folder")
    return folder


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """For playwright's `chromium.launch(executable_path=..., args=["--no-sandbox"])`."""
    for name in CHROMIUMS:
        if found := shutil.which(name):
            return found
    pytest.skip("no chromium on PATH: install the package chromium")


@pytest.fixture(scope="session", name="postgres_server")
def _postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL server for each test worker."""
    try:
        with postgres_server() as server:
            yield server
    except PostgresMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of SQLite with all tables, to be copied: making them anew takes a second."""
    from storage.database import migrate

    path = tmp_path_factory.mktemp("migrated") / "parley.db"
    run(migrate(f"sqlite://{path}"))
    return path


@pytest.fixture
def sqlite_with_tables(migrated_file: Path, tmp_path: Path) -> str:
    """The address of a database that belongs to this test alone."""
    return f"sqlite://{shutil.copy(migrated_file, tmp_path / 'parley.db')}"


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a PostgreSQL database with all tables, to be copied."""
    from storage.database import migrate

    name = postgres_server.create_database()
    run(migrate(postgres_server.url(name)))
    yield name
    postgres_server.drop_database(name)


@pytest.fixture
def postgres_with_tables(postgres_server: PostgresServer, migrated_postgres: str) -> Iterator[str]:
    """As `postgres_url`, with all tables."""
    name = postgres_server.create_database(migrated_postgres)
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of an empty database that belongs to this test alone."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)
