"""Telegram's errors in the words of the house: wait, or never."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from telegram import error

from agents.domain.errors import DeliveryDelayed, DeliveryRefused, PlaceGone, PlaceMoved

REFUSED = "Telegram refuses the token; check TELEGRAM_BOT_TOKEN with @BotFather."
UNREACHABLE = "Telegram can't be reached; it is tried again by itself."
STANDBY = "Another copy receives Telegram's messages with this token; this one stands by."
BUSY = "Telegram asks to wait."

_GONE = (
    "chat not found",
    "user not found",
    "user is deactivated",
    "peer_id_invalid",
    "group chat was deactivated",
    "bot was kicked",
    "bot is not a member",
)


class Rejected(DeliveryRefused):
    """Telegram understood the request and says no; `says` looks into its reason."""

    def says(self, *phrases: str) -> bool:
        reason = str(self).lower()
        return any(phrase in reason for phrase in phrases)


def seconds(fault: error.RetryAfter) -> float:
    wait = fault.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


@contextmanager
def delivery() -> Iterator[None]:
    """Raises DeliveryDelayed and DeliveryRefused (Rejected, PlaceGone, PlaceMoved) for the
    library's errors. Their texts are Telegram's; the library's own may quote the token."""
    try:
        yield
    except error.RetryAfter as fault:
        raise DeliveryDelayed(BUSY, retry_after=seconds(fault)) from fault
    except error.ChatMigrated as fault:
        raise PlaceMoved(str(fault.new_chat_id)) from fault
    except error.Forbidden as fault:
        raise PlaceGone(fault.message) from fault
    except error.InvalidToken as fault:
        raise DeliveryDelayed(REFUSED) from fault
    except error.BadRequest as fault:  # a NetworkError to the library, so before it
        raise _rejected(fault.message) from fault
    except error.TelegramError as fault:
        raise DeliveryDelayed(UNREACHABLE) from fault


def _rejected(reason: str) -> DeliveryRefused:
    known = reason.lower()
    return PlaceGone(reason) if any(phrase in known for phrase in _GONE) else Rejected(reason)
