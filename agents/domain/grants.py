"""What the operator lets single users have, beyond what everybody has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Feature(StrEnum):
    """FEEDS: signals of groups and webhooks come in. CHANNELS: channels get signals at once, and
    not after the operator's delay. PREMIUM: data points that are marked premium."""

    FEEDS = "feeds"
    CHANNELS = "channels"
    PREMIUM = "premium"


@dataclass(frozen=True, slots=True)
class Grant:
    """A feature that a user was given, by an operator with the id `granted_by`."""

    user_id: int
    feature: Feature
    granted_by: int
    at: datetime


class Grants(Protocol):
    """The operator's word alone; what everybody has anyway is not in here."""

    async def grant(self, user_id: int, feature: Feature, by: int, at: datetime) -> bool:
        """False when the user had it already."""

    async def revoke(self, user_id: int, feature: Feature) -> bool:
        """False when the user did not have it."""

    async def has(self, user_id: int, feature: Feature) -> bool: ...
    async def all(self) -> Sequence[Grant]:
        """Everybody's, by user."""
