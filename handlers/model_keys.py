"""Users' own keys for the model: sealed before they are stored, and never shown.

A key is sealed at the door (handlers/veil.py), before the message that carries it is stored; what
handlers and the memory see of it is sealed text.
"""

import logging
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from agents.domain.errors import OperatorNeeded
from agents.domain.ports import Memory
from agents.domain.user import Notice, NoticeKind
from handlers.chat import Reply, text
from handlers.veil import Seals

log = logging.getLogger(__name__)

REFUSED = (
    "🔑 Your model key was refused by the model's server. The rules decide alone until you send "
    "another with /settings key, or remove yours with /settings key off."
)


class KeyState(StrEnum):
    NONE = "none"
    READY = "ready"
    REFUSED = "refused"  # by the model's server
    LOCKED = "locked"  # sealed with another PARLEY_SECRET


@dataclass(frozen=True, slots=True)
class OwnKey:
    """`key` is empty where there is none that can be read."""

    state: KeyState
    key: str = field(default="", repr=False)

    @property
    def ends(self) -> str:
        """All that is ever shown of it."""
        return self.key[-4:]


class ModelKeys:
    """Kept as the note `model_key:USER`."""

    def __init__(self, memory: Memory, seals: Seals) -> None:
        self._memory = memory
        self.seals = seals

    def opened(self, sealed: str) -> str:
        """Raises OperatorNeeded; see Seals."""
        return self.seals.open(sealed)

    async def find(self, owner_id: int) -> OwnKey:
        note = await self._memory.notes.read(_note(owner_id))
        if note is None:
            return OwnKey(KeyState.NONE)
        try:
            key = self.seals.open(note["sealed"])
        except OperatorNeeded:
            return OwnKey(KeyState.LOCKED)
        return OwnKey(KeyState.REFUSED if note["refused"] else KeyState.READY, key)

    async def usable(self, owner_id: int) -> str | None:
        """None for a user without an own key; empty for one whose key can't be used."""
        own = await self.find(owner_id)
        if own.state is KeyState.NONE:
            return None
        if own.state is KeyState.LOCKED:
            log.warning("PARLEY_SECRET has changed: a user's model key can't be opened.")
        return own.key if own.state is KeyState.READY else ""

    async def keep(self, owner_id: int, sealed: str) -> None:
        await self._memory.notes.write(_note(owner_id), {"sealed": sealed, "refused": False})

    async def drop(self, owner_id: int) -> None:
        await self._memory.notes.erase(_note(owner_id))

    async def refused(self, owner_id: int, key: str) -> None:
        """The model's server does not take `key`: it is not tried again, and its owner learns of
        it once. Nothing where the owner has another one by now."""
        async with self._memory.transactions.transaction():
            own = await self.find(owner_id)
            if own != OwnKey(KeyState.READY, key):
                return
            sealed = (await self._memory.notes.read(_note(owner_id)))["sealed"]
            await self._memory.notes.write(_note(owner_id), {"sealed": sealed, "refused": True})
            told = f"model_key:{owner_id}:{sha256(sealed.encode()).hexdigest()[:16]}"
            facts = Reply(text(REFUSED)).as_json()
            await self._memory.notices.tell(Notice(owner_id, NoticeKind.REPLY, told, facts))


def _note(owner_id: int) -> str:
    return f"model_key:{owner_id}"
