"""The one place that veils: key material is sealed, or taken out, before a message is stored.

What people send passes here at the door, before inbox, transcript or router see it. A key for the
model and the keys of an exchange are sealed where they are meant as such. While a dialogue waits
for an exchange key, every plain text in that chat is sealed, whatever it is: a note in the memory
says so (`veil:CHAT:SENDER`), written at the door too, so that neither a restart nor two messages in
one breath leave a gap. What looks like a key anywhere else is left out.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Protocol

from agents.domain.errors import OperatorNeeded
from agents.domain.notebook import Notes
from agents.domain.sealing import SEALED_TEXT
from agents.domain.user import Identity, Place
from handlers.chat import Incoming

HIDDEN = "(hidden)"
OFF = "off"
CONNECT = "connect"
"""The command that takes a key, and how the verbs of its buttons begin."""

Change = Callable[[str], str]

_MODEL_KEY = re.compile(r"\s*/settings(?:@\w+)?\s+key[\s:=]+(?P<key>\S.*?)\s*", re.I | re.S)
_CONNECT = re.compile(rf"\s*/{CONNECT}(?:@\w+)?(?:\s+(?P<words>\S.*?))?\s*", re.I | re.S)
_ANY_COMMAND = re.compile(r"\s*/[a-z_]{1,32}(?:@\w+)?(?:\s|\Z)", re.I)
_NAME = re.compile(r"[A-Za-z]{2,20}\d?")  # of an exchange
_SEALED = re.compile(r"🔏(?P<token>[0-9a-f]{8}) (?P<sealed>\S+)")
_SEALED_COMMAND = re.compile(rf"(?:/{CONNECT}|/settings key) {SEALED_TEXT.pattern}", re.ASCII)
_ADDRESS = re.compile(r"\b\w+://\S+")
_MODEL_KEY_LIKE = re.compile(r"\bsk-[\w-]{16,}")
_LONG = re.compile(r"(?<![\w+/-])[\w+/-]{30,}={0,2}(?![\w+/-])", re.ASCII)
_SHORTER = re.compile(r"(?<![\w+/-])[\w+/-]{12,}={0,2}(?![\w+/-])", re.ASCII)
_PIECE = 12
_BLOCK = re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.S)


@dataclass(frozen=True, slots=True)
class Veiled:
    """A plain text that was sealed while a key was awaited; `token` names the update that had
    the door wait for one."""

    token: str
    sealed: str


class Seals(Protocol):
    """Encrypts what is stored."""

    def seal(self, text: str) -> str: ...
    def open(self, sealed: str) -> str:
        """Raises OperatorNeeded for what was sealed with another secret."""


class Veil:
    def __init__(self, notes: Notes, seals: Seals) -> None:
        self._notes = notes
        self._seals = seals

    async def sealed(self, incoming: Incoming) -> Incoming:
        """The update as it may be stored."""
        if _begins(incoming):
            await arm(self._notes, incoming)
        if incoming.text is None:
            return incoming
        said = _SEALED.sub("", incoming.text)  # sealed by the door alone, which opens for nobody
        awaited = await self._awaited(incoming.place, incoming.sender) if incoming.private else ""
        if awaited and not _ANY_COMMAND.match(said):
            return replace(incoming, text=f"🔏{awaited} {self._seals.seal(said)}")
        seal = self._seals.seal if incoming.private else _hidden
        return replace(incoming, text=_command_veiled(said, self._seals.seal, seal))

    def carries_a_key(self, stored: Incoming) -> bool:
        """Whether a message must not stand in its chat until it is answered: surely a key."""
        said = stored.text or ""
        if stored.tap is not None or not stored.private:
            return False
        if found := _SEALED.fullmatch(said):
            return looks_like_a_key(self._open(found["sealed"]))
        return bool(_SEALED_COMMAND.fullmatch(said))

    def _open(self, sealed: str) -> str:
        try:
            return self._seals.open(sealed)
        except OperatorNeeded:
            return ""

    async def kept(self, place: Place, sender: Identity, said: str) -> str:
        """`said`, in private, as it may stand in a conversation that is kept and shown."""
        if await self._awaited(place, sender) and not _ANY_COMMAND.match(said):
            return HIDDEN
        return shown(said)

    async def _awaited(self, place: Place, sender: Identity) -> str:
        return await self._notes.read(_note(place, sender)) or ""


def shown(said: str) -> str:
    """`said`, veiled or not, without any key in it."""
    if _SEALED.fullmatch(said):
        return HIDDEN
    return _command_veiled(said, _hidden, _hidden)


def veiled(said: str) -> Veiled | None:
    """What the door made of a text that was said while a key was awaited."""
    found = _SEALED.fullmatch(said)
    return Veiled(found["token"], found["sealed"]) if found else None


def without_keys(said: str) -> str:
    """`said` without what looks like a key. Addresses are left alone; a short word is taken for
    a part of a key only beside a long one."""
    addresses = {match.span() for match in _ADDRESS.finditer(said)}

    def left(found: re.Match[str]) -> str:
        at = found.start()
        inside = any(start <= at < end for start, end in addresses)
        return found[0] if inside or not _is_mixed(found[0]) else HIDDEN

    if _BLOCK.search(said):
        return HIDDEN
    if any(left(found) == HIDDEN for found in _LONG.finditer(said)):
        return _SHORTER.sub(left, said)
    return _MODEL_KEY_LIKE.sub(HIDDEN, said)


def looks_like_a_key(said: str) -> bool:
    return HIDDEN in without_keys(said)


def _is_mixed(word: str) -> bool:
    """Letters and digits both, and not only short words joined."""
    longest = max(re.split(r"[/_-]", word), key=len)
    signs = word.rstrip("=")
    return (
        len(longest) >= _PIECE
        and any(sign.isdigit() for sign in signs)
        and any(sign.isalpha() for sign in signs)
    )


def _command_veiled(said: str, seal_model_key: Change, seal: Change) -> str:
    """A command with its key as the changes give it; anything else without what looks like one."""
    if found := _MODEL_KEY.fullmatch(said):
        key = found["key"]
        return said if key.lower() == OFF else f"/settings key {seal_model_key(key)}"
    if found := _CONNECT.fullmatch(said):
        words = found["words"] or ""
        is_name = not words or _NAME.fullmatch(words)
        return said if is_name else f"/{CONNECT} {seal(words)}"
    return without_keys(said)


def _hidden(key: str) -> str:
    return HIDDEN


# --- while a key is awaited -----------------------------------------------------------------------


def _begins(incoming: Incoming) -> bool:
    """Whether a key is awaited once this update is handled, and perhaps said before that."""
    if not incoming.private or incoming.forwarded:
        return False
    if incoming.tap is not None:
        return incoming.tap.verb.startswith(CONNECT)
    return bool(_CONNECT.fullmatch(incoming.text or ""))


async def arm(notes: Notes, incoming: Incoming) -> str:
    """From now on every plain text of the sender in that chat is sealed; the token that ends it."""
    token = token_of(incoming)
    await notes.write(_note(incoming.place, incoming.sender), token)
    return token


def token_of(incoming: Incoming) -> str:
    return sha256(incoming.key.encode()).hexdigest()[:8]


async def disarm(notes: Notes, incoming: Incoming, token: str) -> None:
    """No key is awaited any more, unless a later update than that one waits for one."""
    name = _note(incoming.place, incoming.sender)
    if await notes.read(name) == token:
        await notes.erase(name)


def _note(place: Place, sender: Identity) -> str:
    return f"veil:{place}:{sender}"
