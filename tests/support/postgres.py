"""A real PostgreSQL server for tests: in a temporary folder, on a free port of loopback.

initdb and postgres refuse to run as root, so root starts them as the user `postgres` or `nobody`.
Nothing is safe on disk: a test's database need not survive a power cut.
"""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg

USER = "parley"
STARTS = 3
PATIENCE = 30.0
"""Seconds that a start may take."""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "50",
}

T = TypeVar("T")


class PostgresMissing(Exception):
    """No PostgreSQL server can be started here: install the package `postgresql`."""


class PostgresFailed(Exception):
    """PostgreSQL was found and did not start; its own words follow."""


@dataclass(frozen=True)
class Programs:
    """Where initdb and postgres are, and the user that runs them (None: the present one)."""

    folder: Path
    user: str | None

    def run_as(self) -> dict[str, Any]:
        return (
            {"user": self.user, "group": _group(self.user), "extra_groups": []} if self.user else {}
        )


@dataclass(frozen=True)
class PostgresServer:
    port: int

    def url(self, database: str = "postgres") -> str:
        return f"postgres://{USER}@127.0.0.1:{self.port}/{database}"

    def create_database(self, like: str = "") -> str:
        """The name of a new database: an empty one, or a copy of one that nobody uses."""
        name = f"test_{uuid4().hex[:12]}"
        template = f' TEMPLATE "{like}"' if like else ""
        run(self._execute(f'CREATE DATABASE "{name}"{template}'))
        return name

    def drop_database(self, name: str) -> None:
        run(self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a loop of its own; the test's loop is not touched."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)


def find_programs() -> Programs:
    """Raises PostgresMissing."""
    return Programs(_find_folder(), _find_user() if os.geteuid() == 0 else None)


def _find_folder() -> Path:
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresMissing("neither PATH nor /usr/lib/postgresql has initdb and postgres")


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0


def _find_user() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return name
    raise PostgresMissing("root may not run PostgreSQL, and no user postgres or nobody exists")


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A running server, gone afterwards. Raises PostgresMissing or PostgresFailed."""
    programs = find_programs()
    with _own_folder(programs.user) as folder:
        _initialise(programs, folder)
        process, port = _start_on_free_port(programs, folder)
        try:
            yield PostgresServer(port)
        finally:
            _stop(process)


@contextmanager
def _own_folder(user: str | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="parley-postgres-", dir="/tmp"))
    try:
        if user:
            shutil.chown(folder, user, _group(user))
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initialise(programs: Programs, folder: Path) -> None:
    done = subprocess.run(
        [
            programs.folder / "initdb",
            f"--pgdata={folder / 'data'}",
            f"--username={USER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        **programs.run_as(),
    )
    if done.returncode:
        raise PostgresFailed(done.stderr)


def _start_on_free_port(programs: Programs, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Another process may take the port between asking for it and using it: ask again."""
    for _ in range(STARTS):
        port = _free_port()
        process = _start(programs, folder, port)
        if _is_ready(process, folder):
            return process, port
        _stop(process)
    raise PostgresFailed((folder / "log").read_text(errors="replace"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _start(programs: Programs, folder: Path, port: int) -> subprocess.Popen[bytes]:
    settings = {**SETTINGS, "port": str(port)}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [
                programs.folder / "postgres",
                *("-D", folder / "data"),
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **programs.run_as(),
        )


def _is_ready(process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Once its pid file says so, which is also what pg_ctl waits for."""
    pid_file = folder / "data" / "postmaster.pid"
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        if lines[:1] == [str(process.pid)] and lines[-1].strip() == "ready":
            return True
        _pause(process)
    return False


def _pause(process: subprocess.Popen[bytes]) -> None:
    """A moment, or less if the process ends."""
    try:
        process.wait(0.02)
    except subprocess.TimeoutExpired:
        return


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Immediate shutdown: nothing here is kept."""
    if process.poll() is None:
        process.send_signal(signal.SIGQUIT)
        process.wait(PATIENCE)
