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

# What Telegram says of a place that can't be written to, and the same for a person.
_GONE = {
    "chat not found": "The chat does not exist any more, or I was removed from it.",
    "user not found": "The account does not exist any more.",
    "user is deactivated": "The account was deleted.",
    "peer_id_invalid": "The chat does not exist any more.",
    "group chat was deactivated": "The group was closed.",
    "bot was kicked": "I was removed from it.",
    "bot is not a member": "I was removed from it.",
    "bot was blocked": "I was blocked there.",
    "can't initiate conversation": "Nobody has written to me there yet.",
    "topic_closed": "The topic was closed.",
    "not enough rights to send": "I no longer have the right to write there.",
    "need administrator rights": "I no longer have the right to write there.",
    "chat_write_forbidden": "I no longer have the right to write there.",
    "chat_admin_required": "I no longer have the right to write there.",
}


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
        raise PlaceGone(_said(fault.message) or fault.message) from fault
    except error.InvalidToken as fault:
        raise DeliveryDelayed(REFUSED) from fault
    except error.BadRequest as fault:  # a NetworkError to the library, so before it
        raise _rejected(fault.message) from fault
    except error.TelegramError as fault:
        raise DeliveryDelayed(UNREACHABLE) from fault


def _rejected(reason: str) -> DeliveryRefused:
    said = _said(reason)
    return PlaceGone(said) if said else Rejected(reason)


def _said(reason: str) -> str:
    """A sentence for a reason that says something about the place; empty for any other."""
    known = reason.lower()
    return next((said for phrase, said in _GONE.items() if phrase in known), "")
