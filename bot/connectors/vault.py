"""Secrets of users at rest: sealed with a key that is made of PARLEY_SECRET."""

import asyncio
import logging
import os
import secrets
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from agents.domain.errors import OperatorNeeded
from bot.settings import Settings

log = logging.getLogger(__name__)

# Not secret: it keeps keys of this application apart from those of others with the same secret.
_SALT = b"parley vault, 2026"
_SQLITE = "sqlite://"
_STANDARD_FOLDER = "var"


class Vault:
    """Satisfies `handlers.model_keys.Seals`. `known` is told every text that is sealed or opened,
    so that it can be kept out of the log. Making one takes about 0.1 s of work (scrypt)."""

    def __init__(self, secret: str, known: Callable[[str], None] = lambda text: None) -> None:
        derived = Scrypt(salt=_SALT, length=32, n=2**14, r=8, p=1).derive(secret.encode())
        self._fernet = Fernet(urlsafe_b64encode(derived))
        self._known = known

    def seal(self, text: str) -> str:
        """Printable ASCII without spaces, another one each time."""
        self._known(text)
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises OperatorNeeded for what was sealed with another secret, or is not sealed."""
        try:
            text = self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise OperatorNeeded(
                "A stored secret can't be opened: PARLEY_SECRET is not the one that sealed it. "
                "Set the earlier one again, or let the secret be entered anew."
            ) from None
        self._known(text)
        return text


async def open_vault(settings: Settings, known: Callable[[str], None]) -> Vault:
    """The desk's vault. `known` learns of the secret too. Raises OperatorNeeded."""
    secret = secret_for(settings)
    known(secret)
    return await asyncio.to_thread(Vault, secret, known)


def secret_for(settings: Settings) -> str:
    """PARLEY_SECRET; without it one that is made once and kept beside the database. Raises
    OperatorNeeded when it can be neither read nor kept."""
    if settings.secret:
        return settings.secret
    path = secret_file(settings.database_url)
    try:
        if not path.exists():
            _keep(path, secrets.token_urlsafe(32))
            log.info("PARLEY_SECRET is not set; one was made and is kept.", extra={"file": path})
        return path.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise OperatorNeeded(
            f"The secret in {path} can't be read or kept ({reason}); set PARLEY_SECRET."
        ) from error


def secret_file(database_url: str) -> Path:
    """`secret` in the folder of a SQLite file; else in `var` of the working directory."""
    name = database_url.removeprefix(_SQLITE).partition("?")[0]
    in_file = database_url.startswith(_SQLITE) and name != ":memory:"
    return (Path(name).parent if in_file else Path(_STANDARD_FOLDER)) / "secret"


def _keep(path: Path, secret: str) -> None:
    """Whole or not at all, for its owner's eyes; the first of two processes wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix="secret.")  # mode 600
    try:
        with os.fdopen(number, "w") as file:
            file.write(f"{secret}\n")
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()
