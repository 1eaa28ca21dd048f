"""Discord's permissions and the form of its errors."""

from enum import IntFlag
from typing import Any


class May(IntFlag):
    """The permissions that count here, with Discord's bits."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    VIEW = 1 << 10
    SEND = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED = 1 << 14
    ATTACH = 1 << 15
    HISTORY = 1 << 16
    COMMANDS = 1 << 31
    SEND_IN_THREADS = 1 << 38


EVERYONE = (
    May.VIEW | May.SEND | May.EMBED | May.ATTACH | May.HISTORY | May.COMMANDS | May.SEND_IN_THREADS
)
NOTHING = May(0)


class ApiError(Exception):
    """An answer that is an error. `code` is Discord's own, beside the HTTP status."""

    def __init__(self, status: int, code: int, message: str, **body: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message, "code": code, **body}


def invalid(where: str, reason: str) -> ApiError:
    """50035: `where` is the path of the field."""
    errors: dict[str, Any] = {"_errors": [{"code": "INVALID", "message": reason}]}
    for key in reversed(where.split(".")):
        errors = {key: errors}
    return ApiError(400, 50035, "Invalid Form Body", errors=errors)
