"""Discord's errors in the words of the house: wait, or never."""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import discord

from agents.domain.errors import DeliveryDelayed, DeliveryRefused, PlaceGone

REFUSED = "Discord refuses the token; check DISCORD_BOT_TOKEN in the developer portal."
UNREACHABLE = "Discord can't be reached; it is tried again by itself."
BUSY = "Discord asks to wait."

UNKNOWN_MESSAGE = 10008
UNKNOWN_MEMBER = 10007
UNKNOWN_USER = 10013
UNKNOWN_WEBHOOK = 10015
UNKNOWN_INTERACTION = 10062
TOO_MANY_OLD_EDITS = 30046
MISSING_PERMISSIONS = 50013
TOKEN_IS_OVER = 50027
ACKNOWLEDGED = 40060

# https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
_GONE = {
    10003: "The channel is gone.",
    10004: "The server is gone, or the bot is not in it any more.",
    50001: "The bot can't see the channel any more; give it the right to view it.",
    50007: "This person takes no direct messages from the bot.",
    50013: "The bot may not write there; give it the rights to send messages and embed links.",
    50278: "This person shares no server with the bot, and can't be written to.",
}
_CLOSED = {
    50083: "The thread is archived; open it again.",
    160005: "The thread is locked; unlock it.",
}
_LONGEST_WAIT = 60.0  # seconds, where Discord asks to wait and does not say how long
_WAITS = {
    401: lambda: DeliveryDelayed(REFUSED),
    # a page of Discord's proxy instead of an answer
    429: lambda: DeliveryDelayed(BUSY, retry_after=_LONGEST_WAIT),
}


class Rejected(DeliveryRefused):
    """Discord understood the request and says no; `code` is its number of the reason."""

    def __init__(self, message: str, code: int = 0, status: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class NoRight(PlaceGone):
    """The bot may not do this there; see the rights of its role."""


class Closed(PlaceGone):
    """The thread is archived or locked; open it again."""


@contextmanager
def delivery() -> Iterator[None]:
    """Raises DeliveryDelayed and DeliveryRefused (Rejected, PlaceGone) for the library's errors
    and for broken connections."""
    try:
        yield
    except discord.RateLimited as fault:
        raise DeliveryDelayed(BUSY, retry_after=fault.retry_after) from fault
    except discord.LoginFailure as fault:
        raise DeliveryDelayed(REFUSED) from fault
    except discord.HTTPException as fault:
        raise _answered(fault) from fault
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as fault:
        raise DeliveryDelayed(UNREACHABLE) from fault


def _answered(fault: discord.HTTPException) -> DeliveryDelayed | DeliveryRefused:
    if not fault.code and fault.status in _WAITS:
        return _WAITS[fault.status]()
    if fault.status >= 500:
        return DeliveryDelayed(UNREACHABLE)
    if fault.code == MISSING_PERMISSIONS:
        return NoRight(_GONE[fault.code])
    if fault.code in _CLOSED:
        return Closed(_CLOSED[fault.code])
    if fault.code in _GONE:
        return PlaceGone(_GONE[fault.code])
    return Rejected(fault.text or "Discord refuses this.", fault.code, fault.status)
