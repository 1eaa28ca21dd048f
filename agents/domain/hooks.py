"""Webhooks: addresses with a secret, to which others send signals for an account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

GRACE = timedelta(hours=24)  # for which the secret before a change is still good
MOST = 10  # of one account
LONGEST_NAME = 40  # characters


@dataclass(frozen=True, slots=True)
class Hook:
    """`number` counts an owner's hooks from 1, ended ones too. Only hashes of secrets are kept."""

    owner_id: int
    number: int
    name: str
    created_at: datetime
    earlier_until: datetime | None = None
    used_at: datetime | None = None
    id: int = 0

    @property
    def source(self) -> str:
        """How what comes in by it is marked."""
        return f"hook:{self.number}"


def hashed(secret: str) -> str:
    """What is stored of a secret. A secret is 32 random bytes, so one round is enough."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


class Hooks(Protocol):
    """Ended hooks are found by nothing."""

    async def add(self, owner_id: int, name: str, secret_hash: str, at: datetime) -> Hook: ...
    async def of(self, owner_id: int) -> Sequence[Hook]:
        """Oldest first."""

    async def get(self, owner_id: int, number: int) -> Hook:
        """Raises NotFound."""

    async def by_secret(self, secret_hash: str, at: datetime) -> Hook | None:
        """By its secret, or by the one before it while that is good."""

    async def rotate(
        self, owner_id: int, number: int, secret_hash: str, earlier_until: datetime
    ) -> bool:
        """Give it a new secret; the present one is good until `earlier_until`, and any earlier one
        no more. False when there is no such hook."""

    async def end(self, owner_id: int, number: int, at: datetime) -> bool: ...
    async def used(self, hook_id: int, at: datetime) -> None: ...
