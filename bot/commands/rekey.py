"""`python -m bot rekey`: another secret for all that is stored encrypted.

Without PARLEY_SECRET the new secret stands before the old one in the file until everything is
sealed anew, in one transaction; only then the old one is dropped. Wherever that breaks off, the
next start opens both kinds, and the next run finishes it.
"""

import secrets as random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.domain.errors import OperatorNeeded
from agents.domain.sealing import Sealed
from bot.connectors.vault import Vault, keep_secrets, kept_secrets, secret_file, vault_of
from bot.log import hide, hide_keys_in
from bot.settings import Settings

_NOT_SET = (
    "To change PARLEY_SECRET set PARLEY_OLD_SECRET to the present one and PARLEY_SECRET to a new "
    "one, and run this again. Nothing was changed."
)
_THE_SAME = "PARLEY_OLD_SECRET and PARLEY_SECRET are the same. Nothing was changed."
_WRONG = (
    "None of the stored keys can be opened: the old secret is not the one that sealed them. "
    "Nothing was changed; set PARLEY_OLD_SECRET to the one with which this desk ran."
)


class Stored(Protocol):
    """What of the memory is needed."""

    @property
    def sealed(self) -> Sealed: ...


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """How many texts were sealed anew, and how many neither secret opens."""

    changed: int
    lost: int
    finished: bool = False  # what an earlier run had begun

    def __str__(self) -> str:
        begun = "The earlier run is finished: " if self.finished else ""
        said = f"{begun}{self.changed} stored keys are sealed with the new secret."
        if self.lost:
            said += (
                f" {self.lost} can't be opened with the old secret either and were left as they "
                "are; their owners have to send them again."
            )
        return said


async def rekey(settings: Settings, memory: Stored) -> str:
    """What was done. Nobody else may run on the database meanwhile. Raises OperatorNeeded."""
    if settings.secret:
        return await _given(settings, memory)
    path = secret_file(settings.database_url)
    kept = kept_secrets(path)
    if not kept:
        raise OperatorNeeded(f"There is no secret in {path} yet, so nothing is sealed with one.")
    finished = len(kept) > 1
    if not finished:
        kept = [random.token_urlsafe(32), *kept]
        hide(kept[0])
        keep_secrets(path, kept)
    done = await _resealed(await vault_of(kept, hide, hide_keys_in), memory, finished=finished)
    keep_secrets(path, kept[:1])
    return f"{done} The old one is dropped from {path}."


async def _given(settings: Settings, memory: Stored) -> str:
    """PARLEY_SECRET is the new one."""
    old = _old_secrets(settings)
    if not old:
        raise OperatorNeeded(_NOT_SET)
    if settings.secret in old:
        raise OperatorNeeded(_THE_SAME)
    done = await _resealed(
        await vault_of([settings.secret, *old], hide, hide_keys_in), memory, given=True
    )
    where = "Take PARLEY_OLD_SECRET out of the settings now."
    if not settings.old_secret:
        where = f"The file {secret_file(settings.database_url)} is not needed any more; remove it."
    return f"{done} {where}"


def _old_secrets(settings: Settings) -> Sequence[str]:
    """PARLEY_OLD_SECRET, or what was kept in the file before PARLEY_SECRET was set."""
    if settings.old_secret:
        return [settings.old_secret]
    return kept_secrets(secret_file(settings.database_url))


async def _resealed(
    vault: Vault, memory: Stored, *, finished: bool = False, given: bool = False
) -> Rekeyed:
    items = {item.sealed for item in await memory.sealed.each() if item.sure}
    lost = {sealed for sealed in items if not _opens(vault, sealed)}
    if given and items == lost != set():
        raise OperatorNeeded(_WRONG)

    def change(sealed: str) -> str:
        return sealed if sealed in lost else vault.seal(vault.open(sealed))

    await memory.sealed.reseal_all(change)
    return Rekeyed(len(items) - len(lost), len(lost), finished)


def _opens(vault: Vault, sealed: str) -> bool:
    try:
        vault.open(sealed)
    except OperatorNeeded:
        return False
    return True
