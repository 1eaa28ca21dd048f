"""Secrets of users at rest: sealed with keys that are made of PARLEY_SECRET.

Several secrets may be known at once, while they are being changed: the first seals, each opens.
Without PARLEY_SECRET they stand in a file beside the database, one a line.
"""

import asyncio
import logging
import os
import secrets
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from agents.domain.errors import OperatorNeeded
from bot.settings import Settings

log = logging.getLogger(__name__)

# Not secret: it keeps keys of this application apart from those of others with the same secret.
_SALT = b"parley vault, 2026"
_SQLITE = "sqlite://"
_STANDARD_FOLDER = "var"


class Vault:
    """Satisfies `handlers.veil.Seals`. `known` is told every text that is sealed or opened, so
    that it can be kept out of the log. `older` secrets open and do not seal. Making one takes
    about 0.1 s of work (scrypt) for each secret."""

    def __init__(
        self,
        secret: str,
        known: Callable[[str], None] = lambda text: None,
        older: Sequence[str] = (),
    ) -> None:
        self._every = MultiFernet([_fernet(one) for one in (secret, *older)])
        self._known = known

    def seal(self, text: str) -> str:
        """Printable ASCII without spaces, another one each time."""
        self._known(text)
        return self._every.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises OperatorNeeded for what was sealed with another secret, or is not sealed."""
        try:
            text = self._every.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise OperatorNeeded(
                "A stored secret can't be opened: PARLEY_SECRET is not the one that sealed it. "
                "Set the earlier one again, or let the secret be entered anew."
            ) from None
        self._known(text)
        return text


def _fernet(secret: str) -> Fernet:
    derived = Scrypt(salt=_SALT, length=32, n=2**14, r=8, p=1).derive(secret.encode())
    return Fernet(urlsafe_b64encode(derived))


async def open_vault(
    settings: Settings, hide: Callable[[str], None], known: Callable[[str], None]
) -> Vault:
    """The desk's vault. `hide` is told its secrets. Raises OperatorNeeded."""
    return await vault_of(secrets_for(settings), hide, known)


async def vault_of(
    every: Sequence[str], hide: Callable[[str], None], known: Callable[[str], None]
) -> Vault:
    """One with these secrets, the first of which seals."""
    for secret in every:
        hide(secret)
    return await asyncio.to_thread(Vault, every[0], known, every[1:])


# --- where the secrets are --------------------------------------------------------------------


def secrets_for(settings: Settings) -> list[str]:
    """The one that seals, and then those that only open. PARLEY_SECRET, with PARLEY_OLD_SECRET
    behind it; without it those that are kept beside the database, where one is made when there is
    none. Raises OperatorNeeded when they can be neither read nor kept."""
    if settings.secret:
        return [settings.secret, *([settings.old_secret] if settings.old_secret else [])]
    path = secret_file(settings.database_url)
    if not (kept := kept_secrets(path)):
        _first(path, secrets.token_urlsafe(32))
        log.info("PARLEY_SECRET is not set; one was made and is kept.", extra={"file": path})
        kept = kept_secrets(path)
    return kept


def secret_file(database_url: str) -> Path:
    """`secret` in the folder of a SQLite file; else in `var` of the working directory."""
    name = database_url.removeprefix(_SQLITE).partition("?")[0]
    in_file = database_url.startswith(_SQLITE) and name != ":memory:"
    return (Path(name).parent if in_file else Path(_STANDARD_FOLDER)) / "secret"


def kept_secrets(path: Path) -> list[str]:
    """Those of the file, the one that seals first; none where there is no file. Raises
    OperatorNeeded."""
    try:
        if not path.exists():
            return []
        kept = [line.strip() for line in path.read_text("ascii").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from error
    if not kept:
        raise OperatorNeeded(
            f"The secret in {path} is empty: put the earlier one back from a backup, or remove "
            "the file and have every key entered anew."
        )
    return kept


def keep_secrets(path: Path, every: Sequence[str]) -> None:
    """In place of what the file had: whole or not at all, also when the power fails. Raises
    OperatorNeeded."""
    try:
        name = _written(path, every)
        Path(name).replace(path)
        _make_sure(path.parent)
    except OSError as error:
        raise _unusable(path, error) from error


def _first(path: Path, secret: str) -> None:
    """Whole or not at all; the first of two processes wins."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        name = _written(path, [secret])
        try:
            with suppress(FileExistsError):
                os.link(name, path)
        finally:
            Path(name).unlink()
        _make_sure(path.parent)
    except OSError as error:
        raise _unusable(path, error) from error


def _written(path: Path, every: Sequence[str]) -> str:
    """A file beside it, for its owner's eyes."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix="secret.")  # mode 600
    with os.fdopen(number, "w") as file:
        file.write("".join(f"{secret}\n" for secret in every))
        file.flush()
        os.fsync(file.fileno())
    return name


def _make_sure(folder: Path) -> None:
    """The names in a folder survive a power cut only once this was asked for."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _unusable(path: Path, error: Exception) -> OperatorNeeded:
    reason = error.strerror if isinstance(error, OSError) else "it is not text"
    return OperatorNeeded(
        f"The secret in {path} can't be read or kept ({reason}); set PARLEY_SECRET."
    )
