"""Everything that is stored encrypted, for when the secret that sealed it is changed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

SEALED_TEXT = re.compile(r"gAAAA[\w-]{90,}={0,2}", re.ASCII)
"""What a sealed text looks like in the midst of others (a Fernet token)."""


@dataclass(frozen=True, slots=True)
class SealedItem:
    """One sealed text. `what` says where it is kept (`connection:7`, `model_key:7`, `inbox:12`).
    Where it is not `sure`, it stands in the words of a chat and only looks sealed: anybody can
    write such a thing."""

    what: str
    sealed: str = field(repr=False)
    sure: bool = True


class Sealed(Protocol):
    """All sealed texts, of all users."""

    async def each(self) -> Sequence[SealedItem]: ...
    async def reseal_all(self, change: Callable[[str], str]) -> int:
        """Replace each by what `change` makes of it, in one transaction; how many were replaced.

        Whatever `change` raises leaves everything as it was. Only what is not `sure` is left alone
        where it raises OperatorNeeded. Nobody else may seal meanwhile.
        """
