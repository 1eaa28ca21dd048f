"""One running Parley per file of SQLite."""

import fcntl
import os
from pathlib import Path
from typing import IO

from agents.domain.errors import OperatorNeeded


class FileLock:
    """Held while a process runs on a database file; the system frees it when the process dies,
    however it dies. The file beside the database stays and names the last holder."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(database.name + ".lock")
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Raises OperatorNeeded, with the holder's process number, when another has it."""
        file = self._path.open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            raise OperatorNeeded(self._sentence(holder)) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def _sentence(self, holder: str) -> str:
        who = f"process {holder}" if holder.isdecimal() else "another process"
        return (
            f"Parley is running already on {self._database} ({who}): stop that one first, or name "
            "another file in DATABASE_URL. Several processes can share a PostgreSQL."
        )

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
